//! Who may use Signalbox: accounts, their sessions, tokens and links.
//!
//! Separate from what is observed: nothing here has a revision, so no page is woken by it, and `signalbox account` may
//! write it beside a running server. Each act of a person is one function and one transaction, which is where its audit
//! row belongs. The trap: an act that leaves sessions open that were opened under what it changed; whatever makes an
//! account another one ends them in the same transaction.

mod failures;
mod links;
mod sessions;
mod tokens;

use domain::Timestamp;
use domain::account::{Role, folded};
use domain::view::AccountRow;
use sqlx::SqliteConnection;

use super::audit::Signed;
use super::{Store, StoreError, unsigned};

pub use links::{Linked, Opened};
pub use sessions::{NewSession, SessionFound};
pub use tokens::{NewToken, TokenFound};

/// An account by its name, with what a sign-in is checked against.
#[derive(Clone, Debug)]
pub struct Known {
    /// Names it for good.
    pub id: i64,
    /// Its name as shown.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Its password, hashed; none where none was set.
    pub password: Option<String>,
    /// Whether it is kept out.
    pub disabled: bool,
}

/// What came of an act on an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// It is so; the account's name.
    Done(String),
    /// There is no such account.
    NoAccount,
    /// There is one of that name already.
    Taken,
    /// It would leave nobody who may decide.
    LastAdmin(String),
}

impl Store {
    /// Whether there is any account.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn any_account(&self) -> Result<bool, StoreError> {
        let mut snapshot = self.read().await?;
        any(&mut snapshot).await
    }

    /// The account that goes by this name, however it is written.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn account_named(&self, name: &str) -> Result<Option<Known>, StoreError> {
        let mut snapshot = self.read().await?;
        let folded = folded(name);
        let row = sqlx::query!(r#"SELECT id AS "id!", name, role, password, disabled FROM account WHERE folded = ?"#, folded)
            .fetch_optional(&mut *snapshot)
            .await?;
        row.map(|row| Ok(Known { id: row.id, role: role(&row.role)?, name: row.name, password: row.password, disabled: row.disabled != 0 }))
            .transpose()
    }

    /// The account of that number.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn account(&self, id: i64) -> Result<Option<Known>, StoreError> {
        let mut snapshot = self.read().await?;
        found(&mut snapshot, id).await
    }

    /// Every account by name.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn account_list(&self, now: Timestamp) -> Result<Vec<AccountRow>, StoreError> {
        let (mut snapshot, at) = (self.read().await?, now.as_micros());
        let rows = sqlx::query!(
            r#"SELECT a.id AS "id!", a.name, a.role, a.password IS NOT NULL AS "password!: bool", a.disabled AS "disabled!: bool", a.made_at,
                  (SELECT max(seen_at) FROM session s WHERE s.account = a.id) AS "seen_at?: i64",
                  (SELECT count(*) FROM session s WHERE s.account = a.id AND s.ends_at > ?1) AS "sessions!: i64",
                  (SELECT count(*) FROM api_token t WHERE t.account = a.id AND t.ends_at > ?1) AS "tokens!: i64"
               FROM account a ORDER BY a.folded"#,
            at,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(AccountRow {
                    id: row.id,
                    role: role(&row.role)?,
                    name: row.name,
                    disabled: row.disabled,
                    password: row.password,
                    made: Timestamp::from_micros(row.made_at),
                    seen: row.seen_at.map(Timestamp::from_micros),
                    sessions: unsigned(row.sessions),
                    tokens: unsigned(row.tokens),
                })
            })
            .collect()
    }

    /// Makes an account and the link by which its owner sets a password.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn account_add(&self, name: &str, role: Role, link: &Linked, by: &Signed) -> Result<Decided, StoreError> {
        let mut tx = self.write().await?;
        let Some(id) = insert(&mut tx, name, role, None, by.at).await? else { return Ok(Decided::Taken) };
        links::put(&mut tx, Some(id), link, by.at).await?;
        by.row(&mut tx, "added an account", name, role.as_str()).await?;
        tx.commit().await?;
        Ok(Decided::Done(name.to_owned()))
    }

    /// Makes an account that no password leads into: the demo's, which is signed in by a link. Answers the one there is
    /// where there is one.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn account_without_password(&self, name: &str, role: Role, by: &Signed) -> Result<i64, StoreError> {
        let mut tx = self.write().await?;
        if let Some(id) = insert(&mut tx, name, role, None, by.at).await? {
            by.row(&mut tx, "added an account", name, role.as_str()).await?;
            tx.commit().await?;
            return Ok(id);
        }
        let folded = folded(name);
        Ok(sqlx::query_scalar!(r#"SELECT id AS "id!" FROM account WHERE folded = ?"#, folded).fetch_one(&mut *tx).await?)
    }

    /// Gives an account another role and ends its sessions.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn account_role(&self, id: i64, role: Role, by: &Signed) -> Result<Decided, StoreError> {
        let mut tx = self.write().await?;
        let Some(known) = found(&mut tx, id).await? else { return Ok(Decided::NoAccount) };
        if known.role == role {
            return Ok(Decided::Done(known.name));
        }
        if known.role == Role::Admin && last_admin(&mut tx, id).await? {
            return Ok(Decided::LastAdmin(known.name));
        }
        let word = role.as_str();
        sqlx::query!("UPDATE account SET role = ? WHERE id = ?", word, id).execute(&mut *tx).await?;
        sessions::end_all(&mut tx, id).await?;
        by.row(&mut tx, "gave a role", &known.name, word).await?;
        tx.commit().await?;
        Ok(Decided::Done(known.name))
    }

    /// Keeps an account out and ends its sessions, or lets it in again.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn account_disable(&self, id: i64, disabled: bool, by: &Signed) -> Result<Decided, StoreError> {
        let mut tx = self.write().await?;
        let Some(known) = found(&mut tx, id).await? else { return Ok(Decided::NoAccount) };
        if disabled && known.role == Role::Admin && last_admin(&mut tx, id).await? {
            return Ok(Decided::LastAdmin(known.name));
        }
        sqlx::query!("UPDATE account SET disabled = ? WHERE id = ?", disabled, id).execute(&mut *tx).await?;
        sessions::end_all(&mut tx, id).await?;
        links::withdraw(&mut tx, id).await?;
        let act = if disabled { "disabled an account" } else { "let an account in again" };
        by.row(&mut tx, act, &known.name, "").await?;
        tx.commit().await?;
        Ok(Decided::Done(known.name))
    }

    /// Makes a new link for an account; one made before leads nowhere from then on. The password and the sessions stay until
    /// the link is used.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn account_reset(&self, id: i64, link: &Linked, by: &Signed) -> Result<Decided, StoreError> {
        let mut tx = self.write().await?;
        let Some(known) = found(&mut tx, id).await? else { return Ok(Decided::NoAccount) };
        links::withdraw(&mut tx, id).await?;
        links::put(&mut tx, Some(id), link, by.at).await?;
        by.row(&mut tx, "made a link that sets a password", &known.name, "").await?;
        tx.commit().await?;
        Ok(Decided::Done(known.name))
    }

    /// Sets a password and ends the account's sessions. Nothing where it is no longer the one that was checked, so that two
    /// who change it at once cannot both succeed.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn password_set(&self, id: i64, before: &str, password: &str, by: &Signed) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let set =
            sqlx::query!("UPDATE account SET password = ? WHERE id = ? AND password = ?", password, id, before).execute(&mut *tx).await?;
        if set.rows_affected() == 0 {
            return Ok(false);
        }
        sessions::end_all(&mut tx, id).await?;
        by.row(&mut tx, "changed the password", &by.actor, "").await?;
        tx.commit().await?;
        Ok(true)
    }
}

