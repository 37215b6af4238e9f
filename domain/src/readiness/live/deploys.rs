//! D1 to D4: whether a bad deployment takes itself back, leaves enough running, ended well, and brings what it names.

use super::facts::ServiceFacts;
use super::health::unread;
use super::sight::Sight;
use super::{Told, WEEK, count, named};
use crate::readiness::evidence::{Answer, Unknown};
use crate::service::{Replacing, Service, revision_name};
use crate::text;

/// Tags that mean another image tomorrow.
const FLOATING: [&str; 16] = [
    "latest",
    "stable",
    "current",
    "main",
    "master",
    "trunk",
    "develop",
    "dev",
    "edge",
    "nightly",
    "release",
    "prod",
    "production",
    "staging",
    "test",
    "beta",
];

/// Who else than ECS replaces the tasks of a service.
pub(super) fn other_controller(service: &Service) -> Option<&str> {
    service.controller.as_deref().filter(|controller| *controller != "ECS")
}

/// D1.
pub(super) fn takes_itself_back(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    if let Some(controller) = other_controller(facts.service) {
        return Told::none(format!("Its deployments are {}'s, which has no circuit breaker of ECS.", text::shown(controller)));
    }
    let Some(replacing) = facts.service.replacing else { return unconfigured() };
    match (replacing.breaker, replacing.rollback) {
        (true, true) => Told::known(Answer::PASS, "Its deployment circuit breaker is on, with roll-back."),
        (true, false) => {
            let said = "Its deployment circuit breaker is on without roll-back: a bad deployment stops, and stays.";
            Told::known(Answer::Known { value: 500, gates: true }, said)
        }
        (false, _) => {
            Told::known(Answer::FAIL, "Its deployment circuit breaker is off: ECS starts tasks of a bad deployment again and again.")
        }
    }
}

fn unconfigured() -> Told {
    Told::unknown(Unknown::NeverCollected, "Its deployment configuration has not been read.")
}

/// D2.
pub(super) fn keeps_running(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    if let Some(controller) = other_controller(facts.service) {
        return Told::none(format!("Its deployments are {}'s, which replaces its tasks in its own way.", text::shown(controller)));
    }
    if facts.service.scheduling.as_deref() == Some("DAEMON") {
        return Told::none("It runs one task a host (DAEMON), each replaced by itself.");
    }
    let Some(replacing) = facts.service.replacing else { return unconfigured() };
    let Reach { least, most, desired, fewest, room } = reach(facts.service.desired, replacing);
    let rule = format!("minimum {least} %, maximum {most} % of {}", text::count(desired, "task"));
    if fewest == 0 {
        return Told::known(Answer::FAIL, format!("A deployment may stop all of its tasks before it starts one ({rule})."));
    }
    if room <= desired && fewest >= desired {
        return Told::known(Answer::FAIL, format!("No deployment can go forward: none may be stopped and none added ({rule})."));
    }
    Told::known(Answer::PASS, format!("A deployment keeps {fewest} of {desired} running, with up to {room} at a time ({rule})."))
}

/// How few and how many tasks a deployment may run meanwhile.
pub(super) struct Reach {
    /// Percent of the desired tasks, at least and at most.
    least: u32,
    most: u32,
    /// Tasks wanted.
    pub(super) desired: u64,
    /// Tasks at least, and at most.
    pub(super) fewest: u64,
    pub(super) room: u64,
}

/// That, for so many desired tasks: the least rounds up, the most down (ECS API, DeploymentConfiguration).
pub(super) fn reach(desired: u32, replacing: Replacing) -> Reach {
    // what ECS takes where it is not told (DeploymentConfiguration, rolling update)
    let (least, most) = (replacing.fewest_percent.unwrap_or(100), replacing.most_percent.unwrap_or(200));
    let desired = u64::from(desired);
    let fewest = (desired * u64::from(least)).div_ceil(100);
    Reach { least, most, desired, fewest, room: (desired * u64::from(most) / 100).max(desired) }
}

/// D3.
pub(super) fn completed(facts: &ServiceFacts<'_>, seen: Sight) -> Told {
    let failed = facts.past.failed_deployments;
    let window = facts.window(WEEK, seen.at);
    let past = match failed {
        0 => format!("none failed {}", window.words()),
        failed => format!("{} failed {}", text::count(failed, "deployment"), window.words()),
    };
    let Some(primary) = facts.service.primary() else {
        return Told::unknown(Unknown::UnsupportedVersion, "ECS shows no primary deployment of it.");
    };
    let of = primary.revision.as_deref().map_or_else(|| "an unnamed revision".to_owned(), |arn| text::shown(revision_name(arn)));
    let half = Answer::Known { value: 500, gates: true };
    match (primary.rollout_state.as_deref(), failed) {
        (Some("COMPLETED"), 0) => Told::known(Answer::PASS, format!("Its last deployment (to {of}) completed, and {past}.")),
        (Some("COMPLETED"), _) => Told::known(half, format!("Its last deployment (to {of}) completed, but {past}.")),
        (Some("IN_PROGRESS"), _) => Told::known(half, format!("A deployment (to {of}) is under way, and {past}.")),
        (Some("FAILED"), _) => {
            let why = primary.rollout_reason.as_deref().map(|why| format!(": {}", text::shown(why))).unwrap_or_default();
            Told::known(Answer::FAIL, format!("Its last deployment (to {of}) failed{why}."))
        }
        // absent (Classic Load Balancer, CODE_DEPLOY) must not read as completed
        (other, _) => {
            let state = other.map_or_else(|| "no state".to_owned(), text::shown);
            Told::unknown(Unknown::UnsupportedVersion, format!("ECS tells {state} of its last deployment, from which nothing follows."))
        }
    }
}

/// D4.
pub(super) fn names_its_images(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    let Some(containers) = facts.containers() else { return unread(facts) };
    let floating: Vec<&str> = containers.iter().map(|of| of.image.as_str()).filter(|image| floats(image)).collect();
    let answer = Answer::share((containers.len() - floating.len()) as u64, containers.len() as u64);
    let said = match floating.len() {
        0 => {
            let all = named(containers.iter().map(|of| of.image.as_str()));
            format!("The {} of its revision named by a digest or a tag that stays: {all}.", images(containers.len()))
        }
        few => format!("{few} of its {} may be another tomorrow: {}.", count(containers.len(), "image"), named(floating)),
    };
    Told::known(answer, said)
}

fn images(number: usize) -> String {
    if number == 1 { "image is".to_owned() } else { format!("{number} images are") }
}

/// Whether an image may be another one tomorrow under the same name. Without a tag it is the newest.
pub(super) fn floats(image: &str) -> bool {
    if image.contains('@') {
        return false;
    }
    // a colon before the last slash is the registry's port
    let last = image.rsplit('/').next().unwrap_or(image);
    let tag = last.split_once(':').map(|(_, tag)| tag.to_ascii_lowercase());
    tag.is_none_or(|tag| tag.is_empty() || FLOATING.contains(&tag.as_str()))
}
