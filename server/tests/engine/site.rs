//! An engine over a store file with a fleet before it, and the hand on the clock of both.
//!
//! The trap is time that passes over a call that is on its way: an answer over loopback takes real time, and a clock that is
//! moved meanwhile makes a gap in what was watched. So [`Hand`] knows who sleeps by it, and it is moved only once every driver
//! does, to the instant at which the first of them wakes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use collectors::{AwsEnvironment, AwsScope, Keys, ServiceReader};
use domain::account::Role;
use domain::change::{Change, HealthCheck};
use domain::port::{Actor, Clock, SignedBy};
use domain::rollout::Status;
use domain::rollout::decide::{Command, Outcome};
use domain::rollout::plan::Wish;
use domain::rollout::seen::ServiceSeen;
use domain::service::ServiceKey;
use domain::view::RecordLine;
use domain::{Failure, Timestamp};
use signalbox::dice::SystemDice;
use signalbox::engine::{Engine, Hands, Parts, Reach};
use signalbox::live::Live;
use signalbox::store::{Kept, Marks, Store};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use yard::{Clock as _, ManualClock, Options, Yard};

/// The yard's cluster.
pub(crate) const CLUSTER: &str = "gaming-system-cluster";
/// 2026-03-01 12:00:00 UTC, in microseconds.
const START: i64 = 1_772_366_400_000_000;
/// How often the clock is moved before what is waited for never comes.
const MOST: usize = 2_000;
/// How far it is moved where nobody sleeps by it, in microseconds.
const IDLE: i64 = 10_000_000;
/// How often others get their turn before it is looked at who sleeps: whoever was woken a moment ago must be up by then.
const TURNS: usize = 32;
/// The longest that anything may take by the wall: only what hangs reaches it.
const BOUND: Duration = Duration::from_secs(60);

/// The yard's clock as the engine is given it.
pub(crate) struct Hand {
    time: ManualClock,
    /// Until when each sleeps, in microseconds.
    sleepers: watch::Sender<BTreeMap<u64, i64>>,
    next: AtomicU64,
}

impl Hand {
    fn new(time: ManualClock) -> Arc<Self> {
        Arc::new(Self { time, sleepers: watch::Sender::new(BTreeMap::new()), next: AtomicU64::new(0) })
    }

    /// Until when each of those sleeps whose time has not come.
    fn asleep(&self) -> Vec<i64> {
        let now = self.time.now_micros();
        self.sleepers.borrow().values().copied().filter(|until| *until > now).collect()
    }
}

/// One who sleeps; gone with whoever waited for it.
struct Asleep<'a>(&'a Hand, u64);

impl Drop for Asleep<'_> {
    fn drop(&mut self) {
        let place = self.1;
        self.0.sleepers.send_modify(|sleepers| {
            sleepers.remove(&place);
        });
    }
}

#[async_trait::async_trait]
impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.time.now_micros())
    }

    async fn sleep(&self, span: Duration) {
        let (place, until) = (self.next.fetch_add(1, Ordering::Relaxed), self.now().plus(span).as_micros());
        self.sleepers.send_modify(|sleepers| {
            sleepers.insert(place, until);
        });
        let _asleep = Asleep(self, place);
        self.time.sleep(span).await;
    }
}

/// For a test that looks on: it waits for nothing, and is no sleeper.
struct Restless(ManualClock);

#[async_trait::async_trait]
impl Clock for Restless {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.now_micros())
    }

    async fn sleep(&self, _: Duration) {
        tokio::task::yield_now().await;
    }
}

fn environment(url: &str, clock: Arc<dyn Clock>) -> Arc<AwsEnvironment> {
    let scope = AwsScope { region: Some("us-east-1".to_owned()), endpoint_url: Some(url.to_owned()), share: 1.0, ..AwsScope::new("test") };
    Arc::new(AwsEnvironment::new(scope, clock).with_keys(Keys::dummy()).with_seed(1))
}

pub(crate) fn time() -> ManualClock {
    ManualClock::new(START)
}

/// An operator.
pub(crate) fn ann() -> Actor {
    Actor { account: None, name: "Ann".to_owned(), role: Role::Operator, by: SignedBy::CommandLine }
}

/// A check that what the yard's services run passes.
pub(crate) fn health_check() -> HealthCheck {
    HealthCheck {
        container: None,
        command: vec!["CMD-SHELL".to_owned(), "curl -f http://localhost:8080/health || exit 1".to_owned()],
        interval: 10,
        timeout: 2,
        retries: 2,
        start_period: 0,
        image: None,
    }
}

