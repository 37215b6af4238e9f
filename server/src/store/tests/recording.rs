//! What is written, and what is not.

use collectors::Report;
use domain::alarm::AlarmState;
use domain::live::Topic;
use domain::reading::{ClusterReading, EcsReading, NatsReading, ObservedService, Reading, Seen};
use domain::service::{Health, Task};
use domain::source::{Outcome, SourceKind};
use domain::view::ServiceQuery;

use super::build::*;

#[tokio::test]
async fn a_sweep_without_changes_adds_no_row() {
    let fixture = Fixture::new().await;
    let nodes = || NatsReading {
        nodes: Seen::whole(vec![node("n1", 0)]),
        connections: Seen::whole(vec![connection("n1", 1, "10.0.4.1", 1)]),
        jetstream: Some(streaming(7)),
        ..NatsReading::default()
    };
    let sweep = async |seconds| {
        fixture.record(ecs(seconds, cluster())).await;
        fixture.record(alarms(seconds, vec![alarm("auth", AlarmState::Ok)])).await;
        fixture.record(nats(seconds, nodes())).await;
    };
    sweep(0).await;
    let before = fixture.rows().await;
    for seconds in [15, 30, 45] {
        sweep(seconds).await;
    }
    assert_eq!(fixture.rows().await, before);
    let written = fixture.record(ecs(60, cluster())).await;
    assert_eq!(written.topics.into_iter().collect::<Vec<_>>(), [Topic::Sources], "only ages moved");
}

#[tokio::test]
async fn a_first_sweep_is_no_news_but_brings_the_services_own_events() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let told = fixture.timeline().await;
    assert_eq!(told, ["auth has reached a steady state.", "quest has reached a steady state.", "language has reached a steady state."]);
}

#[tokio::test]
async fn a_stop_outlives_what_ecs_remembers() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let mut trouble = cluster();
    trouble.tasks.items.remove(0);
    trouble.services.items[0].service.running = 1;
    trouble.stopped = vec![stopped("auth", 1, 10)];
    let written = fixture.record(ecs(15, trouble.clone())).await;
    assert!(written.topics.contains(&Topic::Services) && written.topics.contains(&Topic::Timeline));
    trouble.stopped.clear(); // an hour later ECS knows nothing of it
    fixture.record(ecs(4_000, trouble)).await;
    let detail = fixture.store.service_detail(&key("auth"), None, true, at(4_001)).await.unwrap().unwrap();
    assert_eq!(detail.stopped.len(), 1);
    assert_eq!(detail.stopped[0].reason.as_deref(), Some("Essential container in task exited"));
    assert_eq!(detail.stopped_on_record, 1);
    assert_eq!(detail.tasks.len(), 1);
    let told = fixture.timeline().await;
    assert!(told.contains(&"auth is down: runs 1 of 2 tasks".to_owned()), "{told:?}");
    assert_eq!(told.iter().filter(|line| line.contains("stopped")).count(), 1);
}

#[tokio::test]
async fn coming_back_says_how_long_it_was_down() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let mut down = cluster();
    down.services.items[0].service.running = 1;
    fixture.record(ecs(15, down)).await;
    fixture.record(ecs(75, cluster())).await;
    assert!(fixture.timeline().await.contains(&"auth is up again after 60 s".to_owned()));
}

#[tokio::test]
async fn a_change_of_counts_alone_is_no_new_state() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let before = fixture.rows().await[0];
    let mut fewer = cluster();
    fewer.services.items[0].service.running = 1;
    fewer.services.items[0].service.deployments[0].failed = 2;
    fixture.record(ecs(15, fewer.clone())).await;
    assert_eq!(fixture.rows().await[0], before, "the state goes on, with other numbers");
    let detail = fixture.store.service_detail(&key("auth"), None, true, at(16)).await.unwrap().unwrap();
    assert_eq!((detail.row.running, detail.deployments[0].failed), (1, 2), "and the newest of them are shown");
    fewer.services.items[0].service.deployments[0].rollout_state = Some("FAILED".into());
    fixture.record(ecs(30, fewer)).await;
    assert_eq!(fixture.rows().await[0].1, before.1 + 1, "what is more than a number is another state");
}

