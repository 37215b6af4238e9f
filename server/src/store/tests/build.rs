//! A small fleet to record, changed field by field by each test.

use std::time::Duration;

use collectors::Report;
use domain::Timestamp;
use domain::alarm::{Alarm, AlarmState};
use domain::nats::jetstream::{Consumer, Stream};
use domain::nats::{Connection, ConnectionCounters, Node, NodeCounters};
use domain::reading::{AlarmReading, ClusterReading, EcsReading, JetStreamReading, NatsReading, ObservedService, Reading, Seen, Sweep};
use domain::service::{Deployment, Service, ServiceEvent, ServiceKey, Task};
use domain::source::{Fault, FaultKind, Outcome, SourceHealth, SourceId, SourceKind};
use domain::view::ServiceQuery;

use crate::store::{Mark, Marks, Store, Written};

/// A store in a directory that is deleted at the end.
pub(super) struct Fixture {
    pub(super) store: Store,
    pub(super) directory: tempfile::TempDir,
    pub(super) marks: Marks,
}

impl Fixture {
    pub(super) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("signalbox.db")).await.unwrap();
        let mark = Mark { environment: "production".into(), service: "language".into(), cluster: None, reason: "thrashes".into() };
        let fixture = Self { store, directory, marks: Marks(vec![mark]) };
        let sources = SourceKind::ALL.map(|kind| SourceHealth::untried(id(kind), Duration::from_secs(15)));
        fixture.store.sources_set(&sources).await.unwrap();
        fixture
    }

    pub(super) async fn record(&self, report: Report) -> Written {
        let filed = self.store.record(&report, &self.marks, "group").await.unwrap();
        assert!(filed.held, "a report told whole names nothing");
        filed.written
    }

    /// Rows of every table that grows.
    pub(super) async fn rows(&self) -> Vec<(&'static str, i64)> {
        let mut counts = Vec::new();
        let mut snapshot = self.store.read().await.unwrap();
        for (table, query) in [
            ("interval", "SELECT count(*) FROM interval"),
            ("sweep", "SELECT count(*) FROM sweep"),
            ("gap", "SELECT count(*) FROM gap"),
            ("timeline", "SELECT count(*) FROM timeline"),
            ("service", "SELECT count(*) FROM service"),
            ("alarm", "SELECT count(*) FROM alarm"),
            ("stopped_task", "SELECT count(*) FROM stopped_task"),
            ("count_change", "SELECT count(*) FROM count_change"),
            ("nats_node", "SELECT count(*) FROM nats_node"),
            ("nats_connection", "SELECT count(*) FROM nats_connection"),
            ("nats_flow", "SELECT count(*) FROM nats_flow"),
            ("nats_finding", "SELECT count(*) FROM nats_finding"),
            ("nats_usual", "SELECT count(*) FROM nats_usual"),
            ("nats_meta", "SELECT count(*) FROM nats_meta"),
            ("nats_meter", "SELECT count(*) FROM nats_meter"),
            ("series", "SELECT count(*) FROM series"),
            ("series_hour", "SELECT count(*) FROM series_hour"),
            ("series_day", "SELECT count(*) FROM series_day"),
            ("source_request", "SELECT count(*) FROM source_request"),
        ] {
            counts.push((table, sqlx::query_scalar(query).fetch_one(&mut *snapshot).await.unwrap()));
        }
        counts
    }

    pub(super) async fn timeline(&self) -> Vec<String> {
        let mut snapshot = self.store.read().await.unwrap();
        let entries = crate::store::timeline::newest(&mut snapshot, 100).await.unwrap();
        entries.into_iter().rev().map(|entry| format!("{} {}", entry.subject, entry.text)).collect()
    }

    pub(super) async fn list(&self, query: ServiceQuery, now: Timestamp) -> Vec<String> {
        let page = self.store.service_page(query, now).await.unwrap();
        page.rows.into_iter().map(|row| format!("{} {}", row.key.service, row.standing)).collect()
    }
}

pub(super) fn id(kind: SourceKind) -> SourceId {
    SourceId::new(kind, if kind == SourceKind::Nats { "bus" } else { "production" })
}

pub(super) fn key(service: &str) -> ServiceKey {
    ServiceKey { environment: "production".into(), cluster: "main".into(), service: service.into() }
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_777_714_800 + seconds)
}

/// A service that is up.
pub(super) fn service(name: &str) -> ObservedService {
    let primary =
        Deployment { id: "d1".into(), status: "PRIMARY".into(), rollout_state: Some("COMPLETED".into()), ..Deployment::default() };
    let service = Service {
        name: name.into(),
        arn: format!("arn:aws:ecs:us-east-1:111122223333:service/main/{name}"),
        status: "ACTIVE".into(),
        desired: 2,
        running: 2,
        revision: Some(format!("arn:aws:ecs:us-east-1:111122223333:task-definition/{name}:1")),
        deployments: vec![primary],
        tags: [("group".to_owned(), "game".to_owned())].into(),
        ..Service::default()
    };
    let event = ServiceEvent { id: format!("e-{name}"), at: at(-60), message: format!("(service {name}) has reached a steady state.") };
    ObservedService { service, events: vec![event] }
}

