//! The loop around the pure engine, as the server has it: commit, act, commit; look; begin again after a crash.
//!
//! It can die before and after every commit and every call, can be suspended while a call is on its way, and can find
//! another one in its place. What it remembers dies with it; what the store holds does not.

use std::collections::BTreeMap;

use domain::rollout::cause::{Kind, KnownCause};
use domain::rollout::decide::{Around, Command, Decision, GAP, Input, Outcome, POLL, Refusal, decide, is_own, owed, to_plan_again, wants};
use domain::rollout::seen::{Answer, Look};
use domain::rollout::{Effect, INTENT_TAG, OwedState, Rollout, Stage, Status, Step};

use crate::world::{Nature, World, seconds};

/// How long a lease lasts, and how much of it a call needs.
const LEASE: i64 = 15;
const CALL: i64 = 6;
/// Between two looks at a verified service.
const WATCH: i64 = 15;

/// What goes wrong at a call or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    None,
    Throttle,
    ServerErrorBefore,
    ServerErrorAfter,
    TimeoutBefore,
    TimeoutAfter,
    StaleReads,
    ResetMidBody,
    CredentialsExpired,
    AccessDenied,
    Suspended,
    SecondController,
    ForeignDeploy,
    AwsRollsBack,
    AlarmBlind,
    StoreBusy,
    /// Everything is stopped by a person for two minutes.
    LineStopped,
    /// What is registered is not what was sent.
    AnotherRevision,
}

impl Fault {
    pub(crate) const ALL: [Self; 18] = [
        Self::None,
        Self::Throttle,
        Self::ServerErrorBefore,
        Self::ServerErrorAfter,
        Self::TimeoutBefore,
        Self::TimeoutAfter,
        Self::StaleReads,
        Self::ResetMidBody,
        Self::CredentialsExpired,
        Self::AccessDenied,
        Self::Suspended,
        Self::SecondController,
        Self::ForeignDeploy,
        Self::AwsRollsBack,
        Self::AlarmBlind,
        Self::StoreBusy,
        Self::LineStopped,
        Self::AnotherRevision,
    ];
}

/// Where something goes wrong: a place in the loop, the n-th time it is reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Trouble {
    pub(crate) site: String,
    pub(crate) time: u64,
    pub(crate) crash: bool,
    pub(crate) fault: Fault,
}

/// What survives a crash.
pub(crate) struct Stored {
    pub(crate) rollout: Rollout,
    pub(crate) epoch: u64,
}

/// A request that arrives late.
struct Late {
    at: i64,
    step: usize,
    effect: Effect,
    nature: Nature,
}

pub(crate) struct Sim {
    pub(crate) world: World,
    pub(crate) stored: Stored,
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) sites: BTreeMap<String, u64>,
    pub(crate) nature: Vec<Nature>,
    pub(crate) violations: Vec<String>,
    pub(crate) causes: Vec<KnownCause>,
    pub(crate) stopped: Option<String>,
    /// Successful looks at each service, to reckon what was really watched.
    pub(crate) looks: Vec<Vec<i64>>,
    pub(crate) trace: u64,
    pub(crate) effects: u64,
    late: Vec<Late>,
    throttled: u32,
    stale: u32,
    deaf_until: i64,
    cut: u32,
    busy: u32,
    denied: Vec<&'static str>,
    halted_at: Option<i64>,
    stopped_until: i64,
    garbled: bool,
}

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

fn stage_word(step: &Step) -> &'static str {
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

trait Named {
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

impl Sim {
    pub(crate) fn new(world: World, rollout: Rollout, nature: Vec<Nature>) -> Self {
        let looks = vec![Vec::new(); world.services.len()];
        Self {
            world,
            stored: Stored { rollout, epoch: 1 },
            troubles: Vec::new(),
            sites: BTreeMap::new(),
            nature,
            violations: Vec::new(),
            causes: Vec::new(),
            stopped: None,
            looks,
            trace: 0xcbf2_9ce4_8422_2325,
            effects: 0,
            late: Vec::new(),
            throttled: 0,
            stale: 0,
            deaf_until: 0,
            cut: 0,
            busy: 0,
            denied: Vec::new(),
            halted_at: None,
            stopped_until: 0,
            garbled: false,
        }
    }

