//! What the pages may ask of the server, and the clock everyone is given.
//!
//! Here rather than in `server`, so that `app` can hold an `Arc<dyn Observe>` without knowing that sqlx exists, and an
//! edit of the server does not rebuild the pages. Left off in the WASM build (feature `ports`).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::series::Reach;
use crate::service::ServiceKey;
use crate::view::{
    AlarmDetail, AlarmKey, AlarmPage, AlarmQuery, CoveragePage, CoverageQuery, Frame, History, HistoryPanel, MissingAlarms, MissingQuery,
    NatsQuery, NatsView, Overview, ServiceDetail, ServiceNats, ServicePage, ServiceQuery, SourcesView, TaskPage, TimelinePage,
    TimelineQuery,
};
use crate::{Failure, Timestamp};

/// The only source of time below the edge. The demo runs it faster than the wall; tests move it by hand.
#[async_trait]
pub trait Clock: Send + Sync {
    /// What time it is.
    fn now(&self) -> Timestamp;

    /// Waits until `span` of this clock has passed.
    async fn sleep(&self, span: Duration);

    /// How many of this clock's seconds pass in one second of the wall. 1 outside the demo.
    fn speed(&self) -> f64 {
        1.0
    }
}

/// Reading the fleet. Nothing here changes anything.
#[async_trait]
pub trait Observe: Send + Sync {
    /// What stands around every page: the time, the notice, the environments.
    fn frame(&self) -> Frame;

    /// The Overview.
    async fn overview(&self) -> Result<Arc<Overview>, Failure>;

    /// One page of the service list, filtered and sorted by the store.
    async fn services(&self, query: ServiceQuery) -> Result<ServicePage, Failure>;

    /// One service with its tasks, stops and record.
    async fn service(&self, key: ServiceKey) -> Result<ServiceDetail, Failure>;

    /// One task of a service by the last part of its ARN, with the newest lines of its log while it runs.
    async fn task(&self, key: ServiceKey, task: String) -> Result<TaskPage, Failure>;

    /// A page of the record, searched and filtered by the store, or what happened before one entry.
    async fn timeline(&self, query: TimelineQuery) -> Result<TimelinePage, Failure>;

    /// A service over time, as numbers.
    async fn history(&self, key: ServiceKey, reach: Reach) -> Result<History, Failure>;

    /// The same as pictures, a piece of its page.
    async fn history_panel(&self, key: ServiceKey, reach: Reach) -> Result<HistoryPanel, Failure>;

    /// The NATS page: nodes, findings, and the connections the query asks for.
    async fn nats(&self, query: NatsQuery) -> Result<NatsView, Failure>;

    /// The NATS connections of one service, with proof; empty for one that has none or was never seen.
    async fn service_nats(&self, key: ServiceKey) -> Result<ServiceNats, Failure>;

    /// The collectors' own health.
    async fn sources(&self) -> Result<SourcesView, Failure>;

    /// One page of the alarms.
    async fn alarms(&self, query: AlarmQuery) -> Result<AlarmPage, Failure>;

    /// One alarm with its record.
    async fn alarm(&self, key: AlarmKey) -> Result<AlarmDetail, Failure>;

    /// One page of the table of what is watched.
    async fn coverage(&self, query: CoverageQuery) -> Result<CoveragePage, Failure>;

    /// The missing alarms, written out for somebody to make them elsewhere.
    async fn missing_alarms(&self, query: MissingQuery) -> Result<MissingAlarms, Failure>;
}

/// Who does something. Until there is sign-in this is the name somebody gave, and whatever shows it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The name as given.
    pub name: String,
}

impl Actor {
    /// The longest name that is kept, in characters.
    pub const LONGEST: usize = 80;

    /// Somebody by the name they gave.
    ///
    /// # Errors
    /// [`Failure::Refused`] when there is none, or one no person has.
    pub fn named(name: &str) -> Result<Self, Failure> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > Self::LONGEST || name.chars().any(char::is_control) {
            let why = format!("Say who you are: a name of 1 to {} characters. It is kept with what you do.", Self::LONGEST);
            return Err(Failure::Refused { why });
        }
        Ok(Self { name: name.to_owned() })
    }
}

/// Doing what an operator may: today, keeping notes in Signalbox's own store. Nothing here changes a fleet.
#[async_trait]
pub trait Operate: Send + Sync {
    /// Says that `actor` knows of an alarm that is on and why it may wait. Ends by itself when the alarm does.
    async fn acknowledge(&self, actor: Actor, alarm: AlarmKey, reason: String) -> Result<(), Failure>;

    /// Takes an acknowledgement back, so that the alarm calls again.
    async fn withdraw(&self, actor: Actor, alarm: AlarmKey) -> Result<(), Failure>;
}
