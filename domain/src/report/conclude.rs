//! What follows from the score: the target that is reached, the most important gaps, risks, controls, what to do next.
//!
//! Pure and derived from nothing but card, readiness, waivers and who took what on, so that it can be recomputed like the
//! score. The trap is a report that reads well because it leaves out what is not known: an unknown gated check is a gap and a
//! risk as much as a failing one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::readiness::assess::Judged;
use crate::readiness::{Card, Check, Readiness, State, Waiver};
use crate::text::count;

/// Most gaps that are named; page one shows the first three.
const MOST_GAPS: usize = 10;
/// Most next steps.
const MOST_STEPS: usize = 8;

/// Somebody has taken a check on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Assigned {
    /// The check's id.
    pub check: String,
    /// Who.
    pub owner: String,
    /// Until when.
    pub due: Option<Timestamp>,
}

/// What follows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conclusions {
    /// The highest target that is reached; none where none is.
    pub reached: Option<String>,
    /// The next one, where there is one.
    pub next_target: Option<String>,
    /// The work that is left to it, in minutes: an estimate of the card's.
    pub work_minutes: u64,
    /// The most important gaps, the first first.
    pub gaps: Vec<Important>,
    /// What may happen, as sentences.
    pub risks: Vec<Risk>,
    /// Controls of SOC 2 and ISO 27001 with the checks that speak to them.
    pub controls: Vec<Control>,
    /// What is missing in this report or in what it rests on, as sentences.
    pub missing: Vec<String>,
    /// What to do next, as sentences, the first first.
    pub next_steps: Vec<String>,
}

/// One important gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Important {
    /// The check's id.
    pub check: String,
    /// Services and environments that fail it, in whole or in part.
    pub failing: usize,
    /// Those of which it is not known.
    pub unknown: usize,
    /// The highest score it allows meanwhile, where it holds the score down.
    pub cap: Option<u8>,
    /// The work, in minutes.
    pub work_minutes: u64,
    /// What the fleet's score would be without it.
    pub becomes: Option<u8>,
    /// Who has taken it on.
    pub owner: Option<String>,
    /// Until when.
    pub due: Option<Timestamp>,
}

/// Something that may happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Risk {
    /// The check's id.
    pub check: String,
    /// The waiver by which somebody accepted it, by number.
    pub waiver: Option<i64>,
    /// What it is, as a sentence.
    pub said: String,
}

/// One control of a framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Control {
    /// `SOC 2` or `ISO 27001`.
    pub framework: String,
    /// Its name there: `CC7.2`, `A.8.16`.
    pub control: String,
    /// The checks that speak to it, by id, in the card's order.
    pub checks: Vec<String>,
    /// The worst state among them; none where none of them applies to anything.
    pub worst: Option<State>,
}

/// How many subjects stand how in one check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// It does not hold at all.
    pub fail: usize,
    /// It holds in part.
    pub partial: usize,
    /// Nobody can say.
    pub unknown: usize,
    /// Accepted for a time.
    pub waived: usize,
    /// It holds.
    pub pass: usize,
    /// The question does not arise.
    pub not_applicable: usize,
}

impl Tally {
    fn add(&mut self, state: State) {
        let place = match state {
            State::Fail => &mut self.fail,
            State::Partial => &mut self.partial,
            State::Unknown => &mut self.unknown,
            State::Waived => &mut self.waived,
            State::Pass => &mut self.pass,
            State::NotApplicable => &mut self.not_applicable,
        };
        *place += 1;
    }

    /// How many stand so.
    pub const fn of(&self, state: State) -> usize {
        match state {
            State::Fail => self.fail,
            State::Partial => self.partial,
            State::Unknown => self.unknown,
            State::Waived => self.waived,
            State::Pass => self.pass,
            State::NotApplicable => self.not_applicable,
        }
    }

    /// The worst that anything stands at; none where the question never arises.
    pub fn worst(&self) -> Option<State> {
        State::ALL.into_iter().filter(|state| *state != State::NotApplicable).find(|state| self.of(*state) > 0)
    }
}

/// How many subjects stand how, check by check.
pub fn tallies(readiness: &Readiness) -> BTreeMap<&str, Tally> {
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    let judged: Vec<&Judged> = readiness.environments.iter().chain(&readiness.services).collect();
    for assessed in judged.iter().flat_map(|judged| &judged.checks) {
        tallies.entry(&*assessed.check).or_default().add(assessed.state);
    }
    tallies
}

/// Draws the conclusions.
pub fn conclude(card: &Card, readiness: &Readiness, waivers: &[Waiver], assigned: &[Assigned]) -> Conclusions {
    let tallies = tallies(readiness);
    let reached = readiness.targets.iter().rev().find(|target| target.reached);
    let next = readiness.targets.iter().find(|target| !target.reached);
    let gaps = gaps(readiness, &tallies, assigned);
    Conclusions {
        reached: reached.map(|target| target.name.clone()),
        next_target: next.map(|target| target.name.clone()),
        work_minutes: next.map_or(0, |target| target.work_minutes),
        risks: risks(card, readiness, waivers),
        controls: controls(card, &tallies),
        missing: missing(card, &tallies),
        next_steps: next_steps(card, &gaps),
        gaps,
    }
}

