use std::collections::BTreeMap;

use serde_json::json;

use super::super::tests::described;
use super::*;
use crate::rollout::plan::tests::{key, seen};

const ARN: &str = "arn:aws:ecs:us-east-1:111122223333:task-definition/auth:22";

fn digest(repository: &str) -> String {
    format!("{repository}@sha256:{}", "a1".repeat(32))
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

fn propose(check: &HealthCheck, containers: &Value, classic: bool, shells: &[(&str, bool)]) -> Result<Proposed, String> {
    let (seen, running, key) = (seen(ARN), described(ARN, containers), key("auth"));
    let shells: BTreeMap<String, bool> = shells.iter().map(|(name, shell)| ((*name).to_owned(), *shell)).collect();
    let of =
        Observed { key: &key, seen: &seen, running: &running, wanted: None, grace: 0, classic_load_balancer: classic, shells: &shells };
    check.propose(&of)
}

#[test]
fn every_limit_is_ecs_s_at_both_ends() {
    type Set = fn(&mut HealthCheck, u32);
    let fields: [(&str, Set, RangeInclusive<u32>); 4] = [
        ("interval", |check, value| check.interval = value, INTERVAL),
        ("timeout", |check, value| check.timeout = value, TIMEOUT),
        ("retries", |check, value| check.retries = value, RETRIES),
        ("start_period", |check, value| check.start_period = value, START_PERIOD),
    ];
    for (field, set, limits) in fields {
        let (least, most) = (*limits.start(), *limits.end());
        let tried = [least.checked_sub(1), Some(least), Some(most), Some(most + 1)];
        for (value, fine) in tried.into_iter().zip([false, true, true, false]) {
            let Some(value) = value else { continue };
            let mut check = check();
            set(&mut check, value);
            let problems = check.problems();
            assert_eq!(problems.is_empty(), fine, "{field} {value}: {problems:?}");
            assert!(fine || problems[0].field == field && problems[0].said.contains(&format!("{least} to {most}")), "{problems:?}");
        }
    }
}

#[test]
fn an_image_is_named_by_its_digest() {
    for (image, fine) in [
        (digest("registry:5000/auth"), true),
        (digest("auth:1"), true),
        ("auth:1".to_owned(), false),
        ("auth@sha256:abc".to_owned(), false),
        (format!("@sha256:{}", "a1".repeat(32)), false),
        (format!("auth@sha256:{}", "A1".repeat(32)), false),
        (format!("auth@sha256:{}", "a1".repeat(33)), false),
        (format!("a b@sha256:{}", "a1".repeat(32)), false),
    ] {
        let problems = HealthCheck { image: Some(image.clone()), ..check() }.problems();
        assert_eq!(problems.is_empty(), fine, "{image}");
    }
}

#[test]
fn a_check_is_written_out_whole_and_nothing_else_is_changed() {
    let proposed = propose(&check(), &json!([{"name": "main", "image": "auth:1"}]), false, &[]).unwrap();
    let Target::New(copy) = &proposed.target else { panic!("a new revision") };
    assert_eq!(
        copy.request.pointer("/containerDefinitions/0/healthCheck"),
        Some(&json!({"command": check().command, "interval": 30, "timeout": 5, "retries": 3, "startPeriod": 60}))
    );
    assert_eq!(copy.planned.iter().collect::<Vec<_>>(), ["/containerDefinitions/0/healthCheck"]);
    assert_eq!((proposed.floor.detection, proposed.warnings.len()), (165, 0));
    assert_eq!(proposed.marks, Marks { template: "CMD-SHELL curl -f localhost:8080/health".into(), images: vec!["auth".into()] });
    let renewed = HealthCheck { image: Some(digest("auth")), ..check() };
    let proposed = propose(&renewed, &json!([{"name": "main", "image": "auth:1"}]), false, &[("main", false)]).unwrap();
    let Target::New(copy) = &proposed.target else { panic!("a new revision") };
    assert_eq!(copy.planned.len(), 2, "the new image may have the shell the old one lacks");
    assert!(proposed.marks.template.ends_with(&digest("auth")), "a failure without the new image does not hold it");
}

#[test]
fn the_container_is_the_one_there_is() {
    for (container, containers, picked) in [
        (None, json!([{"name": "a"}]), Ok("a")),
        (None, json!([{"name": "a", "essential": false}]), Ok("a")),
        (None, json!([{"name": "a", "essential": false}, {"name": "b"}]), Ok("b")),
        (None, json!([{"name": "a"}, {"name": "b"}]), Err("several essential containers, a, b")),
        (None, json!([{"name": "a", "essential": false}, {"name": "b", "essential": false}]), Err("no essential container among a, b")),
        (None, json!([]), Err("has no container")),
        (Some("b"), json!([{"name": "a"}, {"name": "b"}]), Ok("b")),
        (Some("c"), json!([{"name": "a"}, {"name": "b"}]), Err("auth:22 has no container c; it has a, b")),
    ] {
        let wanted = HealthCheck { container: container.map(str::to_owned), ..check() };
        let running = described(ARN, &containers);
        match (wanted.pick(&running).map(|(name, _)| name.to_owned()), picked) {
            (Ok(found), Ok(name)) => assert_eq!(found, name),
            (Err(why), Err(said)) => assert!(why.contains(said), "{why}"),
            (found, _) => panic!("{container:?} {containers}: {found:?}"),
        }
    }
}

#[test]
fn a_service_it_is_not_for_says_why() {
    let there = json!([{"name": "main", "image": "auth:1", "healthCheck": check().value()}]);
    let short = json!([{"name": "main", "healthCheck": {"command": ["CMD", "true"]}}]);
    let defaults = HealthCheck { command: vec!["CMD".into(), "true".into()], start_period: 0, ..check() };
    let plain = json!([{"name": "main", "image": "auth:1"}]);
    let other = HealthCheck { image: Some(digest("payment")), ..check() };
    let mut unknown = plain.clone();
    unknown[0]["gpuSharing"] = json!(true);
    for (check, containers, classic, shells, said) in [
        (check(), plain.clone(), true, &[] as &[(&str, bool)], "it stands behind a Classic Load Balancer"),
        (check(), plain.clone(), false, &[("main", false)], "its image auth:1 is known to have no shell"),
        (check(), there, false, &[], "already has this check"),
        (defaults, short, false, &[], "already has this check"),
        (check(), unknown, false, &[], "its definition has a field that this version of Signalbox does not know"),
        (other, plain.clone(), false, &[], "its container main runs auth, and the new image is payment"),
    ] {
        let why = propose(&check, &containers, classic, shells).unwrap_err();
        assert!(why.starts_with(said), "{why}");
    }
    assert!(propose(&check(), &plain, false, &[("main", true)]).is_ok());
    let exec = HealthCheck { command: vec!["CMD".into(), "/bin/check".into()], ..check() };
    assert!(propose(&exec, &plain, false, &[("main", false)]).is_ok(), "CMD needs no shell");
}

#[test]
fn what_is_risky_is_warned_of_and_what_is_dangerous_must_be_accepted() {
    let shell = |line: &str| vec!["CMD-SHELL".to_owned(), line.to_owned()];
    let side = json!([{"name": "main", "essential": false}]);
    let main = json!([{"name": "main"}]);
    for (check, containers, said, accept) in [
        (HealthCheck { command: shell("nats rtt"), ..check() }, &main, "asks something shared (nats): when that is away", true),
        (check(), &side, "gets its check in a container that is not essential", true),
        (HealthCheck { timeout: 31, ..check() }, &main, "gets a check that may take longer (31 s)", false),
        (
            HealthCheck { command: vec!["CMD-SHELL".into(), "curl".into(), "localhost".into()], ..check() },
            &main,
            "gets a CMD-SHELL of several texts",
            false,
        ),
    ] {
        let warnings = propose(&check, containers, false, &[]).unwrap().warnings;
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].said.starts_with(said) && warnings[0].accept == accept, "{warnings:?}");
    }
    assert_eq!(HealthCheck { timeout: 30, ..check() }.warnings(true), []);
}

