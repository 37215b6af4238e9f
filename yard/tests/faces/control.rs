//! The control face, by bare HTTP as Playwright uses it, and what closing a yard means.

use crate::support::{CLUSTER, calm, control, open};
use serde_json::{Value, json};
use yard::Options;

fn of<'a>(state: &'a Value, service: &str) -> &'a Value {
    state["services"].as_array().unwrap().iter().find(|entry| entry["name"] == service).unwrap()
}

#[tokio::test]
async fn a_test_can_read_and_change_the_fleet() {
    let site = calm().await;
    let (_, state) = control(&site, "GET", "/state", json!(null)).await;
    assert_eq!(state["totals"], json!({"services": 23, "running": 44, "alarms": 66, "alarms_on": 0}));
    let (status, answer) = control(&site, "POST", "/tasks/stop", json!({"service": "auth-nats", "exit_code": 137})).await;
    assert_eq!(status, 200);
    let arn = answer["task"].as_str().unwrap();
    assert!(arn.starts_with("arn:aws:ecs:us-east-1:111122223333:task/gaming-system-cluster/"));
    let (_, state) = control(&site, "GET", "/state", json!(null)).await;
    assert_eq!(of(&state, "auth-nats")["running"], 1);
    site.advance(120);
    assert_eq!(control(&site, "POST", "/tasks/forget-stopped", json!(null)).await.1, json!({"forgotten": 1}));
    assert_eq!(site.ecs.describe_tasks().cluster(CLUSTER).tasks(arn).send().await.unwrap().failures().len(), 1);

    control(&site, "POST", "/services/settings-nats/desired", json!({"count": 0})).await;
    site.advance(30);
    let (_, state) = control(&site, "GET", "/state", json!(null)).await;
    assert_eq!(of(&state, "settings-nats")["running"], 0);
    control(&site, "POST", "/alarms/auth-nats-cpu-high/state", json!({"state": "ALARM", "reason": "by a test"})).await;
    site.advance(600);
    let alarm = site.alarm("auth-nats-cpu-high").await;
    assert_eq!((alarm.state_value().unwrap().as_str(), alarm.state_reason()), ("ALARM", Some("by a test")), "held until released");
    control(&site, "DELETE", "/alarms/auth-nats-cpu-high/state", json!(null)).await;
    site.advance(60);
    assert_eq!(site.alarm("auth-nats-cpu-high").await.state_value().unwrap().as_str(), "OK");
}

#[tokio::test]
async fn what_does_not_exist_is_said_in_a_sentence() {
    let site = calm().await;
    for (method, path, body, status) in [
        ("POST", "/tasks/stop", json!({"service": "nobody"}), 404),
        ("POST", "/services/nobody/desired", json!({"count": 1}), 404),
        ("POST", "/services/nobody/crash-loop", json!({"for_seconds": 1}), 404),
        ("POST", "/alarms/nothing/state", json!({"state": "OK"}), 404),
        ("POST", "/alarms/auth-nats-cpu-high/state", json!({"state": "RED"}), 422),
        ("POST", "/alarms/nothing/flap", json!(null), 404),
        ("POST", "/logs/say", json!({"service": "nobody", "text": "x"}), 404),
        ("POST", "/metrics/auth-nats/Mood", json!({"value": 1, "for_seconds": 1}), 422),
        ("POST", "/metrics/nobody/CPUUtilization", json!({"value": 1, "for_seconds": 1}), 404),
        ("POST", "/nats/nodes/0/restart", json!(null), 409),
        ("POST", "/nats/nodes/0/explode", json!(null), 422),
    ] {
        let (got, answer) = control(&site, method, path, body).await;
        assert_eq!(got, status, "{path}");
        assert!(answer["error"].as_str().unwrap().len() > 20, "{path}: {answer}");
    }
}

#[tokio::test]
async fn the_off_service_thrashes_when_it_is_switched_on() {
    let site = calm().await;
    site.yard.set_desired("language-system-nats", 2).unwrap();
    site.advance(300);
    let (_, state) = control(&site, "GET", "/state", json!(null)).await;
    let tasks = of(&state, "language-system-nats")["tasks"].as_array().unwrap().clone();
    assert!(tasks.iter().filter(|task| task["stop_code"] == "EssentialContainerExited").count() >= 6, "{tasks:?}");
}

#[tokio::test]
async fn a_hostile_fleet_is_hostile_only_where_aws_allows_it() {
    let site = open(Options { hostile: true, script: false, ..Options::default() }).await;
    let mut alarms = Vec::new();
    let mut pages = site.cloudwatch.describe_alarms().into_paginator().send();
    while let Some(page) = pages.next().await {
        alarms.extend(page.unwrap().metric_alarms.unwrap());
    }
    assert_eq!(alarms.len(), 66);
    assert!(alarms.iter().all(|alarm| alarm.alarm_name().unwrap().chars().count() <= 255));
    assert!(alarms.iter().all(|alarm| !alarm.alarm_name().unwrap().chars().any(|letter| letter.is_ascii_control())));
    for text in ["<img src=x onerror=alert(1)>", "\u{202e}", "=cmd|'/C calc'!A0", "\u{1f525}"] {
        assert!(alarms.iter().any(|alarm| alarm.alarm_name().unwrap().contains(text)), "{text}");
    }
    assert!(alarms.iter().any(|alarm| alarm.alarm_description().unwrap().contains('\u{1b}')));
    let arn = site.yard.stop_task("ai-integration-nats", None, Some("tidying ".to_owned())).unwrap();
    let task = site.ecs.describe_tasks().cluster(CLUSTER).tasks(arn).send().await.unwrap().tasks()[0].clone();
    assert_eq!(task.stopped_reason(), Some("tidying <img src=x onerror=alert(1)>"));
    let service = site.service("ai-integration-nats").await;
    assert!(service.events().iter().any(|event| event.message().unwrap().contains("onerror")));
}

#[tokio::test]
async fn a_closed_yard_answers_nobody() {
    let site = calm().await;
    site.ecs.list_clusters().send().await.unwrap();
    let (ecs, address) = (site.ecs.clone(), site.yard.endpoints().control.strip_prefix("http://").unwrap().to_owned());
    site.yard.stop().await;
    assert!(ecs.list_clusters().send().await.is_err(), "not even on a connection that was open");
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
