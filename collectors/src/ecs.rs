//! The ECS collector: services, deployments, tasks, stopped tasks and task definitions of an environment's clusters.
//!
//! ECS forgets why a task stopped after about an hour and keeps the newest hundred events of a service; whoever wants
//! to know later must have read them in time. So every sweep brings stopped tasks and events home once, and the
//! `memory` sees to it that a quiet sweep describes nothing twice.

mod cluster;
mod find;
mod glance;
pub(crate) mod map;
mod memory;
pub(crate) mod pages;
pub mod whole;

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;
use domain::reading::{ClusterReading, EcsReading, Reading, Seen, Sweep};
use domain::service::ServiceEvent;
use domain::source::{Budget, Fault, Shortfall, SourceId, SourceKind};
use futures::StreamExt;
use futures::stream;

use crate::Collector;
use crate::aws::{AwsEnvironment, Connection, Depth, account_in};
use crate::budget::Family;
use crate::call::Tally;
use crate::harvest::{Read, concluded};
use cluster::{Harvest, Visit};
use memory::Memory;

/// Clusters read at once; their calls share one gate.
const CLUSTERS_AT_ONCE: usize = 4;

const FAMILIES: [Family; 4] = [Family::EcsServices, Family::EcsTasks, Family::EcsDefinitions, Family::EcsClusters];

/// The most events one sweep brings of services never heard of; the rest comes with the next ones. ECS keeps a hundred for
/// each service, so the first sweep of ten thousand would bring a million at once.
const MOST_OLD_EVENTS: usize = 20_000;

/// Reads the ECS clusters of one environment.
pub struct EcsCollector {
    id: SourceId,
    environment: Arc<AwsEnvironment>,
    interval: Duration,
    memory: Mutex<Memory>,
    glanced: Mutex<glance::Glanced>,
}

impl EcsCollector {
    /// A collector that knows nothing yet.
    pub fn new(environment: Arc<AwsEnvironment>, interval: Duration) -> Self {
        let id = SourceId::new(SourceKind::Ecs, environment.scope().environment.clone());
        Self { id, environment, interval, memory: Mutex::default(), glanced: Mutex::default() }
    }

    /// Revisions that need no reading because the caller has them. A revision never changes, so this holds for ever.
    pub fn know(&self, arns: impl IntoIterator<Item = String>) {
        self.memory().know(arns);
    }

    /// Up to when the events of each service, by cluster and name, need no reporting because the caller has them.
    pub fn know_events(&self, heard: impl IntoIterator<Item = (String, String, Timestamp)>) {
        let mut memory = self.memory();
        heard.into_iter().for_each(|(cluster, service, until)| memory.know_events(&cluster, &service, until));
    }

    /// A reading of this collector could not be recorded: stopped tasks and revisions are brought home once only, so
    /// the next sweep brings all of them again.
    pub fn forget(&self) {
        self.memory().forget();
    }

    async fn read(&self, started: Timestamp, tally: &Tally) -> Read {
        let connection = self.environment.connection().await?;
        let account = self.environment.account(connection, tally).await?;
        let (clusters, mut shortfalls) = find::clusters(connection, tally, &self.environment.scope().clusters).await?;
        let none = clusters.is_empty();
        let mut whole = shortfalls.is_empty();
        let (claimed, room) = (Mutex::default(), AtomicUsize::new(MOST_OLD_EVENTS));
        let harvests: Vec<(String, Harvest)> = stream::iter(clusters)
            .map(|cluster| self.visit(connection, tally, cluster, &claimed, &room))
            .buffered(CLUSTERS_AT_ONCE)
            .collect()
            .await;
        let mut readings = Vec::new();
        let mut marks = Vec::new();
        for (name, harvest) in harvests {
            shortfalls.extend(harvest.shortfalls);
            whole &= harvest.reading.is_some();
            marks.push((name, harvest.still_listed, harvest.unreadable));
            readings.extend(harvest.reading);
        }
        if readings.is_empty() && !none {
            return Err(first_fault(shortfalls));
        }
        let account = account.or_else(|| readings.iter().find_map(account_of)).unwrap_or_default();
        self.environment.check((!account.is_empty()).then_some(account.as_str()))?;
        self.glanced().freshen(started, &mut readings);
        self.remember(&readings, marks);
        let clusters = Seen { items: readings, whole };
        Ok((Reading::Ecs(EcsReading { account, region: connection.region.clone(), clusters }), shortfalls))
    }

    /// Reads one cluster; `claimed` are the revisions some cluster of this sweep reads already, `room` is how many events
    /// of services never heard of it may still bring.
    async fn visit(
        &self,
        connection: &Connection,
        tally: &Tally,
        cluster: find::Cluster,
        claimed: &Mutex<HashSet<String>>,
        room: &AtomicUsize,
    ) -> (String, Harvest) {
        let name = cluster.name.clone();
        let fresh = |service: &str, events: &mut Vec<ServiceEvent>| {
            let known = self.memory().unheard(&name, service, events);
            let takes = |room: usize| room.checked_sub(events.len());
            if !known && room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, takes).is_err() {
                events.clear();
            }
        };
        let depth = self.environment.depth();
        let visit = Visit { connection, tally, cluster, depth, traced: depth == Depth::Record, fresh: &fresh };
        let unreported = |listed: &[String]| self.memory().unreported(&name, listed);
        let claim = |arn: &str| {
            let mut claimed = claimed.lock().unwrap_or_else(PoisonError::into_inner);
            !self.memory().knows(arn) && claimed.insert(arn.to_owned())
        };
        let harvest = visit.read(unreported, claim).await;
        (name, harvest)
    }

    /// Marks what this sweep brought home. Last of all, so that a sweep that does not get this far leaves no mark.
    fn remember(&self, readings: &[ClusterReading], marks: Vec<(String, Option<Vec<String>>, Vec<String>)>) {
        let mut memory = self.memory();
        for (name, still_listed, unreadable) in marks {
            memory.know(unreadable);
            if let Some(reading) = readings.iter().find(|reading| reading.name == name) {
                memory.have_read(reading.definitions.iter().map(|definition| definition.arn.clone()));
                for observed in &reading.services.items {
                    memory.heard(&name, &observed.service.name, &observed.events);
                }
                if reading.services.whole {
                    memory.only(&name, &reading.services.items.iter().map(|observed| observed.service.name.as_str()).collect());
                }
                memory.reported(&name, reading.stopped.iter().map(|task| task.arn.clone()), still_listed.as_deref());
            }
        }
    }

    fn glanced(&self) -> MutexGuard<'_, glance::Glanced> {
        self.glanced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Collector for EcsCollector {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    async fn sweep(&self) -> Sweep {
        let started = self.environment.clock().now();
        let tally = Tally::default();
        let read = self.read(started, &tally).await;
        concluded(&self.id, started, self.environment.clock().now(), &tally, read)
    }

    fn budgets(&self) -> Vec<Budget> {
        self.environment.budgets(&FAMILIES)
    }
}

fn account_of(reading: &ClusterReading) -> Option<String> {
    let service = reading.services.items.first().map(|observed| observed.service.arn.as_str());
    account_in(&reading.arn).or_else(|| service.and_then(account_in)).map(str::to_owned)
}

/// Why nothing was read. A cluster without a reading always has a shortfall.
fn first_fault(shortfalls: Vec<Shortfall>) -> Fault {
    let first = shortfalls.into_iter().next().map(|shortfall| shortfall.fault);
    first.unwrap_or_else(|| Fault::new(domain::source::FaultKind::Malformed, None, "nothing was read, and nothing said why"))
}
