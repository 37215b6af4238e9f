//! Accepted failures: asked for, approved, ended, and kept for ever.
//!
//! Whether one holds is asked of the clock and never written ([`Waiver::holds`]), so nothing here runs when one ends. The trap is
//! a person who approves their own wish by way of a token: requester and approver are kept and compared as accounts' names,
//! while the audit says by which means they acted.

use domain::Timestamp;
use domain::live::Topic;
use domain::port::Actor;
use domain::readiness::{Check, Waiver, WaiverWish};
use sqlx::SqliteConnection;

use super::record::Written;
use super::{Store, StoreError, advance, audit};

/// What came of an act on a waiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiving {
    /// It is so.
    Done(Written),
    /// There is none of that number.
    NoWaiver,
    /// It may not be, and why.
    Refused(String),
}

impl Store {
    /// Keeps a wish, which somebody has to approve. Answers its number.
    ///
    /// # Errors
    /// When a statement fails, as it does for a wish without an end; nothing is kept then.
    pub async fn waiver_ask(&self, wish: &WaiverWish, actor: &Actor, at: Timestamp) -> Result<(i64, Written), StoreError> {
        let (now, expires) = (at.as_micros(), wish.expires.map(Timestamp::as_micros));
        let (cluster, service, ticket) = (wish.cluster.as_deref(), wish.service.as_deref(), wish.ticket.as_deref());
        let mut tx = self.write().await?;
        let id = sqlx::query_scalar!(
            r#"INSERT INTO waiver (check_id, environment, cluster, service, reason, compensating, ticket, expires_at, requester, created_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id AS "id!""#,
            wish.check,
            wish.environment,
            cluster,
            service,
            wish.reason,
            wish.compensating,
            ticket,
            expires,
            actor.name,
            now,
        )
        .fetch_one(&mut *tx)
        .await?;
        audit::of(&mut tx, actor, "asked for a waiver", &subject(id, wish), &wish.reason, at).await?;
        Ok((id, written(tx).await?))
    }

    /// Approves one, where `check` (the card's check it is for) lets this person.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn waiver_approve(&self, id: i64, check: Option<&Check>, actor: &Actor, at: Timestamp) -> Result<Waiving, StoreError> {
        let now = at.as_micros();
        let mut tx = self.write().await?;
        let Some(waiver) = found(&mut tx, id).await? else { return Ok(Waiving::NoWaiver) };
        if let Err(why) = waiver.approvable(at, &actor.name, check) {
            return Ok(Waiving::Refused(why));
        }
        sqlx::query!("UPDATE waiver SET approver = ?, approved_at = ? WHERE id = ?", actor.name, now, id).execute(&mut *tx).await?;
        audit::of(&mut tx, actor, "approved a waiver", &subject(id, &waiver.wish), &waiver.wish.reason, at).await?;
        Ok(Waiving::Done(written(tx).await?))
    }

    /// Ends one before its time.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn waiver_end(&self, id: i64, why: &str, actor: &Actor, at: Timestamp) -> Result<Waiving, StoreError> {
        let now = at.as_micros();
        let mut tx = self.write().await?;
        let Some(waiver) = found(&mut tx, id).await? else { return Ok(Waiving::NoWaiver) };
        if waiver.ended.is_some() || waiver.wish.expires.is_none_or(|end| end <= at) {
            return Ok(Waiving::Refused("It is over already.".to_owned()));
        }
        sqlx::query!("UPDATE waiver SET ended_at = ?, ended_by = ? WHERE id = ?", now, actor.name, id).execute(&mut *tx).await?;
        audit::of(&mut tx, actor, "ended a waiver", &subject(id, &waiver.wish), why, at).await?;
        Ok(Waiving::Done(written(tx).await?))
    }

    /// Every waiver there ever was, in the order they were asked for.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn waivers(&self) -> Result<Vec<Waiver>, StoreError> {
        let mut snapshot = self.read().await?;
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT id AS "id!", check_id, environment, cluster, service, reason, compensating, ticket, expires_at, requester, created_at,
                  approver, approved_at, ended_at, ended_by
               FROM waiver ORDER BY id"#
        )
        .fetch_all(&mut *snapshot)
        .await?;
        Ok(rows.into_iter().map(Row::read).collect())
    }
}

/// What the audit calls one.
fn subject(id: i64, wish: &WaiverWish) -> String {
    let place = [Some(&wish.environment), wish.cluster.as_ref(), wish.service.as_ref()].into_iter().flatten();
    format!("waiver {id} of {} for {}", wish.check, place.map(String::as_str).collect::<Vec<_>>().join("/"))
}

async fn written(mut tx: sqlx::Transaction<'static, sqlx::Sqlite>) -> Result<Written, StoreError> {
    let revision = advance(&mut tx).await?;
    tx.commit().await?;
    Ok(Written { revision, topics: [Topic::Readiness].into() })
}

async fn found(connection: &mut SqliteConnection, id: i64) -> Result<Option<Waiver>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id!", check_id, environment, cluster, service, reason, compensating, ticket, expires_at, requester, created_at,
              approver, approved_at, ended_at, ended_by
           FROM waiver WHERE id = ?"#,
        id,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Row::read))
}

/// A waiver as a row holds it.
struct Row {
    id: i64,
    check_id: String,
    environment: String,
    cluster: Option<String>,
    service: Option<String>,
    reason: String,
    compensating: String,
    ticket: Option<String>,
    expires_at: i64,
    requester: String,
    created_at: i64,
    approver: Option<String>,
    approved_at: Option<i64>,
    ended_at: Option<i64>,
    ended_by: Option<String>,
}

impl Row {
    fn read(self) -> Waiver {
        let wish = WaiverWish {
            check: self.check_id,
            environment: self.environment,
            cluster: self.cluster,
            service: self.service,
            reason: self.reason,
            compensating: self.compensating,
            ticket: self.ticket,
            expires: Some(Timestamp::from_micros(self.expires_at)),
        };
        Waiver {
            id: self.id,
            wish,
            requester: self.requester,
            approver: self.approver,
            created: Timestamp::from_micros(self.created_at),
            approved: self.approved_at.map(Timestamp::from_micros),
            ended: self.ended_at.map(|at| (Timestamp::from_micros(at), self.ended_by.unwrap_or_default())),
        }
    }
}
