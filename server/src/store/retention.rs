//! Lets go of what nobody asks for any more, in small slices.
//!
//! Separate from recording, because a long delete would hold the only writer: each slice is a transaction of its own of
//! at most [`SLICE`] rows, and freed pages go back to the file system a few at a time (`incremental_vacuum`). The trap
//! others fell into is doing this inside every write, or once a night in one go. What is never let go: open intervals,
//! gaps, task definitions; the timeline and the stops only when the config says so.

use std::time::Duration;

use domain::Timestamp;
use sqlx::Connection;

use super::{Store, StoreError};

/// Most rows that one transaction deletes.
const SLICE: i64 = 500;
/// Pages given back after each slice that deleted something; 256 of 4 KiB are a megabyte.
const PAGES: &str = "PRAGMA incremental_vacuum(256)";

/// How long each kind of row is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Former states of services, alarms and nodes.
    pub states: Duration,
    /// Former states of tasks and connections, of which there are many; and the collectors' sweeps.
    pub tasks: Duration,
    /// The timeline and the stopped tasks; `None`: for ever.
    pub timeline: Option<Duration>,
}

impl Store {
    /// Deletes one slice of what is older than `keep` says. Answers how many rows went; 0: nothing is left to delete.
    ///
    /// # Errors
    /// When a statement fails; the slice then never happened.
    pub async fn let_go(&self, keep: Keep, now: Timestamp) -> Result<u64, StoreError> {
        let before = |span: Duration| now.minus(span).as_micros();
        let (states, tasks) = (before(keep.states), before(keep.tasks));
        let mut tx = self.write().await?;
        let intervals = sqlx::query!(
            "DELETE FROM interval WHERE id IN (SELECT id FROM interval WHERE valid_to IS NOT NULL
             AND valid_to < CASE WHEN noun IN ('task', 'connection') THEN ? ELSE ? END AND valid_to < ? LIMIT ?)",
            tasks,
            states,
            // a bound the index can use whichever of the two applies
            i64::max(tasks, states),
            SLICE,
        )
        .execute(&mut *tx)
        .await?;
        // the newest run of each source says when it was last looked at, however long ago that is
        let sweeps = sqlx::query!(
            "DELETE FROM sweep WHERE id IN (SELECT s.id FROM sweep s WHERE s.last_at < ?
             AND EXISTS (SELECT 1 FROM sweep later WHERE later.source = s.source AND later.id > s.id) LIMIT ?)",
            tasks,
            SLICE,
        )
        .execute(&mut *tx)
        .await?;
        let mut gone = intervals.rows_affected() + sweeps.rows_affected();
        if let Some(span) = keep.timeline {
            let oldest = before(span);
            let entries =
                sqlx::query!("DELETE FROM timeline WHERE id IN (SELECT id FROM timeline WHERE at < ? ORDER BY at LIMIT ?)", oldest, SLICE)
                    .execute(&mut *tx)
                    .await?;
            let stops = sqlx::query!(
                "DELETE FROM stopped_task WHERE arn IN (SELECT arn FROM stopped_task WHERE max(stopped_at, seen_at) < ? LIMIT ?)",
                oldest,
                SLICE,
            )
            .execute(&mut *tx)
            .await?;
            gone += entries.rows_affected() + stops.rows_affected();
        }
        tx.commit().await?;
        if gone > 0 {
            self.give_back().await?;
        }
        Ok(gone)
    }

    /// Returns freed pages to the file system. Outside a transaction: inside one the pragma does nothing.
    async fn give_back(&self) -> Result<(), StoreError> {
        let mut writer = self.writer.acquire().await?;
        // the pragma gives back one page for every row that is fetched
        sqlx::query(PAGES).fetch_all(&mut *writer).await?;
        writer.ping().await?;
        Ok(())
    }
}
