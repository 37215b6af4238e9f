//! Which request of a sweep answered for what: held against what each of them asked for.

use std::collections::BTreeSet;
use std::sync::Arc;

use collectors::{AlarmCollector, AwsScope, Collector, Depth, EcsCollector};
use domain::reading::{Reading, Sweep};
use domain::request::{DESCRIBE_ALARMS, DESCRIBE_SERVICES, DESCRIBE_TASK_DEFINITION, DESCRIBE_TASKS, Requests};
use domain::source::Outcome;
use serde_json::{Value, json};

use crate::clock::ManualClock;
use crate::ecs::{INTERVAL, collector, collector_of_depth, ecs};
use crate::fake::{CLUSTER, Fake, Trouble, environment};

/// A collector that need not wait for its budget.
fn quick(fake: &Fake, clock: &Arc<ManualClock>) -> EcsCollector {
    EcsCollector::new(environment(AwsScope { share: 1.0, ..fake.scope() }, clock), INTERVAL)
}

/// What the request of this id was, and what it asked for.
fn asked(fake: &Fake, id: &str) -> (String, Value) {
    let number: usize = id.strip_prefix("request-").unwrap().parse().unwrap();
    fake.world.lock().unwrap().asked[number - 1].clone()
}

/// The one request that answered for a name asked for `what` in its list of this field.
fn asked_for(fake: &Fake, requests: &Requests, (operation, name): (&str, &str), (field, what): (&str, &str)) {
    let id = requests.holding(operation, CLUSTER, name).unwrap_or_else(|| panic!("no {operation} answered for {name}"));
    let (called, asked) = asked(fake, id);
    assert_eq!(called, operation);
    assert!(asked[field].as_array().unwrap().contains(&json!(what)), "{id} did not ask for {what}: {asked}");
}

fn ids(sweep: &Sweep) -> BTreeSet<&str> {
    sweep.requests.iter().map(|one| one.request_id.as_str()).collect()
}

fn of<'s>(sweep: &'s Sweep, operation: &str) -> Vec<&'s str> {
    sweep.requests.iter().filter(|one| one.operation == operation).map(|one| one.request_id.as_str()).collect()
}

#[tokio::test]
async fn each_service_task_and_revision_has_the_request_that_asked_for_it() {
    let (fake, clock) = (Fake::start(123).await, ManualClock::eager());
    {
        // listed in no order, as ECS promises none
        let mut world = fake.world.lock().unwrap();
        world.services.reverse();
        world.tasks.sort_by_key(|task| task.chars().rev().collect::<String>());
        world.stopped = vec!["service-0000-x".into()];
    }
    let collector = quick(&fake, &clock);
    let sweep = collector.sweep().await;
    assert_eq!(sweep.outcome, Outcome::Complete);
    let requests = Requests::new(sweep.started, sweep.requests.clone());
    let cluster = &ecs(&sweep).clusters.items[0];
    assert_eq!((cluster.services.items.len(), cluster.tasks.items.len(), cluster.stopped.len()), (123, 246, 1));
    for service in cluster.services.items.iter().map(|observed| &observed.service) {
        asked_for(&fake, &requests, (DESCRIBE_SERVICES, &service.name), ("services", &service.arn));
    }
    for task in &cluster.tasks.items {
        asked_for(&fake, &requests, (DESCRIBE_TASKS, &task.arn), ("tasks", &task.arn));
    }
    assert!(!cluster.definitions.is_empty());
    for definition in &cluster.definitions {
        let id = requests.holding(DESCRIBE_TASK_DEFINITION, "", &definition.arn).unwrap();
        let told = (DESCRIBE_TASK_DEFINITION.to_owned(), json!(definition.arn));
        let (called, asked) = asked(&fake, id);
        assert_eq!((called, asked["taskDefinition"].clone()), told);
    }
    let counts = (of(&sweep, DESCRIBE_SERVICES).len(), of(&sweep, DESCRIBE_TASKS).len(), of(&sweep, DESCRIBE_TASK_DEFINITION).len());
    assert_eq!(counts, (13, 3, cluster.definitions.len()), "the task that has stopped was described by a request of its own");
    assert_eq!(fake.calls("DescribeTasks"), 4);
    assert_eq!(ids(&sweep).len(), sweep.requests.len(), "each has an id of its own");
    let next = collector.sweep().await;
    assert!(ids(&sweep).is_disjoint(&ids(&next)), "the next sweep is answered by others");
}

#[tokio::test]
async fn what_is_thrown_away_is_not_traced() {
    let (fake, clock) = (Fake::start(3).await, ManualClock::eager());
    for depth in [Depth::State, Depth::Verdict] {
        assert_eq!(collector_of_depth(&fake, &clock, depth).sweep().await.requests, [], "{depth:?}");
    }
    let look = collector(&fake, &clock).glance(CLUSTER, &["service-0001".to_owned()]).await.unwrap();
    assert_eq!(look.requests, [], "a look vouches for nothing but what it saw");
    fake.trouble("*", Trouble::Error(400, "AccessDeniedException", "no"));
    assert_eq!(collector(&fake, &clock).sweep().await.requests, [], "a sweep that failed is the evidence of nothing");
}

#[tokio::test]
async fn a_part_that_was_refused_has_no_request_and_the_others_have() {
    let (fake, clock) = (Fake::start(12).await, ManualClock::eager());
    fake.trouble("DescribeTasks", Trouble::Error(400, "AccessDeniedException", "no"));
    let sweep = collector(&fake, &clock).sweep().await;
    assert!(matches!(sweep.outcome, Outcome::Partial { .. }), "{:?}", sweep.outcome);
    assert_eq!((of(&sweep, DESCRIBE_SERVICES).len(), of(&sweep, DESCRIBE_TASKS).len()), (2, 0));
}

#[tokio::test]
async fn what_can_be_no_id_is_none() {
    let (fake, clock) = (Fake::start(3).await, ManualClock::eager());
    let long: &'static str = Box::leak("a".repeat(129).into_boxed_str());
    for strange in ["", "two words", "tab\there", long] {
        fake.world.lock().unwrap().strange_id = Some(strange);
        let sweep = collector(&fake, &clock).sweep().await;
        assert_eq!((&sweep.outcome, sweep.requests.len()), (&Outcome::Complete, 0), "{strange:?}");
    }
}

#[tokio::test]
async fn each_alarm_has_the_page_that_told_of_it() {
    let (fake, clock) = (Fake::start(0).await, ManualClock::eager());
    fake.world.lock().unwrap().alarms = 250;
    let collector = AlarmCollector::new(fake.environment(&clock), INTERVAL);
    let sweep = collector.sweep().await;
    let requests = Requests::new(sweep.started, sweep.requests.clone());
    let Some(Reading::Alarms(reading)) = &sweep.reading else { panic!("{:?}", sweep.outcome) };
    let pages: BTreeSet<&str> =
        reading.alarms.items.iter().map(|alarm| requests.holding(DESCRIBE_ALARMS, "", &alarm.name).unwrap()).collect();
    assert_eq!((pages.len(), pages), (3, ids(&sweep)));
    assert_eq!(requests.only(DESCRIBE_ALARMS, ""), None);
    fake.world.lock().unwrap().alarms = 100;
    let sweep = collector.sweep().await;
    let requests = Requests::new(sweep.started, sweep.requests.clone());
    let only = requests.only(DESCRIBE_ALARMS, "").unwrap();
    assert_eq!(asked(&fake, only).0, DESCRIBE_ALARMS);
    fake.world.lock().unwrap().alarms = 0;
    assert_eq!(collector.sweep().await.requests, [], "a page without alarms tells of none");
}
