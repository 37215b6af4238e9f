//! One chosen service: a step with what is to be known of it, or why it takes no part.

use std::time::Duration;

use serde_json::Value;

use super::{Candidate, Excluded, Facts, StepNote, Wish};
use crate::change::{Change, Observed, Proposal, Proposed, Warning};
use crate::judge::Tone;
use crate::rollout::cause::KnownCause;
use crate::rollout::decide::{Found, findings};
use crate::rollout::definition::{Described, reserved};
use crate::rollout::diff;
use crate::rollout::permission;
use crate::rollout::seen::{Part, ServiceSeen};
use crate::rollout::{Bound, INTENT_TAG, Stage, Step, Target};
use crate::service::revision_name;
use crate::text;
use crate::time::exact;

/// Most tags of a revision (ECS API, RegisterTaskDefinition).
const MOST_TAGS: usize = 50;
/// What handing a service its own settings back takes, as reckoned: a call and two looks.
const HANDING_BACK: Duration = Duration::from_secs(10);

/// A step of this service, or why there is none.
pub(super) fn one(wish: &Wish, facts: &Facts, causes: &[KnownCause]) -> Result<Candidate, Excluded> {
    let off = facts.protected.is_some() && facts.seen.as_ref().is_ok_and(|seen| seen.desired == 0 && seen.running == 0);
    candidate(wish, facts, causes).map_err(|why| Excluded { service: facts.key.clone(), why, off })
}

fn candidate(wish: &Wish, facts: &Facts, causes: &[KnownCause]) -> Result<Candidate, String> {
    let (seen, described) = readable(facts)?;
    let wanted = match &facts.wanted {
        Some(Ok(wanted)) => Some(wanted),
        Some(Err(why)) => return Err(format!("the revision it is to go back to could not be read: {}", text::shown(why))),
        None => None,
    };
    let of = Observed {
        key: &facts.key,
        seen: &seen,
        running: described,
        wanted,
        grace: facts.grace,
        classic_load_balancer: facts.classic_load_balancer,
        shells: &facts.shells,
    };
    let proposed = wish.change.propose(&of)?;
    let mut step = bound(facts, &seen, described, &proposed);
    // what goes back to what ran before has proven itself once, and whoever does it at night does not wait longer than needed
    step.bake = wish.bake.unwrap_or_else(|| match wish.change {
        Change::HealthCheck(_) => step.floor.usual(),
        Change::PutBack(_) => step.floor.shortest(),
    });
    tags(&step)?;
    let found = checked(&step, &seen)?;
    let mut warnings = proposed.warnings;
    warnings.extend(permission::warnings(&facts.denied, &step.target, described));
    let note = note(wish, facts, causes, Made { step: &step, seen: &seen, wanted, warnings, found });
    let radius = facts.connections.map_or(u64::MAX, |open| u64::from(open) + u64::from(facts.dependants.unwrap_or(0)));
    let place = (facts.protected.is_some(), radius, seen.desired < 2, facts.key.clone());
    Ok(Candidate { step, note, place })
}

/// What must hold before anything is worth proposing, and the reading completed by what the definition says.
fn readable(facts: &Facts) -> Result<(ServiceSeen, &Described), String> {
    if let Some(other) = &facts.in_rollout {
        return Err(format!("its turn in rollout {} is not over: wait for it, or skip it there", text::shown(other)));
    }
    let seen = facts.seen.as_ref().map_err(|why| format!("it could not be read: {}", text::shown(why)))?;
    if let Some(reason) = facts.protected.as_ref().filter(|_| seen.desired == 0) {
        let how = if seen.running == 0 { "is off on purpose" } else { "wants no task and runs one all the same" };
        return Err(format!("it {how}, marked do not touch: {}", text::shown(reason)));
    }
    let described = facts.described.as_ref().map_err(|why| format!("the revision it runs could not be read: {}", text::shown(why)))?;
    if described.arn() != seen.steered() {
        let (read, runs) = (text::shown(revision_name(described.arn())), text::shown(revision_name(seen.steered())));
        return Err(format!("it changed from {read} to {runs} while it was read: plan it again in a moment"));
    }
    let strategy = seen.configuration.get("strategy").and_then(Value::as_str).unwrap_or("ROLLING");
    if strategy != "ROLLING" {
        return Err(format!(
            "its deployments are {}, with steps and hooks of their owner: Signalbox changes rolling ones",
            text::shown(strategy)
        ));
    }
    let mut seen = seen.clone();
    if seen.prior_active == Part::None {
        seen.prior_active = Part::Read(described.is_active());
    }
    Ok((seen, described))
}

fn bound(facts: &Facts, seen: &ServiceSeen, described: &Described, proposed: &Proposed) -> Step {
    let primary = seen.primary();
    Step {
        service: facts.key.clone(),
        wave: 1,
        bound: Bound {
            prior: described.arn().to_owned(),
            described: described.clone(),
            deployment: primary.map(|primary| primary.id.clone()).unwrap_or_default(),
            began: primary.and_then(|primary| primary.created),
            configuration: seen.configuration.clone(),
        },
        target: proposed.target.clone(),
        floor: proposed.floor,
        bake: Duration::ZERO,
        marks: proposed.marks.clone(),
        stage: Stage::Waiting,
        owed: None,
        evidence: Vec::new(),
        looked: None,
        doubts: None,
        patience: None,
    }
}

/// A revision needs room for the tag it is found by.
fn tags(step: &Step) -> Result<(), String> {
    let tags = step.tags(String::new());
    if matches!(step.target, Target::New(_)) && tags.len() > MOST_TAGS {
        return Err(format!(
            "its revision has {} tags, and Signalbox needs one more, {INTENT_TAG}, to find what it registered: ECS takes {MOST_TAGS}",
            tags.len() - 1
        ));
    }
    Ok(())
}

