//! What follows from what was learnt: the one function by which a rollout moves.
//!
//! The shell around it (the server's engine, and the simulator) does three things only: it commits what this answers, it does
//! what is owed after [`Input::Begun`] was committed, and it looks at what [`wants`] names. So whatever can go wrong between
//! them is an input here. The rules that keep production whole:
//!
//! - Nothing is sent that was not owed and begun on record; what was begun without an answer is looked for, never repeated.
//! - A *positive* reading (our revision is primary, AWS takes it back, a task failed) is believed at once. A *negative* one
//!   (nothing changed, our revision is gone) may be stale: it needs [`DOUBTS`] readings over [`DOUBT_SPAN`].
//! - Time counts as proof only while it was watched: a gap longer than [`GAP`] begins the bake anew.
//! - Forward needs a running rollout; back is always allowed. Whatever waits has a deadline, and its default is to stop and tell.

use std::time::Duration;

use super::cause::{Cause, Kind, KnownCause};
use super::seen::{Answer, Look};
use super::{Effect, Owed, OwedState, Rollout, Stage, Status, Step};
use crate::Timestamp;
use crate::time::span;

mod again;
mod back;
mod command;
mod deadline;
mod forward;
mod outcome;
mod preflight;

pub use again::to_plan_again;
pub use command::{Command, allowed};
pub use forward::{ARMED_AT, armed, is_own, own_again};
pub use outcome::{Outcome, Refusal};
pub use preflight::{Found, findings};

/// Between two looks at the step whose turn it is.
pub const POLL: Duration = Duration::from_secs(5);
/// The longest gap between two looks over which everything may be taken to have been well: two of them and a slow answer.
pub const GAP: Duration = Duration::from_secs(15);
/// Looks in a row that must find everything in place before the bake begins.
pub const STEADY: u32 = 2;
/// Readings that must agree before the lack of something is believed (ECS is eventually consistent).
pub const DOUBTS: u32 = 3;
/// And over how long.
pub const DOUBT_SPAN: Duration = Duration::from_secs(60);
/// How long a step may wait before its first write, for an alarm to end or a deployment to finish.
const PREFLIGHT: Duration = Duration::from_secs(30 * 60);
/// How long a call may be owed, begun or looked for.
const CALL: Duration = Duration::from_secs(10 * 60);
/// How long ECS may take to replace the tasks, beyond what their checks need.
const ROLLING: Duration = Duration::from_secs(20 * 60);
/// How long a bake may be unable to say anything.
const BLIND: Duration = Duration::from_secs(10 * 60);
/// How long the way back may take.
const BACK: Duration = Duration::from_secs(30 * 60);
/// How often a call that was refused for the moment is tried.
const ATTEMPTS: u32 = 8;

/// What holds for every rollout at this moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around<'a> {
    /// The one stop for everything, with its reason.
    pub stopped: Option<&'a str>,
    /// A freeze, or a window that is closed.
    pub frozen: Option<&'a str>,
    /// When that ends by itself; nothing where it does not.
    pub thaws: Option<Timestamp>,
    /// Failures on record, released ones left out.
    pub causes: &'a [KnownCause],
}

impl Around<'_> {
    /// Why nothing forward may begin.
    fn barred(&self) -> Option<String> {
        let stopped = self.stopped.map(|why| format!("everything is stopped: {why}"));
        stopped.or_else(|| self.frozen.map(|why| format!("frozen: {why}")))
    }
}

/// What was learnt.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A person wants something.
    Command(Command),
    /// The shell is about to do what is owed; only if this is committed may it.
    Begun {
        /// Which effect.
        effect: u64,
    },
    /// What came of an effect.
    Outcome {
        /// Which effect.
        effect: u64,
        /// What came of it.
        outcome: Outcome,
    },
    /// A service that changed since it was planned was planned again, as [`to_plan_again`] asked for.
    Replanned {
        /// The step that was passed over for it.
        instead_of: usize,
        /// The new step, or why there is none.
        outcome: Result<Box<Step>, String>,
    },
    /// The process began anew: what was begun before has no answer any more.
    Restarted,
    /// What a look brought.
    Seen {
        /// What was looked at.
        look: Look,
        /// What was seen.
        answer: Answer,
    },
    /// Time passed.
    Tick,
}

