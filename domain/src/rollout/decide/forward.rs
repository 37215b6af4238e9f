//! The way forward: registered, compared, told, rolling, baking, verified.

use serde_json::{Value, json};

use super::{Deciding, GAP, STEADY};
use crate::rollout::cause::{Cause, Kind};
use crate::rollout::definition::Described;
use crate::rollout::judge::{Verdict, judge, youngest};
use crate::rollout::seen::ServiceSeen;
use crate::rollout::{Effect, Ending, Stage, Target};
use crate::service::revision_name;
use crate::time::span;

/// How many failed tasks make AWS take the deployment back by itself while the step lasts, in case we are gone.
pub const ARMED_AT: u32 = 3;

/// The service's own settings with its circuit breaker armed: one that counts every failure and takes back. The stock one
/// forgets its count with each task that runs for a moment, and so misses a check that flaps.
pub fn armed(own: &Value) -> Value {
    let mut armed = own.clone();
    if !armed.is_object() {
        armed = json!({});
    }
    if let Some(object) = armed.as_object_mut() {
        let breaker = json!({
            "enable": true, "rollback": true, "resetOnHealthyTask": false,
            "thresholdConfiguration": { "type": "COUNT", "value": ARMED_AT },
        });
        object.insert("deploymentCircuitBreaker".to_owned(), breaker);
    }
    armed
}

/// The service's own settings as they are handed back. Where it has no circuit breaker of its own, ours is taken off: ECS keeps
/// what it is not told.
pub fn own_again(own: &Value) -> Value {
    let mut again = if own.is_object() { own.clone() } else { json!({}) };
    if let Some(object) = again.as_object_mut() {
        object.entry("deploymentCircuitBreaker").or_insert_with(|| json!({ "enable": false, "rollback": false }));
    }
    again
}

/// Whether a service has its own settings: one that is told of no circuit breaker has none.
pub fn is_own(seen: &Value, own: &Value) -> bool {
    own_again(seen) == own_again(own)
}

