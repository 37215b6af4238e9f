//! Rollouts that exist only here: planned by the domain's own planner, and shown by its own words.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use domain::account::Role;
use domain::change::health_check::Suggestion;
use domain::change::{Change, FieldProblem, HealthCheck};
use domain::judge::Tone;
use domain::port::{Actor, Operate};
use domain::rollout::cause::Kind;
use domain::rollout::decide::Command;
use domain::rollout::definition::Described;
use domain::rollout::judge::Statement;
use domain::rollout::plan::{Draft, Facts, Planned, Wish, plan};
use domain::rollout::seen::{Part, ServiceSeen};
use domain::rollout::{Stage, Status};
use domain::service::{Deployment, ServiceKey};
use domain::view::{
    AlarmKey, CauseRow, Freeze, RecordLine, RolloutBrief, RolloutFacts, RolloutPage, RolloutQuery, RolloutsPage, RolloutsQuery, Stopped,
    compose_rollout,
};
use domain::{Failure, Timestamp};
use serde_json::json;

use super::{Fleet, Scene, before};

const OFF: &str = "language-system-nats";
/// As people call them: one nobody has started, one under way, one that waits for somebody who looks after a restore.
const PLANNED: u64 = 3;
const RUNNING: u64 = 4;
const RESTORED: u64 = 5;

fn arn(name: &str, number: u32) -> String {
    format!("arn:aws:ecs:us-east-1:111122223333:task-definition/{name}:{number}")
}

fn described(arn: &str, name: &str) -> Described {
    let containers = json!([{"name": "main", "image": format!("{name}:1")}]);
    let definition =
        json!({"taskDefinitionArn": arn, "family": name, "revision": 18, "status": "ACTIVE", "containerDefinitions": containers});
    Described { definition, tags: BTreeMap::new() }
}

fn seen(revision: &str, desired: u32, now: Timestamp) -> ServiceSeen {
    let primary = Deployment {
        id: "ecs-svc/1".into(),
        status: "PRIMARY".into(),
        revision: Some(revision.into()),
        rollout_state: Some("COMPLETED".into()),
        created: Some(before(now, 90_000)),
        ..Deployment::default()
    };
    ServiceSeen {
        at: now,
        status: "ACTIVE".into(),
        revision: revision.into(),
        desired,
        running: desired,
        pending: 0,
        controller: None,
        scheduling: Some("REPLICA".into()),
        deployments: vec![primary],
        configuration: json!({"minimumHealthyPercent": 100, "maximumPercent": 200}),
        service_deployments: Part::None,
        tasks: Part::None,
        stopped: Part::None,
        events: Vec::new(),
        alarms: Part::Read(vec![("cpu".into(), "OK".into())]),
        nats: Part::None,
        prior_active: Part::None,
    }
}

fn facts(key: &ServiceKey, wish: &Wish, now: Timestamp) -> Facts {
    let (name, revision) = (&key.service, arn(&key.service, 18));
    let off = name == OFF;
    let wanted = match &wish.change {
        Change::PutBack(back) => Some(Ok(described(&back.revision, name))),
        Change::HealthCheck(_) => None,
    };
    Facts {
        seen: Ok(seen(&revision, if off { 0 } else { 2 }, now)),
        described: Ok(described(&revision, name)),
        wanted,
        connections: Some(2),
        protected: off.then(|| "circular imports".to_owned()),
        ..Facts::unread(key.clone(), "")
    }
}

fn planned(wish: &Wish, now: Timestamp) -> Result<Planned, Vec<FieldProblem>> {
    let facts = wish.services.iter().map(|key| facts(key, wish, now)).collect();
    plan(now, "0190c5a0-0000-7000-8000-000000000000".into(), wish, facts, &[])
}

