//! What came of an effect, and looking for what came of one that nobody answered for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ATTEMPTS, Deciding};
use crate::rollout::seen::ServiceSeen;
use crate::rollout::{Effect, Ending, OwedState, Stage, Status};
use crate::service::revision_name;

/// What came of an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Outcome {
    /// It happened. Carries what the answer named: the ARN of a revision, the id of a deployment; empty for the others.
    Done {
        /// The name.
        named: String,
    },
    /// It certainly did not happen.
    Not(Refusal),
    /// Nobody knows: the connection broke, the time ran out, the answer was cut or was a fault of AWS.
    Unknown {
        /// What was seen of it.
        why: String,
    },
}

/// Why an effect did not happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Whether the same may be asked again in a while: throttled, too many at once.
    pub passes: bool,
    /// In AWS's words, with the permission where one is missing.
    pub said: String,
    /// What a person can do about it; empty where it passes.
    pub next: String,
}

impl Deciding<'_> {
    fn of_effect(&self, effect: u64) -> Option<usize> {
        self.next.steps.iter().position(|step| step.owed.as_ref().is_some_and(|owed| owed.id == effect))
    }

    /// The shell asks whether it may. Only once this is committed is anything sent.
    pub(super) fn begun(&mut self, effect: u64) {
        let Some(step) = self.of_effect(effect) else { return self.refuse("that effect is owed no more") };
        let may = super::owed(&self.next, self.around, self.now).is_some_and(|(_, owed)| owed.id == effect);
        if !may {
            return self.refuse("that effect may not be done now");
        }
        if let Some(owed) = self.next.steps.get_mut(step).and_then(|of| of.owed.as_mut()) {
            owed.state = OwedState::Started;
            owed.attempts += 1;
            let said = format!("{} is sent (effect {effect})", owed.effect.operation());
            self.tell(Some(step), said);
        }
    }

    pub(super) fn outcome(&mut self, effect: u64, outcome: &Outcome) {
        let Some(step) = self.of_effect(effect) else { return };
        let Some(owed) = self.next.steps.get(step).and_then(|of| of.owed.clone()) else { return };
        match outcome {
            Outcome::Done { named } => self.done(step, &owed.effect, named),
            Outcome::Not(refusal) => self.refused_by_aws(step, refusal),
            Outcome::Unknown { why } => {
                if let Some(owed) = self.next.steps.get_mut(step).and_then(|of| of.owed.as_mut()) {
                    owed.state = OwedState::Unknown;
                }
                self.sure(step);
                self.tell(Some(step), format!("whether {} happened is not known ({why}); it is looked for", owed.effect.operation()));
            }
        }
    }

    fn done(&mut self, step: usize, effect: &Effect, named: &str) {
        let Some(of) = self.next.steps.get_mut(step) else { return };
        of.owed = None;
        let stage = of.stage.clone();
        self.tell(Some(step), format!("{} was done", effect.operation()));
        match (effect, stage) {
            (Effect::Register { .. }, Stage::Registering { .. }) => {
                if matches!(self.next.status, Status::Aborting { .. }) {
                    return self.untouched(step, "aborted before the service was told; the registered revision is not used");
                }
                let said = format!("{} is registered", revision_name(named));
                self.enter(step, Stage::Comparing { since: self.now, revision: named.to_owned() }, said);
            }
            (Effect::Update { .. }, Stage::Updating { revision, .. }) => self.rolls(step, revision, named.to_owned()),
            (Effect::Restore { .. }, Stage::Restoring { then: then @ Ending::PutBack { .. }, .. }) => self.end(step, then),
            // what AWS does about it is looked at
            _ => {}
        }
    }

    fn refused_by_aws(&mut self, step: usize, refusal: &Refusal) {
        let now = self.now;
        let name = self.name(step);
        let Some(of) = self.next.steps.get_mut(step) else { return };
        let Some(owed) = of.owed.as_mut() else { return };
        let (operation, attempts) = (owed.effect.operation(), owed.attempts);
        if refusal.passes && attempts < ATTEMPTS {
            owed.state = OwedState::Waiting;
            // 2, 4, 8 … seconds, a minute at most
            owed.not_before = now.plus(Duration::from_secs(2_u64.saturating_pow(attempts).min(60)));
            return self.tell(Some(step), format!("{operation} was refused for now: {}", refusal.said));
        }
        let effect = owed.effect.clone();
        of.owed = None;
        match effect {
            Effect::Register { .. } | Effect::Update { .. } => {
                self.untouched(step, &format!("{operation} was refused: {}", refusal.said));
                let next = if refusal.next.is_empty() { String::new() } else { format!(". What to do: {}", refusal.next) };
                self.halt(format!("{name}: {operation} was refused: {}{next}", refusal.said));
            }
            // the deployment may have ended in between: the next look says which way is left
            Effect::Stop { .. } => self.tell(Some(step), format!("AWS does not stop it: {}", refusal.said)),
            Effect::Back { to, .. } => {
                let next = if refusal.next.is_empty() {
                    format!("set the service to {} by hand", revision_name(&to))
                } else {
                    refusal.next.clone()
                };
                let next = self.and_hand_back(step, next, None);
                self.block(step, format!("AWS refuses to take it back: {}", refusal.said), next);
            }
            Effect::Restore { .. } => {
                let next = self.hand_back(step);
                self.block(step, format!("its own deployment settings could not be handed back: {}", refusal.said), next);
            }
        }
    }

    /// A revision with our tag was looked for.
    pub(super) fn intent(&mut self, step: usize, found: Option<&str>) {
        match found {
            Some(arn) => {
                self.tell(Some(step), format!("found: {} carries our tag", revision_name(arn)));
                let Some(effect) = self.next.steps.get(step).and_then(|of| of.owed.as_ref()).map(|owed| owed.effect.clone()) else {
                    return;
                };
                self.done(step, &effect, arn);
            }
            None => {
                if self.doubt(step) {
                    self.again(step, "no revision carries our tag");
                }
            }
        }
    }

    /// Whether an effect on the service happened, by how the service stands.
    pub(super) fn look_for(&mut self, step: usize, seen: &ServiceSeen) {
        let Some(of) = self.next.steps.get(step) else { return };
        let Some(owed) = of.owed.clone() else { return };
        let runs = seen.steered().to_owned();
        match &owed.effect {
            Effect::Update { from, to, .. } if runs == *to => {
                let deployment = seen.primary().map(|primary| primary.id.clone()).unwrap_or_default();
                debug_assert!(runs != *from, "a plan that changes nothing is refused");
                self.tell(Some(step), "found: it happened");
                self.rolls(step, to.clone(), deployment);
            }
            // AWS may have taken it back before anybody looked
            Effect::Update { from, to, .. } if runs == *from => {
                if let Some(ours) = seen.bringing(to).filter(|ours| ours.rolled_back()).cloned() {
                    let deployment = ours.arn.clone();
                    self.rolls(step, to.clone(), deployment);
                    let said = format!(
                        "AWS took it back before it was seen: {}",
                        crate::text::shown(ours.reason.as_deref().unwrap_or(&ours.status))
                    );
                    return self.failed(step, crate::rollout::cause::Cause::new(crate::rollout::cause::Kind::TakenBackByAws, said), seen);
                }
                // told, and no deployment brings it: that is not sent again, it is waited for
                if seen.revision == *to {
                    let to = to.clone();
                    self.sure(step);
                    if matches!(self.next.status, Status::Aborting { .. }) {
                        self.rolls(step, to, String::new());
                    }
                    return;
                }
                if self.doubt(step) {
                    self.again(step, "it runs what it ran before");
                }
            }
            Effect::Update { .. } => {
                let what = format!("it runs {}, which is neither before nor ours", revision_name(&runs));
                let next = "nothing was overwritten; decide what it should run, then plan it again";
                self.block(step, what, self.and_hand_back(step, next, Some(seen)));
            }
            // bound to one deployment: asking twice cannot hit another
            Effect::Stop { .. } => {
                if let Some(of) = self.next.steps.get_mut(step) {
                    of.owed = None;
                }
                self.undoing(step, seen);
            }
            Effect::Back { from, to, .. } => {
                if runs == *to {
                    if let Some(of) = self.next.steps.get_mut(step) {
                        of.owed = None;
                    }
                    self.sure(step);
                    self.undoing(step, seen);
                } else if runs != *from {
                    let what = format!("somebody else made it run {} while it was taken back", revision_name(&runs));
                    let next = "nothing was overwritten; decide what it should run";
                    self.block(step, what, self.and_hand_back(step, next, Some(seen)));
                } else if self.doubt(step) {
                    self.again(step, "it still runs what it must leave");
                }
            }
            Effect::Restore { configuration } => {
                if super::forward::is_own(&seen.configuration, configuration) {
                    let effect = owed.effect.clone();
                    self.done(step, &effect, "");
                } else if self.doubt(step) {
                    self.again(step, "its settings are still those of the step");
                }
            }
            Effect::Register { .. } => {}
        }
    }

    /// It certainly did not happen, so it may be owed again; or, where nothing forward may happen any more, it is let go.
    fn again(&mut self, step: usize, why: &str) {
        self.sure(step);
        let now = self.now;
        let aborting = matches!(self.next.status, Status::Aborting { .. });
        let Some(of) = self.next.steps.get_mut(step) else { return };
        let Some(owed) = of.owed.as_mut() else { return };
        if owed.effect.forward() && aborting {
            return self.untouched(step, "aborted before anything was written to the service");
        }
        owed.state = OwedState::Waiting;
        owed.not_before = now;
        let said = format!("{} did not happen ({why}); it is owed again", owed.effect.operation());
        self.tell(Some(step), said);
    }
}
