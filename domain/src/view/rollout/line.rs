//! The line: one block a service, and the sentence that counts them.

use std::collections::BTreeMap;

use super::{Block, BlockState, RolloutFacts, words};
use crate::judge::Tone;
use crate::rollout::{Stage, Status, Step};
use crate::text;

/// Every step in order, then who takes no part.
pub(super) fn blocks(facts: &RolloutFacts<'_>) -> Vec<Block> {
    let steps = facts.rollout.steps.iter().enumerate().map(|(index, step)| {
        let (state, tone, said) = state(facts, step);
        Block {
            name: text::shown(&step.service.service),
            service: step.service.clone(),
            step: Some(index),
            path: step_path(facts.number, index),
            state,
            tone,
            said,
        }
    });
    let left_out = facts.excluded.iter().map(|one| Block {
        name: text::shown(&one.service.service),
        service: one.service.clone(),
        step: None,
        path: one.service.path(),
        state: if one.off { BlockState::Off } else { BlockState::Skipped },
        tone: if one.off { Tone::Unknown } else { Tone::Quiet },
        said: text::shown(&one.why),
    });
    steps.chain(left_out).collect()
}

/// Where a step is shown.
pub(super) fn step_path(number: u64, index: usize) -> String {
    format!("{}?step={}", super::super::rollouts::path(number), index + 1)
}

fn state(facts: &RolloutFacts<'_>, step: &Step) -> (BlockState, Tone, String) {
    let status = &facts.rollout.status;
    let said = words::stage_said(&step.stage);
    let tone = words::stage_tone(&step.stage);
    match &step.stage {
        Stage::Verified { .. } => (BlockState::Done, tone, said),
        Stage::PutBack { .. } => (BlockState::Failed, tone, said),
        Stage::Blocked { .. } => (BlockState::Blocked, tone, said),
        Stage::Skipped { .. } => (BlockState::Skipped, tone, said),
        Stage::Waiting if status.ended() || matches!(status, Status::Aborting { .. } | Status::Undoing { .. }) => {
            (BlockState::Skipped, tone, "never begun".to_owned())
        }
        Stage::Waiting => match expected(facts, step) {
            Some(why) => (BlockState::Held, Tone::Warn, why),
            None => (BlockState::Waiting, tone, said),
        },
        Stage::Preflight { .. } => match status {
            Status::Held { why, .. } => (BlockState::Held, Tone::Warn, expected(facts, step).unwrap_or_else(|| text::shown(why))),
            _ => (BlockState::Now, tone, said),
        },
        // there is no room for its tasks
        Stage::Rolling { .. } => match status {
            Status::Held { why, .. } => (BlockState::Held, Tone::Warn, text::shown(why)),
            _ => (BlockState::Now, tone, said),
        },
        _ => (BlockState::Now, tone, said),
    }
}

/// A failure on record that this service must expect as well.
pub(super) fn expected(facts: &RolloutFacts<'_>, step: &Step) -> Option<String> {
    let known = facts.causes.iter().find(|known| known.expects(&step.marks))?;
    Some(format!("same cause as a failure in rollout {}", text::shown(&known.rollout)))
}

/// `6 verified · 1 proving itself · … One service at a time; failure budget 0.`
pub(super) fn counted(facts: &RolloutFacts<'_>, blocks: &[Block]) -> String {
    let of = |state: BlockState| blocks.iter().filter(move |block| block.state == state);
    let mut parts = Vec::new();
    let mut add = |count: usize, word: &str| {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    };
    add(of(BlockState::Done).count(), "verified");
    for block in of(BlockState::Now) {
        let stage = block.step.and_then(|step| facts.rollout.steps.get(step)).map(|step| &step.stage);
        add(
            1,
            match stage {
                Some(Stage::Baking { .. } | Stage::Restoring { .. }) => "proving itself",
                Some(Stage::Undoing { .. }) => "being taken back",
                _ => "under way",
            },
        );
    }
    add(of(BlockState::Failed).count(), "put back");
    add(of(BlockState::Blocked).count(), "blocked");
    let mut held: BTreeMap<&str, usize> = BTreeMap::new();
    for block in of(BlockState::Held) {
        *held.entry(&block.said).or_default() += 1;
    }
    for (why, count) in held {
        add(count, &format!("held: {why}"));
    }
    let waiting = of(BlockState::Waiting).count();
    add(waiting, if waiting == 1 { "waits" } else { "wait" });
    add(
        of(BlockState::Skipped).filter(|block| block.step.is_some()).count(),
        if facts.rollout.status.ended() { "not done" } else { "passed over" },
    );
    add(of(BlockState::Skipped).filter(|block| block.step.is_none()).count(), "left out");
    add(of(BlockState::Off).count(), "off on purpose");
    format!("{}. One service at a time; failure budget {}.", parts.join(" · "), facts.rollout.budget)
}
