//! The audit: every act, added in the transaction of the act itself, each row chained to the one before it.
//!
//! Separate from the timeline, which is for reading and lets go of what is old: this is for proving, and lets go of nothing. A
//! row's hash is over the row and the hash before it, so that a flipped byte anywhere is found at its row; the head beside it
//! says how many rows there must be, so that rows cut off the end are missed too. The trap: whoever can write the file can
//! make the whole chain anew. Against that only a head that was written down elsewhere helps, which is why
//! `signalbox audit verify` prints it.

use domain::Timestamp;
use domain::port::Actor;
use futures::TryStreamExt;
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

use super::{Store, StoreError, unsigned};

/// How an act of Signalbox itself is signed.
pub const OURSELVES: &str = "signalbox";

/// One act.
#[derive(Clone, Copy, Debug)]
pub(super) struct Act<'a> {
    /// Who: an account's name as [`Actor::shown`] gives it, or [`OURSELVES`].
    pub actor: &'a str,
    /// What was done, in a few words that are the same each time.
    pub act: &'a str,
    /// To what.
    pub subject: &'a str,
    /// What else is worth knowing: a reason, an answer of AWS.
    pub detail: &'a str,
}

/// Who does something, and when: what the store's functions that are acts take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Who, as the audit names them.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

impl Signed {
    /// What `actor` does at an instant.
    pub fn by(actor: &Actor, at: Timestamp) -> Self {
        Self { actor: actor.shown(), at }
    }

    /// What Signalbox does by itself.
    pub fn ourselves(at: Timestamp) -> Self {
        Self { actor: OURSELVES.to_owned(), at }
    }

    /// Adds the act's row in its transaction.
    pub(super) async fn row(&self, connection: &mut SqliteConnection, act: &str, subject: &str, detail: &str) -> Result<(), StoreError> {
        append(connection, Act { actor: &self.actor, act, subject, detail }, self.at).await
    }
}

/// What going through the whole chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chain {
    /// Every row is what it was when it was written.
    Whole {
        /// How many.
        rows: u64,
        /// The last one's hash, in hex: to be kept elsewhere and compared.
        head: String,
    },
    /// It is not, and this is the first place.
    Broken {
        /// The number of the row.
        row: u64,
        /// What is wrong with it.
        why: &'static str,
    },
}

type Hash = [u8; 32];

/// The hash of a row after `before`. Every text is preceded by its length, so that no two rows can be written alike.
fn chained(before: &[u8], id: i64, at: i64, texts: [&str; 4]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update(id.to_le_bytes());
    hasher.update(at.to_le_bytes());
    for text in texts {
        hasher.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().into()
}

/// Adds an act in the transaction that does it.
pub(super) async fn append(connection: &mut SqliteConnection, act: Act<'_>, at: Timestamp) -> Result<(), StoreError> {
    let head = sqlx::query!("SELECT rows, hash FROM audit_head").fetch_one(&mut *connection).await?;
    let (id, at) = (head.rows + 1, at.as_micros());
    let hash = chained(&head.hash, id, at, [act.actor, act.act, act.subject, act.detail]);
    let hash = hash.as_slice();
    sqlx::query!(
        "INSERT INTO audit (id, at, actor, act, subject, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
        id,
        at,
        act.actor,
        act.act,
        act.subject,
        act.detail,
        hash,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("UPDATE audit_head SET rows = ?, hash = ?", id, hash).execute(connection).await?;
    Ok(())
}

/// Adds what a person did.
pub(super) async fn of(
    connection: &mut SqliteConnection,
    actor: &Actor,
    act: &str,
    subject: &str,
    detail: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    append(connection, Act { actor: &actor.shown(), act, subject, detail }, at).await
}

impl Store {
    /// Goes through the whole chain.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn audit_verify(&self) -> Result<Chain, StoreError> {
        let mut snapshot = self.read().await?;
        let head = sqlx::query!("SELECT rows, hash FROM audit_head").fetch_one(&mut *snapshot).await?;
        let (mut before, mut count): (Vec<u8>, i64) = (vec![0; 32], 0);
        let mut rows =
            sqlx::query!(r#"SELECT id AS "id!", at, actor, act, subject, detail, hash FROM audit ORDER BY id"#).fetch(&mut *snapshot);
        while let Some(row) = rows.try_next().await? {
            count += 1;
            let broken = |why| Ok(Chain::Broken { row: unsigned(count), why });
            if row.id != count {
                return broken("it is missing");
            }
            let hash = chained(&before, row.id, row.at, [&row.actor, &row.act, &row.subject, &row.detail]);
            if hash.as_slice() != row.hash {
                return broken("it, or the row before it, is not what was written");
            }
            before = row.hash;
        }
        drop(rows);
        if head.rows > count {
            return Ok(Chain::Broken { row: unsigned(count + 1), why: "it was cut off the end" });
        }
        if head.rows < count || head.hash != before {
            return Ok(Chain::Broken { row: unsigned(count), why: "the head does not know it" });
        }
        Ok(Chain::Whole { rows: unsigned(count), head: before.iter().map(|byte| format!("{byte:02x}")).collect() })
    }
}
