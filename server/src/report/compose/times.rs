//! What a report draws: the score over its period, and the fleet's tasks.
//!
//! As numbers in the document, so that a format draws them whenever it is asked for. A count holds until it changes, so time
//! nobody looked is taken out again; a score of another formula is another measure, so the line breaks there.

use std::collections::{BTreeMap, BTreeSet};

use domain::Timestamp;
use domain::report::{Period, PlottedLine, PlottedTimes};
use domain::series::Line;
use domain::text::count;

use crate::store::{CountsFrom, ScoreOf, ScoreRow, Store, StoreError};

/// Points of a line, at most.
const POINTS: i64 = 240;

/// Everything that is drawn. `only`: the one environment the report is about, where it is about one that was named.
pub(super) async fn plots(
    store: &Store,
    period: Period,
    environments: &[String],
    only: Option<&String>,
) -> Result<Vec<PlottedTimes>, StoreError> {
    let gaps = store.ecs_gaps(period).await?;
    let gaps: Vec<(i64, i64)> =
        gaps.into_iter().filter(|(environment, ..)| environments.contains(environment)).map(|(_, from, to)| (from, to)).collect();
    let of = ScoreOf { environment: only.cloned().unwrap_or_default(), ..ScoreOf::default() };
    let trend = store.score_rows(&of, period.from, period.to).await?;
    let counts: Vec<CountsFrom> =
        store.task_counts(period).await?.into_iter().filter(|counts| environments.contains(&counts.environment)).collect();
    Ok([score(period, &trend), tasks(period, &counts, &gaps)].into_iter().flatten().collect())
}

fn second(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(1_000_000)
}

/// Beginning and end in seconds.
fn span(period: Period) -> (i64, i64) {
    (second(period.from), second(period.to))
}

fn empty((from, to): (i64, i64)) -> Line {
    Line::between(from, to, ((to - from) / POINTS).max(60))
}

fn plotted(label: &str, line: Line) -> PlottedLine {
    // a value beyond what an integer holds is none that was measured
    let kept = |value: f64| (value.is_finite() && value.abs() < 9.0e12).then(|| (value * 1_000.0).round() as i64);
    let thousandths = line.values.into_iter().map(|value| value.and_then(kept)).collect();
    PlottedLine { label: label.to_owned(), start: line.start, width: line.width, thousandths }
}

fn score(period: Period, trend: &[ScoreRow]) -> Option<PlottedTimes> {
    let (from, to) = span(period);
    let mut line = empty((from, to));
    let mut measure = None;
    for row in trend {
        let broken = measure.replace((row.model, row.card.as_str())).is_some_and(|before| before != (row.model, row.card.as_str()));
        let (begins, ends) = (second(row.from).max(line.start), row.to.map_or(to, second).min(to));
        let (Some(first), Some(last)) = (line.bucket_of(begins), line.bucket_of(ends)) else { continue };
        for (index, slot) in line.values.iter_mut().enumerate().take(last + 1).skip(first) {
            let breaks = broken && index == first;
            *slot = row.score.filter(|_| !breaks).map(|score| score as f64);
        }
    }
    let (low, high) = line.range()?;
    let words = format!("The score in this time: between {low:.0} and {high:.0}.");
    let lines = vec![plotted("score", line)];
    Some(PlottedTimes { title: "Score".to_owned(), unit: "of 100".to_owned(), words, from, to, steps: true, lines, gaps: Vec::new() })
}

