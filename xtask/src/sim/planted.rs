//! Twenty mistakes that somebody could make in the engine, each as a change of its text.
//!
//! They are made in a copy and never in the tree. A mistake whose text is not found any more is an error, so that the list
//! cannot rot into passing.

/// One of them.
pub(super) struct Bug {
    pub(super) name: &'static str,
    /// Below `domain/src`.
    pub(super) file: &'static str,
    pub(super) from: &'static str,
    pub(super) to: &'static str,
}

const fn bug(name: &'static str, file: &'static str, from: &'static str, to: &'static str) -> Bug {
    Bug { name, file, from, to }
}

pub(super) const BUGS: &[Bug] = &[
    bug(
        "an effect may be begun whatever the rollout's state",
        "rollout/decide.rs",
        "!effect.forward() || (rollout.status.goes_on() && around.barred().is_none())",
        "true || !effect.forward() && around.barred().is_none() && rollout.status.goes_on()",
    ),
    bug(
        "what was begun is simply repeated after a restart",
        "rollout/decide.rs",
        "owed.state = OwedState::Unknown;\n                let said = format!(\"{} was begun",
        "owed.state = OwedState::Waiting;\n                let said = format!(\"{} was begun",
    ),
    bug(
        "one reading is enough to believe that nothing happened",
        "rollout/decide.rs",
        "doubts.times >= DOUBTS && now.since(doubts.since) >= DOUBT_SPAN",
        "doubts.times >= 1",
    ),
    bug(
        "three quick readings are enough to believe that nothing happened",
        "rollout/decide.rs",
        "doubts.times >= DOUBTS && now.since(doubts.since) >= DOUBT_SPAN",
        "doubts.times >= DOUBTS",
    ),
    bug(
        "a bake goes on over a gap",
        "rollout/decide/forward.rs",
        "Some(well_since.filter(|_| gapless).unwrap_or(seen.at))",
        "Some(well_since.unwrap_or(seen.at))",
    ),
    bug(
        "what cannot be said counts as a pass",
        "rollout/decide/forward.rs",
        "Verdict::Wait | Verdict::Inconclusive(_) | Verdict::NoRoom(_) => None,",
        "Verdict::Wait | Verdict::Inconclusive(_) | Verdict::NoRoom(_) => Some(well_since.unwrap_or(seen.at)),",
    ),
    bug(
        "stable is enough, whatever is stable",
        "rollout/judge.rs",
        "    let Some((revision, deployment, since)) = ours(step) else {",
        "    if seen.settled() {\n        return Judgement { verdict: Verdict::Pass, statements: Vec::new() };\n    }\n    let Some((revision, deployment, since)) = ours(step) else {",
    ),
    bug(
        "AWS's own roll-back is not looked for",
        "rollout/judge.rs",
        "if let Some(ours) = self.seen.bringing(self.revision).filter(|ours| ours.rolled_back()) {",
        "if let Some(ours) = self.seen.bringing(self.revision).filter(|ours| ours.rolled_back() && false) {",
    ),
    bug(
        "stopped tasks are not looked at",
        "rollout/judge.rs",
        "let failed = mine.iter().map(|task| cause::of_stop(task)).find(|cause| cause.kind.failure());",
        "let failed = mine.iter().map(|task| cause::of_stop(task)).find(|cause| cause.kind.failure() && false);",
    ),
    bug(
        "an alarm that goes on is not looked at",
        "rollout/judge.rs",
        "alarms.iter().find(|(_, state)| state == \"ALARM\")",
        "alarms.iter().find(|(_, state)| state == \"BELL\")",
    ),
    bug("no room counts as a failure", "rollout/judge.rs", "Verdict::NoRoom(said));", "Verdict::Fail(Cause::new(Kind::Start, said)));"),
    bug("the bake is over at once", "rollout/decide/forward.rs", "seen.at.since(from) >= of.bake", "seen.at.since(from) >= of.bake / 8"),
    bug(
        "the revision is not read back",
        "rollout/decide/forward.rs",
        "if let Some(first) = wrong.first() {",
        "if let Some(first) = wrong.first().filter(|_| false) {",
    ),
    bug(
        "the tags of the revision are forgotten",
        "rollout/decide/preflight.rs",
        "let tags = of.tags(intent);",
        "let tags = std::collections::BTreeMap::from([(crate::rollout::INTENT_TAG.to_owned(), intent)]);",
    ),
    bug(
        "a failure does not halt the rollout",
        "rollout/decide/back.rs",
        "if self.next.failed() > self.next.budget as usize || !why.counts() {",
        "if self.next.failed() > self.next.budget as usize + 5 {",
    ),
    bug(
        "the next service begins while one is under way",
        "rollout/decide.rs",
        "if self.next.under_way().is_some() {\n            return;\n        }",
        "if self.next.under_way().is_some_and(|(_, of)| !matches!(of.stage, Stage::Baking { .. })) {\n            return;\n        }",
    ),
    bug(
        "somebody else's revision is overwritten on the way back",
        "rollout/decide/back.rs",
        "if runs != revision && runs != prior {",
        "if runs.is_empty() {",
    ),
    bug(
        "the service keeps the settings of the step",
        "rollout/decide/forward.rs",
        "let own = is_own(&seen.configuration, &of.bound.configuration);\n        let (bake",
        "let own = true || is_own(&seen.configuration, &of.bound.configuration);\n        let (bake",
    ),
    bug(
        "abort leaves the step under way as it is",
        "rollout/decide/command.rs",
        "Stage::Rolling { .. } | Stage::Baking { .. } => self.take_back(step, Cause::new(Kind::Person, why.to_owned())),\n            Stage::Preflight",
        "Stage::Rolling { .. } | Stage::Baking { .. } => self.end(step, crate::rollout::Ending::PutBack { why: Cause::new(Kind::Person, why.to_owned()) }),\n            Stage::Preflight",
    ),
    bug(
        "a step counts as put back before it is",
        "rollout/decide/back.rs",
        "let settled = seen.settled() && seen.revision == prior;\n            let steady = if settled { steady + 1 } else { 0 };\n            if steady < STEADY {",
        "let settled = seen.settled() && seen.revision == prior;\n            let steady = if settled { steady + 1 } else { 0 };\n            if steady > STEADY {",
    ),
];
