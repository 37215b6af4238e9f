//! A source that goes blind: through collectors, store and score card, each source in turn.
//!
//! Simulated AWS and real nats-servers, a store on a file, and one time that is moved by hand. What must hold is that nobody ever
//! looks better because something could no longer be seen. The trap is a source that is added and forgotten here, so what the
//! answers themselves name as their sources must be the list of this test.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use collectors::{
    AlarmCollector, AwsEnvironment, AwsScope, Collector, EcsCollector, Keys, MetricsCollector, NatsCollector, NatsScope, Poller,
};
use domain::Timestamp;
use domain::cost::Allowance;
use domain::port::Clock;
use domain::readiness::card::Kind;
use domain::readiness::{Answer, Card, Readiness, State, Unknown};
use domain::reading::{Reading, Sweep};
use domain::source::{Budget, Fault, FaultKind, Outcome, SourceHealth, SourceId, SourceKind};
use signalbox::config::Config;
use signalbox::readiness::{Judging, scorecard};
use signalbox::store::{Marks, Store};
use tempfile::TempDir;
use yard::{Clock as _, ManualClock, NatsOptions, Options, Yard};

use crate::support::tool;

/// Every source that an answer of readiness rests on.
const LOOKED_AT: [SourceKind; 4] = [SourceKind::Ecs, SourceKind::Alarms, SourceKind::Metrics, SourceKind::Nats];
/// Those that no answer rests on: last words are read by people, and an event is a hint.
const NOT_ASKED: [SourceKind; 2] = [SourceKind::Logs, SourceKind::Events];
/// How often everything is swept: so seldom that the time between two sweeps is no gap.
const EVERY: Duration = Duration::from_secs(12 * 3_600);
/// Longer than any evidence of these sources counts.
const LONG: Duration = Duration::from_secs(30 * 3_600);
/// The longest that real servers may take, by the wall.
const BOUND: Duration = Duration::from_secs(60);
/// 2026-03-01 12:00:00 UTC, in microseconds.
pub(crate) const START: i64 = 1_772_366_400_000_000;

/// The yard's time for everybody. It moves when the test says so; whoever waits does not wait. It is not the wall's, which
/// the nats-servers keep.
pub(crate) struct Hand(pub(crate) ManualClock);

#[async_trait]
impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.now_micros())
    }

    async fn sleep(&self, _: Duration) {
        tokio::task::yield_now().await;
    }

    fn speed(&self) -> f64 {
        20.0
    }
}

/// A source that can be made blind.
struct Blinding {
    inner: Arc<dyn Collector>,
    clock: Arc<dyn Clock>,
    blind: AtomicBool,
}

#[async_trait]
impl Collector for Blinding {
    fn id(&self) -> &SourceId {
        self.inner.id()
    }

    fn interval(&self) -> Duration {
        EVERY
    }

    async fn sweep(&self) -> Sweep {
        if !self.blind.load(Ordering::Relaxed) {
            return self.inner.sweep().await;
        }
        let (now, fault) = (self.clock.now(), Fault::new(FaultKind::Unreachable, None, "connection refused"));
        let (source, outcome) = (self.inner.id().clone(), Outcome::Failed { fault });
        Sweep { source, started: now, finished: now, calls: 1, outcome, reading: None, requests: Vec::new() }
    }

    fn budgets(&self) -> Vec<Budget> {
        self.inner.budgets()
    }
}

/// The yard, and who looks at it.
struct Fleet {
    _yard: Yard,
    time: ManualClock,
    clock: Arc<dyn Clock>,
    store: Store,
    card: Card,
    metrics: Arc<MetricsCollector>,
    sources: Vec<(Arc<Blinding>, Poller)>,
    _directory: TempDir,
}

impl Fleet {
    async fn open() -> Self {
        collectors::install_crypto();
        let time = ManualClock::new(START);
        let nats = NatsOptions { nodes: 3, server: Some(tool("SIGNALBOX_NATS_SERVER")), ..NatsOptions::default() };
        let options = Options { script: false, throttles: false, nats: Some(nats), clock: Arc::new(time.clone()), ..Options::default() };
        let yard = Yard::start(options).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(Hand(time.clone()));
        let aws = environment(&yard.endpoints().aws, &clock);
        let nats = connected(&yard, &clock).await;
        let metrics = Arc::new(MetricsCollector::new(Arc::clone(&aws), EVERY, Allowance::default()));
        let inner: [Arc<dyn Collector>; 4] = [
            Arc::new(EcsCollector::new(Arc::clone(&aws), EVERY)),
            Arc::new(AlarmCollector::new(aws, EVERY)),
            Arc::clone(&metrics) as Arc<dyn Collector>,
            Arc::new(nats),
        ];
        let sources: Vec<(Arc<Blinding>, Poller)> = inner.into_iter().map(|inner| source(inner, &clock)).collect();
        let directory = tempfile::tempdir().unwrap();
        let store = opened(directory.path(), &sources).await;
        let mut card = scorecard::load(None).unwrap();
        // real streams keep their own time, and nobody attests anything here
        card.checks.retain(|check| check.evidence == Kind::Live && check.id != "N4");
        card.targets.clear();
        Self { _yard: yard, time, clock, store, card, metrics, sources, _directory: directory }
    }

