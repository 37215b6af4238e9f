//! What the live checks are computed from: the facts of one service, borrowed from whoever read them.
//!
//! Separate from the checks so that reading and judging can be tested alone. Nothing here is judged; what was not read is
//! `None` and never a default. The trap is a time in which nobody looked: [`ServiceFacts::window`] leaves it out and says so.

use std::collections::BTreeMap;
use std::time::Duration;

use super::requests::RequestIds;
use crate::Timestamp;
use crate::alarm::Alarm;
use crate::nats::jetstream::Flow;
use crate::nats::{Connection, Node, Wire};
use crate::owner::Certainty;
use crate::readiness::evidence::Brought;
use crate::service::{ContainerDefinition, Service, ServiceKey, Task, TaskDefinition};
use crate::source::SourceHealth;
use crate::time::span;

/// What is known of one service. Borrowed: a thousand of these are made for one look at the fleet.
#[derive(Clone, Debug)]
pub struct ServiceFacts<'a> {
    /// Which service.
    pub key: &'a ServiceKey,
    /// The instant of the look.
    pub now: Timestamp,
    /// Why it is to be left alone, if it is marked so.
    pub marked: Option<&'a str>,
    /// As it was last read.
    pub service: &'a Service,
    /// The revision it is meant to run, where that was read.
    pub definition: Option<&'a TaskDefinition>,
    /// Its tasks that have not stopped.
    pub tasks: Vec<&'a Task>,
    /// Its counts from each change to the next, oldest first, beginning with those that held a day ago.
    pub counts: &'a [Count],
    /// Since when it has been watched.
    pub since: Timestamp,
    /// Times of the last half year in which ECS was not read.
    pub gaps: &'a [(Timestamp, Timestamp)],
    /// What happened to it.
    pub past: Past,
    /// Its load; none where no metric of it was read.
    pub usage: Option<Usage>,
    /// The alarms that watch it.
    pub alarms: Vec<Watching<'a>>,
    /// The NATS connections that are taken for its own.
    pub held: Vec<Held<'a>>,
    /// How many of them a task usually holds, once that is known.
    pub usual: Option<u64>,
    /// How full the fullest of them was at the newest reading: waiting bytes in permille of what its node holds for it.
    pub waiting: Option<u32>,
    /// Consumers that are its own: `stream / consumer`, how it stands, why.
    pub consumers: Vec<(&'a str, Flow, &'a str)>,
    /// As whom its connections come in, each once.
    pub identities: Vec<Identity<'a>>,
    /// By client language, the version that the fleet's connections have at least.
    pub floors: &'a BTreeMap<String, Version>,
    /// The rollout of ours that brought the revision it is meant to run, where one did.
    pub brought: Option<&'a Brought>,
    /// Which requests told of it ([`ServiceFacts::told_by`]).
    pub requests: RequestIds<'a>,
    /// How well its sources answer.
    pub sources: Sources<'a>,
}

/// Task counts from one instant to the next change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// When they began.
    pub at: Timestamp,
    /// Desired and running; none while it was not in its cluster.
    pub tasks: Option<(u32, u32)>,
}

/// What happened to a service, within the windows the checks ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Tasks of the last day that ended by the service's own failure.
    pub failures: u64,
    /// Times in the last day that a task could not be placed.
    pub unplaced: u64,
    /// How its tasks' time of the last day was spent; none where no task ran.
    pub health: Option<TaskTime>,
    /// How long tasks of the last day took from RUNNING to HEALTHY, as far as that was seen.
    pub starts: Vec<Duration>,
    /// When an UNHEALTHY task of it was last replaced, within half a year.
    pub replaced: Option<Timestamp>,
    /// Deployments of the last week that failed.
    pub failed_deployments: u64,
    /// Times in the last day that a node cut off connections of it that did not read fast enough.
    pub slow: u64,
    /// Connections that ended in the last day while their task went on.
    pub reconnects: u64,
    /// Connections without TLS that ended in the last day: as sweeps saw them or as nodes remember them, whichever are more.
    pub plaintext: u64,
}

/// Time of RUNNING tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskTime {
    /// Of it, while ECS called them HEALTHY.
    pub healthy: Duration,
    /// All of it.
    pub all: Duration,
}

/// The load of a service over a week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Up to when it was reckoned.
    pub at: Timestamp,
    /// 95th percentile of its CPU; none where too little of it is known.
    pub cpu: Option<Percentile>,
    /// The same, of its memory.
    pub memory: Option<Percentile>,
}

/// A percentile with what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percentile {
    /// In hundredths of a percent.
    pub value: i64,
    /// From so many points.
    pub points: u32,
}

/// An alarm of a service.
#[derive(Clone, Copy, Debug)]
pub struct Watching<'a> {
    /// The alarm.
    pub alarm: &'a Alarm,
    /// Whether somebody knows that it is on.
    pub acknowledged: bool,
}

