//! The NATS collector: nodes, client connections, streams and consumers of one NATS cluster.
//!
//! Two ways in, together or alone: a system-account user, through whom one connection hears every node, and the
//! nodes' monitoring ports one by one. A node that does not answer is not left out in silence: the `roster` knows who
//! ought to be there, and whoever is missing is named. What counts as a client connection is said in its module `map`.

mod ended;
pub mod examine;
mod http;
mod jetstream;
mod map;
mod monitor;
mod pace;
mod probe;
mod roster;
mod system;
mod tls;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;
use domain::nats::closed::ClosedReading;
use domain::port::Clock;
use domain::reading::{JetStreamReading, NatsReading, Reading, Seen, Sweep};
use domain::source::{Budget, Fault, FaultKind, Shortfall, SourceId, SourceKind};
use domain::time::ago;
use futures::future::join_all;

use crate::Collector;
use crate::call::Tally;
use crate::harvest::{Read, concluded};
use ended::Ends;
use map::{Heard, addresses};
use pace::{Pace, Standing};
use probe::Served;
use roster::Roster;
use system::{System, Told};

/// Connections one answer of one node may list, where nothing else is said: about 12 MiB with users and JWTs.
const PER_ANSWER: u64 = 16_384;
/// How often nodes are asked for the connections that ended.
const ENDED_EVERY: Duration = Duration::from_secs(300);
/// How often each node's INFO and certificate are looked at; sooner after its restart.
const LOOK_EVERY: Duration = Duration::from_secs(300);
/// The skew is not known.
const NO_SKEW: i64 = i64::MIN;

/// A NATS cluster and how it is reached, as the config says it.
#[derive(Clone)]
pub struct NatsScope {
    /// Name of the cluster in the config.
    pub name: String,
    /// Client addresses of any of its nodes, `nats://` or `tls://`.
    pub urls: Vec<String>,
    /// User of the system account, with `password`.
    pub user: Option<String>,
    /// That user's password.
    pub password: Option<String>,
    /// Credentials file (JWT and seed) of a system-account user.
    pub creds_file: Option<PathBuf>,
    /// Seed file of a system-account nkey.
    pub nkey_file: Option<PathBuf>,
    /// The CA that signed the servers' certificates; absent: the machine's trust store.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate, with `key_file`.
    pub cert_file: Option<PathBuf>,
    /// Its key.
    pub key_file: Option<PathBuf>,
    /// Monitoring addresses, one per node.
    pub monitor_urls: Vec<String>,
    /// The environments whose services use it; none named: all.
    pub environments: Vec<String>,
    /// How often to sweep.
    pub interval: Duration,
}

impl NatsScope {
    /// A cluster with no way in yet, swept every 15 s.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            urls: Vec::new(),
            user: None,
            password: None,
            creds_file: None,
            nkey_file: None,
            ca_file: None,
            cert_file: None,
            key_file: None,
            monitor_urls: Vec::new(),
            environments: Vec::new(),
            interval: Duration::from_secs(15),
        }
    }
}

impl fmt::Debug for NatsScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsScope").field("name", &self.name).field("user", &self.user).finish_non_exhaustive()
    }
}

/// Reads one NATS cluster.
pub struct NatsCollector {
    id: SourceId,
    scope: NatsScope,
    clock: Arc<dyn Clock>,
    /// Held while connecting, so that two sweeps never open two connections.
    system: tokio::sync::Mutex<Option<Arc<System>>>,
    memory: Mutex<Memory>,
    skew_ms: AtomicI64,
    per_answer: u64,
}

#[derive(Default)]
struct Memory {
    roster: Roster,
    /// By monitoring address, the name of the node that last answered there.
    behind: BTreeMap<String, String>,
    /// Up to where closed connections were read, and when they were last asked for.
    ends: Ends,
    ends_asked: Option<Timestamp>,
    /// By server id, what looking at its client port found.
    looked: BTreeMap<String, Looked>,
    pace: Pace,
}

/// What looking at a node's client port found.
#[derive(Clone, Debug)]
struct Looked {
    at: Timestamp,
    found: Result<Served, String>,
    /// The ports we came from, newest last.
    from: Vec<u16>,
}

/// What both ways in brought together.
#[derive(Default)]
struct Gathered {
    heard: Vec<Heard>,
    shortfalls: Vec<Shortfall>,
    skews: Vec<i64>,
}

