//! CloudWatch alarms of every kind.
//!
//! Separate from services because an alarm may watch anything; which service it speaks of is read from its dimensions
//! and may be nobody's. The trap: an alarm that is on is not yet one that tells somebody. Its actions may be off, may be
//! none, or may only scale ([`Alarm::told`]).

mod history;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

pub use history::{Happened, HistoryItem};

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

impl AlarmKind {
    /// The word in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metric => "metric",
            Self::Composite => "composite",
            Self::Log => "log",
        }
    }
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

/// The metric a metric alarm compares with a number, in CloudWatch's words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Watch {
    /// `AWS/ECS`
    pub namespace: String,
    /// `CPUUtilization`; of an expression, the first metric in it.
    pub metric: String,
    /// The other metrics of an expression; empty for a plain metric.
    pub others: Vec<String>,
    /// Whether an expression of these metrics is compared, not the metric itself.
    pub math: bool,
    /// `Average`, `Minimum`, `SampleCount`, `p99`, …
    pub statistic: String,
    /// `GreaterThanThreshold`, …
    pub comparison: String,
    /// What it is compared with; none for anomaly detection.
    pub threshold: Option<f64>,
    /// Seconds of one period.
    pub period: u32,
    /// Periods looked at.
    pub evaluated: u32,
    /// Of those, how many must breach.
    pub to_alarm: u32,
    /// What a period without data counts as: `missing`, `breaching`, `notBreaching`, `ignore`.
    pub missing: String,
}

/// An alarm as DescribeAlarms answers it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Alarm {
    /// Its name, unique in account and region.
    pub name: String,
    /// Its full ARN. An alarm made anew under an old name has the old ARN.
    pub arn: String,
    /// What it is made of.
    pub kind: AlarmKind,
    /// Where it stands.
    pub state: AlarmState,
    /// CloudWatch's words on why.
    pub reason: Option<String>,
    /// Since when it is in this state.
    pub since: Option<Timestamp>,
    /// When its configuration last changed; it also moves when the alarm is deleted and made anew.
    pub configured: Option<Timestamp>,
    /// The owner's description.
    pub description: Option<String>,
    /// Whether its actions are carried out at all.
    pub actions_enabled: bool,
    /// What happens when it goes to ALARM, by ARN.
    pub actions: Vec<String>,
    /// What happens when it goes to OK, by ARN.
    pub ok_actions: Vec<String>,
    /// What happens when it goes to INSUFFICIENT_DATA, by ARN.
    pub unknown_actions: Vec<String>,
    /// `AWS/ECS CPUUtilization > 80`, or the rule of a composite alarm.
    pub condition: Option<String>,
    /// The metric's dimensions.
    pub dimensions: BTreeMap<String, String>,
    /// What is compared with what, where it is one metric or one expression.
    pub watch: Option<Watch>,
}

impl Alarm {
    /// The ECS cluster and service its dimensions name.
    pub fn service(&self) -> Option<(&str, &str)> {
        Some((self.dimensions.get("ClusterName")?, self.dimensions.get("ServiceName")?))
    }

    /// A service its dimensions name without a cluster, as a service's own metrics do. Whose it is depends on whether
    /// only one service has that name.
    pub fn hint(&self) -> Option<&str> {
        if self.service().is_some() {
            return None;
        }
        ["ServiceName", "Service", "service", "service_name"].iter().find_map(|name| self.dimensions.get(*name)).map(String::as_str)
    }

    /// The target group it watches, as CloudWatch names it: `targetgroup/NAME/ID`.
    pub fn target_group(&self) -> Option<&str> {
        self.dimensions.get("TargetGroup").map(String::as_str)
    }

    /// Who is told when it goes to ALARM, by the name of each topic or function. Empty while its actions are off.
    pub fn told(&self) -> Vec<&str> {
        if !self.actions_enabled {
            return Vec::new();
        }
        self.actions.iter().filter_map(|arn| recipient(arn)).collect()
    }

    /// Whether it only scales: such an alarm is a regulator at work and no call for a person.
    pub fn only_scales(&self) -> bool {
        !self.actions.is_empty() && self.actions.iter().all(|arn| is_scaling(arn))
    }

    /// The first web address in its description: where people put the runbook.
    pub fn runbook(&self) -> Option<&str> {
        web_address(self.description.as_deref()?)
    }

    /// The alarms a composite alarm's rule names.
    pub fn children(&self) -> Vec<&str> {
        let rule = self.condition.as_deref().filter(|_| self.kind == AlarmKind::Composite).unwrap_or_default();
        // ALARM(name), ALARM("na me"), OK(arn:aws:cloudwatch:…:alarm:name), by the AlarmRule grammar of PutCompositeAlarm
        let called = |at: usize| {
            let before = rule.get(..at).unwrap_or_default().trim_end();
            ["ALARM", "OK", "INSUFFICIENT_DATA"].iter().any(|word| before.ends_with(word))
        };
        let inside = rule.match_indices('(').filter(|(at, _)| called(*at)).filter_map(|(at, _)| {
            let after = rule.get(at + 1..)?.trim_start();
            match after.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next(),
                None => after.split(')').next().map(str::trim),
            }
        });
        inside.filter(|name| !name.is_empty()).map(|name| name.split_once(":alarm:").map_or(name, |(_, name)| name)).collect()
    }
}

/// The target group of an ARN as CloudWatch's dimension names it: `targetgroup/NAME/ID`.
pub fn target_of(arn: &str) -> Option<&str> {
    arn.rsplit(':').next().filter(|last| last.starts_with("targetgroup/"))
}

/// Who an action tells; nothing where it tells nobody: scaling and instance actions.
pub fn recipient(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':').skip(2);
    match (parts.next()?, parts.nth(2)?) {
        ("autoscaling" | "automate" | "swf", _) => None,
        (_, name) => Some(name.rsplit(['/', ':']).next().unwrap_or(name)),
    }
}

fn is_scaling(arn: &str) -> bool {
    arn.split(':').nth(2) == Some("autoscaling")
}

/// The first http or https address in a text, without what ends a sentence.
pub fn web_address(text: &str) -> Option<&str> {
    let from = ["https://", "http://"].iter().filter_map(|scheme| text.find(scheme)).min()?;
    let address =
        text.get(from..)?.split(|letter: char| letter.is_whitespace() || letter.is_control() || "<>\"'`".contains(letter)).next()?;
    Some(address.trim_end_matches(['.', ',', ';', ')', ']', '!', '?'])).filter(|address| !address.ends_with("//"))
}

#[cfg(test)]
mod tests;
