//! What is printed: one JSON object a line. Takings are printed one by one, because whoever makes the table knows how
//! medians and percentiles are shown there.
#![expect(clippy::disallowed_methods, reason = "what is measured is the wall's time")]

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};

/// A count: services, changes, entries.
pub(crate) fn count(of: &str, count: u64) {
    println!("{}", json!({ "figure": "count", "of": of, "count": count }));
}

/// How large a file is, or would be.
pub(crate) fn file(of: &str, bytes: u64) {
    println!("{}", json!({ "figure": "file", "of": of, "bytes": bytes }));
}

/// How many rows the timeline of a closed store has.
pub(crate) async fn entries(of: &str, path: &Path) -> Result<u64> {
    let mut connection = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path).read_only(true)).await?;
    let (entries,): (i64,) = sqlx::query_as("SELECT count(*) FROM timeline").fetch_one(&mut connection).await?;
    connection.close().await?;
    count(of, entries.unsigned_abs());
    Ok(entries.unsigned_abs())
}

/// How long each of several readings took.
pub(crate) fn takings(of: &str, takings: &[Duration]) {
    let millis: Vec<f64> = takings.iter().map(|taking| taking.as_secs_f64() * 1_000.0).collect();
    println!("{}", json!({ "figure": "takings", "of": of, "ms": millis }));
}

/// Runs it to its end and notes how long that took.
pub(crate) async fn timed<T>(takings: &mut Vec<Duration>, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let done = work.await;
    takings.push(began.elapsed());
    done
}

/// The same of what is no future.
pub(crate) fn timed_here<T>(takings: &mut Vec<Duration>, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    takings.push(began.elapsed());
    done
}

/// What a closed store takes on disk: the file, and each table with its indexes, pages that are only half filled counted
/// whole. `stage` says after what.
pub(crate) async fn sizes(stage: &str, path: &Path) -> Result<()> {
    let wal = path.with_extension("db-wal");
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    file(stage, length(path) + length(&wal));
    let mut connection = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path).read_only(true)).await?;
    let tables: Vec<(String, i64)> = sqlx::query_as(
        "SELECT COALESCE(schema.tbl_name, stat.name), sum(stat.pgsize) FROM dbstat stat
         LEFT JOIN sqlite_schema schema ON schema.name = stat.name WHERE stat.aggregate = 1 GROUP BY 1 ORDER BY 2 DESC",
    )
    .fetch_all(&mut connection)
    .await
    .context("SQLite does not tell how large its tables are")?;
    for (table, bytes) in tables {
        println!("{}", json!({ "figure": "table", "of": stage, "table": table, "bytes": bytes }));
    }
    connection.close().await?;
    Ok(())
}
