//! What was found of one check, by whom, when, and how long it counts.
//!
//! One record for both kinds: *live* evidence is computed from what the collectors saw, *attested* evidence is a person's word
//! with a link or a file. The trap is evidence that never grows old: each says until when it counts, and a second later it is
//! unknown, without anybody having swept it away ([`Found::at`]).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::score::WHOLE;
use crate::service::ServiceKey;
use crate::{Timestamp, text, time};

/// What a check is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum Subject {
    /// One service.
    Service(ServiceKey),
    /// An environment as a whole: a load test, a recovery drill.
    Environment {
        /// Its name in the config.
        environment: String,
    },
}

impl Subject {
    /// The environment it belongs to.
    pub fn environment(&self) -> &str {
        match self {
            Self::Service(key) => &key.environment,
            Self::Environment { environment } => environment,
        }
    }

    /// The service, where it is one.
    pub const fn service(&self) -> Option<&ServiceKey> {
        match self {
            Self::Service(key) => Some(key),
            Self::Environment { .. } => None,
        }
    }
}

impl fmt::Display for Subject {
    /// `production/gaming-system-cluster/auth-nats`, or `production`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(ServiceKey { environment, cluster, service }) => write!(f, "{environment}/{cluster}/{service}"),
            Self::Environment { environment } => f.write_str(environment),
        }
    }
}

/// Why nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// It was never read, or nobody attested it.
    NeverCollected,
    /// What was found is too old to count.
    Stale,
    /// Signalbox may not read it.
    AccessDenied,
    /// The far side does not tell it in this version.
    UnsupportedVersion,
    /// Reading it failed.
    CollectorError,
    /// It cannot be said whose it is.
    AmbiguousOwner,
    /// It has not been watched for long enough.
    TooNew,
}

impl Unknown {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::NeverCollected,
        Self::Stale,
        Self::AccessDenied,
        Self::UnsupportedVersion,
        Self::CollectorError,
        Self::AmbiguousOwner,
        Self::TooNew,
    ];

    /// The word in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NeverCollected => "never_collected",
            Self::Stale => "stale",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedVersion => "unsupported_version",
            Self::CollectorError => "collector_error",
            Self::AmbiguousOwner => "ambiguous_owner",
            Self::TooNew => "too_new",
        }
    }

    /// The words on pages.
    pub const fn said(self) -> &'static str {
        match self {
            Self::NeverCollected => "never collected",
            Self::Stale => "too old to count",
            Self::AccessDenied => "not allowed to read it",
            Self::UnsupportedVersion => "not told by this version",
            Self::CollectorError => "reading it failed",
            Self::AmbiguousOwner => "not certain whose it is",
            Self::TooNew => "not watched for long enough",
        }
    }
}

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// Something was found.
    Known {
        /// How good it is, in permille: 1000 passes, 0 fails.
        value: u16,
        /// Whether it is bad enough for the check's gate.
        gates: bool,
    },
    /// Nothing that counts was found.
    Unknown {
        /// Why.
        reason: Unknown,
    },
    /// The question does not arise, by what was seen and never by somebody's word.
    NotApplicable,
}

impl Answer {
    /// It passes.
    pub const PASS: Self = Self::Known { value: WHOLE, gates: false };
    /// It fails, and holds the score at the check's gate.
    pub const FAIL: Self = Self::Known { value: 0, gates: true };

    /// Passes or fails.
    pub const fn of(passes: bool) -> Self {
        if passes { Self::PASS } else { Self::FAIL }
    }

    /// So much of a whole; anything less than all of it is bad enough for the gate. Rounded down, so that 999 of 1,000 never
    /// read as all.
    pub fn share(part: u64, whole: u64) -> Self {
        let value = (part.min(whole) * u64::from(WHOLE)).checked_div(whole).and_then(|value| u16::try_from(value).ok()).unwrap_or(0);
        Self::Known { value, gates: value < WHOLE }
    }

    /// The same, but never bad enough for the gate.
    pub const fn mild(self) -> Self {
        match self {
            Self::Known { value, .. } => Self::Known { value, gates: false },
            other => other,
        }
    }

