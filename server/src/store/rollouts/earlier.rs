//! What came of earlier calls and starts, for whoever plans the next rollout.
//!
//! Separate from reading rollouts back because nothing here is about one of them: it is evidence across all, read once for a
//! plan and judged by the domain. The trap is a table that only grows: both questions are bounded by time, by number and by an
//! index, and are asked while somebody waits for a page.

use domain::Timestamp;
use domain::rollout::permission::Answered;
use domain::rollout::shell::NOT_THERE;
use domain::service::{ServiceKey, Task};

use super::super::{Store, StoreError, parse, unsigned};

/// Rollouts that are looked through, the newest by their numbers: an effect of an older one is found by nobody.
const ROLLOUTS: i64 = 100;
/// Most stops that are read.
const STOPS: i64 = 200;

impl Store {
    /// Effects that were answered for after an instant, the newest first.
    ///
    /// # Errors
    /// When the statement fails or a row cannot be read.
    pub async fn effects_answered(&self, after: Timestamp) -> Result<Vec<Answered>, StoreError> {
        let (mut snapshot, after) = (self.read().await?, after.as_micros());
        let rows = sqlx::query!(
            r#"SELECT r.number AS "number!: i64", s.environment AS "environment!: String", s.cluster AS "cluster!: String",
                  s.service AS "service!: String", e.operation AS "operation!: String", e.answered_at AS "at!: i64",
                  e.outcome AS "outcome!: String"
               FROM effect e JOIN rollout r ON r.id = e.rollout JOIN rollout_step s ON s.rollout = e.rollout AND s.step = e.step
               WHERE e.rollout IN (SELECT id FROM rollout ORDER BY number DESC LIMIT ?) AND e.answered_at > ? AND e.outcome IS NOT NULL
               ORDER BY e.answered_at DESC"#,
            ROLLOUTS,
            after,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Answered {
                    at: Timestamp::from_micros(row.at),
                    rollout: unsigned(row.number),
                    service: ServiceKey { environment: row.environment, cluster: row.cluster, service: row.service },
                    operation: row.operation,
                    outcome: parse("outcome", &row.outcome)?,
                })
            })
            .collect()
    }

    /// Tasks that stopped after an instant with words that may tell of a program their image does not hold, the newest first.
    ///
    /// # Errors
    /// When the statement fails or a row cannot be read.
    pub async fn stops_without_a_program(&self, after: Timestamp) -> Result<Vec<Task>, StoreError> {
        let (mut snapshot, after) = (self.read().await?, after.as_micros());
        let [not_found, no_such_file] = NOT_THERE;
        let bodies = sqlx::query_scalar!(
            r#"SELECT body AS "body!: String" FROM stopped_task
               WHERE failed = 1 AND stopped_at > ? AND (instr(body, ?) > 0 OR instr(body, ?) > 0) ORDER BY stopped_at DESC LIMIT ?"#,
            after,
            not_found,
            no_such_file,
            STOPS,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        bodies.iter().map(|body| parse("stopped task", body)).collect()
    }
}
