//! Links that set a password once: the first admin's, a new account's, one for who forgot.

use domain::Timestamp;
use domain::account::Role;
use sqlx::SqliteConnection;

use super::super::audit::Signed;
use super::super::{Store, StoreError};
use super::sessions::{self, NewSession};
use super::{any, insert, role};
use crate::accounts::Digest;

/// A link that is made.
#[derive(Clone, Debug)]
pub struct Linked {
    /// The hash of its secret.
    pub hash: Digest,
    /// When it ends.
    pub ends: Timestamp,
}

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// The first admin, who has no name yet.
    First,
    /// An account that gets a password.
    Account {
        /// Names it.
        id: i64,
        /// Its name.
        name: String,
        /// What it may do.
        role: Role,
    },
}

impl Store {
    /// Puts the link of the first admin in place of any before it; false where there is an account, and so no first one.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn link_first(&self, link: &Linked, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        sqlx::query!("DELETE FROM one_time_link WHERE account IS NULL").execute(&mut *tx).await?;
        let first = !any(&mut tx).await?;
        if first {
            put(&mut tx, None, link, now).await?;
        }
        tx.commit().await?;
        Ok(first)
    }

    /// What a link leads to; nothing for one that was used, has ended or was never made.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn link_find(&self, hash: &Digest, now: Timestamp) -> Result<Option<Opened>, StoreError> {
        let mut snapshot = self.read().await?;
        find(&mut snapshot, hash, now).await
    }

    /// Uses a link: the account gets this password (the first admin this name as well), its other sessions end and this one
    /// begins. Nothing for a link that leads nowhere by now.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn link_use(
        &self,
        hash: &Digest,
        first_name: &str,
        password: &str,
        session: &NewSession,
        now: Timestamp,
    ) -> Result<Option<Opened>, StoreError> {
        let mut tx = self.write().await?;
        let Some(opened) = find(&mut tx, hash, now).await? else { return Ok(None) };
        let id = match &opened {
            Opened::Account { id, .. } => {
                sqlx::query!("UPDATE account SET password = ? WHERE id = ?", password, id).execute(&mut *tx).await?;
                sessions::end_all(&mut tx, *id).await?;
                withdraw(&mut tx, *id).await?;
                *id
            }
            Opened::First => {
                sqlx::query!("DELETE FROM one_time_link WHERE account IS NULL").execute(&mut *tx).await?;
                let Some(id) = insert(&mut tx, first_name, Role::Admin, Some(password), now).await? else { return Ok(None) };
                id
            }
        };
        let session = NewSession { account: id, ..session.clone() };
        if sessions::begin(&mut tx, &session, now).await?.is_none() {
            return Ok(None);
        }
        let name = match &opened {
            Opened::Account { name, .. } => name,
            Opened::First => first_name,
        };
        let by = Signed { actor: name.to_owned(), at: now };
        by.row(&mut tx, "set a password by a link", name, &session.address).await?;
        tx.commit().await?;
        Ok(Some(opened))
    }
}

/// A link that leads somewhere now. The first admin's does only as long as there is no account, a disabled account's never.
async fn find(connection: &mut SqliteConnection, hash: &Digest, now: Timestamp) -> Result<Option<Opened>, StoreError> {
    let (hash, at) = (hash.as_slice(), now.as_micros());
    let row = sqlx::query!(
        r#"SELECT l.account, a.name AS "name?", a.role AS "role?" FROM one_time_link l LEFT JOIN account a ON a.id = l.account
           WHERE l.hash = ? AND l.ends_at > ? AND coalesce(a.disabled, 0) = 0"#,
        hash,
        at,
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    match (row.account, row.name, row.role) {
        (Some(id), Some(name), Some(word)) => Ok(Some(Opened::Account { id, name, role: role(&word)? })),
        _ => Ok((!any(connection).await?).then_some(Opened::First)),
    }
}

/// Puts a link within a transaction.
pub(super) async fn put(connection: &mut SqliteConnection, account: Option<i64>, link: &Linked, now: Timestamp) -> Result<(), StoreError> {
    let (hash, at, ends) = (link.hash.as_slice(), now.as_micros(), link.ends.as_micros());
    sqlx::query!("INSERT INTO one_time_link (hash, account, made_at, ends_at) VALUES (?, ?, ?, ?)", hash, account, at, ends)
        .execute(connection)
        .await?;
    Ok(())
}

/// Lets every link of an account lead nowhere.
pub(super) async fn withdraw(connection: &mut SqliteConnection, account: i64) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM one_time_link WHERE account = ?", account).execute(connection).await?;
    Ok(())
}
