//! The services of the table: which of them are asked for, and in which order.
//!
//! Filtered on what was judged and not in the store: a score is no column, it follows from everything at one instant.

use std::cmp::Reverse;

use super::query::{Graded, ReadinessQuery, ReadinessSort};
use super::{GateSaid, ReadinessFacts, ReadinessRow, Scored};
use crate::readiness::assess::{Assessed, Judged};
use crate::readiness::{Card, Readiness, State};
use crate::service::ServiceKey;

/// Every service that matches, in order.
pub(super) fn rows(facts: &ReadinessFacts<'_>, query: &ReadinessQuery) -> Vec<ReadinessRow> {
    let previews = previews(facts.card);
    let all = facts.readiness.services.iter().filter_map(|judged| Some((judged.asked.subject.service()?, judged)));
    let wanted = all.filter(|(key, judged)| matches(key, judged, query, &previews));
    let mut rows: Vec<ReadinessRow> = wanted.map(|(key, judged)| row(key, judged, &previews)).collect();
    // they come by environment, cluster and name, and a stable sort leaves those that are alike so
    match query.sort {
        ReadinessSort::Score => rows.sort_by_key(|row| (row.scored.score.score, Reverse(row.fails + row.partly))),
        ReadinessSort::Name => rows.sort_by(|one, other| one.key.service.cmp(&other.key.service)),
        ReadinessSort::Fails => rows.sort_by_key(|row| Reverse((row.fails + row.partly, row.fails))),
        ReadinessSort::Unknown => rows.sort_by_key(|row| Reverse(row.unknown)),
    }
    if query.reverse {
        rows.reverse();
    }
    rows
}

/// How many services have a check that fails, is not known, is waived: where there are any.
pub(super) fn states(facts: &ReadinessFacts<'_>) -> Vec<(State, u64)> {
    let previews = previews(facts.card);
    let has = |judged: &Judged, state| counted(judged, &previews).any(|check| stands(check, Some(state)));
    let count = |state| facts.readiness.services.iter().filter(|judged| has(judged, state)).count();
    let all = [State::Fail, State::Unknown, State::Waived].map(|state| (state, count(state) as u64));
    all.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// How many services each environment has.
pub(super) fn environments(readiness: &Readiness) -> Vec<(&str, u64)> {
    let of = |name: &str| readiness.services.iter().filter(|judged| judged.asked.subject.environment() == name).count() as u64;
    readiness.environments.iter().map(|judged| judged.asked.subject.environment()).map(|name| (name, of(name))).collect()
}

/// The checks that are shown and do not count.
fn previews(card: &Card) -> Vec<&str> {
    card.checks.iter().filter(|check| check.preview).map(|check| check.id.as_str()).collect()
}

/// The checks of a service that count.
fn counted<'a>(judged: &'a Judged, previews: &'a [&str]) -> impl Iterator<Item = &'a Assessed> {
    judged.checks.iter().filter(|check| !previews.iter().any(|preview| **preview == *check.check))
}

fn matches(key: &ServiceKey, judged: &Judged, query: &ReadinessQuery, previews: &[&str]) -> bool {
    let named = query.q.is_empty() || key.service.to_lowercase().contains(&query.q.to_lowercase());
    let there = query.environment.as_ref().is_none_or(|name| *name == key.environment);
    let graded = query.letter.is_none_or(|graded| graded == Graded::of(judged.score.letter));
    let open = |of: &Assessed| stands(of, query.state);
    let checked = match (&query.check, query.state) {
        (Some(check), _) => judged.checks.iter().any(|of| *of.check == **check && open(of)),
        (None, Some(_)) => counted(judged, previews).any(open),
        (None, None) => true,
    };
    named && there && graded && checked
}

/// Whether a check stands so. Failing is failing in part as well; without a state: it does not hold, or is not known.
fn stands(assessed: &Assessed, state: Option<State>) -> bool {
    match state {
        Some(State::Fail) => matches!(assessed.state, State::Fail | State::Partial),
        Some(state) => assessed.state == state,
        None => matches!(assessed.state, State::Fail | State::Partial | State::Unknown),
    }
}

fn row(key: &ServiceKey, judged: &Judged, previews: &[&str]) -> ReadinessRow {
    let count = |wanted: State| counted(judged, previews).filter(|check| check.state == wanted).count() as u64;
    ReadinessRow {
        key: key.clone(),
        tier: judged.asked.tier.clone(),
        scored: Scored::from(&judged.score),
        gates: gates(judged),
        passes: count(State::Pass),
        partly: count(State::Partial),
        fails: count(State::Fail),
        unknown: count(State::Unknown),
        waived: count(State::Waived),
        not_applicable: count(State::NotApplicable),
    }
}

/// What holds one service or environment down, the lowest first.
pub(super) fn gates(judged: &Judged) -> Vec<GateSaid> {
    let said = |of: &Assessed| Some(GateSaid { check: of.check.to_string(), at: of.cap?, blind: of.state == State::Unknown });
    judged.caps().into_iter().filter_map(said).collect()
}
