//! That what is asked for each service reads that service's rows, in a store nothing was ever recorded in: that is where
//! the first sweep of ten thousand services begins.

use crate::store::Store;

#[tokio::test]
async fn one_service_is_found_without_reading_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("signalbox.db")).await.unwrap();
    let mut tx = store.write().await.unwrap();
    for (query, index) in [
        ("SELECT body FROM alarm WHERE environment = ? AND cluster = ? AND service = ? ORDER BY name", "alarm_of_service"),
        ("UPDATE alarm SET cluster = ? WHERE environment = ? AND target = ? AND service IS NULL", "alarm_targets"),
        ("UPDATE alarm SET cluster = ? WHERE environment = ? AND hint = ? AND service IS NULL", "alarm_hinted"),
        ("SELECT cluster FROM service WHERE environment = ? AND name = ? AND present = 1 LIMIT 2", "service_named"),
        ("SELECT name FROM alarm WHERE environment = ? AND state <> 'OK'", "alarm_not_ok"),
        (
            "SELECT cluster, service, count(*), sum(state = 'ALARM') FROM alarm GROUP BY environment, cluster, service",
            "COVERING INDEX alarm_of_service",
        ),
        // by FTS5 itself, at every merge of its segments
        ("DELETE FROM timeline_search_data WHERE id >= ? AND id <= ?", "SEARCH timeline_search_data USING INTEGER PRIMARY KEY"),
        ("SELECT body FROM interval WHERE noun = ? AND source = ? AND cluster = ? AND name = ? AND valid_to IS NULL", "interval_open"),
    ] {
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {query}"))).fetch_all(&mut *tx).await.unwrap();
        let steps: Vec<&str> = plan.iter().map(|step| step.3.as_str()).collect();
        assert!(steps.iter().any(|step| step.contains(index)), "{query}: {steps:?}");
    }
}

#[tokio::test]
async fn the_search_index_counts_as_large_whatever_is_looked_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("signalbox.db");
    for _ in 0..2 {
        let store = Store::open(&path).await.unwrap();
        let mut tx = store.write().await.unwrap();
        sqlx::query("ANALYZE").execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        store.look_over().await.unwrap();
        let mut tx = store.write().await.unwrap();
        let shapes: Vec<(String, String)> =
            sqlx::query_as("SELECT tbl, stat FROM sqlite_stat1 WHERE tbl LIKE 'timeline_search%'").fetch_all(&mut *tx).await.unwrap();
        assert_eq!(shapes, [("timeline_search_data".to_owned(), "1000000".to_owned())]);
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as("EXPLAIN QUERY PLAN DELETE FROM timeline_search_data WHERE id >= 1 AND id <= 2")
                .fetch_all(&mut *tx)
                .await
                .unwrap();
        assert!(plan[0].3.starts_with("SEARCH"), "{plan:?}");
        drop(tx);
        store.close().await;
    }
}
