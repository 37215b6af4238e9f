//! The fleet's page, from one judgement.

use std::collections::BTreeMap;

use super::answers::environments;
use super::query::{Graded, ReadinessQuery};
use super::{
    CheckRow, GapRow, HeldDown, LetterRow, LeverRow, ReadinessFacts, ReadinessPage, Scored, TargetRow, UnknownRow, acts, mending,
    readiness_path, rows, words,
};
use crate::readiness::assess::{Assessed, Gap, Judged, Lever, TargetStanding};
use crate::readiness::card::{Kind, Scope};
use crate::readiness::{Cap, Card, Check, State, Subject, Unknown};
use crate::report::conclude::tallies;
use crate::text;
use crate::view::Link;

/// Most levers that are told; what comes after earns little for an hour.
const MOST_LEVERS: usize = 10;
/// Most lines of what is not known.
const MOST_UNKNOWNS: usize = 20;
/// Most services and environments that are named in a line.
const NAMED: usize = 3;

impl ReadinessPage {
    /// Of everything that was judged, as far as it was asked for.
    pub fn compose(facts: &ReadinessFacts<'_>, query: &ReadinessQuery) -> Self {
        let readiness = facts.readiness;
        let query = understood(facts.card, query);
        let matching = rows::rows(facts, &query);
        let (total, count) = (readiness.services.len() as u64, matching.len() as u64);
        let skip = (query.page.saturating_sub(1) as usize).saturating_mul(query.per as usize);
        let unknowns = unknowns(facts);
        Self {
            revision: facts.revision,
            at: readiness.at,
            model: readiness.model,
            card: text::shown(&readiness.card),
            headline: words::headline(&readiness.fleet),
            fleet: Scored::from(&readiness.fleet),
            remarks: words::remarks(&readiness.fleet),
            waivers: acts::waivers(facts.waivers, readiness.at),
            held_down: held_down(facts),
            reached: readiness.targets.iter().rev().find(|target| target.reached).map(|target| text::shown(&target.name)),
            targets: readiness.targets.iter().filter_map(|standing| target(facts.card, standing)).collect(),
            letters: letters(facts),
            mending: mending::of_fleet(facts),
            levers: readiness.levers.iter().take(MOST_LEVERS).filter_map(|of| lever(facts, of)).collect(),
            unknowns_total: unknowns.len() as u64,
            unknowns: unknowns.into_iter().take(MOST_UNKNOWNS).collect(),
            environments: environments(facts),
            checks: checks(facts),
            rows: matching.into_iter().skip(skip).take(query.per as usize).collect(),
            choices: query.choices(&rows::states(facts), &rows::environments(readiness), total),
            orders: query.orders(),
            paging: query.paging(count, total),
            csv: query.csv_path(),
            asked: query.asked(),
        }
    }
}

/// The question, without a check that the card does not have.
fn understood(card: &Card, query: &ReadinessQuery) -> ReadinessQuery {
    let mut query = query.clone();
    if let Some(check) = query.check.take_if(|check| card.check(check).is_none()) {
        query.ignored.push(format!("check={}", text::shown(&check)));
    }
    query
}

/// Every service and environment.
fn all<'a>(facts: &ReadinessFacts<'a>) -> impl Iterator<Item = &'a Judged> {
    facts.readiness.environments.iter().chain(&facts.readiness.services)
}

/// A service or environment by name, with where its checks are answered.
pub(super) fn link(subject: &Subject) -> Link {
    match subject {
        Subject::Service(key) => Link { label: text::shown(&key.service), path: readiness_path(key) },
        Subject::Environment { environment } => Link { label: text::shown(environment), path: "/readiness#environments".to_owned() },
    }
}

/// Where the services or environments are listed in which a check stands so.
fn listed(check: &Check, state: Option<State>) -> String {
    match check.scope {
        Scope::Service => ReadinessQuery::of_check(&check.id, state).list_path(),
        Scope::Environment => "/readiness#environments".to_owned(),
    }
}

/// `9 services`, `1 environment`.
fn places(check: &Check, count: u64) -> String {
    let noun = match check.scope {
        Scope::Service => "service",
        Scope::Environment => "environment",
    };
    text::count(count, noun)
}

fn held_down(facts: &ReadinessFacts<'_>) -> Vec<HeldDown> {
    let mut held: BTreeMap<(&str, u8, bool), Vec<&Subject>> = BTreeMap::new();
    for judged in all(facts) {
        for (assessed, at) in judged.checks.iter().filter_map(|assessed| Some((assessed, assessed.cap?))) {
            let blind = assessed.state == State::Unknown;
            held.entry((&*assessed.check, at, blind)).or_default().push(&judged.asked.subject);
        }
    }
    let line = |cap: &Cap| {
        let check = facts.card.check(&cap.check)?;
        let subjects = held.get(&(cap.check.as_str(), cap.at, cap.blind))?;
        let (at, id, on) = (cap.at, text::shown(&check.id), places(check, subjects.len() as u64));
        Some(HeldDown {
            check: id.clone(),
            title: text::shown(&check.title),
            at,
            blind: cap.blind,
            subjects: subjects.len() as u64,
            said: if cap.blind { format!("capped at {at} by {id}, not known of {on}") } else { format!("capped at {at} by {id} on {on}") },
            named: subjects.iter().take(NAMED).map(|subject| link(subject)).collect(),
            path: listed(check, Some(if cap.blind { State::Unknown } else { State::Fail })),
        })
    };
    facts.readiness.caps.iter().filter_map(line).collect()
}

