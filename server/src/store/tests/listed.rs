//! That the list kept in memory is the one SQLite gave, row for row, and that it is never an older one than was recorded.

use std::time::Duration;

use domain::Timestamp;
use domain::alarm::AlarmState;
use domain::judge::Standing;
use domain::source::{SourceHealth, SourceId, SourceKind};
use domain::view::{ServiceQuery, ServiceRow, ServiceSort};
use sqlx::SqliteConnection;

use super::build::*;
use crate::store::Store;

/// The rows that match, as SQLite filtered and sorted them for every page until decision 0134. `?1` are the environments whose
/// source is stale.
const BY_SQLITE: &str = "
    SELECT s.environment, s.cluster, s.name FROM service s
    WHERE s.present = 1 AND s.environment IN (SELECT substr(id, 5) FROM source WHERE id LIKE 'ecs:%')
      AND (?3 = '' OR instr(lower(s.name), lower(?3)) > 0)
      AND (?4 IS NULL OR CASE WHEN s.environment IN (SELECT value FROM json_each(?1)) THEN 'unknown' ELSE s.standing END = ?4)
      AND (?5 IS NULL OR s.grouping = ?5) AND (?6 IS NULL OR s.environment = ?6)
    ORDER BY CASE WHEN ?7 THEN -1 ELSE 1 END * CASE ?2
                 WHEN 'state' THEN CASE s.standing WHEN 'down' THEN 0 WHEN 'contradiction' THEN 1 WHEN 'up' THEN 3 WHEN 'off' THEN 4 ELSE 5 END
                 WHEN 'running' THEN s.running WHEN 'since' THEN -s.since ELSE 0 END,
             CASE WHEN ?7 THEN CASE ?2 WHEN 'group' THEN COALESCE(s.grouping, '~') WHEN 'name' THEN s.name ELSE '' END END DESC,
             CASE WHEN NOT ?7 THEN CASE ?2 WHEN 'group' THEN COALESCE(s.grouping, '~') WHEN 'name' THEN s.name ELSE '' END END,
             s.name, s.environment, s.cluster";

/// What the counts over the whole fleet were made from.
const FLEET_BY_SQLITE: &str = "
    SELECT environment, grouping, CASE WHEN environment IN (SELECT value FROM json_each(?1)) THEN 'unknown' ELSE standing END, count(*)
    FROM service WHERE present = 1 AND environment IN (SELECT substr(id, 5) FROM source WHERE id LIKE 'ecs:%') GROUP BY 1, 2, 3";

const NAMES: [&str; 9] = ["auth", "Auth", "auth-nats", "a_th", "AUTH%", "über-auth", "Über", "z~", "' OR 1=1 --"];
/// Read a moment ago, not read for a while, and no longer in the config.
const PLACES: [(&str, &str); 4] = [("production", "main"), ("production", "side"), ("staging", "main"), ("gone", "main")];
const GROUPS: [Option<&str>; 5] = [None, Some("core"), Some("~"), Some("Core"), Some("ärger")];
const STANDINGS: [&str; 5] = ["down", "contradiction", "up", "off", "off_on_purpose"];

async fn insert(connection: &mut SqliteConnection, number: usize, place: (&str, &str), name: &str) {
    let figure = |of: usize| i64::try_from(number % of).unwrap();
    sqlx::query(
        "INSERT INTO service (environment, cluster, name, account, region, present, grouping, standing, since, moving, reasons,
                              desired, running, pending, unhealthy, revision, events_until)
         VALUES (?, ?, ?, '111122223333', 'us-east-1', ?, ?, ?, ?, 0, '[]', 2, ?, 0, 0, NULL, 0)",
    )
    .bind(place.0)
    .bind(place.1)
    .bind(name)
    .bind(i64::from(!number.is_multiple_of(11)))
    .bind(GROUPS[number % GROUPS.len()])
    .bind(STANDINGS[number / 3 % STANDINGS.len()])
    .bind(figure(3))
    .bind(figure(4))
    .execute(connection)
    .await
    .unwrap();
}

