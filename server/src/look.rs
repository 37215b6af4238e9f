//! `signalbox look`: the fleet in the terminal, with no config, no server and no database.
//!
//! Separate from `verify`, which sweeps once and judges by its exit code: this keeps sweeping for a while and marks what
//! changed since it began. What is drawn is a pure function of what was swept, the time and the terminal's size
//! ([`frame`]); the terminal itself is touched in one place ([`terminal`]), so that it is left as it was however this
//! ends. The trap: a source that stops answering must not leave its last numbers standing as if they were new.

pub mod frame;
pub mod terminal;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use collectors::Collector;
use domain::Timestamp;
use domain::alarm::AlarmState;
use domain::judge::{Judgement, Standing, judge};
use domain::port::Clock;
use domain::reading::{ClusterReading, Reading, Sweep};
use domain::service::Task;
use domain::source::{Outcome, SourceHealth, SourceId};
use tokio::sync::mpsc;

/// Everything known so far.
#[derive(Debug, Default)]
pub struct Watch {
    services: BTreeMap<(String, String), Line>,
    alarms: BTreeMap<String, AlarmLine>,
    alarms_in_all: usize,
    nats: BTreeMap<String, NatsLine>,
    sources: BTreeMap<SourceId, SourceHealth>,
}

/// One service.
#[derive(Clone, Debug)]
struct Line {
    desired: u32,
    running: u32,
    pending: u32,
    judgement: Judgement,
    source: SourceId,
    /// What it was before it changed, and when that was seen.
    changed: Option<(String, Timestamp)>,
}

/// One alarm.
#[derive(Clone, Debug)]
struct AlarmLine {
    on: bool,
    reason: String,
    since: Option<Timestamp>,
    changed: Option<Timestamp>,
}

/// One NATS cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NatsLine {
    nodes: usize,
    silent: Vec<String>,
    connections: usize,
}

impl Watch {
    /// A watch over these sources, none of which has answered.
    pub fn over(collectors: &[Arc<dyn Collector>]) -> Self {
        let sources = collectors.iter().map(|one| (one.id().clone(), SourceHealth::untried(one.id().clone(), one.interval())));
        Self { sources: sources.collect(), ..Self::default() }
    }

    /// Whether every source has been tried once.
    pub fn all_tried(&self) -> bool {
        self.sources.values().all(|health| health.last_attempt.is_some())
    }

    /// Whether any source has answered.
    pub fn any_read(&self) -> bool {
        self.sources.values().any(|health| health.last_success.is_some())
    }

    /// Takes a sweep in.
    pub fn take(&mut self, sweep: &Sweep) {
        let first = self.sources.get(&sweep.source).is_none_or(|health| health.last_success.is_none());
        self.note(sweep);
        let at = sweep.finished;
        match &sweep.reading {
            Some(Reading::Ecs(reading)) => {
                for cluster in &reading.clusters.items {
                    self.take_cluster(cluster, &sweep.source, at, first);
                }
                if reading.clusters.whole {
                    let clusters: Vec<&str> = reading.clusters.items.iter().map(|cluster| cluster.name.as_str()).collect();
                    self.services.retain(|(cluster, _), line| line.source != sweep.source || clusters.contains(&cluster.as_str()));
                }
            }
            Some(Reading::Alarms(reading)) => {
                let before = std::mem::take(&mut self.alarms);
                self.alarms_in_all = reading.alarms.items.len();
                for alarm in &reading.alarms.items {
                    let on = alarm.state == AlarmState::Alarm;
                    let known = before.get(&alarm.name);
                    let moved = known.map_or(on && !first, |known| known.on != on);
                    let changed = if moved { Some(at) } else { known.and_then(|known| known.changed) };
                    let line = AlarmLine { on, reason: alarm.reason.clone().unwrap_or_default(), since: alarm.since, changed };
                    self.alarms.insert(alarm.name.clone(), line);
                }
            }
            Some(Reading::Nats(reading)) => {
                let line = NatsLine {
                    nodes: reading.nodes.items.len(),
                    silent: reading.silent.clone(),
                    connections: reading.connections.items.len(),
                };
                self.nats.insert(sweep.source.scope.clone(), line);
            }
            _ => {}
        }
    }

    fn note(&mut self, sweep: &Sweep) {
        let unknown = || SourceHealth::untried(sweep.source.clone(), Duration::from_secs(15));
        let health = self.sources.entry(sweep.source.clone()).or_insert_with(unknown);
        health.last_attempt = Some(sweep.finished);
        health.calls_last_sweep = sweep.calls;
        health.took_ms = u32::try_from(sweep.finished.since(sweep.started).as_millis()).unwrap_or(u32::MAX);
        if !matches!(sweep.outcome, Outcome::Failed { .. }) {
            health.last_success = Some(sweep.finished);
        }
        health.outcome = Some(sweep.outcome.clone());
    }

    fn take_cluster(&mut self, cluster: &ClusterReading, source: &SourceId, at: Timestamp, first: bool) {
        let mut tasks: BTreeMap<&str, Vec<&Task>> = BTreeMap::new();
        for task in &cluster.tasks.items {
            tasks.entry(task.service.as_deref().unwrap_or_default()).or_default().push(task);
        }
        let mut seen = Vec::new();
        for observed in &cluster.services.items {
            let service = &observed.service;
            let key = (cluster.name.clone(), service.name.clone());
            let judgement = judge(service, tasks.get(service.name.as_str()).into_iter().flatten().copied(), false);
            let (desired, running, pending) = (service.desired, service.running, service.pending);
            let before = self.services.get(&key);
            let mut line = Line { desired, running, pending, judgement, source: source.clone(), changed: None };
            line.changed = match before {
                Some(before) if before.differs(&line) => Some((before.short(), at)),
                Some(before) => before.changed.clone(),
                None if first => None,
                None => Some(("not there".to_owned(), at)),
            };
            seen.push(key.1.clone());
            self.services.insert(key, line);
        }
        if cluster.services.whole {
            self.services.retain(|(of, service), line| *of != cluster.name || line.source != *source || seen.contains(service));
        }
    }
}

impl Line {
    fn differs(&self, other: &Self) -> bool {
        (self.desired, self.running, self.judgement.standing) != (other.desired, other.running, other.judgement.standing)
    }

    /// `up 2/2`
    fn short(&self) -> String {
        format!("{} {}/{}", self.judgement.standing.title(), self.running, self.desired)
    }

    /// Its standing as of `now`: what a silent source said last is not known any more.
    fn standing(&self, stale: bool) -> Standing {
        if stale { Standing::Unknown } else { self.judgement.standing }
    }
}

/// Sweeps `collectors` again and again and hands on what they bring, until nobody listens any more.
pub fn sweeping(collectors: Vec<Arc<dyn Collector>>, clock: &Arc<dyn Clock>) -> mpsc::Receiver<Sweep> {
    let (sender, receiver) = mpsc::channel(collectors.len().max(1));
    for collector in collectors {
        let (sender, clock) = (sender.clone(), Arc::clone(clock));
        tokio::spawn(async move {
            while sender.send(collector.sweep().await).await.is_ok() {
                clock.sleep(collector.interval()).await;
            }
        });
    }
    receiver
}

#[cfg(test)]
mod tests;
