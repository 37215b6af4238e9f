//! How many queries a page costs. A test binary of its own: sqlx reports statements from its worker threads, so they can
//! only be counted process-wide.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use collectors::Report;
use domain::Timestamp;
use domain::reading::{ClusterReading, EcsReading, ObservedService, Reading, Seen, Sweep};
use domain::service::Service;
use domain::source::{Outcome, SourceHealth, SourceId, SourceKind};
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

fn sweep(services: usize) -> Report {
    let id = SourceId::new(SourceKind::Ecs, "production");
    let at = Timestamp::from_secs(1_777_714_800);
    let service =
        |number| Service { name: format!("service-{number}"), status: "ACTIVE".into(), desired: 2, running: 1, ..Service::default() };
    let observed = (0..services).map(|number| ObservedService { service: service(number), events: vec![] }).collect();
    let cluster =
        ClusterReading { name: "main".into(), services: Seen::whole(observed), tasks: Seen::whole(vec![]), ..ClusterReading::default() };
    let reading = EcsReading { account: "111122223333".into(), region: "us-east-1".into(), clusters: Seen::whole(vec![cluster]) };
    let mut health = SourceHealth::untried(id.clone(), Duration::from_secs(15));
    health.last_success = Some(at);
    let sweep = Sweep { source: id, started: at, finished: at, calls: 4, outcome: Outcome::Complete, reading: Some(Reading::Ecs(reading)) };
    Report { sweep: Some(sweep), health }
}

#[tokio::test]
async fn the_overview_takes_three_queries_whatever_the_size() {
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Count)).unwrap();
    for services in [3, 1_000] {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("signalbox.db")).await.unwrap();
        let report = sweep(services);
        store.sources_set(std::slice::from_ref(&report.health)).await.unwrap();
        store.record(&report, &Marks::default(), "group").await.unwrap();
        store.revision().await.unwrap(); // the reading connection is open from here on
        let before = QUERIES.load(Ordering::Relaxed);
        let facts = store.overview_facts(Timestamp::from_secs(1_777_714_801)).await.unwrap();
        let queries = QUERIES.load(Ordering::Relaxed) - before;
        assert_eq!(facts.services.len(), services);
        // BEGIN is counted as a statement as well; what it begins is one snapshot
        assert!((3..=4).contains(&queries), "{queries} statements for {services} services");
    }
}
