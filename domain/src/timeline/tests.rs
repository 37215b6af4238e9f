//! The comparisons, by table.

use std::time::Duration;

use super::*;
use crate::service::{Container, Deployment};
use crate::source::SourceKind;

const ABOUT: About<'static> = About { cluster: "main", service: "auth" };

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

fn deployed(id: &str, revision: &str, state: &str) -> Service {
    let primary = Deployment {
        id: id.into(),
        status: "PRIMARY".into(),
        revision: Some(format!("arn:aws:ecs:us-east-1:1:task-definition/{revision}")),
        rollout_state: Some(state.into()),
        created: Some(at(5)),
        ..Deployment::default()
    };
    Service { desired: 2, running: 2, revision: primary.revision.clone(), deployments: vec![primary], ..Service::default() }
}

fn texts(events: &[NewEvent]) -> Vec<&str> {
    events.iter().map(|event| event.text.as_str()).collect()
}

#[test]
fn nothing_changed_says_nothing() {
    let service = deployed("d1", "auth:3", "COMPLETED");
    assert_eq!(service_changes(ABOUT, Some(&service), Some(&service), at(9)), []);
    let node = Node::default();
    assert_eq!(node_change(Some(&node), Some(&node), at(9)), None);
}

#[test]
fn a_deployment_is_told_from_begin_to_end() {
    let before = deployed("d1", "auth:3", "COMPLETED");
    let began = deployed("d2", "auth:4", "IN_PROGRESS");
    let ended = deployed("d2", "auth:4", "COMPLETED");
    let events = service_changes(ABOUT, Some(&before), Some(&began), at(9));
    assert_eq!(texts(&events), ["deployment to auth:4 from auth:3 began"]);
    assert_eq!(left_behind(&events[0].text), Some("auth:3"));
    assert_eq!(events[0].at, at(5), "when it began, not when we saw it");
    assert_eq!(texts(&service_changes(ABOUT, Some(&began), Some(&ended), at(20))), ["deployment to auth:4 completed"]);
}

#[test]
fn the_same_stop_seen_twice_has_one_key() {
    let task = Task {
        arn: "arn:aws:ecs:us-east-1:1:task/main/3f9c1a2b4d".into(),
        service: Some("auth".into()),
        stop_code: Some("EssentialContainerExited".into()),
        stopped: Some(at(7)),
        containers: vec![Container { exit_code: Some(137), reason: Some("OutOfMemoryError".into()), ..Container::default() }],
        ..Task::default()
    };
    let first = task_stop("main", &task, at(10));
    assert_eq!(first, task_stop("main", &task, at(99)));
    assert_eq!((first.at, first.tone), (at(7), Tone::Bad));
    assert_eq!(first.text, "task 3f9c1a2b stopped: exit 137, OutOfMemoryError");
}

#[test]
fn a_stop_somebody_wished_is_no_failure() {
    for (code, reason, tone) in [
        ("ServiceSchedulerInitiated", "Scaling activity initiated by deployment", Tone::Quiet),
        ("ServiceSchedulerInitiated", "Task failed container health checks", Tone::Bad),
        ("UserInitiated", "stopped by operator", Tone::Quiet),
        ("SpotInterruption", "", Tone::Warn),
        ("TaskFailedToStart", "CannotPullContainerError", Tone::Bad),
    ] {
        let task = Task { stop_code: Some(code.into()), stopped_reason: Some(reason.into()), ..Task::default() };
        assert_eq!(stop_tone(&task), tone, "{code} {reason}");
    }
}

#[test]
fn standing_tells_how_long_it_was_down() {
    let up = Judgement { standing: Standing::Up, moving: false, reasons: vec![], unhealthy: 0 };
    let event = standing_change(ABOUT, (Standing::Down, at(100)), &up, at(140)).unwrap();
    assert_eq!(event.text, "is up again after 40 s");
    assert_eq!(standing_change(ABOUT, (Standing::Up, at(100)), &up, at(140)), None);
}

#[test]
fn ecs_words_lose_the_repeated_name() {
    let event = ServiceEvent { id: "e1".into(), at: at(1), message: "(service auth) has reached a steady state.".into() };
    assert_eq!(service_event(ABOUT, &event).text, "has reached a steady state.");
}

#[test]
fn nodes_and_sources() {
    let node = Node { name: "n1".into(), started: Some(at(1)), ..Node::default() };
    let again = Node { started: Some(at(50)), ..node.clone() };
    assert_eq!(node_change(Some(&node), Some(&again), at(60)).unwrap().text, "restarted");
    let source = SourceId::new(SourceKind::Nats, "main");
    assert_eq!(source_change(&source, None, Some(Duration::from_secs(9)), at(9)).text, "answers again; nothing was seen for 9 s");
}
