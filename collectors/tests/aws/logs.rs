//! Last words: asked for where a revision says the log is, and again when it is not there yet.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use collectors::{Collector, LogCollector, Owing};
use domain::Timestamp;
use domain::log::{Heard, Owed, Stream};
use domain::reading::{Reading, Sweep};
use domain::service::{ContainerDefinition, Task, TaskDefinition};
use domain::source::{FaultKind, Outcome};
use serde_json::{Value, json};

use crate::clock::ManualClock;
use crate::fake::{Fake, Trouble, arn};

/// A ledger that owes what it is told.
struct Debts(Mutex<Vec<Owed>>);

#[async_trait]
impl Owing for Debts {
    async fn owed(&self, _: &str, _: Timestamp, most: usize) -> Vec<Owed> {
        let owed = self.0.lock().unwrap();
        owed.iter().take(most).cloned().collect()
    }
}

fn definition(driver: &str) -> TaskDefinition {
    let awslogs = driver == "awslogs";
    let container = ContainerDefinition {
        name: "main".into(),
        log_driver: Some(driver.into()),
        log_group: awslogs.then(|| "/ecs/fleet".into()),
        log_prefix: Some("ecs".into()),
        log_region: Some("us-east-1".into()),
        ..ContainerDefinition::default()
    };
    TaskDefinition { containers: vec![container], ..TaskDefinition::default() }
}

fn owed(name: &str, failed: bool) -> Owed {
    let task = Task { arn: arn("task", name), ..Task::default() };
    Owed { arn: task.arn.clone(), failed, task, definition: Some(definition("awslogs")) }
}

async fn asked(fake: &Fake, debts: Vec<Owed>) -> Sweep {
    let clock = ManualClock::eager();
    let debts: Arc<dyn Owing> = Arc::new(Debts(Mutex::new(debts)));
    LogCollector::new(fake.environment(&clock), Duration::from_secs(15), debts).sweep().await
}

fn heard(sweep: &Sweep) -> &[Heard] {
    match &sweep.reading {
        Some(Reading::Logs(reading)) => &reading.heard,
        other => panic!("{other:?}"),
    }
}

fn event(millis: i64, message: &str) -> Value {
    json!({"timestamp": millis, "message": message, "ingestionTime": millis})
}

#[tokio::test]
async fn nothing_owed_costs_no_call() {
    let fake = Fake::start(0).await;
    let sweep = asked(&fake, vec![]).await;
    assert_eq!((sweep.outcome.clone(), sweep.calls, fake.all_calls()), (Outcome::Complete, 0, 0));
}

#[tokio::test]
async fn the_last_lines_come_from_the_stream_the_revision_names() {
    let fake = Fake::start(0).await;
    let lines: Vec<Value> = (0..70).map(|number| event(1_777_714_800_000 + number, &format!("\u{1b}[31mline {number}\u{1b}[0m"))).collect();
    fake.world.lock().unwrap().logs.insert("ecs/main/dead".into(), lines);
    let sweep = asked(&fake, vec![owed("dead", true)]).await;
    let words = heard(&sweep)[0].words.clone().unwrap();
    assert_eq!((words.lines.len(), words.lines[49].text.as_str()), (50, "line 69"));
    assert_eq!(words.lines[49].at, Timestamp::from_micros(1_777_714_800_069_000));
    let asked = fake.world.lock().unwrap().asked.iter().find(|(operation, _)| operation == "GetLogEvents").unwrap().1.clone();
    assert_eq!((&asked["logGroupName"], &asked["limit"], &asked["startFromHead"]), (&json!("/ecs/fleet"), &json!(50), &json!(false)));
}

#[tokio::test]
async fn a_log_that_is_not_there_yet_is_no_fault() {
    let fake = Fake::start(0).await;
    fake.world.lock().unwrap().logs.insert("ecs/main/empty".into(), vec![]);
    let mut elsewhere = owed("elsewhere", true);
    elsewhere.definition = Some(definition("splunk"));
    let sweep = asked(&fake, vec![owed("late", true), owed("empty", true), elsewhere]).await;
    assert_eq!(sweep.outcome, Outcome::Complete);
    let silences: Vec<(String, bool)> =
        heard(&sweep).iter().map(|heard| heard.words.clone().unwrap_err()).map(|silence| (silence.reason, silence.again)).collect();
    assert_eq!(
        silences,
        [
            ("it has no log stream in /ecs/fleet".to_owned(), true),
            ("its log stream in /ecs/fleet is empty".to_owned(), true),
            ("main logs by splunk, which only awslogs can be read of".to_owned(), false),
        ]
    );
}

#[tokio::test]
async fn a_denied_log_names_the_permission_and_stops_asking() {
    let fake = Fake::start(0).await;
    fake.trouble("GetLogEvents", Trouble::Error(400, "AccessDeniedException", "User: x is not authorized to perform: logs:GetLogEvents"));
    let sweep = asked(&fake, vec![owed("a", true), owed("b", true)]).await;
    assert_eq!(fake.calls("GetLogEvents"), 1);
    let Outcome::Partial { missing } = &sweep.outcome else { panic!("{:?}", sweep.outcome) };
    assert_eq!(missing[0].fault.kind, FaultKind::AccessDenied);
    assert!(missing[0].fault.remedy().contains("logs:GetLogEvents"));
    assert_eq!(heard(&sweep)[0].words.clone().unwrap_err().reason, "the role lacks logs:GetLogEvents");
}

#[tokio::test]
async fn a_line_of_ten_megabytes_is_cut() {
    let fake = Fake::start(0).await;
    fake.world.lock().unwrap().logs.insert("ecs/main/loud".into(), vec![event(1, &"x".repeat(10 * 1024 * 1024)), event(2, "end")]);
    let sweep = asked(&fake, vec![owed("loud", true)]).await;
    let words = heard(&sweep)[0].words.clone().unwrap();
    assert!(words.cut && words.lines[0].text.len() < 5_000 && words.lines[1].text == "end");
}

#[tokio::test]
async fn a_running_task_s_tail_is_its_newest_hundred_lines() {
    let fake = Fake::start(0).await;
    let lines: Vec<Value> = (0..150).map(|number| event(number, &format!("line {number}"))).collect();
    fake.world.lock().unwrap().logs.insert("ecs/main/alive".into(), lines);
    let clock = ManualClock::eager();
    let collector = LogCollector::new(fake.environment(&clock), Duration::from_secs(15), Arc::new(Debts(Mutex::default())));
    let stream = |name: &str| Stream { container: "main".into(), group: "/ecs/fleet".into(), stream: format!("ecs/main/{name}") };
    let tail = collector.tail(&[stream("alive"), stream("missing")]).await.unwrap();
    assert_eq!((tail.lines.len(), tail.lines[99].text.as_str()), (100, "[main] line 149"));
}
