//! One service: everything known of it now, and what is kept of what was.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{AlarmRow, LastWords, PlanQuery, ServiceRow, TimelineEntry};
use crate::Timestamp;
use crate::judge::Tone;
use crate::service::{Deployment, Health, ServiceKey, TaskDefinition, revision_name};
use crate::timeline::{EventKind, left_behind};

/// Most earlier revisions that are named: who wants an older one knows its ARN.
const MOST_EARLIER: usize = 5;

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

impl ServiceDetail {
    /// Other revisions it ran, by full ARN, the newest first: those of its deployments, its tasks and its record. What it is
    /// meant to run is not among them.
    pub fn earlier(&self) -> Vec<String> {
        let primary = || self.deployments.iter().find(|of| of.status == "PRIMARY").and_then(|of| of.revision.as_deref());
        let Some(current) = self.definition.as_ref().map(|of| of.arn.as_str()).or_else(primary) else { return Vec::new() };
        let deployed = self.deployments.iter().filter_map(|of| of.revision.as_deref()).map(revision_name);
        let ran = self.tasks.iter().filter_map(|task| task.revision.as_deref());
        let stopped = self.stopped.iter().filter_map(|stop| stop.revision.as_deref());
        let began = self.record.iter().filter(|entry| entry.kind == EventKind::Deployment).filter_map(|entry| left_behind(&entry.text));
        others(current, deployed.chain(ran).chain(stopped).chain(began))
    }
}

/// Revisions of the family of `current`, of these as `family:number`, but for itself. An ARN differs within a family by its
/// number alone.
fn others<'a>(current: &str, named: impl Iterator<Item = &'a str>) -> Vec<String> {
    let parts = |name: &'_ str| -> Option<(String, u32)> {
        let (family, number) = name.rsplit_once(':')?;
        Some((family.to_owned(), number.parse().ok()?))
    };
    let Some((place, (family, number))) = current.rsplit_once('/').and_then(|(place, name)| Some((place, parts(name)?))) else {
        return Vec::new();
    };
    let numbers: BTreeSet<u32> =
        named.filter_map(parts).filter(|(of, other)| *of == family && *other != number).map(|(_, of)| of).collect();
    numbers.into_iter().rev().take(MOST_EARLIER).map(|number| format!("{place}/{family}:{number}")).collect()
}

/// The page that puts a service back to a revision it left, `family:number`; nothing where it runs that, by full ARN, or something
/// of another family.
pub fn way_back(key: &ServiceKey, runs: &str, left: &str) -> Option<String> {
    let arn = others(runs, std::iter::once(left)).pop()?;
    Some(PlanQuery::put_back(key, &arn).path())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_revisions_are_of_the_same_family_and_the_newest_come_first() {
        let current = "arn:aws:ecs:us-east-1:111122223333:task-definition/auth:23";
        let place = "arn:aws:ecs:us-east-1:111122223333:task-definition";
        for (named, found) in [
            (&["auth:23"][..], &[][..]),
            (&["auth:9", "auth:22", "auth:23", "auth:22"], &["auth:22", "auth:9"]),
            (&["payment:22", "auth", "auth:x", ""], &[]),
            (&["auth:1", "auth:2", "auth:3", "auth:4", "auth:5", "auth:6"], &["auth:6", "auth:5", "auth:4", "auth:3", "auth:2"]),
        ] {
            let found: Vec<String> = found.iter().map(|name| format!("{place}/{name}")).collect();
            assert_eq!(others(current, named.iter().copied()), found, "{named:?}");
        }
        assert!(others("auth:23", ["auth:22"].into_iter()).is_empty(), "no ARN, no place");
    }
}
