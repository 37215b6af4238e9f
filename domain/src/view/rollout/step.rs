//! One step: whole, and as a row.

use std::time::Duration;

use super::line::step_path;
use super::{BakeClock, RolloutFacts, StepRow, StepView, words};
use crate::judge::Tone;
use crate::rollout::decide::{ARMED_AT, POLL};
use crate::rollout::{Rollout, Stage, Step, diff, settings};
use crate::service::revision_name;
use crate::text;
use crate::time::{exact, span};

/// A step whole.
pub(super) fn view(facts: &RolloutFacts<'_>, index: usize) -> Option<StepView> {
    let step = facts.rollout.steps.get(index)?;
    let note = facts.notes.get(index).cloned();
    let planned = note.is_some();
    let note = note.unwrap_or_default();
    Some(StepView {
        step: index,
        service: step.service.clone(),
        name: text::shown(&step.service.service),
        stage: words::stage(&step.stage).to_owned(),
        tone: words::stage_tone(&step.stage),
        said: format!("{}: {}.", text::shown(&step.service.service), words::stage_said(&step.stage)),
        looked: step.looked,
        bake: clock(step),
        evidence: step.evidence.clone(),
        needs: needs(step),
        diff: if note.diff.is_empty() { diff::lines(&step.bound.described, &step.target, None) } else { note.diff },
        settings: settings::settings(step),
        hand_back: matches!(step.stage, Stage::Blocked { .. }).then(|| settings::hand_back(step)),
        calls: diff::calls(step),
        undo: undo(facts.rollout, step),
        order: note.order,
        findings: note.findings,
        warnings: note.warnings,
        reckoning: if planned { note.bake_reckoning } else { step.floor.reckoning() },
        estimate: planned.then_some(note.estimate.as_secs()),
    })
}

/// How much of the bake was seen to be well at the last look.
fn baked(step: &Step) -> Option<Duration> {
    let Stage::Baking { well_since, .. } = &step.stage else { return None };
    let seen = well_since.zip(step.looked).map(|(from, looked)| looked.since(from));
    Some(seen.unwrap_or_default().min(step.bake))
}

fn percent(part: Duration, of: Duration) -> u8 {
    let percent = part.as_millis() * 100 / of.as_millis().max(1);
    u8::try_from(percent.min(100)).unwrap_or(100)
}

fn clock(step: &Step) -> Option<BakeClock> {
    let done = baked(step)?;
    let Stage::Baking { well_since, .. } = &step.stage else { return None };
    let paused = if well_since.is_none() { " It counts from when everything is seen to be well again." } else { "" };
    let seen = Duration::from_secs(step.floor.detection.max(step.floor.grace));
    Some(BakeClock {
        percent: percent(done, step.bake),
        seen_percent: percent(seen, step.bake),
        floor_percent: percent(step.floor.shortest(), step.bake),
        said: format!("Bake {} of {}. {}{paused}", exact(done), exact(step.bake), step.floor.reckoning()),
        until: well_since.map(|since| since.plus(step.bake)),
    })
}

/// What a pass still needs, from the last look.
fn needs(step: &Step) -> Vec<String> {
    let watched = matches!(step.stage, Stage::Rolling { .. } | Stage::Baking { .. } | Stage::Restoring { .. });
    if !watched {
        return Vec::new();
    }
    let mut needs: Vec<String> =
        step.evidence.iter().filter(|line| !matches!(line.tone, Tone::Good | Tone::Quiet)).map(|line| line.text.clone()).collect();
    match &step.stage {
        Stage::Rolling { .. } => needs.push(format!("then {} without a gap", exact(step.bake))),
        Stage::Baking { .. } => {
            let left = step.bake.saturating_sub(baked(step).unwrap_or_default());
            needs.push(format!("{} more of the same", exact(left)));
        }
        _ => needs.push("one more look once its own settings are back".to_owned()),
    }
    needs
}

/// What happens if it goes wrong.
fn undo(rollout: &Rollout, step: &Step) -> Vec<(String, String)> {
    let prior = text::shown(revision_name(&step.bound.prior));
    let then = if rollout.failed() < rollout.budget as usize {
        format!(
            "it is set aside: failure {} of {} the plan allows; a shared cause halts all the same",
            rollout.failed() + 1,
            rollout.budget
        )
    } else {
        "the rollout halts; you are told".to_owned()
    };
    [
        ("undo", format!("to {prior}, looked up to be ACTIVE before the first write")),
        ("by us", format!("at the first bad sign, within one look: {}", span(POLL))),
        ("by AWS", format!("circuit breaker armed at {ARMED_AT} failures, in case we are gone")),
        ("then", then),
    ]
    .map(|(word, what)| (word.to_owned(), what))
    .into()
}

/// A step in the table.
pub(super) fn row(facts: &RolloutFacts<'_>, index: usize) -> Option<StepRow> {
    let step = facts.rollout.steps.get(index)?;
    let times = facts.times.get(index).copied().unwrap_or_default();
    let between = |from: Option<crate::Timestamp>, to: Option<crate::Timestamp>| from.zip(to).map(|(from, to)| to.since(from).as_secs());
    let verdict = match &step.stage {
        Stage::Verified { .. } => "pass",
        Stage::PutBack { why, .. } if why.counts() => "fail",
        stage => words::stage(stage),
    };
    let why = match &step.stage {
        Stage::Waiting => facts.notes.get(index).map(|note| note.order.clone()).unwrap_or_default(),
        stage => words::stage_said(stage),
    };
    Some(StepRow {
        step: index,
        service: step.service.clone(),
        path: step_path(facts.number, index),
        verdict: verdict.to_owned(),
        tone: words::stage_tone(&step.stage),
        deploy: between(times.rolled, times.baked),
        // what was not verified was not watched to its end
        bake: between(times.baked, times.ended.filter(|_| matches!(step.stage, Stage::Verified { .. }))),
        why,
    })
}