    /// The state people read.
    pub const fn state(self) -> State {
        match self {
            Self::Known { value: WHOLE.., .. } => State::Pass,
            Self::Known { value: 0, .. } => State::Fail,
            Self::Known { .. } => State::Partial,
            Self::Unknown { .. } => State::Unknown,
            Self::NotApplicable => State::NotApplicable,
        }
    }
}

/// The state of a check, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It does not hold at all.
    Fail,
    /// It holds in part.
    Partial,
    /// Nobody can say.
    Unknown,
    /// It fails or may fail, and somebody accepted that for a time.
    Waived,
    /// It holds.
    Pass,
    /// The question does not arise.
    NotApplicable,
}

impl State {
    /// Every state, the worst first.
    pub const ALL: [Self; 6] = [Self::Fail, Self::Partial, Self::Unknown, Self::Waived, Self::Pass, Self::NotApplicable];

    /// The word in documents and URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Partial => "partial",
            Self::Unknown => "unknown",
            Self::Waived => "waived",
            Self::Pass => "pass",
            Self::NotApplicable => "not_applicable",
        }
    }

    /// The words on pages.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Fail => "fails",
            Self::Partial => "partly",
            Self::Unknown => "unknown",
            Self::Waived => "waived",
            Self::Pass => "passes",
            Self::NotApplicable => "not applicable",
        }
    }

    /// The state of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// What was found, whatever check it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Found {
    /// What it came to.
    #[serde(flatten)]
    pub answer: Answer,
    /// What was seen, as one sentence with its numbers. Already safe to show.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub said: Arc<str>,
    /// When it was seen. None where nothing was.
    pub observed_at: Option<Timestamp>,
    /// From this instant on it no longer counts. None where nothing was seen.
    pub valid_until: Option<Timestamp>,
    /// Where from: `ecs:production DescribeTaskDefinition auth-nats:19`, `attested by nina, https://…`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub source: Arc<str>,
    /// The request of AWS that answered in the newest sweep, or that once read the revision; where more than one did, all of them,
    /// at most three. CloudTrail has it under this id for 90 days. None where no request can be named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub request_id: Option<Arc<str>>,
    /// The rollout that brought what was seen, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brought: Option<Box<Brought>>,
}

/// A rollout of ours that brought the revision a service runs, and proved it there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Brought {
    /// The number people call it by.
    pub rollout: u64,
    /// What it is, in a few words.
    pub title: String,
    /// When the service was verified.
    pub verified: Timestamp,
    /// Who planned it.
    pub requester: String,
    /// Who started it; none where that is not on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<String>,
}

impl Brought {
    /// `rollout 12 (Health check for 3 services), verified 2026-05-02T09:41:03Z, planned by nina, started by omar`, already safe
    /// to show.
    pub fn said(&self) -> String {
        let by = self.approver.as_deref().map(|by| format!(", started by {}", text::shown(by))).unwrap_or_default();
        let (title, requester) = (text::shown(&self.title), text::shown(&self.requester));
        format!("rollout {} ({title}), verified {}, planned by {requester}{by}", self.rollout, self.verified)
    }
}

/// What was found of one check of one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Evidence {
    /// The check's id.
    pub check: String,
    /// What it is about.
    pub subject: Subject,
    /// What was found.
    pub found: Found,
}

impl Found {
    /// Seen at an instant and good for `lasts`.
    pub fn seen(answer: Answer, said: impl Into<Arc<str>>, at: Timestamp, lasts: Duration, source: impl Into<Arc<str>>) -> Self {
        let (said, source) = (said.into(), source.into());
        Self { answer, said, observed_at: Some(at), valid_until: Some(at.plus(lasts)), source, request_id: None, brought: None }
    }

    /// Not known, and why.
    pub fn unknown(reason: Unknown, said: impl Into<Arc<str>>, source: impl Into<Arc<str>>) -> Self {
        let (said, source) = (said.into(), source.into());
        let answer = Answer::Unknown { reason };
        Self { answer, said, observed_at: None, valid_until: None, source, request_id: None, brought: None }
    }

