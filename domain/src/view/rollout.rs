//! One rollout: the line, the step whose turn it is with its evidence, what may be done now and why not.
//!
//! Composed by [`compose`] from the engine's state and what the store keeps beside it, so that page, API and command line say
//! the same. What may be done is asked of [`crate::rollout::decide::allowed`] and nowhere else: a button that is enabled and
//! then refused has lied. The trap: durations. What no time was kept for is unknown and stays so.
//!
//! | module | holds |
//! |---|---|
//! | `words` | a status and a stage in words |
//! | `line` | the blocks, and the sentence that counts them |
//! | `step` | one step whole |
//! | `act` | what may be done, and what a person should do now |

use serde::{Deserialize, Serialize};

use super::RolloutQuery;
use crate::Timestamp;
use crate::change::Warning;
use crate::judge::Tone;
use crate::rollout::cause::KnownCause;
use crate::rollout::diff::DiffLine;
use crate::rollout::judge::Statement;
use crate::rollout::plan::{Excluded, Planned, StepNote, Wish, remarks};
use crate::rollout::settings::Setting;
use crate::rollout::{Rollout, Stage, Status};
use crate::service::ServiceKey;
use crate::text;

mod act;
mod line;
mod step;
pub(super) mod words;

/// A rollout with everything its page rests on.
#[derive(Clone, Debug)]
pub struct RolloutFacts<'a> {
    /// The store's revision this was read at.
    pub revision: u64,
    /// Its state.
    pub rollout: &'a Rollout,
    /// As people call it.
    pub number: u64,
    /// What was asked for.
    pub wish: &'a Wish,
    /// What was noted of each step when it was planned. Where one is missing, what can be said without it is.
    pub notes: &'a [StepNote],
    /// Who takes no part.
    pub excluded: &'a [Excluded],
    /// Who planned it.
    pub planned_by: &'a str,
    /// When.
    pub planned: Timestamp,
    /// Who started it.
    pub started_by: Option<&'a str>,
    /// When.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// When each step reached the points of its way.
    pub times: &'a [StepTimes],
    /// The newest lines of its record.
    pub record: Vec<RecordLine>,
    /// Failures on record that nobody has released.
    pub causes: &'a [KnownCause],
    /// Why nothing forward may begin at this moment, as a sentence: a stop, a freeze, a window.
    pub barred: Option<String>,
    /// Why nothing at all is done in it before somebody has looked, as a sentence: the store was restored.
    pub review: Option<String>,
    /// Why this reader may give no command, as a sentence: a role too low. Nothing: the reader may.
    pub reader: Option<String>,
}

/// When a step reached the points of its way; the first time each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepTimes {
    /// Its turn came.
    pub began: Option<Timestamp>,
    /// ECS began to replace its tasks.
    pub rolled: Option<Timestamp>,
    /// Everything was in place, and its bake began.
    pub baked: Option<Timestamp>,
    /// It ended.
    pub ended: Option<Timestamp>,
}

/// One line of a rollout's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordLine {
    /// When.
    pub at: Timestamp,
    /// Who; nothing: Signalbox itself.
    pub actor: Option<String>,
    /// What happened.
    pub said: String,
    /// The step it is about, counted from 0 as commands count.
    pub step: Option<usize>,
}

/// How a block of the line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum BlockState {
    /// Verified.
    Done,
    /// Its turn.
    Now,
    /// Its turn has not come.
    Waiting,
    /// It waits for something, or would.
    Held,
    /// It was put back to what it ran before.
    Failed,
    /// It needs a person.
    Blocked,
    /// Passed over, or left out of the plan.
    Skipped,
    /// Off on purpose.
    Off,
}

/// One service on the line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Block {
    /// Its name, safe to show.
    pub name: String,
    /// Which service.
    pub service: ServiceKey,
    /// Its step, counted from 0 as commands count; nothing: it takes no part.
    pub step: Option<usize>,
    /// Where its step is shown, or the service where there is none.
    pub path: String,
    /// How it is drawn.
    pub state: BlockState,
    /// How its lamp is drawn.
    pub tone: Tone,
    /// How it stands, in words.
    pub said: String,
}

