//! What has waited too long. Every deadline's default is to stop and tell; none leads forward.

use std::time::Duration;

use super::{BACK, CALL, Deciding, PREFLIGHT, ROLLING};
use crate::Timestamp;
use crate::rollout::{OwedState, Stage, Status, Step};
use crate::time::span;

/// How long a rollout may wait between two steps for what nobody has given an end.
const BETWEEN: Duration = Duration::from_secs(24 * 3_600);

impl Deciding<'_> {
    /// What has waited too long.
    pub(super) fn deadlines(&mut self) {
        self.unplanned();
        self.between();
        for step in 0..self.next.steps.len() {
            self.deadline(step);
        }
    }

    fn deadline(&mut self, step: usize) {
        let Some(of) = self.next.steps.get(step) else { return };
        let over = |since: Timestamp, most: Duration| self.now.since(of.patience.map_or(since, |resumed| resumed.max(since))) >= most;
        let forward = self.next.status.goes_on();
        let name = self.name(step);
        match &of.stage {
            Stage::Preflight { since } if self.next.status.forward() && over(*since, PREFLIGHT) => {
                let why = match &self.next.status {
                    Status::Held { why, .. } => why.clone(),
                    _ => "it could not be looked at".to_owned(),
                };
                self.halt(format!("{name} waits for {} before its first write: {why}", span(PREFLIGHT)));
            }
            Stage::Registering { since } | Stage::Comparing { since, .. } | Stage::Updating { since, .. }
                if forward && over(*since, CALL) =>
            {
                self.halt(self.unanswered(of, &name));
            }
            Stage::Rolling { since, .. } if forward && over(*since, ROLLING + 3 * Duration::from_secs(of.floor.detection)) => {
                let evidence = of.evidence.iter().find(|line| line.tone != crate::judge::Tone::Good).map(|line| line.text.clone());
                self.halt(format!("{name} does not become stable: {}", evidence.unwrap_or_else(|| "nothing is said".to_owned())));
            }
            Stage::Baking { since, .. } if forward && over(*since, of.bake + of.bake + ROLLING) => {
                self.halt(format!("{name} could not be watched without a gap for {}", span(of.bake)));
            }
            Stage::Undoing { since, revision, .. } if over(*since, BACK) => {
                let revision = crate::service::revision_name(revision).to_owned();
                let next = format!(
                    "look at the service in AWS; it must run {} again, not {revision}",
                    crate::service::revision_name(&of.bound.prior)
                );
                let next = self.and_hand_back(step, next, None);
                self.block(step, format!("it is not back after {}", span(BACK)), next);
            }
            Stage::Restoring { since, .. } if over(*since, CALL) => {
                let next = self.hand_back(step);
                self.block(step, format!("its own deployment settings could not be handed back within {}", span(CALL)), next);
            }
            _ => {}
        }
    }

    /// Nothing is under way and nothing may begin: everything is stopped until somebody lifts it, or a window has closed for
    /// good. A freeze, and a window that is still to open, end by themselves: that is their deadline.
    fn between(&mut self) {
        let Status::Held { why, since } = &self.next.status else { return };
        let ends = self.around.stopped.is_none() && self.around.thaws.is_some();
        if ends || self.next.under_way().is_some() || self.now.since(*since) < BETWEEN {
            return;
        }
        let why = format!("no step has begun for {}: {why}", span(BETWEEN));
        self.halt(why);
    }

    /// What has not come of a call: it was never sent, nobody answered for it, or what it made cannot be read.
    fn unanswered(&self, of: &Step, name: &str) -> String {
        let within = span(CALL);
        let Some(owed) = &of.owed else { return format!("the new revision of {name} could not be read back within {within}") };
        let operation = owed.effect.operation();
        match (owed.state, self.around.barred()) {
            (OwedState::Waiting, Some(barred)) => format!("{operation} for {name} was not sent within {within}: {barred}"),
            (OwedState::Waiting, None) => format!("{operation} for {name} could not be sent within {within}"),
            (OwedState::Started | OwedState::Unknown, _) => format!("a call for {name} has no answer for {within}"),
        }
    }
}
