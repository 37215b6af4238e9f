//! The append-only record of what happened, and the pure comparisons that find what belongs in it.
//!
//! ECS forgets a stop after an hour and an event after a hundred more; the timeline does not. Entries are derived by
//! comparing what was known with what was just read, so a collector restart or a repeated answer adds nothing: every
//! entry carries a natural key, and the store takes each key once. The trap: deriving an entry from *when we looked*;
//! `at` is always when it happened, as far as the source says.

mod alarm;
mod rollout;
pub mod shared;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::judge::{Judgement, Standing, Tone};
use crate::nats::Node;
use crate::nats::jetstream::Flow;
use crate::service::{Health, Service, ServiceEvent, Task, revision_name};
use crate::source::SourceId;
use crate::text;
use crate::time::span;

pub use alarm::{AlarmNews, AlarmPlace, Known, acknowledged, acknowledgement_ended, alarm_news, alarm_tone};
pub use rollout::{rolled, turned};

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A task stopped.
    TaskStopped,
    /// A task's health changed.
    TaskHealth,
    /// A line of a service's own event list.
    ServiceEvent,
    /// A deployment began, completed or failed.
    Deployment,
    /// A service appeared, vanished, wants another count, went down or came up.
    Service,
    /// An alarm changed state, appeared or vanished.
    Alarm,
    /// A NATS node restarted, fell silent, answered again, changed version.
    Node,
    /// A source failed or answered again: a gap in what we know.
    Source,
    /// Something a person did here, such as acknowledging an alarm.
    Act,
    /// NATS connections ended.
    Connection,
    /// A stream or consumer got stuck, fell behind or is well again.
    Jetstream,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::TaskStopped,
        Self::TaskHealth,
        Self::ServiceEvent,
        Self::Deployment,
        Self::Service,
        Self::Alarm,
        Self::Node,
        Self::Source,
        Self::Act,
        Self::Connection,
        Self::Jetstream,
    ];

    /// The word in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TaskStopped => "task_stopped",
            Self::TaskHealth => "task_health",
            Self::ServiceEvent => "service_event",
            Self::Deployment => "deployment",
            Self::Service => "service",
            Self::Alarm => "alarm",
            Self::Node => "node",
            Self::Source => "source",
            Self::Act => "act",
            Self::Connection => "connection",
            Self::Jetstream => "jetstream",
        }
    }

    /// What one such entry is, in a word or two.
    pub const fn title(self) -> &'static str {
        match self {
            Self::TaskStopped => "task stop",
            Self::TaskHealth => "task health",
            Self::ServiceEvent => "ECS event",
            Self::Deployment => "deployment",
            Self::Service => "service",
            Self::Alarm => "alarm",
            Self::Node => "NATS node",
            Self::Source => "source",
            Self::Act => "act of ours",
            Self::Connection => "NATS connections",
            Self::Jetstream => "streams",
        }
    }

    /// From the stored word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// An entry before the store gave it an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// When it happened, as far as the source says.
    pub at: Timestamp,
    /// What makes it this entry and no other; the store takes each key once.
    pub key: String,
    /// What it is about.
    pub kind: EventKind,
    /// How it is drawn.
    pub tone: Tone,
    /// Cluster and service it concerns, where it concerns one.
    pub service: Option<(String, String)>,
    /// What it is about, by name: a service, an alarm, a node, a source.
    pub subject: String,
    /// What happened, as the rest of a sentence after the subject.
    pub text: String,
}

/// Which service an entry is about; kept small so that callers can name it in one expression.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// ECS cluster name.
    pub cluster: &'a str,
    /// Service name.
    pub service: &'a str,
}

impl About<'_> {
    fn event(self, at: Timestamp, key: String, kind: EventKind, tone: Tone, text: String) -> NewEvent {
        NewEvent {
            at,
            key,
            kind,
            tone,
            service: Some((self.cluster.to_owned(), self.service.to_owned())),
            subject: self.service.to_owned(),
            text,
        }
    }
}

/// What changed between two readings of a service. `None` before: it appeared; `None` after: it is gone.
pub fn service_changes(about: About<'_>, before: Option<&Service>, after: Option<&Service>, at: Timestamp) -> Vec<NewEvent> {
    let key = |what: &str| format!("service:{}/{}:{what}:{}", about.cluster, about.service, at.as_micros());
    let event = |what: &str, kind, tone, text| about.event(at, key(what), kind, tone, text);
    match (before, after) {
        (None, None) => Vec::new(),
        (None, Some(_)) => vec![event("appeared", EventKind::Service, Tone::Quiet, "appeared in the cluster".into())],
        (Some(_), None) => vec![event("gone", EventKind::Service, Tone::Warn, "is no longer in the cluster".into())],
        (Some(before), Some(after)) => {
            let mut events = Vec::new();
            if before.desired != after.desired {
                let text = format!("wants {} instead of {}", text::count(after.desired.into(), "task"), before.desired);
                events.push(event("desired", EventKind::Service, Tone::Quiet, text));
            }
            events.extend(deployment_changes(about, before, after, at));
            events
        }
    }
}