impl Deciding<'_> {
    /// What was registered is what was meant, or nothing goes on.
    pub(super) fn compared(&mut self, step: usize, arn: &str, back: &Described) {
        let Some(of) = self.next.steps.get(step) else { return };
        let Target::New(copy) = &of.target else { return };
        // a revision that we registered in another rollout carries that one's tag; ours takes its place
        let wrong = copy.differences(copy.origin(&of.bound.described), back, &of.tags(self.next.intent(step)));
        if let Some(first) = wrong.first() {
            let more = if wrong.len() > 1 { format!(" and {} more", wrong.len() - 1) } else { String::new() };
            let why = format!(
                "{} was read back otherwise than it was sent: {first}{more}. The service was not told to run it",
                revision_name(arn)
            );
            return self.block(step, why, "look at the revision in AWS and deregister it; then plan the service again");
        }
        let said = format!("{} was read back equal but for what was planned ({} paths)", revision_name(arn), copy.compared());
        self.tell(Some(step), said);
        if matches!(self.next.status, crate::rollout::Status::Aborting { .. }) {
            return self.untouched(step, "aborted before the service was told");
        }
        self.update(step, arn.to_owned());
    }

    /// The service is to be told.
    pub(super) fn update(&mut self, step: usize, revision: String) {
        let Some(of) = self.next.steps.get(step) else { return };
        let (from, configuration) = (of.bound.prior.clone(), armed(&of.bound.configuration));
        let said = format!("it is to run {}, with its circuit breaker armed", revision_name(&revision));
        self.enter(step, Stage::Updating { since: self.now, revision: revision.clone() }, said);
        self.owe(step, Effect::Update { from, to: revision, configuration });
    }

    /// ECS has begun to replace the tasks.
    pub(super) fn rolls(&mut self, step: usize, revision: String, deployment: String) {
        if let Some(of) = self.next.steps.get_mut(step) {
            of.owed = None;
            of.evidence.clear();
        }
        let said = format!("ECS brings {} by {deployment}", revision_name(&revision));
        self.enter(step, Stage::Rolling { since: self.now, revision, deployment, steady: 0 }, said);
        if let crate::rollout::Status::Aborting { why } = self.next.status.clone() {
            self.take_back(step, Cause::new(Kind::Person, why));
        }
    }

    pub(super) fn rolling(&mut self, step: usize, seen: &ServiceSeen) {
        let verdict = self.judged(step, seen);
        let Some(Stage::Rolling { revision, deployment, steady, since }) = self.next.steps.get(step).map(|of| of.stage.clone()) else {
            return;
        };
        let steady = match verdict {
            Verdict::Fail(cause) => return self.failed(step, cause, seen),
            Verdict::Doubt(why) => return self.contradicted(step, &why, seen),
            Verdict::Pass => steady + 1,
            Verdict::NoRoom(why) => {
                self.sure(step);
                let name = self.name(step);
                self.hold(format!("{name}: no room for its tasks; nothing is undone for that. {why}"));
                0
            }
            // an alarm without data comes from tasks that are new; in the bake it must end
            Verdict::Inconclusive(_) | Verdict::Wait => 0,
        };
        if steady > 0 || !matches!(self.next.status, crate::rollout::Status::Held { .. }) {
            self.unhold();
        }
        if steady >= STEADY {
            let said =
                format!("everything is in place; watched for {}", self.next.steps.get(step).map(|of| span(of.bake)).unwrap_or_default());
            return self.enter(step, Stage::Baking { since: self.now, revision, deployment, well_since: Some(self.now) }, said);
        }
        if let Some(of) = self.next.steps.get_mut(step) {
            of.stage = Stage::Rolling { revision, deployment, steady, since };
        }
    }

    pub(super) fn baking(&mut self, step: usize, seen: &ServiceSeen) {
        let before = self.next.steps.get(step).and_then(|of| of.evidence.first().map(|line| line.at));
        let verdict = self.judged(step, seen);
        let Some(of) = self.next.steps.get(step) else { return };
        let Stage::Baking { revision, deployment, well_since, since } = of.stage.clone() else { return };
        let gapless = before.is_none_or(|before| seen.at.since(before) <= GAP);
        let well = match verdict {
            Verdict::Fail(cause) => return self.failed(step, cause, seen),
            Verdict::Doubt(why) => return self.contradicted(step, &why, seen),
            Verdict::Pass => Some(well_since.filter(|_| gapless).unwrap_or(seen.at)),
            Verdict::Wait | Verdict::Inconclusive(_) | Verdict::NoRoom(_) => None,
        };
        if well.is_some() && !gapless && well_since.is_some() {
            self.tell(Some(step), format!("nothing was seen for more than {}; the bake begins anew", span(GAP)));
        }
        let Some(of) = self.next.steps.get_mut(step) else { return };
        let counts_from = well.max(well.and(youngest(of, seen)));
        let done = counts_from.is_some_and(|from| seen.at.since(from) >= of.bake);
        of.stage = Stage::Baking { revision: revision.clone(), deployment: deployment.clone(), well_since: well, since };
        if !done {
            return;
        }
        let own = is_own(&seen.configuration, &of.bound.configuration);
        let (bake, configuration) = (of.bake, own_again(&of.bound.configuration));
        self.tell(Some(step), format!("everything a pass needs was seen for {} without a gap", span(bake)));
        let then = Ending::Verified { revision, deployment };
        if own {
            return self.end(step, then);
        }
        self.enter(step, Stage::Restoring { since: self.now, gap: false, then }, "its own deployment settings are handed back");
        self.owe(step, Effect::Restore { configuration });
    }

    /// A verified service is watched until the rollout ends.
    pub(super) fn watch(&mut self, step: usize, seen: &ServiceSeen) {
        let before = self.next.steps.get(step).map(|of| of.evidence.clone());
        match self.judged(step, seen) {
            Verdict::Fail(cause) => {
                let name = self.name(step);
                let why = format!("{name} was verified and fails now: {}", cause.said);
                self.halt(why);
            }
            Verdict::Doubt(why) => {
                if self.doubt(step) {
                    let name = self.name(step);
                    self.halt(format!("{name} was verified and is not as it was left: {why}"));
                }
            }
            Verdict::Pass | Verdict::Wait | Verdict::Inconclusive(_) | Verdict::NoRoom(_) => self.sure(step),
        }
        // what it was verified by stays its evidence
        if let (Some(of), Some(before)) = (self.next.steps.get_mut(step), before) {
            of.evidence = before;
        }
    }

    /// Handing back starts no deployment, but takes time in which the service must still be well: a pass is given for what
    /// is seen now and not for what was seen before.
    pub(super) fn restoring(&mut self, step: usize, seen: &ServiceSeen, then: Ending) {
        let Some(of) = self.next.steps.get(step) else { return };
        let (waits, own) = (of.owed.is_some(), is_own(&seen.configuration, &of.bound.configuration));
        let Ending::Verified { revision, deployment } = then.clone() else {
            if own && !waits {
                self.end(step, then);
            }
            return;
        };
        let before = of.evidence.first().map(|line| line.at);
        let well = match self.judged(step, seen) {
            Verdict::Fail(cause) => return self.failed(step, cause, seen),
            Verdict::Doubt(why) => return self.contradicted(step, &why, seen),
            verdict => verdict == Verdict::Pass && before.is_some_and(|before| seen.at.since(before) <= GAP),
        };
        let Some(Stage::Restoring { gap, .. }) = self.next.steps.get_mut(step).map(|of| &mut of.stage) else { return };
        *gap |= !well;
        match (waits, *gap) {
            (true, _) => {}
            (false, false) => self.end(step, then),
            (false, true) => {
                let said = "not everything was well, or seen, while its settings were handed back; the bake begins anew";
                self.enter(step, Stage::Baking { since: self.now, revision, deployment, well_since: None }, said);
            }
        }
    }

    /// How a step ends.
    pub(super) fn end(&mut self, step: usize, how: Ending) {
        if let Some(of) = self.next.steps.get_mut(step) {
            of.owed = None;
        }
        match how {
            Ending::Verified { revision, deployment } => {
                let said = format!("verified: it runs {}", revision_name(&revision));
                self.enter(step, Stage::Verified { at: self.now, revision, deployment }, said);
            }
            Ending::PutBack { why } => self.is_back(step, why),
        }
    }

    fn judged(&mut self, step: usize, seen: &ServiceSeen) -> Verdict {
        let Some(of) = self.next.steps.get_mut(step) else { return Verdict::Wait };
        let judgement = judge(of, seen);
        of.evidence = judgement.statements;
        if !matches!(judgement.verdict, Verdict::Doubt(_)) {
            of.doubts = None;
        }
        judgement.verdict
    }

    /// ECS does not say what it should. After enough of that, somebody else has changed the service.
    fn contradicted(&mut self, step: usize, why: &str, seen: &ServiceSeen) {
        let Some(of) = self.next.steps.get_mut(step) else { return };
        if let Stage::Baking { well_since, .. } = &mut of.stage {
            *well_since = None;
        }
        if let Stage::Rolling { steady, .. } = &mut of.stage {
            *steady = 0;
        }
        let runs = seen.steered().to_owned();
        let (prior, own) = (of.bound.prior.clone(), own_again(&of.bound.configuration));
        let ours = matches!(&of.stage, Stage::Rolling { revision, .. } | Stage::Baking { revision, .. } if *revision == runs);
        if runs != prior && !ours {
            // what is neither before nor ours cannot be a stale reading
            let what = format!("somebody else made it run {}", revision_name(&runs));
            let next = self.and_hand_back(step, "nothing was overwritten; decide what it should run, then plan it again", Some(seen));
            return self.block(step, what, next);
        }
        if !self.doubt(step) {
            return;
        }
        if runs == prior {
            let cause = Cause::new(
                Kind::Foreign,
                format!("it runs {} again and AWS tells of no roll-back: somebody put it back", revision_name(&prior)),
            );
            if is_own(&seen.configuration, &own) {
                self.is_back(step, cause);
            } else {
                let said = "somebody put it back; its own deployment settings are handed back";
                self.enter(step, Stage::Restoring { since: self.now, gap: false, then: Ending::PutBack { why: cause } }, said);
                self.owe(step, Effect::Restore { configuration: own });
            }
            return self.halt(format!("{}: {why}", self.name(step)));
        }
        let next = "somebody deployed the same revision again; nothing was overwritten. Look who did, then plan it again";
        self.block(step, why, self.and_hand_back(step, next, Some(seen)));
    }
}
