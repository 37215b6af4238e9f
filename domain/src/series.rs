//! Numbers over time: which ones there are, how their points fall into slots, and how slots become the points of a plot.
//!
//! Separate from state because these always move: an interval per value would be a row per poll. A point belongs to the
//! slot its instant falls into, so points that come twice, late or in any order end in the same place. The trap is what
//! is missing: a slot without a point stays empty through packing, rolling up and plotting, and is drawn as a gap;
//! nothing here ever fills one in.

mod pack;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

pub use pack::{Damaged, pack, unpack};

/// Seconds of an hour.
pub const HOUR: i64 = 3_600;
/// Seconds of a day.
pub const DAY: i64 = 86_400;
/// Microseconds of a second.
const MICROS: i64 = 1_000_000;

/// What is measured of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// `AWS/ECS` CPUUtilization, average over its tasks, in percent of what the service reserved.
    CpuAverage,
    /// The same, of its busiest task.
    CpuMaximum,
    /// `AWS/ECS` MemoryUtilization, average over its tasks, in percent.
    MemoryAverage,
    /// The same, of its fullest task.
    MemoryMaximum,
    /// Tasks running, from how many samples of CPUUtilization a minute brought: one a task (aws/containers-roadmap 2718).
    TasksSampled,
    /// `AWS/ApplicationELB` RequestCount of a target group: requests in a minute.
    Requests,
    /// HTTPCode_Target_5XX_Count: answers in a minute in which the service itself failed.
    Errors,
    /// TargetResponseTime, average, in milliseconds.
    Latency,
    /// TargetResponseTime, 99th percentile, in milliseconds.
    LatencyP99,
    /// HealthyHostCount of `AWS/ApplicationELB` or `AWS/NetworkELB`, the lowest of the minute.
    Healthy,
    /// UnHealthyHostCount, the highest of the minute.
    Unhealthy,
    /// NATS connections of a service, the fewest of five minutes.
    NatsConnections,
    /// Messages its connections sent to NATS, a second.
    NatsSent,
    /// Messages they received from it, a second.
    NatsReceived,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 14] = [
        Self::CpuAverage,
        Self::CpuMaximum,
        Self::MemoryAverage,
        Self::MemoryMaximum,
        Self::TasksSampled,
        Self::Requests,
        Self::Errors,
        Self::Latency,
        Self::LatencyP99,
        Self::Healthy,
        Self::Unhealthy,
        Self::NatsConnections,
        Self::NatsSent,
        Self::NatsReceived,
    ];

    /// The word in the store, in JSON and in CSV.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CpuAverage => "cpu_average",
            Self::CpuMaximum => "cpu_maximum",
            Self::MemoryAverage => "memory_average",
            Self::MemoryMaximum => "memory_maximum",
            Self::TasksSampled => "tasks_sampled",
            Self::Requests => "requests",
            Self::Errors => "errors",
            Self::Latency => "latency",
            Self::LatencyP99 => "latency_p99",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::NatsConnections => "nats_connections",
            Self::NatsSent => "nats_sent",
            Self::NatsReceived => "nats_received",
        }
    }

    /// The metric of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == word)
    }

    /// Seconds between two points: five minutes for what only trends, one for what customers feel.
    pub const fn step(self) -> u32 {
        match self {
            Self::Requests | Self::Errors | Self::Latency | Self::LatencyP99 | Self::Healthy | Self::Unhealthy => 60,
            _ => 300,
        }
    }

    /// Whether it is counted at the NATS servers, by their cluster, and not asked of CloudWatch.
    pub const fn of_nats(self) -> bool {
        matches!(self, Self::NatsConnections | Self::NatsSent | Self::NatsReceived)
    }

    /// How many of its kept units make one: percents and milliseconds are kept in hundredths, counts whole. A hundredth
    /// of a percent is finer than CloudWatch's own agreement with itself between two readings of one minute.
    const fn scale(self) -> f64 {
        match self {
            Self::CpuAverage
            | Self::CpuMaximum
            | Self::MemoryAverage
            | Self::MemoryMaximum
            | Self::Latency
            | Self::LatencyP99
            | Self::TasksSampled => 100.0,
            // the messages of the five minutes, whole: one of them is not nought
            Self::NatsSent | Self::NatsReceived => 300.0,
            _ => 1.0,
        }
    }

    /// The integer that is kept for a value; nothing for what is no number.
    pub fn kept(self, value: f64) -> Option<i64> {
        let scaled = (value * self.scale()).round();
        // beyond 2^53 an f64 no longer tells integers apart
        (scaled.is_finite() && scaled.abs() < 9.0e15).then_some(scaled as i64)
    }

    /// The value behind a kept integer.
    pub fn value(self, kept: i64) -> f64 {
        kept as f64 / self.scale()
    }

    /// How points of one bucket of a plot become one. What hurts must not vanish in an average: maxima stay maxima.
    pub const fn joined(self) -> Join {
        match self {
            Self::CpuAverage | Self::MemoryAverage | Self::Latency => Join::Mean,
            Self::TasksSampled | Self::Healthy | Self::NatsConnections => Join::Lowest,
            Self::Requests | Self::Errors | Self::NatsSent | Self::NatsReceived => Join::Mean,
            Self::CpuMaximum | Self::MemoryMaximum | Self::LatencyP99 | Self::Unhealthy => Join::Highest,
        }
    }
}

/// How several points become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// Their mean.
    Mean,
    /// The highest.
    Highest,
    /// The lowest.
    Lowest,
}

