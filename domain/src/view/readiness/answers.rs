//! One check of one subject, answered: what was seen, when, why it matters, what to do. A service's page is made of these.
//!
//! Separate from the fleet's page because here nothing is counted. The trap is an answer without its age: each carries the
//! instant it was seen at and until when it counts, and what has ended says so itself.

use serde::{Deserialize, Serialize};

use super::compose::said;
use super::{GateSaid, HeldDown, Mending, ReadinessFacts, Scored, acts, mending, readiness_path, rows, words};
use crate::Timestamp;
use crate::judge::Tone;
use crate::readiness::assess::{Assessed, Judged};
use crate::readiness::card::Kind;
use crate::readiness::{Brought, Check, Readiness, State, Subject, Waiver, Weight};
use crate::service::ServiceKey;
use crate::text;
use crate::view::{Link, RolloutQuery};

/// Why a failure counts for nothing, for now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaiverSaid {
    /// The number people call it by.
    pub id: i64,
    /// Why the failure is accepted.
    pub reason: String,
    /// What keeps the risk small meanwhile.
    pub compensating: String,
    /// Where it is tracked.
    pub ticket: Option<String>,
    /// Who asked.
    pub requester: String,
    /// Who approved it.
    pub approver: Option<String>,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

/// The rollout that brought what was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BroughtSaid {
    /// The number people call it by.
    pub rollout: u64,
    /// What it is, in a few words.
    pub title: String,
    /// When the service was verified.
    pub verified: Timestamp,
    /// Who planned it.
    pub requester: String,
    /// Who started it.
    pub approver: Option<String>,
    /// Its page.
    pub path: String,
}

/// One check of one service or environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckSaid {
    /// Its id.
    pub id: String,
    /// What it asks for.
    pub title: String,
    /// The group it stands in.
    pub category: String,
    /// How heavy it is.
    pub weight: Weight,
    /// The highest score allowed while it fails badly.
    pub gate: Option<u8>,
    /// Whether a person has to attest it; Signalbox sees the others itself.
    pub attested: bool,
    /// Shown and not counted.
    pub preview: bool,
    /// How it stands.
    pub state: State,
    /// The same in words: `unknown: too old to count`.
    pub words: String,
    /// How its lamp is drawn.
    pub tone: Tone,
    /// The highest score it allows, where it holds the score down.
    pub cap: Option<u8>,
    /// What was seen, as a sentence.
    pub said: String,
    /// When.
    pub seen: Option<Timestamp>,
    /// From this instant on it no longer counts.
    pub until: Option<Timestamp>,
    /// How fresh it is, in permille: it counts in full up to half of its time.
    pub freshness: u16,
    /// Where it was seen.
    pub source: Option<String>,
    /// The request of AWS that answered, where one did.
    pub request_id: Option<String>,
    /// The rollout that brought what was seen.
    pub brought: Option<BroughtSaid>,
    /// Why it matters.
    pub why: String,
    /// What to do when it fails.
    pub remedy: String,
    /// The waiver that holds.
    pub waiver: Option<WaiverSaid>,
    /// What a rollout can mend.
    pub mending: Option<Mending>,
    /// Where somebody says that it holds; none where nobody's word is asked.
    pub evidence: Option<Link>,
    /// Where its failure is accepted for a while; none where there is nothing to accept.
    pub acceptance: Option<Link>,
}

/// Checks of one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckGroup {
    /// Its name.
    pub category: String,
    /// The checks, in the card's order.
    pub checks: Vec<CheckSaid>,
}

/// What is asked of an environment as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnvironmentReadiness {
    /// Its name.
    pub name: String,
    /// What its own checks come to, without those of its services.
    pub scored: Scored,
    /// How many services it has.
    pub services: u64,
    /// The checks, in the card's order.
    pub checks: Vec<CheckSaid>,
}