pub(crate) fn key(cluster: &str, service: &str) -> ServiceKey {
    ServiceKey { environment: "test".to_owned(), cluster: cluster.to_owned(), service: service.to_owned() }
}

/// That check for these services of the yard, each watched no longer than proves something.
pub(crate) fn wish(services: &[&str]) -> Wish {
    Wish {
        change: Change::HealthCheck(health_check()),
        services: services.iter().map(|service| key(CLUSTER, service)).collect(),
        reason: "tasks that hang go on getting requests".to_owned(),
        bake: Some(Duration::from_secs(120)),
        budget: 0,
        accepted: false,
        window: None,
    }
}

/// Why, where a test does not care.
pub(crate) fn why() -> String {
    "a test wants it".to_owned()
}

pub(crate) fn succeeded(kept: &Kept) -> bool {
    kept.rollout.status == Status::Succeeded
}

pub(crate) fn halted(kept: &Kept) -> bool {
    matches!(kept.rollout.status, Status::Halted { .. })
}

/// Why something was refused.
pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, Failure>) -> String {
    match result {
        Err(Failure::Refused { why }) => why,
        other => panic!("not refused: {other:?}"),
    }
}

/// How often the yard was asked for an operation of ECS.
pub(crate) fn asked(yard: &Yard, operation: &str) -> u64 {
    yard.requests().get(&format!("ecs:{operation}")).copied().unwrap_or(0)
}

/// How often it was asked for anything that changes it.
pub(crate) fn changes(yard: &Yard) -> u64 {
    ["RegisterTaskDefinition", "UpdateService", "StopServiceDeployment"].iter().map(|operation| asked(yard, operation)).sum()
}

/// Where in a record a step says these words first.
pub(crate) fn place(record: &[RecordLine], step: usize, words: &str) -> Option<usize> {
    record.iter().position(|line| line.step == Some(step) && line.said.contains(words))
}

/// A store, an engine on it, and who looks on.
pub(crate) struct Site {
    pub(crate) clock: Arc<Hand>,
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    /// Looks at the fleet without being counted as a sleeper.
    pub(crate) reader: ServiceReader,
    /// At the least how much time passes each time.
    pub(crate) stride: Duration,
    live: Live,
    stop: CancellationToken,
    url: String,
    directory: TempDir,
}

/// A calm yard without rate limits, and a site before it.
pub(crate) async fn calm() -> (Yard, Site) {
    let time = time();
    let options = Options { script: false, throttles: false, clock: Arc::new(time.clone()), ..Options::default() };
    let yard = Yard::start(options).await.unwrap();
    let site = Site::at(yard.endpoints().aws.clone(), time).await;
    (yard, site)
}

async fn engine(store: &Store, clock: &Arc<Hand>, live: &Live, url: &str) -> (Engine, CancellationToken) {
    let shared: Arc<dyn Clock> = Arc::clone(clock) as _;
    let stop = CancellationToken::new();
    let reach = Reach::new(&environment(url, Arc::clone(&shared)), Vec::new());
    let parts = Parts {
        store: store.clone(),
        clock: Arc::clone(&shared),
        dice: Arc::new(SystemDice),
        live: live.clone(),
        hands: Hands::new(store.clone(), shared, BTreeMap::from([("test".to_owned(), reach)])),
        marks: Marks::default(),
    };
    (Engine::start(parts, stop.clone()).await.unwrap(), stop)
}