#[tokio::test]
async fn a_partial_list_closes_nothing() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let mut partial = cluster();
    partial.services = Seen::partial(vec![service("auth")]);
    partial.tasks = Seen::partial(vec![]);
    fixture.record(ecs(15, partial)).await;
    assert_eq!(fixture.list(ServiceQuery::default(), at(16)).await, ["auth up", "quest up", "language off_on_purpose"]);
    let detail = fixture.store.service_detail(&key("auth"), None, true, at(16)).await.unwrap().unwrap();
    assert_eq!(detail.tasks.len(), 2, "tasks that could not be listed are not gone");
}

#[tokio::test]
async fn a_service_that_is_gone_leaves_the_list_and_keeps_its_page() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let mut less = cluster();
    less.services.items.retain(|observed| observed.service.name != "quest");
    fixture.record(ecs(15, less)).await;
    assert_eq!(fixture.list(ServiceQuery::default(), at(16)).await, ["auth up", "language off_on_purpose"]);
    let detail = fixture.store.service_detail(&key("quest"), None, true, at(16)).await.unwrap().unwrap();
    assert!(!detail.present);
    assert!(fixture.timeline().await.contains(&"quest is no longer in the cluster".to_owned()));
    fixture.record(ecs(30, cluster())).await;
    assert_eq!(fixture.list(ServiceQuery::default(), at(31)).await.len(), 3, "and it may come back");
}

/// A report of these clusters, all there are or not.
fn clusters(seconds: i64, clusters: Seen<ClusterReading>) -> Report {
    let reading = EcsReading { account: "111122223333".into(), region: "us-east-1".into(), clusters };
    report(SourceKind::Ecs, seconds, Outcome::Complete, Some(Reading::Ecs(reading)))
}

#[tokio::test]
async fn what_was_in_a_cluster_that_is_gone_is_gone() {
    let fixture = Fixture::new().await;
    let other = ClusterReading { name: "other".into(), services: Seen::whole(vec![service("relay")]), ..ClusterReading::default() };
    let other = ClusterReading { tasks: Seen::whole(vec![task("relay", 1), task("relay", 2)]), ..other };
    fixture.record(clusters(0, Seen::whole(vec![cluster(), other.clone()]))).await;
    assert_eq!(fixture.list(ServiceQuery::default(), at(1)).await, ["auth up", "quest up", "relay up", "language off_on_purpose"]);
    fixture.record(clusters(15, Seen::partial(vec![cluster()]))).await;
    assert_eq!(fixture.list(ServiceQuery::default(), at(16)).await.len(), 4, "a cluster that could not be read is not gone");
    fixture.record(clusters(30, Seen::whole(vec![cluster()]))).await;
    assert_eq!(fixture.list(ServiceQuery::default(), at(31)).await, ["auth up", "quest up", "language off_on_purpose"]);
    let told = fixture.timeline().await;
    let said = "other is no longer read: the cluster was deleted, or the config does not name it any more";
    assert!(told.iter().any(|line| line == said), "{told:?}");
    let before = fixture.rows().await;
    fixture.record(clusters(45, Seen::whole(vec![cluster()]))).await;
    assert_eq!(fixture.rows().await, before, "it is told once");
    fixture.record(clusters(60, Seen::whole(Vec::new()))).await;
    assert!(fixture.list(ServiceQuery::default(), at(61)).await.is_empty(), "nor is anything left where no cluster is");
    fixture.record(clusters(75, Seen::whole(vec![other]))).await;
    assert_eq!(fixture.list(ServiceQuery::default(), at(76)).await, ["relay up"], "and one may come back");
}

#[tokio::test]
async fn an_unhealthy_task_brings_its_service_down() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let mut sick = cluster();
    sick.tasks.items[0].health = Health::Unhealthy;
    fixture.record(ecs(15, sick)).await;
    assert_eq!(fixture.list(ServiceQuery::default(), at(16)).await[0], "auth down");
    let told = fixture.timeline().await;
    assert!(told.iter().any(|line| line.ends_with("became unhealthy")), "{told:?}");
}

#[tokio::test]
async fn alarms_are_recorded_by_transition() {
    let fixture = Fixture::new().await;
    fixture.record(alarms(0, vec![alarm("auth", AlarmState::Ok)])).await;
    fixture.record(alarms(30, vec![alarm("auth", AlarmState::Alarm)])).await;
    fixture.record(alarms(60, vec![])).await;
    let told = fixture.timeline().await;
    assert_eq!(told, ["auth-cpu OK → ALARM", "auth-cpu alarm was deleted: what it watched is no longer watched"]);
}

