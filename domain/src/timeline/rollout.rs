//! What a rollout leaves in the timeline: each service's turns, and the rollout's own.
//!
//! Its whole record is on its page; here stands what somebody needs who asks what changed just before.

use super::{EventKind, NewEvent};
use crate::Timestamp;
use crate::judge::Tone;
use crate::rollout::{Rollout, Stage, Status, Step};
use crate::service::revision_name;

/// A step reached another stage. Those in which nothing is written say nothing.
pub fn turned(name: &str, id: &str, index: usize, step: &Step, at: Timestamp) -> Option<NewEvent> {
    let (tone, said) = match &step.stage {
        Stage::Updating { revision, .. } => (Tone::Move, format!("{name}: it is told to run {}", revision_name(revision))),
        Stage::Verified { revision, .. } => (Tone::Good, format!("{name}: verified on {}", revision_name(revision))),
        Stage::Undoing { why, .. } => (Tone::Bad, format!("{name}: taken back to {}: {}", revision_name(&step.bound.prior), why.said)),
        Stage::PutBack { why, .. } => (Tone::Warn, format!("{name}: runs {} again: {}", revision_name(&step.bound.prior), why.said)),
        Stage::Blocked { why, .. } => (Tone::Bad, format!("{name}: needs a person: {why}")),
        Stage::Waiting
        | Stage::Preflight { .. }
        | Stage::Registering { .. }
        | Stage::Comparing { .. }
        | Stage::Rolling { .. }
        | Stage::Baking { .. }
        | Stage::Restoring { .. }
        | Stage::Skipped { .. } => return None,
    };
    Some(NewEvent {
        at,
        key: format!("rollout:{id}:{index}:{}", at.as_micros()),
        kind: EventKind::Act,
        tone,
        service: Some((step.service.cluster.clone(), step.service.service.clone())),
        subject: step.service.service.clone(),
        text: said,
    })
}

/// A rollout as a whole is not as it was.
pub fn rolled(name: &str, before: &Status, rollout: &Rollout, actor: Option<&str>, at: Timestamp) -> Option<NewEvent> {
    let by = actor.map(|actor| format!(" by {}", crate::text::shown(actor))).unwrap_or_default();
    let (tone, said) = match &rollout.status {
        Status::Planned | Status::Held { .. } => return None,
        // a wait that ended by itself
        Status::Running if matches!(before, Status::Held { .. }) => return None,
        Status::Running => (Tone::Move, format!("goes forward{by}: {}", crate::text::shown(&rollout.title))),
        Status::Paused { why } => (Tone::Warn, format!("paused{by}: {why}")),
        Status::Halted { why } => (Tone::Bad, format!("halted: {why}")),
        Status::Aborting { why } => (Tone::Warn, format!("aborted{by}: {why}")),
        Status::Aborted if rollout.passed_over() => (Tone::Warn, "ended: every step was passed over".to_owned()),
        Status::Aborted => (Tone::Quiet, "ended: aborted".to_owned()),
        Status::Succeeded => (Tone::Good, "ended: every step has ended".to_owned()),
        Status::Undoing { why } => (Tone::Warn, format!("is taken back{by}: {why}")),
        Status::Undone => (Tone::Quiet, "ended: all of it was taken back".to_owned()),
    };
    Some(NewEvent {
        at,
        key: format!("rollout:{}:{}:{}", rollout.id, rollout.status.word(), at.as_micros()),
        kind: EventKind::Act,
        tone,
        service: None,
        subject: name.to_owned(),
        text: said,
    })
}
