//! What a rollout can mend, and what the score would become: said before anybody plans it.
//!
//! Today that is one check, the health check. The promise is made by the same formula over the same answers, with that check
//! held; what else moves once tasks are checked (H2 to H4 begin to apply) is not promised, because nobody can know it. The
//! trap is a promise that reads well because another gate is left out, so that gate is named.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{ReadinessFacts, Scored};
use crate::readiness::assess::{Assessed, Judged};
use crate::readiness::{Score, State, Subject};
use crate::text;
use crate::view::PlanQuery;

/// The check a rollout of a health check mends.
const HEALTH_CHECK: &str = "H1";
/// Most services that one link chooses: it must still fit into an address.
const MOST_CHOSEN: usize = 100;

/// A failure that a rollout can mend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mending {
    /// The check's id.
    pub check: String,
    /// How many services lack it.
    pub services: u64,
    /// The words of the link.
    pub label: String,
    /// The form in which it is planned, filled in. Nothing changes by opening it.
    pub path: String,
    /// What the fleet's score would become, as a sentence.
    pub said: String,
    /// The same as numbers.
    pub becomes: Scored,
}

/// Health checks for every service that lacks one.
pub(super) fn of_fleet(facts: &ReadinessFacts<'_>) -> Option<Mending> {
    let lacking = facts.readiness.services.iter().filter(|judged| judged.check(HEALTH_CHECK).is_some_and(lacks));
    let mut subjects: Vec<&Subject> = lacking.map(|judged| &judged.asked.subject).collect();
    let all = subjects.len();
    subjects.truncate(MOST_CHOSEN);
    let label = match (all, subjects.len()) {
        (0, _) => return None,
        (1, _) => "Plan a health check for the service that lacks one".to_owned(),
        (all, chosen) if chosen < all => format!("Plan health checks for the first {chosen} of {all} services that lack one"),
        (all, _) => format!("Plan health checks for the {all} services that lack one"),
    };
    Some(mending(facts, &subjects, all as u64, label))
}

/// A health check for one service, where this check is it and fails.
pub(super) fn of_check(facts: &ReadinessFacts<'_>, judged: &Judged, assessed: &Assessed) -> Option<Mending> {
    let lacking = assessed.check == HEALTH_CHECK && lacks(assessed) && judged.asked.subject.service().is_some();
    lacking.then(|| mending(facts, &[&judged.asked.subject], 1, "Plan a health check for it".to_owned()))
}

fn lacks(assessed: &Assessed) -> bool {
    matches!(assessed.state, State::Fail | State::Partial)
}

fn mending(facts: &ReadinessFacts<'_>, subjects: &[&Subject], services: u64, label: String) -> Mending {
    let chosen: BTreeSet<Subject> = subjects.iter().map(|subject| (*subject).clone()).collect();
    let then = facts.readiness.promised(facts.card, HEALTH_CHECK, &chosen);
    let query = PlanQuery { services: subjects.iter().filter_map(|subject| subject.service().cloned()).collect(), ..PlanQuery::default() };
    Mending {
        check: HEALTH_CHECK.to_owned(),
        services,
        label,
        path: query.path(),
        said: promise(facts, &then),
        becomes: Scored::from(&then),
    }
}

/// `With that alone the fleet's score would become 79 instead of 69.`
fn promise(facts: &ReadinessFacts<'_>, then: &Score) -> String {
    let now = &facts.readiness.fleet;
    match (now.score, then.score) {
        (_, None) => "With that alone there would still be no score: too little rests on evidence.".to_owned(),
        (Some(before), Some(after)) if before == after => {
            let other = facts.readiness.caps.iter().find(|cap| cap.at == after && cap.check != HEALTH_CHECK);
            let why = other.map(|cap| format!(", where {} caps it", text::shown(&cap.check))).unwrap_or_default();
            let gates = match (now.uncapped, then.uncapped) {
                (Some(before), Some(after)) if before != after => format!(" Before gates it would be {after} instead of {before}."),
                _ => String::new(),
            };
            format!("With that alone the fleet's score would stay {after}{why}.{gates}")
        }
        (_, Some(_)) => format!("With that alone the fleet's score would become {} instead of {}.", then.range(), now.range()),
    }
}