/// A NATS connection of a service.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// Its source: `nats:main`.
    pub source: &'a str,
    /// The connection.
    pub connection: &'a Connection,
    /// How sure it is whose it is.
    pub certainty: Certainty,
    /// The task that holds it, where that is known.
    pub task: Option<&'a str>,
    /// What can be said about its TLS.
    pub wire: Wire,
}

/// As whom connections come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity<'a> {
    /// The user, nkey or certificate; none: they have none.
    pub name: Option<&'a str>,
    /// How many services of the NATS cluster come in by it.
    pub services: usize,
}

/// A version as numbers: `0.51.0` is `[0, 51, 0]`.
pub type Version = Vec<u64>;

/// The sources of a service's facts. None: there is no such source.
#[derive(Clone, Debug, Default)]
pub struct Sources<'a> {
    /// ECS of its environment.
    pub ecs: Option<&'a SourceHealth>,
    /// The alarms of its environment.
    pub alarms: Option<&'a SourceHealth>,
    /// The metrics of its environment.
    pub metrics: Option<&'a SourceHealth>,
    /// The NATS clusters that serve its environment.
    pub nats: Vec<NatsSource<'a>>,
}

/// A NATS cluster that serves a service's environment.
#[derive(Clone, Copy, Debug)]
pub struct NatsSource<'a> {
    /// How well it answers.
    pub health: &'a SourceHealth,
    /// Its id: `nats:main`.
    pub id: &'a str,
    /// Since when it has been read; none: never.
    pub since: Option<Timestamp>,
    /// Its nodes.
    pub nodes: &'a [NodeFacts],
    /// When a node last closed more connections than it remembers, within the last day.
    pub forgot: Option<Timestamp>,
}

/// A node as it last answered.
#[derive(Clone, Debug)]
pub struct NodeFacts {
    /// What it said.
    pub node: Node,
    /// Whether it still answers.
    pub answers: bool,
}

/// A span that is looked back over, and how much of it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end: when the source was last read.
    pub to: Timestamp,
    /// How much of it somebody looked.
    pub seen: Duration,
    wanted: Duration,
}

impl Window {
    /// From `wanted` before `to`, but not from before `since`, less the gaps.
    pub fn new(wanted: Duration, since: Timestamp, to: Timestamp, gaps: &[(Timestamp, Timestamp)]) -> Self {
        let from = to.minus(wanted).max(since).min(to);
        let whole = to.since(from);
        let lost: Duration = gaps.iter().map(|(begins, ends)| overlap((*begins, *ends), (from, to))).sum();
        Self { from, to, seen: whole.saturating_sub(lost), wanted }
    }

    /// `in the last 24 h`, `in the 40 min it has been watched`, `…, of which 2 h were seen`.
    pub fn words(&self) -> String {
        let whole = self.to.since(self.from);
        let said = if whole >= self.wanted {
            format!("in the last {}", span(self.wanted))
        } else {
            format!("in the {} it has been watched", span(whole))
        };
        if self.seen < whole { format!("{said}, of which {} were seen", span(self.seen)) } else { said }
    }
}

/// How long two spans have in common.
pub(super) fn overlap(one: (Timestamp, Timestamp), other: (Timestamp, Timestamp)) -> Duration {
    one.1.min(other.1).since(one.0.max(other.0))
}

impl<'a> ServiceFacts<'a> {
    /// A span that ends when ECS was last read.
    pub(super) fn window(&self, wanted: Duration, to: Timestamp) -> Window {
        Window::new(wanted, self.since, to, self.gaps)
    }

    /// The containers of its revision; none where that was not read.
    pub(super) fn containers(&self) -> Option<&'a [ContainerDefinition]> {
        self.definition.map(|definition| definition.containers.as_slice()).filter(|containers| !containers.is_empty())
    }

    /// Its tasks in RUNNING.
    pub(super) fn running(&self) -> impl Iterator<Item = &'a Task> {
        self.tasks.iter().copied().filter(|task| task.last_status == "RUNNING")
    }

    /// The NATS clusters that tell of it: those that hold its connections, and all that could where none does.
    pub(super) fn clusters(&self) -> impl Iterator<Item = &NatsSource<'a>> {
        self.sources.nats.iter().filter(move |of| self.held.is_empty() || self.held.iter().any(|held| held.source == of.id))
    }

    /// Their names, for a record.
    pub(super) fn nats_names(&self) -> String {
        self.clusters().map(|of| of.id).collect::<Vec<_>>().join(", ")
    }

    /// The nodes that hold its connections, each once.
    pub(super) fn nodes(&self) -> Vec<&'a NodeFacts> {
        let of = |source: &NatsSource<'a>| {
            let (id, nodes) = (source.id, source.nodes);
            nodes.iter().filter(move |of| self.held.iter().any(|held| held.source == id && held.connection.node == of.node.id))
        };
        self.sources.nats.iter().flat_map(of).collect()
    }
}
