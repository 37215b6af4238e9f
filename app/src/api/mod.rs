//! The server functions: the questions pages ask, one file a noun, each with an endpoint that logs and tests can name.

mod frame;
mod overview;
mod service;
mod services;
mod sources;

pub(crate) use frame::{Around, frame};
pub(crate) use overview::overview;
pub(crate) use service::service;
pub(crate) use services::services;
pub(crate) use sources::sources;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

/// An answer with the time at which it was given, from which the page counts every age.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answer<T> {
    /// What time it was for the server.
    pub(crate) now: Timestamp,
    /// How many of the server's seconds pass in one of the wall's.
    pub(crate) speed: f64,
    /// The store's revision it was read at.
    pub(crate) revision: u64,
    /// The answer itself.
    pub(crate) body: T,
}
