//! ECS services, deployments, tasks and task definitions, in ECS's own terms.
//!
//! Only what was read; no judgement (that is [`crate::judge`]). Numbers that move by themselves are not here, so that
//! two readings of an unchanged service are equal and a quiet sweep writes nothing.

mod hardening;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

pub use hardening::{Hardening, looks_secret, sets_nats};

/// Where a service lives: its environment (config name) and what AWS calls it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceKey {
    /// Name of the environment in the config.
    pub environment: String,
    /// Name of the ECS cluster.
    pub cluster: String,
    /// Name of the service.
    pub service: String,
}

impl ServiceKey {
    /// The path of the service's page, with every part percent-encoded.
    pub fn path(&self) -> String {
        format!("/services/{}/{}/{}", encoded(&self.environment), encoded(&self.cluster), encoded(&self.service))
    }
}

/// `text` as one segment of a URL path (RFC 3986, unreserved characters kept).
pub fn encoded(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            // writing to a String cannot fail
            write!(out, "%{byte:02X}").unwrap_or_default();
        }
        out
    })
}

/// What [`encoded`] was made from. What is no UTF-8 becomes visible replacement characters; a `%` that begins no escape stays.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).filter(|hex| *first == b'%' && hex.iter().all(u8::is_ascii_hexdigit));
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A service as DescribeServices answers it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Service {
    /// Its name within the cluster.
    pub name: String,
    /// Its full ARN.
    pub arn: String,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`; anything else is shown raw.
    pub status: String,
    /// Tasks it wants.
    pub desired: u32,
    /// Tasks in RUNNING.
    pub running: u32,
    /// Tasks in PENDING.
    pub pending: u32,
    /// `FARGATE`, `EC2`, `EXTERNAL`; absent with a capacity provider strategy.
    pub launch_type: Option<String>,
    /// `REPLICA` or `DAEMON`.
    pub scheduling: Option<String>,
    /// `ECS`, `CODE_DEPLOY` or `EXTERNAL`.
    pub controller: Option<String>,
    /// The revision it is meant to run, by full ARN.
    pub revision: Option<String>,
    /// Newest first, as ECS orders them.
    pub deployments: Vec<Deployment>,
    /// Tags, where the caller may read them.
    pub tags: BTreeMap<String, String>,
    /// Target groups behind which its tasks stand.
    pub target_groups: Vec<String>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// How its tasks are replaced. None where it was never told: an older Signalbox did not keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacing: Option<Replacing>,
}

/// How ECS replaces the tasks of a service: its `deploymentConfiguration`, as far as readiness asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Replacing {
    /// Whether the deployment circuit breaker ends a deployment whose tasks fail.
    pub breaker: bool,
    /// Whether it then brings the former revision back.
    pub rollback: bool,
    /// Percent of the desired tasks that stay healthy meanwhile; none where ECS does not say.
    pub fewest_percent: Option<u32>,
    /// Percent of the desired tasks there may be meanwhile; none where ECS does not say.
    pub most_percent: Option<u32>,
}

impl Service {
    /// The deployment ECS is steering towards.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.status == "PRIMARY")
    }

    /// Whether `newer` differs in nothing but how many tasks there are: those are numbers over time and no state. Nor is it
    /// another state that we came to read more of it than an older Signalbox did.
    pub fn same_but_for_counts(&self, newer: &Self) -> bool {
        let mut newer = newer.uncounted();
        if self.replacing.is_none() {
            newer.replacing = None;
        }
        self.uncounted() == newer
    }

    fn uncounted(&self) -> Self {
        let mut plain = Self { desired: 0, running: 0, pending: 0, ..self.clone() };
        for deployment in &mut plain.deployments {
            (deployment.desired, deployment.running, deployment.pending, deployment.failed) = (0, 0, 0, 0);
        }
        plain
    }
}

/// One deployment of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deployment {
    /// `ecs-svc/…`; its tasks carry it as `startedBy`.
    pub id: String,
    /// `PRIMARY`, `ACTIVE` or `INACTIVE`.
    pub status: String,
    /// The revision it brings, by full ARN.
    pub revision: Option<String>,
    /// Tasks it wants.
    pub desired: u32,
    /// Its tasks in RUNNING.
    pub running: u32,
    /// Its tasks in PENDING.
    pub pending: u32,
    /// Consecutive failed starts; resets when one runs.
    pub failed: u32,
    /// `IN_PROGRESS`, `COMPLETED`, `FAILED`. Absent (Classic Load Balancer) must not read as completed.
    pub rollout_state: Option<String>,
    /// ECS's reason for that state.
    pub rollout_reason: Option<String>,
    /// When it began.
    pub created: Option<Timestamp>,
}

/// One line of a service's event list. ECS keeps the newest 100; the timeline keeps them all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceEvent {
    /// ECS's id of the event.
    pub id: String,
    /// When it happened.
    pub at: Timestamp,
    /// ECS's words.
    pub message: String,
}

/// A container's or task's health as ECS reports it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Health {
    /// The check passes.
    Healthy,
    /// The check fails.
    Unhealthy,
    /// No check is defined, or it is still being evaluated.
    #[default]
    Unknown,
}

impl Health {
    /// ECS's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "HEALTHY",
            Self::Unhealthy => "UNHEALTHY",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// A task as DescribeTasks answers it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Task {
    /// Its full ARN.
    pub arn: String,
    /// The service it belongs to; none for a stand-alone task.
    pub service: Option<String>,
    /// Its revision, by full ARN.
    pub revision: Option<String>,
    /// `PROVISIONING` … `RUNNING` … `STOPPED`.
    pub last_status: String,
    /// `RUNNING` or `STOPPED`.
    pub desired_status: String,
    /// Health over all its containers.
    pub health: Health,
    /// Private IPv4 address of its network interface (awsvpc).
    pub address: Option<String>,
    /// Availability zone.
    pub zone: Option<String>,
    /// The deployment that started it.
    pub started_by: Option<String>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When it reached RUNNING.
    pub started: Option<Timestamp>,
    /// When it began to stop.
    pub stopping: Option<Timestamp>,
    /// When it had stopped.
    pub stopped: Option<Timestamp>,
    /// `EssentialContainerExited`, `TaskFailedToStart`, …
    pub stop_code: Option<String>,
    /// ECS's words on why.
    pub stopped_reason: Option<String>,
    /// Its containers.
    pub containers: Vec<Container>,
}

impl Task {
    /// The last part of the ARN: what people paste.
    pub fn id(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }

    /// Whether it has stopped.
    pub fn has_stopped(&self) -> bool {
        self.last_status == "STOPPED"
    }

    /// The exit code of the container that ended it: the first that is not zero, else the first at all.
    pub fn exit_code(&self) -> Option<i32> {
        let codes = || self.containers.iter().filter_map(|container| container.exit_code);
        codes().find(|code| *code != 0).or_else(|| codes().next())
    }

    /// Why it stopped, in one phrase: exit code, a container's own reason, else ECS's words.
    pub fn stop_phrase(&self) -> String {
        let container = self.containers.iter().find_map(|container| container.reason.as_deref());
        let reason = container.or(self.stopped_reason.as_deref()).or(self.stop_code.as_deref());
        match (self.exit_code(), reason) {
            (Some(code), Some(reason)) => format!("exit {code}, {}", crate::text::shown(reason)),
            (Some(code), None) => format!("exit {code}"),
            (None, Some(reason)) => crate::text::shown(reason),
            (None, None) => "no reason given".to_owned(),
        }
    }
}

/// One container of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Container {
    /// Its name in the task definition.
    pub name: String,
    /// Image as written in the task definition.
    pub image: Option<String>,
    /// Digest of what really runs.
    pub digest: Option<String>,
    /// `RUNNING`, `STOPPED`, …
    pub last_status: Option<String>,
    /// Its own health.
    pub health: Health,
    /// Exit code, once it has exited.
    pub exit_code: Option<i32>,
    /// The runtime's words, such as `OutOfMemoryError: Container killed due to memory usage`.
    pub reason: Option<String>,
}

/// A revision: never changes once registered, so it is read once and kept for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskDefinition {
    /// Full ARN with revision number.
    pub arn: String,
    /// Family.
    pub family: String,
    /// Revision number.
    pub revision: u32,
    /// CPU units of the task (1,024 = one vCPU).
    pub cpu: Option<String>,
    /// Memory of the task in MiB.
    pub memory: Option<String>,
    /// Its containers. Environment values are never read into this type: they hold secrets.
    pub containers: Vec<ContainerDefinition>,
}

/// One container of a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContainerDefinition {
    /// Its name.
    pub name: String,
    /// Image as written.
    pub image: String,
    /// Whether its exit stops the task.
    pub essential: bool,
    /// Its health check, if one is defined.
    pub health_check: Option<HealthCheck>,
    /// CloudWatch log group, with the awslogs driver.
    pub log_group: Option<String>,
    /// Log driver: `awslogs`, `awsfirelens`, `splunk`, …
    #[serde(default)]
    pub log_driver: Option<String>,
    /// Region of that log group.
    #[serde(default)]
    pub log_region: Option<String>,
    /// What the names of its log streams begin with (`awslogs-stream-prefix`).
    #[serde(default)]
    pub log_prefix: Option<String>,
    /// What it may do and is told. None where it was never read: an older Signalbox did not keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardening: Option<Hardening>,
}

/// A container health check; spans in seconds, limits in the ECS API reference (`HealthCheck`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthCheck {
    /// `CMD` or `CMD-SHELL` and its words.
    pub command: Vec<String>,
    /// Seconds between checks.
    pub interval: u32,
    /// Seconds a check may take.
    pub timeout: u32,
    /// Failures in a row that make it UNHEALTHY.
    pub retries: u32,
    /// Seconds after start in which failures do not count.
    pub start_period: u32,
}

/// The family and number of a revision ARN, as people say it: `story-teller-nats:19`.
pub fn revision_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_is_told_by_code_and_reason() {
        let mut task = Task { stopped_reason: Some("Essential container in task exited".into()), ..Task::default() };
        assert_eq!(task.stop_phrase(), "Essential container in task exited");
        task.containers = vec![
            Container { exit_code: Some(0), ..Container::default() },
            Container { exit_code: Some(137), reason: Some("OutOfMemoryError: killed".into()), ..Container::default() },
        ];
        assert_eq!(task.stop_phrase(), "exit 137, OutOfMemoryError: killed");
    }

    #[test]
    fn counts_are_no_state() {
        let deployment = Deployment { id: "d1".into(), desired: 2, running: 2, ..Deployment::default() };
        let service = Service { name: "auth".into(), desired: 2, running: 2, deployments: vec![deployment], ..Service::default() };
        let mut other = Service { desired: 3, running: 1, pending: 2, ..service.clone() };
        (other.deployments[0].running, other.deployments[0].failed) = (1, 4);
        assert!(service.same_but_for_counts(&other) && service != other);
        other.deployments[0].rollout_state = Some("FAILED".into());
        assert!(!service.same_but_for_counts(&other));
    }

    #[test]
    fn what_is_read_for_the_first_time_is_no_other_state() {
        let older = Service { name: "auth".into(), ..Service::default() };
        let with = |breaker| Service { replacing: Some(Replacing { breaker, ..Replacing::default() }), ..older.clone() };
        assert!(older.same_but_for_counts(&with(true)));
        assert!(!with(true).same_but_for_counts(&with(false)));
        assert!(!serde_json::to_string(&older).unwrap().contains("replacing"), "and what an older one wrote is written alike");
    }

    #[test]
    fn a_path_holds_any_name() {
        let key = ServiceKey { environment: "prod eu".into(), cluster: "a/b".into(), service: "é<".into() };
        assert_eq!(key.path(), "/services/prod%20eu/a%2Fb/%C3%A9%3C");
    }

    #[test]
    fn what_was_encoded_is_decoded() {
        for text in ["", "auth", "a/b?c#d&e", "é<\u{202E}", "100%", "%2", "+"] {
            assert_eq!(decoded(&encoded(text)), text);
        }
        assert_eq!([decoded("100%"), decoded("%zz%+1"), decoded("%FF")], ["100%", "%zz%+1", "\u{FFFD}"]);
    }
}
