//! Sessions: where an account is signed in.

use domain::Timestamp;
use domain::account::Role;
use domain::view::SessionRow;
use sqlx::SqliteConnection;

use super::super::audit::Signed;
use super::super::{Store, StoreError};
use super::role;
use crate::accounts::Digest;

/// A session that begins.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The hash of its secret.
    pub hash: Digest,
    /// Whose it is.
    pub account: i64,
    /// When it ends whatever happens.
    pub ends: Timestamp,
    /// From where somebody signed in.
    pub address: String,
    /// The browser, in its own words.
    pub agent: String,
}

/// A session somebody showed the secret of, whose account is let in.
#[derive(Clone, Debug)]
pub struct SessionFound {
    /// Names it.
    pub id: i64,
    /// Whose it is.
    pub account: i64,
    /// The account's name.
    pub name: String,
    /// What the account may do.
    pub role: Role,
    /// When it was used last, to the minute.
    pub seen: Timestamp,
    /// When it ends whatever happens.
    pub ends: Timestamp,
}

impl Store {
    /// Begins a session. None where the account is disabled or gone.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn session_open(&self, session: &NewSession, by: &Signed) -> Result<Option<i64>, StoreError> {
        let mut tx = self.write().await?;
        let id = begin(&mut tx, session, by.at).await?;
        if let Some(id) = id {
            by.row(&mut tx, "signed in", &format!("session {id}"), &session.address).await?;
        }
        tx.commit().await?;
        Ok(id)
    }

    /// The session of that secret, whether or not it has ended by time.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn session_find(&self, hash: &Digest) -> Result<Option<SessionFound>, StoreError> {
        let (mut snapshot, hash) = (self.read().await?, hash.as_slice());
        let row = sqlx::query!(
            r#"SELECT s.id AS "id!", s.account, a.name, a.role, s.seen_at, s.ends_at FROM session s JOIN account a ON a.id = s.account
               WHERE s.hash = ? AND a.disabled = 0"#,
            hash,
        )
        .fetch_optional(&mut *snapshot)
        .await?;
        row.map(|row| {
            Ok(SessionFound {
                id: row.id,
                account: row.account,
                role: role(&row.role)?,
                name: row.name,
                seen: Timestamp::from_micros(row.seen_at),
                ends: Timestamp::from_micros(row.ends_at),
            })
        })
        .transpose()
    }

    /// Whether an account is signed in from an address.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn session_from(&self, account: i64, address: &str) -> Result<bool, StoreError> {
        let mut snapshot = self.read().await?;
        Ok(sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM session WHERE account = ? AND address = ?) AS "any!: bool""#,
            account,
            address,
        )
        .fetch_one(&mut *snapshot)
        .await?)
    }

    /// Notes that a session was used.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn session_seen(&self, id: i64, now: Timestamp) -> Result<(), StoreError> {
        let (mut tx, at) = (self.write().await?, now.as_micros());
        sqlx::query!("UPDATE session SET seen_at = max(seen_at, ?) WHERE id = ?", at, id).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Sessions of an account that have not ended, the newest first.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn session_list(&self, account: i64, idle_since: Timestamp, now: Timestamp) -> Result<Vec<SessionRow>, StoreError> {
        let (mut snapshot, idle_since, now) = (self.read().await?, idle_since.as_micros(), now.as_micros());
        let rows = sqlx::query!(
            r#"SELECT id AS "id!", opened_at, seen_at, ends_at, address, agent FROM session
               WHERE account = ? AND seen_at > ? AND ends_at > ? ORDER BY opened_at DESC, id DESC LIMIT 50"#,
            account,
            idle_since,
            now,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let rows = rows.into_iter().map(|row| SessionRow {
            id: row.id,
            opened: Timestamp::from_micros(row.opened_at),
            seen: Timestamp::from_micros(row.seen_at),
            ends: Timestamp::from_micros(row.ends_at),
            address: row.address,
            agent: row.agent,
            this: false,
        });
        Ok(rows.collect())
    }

    /// Ends one session of an account. Answers whether there was such a one.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn session_end(&self, account: i64, id: i64, by: &Signed) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let ended = sqlx::query!("DELETE FROM session WHERE id = ? AND account = ?", id, account).execute(&mut *tx).await?;
        let ended = ended.rows_affected() > 0;
        if ended {
            by.row(&mut tx, "ended a session", &format!("session {id}"), "").await?;
        }
        tx.commit().await?;
        Ok(ended)
    }

    /// Deletes what has ended by time: sessions, links, forgotten failures.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn access_let_go(&self, idle_since: Timestamp, failures_before: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        let (now, idle_since, failures_before) = (now.as_micros(), idle_since.as_micros(), failures_before.as_micros());
        let mut tx = self.write().await?;
        sqlx::query!("DELETE FROM session WHERE ends_at <= ? OR seen_at <= ?", now, idle_since).execute(&mut *tx).await?;
        sqlx::query!("DELETE FROM one_time_link WHERE ends_at <= ?", now).execute(&mut *tx).await?;
        sqlx::query!("DELETE FROM sign_in_failure WHERE last_at <= ?", failures_before).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Begins a session within a transaction.
pub(super) async fn begin(connection: &mut SqliteConnection, session: &NewSession, now: Timestamp) -> Result<Option<i64>, StoreError> {
    let (hash, at, ends) = (session.hash.as_slice(), now.as_micros(), session.ends.as_micros());
    let id = sqlx::query_scalar!(
        r#"INSERT INTO session (hash, account, opened_at, seen_at, ends_at, address, agent)
           SELECT ?1, id, ?3, ?3, ?4, ?5, ?6 FROM account WHERE id = ?2 AND disabled = 0 RETURNING id AS "id!""#,
        hash,
        session.account,
        at,
        ends,
        session.address,
        session.agent,
    )
    .fetch_optional(connection)
    .await?;
    Ok(id)
}

/// Ends every session of an account.
pub(super) async fn end_all(connection: &mut SqliteConnection, account: i64) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM session WHERE account = ?", account).execute(connection).await?;
    Ok(())
}
