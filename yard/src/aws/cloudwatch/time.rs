//! Which minutes a request for metrics is about, and how fine CloudWatch still has them.
//!
//! Sources: CloudWatch API reference, GetMetricData and GetMetricStatistics, "StartTime" and "Period".
//! The trap: the start is rounded down, by more the longer ago it is.

use serde_json::Value;

use crate::{
    aws::{
        answer::ApiError,
        cloudwatch::{bad_combination, bad_value, missing},
    },
    clock::{HOUR, MINUTE, SECOND},
    model::{
        metrics::{DAY, Series},
        sample::Sample,
    },
};

/// Points of a minute are kept for 15 days, of five minutes for 63, of an hour for 455.
const RETENTION: [(i64, i64); 3] = [(15 * DAY, MINUTE), (63 * DAY, 5 * MINUTE), (455 * DAY, HOUR)];

/// The finest period that still exists of a time so long ago; none for what is gone altogether.
fn finest(age: i64) -> Option<i64> {
    RETENTION.into_iter().find(|(kept, _)| age <= *kept).map(|(_, period)| period)
}

/// A time in a request: seconds since 1970 as a number.
pub(super) fn micros(value: Option<&Value>, parameter: &str) -> Result<i64, ApiError> {
    let seconds = value.filter(|value| !value.is_null()).ok_or_else(|| missing(parameter))?;
    let seconds = seconds.as_f64().ok_or_else(|| ApiError::serialization(&format!("{parameter} is no time")))?;
    Ok((seconds * SECOND as f64) as i64)
}

/// From the beginning of the first minute to the end, which is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: i64,
    pub(super) end: i64,
    /// When it is asked: what is in the future has not been measured.
    pub(super) now: i64,
}

impl Range {
    pub(super) fn new(start: i64, end: i64, now: i64) -> Result<Self, ApiError> {
        if start >= end {
            return Err(bad_combination("The parameter StartTime must be less than the parameter EndTime."));
        }
        let grain = finest(now - start).unwrap_or(HOUR);
        Ok(Self { start: start.div_euclid(grain) * grain, end, now })
    }

    /// How many periods of that length it has, in microseconds.
    pub(super) fn slots(&self, period: i64) -> usize {
        usize::try_from((self.end - self.start).div_euclid(period) + i64::from((self.end - self.start).rem_euclid(period) != 0))
            .unwrap_or(0)
    }

    /// All that was measured in the n-th period, as far as it is over and still kept so fine.
    pub(super) fn point(&self, series: &Series, period: i64, slot: usize) -> Option<(i64, Point)> {
        let begun = self.start + i64::try_from(slot).ok()?.checked_mul(period)?;
        if finest(self.now - begun).is_none_or(|finest| period < finest) {
            return None;
        }
        let mut point = Point::default();
        let mut at = begun;
        while at < begun + period && at + MINUTE <= self.now {
            if let Some(sample) = series.sample(at) {
                point.add(sample);
            }
            at += MINUTE;
        }
        (point.count > 0.0).then_some((begun, point))
    }
}

/// A period in seconds, checked, in microseconds. Below a minute there is nothing, because nothing here reports so often.
pub(super) fn period(seconds: i64) -> Result<i64, ApiError> {
    let fine = [1, 5, 10, 20, 30].contains(&seconds);
    if seconds < 1 || (!fine && seconds % 60 != 0) {
        return Err(bad_value(format!("The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60, not {seconds}.")));
    }
    seconds.checked_mul(SECOND).ok_or_else(|| bad_value("The parameter Period is too large."))
}

/// What several minutes come to.
#[derive(Debug, Clone, Default)]
pub(super) struct Point {
    pub(super) count: f64,
    pub(super) sum: f64,
    pub(super) min: f64,
    pub(super) max: f64,
    samples: Vec<Sample>,
}

impl Point {
    fn add(&mut self, sample: Sample) {
        self.min = if self.samples.is_empty() { sample.min } else { self.min.min(sample.min) };
        self.max = if self.samples.is_empty() { sample.max } else { self.max.max(sample.max) };
        self.count += sample.count;
        self.sum += sample.sum;
        self.samples.push(sample);
    }

    /// Over several minutes the mean of the minutes' percentiles, each by its weight: near enough for a story.
    fn percentile(&self, percent: f64) -> f64 {
        self.samples.iter().map(|sample| sample.percentile(percent) * sample.count).sum::<f64>() / self.count
    }

    pub(super) fn statistic(&self, statistic: Statistic) -> f64 {
        let value = match statistic {
            Statistic::Average => self.sum / self.count,
            Statistic::Sum => self.sum,
            Statistic::Minimum => self.min,
            Statistic::Maximum => self.max,
            Statistic::SampleCount => self.count,
            Statistic::Percentile(percent) => self.percentile(percent),
        };
        (value * 1e6).round() / 1e6
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Statistic {
    Average,
    Sum,
    Minimum,
    Maximum,
    SampleCount,
    Percentile(f64),
}

impl Statistic {
    /// One of the five plain ones.
    pub(super) fn plain(word: &str) -> Option<Self> {
        Some(match word {
            "Average" => Self::Average,
            "Sum" => Self::Sum,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            "SampleCount" => Self::SampleCount,
            _ => return None,
        })
    }

    /// `p0` to `p100`, with up to ten decimals.
    pub(super) fn percentile(word: &str) -> Option<Self> {
        let number = word.strip_prefix('p')?;
        let digits = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && number.len() <= 13;
        let percent: f64 = number.parse().ok().filter(|percent| digits && (0.0..=100.0).contains(percent))?;
        Some(Self::Percentile(percent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_772_366_400 * SECOND;

    #[test]
    fn the_start_is_rounded_by_how_long_ago_it_is() {
        for (ago, expected) in
            [(SECOND, MINUTE), (15 * DAY - SECOND, MINUTE), (15 * DAY + SECOND, 5 * MINUTE), (64 * DAY, HOUR), (500 * DAY, HOUR)]
        {
            let range = Range::new(NOW - ago - 1, NOW, NOW).unwrap();
            assert_eq!(range.start % expected, 0, "{ago}");
            assert!(NOW - ago - 1 - range.start < expected);
        }
        assert!(Range::new(NOW, NOW, NOW).is_err());
        assert_eq!(Range { start: 0, end: 10 * MINUTE + 1, now: NOW }.slots(5 * MINUTE), 3);
    }

    #[test]
    fn periods_and_statistics_are_cloudwatchs() {
        for seconds in [1, 30, 60, 300, 3_600] {
            assert!(period(seconds).is_ok());
        }
        for seconds in [0, -60, 45, 61, i64::MAX] {
            assert!(period(seconds).is_err());
        }
        assert_eq!(Statistic::percentile("p99.9"), Some(Statistic::Percentile(99.9)));
        for word in ["p101", "p", "p-1", "99", "pNaN", "tm90"] {
            assert_eq!(Statistic::percentile(word), None, "{word}");
        }
    }
}
