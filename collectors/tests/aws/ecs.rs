//! What an ECS sweep brings home and what it costs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use collectors::{AwsEnvironment, AwsScope, Collector, Depth, EcsCollector, Keys};
use domain::Timestamp;
use domain::reading::{EcsReading, Reading, Sweep};
use domain::source::{FaultKind, Outcome, Shortfall};

use crate::clock::ManualClock;
use crate::fake::{ACCOUNT, CLUSTER, Fake, Trouble, arn, environment};

pub(crate) const INTERVAL: Duration = Duration::from_secs(15);

pub(crate) fn collector(fake: &Fake, clock: &Arc<ManualClock>) -> EcsCollector {
    EcsCollector::new(fake.environment(clock), INTERVAL)
}

pub(crate) fn collector_of_depth(fake: &Fake, clock: &Arc<ManualClock>, depth: Depth) -> EcsCollector {
    let environment = AwsEnvironment::new(fake.scope(), clock.clone()).with_keys(Keys::dummy()).with_seed(1);
    EcsCollector::new(Arc::new(environment.with_depth(depth)), INTERVAL)
}

pub(crate) fn ecs(sweep: &Sweep) -> &EcsReading {
    match &sweep.reading {
        Some(Reading::Ecs(reading)) => reading,
        other => panic!("no ECS reading but {other:?}, {:?}", sweep.outcome),
    }
}

pub(crate) fn missing(sweep: &Sweep) -> &[Shortfall] {
    match &sweep.outcome {
        Outcome::Partial { missing } => missing,
        other => panic!("not partial but {other:?}"),
    }
}

#[tokio::test]
async fn twenty_three_services_cost_one_and_three_calls() {
    let (fake, clock) = (Fake::start(23).await, ManualClock::eager());
    let sweep = collector(&fake, &clock).sweep().await;
    assert_eq!(sweep.outcome, Outcome::Complete);
    assert_eq!((fake.calls("ListServices"), fake.calls("DescribeServices")), (1, 3));
    assert_eq!((fake.calls("ListTasks"), fake.calls("DescribeTasks")), (2, 1));
    assert_eq!((fake.calls("DescribeClusters"), fake.calls("GetCallerIdentity")), (1, 1));
    assert_eq!(sweep.calls as usize, fake.all_calls());
    let reading = ecs(&sweep);
    assert_eq!((reading.account.as_str(), reading.region.as_str(), reading.clusters.whole), (ACCOUNT, "us-east-1", true));
    let cluster = &reading.clusters.items[0];
    assert_eq!((cluster.name.as_str(), cluster.services.items.len(), cluster.tasks.items.len()), (CLUSTER, 23, 46));
    assert!(cluster.services.whole && cluster.tasks.whole);
    let first = &cluster.services.items[0];
    assert_eq!(first.service.tags.get("team").map(String::as_str), Some("core"));
    assert_eq!(first.events[0].at.as_micros(), 1_777_714_800_500_000);
    assert_eq!(cluster.tasks.items[0].service.as_deref(), Some("service-0000"));
}

#[tokio::test]
async fn a_thousand_services_cost_ten_and_a_hundred_calls() {
    let (fake, clock) = (Fake::start(1_000).await, ManualClock::eager());
    let sweep = collector_of_depth(&fake, &clock, Depth::State).sweep().await;
    assert_eq!(sweep.outcome, Outcome::Complete);
    assert_eq!((fake.calls("ListServices"), fake.calls("DescribeServices")), (10, 100));
    assert_eq!((fake.calls("ListTasks"), fake.calls("DescribeTasks")), (20, 20));
    assert_eq!(fake.calls("DescribeTaskDefinition"), 0);
    assert_eq!(ecs(&sweep).clusters.items[0].services.items.len(), 1_000);
    // 110 calls at 30 % of (burst 100, 20/s): 30 are free, the other 80 take 13 s; tasks wait at the same time
    assert!(clock.passed() >= Duration::from_secs(13), "{:?}", clock.passed());
}

