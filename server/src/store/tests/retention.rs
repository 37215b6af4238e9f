//! What is let go, what stays, and that the file gets smaller again.

use std::time::Duration;

use domain::source::SourceKind;

use super::build::*;
use crate::store::Keep;

const DAY: Duration = Duration::from_secs(86_400);
const KEEP: Keep = Keep { states: Duration::from_secs(400 * 86_400), tasks: Duration::from_secs(30 * 86_400), timeline: None };

async fn closed(fixture: &Fixture, noun: &str, name: &str, valid_to: i64) {
    let mut tx = fixture.store.write().await.unwrap();
    sqlx::query(
        "INSERT INTO interval (noun, source, account, region, cluster, name, valid_from, valid_to, body)
         VALUES (?, 'ecs:production', '1', 'r', 'main', ?, 0, ?, '{}')",
    )
    .bind(noun)
    .bind(name)
    .bind(valid_to)
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

async fn names(fixture: &Fixture) -> Vec<String> {
    let mut snapshot = fixture.store.read().await.unwrap();
    sqlx::query_scalar("SELECT name FROM interval ORDER BY name").fetch_all(&mut *snapshot).await.unwrap()
}

#[tokio::test]
async fn each_kind_has_its_own_age_and_open_states_stay() {
    let fixture = Fixture::new().await;
    let now = at(0);
    closed(&fixture, "task", "task-old", now.minus(31 * DAY).as_micros()).await;
    closed(&fixture, "task", "task-young", now.minus(29 * DAY).as_micros()).await;
    closed(&fixture, "service", "service-young", now.minus(399 * DAY).as_micros()).await;
    closed(&fixture, "service", "service-old", now.minus(401 * DAY).as_micros()).await;
    let mut tx = fixture.store.write().await.unwrap();
    sqlx::query(
        "INSERT INTO interval (noun, source, account, region, cluster, name, valid_from, body) VALUES ('task', 's', '', '', '', 'task-open', 0, '{}')",
    )
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(fixture.store.let_go(KEEP, now).await.unwrap(), 2);
    assert_eq!(names(&fixture).await, ["service-young", "task-open", "task-young"]);
    assert_eq!(fixture.store.let_go(KEEP, now).await.unwrap(), 0);
}

#[tokio::test]
async fn the_timeline_goes_only_when_told() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    fixture.record(failed(SourceKind::Ecs, 15)).await;
    let before = fixture.timeline().await.len();
    assert!(before > 0);
    let later = at(15).plus(1_000 * DAY);
    while fixture.store.let_go(KEEP, later).await.unwrap() > 0 {}
    assert_eq!(fixture.timeline().await.len(), before);
    fixture.store.let_go(Keep { timeline: Some(DAY), ..KEEP }, later).await.unwrap();
    assert_eq!(fixture.timeline().await.len(), 0);
}

#[tokio::test]
async fn the_file_gets_smaller_again_slice_by_slice() {
    let fixture = Fixture::new().await;
    let mut tx = fixture.store.write().await.unwrap();
    sqlx::query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
         INSERT INTO interval (noun, source, account, region, cluster, name, valid_from, valid_to, body)
         SELECT 'task', 's', '', '', '', 't' || i, 0, 1, hex(zeroblob(500)) FROM n",
    )
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let pages = async || {
        let mut snapshot = fixture.store.read().await.unwrap();
        sqlx::query_scalar::<_, i64>("PRAGMA page_count").fetch_one(&mut *snapshot).await.unwrap()
    };
    let full = pages().await;
    let mut slices = 0;
    while fixture.store.let_go(KEEP, at(0)).await.unwrap() > 0 {
        slices += 1;
    }
    assert_eq!(slices, 6);
    assert!(pages().await < full / 2, "{} of {full} pages", pages().await);
}
