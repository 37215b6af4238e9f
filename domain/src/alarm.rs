//! CloudWatch alarms of every kind.
//!
//! Separate from services because an alarm may watch anything; which service it speaks of is read from its dimensions
//! and may be nobody's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What an alarm is made of. DescribeAlarms answers only metric alarms unless the others are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// Watches one metric or an expression.
    #[default]
    Metric,
    /// Watches other alarms.
    Composite,
    /// Watches a log query.
    Log,
}

/// An alarm's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    /// Breaching.
    Alarm,
    /// Not enough data to tell; also what a state word we do not know is read as, because it is unknown.
    #[default]
    InsufficientData,
    /// Within its threshold.
    Ok,
}

impl AlarmState {
    /// CloudWatch's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
            Self::Ok => "OK",
        }
    }

    /// From CloudWatch's word; an unknown word is insufficient data.
    pub fn from_word(word: &str) -> Self {
        match word {
            "ALARM" => Self::Alarm,
            "OK" => Self::Ok,
            _ => Self::InsufficientData,
        }
    }
}

/// An alarm as DescribeAlarms answers it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Alarm {
    /// Its name, unique in account and region.
    pub name: String,
    /// Its full ARN.
    pub arn: String,
    /// What it is made of.
    pub kind: AlarmKind,
    /// Where it stands.
    pub state: AlarmState,
    /// CloudWatch's words on why.
    pub reason: Option<String>,
    /// Since when it is in this state.
    pub since: Option<Timestamp>,
    /// The owner's description.
    pub description: Option<String>,
    /// Whether its actions are carried out at all.
    pub actions_enabled: bool,
    /// Who is told when it goes to ALARM.
    pub actions: Vec<String>,
    /// `AWS/ECS CPUUtilization > 80`, where it watches one metric.
    pub condition: Option<String>,
    /// The metric's dimensions.
    pub dimensions: BTreeMap<String, String>,
}

impl Alarm {
    /// The ECS cluster and service its dimensions name.
    pub fn service(&self) -> Option<(&str, &str)> {
        Some((self.dimensions.get("ClusterName")?, self.dimensions.get("ServiceName")?))
    }
}