/// A health check over the first services of the fleet, and the one that is off.
fn wish(fleet: &Fleet) -> Result<Wish, Failure> {
    let check = HealthCheck {
        container: None,
        command: vec!["CMD-SHELL".into(), "curl -f localhost:8080/health".into()],
        interval: 30,
        timeout: 5,
        retries: 3,
        start_period: 60,
        image: None,
    };
    let all: Vec<ServiceKey> = fleet.facts()?.services.into_iter().map(|row| row.key).collect();
    let off = all.iter().filter(|key| key.service == OFF).cloned();
    let services = all.iter().filter(|key| key.service != OFF).take(4).cloned().chain(off).collect();
    let reason = if fleet.scene == Scene::Hostile { "<b>why\u{202E}</b>" } else { "so that ECS sees what hangs" };
    Ok(Wish { change: Change::HealthCheck(check), services, reason: reason.into(), bake: None, budget: 0, accepted: false, window: None })
}

/// A rollout as it stands; none where there is no service.
fn standing(fleet: &Fleet, number: u64, now: Timestamp) -> Result<Option<Planned>, Failure> {
    let Ok(mut planned) = planned(&wish(fleet)?, now) else { return Ok(None) };
    if number == PLANNED {
        return Ok(Some(planned));
    }
    planned.rollout.status = Status::Running;
    for (index, step) in planned.rollout.steps.iter_mut().enumerate() {
        let (revision, deployment) = (arn(&step.service.service, 19), "ecs-svc/2".to_owned());
        match index {
            0 => step.stage = Stage::Verified { at: before(now, 400), revision, deployment },
            1 => {
                let well_since = Some(before(now, 100));
                step.stage = Stage::Baking { since: before(now, 120), revision, deployment, well_since };
                step.looked = Some(before(now, 3));
                let line = |tone, text: &str| Statement { tone, text: text.into(), source: "DescribeTasks".into(), at: before(now, 3) };
                step.evidence = vec![line(Tone::Good, "2 of 2 tasks run our revision"), line(Tone::Move, "one connection is not back")];
            }
            _ => {}
        }
    }
    Ok(Some(planned))
}

fn stopped(scene: Scene, now: Timestamp) -> Option<Stopped> {
    let stop = |why: &str| Stopped { id: 9, why: why.into(), by: "Cleo".into(), at: before(now, 60) };
    match scene {
        Scene::Stale => Some(stop("nobody knows what runs")),
        Scene::Hostile => Some(stop("<script>alert(1)</script>\u{202E}")),
        _ => None,
    }
}

/// The list.
pub(crate) fn list(fleet: &Fleet, query: &RolloutsQuery) -> Result<RolloutsPage, Failure> {
    let now = (fleet.clock)();
    let mut briefs = Vec::new();
    for number in [RUNNING, PLANNED] {
        // a calm fleet has nothing under way
        if number == RUNNING && fleet.scene == Scene::Calm {
            continue;
        }
        briefs.extend(standing(fleet, number, now)?.map(|planned| RolloutBrief::of(&planned.rollout, number, "Ann", before(now, 900))));
    }
    let cause = CauseRow {
        id: 2,
        rollout: "1".into(),
        service: "auth-nats".into(),
        kind: Kind::Health,
        said: "its check fails".into(),
        at: before(now, 90_000),
        released: None,
    };
    let freeze = Freeze {
        id: 5,
        why: "release day".into(),
        by: "Ben".into(),
        from: before(now, 30),
        until: Some(now.plus(Duration::from_secs(7_200))),
    };
    let trouble = fleet.scene == Scene::Trouble;
    let (causes, freezes) = if trouble { (vec![cause], vec![freeze]) } else { (Vec::new(), Vec::new()) };
    Ok(RolloutsPage::compose(412, briefs, query, stopped(fleet.scene, now), freezes, causes))
}