    /// Lets time pass in which nobody looks.
    fn pass(&self) {
        self.time.advance(LONG);
    }

    /// Sweeps these, in their order, and records what came of it. What is `gone` fails.
    async fn sweep(&mut self, these: &[SourceKind], gone: Option<SourceKind>) {
        for (source, poller) in self.sources.iter_mut().filter(|(source, _)| these.contains(&source.id().kind)) {
            let blind = gone == Some(source.id().kind);
            source.blind.store(blind, Ordering::Relaxed);
            let report = poller.turn().await;
            let failed = matches!(report.health.outcome, Some(Outcome::Failed { .. }));
            assert_eq!(failed, blind, "{:?}", report.health);
            if let Some(Reading::Ecs(reading)) = report.sweep.as_ref().and_then(|sweep| sweep.reading.as_ref()) {
                self.metrics.watch(reading);
            }
            self.store.record(&report, &Marks::default(), "group").await.unwrap();
        }
    }

    async fn judged(&self) -> Readiness {
        // anew each time: what is kept between two looks would hide that a source came back
        let judging = Arc::new(Judging::new(self.card.clone(), &Config::from_sdk_chain()));
        judging.judge(&self.store, false, self.clock.now()).await.unwrap().readiness
    }
}

pub(crate) fn environment(url: &str, clock: &Arc<dyn Clock>) -> Arc<AwsEnvironment> {
    let scope =
        AwsScope { region: Some("us-east-1".to_owned()), endpoint_url: Some(url.to_owned()), share: 1.0, ..AwsScope::new("production") };
    Arc::new(AwsEnvironment::new(scope, Arc::clone(clock)).with_keys(Keys::dummy()).with_seed(1))
}

