//! Which alarm watches what of a service, and what nobody watches.
//!
//! The first user's reports counted "66 alarms" and could not say whether the gateway and the disabled service were among
//! the 22 services they covered. So: a table, service by column, with the rule of each column beside it. The trap: an
//! alarm that exists and tells nobody (its actions off, none, or it has had no data for a day). It covers nothing, and
//! says so: [`Mark::Weak`].

pub mod commands;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::alarm::{Alarm, AlarmKind, AlarmState, Watch, target_of};
use crate::judge::Tone;
use crate::time::span;

/// An alarm that has had no data for so long watches nothing.
pub const STUCK: Duration = Duration::from_secs(24 * 3_600);

/// What of a service should be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// That it runs enough tasks.
    RunningTasks,
    /// Its CPU.
    Cpu,
    /// Its memory.
    Memory,
    /// That its tasks answer.
    Health,
    /// What only its owner knows.
    Own,
}

impl Column {
    /// Every column, in the order of the table.
    pub const ALL: [Self; 5] = [Self::RunningTasks, Self::Cpu, Self::Memory, Self::Health, Self::Own];

    /// The word in URLs and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RunningTasks => "running_tasks",
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Health => "health",
            Self::Own => "own",
        }
    }

    /// The heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::RunningTasks => "Running tasks",
            Self::Cpu => "CPU",
            Self::Memory => "Memory",
            Self::Health => "Health",
            Self::Own => "Own",
        }
    }

    /// What counts, in one sentence.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::RunningTasks => {
                "an alarm on RunningTaskCount (Container Insights), or on the SampleCount of CPUUtilization, which is the number of tasks"
            }
            Self::Cpu => "an alarm on CPUUtilization of the service, or on CpuUtilized (Container Insights)",
            Self::Memory => "an alarm on MemoryUtilization of the service, or on MemoryUtilized (Container Insights)",
            Self::Health => {
                "an alarm on UnHealthyHostCount or HealthyHostCount of a target group of the service; without a load balancer, on \
                 UnHealthyContainerHealthStatus (Container Insights with enhanced observability, which needs a container health check); a service with neither has nothing that reports its health"
            }
            Self::Own => "any other alarm that names the service: errors or latency of its load balancer, its own metrics, its logs",
        }
    }

    /// Its bit in the store.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// From the word in a URL.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.as_str() == word)
    }
}

/// How well something is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// No alarm.
    Missing,
    /// There is one, but it would tell nobody.
    Weak,
    /// An alarm watches it and tells somebody.
    Covered,
    /// Nothing that must be watched: the service is off, or it is its owner's choice.
    NotNeeded,
}

impl Mark {
    /// How its lamp is drawn.
    pub const fn tone(self) -> Tone {
        match self {
            Self::Missing => Tone::Bad,
            Self::Weak => Tone::Warn,
            Self::Covered => Tone::Good,
            Self::NotNeeded => Tone::Quiet,
        }
    }
}

/// One cell of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cell {
    /// What should be watched.
    pub column: Column,
    /// How well it is.
    pub mark: Mark,
    /// By which alarm, or what is missing, in a few words. Already safe to show.
    pub said: String,
    /// The alarms that watch it, by name.
    pub alarms: Vec<String>,
}

/// What decides how a service can be watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// Off, on purpose or not: it wants no task.
    pub off: bool,
    /// Its target groups, by ARN.
    pub target_groups: Vec<String>,
    /// A container of it that has a health check.
    pub checked_container: Option<String>,
}

/// Which column an alarm of a service belongs to.
pub fn column(alarm: &Alarm) -> Column {
    let Some(watch) = &alarm.watch else { return Column::Own };
    let reads = |metric: &str| watch.metric == metric || watch.others.iter().any(|other| other == metric);
    let from = |namespace: &str| watch.namespace == namespace;
    let insights = from("ECS/ContainerInsights");
    let balancer = from("AWS/ApplicationELB") || from("AWS/NetworkELB");
    if insights && reads("RunningTaskCount") || counts_samples(watch) {
        Column::RunningTasks
    } else if from("AWS/ECS") && reads("CPUUtilization") || insights && (reads("CpuUtilized") || reads("TaskCpuUtilization")) {
        Column::Cpu
    } else if from("AWS/ECS") && reads("MemoryUtilization") || insights && (reads("MemoryUtilized") || reads("TaskMemoryUtilization")) {
        Column::Memory
    } else if balancer && (reads("UnHealthyHostCount") || reads("HealthyHostCount")) || insights && reads("UnHealthyContainerHealthStatus")
    {
        Column::Health
    } else {
        Column::Own
    }
}