/// How far a bake is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BakeClock {
    /// How much of it was seen to be well, in percent, at the last look.
    pub percent: u8,
    /// Where a check that fails from the start would be seen, in percent of the bake.
    pub seen_percent: u8,
    /// Where the floor stands, in percent of the bake.
    pub floor_percent: u8,
    /// The same with its reckoning.
    pub said: String,
    /// When it ends if everything stays well; nothing while that cannot be said.
    pub until: Option<Timestamp>,
}

/// One step whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepView {
    /// Which, counted from 0 as commands count.
    pub step: usize,
    /// Its service.
    pub service: ServiceKey,
    /// Its name, safe to show.
    pub name: String,
    /// How far it is, in a word or two.
    pub stage: String,
    /// How its lamp is drawn.
    pub tone: Tone,
    /// How it stands, in one sentence.
    pub said: String,
    /// When it was last looked at with an answer.
    pub looked: Option<Timestamp>,
    /// How far its bake is, while it bakes.
    pub bake: Option<BakeClock>,
    /// What its verdict rests on, from the last look.
    pub evidence: Vec<Statement>,
    /// What a pass still needs.
    pub needs: Vec<String>,
    /// What changes.
    pub diff: Vec<DiffLine>,
    /// The service's deployment settings before, during and after the step.
    pub settings: Vec<Setting>,
    /// What hands it its own settings back by hand, for a shell; nothing unless a person may have to.
    pub hand_back: Option<String>,
    /// The calls it makes, in order.
    pub calls: Vec<String>,
    /// What happens if it goes wrong: a word and what.
    pub undo: Vec<(String, String)>,
    /// Why it stands at its place.
    pub order: String,
    /// The checks before its first write, as they were when it was planned.
    pub findings: Vec<(Tone, String)>,
    /// What is to be known of it.
    pub warnings: Vec<Warning>,
    /// How its bake was reckoned.
    pub reckoning: String,
    /// Seconds it was reckoned to take; nothing where it was not.
    pub estimate: Option<u64>,
}

/// One step in the table of all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepRow {
    /// Which, counted from 0 as commands count.
    pub step: usize,
    /// Its service.
    pub service: ServiceKey,
    /// Where it is shown.
    pub path: String,
    /// `pass`, `fail`, or how far it is.
    pub verdict: String,
    /// How that is drawn.
    pub tone: Tone,
    /// Seconds until everything was in place; nothing where that is not known.
    pub deploy: Option<u64>,
    /// Seconds it was watched until its pass; nothing where that is not known.
    pub bake: Option<u64>,
    /// Why, or where it stands in the order.
    pub why: String,
}

/// Something a person may do, or may not and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Button {
    /// `start`, `pause`, `resume`, `abort`, `undo`, `skip`, `undo_step`; `reviewed`, which is no command but a path of its own.
    pub command: String,
    /// The step it is about, counted from 0 as commands count.
    pub step: Option<usize>,
    /// Its words.
    pub label: String,
    /// Whether it ends or takes back.
    pub stop: bool,
    /// Whether a reason must be given with it.
    pub reason: bool,
    /// Why it may not be pressed; nothing: it may.
    pub refused: Option<String>,
}

/// A rollout's page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RolloutPage {
    /// The store's revision this was read at.
    pub revision: u64,
    /// A UUIDv7.
    pub id: String,
    /// As people call it.
    pub number: u64,
    /// Its heading.
    pub title: String,
    /// Why it was planned.
    pub reason: String,
    /// Its status, in one word.
    pub status: String,
    /// The same with where it is: `running: step 7, baking`.
    pub tag: String,
    /// How its lamp is drawn.
    pub tone: Tone,
    /// How it stands, in one sentence.
    pub said: String,
    /// Who planned it.
    pub planned_by: String,
    /// When.
    pub planned: Timestamp,
    /// Who started it.
    pub started_by: Option<String>,
    /// When.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What a person should do now; nothing: nothing.
    pub next: Option<String>,
    /// Why nothing forward may begin at this moment.
    pub notice: Option<String>,
    /// Why nothing at all is done in it until somebody says that they have looked; nothing: nobody has to.
    pub review: Option<String>,
    /// What is to be known of the plan as a whole, until it is started.
    pub remarks: Vec<String>,
    /// The line: every step in order, then who takes no part.
    pub blocks: Vec<Block>,
    /// The line, counted.
    pub counted: String,
    /// The step that is shown: the one asked for, else the one whose turn it is.
    pub now: Option<StepView>,
    /// Every step whole, until it is started: the plan is read before anybody starts it.
    pub plan: Vec<StepView>,
    /// Every step in a row.
    pub steps: Vec<StepRow>,
    /// Who takes no part, and why.
    pub excluded: Vec<Excluded>,
    /// What may be done.
    pub buttons: Vec<Button>,
    /// Its record, as it was given.
    pub record: Vec<RecordLine>,
    /// What in the URL was not understood.
    pub ignored: Vec<String>,
}

