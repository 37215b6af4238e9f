//! What may be done, each with why not; and what a person should do now.

use super::line::expected;
use super::{Button, RolloutFacts};
use crate::rollout::decide::{Command, allowed, to_plan_again};
use crate::rollout::{Stage, Status};
use crate::text;

/// Every command there is for the rollout and the step that is shown.
pub(super) fn buttons(facts: &RolloutFacts<'_>, shown: Option<usize>) -> Vec<Button> {
    let rollout = facts.rollout;
    let why = String::new;
    // as the engine refuses it
    let waits = facts.review.as_deref().map(|why| format!("{} Look at each service, then say that you have.", text::shown(why)));
    let button = |command: Command, word: &str, step: Option<usize>, label: String, stop: bool| Button {
        refused: facts.reader.clone().or_else(|| waits.clone()).or_else(|| allowed(rollout, &command).err()),
        command: word.to_owned(),
        step,
        label,
        stop,
        reason: command != Command::Start,
    };
    let abort = match rollout.under_way() {
        _ if rollout.status == Status::Planned => "Give up this plan",
        Some((_, step)) if step.stage.touched() => "Abort and undo this step",
        _ => "Abort",
    };
    let mut all = Vec::new();
    if waits.is_some() {
        let label = "I have looked at each service".to_owned();
        let refused = facts.reader.clone();
        all.push(Button { command: "reviewed".to_owned(), step: None, label, stop: false, reason: true, refused });
    }
    if rollout.status == Status::Planned {
        all.push(button(Command::Start, "start", None, "Start".to_owned(), false));
    } else {
        all.push(button(Command::Pause { why: why() }, "pause", None, "Pause after this step".to_owned(), false));
        all.push(button(Command::Resume { why: why() }, "resume", None, "Resume".to_owned(), false));
    }
    all.push(button(Command::Abort { why: why() }, "abort", None, abort.to_owned(), true));
    if rollout.status != Status::Planned {
        all.push(button(Command::Undo { why: why() }, "undo", None, "Take all of it back".to_owned(), true));
        if let Some((step, name)) = shown.and_then(|step| Some((step, text::shown(&rollout.steps.get(step)?.service.service)))) {
            all.push(button(Command::Skip { step, why: why() }, "skip", Some(step), format!("Pass over {name}"), false));
            all.push(button(Command::UndoStep { step, why: why() }, "undo_step", Some(step), format!("Put {name} back"), true));
        }
    }
    all
}

/// What a person should do now; nothing while it goes on by itself.
pub(super) fn next(facts: &RolloutFacts<'_>) -> Option<String> {
    let rollout = facts.rollout;
    if facts.review.is_some() {
        let said = "Look at each of its services in AWS, then say that you have, and what you found: it goes on from what it believes.";
        return Some(said.to_owned());
    }
    let blocked = rollout.steps.iter().find_map(|step| match &step.stage {
        Stage::Blocked { why, next, .. } => Some((&step.service.service, why, next)),
        _ => None,
    });
    if let Some((name, why, next)) = blocked {
        return Some(format!("{} needs you: {}. What to do: {}.", text::shown(name), text::shown(why), text::shown(next)));
    }
    match &rollout.status {
        Status::Planned => Some("Read the plan; then start it.".to_owned()),
        Status::Paused { .. } => Some("Resume it when you are ready: no further service begins by itself.".to_owned()),
        Status::Halted { .. } => Some(format!(
            "Look at what happened. Then resume, and {}; or abort, and nothing more is done.",
            if rollout.steps.iter().any(|step| step.stage == Stage::Waiting) { "the next service begins" } else { "it ends" }
        )),
        Status::Held { .. } if to_plan_again(rollout).is_some() => None,
        Status::Held { .. } => {
            let (_, step) = rollout.under_way()?;
            expected(facts, step).map(|why| {
                format!(
                    "{} is held: {why}. Release that failure if it is mended, or pass the service over.",
                    text::shown(&step.service.service)
                )
            })
        }
        _ => None,
    }
}