fn target(card: &Card, standing: &TargetStanding) -> Option<TargetRow> {
    let of = card.target(&standing.name)?;
    let gap = |gap: &Gap| {
        let check = card.check(&gap.check)?;
        Some(GapRow {
            check: text::shown(&check.id),
            title: text::shown(&check.title),
            failing: gap.failing as u64,
            unknown: gap.unknown as u64,
            work: words::work(gap.work_minutes),
            path: listed(check, None),
        })
    };
    let (needed, held, waived) = (standing.needed as u64, standing.held as u64, standing.waived as u64);
    let only = if waived > 0 { format!(", {waived} by a waiver only") } else { String::new() };
    let work = words::work(standing.work_minutes);
    let said = match (standing.reached, needed) {
        (true, _) => format!("reached: all {} hold{only}", text::count(needed, "answer")),
        (false, 0) => "not reached: nothing was asked yet".to_owned(),
        (false, _) => format!("not reached: {held} of {} hold{only}; about {work} of work is left", text::count(needed, "answer")),
    };
    Some(TargetRow {
        name: text::shown(&of.name),
        purpose: text::shown(&of.purpose),
        risk: text::shown(&of.risk),
        after: of.after.as_deref().map(text::shown),
        reached: standing.reached,
        needed,
        held,
        waived,
        said,
        missing: standing.missing.iter().filter_map(gap).collect(),
        work_minutes: standing.work_minutes,
        work,
    })
}

fn letters(facts: &ReadinessFacts<'_>) -> Vec<LetterRow> {
    let row = |graded: Graded| {
        let letter = graded.letter();
        let services = facts.readiness.services.iter().filter(|judged| judged.score.letter == letter).count() as u64;
        let query = ReadinessQuery { letter: Some(graded), ..ReadinessQuery::default() };
        LetterRow { letter, services, tone: words::letter_tone(letter), path: query.list_path() }
    };
    Graded::ALL.map(row).into()
}

fn lever(facts: &ReadinessFacts<'_>, lever: &Lever) -> Option<LeverRow> {
    let check = facts.card.check(&lever.check)?;
    let fleet = &facts.readiness.fleet;
    // tenths of weight times permille, over tenths of weight: permille of the whole, which are tenths of a point
    let tenths = lever.gain.checked_div(fleet.weight).unwrap_or(0);
    Some(LeverRow {
        check: text::shown(&check.id),
        title: text::shown(&check.title),
        subjects: lever.subjects as u64,
        work_minutes: lever.work_minutes,
        work: words::work(lever.work_minutes),
        becomes: lever.becomes,
        tenths,
        said: format!("{}, +{} before gates", words::becomes(fleet.score, lever.becomes), words::tenths(tenths)),
        path: listed(check, None),
    })
}

fn checks(facts: &ReadinessFacts<'_>) -> Vec<CheckRow> {
    let tallies = tallies(facts.readiness);
    let row = |check: &Check| {
        let tally = tallies.get(check.id.as_str()).copied().unwrap_or_default();
        CheckRow {
            id: text::shown(&check.id),
            title: text::shown(&check.title),
            category: text::shown(&check.category),
            weight: check.weight,
            gate: check.gate,
            attested: check.evidence == Kind::Attested,
            scope: check.scope,
            preview: check.preview,
            pass: tally.pass as u64,
            partial: tally.partial as u64,
            fail: tally.fail as u64,
            unknown: tally.unknown as u64,
            waived: tally.waived as u64,
            not_applicable: tally.not_applicable as u64,
        }
    };
    facts.card.checks.iter().map(row).collect()
}

/// What is not known, by check and reason: what was seen longest ago first, then what never was, the heaviest first.
fn unknowns(facts: &ReadinessFacts<'_>) -> Vec<UnknownRow> {
    let mut open: BTreeMap<(&str, Unknown), Vec<(&Subject, &Assessed)>> = BTreeMap::new();
    for judged in all(facts) {
        for assessed in judged.checks.iter().filter(|assessed| assessed.state == State::Unknown) {
            let reason = assessed.unknown.unwrap_or(Unknown::NeverCollected);
            open.entry((&*assessed.check, reason)).or_default().push((&judged.asked.subject, assessed));
        }
    }
    let seen = |assessed: &Assessed| assessed.found.as_ref().and_then(|found| found.observed_at);
    let line = |id: &str, reason: Unknown, of: &[(&Subject, &Assessed)]| {
        let check = facts.card.check(id).filter(|check| !check.preview)?;
        let (_, oldest) = of.iter().min_by_key(|(_, assessed)| seen(assessed))?;
        let row = UnknownRow {
            check: text::shown(&check.id),
            title: text::shown(&check.title),
            reason,
            words: reason.said().to_owned(),
            subjects: of.len() as u64,
            seen: seen(oldest),
            said: said(facts, check, oldest),
            named: of.iter().take(NAMED).map(|(subject, _)| link(subject)).collect(),
            path: listed(check, Some(State::Unknown)),
        };
        Some((check.weight, row))
    };
    let mut rows: Vec<_> = open.iter().filter_map(|((id, reason), of)| line(id, *reason, of)).collect();
    rows.sort_by_key(|(weight, row)| (row.seen.is_none(), row.seen, *weight));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// What is known of a check, or that nobody has looked.
pub(super) fn said(facts: &ReadinessFacts<'_>, check: &Check, assessed: &Assessed) -> String {
    match (&assessed.found, check.evidence) {
        (Some(found), _) => found.said_at(facts.readiness.at),
        (None, Kind::Live) => "It has not been looked at yet.".to_owned(),
        (None, Kind::Attested) => "Nobody has attested it.".to_owned(),
    }
}
