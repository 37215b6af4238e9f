//! What one sweep brings home.
//!
//! The collectors fill these; the store compares them with what it holds. The trap: absence. A service that is not in
//! a list is gone only if the list was whole, so every list says whether it is, and the store closes nothing on the
//! word of a partial one. And silence: a large list tells only what has changed and names the rest, so that what is neither
//! told nor named is gone.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::alarm::{Alarm, HistoryItem};
use crate::cost::{Pace, Spent};
use crate::log::Heard;
use crate::nats::closed::ClosedReading;
use crate::nats::jetstream::{Consumer, Meta, Stream};
use crate::nats::{Connection, ConnectionCounters, Node, NodeCounters};
use crate::request::Answered;
use crate::series::{Metric, Point};
use crate::service::{Service, ServiceEvent, Task, TaskDefinition};
use crate::source::{Outcome, SourceId};

/// A list read from outside, and whether it is whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen<T> {
    /// What was read; of a source that tells changes only, what is not as its reading before had it.
    pub items: Vec<T>,
    /// Names of what is as the reading before had it, which was recorded. Empty where everything is told each time.
    #[serde(default)]
    pub rest: Vec<String>,
    /// Whether everything in scope was read, so that what is absent is gone.
    pub whole: bool,
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self { items: Vec::new(), rest: Vec::new(), whole: false }
    }
}

impl<T> Seen<T> {
    /// All that was read of a list, and whether it was read to its end.
    pub fn all(items: Vec<T>, whole: bool) -> Self {
        Self { items, rest: Vec::new(), whole }
    }

    /// A list that was read to its end.
    pub fn whole(items: Vec<T>) -> Self {
        Self::all(items, true)
    }

    /// A list that was cut short.
    pub fn partial(items: Vec<T>) -> Self {
        Self::all(items, false)
    }
}

/// One round of a collector over its scope.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// Which source was swept.
    pub source: SourceId,
    /// When the sweep began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// Calls it made.
    pub calls: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// What it read; nothing after a failure, nor from a source whose word is only a hint.
    pub reading: Option<Reading>,
    /// Which of its requests answered for what, where that is kept; nothing after a failure.
    pub requests: Vec<Answered>,
}

/// What a sweep read, by kind of source.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// An environment's ECS clusters.
    Ecs(EcsReading),
    /// An environment's alarms.
    Alarms(AlarmReading),
    /// A NATS cluster.
    Nats(NatsReading),
    /// Last words of an environment's stopped tasks.
    Logs(LogReading),
    /// Metrics of an environment's services.
    Metrics(MetricsReading),
}

/// An environment's ECS clusters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EcsReading {
    /// AWS account, as GetCallerIdentity or the ARNs say.
    pub account: String,
    /// Region.
    pub region: String,
    /// The clusters swept; `whole` when every configured (or existing) cluster is in it.
    pub clusters: Seen<ClusterReading>,
}

/// One ECS cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClusterReading {
    /// Its name.
    pub name: String,
    /// Its full ARN.
    pub arn: String,
    /// Its services.
    pub services: Seen<ObservedService>,
    /// Tasks that ECS wants running.
    pub tasks: Seen<Task>,
    /// Stopped tasks ECS still remembers (about an hour).
    pub stopped: Vec<Task>,
    /// Revisions read for the first time.
    pub definitions: Vec<TaskDefinition>,
}

/// A service with its event list, which is history rather than state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObservedService {
    /// The service.
    pub service: Service,
    /// Its newest events, newest first.
    pub events: Vec<ServiceEvent>,
}

/// An environment's alarms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlarmReading {
    /// AWS account.
    pub account: String,
    /// Region.
    pub region: String,
    /// The alarms.
    pub alarms: Seen<Alarm>,
    /// What happened to them, as far as it could be read.
    pub history: Option<AlarmHistory>,
}

/// A stretch of the alarms' history.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlarmHistory {
    /// What happened; `whole` when the stretch was read up to the end of the sweep.
    pub items: Seen<HistoryItem>,
    /// From when the next sweep is to read on.
    pub next: Timestamp,
}

/// Last words of an environment's stopped tasks: answers to what was owed, never a whole list of anything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogReading {
    /// One a task asked for.
    pub heard: Vec<Heard>,
}

/// A NATS cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NatsReading {
    /// Nodes that answered; `whole` when every node we know to expect did.
    pub nodes: Seen<(Node, NodeCounters)>,
    /// Client connections; `whole` when every node in `nodes` listed all of its own.
    pub connections: Seen<(Connection, ConnectionCounters)>,
    /// Nodes the others have routes to but that did not answer, by name.
    pub silent: Vec<String>,
    /// Of the nodes that answered, those whose connections were not listed to the end, by id.
    pub unlisted: Vec<String>,
    /// Connections that ended since they were last asked for; nothing when they were not asked for this time.
    pub closed: Option<ClosedReading>,
    /// Streams and consumers; nothing when no node has JetStream or none told of it.
    pub jetstream: Option<JetStreamReading>,
    /// The environments whose services use this cluster; none named: all.
    pub environments: Vec<String>,
    /// Whether the nodes' instants can be compared with ours: not in a demo that runs faster than the wall.
    pub real_time: bool,
}

/// JetStream of a NATS cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JetStreamReading {
    /// Its own leadership.
    pub meta: Option<Meta>,
    /// Streams; `whole` when every node with JetStream told of its own.
    pub streams: Seen<Stream>,
    /// Their consumers; whole as the streams are.
    pub consumers: Vec<Consumer>,
}

/// Metrics of an environment's services, as far as they were due.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricsReading {
    /// AWS account.
    pub account: String,
    /// Region.
    pub region: String,
    /// What was read, in any order; spans may overlap what was read before.
    pub series: Vec<SeriesReading>,
    /// Which spans were asked for to their end, so that none is asked for twice.
    pub asked: Vec<Asked>,
    /// Every call of the environment since the last such reading, by operation: what the month's bill is made of.
    pub spent: Vec<Spent>,
    /// How often is asked now, and why not more often.
    pub pace: Pace,
    /// The p99 the operator promised, in milliseconds.
    pub p99_target: Option<f64>,
}

/// Points of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesReading {
    /// ECS cluster.
    pub cluster: String,
    /// Service.
    pub service: String,
    /// What was measured.
    pub metric: Metric,
    /// The target group, for what a load balancer measures; else empty.
    pub detail: String,
    /// In any order, perhaps twice.
    pub points: Vec<Point>,
}

/// A span of a service's metrics that has been asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// ECS cluster.
    pub cluster: String,
    /// Service.
    pub service: String,
    /// The target group, or empty for CPU and memory.
    pub detail: String,
    /// From here …
    pub from: Timestamp,
    /// … to here, without a hole.
    pub to: Timestamp,
}