/// A fleet in which many rows are equal in whatever is sorted by.
async fn mixed() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("signalbox.db")).await.unwrap();
    let read = |scope: &str, seconds| SourceHealth {
        last_success: Some(at(seconds)),
        ..SourceHealth::untried(SourceId::new(SourceKind::Ecs, scope), Duration::from_secs(15))
    };
    store.sources_set(&[read("production", 0), read("staging", -600)]).await.unwrap();
    let mut tx = store.write().await.unwrap();
    let each = PLACES.into_iter().flat_map(|place| NAMES.into_iter().map(move |name| (place, name)));
    for (number, (place, name)) in each.enumerate() {
        insert(&mut tx, number, place, name).await;
    }
    tx.commit().await.unwrap();
    (directory, store)
}

type Key = (String, String, String);

async fn by_sqlite(connection: &mut SqliteConnection, query: &ServiceQuery) -> Vec<Key> {
    sqlx::query_as(BY_SQLITE)
        .bind("[\"staging\"]")
        .bind(query.sort.as_str())
        .bind(&query.q)
        .bind(query.state.map(Standing::as_str))
        .bind(&query.group)
        .bind(&query.environment)
        .bind(query.reverse)
        .fetch_all(connection)
        .await
        .unwrap()
}

fn keys(rows: &[ServiceRow]) -> Vec<Key> {
    rows.iter().map(|row| (row.key.environment.clone(), row.key.cluster.clone(), row.key.service.clone())).collect()
}

/// Every filter with every other, in one order.
fn filters() -> Vec<ServiceQuery> {
    let mut all = Vec::new();
    for q in ["", "AU", "%", "a_", "ü", "Ü", "or 1"] {
        for state in [None, Some(Standing::Up), Some(Standing::Unknown), Some(Standing::OffOnPurpose)] {
            for (group, environment) in
                [(None, None), (Some("core"), None), (Some("~"), None), (None, Some("staging")), (None, Some("gone"))]
            {
                let (group, environment) = (group.map(str::to_owned), environment.map(str::to_owned));
                all.push(ServiceQuery { q: q.to_owned(), state, group, environment, ..ServiceQuery::default() });
            }
        }
    }
    all
}

#[tokio::test]
async fn a_page_is_what_sqlite_made_of_the_same_question() {
    let (_directory, store) = mixed().await;
    let mut snapshot = store.read().await.unwrap();
    for filter in filters() {
        for (sort, reverse) in ServiceSort::ALL.into_iter().flat_map(|sort| [(sort, false), (sort, true)]) {
            let query = ServiceQuery { sort, reverse, ..filter.clone() };
            let wanted = by_sqlite(&mut snapshot, &query).await;
            let whole = store.service_page(ServiceQuery { per: u32::MAX, ..query.clone() }, at(1)).await.unwrap();
            assert_eq!(keys(&whole.rows), wanted, "{query:?}");
            assert_eq!(whole.matching, wanted.len() as u64);
            for page in 1..=3 {
                let cut: Vec<Key> = wanted.iter().skip((page as usize - 1) * 7).take(7).cloned().collect();
                let shown = store.service_page(ServiceQuery { per: 7, page, ..query.clone() }, at(1)).await.unwrap();
                assert_eq!((keys(&shown.rows), shown.matching), (cut, whole.matching), "page {page} of {query:?}");
            }
        }
    }
}

#[tokio::test]
async fn the_counts_of_the_fleet_are_what_sqlite_counted() {
    let (_directory, store) = mixed().await;
    let mut snapshot = store.read().await.unwrap();
    let rows: Vec<(String, Option<String>, String, i64)> =
        sqlx::query_as(FLEET_BY_SQLITE).bind("[\"staging\"]").fetch_all(&mut *snapshot).await.unwrap();
    let page = store.service_page(ServiceQuery::default(), at(1)).await.unwrap();
    let counted = |standing: Standing| rows.iter().filter(|row| row.2 == standing.as_str()).map(|row| row.3.unsigned_abs()).sum::<u64>();
    let standings = Standing::ALL.map(|standing| (standing, counted(standing)));
    assert_eq!(page.standings, standings.into_iter().filter(|(_, count)| *count > 0).collect::<Vec<_>>());
    assert_eq!(page.total, page.standings.iter().map(|(_, count)| count).sum::<u64>());
    let sorted = |names: Vec<String>| names.into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>();
    assert_eq!(page.environments, sorted(rows.iter().map(|row| row.0.clone()).collect()));
    assert_eq!(page.groups, sorted(rows.iter().filter_map(|row| row.1.clone()).collect()));
}