#[tokio::test]
async fn a_quiet_sweep_reads_no_definition_and_no_known_stop_again() {
    let (fake, clock) = (Fake::start(23).await, ManualClock::eager());
    fake.world.lock().unwrap().stopped = vec!["service-0000-x".into(), "service-0001-y".into()];
    let environment = environment(AwsScope { share: 1.0, ..fake.scope() }, &clock);
    let collector = EcsCollector::new(environment, INTERVAL);
    let first = collector.sweep().await;
    let cluster = &ecs(&first).clusters.items[0];
    assert_eq!((cluster.stopped.len(), cluster.definitions.len()), (2, 23));
    assert_eq!(cluster.stopped[0].stop_phrase(), "exit 137, Essential container in task exited");
    assert_eq!((fake.calls("DescribeTaskDefinition"), fake.calls("DescribeTasks")), (23, 2));
    let second = collector.sweep().await;
    let cluster = &ecs(&second).clusters.items[0];
    assert_eq!((cluster.stopped.len(), cluster.definitions.len()), (0, 0));
    assert_eq!((fake.calls("DescribeTaskDefinition"), fake.calls("DescribeTasks")), (23, 3));
    assert_eq!(second.calls, 1 + 1 + 3 + 2 + 1, "clusters, services, tasks; no account, no definition");
    fake.world.lock().unwrap().stopped.push("service-0002-z".into());
    let third = collector.sweep().await;
    assert_eq!(ecs(&third).clusters.items[0].stopped.len(), 1);
    collector.forget();
    let fourth = collector.sweep().await;
    let cluster = &ecs(&fourth).clusters.items[0];
    assert_eq!((cluster.stopped.len(), cluster.definitions.len()), (3, 23), "what was not recorded comes again");
}

#[tokio::test]
async fn the_past_of_services_comes_in_slices_and_once() {
    let (fake, clock) = (Fake::start(23).await, ManualClock::eager());
    fake.world.lock().unwrap().more_events = 999;
    let collector = collector(&fake, &clock);
    let brought = |sweep: &Sweep| {
        let services = &ecs(sweep).clusters.items[0].services.items;
        (services.len(), services.iter().filter(|observed| !observed.events.is_empty()).count())
    };
    assert_eq!(brought(&collector.sweep().await), (23, 20), "20,000 lines and no more");
    assert_eq!(brought(&collector.sweep().await), (23, 3), "then the others");
    assert_eq!(brought(&collector.sweep().await), (23, 0), "and none twice");
    let known = (0..23).map(|number| (CLUSTER.to_owned(), format!("service-{number:04}"), Timestamp::from_micros(1_777_714_799_500_000)));
    let restarted = self::collector(&fake, &clock);
    restarted.know_events(known);
    let sweep = restarted.sweep().await;
    assert_eq!(brought(&sweep), (23, 23));
    assert_eq!(ecs(&sweep).clusters.items[0].services.items[0].events.len(), 2, "the newest, and the instant that is known once more");
    collector.forget();
    assert_eq!(brought(&collector.sweep().await), (23, 20), "what was not recorded comes again");
}

#[tokio::test]
async fn what_a_verdict_needs_is_the_same_at_every_depth() {
    let (fake, clock) = (Fake::start(23).await, ManualClock::eager());
    let whole = collector(&fake, &clock).sweep().await;
    for depth in [Depth::State, Depth::Verdict] {
        let sweep = collector_of_depth(&fake, &clock, depth).sweep().await;
        let (cluster, all) = (&ecs(&sweep).clusters.items[0], &ecs(&whole).clusters.items[0]);
        let standing = |observed: &domain::reading::ObservedService| {
            let service = &observed.service;
            (service.name.clone(), service.status.clone(), service.desired, service.running, service.pending, service.deployments.clone())
        };
        let health = |task: &domain::service::Task| (task.arn.clone(), task.service.clone(), task.last_status.clone(), task.health);
        assert!(cluster.services.items.iter().all(|observed| observed.events.is_empty()));
        assert!(cluster.services.items.iter().map(standing).eq(all.services.items.iter().map(standing)), "{depth:?}");
        assert!(cluster.tasks.items.iter().map(health).eq(all.tasks.items.iter().map(health)), "{depth:?}");
    }
}

