//! Which request of a source's newest sweep answered for what: one row a source, replaced.
//!
//! Separate from what was read, because it is another with every sweep while what was read mostly stays, and a quiet sweep adds no
//! row. The trap is what a row would still say after a sweep that kept none: it names requests that this sweep did not make, so
//! such a sweep takes the row away. One that failed read nothing, and the row goes on standing for what is shown.

use domain::Timestamp;
use domain::reading::{Reading, Sweep};
use domain::request::{Answered, DESCRIBE_TASK_DEFINITION, Requests};
use sqlx::SqliteConnection;

use super::readiness::FleetFacts;
use super::{StoreError, json, parse};

/// Puts the requests of a sweep in the place of those before. Of sources that no request of AWS answers for there are none.
pub(super) async fn put(connection: &mut SqliteConnection, sweep: &Sweep) -> Result<(), StoreError> {
    if !matches!(sweep.reading, Some(Reading::Ecs(_) | Reading::Alarms(_))) {
        return Ok(());
    }
    let source = sweep.source.to_string();
    // what read a revision is kept with it: the next sweep reads none of them again
    let kept: Vec<&Answered> = sweep.requests.iter().filter(|one| one.operation != DESCRIBE_TASK_DEFINITION).collect();
    if kept.is_empty() {
        sqlx::query!("DELETE FROM source_request WHERE source = ?", source).execute(connection).await?;
        return Ok(());
    }
    let (began, body) = (sweep.started.as_micros(), json("list of requests", &kept)?);
    sqlx::query!(
        "INSERT INTO source_request (source, began_at, body) VALUES (?, ?, ?)
         ON CONFLICT (source) DO UPDATE SET began_at = excluded.began_at, body = excluded.body",
        source,
        began,
        body,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Those of every source that is configured.
pub(super) async fn gather(connection: &mut SqliteConnection, facts: &mut FleetFacts) -> Result<(), StoreError> {
    let rows = sqlx::query!(
        r#"SELECT r.source AS "source!: String", r.began_at AS "began_at!: i64", r.body AS "body!: String"
           FROM source_request r JOIN source ON source.id = r.source"#
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let requests = Requests::new(Timestamp::from_micros(row.began_at), parse("list of requests", &row.body)?);
        facts.requests.insert(row.source, requests);
    }
    Ok(())
}