#[test]
fn a_start_period_is_suggested_from_what_was_seen() {
    let seconds = |all: &[u64]| all.iter().map(|second| Duration::from_secs(*second)).collect::<Vec<_>>();
    assert_eq!(suggested(&[]), None);
    for (starts, period) in [
        (seconds(&[23]), 50),
        (seconds(&[4, 5, 5]), 10),
        (seconds(&[5, 9, 11]), 30),
        (seconds(&[0]), 0),
        (seconds(&[400]), 300),
        // one slow start of 40 does not decide
        ([vec![Duration::from_secs(10); 39], vec![Duration::from_secs(200)]].concat(), 20),
        (vec![Duration::from_millis(10_100)], 30),
    ] {
        assert_eq!(suggested(&starts).unwrap().start_period, period, "{starts:?}");
    }
    let said = suggested(&seconds(&[23])).unwrap().said;
    assert_eq!(said, "The one start that was seen took 23 s or less; twice that, rounded up, is 50 s.");
    assert!(suggested(&seconds(&[400])).unwrap().said.ends_with("ECS takes 300 s at most."));
}

#[test]
fn the_editor_shows_what_a_check_costs() {
    assert!(check().detection(180).starts_with("A failing check is seen 60 + 3 × (30 + 5) = 165 s"), "{}", check().detection(180));
}

#[test]
fn a_title_counts_or_names() {
    let keys = [key("auth"), key("payment")];
    assert_eq!(check().title(&[&keys[0]]), "Health check for auth");
    let with = HealthCheck { image: Some(digest("a")), ..check() };
    assert_eq!(with.title(&keys.iter().collect::<Vec<_>>()), "Health check with a new image for 2 services");
}
