//! Which request answered for what: replaced by every sweep that read anything, and by nothing else.

use collectors::Report;
use domain::alarm::AlarmState;
use domain::reading::{ClusterReading, NatsReading, Seen};
use domain::request::{Answered, DESCRIBE_ALARMS, DESCRIBE_SERVICES, DESCRIBE_TASK_DEFINITION};
use domain::service::TaskDefinition;
use domain::source::SourceKind;

use super::build::*;
use crate::store::FleetFacts;

const REVISION: &str = "arn:aws:ecs:us-east-1:111122223333:task-definition/auth:1";

fn answered(operation: &str, part: &str, names: &[&str], id: &str) -> Option<Answered> {
    Answered::of(operation, part, names.iter().copied(), id.to_owned())
}

/// The report with these requests.
fn by(mut report: Report, requests: impl IntoIterator<Item = Option<Answered>>) -> Report {
    if let Some(sweep) = &mut report.sweep {
        sweep.requests = requests.into_iter().flatten().collect();
    }
    report
}

/// A sweep of the services that this request answered.
fn swept(seconds: i64, cluster: ClusterReading, id: &str) -> Report {
    by(ecs(seconds, cluster), [answered(DESCRIBE_SERVICES, "main", &["auth", "language", "quest"], id)])
}

/// The same, which read auth's revision for the first time.
fn read(seconds: i64, id: &str) -> Report {
    let definition = TaskDefinition { arn: REVISION.into(), ..TaskDefinition::default() };
    let cluster = ClusterReading { definitions: vec![definition], ..cluster() };
    let services = answered(DESCRIBE_SERVICES, "main", &["auth", "language", "quest"], &format!("{id}-services"));
    by(ecs(seconds, cluster), [services, answered(DESCRIBE_TASK_DEFINITION, "", &[REVISION], &format!("{id}-revision"))])
}

async fn facts(fixture: &Fixture) -> FleetFacts {
    fixture.store.readiness_facts(at(100)).await.unwrap().0
}

fn of_auth(facts: &FleetFacts) -> Option<&str> {
    facts.requests.get("ecs:production")?.holding(DESCRIBE_SERVICES, "main", "auth")
}

#[tokio::test]
async fn the_newest_sweep_takes_the_place_of_the_one_before() {
    let fixture = Fixture::new().await;
    assert!(facts(&fixture).await.requests.is_empty(), "nothing was swept");
    fixture.record(swept(0, cluster(), "r1")).await;
    let before = fixture.rows().await;
    assert!(before.contains(&("source_request", 1)), "{before:?}");
    for (seconds, id) in [(15, "r2"), (30, "r3")] {
        fixture.record(swept(seconds, cluster(), id)).await;
        assert_eq!(of_auth(&facts(&fixture).await), Some(id));
    }
    assert_eq!(fixture.rows().await, before, "a quiet sweep adds no row");
    let began = facts(&fixture).await.requests["ecs:production"].clone();
    assert!(began.can_know(Some(at(30))) && !began.can_know(Some(at(31))), "as of when the sweep began");
}

#[tokio::test]
async fn a_sweep_that_failed_leaves_what_its_evidence_rests_on() {
    let fixture = Fixture::new().await;
    fixture.record(swept(0, cluster(), "r1")).await;
    fixture.record(failed(SourceKind::Ecs, 15)).await;
    assert_eq!(of_auth(&facts(&fixture).await), Some("r1"));
    let seen = ClusterReading { services: Seen::partial(vec![service("auth")]), tasks: Seen::partial(vec![task("auth", 2)]), ..cluster() };
    let glance = swept(20, seen, "r2").sweep.unwrap();
    fixture.store.record_glance(&glance, &["auth".to_owned()], &fixture.marks, "group").await.unwrap();
    assert_eq!(of_auth(&facts(&fixture).await), Some("r1"), "a look between two sweeps answers for nothing else");
    fixture.record(ecs(30, cluster())).await;
    assert!(facts(&fixture).await.requests.is_empty(), "one that read it anew and was told no id");
}

#[tokio::test]
async fn each_source_has_its_own() {
    let fixture = Fixture::new().await;
    fixture.record(swept(0, cluster(), "r1")).await;
    let page = answered(DESCRIBE_ALARMS, "", &["auth-cpu"], "a1");
    fixture.record(by(alarms(0, vec![alarm("auth", AlarmState::Ok)]), [page])).await;
    fixture.record(nats(0, NatsReading::default())).await;
    let all = facts(&fixture).await;
    let only = all.requests.get("alarms:production").and_then(|requests| requests.only(DESCRIBE_ALARMS, ""));
    assert_eq!((of_auth(&all), only, all.requests.len()), (Some("r1"), Some("a1"), 2));
    fixture.store.sources_set(&[]).await.unwrap();
    assert!(facts(&fixture).await.requests.is_empty(), "of what the config no longer names nothing is told");
}

#[tokio::test]
async fn what_read_a_revision_stays_with_it() {
    let fixture = Fixture::new().await;
    fixture.record(read(0, "first")).await;
    let read_by = async || facts(&fixture).await.definitions.remove(REVISION).and_then(|(_, request)| request);
    assert_eq!(read_by().await.as_deref(), Some("first-revision"));
    let all = facts(&fixture).await;
    assert_eq!(all.requests["ecs:production"].holding(DESCRIBE_TASK_DEFINITION, "", REVISION), None, "it is kept once");
    for seconds in [15, 30] {
        fixture.record(swept(seconds, cluster(), "r2")).await;
    }
    assert_eq!(read_by().await.as_deref(), Some("first-revision"), "later sweeps do not read it");
    fixture.record(read(45, "again")).await;
    assert_eq!(read_by().await.as_deref(), Some("again-revision"), "but one that does is what told what is kept");
}
