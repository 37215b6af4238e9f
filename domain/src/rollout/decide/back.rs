//! The way back: straight to what the service ran before, and never through steps.

use super::forward::{armed, is_own, own_again};
use super::{Deciding, Event, STEADY};
use crate::rollout::cause::{Cause, Kind};
use crate::rollout::seen::ServiceSeen;
use crate::rollout::{Effect, Ending, Stage, settings};
use crate::service::revision_name;
use crate::text;

impl Deciding<'_> {
    /// A step failed: it is taken back in the same breath, by what was just seen.
    pub(super) fn failed(&mut self, step: usize, cause: Cause, seen: &ServiceSeen) {
        self.take_back(step, cause);
        self.undoing(step, seen);
    }

    /// Turns a step around.
    pub(super) fn take_back(&mut self, step: usize, why: Cause) {
        let Some(of) = self.next.steps.get_mut(step) else { return };
        let (revision, deployment) = match &of.stage {
            Stage::Rolling { revision, deployment, .. }
            | Stage::Baking { revision, deployment, .. }
            | Stage::Restoring { then: Ending::Verified { revision, deployment }, .. }
            | Stage::Verified { revision, deployment, .. } => (revision.clone(), deployment.clone()),
            _ => return,
        };
        let done = matches!(of.stage, Stage::Verified { .. });
        of.owed = None;
        let said = format!("taken back to {}: {}", revision_name(&of.bound.prior), why.said);
        // what AWS calls finished can no longer be stopped
        let stage = Stage::Undoing { since: self.now, revision, deployment, why: why.clone(), stopped: done, told: false, steady: 0 };
        self.enter(step, stage, said);
        if why.counts() {
            self.events.push(Event { step: Some(step), said: format!("cause: {}", why.said), cause: Some(why) });
        }
    }

    /// What the way back needs next, by what is seen.
    pub(super) fn undoing(&mut self, step: usize, seen: &ServiceSeen) {
        let Some(of) = self.next.steps.get(step) else { return };
        let Stage::Undoing { since, revision, deployment, why, stopped, told, steady } = of.stage.clone() else { return };
        if of.owed.is_some() {
            return;
        }
        let (prior, own) = (of.bound.prior.clone(), own_again(&of.bound.configuration));
        if let Some(stuck) = seen.bringing(&revision).filter(|ours| ours.stuck()) {
            let what =
                format!("AWS could not take the deployment back: {}", text::shown(stuck.reason.as_deref().unwrap_or("ROLLBACK_FAILED")));
            let next = format!("set the service to {} by hand and look why it cannot start", revision_name(&prior));
            return self.block(step, what, self.and_hand_back(step, next, Some(seen)));
        }
        let runs = seen.steered();
        // the service's own word may be ours while no deployment brings it (an ECS that never shows one): then it is not back
        if runs == prior && seen.revision != revision {
            // nobody asked for it and AWS tells of no roll-back: a reading of before our update, unless it goes on
            let known = told || seen.bringing(&revision).is_some_and(super::super::seen::ServiceDeployment::rolled_back);
            if !known && !self.doubt(step) {
                return self.stay(step, Stage::Undoing { since, revision, deployment, why, stopped, told, steady: 0 });
            }
            let settled = seen.settled() && seen.revision == prior;
            let steady = if settled { steady + 1 } else { 0 };
            if steady < STEADY {
                return self.stay(step, Stage::Undoing { since, revision, deployment, why, stopped, told, steady });
            }
            if is_own(&seen.configuration, &own) {
                return self.end(step, Ending::PutBack { why });
            }
            self.enter(
                step,
                Stage::Restoring { since: self.now, gap: false, then: Ending::PutBack { why } },
                "back; its own deployment settings are handed back",
            );
            return self.owe(step, Effect::Restore { configuration: own });
        }
        if runs != revision && runs != prior {
            let what = format!("somebody else made it run {} while it was taken back", revision_name(runs));
            return self.block(step, what, self.and_hand_back(step, "nothing was overwritten; decide what it should run", Some(seen)));
        }
        let bringing = seen.bringing(&revision);
        if bringing.is_some_and(super::super::seen::ServiceDeployment::rolled_back) {
            // AWS is at it already: not fought, only watched
            return self.stay(step, Stage::Undoing { since, revision, deployment, why, stopped: true, told, steady: 0 });
        }
        if let Some(ours) = bringing.filter(|ours| ours.can_be_stopped() && !stopped) {
            let deployment_arn = ours.arn.clone();
            self.stay(step, Stage::Undoing { since, revision, deployment, why, stopped: true, told, steady: 0 });
            return self.owe(step, Effect::Stop { deployment: deployment_arn });
        }
        // what was asked for takes a moment to show
        let asked = told || (stopped && bringing.is_some_and(super::super::seen::ServiceDeployment::can_be_stopped));
        if asked && !self.doubt(step) {
            return;
        }
        self.sure(step);
        self.stay(step, Stage::Undoing { since, revision: revision.clone(), deployment, why, stopped: true, told: true, steady: 0 });
        self.owe(step, Effect::Back { from: revision, to: prior, configuration: own });
    }

    fn stay(&mut self, step: usize, stage: Stage) {
        if let Some(of) = self.next.steps.get_mut(step) {
            of.stage = stage;
        }
    }

    /// It runs what it ran before. Whether the rollout goes on is a question of the budget and of what failed.
    pub(super) fn is_back(&mut self, step: usize, why: Cause) {
        let prior = self.next.steps.get(step).map(|of| revision_name(&of.bound.prior).to_owned()).unwrap_or_default();
        let name = self.name(step);
        self.enter(step, Stage::PutBack { at: self.now, why: why.clone() }, format!("it runs {prior} again"));
        if why.kind == Kind::Person {
            return;
        }
        if why.kind.shared() {
            return self.halt(format!("{name} failed by something other services share: {}", why.said));
        }
        if self.next.failed() > self.next.budget as usize || !why.counts() {
            self.halt(format!("{name} was put back: {}", why.said));
        } else {
            self.tell(Some(step), format!("set aside: failure {} of {} the plan allows", self.next.failed(), self.next.budget));
        }
    }

    /// What to do about a step that is blocked once its service was told, and about the circuit breaker that was armed with
    /// that: nothing hands it back by itself any more. Where the service is seen to have its own settings there is no need.
    pub(super) fn and_hand_back(&self, step: usize, next: impl Into<String>, seen: Option<&ServiceSeen>) -> String {
        let next = next.into();
        let Some(own) = self.next.steps.get(step).map(|of| &of.bound.configuration) else { return next };
        if seen.is_some_and(|seen| is_own(&seen.configuration, own)) {
            return next;
        }
        // whoever deployed may have set another
        let ours = armed(own);
        let still = seen.is_some_and(|seen| seen.configuration.get(settings::BREAKER) == ours.get(settings::BREAKER));
        let still = if still { "is still" } else { "may still be" };
        format!("{next}. Its circuit breaker {still} the one that was armed for the step: {}", self.hand_back(step))
    }

    /// How a person hands a service its own settings back.
    pub(super) fn hand_back(&self, step: usize) -> String {
        let command = self.next.steps.get(step).map(settings::hand_back).unwrap_or_default();
        format!("hand its own deployment settings back by `{command}`")
    }

    /// It ends as it was: the service was never told anything.
    pub(super) fn untouched(&mut self, step: usize, why: &str) {
        if let Some(of) = self.next.steps.get_mut(step) {
            of.owed = None;
        }
        self.enter(step, Stage::Skipped { why: why.to_owned(), replan: false }, why);
    }
}