pub(super) fn task(service: &str, number: u8) -> Task {
    Task {
        arn: format!("arn:aws:ecs:us-east-1:111122223333:task/main/{service}{number}"),
        service: Some(service.into()),
        last_status: "RUNNING".into(),
        desired_status: "RUNNING".into(),
        address: Some(format!("10.0.{}.{number}", service.len())),
        created: Some(at(-100)),
        started: Some(at(-90)),
        ..Task::default()
    }
}

pub(super) fn stopped(service: &str, number: u8, seconds: i64) -> Task {
    Task {
        last_status: "STOPPED".into(),
        desired_status: "STOPPED".into(),
        stopped: Some(at(seconds)),
        stop_code: Some("EssentialContainerExited".into()),
        stopped_reason: Some("Essential container in task exited".into()),
        ..task(service, number)
    }
}

/// auth and quest up, language off on purpose.
pub(super) fn cluster() -> ClusterReading {
    let mut language = service("language");
    (language.service.desired, language.service.running) = (0, 0);
    let tasks = vec![task("auth", 1), task("auth", 2), task("quest", 1), task("quest", 2)];
    ClusterReading {
        name: "main".into(),
        services: Seen::whole(vec![service("auth"), service("quest"), language]),
        tasks: Seen::whole(tasks),
        ..ClusterReading::default()
    }
}

pub(super) fn report(kind: SourceKind, seconds: i64, outcome: Outcome, reading: Option<Reading>) -> Report {
    let mut health = SourceHealth::untried(id(kind), Duration::from_secs(15));
    health.last_attempt = Some(at(seconds));
    health.last_success = reading.is_some().then(|| at(seconds));
    health.outcome = Some(outcome.clone());
    let (started, finished) = (at(seconds), at(seconds));
    let sweep = Sweep { source: id(kind), started, finished, calls: 4, outcome, reading, requests: Vec::new() };
    Report { sweep: Some(sweep), health }
}

pub(super) fn ecs(seconds: i64, cluster: ClusterReading) -> Report {
    let reading = EcsReading { account: "111122223333".into(), region: "us-east-1".into(), clusters: Seen::whole(vec![cluster]) };
    report(SourceKind::Ecs, seconds, Outcome::Complete, Some(Reading::Ecs(reading)))
}

pub(super) fn failed(kind: SourceKind, seconds: i64) -> Report {
    let fault = Fault::new(FaultKind::Unreachable, None, "connection refused");
    report(kind, seconds, Outcome::Failed { fault }, None)
}

pub(super) fn alarm(service: &str, state: AlarmState) -> Alarm {
    Alarm {
        name: format!("{service}-cpu"),
        arn: format!("arn:aws:cloudwatch:us-east-1:111122223333:alarm:{service}-cpu"),
        state,
        actions_enabled: true,
        dimensions: [("ClusterName".to_owned(), "main".to_owned()), ("ServiceName".to_owned(), service.to_owned())].into(),
        ..Alarm::default()
    }
}

pub(super) fn alarms(seconds: i64, alarms: Vec<Alarm>) -> Report {
    let reading = AlarmReading { account: "111122223333".into(), region: "us-east-1".into(), alarms: Seen::whole(alarms), history: None };
    report(SourceKind::Alarms, seconds, Outcome::Complete, Some(Reading::Alarms(reading)))
}

pub(super) fn node(name: &str, started: i64) -> (Node, NodeCounters) {
    (Node { id: format!("N{name}{started}"), name: name.into(), started: Some(at(started)), ..Node::default() }, NodeCounters::default())
}

pub(super) fn connection(node: &str, cid: u64, address: &str, started: i64) -> (Connection, ConnectionCounters) {
    let connection = Connection {
        node: format!("N{node}"),
        node_name: node.into(),
        cid,
        address: address.into(),
        started: Some(at(started)),
        ..Connection::default()
    };
    (connection, ConnectionCounters::default())
}

/// A stream with one consumer of auth's that has `pending` messages to deliver.
pub(super) fn streaming(pending: u64) -> JetStreamReading {
    let stream = Stream { account: "APP".into(), name: "QUESTS".into(), ..Stream::default() };
    let consumer = Consumer {
        account: "APP".into(),
        stream: "QUESTS".into(),
        name: "auth-work".into(),
        pending,
        waiting: 1,
        pull: true,
        ..Consumer::default()
    };
    JetStreamReading { meta: None, streams: Seen::whole(vec![stream]), consumers: vec![consumer] }
}

pub(super) fn nats(seconds: i64, reading: NatsReading) -> Report {
    report(SourceKind::Nats, seconds, Outcome::Complete, Some(Reading::Nats(reading)))
}
