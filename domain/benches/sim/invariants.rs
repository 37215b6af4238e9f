//! The invariants of reliability, held against the model world and not against the engine's own tables.

use domain::rollout::cause::Kind;
use domain::rollout::decide::{GAP, is_own};
use domain::rollout::{Effect, OwedState, Rollout, Stage, Status};

use crate::shell::stage_word;
use crate::sim::Sim;
use crate::world::Nature;

impl Sim {
    fn violated(&mut self, rule: &str, what: String) {
        let said = format!("{rule} at {}: {what}", self.world.now);
        if !self.violations.contains(&said) {
            self.violations.push(said);
        }
    }

    /// I9 already where something is begun: what is sent is stopped a second time, by the shell, and would hide that.
    pub(crate) fn check_begun(&mut self, step: usize, effect: &Effect) {
        if effect.forward() && (self.halted_at.is_some() || self.stopped.is_some()) {
            self.violated("I9", format!("{} of step {step} was begun although nothing forward may happen", effect.operation()));
        }
    }

    /// I3: no write without an intent on record. I8: finished rollouts make no calls. I9: nothing forward after a halt.
    pub(crate) fn check_intent(&mut self, step: usize, effect: &Effect) {
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
    pub(crate) fn check_effect(&mut self, step: usize, effect: &Effect) {
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
    pub(crate) fn check_verified(&mut self, next: &Rollout) {
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
    pub(crate) fn check_back(&mut self, next: &Rollout) {
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
