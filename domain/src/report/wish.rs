//! What somebody wants reported: which time, which environment, with or without names.
//!
//! Separate from the page's question, because a URL may hold what is no wish yet, and from the document, which knows its time
//! as two instants. The trap is a period nobody can have meant, of years or not over yet: a report on it would look like any
//! other, and is refused instead.

use std::time::Duration;

use super::Period;
use crate::Timestamp;
use crate::change::FieldProblem;

/// The longest period: whatever is older is of another fleet.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);
/// So far back a report reaches that has none before it to begin at.
const FIRST: Duration = Duration::from_secs(7 * 86_400);
/// So far ahead an end may lie and still mean now: somebody typed it in whole minutes.
const ABOUT_NOW: Duration = Duration::from_secs(60);

/// The time a report is to be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaching {
    /// From the report before until now.
    SinceLast,
    /// So far back from now.
    Back(Duration),
    /// From one instant to another.
    Between(Period),
}

impl Reaching {
    /// The two instants of a report that is made now; `last` is when the one before was.
    pub fn period(self, now: Timestamp, last: Option<Timestamp>) -> Period {
        match self {
            Self::SinceLast => {
                let from = last.filter(|last| *last < now).unwrap_or_else(|| now.minus(FIRST));
                Period { from: from.max(now.minus(LONGEST)), to: now }
            }
            Self::Back(span) => Period { from: now.minus(span), to: now },
            Self::Between(Period { from, to }) => {
                // what is told was seen by now, whatever was typed
                let to = to.min(now);
                Period { from: from.min(to), to }
            }
        }
    }
}

/// What somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportWish {
    /// The time it is about.
    pub reaching: Reaching,
    /// Only this environment; none: all of them.
    pub environment: Option<String>,
    /// Without accounts, addresses and names.
    pub redact: bool,
}

impl ReportWish {
    /// What is wrong with it, field by field.
    pub fn problems(&self, now: Timestamp) -> Vec<FieldProblem> {
        let long = "A report reaches back 366 days at most.";
        match self.reaching {
            Reaching::SinceLast => Vec::new(),
            Reaching::Back(span) if span.is_zero() => vec![FieldProblem::new("period", "The period has no length; 7d is one week.")],
            Reaching::Back(span) if span > LONGEST => vec![FieldProblem::new("period", long)],
            Reaching::Back(_) => Vec::new(),
            Reaching::Between(Period { from, to }) if to <= from => {
                vec![FieldProblem::new("to", "The end of the period must lie after its beginning.")]
            }
            Reaching::Between(Period { to, .. }) if to > now.plus(ABOUT_NOW) => {
                vec![FieldProblem::new("to", "The end of the period lies ahead; a report tells what was.")]
            }
            Reaching::Between(Period { from, to }) if to.since(from) > LONGEST => vec![FieldProblem::new("from", long)],
            Reaching::Between(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn now() -> Timestamp {
        Timestamp::from_secs(1_777_714_800)
    }

    #[test]
    fn a_report_begins_where_the_one_before_ended() {
        let period = |last| Reaching::SinceLast.period(now(), last);
        assert_eq!(period(Some(now().minus(DAY))), Period { from: now().minus(DAY), to: now() });
        assert_eq!(period(None).from, now().minus(7 * DAY), "the first reaches back a week");
        assert_eq!(period(Some(now().plus(DAY))).from, now().minus(7 * DAY), "a clock that was set back makes no empty period");
        assert_eq!(period(Some(now().minus(900 * DAY))).from, now().minus(366 * DAY));
    }

    #[test]
    fn no_period_ends_after_now() {
        let between = |from, to| Reaching::Between(Period { from, to }).period(now(), None);
        assert_eq!(between(now().minus(DAY), now().plus(DAY)), Period { from: now().minus(DAY), to: now() });
        assert_eq!(between(now().plus(DAY), now().plus(DAY)), Period { from: now(), to: now() });
        assert_eq!(Reaching::Back(DAY).period(now(), None), Period { from: now().minus(DAY), to: now() });
    }

    #[test]
    fn what_nobody_can_have_meant_is_refused_at_its_field() {
        let wrong = |reaching| {
            let wish = ReportWish { reaching, environment: None, redact: false };
            wish.problems(now()).into_iter().map(|problem| problem.field).collect::<Vec<_>>()
        };
        let between = |from, to| Reaching::Between(Period { from, to });
        for (reaching, field) in [
            (Reaching::SinceLast, None),
            (Reaching::Back(DAY), None),
            (between(now().minus(DAY), now()), None),
            (between(now().minus(DAY), now().plus(Duration::from_secs(30))), None),
            (Reaching::Back(Duration::ZERO), Some("period")),
            (Reaching::Back(400 * DAY), Some("period")),
            (between(now(), now()), Some("to")),
            (between(now(), now().plus(DAY)), Some("to")),
            (between(now().minus(400 * DAY), now()), Some("from")),
        ] {
            assert_eq!(wrong(reaching), field.into_iter().map(str::to_owned).collect::<Vec<_>>(), "{reaching:?}");
        }
    }
}
