//! What a rollout can mend, and what the score would become: said before anybody plans it.
//!
//! Today that is one check, the health check. The promise is what the checks come to when they are asked of the facts as the
//! rollout leaves them ([`crate::readiness::live::promise`], decision 0136), so that a check which begins to apply, or to hold as well,
//! is in it. The trap is a link that leads to a plan of something else than was promised, so both are made of the same services.

use serde::{Deserialize, Serialize};

use super::{Foretold, LeftOut, ReadinessFacts};
use crate::change::HealthCheckForm;
use crate::readiness::State;
use crate::readiness::assess::{Assessed, Judged};
use crate::service::ServiceKey;
use crate::view::PlanQuery;

/// The check a rollout of a health check mends.
pub(super) const HEALTH_CHECK: &str = "H1";
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
    /// What the fleet's score would become, in sentences.
    pub said: String,
    /// The same as numbers.
    pub foretold: Foretold,
}

/// Health checks for every service that lacks one.
pub(super) fn of_fleet(facts: &ReadinessFacts<'_>) -> Option<Mending> {
    let lacking = facts.readiness.services.iter().filter(|judged| judged.check(HEALTH_CHECK).is_some_and(lacks));
    let mut chosen: Vec<&ServiceKey> = lacking.filter_map(|judged| judged.asked.subject.service()).collect();
    let all = chosen.len();
    chosen.truncate(MOST_CHOSEN);
    let label = match (all, chosen.len()) {
        (0, _) => return None,
        (1, _) => "Plan a health check for the service that lacks one".to_owned(),
        (all, chosen) if chosen < all => format!("Plan health checks for the first {chosen} of {all} services that lack one"),
        (all, _) => format!("Plan health checks for the {all} services that lack one"),
    };
    let path = PlanQuery { services: chosen.iter().map(|key| (*key).clone()).collect(), ..PlanQuery::default() }.path();
    // one form has one name of a container
    let named = |key: &&ServiceKey| container(facts, key).is_some();
    let (apart, alike): (Vec<&ServiceKey>, Vec<&ServiceKey>) = chosen.into_iter().partition(named);
    let why = "several of its containers are essential, and the form on its own readiness page names the one that lacks a check";
    let apart = apart.into_iter().map(|key| LeftOut { service: key.clone(), why: why.to_owned() }).collect();
    Some(mending(Foretold::of(facts, &alike, apart), all as u64, label, path))
}

/// A health check for one service, where this check is it and fails.
pub(super) fn of_check(facts: &ReadinessFacts<'_>, judged: &Judged, assessed: &Assessed) -> Option<Mending> {
    let key = judged.asked.subject.service().filter(|_| &*assessed.check == HEALTH_CHECK && lacks(assessed))?;
    let container = container(facts, key).map(str::to_owned).unwrap_or_default();
    let query = PlanQuery { check: HealthCheckForm { container, ..HealthCheckForm::default() }, ..PlanQuery::health_check(key) };
    Some(mending(Foretold::of(facts, &[key], Vec::new()), 1, "Plan a health check for it".to_owned(), query.path()))
}

/// The container that must be named for a service.
fn container<'a>(facts: &ReadinessFacts<'a>, key: &ServiceKey) -> Option<&'a str> {
    facts.promises.get(key)?.as_ref().ok()?.container.as_deref()
}

fn lacks(assessed: &Assessed) -> bool {
    matches!(assessed.state, State::Fail | State::Partial)
}

fn mending(foretold: Foretold, services: u64, label: String, path: String) -> Mending {
    Mending { check: HEALTH_CHECK.to_owned(), services, label, path, said: foretold.said.clone(), foretold }
}
