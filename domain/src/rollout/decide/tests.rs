//! The rules one by one, each as a table or a short story. What happens when everything goes wrong at once is the business of
//! `cargo xtask sim`.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::rollout::cause::Marks;
use crate::rollout::definition::Described;
use crate::rollout::floor::Floor;
use crate::rollout::seen::{Part, ServiceDeployment, ServiceSeen};
use crate::rollout::{Bound, Target};
use crate::service::{Deployment, Health, HealthCheck, ServiceKey, Task};

mod again;
mod waiting;

const PRIOR: &str = "arn:aws:ecs:us-east-1:111122223333:task-definition/auth:22";
const NEW: &str = "arn:aws:ecs:us-east-1:111122223333:task-definition/auth:23";
const OURS: &str = "ecs-svc/2";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_000_000 + seconds)
}

fn own() -> serde_json::Value {
    json!({"minimumHealthyPercent": 100, "maximumPercent": 200})
}

fn described() -> Described {
    let definition = json!({
        "taskDefinitionArn": PRIOR, "family": "auth", "revision": 22, "status": "ACTIVE",
        "containerDefinitions": [{"name": "main", "image": "auth:1", "essential": true}]
    });
    Described { definition, tags: BTreeMap::new() }
}

fn rollout() -> Rollout {
    let check = HealthCheck { command: vec!["CMD".into(), "true".into()], interval: 5, timeout: 2, retries: 2, start_period: 0 };
    let mut copy = described().copy().unwrap();
    copy.set("main", "healthCheck", Some(json!({"command": ["CMD", "true"], "interval": 5, "timeout": 2, "retries": 2}))).unwrap();
    let step = |name: &str| Step {
        service: ServiceKey { environment: "production".into(), cluster: "main".into(), service: name.into() },
        wave: 1,
        bound: Bound { prior: PRIOR.into(), described: described(), deployment: "ecs-svc/1".into(), began: None, configuration: own() },
        target: Target::New(copy.clone()),
        floor: Floor::of([&check], 0),
        bake: Duration::from_secs(120),
        marks: Marks { template: "CMD true".into(), images: vec!["auth".into()] },
        stage: Stage::Waiting,
        owed: None,
        evidence: Vec::new(),
        looked: None,
        doubts: None,
        patience: None,
    };
    Rollout {
        id: "r1".into(),
        title: "Health check".into(),
        reason: "because".into(),
        budget: 0,
        steps: vec![step("auth"), step("settings")],
        status: Status::Planned,
        effects: 0,
    }
}

/// A service that runs one revision, all of it well.
fn running(revision: &str, deployment: &str, configuration: serde_json::Value, seconds: i64) -> ServiceSeen {
    let task = |id: u32| Task {
        arn: format!("arn:aws:ecs:us-east-1:111122223333:task/main/{id}"),
        revision: Some(revision.into()),
        last_status: "RUNNING".into(),
        desired_status: "RUNNING".into(),
        health: Health::Healthy,
        started_by: Some(deployment.into()),
        started: Some(at(0)),
        ..Task::default()
    };
    let primary = Deployment {
        id: deployment.into(),
        status: "PRIMARY".into(),
        revision: Some(revision.into()),
        desired: 2,
        running: 2,
        rollout_state: Some("COMPLETED".into()),
        ..Deployment::default()
    };
    ServiceSeen {
        at: at(seconds),
        status: "ACTIVE".into(),
        revision: revision.into(),
        desired: 2,
        running: 2,
        pending: 0,
        controller: None,
        scheduling: Some("REPLICA".into()),
        deployments: vec![primary],
        configuration,
        service_deployments: Part::Read(vec![ServiceDeployment {
            arn: deployment.into(),
            status: "SUCCESSFUL".into(),
            revision: Some(revision.into()),
            ..ServiceDeployment::default()
        }]),
        tasks: Part::Read(vec![task(1), task(2)]),
        stopped: Part::Read(Vec::new()),
        events: Vec::new(),
        alarms: Part::Read(vec![("cpu".into(), "OK".into())]),
        nats: Part::None,
        prior_active: Part::Read(true),
    }
}

/// A rollout under test, with the time and what happened.
struct Story {
    now: i64,
    rollout: Rollout,
    said: Vec<String>,
}

impl Story {
    fn new() -> Self {
        let mut story = Self { now: 0, rollout: rollout(), said: Vec::new() };
        story.input(&Input::Command(Command::Start));
        story
    }

    fn input(&mut self, input: &Input) -> Option<String> {
        self.around(&Around::default(), input)
    }

    fn around(&mut self, around: &Around<'_>, input: &Input) -> Option<String> {
        let decision = decide(at(self.now), &self.rollout, around, input);
        self.said.extend(decision.events.into_iter().map(|event| event.said));
        self.rollout = decision.next;
        decision.refused
    }

