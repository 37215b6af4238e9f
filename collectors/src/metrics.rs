//! The metrics collector: CPU and memory of every service, and what customers feel at the load balancers before them.
//!
//! Unlike the other collectors it does not read its whole scope each time: what is due is decided by `due` from what was
//! asked before and from the pace that the month's budget allows ([`domain::cost`]). It is told which services there are
//! (`watch`), what the store holds already (`know`) and who is looked at (`want`); it never sees the store. The trap is a
//! first start: fifteen days of every service are asked in the background, bounded per sweep, newest first, and what has
//! come is never asked again.

mod ask;
mod due;
mod subjects;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;
use domain::cost::{self, Allowance, Ledger, Pace, Way};
use domain::reading::{Asked, EcsReading, MetricsReading, Reading, SeriesReading, Sweep};
use domain::source::{Budget, Fault, FaultKind, Shortfall, SourceId, SourceKind};
use futures::StreamExt;
use futures::stream;
use tokio::sync::Notify;

use crate::Collector;
use crate::aws::{AwsEnvironment, Connection};
use crate::budget::Family;
use crate::call::{IN_FLIGHT, Tally};
use crate::harvest::{Read, concluded};
use due::{Job, Memory, due, target_of};
use subjects::{Subject, Subjects};

/// How long a target group without a load balancer that reports is left alone.
const LOOK_AGAIN: Duration = Duration::from_secs(3_600);

/// Reads the metrics of one environment.
pub struct MetricsCollector {
    id: SourceId,
    environment: Arc<AwsEnvironment>,
    interval: Duration,
    allowance: Allowance,
    p99_target: Option<f64>,
    wake: Arc<Notify>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    subjects: Subjects,
    memory: Memory,
    /// The load balancer before a target group, and when that was looked up.
    balancers: HashMap<String, (Option<String>, Timestamp)>,
    ledger: Ledger,
}

/// What is missing where a percentile was refused.
const PERCENTILES: &str = "the 99th percentile of response times";

/// What is to be asked, with the load balancer in front of it; empty for a service's own metrics.
type Balanced = (Job, String);

impl MetricsCollector {
    /// A collector of `environment`'s metrics that spends what `allowance` allows.
    pub fn new(environment: Arc<AwsEnvironment>, interval: Duration, allowance: Allowance) -> Self {
        let id = SourceId::new(SourceKind::Metrics, environment.scope().environment.clone());
        Self { id, environment, interval, allowance, p99_target: None, wake: Arc::new(Notify::new()), state: Mutex::default() }
    }

    /// Judges response times by what was promised instead of what is usual.
    #[must_use]
    pub fn with_p99_target(mut self, target: Option<Duration>) -> Self {
        self.p99_target = target.map(|target| target.as_secs_f64() * 1_000.0);
        self
    }

