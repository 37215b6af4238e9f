//! The loop around a collector: intervals, early wakes, jumps of the clock, and the stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use collectors::{AwsEnvironment, AwsScope, Collector, EcsCollector, Keys, Poller, Report};
use domain::Timestamp;
use domain::port::Clock;
use domain::reading::{EcsReading, Reading, Sweep};
use domain::source::{Breaker, Budget, Fault, FaultKind, Outcome, SourceId, SourceKind};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::{ManualClock, START};
use crate::fake::{Fake, Trouble};

const INTERVAL: Duration = Duration::from_secs(15);

/// A collector that answers at once, or fails at once.
struct Stub {
    id: SourceId,
    clock: Arc<ManualClock>,
    fails: bool,
    /// Whether something moves, so that the next sweep comes sooner.
    moves: AtomicBool,
    sweeps: AtomicUsize,
}

impl Stub {
    fn new(clock: &Arc<ManualClock>, fails: bool) -> Arc<Self> {
        Arc::new(Self {
            id: SourceId::new(SourceKind::Ecs, "test"),
            clock: clock.clone(),
            fails,
            moves: AtomicBool::new(false),
            sweeps: AtomicUsize::new(0),
        })
    }
}

#[async_trait]
impl Collector for Stub {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn interval(&self) -> Duration {
        INTERVAL
    }

    fn pause(&self) -> Duration {
        if self.moves.load(Ordering::Relaxed) { INTERVAL / 5 } else { INTERVAL }
    }

    async fn sweep(&self) -> Sweep {
        self.sweeps.fetch_add(1, Ordering::Relaxed);
        let now = self.clock.now();
        let (outcome, reading) = if self.fails {
            (Outcome::Failed { fault: Fault::new(FaultKind::Unreachable, None, "connection refused") }, None)
        } else {
            (Outcome::Complete, Some(Reading::Ecs(EcsReading::default())))
        };
        Sweep { source: self.id.clone(), started: now, finished: now, calls: 1, outcome, reading, requests: Vec::new() }
    }

    fn budgets(&self) -> Vec<Budget> {
        Vec::new()
    }
}