/// How ready one service is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceReadiness {
    /// The store's revision this was read at.
    pub revision: u64,
    /// The instant everything was judged at.
    pub at: Timestamp,
    /// The version of the formula.
    pub model: u32,
    /// The card's name.
    pub card: String,
    /// Which service.
    pub key: ServiceKey,
    /// Its tier, where a tag says one.
    pub tier: Option<String>,
    /// The score in a few words.
    pub headline: String,
    /// Its score.
    pub scored: Scored,
    /// The whole fleet's, to compare.
    pub fleet: Scored,
    /// What has to be known to read it, as sentences.
    pub remarks: Vec<String>,
    /// What holds it down, the lowest first.
    pub held_down: Vec<HeldDown>,
    /// How many checks stand how, the worst first.
    pub states: Vec<(State, u64)>,
    /// The checks, by group.
    pub groups: Vec<CheckGroup>,
}

/// A score in a line, for pages about something else: the newest that is at hand, with its age.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadinessBrief {
    /// The instant it was judged at.
    pub at: Timestamp,
    /// The score.
    pub scored: Scored,
    /// Checks that fail, in whole or in part.
    pub fails: u64,
    /// Checks of which it is not known.
    pub unknown: u64,
    /// Checks that are waived.
    pub waived: u64,
    /// What holds it down, the lowest first.
    pub gates: Vec<GateSaid>,
    /// The highest target that is reached; of the fleet only.
    pub reached: Option<String>,
    /// Its page.
    pub path: String,
}

impl ServiceReadiness {
    /// The service's part of everything that was judged; none where it was not asked.
    pub fn compose(facts: &ReadinessFacts<'_>, key: &ServiceKey) -> Option<Self> {
        let readiness = facts.readiness;
        let judged = readiness.judged(&Subject::Service(key.clone()))?;
        let mut groups: Vec<CheckGroup> = Vec::new();
        for check in answers(facts, judged) {
            match groups.iter_mut().find(|group| group.category == check.category) {
                Some(group) => group.checks.push(check),
                None => groups.push(CheckGroup { category: check.category.clone(), checks: vec![check] }),
            }
        }
        let counted = || groups.iter().flat_map(|group| &group.checks).filter(|check| !check.preview);
        let states = State::ALL.map(|state| (state, counted().filter(|check| check.state == state).count() as u64));
        Some(Self {
            revision: facts.revision,
            at: readiness.at,
            model: readiness.model,
            card: text::shown(&readiness.card),
            key: key.clone(),
            tier: judged.asked.tier.as_deref().map(text::shown),
            headline: words::headline(&judged.score),
            scored: Scored::from(&judged.score),
            fleet: Scored::from(&readiness.fleet),
            remarks: words::remarks(&judged.score),
            held_down: rows::gates(judged).into_iter().filter_map(|gate| held_down(facts, gate)).collect(),
            states: states.into_iter().filter(|(_, count)| *count > 0).collect(),
            groups,
        })
    }
}

impl ReadinessBrief {
    /// Of the whole fleet.
    pub fn of_fleet(readiness: &Readiness) -> Self {
        let count = |state| readiness.states.get(&state).copied().unwrap_or(0) as u64;
        let gates = readiness.caps.iter().map(|cap| GateSaid { check: cap.check.clone(), at: cap.at, blind: cap.blind });
        Self {
            at: readiness.at,
            scored: Scored::from(&readiness.fleet),
            fails: count(State::Fail) + count(State::Partial),
            unknown: count(State::Unknown),
            waived: count(State::Waived),
            gates: gates.collect(),
            reached: readiness.targets.iter().rev().find(|target| target.reached).map(|target| text::shown(&target.name)),
            path: "/readiness".to_owned(),
        }
    }

    /// Of one service, judged at `at`.
    pub fn of_service(key: &ServiceKey, judged: &Judged, at: Timestamp) -> Self {
        let count = |state| judged.checks.iter().filter(|check| check.state == state).count() as u64;
        Self {
            at,
            scored: Scored::from(&judged.score),
            fails: count(State::Fail) + count(State::Partial),
            unknown: count(State::Unknown),
            waived: count(State::Waived),
            gates: rows::gates(judged),
            reached: None,
            path: readiness_path(key),
        }
    }