/// What happened, for the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// About which step; nothing: the rollout.
    pub step: Option<usize>,
    /// In one sentence.
    pub said: String,
    /// A failure to be kept in mind for other services.
    pub cause: Option<Cause>,
}

/// What follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The rollout from now on.
    pub next: Rollout,
    /// What happened.
    pub events: Vec<Event>,
    /// Why nothing follows, where somebody asked for something that is not allowed.
    pub refused: Option<String>,
}

/// What follows from `input` at the instant `now`.
pub fn decide(now: Timestamp, rollout: &Rollout, around: &Around<'_>, input: &Input) -> Decision {
    let mut deciding = Deciding { now, around, next: rollout.clone(), events: Vec::new(), refused: None };
    match input {
        Input::Command(command) => deciding.command(command),
        Input::Begun { effect } => deciding.begun(*effect),
        Input::Outcome { effect, outcome } => deciding.outcome(*effect, outcome),
        Input::Replanned { instead_of, outcome } => deciding.replanned(*instead_of, outcome),
        Input::Restarted => deciding.restarted(),
        Input::Seen { look, answer } => deciding.seen(look, answer),
        Input::Tick => deciding.deadlines(),
    }
    deciding.advance();
    Decision { next: deciding.next, events: deciding.events, refused: deciding.refused }
}

/// The effect that is to be done now, if any: owed, not begun, allowed.
pub fn owed<'a>(rollout: &'a Rollout, around: &Around<'_>, now: Timestamp) -> Option<(usize, &'a Owed)> {
    let mut all = rollout.steps.iter().enumerate().filter_map(|(index, step)| Some((index, step.owed.as_ref()?)));
    all.find(|(_, owed)| owed.state == OwedState::Waiting && owed.not_before <= now && may(rollout, around, &owed.effect))
}

fn may(rollout: &Rollout, around: &Around<'_>, effect: &Effect) -> bool {
    !effect.forward() || (rollout.status.goes_on() && around.barred().is_none())
}

/// What is to be looked at: the step whose turn it is at every [`POLL`], verified ones less often.
pub fn wants(rollout: &Rollout) -> Vec<Look> {
    if rollout.rests() {
        return Vec::new();
    }
    rollout.steps.iter().enumerate().filter_map(|(step, of)| look(rollout, step, of)).collect()
}

fn look(rollout: &Rollout, step: usize, of: &Step) -> Option<Look> {
    if let Some(Owed { effect: Effect::Register { .. }, state, .. }) = &of.owed {
        let family = of.bound.described.family().to_owned();
        return (*state == OwedState::Unknown).then(|| Look::Intent { step, family, intent: rollout.intent(step) });
    }
    match &of.stage {
        Stage::Comparing { revision, .. } => Some(Look::Revision { step, arn: revision.clone() }),
        Stage::Registering { .. } | Stage::Waiting | Stage::PutBack { .. } | Stage::Skipped { .. } | Stage::Blocked { .. } => None,
        Stage::Updating { .. } => of.owed.as_ref().filter(|owed| owed.state == OwedState::Unknown).map(|_| Look::Service { step }),
        Stage::Preflight { .. }
        | Stage::Rolling { .. }
        | Stage::Baking { .. }
        | Stage::Restoring { .. }
        | Stage::Undoing { .. }
        | Stage::Verified { .. } => Some(Look::Service { step }),
    }
}

struct Deciding<'a> {
    now: Timestamp,
    around: &'a Around<'a>,
    next: Rollout,
    events: Vec<Event>,
    refused: Option<String>,
}

