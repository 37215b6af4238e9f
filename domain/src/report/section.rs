//! What a report tells beside the score: facts of the fleet at its end, and what happened within its period.
//!
//! Everything here is words and integers that are read off the store when the report is made, and never read again: a report
//! is a picture of its moment. The trap is a fact of which nobody says how old it is, so what can be stale carries since when.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::alarm::AlarmState;
use crate::coverage::Column;
use crate::judge::{Standing, Tone};
use crate::service::ServiceKey;
use crate::timeline::EventKind;

/// A service and what it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceLine {
    /// Which.
    pub service: ServiceKey,
    /// Where it stands by the counting rule.
    pub standing: Standing,
    /// Why it is not up.
    pub reasons: Vec<String>,
    /// Tasks it wants.
    pub desired: u32,
    /// Tasks in RUNNING.
    pub running: u32,
    /// The revision it is meant to run, as `family:number`.
    pub revision: Option<String>,
    /// Its alarms.
    pub alarms: u32,
    /// Of those, how many are on.
    pub alarms_on: u32,
}

/// The alarms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Alarms {
    /// All there are.
    pub total: u64,
    /// How many are on.
    pub on: u64,
    /// How many cannot tell.
    pub unknown: u64,
    /// Those that are not OK, those that are on first.
    pub lines: Vec<AlarmLine>,
    /// What is watched of how many services.
    pub coverage: Vec<Covered>,
    /// Why some of it cannot be trusted as current.
    pub stale: Vec<String>,
}

/// An alarm that is not OK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlarmLine {
    /// The environment it is in.
    pub environment: String,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub state: AlarmState,
    /// Since when.
    pub since: Option<Timestamp>,
    /// The service it watches.
    pub service: Option<String>,
    /// CloudWatch's words.
    pub reason: Option<String>,
    /// Who knows of it, and why it may wait.
    pub acknowledged: Option<String>,
}

/// One column of the alarm coverage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Covered {
    /// What should be watched.
    pub column: Column,
    /// Services of which it should be, and is or is not.
    pub services: u64,
    /// Services of which it is not, or by an alarm that tells nobody.
    pub lacking: u64,
}

/// A NATS cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NatsLine {
    /// Its name in the config.
    pub name: String,
    /// When it last answered.
    pub observed: Option<Timestamp>,
    /// Why it cannot be trusted as current.
    pub stale: Option<String>,
    /// Its nodes, by name.
    pub nodes: Vec<NodeLine>,
    /// Client connections that use TLS.
    pub tls: u64,
    /// Those that do not.
    pub plaintext: u64,
    /// Those too young to tell.
    pub young: u64,
    /// What is wrong with it, as sentences, worst first.
    pub findings: Vec<String>,
}

impl NatsLine {
    /// Its client connections.
    pub const fn connections(&self) -> u64 {
        self.tls + self.plaintext + self.young
    }

    /// The share with TLS of those that can be told, in permille, rounded down; none where there are none.
    pub fn share(&self) -> Option<u64> {
        (self.tls * 1_000).checked_div(self.tls + self.plaintext)
    }
}

/// A NATS node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeLine {
    /// Its name.
    pub name: String,
    /// Server version.
    pub version: String,
    /// Whether it answers.
    pub answers: bool,
    /// Whether clients use TLS: `off`, `mixed`, `required`, or why that is not known.
    pub tls: String,
    /// Until when the certificate it serves is valid.
    pub certificate_until: Option<Timestamp>,
    /// Client connections.
    pub connections: u64,
    /// Restarts in the seven days before the report.
    pub restarts: u32,
}

/// A rollout of the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Change {
    /// As people call it.
    pub number: u64,
    /// What it is, in a few words.
    pub title: String,
    /// Why it was planned.
    pub reason: String,
    /// Its status, in one word.
    pub status: String,
    /// How it stands, in one sentence.
    pub said: String,
    /// Who planned it.
    pub requester: String,
    /// Who started it; none where nobody has.
    pub approver: Option<String>,
    /// When it was planned.
    pub planned: Timestamp,
    /// When it was started.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Its services, in order.
    pub services: Vec<String>,
    /// Services verified.
    pub verified: u64,
    /// Services that failed and were put back, or are blocked.
    pub failed: u64,
}

/// What went wrong in the period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Incidents {
    /// The entries of the timeline, the newest first.
    pub lines: Vec<Incident>,
    /// Whether there were more than are told.
    pub cut: bool,
}

/// One entry of the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Incident {
    /// When it happened.
    pub at: Timestamp,
    /// What it is about.
    pub kind: EventKind,
    /// How bad.
    pub tone: Tone,
    /// By name: a service, an alarm, a node, a source.
    pub subject: String,
    /// What happened, as the rest of a sentence after the subject.
    pub text: String,
}

/// Lines over time that a format with pictures draws.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlottedTimes {
    /// Its heading.
    pub title: String,
    /// Unit of its values.
    pub unit: String,
    /// What it shows, in words.
    pub words: String,
    /// Its beginning, in seconds since 1970.
    pub from: i64,
    /// Its end, likewise.
    pub to: i64,
    /// Drawn as steps: a value holds until it changes.
    pub steps: bool,
    /// At most three lines.
    pub lines: Vec<PlottedLine>,
    /// Times in which nobody looked, in seconds: beginning and end.
    pub gaps: Vec<(i64, i64)>,
}

/// One line: values at equal distances.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlottedLine {
    /// What it is.
    pub label: String,
    /// Beginning of the first bucket, in seconds since 1970.
    pub start: i64,
    /// Seconds of a bucket.
    pub width: i64,
    /// One value a bucket, in thousandths; none where nothing is known.
    pub thousandths: Vec<Option<i64>>,
}
