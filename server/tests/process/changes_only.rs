//! A server that is told changes only must know what one knows that is told everything.
//!
//! Both watch the same yard, in which the script makes things happen for hours; the one that is told changes also looks at
//! services between its sweeps and loses some of its reports. After every sweep that both have recorded, what they hold must be
//! the same.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use collectors::{AlarmCollector, Collector, EcsCollector, Report};
use domain::port::Clock;
use domain::reading::{Reading, Sweep};
use domain::source::{Outcome, SourceHealth};
use signalbox::store::{Marks, Store};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use tempfile::TempDir;
use yard::{ManualClock, Options, Yard};

use crate::blind::{Hand, START, environment};

const EVERY: Duration = Duration::from_secs(15);

/// A store, and what is in it.
struct Kept {
    store: Store,
    rows: SqlitePool,
    _directory: TempDir,
}

impl Kept {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("signalbox.db");
        let store = Store::open(&path).await.unwrap();
        let rows = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&path).read_only(true)).await.unwrap();
        Self { store, rows, _directory: directory }
    }

    async fn record(&self, sweep: Sweep) {
        assert_eq!(sweep.outcome, Outcome::Complete);
        let mut health = SourceHealth::untried(sweep.source.clone(), EVERY);
        (health.last_attempt, health.last_success) = (Some(sweep.finished), Some(sweep.finished));
        let filed = self.store.record(&Report { sweep: Some(sweep), health }, &Marks::default(), "group").await.unwrap();
        assert!(filed.held, "everything that is named is on record");
    }

    /// Every state as it is now, every service as it is listed and every alarm, by name.
    async fn now(&self) -> BTreeMap<String, String> {
        let query = "SELECT noun || ' ' || name, body FROM interval WHERE valid_to IS NULL
                     UNION ALL SELECT 'listed ' || name, json_array(present, standing, moving, reasons, desired, running, pending,
                                                                    unhealthy, revision, grouping, events_until) FROM service
                     UNION ALL SELECT 'alarm row ' || name, json_array(state, cluster, service, body, untold) FROM alarm
                     UNION ALL SELECT 'revision ' || arn, body FROM task_definition
                     UNION ALL SELECT 'stop ' || arn, body FROM stopped_task
                     UNION ALL SELECT 'coverage ' || service, json_array(lacking) FROM coverage";
        sqlx::query_as::<_, (String, String)>(query).fetch_all(&self.rows).await.unwrap().into_iter().collect()
    }
}

/// How many services and tasks a sweep tells.
fn size(sweep: &Sweep) -> usize {
    match &sweep.reading {
        Some(Reading::Ecs(reading)) => {
            reading.clusters.items.iter().map(|cluster| cluster.services.items.len() + cluster.tasks.items.len()).sum()
        }
        Some(Reading::Alarms(reading)) => reading.alarms.items.len(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn told_changes_only_a_server_knows_the_same() {
    collectors::install_crypto();
    let time = ManualClock::new(START);
    let options = Options { script: true, throttles: false, nats: None, clock: Arc::new(time.clone()), ..Options::default() };
    let yard = Yard::start(options).await.unwrap();
    let clock: Arc<dyn Clock> = Arc::new(Hand(time.clone()));
    let aws = environment(&yard.endpoints().aws, &clock);
    let everything = (EcsCollector::new(Arc::clone(&aws), EVERY), AlarmCollector::new(Arc::clone(&aws), EVERY));
    let changes = (EcsCollector::new(Arc::clone(&aws), EVERY).changes_only(), AlarmCollector::new(Arc::clone(&aws), EVERY).changes_only());
    let (by_all, by_changes) = (Kept::new().await, Kept::new().await);
    let (mut all, mut told, mut moved) = (0, 0, 0);
    let mut before = BTreeMap::new();
    for step in 0..120_usize {
        time.advance(Duration::from_secs(20));
        if step % 3 == 1 {
            let services = by_changes.store.known_events("production").await.unwrap();
            let (cluster, service, _) = &services[step % services.len()];
            let names = [service.clone()];
            let look = changes.0.glance(cluster, &names).await.unwrap();
            by_changes.store.record_glance(&look, &names, &Marks::default(), "group").await.unwrap();
            changes.0.glance_recorded(cluster, &names);
            time.advance(Duration::from_secs(5));
        }
        if step % 17 == 16 {
            // a report that is lost
            drop((changes.0.sweep().await, changes.1.sweep().await));
            changes.0.forget();
            changes.1.forget();
            time.advance(Duration::from_secs(5));
        }
        let (ecs, alarms) = (everything.0.sweep().await, everything.1.sweep().await);
        let (some_ecs, some_alarms) = (changes.0.sweep().await, changes.1.sweep().await);
        all += size(&ecs) + size(&alarms);
        told += size(&some_ecs) + size(&some_alarms);
        by_all.record(ecs).await;
        by_all.record(alarms).await;
        by_changes.record(some_ecs).await;
        by_changes.record(some_alarms).await;
        let (one, other) = (by_all.now().await, by_changes.now().await);
        assert_eq!(one, other, "step {step}");
        moved += usize::from(one != before);
        before = one;
    }
    assert!(moved > 40, "the script makes things happen: {moved} of 120 steps");
    assert!(told * 2 < all, "{told} of {all} things were told");
}