/// The page of a rollout, as `query` asks for it, at the instant `now`.
pub fn compose(facts: RolloutFacts<'_>, query: &RolloutQuery, now: Timestamp) -> RolloutPage {
    let rollout = facts.rollout;
    let shown = shown_step(rollout, query);
    let planned = rollout.status == Status::Planned;
    let all = 0..rollout.steps.len();
    let named = || rollout.steps.iter().map(|step| (step.service.service.as_str(), &step.stage));
    let flawless = rollout.steps.iter().all(|step| matches!(step.stage, Stage::Verified { .. }));
    let blocks = line::blocks(&facts);
    RolloutPage {
        revision: facts.revision,
        id: rollout.id.clone(),
        number: facts.number,
        title: text::shown(&rollout.title),
        reason: text::shown(&rollout.reason),
        status: rollout.status.word().to_owned(),
        tag: words::tag(rollout),
        tone: words::status_tone(&rollout.status, flawless),
        said: words::status_said(&rollout.status, named()),
        planned_by: text::shown(facts.planned_by),
        planned: facts.planned,
        started_by: facts.started_by.map(text::shown),
        started: facts.started,
        ended: facts.ended,
        next: act::next(&facts),
        notice: facts.review.as_deref().or(facts.barred.as_deref()).map(text::shown),
        review: facts.review.as_deref().map(text::shown),
        remarks: if planned { remarks(now, facts.notes, facts.wish) } else { Vec::new() },
        counted: line::counted(&facts, &blocks),
        blocks,
        now: shown.and_then(|index| step::view(&facts, index)),
        plan: if planned { all.clone().filter_map(|index| step::view(&facts, index)).collect() } else { Vec::new() },
        steps: all.filter_map(|index| step::row(&facts, index)).collect(),
        excluded: facts.excluded.to_vec(),
        buttons: act::buttons(&facts, shown),
        record: facts.record,
        ignored: query.ignored.clone(),
    }
}

/// The page a plan would have if it were kept: what a draft shows, on its page and in the API.
pub fn compose_draft(planned: &Planned, who: &str, now: Timestamp) -> RolloutPage {
    let facts = RolloutFacts {
        revision: 0,
        rollout: &planned.rollout,
        number: 0,
        wish: &planned.wish,
        notes: &planned.notes,
        excluded: &planned.excluded,
        planned_by: who,
        planned: now,
        started_by: None,
        started: None,
        ended: None,
        times: &[],
        record: Vec::new(),
        causes: &[],
        barred: None,
        review: None,
        reader: None,
    };
    compose(facts, &RolloutQuery::default(), now)
}

/// The step asked for; else the one whose turn it is, the last that needs a person or failed, or the next.
fn shown_step(rollout: &Rollout, query: &RolloutQuery) -> Option<usize> {
    let asked = query.step.and_then(|step| step.checked_sub(1)).filter(|step| *step < rollout.steps.len());
    let last = |wanted: fn(&Stage) -> bool| rollout.steps.iter().rposition(|step| wanted(&step.stage));
    asked
        .or_else(|| rollout.under_way().map(|(index, _)| index))
        .or_else(|| last(|stage| matches!(stage, Stage::Blocked { .. })))
        .or_else(|| last(|stage| matches!(stage, Stage::PutBack { .. })))
        .or_else(|| rollout.steps.iter().position(|step| step.stage == Stage::Waiting))
        .or_else(|| rollout.steps.len().checked_sub(1))
}

#[cfg(test)]
mod tests;