#[tokio::test]
async fn what_a_report_moved_is_on_the_next_page_with_its_revision() {
    let fixture = Fixture::new().await;
    let page = async |now| fixture.store.service_page(ServiceQuery { q: "auth".into(), ..ServiceQuery::default() }, now).await.unwrap();
    for second in 0..6_u32 {
        let (mut fleet, seconds) = (cluster(), i64::from(second));
        // every second sweep is a quiet one
        fleet.services.items[0].service.running = second / 2;
        let written = fixture.record(ecs(seconds, fleet)).await;
        let shown = page(at(seconds)).await;
        assert_eq!((shown.rows[0].running, shown.revision, shown.observed), (second / 2, written.revision, Some(at(seconds))));
    }
    for (seconds, state, on) in [(6, AlarmState::Ok, 0), (7, AlarmState::Alarm, 1), (8, AlarmState::Alarm, 1), (9, AlarmState::Ok, 0)] {
        let written = fixture.record(alarms(seconds, vec![alarm("auth", state), alarm("quest", AlarmState::Alarm)])).await;
        let shown = page(at(seconds)).await;
        assert_eq!((shown.rows[0].alarms, shown.rows[0].alarms_on, shown.revision), (1, on, written.revision));
    }
    fixture.record(alarms(10, vec![])).await;
    assert_eq!(page(at(10)).await.rows[0].alarms, 0);
}

#[tokio::test]
async fn the_foot_of_a_page_tells_when_its_sources_answered() {
    let fixture = Fixture::new().await;
    let briefs = async |now: Timestamp| fixture.store.source_briefs(now).await.unwrap();
    assert_eq!(briefs(at(0)).await.len(), SourceKind::ALL.len());
    assert_eq!(briefs(at(0)).await[0].observed, None);
    fixture.record(ecs(5, cluster())).await;
    assert_eq!(briefs(at(6)).await[0].observed, Some(at(5)));
    let overview = fixture.store.overview_facts(at(6)).await.unwrap().compose(at(6));
    assert_eq!(briefs(at(6)).await, overview.sources, "the frame and the Overview say the same");
    fixture.store.sources_set(&[]).await.unwrap();
    assert_eq!(briefs(at(7)).await, []);
}

#[tokio::test]
async fn a_store_beside_the_server_s_sees_what_the_server_records() {
    let fixture = Fixture::new().await;
    let beside = Store::beside(fixture.store.path()).await.unwrap();
    let running =
        async || beside.service_page(ServiceQuery::default(), at(20)).await.unwrap().rows.iter().map(|row| row.running).sum::<u32>();
    fixture.record(ecs(0, cluster())).await;
    assert_eq!(running().await, 4);
    let mut fewer = cluster();
    fewer.services.items[0].service.running = 1;
    fixture.record(ecs(15, fewer)).await;
    assert_eq!(running().await, 3);
    beside.close().await;
}

#[tokio::test]
async fn many_who_ask_at_once_get_one_reading() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let (one, other) = tokio::join!(fixture.store.service_list(), fixture.store.service_list());
    assert!(std::sync::Arc::ptr_eq(&one.unwrap(), &other.unwrap()));
    let first = fixture.store.service_list().await.unwrap();
    fixture.record(ecs(15, cluster())).await;
    assert!(std::sync::Arc::ptr_eq(&first, &fixture.store.service_list().await.unwrap()), "a quiet sweep moves nothing");
    let mut fewer = cluster();
    fewer.services.items[0].service.running = 1;
    fixture.record(ecs(30, fewer)).await;
    assert!(!std::sync::Arc::ptr_eq(&first, &fixture.store.service_list().await.unwrap()));
}