/// One value at one instant, as a source gave it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The beginning of the span it is about.
    pub at: Timestamp,
    /// The value in the metric's own unit.
    pub value: f64,
}

/// Slots of a packed hour or day.
pub type Slots = Vec<Option<i64>>;

/// How many slots of `step` seconds a span of `length` seconds has.
pub fn slots_in(length: i64, step: u32) -> usize {
    usize::try_from(length / i64::from(step.max(1))).unwrap_or(0)
}

/// The beginning (in seconds since 1970) of the span of `length` seconds that `at` falls into.
pub fn start_of(at: Timestamp, length: i64) -> i64 {
    at.as_micros().div_euclid(MICROS * length) * length
}

/// The slot of `at` in the span of `length` seconds that begins at `start`; nothing outside of it.
pub fn slot_of(at: Timestamp, start: i64, length: i64, step: u32) -> Option<usize> {
    let inside = at.as_micros().div_euclid(MICROS).checked_sub(start)?;
    (0..length).contains(&inside).then(|| usize::try_from(inside / i64::from(step.max(1))).unwrap_or(0))
}

/// Lays `newer` over `slots`, longer if need be: where both know a slot the newer reading holds, because CloudWatch goes
/// on completing its newest minutes. Answers whether anything is different now.
pub fn lay_over(slots: &mut Slots, newer: &[Option<i64>]) -> bool {
    if slots.len() < newer.len() {
        slots.resize(newer.len(), None);
    }
    let mut changed = false;
    for (slot, value) in slots.iter_mut().zip(newer) {
        if value.is_some() && slot != value {
            *slot = *value;
            changed = true;
        }
    }
    changed
}

/// A span of a plot and the number of its points: fixed, so that a month costs what an hour costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The last hour.
    Hour,
    /// The last 24 hours.
    #[default]
    Day,
    /// The last seven days.
    Week,
    /// The last thirty days.
    Month,
}

/// Most points of one line of a plot.
pub const MOST_POINTS: i64 = 240;

impl Reach {
    /// Every reach.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// The word in URLs and on pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The reach of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reach| reach.as_str() == word)
    }

    /// The shortest reach that spans so many seconds; the longest there is for more than that.
    pub fn spanning(seconds: i64) -> Self {
        Self::ALL.into_iter().find(|reach| seconds <= reach.seconds()).unwrap_or(Self::Month)
    }

    /// Seconds it spans.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Hour => HOUR,
            Self::Day => DAY,
            Self::Week => 7 * DAY,
            Self::Month => 30 * DAY,
        }
    }

    /// Seconds of one bucket for points that are `step` seconds apart: a whole number of steps, at most
    /// [`MOST_POINTS`] buckets.
    pub fn bucket(self, step: u32) -> i64 {
        let step = i64::from(step.max(1));
        let wanted = self.seconds().div_euclid(MOST_POINTS).max(1);
        (wanted + step - 1) / step * step
    }
}

/// A line of a plot: values at equal distances.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Beginning of the first bucket, in seconds since 1970.
    pub start: i64,
    /// Seconds of a bucket.
    pub width: i64,
    /// One value a bucket; nothing where nothing is known.
    pub values: Vec<Option<f64>>,
}

impl Line {
    /// An empty line from `from` to `to`, with buckets at whole multiples of their width so that a picture made a minute
    /// later has the same buckets.
    pub fn between(from: i64, to: i64, width: i64) -> Self {
        let width = width.max(1);
        let start = from.div_euclid(width) * width;
        let buckets = usize::try_from((to - start).max(0) / width + 1).unwrap_or(0);
        Self { start, width, values: vec![None; buckets] }
    }

    /// The bucket an instant falls into.
    pub fn bucket_of(&self, second: i64) -> Option<usize> {
        let index = usize::try_from((second - self.start).div_euclid(self.width)).ok()?;
        (index < self.values.len()).then_some(index)
    }

    /// Gathers `(second, value)` into the line's buckets, in any order.
    #[must_use]
    pub fn gathered(mut self, points: impl IntoIterator<Item = (i64, f64)>, join: Join) -> Self {
        let mut counts = vec![0.0_f64; self.values.len()];
        for (second, value) in points {
            let Some(index) = self.bucket_of(second) else { continue };
            counts[index] += 1.0;
            let slot = &mut self.values[index];
            *slot = Some(match (*slot, join) {
                (None, _) => value,
                // a running mean, so that no sum can grow out of range
                (Some(known), Join::Mean) => known + (value - known) / counts[index],
                (Some(known), Join::Highest) => known.max(value),
                (Some(known), Join::Lowest) => known.min(value),
            });
        }
        self
    }

    /// Empties every bucket that lies whole within a time in which nobody looked.
    pub fn blank(&mut self, from: i64, to: i64) {
        for (index, value) in (0_i64..).zip(&mut self.values) {
            let begins = self.start + index * self.width;
            if begins >= from && begins + self.width <= to {
                *value = None;
            }
        }
    }

    /// The newest value and when its bucket begins.
    pub fn newest(&self) -> Option<(i64, f64)> {
        let (index, value) = (0_i64..).zip(&self.values).filter_map(|(index, value)| Some((index, (*value)?))).last()?;
        Some((self.start + index * self.width, value))
    }

    /// Lowest and highest value.
    pub fn range(&self) -> Option<(f64, f64)> {
        self.values.iter().flatten().fold(None, |range, value| match range {
            None => Some((*value, *value)),
            Some((low, high)) => Some((f64::min(low, *value), f64::max(high, *value))),
        })
    }
}

#[cfg(test)]
mod tests;
