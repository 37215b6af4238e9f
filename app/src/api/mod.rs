//! The server functions: the questions pages ask, one file a noun, each with an endpoint that logs and tests can name.

mod access;
mod alarms;
mod attest;
#[cfg(feature = "ssr")]
pub(crate) mod form;
mod frame;
mod page;
mod reports;
mod rollouts;
mod search;
mod services;

pub(crate) use frame::{Around, frame};
pub(crate) use page::page;
pub(crate) use search::search;
pub(crate) use services::{Listed, services};
