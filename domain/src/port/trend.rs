//! Looking at what readiness was, and at what changed of it.
//!
//! Apart from `port`, as what people say is, because it reads another part of the store: what is on record of scores and checks.

use async_trait::async_trait;

use crate::Failure;
use crate::service::ServiceKey;
use crate::view::{ChangesQuery, ReadinessChanges, ReadinessTrend};

/// Looking at how readiness became what it is.
#[async_trait]
pub trait Trended: Send + Sync {
    /// What changed since an instant, check by check, with the score over that time as a picture.
    async fn readiness_changes(&self, query: ChangesQuery) -> Result<ReadinessChanges, Failure>;

    /// The score of the fleet or of one service over the last thirty days, with its picture.
    async fn readiness_trend(&self, of: Option<ServiceKey>) -> Result<ReadinessTrend, Failure>;
}
