//! All of it together: the card's questions asked of every service and environment, and what that comes to.
//!
//! One pure function from (card, evidence, waivers, instant) to the whole answer, so that a page, a report and whoever verifies
//! the report get the same number, to the digit. The trap is a second place that adds up: everything here that is a score comes
//! from [`super::score()`], over items made by one function (`Asked::item`).

mod pool;
mod promised;
mod texts;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::card::{Card, Check, Kind, MODEL, Scope};
use super::evidence::{Answer, Evidence, Found, State, Subject, Unknown};
use super::score::{BLIND, Item, Score, Standing, WHOLE, score};
use super::waiver::Waiver;
use crate::Timestamp;
use pool::{Pool, Weighed};
use texts::Texts;

/// Something the card is asked of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Asked {
    /// What it is.
    pub subject: Subject,
    /// Its tier, where a tag says one.
    pub tier: Option<String>,
}

/// One check of one subject, answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Assessed {
    /// The check's id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub check: Arc<str>,
    /// How it stands at the instant of the assessment.
    pub state: State,
    /// Why nothing is known, where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<Unknown>,
    /// How fresh the evidence is, in permille.
    pub freshness: u16,
    /// What was found; none where nobody ever looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
    /// The waiver that holds, by number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<i64>,
    /// The highest score that this allows, where it holds the score down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<u8>,
}

/// One service or environment, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Judged {
    /// What was asked.
    #[serde(flatten)]
    pub asked: Asked,
    /// What it comes to.
    pub score: Score,
    /// Its checks, in the card's order.
    pub checks: Vec<Assessed>,
}

/// What holds a score down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cap {
    /// The check's id.
    pub check: String,
    /// The highest score it allows.
    pub at: u8,
    /// Whether it is not known rather than failing.
    pub blind: bool,
    /// What it holds down, by name; every one of them.
    pub subjects: Vec<String>,
}

/// What mending one check everywhere would bring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Lever {
    /// The check's id.
    pub check: String,
    /// How many subjects fail it, hold it in part, or are not known.
    pub subjects: usize,
    /// The work, in minutes: an estimate of the card's.
    pub work_minutes: u64,
    /// The fleet's score if it held everywhere, after every cap.
    pub becomes: Option<u8>,
    /// Weight it would earn, in tenths times permille.
    pub gain: u64,
}

/// How a target stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TargetStanding {
    /// Its name.
    pub name: String,
    /// Whether every check it needs passes, is waived, or does not apply.
    pub reached: bool,
    /// Checks it needs, over all subjects, that apply.
    pub needed: usize,
    /// Of those, how many hold.
    pub held: usize,
    /// Of those that hold, how many are waived only.
    pub waived: usize,
    /// What is missing, check by check, in the card's order.
    pub missing: Vec<Gap>,
    /// The work that is left, in minutes.
    pub work_minutes: u64,
}

/// One check that keeps a target from being reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Gap {
    /// The check's id.
    pub check: String,
    /// Subjects that fail it or hold it in part.
    pub failing: usize,
    /// Subjects of which it is not known.
    pub unknown: usize,
    /// The work, in minutes.
    pub work_minutes: u64,
}

/// How ready a fleet is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Readiness {
    /// The version of the formula.
    pub model: u32,
    /// The card's name.
    pub card: String,
    /// The instant everything was judged at.
    pub at: Timestamp,
    /// What the whole comes to.
    pub fleet: Score,
    /// What holds it down, the lowest first.
    pub caps: Vec<Cap>,
    /// How many checks stand how, without those in preview.
    pub states: BTreeMap<State, usize>,
    /// The environments, by name.
    pub environments: Vec<Judged>,
    /// The services, by environment, cluster and name.
    pub services: Vec<Judged>,
    /// The targets, in the card's order.
    pub targets: Vec<TargetStanding>,
    /// What would help, the most for an hour of work first.
    pub levers: Vec<Lever>,
}

/// Judges `asked` by the card at `now`. `evidence` may come in any order; of two records of one check and subject the newer
/// that still counts is taken, and what is attested for an environment counts for each of its services.
pub fn assess(card: &Card, now: Timestamp, asked: &[Asked], evidence: &[Evidence], waivers: &[Waiver]) -> Readiness {
    let mut assessing = Assessing::new(card, now, evidence, waivers);
    asked.iter().for_each(|asked| assessing.ask(asked, &[]));
    assessing.done()
}