async fn any(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(r#"SELECT EXISTS (SELECT 1 FROM account) AS "any!: bool""#).fetch_one(connection).await?)
}

async fn found(connection: &mut SqliteConnection, id: i64) -> Result<Option<Known>, StoreError> {
    let row = sqlx::query!("SELECT name, role, password, disabled FROM account WHERE id = ?", id).fetch_optional(connection).await?;
    row.map(|row| Ok(Known { id, role: role(&row.role)?, name: row.name, password: row.password, disabled: row.disabled != 0 })).transpose()
}

/// The number of a new account; none where the name is taken.
async fn insert(
    connection: &mut SqliteConnection,
    name: &str,
    role: Role,
    password: Option<&str>,
    now: Timestamp,
) -> Result<Option<i64>, StoreError> {
    let (folded, role, at) = (folded(name), role.as_str(), now.as_micros());
    let id = sqlx::query_scalar!(
        r#"INSERT INTO account (name, folded, role, password, made_at) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (folded) DO NOTHING RETURNING id AS "id!""#,
        name,
        folded,
        role,
        password,
        at,
    )
    .fetch_optional(connection)
    .await?;
    Ok(id)
}

/// Whether nobody but this one may decide: no other admin who is let in and can sign in.
async fn last_admin(connection: &mut SqliteConnection, id: i64) -> Result<bool, StoreError> {
    let other = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM account WHERE role = 'admin' AND disabled = 0 AND password IS NOT NULL AND id <> ?) AS "any!: bool""#,
        id,
    )
    .fetch_one(connection)
    .await?;
    Ok(!other)
}

/// A role as a row holds it.
fn role(word: &str) -> Result<Role, StoreError> {
    Role::from_word(word).ok_or_else(|| StoreError::Word { what: "a role", word: word.to_owned() })
}