    /// What ends its waits early.
    pub fn wake(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// These spans are stored already, and so much was spent this month. Replaces what it knew.
    pub fn know(&self, asked: Vec<Asked>, ledger: Ledger) {
        let mut state = self.state();
        state.memory.asked =
            asked.into_iter().map(|asked| ((asked.cluster, asked.service, asked.detail), (asked.from, asked.to))).collect();
        state.ledger = ledger;
    }

    /// Learns from a reading of ECS, once it is recorded, which services there are to be measured.
    pub fn watch(&self, reading: &EcsReading) {
        let mut state = self.state();
        let none = state.subjects.is_empty();
        state.subjects.learn(reading);
        if none && !state.subjects.is_empty() {
            self.wake.notify_one();
        }
    }

    /// Somebody looks at this service now: its newest minutes are read soon, once for everybody who looks.
    pub fn want(&self, cluster: &str, service: &str) {
        let now = self.environment.clock().now();
        let mut state = self.state();
        let before = state.memory.wanted.insert((cluster.to_owned(), service.to_owned()), now);
        state.memory.wanted.retain(|_, at| now.since(*at) < Duration::from_secs(3_600));
        if before.is_none_or(|before| now.since(before) >= self.interval) {
            self.wake.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // what it holds is true after every statement
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plan(&self, now: Timestamp) -> (Pace, Vec<Job>, Vec<String>) {
        let state = self.state();
        let groups =
            |subject: &Subject| subject.target_groups.iter().filter_map(|arn| target_of(arn)).map(str::to_owned).collect::<Vec<_>>();
        let targets: Vec<String> = state.subjects.iter().flat_map(groups).collect();
        let pace = cost::pace(&self.allowance, &state.ledger, state.subjects.len() as u64, targets.len() as u64, now);
        let looked =
            |target: &String| state.balancers.get(target).is_none_or(|(found, at)| found.is_none() && now.since(*at) >= LOOK_AGAIN);
        let unknown =
            if pace.customers_every.is_some() { targets.iter().filter(|target| looked(target)).cloned().collect() } else { Vec::new() };
        let jobs = due(state.subjects.iter(), &state.memory, &pace, now);
        (pace, jobs, unknown)
    }

    async fn read(&self, tally: &Tally) -> Read {
        let connection = self.environment.connection().await?;
        let account = self.environment.account(connection, tally).await?.unwrap_or_default();
        let now = self.environment.clock().now();
        let mut faults = Faults::default();
        let (pace, _, unknown) = self.plan(now);
        for target in unknown {
            match ask::balancer(connection, tally, &target).await {
                Ok(found) => {
                    self.state().balancers.insert(target, (found, now));
                }
                Err(fault) => {
                    faults.note("the load balancers", fault);
                    break;
                }
            }
        }
        let (_, jobs, _) = self.plan(now);
        let (jobs, batched) = self.with_balancers(jobs, pace.way);
        let (mut series, mut asked) = (Vec::new(), Vec::new());
        self.ask_together(connection, tally, batched, now, &mut faults, (&mut series, &mut asked)).await;
        self.ask_each(connection, tally, jobs, now, &mut faults, (&mut series, &mut asked)).await;
        let missing = faults.shortfalls();
        if let (true, Some(first)) = (asked.is_empty() && series.is_empty(), missing.first()) {
            return Err(first.fault.clone());
        }
        let spent = connection.caller.take_spent();
        self.state().ledger.add(&spent, now);
        let region = connection.region.clone();
        Ok((Reading::Metrics(MetricsReading { account, region, series, asked, spent, pace, p99_target: self.p99_target }), missing))
    }

    /// Jobs to be asked one by one, and those of target groups that are asked together; each with its load balancer.
    /// Target groups of which nothing reports are left out.
    fn with_balancers(&self, jobs: Vec<Job>, way: Way) -> (Vec<Balanced>, Vec<Balanced>) {
        let state = self.state();
        let known = jobs.into_iter().filter_map(|job| match state.balancers.get(&job.target) {
            _ if job.target.is_empty() => Some((job, String::new())),
            Some((Some(balancer), _)) => Some((job, balancer.clone())),
            _ => None,
        });
        known.partition(|(job, _)| job.target.is_empty() || way == Way::Statistics)
    }

    async fn ask_together(
        &self,
        connection: &Connection,
        tally: &Tally,
        jobs: Vec<(Job, String)>,
        now: Timestamp,
        faults: &mut Faults,
        (series, asked): (&mut Vec<SeriesReading>, &mut Vec<Asked>),
    ) {
        // only the newest end: what is missing further back would be billed by metric, and is not worth it
        let (jobs, _): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|(job, _)| job.to > now);
        if jobs.is_empty() {
            return;
        }
        match ask::targets(connection, tally, &jobs).await {
            Ok((found, fault)) => {
                series.extend(found);
                // without the percentiles only those are whole of which none is asked
                let whole = jobs.iter().filter(|(_, balancer)| fault.is_none() || !ask::has_percentile(balancer));
                asked.extend(whole.map(|(job, _)| self.done(job, now)));
                if let Some(fault) = fault {
                    faults.note(PERCENTILES, fault);
                }
            }
            Err(fault) => faults.note("what customers feel", fault),
        }
    }

    async fn ask_each(
        &self,
        connection: &Connection,
        tally: &Tally,
        jobs: Vec<(Job, String)>,
        now: Timestamp,
        faults: &mut Faults,
        (series, asked): (&mut Vec<SeriesReading>, &mut Vec<Asked>),
    ) {
        let ask = |(job, balancer): (Job, String)| async move {
            let answer = if job.target.is_empty() {
                ask::service(connection, tally, &job, now).await.map(|found| (found, None))
            } else {
                ask::target(connection, tally, &job, &balancer).await
            };
            (job, answer)
        };
        let mut answers = stream::iter(jobs).map(ask).buffer_unordered(IN_FLIGHT);
        while let Some((job, answer)) = answers.next().await {
            let (fault, what) = match answer {
                Ok((found, None)) => {
                    series.extend(found);
                    asked.push(self.done(&job, now));
                    continue;
                }
                // what is not whole does not count as asked, and is asked again
                Ok((found, Some(fault))) => {
                    series.extend(found);
                    (fault, PERCENTILES)
                }
                Err(fault) => (fault, if job.target.is_empty() { "CPU and memory" } else { "what customers feel" }),
            };
            let hopeless = !matches!(fault.kind, FaultKind::Malformed | FaultKind::TooLarge | FaultKind::NotFound);
            faults.note(what, fault);
            // the rest would only meet the same
            if hopeless {
                break;
            }
        }
    }

    /// A job was answered; what is asked of it now.
    fn done(&self, job: &Job, now: Timestamp) -> Asked {
        let mut state = self.state();
        if job.to > now {
            state.memory.tried.insert(job.key(), now);
        }
        let (from, to) = state.memory.done(job.key(), job.from, job.to.min(now));
        Asked { cluster: job.cluster.clone(), service: job.service.clone(), detail: job.target.clone(), from, to }
    }
}

/// What went wrong, once a subject.
#[derive(Default)]
struct Faults(Vec<(&'static str, Fault, u32)>);

impl Faults {
    fn note(&mut self, what: &'static str, fault: Fault) {
        match self.0.iter_mut().find(|(known, ..)| *known == what) {
            Some((.., count)) => *count += 1,
            None => self.0.push((what, fault, 1)),
        }
    }

    fn shortfalls(self) -> Vec<Shortfall> {
        self.0.into_iter().map(|(what, fault, _)| Shortfall { what: what.to_owned(), fault }).collect()
    }
}

#[async_trait]
impl Collector for MetricsCollector {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    async fn sweep(&self) -> Sweep {
        let started = self.environment.clock().now();
        let tally = Tally::default();
        let read = self.read(&tally).await;
        concluded(&self.id, started, self.environment.clock().now(), &tally, read)
    }

    fn budgets(&self) -> Vec<Budget> {
        self.environment.budgets(&[Family::MetricStatistics, Family::MetricData, Family::MetricList])
    }
}