fn deployment_changes(about: About<'_>, before: &Service, after: &Service, at: Timestamp) -> Vec<NewEvent> {
    let Some(now) = after.primary() else { return Vec::new() };
    let revision = now.revision.as_deref().map_or("an unnamed revision", revision_name);
    let event = |what: &str, at, tone, text| about.event(at, format!("deployment:{}:{what}", now.id), EventKind::Deployment, tone, text);
    let was = before.primary().filter(|was| was.id == now.id);
    let mut events = Vec::new();
    if was.is_none() {
        let from = before.revision.as_deref().map(|from| format!(" from {}", revision_name(from))).unwrap_or_default();
        events.push(event("began", now.created.unwrap_or(at), Tone::Move, format!("deployment to {revision}{from} began")));
    }
    let state = now.rollout_state.as_deref();
    if was.is_some_and(|was| was.rollout_state.as_deref() != state) {
        let why = now.rollout_reason.as_deref().map(|why| format!(": {}", text::shown(why))).unwrap_or_default();
        match state {
            Some("COMPLETED") => events.push(event("completed", at, Tone::Good, format!("deployment to {revision} completed"))),
            Some("FAILED") => events.push(event("failed", at, Tone::Bad, format!("deployment to {revision} failed{why}"))),
            _ => {}
        }
    }
    events
}

/// The revision a deployment left, by family and number, as the entry of its beginning tells it; nothing for any other entry.
pub fn left_behind(text: &str) -> Option<&str> {
    text.strip_prefix("deployment to ")?.strip_suffix(" began")?.split_once(" from ").map(|(_, from)| from)
}

/// A change of standing worth a line: going down, coming back, contradicting its mark.
pub fn standing_change(about: About<'_>, before: (Standing, Timestamp), after: &Judgement, at: Timestamp) -> Option<NewEvent> {
    let (was, since) = before;
    let (tone, text) = match after.standing {
        now if now == was => return None,
        Standing::Down => (Tone::Bad, format!("is down: {}", after.reasons.join(", "))),
        Standing::Contradiction => (Tone::Warn, after.reasons.join(", ")),
        Standing::Up if was == Standing::Down => (Tone::Good, format!("is up again after {}", span(at.since(since)))),
        Standing::Up => (Tone::Good, "is up".to_owned()),
        Standing::Off => (Tone::Quiet, "is off: it wants no task".to_owned()),
        Standing::OffOnPurpose => (Tone::Quiet, "is off on purpose".to_owned()),
        Standing::Unknown => return None,
    };
    let key = format!("standing:{}/{}:{}", about.cluster, about.service, at.as_micros());
    Some(about.event(at, key, EventKind::Service, tone, text))
}

/// A line of a service's own event list.
pub fn service_event(about: About<'_>, event: &ServiceEvent) -> NewEvent {
    let message = text::shown(&event.message);
    // ECS begins every message with "(service NAME)", which the subject already says
    let said = message.strip_prefix(&format!("(service {}) ", about.service)).unwrap_or(&message).to_owned();
    let tone = if said.contains("unable to") || said.contains("unhealthy") || said.contains("failed") { Tone::Warn } else { Tone::Quiet };
    about.event(event.at, format!("ecs-event:{}", event.id), EventKind::ServiceEvent, tone, said)
}

/// A stopped task.
pub fn task_stop(cluster: &str, task: &Task, seen: Timestamp) -> NewEvent {
    let id = text::shown(task.id());
    let at = task.stopped.or(task.stopping).unwrap_or(seen);
    let short = id.get(..8).unwrap_or(&id);
    NewEvent {
        at,
        key: format!("stop:{}", task.arn),
        kind: EventKind::TaskStopped,
        tone: stop_tone(task),
        service: task.service.clone().map(|service| (cluster.to_owned(), service)),
        subject: task.service.clone().unwrap_or_else(|| "stand-alone task".to_owned()),
        text: format!("task {short} stopped: {}", task.stop_phrase()),
    }
}