/// What holds the score down comes first, the lowest cap first; then what earns most for a minute of work.
fn gaps(readiness: &Readiness, tallies: &BTreeMap<&str, Tally>, assigned: &[Assigned]) -> Vec<Important> {
    let cap = |check: &str| readiness.caps.iter().filter(|cap| cap.check == check).map(|cap| cap.at).min();
    let mut gaps: Vec<Important> = readiness
        .levers
        .iter()
        .filter(|lever| lever.gain > 0)
        .map(|lever| {
            let tally = tallies.get(lever.check.as_str()).copied().unwrap_or_default();
            let taken = assigned.iter().find(|assigned| assigned.check == lever.check);
            Important {
                check: lever.check.clone(),
                failing: tally.fail + tally.partial,
                unknown: tally.unknown,
                cap: cap(&lever.check),
                work_minutes: lever.work_minutes,
                becomes: lever.becomes,
                owner: taken.map(|taken| taken.owner.clone()),
                due: taken.and_then(|taken| taken.due),
            }
        })
        .collect();
    // stable: those without a cap stay in the order of the levers
    gaps.sort_by_key(|gap| gap.cap.unwrap_or(u8::MAX));
    gaps.truncate(MOST_GAPS);
    gaps
}

fn risks(card: &Card, readiness: &Readiness, waivers: &[Waiver]) -> Vec<Risk> {
    let title = |id: &str| card.check(id).map_or(id, |check| check.title.as_str()).to_owned();
    let why = |id: &str| card.check(id).map_or("", |check| check.why.as_str()).to_owned();
    let open = readiness.caps.iter().map(|cap| {
        let places = count(cap.subjects.len() as u64, "place");
        let how = if cap.blind { "is not known" } else { "does not hold" };
        let said = format!("\"{}\" {how} in {places}, so the score is at most {}. {}", title(&cap.check), cap.at, why(&cap.check));
        Risk { check: cap.check.clone(), waiver: None, said: said.trim_end().to_owned() }
    });
    let accepted = waivers.iter().filter(|waiver| waiver.holds(readiness.at)).map(|waiver| {
        let (check, wish) = (&waiver.wish.check, &waiver.wish);
        let place = wish.service.as_ref().unwrap_or(&wish.environment);
        let by = waiver.approver.as_deref().unwrap_or("nobody");
        let until = wish.expires.map_or_else(|| "no end".to_owned(), Timestamp::day);
        let said = format!(
            "{by} accepted until {until} that \"{}\" does not hold for {place}, asked by {}: {} Meanwhile: {}",
            title(check),
            waiver.requester,
            sentence(&wish.reason),
            sentence(&wish.compensating)
        );
        Risk { check: check.clone(), waiver: Some(waiver.id), said }
    });
    open.chain(accepted).collect()
}

/// With a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

fn controls(card: &Card, tallies: &BTreeMap<&str, Tally>) -> Vec<Control> {
    type Named = fn(&Check) -> &[String];
    let frameworks: [(&str, Named); 2] = [("SOC 2", |check| check.soc2.as_slice()), ("ISO 27001", |check| check.iso27001.as_slice())];
    let mut all = Vec::new();
    for (framework, named) in frameworks {
        let mut of: BTreeMap<&str, Vec<&Check>> = BTreeMap::new();
        for check in &card.checks {
            for control in named(check) {
                of.entry(control.as_str()).or_default().push(check);
            }
        }
        all.extend(of.into_iter().map(|(control, checks)| Control {
            framework: framework.to_owned(),
            control: control.to_owned(),
            worst: checks.iter().filter_map(|check| tallies.get(check.id.as_str())?.worst()).min(),
            checks: checks.into_iter().map(|check| check.id.clone()).collect(),
        }));
    }
    all
}

fn missing(card: &Card, tallies: &BTreeMap<&str, Tally>) -> Vec<String> {
    let unknown = card.checks.iter().filter_map(|check| {
        let unknown = tallies.get(check.id.as_str())?.unknown;
        (unknown > 0).then(|| format!("{} {} is not known in {}.", check.id, check.title, count(unknown as u64, "place")))
    });
    let preview = card.checks.iter().filter(|check| check.preview);
    unknown.chain(preview.map(|check| format!("{} {} is shown and does not count yet.", check.id, check.title))).collect()
}

fn next_steps(card: &Card, gaps: &[Important]) -> Vec<String> {
    let step = |gap: &Important| {
        let check = card.check(&gap.check)?;
        let becomes = gap.becomes.map(|score| format!(" The fleet would then stand at {score}.")).unwrap_or_default();
        let places = count((gap.failing + gap.unknown) as u64, "place");
        Some(format!("{} {} ({places}): {}{becomes}", check.id, check.title, sentence(&check.remedy)))
    };
    gaps.iter().take(MOST_STEPS).filter_map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn what_holds_the_score_down_is_the_first_gap() {
        let document = sample::document();
        let found = conclude(&document.card, &document.readiness, &document.waivers, &document.assigned);
        assert_eq!(found, document.conclusions);
        assert_eq!(found.gaps[0].check, "H1");
        assert_eq!((found.gaps[0].cap, found.gaps[0].owner.as_deref()), (Some(69), Some("nina")));
        assert_eq!((found.reached.as_deref(), found.next_target.as_deref()), (None, Some("A")));
        assert!(found.next_steps[0].starts_with("H1 title of H1 (1 place): remedy."), "{:?}", found.next_steps);
    }

    #[test]
    fn an_accepted_risk_has_names_and_an_end() {
        let document = sample::document();
        let said: Vec<&str> =
            document.conclusions.risks.iter().filter(|risk| risk.waiver.is_some()).map(|risk| risk.said.as_str()).collect();
        assert_eq!(said.len(), 1);
        for part in ["omar", "nina", "billing-nats", "a second region", "until"] {
            assert!(said[0].contains(part), "{part}: {said:?}");
        }
    }

    #[test]
    fn a_control_is_as_good_as_its_worst_check() {
        let document = sample::document();
        let controls: Vec<_> = document.conclusions.controls.iter().map(|control| (control.control.as_str(), control.worst)).collect();
        assert_eq!(controls, [("CC7.2", Some(State::Fail)), ("A.8.16", Some(State::Fail))]);
    }
}
