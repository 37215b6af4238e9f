//! N1 to N4, and the question before all of T and N: does the service use NATS, and are these connections its own?

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::facts::{ServiceFacts, Window};
use super::sight::Sight;
use super::{DAY, MONTH, Told, count, named};
use crate::Timestamp;
use crate::nats::jetstream::Flow;
use crate::owner::Certainty;
use crate::readiness::evidence::{Answer, Unknown};
use crate::service::Task;
use crate::text;
use crate::time::span;

/// A task that started less than this ago may be connecting.
const CONNECTS_WITHIN: Duration = Duration::from_secs(60);
/// Reconnects of one task in one hour from which its connection is not steady.
const PER_TASK_HOUR: u64 = 1;
/// Reconnects below which nothing is said, whatever the time.
const FEW: u64 = 3;
/// Permille of what a node holds for a connection from which it does not keep up.
const WAITING: u32 = 100;

/// Asks a question of T or N, where it arises and it is certain whose connections these are.
pub(super) fn of_nats(facts: &ServiceFacts<'_>, seen: Sight, judge: fn(&ServiceFacts<'_>, Sight) -> Told) -> Told {
    match uses(facts, seen) {
        Ok(()) => judge(facts, seen),
        Err(told) => told,
    }
}

/// Since when every NATS cluster that tells of the service has been read.
pub(super) fn since(facts: &ServiceFacts<'_>) -> Option<Timestamp> {
    let all: Option<Vec<Timestamp>> = facts.clusters().map(|of| of.since).collect();
    all?.into_iter().max()
}

/// What of a day before the newest reading was seen of NATS; nothing where none was.
pub(super) fn day(facts: &ServiceFacts<'_>, seen: Sight) -> Option<Window> {
    Some(Window::new(DAY, since(facts)?.max(facts.since), seen.at, &[])).filter(|window| !window.seen.is_zero())
}

/// Whether the question arises: there is a connection that is its own for certain. "It does not use NATS" needs a month in
/// which none was seen and a revision without a setting of NATS.
fn uses(facts: &ServiceFacts<'_>, seen: Sight) -> Result<(), Told> {
    if facts.held.iter().any(|held| held.certainty == Certainty::Confirmed) {
        return Ok(());
    }
    if !facts.held.is_empty() {
        let said = format!("{} may be its own, but two sources agree on none of them.", count(facts.held.len(), "connection"));
        return Err(Told::unknown(Unknown::AmbiguousOwner, said));
    }
    let settings: Option<Vec<&str>> = facts.containers().and_then(|containers| {
        let read: Option<Vec<_>> = containers.iter().map(|of| of.hardening.as_ref()).collect();
        Some(read?.into_iter().flat_map(|of| of.nats.iter().map(String::as_str)).collect())
    });
    let Some(settings) = settings else {
        let said = "No connection of it is known, and its revision was not read for settings of NATS.";
        return Err(Told::unknown(Unknown::NeverCollected, said));
    };
    if !settings.is_empty() {
        let said = format!("It has settings of NATS ({}), but no connection is known to be its own.", named(settings));
        return Err(Told::unknown(Unknown::AmbiguousOwner, said));
    }
    if facts.usual.is_some() {
        let said = "It held connections before, and none is known to be its own now.";
        return Err(Told::unknown(Unknown::AmbiguousOwner, said));
    }
    let watched = since(facts).map(|since| seen.at.since(since.max(facts.since))).unwrap_or_default();
    if watched < MONTH {
        let said =
            format!("No connection of it was seen, but NATS has been read for {} only; it takes {} to tell.", span(watched), span(MONTH));
        return Err(Told::unknown(Unknown::TooNew, said));
    }
    Err(Told::none(format!("It does not use NATS: no connection was seen for {} and its revision has no setting of it.", span(watched))))
}

