//! Where facts come from, and how well that place is answering.
//!
//! A source is one outside system in one scope: the ECS of an environment, its CloudWatch alarms, one NATS cluster.
//! Each has its own health, because each can fail alone and everything that depends on it must then be greyed with
//! the reason. The trap this avoids: one "connection lost" banner for what are three different truths.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::text;

/// What kind of outside system a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// Amazon ECS: services, deployments, tasks, events.
    Ecs,
    /// CloudWatch alarms.
    Alarms,
    /// A NATS cluster: nodes and connections.
    Nats,
    /// CloudWatch Logs: what tasks said last.
    Logs,
    /// CloudWatch metrics of services and of the load balancers before them.
    Metrics,
    /// ECS's events, by EventBridge and SQS: hints that say which service to look at before the next sweep.
    Events,
}

impl SourceKind {
    /// Every kind, in the order pages show them.
    pub const ALL: [Self; 6] = [Self::Ecs, Self::Alarms, Self::Nats, Self::Logs, Self::Metrics, Self::Events];

    /// The word used in ids, URLs and `--only`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::Alarms => "alarms",
            Self::Nats => "nats",
            Self::Logs => "logs",
            Self::Metrics => "metrics",
            Self::Events => "events",
        }
    }

    /// The name people know it by.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Ecs => "ECS",
            Self::Alarms => "CloudWatch alarms",
            Self::Nats => "NATS",
            Self::Logs => "CloudWatch Logs",
            Self::Metrics => "CloudWatch metrics",
            Self::Events => "ECS events",
        }
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text named no kind of source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no kind of source; the kinds are ecs, alarms, nats, logs, metrics and events")]
pub struct NoSuchSource(String);

impl FromStr for SourceKind {
    type Err = NoSuchSource;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| NoSuchSource(text.to_owned()))
    }
}

/// One source: its kind and the environment or NATS cluster it reads, by the name the config gives it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SourceId {
    /// What kind of system.
    pub kind: SourceKind,
    /// Name of the environment, or of the NATS cluster.
    pub scope: String,
}

impl SourceId {
    /// A source of `kind` reading `scope`.
    pub fn new(kind: SourceKind, scope: impl Into<String>) -> Self {
        Self { kind, scope: scope.into() }
    }
}

impl fmt::Display for SourceId {
    /// `ecs:production`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.scope)
    }
}

impl FromStr for SourceId {
    type Err = NoSuchSource;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, scope) = text.split_once(':').ok_or_else(|| NoSuchSource(text.to_owned()))?;
        Ok(Self { kind: kind.parse()?, scope: scope.to_owned() })
    }
}

/// What class of trouble a source gave. Decides the remedy shown and whether asking again soon can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The caller is known but may not do this one thing.
    AccessDenied,
    /// No credentials, or refused ones.
    Credentials,
    /// The credentials belong to another account than the config names.
    WrongAccount,
    /// No connection, no route, no name, refused TLS.
    Unreachable,
    /// Connected, but no answer in time.
    TimedOut,
    /// AWS said to slow down.
    Throttled,
    /// The answer could not be understood.
    Malformed,
    /// The answer was larger than we are willing to read.
    TooLarge,
    /// What the config names does not exist there.
    NotFound,
    /// The far side failed (HTTP 5xx).
    Remote,
    /// Our own circuit breaker is open: we are not asking for now.
    CircuitOpen,
}

/// One thing that went wrong while reading a source, as a sentence with its remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fault {
    /// The class of trouble.
    pub kind: FaultKind,
    /// The operation that failed, as IAM or NATS names it: `ecs:ListTasks`, `$SYS.REQ.SERVER.PING.CONNZ`.
    pub operation: Option<String>,
    /// What happened, in the far side's words where it had any. Already safe to show.
    pub message: String,
}

impl Fault {
    /// A fault with its text made safe to show.
    pub fn new(kind: FaultKind, operation: Option<&str>, message: &str) -> Self {
        Self { kind, operation: operation.map(str::to_owned), message: text::shown(message) }
    }

    /// What the fault means and what to do about it, as one sentence.
    pub fn remedy(&self) -> String {
        let operation = self.operation.as_deref().unwrap_or("this call");
        match self.kind {
            FaultKind::AccessDenied => format!("The role lacks {operation}: add it to the policy; the rest goes on working."),
            FaultKind::Credentials => "The credentials are missing, expired or refused: check the profile, the role or the environment Signalbox runs with.".into(),
            FaultKind::WrongAccount => "The credentials belong to another account than account_id in the config: correct one of the two. Nothing is read until they agree.".into(),
            FaultKind::Unreachable => "Nothing answers at that address: check endpoint, network route, security group and TLS settings.".into(),
            FaultKind::TimedOut => "The far side took the call but gave no answer in time: it is overloaded or the network drops packets.".into(),
            FaultKind::Throttled => "The account's API rate is used up, by us or by other tools: we halved our rate and go on slowly.".into(),
            FaultKind::Malformed => "The answer could not be understood: something between us and the source may be rewriting it (a proxy, a wrong endpoint).".into(),
            FaultKind::TooLarge => "The answer was larger than the limit, so it was not read: check that the address is what it should be.".into(),
            FaultKind::NotFound => "The config names something that does not exist there: correct the name or remove it.".into(),
            FaultKind::Remote => "The far side failed: nothing to do here but wait; AWS's health page tells more.".into(),
            FaultKind::CircuitOpen => "It failed several times in a row, so we stopped asking for a minute to spare it.".into(),
        }
    }
}