impl Deciding<'_> {
    fn tell(&mut self, step: Option<usize>, said: impl Into<String>) {
        self.events.push(Event { step, said: said.into(), cause: None });
    }

    fn refuse(&mut self, why: impl Into<String>) {
        self.refused = Some(why.into());
    }

    fn enter(&mut self, step: usize, stage: Stage, said: impl Into<String>) {
        if let Some(of) = self.next.steps.get_mut(step) {
            of.stage = stage;
            of.doubts = None;
        }
        self.tell(Some(step), said);
    }

    fn owe(&mut self, step: usize, effect: Effect) {
        let id = self.next.effects;
        self.next.effects += 1;
        let operation = effect.operation();
        if let Some(of) = self.next.steps.get_mut(step) {
            of.owed = Some(Owed { id, effect, state: OwedState::Waiting, attempts: 0, not_before: self.now });
        }
        self.tell(Some(step), format!("{operation} is to be done (effect {id})"));
    }

    fn halt(&mut self, why: impl Into<String>) {
        let why = why.into();
        // what is being taken back, or has ended, is not to be stopped in it
        if matches!(self.next.status, Status::Aborting { .. } | Status::Undoing { .. }) || self.next.status.ended() {
            return self.tell(None, why);
        }
        if !matches!(&self.next.status, Status::Halted { why: known } if *known == why) {
            self.tell(None, format!("halted: {why}"));
            self.next.status = Status::Halted { why };
        }
    }

    fn block(&mut self, step: usize, why: impl Into<String>, next: impl Into<String>) {
        let (why, next) = (why.into(), next.into());
        if let Some(of) = self.next.steps.get_mut(step) {
            of.owed = None;
        }
        let said = format!("{why}. What to do: {next}");
        self.enter(step, Stage::Blocked { at: self.now, why: why.clone(), next }, said);
        let name = self.name(step);
        self.halt(format!("{name}: {why}"));
        // neither abort nor undo may hang on what only a person can mend
        if matches!(self.next.status, Status::Undoing { .. }) {
            self.next.status = Status::Halted { why: format!("{name} could not be taken back") };
        }
    }

    fn name(&self, step: usize) -> String {
        self.next.steps.get(step).map(|of| crate::text::shown(&of.service.service)).unwrap_or_default()
    }

    /// A reading that may be stale. True once enough of them agree for long enough.
    fn doubt(&mut self, step: usize) -> bool {
        let now = self.now;
        let Some(of) = self.next.steps.get_mut(step) else { return false };
        let doubts = of.doubts.get_or_insert(super::Doubts { times: 0, since: now });
        doubts.times += 1;
        doubts.times >= DOUBTS && now.since(doubts.since) >= DOUBT_SPAN
    }

    fn sure(&mut self, step: usize) {
        if let Some(of) = self.next.steps.get_mut(step) {
            of.doubts = None;
        }
    }

    /// What was begun by a process that is gone has no answer any more.
    fn restarted(&mut self) {
        for index in 0..self.next.steps.len() {
            let lost = self.next.steps.get_mut(index).and_then(|step| step.owed.as_mut()).filter(|owed| owed.state == OwedState::Started);
            if let Some(owed) = lost {
                owed.state = OwedState::Unknown;
                let said = format!("{} was begun and not answered for; it is looked for (effect {})", owed.effect.operation(), owed.id);
                self.tell(Some(index), said);
            }
        }
    }

    fn seen(&mut self, look: &Look, answer: &Answer) {
        let (Look::Service { step } | Look::Revision { step, .. } | Look::Intent { step, .. }) = look;
        // an answer to a question that is not asked any more is about the past
        if !wants(&self.next).contains(look) {
            return;
        }
        match (look, answer) {
            (_, Answer::Nothing(why)) => self.blind(*step, why),
            (Look::Service { .. }, Answer::Service(seen)) => {
                if let Some(of) = self.next.steps.get_mut(*step) {
                    of.looked = Some(self.now);
                }
                self.service(*step, seen);
            }
            (Look::Revision { arn, .. }, Answer::Revision(described)) => self.compared(*step, arn, described),
            (Look::Intent { .. }, Answer::Intent(found)) => self.intent(*step, found.as_deref()),
            _ => {}
        }
    }

    fn service(&mut self, step: usize, seen: &super::seen::ServiceSeen) {
        let Some(of) = self.next.steps.get(step) else { return };
        let seen = &*seen.since(of.bound.began);
        if of.owed.as_ref().is_some_and(|owed| owed.state == OwedState::Unknown) {
            return self.look_for(step, seen);
        }
        match of.stage.clone() {
            Stage::Preflight { .. } => self.preflight(step, seen),
            Stage::Rolling { .. } => self.rolling(step, seen),
            Stage::Baking { .. } => self.baking(step, seen),
            Stage::Verified { .. } => self.watch(step, seen),
            Stage::Undoing { .. } => self.undoing(step, seen),
            Stage::Restoring { then, .. } => self.restoring(step, seen, then),
            _ => {}
        }
    }

    /// Nothing could be seen: no credit, and after a while a person is told.
    fn blind(&mut self, step: usize, why: &str) {
        let Some(of) = self.next.steps.get_mut(step) else { return };
        if let Stage::Baking { well_since, .. } = &mut of.stage {
            *well_since = None;
        }
        if let Stage::Rolling { steady, .. } | Stage::Undoing { steady, .. } = &mut of.stage {
            *steady = 0;
        }
        let since = of.looked;
        if since.is_none_or(|since| self.now.since(since) >= BLIND)
            && matches!(of.stage, Stage::Baking { .. } | Stage::Rolling { .. })
            && since.is_some()
        {
            let name = self.name(step);
            self.halt(format!("{name} cannot be seen for {}: {why}", span(BLIND)));
        }
    }

    /// Begins the next step, or ends the rollout.
    fn advance(&mut self) {
        if self.next.under_way().is_some() {
            return;
        }
        match self.next.status.clone() {
            Status::Running | Status::Held { .. } => match self.next.steps.iter().position(|step| step.stage == Stage::Waiting) {
                Some(step) => match self.around.barred() {
                    Some(why) => self.hold(why),
                    None => {
                        self.next.status = Status::Running;
                        self.enter(step, Stage::Preflight { since: self.now }, "its turn has come");
                    }
                },
                None => match to_plan_again(&self.next) {
                    Some(step) => {
                        let name = self.name(step);
                        self.hold(format!("{name} changed since it was planned and is to be planned again"));
                    }
                    None => self.over(),
                },
            },
            Status::Aborting { .. } => {
                self.next.status = Status::Aborted;
                self.tell(None, "aborted; nothing is under way any more");
            }
            Status::Undoing { why } => match self.next.steps.iter().rposition(|step| matches!(step.stage, Stage::Verified { .. })) {
                Some(step) => self.take_back(step, Cause::new(Kind::Person, why)),
                None => {
                    self.next.status = Status::Undone;
                    self.tell(None, "all of it was taken back");
                }
            },
            Status::Planned | Status::Paused { .. } | Status::Halted { .. } | Status::Aborted | Status::Succeeded | Status::Undone => {}
        }
    }

    fn hold(&mut self, why: impl Into<String>) {
        let why = why.into();
        match &mut self.next.status {
            Status::Held { why: known, .. } if *known == why => {}
            Status::Running | Status::Held { .. } => {
                self.tell(None, format!("waits: {why}"));
                self.next.status = Status::Held { why, since: self.now };
            }
            _ => {}
        }
    }

    fn unhold(&mut self) {
        if matches!(self.next.status, Status::Held { .. }) {
            self.next.status = Status::Running;
        }
    }
}

#[cfg(test)]
mod tests;