/// [`assess`] for a fleet that is looked at service by service: what was seen of one need not be kept until all are looked at,
/// which of ten thousand services would be a quarter of a gigabyte.
#[derive(Debug)]
pub struct Assessing<'a> {
    judge: Judge<'a>,
    texts: Texts,
    services: Vec<Judged>,
    environments: BTreeSet<String>,
}

/// What everything is judged by.
#[derive(Debug)]
struct Judge<'a> {
    card: &'a Card,
    now: Timestamp,
    known: Known<'a>,
    waivers: &'a [Waiver],
}

impl<'a> Assessing<'a> {
    /// By this card, with evidence of whatever subject in any order.
    pub fn new(card: &'a Card, now: Timestamp, evidence: &'a [Evidence], waivers: &'a [Waiver]) -> Self {
        let judge = Judge { card, now, known: newest(evidence, now), waivers };
        Self { judge, texts: Texts::default(), services: Vec::new(), environments: BTreeSet::new() }
    }

    /// Asks the card of this service, with what was `seen` of it beside the evidence that is there already. Of an environment it
    /// is asked by itself, wherever something in it is asked.
    pub fn ask(&mut self, asked: &Asked, seen: &[Evidence]) {
        if !self.environments.contains(asked.subject.environment()) {
            self.environments.insert(asked.subject.environment().to_owned());
        }
        if asked.subject.service().is_some() {
            let seen = newest(seen, self.judge.now);
            self.services.push(self.judge.judged(asked, &seen, &mut self.texts));
        }
    }

    /// What it comes to.
    pub fn done(self) -> Readiness {
        let Self { judge, mut texts, mut services, environments } = self;
        services.sort_by(|one, other| one.asked.subject.cmp(&other.asked.subject));
        services.dedup_by(|one, other| one.asked.subject == other.asked.subject);
        services.shrink_to_fit();
        let asked = |environment| Asked { subject: Subject::Environment { environment }, tier: None };
        let environments = environments.into_iter().map(|name| judge.judged(&asked(name), &Known::new(), &mut texts)).collect();
        whole(judge.card, judge.now, environments, services)
    }
}

impl Judge<'_> {
    /// The record that counts, of what was `seen` and what was there already.
    fn found<'b>(&'b self, check: &'b str, subject: &'b Subject, seen: &Known<'b>) -> Option<&'b Found> {
        let (seen, there) = (seen.get(&(check, subject)).copied(), self.known.get(&(check, subject)).copied());
        match (seen, there) {
            (Some(seen), Some(there)) => Some(if rank(seen, self.now) > rank(there, self.now) { seen } else { there }),
            (seen, there) => seen.or(there),
        }
    }

    fn judged(&self, asked: &Asked, seen: &Known<'_>, texts: &mut Texts) -> Judged {
        let Self { card, now, waivers, .. } = *self;
        let scope = if asked.subject.service().is_some() { Scope::Service } else { Scope::Environment };
        let everywhere = Subject::Environment { environment: asked.subject.environment().to_owned() };
        let of = || card.checks.iter().filter(|check| check.scope == scope);
        // no longer than it is: a vector that grew by doubling would have room for 64 answers where there are 42
        let mut checks: Vec<Assessed> = Vec::with_capacity(of().count());
        checks.extend(of().map(|check| {
            let own = self.found(&check.id, &asked.subject, seen);
            let wide = self.known.get(&(check.id.as_str(), &everywhere)).copied().filter(|_| check.evidence == Kind::Attested);
            // one that counts goes before one that does not, and the service's own before the environment's
            let counts = |found: &&Found| !matches!(found.at(now).0, Answer::Unknown { .. });
            let found = own.filter(counts).or_else(|| wide.filter(counts)).or(own).or(wide);
            let mut assessed = assessed(check, now, &asked.subject, found, waivers);
            texts.share(&mut assessed);
            assessed
        }));
        let items = of().zip(&checks).filter_map(|(check, assessed)| item(check, assessed, 1));
        Judged { asked: asked.clone(), score: score(items), checks }
    }
}

impl Readiness {
    /// One service or environment.
    pub fn judged(&self, subject: &Subject) -> Option<&Judged> {
        self.services.iter().chain(&self.environments).find(|judged| judged.asked.subject == *subject)
    }
}

