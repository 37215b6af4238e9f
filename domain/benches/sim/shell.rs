//! The loop around the pure engine, as the server has it: commit, act, commit; look; begin again after a crash.
//!
//! It can die before and after every commit and every call, can be suspended while a call is on its way, and can find
//! another one in its place. What it remembers dies with it; what the store holds does not.

use std::collections::BTreeMap;

use domain::rollout::decide::{Around, Input, Outcome, POLL, Refusal, owed, to_plan_again, wants};
use domain::rollout::seen::Look;
use domain::rollout::{Effect, Stage, Step};

use crate::sim::Sim;
use crate::world::seconds;

/// How long a lease lasts, and how much of it a call needs.
const LEASE: i64 = 15;
const CALL: i64 = 6;
/// Between two looks at a verified service.
const WATCH: i64 = 15;

/// Why a shell goes no further.
pub(crate) enum Died {
    Crashed,
    Fenced,
    /// Its lease ran out while it slept.
    LostLease,
}

#[derive(Default)]
pub(crate) struct Shell {
    epoch: u64,
    begun: bool,
    lease_until: i64,
    /// Does nothing before.
    pub(crate) asleep_until: i64,
    unanswered: Option<(u64, Outcome)>,
    looked: BTreeMap<usize, i64>,
}

impl Shell {
    pub(crate) fn new(epoch: u64, now: i64) -> Self {
        Self { epoch, lease_until: now + LEASE, ..Self::default() }
    }

    /// Everything there is to do in this second.
    pub(crate) fn second(&mut self, sim: &mut Sim) -> Result<(), Died> {
        if sim.world.now < self.asleep_until {
            return Ok(());
        }
        if sim.world.now > self.lease_until {
            return Err(Died::LostLease);
        }
        self.lease_until = sim.world.now + LEASE;
        if !self.begun {
            // nothing may be done before what was begun is known to be unanswered
            if sim.commit(self.epoch, &Input::Restarted)?.is_none() {
                return Ok(());
            }
            self.begun = true;
        }
        for _ in 0..8 {
            if !self.act(sim)? {
                break;
            }
        }
        self.look(sim)?;
        if let Some(instead_of) = to_plan_again(&sim.stored.rollout) {
            // the world finds its services by the number of their step; a step more would be nobody's
            let outcome = Err("nobody plans in the simulation".to_owned());
            sim.commit(self.epoch, &Input::Replanned { instead_of, outcome })?;
        }
        // deadlines are minutes
        if sim.world.now % 10 == 0 { sim.commit(self.epoch, &Input::Tick).map(drop) } else { Ok(()) }
    }

    /// Does what is owed, if anything is; whether something was.
    fn act(&mut self, sim: &mut Sim) -> Result<bool, Died> {
        if let Some((effect, outcome)) = self.unanswered.clone() {
            if sim.commit(self.epoch, &Input::Outcome { effect, outcome })?.is_none() {
                return Ok(false);
            }
            self.unanswered = None;
            return Ok(true);
        }
        let around = Around { stopped: sim.stopped.as_deref(), frozen: None, thaws: None, causes: &sim.causes };
        let Some((step, of)) = owed(&sim.stored.rollout, &around, sim.world.at()).map(|(step, owed)| (step, owed.clone())) else {
            return Ok(false);
        };
        let name = of.effect.operation_of();
        sim.pass(&format!("{name}: before it is begun"))?;
        match sim.commit(self.epoch, &Input::Begun { effect: of.id })? {
            Some(decision) if decision.refused.is_none() => sim.check_begun(step, &of.effect),
            _ => return Ok(false),
        }
        let slept = sim.pass(&format!("{name}: begun"))?;
        if slept {
            self.asleep_until = sim.world.now + 90;
            // when it wakes, the lease says that the call may not be made any more
            return Ok(false);
        }
        if sim.world.now + CALL > self.lease_until {
            return Err(Died::LostLease);
        }
        // whoever stops everything must not have to wait for what was begun a moment before
        let barred = of.effect.forward() && sim.stopped.is_some();
        let refusal = Refusal { passes: true, said: "everything was stopped".into(), next: String::new() };
        let outcome = if barred { Outcome::Not(refusal) } else { sim.call(step, &of.effect) };
        self.unanswered = Some((of.id, outcome.clone()));
        sim.pass(&format!("{name}: called"))?;
        if sim.commit(self.epoch, &Input::Outcome { effect: of.id, outcome })?.is_some() {
            self.unanswered = None;
        }
        sim.pass(&format!("{name}: answered"))?;
        Ok(true)
    }

    fn look(&mut self, sim: &mut Sim) -> Result<(), Died> {
        for look in wants(&sim.stored.rollout) {
            let (Look::Service { step } | Look::Revision { step, .. } | Look::Intent { step, .. }) = &look;
            let verified = matches!(sim.stored.rollout.steps.get(*step).map(|of| &of.stage), Some(Stage::Verified { .. }));
            let every = if verified { WATCH } else { i64::try_from(POLL.as_secs()).unwrap_or(5) };
            if self.looked.get(step).is_some_and(|last| sim.world.now - last < every) {
                continue;
            }
            self.looked.insert(*step, sim.world.now);
            let stage = sim.stored.rollout.steps.get(*step).map(|of| stage_word(of)).unwrap_or_default();
            let answer = sim.read(&look);
            sim.pass(&format!("{stage}: looked"))?;
            sim.commit(self.epoch, &Input::Seen { look, answer })?;
            sim.pass(&format!("{stage}: seen"))?;
        }
        Ok(())
    }
}

/// A stage in one word.
pub(crate) fn stage_word(step: &Step) -> &'static str {
    match step.stage {
        Stage::Waiting => "waiting",
        Stage::Preflight { .. } => "preflight",
        Stage::Registering { .. } => "registering",
        Stage::Comparing { .. } => "comparing",
        Stage::Updating { .. } => "updating",
        Stage::Rolling { .. } => "rolling",
        Stage::Baking { .. } => "baking",
        Stage::Restoring { .. } => "restoring",
        Stage::Verified { .. } => "verified",
        Stage::Undoing { .. } => "undoing",
        Stage::PutBack { .. } | Stage::Skipped { .. } | Stage::Blocked { .. } => "ended",
    }
}

/// What an effect is called in the places where something goes wrong.
pub(crate) trait Named {
    fn operation_of(&self) -> &'static str;
}

impl Named for Effect {
    fn operation_of(&self) -> &'static str {
        match self {
            Self::Register { .. } => "register",
            Self::Update { .. } => "update",
            Self::Stop { .. } => "stop",
            Self::Back { .. } => "back",
            Self::Restore { .. } => "restore",
        }
    }
}

/// How long a bake of the model lasts.
pub(crate) const BAKE: u64 = 120;

/// For the floor of the model's checks.
pub(crate) fn bake() -> std::time::Duration {
    seconds(BAKE)
}
