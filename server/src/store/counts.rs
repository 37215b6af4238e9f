//! Task counts over time: one narrow row a change, written in the transaction that closes and opens the interval.
//!
//! Separate from the interval because its body is the whole service, a kilobyte and more, and a plot of a month needs
//! three small numbers a change (decision 0051). The trap is a service that is gone: its last row has no counts, so that
//! nothing is drawn on after it left.

use domain::Timestamp;
use domain::service::{Service, ServiceKey};
use sqlx::SqliteConnection;

use super::StoreError;

/// Where a service's numbers belong.
pub(super) struct Whose<'a> {
    pub(super) environment: &'a str,
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) cluster: &'a str,
    pub(super) service: &'a str,
}

/// The number of a service, made on first use.
pub(super) async fn subject(connection: &mut SqliteConnection, whose: &Whose<'_>) -> Result<i64, StoreError> {
    let known = sqlx::query_scalar!(
        r#"SELECT id AS "id!" FROM subject WHERE environment = ? AND cluster = ? AND service = ?"#,
        whose.environment,
        whose.cluster,
        whose.service,
    )
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(id) = known {
        return Ok(id);
    }
    let id = sqlx::query_scalar!(
        r#"INSERT INTO subject (environment, account, region, cluster, service) VALUES (?, ?, ?, ?, ?) RETURNING id AS "id!""#,
        whose.environment,
        whose.account,
        whose.region,
        whose.cluster,
        whose.service,
    )
    .fetch_one(connection)
    .await?;
    Ok(id)
}

/// The number of a service that was measured before.
pub(super) async fn known_subject(connection: &mut SqliteConnection, key: &ServiceKey) -> Result<Option<i64>, StoreError> {
    let id = sqlx::query_scalar!(
        r#"SELECT id AS "id!" FROM subject WHERE environment = ? AND cluster = ? AND service = ?"#,
        key.environment,
        key.cluster,
        key.service,
    )
    .fetch_optional(connection)
    .await?;
    Ok(id)
}

/// Notes a change of a service's counts; other changes of it are none here.
pub(super) async fn note(
    connection: &mut SqliteConnection,
    whose: &Whose<'_>,
    before: Option<&Service>,
    after: Option<&Service>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let counts = |service: &Service| (i64::from(service.desired), i64::from(service.running), i64::from(service.pending));
    let after = after.map(counts);
    if before.map(counts) == after {
        return Ok(());
    }
    let (subject, at) = (subject(connection, whose).await?, at.as_micros());
    let (desired, running, pending) = (after.map(|all| all.0), after.map(|all| all.1), after.map(|all| all.2));
    sqlx::query!(
        "INSERT INTO count_change (subject, at, desired, running, pending) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (subject, at) DO UPDATE SET desired = excluded.desired, running = excluded.running, pending = excluded.pending",
        subject,
        at,
        desired,
        running,
        pending,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Counts from one instant to the next change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// When they began.
    pub at: Timestamp,
    /// Desired, running, pending; nothing once the service is gone.
    pub tasks: Option<(u32, u32, u32)>,
}

/// The counts of a service from `from` on, oldest first, beginning with those that held then.
pub(super) async fn since(connection: &mut SqliteConnection, subject: i64, from: i64) -> Result<Vec<Counts>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT at, desired, running, pending FROM count_change
           WHERE subject = ?1 AND at >= COALESCE((SELECT max(at) FROM count_change WHERE subject = ?1 AND at <= ?2), ?2)
           ORDER BY at"#,
        subject,
        from,
    )
    .fetch_all(connection)
    .await?;
    let counts = |row: (Option<i64>, Option<i64>, Option<i64>)| Some((super::small(row.0?), super::small(row.1?), super::small(row.2?)));
    Ok(rows
        .into_iter()
        .map(|row| Counts { at: Timestamp::from_micros(row.at), tasks: counts((row.desired, row.running, row.pending)) })
        .collect())
}