impl NatsCollector {
    /// A collector that connects with its first sweep.
    pub fn new(scope: NatsScope, clock: Arc<dyn Clock>) -> Self {
        let id = SourceId::new(SourceKind::Nats, scope.name.clone());
        Self {
            id,
            scope,
            clock,
            system: tokio::sync::Mutex::default(),
            memory: Mutex::default(),
            skew_ms: AtomicI64::new(NO_SKEW),
            per_answer: PER_ANSWER,
        }
    }

    /// Has nodes list at most this many connections in one answer; what is more is asked for page by page, which costs
    /// a node as much again for every page.
    #[must_use]
    pub fn with_connections_per_answer(mut self, most: u64) -> Self {
        self.per_answer = most.max(1);
        self
    }

    /// Names of nodes that ought to answer although this process has not heard them yet.
    pub fn expect(&self, names: impl IntoIterator<Item = String>) {
        let now = self.clock.now();
        self.memory().roster.expect(names, now);
    }

    /// Up to where, by server id, an earlier process read the connections that ended.
    pub fn know_ends(&self, known: BTreeMap<String, Timestamp>) {
        self.memory().ends.know(known);
    }

    async fn read(&self, tally: &Tally) -> Read {
        let now = self.clock.now();
        let expected = self.memory().roster.expected(now);
        let closed = self.memory().ends_asked.is_none_or(|at| now.since(at) >= ENDED_EVERY || now < at);
        let (system, monitors) = futures::join!(self.over_system_account(&expected, closed, tally), self.over_monitoring(closed, tally));
        let mut gathered = system;
        gathered.add(monitors);
        if gathered.heard.is_empty() {
            let none = || Fault::new(FaultKind::Unreachable, None, "the config names no way in: set urls or monitor_urls");
            return Err(gathered.shortfalls.into_iter().next().map_or_else(none, |shortfall| shortfall.fault));
        }
        self.skew_ms.store(self.skew(&gathered.skews), Ordering::Relaxed);
        let names: BTreeSet<&str> = gathered.heard.iter().map(Heard::name).collect();
        let silent = silent(&gathered.heard, &expected, &names);
        let mut shortfalls = gathered.shortfalls;
        for name in &silent {
            let what = format!("node {name}");
            if shortfalls.iter().all(|shortfall| shortfall.what != what) {
                let fault = self.silence(name, now);
                shortfalls.push(Shortfall { what, fault });
            }
        }
        self.remember(&gathered.heard, &silent, now);
        self.look(&gathered.heard, now).await;
        let ends = self.ends(&gathered.heard, now);
        let nodes_whole = shortfalls.is_empty();
        let mut reading = reading(gathered.heard, nodes_whole, silent, &mut shortfalls);
        self.served(&mut reading);
        reading.closed = ends;
        reading.environments.clone_from(&self.scope.environments);
        reading.real_time = self.real_time();
        if !reading.real_time {
            reading.nodes.items.iter_mut().for_each(|(_, counters)| counters.skew_ms = None);
        }
        Ok((Reading::Nats(reading), shortfalls))
    }

    /// Looks at the client port of every node that was not looked at lately. All at once: each has its own time limit.
    async fn look(&self, heard: &[Heard], now: Timestamp) {
        let reached = addresses(heard);
        let due = |id: &str| self.memory().looked.get(id).is_none_or(|looked| now.since(looked.at) >= LOOK_EVERY || now < looked.at);
        let due: Vec<(&str, Option<String>)> = heard
            .iter()
            .map(|node| (node.varz.server_id.as_str(), node.address(reached.get(&node.varz.server_id).map(String::as_str))))
            .filter(|(id, _)| due(id))
            .collect();
        if due.is_empty() {
            return;
        }
        let trust = tls::Trust::of(&self.scope).await;
        let found = join_all(due.into_iter().map(async |(id, address)| {
            let found = match (&trust, address) {
                (Err(fault), _) => Err(fault.message.clone()),
                (Ok(_), None) => Err("it does not say its client address".to_owned()),
                (Ok(trust), Some(address)) => probe::look(&address, trust).await,
            };
            (id.to_owned(), found)
        }))
        .await;
        let mut memory = self.memory();
        for (id, found) in found {
            let mut from = memory.looked.remove(&id).map(|looked| looked.from).unwrap_or_default();
            from.extend(found.iter().map(|served| served.from));
            // as many as end between two readings of the closed connections, and some more
            from.drain(..from.len().saturating_sub(16));
            memory.looked.insert(id, Looked { at: now, found, from });
        }
        memory.looked.retain(|id, _| heard.iter().any(|node| node.varz.server_id == *id));
    }

