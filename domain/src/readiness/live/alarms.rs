//! M1 to M6: whether a service is watched, whether that tells somebody, and whether somebody listens.
//!
//! The rules are those of the coverage table ([`crate::coverage`]); here they are only weighed.

use std::time::Duration;

use super::facts::{ServiceFacts, Watching};
use super::sight::Sight;
use super::{DAY, Told, WEEK, count, named};
use crate::alarm::{Alarm, AlarmState, web_address};
use crate::coverage::{Cell, Mark, Watched, cells, stuck};
use crate::readiness::evidence::Answer;
use crate::text;
use crate::time::span;

/// The tag in which the runbook of a service stands.
const RUNBOOK: &str = "runbook";

fn none() -> Told {
    Told::none("No alarm watches it, so none can be in order or not (M1 tells).")
}

/// How many of its alarms do well, where those named do not.
fn weighed(facts: &ServiceFacts<'_>, wrong: &[String], well: &str, ill: &str) -> Told {
    let all = facts.alarms.len();
    let answer = Answer::share((all - wrong.len().min(all)) as u64, all as u64);
    if wrong.is_empty() {
        return Told::known(answer, format!("Of its {} {well}.", count(all, "alarm")));
    }
    Told::known(answer, format!("{} of its {} {ill}: {}.", wrong.len(), count(all, "alarm"), named(wrong.iter().map(String::as_str))))
}

/// M1.
pub(super) fn is_watched(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    if facts.alarms.is_empty() {
        return Told::known(Answer::FAIL, "No alarm names it, its target group or its metrics.");
    }
    let names = named(facts.alarms.iter().map(|of| of.alarm.name.as_str()));
    Told::known(Answer::PASS, format!("{} it: {names}.", watch(facts.alarms.len())))
}

fn watch(number: usize) -> String {
    if number == 1 { "1 alarm watches".to_owned() } else { format!("{number} alarms watch") }
}

/// M2. One that was switched off a short time ago is being worked on; one that only scales is no call for a person. What a mute
/// rule of CloudWatch keeps silent is not seen: no source of ours reads those rules, which the answer says.
pub(super) fn tells_somebody(facts: &ServiceFacts<'_>, seen: Sight) -> Told {
    if facts.alarms.is_empty() {
        return none();
    }
    let silent = |alarm: &Alarm| {
        let off_for = alarm.configured.map_or(Duration::MAX, |at| seen.at.since(at));
        let why = match alarm {
            _ if !alarm.actions_enabled && off_for <= WEEK => return None,
            _ if !alarm.actions_enabled => "its actions are off",
            _ if alarm.only_scales() => "it only scales",
            _ if alarm.told().is_empty() => "nobody is told",
            _ => return None,
        };
        Some(format!("{} ({why})", alarm.name))
    };
    let wrong: Vec<String> = facts.alarms.iter().filter_map(|of| silent(of.alarm)).collect();
    let well = "every one tells somebody, or had its actions switched off less than 7 d ago (mute rules of CloudWatch are not read)";
    weighed(facts, &wrong, well, "tell nobody")
}

/// M3.
pub(super) fn has_data(facts: &ServiceFacts<'_>, seen: Sight) -> Told {
    if facts.alarms.is_empty() {
        return none();
    }
    let blind = |of: &Watching<'_>| Some(format!("{} ({})", of.alarm.name, span(stuck(of.alarm.state, of.alarm.since, seen.at)?)));
    let wrong: Vec<String> = facts.alarms.iter().filter_map(blind).collect();
    weighed(facts, &wrong, "every one has had data within 24 h", "have had no data for longer than 24 h")
}

/// M4.
pub(super) fn is_looked_after(facts: &ServiceFacts<'_>, seen: Sight) -> Told {
    if facts.alarms.is_empty() {
        return none();
    }
    let forgotten = |of: &Watching<'_>| {
        let on_for = seen.at.since(of.alarm.since.filter(|_| of.alarm.state == AlarmState::Alarm && !of.acknowledged)?);
        (on_for > DAY).then(|| format!("{} ({})", of.alarm.name, span(on_for)))
    };
    let wrong: Vec<String> = facts.alarms.iter().filter_map(forgotten).collect();
    weighed(
        facts,
        &wrong,
        "none has been on for longer than 24 h without somebody who knows",
        "have been on for longer than 24 h and nobody acknowledged it",
    )
}

/// M5.
pub(super) fn has_a_runbook(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    if let Some(address) = facts.service.tags.get(RUNBOOK).and_then(|tag| web_address(tag)) {
        return Told::known(Answer::PASS, format!("Its tag `{RUNBOOK}` names one: {}.", text::shown(address)));
    }
    if facts.alarms.is_empty() {
        return Told::known(Answer::FAIL, format!("It has no tag `{RUNBOOK}`, and no alarm whose description could name one."));
    }
    let wrong: Vec<String> = facts.alarms.iter().filter(|of| of.alarm.runbook().is_none()).map(|of| of.alarm.name.clone()).collect();
    weighed(facts, &wrong, "every one names a runbook in its description", "name no runbook, and no tag of the service does")
}

/// M6.
pub(super) fn is_covered(facts: &ServiceFacts<'_>, seen: Sight) -> Told {
    let containers = facts.containers().unwrap_or_default();
    let checked = containers.iter().find(|container| container.health_check.is_some()).map(|container| container.name.clone());
    let watched = Watched { off: false, target_groups: facts.service.target_groups.clone(), checked_container: checked };
    let alarms: Vec<&Alarm> = facts.alarms.iter().map(|of| of.alarm).collect();
    let needed: Vec<Cell> = cells(&watched, &alarms, seen.at).into_iter().filter(|cell| cell.mark != Mark::NotNeeded).collect();
    let (good, bare): (Vec<&Cell>, Vec<&Cell>) = needed.iter().partition(|cell| cell.mark == Mark::Covered);
    let answer = Answer::share(good.len() as u64, needed.len() as u64);
    let told = |cells: &[&Cell]| cells.iter().map(|cell| format!("{}: {}", cell.column.title(), cell.said)).collect::<Vec<_>>().join("; ");
    let said = if bare.is_empty() {
        format!("Everything of it that should be watched is ({}).", told(&good))
    } else {
        format!("{} of {} are not watched, or by an alarm that tells nobody ({}).", bare.len(), count(needed.len(), "thing"), told(&bare))
    };
    Told::known(answer, said)
}
