//! Numbers: what commands cost, and several takings of one figure.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

use crate::{run, say};

pub(super) struct Cost {
    pub(super) wall: Duration,
    /// User and system together, of the commands and what they started.
    pub(super) cpu: Duration,
}

/// Runs the commands one after another and gives what all of them cost together.
pub(super) fn cost_of(commands: &mut [Command], exits: &[i32]) -> Result<Cost> {
    let before = cpu_of_children()?;
    let watch = say::stopwatch();
    for command in commands {
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
        ensure!(
            status.code().is_some_and(|code| exits.contains(&code)),
            "`{}` ended with {status} while it was measured",
            run::shown(command)
        );
    }
    let wall = watch.elapsed();
    Ok(Cost { wall, cpu: cpu_of_children()?.saturating_sub(before) })
}

fn cpu_of_children() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("getrusage")?;
    Ok(span(usage.user_time()) + span(usage.system_time()))
}

fn span(time: TimeVal) -> Duration {
    let micros = time.tv_sec().unsigned_abs() * 1_000_000 + time.tv_usec().unsigned_abs();
    Duration::from_micros(micros)
}

/// Takings of one figure, sorted.
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn of(mut takings: Vec<f64>) -> Self {
        takings.sort_by(f64::total_cmp);
        Self(takings)
    }

    pub(crate) fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        match (self.0.get(middle.wrapping_sub(1)), self.0.get(middle)) {
            (Some(below), Some(above)) if self.0.len().is_multiple_of(2) => f64::midpoint(*below, *above),
            (_, Some(middle)) => *middle,
            _ => f64::NAN,
        }
    }

    /// The taking below which this part of all lies (nearest rank).
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let rank = (part * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.clamp(1, self.0.len().max(1)) - 1).copied().unwrap_or(f64::NAN)
    }

    /// `p50 1.2 ms, p99 3.4 ms, worst 5.6 ms`
    pub(super) fn percentiles(&self, decimals: usize) -> String {
        let [middle, late, worst] = [0.5, 0.99, 1.0].map(|part| grouped(self.quantile(part), decimals));
        format!("p50 {middle} ms, p99 {late} ms, worst {worst} ms")
    }

    /// `12,345 (12,001 to 12,800, n = 5)`
    pub(crate) fn show(&self, decimals: usize, unit: &str) -> String {
        let mut text = format!("{}{unit}", grouped(self.median(), decimals));
        if let (Some(least), Some(most)) = (self.0.first(), self.0.last()) {
            let (least, most) = (grouped(*least, decimals), grouped(*most, decimals));
            text.push_str(&format!(" ({least} to {most}, n = {})", self.0.len()));
        }
        text
    }
}

pub(crate) fn grouped(figure: f64, decimals: usize) -> String {
    let plain = format!("{figure:.decimals$}");
    let (whole, rest) = plain.split_once('.').map_or((plain.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(rest) = rest {
        text.push('.');
        text.push_str(rest);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Sample, grouped};

    #[test]
    fn the_median_is_the_middle_one_or_between_the_two() {
        assert_eq!(grouped(Sample::of(vec![3.0, 1.0, 2.0]).median(), 1), "2.0");
        assert_eq!(grouped(Sample::of(vec![4.0, 1.0, 2.0, 3.0]).median(), 1), "2.5");
    }

    #[test]
    fn a_quantile_is_a_taking() {
        let sample = Sample::of((1..=200).map(f64::from).collect());
        assert_eq!([0.5, 0.99, 1.0].map(|part| grouped(sample.quantile(part), 0)), ["100", "198", "200"]);
        assert!(Sample::of(Vec::new()).quantile(0.5).is_nan());
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(1_234_567.0, 0), "1,234,567");
        assert_eq!(grouped(20_000.5, 2), "20,000.50");
        assert_eq!(grouped(0.05, 2), "0.05");
    }
}
