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