    /// `capped at 69 by H1 and 2 more`; nothing where nothing holds it down.
    pub fn held(&self) -> Option<String> {
        let first = self.gates.first()?;
        let more = self.gates.len() - 1;
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Some(format!("capped at {} by {}{more}", first.at, text::shown(&first.check)))
    }
}

/// The environments with what is asked of each as a whole.
pub(super) fn environments(facts: &ReadinessFacts<'_>) -> Vec<EnvironmentReadiness> {
    let services = |name: &str| facts.readiness.services.iter().filter(|judged| judged.asked.subject.environment() == name).count();
    let one = |judged: &Judged| {
        let name = judged.asked.subject.environment();
        EnvironmentReadiness {
            name: text::shown(name),
            scored: Scored::from(&judged.score),
            services: services(name) as u64,
            checks: answers(facts, judged),
        }
    };
    facts.readiness.environments.iter().map(one).collect()
}

/// Every check of one subject, in the card's order.
fn answers(facts: &ReadinessFacts<'_>, judged: &Judged) -> Vec<CheckSaid> {
    let answered = |assessed: &Assessed| Some(answer(facts, judged, facts.card.check(&assessed.check)?, assessed));
    judged.checks.iter().filter_map(answered).collect()
}

fn answer(facts: &ReadinessFacts<'_>, judged: &Judged, check: &Check, assessed: &Assessed) -> CheckSaid {
    let found = assessed.found.as_ref();
    let waiver = assessed.waiver.and_then(|id| facts.waivers.iter().find(|waiver| waiver.id == id));
    CheckSaid {
        id: text::shown(&check.id),
        title: text::shown(&check.title),
        category: text::shown(&check.category),
        weight: check.weight,
        gate: check.gate,
        attested: check.evidence == Kind::Attested,
        preview: check.preview,
        state: assessed.state,
        words: words::state_said(assessed),
        tone: words::state_tone(assessed.state),
        cap: assessed.cap,
        said: said(facts, check, assessed),
        seen: found.and_then(|found| found.observed_at),
        until: found.and_then(|found| found.valid_until),
        freshness: assessed.freshness,
        source: found.map(|found| text::shown(&found.source)),
        request_id: found.and_then(|found| found.request_id.as_deref()).map(text::shown),
        brought: found.and_then(|found| found.brought.as_deref()).map(brought),
        why: text::shown(&check.why),
        remedy: text::shown(&check.remedy),
        waiver: waiver.map(accepted),
        mending: mending::of_check(facts, judged, assessed),
        evidence: acts::evidence(check, &judged.asked.subject, assessed.state),
        acceptance: acts::acceptance(check, &judged.asked.subject, assessed.state),
    }
}

fn brought(of: &Brought) -> BroughtSaid {
    BroughtSaid {
        rollout: of.rollout,
        title: text::shown(&of.title),
        verified: of.verified,
        requester: text::shown(&of.requester),
        approver: of.approver.as_deref().map(text::shown),
        path: RolloutQuery { id: of.rollout.to_string(), ..RolloutQuery::default() }.path(),
    }
}

fn accepted(waiver: &Waiver) -> WaiverSaid {
    WaiverSaid {
        id: waiver.id,
        reason: text::shown(&waiver.wish.reason),
        compensating: text::shown(&waiver.wish.compensating),
        ticket: waiver.wish.ticket.as_deref().map(text::shown),
        requester: text::shown(&waiver.requester),
        approver: waiver.approver.as_deref().map(text::shown),
        until: waiver.wish.expires,
    }
}

/// One gate that holds a service down, which is answered further down its page.
fn held_down(facts: &ReadinessFacts<'_>, gate: GateSaid) -> Option<HeldDown> {
    let check = facts.card.check(&gate.check)?;
    let id = text::shown(&check.id);
    Some(HeldDown {
        title: text::shown(&check.title),
        at: gate.at,
        blind: gate.blind,
        subjects: 1,
        said: if gate.blind { format!("capped at {} by {id}, not known", gate.at) } else { format!("capped at {} by {id}", gate.at) },
        named: Vec::new(),
        path: format!("#check-{id}"),
        check: id,
    })
}
