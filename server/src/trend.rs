//! A score over time as a picture: the score, what it was at most, and how far it could be trusted.
//!
//! Drawn from what a page tells, so the picture says nothing that the table below it does not. A row holds until the next; the
//! lowest of what falls into one step of the picture is drawn, because what hurts must not vanish. The trap is time nobody
//! looked: the row that was open goes on, and is taken out of the picture there.

use domain::Timestamp;
use domain::series::{Line, MOST_POINTS, Reach};
use domain::view::{ReadinessTrend, TrendBreak, TrendRow};

use crate::plot::{self, Mark, Picture};

/// The whole of a score, and of a percentage.
const WHOLE: f64 = 100.0;
/// So many words fit beside each other in a picture.
const WORDS: i64 = 5;

/// The picture; nothing where no score was on record.
pub fn drawn(trend: &ReadinessTrend) -> Option<String> {
    let (from, to) = (second(trend.from), second(trend.to));
    let gaps: Vec<(i64, i64)> = trend.gaps.iter().map(|(from, to)| (second(*from), second(*to))).collect();
    let lines = lines(&trend.rows, (from, to), &gaps);
    plot::svg(&Picture {
        reach: Reach::spanning(to - from),
        span: (from, to),
        lines: &lines,
        steps: true,
        whole: false,
        top: Some(WHOLE),
        gaps: &gaps,
        marks: &marks(&trend.rows, (from, to)),
        words: &trend.summary,
    })
}

fn second(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(1_000_000)
}

fn lines(rows: &[TrendRow], (from, to): (i64, i64), gaps: &[(i64, i64)]) -> [Line; 3] {
    let mut lines = [(); 3].map(|()| Line::between(from, to, (to - from) / MOST_POINTS));
    for row in rows {
        let values = [row.score, row.upper, Some(row.percent())];
        let (begins, ends) = (second(row.from), row.to.map_or(to, second));
        for (line, value) in lines.iter_mut().zip(values) {
            hold(line, (begins, ends), value.map(|value| value as f64));
        }
    }
    for line in &mut lines {
        for row in rows.iter().filter(|row| row.breaks.is_some()) {
            if let Some(slot) = line.bucket_of(second(row.from)).and_then(|bucket| line.values.get_mut(bucket)) {
                *slot = None;
            }
        }
        gaps.iter().for_each(|(from, to)| line.blank(*from, *to));
    }
    lines
}

/// A value from one second up to another, which is the next row's already.
fn hold(line: &mut Line, (begins, ends): (i64, i64), value: Option<f64>) {
    let last = (ends - 1).max(begins);
    let (Some(first), Some(last)) = (line.bucket_of(begins.max(line.start)), line.bucket_of(last)) else { return };
    for slot in line.values.iter_mut().take(last + 1).skip(first) {
        *slot = match (*slot, value) {
            (Some(known), Some(value)) => Some(known.min(value)),
            (known, value) => known.or(value),
        };
    }
}

/// Where the measure changed; a word beside those that leave room for one.
fn marks(rows: &[TrendRow], (from, to): (i64, i64)) -> Vec<(i64, Mark)> {
    let mut told: Option<i64> = None;
    let mark = |(at, why): (i64, TrendBreak)| {
        let room = told.is_none_or(|last| at - last > (to - from) / WORDS);
        if room {
            told = Some(at);
        }
        (at, Mark::Break(if room { why.as_str() } else { "" }))
    };
    rows.iter().filter_map(|row| Some((second(row.from), row.breaks?))).map(mark).collect()
}

#[cfg(test)]
mod tests {
    use domain::view::TrendFacts;

    use super::*;

    const START: i64 = 1_777_680_000;

    fn row(from: i64, to: Option<i64>, score: Option<u64>, card: &str) -> TrendRow {
        TrendRow {
            from: Timestamp::from_secs(START + from),
            to: to.map(|to| Timestamp::from_secs(START + to)),
            score,
            upper: score.map(|score| score + 10),
            unwaived: score,
            confidence: if score.is_some() { 930 } else { 400 },
            letter: None,
            caps: Vec::new(),
            model: 1,
            card: card.to_owned(),
            breaks: None,
        }
    }

    fn trend(rows: Vec<TrendRow>, gaps: &[(i64, i64)]) -> ReadinessTrend {
        let at = |second: i64| Timestamp::from_secs(START + second);
        let gaps = gaps.iter().map(|(from, to)| (at(*from), at(*to))).collect();
        ReadinessTrend::compose(TrendFacts { of: None, from: at(0), to: at(86_400), began: Some(at(0)), rows, gaps })
    }

    /// The score at a second of the day.
    fn at(lines: &[Line; 3], second: i64) -> [Option<f64>; 3] {
        [0, 1, 2].map(|of| lines[of].values[lines[of].bucket_of(START + second).unwrap()])
    }

    fn of(trend: &ReadinessTrend) -> [Line; 3] {
        let gaps: Vec<(i64, i64)> = trend.gaps.iter().map(|(from, to)| (second(*from), second(*to))).collect();
        lines(&trend.rows, (START, START + 86_400), &gaps)
    }

    #[test]
    fn a_score_holds_until_the_next_and_what_is_none_is_a_hole() {
        let all = trend(
            vec![row(-500, Some(30_000), Some(60), "ab"), row(30_000, Some(50_000), None, "ab"), row(50_000, None, Some(80), "ab")],
            &[],
        );
        let lines = of(&all);
        assert_eq!(at(&lines, 0), [Some(60.0), Some(70.0), Some(93.0)], "it began before");
        assert_eq!(at(&lines, 40_000), [None, None, Some(40.0)], "no score, and why");
        assert_eq!(at(&lines, 86_399), [Some(80.0), Some(90.0), Some(93.0)]);
        let told = drawn(&all).unwrap();
        assert!(told.contains("aria-label=\"The score of the fleet in this time: between 60 and 80, now 80 to 90"), "{told}");
        assert!(!told.contains("p-break") && told.contains("p-3"));
    }

    #[test]
    fn a_short_fall_is_seen() {
        let all = trend(
            vec![row(0, Some(40_000), Some(90), "ab"), row(40_000, Some(40_001), Some(20), "ab"), row(40_001, None, Some(90), "ab")],
            &[],
        );
        assert_eq!(at(&of(&all), 40_000)[0], Some(20.0));
        assert_eq!(at(&of(&all), 41_000)[0], Some(90.0));
    }

    #[test]
    fn another_measure_breaks_the_line_and_is_marked_once() {
        let all = trend(
            vec![row(0, Some(40_000), Some(90), "ab"), row(40_000, Some(41_000), Some(70), "cd"), row(41_000, None, Some(75), "ef")],
            &[],
        );
        let lines = of(&all);
        assert_eq!((at(&lines, 40_000)[0], at(&lines, 39_000)[0], at(&lines, 40_600)[0]), (None, Some(90.0), Some(70.0)));
        let told = drawn(&all).unwrap();
        assert_eq!(told.matches("class=\"p-break\"").count(), 2);
        assert_eq!(told.lines().filter(|line| line.trim() == "score card").count(), 1, "two words would lie on each other");
    }

    #[test]
    fn nothing_is_claimed_for_time_nobody_looked() {
        let all = trend(vec![row(0, None, Some(90), "ab")], &[(20_000, 30_000)]);
        let lines = of(&all);
        assert_eq!((at(&lines, 25_000), at(&lines, 31_000)[0]), ([None; 3], Some(90.0)));
        assert!(drawn(&all).unwrap().contains("p-gap"));
        assert_eq!(drawn(&trend(Vec::new(), &[])), None);
    }
}
