//! What a person may ask of a rollout, and why not.

use serde::{Deserialize, Serialize};

use super::Deciding;
use crate::rollout::cause::{Cause, Kind};
use crate::rollout::{OwedState, Rollout, Stage, Status};

/// What a person wants. Each carries the reason, which is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Command {
    /// Begin.
    Start,
    /// Begin no further step.
    Pause {
        /// Why.
        why: String,
    },
    /// Go on.
    Resume {
        /// Why.
        why: String,
    },
    /// Nothing forward any more, and the step under way is taken back. Outranks everything.
    Abort {
        /// Why.
        why: String,
    },
    /// Pass over a step that has not begun to write.
    Skip {
        /// Which.
        step: usize,
        /// Why.
        why: String,
    },
    /// Take one service back.
    UndoStep {
        /// Which.
        step: usize,
        /// Why.
        why: String,
    },
    /// Take every verified service back, the last first.
    Undo {
        /// Why.
        why: String,
    },
}

/// Whether a command may be given now; else why not, for the button that is disabled by it.
///
/// # Errors
/// The reason, as a sentence.
pub fn allowed(rollout: &Rollout, command: &Command) -> Result<(), String> {
    let no = |why: &str| Err(why.to_owned());
    let status = &rollout.status;
    let verified = |step: &usize| matches!(rollout.steps.get(*step).map(|of| &of.stage), Some(Stage::Verified { .. }));
    match command {
        Command::Start if *status == Status::Planned => Ok(()),
        Command::Start => no("It was started already."),
        _ if *status == Status::Planned && !matches!(command, Command::Abort { .. }) => no("It has not been started."),
        Command::Pause { .. } => match status {
            Status::Running | Status::Held { .. } => Ok(()),
            Status::Paused { .. } => no("It is paused already."),
            Status::Halted { .. } => no("It is halted already: no step begins until somebody resumes it."),
            _ => no("Nothing forward happens in it any more."),
        },
        Command::Resume { .. } => match status {
            Status::Paused { .. } | Status::Halted { .. } => {
                match rollout.steps.iter().find(|step| matches!(step.stage, Stage::Blocked { .. })) {
                    Some(step) => Err(format!(
                        "{} is blocked: see to it by hand, then pass over it, and the rollout can be resumed.",
                        crate::text::shown(&step.service.service)
                    )),
                    None => Ok(()),
                }
            }
            Status::Running | Status::Held { .. } => no("It is running."),
            _ => no("Nothing forward happens in it any more."),
        },
        Command::Abort { .. } if status.ended() => no("It has ended."),
        Command::Abort { .. } if matches!(status, Status::Aborting { .. }) => no("It is being aborted already."),
        Command::Abort { .. } => Ok(()),
        Command::Skip { step, .. } => match rollout.steps.get(*step).map(|of| &of.stage) {
            // blocked: somebody has seen to it by hand, and it is left as it is now
            Some(Stage::Waiting | Stage::Preflight { .. } | Stage::Blocked { .. }) if !status.ended() => Ok(()),
            Some(_) => no("Its turn is over, or something was written already: it can be undone, not passed over."),
            None => no("There is no such step."),
        },
        Command::UndoStep { step, .. } => match rollout.steps.get(*step).map(|of| &of.stage) {
            Some(Stage::Rolling { .. } | Stage::Baking { .. }) => Ok(()),
            Some(Stage::Verified { .. }) if rollout.under_way().is_none() => Ok(()),
            Some(Stage::Verified { .. }) => no("Another service is under way; one at a time. Abort or pause first."),
            Some(Stage::Undoing { .. }) => no("It is being taken back already."),
            Some(_) => no("It does not run what this rollout brought."),
            None => no("There is no such step."),
        },
        Command::Undo { .. } if rollout.under_way().is_some() => no("A service is under way; abort first."),
        Command::Undo { .. } if (0..rollout.steps.len()).any(|step| verified(&step)) => Ok(()),
        Command::Undo { .. } => no("No service runs what this rollout brought."),
    }
}

impl Deciding<'_> {
    pub(super) fn command(&mut self, command: &Command) {
        if let Err(why) = allowed(&self.next, command) {
            return self.refuse(why);
        }
        match command {
            Command::Start => {
                self.next.status = Status::Running;
                self.tell(None, "started");
            }
            Command::Pause { why } => {
                self.next.status = Status::Paused { why: why.clone() };
                self.tell(None, format!("paused after the step that is under way: {why}"));
                // before its first look is well nothing was written: its turn comes again
                let looked_at = self.next.under_way().filter(|(_, of)| matches!(of.stage, Stage::Preflight { .. }));
                if let Some(step) = looked_at.map(|(step, _)| step) {
                    self.enter(step, Stage::Waiting, "nothing was written yet; its turn comes again");
                }
            }
            Command::Resume { why } => self.resume(why),
            Command::Abort { why } => self.abort(why),
            Command::Skip { step, why } => {
                self.unhold();
                self.enter(*step, Stage::Skipped { why: why.clone(), replan: false }, format!("passed over: {why}"));
            }
            Command::UndoStep { step, why } => self.take_back(*step, Cause::new(Kind::Person, why.clone())),
            Command::Undo { why } => {
                self.next.status = Status::Undoing { why: why.clone() };
                self.tell(None, format!("all of it is taken back: {why}"));
            }
        }
    }

    /// Deadlines begin anew: whoever resumes has looked.
    fn resume(&mut self, why: &str) {
        let now = self.now;
        self.next.status = Status::Running;
        self.tell(None, format!("resumed: {why}"));
        for step in &mut self.next.steps {
            if let Stage::Preflight { since }
            | Stage::Registering { since }
            | Stage::Comparing { since, .. }
            | Stage::Updating { since, .. } = &mut step.stage
            {
                *since = now;
            }
            step.doubts = None;
            step.patience = Some(now);
        }
    }

    fn abort(&mut self, why: &str) {
        if self.next.status == Status::Planned {
            self.next.status = Status::Aborted;
            return self.tell(None, format!("given up before it began: {why}"));
        }
        self.next.status = Status::Aborting { why: why.to_owned() };
        self.tell(None, format!("aborted: {why}"));
        let Some((step, of)) = self.next.under_way() else { return };
        let sent = of.owed.as_ref().is_some_and(|owed| owed.state != OwedState::Waiting);
        match &of.stage {
            Stage::Rolling { .. } | Stage::Baking { .. } => self.take_back(step, Cause::new(Kind::Person, why.to_owned())),
            Stage::Preflight { .. } | Stage::Comparing { .. } => self.untouched(step, "aborted before anything was written to the service"),
            Stage::Registering { .. } | Stage::Updating { .. } if !sent => {
                self.untouched(step, "aborted before anything was written to the service")
            }
            // what was sent is looked for first; what is on its way back goes on
            _ => {}
        }
    }
}