#[tokio::test]
async fn known_revisions_are_never_read() {
    let (fake, clock) = (Fake::start(3).await, ManualClock::eager());
    let collector = collector(&fake, &clock);
    collector.know((0..3).map(|number| format!("arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/service-{number:04}:1")));
    let sweep = collector.sweep().await;
    assert_eq!(sweep.outcome, Outcome::Complete);
    assert_eq!(fake.calls("DescribeTaskDefinition"), 0);
}

#[tokio::test]
async fn definitions_wait_for_their_budget_and_not_the_sweep_for_them() {
    let (fake, clock) = (Fake::start(40).await, ManualClock::standing());
    let collector = collector(&fake, &clock);
    // 30 % of a burst of 50: nothing sleeps, or this would hang on a standing clock
    let first = collector.sweep().await;
    assert_eq!(ecs(&first).clusters.items[0].definitions.len(), 15);
    clock.advance(INTERVAL);
    let second = collector.sweep().await;
    assert_eq!(ecs(&second).clusters.items[0].definitions.len(), 15);
    assert!(!format!("{first:?}").contains("CANARY"));
}

#[tokio::test]
async fn what_was_deleted_between_list_and_description_is_gone() {
    let (fake, clock) = (Fake::start(12).await, ManualClock::eager());
    fake.world.lock().unwrap().gone = vec!["service-0003".into()];
    let sweep = collector(&fake, &clock).sweep().await;
    assert_eq!(sweep.outcome, Outcome::Complete);
    assert_eq!(ecs(&sweep).clusters.items[0].services.items.len(), 11);
    assert!(ecs(&sweep).clusters.items[0].services.whole);
}

#[tokio::test]
async fn without_named_clusters_all_are_read() {
    let (fake, clock) = (Fake::start(2).await, ManualClock::eager());
    let environment = environment(AwsScope { clusters: Vec::new(), ..fake.scope() }, &clock);
    let sweep = EcsCollector::new(environment, INTERVAL).sweep().await;
    let names: Vec<&str> = ecs(&sweep).clusters.items.iter().map(|cluster| cluster.name.as_str()).collect();
    assert_eq!(names, [CLUSTER, "staging"]);
    assert_eq!((fake.calls("ListClusters"), fake.calls("DescribeClusters")), (1, 0));
    assert_eq!(fake.calls("DescribeTaskDefinition"), 2, "a revision two clusters run is read once");
}

#[tokio::test]
async fn a_missing_cluster_is_named_with_the_nearest_that_exists() {
    let (fake, clock) = (Fake::start(2).await, ManualClock::eager());
    let wrong = AwsScope { clusters: vec!["gaming-sytem-cluster".into()], ..fake.scope() };
    let sweep = EcsCollector::new(environment(wrong.clone(), &clock), INTERVAL).sweep().await;
    let Outcome::Failed { fault } = &sweep.outcome else { panic!("{:?}", sweep.outcome) };
    assert_eq!(fault.kind, FaultKind::NotFound);
    assert!(fault.message.contains("nearest existing name is \"gaming-system-cluster\""), "{}", fault.message);
    let both = AwsScope { clusters: vec![CLUSTER.into(), "gone".into()], ..wrong };
    let sweep = EcsCollector::new(environment(both, &clock), INTERVAL).sweep().await;
    assert_eq!(missing(&sweep)[0].what, "cluster gone");
    assert!(!ecs(&sweep).clusters.whole);
}

#[tokio::test]
async fn named_clusters_are_believed_where_they_cannot_be_checked() {
    let (fake, clock) = (Fake::start(3).await, ManualClock::eager());
    fake.trouble("DescribeClusters", Trouble::Error(400, "AccessDeniedException", "no"));
    let sweep = collector(&fake, &clock).sweep().await;
    assert_eq!(sweep.outcome, Outcome::Complete);
    let cluster = &ecs(&sweep).clusters.items[0];
    assert_eq!((cluster.name.as_str(), cluster.services.items.len()), (CLUSTER, 3));
    assert_eq!(cluster.arn, format!("arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/{CLUSTER}"), "taken from the tasks'");
}

