//! One service: everything known of it now, and what is kept of what was.

use serde::{Deserialize, Serialize};

use super::{AlarmRow, LastWords, ServiceRow, TimelineEntry};
use crate::Timestamp;
use crate::judge::Tone;
use crate::service::{Deployment, Health, TaskDefinition};

/// A service's page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceDetail {
    /// The store's revision this was read at.
    pub revision: u64,
    /// The service as in the list.
    pub row: ServiceRow,
    /// Its full ARN.
    pub arn: String,
    /// Whether it is in the cluster still.
    pub present: bool,
    /// `FARGATE`, `EC2`, …
    pub launch_type: Option<String>,
    /// `ECS`, `CODE_DEPLOY`, `EXTERNAL`.
    pub controller: Option<String>,
    /// Why nobody should touch it, where the config says so.
    pub do_not_touch: Option<String>,
    /// The revision it is meant to run, read once.
    pub definition: Option<TaskDefinition>,
    /// Its deployments, newest first.
    pub deployments: Vec<Deployment>,
    /// Its tasks, oldest first.
    pub tasks: Vec<TaskRow>,
    /// Its stops, newest first: at most 20.
    pub stopped: Vec<StoppedTaskRow>,
    /// How many stops are on record.
    pub stopped_on_record: u64,
    /// Alarms that watch it.
    pub alarms: Vec<AlarmRow>,
    /// What nobody watches, in words; empty when all that should be is watched.
    pub unwatched: Vec<String>,
    /// What is on record of it, newest first: at most 50.
    pub record: Vec<TimelineEntry>,
    /// When its ECS source last answered.
    pub observed: Option<Timestamp>,
    /// Why it cannot be trusted as current.
    pub stale: Option<String>,
    /// Why the connections below cannot be trusted as current.
    pub connections_stale: Option<String>,
    /// Why the alarms cannot be trusted as current.
    pub alarms_stale: Option<String>,
}

/// One task that is not stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskRow {
    /// Last part of its ARN.
    pub id: String,
    /// `RUNNING`, `PENDING`, …
    pub status: String,
    /// ECS's word on its health.
    pub health: Health,
    /// Its private address.
    pub address: Option<String>,
    /// Availability zone.
    pub zone: Option<String>,
    /// Its revision, as `family:number`.
    pub revision: Option<String>,
    /// When it reached RUNNING.
    pub started: Option<Timestamp>,
    /// NATS connections from its address, opened while it lived.
    pub connections: Vec<ConnectionRow>,
}

impl TaskRow {
    /// How its lamp is drawn.
    pub fn tone(&self) -> Tone {
        match (self.status.as_str(), self.health) {
            (_, Health::Unhealthy) => Tone::Bad,
            ("RUNNING", _) => Tone::Good,
            _ => Tone::Move,
        }
    }
}

/// One NATS connection of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionRow {
    /// The node that holds it.
    pub node: String,
    /// The node's number for it.
    pub cid: u64,
    /// The client's own name.
    pub name: Option<String>,
    /// The user it came in as.
    pub user: Option<String>,
    /// Whether it uses TLS, and which version.
    pub tls: Option<String>,
    /// Client library and version.
    pub client: Option<String>,
    /// When it connected.
    pub started: Option<Timestamp>,
}

/// One stopped task, kept after ECS forgot it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoppedTaskRow {
    /// Last part of its ARN.
    pub id: String,
    /// When it had stopped.
    pub stopped: Timestamp,
    /// When it had started, if it ever ran.
    pub started: Option<Timestamp>,
    /// Exit code of the container that ended it.
    pub exit_code: Option<i32>,
    /// ECS's stop code.
    pub code: Option<String>,
    /// ECS's words.
    pub reason: Option<String>,
    /// The container runtime's words.
    pub container_reason: Option<String>,
    /// Its revision, as `family:number`.
    pub revision: Option<String>,
    /// Availability zone.
    pub zone: Option<String>,
    /// How bad that is.
    pub tone: Tone,
    /// What it said last; told on the service's own page only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<LastWords>,
    /// The entry of the timeline that tells of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<i64>,
}
