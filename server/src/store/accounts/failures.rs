//! Failed sign-ins, counted where a restart does not forget them.
//!
//! An attempt is counted as failed before its password is looked at and taken back when that was right: so attempts side by
//! side, or a process killed in between, cannot buy guesses.

use domain::Timestamp;
use sqlx::SqliteConnection;

use super::super::{Store, StoreError, small};
use crate::accounts::{Digest, Pace};

/// Most subjects that are remembered: names are the guesser's to choose, and the disk is ours.
const MOST: i64 = 10_000;

impl Store {
    /// Takes an attempt on these subjects in: counted, or not let through until an instant.
    ///
    /// # Errors
    /// When a statement fails; nothing is counted then.
    pub async fn attempt_begin(&self, subjects: &[(Digest, Pace)], now: Timestamp) -> Result<Result<(), Timestamp>, StoreError> {
        let mut tx = self.write().await?;
        let mut wait: Option<Timestamp> = None;
        for (subject, pace) in subjects {
            let until = count(&mut tx, subject).await?.and_then(|(failures, last)| pace.closed_until(failures, last, now));
            wait = wait.max(until);
        }
        if let Some(until) = wait {
            return Ok(Err(until));
        }
        for (subject, pace) in subjects {
            let failures = count(&mut tx, subject).await?.map_or(0, |(failures, last)| pace.remembered(failures, last, now));
            let (subject, failures, at) = (subject.as_slice(), i64::from(failures.saturating_add(1)), now.as_micros());
            sqlx::query!(
                "INSERT INTO sign_in_failure (subject, failures, last_at) VALUES (?, ?, ?)
                 ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at",
                subject,
                failures,
                at,
            )
            .execute(&mut *tx)
            .await?;
        }
        sqlx::query!(
            "DELETE FROM sign_in_failure WHERE subject IN (SELECT subject FROM sign_in_failure ORDER BY last_at DESC LIMIT -1 OFFSET ?)",
            MOST
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Ok(()))
    }

    /// Takes an attempt back that was right: the account's failures are forgotten, the address' one fewer.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn attempt_right(&self, account: &Digest, address: &Digest) -> Result<(), StoreError> {
        let (account, address) = (account.as_slice(), address.as_slice());
        let mut tx = self.write().await?;
        sqlx::query!("DELETE FROM sign_in_failure WHERE subject = ?", account).execute(&mut *tx).await?;
        sqlx::query!("UPDATE sign_in_failure SET failures = max(failures - 1, 0) WHERE subject = ?", address).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn count(connection: &mut SqliteConnection, subject: &Digest) -> Result<Option<(u32, Timestamp)>, StoreError> {
    let subject = subject.as_slice();
    let row = sqlx::query!("SELECT failures, last_at FROM sign_in_failure WHERE subject = ?", subject).fetch_optional(connection).await?;
    Ok(row.map(|row| (small(row.failures), Timestamp::from_micros(row.last_at))))
}