    fn see(&mut self, step: usize, seen: ServiceSeen) {
        self.input(&Input::Seen { look: Look::Service { step }, answer: Answer::Service(Box::new(seen)) });
    }

    /// Does what is owed, with this outcome; answers the operation.
    fn act(&mut self, outcome: Outcome) -> &'static str {
        let (_, of) = owed(&self.rollout, &Around::default(), at(self.now)).expect("something is owed");
        let (effect, operation) = (of.id, of.effect.operation());
        assert_eq!(self.input(&Input::Begun { effect }), None);
        self.input(&Input::Outcome { effect, outcome });
        operation
    }

    fn done(named: &str) -> Outcome {
        Outcome::Done { named: named.into() }
    }

    /// To the point at which ECS replaces the tasks of the first service.
    fn rolling() -> Self {
        let mut story = Self::new();
        story.see(0, running(PRIOR, "ecs-svc/1", own(), 0));
        assert_eq!(story.act(Self::done(NEW)), "RegisterTaskDefinition");
        let mut back = described();
        let Target::New(copy) = &story.rollout.steps[0].target else { panic!("a new revision") };
        back.definition = copy.request.clone();
        back.tags = story.rollout.steps[0].tags("r1/0".into());
        story.input(&Input::Seen { look: Look::Revision { step: 0, arn: NEW.into() }, answer: Answer::Revision(Box::new(back)) });
        assert_eq!(story.act(Self::done(OURS)), "UpdateService");
        assert!(matches!(story.rollout.steps[0].stage, Stage::Rolling { .. }), "{:?}", story.rollout.steps[0].stage);
        story
    }

    fn ours(&self) -> ServiceSeen {
        running(NEW, OURS, armed(&own()), self.now)
    }

    fn baking() -> Self {
        let mut story = Self::rolling();
        for _ in 0..STEADY {
            story.now += 5;
            story.see(0, story.ours());
        }
        assert!(matches!(story.rollout.steps[0].stage, Stage::Baking { .. }), "{:?}", story.said);
        story
    }

    fn stage(&self) -> &Stage {
        &self.rollout.steps[0].stage
    }
}

#[test]
fn a_good_service_is_registered_compared_told_watched_and_handed_back() {
    let mut story = Story::baking();
    for _ in 0..24 {
        story.now += 5;
        story.see(0, story.ours());
    }
    assert!(matches!(story.stage(), Stage::Restoring { .. }), "{:?}", story.stage());
    assert_eq!(story.act(Story::done("")), "UpdateService");
    story.now += 5;
    story.see(0, running(NEW, OURS, own(), story.now));
    assert!(matches!(story.stage(), Stage::Verified { .. }), "{:?}", story.said);
    assert!(matches!(story.rollout.steps[1].stage, Stage::Preflight { .. }), "and only then the next begins");
}

#[test]
fn stable_on_the_old_revision_is_no_pass() {
    let mut story = Story::rolling();
    for _ in 0..30 {
        story.now += 5;
        let mut seen = running(PRIOR, "ecs-svc/3", own(), story.now);
        seen.service_deployments = Part::Read(vec![ServiceDeployment {
            arn: OURS.into(),
            status: "ROLLBACK_SUCCESSFUL".into(),
            revision: Some(NEW.into()),
            reason: Some("circuit breaker".into()),
            ..ServiceDeployment::default()
        }]);
        story.see(0, seen);
    }
    let Stage::PutBack { why, .. } = story.stage() else { panic!("{:?}", story.stage()) };
    assert_eq!((why.kind, why.said.as_str()), (Kind::TakenBackByAws, "AWS takes our deployment back: circuit breaker"));
    assert!(matches!(&story.rollout.status, Status::Halted { why } if why.contains("auth was put back")), "{:?}", story.rollout.status);
    assert_eq!(story.rollout.steps[1].stage, Stage::Waiting);
}