    /// What it comes to at `now`, and how fresh that is: whole up to half of the time it counts, falling to nothing at its
    /// end, in permille. Whoever saw it after `now` has another clock; it counts as just seen.
    pub fn at(&self, now: Timestamp) -> (Answer, u16) {
        if matches!(self.answer, Answer::Unknown { .. }) {
            return (self.answer, 0);
        }
        let (Some(seen), Some(until)) = (self.observed_at, self.valid_until) else {
            return (Answer::Unknown { reason: Unknown::NeverCollected }, 0);
        };
        if now >= until {
            return (Answer::Unknown { reason: Unknown::Stale }, 0);
        }
        let (whole, left) = (until.since(seen).as_micros(), until.since(now).as_micros());
        let freshness = (left * 2 * u128::from(WHOLE)).checked_div(whole).unwrap_or(0);
        (self.answer, u16::try_from(freshness).unwrap_or(WHOLE).min(WHOLE))
    }

    /// Where from, and by which rollout of ours it came about, where one did.
    pub fn source_said(&self) -> String {
        match &self.brought {
            Some(brought) => format!("{}; brought by {}", text::shown(&self.source), brought.said()),
            None => text::shown(&self.source),
        }
    }

    /// What was seen, and that it is too old where it is.
    pub fn said_at(&self, now: Timestamp) -> String {
        match (self.observed_at, self.valid_until) {
            (Some(seen), Some(until)) if now >= until => format!("{} (seen {}, counted until {until})", self.said, time::ago(now, seen)),
            _ => self.said.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_fades_and_ends() {
        let start = Timestamp::from_secs(1_000);
        let lasts = Duration::from_secs(600);
        let seen = Found::seen(Answer::PASS, "all ran", start, lasts, "ecs:production");
        let at = |seconds| seen.at(start.plus(Duration::from_secs(seconds)));
        for (seconds, freshness) in [(0, 1_000), (300, 1_000), (450, 500), (599, 3)] {
            assert_eq!(at(seconds), (Answer::PASS, freshness), "{seconds}");
        }
        assert_eq!(at(600), (Answer::Unknown { reason: Unknown::Stale }, 0));
        assert_eq!(seen.at(Timestamp::from_secs(0)), (Answer::PASS, 1_000), "another clock");
        assert!(seen.said_at(start.plus(lasts)).starts_with("all ran (seen 10 min ago"), "{}", seen.said_at(start.plus(lasts)));
        let blind = Found::unknown(Unknown::AccessDenied, "ecs:ListTasks is denied", "ecs:production");
        assert_eq!(blind.at(start), (Answer::Unknown { reason: Unknown::AccessDenied }, 0));
    }

    #[test]
    fn shares_are_rounded_down() {
        for (part, whole, value, state) in [
            (0, 3, 0, State::Fail),
            (2, 3, 666, State::Partial),
            (9_999, 10_000, 999, State::Partial),
            (4, 4, 1_000, State::Pass),
            (0, 0, 0, State::Fail),
        ] {
            let answer = Answer::share(part, whole);
            assert_eq!((answer, answer.state()), (Answer::Known { value, gates: value < 1_000 }, state), "{part}/{whole}");
        }
    }

    #[test]
    fn a_record_survives_text() {
        let subject = Subject::Service(ServiceKey { environment: "e".into(), cluster: "c".into(), service: "s".into() });
        let found = Found::seen(Answer::FAIL, "none", Timestamp::from_secs(5), Duration::from_secs(1), "ecs:e");
        let seen = Evidence { check: "H1".into(), subject, found };
        let text = serde_json::to_string(&seen).unwrap();
        assert_eq!(serde_json::from_str::<Evidence>(&text).unwrap(), seen, "{text}");
        assert!(!text.contains("brought"), "what no rollout brought is written as before: {text}");
    }

    #[test]
    fn what_a_rollout_brought_names_it() {
        let mut found = Found::seen(Answer::PASS, "all have one", Timestamp::from_secs(5), Duration::from_secs(1), "ecs:e DescribeX a:2");
        assert_eq!(found.source_said(), "ecs:e DescribeX a:2");
        let (title, requester) = ("Health check for 2 services".to_owned(), "nina".to_owned());
        let brought = Brought { rollout: 12, title, verified: Timestamp::from_secs(4), requester, approver: Some("omar".to_owned()) };
        found.brought = Some(Box::new(brought));
        let said = "ecs:e DescribeX a:2; brought by rollout 12 (Health check for 2 services), verified 1970-01-01T00:00:04Z, planned by nina, \
                    started by omar";
        assert_eq!(found.source_said(), said);
        let text = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Found>(&text).unwrap(), found, "{text}");
    }
}