#[tokio::test]
async fn a_silent_node_is_kept_and_its_connections_are_not_closed() {
    let fixture = Fixture::new().await;
    let whole = NatsReading {
        nodes: Seen::whole(vec![node("n1", 0), node("n2", 0)]),
        connections: Seen::whole(vec![connection("n1", 1, "10.0.4.1", 1), connection("n2", 1, "10.0.4.2", 1)]),
        ..NatsReading::default()
    };
    fixture.record(nats(0, whole.clone())).await;
    let silent = NatsReading {
        nodes: Seen::partial(vec![node("n1", 0)]),
        connections: Seen::whole(vec![connection("n1", 1, "10.0.4.1", 1)]),
        silent: vec!["n2".into()],
        ..NatsReading::default()
    };
    fixture.record(nats(15, silent)).await;
    let facts = fixture.store.overview_facts(at(16)).await.unwrap();
    assert_eq!(
        facts.nodes.iter().map(|(_, name, answers, _)| (name.as_str(), *answers)).collect::<Vec<_>>(),
        [("n1", true), ("n2", false)]
    );
    assert_eq!(facts.connections, 1, "counted where a node answers");
    assert_eq!(fixture.rows().await[0], ("interval", 5), "and the other is not claimed to be closed");
    let back = NatsReading { nodes: Seen::whole(vec![node("n1", 0), node("n2", 20)]), ..whole };
    fixture.record(nats(30, back)).await;
    assert_eq!(fixture.timeline().await, ["n2 does not answer", "n2 answers"]);
}

#[tokio::test]
async fn a_source_that_fails_opens_a_gap_and_closes_it() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    for seconds in [15, 30, 45] {
        fixture.record(failed(SourceKind::Ecs, seconds)).await;
    }
    fixture.record(ecs(60, cluster())).await;
    let told = fixture.timeline().await;
    let about: Vec<&str> = told.iter().map(String::as_str).filter(|line| line.starts_with("ECS of")).collect();
    assert_eq!(
        about,
        ["ECS of production cannot be read: connection refused", "ECS of production answers again; nothing was seen for 60 s"]
    );
    assert!(fixture.rows().await.contains(&("gap", 1)) && fixture.rows().await.contains(&("sweep", 3)));
}

#[tokio::test]
async fn time_in_which_nobody_looked_is_a_gap() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    fixture.record(ecs(600, cluster())).await;
    assert!(fixture.timeline().await.iter().any(|line| line.ends_with("nothing was seen for 10 min")));
}

#[tokio::test]
async fn a_clock_that_jumps_back_loses_nothing() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(3_600, cluster())).await;
    let mut less = cluster();
    less.services.items[0].service.running = 1;
    fixture.record(ecs(0, less)).await;
    fixture.record(ecs(15, cluster())).await;
    let mut snapshot = fixture.store.read().await.unwrap();
    let backward: i64 =
        sqlx::query_scalar("SELECT count(*) FROM interval WHERE valid_to < valid_from").fetch_one(&mut *snapshot).await.unwrap();
    assert_eq!(backward, 0);
}

#[tokio::test]
async fn the_timeline_cannot_be_rewritten() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let mut tx = fixture.store.write().await.unwrap();
    let refused = sqlx::query("UPDATE timeline SET text = 'nothing happened'").execute(&mut *tx).await.unwrap_err();
    assert!(refused.to_string().contains("append-only"));
}

#[tokio::test]
async fn a_look_at_one_service_moves_it_and_leaves_the_others_alone() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let mut seen = cluster();
    seen.services = Seen::partial(vec![service("auth")]);
    seen.services.items[0].service.running = 1;
    seen.tasks = Seen::partial(vec![task("auth", 2)]);
    let look = ecs(5, seen).sweep.unwrap();
    let names = ["auth".to_owned()];
    let written = fixture.store.record_glance(&look, &names, &fixture.marks, "group").await.unwrap().unwrap();
    assert!(written.topics.contains(&Topic::Services) && !written.topics.contains(&Topic::Sources));
    let standing = fixture.list(ServiceQuery::default(), at(5)).await;
    assert_eq!(standing, ["auth down", "quest up", "language off_on_purpose"]);
    let tasks = async |service| fixture.store.service_detail(&key(service), None, true, at(5)).await.unwrap().unwrap().tasks.len();
    assert_eq!((tasks("auth").await, tasks("quest").await), (1, 2));
    let again = fixture.store.record_glance(&look, &names, &fixture.marks, "group").await.unwrap();
    assert_eq!(again, None, "nothing moved, so nothing is written");
}