#[test]
fn the_first_bad_sign_owes_the_way_back_in_the_same_breath() {
    for (what, spoil) in [
        (
            "UNHEALTHY",
            (|seen: &mut ServiceSeen| {
                if let Part::Read(tasks) = &mut seen.tasks {
                    tasks[0].health = Health::Unhealthy;
                }
            }) as fn(&mut ServiceSeen),
        ),
        ("alarm cpu is on", |seen| seen.alarms = Part::Read(vec![("cpu".into(), "ALARM".into())])),
        ("Task failed container health checks", |seen| {
            seen.stopped = Part::Read(vec![Task {
                arn: "task/main/9".into(),
                started_by: Some(OURS.into()),
                stop_code: Some("ServiceSchedulerInitiated".into()),
                stopped_reason: Some("Task failed container health checks".into()),
                ..Task::default()
            }]);
        }),
    ] {
        let mut story = Story::rolling();
        story.now += 5;
        let mut seen = story.ours();
        seen.deployments[0].rollout_state = Some("IN_PROGRESS".into());
        seen.service_deployments = Part::Read(vec![ServiceDeployment {
            arn: OURS.into(),
            status: "IN_PROGRESS".into(),
            revision: Some(NEW.into()),
            ..ServiceDeployment::default()
        }]);
        spoil(&mut seen);
        story.see(0, seen);
        let Stage::Undoing { why, .. } = story.stage() else { panic!("{what}: {:?}", story.stage()) };
        assert!(why.said.contains(what), "{}", why.said);
        assert!(
            matches!(&story.rollout.steps[0].owed, Some(Owed { effect: Effect::Stop { deployment }, .. }) if deployment == OURS),
            "{what}"
        );
    }
}

#[test]
fn what_cannot_be_read_gives_no_credit() {
    let mut story = Story::baking();
    for turn in 0..60 {
        story.now += 5;
        let mut seen = story.ours();
        if turn % 10 == 9 {
            seen.alarms = Part::Missing("throttled".into());
        }
        story.see(0, seen);
        assert!(matches!(story.stage(), Stage::Baking { .. }), "50 s without a gap are not 120 s");
    }
}

#[test]
fn a_gap_begins_the_bake_anew() {
    let mut story = Story::baking();
    for _ in 0..20 {
        story.now += 5;
        story.see(0, story.ours());
    }
    story.now += 600;
    story.see(0, story.ours());
    assert!(matches!(story.stage(), Stage::Baking { well_since: Some(since), .. } if *since == at(story.now)), "{:?}", story.stage());
}

#[test]
fn an_unanswered_registration_is_found_by_its_tag_or_owed_again_after_a_minute_of_doubt() {
    for found in [Some(NEW), None] {
        let mut story = Story::new();
        story.see(0, running(PRIOR, "ecs-svc/1", own(), 0));
        story.act(Outcome::Unknown { why: "timed out".into() });
        let look = Look::Intent { step: 0, family: "auth".into(), intent: "r1/0".into() };
        assert_eq!(wants(&story.rollout), std::slice::from_ref(&look));
        if let Some(arn) = found {
            story.input(&Input::Seen { look, answer: Answer::Intent(Some(arn.into())) });
            assert!(matches!(story.stage(), Stage::Comparing { revision, .. } if revision == NEW));
            continue;
        }
        for seconds in [5, 30, 59] {
            story.now = seconds;
            story.input(&Input::Seen { look: look.clone(), answer: Answer::Intent(None) });
            assert!(owed(&story.rollout, &Around::default(), at(story.now)).is_none(), "{seconds} s are not enough");
        }
        story.now = 66;
        story.input(&Input::Seen { look, answer: Answer::Intent(None) });
        assert!(owed(&story.rollout, &Around::default(), at(story.now)).is_some());
    }
}

#[test]
fn somebody_elses_revision_is_never_overwritten() {
    let mut story = Story::rolling();
    story.now += 5;
    story.see(0, running("arn:aws:ecs:us-east-1:111122223333:task-definition/auth:99", "ecs-svc/9", own(), story.now));
    let Stage::Blocked { why, next, .. } = story.stage() else { panic!("{:?}", story.stage()) };
    assert_eq!(why, "somebody else made it run auth:99");
    assert!(next.starts_with("nothing was overwritten"));
    assert!(matches!(story.rollout.status, Status::Halted { .. }) && story.rollout.steps[0].owed.is_none());
}

#[test]
fn stop_withdraws_what_is_owed_forward_and_abort_takes_back_what_was_sent() {
    let mut story = Story::new();
    story.see(0, running(PRIOR, "ecs-svc/1", own(), 0));
    let stopped = Around { stopped: Some("incident"), ..Around::default() };
    assert!(owed(&story.rollout, &stopped, at(0)).is_none(), "nothing forward while everything is stopped");
    assert!(story.around(&stopped, &Input::Begun { effect: 0 }).is_some());
    assert_eq!(story.input(&Input::Command(Command::Abort { why: "enough".into() })), None);
    assert!(matches!(story.stage(), Stage::Skipped { .. }));
    assert_eq!(story.rollout.status, Status::Aborted);

    let mut story = Story::baking();
    story.input(&Input::Command(Command::Abort { why: "enough".into() }));
    assert!(matches!(story.stage(), Stage::Undoing { .. }));
    story.now += 5;
    story.see(0, story.ours());
    let (_, back) = owed(&story.rollout, &stopped, at(story.now)).expect("the way back is always free");
    assert!(
        matches!(&back.effect, Effect::Back { from, to, configuration } if from == NEW && to == PRIOR && *configuration == forward::own_again(&own()))
    );
}