#[tokio::test]
async fn one_denied_operation_leaves_the_rest() {
    let (fake, clock) = (Fake::start(12).await, ManualClock::eager());
    let said = "User: arn:aws:iam::111122223333:user/x is not authorized to perform: ecs:ListTasks on resource: *";
    fake.trouble("ListTasks", Trouble::Error(400, "AccessDeniedException", said));
    let sweep = collector(&fake, &clock).sweep().await;
    let cluster = &ecs(&sweep).clusters.items[0];
    assert!(cluster.services.whole && cluster.services.items.len() == 12);
    assert!(!cluster.tasks.whole && cluster.tasks.items.is_empty());
    let whats: HashMap<&str, &Shortfall> = missing(&sweep).iter().map(|shortfall| (shortfall.what.as_str(), shortfall)).collect();
    let tasks = whats["tasks of gaming-system-cluster"];
    assert_eq!((tasks.fault.kind, tasks.fault.operation.as_deref()), (FaultKind::AccessDenied, Some("ecs:ListTasks")));
    assert!(tasks.fault.remedy().contains("ecs:ListTasks"));
    assert_eq!(fake.calls("ListTasks"), 2, "a refusal is not tried again");
}

#[tokio::test]
async fn a_page_that_fails_keeps_the_pages_before_it() {
    let (fake, clock) = (Fake::start(250).await, ManualClock::eager());
    {
        let mut world = fake.world.lock().unwrap();
        world.trouble_from_call = 2;
        world.trouble.insert("ListServices".into(), Trouble::Error(400, "AccessDeniedException", "no more"));
    }
    let sweep = collector_of_depth(&fake, &clock, Depth::State).sweep().await;
    let services = &ecs(&sweep).clusters.items[0].services;
    assert_eq!((services.items.len(), services.whole), (200, false));
}

#[tokio::test]
async fn all_denied_is_a_failure_and_names_the_first_permission() {
    let (fake, clock) = (Fake::start(12).await, ManualClock::eager());
    fake.trouble("*", Trouble::Error(400, "AccessDeniedException", "no"));
    let sweep = collector(&fake, &clock).sweep().await;
    let Outcome::Failed { fault } = &sweep.outcome else { panic!("{:?}", sweep.outcome) };
    assert_eq!((fault.kind, fault.operation.as_deref()), (FaultKind::AccessDenied, Some("ecs:ListServices")));
    assert!(sweep.reading.is_none());
}

#[tokio::test]
async fn hostile_names_pass_unchanged() {
    let (fake, clock) = (Fake::start(0).await, ManualClock::eager());
    let names = ["<img src=x onerror=alert(1)>", "=cmd|' calc'!A0", "\u{202e}gnp.exe", &"🚦".repeat(255), "a b%2f"];
    fake.world.lock().unwrap().services = names.iter().map(ToString::to_string).collect();
    let sweep = collector(&fake, &clock).sweep().await;
    let mut read: Vec<&str> = ecs(&sweep).clusters.items[0].services.items.iter().map(|observed| observed.service.name.as_str()).collect();
    let mut names = names.to_vec();
    read.sort_unstable();
    names.sort_unstable();
    assert_eq!(read, names);
    assert!(arn("service", "x").starts_with("arn:"));
}

#[tokio::test]
async fn a_look_at_two_services_reads_them_and_nobody_else() {
    let (fake, clock) = (Fake::start(23).await, ManualClock::eager());
    let collector = collector(&fake, &clock);
    collector.sweep().await;
    let (services, lists, tasks) = (fake.calls("DescribeServices"), fake.calls("ListTasks"), fake.calls("DescribeTasks"));
    let names = ["service-0003".to_owned(), "service-0007".to_owned()];
    let look = collector.glance(CLUSTER, &names).await.unwrap();
    assert_eq!(
        (fake.calls("DescribeServices") - services, fake.calls("ListTasks") - lists, fake.calls("DescribeTasks") - tasks),
        (1, 2, 1)
    );
    assert_eq!(look.calls, 4);
    let cluster = &ecs(&look).clusters.items[0];
    let seen: Vec<&str> = cluster.services.items.iter().map(|observed| observed.service.name.as_str()).collect();
    assert_eq!(seen, names);
    assert!(!cluster.services.whole && cluster.tasks.items.iter().all(|task| names.contains(task.service.as_ref().unwrap())));
    assert_eq!(cluster.tasks.items.len(), 4);
}

