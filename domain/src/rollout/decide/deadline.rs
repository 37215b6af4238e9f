//! What has waited too long. Every deadline's default is to stop and tell; none leads forward.

use std::time::Duration;

use super::{BACK, CALL, Deciding, PREFLIGHT, ROLLING};
use crate::Timestamp;
use crate::rollout::{Stage, Status};
use crate::time::span;

impl Deciding<'_> {
    /// What has waited too long.
    pub(super) fn deadlines(&mut self) {
        self.unplanned();
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
                self.halt(format!("a call for {name} has no answer for {}", span(CALL)));
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
                self.block(step, format!("it is not back after {}", span(BACK)), next);
            }
            Stage::Restoring { since, .. } if over(*since, CALL) => {
                let next = "hand the service its own deployment settings back by hand: they stand in the plan of the step";
                self.block(step, format!("its own deployment settings could not be handed back within {}", span(CALL)), next);
            }
            _ => {}
        }
    }
}