/// N1.
pub(super) fn is_connected(facts: &ServiceFacts<'_>, seen: Sight) -> Told {
    let Some(usual) = facts.usual.filter(|usual| *usual > 0) else {
        return Told::unknown(Unknown::TooNew, "How many connections a task of it usually holds is not known yet.");
    };
    let settled = |task: &&Task| task.started.is_some_and(|at| seen.at.since(at) >= CONNECTS_WITHIN);
    let tasks: BTreeSet<&str> = facts.running().filter(settled).map(Task::id).collect();
    if tasks.is_empty() {
        return Told::unknown(Unknown::TooNew, "No task of it has run for a minute.");
    }
    let mut by_task: BTreeMap<&str, u64> = BTreeMap::new();
    for task in facts.held.iter().filter_map(|held| held.task) {
        *by_task.entry(task).or_default() += 1;
    }
    let (good, whole) = if by_task.is_empty() {
        // addresses that tell no tasks apart: only all of them together can be counted
        let wanted = usual * tasks.len() as u64;
        ((facts.held.len() as u64).min(wanted), wanted)
    } else {
        let has = |task: &&&str| by_task.get(**task).is_some_and(|held| *held >= usual);
        (tasks.iter().filter(has).count() as u64, tasks.len() as u64)
    };
    let answer = Answer::share(good, whole);
    let rule = format!("{} a task is usual", text::count(usual, "connection"));
    let said = match (by_task.is_empty(), good == whole) {
        (true, _) => format!("Its {} hold {} together; {rule}.", count(tasks.len(), "task"), count(facts.held.len(), "connection")),
        (false, true) => format!("Each of its {} holds as many connections as usual; {rule}.", count(tasks.len(), "task")),
        (false, false) => format!("{} of its {} hold fewer connections than usual; {rule}.", whole - good, count(tasks.len(), "task")),
    };
    Told::known(answer, said)
}

/// N2.
pub(super) fn keeps_up(facts: &ServiceFacts<'_>, seen: Sight) -> Told {
    let Some(window) = day(facts, seen) else { return too_new() };
    if facts.past.slow > 0 {
        let times = text::count(facts.past.slow, "time");
        return Told::known(Answer::FAIL, format!("It was cut off {times} {} because it did not read fast enough.", window.words()));
    }
    let Some(waiting) = facts.waiting else {
        return Told::unknown(Unknown::NeverCollected, "It was not cut off, but how much waits for its connections was not read.");
    };
    let full = format!("{}.{} %", waiting / 10, waiting % 10);
    let said = format!("It was not cut off {}; at most {full} of what a node holds for a connection waits for it.", window.words());
    Told::known(if waiting < WAITING { Answer::PASS } else { Answer::Known { value: 500, gates: true } }, said)
}

pub(super) fn too_new() -> Told {
    Told::unknown(Unknown::TooNew, "NATS has not been read for any time yet.")
}

/// N3.
pub(super) fn stays_connected(facts: &ServiceFacts<'_>, seen: Sight) -> Told {
    let Some(window) = day(facts, seen) else { return too_new() };
    let tasks = facts.running().count().max(1);
    let all = facts.past.reconnects;
    // reconnects × an hour against limit × tasks × time: no division that rounds
    let limit = u128::from(PER_TASK_HOUR) * tasks as u128 * window.seen.as_micros();
    let steady = all < FEW || u128::from(all) * Duration::from_secs(3_600).as_micros() <= limit;
    let said = format!("{all} of its connections ended {} while their task went on; it has {}.", window.words(), count(tasks, "task"));
    Told::known(Answer::of(steady), said)
}

/// N4.
pub(super) fn consumes(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    if facts.consumers.is_empty() {
        return Told::none("No consumer of a stream says that it is its own, or is named after it.");
    }
    let ill: Vec<String> = facts
        .consumers
        .iter()
        .filter(|(_, flow, _)| *flow != Flow::Well)
        .map(|(name, flow, why)| format!("{name} is {}: {why}", flow.as_str()))
        .collect();
    let all = facts.consumers.len();
    let answer = Answer::share((all - ill.len()) as u64, all as u64);
    if ill.is_empty() {
        let those = if all == 1 { "consumer is".to_owned() } else { format!("{all} consumers are") };
        return Told::known(answer, format!("Its {those} neither stuck nor behind."));
    }
    Told::known(
        answer,
        format!("{} of its {} do not keep up: {}.", ill.len(), count(all, "consumer"), named(ill.iter().map(String::as_str))),
    )
}