/// Every finding; the first that leaves the service out, as an error with what to do.
fn checked(step: &Step, seen: &ServiceSeen) -> Result<Vec<Found>, String> {
    let found = findings(step, seen);
    for one in &found {
        match one {
            Found::Never(why) => return Err(why.clone()),
            Found::Changed(why) if seen.prior_active == Part::Read(false) => {
                return Err(format!("{why}. Deploy an ACTIVE revision of the same first"));
            }
            Found::Changed(why) => return Err(why.clone()),
            Found::Hold(_) | Found::Known(_) | Found::Well(_) => {}
        }
    }
    if step.mends() {
        return Ok(found);
    }
    if !seen.settled() {
        return Err("a deployment is under way, or not everything it wants runs: plan it once it is up".to_owned());
    }
    match &seen.alarms {
        Part::Missing(why) => Err(format!("its alarms could not be read, so nobody would see it fail: {}", text::shown(why))),
        Part::Read(alarms) => match alarms.iter().find(|(_, state)| state == "ALARM") {
            Some((name, _)) => Err(format!("alarm {} is on already: what it proves later would be worth nothing", text::shown(name))),
            None => Ok(found),
        },
        Part::None => Ok(found),
    }
}

/// A step that is made, with what it was made from.
struct Made<'a> {
    step: &'a Step,
    seen: &'a ServiceSeen,
    wanted: Option<&'a Described>,
    warnings: Vec<Warning>,
    found: Vec<Found>,
}

fn note(wish: &Wish, facts: &Facts, causes: &[KnownCause], made: Made<'_>) -> StepNote {
    let Made { step, seen, wanted, mut warnings, found } = made;
    if let Some(reason) = &facts.protected {
        let runs = text::count(seen.running.into(), "task");
        warnings.push(Warning::to_accept(format!("is marked do not touch ({}) and runs {runs}", text::shown(reason))));
    }
    let mut findings: Vec<(Tone, String)> = found
        .into_iter()
        .map(|one| match one {
            Found::Well(said) => (Tone::Good, said),
            Found::Known(said) => (Tone::Warn, said),
            Found::Hold(said) => (Tone::Warn, format!("{said}; held before its first write until that passes")),
            Found::Changed(said) | Found::Never(said) => (Tone::Bad, said),
        })
        .collect();
    if let Some(known) = causes.iter().find(|known| known.expects(&step.marks)) {
        let (service, rollout) = (text::shown(&known.service), text::shown(&known.rollout));
        findings.push((
            Tone::Warn,
            format!(
                "must expect what happened to {service} in rollout {rollout}: {}. It will be held before its first write until \
                 somebody releases that",
                text::shown(&known.cause.said)
            ),
        ));
    }
    findings.extend(facts.last_failed.as_ref().map(|said| (Tone::Warn, format!("failed the last time: {}", text::shown(said)))));
    if matches!(step.target, Target::New(_)) && step.bound.described.tags.keys().any(|key| reserved(key)) {
        findings.push((Tone::Quiet, "tags of AWS's own (aws:…) cannot be set on the new revision".to_owned()));
    }
    let chosen = match wish.bake {
        Some(bake) => format!("{} were chosen.", exact(bake)),
        None if step.bake == step.floor.shortest() => "Nothing was chosen, so it is watched for the floor.".to_owned(),
        None => format!("Nothing was chosen, so it is watched for {}: some failures come after minutes.", exact(step.bake)),
    };
    StepNote {
        order: order(facts, seen),
        findings,
        warnings,
        bake_reckoning: format!("{} {chosen}", step.floor.reckoning()),
        estimate: estimate(step, seen),
        diff: diff::lines(&step.bound.described, &step.target, wanted),
    }
}

/// Why it stands where it stands: what goes down with it.
fn order(facts: &Facts, seen: &ServiceSeen) -> String {
    let mut said = vec![text::count(seen.desired.into(), "task")];
    said.push(match facts.connections {
        Some(0) => "no NATS connection".to_owned(),
        Some(open) => text::count(open.into(), "NATS connection"),
        None => "NATS connections not known".to_owned(),
    });
    if let Some(others) = facts.dependants {
        said.push(match others {
            0 => "no other service reads its streams".to_owned(),
            1 => "1 other service reads its streams".to_owned(),
            _ => format!("{others} other services read its streams"),
        });
    }
    said.push(match &seen.alarms {
        Part::Read(alarms) if !alarms.is_empty() => format!("{} watching", text::count(alarms.len() as u64, "alarm")),
        Part::Missing(_) => "alarms not known".to_owned(),
        Part::Read(_) | Part::None => "no alarm watching".to_owned(),
    });
    if facts.protected.is_some() {
        said.push("marked do not touch, so it is alone and last".to_owned());
    } else if seen.desired == 1 {
        said.push("no other task serves while one is replaced".to_owned());
    }
    said.join(", ")
}

/// Rolling, baking and handing back, as reckoned. ECS replaces as many tasks at once as it may start more, or else stop.
fn estimate(step: &Step, seen: &ServiceSeen) -> Duration {
    let percent = |name: &str, default: u64| seen.configuration.get(name).and_then(Value::as_u64).unwrap_or(default);
    let desired = u64::from(seen.desired.max(1));
    let more = (desired * percent("maximumPercent", 200) / 100).saturating_sub(desired);
    let fewer = desired.saturating_sub((desired * percent("minimumHealthyPercent", 100)).div_ceil(100));
    let at_once = if more > 0 { more } else { fewer.max(1) };
    let turns = u32::try_from(desired.div_ceil(at_once)).unwrap_or(u32::MAX);
    step.floor.settles().saturating_mul(turns).saturating_add(step.bake).saturating_add(HANDING_BACK)
}