#[tokio::test]
async fn a_look_at_a_service_that_is_gone_does_not_hide_the_others() {
    let (fake, clock) = (Fake::start(3).await, ManualClock::standing());
    fake.world.lock().unwrap().gone = vec!["made-up".to_owned()];
    let collector = EcsCollector::new(fake.environment(&clock), Duration::from_secs(60));
    let look = collector.glance(CLUSTER, &["made-up".to_owned(), "service-0001".to_owned()]).await.unwrap();
    let cluster = &ecs(&look).clusters.items[0];
    let seen: Vec<&str> = cluster.services.items.iter().map(|observed| observed.service.name.as_str()).collect();
    assert_eq!((seen, cluster.tasks.items.len()), (vec!["service-0001"], 2));
}

/// Names of the services and how many tasks a sweep tells, and how many of each it only names.
fn told(sweep: &Sweep) -> (Vec<&str>, usize, usize, usize) {
    let cluster = &ecs(sweep).clusters.items[0];
    assert!(cluster.services.whole && cluster.tasks.whole);
    let names = cluster.services.items.iter().map(|observed| observed.service.name.as_str()).collect();
    (names, cluster.tasks.items.len(), cluster.services.rest.len(), cluster.tasks.rest.len())
}

#[tokio::test]
async fn told_changes_only_a_quiet_sweep_brings_names_alone() {
    let (fake, clock) = (Fake::start(5).await, ManualClock::eager());
    let collector = collector(&fake, &clock).changes_only();
    assert_eq!(told(&collector.sweep().await).1, 10);
    let quiet = collector.sweep().await;
    assert_eq!(told(&quiet), (vec![], 0, 5, 10));
    assert_eq!((ecs(&quiet).account.as_str(), quiet.outcome.clone()), (ACCOUNT, Outcome::Complete));
    fake.world.lock().unwrap().services.remove(0);
    let fewer = collector.sweep().await;
    assert_eq!(told(&fewer), (vec![], 0, 4, 10), "what is neither told nor named is gone");
    collector.forget();
    assert_eq!(told(&collector.sweep().await).1, 10, "what could not be recorded is brought again");
}

#[tokio::test]
async fn told_changes_only_a_look_is_followed_by_all_of_its_service() {
    let (fake, clock) = (Fake::start(5).await, ManualClock::standing());
    let collector = collector(&fake, &clock).changes_only();
    collector.sweep().await;
    let names = ["service-0003".to_owned()];
    clock.advance(Duration::from_secs(1));
    collector.glance(CLUSTER, &names).await.unwrap();
    // it began before the look was recorded, so what it tells may be older
    clock.advance(Duration::from_secs(1));
    let under_way = collector.sweep().await;
    assert_eq!(told(&under_way), (vec!["service-0003"], 2, 4, 8));
    collector.glance_recorded(CLUSTER, &names);
    clock.advance(Duration::from_secs(1));
    assert_eq!(told(&collector.sweep().await), (vec!["service-0003"], 2, 4, 8));
    assert_eq!(told(&collector.sweep().await), (vec![], 0, 5, 10));
}

#[tokio::test]
async fn told_changes_only_no_revision_is_left_out() {
    let (fake, clock) = (Fake::start(230).await, ManualClock::eager());
    let collector = collector(&fake, &clock).changes_only();
    let mut read = std::collections::HashSet::new();
    while read.len() < 230 {
        let (before, sweep) = (read.len(), collector.sweep().await);
        let definitions = &ecs(&sweep).clusters.items[0].definitions;
        assert!(definitions.iter().all(|definition| read.insert(definition.arn.clone())), "each is read once");
        assert!(read.len() > before, "also those of services that did not change again");
        clock.advance(Duration::from_secs(30));
    }
    assert_eq!(fake.calls("DescribeTaskDefinition"), 230);
}
