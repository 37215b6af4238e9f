//! Last words: owed with the stop, kept with it, found by search.

use std::time::Duration;

use collectors::Report;
use domain::log::{Heard, Owed, Silence};
use domain::reading::{LogReading, Reading, Sweep};
use domain::service::{ContainerDefinition, TaskDefinition};
use domain::source::{Outcome, SourceHealth, SourceKind};
use domain::view::{LastWords, LogLine, TimelineQuery};

use super::build::*;

fn logs(seconds: i64, heard: Vec<Heard>) -> Report {
    let mut health = SourceHealth::untried(id(SourceKind::Logs), Duration::from_secs(15));
    health.last_success = Some(at(seconds));
    let reading = Some(Reading::Logs(LogReading { heard }));
    let (source, at, outcome) = (id(SourceKind::Logs), at(seconds), Outcome::Complete);
    let sweep = Sweep { source, started: at, finished: at, calls: 1, outcome, reading, requests: Vec::new() };
    Report { sweep: Some(sweep), health }
}

fn said(arn: &str, lines: &[&str]) -> Heard {
    let lines = lines.iter().map(|text| LogLine { at: at(9), text: (*text).to_owned() }).collect();
    Heard { arn: arn.into(), words: Ok(LastWords { lines, cut: true, reason: None }) }
}

fn silent(arn: &str, again: bool) -> Heard {
    Heard { arn: arn.into(), words: Err(Silence { reason: "it has no log stream in /ecs/x".into(), again }) }
}

/// auth's first task failed at second 10, its second was stopped by ECS at second 11.
async fn two_stops() -> Fixture {
    let fixture = Fixture::new().await;
    let mut trouble = cluster();
    let mut wished = stopped("auth", 2, 11);
    (wished.stop_code, wished.stopped_reason) = (Some("ServiceSchedulerInitiated".into()), Some("Scaling activity".into()));
    let mut failed = stopped("auth", 1, 10);
    failed.revision = Some("arn:td/auth:1".into());
    let container = ContainerDefinition { name: "main".into(), log_driver: Some("awslogs".into()), ..ContainerDefinition::default() };
    trouble.definitions = vec![TaskDefinition { arn: "arn:td/auth:1".into(), containers: vec![container], ..TaskDefinition::default() }];
    trouble.stopped = vec![failed, wished];
    fixture.record(ecs(12, trouble)).await;
    fixture
}

async fn owed(fixture: &Fixture, seconds: i64) -> Vec<Owed> {
    fixture.store.owed_words("production", at(seconds), 10).await.unwrap()
}

async fn shown(fixture: &Fixture) -> Vec<Option<LastWords>> {
    let detail = fixture.store.service_detail(&key("auth"), None, true, at(20)).await.unwrap().unwrap();
    detail.stopped.into_iter().map(|stop| stop.words).collect()
}

async fn found(fixture: &Fixture, q: &str) -> usize {
    fixture.store.timeline_page(TimelineQuery { q: q.into(), ..TimelineQuery::default() }).await.unwrap().entries.len()
}

#[tokio::test]
async fn a_stop_owes_its_words_until_they_are_kept() {
    let fixture = two_stops().await;
    let first = owed(&fixture, 12).await;
    assert_eq!(
        first.iter().map(|owed| (owed.task.id(), owed.failed, owed.definition.is_some())).collect::<Vec<_>>(),
        [("auth1", true, true)]
    );
    assert_eq!(owed(&fixture, 42).await.len(), 2, "a wished stop's words when they have settled");
    assert!(fixture.store.owed_words("elsewhere", at(42), 10).await.unwrap().is_empty());
    let arn = first[0].arn.clone();
    fixture.record(logs(13, vec![said(&arn, &["starting", "", "panicked at <b>src/main.rs:7</b>"])])).await;
    assert_eq!(found(&fixture, "panicked").await, 1, "words are searchable");
    assert_eq!(owed(&fixture, 39).await.len(), 0);
    assert_eq!(owed(&fixture, 40).await.len(), 1, "later lines are asked for once more");
    fixture.record(logs(41, vec![said(&arn, &["panicked", "core dumped"])])).await;
    assert_eq!((found(&fixture, "main.rs").await, found(&fixture, "dumped auth").await), (0, 1));
    assert_eq!(owed(&fixture, 900).await.len(), 1, "only the wished one is owed still");
    let words = shown(&fixture).await[1].clone().unwrap();
    assert_eq!((words.lines.len(), words.cut, words.reason), (2, true, None));
    // a word after the end changes nothing
    fixture.record(logs(60, vec![silent(&arn, false)])).await;
    assert_eq!(shown(&fixture).await[1].clone().unwrap().lines.len(), 2);
}

#[tokio::test]
async fn why_there_are_none_is_told() {
    let fixture = two_stops().await;
    let arn = owed(&fixture, 12).await.remove(0).arn;
    fixture.record(logs(13, vec![silent(&arn, true)])).await;
    let reason = |words: Option<LastWords>| words.unwrap().reason.unwrap();
    assert_eq!(reason(shown(&fixture).await.remove(1)), "it has no log stream in /ecs/x; asked for again");
    assert_eq!(owed(&fixture, 17).await.len(), 0);
    assert_eq!(owed(&fixture, 18).await.len(), 1);
    fixture.record(logs(19, vec![silent(&arn, false)])).await;
    assert_eq!(reason(shown(&fixture).await.remove(1)), "it has no log stream in /ecs/x");
    fixture.record(logs(3_700, vec![])).await;
    assert!(reason(shown(&fixture).await.remove(0)).starts_with("not asked for"));
    assert!(owed(&fixture, 9_000).await.is_empty());
}

#[tokio::test]
async fn a_quiet_sweep_of_logs_adds_nothing() {
    let fixture = two_stops().await;
    fixture.record(logs(13, vec![])).await;
    let before = fixture.rows().await;
    for seconds in [28, 43, 58] {
        fixture.record(logs(seconds, vec![])).await;
    }
    assert_eq!(fixture.rows().await, before);
}

#[tokio::test]
async fn empty_lines_are_lines() {
    let fixture = two_stops().await;
    let arn = owed(&fixture, 12).await.remove(0).arn;
    fixture.record(logs(50, vec![said(&arn, &["", "a", ""])])).await;
    let lines: Vec<String> = shown(&fixture).await[1].clone().unwrap().lines.into_iter().map(|line| line.text).collect();
    assert_eq!(lines, ["", "a", ""]);
}
