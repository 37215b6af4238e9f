//! Lists read whole, for files: what a page shows page by page, in one snapshot.
//!
//! Not part of the port: no page asks for these, and a list of forty thousand rows must not be a page's by mistake.

use domain::Failure;
use domain::port::Observe as _;
use domain::view::{
    AlarmQuery, AlarmRow, ChangesQuery, CoveragePage, CoverageQuery, NatsQuery, OwnedConnection, ReadinessChanges, ReadinessPage,
    ReadinessQuery, ServiceQuery, ServiceRow, Share, TimelineQuery,
};

use super::{ControlPlane, internal};
use crate::store::{Entries, FlowBody};

/// Most entries of the record in one file: as much as a person can use of it, and the store can read at once.
pub const MOST_ENTRIES: usize = 10_000;
/// All on one page.
const WHOLE: u32 = u32::MAX;

impl ControlPlane {
    /// Every service that matches.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn every_service(&self, query: ServiceQuery) -> Result<Vec<ServiceRow>, Failure> {
        let query = ServiceQuery { page: 1, per: WHOLE, ..query };
        Ok(self.setting.store.service_page(query, self.setting.clock.now()).await.map_err(internal)?.rows)
    }

    /// Every alarm that matches.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn every_alarm(&self, query: AlarmQuery) -> Result<Vec<AlarmRow>, Failure> {
        let query = AlarmQuery { page: 1, per: WHOLE, ..query };
        Ok(self.setting.store.alarm_page(query, self.setting.clock.now()).await.map_err(internal)?.rows)
    }

    /// The whole table of what is watched.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn whole_coverage(&self, query: CoverageQuery) -> Result<CoveragePage, Failure> {
        let query = CoverageQuery { page: 1, per: WHOLE, ..query };
        self.setting.store.coverage_page(query, self.setting.clock.now()).await.map_err(internal)
    }

    /// How ready the fleet is, with every service that matches.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn whole_readiness(&self, query: ReadinessQuery) -> Result<ReadinessPage, Failure> {
        self.readiness(ReadinessQuery { page: 1, per: WHOLE, ..query }).await
    }

    /// Everything that changed of readiness and matches.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn whole_changes(&self, query: ChangesQuery) -> Result<ReadinessChanges, Failure> {
        self.changes(&ChangesQuery { page: 1, per: WHOLE, ..query }).await
    }

    /// The newest entries that match, at most [`MOST_ENTRIES`]; or what happened before one entry.
    ///
    /// # Errors
    /// When the store cannot be read, or the entry that is asked about is not there.
    pub async fn entries(&self, query: TimelineQuery) -> Result<Entries, Failure> {
        if query.around.is_some() {
            let page = self.timeline(query).await?;
            let cut = page.around.is_some_and(|around| around.more);
            return Ok(Entries { entries: page.entries, cut, ..Entries::default() });
        }
        self.setting.store.timeline_entries(&query, MOST_ENTRIES).await.map_err(internal)
    }

    /// Every connection that matches.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn every_connection(&self, query: NatsQuery) -> Result<Vec<OwnedConnection>, Failure> {
        let query = NatsQuery { page: 1, per: WHOLE, ..query };
        self.setting.store.nats_connections(&query, self.setting.clock.now()).await.map_err(internal)
    }

    /// Every owner of connections, those with most plaintext first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn every_owner(&self) -> Result<Vec<Share>, Failure> {
        self.setting.store.nats_owners(self.setting.clock.now()).await.map_err(internal)
    }

    /// Every stream and consumer, those that are not well first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn every_flow(&self) -> Result<Vec<FlowBody>, Failure> {
        self.setting.store.nats_flows().await.map_err(internal)
    }
}