/// A collector of the yard's nodes, once every task that should be is connected.
async fn connected(yard: &Yard, clock: &Arc<dyn Clock>) -> NatsCollector {
    let at = yard.endpoints();
    let scope = NatsScope { monitor_urls: at.monitor.clone(), ca_file: at.ca_file.clone(), interval: EVERY, ..NatsScope::new("main") };
    let collector = NatsCollector::new(scope, Arc::clone(clock));
    let expected = yard.ownership().as_array().map_or(0, Vec::len);
    let asking = async {
        loop {
            if let Some(Reading::Nats(reading)) = collector.sweep().await.reading
                && reading.connections.items.len() >= expected
            {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, asking).await.expect("every task connects to NATS");
    collector
}

fn source(inner: Arc<dyn Collector>, clock: &Arc<dyn Clock>) -> (Arc<Blinding>, Poller) {
    let blinding = Arc::new(Blinding { inner, clock: Arc::clone(clock), blind: AtomicBool::new(false) });
    let poller = Poller::new(Arc::clone(&blinding) as Arc<dyn Collector>, Arc::clone(clock), 1);
    (blinding, poller)
}

async fn opened(directory: &Path, sources: &[(Arc<Blinding>, Poller)]) -> Store {
    let store = Store::open(&directory.join("signalbox.db")).await.unwrap();
    let untried: Vec<SourceHealth> = sources.iter().map(|(_, poller)| poller.health().clone()).collect();
    store.sources_set(&untried).await.unwrap();
    store
}

/// What is to be measured, as a sweep of ECS tells.
/// An answer: how it stands, why not, where from, and what was said.
struct Answered {
    state: State,
    unknown: Option<Unknown>,
    source: String,
    said: String,
}

/// Every answer, by service and check.
fn answered(readiness: &Readiness) -> BTreeMap<(String, String), Answered> {
    let services = readiness.services.iter().flat_map(|judged| judged.checks.iter().map(move |assessed| (judged, assessed)));
    services
        .map(|(judged, assessed)| {
            let found = assessed.found.as_ref().unwrap();
            let (source, said) = (found.source.to_string(), found.said.to_string());
            let answer = Answered { state: assessed.state, unknown: assessed.unknown, source, said };
            ((judged.asked.subject.to_string(), assessed.check.to_string()), answer)
        })
        .collect()
}

/// What is not known.
fn unknown(readiness: &Readiness) -> BTreeSet<(String, String)> {
    answered(readiness).into_iter().filter(|(_, answer)| answer.state == State::Unknown).map(|(place, _)| place).collect()
}

/// The kind of source that an answer names.
fn named(answer: &Answered) -> &str {
    answer.source.split(':').next().unwrap_or_default()
}

/// What must hold of a look without this source, beside a look with it a moment later and one before it went.
fn never_better(kind: SourceKind, blind: &Readiness, others: [&Readiness; 2]) {
    let (name, fleet) = (kind.as_str(), &blind.fleet);
    for other in others.map(|of| &of.fleet) {
        assert!(other.score.is_some(), "{name}: there was a score with it: {other:?}");
        assert!(fleet.score <= other.score, "{name}: {fleet:?} is better than {other:?}");
        assert!(fleet.confidence < other.confidence, "{name}: {fleet:?} is as certain as {other:?}");
        assert!(fleet.unknown > other.unknown, "{name}: {fleet:?} beside {other:?}");
        if let (Some(score), Some(upper)) = (fleet.score, fleet.upper) {
            assert!(upper >= score && Some(upper) >= other.score, "{name}: its range leaves out what is so: {fleet:?}, {other:?}");
        }
    }
}

/// What was known by this source is unknown, for its sake, and nothing else is.
fn is_blind(kind: SourceKind, before: &Readiness, blind: &Readiness) {
    let (before, blind) = (answered(before), answered(blind));
    let known = |answer: &Answered| !matches!(answer.state, State::Unknown | State::NotApplicable);
    let lost: Vec<_> = before.iter().filter(|(_, answer)| known(answer) && named(answer) == kind.as_str()).collect();
    assert!(!lost.is_empty(), "no check names {} as its source", kind.as_str());
    for (place, _) in lost {
        let now = &blind[place];
        assert_eq!((now.state, now.unknown), (State::Unknown, Some(Unknown::CollectorError)), "{place:?}: {}", now.said);
        assert!(now.said.contains(kind.title()) && now.said.contains("connection refused"), "{place:?}: {}", now.said);
    }
    if kind != SourceKind::Ecs {
        // everything of a service rests on ECS; nothing of ECS on the others
        let ecs = before.iter().filter(|(_, answer)| known(answer) && named(answer) == "ecs");
        for (place, answer) in ecs {
            assert_eq!(blind[place].state, answer.state, "{place:?} rests on something else: {}", blind[place].said);
        }
    }
}

/// Every answer that AWS gave names the request that gave it. What looks back over tasks that stopped names none, and of a service
/// that runs no task none was described.
fn names_its_requests(readiness: &Readiness) {
    let mut of_tasks = 0;
    for assessed in readiness.services.iter().flat_map(|judged| &judged.checks) {
        let found = assessed.found.as_ref().unwrap();
        let named = found.request_id.is_some();
        match found.source.split_once(' ') {
            Some((_, "DescribeTasks")) if matches!(&*assessed.check, "A2" | "H2") => of_tasks += usize::from(named),
            Some((source, operation)) => {
                let of_aws = ["ecs:", "alarms:"].iter().any(|of| source.starts_with(of)) && operation != "DescribeTasks";
                let known = !matches!(found.answer, Answer::Unknown { .. });
                assert_eq!(named, of_aws && known, "{}: {found:?}", assessed.check);
            }
            None => panic!("{found:?}"),
        }
    }
    assert!(of_tasks > 0, "no answer names who described its tasks");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_source_in_turn_goes_blind_and_nothing_gets_better() {
    let names = |kinds: &[SourceKind]| kinds.iter().map(|kind| kind.as_str().to_owned()).collect::<BTreeSet<String>>();
    let covered: BTreeSet<String> = names(&LOOKED_AT).union(&names(&NOT_ASKED)).cloned().collect();
    assert_eq!(covered, names(&SourceKind::ALL), "a source this test does not know");
    let mut fleet = Fleet::open().await;
    for _ in 0..2 {
        // what is carried is known from the second look on, what looks back once there is a past
        fleet.sweep(&LOOKED_AT, None).await;
        fleet.pass();
    }
    fleet.sweep(&LOOKED_AT, None).await;
    let mut before = fleet.judged().await;
    let asked: BTreeSet<String> = answered(&before).values().map(|answer| named(answer).to_owned()).collect();
    assert_eq!(asked, names(&LOOKED_AT), "what the checks name as their sources");
    names_its_requests(&before);
    let at_first = unknown(&before);
    for kind in LOOKED_AT {
        fleet.pass();
        fleet.sweep(&LOOKED_AT, Some(kind)).await;
        let blind = fleet.judged().await;
        is_blind(kind, &before, &blind);
        // it comes back, and nothing else was read in between
        fleet.sweep(&[kind], None).await;
        let back = fleet.judged().await;
        never_better(kind, &blind, [&before, &back]);
        // once the time in which nobody looked lies behind everything that looks back
        fleet.pass();
        fleet.sweep(&LOOKED_AT, None).await;
        before = fleet.judged().await;
        let still: Vec<_> = unknown(&before).difference(&at_first).cloned().collect();
        assert!(still.is_empty(), "{} came back, and this is still unknown: {still:?}", kind.as_str());
    }
}