/// How one sweep ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Everything in scope was read.
    Complete,
    /// Some of it was; what is missing is listed.
    Partial {
        /// What could not be read, and why. Never empty.
        missing: Vec<Shortfall>,
    },
    /// Nothing usable was read.
    Failed {
        /// Why.
        fault: Fault,
    },
}

impl Outcome {
    /// The word kept in the store and shown.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial { .. } => "partial",
            Self::Failed { .. } => "failed",
        }
    }
}

/// A part of a sweep's scope that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Shortfall {
    /// What is missing: "tasks of gaming-system-cluster", "node n3".
    pub what: String,
    /// Why.
    pub fault: Fault,
}

/// The state of a source's circuit breaker: opens after five failures, tries again after 60 s, closes after two
/// successes (the first user's own client settings).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Breaker {
    /// Asking normally.
    #[default]
    Closed,
    /// Not asking until the pause is over.
    Open,
    /// Asking once to see whether it answers again.
    HalfOpen,
}

/// One API family's budget at a source: a token bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Budget {
    /// The family, in AWS's grouping: `ecs service reads`, `cloudwatch DescribeAlarms`.
    pub family: String,
    /// Calls per second we allow ourselves now; below `full_rate` after throttling.
    pub rate: f64,
    /// Calls per second we allow ourselves when nothing is throttled: a share of AWS's published rate.
    pub full_rate: f64,
    /// Calls made since start.
    pub calls: u64,
    /// Times AWS answered that we were too fast, since start.
    pub throttled: u64,
}

/// What is known of a source's own health, apart from what it says about the fleet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SourceHealth {
    /// Which source.
    pub id: SourceId,
    /// How often it is meant to be swept, in seconds of the injected clock.
    pub interval_secs: u32,
    /// When the newest sweep ended, however it ended.
    pub last_attempt: Option<Timestamp>,
    /// When a sweep last read anything.
    pub last_success: Option<Timestamp>,
    /// How the newest sweep ended.
    pub outcome: Option<Outcome>,
    /// Sweeps that failed in a row, newest first.
    pub failures_in_row: u32,
    /// Whether we are asking at all.
    pub breaker: Breaker,
    /// Calls the newest sweep made.
    pub calls_last_sweep: u32,
    /// How long the newest sweep took, in milliseconds.
    pub took_ms: u32,
    /// Sweeps since start.
    pub sweeps: u64,
    /// Sweeps since start that failed or were partial.
    pub errors: u64,
    /// The far side's clock minus ours in milliseconds, where it told us.
    pub skew_ms: Option<i64>,
    /// The token buckets its calls are taken from.
    pub budgets: Vec<Budget>,
    /// What else somebody should know of it, in sentences.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A machine that is busy for a few seconds must not grey a page, however short the polls are.
const SHORTEST_PATIENCE: Duration = Duration::from_secs(10);

impl SourceHealth {
    /// A source nothing has been asked of yet.
    pub fn untried(id: SourceId, interval: Duration) -> Self {
        Self {
            id,
            interval_secs: u32::try_from(interval.as_secs()).unwrap_or(u32::MAX),
            last_attempt: None,
            last_success: None,
            outcome: None,
            failures_in_row: 0,
            breaker: Breaker::Closed,
            calls_last_sweep: 0,
            took_ms: 0,
            sweeps: 0,
            errors: 0,
            skew_ms: None,
            budgets: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// How long after its last success this source's facts count as current: three polls (design §1, "up"). A poll is
    /// the pause and the sweep: where a sweep takes minutes (thousands of services at a polite rate), three pauses alone
    /// would pass before the next answer can be there. Never less than [`SHORTEST_PATIENCE`].
    pub fn patience(&self) -> Duration {
        let poll = Duration::from_secs(self.interval_secs.into()).saturating_add(Duration::from_millis(self.took_ms.into()));
        poll.saturating_mul(3).max(SHORTEST_PATIENCE)
    }

    /// Whether its facts are too old to be shown as current, and why. `None` while they are fresh.
    pub fn stale(&self, now: Timestamp) -> Option<String> {
        let title = self.id.kind.title();
        let cause = || match &self.outcome {
            Some(Outcome::Failed { fault }) => format!(": {}", fault.message),
            _ => String::new(),
        };
        match self.last_success {
            None => Some(format!("{title} of {} has not answered yet{}", self.id.scope, cause())),
            Some(at) if now.since(at) > self.patience() => {
                Some(format!("{title} of {} last answered {}{}", self.id.scope, crate::time::ago(now, at), cause()))
            }
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_go_stale_after_three_polls() {
        let mut health = SourceHealth::untried(SourceId::new(SourceKind::Ecs, "production"), Duration::from_secs(15));
        let start = Timestamp::from_secs(1_000);
        assert_eq!(health.stale(start).as_deref(), Some("ECS of production has not answered yet"));
        health.last_success = Some(start);
        assert_eq!(health.stale(start.plus(Duration::from_secs(45))), None);
        health.outcome = Some(Outcome::Failed { fault: Fault::new(FaultKind::Unreachable, None, "connection refused") });
        assert_eq!(
            health.stale(start.plus(Duration::from_secs(46))).as_deref(),
            Some("ECS of production last answered 46 s ago: connection refused")
        );
    }

    #[test]
    fn a_long_sweep_is_waited_for() {
        let mut health = SourceHealth::untried(SourceId::new(SourceKind::Ecs, "production"), Duration::from_secs(15));
        health.took_ms = 183_000;
        assert_eq!(health.patience(), Duration::from_secs(594));
    }

    #[test]
    fn ids_survive_text() {
        let id = SourceId::new(SourceKind::Nats, "main:eu");
        assert_eq!(id.to_string().parse::<SourceId>().unwrap(), id);
        assert!("disk:x".parse::<SourceId>().is_err());
    }
}