/// ECS sends one sample of CPUUtilization a minute and task, so their number is the number of tasks.
fn counts_samples(watch: &Watch) -> bool {
    watch.namespace == "AWS/ECS" && watch.statistic == "SampleCount"
}

/// The service's row of the table.
pub fn cells(service: &Watched, alarms: &[&Alarm], now: Timestamp) -> Vec<Cell> {
    Column::ALL
        .into_iter()
        .map(|of| {
            let mine: Vec<&Alarm> = alarms.iter().copied().filter(|alarm| column(alarm) == of).collect();
            cell(service, of, &mine, now)
        })
        .collect()
}

fn cell(service: &Watched, column: Column, alarms: &[&Alarm], now: Timestamp) -> Cell {
    let names = alarms.iter().map(|alarm| alarm.name.clone()).collect();
    let made = |mark, said: String| Cell { column, mark, said, alarms: names };
    let good: Vec<&&Alarm> = alarms.iter().filter(|alarm| weakness(alarm, now).is_none()).collect();
    match (good.as_slice(), alarms) {
        ([only], _) => made(Mark::Covered, short(only)),
        ([first, more @ ..], _) => made(Mark::Covered, format!("{} and {} more", short(first), more.len())),
        ([], _) if service.off => made(Mark::NotNeeded, "not needed".to_owned()),
        ([], [first, ..]) => made(Mark::Weak, weakness(first, now).unwrap_or_default()),
        // nobody can say that a service should have metrics of its own
        ([], []) if column == Column::Own => made(Mark::NotNeeded, "none".to_owned()),
        ([], []) => made(Mark::Missing, lacking(service, column).to_owned()),
    }
}

/// Why an alarm would tell nobody, if it would not.
pub fn weakness(alarm: &Alarm, now: Timestamp) -> Option<String> {
    if !alarm.actions_enabled {
        return Some("its actions are off".to_owned());
    }
    if alarm.only_scales() {
        return Some("it only scales, and tells nobody".to_owned());
    }
    // a child of a composite alarm often has no action of its own; whose child it is, is not known here
    if alarm.told().is_empty() {
        return Some("nobody is told".to_owned());
    }
    stuck(alarm.state, alarm.since, now).map(|without| format!("no data for {}", span(without)))
}

/// For how long an alarm has had no data, if that is too long.
pub fn stuck(state: AlarmState, since: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    let without = now.since(since.filter(|_| state == AlarmState::InsufficientData)?);
    (without > STUCK).then_some(without)
}

/// `> 80`, or the alarm's kind where there is no number.
fn short(alarm: &Alarm) -> String {
    let number = alarm.watch.as_ref().and_then(|watch| {
        let sign = sign(&watch.comparison)?;
        Some(format!("{sign} {}", watch.threshold?))
    });
    match (number, alarm.kind) {
        (Some(number), _) => number,
        (None, AlarmKind::Composite) => "composite".to_owned(),
        (None, AlarmKind::Log) => "log query".to_owned(),
        (None, AlarmKind::Metric) => "watched".to_owned(),
    }
}

/// A comparison as people write it.
pub fn sign(comparison: &str) -> Option<&'static str> {
    match comparison {
        "GreaterThanThreshold" => Some(">"),
        "GreaterThanOrEqualToThreshold" => Some("≥"),
        "LessThanThreshold" => Some("<"),
        "LessThanOrEqualToThreshold" => Some("≤"),
        _ => None,
    }
}

/// What would count, for a cell with nothing in it.
fn lacking(service: &Watched, column: Column) -> &'static str {
    match column {
        Column::Health if service.target_groups.iter().any(|arn| target_of(arn).is_some()) => "missing: its target group",
        Column::Health if service.checked_container.is_some() => "missing: its container health",
        Column::Health => "nothing reports it",
        _ => "missing",
    }
}

/// What is kept of a row for sorting and counting: the bits of the columns that lack an alarm, and how many are weak.
pub fn tally(cells: &[Cell]) -> (u32, u32) {
    let lacking = cells.iter().filter(|cell| cell.mark == Mark::Missing);
    let weak = cells.iter().filter(|cell| cell.mark == Mark::Weak).count();
    (lacking.map(|cell| cell.column.bit()).sum(), u32::try_from(weak).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests;
