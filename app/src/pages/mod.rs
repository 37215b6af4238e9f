//! One file a route. Pages load and compose; what a piece looks like is said in `parts` and `ui`.

mod alarm;
mod alarms;
mod coverage;
mod missing;
mod nats;
mod not_found;
mod overview;
mod service;
mod services;
mod sources;
mod task;
mod timeline;

pub(crate) use alarm::Alarm;
pub(crate) use alarms::Alarms;
pub(crate) use coverage::Coverage;
pub(crate) use missing::Missing;
pub(crate) use nats::Nats;
pub(crate) use not_found::NotFound;
pub(crate) use overview::Overview;
pub(crate) use service::Service;
pub(crate) use services::Services;
pub(crate) use sources::Sources;
pub(crate) use task::Task;
pub(crate) use timeline::Timeline;