    pub(crate) fn command(&mut self, command: Command) {
        // a command is committed by whoever holds the lease
        let epoch = self.stored.epoch;
        self.commit(epoch, &Input::Command(command)).map(drop).unwrap_or(());
    }

    /// One transaction. Nothing where the store is busy, so that it must be tried again.
    fn commit(&mut self, epoch: u64, input: &Input) -> Result<Option<Decision>, Died> {
        if epoch < self.stored.epoch {
            return Err(Died::Fenced);
        }
        if self.busy > 0 {
            self.busy -= 1;
            return Ok(None);
        }
        let around = Around { stopped: self.stopped.as_deref(), frozen: None, thaws: None, causes: &self.causes };
        let decision = decide(self.world.at(), &self.stored.rollout, &around, input);
        for event in &decision.events {
            for byte in event.said.bytes() {
                self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        self.check_verified(&decision.next);
        self.check_back(&decision.next);
        self.stored.rollout = decision.next.clone();
        if matches!(self.stored.rollout.status, Status::Running | Status::Held { .. } | Status::Paused { .. }) {
            self.halted_at = None;
        } else {
            self.halted_at.get_or_insert(self.world.now);
        }
        Ok(Some(decision))
    }

    /// A place where something may go wrong. True: whoever is here is suspended for a while.
    fn pass(&mut self, site: &str) -> Result<bool, Died> {
        let time = self.sites.entry(site.to_owned()).or_insert(0);
        *time += 1;
        let time = *time;
        let Some(at) = self.troubles.iter().position(|trouble| trouble.site == site && trouble.time == time) else { return Ok(false) };
        let trouble = self.troubles.remove(at);
        let suspended = self.strike(trouble.fault);
        if trouble.crash { Err(Died::Crashed) } else { Ok(suspended) }
    }

    fn strike(&mut self, fault: Fault) -> bool {
        let under_way = self.stored.rollout.under_way().map_or(0, |(step, _)| step);
        let now = self.world.now;
        match fault {
            Fault::None => {}
            Fault::Throttle => self.throttled = 3,
            Fault::ServerErrorBefore | Fault::ServerErrorAfter | Fault::TimeoutBefore | Fault::TimeoutAfter => self.cut = fault as u32,
            Fault::StaleReads => self.stale = 5,
            Fault::ResetMidBody | Fault::CredentialsExpired => self.deaf_until = now + if fault == Fault::ResetMidBody { 12 } else { 120 },
            Fault::AccessDenied => self.denied = vec!["stop", "back"],
            Fault::Suspended => return true,
            Fault::SecondController => self.stored.epoch += 1,
            Fault::ForeignDeploy => self.world.foreign(under_way),
            Fault::AwsRollsBack => self.world.aws_rolls_back(under_way),
            Fault::AlarmBlind => {
                if let Some(service) = self.world.services.get_mut(under_way) {
                    service.blind = (now, now + 120);
                }
            }
            Fault::StoreBusy => self.busy = 3,
            Fault::LineStopped => (self.stopped, self.stopped_until) = (Some("incident".into()), now + 120),
            Fault::AnotherRevision => self.garbled = true,
        }
        false
    }

    fn read(&mut self, look: &Look) -> Answer {
        if self.world.now < self.deaf_until {
            return Answer::Nothing("the connection was reset".into());
        }
        let stale = if self.stale > 0 { usize::try_from(self.stale).unwrap_or(0) } else { 0 };
        self.stale = self.stale.saturating_sub(1);
        match look {
            Look::Service { step } => match self.world.seen(*step, stale) {
                Some(seen) => {
                    if let Some(looks) = self.looks.get_mut(*step) {
                        looks.push(self.world.now);
                    }
                    Answer::Service(Box::new(seen))
                }
                None => Answer::Nothing("no such service".into()),
            },
            Look::Revision { step, arn } => match self.world.described(*step, arn) {
                Some(described) => Answer::Revision(Box::new(described)),
                None => Answer::Nothing("no such revision".into()),
            },
            Look::Intent { step, intent, .. } => {
                let service = self.world.services.get(*step);
                let found =
                    service.and_then(|service| service.revisions.iter().rfind(|revision| revision.tags.get(INTENT_TAG) == Some(intent)));
                Answer::Intent(found.filter(|_| stale == 0).map(|revision| revision.arn.clone()))
            }
        }
    }

    /// The call itself, through whatever stands between.
    fn call(&mut self, step: usize, effect: &Effect) -> Outcome {
        self.check_intent(step, effect);
        self.effects += 1;
        let passes = |said: &str| Outcome::Not(Refusal { passes: true, said: said.into(), next: String::new() });
        if self.world.now < self.deaf_until {
            return passes("ExpiredTokenException");
        }
        if self.throttled > 0 {
            self.throttled -= 1;
            return passes("ThrottlingException");
        }
        if self.denied.contains(&effect.operation_of()) {
            return Outcome::Not(Refusal { passes: false, said: "AccessDeniedException".into(), next: "allow it".into() });
        }
        let cut = std::mem::take(&mut self.cut);
        let nature = self.nature.get(step).copied().unwrap_or(Nature::Good);
        if cut == Fault::ServerErrorBefore as u32 || cut == Fault::TimeoutBefore as u32 {
            return Outcome::Unknown { why: "ServerException".into() };
        }
        if cut == Fault::TimeoutAfter as u32 {
            // it may take effect long after nobody waits for it any more
            let at = self.world.now + i64::try_from(self.world.dice.below(40)).unwrap_or(0);
            self.late.push(Late { at, step, effect: effect.clone(), nature });
            return Outcome::Unknown { why: "timed out".into() };
        }
        let outcome = self.take_effect(step, effect, nature);
        if cut == Fault::ServerErrorAfter as u32 { Outcome::Unknown { why: "ServerException".into() } } else { outcome }
    }

    fn take_effect(&mut self, step: usize, effect: &Effect, nature: Nature) -> Outcome {
        self.check_effect(step, effect);
        let not = |said: &str| Outcome::Not(Refusal { passes: false, said: said.into(), next: String::new() });
        let done = |named: String| Outcome::Done { named };
        match effect {
            Effect::Register { request, tags } => {
                let mut request = request.clone();
                // ECS, or a proxy of somebody's, loses a field
                if std::mem::take(&mut self.garbled)
                    && let Some(container) = request.pointer_mut("/containerDefinitions/0").and_then(serde_json::Value::as_object_mut)
                {
                    container.remove("essential");
                }
                let arn = self.world.register(step, request, tags.clone(), nature);
                arn.map_or_else(|| not("no such family"), done)
            }
            Effect::Update { from, to, configuration } | Effect::Back { from, to, configuration } => {
                // the actuator reads before it writes
                let runs = self
                    .world
                    .services
                    .get(step)
                    .and_then(|service| service.runs())
                    .map(|revision| revision.arn.clone())
                    .unwrap_or_default();
                if runs != *from && runs != *to {
                    return not("it runs something else");
                }
                self.world.update(step, to, configuration.clone()).map_or_else(not, done)
            }
            Effect::Stop { deployment } => self.world.stop(step, deployment).map_or_else(not, |()| done(String::new())),
            Effect::Restore { configuration } => {
                self.world.configure(step, configuration.clone());
                done(String::new())
            }
        }
    }

    /// Requests that were on their way arrive; what was stopped may go on.
    pub(crate) fn arrive(&mut self) {
        let now = self.world.now;
        if now >= self.stopped_until {
            self.stopped = None;
        }
        let due: Vec<Late> = self.late.extract_if(.., |late| late.at <= now).collect();
        for late in due {
            self.take_effect(late.step, &late.effect, late.nature);
        }
    }

    fn violated(&mut self, rule: &str, what: String) {
        let said = format!("{rule} at {}: {what}", self.world.now);
        if !self.violations.contains(&said) {
            self.violations.push(said);
        }
    }

    /// I9 already where something is begun: what is sent is stopped a second time, by the shell, and would hide that.
    fn check_begun(&mut self, step: usize, effect: &Effect) {
        if effect.forward() && (self.halted_at.is_some() || self.stopped.is_some()) {
            self.violated("I9", format!("{} of step {step} was begun although nothing forward may happen", effect.operation()));
        }
    }

    /// I3: no write without an intent on record. I8: finished rollouts make no calls. I9: nothing forward after a halt.
    fn check_intent(&mut self, step: usize, effect: &Effect) {
        let of = self.stored.rollout.steps.get(step).and_then(|of| of.owed.as_ref());
        if !of.is_some_and(|owed| owed.state == OwedState::Started && owed.effect == *effect) {
            self.violated("I3", format!("{} of step {step} was sent without being begun on record", effect.operation()));
        }
        if self.stored.rollout.status.ended() {
            self.violated("I8", format!("{} after the end", effect.operation()));
        }
        if effect.forward() && (self.halted_at.is_some() || self.stopped.is_some()) {
            self.violated("I9", format!("{} of step {step} although nothing forward may happen", effect.operation()));
        }
    }

    /// I1: one service at a time. I4: one deployment each way. I5: nothing unexpected is overwritten. I12, I13.
    fn check_effect(&mut self, step: usize, effect: &Effect) {
        let now = self.world.now;
        let Some(service) = self.world.services.get(step) else { return };
        let runs = service.runs().map(|revision| revision.arn.clone()).unwrap_or_default();
        match effect {
            Effect::Update { from, to, .. } => {
                let others = self
                    .stored
                    .rollout
                    .steps
                    .iter()
                    .enumerate()
                    .filter(|(index, of)| *index != step && of.stage.under_way() && of.stage.touched());
                if let Some((other, _)) = others.take(1).next() {
                    return self.violated("I1", format!("steps {step} and {other} at once"));
                }
                if runs == *from && service.forward >= 1 {
                    return self.violated("I4", format!("a second deployment of step {step}"));
                }
                if !service.revisions.first().is_some_and(|prior| prior.active) {
                    return self.violated("I13", format!("step {step} could not go back"));
                }
                let copy = service.revisions.iter().find(|revision| revision.arn == *to);
                let planned = copy.is_some_and(|copy| {
                    let mut request = copy.request.clone();
                    let container = request.pointer_mut("/containerDefinitions/0").and_then(serde_json::Value::as_object_mut);
                    container.map(|container| container.remove("healthCheck"));
                    service.revisions.first().is_some_and(|prior| {
                        prior.request == request && prior.tags.iter().all(|(key, value)| copy.tags.get(key) == Some(value))
                    })
                });
                if !planned {
                    self.violated("I12", format!("step {step} runs more than was planned"));
                }
            }
            Effect::Back { .. } if service.foreign_at.is_some_and(|at| now - at > 45) => {
                self.violated("I5", format!("step {step} overwrote somebody else's"));
            }
            Effect::Back { to, .. } if service.back >= 1 && runs != *to => self.violated("I4", format!("a second way back of step {step}")),
            _ => {}
        }
    }

    /// I11: a pass is for what really is well, seen without a gap (I15).
    fn check_verified(&mut self, next: &Rollout) {
        let mut wrong = Vec::new();
        for (index, (before, after)) in self.stored.rollout.steps.iter().zip(&next.steps).enumerate() {
            let (Stage::Verified { revision, .. }, false) = (&after.stage, matches!(before.stage, Stage::Verified { .. })) else {
                continue;
            };
            let Some(service) = self.world.services.get(index) else { continue };
            let nature = self.nature.get(index).copied().unwrap_or(Nature::Good);
            if nature.bad() {
                wrong.push(("I11", format!("step {index} passed although it is {nature:?}")));
            }
            // a reading shows the world as it was up to some seconds ago
            let bake = i64::try_from(after.bake.as_secs()).unwrap_or(0);
            if service.blind.1 > self.world.now - bake && service.blind.0 < self.world.now - 15 {
                wrong.push(("I11", format!("step {index} passed although its alarm could not tell")));
            }
            if service.foreign_at.is_none() && !service.settled_on(revision) {
                wrong.push(("I11", format!("step {index} passed although it does not run its revision")));
            }
            let from = self.world.now - i64::try_from(after.bake.as_secs()).unwrap_or(0) - 30;
            let looks: Vec<i64> = self.looks.get(index).into_iter().flatten().copied().filter(|at| *at >= from).collect();
            let gap = looks.windows(2).filter_map(|pair| Some(pair.get(1)? - pair.first()?)).max().unwrap_or(i64::MAX);
            if gap > i64::try_from(GAP.as_secs()).unwrap_or(15) + 10 {
                wrong.push(("I15", format!("step {index} passed over a gap of {gap} s")));
            }
        }
        for (rule, what) in wrong {
            self.violated(rule, what);
        }
    }

    /// I11 of the way back: whoever reads "put back" may take it that nothing of ours runs any more, and that who is said to
    /// have done it did.
    fn check_back(&mut self, next: &Rollout) {
        let mut wrong = Vec::new();
        for (index, (before, after)) in self.stored.rollout.steps.iter().zip(&next.steps).enumerate() {
            let (Stage::PutBack { why, .. }, false) = (&after.stage, matches!(before.stage, Stage::PutBack { .. })) else { continue };
            let Some(service) = self.world.services.get(index).filter(|service| service.foreign_at.is_none()) else { continue };
            if !service.settled_on(&after.bound.prior) {
                wrong.push(format!("step {index} counts as put back before its tasks are"));
            }
            // where somebody is about at all, one reading may mix what they did with what AWS did
            let alone = self.world.services.iter().all(|service| service.foreign_at.is_none());
            if why.kind == Kind::Foreign && alone {
                wrong.push(format!("step {index} is said to be put back by somebody, and nobody was there"));
            }
        }
        for what in wrong {
            self.violated("I11", what);
        }
    }

    /// I2: at the end every service runs what was verified, or what it ran before, or a person was told.
    pub(crate) fn check_end(&mut self) {
        let mut wrong = Vec::new();
        for (index, step) in self.stored.rollout.steps.iter().enumerate() {
            let Some(service) = self.world.services.get(index) else { continue };
            let runs = service.runs().map(|revision| revision.arn.clone()).unwrap_or_default();
            let own = is_own(&service.configuration, &service.own);
            let right = match &step.stage {
                Stage::Verified { revision, .. } => runs == *revision && own,
                Stage::PutBack { .. } => runs == step.bound.prior && own,
                Stage::Skipped { .. } | Stage::Waiting | Stage::Preflight { .. } => service.forward == 0,
                Stage::Blocked { .. } => true,
                // halted for something else, and not sent: it waits for a person like everything
                Stage::Registering { .. } | Stage::Updating { .. } if matches!(self.stored.rollout.status, Status::Halted { .. }) => {
                    service.forward == 0 && step.owed.as_ref().is_some_and(|owed| owed.state == OwedState::Waiting)
                }
                _ => false,
            };
            if !right && service.foreign_at.is_none() {
                let stage = stage_word(step);
                wrong.push(format!(
                    "step {index} is {stage} ({:?}) and runs {runs}, own settings: {own}",
                    step.owed.as_ref().map(|owed| owed.state)
                ));
            }
            if service.desired != 2 {
                wrong.push(format!("step {index} wants another number of tasks"));
            }
        }
        for what in wrong {
            self.violated("I2", what);
        }
    }
}

/// How long a bake of the model lasts.
pub(crate) const BAKE: u64 = 120;

/// For the floor of the model's checks.
pub(crate) fn bake() -> std::time::Duration {
    seconds(BAKE)
}