impl Judged {
    /// One of its checks.
    pub fn check(&self, id: &str) -> Option<&Assessed> {
        self.checks.iter().find(|assessed| &*assessed.check == id)
    }

    /// What holds it down, the lowest first.
    pub fn caps(&self) -> Vec<&Assessed> {
        let mut caps: Vec<&Assessed> = self.checks.iter().filter(|assessed| assessed.cap.is_some()).collect();
        caps.sort_by_key(|assessed| assessed.cap);
        caps
    }
}

/// The record of each check and subject that counts.
type Known<'a> = BTreeMap<(&'a str, &'a Subject), &'a Found>;

/// Which of two records counts. Of two that were seen at one instant the worse is taken, so that the order they come in is
/// without effect.
fn rank(found: &Found, now: Timestamp) -> impl Ord + use<> {
    match found.at(now).0 {
        Answer::Unknown { .. } => (false, found.observed_at, Reverse(0)),
        Answer::Known { value, .. } => (true, found.observed_at, Reverse(value)),
        Answer::NotApplicable => (true, found.observed_at, Reverse(u16::MAX)),
    }
}

fn newest(evidence: &[Evidence], now: Timestamp) -> Known<'_> {
    let mut known = Known::new();
    for Evidence { check, subject, found } in evidence {
        let kept = known.entry((check.as_str(), subject)).or_insert(found);
        if rank(found, now) > rank(kept, now) {
            *kept = found;
        }
    }
    known
}

fn assessed(check: &Check, now: Timestamp, subject: &Subject, found: Option<&Found>, waivers: &[Waiver]) -> Assessed {
    let never = Answer::Unknown { reason: Unknown::NeverCollected };
    let (answer, freshness) = found.map_or((never, 0), |found| found.at(now));
    let waiver = waivers.iter().filter(|waiver| waiver.wish.covers(&check.id, subject) && waiver.holds(now)).map(|waiver| waiver.id).min();
    let waiver = waiver.filter(|_| answer != Answer::NotApplicable);
    let state = if waiver.is_some() { State::Waived } else { answer.state() };
    let cap = match (answer, check.gate) {
        _ if waiver.is_some() || check.preview => None,
        (Answer::Known { gates: true, .. }, gate) => gate,
        (Answer::Unknown { .. }, gate) => gate.filter(|gate| *gate < 100).map(|gate| gate.min(BLIND)),
        _ => None,
    };
    let unknown = match answer {
        Answer::Unknown { reason } => Some(reason),
        _ => None,
    };
    Assessed { check: check.id.as_str().into(), state, unknown, freshness, found: found.cloned(), waiver, cap }
}

/// A check as the formula sees it; none where it does not count.
fn item(check: &Check, assessed: &Assessed, times: u64) -> Option<Item> {
    let value = || match assessed.found.as_ref().map(|found| found.answer) {
        Some(Answer::Known { value, gates }) => (value, gates),
        _ => (0, true),
    };
    let freshness = assessed.freshness;
    let standing = match assessed.state {
        _ if check.preview => return None,
        State::NotApplicable => return None,
        State::Waived => Standing::Waived { freshness },
        State::Unknown => Standing::Unknown,
        State::Pass | State::Partial | State::Fail => {
            let (value, gates) = value();
            Standing::Known { value, gates, freshness }
        }
    };
    Some(Item { weight: check.weight.tenths() * times, gate: check.gate, standing })
}

/// The same check, holding.
const fn held(item: Item) -> Item {
    match item.standing {
        Standing::Waived { .. } => item,
        Standing::Known { .. } | Standing::Unknown => {
            Item { standing: Standing::Known { value: WHOLE, gates: false, freshness: WHOLE }, ..item }
        }
    }
}

