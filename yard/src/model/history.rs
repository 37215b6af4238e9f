//! What changed when: numbers and conditions of which later questions ask "how was it then?".
//!
//! Separate from the things themselves because metrics are asked for the past, while a service or a task only knows its present. Only changes are kept, never a value per
//! minute, so that a quiet fleet of ten thousand services keeps nothing.
//! The trap: both are bounded. Of a time before the oldest kept change they answer the oldest value known.

use std::collections::VecDeque;

/// Changes kept of one number; a crash loop makes about three a minute, so this is a day of it.
const CHANGES_KEPT: usize = 4_096;
/// Periods kept of one condition.
const SPANS_KEPT: usize = 256;

/// A number that changed at times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Steps {
    first: u32,
    changes: VecDeque<(i64, u32)>,
}

impl Steps {
    pub(crate) fn new(first: u32) -> Self {
        Self { first, changes: VecDeque::new() }
    }

    /// The number from `at` on. Times never go backwards.
    pub(crate) fn set(&mut self, at: i64, value: u32) {
        if self.last() == value {
            return;
        }
        self.changes.push_back((at, value));
        if self.changes.len() > CHANGES_KEPT
            && let Some((_, oldest)) = self.changes.pop_front()
        {
            self.first = oldest;
        }
    }

    pub(crate) fn last(&self) -> u32 {
        self.changes.back().map_or(self.first, |(_, value)| *value)
    }

    /// The number just before `at`: a change at that very moment is not in it yet.
    pub(crate) fn before(&self, at: i64) -> u32 {
        let after = self.changes.partition_point(|(changed, _)| *changed < at);
        after.checked_sub(1).and_then(|index| self.changes.get(index)).map_or(self.first, |(_, value)| *value)
    }

    /// The number's mean over a minute that ends at `end`, looked at four times.
    pub(crate) fn mean_before(&self, end: i64, length: i64) -> f64 {
        (0..4).map(|quarter| f64::from(self.before(end - quarter * length / 4))).sum::<f64>() / 4.0
    }
}

/// A condition that held for periods.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Spans(VecDeque<(i64, i64)>);

impl Spans {
    pub(crate) fn add(&mut self, from: i64, until: i64) {
        self.0.push_back((from, until));
        if self.0.len() > SPANS_KEPT {
            self.0.pop_front();
        }
    }

    /// Whether it held at any moment from `from` to below `until`.
    pub(crate) fn touch(&self, from: i64, until: i64) -> bool {
        self.0.iter().any(|(begun, ended)| *begun < until && from < *ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_what_its_latest_change_before_made_it() {
        let mut steps = Steps::new(2);
        for (at, value) in [(10, 1), (20, 1), (30, 2)] {
            steps.set(at, value);
        }
        for (at, expected) in [(0, 2), (10, 2), (11, 1), (30, 1), (31, 2), (1_000, 2)] {
            assert_eq!(steps.before(at), expected, "{at}");
        }
        assert!((steps.mean_before(30, 40) - 1.5).abs() < f64::EPSILON);
    }

    #[test]
    fn only_so_many_changes_are_kept_and_the_oldest_answer_for_what_was_before() {
        let mut steps = Steps::new(9);
        for at in 0..10_000 {
            steps.set(at, u32::from(at % 2 == 0));
        }
        assert_eq!(steps.changes.len(), CHANGES_KEPT);
        assert!(steps.before(0) < 2);
        let mut spans = Spans::default();
        for at in 0..1_000 {
            spans.add(at * 10, at * 10 + 5);
        }
        assert!(spans.touch(9_991, 9_992) && !spans.touch(9_995, 10_000) && !spans.touch(0, 5));
    }
}
