//! What the pages may ask of the server, and the clock everyone is given.
//!
//! Here rather than in `server`, so that `app` can hold an `Arc<dyn Observe>` without knowing that sqlx exists, and an
//! edit of the server does not rebuild the pages. Left off in the WASM build (feature `ports`).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::service::ServiceKey;
use crate::view::{Frame, Overview, ServiceDetail, ServicePage, ServiceQuery, SourcesView, TaskPage, TimelinePage, TimelineQuery};
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

    /// The collectors' own health.
    async fn sources(&self) -> Result<SourcesView, Failure>;
}
