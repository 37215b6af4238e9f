//! What changed since the report before, check by check.
//!
//! The report before is itself a document with all its evidence, so this needs nothing but the two. The trap is another
//! formula: a score of another model is another measure, so across a change of the model no difference of scores is told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Document;
use crate::Timestamp;
use crate::readiness::assess::Judged;
use crate::readiness::{Readiness, Score, State, Subject};

/// Most changes that are listed one by one; all are counted.
const MOST: usize = 2_000;

/// What is different from the report before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Since {
    /// That report's id.
    pub id: String,
    /// When it was made.
    pub made: Timestamp,
    /// Whether both were added up by the same formula and the same card's name.
    pub comparable: bool,
    /// What the fleet came to then.
    pub fleet: Score,
    /// Targets that were reached then.
    pub reached: Vec<String>,
    /// Checks that got better.
    pub better: usize,
    /// Checks that got worse.
    pub worse: usize,
    /// Services and environments that are new, by name.
    pub appeared: Vec<String>,
    /// Those that are gone.
    pub vanished: Vec<String>,
    /// The changes, the worse ones first.
    pub moved: Vec<Moved>,
}

/// One check that stands otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Moved {
    /// The check's id.
    pub check: String,
    /// Of what.
    pub subject: Subject,
    /// How it stood.
    pub before: State,
    /// How it stands.
    pub now: State,
}

impl Moved {
    /// Whether it got worse. Out of a waiver into a pass is better, into a failure worse; what no longer applies is neither.
    pub fn worse(&self) -> bool {
        rank(self.now) < rank(self.before)
    }
}

/// How good a state is.
pub(crate) const fn rank(state: State) -> u8 {
    match state {
        State::Fail => 0,
        State::Unknown => 1,
        State::Partial => 2,
        State::Waived => 3,
        State::Pass | State::NotApplicable => 4,
    }
}

/// What changed from a document to a readiness.
pub fn since(before: &Document, now: &Readiness) -> Since {
    let old: BTreeMap<&Subject, &Judged> = before.judged().map(|judged| (&judged.asked.subject, judged)).collect();
    let new: BTreeMap<&Subject, &Judged> = all(now).map(|judged| (&judged.asked.subject, judged)).collect();
    let mut moved = Vec::new();
    for (subject, judged) in &new {
        let Some(earlier) = old.get(*subject) else { continue };
        for assessed in &judged.checks {
            let state = earlier.check(&assessed.check).map(|assessed| assessed.state);
            if let Some(before) = state.filter(|before| *before != assessed.state) {
                moved.push(Moved { check: assessed.check.to_string(), subject: (*subject).clone(), before, now: assessed.state });
            }
        }
    }
    let worse = moved.iter().filter(|moved| moved.worse()).count();
    let better = moved.iter().filter(|moved| rank(moved.now) > rank(moved.before)).count();
    // stable: within both halves they stay in the order of their subjects and the card
    moved.sort_by_key(|moved| !moved.worse());
    moved.truncate(MOST);
    let missing_in = |of: &BTreeMap<&Subject, &Judged>, other: &BTreeMap<&Subject, &Judged>| {
        of.keys().filter(|subject| !other.contains_key(**subject)).map(ToString::to_string).collect::<Vec<_>>()
    };
    Since {
        id: before.id.clone(),
        made: before.made,
        comparable: before.readiness.model == now.model && before.readiness.card == now.card,
        fleet: before.readiness.fleet.clone(),
        reached: before.readiness.targets.iter().filter(|target| target.reached).map(|target| target.name.clone()).collect(),
        better,
        worse,
        appeared: missing_in(&new, &old),
        vanished: missing_in(&old, &new),
        moved,
    }
}

fn all(readiness: &Readiness) -> impl Iterator<Item = &Judged> {
    readiness.environments.iter().chain(&readiness.services)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn what_got_worse_comes_first_and_what_is_new_is_named() {
        let before = sample::document();
        let mut now = before.readiness.clone();
        let gone = now.services.remove(0).asked.subject;
        let moved = &mut now.services[0];
        let (first, second) = (moved.checks[0].state, moved.checks[1].state);
        assert_eq!((first, second), (State::Pass, State::Waived), "{moved:?}");
        (moved.checks[0].state, moved.checks[1].state) = (State::Fail, State::Pass);
        let since = since(&before, &now);
        assert_eq!((since.worse, since.better, since.comparable), (1, 1, true));
        assert_eq!(since.vanished, [gone.to_string()]);
        assert_eq!(since.appeared, Vec::<String>::new());
        let states: Vec<_> = since.moved.iter().map(|moved| (moved.check.as_str(), moved.before, moved.now)).collect();
        assert_eq!(states, [("H1", State::Pass, State::Fail), ("H3", State::Waived, State::Pass)]);
    }

    #[test]
    fn another_formula_is_not_compared() {
        let before = sample::document();
        let now = Readiness { model: before.readiness.model + 1, ..before.readiness.clone() };
        assert!(!since(&before, &now).comparable);
    }
}
