//! Planning as tables: what is wrong with a wish, who is left out and why, the order, the bake.

use serde_json::{Value, json};

use super::*;
use crate::change::tests::described;
use crate::change::{Change, HealthCheck, PutBack};
use crate::rollout::cause::{Cause, Kind, Marks};
use crate::rollout::seen::Part;
use crate::rollout::{INTENT_TAG, Target};
use crate::service::Deployment;

pub(crate) fn key(name: &str) -> ServiceKey {
    ServiceKey { environment: "production".into(), cluster: "main".into(), service: name.into() }
}

fn arn(name: &str, number: u32) -> String {
    format!("arn:aws:ecs:us-east-1:111122223333:task-definition/{name}:{number}")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_000_000 + seconds)
}

/// A service that runs this revision and is well.
pub(crate) fn seen(revision: &str) -> ServiceSeen {
    let primary = Deployment {
        id: "ecs-svc/1".into(),
        status: "PRIMARY".into(),
        revision: Some(revision.into()),
        rollout_state: Some("COMPLETED".into()),
        created: Some(at(-5_000)),
        ..Deployment::default()
    };
    ServiceSeen {
        at: at(0),
        status: "ACTIVE".into(),
        revision: revision.into(),
        desired: 2,
        running: 2,
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

fn containers() -> Value {
    json!([{"name": "main", "image": "auth:1"}])
}

pub(crate) fn facts(name: &str) -> Facts {
    let revision = arn(name, 22);
    Facts {
        seen: Ok(seen(&revision)),
        described: Ok(described(&revision, &containers())),
        connections: Some(2),
        ..Facts::unread(key(name), "")
    }
}

fn check() -> HealthCheck {
    HealthCheck {
        container: None,
        command: vec!["CMD-SHELL".into(), "curl -f localhost:8080/health".into()],
        interval: 30,
        timeout: 5,
        retries: 3,
        start_period: 60,
        image: None,
    }
}

pub(crate) fn wish(names: &[&str]) -> Wish {
    Wish {
        change: Change::HealthCheck(check()),
        services: names.iter().map(|name| key(name)).collect(),
        reason: "so that ECS sees what hangs".into(),
        bake: Some(Duration::from_secs(330)),
        budget: 0,
        accepted: false,
        window: None,
    }
}

/// A plan of these services, all of them well.
pub(crate) fn planned(names: &[&str]) -> Planned {
    plan(at(0), "r1".into(), &wish(names), names.iter().map(|name| facts(name)).collect(), &[]).unwrap()
}

pub(crate) fn step(name: &str) -> Step {
    planned(&[name]).rollout.steps[0].clone()
}

fn back(name: &str) -> (Wish, Facts) {
    let wish = Wish { change: Change::PutBack(PutBack { revision: arn(name, 21) }), ..wish(&[name]) };
    (wish, Facts { wanted: Some(Ok(described(&arn(name, 21), &containers()))), ..facts(name) })
}

#[test]
fn a_wish_that_cannot_be_planned_names_the_field_and_the_limit() {
    type Spoil = fn(&mut Wish);
    let cases: [(Spoil, &str, &str); 13] = [
        (|wish| wish.services.clear(), "services", "at least one"),
        (|wish| wish.services.push(key("auth")), "services", "auth is chosen more than once"),
        (|wish| wish.reason = "  ".into(), "reason", "Say why"),
        (|wish| wish.reason = "x".repeat(LONGEST_REASON + 1), "reason", "500 characters at most; it has 501"),
        (|wish| wish.bake = Some(LONGEST_BAKE + Duration::from_secs(60)), "bake", "24 h at most; it is 24 h 1 min"),
        (|wish| wish.budget = 3, "budget", "number of services, 2; it is 3"),
        (|wish| wish.window = Some(Window { from: at(-20), until: at(0) }), "window", "ended at"),
        (|wish| wish.window = Some(Window { from: at(20), until: at(20) }), "window", "after it begins"),
        (|wish| wish.change = Change::PutBack(PutBack { revision: arn("auth", 1) }), "services", "1 service at a time; 2 are chosen"),
        (|wish| wish.change = Change::PutBack(PutBack { revision: "auth:1".into() }), "revision", "full ARN"),
        (|wish| wish.change = Change::HealthCheck(HealthCheck { interval: 4, ..check() }), "interval", "5 to 300 s"),
        (|wish| wish.change = Change::HealthCheck(HealthCheck { command: vec![], ..check() }), "command", "begin with CMD"),
        (|wish| wish.change = Change::HealthCheck(HealthCheck { image: Some("a:1".into()), ..check() }), "image", "digest"),
    ];
    for (spoil, field, said) in cases {
        let mut wish = wish(&["auth", "payment"]);
        spoil(&mut wish);
        let problems = plan(at(0), "r1".into(), &wish, vec![facts("auth"), facts("payment")], &[]).unwrap_err();
        assert!(problems.iter().any(|problem| problem.field == field && problem.said.contains(said)), "{field}: {problems:?}");
    }
    let mut edge = wish(&["auth", "payment"]);
    edge.reason = "x".repeat(LONGEST_REASON);
    (edge.bake, edge.budget, edge.window) = (Some(LONGEST_BAKE), 2, Some(Window { from: at(-20), until: at(1) }));
    assert_eq!(edge.problems(at(0)), []);
}

#[test]
fn a_window_holds_before_and_after_it() {
    let window = Window { from: at(10), until: at(20) };
    for (now, open) in [(9, false), (10, true), (19, true), (20, false)] {
        assert_eq!(window.closed(at(now)).is_none(), open, "{now}");
    }
}

#[test]
fn whoever_takes_no_part_is_told_with_a_reason() {
    type Spoil = fn(&mut Facts);
    fn of(facts: &mut Facts) -> &mut ServiceSeen {
        facts.seen.as_mut().unwrap()
    }
    let cases: [(Spoil, &str); 21] = [
        (|facts| facts.in_rollout = Some("3".into()), "its turn in rollout 3 is not over"),
        (|facts| facts.seen = Err("throttled".into()), "it could not be read: throttled"),
        (|facts| facts.described = Err("throttled".into()), "the revision it runs could not be read"),
        (|facts| facts.described = Ok(described(&arn("auth", 21), &containers())), "it changed from auth:21 to auth:22 while"),
        (|facts| facts.classic_load_balancer = true, "it stands behind a Classic Load Balancer"),
        (
            |facts| (facts.protected, of(facts).desired, of(facts).running) = (Some("circular imports".into()), 0, 0),
            "it is off on purpose, marked do not touch: circular imports",
        ),
        (|facts| of(facts).status = "DRAINING".into(), "it is DRAINING"),
        (|facts| of(facts).controller = Some("CODE_DEPLOY".into()), "its deployments are made by CODE_DEPLOY"),
        (|facts| of(facts).controller = Some("EXTERNAL".into()), "its deployments are made by EXTERNAL"),
        (|facts| of(facts).scheduling = Some("DAEMON".into()), "it is a DAEMON"),
        (|facts| of(facts).configuration["strategy"] = json!("BLUE_GREEN"), "its deployments are BLUE_GREEN"),
        (|facts| (of(facts).desired, of(facts).running) = (0, 0), "it wants no task"),
        (|facts| of(facts).configuration = json!({"minimumHealthyPercent": 100, "maximumPercent": 100}), "with 100 % to 100 % of 2"),
        (|facts| of(facts).running = 1, "a deployment is under way, or not everything it wants runs"),
        (|facts| of(facts).deployments[0].rollout_state = Some("IN_PROGRESS".into()), "a deployment is under way"),
        (|facts| of(facts).alarms = Part::Read(vec![("cpu".into(), "ALARM".into())]), "alarm cpu is on already"),
        (|facts| of(facts).alarms = Part::Missing("denied".into()), "its alarms could not be read, so nobody would see it fail: denied"),
        (
            |facts| facts.described.as_mut().unwrap().definition["status"] = json!("INACTIVE"),
            "auth:22 is INACTIVE: nothing could be put back to it. Deploy an ACTIVE revision",
        ),
        (|facts| facts.described.as_mut().unwrap().definition["gpuSharing"] = json!(true), "its definition has a field that this version"),
        (
            |facts| facts.described.as_mut().unwrap().tags = (0..50).map(|tag| (tag.to_string(), String::new())).collect(),
            "its revision has 50 tags",
        ),
        (|facts| facts.shells = [("main".to_owned(), false)].into(), "its image auth:1 is known to have no shell"),
    ];
    for (spoil, said) in cases {
        let mut bad = facts("auth");
        spoil(&mut bad);
        let planned = plan(at(0), "r1".into(), &wish(&["auth", "payment"]), vec![bad.clone(), facts("payment")], &[]).unwrap();
        assert_eq!(planned.rollout.steps.len(), 1, "{said}");
        let [excluded] = planned.excluded.as_slice() else { panic!("one is excluded: {:?}", planned.excluded) };
        assert!(excluded.why.starts_with(said), "{}", excluded.why);
        assert_eq!(excluded.off, said.contains("off on purpose"));
        let problems = plan(at(0), "r1".into(), &wish(&["auth"]), vec![bad], &[]).unwrap_err();
        assert_eq!(problems[0].field, "services");
        assert!(problems[0].said.contains(said), "{problems:?}");
    }
    let nothing = plan(at(0), "r1".into(), &wish(&["auth", "ghost"]), vec![facts("auth")], &[]).unwrap();
    assert_eq!(nothing.excluded[0].why, "it could not be read: nothing is known of a service of this name");
}

#[test]
fn the_order_is_lowest_blast_radius_first_and_says_why() {
    let with = |name: &str, connections: Option<u32>, dependants: Option<u32>, desired: u32| {
        let mut facts = Facts { connections, dependants, ..facts(name) };
        let seen = facts.seen.as_mut().unwrap();
        (seen.desired, seen.running) = (desired, desired);
        facts
    };
    let mut marked = with("marked", Some(0), None, 2);
    marked.protected = Some("fragile".into());
    let all = vec![
        marked,
        with("unknown", None, None, 2),
        with("hub", Some(2), Some(9), 2),
        with("b", Some(3), None, 2),
        with("a", Some(3), None, 2),
        with("lone", Some(3), None, 1),
        with("small", Some(1), Some(1), 1),
    ];
    let names: Vec<&str> = all.iter().map(|facts| facts.key.service.as_str()).collect();
    let refused = plan(at(0), "r1".into(), &wish(&names), all.clone(), &[]).unwrap_err();
    assert_eq!(
        refused,
        [FieldProblem::new(
            "accepted",
            "Somebody must accept this before it is planned, which is recorded. marked is marked do not touch (fragile) and runs 2 tasks."
        )]
    );
    let planned = plan(at(0), "r1".into(), &Wish { accepted: true, ..wish(&names) }, all, &[]).unwrap();
    let order: Vec<(&str, u32)> = planned.rollout.steps.iter().map(|step| (step.service.service.as_str(), step.wave)).collect();
    assert_eq!(order, [("small", 1), ("a", 2), ("b", 3), ("lone", 4), ("hub", 5), ("unknown", 6), ("marked", 7)]);
    let said = |place: usize| planned.notes[place].order.as_str();
    assert_eq!(
        said(0),
        "1 task, 1 NATS connection, 1 other service reads its streams, 1 alarm watching, no other task serves while one is replaced"
    );
    assert_eq!(said(5), "2 tasks, NATS connections not known, 1 alarm watching");
    assert_eq!(said(6), "2 tasks, no NATS connection, 1 alarm watching, marked do not touch, so it is alone and last");
}

#[test]
fn a_step_is_bound_to_what_was_seen() {
    let step = step("auth");
    assert_eq!(step.bound.prior, arn("auth", 22));
    assert_eq!((step.bound.deployment.as_str(), step.bound.began), ("ecs-svc/1", Some(at(-5_000))));
    assert_eq!(step.bound.configuration, json!({"minimumHealthyPercent": 100, "maximumPercent": 200}));
    assert!(matches!(&step.target, Target::New(copy) if copy.changes_anything()));
    assert!(!step.mends() && step.tags("r1/0".into()).get(INTENT_TAG).is_some_and(|tag| tag == "r1/0"));
}

#[test]
fn tags_of_aws_s_own_are_not_sent() {
    let mut own = facts("auth");
    own.described.as_mut().unwrap().tags = [("aws:cloudformation:stack-name", "s"), ("team", "a"), (INTENT_TAG, "old/1")]
        .map(|(key, tag)| (key.to_owned(), tag.to_owned()))
        .into();
    let planned = plan(at(0), "r1".into(), &wish(&["auth"]), vec![own], &[]).unwrap();
    let tags = planned.rollout.steps[0].tags("r1/0".into());
    assert_eq!(tags.into_iter().collect::<Vec<_>>(), [(INTENT_TAG.to_owned(), "r1/0".to_owned()), ("team".to_owned(), "a".to_owned())]);
    assert!(planned.notes[0].findings.iter().any(|(_, said)| said.contains("aws:…")));
}

#[test]
fn a_bake_is_never_below_the_floor_and_the_reckoning_is_shown() {
    for (bake, planned_as, fine) in [(None, 600, true), (Some(330), 330, true), (Some(329), 0, false), (Some(720), 720, true)] {
        let wish = Wish { bake: bake.map(Duration::from_secs), ..wish(&["auth"]) };
        match plan(at(0), "r1".into(), &wish, vec![facts("auth")], &[]) {
            Ok(planned) => {
                assert!(fine, "{bake:?}");
                assert_eq!(planned.rollout.steps[0].bake.as_secs(), planned_as);
                assert!(planned.notes[0].bake_reckoning.contains("Floor 2 × 2 min 45 s = 5 min 30 s."));
            }
            Err(problems) => {
                assert!(!fine, "{problems:?}");
                assert_eq!(
                    (problems[0].field.as_str(), problems[0].said.as_str()),
                    (
                        "bake",
                        "A bake of 5 min 29 s is too short for auth: A failing check is seen 60 + 3 × (30 + 5) = 165 s after the youngest \
                         task started. Floor 2 × 2 min 45 s = 5 min 30 s. Choose 5 min 30 s or more, or leave it out."
                    )
                );
            }
        }
    }
}

#[test]
fn the_estimate_is_reckoned_from_rolls_bake_and_handing_back() {
    // 60 + 30 + 60 s a turn, 330 s of bake, 10 s
    for (least, most, desired, seconds) in [(100, 200, 2, 490), (100, 150, 2, 640), (50, 100, 4, 640), (0, 100, 2, 490)] {
        let mut facts = facts("auth");
        let seen = facts.seen.as_mut().unwrap();
        seen.configuration = json!({"minimumHealthyPercent": least, "maximumPercent": most});
        (seen.desired, seen.running) = (desired, desired);
        let planned = plan(at(0), "r1".into(), &wish(&["auth"]), vec![facts], &[]).unwrap();
        assert_eq!(planned.estimate().as_secs(), seconds, "{least} {most} {desired}");
    }
}

#[test]
fn a_plan_says_when_its_window_is_too_short() {
    let mut wish = wish(&["auth"]);
    wish.window = Some(Window { from: at(100), until: at(400) });
    let planned = plan(at(0), "r1".into(), &wish, vec![facts("auth")], &[]).unwrap();
    let remarks = planned.remarks(at(0));
    assert_eq!(remarks[0], "1 service, one at a time: about 8 min 10 s, an estimate from the checks and bakes.");
    assert!(remarks[1].contains("5 min after it may begin"), "{remarks:?}");
    assert_eq!(self::planned(&["auth"]).remarks(at(0)).len(), 1);
}

#[test]
fn what_must_be_accepted_is_listed_with_its_services() {
    let mut wish = wish(&["auth", "payment"]);
    wish.change = Change::HealthCheck(HealthCheck { command: vec!["CMD-SHELL".into(), "redis-cli ping".into()], ..check() });
    let both = || vec![facts("auth"), facts("payment")];
    let problems = plan(at(0), "r1".into(), &wish, both(), &[]).unwrap_err();
    assert_eq!(problems[0].field, "accepted");
    assert!(problems[0].said.contains("auth, payment asks something shared (redis)"), "{problems:?}");
    wish.accepted = true;
    assert_eq!(plan(at(0), "r1".into(), &wish, both(), &[]).unwrap().notes[0].warnings.len(), 1);
}

#[test]
fn a_known_cause_and_a_silent_alarm_are_planned_and_said() {
    let known = KnownCause {
        rollout: "3".into(),
        service: "router".into(),
        cause: Cause::new(Kind::Health, "its check fails"),
        marks: Marks { template: "CMD-SHELL curl -f localhost:8080/health".into(), images: Vec::new() },
    };
    let mut silent = facts("auth");
    silent.seen.as_mut().unwrap().alarms = Part::Read(vec![("cpu".into(), "INSUFFICIENT_DATA".into())]);
    silent.last_failed = Some("rollout 2: exit 1".into());
    let planned = plan(at(0), "r1".into(), &wish(&["auth"]), vec![silent], std::slice::from_ref(&known)).unwrap();
    let warned: Vec<&str> =
        planned.notes[0].findings.iter().filter(|(tone, _)| *tone == Tone::Warn).map(|(_, said)| said.as_str()).collect();
    assert_eq!(
        warned,
        [
            "alarm cpu is INSUFFICIENT_DATA; held before its first write until that passes",
            "must expect what happened to router in rollout 3: its check fails. It will be held before its first write until \
             somebody releases that",
            "failed the last time: rollout 2: exit 1"
        ]
    );
}

#[test]
fn a_service_is_put_back_from_what_is_wrong_with_it() {
    let (wish, mut bad) = back("auth");
    let seen = bad.seen.as_mut().unwrap();
    seen.running = 1;
    seen.alarms = Part::Read(vec![("cpu".into(), "ALARM".into())]);
    bad.classic_load_balancer = true;
    let planned = plan(at(0), "r1".into(), &wish, vec![bad.clone()], &[]).unwrap();
    let step = &planned.rollout.steps[0];
    assert!(step.mends() && step.target == Target::There { arn: arn("auth", 21) });
    assert_eq!(planned.rollout.title, "Put auth back to auth:21");
    let warned = planned.notes[0].findings.iter().filter(|(tone, _)| *tone == Tone::Warn).count();
    assert_eq!(warned, 2, "{:?}", planned.notes[0].findings);
    assert!(planned.notes[0].diff[0].text.contains("auth:22 → auth:21"));
    for (spoil, said) in [
        (
            (|facts: &mut Facts| facts.wanted = Some(Err("throttled".into()))) as fn(&mut Facts),
            "the revision it is to go back to could not",
        ),
        (|facts| facts.wanted = None, "auth:21 was not read"),
    ] {
        let mut bad = bad.clone();
        spoil(&mut bad);
        let problems = plan(at(0), "r1".into(), &wish, vec![bad], &[]).unwrap_err();
        assert!(problems[0].said.contains(said), "{problems:?}");
    }
}

#[test]
fn a_changed_service_is_planned_again_and_a_put_back_is_not() {
    let first =
        plan(at(0), "r1".into(), &Wish { bake: Some(Duration::from_secs(330)), ..wish(&["auth"]) }, vec![facts("auth")], &[]).unwrap();
    let mut changed = facts("auth");
    changed.seen = Ok(self::seen(&arn("auth", 23)));
    changed.described = Ok(described(&arn("auth", 23), &containers()));
    changed.grace = 600;
    let (step, note) = replanned(&first, &changed, &[]).unwrap();
    assert_eq!((step.bound.prior, step.bake.as_secs()), (arn("auth", 23), 1_200));
    assert!(note.bake_reckoning.ends_with("it is as long as the floor.") && note.order.starts_with("planned again at the tail: 2 tasks"));
    changed.protected = Some("incident".into());
    assert!(replanned(&first, &changed, &[]).unwrap_err().why.contains("which nobody has accepted"));
    let (wish, bad) = back("auth");
    let put_back = plan(at(0), "r1".into(), &wish, vec![bad.clone()], &[]).unwrap();
    assert!(replanned(&put_back, &bad, &[]).unwrap_err().why.starts_with("what it runs now may be somebody's repair"));
}

#[test]
fn a_plan_survives_json() {
    let planned = planned(&["auth", "payment"]);
    let text = serde_json::to_string(&planned).unwrap();
    assert_eq!(serde_json::from_str::<Planned>(&text).unwrap(), planned);
}
