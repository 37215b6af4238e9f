//! Who takes part in a rollout, in which order, and who does not and why.
//!
//! Pure: the shell reads, this plans. A plan is bound to what it saw ([`super::Bound`]); what has changed when its turn comes
//! is planned again at the tail ([`replanned`]). Lowest blast radius first, with the reason beside it; services that are marked
//! *do not touch* and run all the same come last, and only where somebody chose and accepted that. The trap is a plan that is
//! quiet about what it left out: whoever was chosen stands among the steps or among the excluded, with a sentence.
//!
//! | module | holds |
//! |---|---|
//! | `wish` | what somebody asks for, and what is wrong with it |
//! | `one` | one service: a step, or why not |

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cause::KnownCause;
use super::definition::Described;
use super::diff::DiffLine;
use super::permission::Denied;
use super::seen::ServiceSeen;
use super::{Rollout, Status, Step};
use crate::Timestamp;
use crate::change::health_check::Suggestion;
use crate::change::{FieldProblem, Proposal, Warning};
use crate::judge::Tone;
use crate::service::ServiceKey;
use crate::text;
use crate::time::exact;

mod one;
mod wish;

pub use wish::{LONGEST_BAKE, LONGEST_REASON, Window, Wish};

/// What is known of one chosen service.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Which.
    pub key: ServiceKey,
    /// What was seen of it, or why nothing was.
    pub seen: Result<ServiceSeen, String>,
    /// The revision it runs, whole, or why it could not be read.
    pub described: Result<Described, String>,
    /// The revision it is to go back to, where the change names one.
    pub wanted: Option<Result<Described, String>>,
    /// `healthCheckGracePeriodSeconds`; 0 where it has none.
    pub grace: u64,
    /// Whether it stands behind a Classic Load Balancer.
    pub classic_load_balancer: bool,
    /// Why nobody should touch it, where the config says so.
    pub protected: Option<String>,
    /// Another open rollout in which its turn is not over, as people call it.
    pub in_rollout: Option<String>,
    /// Its NATS connections; nothing where that is not known.
    pub connections: Option<u32>,
    /// Other services that read its streams; nothing where that is not known.
    pub dependants: Option<u32>,
    /// By container, whether its image has a shell, where that is known.
    pub shells: BTreeMap<String, bool>,
    /// How long its newest tasks took to start.
    pub starts: Vec<Duration>,
    /// How it failed the last time in a rollout, as a sentence.
    pub last_failed: Option<String>,
    /// What AWS refused Signalbox in its environment for lack of a permission, the newest first.
    pub denied: Vec<Denied>,
}

impl Facts {
    /// Of a service of which nothing was read but this.
    pub fn unread(key: ServiceKey, why: &str) -> Self {
        Self {
            key,
            seen: Err(why.to_owned()),
            described: Err(why.to_owned()),
            wanted: None,
            grace: 0,
            classic_load_balancer: false,
            protected: None,
            in_rollout: None,
            connections: None,
            dependants: None,
            shells: BTreeMap::new(),
            starts: Vec::new(),
            last_failed: None,
            denied: Vec::new(),
        }
    }
}

/// What a person should know of a step before it begins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepNote {
    /// Why it stands at this place: `2 tasks, 3 NATS connections, no alarm`.
    pub order: String,
    /// Each check before the first write with what was seen.
    pub findings: Vec<(Tone, String)>,
    /// What is to be known of it, and what had to be accepted.
    pub warnings: Vec<Warning>,
    /// How its bake was reckoned.
    pub bake_reckoning: String,
    /// How long it takes, as reckoned and not as measured.
    pub estimate: Duration,
    /// What changes.
    pub diff: Vec<DiffLine>,
}

/// A chosen service that takes no part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Excluded {
    /// Which.
    pub service: ServiceKey,
    /// Why, and where something can be done what, as the rest of a sentence after its name.
    pub why: String,
    /// Whether it is off on purpose.
    #[serde(default)]
    pub off: bool,
}

/// A rollout as planned, with everything its page shows before it is started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// As the engine takes it.
    pub rollout: Rollout,
    /// One for each step, in their order.
    pub notes: Vec<StepNote>,
    /// Who takes no part, by name.
    pub excluded: Vec<Excluded>,
    /// What was asked for.
    pub wish: Wish,
}

impl Planned {
    /// How long all of it takes, one service at a time; reckoned and not measured.
    pub fn estimate(&self) -> Duration {
        self.notes.iter().map(|note| note.estimate).sum()
    }

    /// What is to be known of the plan as a whole, as sentences.
    pub fn remarks(&self, now: Timestamp) -> Vec<String> {
        remarks(now, &self.notes, &self.wish)
    }
}

/// A plan that is not kept: what it would be, or what is wrong with the wish.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The plan, or what is wrong with which field.
    pub planned: Result<Planned, Vec<FieldProblem>>,
    /// A start period for a health check, from how long the chosen services' tasks took to start.
    pub suggestion: Option<Suggestion>,
}

/// What decides a place in the order: marked services last, then the blast radius, then whether another task serves
/// meanwhile, then the name.
type Place = (bool, u64, bool, ServiceKey);

/// A planned service before the order is known.
struct Candidate {
    step: Step,
    note: StepNote,
    place: Place,
}

