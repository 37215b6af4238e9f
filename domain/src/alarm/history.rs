//! What DescribeAlarmHistory tells: every change of an alarm, also those between two looks.

use serde_json::Value;

use super::AlarmState;
use crate::Timestamp;

/// One line of an alarm's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryItem {
    /// The alarm's name; history knows no ARN.
    pub name: String,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub what: Happened,
}

/// What happened to an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// It went from one state to another.
    State {
        /// From which.
        before: Option<AlarmState>,
        /// To which.
        after: AlarmState,
        /// CloudWatch's words on why.
        reason: Option<String>,
    },
    /// It was made.
    Created,
    /// Its configuration was changed.
    Changed,
    /// It was deleted.
    Deleted,
}

impl Happened {
    /// From a StateUpdate item: its `HistoryData` as JSON, or, where that was cut short (AWS keeps 4,095 characters of
    /// it), its summary, `Alarm updated from OK to ALARM`.
    pub fn state(summary: &str, payload: Option<&str>) -> Option<Self> {
        let payload: Option<Value> = payload.and_then(|text| serde_json::from_str(text).ok());
        let word = |side: &str| payload.as_ref()?.get(side)?.get("stateValue")?.as_str().map(AlarmState::from_word);
        let (from, to) = summary.split_once(" from ").and_then(|(_, states)| states.split_once(" to ")).unzip();
        let after = word("newState").or_else(|| to.map(|word| AlarmState::from_word(word.trim())))?;
        let before = word("oldState").or_else(|| from.map(AlarmState::from_word));
        let reason = payload.as_ref().and_then(|payload| payload.get("newState")?.get("stateReason")?.as_str().map(str::to_owned));
        Some(Self::State { before, after, reason })
    }

    /// From a ConfigurationUpdate item, in the same way.
    pub fn configuration(summary: &str, payload: Option<&str>) -> Self {
        let payload: Option<Value> = payload.and_then(|text| serde_json::from_str(text).ok());
        let kind = payload.as_ref().and_then(|payload| payload.get("type")?.as_str()).unwrap_or_default();
        match (kind, summary) {
            ("Create", _) => Self::Created,
            ("Delete", _) => Self::Deleted,
            ("", summary) if summary.ends_with("created") => Self::Created,
            ("", summary) if summary.ends_with("deleted") => Self::Deleted,
            _ => Self::Changed,
        }
    }

    /// The word in the timeline's keys.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::State { after, .. } => after.as_str(),
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
        }
    }
}