#[test]
fn a_cause_on_record_holds_the_next_service_before_its_first_write() {
    let mut story = Story::new();
    let known = KnownCause {
        rollout: "3".into(),
        service: "router".into(),
        cause: Cause::new(Kind::Health, "its check fails"),
        marks: Marks { template: "CMD true".into(), images: Vec::new() },
    };
    let around = Around { causes: std::slice::from_ref(&known), ..Around::default() };
    let look = Look::Service { step: 0 };
    story.around(&around, &Input::Seen { look, answer: Answer::Service(Box::new(running(PRIOR, "ecs-svc/1", own(), 0))) });
    let Status::Held { why, .. } = &story.rollout.status else { panic!("{:?}", story.rollout.status) };
    assert_eq!(why, "auth must expect what happened to router in rollout 3: its check fails");
    assert_eq!(story.rollout.effects, 0);
}

#[test]
fn each_finding_before_the_first_write_has_its_consequence() {
    let step = &rollout().steps[0];
    type Case = (fn(&mut ServiceSeen), fn(&Found) -> bool);
    let cases: [Case; 9] = [
        (|seen| seen.status = "DRAINING".into(), |found| matches!(found, Found::Never(_))),
        (|seen| seen.controller = Some("CODE_DEPLOY".into()), |found| matches!(found, Found::Never(_))),
        (|seen| seen.scheduling = Some("DAEMON".into()), |found| matches!(found, Found::Never(_))),
        (|seen| (seen.desired, seen.running) = (0, 0), |found| matches!(found, Found::Never(_))),
        (|seen| seen.prior_active = Part::Read(false), |found| matches!(found, Found::Changed(_))),
        (|seen| seen.configuration = json!({}), |found| matches!(found, Found::Changed(_))),
        (|seen| seen.deployments[0].revision = Some(NEW.into()), |found| matches!(found, Found::Changed(_))),
        (|seen| seen.deployments[0].rollout_state = Some("IN_PROGRESS".into()), |found| matches!(found, Found::Hold(_))),
        (|seen| seen.alarms = Part::Read(vec![("cpu".into(), "INSUFFICIENT_DATA".into())]), |found| matches!(found, Found::Hold(_))),
    ];
    let well = findings(step, &running(PRIOR, "ecs-svc/1", own(), 0));
    assert!(well.iter().all(|found| matches!(found, Found::Well(_))), "{well:?}");
    for (spoil, wanted) in cases {
        let mut seen = running(PRIOR, "ecs-svc/1", own(), 0);
        spoil(&mut seen);
        let found = findings(step, &seen);
        let odd: Vec<&Found> = found.iter().filter(|found| !matches!(found, Found::Well(_))).collect();
        assert!(odd.len() == 1 && wanted(odd[0]), "{odd:?}");
    }
}

#[test]
fn a_service_that_can_neither_grow_nor_shrink_is_refused() {
    for (least, most, desired, moves) in
        [(100, 200, 1, true), (100, 100, 1, false), (50, 100, 2, true), (100, 150, 1, false), (0, 100, 1, true), (50, 100, 1, false)]
    {
        let mut seen = running(PRIOR, "ecs-svc/1", json!({"minimumHealthyPercent": least, "maximumPercent": most}), 0);
        seen.desired = desired;
        let step = &rollout().steps[0];
        let stuck = findings(step, &seen).iter().any(|found| matches!(found, Found::Never(why) if why.contains("could never move")));
        assert_eq!(stuck, !moves, "{least} {most} {desired}");
    }
}

#[test]
fn every_button_that_is_disabled_says_why() {
    let why = || "x".to_owned();
    let story = Story::baking();
    for (command, refused) in [
        (Command::Start, Some("It was started already.")),
        (Command::Pause { why: why() }, None),
        (Command::Resume { why: why() }, Some("It is running.")),
        (Command::Abort { why: why() }, None),
        (
            Command::Skip { step: 0, why: why() },
            Some("Its turn is over, or something was written already: it can be undone, not passed over."),
        ),
        (Command::Skip { step: 1, why: why() }, None),
        (Command::Skip { step: 7, why: why() }, Some("There is no such step.")),
        (Command::UndoStep { step: 0, why: why() }, None),
        (Command::UndoStep { step: 1, why: why() }, Some("It does not run what this rollout brought.")),
        (Command::Undo { why: why() }, Some("A service is under way; abort first.")),
    ] {
        assert_eq!(allowed(&story.rollout, &command).err().as_deref(), refused, "{command:?}");
    }
}
