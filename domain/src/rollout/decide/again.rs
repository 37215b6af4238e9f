//! A service that changed since it was planned: its step is passed over, and it is planned again at the tail.
//!
//! Planning needs readings, so the shell does it; here stands only that it is owed, what may be done with the answer, and
//! that a rollout does not end while one is owed. The trap: a service that somebody deploys to all day. It is planned again
//! [`PLANNED_AGAIN`] times and then left to a person.

use super::{Deciding, PREFLIGHT};
use crate::rollout::{Rollout, Stage, Status, Step};
use crate::service::revision_name;
use crate::time::span;

/// How often one service is planned again within a rollout.
const PLANNED_AGAIN: usize = 2;

/// The step whose service is to be planned again, if there is one: whoever drives the rollout plans it and answers by
/// [`super::Input::Replanned`].
pub fn to_plan_again(rollout: &Rollout) -> Option<usize> {
    if !matches!(rollout.status, Status::Running | Status::Held { .. } | Status::Paused { .. } | Status::Halted { .. }) {
        return None;
    }
    rollout.steps.iter().position(|step| matches!(step.stage, Stage::Skipped { replan: true, .. }))
}

impl Deciding<'_> {
    /// No step is left and none is owed. Where all of them were passed over nothing was proven, so nothing has succeeded.
    pub(super) fn over(&mut self) {
        if !self.next.passed_over() {
            self.next.status = Status::Succeeded;
            return self.tell(None, "every step has ended");
        }
        self.next.status = Status::Aborted;
        // a step that was blocked may be passed over as well, and then something was written
        let left = if self.next.effects == 0 { "nothing was changed" } else { "nothing was proven" };
        self.tell(None, format!("aborted: every step was passed over; {left}"));
    }

    /// The service is another than the one that was planned.
    pub(super) fn changed(&mut self, step: usize, why: &str) {
        let Some(of) = self.next.steps.get(step) else { return };
        let planned = self.next.steps.iter().filter(|other| other.service == of.service).count();
        let replan = planned <= PLANNED_AGAIN;
        let said = if replan {
            format!("must be planned again: {why}")
        } else {
            format!("passed over: it has changed {planned} times since it was planned, the last time so: {why}. Plan it once it rests")
        };
        self.enter(step, Stage::Skipped { why: format!("changed since it was planned: {why}"), replan }, said);
    }

    pub(super) fn replanned(&mut self, instead_of: usize, outcome: &Result<Box<Step>, String>) {
        if to_plan_again(&self.next).is_none() {
            return self.refuse("no service of this rollout is to be planned again");
        }
        let wave = self.next.steps.iter().map(|step| step.wave).max().unwrap_or(0) + 1;
        let Some(of) = self.next.steps.get_mut(instead_of) else { return self.refuse("there is no such step") };
        let Stage::Skipped { why, replan: replan @ true } = &mut of.stage else {
            return self.refuse("that step is not to be planned again");
        };
        match outcome {
            Ok(step) if step.service != of.service => self.refuse("the new step is about another service"),
            Ok(step) => {
                *replan = false;
                why.push_str("; planned again at the tail");
                let said = format!("planned again at the tail: from {}", revision_name(&step.bound.prior));
                let fresh = Step {
                    wave,
                    stage: Stage::Waiting,
                    owed: None,
                    evidence: Vec::new(),
                    looked: None,
                    doubts: None,
                    patience: None,
                    ..(**step).clone()
                };
                self.next.steps.push(fresh);
                self.tell(Some(instead_of), said);
            }
            Err(refused) => {
                *replan = false;
                why.push_str("; not planned again: ");
                why.push_str(refused);
                self.tell(Some(instead_of), format!("not planned again: {refused}"));
            }
        }
    }

    /// Nobody planned it again in time, and nothing else is left to do.
    pub(super) fn unplanned(&mut self) {
        let Status::Held { since, .. } = &self.next.status else { return };
        let late = self.now.since(*since) >= PREFLIGHT;
        let left = self.next.under_way().is_some() || self.next.steps.iter().any(|step| step.stage == Stage::Waiting);
        let Some(step) = to_plan_again(&self.next).filter(|_| late && !left) else { return };
        let name = self.name(step);
        self.halt(format!("{name} waits for {} to be planned again", span(PREFLIGHT)));
    }
}