/// One of them.
pub(crate) fn one(fleet: &Fleet, query: &RolloutQuery, role: Role) -> Result<RolloutPage, Failure> {
    let now = (fleet.clock)();
    let not_found = || Failure::NoSuch { what: format!("rollout {}", domain::text::shown(&query.id)) };
    let number = query.id.parse().ok().filter(|number| (PLANNED..=RESTORED).contains(number)).ok_or_else(not_found)?;
    let planned = standing(fleet, number, now)?.ok_or_else(not_found)?;
    let record = vec![
        RecordLine { at: before(now, 120), actor: None, said: "everything is in place; its bake begins".into(), step: Some(1) },
        RecordLine { at: before(now, 800), actor: Some("Cleo".into()), said: "started".into(), step: None },
    ];
    let facts = RolloutFacts {
        revision: 412,
        rollout: &planned.rollout,
        number,
        wish: &planned.wish,
        notes: &planned.notes,
        excluded: &planned.excluded,
        planned_by: "Ann",
        planned: before(now, 900),
        started_by: (number != PLANNED).then_some("Cleo"),
        started: (number != PLANNED).then(|| before(now, 800)),
        ended: None,
        times: &[],
        record: if number == PLANNED { Vec::new() } else { record },
        causes: &[],
        barred: None,
        review: (number == RESTORED).then(|| "The store was restored from a backup.".to_owned()),
        reader: (role < Role::Operator).then(|| format!("That needs the role operator; Ann is {role}.")),
    };
    Ok(compose_rollout(facts, query, now))
}

fn said(why: &str) -> Result<(), Failure> {
    if why.trim().is_empty() { Err(Failure::Refused { why: "Say why: it stays on record.".into() }) } else { Ok(()) }
}

#[async_trait]
impl Operate for Fleet {
    async fn draft(&self, wish: Wish) -> Result<Draft, Failure> {
        let suggestion = matches!(wish.change, Change::HealthCheck(_))
            .then(|| Suggestion { start_period: 90, said: "Of 20 starts that were seen, 95 in 100 took 45 s or less.".into() });
        Ok(Draft { planned: planned(&wish, (self.clock)()), suggestion })
    }

    async fn plan(&self, _: Actor, wish: Wish, _: Option<String>) -> Result<u64, Failure> {
        planned(&wish, (self.clock)()).map(|_| PLANNED).map_err(|fields| Failure::Unfit { fields })
    }

    async fn steer(&self, _: Actor, rollout: String, command: Command) -> Result<(), Failure> {
        match (rollout.as_str(), command) {
            ("3", Command::Start) | ("4", Command::Pause { .. } | Command::Skip { .. }) => Ok(()),
            _ => Err(Failure::Refused { why: "It has not been started.".into() }),
        }
    }

    async fn reviewed(&self, _: Actor, _: String, why: String) -> Result<(), Failure> {
        said(&why)
    }

    async fn stop_everything(&self, _: Actor, why: String) -> Result<(), Failure> {
        said(&why)
    }

    async fn freeze(&self, _: Actor, why: String, from: Timestamp, until: Timestamp) -> Result<(), Failure> {
        if until <= from {
            return Err(Failure::Refused { why: "A freeze ends after it begins, and not in the past.".into() });
        }
        said(&why)
    }

    async fn lift(&self, _: Actor, bar: i64, _: String) -> Result<(), Failure> {
        if bar == 9 { Ok(()) } else { Err(Failure::Refused { why: "That stop or freeze was lifted already, or is over.".into() }) }
    }

    async fn release(&self, _: Actor, _: i64, why: String) -> Result<(), Failure> {
        said(&why)
    }

    async fn acknowledge(&self, _: Actor, alarm: AlarmKey, reason: String) -> Result<(), Failure> {
        match (reason.trim(), alarm.name.contains("cpu")) {
            ("", _) => Err(Failure::Refused { why: "Say why it may wait.".into() }),
            (_, true) => Err(Failure::Refused { why: format!("The alarm {} is not on.", alarm.name) }),
            _ => Ok(()),
        }
    }

    async fn withdraw(&self, _: Actor, _: AlarmKey) -> Result<(), Failure> {
        Ok(())
    }
}
