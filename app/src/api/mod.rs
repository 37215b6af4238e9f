//! The server functions: the questions pages ask, one file a noun, each with an endpoint that logs and tests can name.

mod alarms;
mod frame;
mod history;
mod nats;
mod overview;
mod search;
mod service;
mod services;
mod sources;
mod task;
mod timeline;

pub(crate) use alarms::{OneAlarm, Pairs, alarm, alarms, coverage, missing};
pub(crate) use frame::{Around, frame};
pub(crate) use history::history;
pub(crate) use nats::{nats, service_nats};
pub(crate) use overview::overview;
pub(crate) use search::search;
pub(crate) use service::service;
pub(crate) use services::services;
pub(crate) use sources::sources;
pub(crate) use task::task;
pub(crate) use timeline::timeline;

use domain::Timestamp;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// An answer with the time at which it was given, from which the page counts every age.
#[derive(Clone, Debug, PartialEq, Serialize)]
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

/// An answer whose body was not read yet.
#[derive(Deserialize)]
struct Sealed {
    now: Timestamp,
    speed: f64,
    revision: u64,
    body: Box<RawValue>,
}

/// Reads the envelope first and the body from its own text. An answer reaches the browser in the page and by a server
/// function, through two readers; this way every type in a body is compiled for one of them, a tenth of the bundle.
impl<'de, T: DeserializeOwned> Deserialize<'de> for Answer<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Sealed { now, speed, revision, body } = Sealed::deserialize(deserializer)?;
        let body = serde_json::from_str(body.get()).map_err(D::Error::custom)?;
        Ok(Self { now, speed, revision, body })
    }
}
