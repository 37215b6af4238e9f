//! Runs one collector for ever: sweep, report, wait, again.
//!
//! Separate from the collectors so that each of them is only "read the scope once" and everything about *when* is
//! here: the interval with its jitter and its place among others of its kind, the early wake, the circuit breaker, the
//! source's own health, the stop. All waiting is on the injected clock. Two traps: a clock that jumps must neither stop the loop nor make it spin, so
//! nothing here compares instants to decide when to go on, it only sleeps for spans; and a stop must reach a sweep
//! that waits for a token or an answer, so the sweep is raced against the stop and dropped.

use std::sync::Arc;
use std::time::Duration;

use domain::port::Clock;
use domain::reading::Sweep;
use domain::source::{Breaker as BreakerState, Fault, FaultKind, Outcome, SourceHealth};
use domain::{Timestamp, time};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::Collector;
use crate::breaker::Breaker;

/// How far an interval is moved at random, so that sources do not fall into step.
const JITTER: f64 = 0.10;
/// The shortest pause between two sweeps, whatever the config says.
const SHORTEST: Duration = Duration::from_millis(100);

/// What a poller reports after each turn.
#[derive(Clone, Debug)]
pub struct Report {
    /// The sweep; none while the circuit is open.
    pub sweep: Option<Sweep>,
    /// The source's health after it.
    pub health: SourceHealth,
}

/// Runs one collector.
pub struct Poller {
    collector: Arc<dyn Collector>,
    clock: Arc<dyn Clock>,
    random: StdRng,
    breaker: Breaker,
    health: SourceHealth,
    /// By what part of the interval the next pause is shorter; only ever of the first one.
    phase: f64,
    /// Why the newest sweep failed; what an open circuit is explained with.
    cause: Option<Fault>,
}

impl Poller {
    /// A poller whose jitter is drawn from `seed`.
    pub fn new(collector: Arc<dyn Collector>, clock: Arc<dyn Clock>, seed: u64) -> Self {
        let health = SourceHealth::untried(collector.id().clone(), collector.interval());
        Self { collector, clock, random: StdRng::seed_from_u64(seed), breaker: Breaker::default(), health, phase: 0.0, cause: None }
    }

    /// Has the second sweep come this part of the interval sooner. All sources are swept at once at the start, because
    /// everybody waits for that; from then on several of one kind shall not ask at the same moment.
    #[must_use]
    pub fn with_phase(mut self, part: f64) -> Self {
        self.phase = part.clamp(0.0, 1.0);
        self
    }

    /// The health before the first sweep, for whoever shows sources at once.
    pub fn health(&self) -> &SourceHealth {
        &self.health
    }

    /// Sweeps, reports and waits until `stop` is cancelled or nobody receives any more. `wake` ends a wait early.
    pub async fn run(mut self, reports: mpsc::Sender<Report>, wake: Arc<Notify>, stop: CancellationToken) {
        loop {
            let Some(report) = stop.run_until_cancelled(self.turn()).await else { return };
            if !matches!(stop.run_until_cancelled(reports.send(report)).await, Some(Ok(()))) {
                return;
            }
            let pause = self.pause();
            tokio::select! {
                () = stop.cancelled() => return,
                () = wake.notified() => {}
                () = self.clock.sleep(pause) => {}
            }
        }
    }

    /// One turn: a sweep, or the reason why there is none.
    pub async fn turn(&mut self) -> Report {
        let now = self.clock.now();
        let sweep = if self.breaker.allows(now) {
            let sweep = self.collector.sweep().await;
            self.learn(&sweep);
            Some(sweep)
        } else {
            self.health.outcome = Some(Outcome::Failed { fault: self.not_asking(now) });
            None
        };
        self.health.breaker = self.breaker.shown();
        self.health.budgets = self.collector.budgets();
        self.health.skew_ms = self.collector.skew_ms();
        self.health.notes = self.collector.notes();
        Report { sweep, health: self.health.clone() }
    }

    fn learn(&mut self, sweep: &Sweep) {
        let health = &mut self.health;
        health.last_attempt = Some(sweep.finished);
        health.calls_last_sweep = sweep.calls;
        health.took_ms = u32::try_from(sweep.finished.since(sweep.started).as_millis()).unwrap_or(u32::MAX);
        health.sweeps += 1;
        health.outcome = Some(sweep.outcome.clone());
        match &sweep.outcome {
            Outcome::Failed { fault } => {
                health.errors += 1;
                health.failures_in_row = health.failures_in_row.saturating_add(1);
                self.breaker.failed(sweep.finished);
                self.cause = Some(fault.clone());
                tracing::warn!(source = %health.id, kind = ?fault.kind, operation = fault.operation.as_deref(), "sweep failed: {}", fault.message);
            }
            outcome => {
                health.errors += u64::from(matches!(outcome, Outcome::Partial { .. }));
                health.failures_in_row = 0;
                health.last_success = Some(sweep.finished);
                self.breaker.succeeded();
                self.cause = None;
            }
        }
    }

    fn not_asking(&self, now: Timestamp) -> Fault {
        let again = self.breaker.tries_again().map(|at| time::span(at.since(now))).unwrap_or_default();
        let cause = self.cause.as_ref().map(|fault| format!("; the last was: {}", fault.message)).unwrap_or_default();
        let message = format!("not asking for another {again} after {} failures in a row{cause}", self.health.failures_in_row);
        Fault::new(FaultKind::CircuitOpen, self.cause.as_ref().and_then(|fault| fault.operation.as_deref()), &message)
    }

    fn pause(&mut self) -> Duration {
        let phase = std::mem::take(&mut self.phase);
        let interval = self.collector.pause().mul_f64(1.0 - phase).max(SHORTEST);
        let pause = interval.mul_f64(self.random.random_range(1.0 - JITTER..=1.0 + JITTER));
        match (self.breaker.shown(), self.breaker.tries_again()) {
            // a long interval must not keep an open circuit open: look again when its pause is over
            (BreakerState::Open, Some(at)) => {
                let left = at.since(self.clock.now()).clamp(SHORTEST, crate::breaker::PAUSE);
                pause.min(left)
            }
            _ => pause,
        }
    }
}
