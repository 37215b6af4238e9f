//! H1 to H4: whether tasks are checked, what the checks find, whether they are set sensibly, and whether they ever worked.

use std::time::Duration;

use super::availability::within;
use super::facts::ServiceFacts;
use super::sight::Sight;
use super::{DAY, HALF_YEAR, Told, count, named, percent, permille};
use crate::readiness::evidence::{Answer, Unknown};
use crate::service::{ContainerDefinition, HealthCheck};
use crate::text;
use crate::time::{exact, span};

/// The part of task-time, in permille, that must be HEALTHY.
const ENOUGH: u16 = 990;

/// What says that a revision was never read.
pub(super) fn unread(facts: &ServiceFacts<'_>) -> Told {
    let revision = facts.service.revision.as_deref().map_or("its revision", crate::service::revision_name);
    Told::unknown(Unknown::NeverCollected, format!("What {} is made of has not been read.", text::shown(revision)))
}

/// The check of a container; `NONE` switches off the one of the image, and is none.
pub(super) fn check(of: &ContainerDefinition) -> Option<&HealthCheck> {
    of.health_check.as_ref().filter(|check| check.command.first().is_some_and(|word| word != "NONE"))
}

pub(super) fn essential(containers: &[ContainerDefinition]) -> impl Iterator<Item = &ContainerDefinition> {
    containers.iter().filter(|container| container.essential)
}

/// H1.
pub(super) fn is_checked(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    let Some(containers) = facts.containers() else { return unread(facts) };
    let all = essential(containers).count();
    let bare: Vec<&str> = essential(containers).filter(|of| check(of).is_none()).map(|of| of.name.as_str()).collect();
    let answer = Answer::share((all - bare.len()) as u64, all as u64);
    let said = match (bare.len(), all) {
        (0, 1) => "Its essential container has a health check.".to_owned(),
        (0, _) => format!("All of its {} have a health check.", count(all, "essential container")),
        (lacking, _) => {
            format!("{lacking} of its {} have no health check in the task definition: {}.", count(all, "essential container"), named(bare))
        }
    };
    Told::known(answer, said)
}

/// H2.
pub(super) fn is_healthy(facts: &ServiceFacts<'_>, seen: Sight) -> Told {
    let window = facts.window(DAY, seen.at);
    let Some(time) = facts.past.health.filter(|time| !time.all.is_zero()) else {
        return match facts.service.running {
            0 => Told::known(Answer::FAIL, "No task of it ran, so none was HEALTHY."),
            _ => Told::unknown(Unknown::TooNew, "Its tasks have not been watched for any time yet."),
        };
    };
    let micros = |of: Duration| u64::try_from(of.as_micros()).unwrap_or(u64::MAX);
    let share = permille(micros(time.healthy), micros(time.all));
    let answer = if share >= ENOUGH { Answer::PASS } else { Answer::Known { value: share, gates: true } };
    Told::known(answer, format!("ECS called its tasks HEALTHY for {} of their {} {}.", percent(share), span(time.all), window.words()))
}

/// H3.
pub(super) fn is_checked_sanely(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    let Some(containers) = facts.containers() else { return unread(facts) };
    let checked: Vec<(&str, &HealthCheck)> = essential(containers).filter_map(|of| Some((of.name.as_str(), check(of)?))).collect();
    if checked.is_empty() {
        return Told::none("No essential container has a health check, so none is set one way or another (H1 tells).");
    }
    let start = slow_start(&facts.past.starts);
    let mut wrong = Vec::new();
    for (name, check) in &checked {
        let name = text::shown(name);
        let (interval, timeout) = (check.interval, check.timeout);
        if timeout >= interval {
            wrong.push(format!("{name} may take {timeout} s, as long as the {interval} s between two checks"));
        }
        if check.retries < 2 {
            wrong.push(format!("{name} is ended by {}", text::count(check.retries.into(), "failure")));
        }
        // failures count from the end of the start period, and so many in a row end the task
        let patience = Duration::from_secs(u64::from(check.start_period) + u64::from(check.retries) * u64::from(interval));
        if let Some(start) = start.filter(|start| *start > patience) {
            let (took, gets) = (exact(start), exact(patience));
            wrong.push(format!("{name} has {gets} from its start to its last failure, but starts took up to {took}"));
        }
    }
    let seen = match start {
        Some(start) => format!("{} seen, the slowest 5 % left out within {}", count(facts.past.starts.len(), "start"), exact(start)),
        None => "no start was seen yet".to_owned(),
    };
    let said = if wrong.is_empty() {
        format!("Timeout, retries and start period of {} are sane ({seen}).", count(checked.len(), "health check"))
    } else {
        format!("{} ({seen}).", wrong.join("; "))
    };
    let asked = checked.len() * 3;
    Told::known(Answer::share((asked - wrong.len()) as u64, asked as u64), said)
}

/// The 95th percentile of how long starts took.
fn slow_start(starts: &[Duration]) -> Option<Duration> {
    let mut sorted = starts.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() * 95).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied()
}

/// H4.
pub(super) fn was_replaced(facts: &ServiceFacts<'_>, seen: Sight) -> Told {
    match facts.past.replaced.filter(|at| within(HALF_YEAR, *at, seen.at)) {
        Some(at) => {
            Told::known(Answer::PASS, format!("An UNHEALTHY task of it was replaced {} ago, on {}.", span(seen.at.since(at)), at.day()))
        }
        None => {
            let window = facts.window(HALF_YEAR, seen.at);
            Told::known(Answer::FAIL, format!("No UNHEALTHY task of it was seen to be replaced {}.", window.words()))
        }
    }
}