    /// The closed connections that are news, where they were asked for.
    fn ends(&self, heard: &[Heard], now: Timestamp) -> Option<ClosedReading> {
        let mut memory = self.memory();
        let ports = memory.looked.iter().map(|(id, looked)| (id.clone(), looked.from.clone())).collect();
        let news = memory.ends.news(heard, &ports, now)?;
        memory.ends_asked = Some(now);
        Some(news)
    }

    /// Puts what looking found beside what the nodes say of themselves.
    fn served(&self, reading: &mut NatsReading) {
        let memory = self.memory();
        for (node, _) in &mut reading.nodes.items {
            match memory.looked.get(&node.id).map(|looked| &looked.found) {
                Some(Ok(served)) => {
                    node.tls = Some(served.tls);
                    node.certificate.clone_from(&served.certificate);
                }
                Some(Err(said)) => node.tls_unknown = Some(said.clone()),
                None => node.tls_unknown = Some("not looked at yet".to_owned()),
            }
        }
    }

    /// Whether our clock keeps the wall's time, as servers do.
    fn real_time(&self) -> bool {
        (self.clock.speed() - 1.0).abs() < f64::EPSILON
    }

    async fn over_system_account(&self, expected: &BTreeSet<String>, closed: bool, tally: &Tally) -> Gathered {
        if self.scope.urls.is_empty() {
            return Gathered::default();
        }
        let told = match self.system().await {
            Ok(system) => system.ask(self.clock.as_ref(), expected, closed, tally).await,
            Err(fault) => Err(fault),
        };
        match told {
            Ok(Told { heard, shortfalls, skews }) => Gathered { heard, shortfalls, skews },
            Err(fault) => {
                let shortfall = Shortfall { what: "what the system account tells".to_owned(), fault };
                Gathered { shortfalls: vec![shortfall], ..Gathered::default() }
            }
        }
    }

    async fn system(&self) -> Result<Arc<System>, Fault> {
        let mut held = self.system.lock().await;
        if let Some(system) = held.as_ref() {
            return Ok(system.clone());
        }
        let system = Arc::new(System::connect(&self.scope, self.per_answer).await?);
        *held = Some(system.clone());
        Ok(system)
    }

    async fn over_monitoring(&self, closed: bool, tally: &Tally) -> Gathered {
        let urls = &self.scope.monitor_urls;
        let tls = if urls.iter().any(|url| url.starts_with("https:")) {
            match tls::client_config(&self.scope).await {
                Ok(config) => Some(config),
                Err(fault) => {
                    let shortfall = Shortfall { what: "the monitoring ports".to_owned(), fault };
                    return Gathered { shortfalls: vec![shortfall], ..Gathered::default() };
                }
            }
        } else {
            None
        };
        let answers = join_all(urls.iter().map(|url| monitor::ask(url, tls.clone(), self.clock.as_ref(), closed, tally))).await;
        let mut gathered = Gathered::default();
        for (url, answer) in urls.iter().zip(answers) {
            match answer {
                Ok((heard, at)) => {
                    self.memory().behind.insert(url.clone(), heard.name().to_owned());
                    gathered.skews.extend(heard.varz.now.map(|theirs| system::millis_between(theirs, at)));
                    gathered.add(Gathered { heard: vec![heard], ..Gathered::default() });
                }
                Err(fault) => {
                    let behind = self.memory().behind.get(url).cloned();
                    let what =
                        behind.map_or_else(|| format!("the node at {}", monitor::without_password(url)), |name| format!("node {name}"));
                    gathered.shortfalls.push(Shortfall { what, fault });
                }
            }
        }
        gathered
    }

    fn silence(&self, name: &str, now: Timestamp) -> Fault {
        let message = match self.memory().roster.last_seen(name) {
            Some(at) => format!("{name} did not answer; it last did {}", ago(now, at)),
            None => format!("{name} did not answer, but others have routes to it"),
        };
        Fault::new(FaultKind::Unreachable, None, &message)
    }

