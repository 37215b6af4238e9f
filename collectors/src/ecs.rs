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
use crate::sieve::{Brought, Sieve};
use cluster::{Both, Harvest, Visit, Wanted};
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
    /// None: every sweep brings everything.
    brought: Option<Brought>,
}

impl EcsCollector {
    /// A collector that knows nothing yet.
    pub fn new(environment: Arc<AwsEnvironment>, interval: Duration) -> Self {
        let id = SourceId::new(SourceKind::Ecs, environment.scope().environment.clone());
        Self { id, environment, interval, memory: Mutex::default(), glanced: Mutex::default(), brought: None }
    }

    /// The same, bringing home of services and running tasks only what is not as the sweep before had it, and the names of the
    /// rest. For who records every sweep and every look, or says that one is lost ([`EcsCollector::forget`]).
    #[must_use]
    pub fn changes_only(self) -> Self {
        Self { brought: Some(Brought::default()), ..self }
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
    /// the next sweep brings all of them again, and with them all that is.
    pub fn forget(&self) {
        self.memory().forget();
        self.brought.iter().for_each(Brought::forget);
    }

    async fn read(&self, started: Timestamp, tally: &Tally) -> Read {
        let connection = self.environment.connection().await?;
        let account = self.environment.account(connection, tally).await?;
        let (clusters, mut shortfalls) = find::clusters(connection, tally, &self.environment.scope().clusters).await?;
        let none = clusters.is_empty();
        let mut whole = shortfalls.is_empty();
        let (claimed, room) = (Mutex::default(), AtomicUsize::new(MOST_OLD_EVENTS));
        let harvests: Vec<(String, Harvest, Option<Both<Sieve>>)> = stream::iter(clusters)
            .map(|cluster| self.visit(connection, tally, cluster, &claimed, &room))
            .buffered(CLUSTERS_AT_ONCE)
            .collect()
            .await;
        let (mut readings, mut marks) = (Vec::new(), Vec::new());
        for (name, harvest, sieves) in harvests {
            let Harvest { reading, shortfalls: missing, still_listed, unreadable, left, rest } = harvest;
            shortfalls.extend(missing);
            whole &= reading.is_some();
            marks.push(Marks { name, still_listed, unreadable, left, sieves: sieves.filter(|_| reading.is_some()) });
            readings.extend(reading.map(|reading| (reading, rest)));
        }
        if readings.is_empty() && !none {
            return Err(first_fault(shortfalls));
        }
        let account = account.or_else(|| readings.iter().find_map(|(reading, _)| account_of(reading))).unwrap_or_default();
        self.environment.check((!account.is_empty()).then_some(account.as_str()))?;
        let readings = self.glanced().freshen(started, readings);
        self.remember(started, &readings, marks);
        if let Some(brought) = self.brought.as_ref().filter(|_| whole) {
            let here: HashSet<String> = readings.iter().flat_map(|reading| lists_of(&reading.name)).collect();
            brought.only(|list| here.contains(list));
        }
        let clusters = Seen::all(readings, whole);
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
    ) -> (String, Harvest, Option<Both<Sieve>>) {
        let name = cluster.name.clone();
        let sieves = self.brought.as_ref().map(|brought| Both {
            services: brought.sieve(&format!("services of {name}")),
            tasks: brought.sieve(&format!("tasks of {name}")),
        });
        let doubted = |service: &str| self.memory().doubts(&name, service);
        let fresh = |service: &str, events: &mut Vec<ServiceEvent>| {
            let known = self.memory().unheard(&name, service, events);
            let takes = |room: usize| room.checked_sub(events.len());
            if !known && room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, takes).is_err() {
                events.clear();
            }
        };
        let depth = self.environment.depth();
        let traced = depth == Depth::Record;
        let visit = Visit { connection, tally, cluster, depth, traced, fresh: &fresh, sieves: sieves.as_ref(), doubted: &doubted };
        let unreported = |listed: &[String]| self.memory().unreported(&name, listed);
        let claim = |arn: &str| claimed.lock().unwrap_or_else(PoisonError::into_inner).insert(arn.to_owned());
        let known = |arn: &str| self.memory().knows(arn);
        let left = self.memory().left(&name);
        let harvest = visit.read(unreported, Wanted { known: &known, claim: &claim, left }).await;
        (name, harvest, sieves)
    }

    /// Marks what this sweep, which began at `started`, brought home. Last of all, so that a sweep that does not get this far
    /// leaves no mark.
    fn remember(&self, started: Timestamp, readings: &[ClusterReading], marks: Vec<Marks>) {
        let mut memory = self.memory();
        for Marks { name, still_listed, unreadable, left, sieves } in marks {
            memory.know(unreadable);
            memory.leave(&name, left);
            let Some(reading) = readings.iter().find(|reading| reading.name == name) else { continue };
            memory.have_read(reading.definitions.iter().map(|definition| definition.arn.clone()));
            for observed in &reading.services.items {
                memory.heard(&name, &observed.service.name, &observed.events);
            }
            if reading.services.whole {
                let told = reading.services.items.iter().map(|observed| observed.service.name.as_str());
                memory.only(&name, &told.chain(reading.services.rest.iter().map(String::as_str)).collect());
            }
            memory.reported(&name, reading.stopped.iter().map(|task| task.arn.clone()), still_listed.as_deref());
            if reading.services.whole && reading.tasks.whole {
                memory.settle(&name, started);
            }
            if let (Some(brought), Some(sieves)) = (&self.brought, sieves) {
                brought.finish(sieves.services, reading.services.whole);
                brought.finish(sieves.tasks, reading.tasks.whole);
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

/// The lists of a cluster that are sifted.
fn lists_of(cluster: &str) -> [String; 2] {
    [format!("services of {cluster}"), format!("tasks of {cluster}")]
}

/// What of a cluster's harvest is remembered, besides its reading.
struct Marks {
    name: String,
    still_listed: Option<Vec<String>>,
    unreadable: Vec<String>,
    left: Vec<String>,
    sieves: Option<Both<Sieve>>,
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
