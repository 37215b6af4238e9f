//! A status and a stage in words. Kept together so that list, page and command line cannot drift apart.

use crate::judge::Tone;
use crate::rollout::{Ending, Rollout, Stage, Status};
use crate::service::revision_name;
use crate::text;

/// How far a step is, in a word or two.
pub(super) const fn stage(stage: &Stage) -> &'static str {
    match stage {
        Stage::Waiting => "waiting",
        Stage::Preflight { .. } => "preflight",
        Stage::Registering { .. } => "registering",
        Stage::Comparing { .. } => "comparing",
        Stage::Updating { .. } => "updating",
        Stage::Rolling { .. } => "rolling",
        Stage::Baking { .. } => "baking",
        Stage::Restoring { .. } => "handing back",
        Stage::Verified { .. } => "verified",
        Stage::Undoing { .. } => "being taken back",
        Stage::PutBack { .. } => "put back",
        Stage::Skipped { .. } => "passed over",
        Stage::Blocked { .. } => "blocked",
    }
}

/// How a step is drawn.
pub(super) fn stage_tone(stage: &Stage) -> Tone {
    match stage {
        Stage::Waiting | Stage::Skipped { .. } => Tone::Quiet,
        Stage::Verified { .. } => Tone::Good,
        Stage::Undoing { .. } => Tone::Warn,
        Stage::PutBack { why, .. } if !why.counts() => Tone::Warn,
        Stage::PutBack { .. } | Stage::Blocked { .. } => Tone::Bad,
        _ => Tone::Move,
    }
}

/// How a step stands, as the rest of a sentence after the service.
pub(super) fn stage_said(stage: &Stage) -> String {
    let name = |arn: &str| text::shown(revision_name(arn));
    match stage {
        Stage::Waiting => "its turn has not come".to_owned(),
        Stage::Preflight { .. } => "looked at once more before anything is written".to_owned(),
        Stage::Registering { .. } => "its new revision is being registered".to_owned(),
        Stage::Comparing { revision, .. } => format!("{} is read back and compared", name(revision)),
        Stage::Updating { revision, .. } => format!("it is told to run {}", name(revision)),
        Stage::Rolling { revision, .. } => format!("ECS replaces its tasks by those of {}", name(revision)),
        Stage::Baking { revision, .. } => format!("it runs {} and proves itself", name(revision)),
        Stage::Restoring { then: Ending::Verified { .. }, .. } => "its bake is over and its own settings are handed back".to_owned(),
        Stage::Restoring { then: Ending::PutBack { .. }, .. } => "it is back and its own settings are handed back".to_owned(),
        Stage::Verified { revision, .. } => format!("it runs {} and has proven itself", name(revision)),
        Stage::Undoing { why, .. } => format!("it is taken back: {}", text::shown(&why.said)),
        Stage::PutBack { why, .. } => format!("it was put back: {}", text::shown(&why.said)),
        Stage::Skipped { why, .. } => format!("passed over: {}", text::shown(why)),
        Stage::Blocked { why, .. } => format!("it needs a person: {}", text::shown(why)),
    }
}

/// How a rollout is drawn. `flawless`: every service is verified.
pub(in crate::view) const fn status_tone(status: &Status, flawless: bool) -> Tone {
    match status {
        Status::Planned | Status::Aborted | Status::Undone => Tone::Quiet,
        Status::Running | Status::Undoing { .. } => Tone::Move,
        Status::Paused { .. } | Status::Held { .. } | Status::Aborting { .. } => Tone::Warn,
        Status::Halted { .. } => Tone::Bad,
        Status::Succeeded if flawless => Tone::Good,
        Status::Succeeded => Tone::Warn,
    }
}

/// How a rollout stands, in one sentence.
pub(in crate::view) fn status_said<'a>(status: &Status, steps: impl Iterator<Item = (&'a str, &'a Stage)> + Clone) -> String {
    let under_way = steps.clone().find(|(_, stage)| stage.under_way());
    let now = under_way.map(|(name, stage)| format!("{}: {}.", text::shown(name), stage_said(stage)));
    let ends = || ended(steps.clone().map(|(_, stage)| stage));
    match status {
        Status::Planned => format!("Nobody has started it: {}.", text::count(steps.count() as u64, "service")),
        Status::Running => now.unwrap_or_else(|| "Between two services.".to_owned()),
        Status::Paused { why } => {
            let first = under_way.map(|(name, _)| format!(" {} is finished first.", text::shown(name))).unwrap_or_default();
            format!("Paused: {}.{first}", text::shown(why))
        }
        Status::Held { why, .. } => format!("Waits: {}.", text::shown(why)),
        Status::Halted { why } => format!("Halted: {}.", text::shown(why)),
        Status::Aborting { why } => format!("Aborted: {}. {}", text::shown(why), now.unwrap_or_default()).trim_end().to_owned(),
        Status::Undoing { why } => {
            format!("All of it is taken back: {}. {}", text::shown(why), now.unwrap_or_default()).trim_end().to_owned()
        }
        Status::Aborted if steps.clone().all(|(_, stage)| matches!(stage, Stage::Skipped { .. })) => {
            format!("Ended, and nothing is proven: {}.", ends())
        }
        Status::Aborted => format!("Ended before its end: {}.", ends()),
        Status::Succeeded => format!("Every step has ended: {}.", ends()),
        Status::Undone => format!("All of it was taken back: {}.", ends()),
    }
}

/// How many steps ended how.
fn ended<'a>(stages: impl Iterator<Item = &'a Stage> + Clone) -> String {
    let count = |wanted: fn(&Stage) -> bool| stages.clone().filter(|stage| wanted(stage)).count();
    let all = [
        (count(|stage| matches!(stage, Stage::Verified { .. })), "verified"),
        (count(|stage| matches!(stage, Stage::PutBack { .. })), "put back"),
        (count(|stage| matches!(stage, Stage::Blocked { .. })), "blocked"),
        (count(|stage| matches!(stage, Stage::Skipped { .. })), "passed over"),
        (count(|stage| matches!(stage, Stage::Waiting)), "never begun"),
    ];
    all.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}

/// The status with where it is: `running: step 7, baking`.
pub(super) fn tag(rollout: &Rollout) -> String {
    let word = rollout.status.word();
    match rollout.under_way() {
        Some((index, step)) => format!("{word}: step {}, {}", index + 1, stage(&step.stage)),
        None => word.to_owned(),
    }
}