/// Plans a rollout of this id. Facts of services that were not chosen are not looked at.
///
/// # Errors
/// What is wrong with which field, all of it: of the wish itself, a bake below the floor, what must be accepted first, or that
/// no service is left.
pub fn plan(now: Timestamp, id: String, wish: &Wish, facts: Vec<Facts>, causes: &[KnownCause]) -> Result<Planned, Vec<FieldProblem>> {
    let problems = wish.problems(now);
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut known: BTreeMap<ServiceKey, Facts> = facts.into_iter().map(|facts| (facts.key.clone(), facts)).collect();
    let (mut steps, mut excluded) = (Vec::new(), Vec::new());
    for key in &wish.services {
        let facts = known.remove(key).unwrap_or_else(|| Facts::unread(key.clone(), "nothing is known of a service of this name"));
        match one::one(wish, &facts, causes) {
            Ok(candidate) => steps.push(candidate),
            Err(one) => excluded.push(one),
        }
    }
    steps.sort_by(|one, other| one.place.cmp(&other.place));
    excluded.sort_by(|one, other| one.service.cmp(&other.service));
    let problems = problems_of(wish, &steps, &excluded);
    if !problems.is_empty() {
        return Err(problems);
    }
    let title = wish.change.title(&steps.iter().map(|of| &of.step.service).collect::<Vec<_>>());
    let (mut ordered, mut notes) = (Vec::with_capacity(steps.len()), Vec::with_capacity(steps.len()));
    for (wave, candidate) in (1..).zip(steps) {
        ordered.push(Step { wave, ..candidate.step });
        notes.push(candidate.note);
    }
    let reason = wish.reason.trim().to_owned();
    let rollout = Rollout { id, title, reason, budget: wish.budget, steps: ordered, status: Status::Planned, effects: 0 };
    Ok(Planned { rollout, notes, excluded, wish: wish.clone() })
}

/// Plans a service of a rollout once more, because it changed since it was planned. The engine puts the step at the tail
/// ([`super::decide::Input::Replanned`]); the note belongs to it and is kept beside the others. A chosen bake that is below the
/// floor by now is made as long as the floor.
///
/// # Errors
/// Why the service takes no part any more.
pub fn replanned(planned: &Planned, facts: &Facts, causes: &[KnownCause]) -> Result<(Step, StepNote), Excluded> {
    let wish = &planned.wish;
    let excluded = |why: String| Excluded { service: facts.key.clone(), why, off: false };
    if !wish.change.repeats() {
        let why = "what it runs now may be somebody's repair, so this is not repeated by itself: look, and plan it anew if it still must";
        return Err(excluded(why.to_owned()));
    }
    let Candidate { mut step, mut note, .. } = one::one(wish, facts, causes)?;
    if let Some(warning) = note.warnings.iter().find(|warning| warning.accept && !wish.accepted) {
        return Err(excluded(format!("{}, which nobody has accepted: plan it anew", warning.said)));
    }
    let shortest = step.floor.shortest();
    if step.bake < shortest {
        note.bake_reckoning.push_str(" The chosen bake is shorter than that by now, so it is as long as the floor.");
        note.estimate += shortest.saturating_sub(step.bake);
        step.bake = shortest;
    }
    note.order = format!("planned again at the tail: {}", note.order);
    Ok((step, note))
}

/// What is to be known of a plan as a whole, as sentences: how long it takes, and whether its window has room for that.
pub fn remarks(now: Timestamp, notes: &[StepNote], wish: &Wish) -> Vec<String> {
    let takes: Duration = notes.iter().map(|note| note.estimate).sum();
    let steps = text::count(notes.len() as u64, "service");
    let mut remarks = vec![format!("{steps}, one at a time: about {}, an estimate from the checks and bakes.", exact(takes))];
    if let Some(window) = &wish.window {
        let room = window.until.since(now.max(window.from));
        if room < takes {
            let (closes, room) = (window.until.clock_or_date(now), exact(room));
            remarks
                .push(format!("The window closes at {closes}, {room} after it may begin: what is not begun by then waits for a person."));
        }
    }
    remarks
}

/// What only shows once every service was looked at.
fn problems_of(wish: &Wish, steps: &[Candidate], excluded: &[Excluded]) -> Vec<FieldProblem> {
    let name = |key: &ServiceKey| text::shown(&key.service);
    let mut problems = Vec::new();
    if steps.is_empty() {
        let why: Vec<String> = excluded.iter().map(|one| format!("{}: {}", name(&one.service), one.why)).collect();
        problems.push(FieldProblem::new("services", format!("No chosen service can take part. {}.", why.join(". "))));
    }
    let below: Vec<&Candidate> = steps.iter().filter(|of| of.step.bake < of.step.floor.shortest()).collect();
    if let Some(worst) = below.iter().max_by_key(|of| of.step.floor.shortest()) {
        let more = if below.len() > 1 { format!(" The same goes for {} more.", below.len() - 1) } else { String::new() };
        problems.push(FieldProblem::new(
            "bake",
            format!(
                "A bake of {} is too short for {}: {} Choose {} or more, or leave it out.{more}",
                exact(worst.step.bake),
                name(&worst.step.service),
                worst.step.floor.reckoning(),
                exact(worst.step.floor.shortest())
            ),
        ));
    }
    let mut to_accept: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for of in steps {
        for warning in of.note.warnings.iter().filter(|warning| warning.accept) {
            to_accept.entry(&warning.said).or_default().push(name(&of.step.service));
        }
    }
    if !wish.accepted && !to_accept.is_empty() {
        let said: Vec<String> = to_accept.iter().map(|(said, services)| format!("{} {said}.", services.join(", "))).collect();
        problems.push(FieldProblem::new(
            "accepted",
            format!("Somebody must accept this before it is planned, which is recorded. {}", said.join(" ")),
        ));
    }
    problems
}

#[cfg(test)]
pub(crate) mod tests;
