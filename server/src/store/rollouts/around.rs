//! What holds for every rollout: the one stop, freezes, and failures that are kept in mind.

use domain::Timestamp;
use domain::live::Topic;
use domain::port::Actor;
use domain::rollout::cause::KnownCause;
use domain::service::ServiceKey;
use domain::source::SourceHealth;

use super::super::record::Written;
use super::super::{Store, StoreError, advance, audit, parse, sources};

/// What bars the way forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarKind {
    /// The one stop for everything, until it is lifted.
    Stop,
    /// From one instant to another.
    Freeze,
}

impl BarKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Freeze => "freeze",
        }
    }
}

/// Something that bars the way forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Names it.
    pub id: i64,
    /// What it is.
    pub kind: BarKind,
    /// Why.
    pub why: String,
    /// Who.
    pub by: String,
    /// When it was made.
    pub at: Timestamp,
    /// From when it holds.
    pub from: Timestamp,
    /// Until when; nothing: until it is lifted.
    pub until: Option<Timestamp>,
}

impl Bar {
    /// Whether it holds at an instant.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }
}

/// What holds for every rollout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// Bars that were not lifted and are not over.
    pub bars: Vec<Bar>,
    /// Failures nobody has released, with their numbers.
    pub causes: Vec<(i64, KnownCause, Timestamp)>,
}

/// What came of lifting or releasing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lifted {
    /// It is done.
    Done(Written),
    /// There is no such one any more.
    Gone,
}

impl Store {
    /// What holds for every rollout at this instant, freezes that are still to come included.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn rollouts_around(&self, now: Timestamp) -> Result<Around, StoreError> {
        let (mut snapshot, now) = (self.read().await?, now.as_micros());
        let bars = sqlx::query!(
            r#"SELECT id AS "id!", kind, why, by_name, at, from_at, until_at FROM bar
               WHERE lifted_at IS NULL AND (until_at IS NULL OR until_at > ?) ORDER BY from_at, id"#,
            now
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let bars = bars.into_iter().map(|row| Bar {
            id: row.id,
            kind: if row.kind == "stop" { BarKind::Stop } else { BarKind::Freeze },
            why: row.why,
            by: row.by_name,
            at: Timestamp::from_micros(row.at),
            from: Timestamp::from_micros(row.from_at),
            until: row.until_at.map(Timestamp::from_micros),
        });
        let causes = sqlx::query!(
            r#"SELECT c.id AS "id!", r.number, c.service, c.cause, c.marks, c.at FROM known_cause c JOIN rollout r ON r.id = c.rollout
               WHERE c.released_at IS NULL ORDER BY c.id DESC LIMIT 100"#
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let causes = causes.into_iter().map(|row| {
            let known = KnownCause {
                rollout: row.number.to_string(),
                service: row.service,
                cause: parse("cause", &row.cause)?,
                marks: parse("marks", &row.marks)?,
            };
            Ok((row.id, known, Timestamp::from_micros(row.at)))
        });
        Ok(Around { bars: bars.collect(), causes: causes.collect::<Result<_, StoreError>>()? })
    }

    /// Names of the alarms that watch a service.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn watchers_of(&self, service: &ServiceKey) -> Result<Vec<String>, StoreError> {
        let mut snapshot = self.read().await?;
        let names = sqlx::query_scalar!(
            r#"SELECT name AS "name!" FROM alarm WHERE environment = ? AND cluster = ? AND service = ? ORDER BY name LIMIT 100"#,
            service.environment,
            service.cluster,
            service.service,
        );
        Ok(names.fetch_all(&mut *snapshot).await?)
    }

    /// The health of every source.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn source_health(&self) -> Result<Vec<SourceHealth>, StoreError> {
        let mut snapshot = self.read().await?;
        sources::health_list(&mut snapshot).await
    }

    /// Bars the way forward. A second stop while one holds is the first one: nothing is written.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn bar_add(
        &self,
        actor: &Actor,
        kind: BarKind,
        why: &str,
        span: (Timestamp, Option<Timestamp>),
        now: Timestamp,
    ) -> Result<Option<Written>, StoreError> {
        let (word, by, at, from, until) =
            (kind.as_str(), actor.shown(), now.as_micros(), span.0.as_micros(), span.1.map(Timestamp::as_micros));
        let mut tx = self.write().await?;
        let done = sqlx::query!(
            "INSERT INTO bar (kind, why, by_name, at, from_at, until_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?1 = 'freeze' OR NOT EXISTS (SELECT 1 FROM bar WHERE kind = 'stop' AND lifted_at IS NULL)",
            word,
            why,
            by,
            at,
            from,
            until,
        )
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(None);
        }
        let act = match kind {
            BarKind::Stop => "stopped everything",
            BarKind::Freeze => "froze everything",
        };
        audit::of(&mut tx, actor, act, "every rollout", why, now).await?;
        let revision = advance(&mut tx).await?;
        tx.commit().await?;
        Ok(Some(Written { revision, topics: [Topic::Rollouts].into() }))
    }

    /// Lifts a bar.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn bar_lift(&self, actor: &Actor, id: i64, why: &str, now: Timestamp) -> Result<Lifted, StoreError> {
        let (by, at) = (actor.shown(), now.as_micros());
        let mut tx = self.write().await?;
        let done = sqlx::query!("UPDATE bar SET lifted_at = ?, lifted_by = ? WHERE id = ? AND lifted_at IS NULL", at, by, id)
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(Lifted::Gone);
        }
        audit::of(&mut tx, actor, "lifted a stop or freeze", &format!("number {id}"), why, now).await?;
        let revision = advance(&mut tx).await?;
        tx.commit().await?;
        Ok(Lifted::Done(Written { revision, topics: [Topic::Rollouts].into() }))
    }

    /// Lets other services no longer expect a failure.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn cause_release(&self, actor: &Actor, id: i64, why: &str, now: Timestamp) -> Result<Lifted, StoreError> {
        let (by, at) = (actor.shown(), now.as_micros());
        let mut tx = self.write().await?;
        let done = sqlx::query!(
            "UPDATE known_cause SET released_at = ?, released_by = ?, release_why = ? WHERE id = ? AND released_at IS NULL",
            at,
            by,
            why,
            id
        )
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(Lifted::Gone);
        }
        audit::of(&mut tx, actor, "released a cause", &format!("cause {id}"), why, now).await?;
        let revision = advance(&mut tx).await?;
        tx.commit().await?;
        Ok(Lifted::Done(Written { revision, topics: [Topic::Rollouts].into() }))
    }

    /// Lets a rollout go on that waited to be looked at.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn rollout_reviewed(&self, actor: &Actor, id: &str, why: &str, now: Timestamp) -> Result<Lifted, StoreError> {
        let mut tx = self.write().await?;
        let done = sqlx::query!("UPDATE rollout SET review = NULL WHERE id = ? AND review IS NOT NULL", id).execute(&mut *tx).await?;
        if done.rows_affected() == 0 {
            return Ok(Lifted::Gone);
        }
        audit::of(&mut tx, actor, "reviewed a rollout", id, why, now).await?;
        let revision = advance(&mut tx).await?;
        tx.commit().await?;
        Ok(Lifted::Done(Written { revision, topics: [Topic::Rollouts].into() }))
    }
}
