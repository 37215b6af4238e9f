//! How much of the period each source was really read.
//!
//! A report over thirty days of a Signalbox that was installed yesterday is a report over one day, and must say so. What was
//! before a source's first sweep is time nobody looked, as much as a gap is.

use serde::{Deserialize, Serialize};

use super::Period;
use crate::Timestamp;
use crate::source::SourceId;

/// One source's share of the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Observed {
    /// Which source.
    pub source: SourceId,
    /// When it was first read; none where it never was.
    pub first: Option<Timestamp>,
    /// The share of the period in which it was read, in permille, rounded down.
    pub permille: u16,
    /// Stretches of the period in which it was not.
    pub gaps: u64,
    /// The longest of them, in seconds.
    pub longest_gap: u64,
    /// Why what it says is too old now.
    pub stale: Option<String>,
}

impl Observed {
    /// From when a source was first read, and the gaps in that since; a gap without an end goes on.
    pub fn of(source: SourceId, period: Period, first: Option<Timestamp>, gaps: &[(Timestamp, Option<Timestamp>)]) -> Self {
        let Period { from, to } = period;
        let whole = to.since(from).as_micros();
        let Some(begun) = first else {
            return Self { source, first, permille: 0, gaps: 1, longest_gap: to.since(from).as_secs(), stale: None };
        };
        let before = (begun > from).then(|| (from, begun.min(to)));
        let mut missed: Vec<(Timestamp, Timestamp)> = gaps
            .iter()
            .map(|(start, end)| ((*start).max(from), end.unwrap_or(to).min(to)))
            .chain(before)
            .filter(|(start, end)| start < end)
            .collect();
        missed.sort_unstable();
        // what overlaps is missed once
        let mut joined: Vec<(Timestamp, Timestamp)> = Vec::with_capacity(missed.len());
        for (start, end) in missed {
            match joined.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => joined.push((start, end)),
            }
        }
        let lost: u128 = joined.iter().map(|(start, end)| end.since(*start).as_micros()).sum();
        let read = whole.saturating_sub(lost);
        let permille = (read * 1_000).checked_div(whole).and_then(|share| u16::try_from(share).ok()).unwrap_or(0);
        let longest_gap = joined.iter().map(|(start, end)| end.since(*start).as_secs()).max().unwrap_or(0);
        Self { source, first, permille, gaps: joined.len() as u64, longest_gap, stale: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceKind;

    #[test]
    fn time_nobody_looked_is_counted_once() {
        let at = Timestamp::from_secs;
        let period = Period { from: at(1_000), to: at(2_000) };
        let observed = |first: Option<i64>, gaps: &[(i64, Option<i64>)]| {
            let gaps: Vec<_> = gaps.iter().map(|(start, end)| (at(*start), end.map(at))).collect();
            let observed = Observed::of(SourceId::new(SourceKind::Ecs, "production"), period, first.map(at), &gaps);
            (observed.permille, observed.gaps, observed.longest_gap)
        };
        assert_eq!(observed(None, &[]), (0, 1, 1_000));
        assert_eq!(observed(Some(0), &[]), (1_000, 0, 0));
        assert_eq!(observed(Some(1_900), &[]), (100, 1, 900), "before it was installed nobody looked");
        assert_eq!(observed(Some(0), &[(1_100, Some(1_300)), (1_200, Some(1_400)), (1_900, None)]), (600, 2, 300));
        assert_eq!(observed(Some(0), &[(0, Some(500)), (3_000, None)]), (1_000, 0, 0), "gaps of other times");
    }
}
