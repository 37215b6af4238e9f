//! A1 to A5: whether what is wanted runs, stays running, has room, and whether what is off is so on purpose.

use std::collections::BTreeSet;
use std::time::Duration;

use super::facts::{Percentile, ServiceFacts, Window, overlap};
use super::sight::Sight;
use super::{DAY, Told, count, named, percent, permille};
use crate::Timestamp;
use crate::judge::{Standing, judge};
use crate::readiness::evidence::{Answer, Unknown};
use crate::text;
use crate::time::span;

/// The part of the time, in permille, for which everything wanted must have run.
const ENOUGH: u16 = 995;
/// Failures below which nothing is called a loop, whatever the number of tasks.
const LOOP: u64 = 3;
/// Failures of one task in one day from which it is one.
const PER_TASK_DAY: u64 = 1;
/// Hundredths of a percent of load below which there is room.
const ROOM: i64 = 8_000;
/// Points from which a percentile says something: an hour of them.
const FEWEST_POINTS: u32 = 12;

/// A1.
pub(super) fn runs_what_it_wants(facts: &ServiceFacts<'_>, seen: Sight) -> Told {
    let (desired, running) = (facts.service.desired, facts.service.running);
    let window = facts.window(DAY, seen.at);
    let (enough, known) = served(facts, &window);
    if running == 0 {
        // none at all is what the gate is for, however well it ran before
        let said = format!("It runs none of {} it wants.", text::count(desired.into(), "task"));
        return Told::known(Answer::FAIL, said);
    }
    if known.is_zero() {
        return Told::unknown(Unknown::TooNew, "Its task counts have not been watched for any time yet.");
    }
    let share = permille(micros(enough), micros(known));
    let said = format!(
        "It ran all the tasks it wanted for {} of the time {}; now it runs {running} of {desired}.",
        percent(share),
        window.words()
    );
    let answer = if share >= ENOUGH { Answer::PASS } else { Answer::Known { value: share, gates: false } };
    Told::known(answer, said)
}

/// How long it ran at least what it wanted, and how long that is known of.
fn served(facts: &ServiceFacts<'_>, window: &Window) -> (Duration, Duration) {
    let mut sums = (Duration::ZERO, Duration::ZERO);
    let ends = facts.counts.iter().skip(1).map(|next| next.at).chain([window.to]);
    for (counts, ends) in facts.counts.iter().zip(ends) {
        let Some((desired, running)) = counts.tasks else { continue };
        let part = (counts.at.max(window.from), ends.min(window.to));
        let lost: Duration = facts.gaps.iter().map(|gap| overlap(*gap, part)).sum();
        let time = part.1.since(part.0).saturating_sub(lost);
        sums.1 += time;
        if running >= desired {
            sums.0 += time;
        }
    }
    sums
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// A2.
pub(super) fn survives_a_zone(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    let desired = facts.service.desired;
    if desired < 2 {
        return Told::known(
            Answer::FAIL,
            format!("It wants {} only: nothing takes over while that is gone.", text::count(desired.into(), "task")),
        );
    }
    let running = facts.running().count();
    if running == 0 {
        return Told::known(Answer::FAIL, "None of its tasks runs, in whatever zone.");
    }
    let zones: BTreeSet<&str> = facts.running().filter_map(|task| task.zone.as_deref()).collect();
    let untold = facts.running().filter(|task| task.zone.is_none()).count();
    match zones.len() {
        2.. => {
            Told::known(Answer::PASS, format!("Its {} run in {}: {}.", count(running, "task"), count(zones.len(), "zone"), named(zones)))
        }
        _ if untold > 0 => {
            Told::unknown(Unknown::UnsupportedVersion, format!("ECS does not say in which zone {untold} of its {running} tasks run."))
        }
        _ => {
            let said = format!("It wants {}, but all that run are in {}.", text::count(desired.into(), "task"), named(zones));
            Told::known(Answer::Known { value: 500, gates: true }, said)
        }
    }
}

/// A3.
pub(super) fn does_not_crash(facts: &ServiceFacts<'_>, seen: Sight) -> Told {
    let window = facts.window(DAY, seen.at);
    if window.seen.is_zero() {
        return Told::unknown(Unknown::TooNew, "It has not been watched for any time yet.");
    }
    let (failures, unplaced) = (facts.past.failures, facts.past.unplaced);
    let all = failures + unplaced;
    let said = format!(
        "{} ended by their own failure and {unplaced} found no place {}, with {} wanted.",
        text::count(failures, "task"),
        window.words(),
        text::count(facts.service.desired.into(), "task")
    );
    // failures × a day against limit × tasks × time: no division that rounds
    let limit = u128::from(PER_TASK_DAY) * u128::from(facts.service.desired.max(1)) * window.seen.as_micros();
    let loops = all >= LOOP && u128::from(all) * DAY.as_micros() > limit;
    Told::known(Answer::of(!loops), said)
}

/// A4.
pub(super) fn has_room(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    let known = |of: Option<Percentile>| of.filter(|of| of.points >= FEWEST_POINTS);
    let Some(usage) = facts.usage else {
        return Told::unknown(Unknown::NeverCollected, "No CPU or memory of it has been read.");
    };
    let (Some(cpu), Some(memory)) = (known(usage.cpu), known(usage.memory)) else {
        return Told::unknown(Unknown::TooNew, "Less than an hour of its CPU or memory is known.");
    };
    let shown = |of: Percentile| format!("{}.{} %", of.value / 100, of.value.rem_euclid(100) / 10);
    // five minutes a point
    let reach = span(Duration::from_secs(u64::from(cpu.points.min(memory.points)) * 300));
    let said = format!("In 95 of 100 points of {reach} its CPU was at most {} and its memory at most {}.", shown(cpu), shown(memory));
    let value = [cpu, memory].into_iter().filter(|of| of.value < ROOM).count() as u64;
    Told { at: Some(usage.at), ..Told::known(Answer::share(value, 2), said) }
}

/// A5.
pub(super) fn is_off_on_purpose(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    let judged = judge(facts.service, facts.tasks.iter().copied(), facts.marked.is_some());
    let why = facts.marked.map(text::shown).unwrap_or_default();
    match judged.standing {
        Standing::OffOnPurpose => Told::known(Answer::PASS, format!("It wants no task and runs none, and is marked do not touch: {why}.")),
        Standing::Contradiction => Told::known(Answer::FAIL, format!("It is {} (\"{why}\").", judged.reasons.join(", "))),
        Standing::Off => {
            let runs = text::count(facts.service.running.into(), "task");
            Told::known(Answer::FAIL, format!("It wants no task and runs {runs}, and nobody marked it do not touch with a reason."))
        }
        Standing::Down | Standing::Unknown | Standing::Up => {
            Told::none(format!("It wants {} and is not marked do not touch.", text::count(facts.service.desired.into(), "task")))
        }
    }
}

/// Whether an instant lies before another by less than a span.
pub(super) fn within(span: Duration, then: Timestamp, now: Timestamp) -> bool {
    now.since(then) < span
}