/// Whether a stop is the service's own failure, somebody's wish, or ECS at work.
pub fn stop_tone(task: &Task) -> Tone {
    let exited_badly = task.exit_code().is_some_and(|code| code != 0);
    match task.stop_code.as_deref() {
        Some("TaskFailedToStart" | "EssentialContainerExited") => Tone::Bad,
        Some("SpotInterruption" | "TerminationNotice" | "InfrastructureHealth") => Tone::Warn,
        // ECS stops with SIGTERM, so 143 or 137 after its own wish is no failure
        Some("ServiceSchedulerInitiated" | "UserInitiated") => {
            let unhealthy = task.stopped_reason.as_deref().is_some_and(|reason| reason.contains("health checks"));
            if unhealthy { Tone::Bad } else { Tone::Quiet }
        }
        _ if exited_badly => Tone::Bad,
        _ => Tone::Quiet,
    }
}

/// A task's change of health.
pub fn task_health(cluster: &str, before: &Task, after: &Task, at: Timestamp) -> Option<NewEvent> {
    let service = after.service.as_deref()?;
    let (tone, said) = match (before.health, after.health) {
        (was, now) if was == now => return None,
        (_, Health::Unhealthy) => (Tone::Bad, "became unhealthy"),
        (Health::Unhealthy, Health::Healthy) => (Tone::Good, "is healthy again"),
        _ => return None,
    };
    let id = text::shown(after.id());
    let short = id.get(..8).unwrap_or(&id);
    let key = format!("health:{}:{}", after.arn, at.as_micros());
    Some(About { cluster, service }.event(at, key, EventKind::TaskHealth, tone, format!("task {short} {said}")))
}

/// What changed between two readings of a node, which is the same node by name.
pub fn node_change(before: Option<&Node>, after: Option<&Node>, at: Timestamp) -> Option<NewEvent> {
    let node = after.or(before)?;
    let event = |at: Timestamp, what: &str, tone, text: String| {
        Some(NewEvent {
            at,
            key: format!("node:{}:{what}:{}", node.name, at.as_micros()),
            kind: EventKind::Node,
            tone,
            service: None,
            subject: node.name.clone(),
            text,
        })
    };
    match (before, after) {
        (None, None) => None,
        (None, Some(_)) => event(at, "appeared", Tone::Good, "answers".into()),
        (Some(_), None) => event(at, "silent", Tone::Bad, "does not answer".into()),
        (Some(before), Some(after)) if before.started != after.started => {
            let version =
                if before.version == after.version { String::new() } else { format!(", now version {}", text::shown(&after.version)) };
            event(after.started.unwrap_or(at), "restarted", Tone::Warn, format!("restarted{version}"))
        }
        (Some(_), Some(_)) => None,
    }
}

/// A node cut off clients that did not read as fast as messages came.
pub fn slow_consumers(node: &str, count: u64, at: Timestamp) -> NewEvent {
    NewEvent {
        at,
        key: format!("slow:{node}:{}", at.as_micros()),
        kind: EventKind::Node,
        tone: Tone::Warn,
        service: None,
        subject: node.to_owned(),
        text: format!("dropped {}", text::count(count, "slow consumer")),
    }
}

/// A stream or consumer stands otherwise than before. `name`: `stream` or `stream / consumer`.
pub fn flow_change(name: &str, owner: Option<(String, String)>, flow: Flow, why: &str, at: Timestamp) -> NewEvent {
    NewEvent {
        at,
        key: format!("flow:{name}:{}", at.as_micros()),
        kind: EventKind::Jetstream,
        tone: flow.tone(),
        service: owner,
        subject: name.to_owned(),
        text: if flow == Flow::Well { "is well again".to_owned() } else { format!("is {}: {}", flow.as_str(), text::shown(why)) },
    }
}

/// A cluster that a whole reading no longer has.
pub fn cluster_gone(source: &SourceId, cluster: &str, at: Timestamp) -> NewEvent {
    NewEvent {
        at,
        key: format!("cluster:{source}:{cluster}:gone:{}", at.as_micros()),
        kind: EventKind::Service,
        tone: Tone::Warn,
        service: None,
        subject: cluster.to_owned(),
        text: "is no longer read: the cluster was deleted, or the config does not name it any more".to_owned(),
    }
}

/// A source that failed, or answers again.
pub fn source_change(source: &SourceId, failed: Option<&str>, gap: Option<std::time::Duration>, at: Timestamp) -> NewEvent {
    let (what, tone, text) = match failed {
        Some(why) => ("failed", Tone::Unknown, format!("cannot be read: {}", text::shown(why))),
        None => (
            "back",
            Tone::Good,
            gap.map_or_else(|| "answers".to_owned(), |gap| format!("answers again; nothing was seen for {}", span(gap))),
        ),
    };
    NewEvent {
        at,
        key: format!("source:{source}:{what}:{}", at.as_micros()),
        kind: EventKind::Source,
        tone,
        service: None,
        subject: format!("{} of {}", source.kind.title(), source.scope),
        text,
    }
}

#[cfg(test)]
mod tests;