/// The fewest that ran and the most that were wanted in each bucket: what hurts survives it.
fn tasks(period: Period, counts: &[CountsFrom], gaps: &[(i64, i64)]) -> Option<PlottedTimes> {
    let (from, to) = span(period);
    let (mut wanted, mut running) = (empty((from, to)), empty((from, to)));
    let mut now: BTreeMap<i64, (u32, u32)> = BTreeMap::new();
    let (mut all_wanted, mut all_running) = (0_i64, 0_i64);
    let mut changes = counts.iter().peekable();
    while let Some(change) = changes.next() {
        let before = match change.tasks {
            Some(tasks) => now.insert(change.subject, tasks),
            None => now.remove(&change.subject),
        };
        let ((was_wanted, was_running), (is_wanted, is_running)) = (before.unwrap_or_default(), change.tasks.unwrap_or_default());
        all_wanted += i64::from(is_wanted) - i64::from(was_wanted);
        all_running += i64::from(is_running) - i64::from(was_running);
        let next = changes.peek().map_or(to, |next| next.second);
        // those that held at the start, and those that changed together, come one by one: the sum is whole with the last of them
        if next < from || next == change.second {
            continue;
        }
        hold(&mut wanted, change.second, next, all_wanted as f64, f64::max);
        hold(&mut running, change.second, next, all_running as f64, f64::min);
    }
    for line in [&mut wanted, &mut running] {
        gaps.iter().for_each(|(from, to)| line.blank(*from, *to));
    }
    let (low, high) = running.range()?;
    let services: BTreeSet<i64> = counts.iter().map(|counts| counts.subject).collect();
    let words = format!("Tasks of {}: between {low:.0} and {high:.0} ran in this time.", count(services.len() as u64, "service"));
    let lines = vec![plotted("running", running), plotted("wanted", wanted)];
    Some(PlottedTimes { title: "Tasks".to_owned(), unit: "tasks".to_owned(), words, from, to, steps: true, lines, gaps: gaps.to_vec() })
}

/// A value from one second to another, joined with what a bucket has already.
fn hold(line: &mut Line, from: i64, to: i64, value: f64, join: fn(f64, f64) -> f64) {
    let (Some(first), Some(last)) = (line.bucket_of(from.max(line.start)), line.bucket_of(to)) else { return };
    for slot in line.values.iter_mut().take(last + 1).skip(first) {
        *slot = Some(slot.map_or(value, |known| join(known, value)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period() -> Period {
        Period { from: Timestamp::from_secs(86_400), to: Timestamp::from_secs(2 * 86_400) }
    }

    fn counts(subject: i64, second: i64, tasks: Option<(u32, u32)>) -> CountsFrom {
        CountsFrom { subject, environment: "production".into(), second, tasks }
    }

    #[test]
    fn the_fewest_that_ran_are_seen_and_a_gap_is_empty() {
        let noon = 86_400 + 43_200;
        let all = [
            counts(1, 1_000, Some((2, 2))),
            counts(2, 2_000, Some((2, 2))),
            counts(1, noon, Some((2, 1))),
            counts(1, noon + 30, Some((2, 2))),
        ];
        let plot = tasks(period(), &all, &[(86_400 + 3_600, 86_400 + 7_200)]).unwrap();
        let running = &plot.lines[0];
        let at = |second: i64| running.thousandths[usize::try_from((second - running.start) / running.width).unwrap()];
        assert_eq!((at(86_400 + 60), at(noon), at(noon + 7_200)), (Some(4_000), Some(3_000), Some(4_000)), "{running:?}");
        assert_eq!(at(86_400 + 5_400), None, "nobody looked");
        assert_eq!(plot.words, "Tasks of 2 services: between 3 and 4 ran in this time.");
        assert_eq!(tasks(period(), &[], &[]), None);
    }

    #[test]
    fn a_service_that_left_is_not_counted_on() {
        let all = [counts(1, 1_000, Some((2, 2))), counts(2, 2_000, Some((3, 3))), counts(1, 86_400 + 43_200, None)];
        let plot = tasks(period(), &all, &[]).unwrap();
        assert_eq!(plot.lines[0].thousandths.last().copied().flatten(), Some(3_000));
    }

    #[test]
    fn another_formula_breaks_the_line() {
        let row = |from: i64, to: Option<i64>, model, score| ScoreRow {
            from: Timestamp::from_secs(from),
            to: to.map(Timestamp::from_secs),
            model,
            card: "three".to_owned(),
            score,
            upper: score,
            unwaived: score,
            confidence: 1_000,
            letter: None,
            caps: Vec::new(),
        };
        let noon = 86_400 + 43_200;
        let plot = score(period(), &[row(1_000, Some(noon), 1, Some(60)), row(noon, None, 2, Some(80))]).unwrap();
        let empty = plot.lines[0].thousandths.iter().filter(|value| value.is_none()).count();
        assert_eq!(empty, 1, "one bucket is left out where the formula changed");
        assert_eq!(plot.lines[0].thousandths.last().copied().flatten(), Some(80_000));
        assert_eq!(score(period(), &[row(1_000, None, 1, None)]), None);
    }
}
