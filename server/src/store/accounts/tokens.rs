//! API tokens: what scripts sign in with.

use domain::Timestamp;
use domain::account::Role;
use domain::view::TokenRow;

use super::super::audit::Signed;
use super::super::{Store, StoreError};
use super::role;
use crate::accounts::Digest;

/// A token that is made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The hash of its secret.
    pub hash: Digest,
    /// Whose it is.
    pub account: i64,
    /// What it is for.
    pub name: String,
    /// What it may do at most.
    pub role: Role,
    /// When it ends.
    pub ends: Timestamp,
}

/// A token somebody showed the secret of, whose account is let in.
#[derive(Clone, Debug)]
pub struct TokenFound {
    /// Names it.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// Whose it is.
    pub account: i64,
    /// The account's name.
    pub owner: String,
    /// What it may do: its own role, or the account's where that is less by now.
    pub role: Role,
    /// When it ends.
    pub ends: Timestamp,
    /// When it was used last, to the minute.
    pub used: Option<Timestamp>,
}

impl Store {
    /// Makes a token; false where the account has one of that name. One of that name that has ended makes room.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn token_make(&self, token: &NewToken, by: &Signed) -> Result<bool, StoreError> {
        let (hash, role, at, ends) = (token.hash.as_slice(), token.role.as_str(), by.at.as_micros(), token.ends.as_micros());
        let mut tx = self.write().await?;
        sqlx::query!("DELETE FROM api_token WHERE account = ? AND name = ? AND ends_at <= ?", token.account, token.name, at)
            .execute(&mut *tx)
            .await?;
        let made = sqlx::query!(
            "INSERT INTO api_token (hash, account, name, role, made_at, ends_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (account, name) DO NOTHING",
            hash,
            token.account,
            token.name,
            role,
            at,
            ends,
        )
        .execute(&mut *tx)
        .await?;
        let made = made.rows_affected() > 0;
        if made {
            by.row(&mut tx, "made a token", &token.name, role).await?;
        }
        tx.commit().await?;
        Ok(made)
    }

    /// The token of that secret, whether or not it has ended by time.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn token_find(&self, hash: &Digest) -> Result<Option<TokenFound>, StoreError> {
        let (mut snapshot, hash) = (self.read().await?, hash.as_slice());
        let row = sqlx::query!(
            r#"SELECT t.id AS "id!", t.name, t.account, a.name AS owner, t.role, a.role AS owners_role, t.ends_at, t.used_at
               FROM api_token t JOIN account a ON a.id = t.account WHERE t.hash = ? AND a.disabled = 0"#,
            hash,
        )
        .fetch_optional(&mut *snapshot)
        .await?;
        row.map(|row| {
            Ok(TokenFound {
                id: row.id,
                name: row.name,
                account: row.account,
                owner: row.owner,
                role: role(&row.role)?.min(role(&row.owners_role)?),
                ends: Timestamp::from_micros(row.ends_at),
                used: row.used_at.map(Timestamp::from_micros),
            })
        })
        .transpose()
    }

    /// Notes that a token was used.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn token_used(&self, id: i64, now: Timestamp) -> Result<(), StoreError> {
        let (mut tx, at) = (self.write().await?, now.as_micros());
        sqlx::query!("UPDATE api_token SET used_at = ? WHERE id = ?", at, id).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Tokens of an account, by name.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn token_list(&self, account: i64) -> Result<Vec<TokenRow>, StoreError> {
        let mut snapshot = self.read().await?;
        let rows = sqlx::query!(
            r#"SELECT id AS "id!", name, role, made_at, ends_at, used_at FROM api_token WHERE account = ? ORDER BY name"#,
            account,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(TokenRow {
                    id: row.id,
                    role: role(&row.role)?,
                    name: row.name,
                    made: Timestamp::from_micros(row.made_at),
                    ends: Timestamp::from_micros(row.ends_at),
                    used: row.used_at.map(Timestamp::from_micros),
                })
            })
            .collect()
    }

    /// Ends a token of an account. Answers its name where there was one.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn token_withdraw(&self, account: i64, id: i64, by: &Signed) -> Result<Option<String>, StoreError> {
        let mut tx = self.write().await?;
        let name = sqlx::query_scalar!(r#"DELETE FROM api_token WHERE id = ? AND account = ? RETURNING name AS "name!""#, id, account)
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(name) = &name {
            by.row(&mut tx, "withdrew a token", name, "").await?;
        }
        tx.commit().await?;
        Ok(name)
    }
}