impl Site {
    /// Before the fleet at this address, which lives by this time.
    pub(crate) async fn at(url: String, time: ManualClock) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("signalbox.db")).await.unwrap();
        let reader = ServiceReader::new(environment(&url, Arc::new(Restless(time.clone()))));
        let (clock, live) = (Hand::new(time), Live::at(0));
        let (engine, stop) = engine(&store, &clock, &live, &url).await;
        Self { clock, store, engine, reader, stride: Duration::ZERO, live, stop, url, directory }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The fleet and the time, for who looks on and is not counted as a sleeper.
    pub(crate) fn onlooker(&self) -> (Arc<AwsEnvironment>, Arc<dyn Clock>) {
        let clock: Arc<dyn Clock> = Arc::new(Restless(self.clock.time.clone()));
        (environment(&self.url, Arc::clone(&clock)), clock)
    }

    /// Plans a wish; answers the number.
    pub(crate) async fn planned(&self, wish: &Wish) -> u64 {
        self.plan(wish).await.unwrap()
    }

    pub(crate) async fn plan(&self, wish: &Wish) -> Result<u64, Failure> {
        self.while_time_passes(self.driven().await, self.engine.plan(&ann(), wish.clone(), None)).await
    }

    /// Plans a wish twice at once under one id, as a double click does.
    pub(crate) async fn planned_twice(&self, wish: &Wish, request: &str) -> (Result<u64, Failure>, Result<u64, Failure>) {
        let ann = ann();
        let asked = || self.engine.plan(&ann, wish.clone(), Some(request));
        let both = async { tokio::join!(asked(), asked()) };
        self.while_time_passes(self.driven().await, both).await
    }

    pub(crate) async fn command(&self, number: u64, command: Command) -> Result<(), Failure> {
        self.engine.command(&ann(), &number.to_string(), command).await
    }

    /// Plans a wish and starts that.
    pub(crate) async fn started(&self, wish: &Wish) -> u64 {
        let number = self.planned(wish).await;
        self.command(number, Command::Start).await.unwrap();
        number
    }

    pub(crate) async fn kept(&self, number: u64) -> Kept {
        self.store.rollout(&number.to_string()).await.unwrap().unwrap()
    }

    /// A rollout's record, the oldest line first.
    pub(crate) async fn record(&self, number: u64) -> Vec<RecordLine> {
        let mut record = self.store.rollout_record(&self.kept(number).await.rollout.id, 10_000).await.unwrap();
        record.reverse();
        record
    }

    /// What was ever owed in a rollout, with what came of it: read from the file, because the product asks for it in no place.
    pub(crate) async fn effects(&self, number: u64) -> Vec<(String, Option<Outcome>)> {
        const OWED: &str = "SELECT operation, outcome FROM effect WHERE rollout = ? ORDER BY effect";
        let rollout = self.kept(number).await.rollout.id;
        let mut connection: SqliteConnection = SqliteConnectOptions::new().filename(self.store.path()).connect().await.unwrap();
        let rows: Vec<(String, Option<String>)> = sqlx::query_as(OWED).bind(rollout).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let came = |outcome: Option<String>| outcome.map(|text| serde_json::from_str(&text).unwrap());
        rows.into_iter().map(|(operation, outcome)| (operation, came(outcome))).collect()
    }

    /// A service of the yard.
    pub(crate) async fn seen(&self, service: &str) -> ServiceSeen {
        self.seen_in(CLUSTER, service).await
    }

    pub(crate) async fn seen_in(&self, cluster: &str, service: &str) -> ServiceSeen {
        self.reader.read_service(cluster, service, &[], None).await.unwrap().seen
    }

    /// Lets time pass until a rollout is so.
    pub(crate) async fn until(&self, number: u64, what: &str, holds: impl Fn(&Kept) -> bool) -> Kept {
        for _ in 0..MOST {
            self.quiet().await;
            let kept = self.kept(number).await;
            if holds(&kept) {
                return kept;
            }
            self.pass();
        }
        panic!("rollout {number} was never {what}:\n{}", self.told(number).await)
    }

    /// Lets so much time pass, or a little more.
    pub(crate) async fn pass_for(&self, span: Duration) {
        let until = self.now().plus(span);
        while self.now() < until {
            self.quiet().await;
            self.pass();
        }
        self.quiet().await;
    }

    /// Lets time pass until the yard has been asked for an operation, in the middle of whatever the engine is at.
    pub(crate) async fn heard(&self, yard: &Yard, operation: &str) {
        let heard = async {
            while asked(yard, operation) == 0 {
                for _ in 0..TURNS {
                    tokio::task::yield_now().await;
                }
                if !self.clock.asleep().is_empty() {
                    self.pass();
                }
            }
        };
        tokio::time::timeout(BOUND, heard).await.unwrap_or_else(|_| panic!("{operation} was never asked for"));
    }

    /// Ends the engine in good order.
    pub(crate) async fn stopped(&self) {
        self.stop.cancel();
        // nobody sleeps between two turns any more: who still does is in the middle of a call
        self.while_time_passes(0, self.engine.ended()).await;
    }

    /// Starts another engine on the same store; answers the one before it.
    pub(crate) async fn again(&mut self) -> Engine {
        let (engine, stop) = engine(&self.store, &self.clock, &self.live, &self.url).await;
        self.stop = stop;
        std::mem::replace(&mut self.engine, engine)
    }

    /// Keeps the store as it is now; answers where.
    pub(crate) async fn backed_up(&self) -> PathBuf {
        let backup = self.directory.path().join("backup.db");
        let mut connection: SqliteConnection = SqliteConnectOptions::new().filename(self.store.path()).connect().await.unwrap();
        sqlx::query("VACUUM INTO ?").bind(backup.to_str().unwrap()).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        backup
    }

    /// Starts an engine on the kept store with the count of now beside it: as after a restore. The one before must have ended.
    ///
    /// In a directory of its own, since the store before it is still held by this very process.
    pub(crate) async fn restored(&mut self, backup: &Path) {
        let counts = |store: &Path| {
            let mut name = store.as_os_str().to_owned();
            name.push(".commits");
            PathBuf::from(name)
        };
        let path = self.directory.path().join("restored").join("signalbox.db");
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        std::fs::copy(backup, &path).unwrap();
        std::fs::copy(counts(self.store.path()), counts(&path)).unwrap();
        self.store = Store::open(&path).await.unwrap();
        self.again().await;
    }

    /// How many drivers there are that have something to do: each sleeps by the clock, or is at it.
    async fn driven(&self) -> usize {
        let mut driven = 0;
        for id in self.store.rollouts_open().await.unwrap() {
            driven += usize::from(!self.store.rollout_waits(&id).await.unwrap());
        }
        driven
    }

    /// Waits until every driver sleeps.
    async fn quiet(&self) {
        let asleep = async {
            let (mut slept, mut told) = (self.clock.sleepers.subscribe(), self.live.watch());
            loop {
                for _ in 0..TURNS {
                    tokio::task::yield_now().await;
                }
                slept.borrow_and_update();
                told.borrow_and_update();
                if self.clock.asleep().len() >= self.driven().await {
                    return;
                }
                tokio::select! {
                    _ = slept.changed() => {}
                    _ = told.changed() => {}
                }
            }
        };
        if tokio::time::timeout(BOUND, asleep).await.is_err() {
            panic!("a driver neither sleeps nor gets on; asleep: {:?}, driven: {}", self.clock.asleep(), self.driven().await);
        }
    }

    /// Lets the first of the sleepers wake.
    fn pass(&self) {
        let now = self.now().as_micros();
        let next = self.clock.asleep().into_iter().min().unwrap_or(now + IDLE);
        let span = Duration::from_micros(u64::try_from(next - now).unwrap());
        self.clock.time.advance(span.max(self.stride));
    }

    /// Waits for an act in which somebody may sleep, since a call is tried again after a while. `idle` is how many sleep
    /// without being waited for.
    async fn while_time_passes<T>(&self, idle: usize, act: impl Future<Output = T>) -> T {
        let mut act = std::pin::pin!(act);
        let both = async {
            loop {
                tokio::select! {
                    biased;
                    done = &mut act => return done,
                    () = self.nudged(idle) => {}
                }
            }
        };
        tokio::time::timeout(BOUND, both).await.unwrap_or_else(|_| panic!("it never ended; asleep: {:?}", self.clock.asleep()))
    }

    /// Waits until more sleep than `idle`, and lets the first of them wake.
    async fn nudged(&self, idle: usize) {
        let mut slept = self.clock.sleepers.subscribe();
        while self.clock.asleep().len() <= idle {
            if slept.changed().await.is_err() {
                return;
            }
        }
        self.pass();
        tokio::task::yield_now().await;
    }

    /// All that a rollout says of itself, for whoever reads why a test failed.
    async fn told(&self, number: u64) -> String {
        let kept = self.kept(number).await;
        let mut told = format!("{:?}\n", kept.rollout.status);
        for step in &kept.rollout.steps {
            let owed = step.owed.as_ref().map(|owed| (owed.effect.operation(), owed.state));
            told.push_str(&format!("{}: {:?}, owed: {owed:?}\n", step.service.service, step.stage));
            for line in &step.evidence {
                told.push_str(&format!("  {:?} {} ({}, {})\n", line.tone, line.text, line.source, line.at));
            }
        }
        for line in self.record(number).await {
            told.push_str(&format!("{} {:?} {}\n", line.at, line.step, line.said));
        }
        told
    }
}
