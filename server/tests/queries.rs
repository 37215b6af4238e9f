//! How many queries a page costs. A test binary of its own: sqlx reports statements from its worker threads, so they can
//! only be counted process-wide, by one test at a time.

#![expect(clippy::unwrap_used, reason = "a test that cannot start what it tests has failed")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use collectors::Report;
use domain::Timestamp;
use domain::reading::{ClusterReading, EcsReading, ObservedService, Reading, Seen, Sweep};
use domain::service::Service;
use domain::source::{Outcome, SourceHealth, SourceId, SourceKind};
use domain::view::ServiceQuery;
use signalbox::store::{Marks, Store};
use tracing_subscriber::layer::SubscriberExt;

static QUERIES: AtomicUsize = AtomicUsize::new(0);

/// Counts the statements sqlx executes.
struct Count;

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Count {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            QUERIES.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The statements so far.
fn so_far() -> usize {
    QUERIES.load(Ordering::Relaxed)
}

fn now() -> Timestamp {
    Timestamp::from_secs(1_777_714_801)
}

fn sweep(services: usize, running: u32) -> Report {
    let id = SourceId::new(SourceKind::Ecs, "production");
    let at = Timestamp::from_secs(1_777_714_800);
    let service =
        |number| Service { name: format!("service-{number}"), status: "ACTIVE".into(), desired: 2, running, ..Service::default() };
    let observed = (0..services).map(|number| ObservedService { service: service(number), events: vec![] }).collect();
    let cluster =
        ClusterReading { name: "main".into(), services: Seen::whole(observed), tasks: Seen::whole(vec![]), ..ClusterReading::default() };
    let reading = EcsReading { account: "111122223333".into(), region: "us-east-1".into(), clusters: Seen::whole(vec![cluster]) };
    let mut health = SourceHealth::untried(id.clone(), Duration::from_secs(15));
    health.last_success = Some(at);
    let (outcome, reading) = (Outcome::Complete, Some(Reading::Ecs(reading)));
    let sweep = Sweep { source: id, started: at, finished: at, calls: 4, outcome, reading, requests: Vec::new() };
    Report { sweep: Some(sweep), health }
}

async fn record(store: &Store, report: &Report) {
    store.record(report, &Marks::default(), "group").await.unwrap();
}

/// How many tasks the first row of the list runs.
async fn first_row(store: &Store) -> u32 {
    store.service_page(ServiceQuery::default(), now()).await.unwrap().rows[0].running
}

#[tokio::test]
async fn what_pages_ask_does_not_grow_with_the_fleet() {
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Count)).unwrap();
    for services in [3, 1_000] {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("signalbox.db")).await.unwrap();
        let report = sweep(services, 1);
        store.sources_set(std::slice::from_ref(&report.health)).await.unwrap();
        record(&store, &report).await;
        store.revision().await.unwrap(); // the reading connection is open from here on
        the_overview_takes_three(&store, services).await;
        the_list_is_read_once_and_then_when_it_moved(&store, services).await;
    }
}

async fn the_overview_takes_three(store: &Store, services: usize) {
    let before = so_far();
    let facts = store.overview_facts(now()).await.unwrap();
    let queries = so_far() - before;
    assert_eq!(facts.services.len(), services);
    // BEGIN is counted as a statement as well; what it begins is one snapshot
    assert!((3..=4).contains(&queries), "{queries} statements for {services} services");
}

/// Revision, rows and the sources' health at first; then nothing, and the sources' health alone after a sweep in which nothing
/// moved. A connection that the pool opens meanwhile takes statements of its own.
async fn the_list_is_read_once_and_then_when_it_moved(store: &Store, services: usize) {
    let before = so_far();
    assert_eq!(first_row(store).await, 1);
    let queries = so_far() - before;
    assert!((3..=6).contains(&queries), "{queries} statements for the first page of {services} services");
    let before = so_far();
    for _ in 0..50 {
        first_row(store).await;
        store.source_briefs(now()).await.unwrap();
    }
    let queries = so_far() - before;
    assert!(queries <= 1, "{queries} statements for fifty pages more");
    let mut queries = 0;
    for _ in 0..10 {
        record(store, &sweep(services, 1)).await;
        let before = so_far();
        first_row(store).await;
        store.source_briefs(now()).await.unwrap();
        queries += so_far() - before;
    }
    assert!((10..=20).contains(&queries), "{queries} statements for ten pages, each after a quiet sweep");
    record(store, &sweep(services, 2)).await;
    assert_eq!(first_row(store).await, 2, "a sweep in which something moved is seen at once");
}