/// A cluster of which these services and tasks are told and the rest is only named.
fn only(services: &[ObservedService], tasks: &[Task]) -> ClusterReading {
    let mut told = cluster();
    let named = |name: &String| services.iter().any(|observed| observed.service.name == *name);
    let names = told.services.items.iter().map(|observed| observed.service.name.clone());
    told.services.rest = names.filter(|name| !named(name)).collect();
    let arns = told.tasks.items.iter().map(|task| task.arn.clone());
    told.tasks.rest = arns.filter(|arn| !tasks.iter().any(|task| task.arn == *arn)).collect();
    (told.services.items, told.tasks.items) = (services.to_vec(), tasks.to_vec());
    told
}

#[tokio::test]
async fn what_is_only_named_stays_as_it_is() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let before = fixture.rows().await;
    let written = fixture.record(ecs(15, only(&[], &[]))).await;
    assert_eq!(fixture.rows().await, before);
    assert_eq!(written.topics, [Topic::Sources].into());
    assert_eq!(fixture.list(ServiceQuery::default(), at(16)).await, ["auth up", "quest up", "language off_on_purpose"]);
}

#[tokio::test]
async fn a_service_whose_tasks_alone_are_told_is_judged_again() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let sick = Task { health: Health::Unhealthy, ..task("auth", 1) };
    fixture.record(ecs(15, only(&[], std::slice::from_ref(&sick)))).await;
    assert_eq!(fixture.list(ServiceQuery::default(), at(16)).await, ["auth down", "quest up", "language off_on_purpose"]);
    let mut gone = only(&[], &[]);
    gone.tasks.rest.retain(|arn| *arn != sick.arn);
    fixture.record(ecs(30, gone)).await;
    assert_eq!(fixture.list(ServiceQuery::default(), at(31)).await, ["auth up", "quest up", "language off_on_purpose"]);
    let mut fewer = service("auth");
    fewer.service.running = 1;
    let mut told = only(&[fewer], &[]);
    told.tasks.rest.retain(|arn| *arn != sick.arn);
    fixture.record(ecs(45, told)).await;
    assert_eq!(fixture.list(ServiceQuery::default(), at(46)).await[0], "auth down");
}

#[tokio::test]
async fn what_is_neither_told_nor_named_is_gone() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let mut less = only(&[], &[]);
    less.services.rest.retain(|name| name != "quest");
    less.tasks.rest.retain(|arn| !arn.contains("quest"));
    fixture.record(ecs(15, less)).await;
    assert_eq!(fixture.list(ServiceQuery::default(), at(16)).await, ["auth up", "language off_on_purpose"]);
    fixture.record(alarms(0, vec![alarm("auth", AlarmState::Ok), alarm("quest", AlarmState::Ok)])).await;
    let mut quiet = alarms(30, vec![]);
    let Some(Reading::Alarms(reading)) = quiet.sweep.as_mut().and_then(|sweep| sweep.reading.as_mut()) else { panic!() };
    reading.alarms.rest = vec!["auth-cpu".into()];
    fixture.record(quiet).await;
    let told = fixture.timeline().await;
    assert!(told.iter().any(|line| line.contains("quest-cpu")) && !told.iter().any(|line| line.contains("auth-cpu")), "{told:?}");
}

#[tokio::test]
async fn a_name_that_is_not_on_record_is_said() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let mut wrong = only(&[], &[]);
    wrong.tasks.rest.push("arn:aws:ecs:us-east-1:111122223333:task/main/never".into());
    let filed = fixture.store.record(&ecs(15, wrong), &fixture.marks, "group").await.unwrap();
    assert!(!filed.held);
    assert!(fixture.store.record(&ecs(30, cluster()), &fixture.marks, "group").await.unwrap().held);
}
