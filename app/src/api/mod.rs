//! The server functions: the questions pages ask, one file a noun, each with an endpoint that logs and tests can name.

mod alarms;
mod frame;
mod page;
mod search;
mod services;

#[cfg(feature = "ssr")]
pub(crate) use alarms::form;
pub(crate) use frame::{Around, frame};
pub(crate) use page::page;
pub(crate) use search::search;
pub(crate) use services::services;
