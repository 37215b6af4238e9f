//! Reading rollouts back: whole for the engine and a rollout's page, as rows for the list.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::rollout::{Rollout, Step};
use domain::service::ServiceKey;
use domain::view::{RecordLine, RolloutBrief, StepTimes};
use sqlx::SqliteConnection;

use super::super::{Store, StoreError, parse, unsigned};
use super::{Fixed, Moving, Plan};

/// A rollout as it stands, with all that is kept of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Its state.
    pub rollout: Rollout,
    /// What was planned.
    pub plan: Plan,
    /// As people call it.
    pub number: u64,
    /// The turn the state is of.
    pub turn: u64,
    /// Why nothing may be done until somebody has looked.
    pub review: Option<String>,
    /// Who planned it.
    pub planned_by: String,
    /// When.
    pub planned: Timestamp,
    /// Who started it.
    pub started_by: Option<String>,
    /// When.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// When each step reached the points of its way.
    pub times: Vec<StepTimes>,
}

impl Store {
    /// A rollout by its id, or by the number people call it.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn rollout(&self, wanted: &str) -> Result<Option<Kept>, StoreError> {
        let mut snapshot = self.read().await?;
        let number = wanted.parse::<i64>().ok();
        let row = sqlx::query!(
            r#"SELECT id AS "id!", number, title, status, turn, effects, plan, review, planned_by, planned_at, started_by, started_at, ended_at
               FROM rollout WHERE id = ? OR number = ?"#,
            wanted,
            number,
        )
        .fetch_optional(&mut *snapshot)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let plan: Plan = parse("plan", &row.plan)?;
        let (steps, times) = steps(&mut snapshot, &row.id).await?;
        let rollout = Rollout {
            id: row.id,
            title: row.title,
            reason: plan.wish.reason.clone(),
            budget: plan.wish.budget,
            steps,
            status: parse("status", &row.status)?,
            effects: unsigned(row.effects),
        };
        Ok(Some(Kept {
            rollout,
            plan,
            number: unsigned(row.number),
            turn: unsigned(row.turn),
            review: row.review,
            planned_by: row.planned_by,
            planned: Timestamp::from_micros(row.planned_at),
            started_by: row.started_by,
            started: row.started_at.map(Timestamp::from_micros),
            ended: row.ended_at.map(Timestamp::from_micros),
            times,
        }))
    }

    /// Ids of rollouts that were started and have not ended.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn rollouts_open(&self) -> Result<Vec<String>, StoreError> {
        let mut snapshot = self.read().await?;
        Ok(sqlx::query_scalar!(r#"SELECT id AS "id!" FROM rollout WHERE open = 1 ORDER BY number"#).fetch_all(&mut *snapshot).await?)
    }

    /// The newest rollouts, newest first.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn rollout_list(&self, most: i64) -> Result<Vec<RolloutBrief>, StoreError> {
        let mut snapshot = self.read().await?;
        let rows = sqlx::query!(
            r#"SELECT id AS "id!", number, title, status, json_extract(plan, '$.wish.reason') AS "reason: String",
                  planned_by, planned_at, started_at, ended_at
               FROM rollout ORDER BY number DESC LIMIT ?"#,
            most,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let stages = sqlx::query!(
            r#"SELECT rollout, service, json_extract(state, '$.stage') AS "stage!: String" FROM rollout_step
               WHERE rollout IN (SELECT id FROM rollout ORDER BY number DESC LIMIT ?) ORDER BY rollout, step"#,
            most,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let mut of: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for row in stages {
            of.entry(row.rollout).or_default().push((row.service, parse("stage", &row.stage)?));
        }
        rows.into_iter()
            .map(|row| {
                Ok(RolloutBrief {
                    steps: of.remove(&row.id).unwrap_or_default(),
                    id: row.id,
                    number: unsigned(row.number),
                    title: row.title,
                    status: parse("status", &row.status)?,
                    reason: row.reason.unwrap_or_default(),
                    planned_by: row.planned_by,
                    planned: Timestamp::from_micros(row.planned_at),
                    started: row.started_at.map(Timestamp::from_micros),
                    ended: row.ended_at.map(Timestamp::from_micros),
                })
            })
            .collect()
    }

    /// The newest lines of a rollout's record, newest first.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn rollout_record(&self, id: &str, most: i64) -> Result<Vec<RecordLine>, StoreError> {
        let mut snapshot = self.read().await?;
        let rows = sqlx::query!("SELECT step, at, actor, said FROM rollout_event WHERE rollout = ? ORDER BY id DESC LIMIT ?", id, most)
            .fetch_all(&mut *snapshot)
            .await?;
        let rows = rows.into_iter().map(|row| RecordLine {
            at: Timestamp::from_micros(row.at),
            actor: row.actor,
            said: row.said,
            step: row.step.and_then(|step| usize::try_from(step).ok()),
        });
        Ok(rows.collect())
    }

    /// The number of the open rollout in which a service's turn is not over, if there is one.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn rollout_of(&self, service: &ServiceKey) -> Result<Option<u64>, StoreError> {
        let mut snapshot = self.read().await?;
        let number = sqlx::query_scalar!(
            "SELECT r.number FROM rollout_step s JOIN rollout r ON r.id = s.rollout
             WHERE s.environment = ? AND s.cluster = ? AND s.service = ? AND s.ended = 0 AND r.open = 1 LIMIT 1",
            service.environment,
            service.cluster,
            service.service,
        )
        .fetch_optional(&mut *snapshot)
        .await?;
        Ok(number.map(unsigned))
    }

    /// Whether a rollout waits until somebody has looked.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn rollout_waits(&self, id: &str) -> Result<bool, StoreError> {
        let mut snapshot = self.read().await?;
        let row = sqlx::query!(r#"SELECT review IS NOT NULL AS "waits!: bool" FROM rollout WHERE id = ?"#, id)
            .fetch_optional(&mut *snapshot)
            .await?;
        Ok(row.is_some_and(|row| row.waits))
    }

    /// Says why nothing may be done in any open rollout until somebody has looked.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn rollouts_to_review(&self, why: &str) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let done = sqlx::query!("UPDATE rollout SET review = ? WHERE open = 1", why).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }
}

async fn steps(connection: &mut SqliteConnection, id: &str) -> Result<(Vec<Step>, Vec<StepTimes>), StoreError> {
    let rows = sqlx::query!(
        "SELECT environment, cluster, service, plan, state, began_at, rolled_at, baked_at, ended_at FROM rollout_step WHERE rollout = ? ORDER BY step",
        id
    )
    .fetch_all(connection)
    .await?;
    let (mut steps, mut times) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for row in rows {
        let (fixed, moving): (Fixed, Moving) = (parse("step", &row.plan)?, parse("step", &row.state)?);
        steps.push(Step {
            service: ServiceKey { environment: row.environment, cluster: row.cluster, service: row.service },
            wave: fixed.wave,
            bound: fixed.bound,
            target: fixed.target,
            floor: fixed.floor,
            bake: fixed.bake,
            marks: fixed.marks,
            stage: moving.stage,
            owed: moving.owed,
            evidence: moving.evidence,
            looked: moving.looked,
            doubts: moving.doubts,
            patience: moving.patience,
        });
        let at = |micros: Option<i64>| micros.map(Timestamp::from_micros);
        times.push(StepTimes { began: at(row.began_at), rolled: at(row.rolled_at), baked: at(row.baked_at), ended: at(row.ended_at) });
    }
    Ok((steps, times))
}