    fn remember(&self, heard: &[Heard], silent: &[String], now: Timestamp) {
        let mut memory = self.memory();
        for node in heard {
            memory.roster.heard(node.name(), &node.varz.server_id, now);
        }
        let answered = heard.iter().map(|node| (node.name().to_owned(), node.varz.server_id.clone())).collect();
        memory.pace.saw(Standing { answered, silent: silent.iter().cloned().collect() });
    }

    /// The largest skew of any node. Unknown on a clock that does not run at the wall's pace: servers do.
    fn skew(&self, skews: &[i64]) -> i64 {
        let real = self.real_time();
        skews.iter().copied().filter(|_| real).max_by_key(|skew| skew.unsigned_abs()).unwrap_or(NO_SKEW)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gathered {
    /// Adds what another way brought: nodes not heard yet, and complete lists in place of incomplete ones.
    fn add(&mut self, other: Self) {
        for node in other.heard {
            match self.heard.iter_mut().find(|known| known.varz.server_id == node.varz.server_id) {
                None => self.heard.push(node),
                Some(known) if known.incomplete.is_some() && node.incomplete.is_none() => *known = node,
                Some(_) => {}
            }
        }
        self.shortfalls.extend(other.shortfalls);
        self.skews.extend(other.skews);
    }
}

/// Names that ought to have answered and did not: known from before, or others have routes to them.
fn silent(heard: &[Heard], expected: &BTreeSet<String>, names: &BTreeSet<&str>) -> Vec<String> {
    let ids: BTreeSet<&str> = heard.iter().map(|node| node.varz.server_id.as_str()).collect();
    let routed = heard.iter().flat_map(|node| &node.routes).filter(|route| !ids.contains(route.remote_id.as_str()));
    let routed = routed.map(|route| route.remote_name.clone()).filter(|name| !name.is_empty());
    let missed: BTreeSet<String> = expected.iter().cloned().chain(routed).collect();
    missed.into_iter().filter(|name| !names.contains(name.as_str())).collect()
}

fn reading(mut heard: Vec<Heard>, nodes_whole: bool, silent: Vec<String>, shortfalls: &mut Vec<Shortfall>) -> NatsReading {
    heard.sort_by(|a, b| a.name().cmp(b.name()));
    let reached = addresses(&heard);
    let mut nodes = Vec::new();
    let mut connections = Vec::new();
    let mut unlisted = Vec::new();
    for node in &heard {
        if let Some(fault) = &node.incomplete {
            unlisted.push(node.varz.server_id.clone());
            shortfalls.push(Shortfall { what: format!("connections of node {}", node.name()), fault: fault.clone() });
        }
        let clients = node.clients();
        nodes.push(node.node(clients.len(), reached.get(&node.varz.server_id).map(String::as_str)));
        connections.extend(clients);
    }
    NatsReading {
        nodes: Seen::all(nodes, nodes_whole),
        connections: Seen::all(connections, unlisted.is_empty()),
        unlisted,
        jetstream: streams(&mut heard, silent.is_empty()),
        silent,
        ..NatsReading::default()
    }
}

/// Streams and consumers, where any node has JetStream and told of it.
fn streams(heard: &mut [Heard], nobody_silent: bool) -> Option<JetStreamReading> {
    let with = heard.iter().filter(|node| system::has_jetstream(&node.varz)).count();
    let told: Vec<_> = heard.iter_mut().filter_map(|node| Some((node.name().to_owned(), node.jetstream.take()?))).collect();
    let whole = nobody_silent && told.len() == with;
    (!told.is_empty()).then(|| jetstream::gathered(told, whole))
}

#[async_trait]
impl Collector for NatsCollector {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn interval(&self) -> Duration {
        self.scope.interval
    }

    fn pause(&self) -> Duration {
        self.memory().pace.pause(self.scope.interval)
    }

    async fn sweep(&self) -> Sweep {
        let started = self.clock.now();
        let tally = Tally::default();
        let read = self.read(&tally).await;
        concluded(&self.id, started, self.clock.now(), &tally, read)
    }

    /// None: NATS publishes no rates, and a sweep asks each node four things.
    fn budgets(&self) -> Vec<Budget> {
        Vec::new()
    }

    fn skew_ms(&self) -> Option<i64> {
        Some(self.skew_ms.load(Ordering::Relaxed)).filter(|skew| *skew != NO_SKEW)
    }
}
