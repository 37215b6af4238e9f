//! The pages of Signalbox and the server functions they read through.
//!
//! | module | holds |
//! |---|---|
//! | [`app`], [`mod@shell`] | the routes; the HTML document around them |
//! | [`access`] | (feature `ssr`) the only way from a server function to the fleet |
//! | [`entrance`] | (feature `ssr`) the pages in front of the others: signing in, setting a password |
//! | `api` | server functions, one file a noun |
//! | `digest` | (feature `ssr`) the numbers by which an answer leaves out what is shown already |
//! | `live`, `now` | what changes under an open page: the hints of `/live`, the clock |
//! | `load` | a page's answer: first from the HTML, then again whenever a hint says so |
//! | `made` | pages the server makes whole, and the browser lays newer ones over |
//! | `pages` | one file a route |
//! | `parts` | pieces that know the domain |
//! | `ui` | the design system, which does not |
//!
//! The server renders every page complete and the browser makes it live; both run this code, so a view never asks
//! which of the two it is. What only a browser can do stands in effects, which a server never runs.

#![expect(unreachable_pub, reason = "Leptos' component macro writes `pub` for its own half of every component, whatever ours says")]

pub mod app;
pub mod error;
pub mod shell;

mod answer;
mod api;
#[cfg(feature = "ssr")]
mod digest;
mod keyboard;
mod live;
mod load;
mod made;
mod now;
mod pages;
mod parts;
mod signed_out;
mod ui;

#[cfg(feature = "ssr")]
pub mod access;
#[cfg(feature = "ssr")]
pub mod entrance;

#[cfg(feature = "ssr")]
pub use crate::api::form::refusal;
pub use crate::app::App;
pub use crate::error::AppError;
pub use crate::shell::{AssetVersion, shell};