struct Running {
    reports: mpsc::Receiver<Report>,
    wake: Arc<Notify>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

fn run(collector: Arc<dyn Collector>, clock: &Arc<ManualClock>) -> Running {
    run_from(collector, clock, 0.0)
}

fn run_from(collector: Arc<dyn Collector>, clock: &Arc<ManualClock>, phase: f64) -> Running {
    let (sender, reports) = mpsc::channel(1);
    let (wake, stop) = (Arc::new(Notify::new()), CancellationToken::new());
    let poller = Poller::new(collector, clock.clone(), 7).with_phase(phase);
    let task = tokio::spawn(poller.run(sender, wake.clone(), stop.clone()));
    Running { reports, wake, stop, task }
}

#[tokio::test]
async fn sweeps_follow_each_other_at_the_interval() {
    let clock = ManualClock::standing();
    let mut running = run(Stub::new(&clock, false), &clock);
    assert!(running.reports.recv().await.unwrap().sweep.is_some());
    clock.someone_sleeps().await;
    clock.advance(INTERVAL.mul_f64(0.89));
    tokio::task::yield_now().await;
    assert!(running.reports.try_recv().is_err(), "not before 90 % of the interval");
    clock.advance(INTERVAL.mul_f64(0.22));
    let report = running.reports.recv().await.unwrap();
    assert_eq!((report.health.sweeps, report.health.errors, report.health.interval_secs), (2, 0, 15));
    running.stop.cancel();
    running.task.await.unwrap();
}

/// Waits for a sweep that must come between these parts of the interval, and not sooner.
async fn sweeps_within(running: &mut Running, clock: &Arc<ManualClock>, from: f64, to: f64) {
    clock.someone_sleeps().await;
    clock.advance(INTERVAL.mul_f64(from));
    tokio::task::yield_now().await;
    assert!(running.reports.try_recv().is_err(), "not before {from} of the interval");
    clock.advance(INTERVAL.mul_f64(to - from));
    assert_eq!(running.reports.recv().await.unwrap().health.interval_secs, 15, "what is current for how long does not change with it");
}

#[tokio::test]
async fn two_of_a_kind_are_swept_half_an_interval_apart() {
    let clock = ManualClock::standing();
    let mut running = run_from(Stub::new(&clock, false), &clock, 0.5);
    assert!(running.reports.recv().await.unwrap().sweep.is_some(), "the first look is at once");
    sweeps_within(&mut running, &clock, 0.44, 0.56).await;
    sweeps_within(&mut running, &clock, 0.89, 1.11).await;
    running.stop.cancel();
    running.task.await.unwrap();
}

#[tokio::test]
async fn what_moves_is_swept_sooner_until_it_rests() {
    let clock = ManualClock::standing();
    let stub = Stub::new(&clock, false);
    stub.moves.store(true, Ordering::Relaxed);
    let mut running = run(stub.clone(), &clock);
    running.reports.recv().await.unwrap();
    sweeps_within(&mut running, &clock, 0.17, 0.23).await;
    clock.someone_sleeps().await;
    stub.moves.store(false, Ordering::Relaxed);
    clock.advance(INTERVAL.mul_f64(0.23));
    running.reports.recv().await.unwrap();
    sweeps_within(&mut running, &clock, 0.89, 1.11).await;
    running.stop.cancel();
    running.task.await.unwrap();
}

#[tokio::test]
async fn a_wake_ends_the_wait() {
    let clock = ManualClock::standing();
    let mut running = run(Stub::new(&clock, false), &clock);
    running.reports.recv().await.unwrap();
    clock.someone_sleeps().await;
    running.wake.notify_one();
    assert_eq!(running.reports.recv().await.unwrap().health.sweeps, 2);
    running.stop.cancel();
    running.task.await.unwrap();
}

#[tokio::test]
async fn a_clock_that_jumps_neither_stops_nor_spins_it() {
    let clock = ManualClock::standing();
    let stub = Stub::new(&clock, false);
    let mut running = run(stub.clone(), &clock);
    running.reports.recv().await.unwrap();
    for jump in [-86_400, 86_400, -1_000_000, 0] {
        clock.someone_sleeps().await;
        clock.jump_to(Timestamp::from_secs(START + jump));
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        assert!(running.reports.try_recv().is_err(), "a jump is no reason to sweep");
        clock.advance(INTERVAL * 2);
        let report = running.reports.recv().await.unwrap();
        assert_eq!(report.health.took_ms, 0);
    }
    assert_eq!(stub.sweeps.load(Ordering::Relaxed), 5);
    running.stop.cancel();
    running.task.await.unwrap();
}

#[tokio::test]
async fn an_open_circuit_reports_without_asking() {
    let clock = ManualClock::standing();
    let stub = Stub::new(&clock, true);
    let mut poller = Poller::new(stub.clone(), clock.clone(), 7);
    for failures in 1..=5 {
        let report = poller.turn().await;
        assert_eq!(report.health.failures_in_row, failures);
        clock.advance(INTERVAL);
    }
    let report = poller.turn().await;
    assert!(report.sweep.is_none());
    assert_eq!(report.health.breaker, Breaker::Open);
    let Some(Outcome::Failed { fault }) = &report.health.outcome else { panic!() };
    assert_eq!(fault.kind, FaultKind::CircuitOpen);
    assert_eq!(fault.message, "not asking for another 45 s after 5 failures in a row; the last was: connection refused");
    assert_eq!(stub.sweeps.load(Ordering::Relaxed), 5);
    clock.advance(Duration::from_secs(45));
    assert!(poller.turn().await.sweep.is_some());
    assert_eq!(stub.sweeps.load(Ordering::Relaxed), 6);
}

#[tokio::test]
async fn it_stops_while_waiting_for_an_answer() {
    let (fake, clock) = (Fake::start(3).await, ManualClock::standing());
    fake.trouble("DescribeClusters", Trouble::Silence);
    let running = run(Arc::new(EcsCollector::new(fake.environment(&clock), INTERVAL)), &clock);
    while fake.calls("DescribeClusters") == 0 {
        tokio::task::yield_now().await;
    }
    running.stop.cancel();
    running.task.await.unwrap();
}

#[tokio::test]
async fn it_stops_while_waiting_for_a_token() {
    let (fake, clock) = (Fake::start(100).await, ManualClock::standing());
    let scope = AwsScope { share: 0.01, ..fake.scope() };
    let environment = AwsEnvironment::new(scope, clock.clone()).with_keys(Keys::dummy());
    let running = run(Arc::new(EcsCollector::new(Arc::new(environment), INTERVAL)), &clock);
    clock.someone_sleeps().await;
    running.stop.cancel();
    running.task.await.unwrap();
}

#[tokio::test]
async fn it_stops_when_nobody_listens_any_more() {
    let clock = ManualClock::standing();
    let running = run(Stub::new(&clock, false), &clock);
    drop(running.reports);
    running.task.await.unwrap();
}