fn whole(card: &Card, now: Timestamp, environments: Vec<Judged>, services: Vec<Judged>) -> Readiness {
    let pool = Pool { environments: &environments, services: &services };
    let mut items: Vec<(Weighed<'_>, Item)> = Vec::with_capacity(pool.all().map(|judged| judged.checks.len()).sum());
    items.extend(pool.items(card));
    let fleet = score(items.iter().map(|(_, item)| *item));
    let mut states = BTreeMap::new();
    let previews: BTreeSet<&str> = card.checks.iter().filter(|check| check.preview).map(|check| check.id.as_str()).collect();
    for assessed in pool.all().flat_map(|judged| &judged.checks).filter(|assessed| !previews.contains(&*assessed.check)) {
        *states.entry(assessed.state).or_insert(0) += 1;
    }
    let caps = caps(&items);
    let levers = levers(card, &items);
    let mut told: BTreeMap<&str, BTreeMap<State, usize>> = BTreeMap::new();
    for assessed in pool.all().flat_map(|judged| &judged.checks) {
        *told.entry(&*assessed.check).or_default().entry(assessed.state).or_default() += 1;
    }
    let targets = card.targets.iter().map(|target| standing(&card.needed(target), &target.name, &told)).collect();
    drop(items);
    Readiness { model: MODEL, card: card.name.clone(), at: now, fleet, caps, states, environments, services, targets, levers }
}

fn caps(items: &[(Weighed<'_>, Item)]) -> Vec<Cap> {
    let mut caps: BTreeMap<(u8, &str, bool), Vec<String>> = BTreeMap::new();
    for (Weighed { judged, assessed, .. }, _) in items {
        if let Some(at) = assessed.cap {
            let blind = assessed.state == State::Unknown;
            caps.entry((at, &*assessed.check, blind)).or_default().push(judged.asked.subject.to_string());
        }
    }
    caps.into_iter().map(|((at, check, blind), subjects)| Cap { check: check.to_owned(), at, blind, subjects }).collect()
}

/// Those first that earn the most for a minute of work; where two earn the same, in the order of their names.
fn levers(card: &Card, items: &[(Weighed<'_>, Item)]) -> Vec<Lever> {
    let open = |assessed: &Assessed| matches!(assessed.state, State::Fail | State::Partial | State::Unknown);
    let missing = |item: &Item| match item.standing {
        Standing::Known { value, .. } => item.weight * u64::from(WHOLE - value.min(WHOLE)),
        Standing::Unknown => item.weight * u64::from(WHOLE),
        Standing::Waived { .. } => 0,
    };
    let mut levers: Vec<Lever> = card
        .checks
        .iter()
        .filter_map(|check| {
            let of = || items.iter().filter(|(of, _)| of.answers(check) && open(of.assessed));
            let subjects = of().count();
            let gain = of().map(|(_, item)| missing(item)).sum();
            let mended = items.iter().map(|(of, item)| if of.answers(check) { held(*item) } else { *item });
            (subjects > 0).then(|| Lever {
                check: check.id.clone(),
                subjects,
                work_minutes: u64::from(check.work_minutes) * subjects as u64,
                becomes: score(mended).score,
                gain,
            })
        })
        .collect();
    // gain per minute, compared across without dividing
    let rate = |lever: &Lever| (u128::from(lever.gain), u128::from(lever.work_minutes.max(1)));
    levers.sort_by(|one, other| {
        let ((gain, work), (other_gain, other_work)) = (rate(one), rate(other));
        (other_gain * work).cmp(&(gain * other_work)).then_with(|| one.check.cmp(&other.check))
    });
    levers
}

/// `told`: by check, how many subjects stand how.
fn standing(needed: &[&Check], name: &str, told: &BTreeMap<&str, BTreeMap<State, usize>>) -> TargetStanding {
    let mut all =
        TargetStanding { name: name.to_owned(), reached: false, needed: 0, held: 0, waived: 0, missing: Vec::new(), work_minutes: 0 };
    for check in needed {
        let of = |state: State| told.get(check.id.as_str()).and_then(|told| told.get(&state)).copied().unwrap_or(0);
        let (failing, unknown, waived) = (of(State::Fail) + of(State::Partial), of(State::Unknown), of(State::Waived));
        let held = of(State::Pass) + waived;
        let open = failing + unknown;
        (all.held, all.waived, all.needed) = (all.held + held, all.waived + waived, all.needed + held + open);
        if open > 0 {
            let work_minutes = u64::from(check.work_minutes) * open as u64;
            all.work_minutes += work_minutes;
            all.missing.push(Gap { check: check.id.clone(), failing, unknown, work_minutes });
        }
    }
    // a target of which nothing could be asked is not reached: there is nothing that is ready
    all.reached = all.missing.is_empty() && all.held > 0;
    all
}

#[cfg(test)]
mod tests;
