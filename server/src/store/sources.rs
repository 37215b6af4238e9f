//! The sources' health rows, updated in place.

use domain::Timestamp;
use domain::source::{SourceHealth, SourceId};
use domain::timeline::EventKind;
use domain::view::{SourceRow, SourcesView};
use sqlx::SqliteConnection;

use super::{Store, StoreError, advance, json, parse, revision, timeline};

/// Gaps shown on the Sources page.
const GAPS: i64 = 20;

/// Puts a source's health; answers what stood there before. A collector that has not succeeded since it was started
/// knows of no success; the store may remember one.
pub(super) async fn health_put(connection: &mut SqliteConnection, health: &SourceHealth) -> Result<Option<SourceHealth>, StoreError> {
    let id = health.id.to_string();
    let before = sqlx::query_scalar!("SELECT health FROM source WHERE id = ?", id).fetch_optional(&mut *connection).await?;
    // what cannot be read any more is as good as never written: it is replaced here anyway
    let before: Option<SourceHealth> = before.and_then(|text| serde_json::from_str(&text).ok());
    let last_success = health.last_success.or(before.as_ref().and_then(|before| before.last_success));
    let body = json("source", &SourceHealth { last_success, ..health.clone() })?;
    sqlx::query!(
        "INSERT INTO source (id, position, health) VALUES (?, 1000000, ?) ON CONFLICT (id) DO UPDATE SET health = excluded.health",
        id,
        body,
    )
    .execute(connection)
    .await?;
    Ok(before)
}

/// The health of every source that is configured now, in the order of the config.
pub(super) async fn health_list(connection: &mut SqliteConnection) -> Result<Vec<SourceHealth>, StoreError> {
    let rows = sqlx::query_scalar!("SELECT health FROM source ORDER BY position, id").fetch_all(connection).await?;
    rows.iter().map(|text| parse("source", text)).collect()
}

impl Store {
    /// Makes the sources exactly those of the config, in its order. What is known of a source that stays is kept; the
    /// observations of one that is gone stay in the store and are no longer shown as current.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn sources_set(&self, sources: &[SourceHealth]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let ids: Vec<String> = sources.iter().map(|health| health.id.to_string()).collect();
        let ids = json("source", &ids)?;
        sqlx::query!("DELETE FROM source WHERE id NOT IN (SELECT value FROM json_each(?))", ids).execute(&mut *tx).await?;
        for (position, health) in sources.iter().enumerate() {
            let (id, body, position) = (health.id.to_string(), json("source", health)?, i64::try_from(position).unwrap_or(i64::MAX));
            sqlx::query!(
                "INSERT INTO source (id, position, health) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET position = excluded.position",
                id,
                position,
                body,
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        self.forget_sources().await;
        Ok(())
    }

    /// When each source last answered, as the store knows it from before this start.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn last_success(&self, id: &SourceId) -> Result<Option<Timestamp>, StoreError> {
        let mut snapshot = self.read().await?;
        let known = health_list(&mut snapshot).await?;
        Ok(known.into_iter().find(|health| health.id == *id).and_then(|health| health.last_success))
    }

    /// When the newest sweep ended that read anything, of whichever source; none before the first. The only instant a store knows
    /// of by itself: whoever judges it by another clock than it was written with begins here.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn newest_success(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut snapshot = self.read().await?;
        Ok(health_list(&mut snapshot).await?.into_iter().filter_map(|health| health.last_success).max())
    }

    /// Which sources are stale at `now`, in the order of the config.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn staleness(&self, now: Timestamp) -> Result<Vec<bool>, StoreError> {
        let mut snapshot = self.read().await?;
        Ok(health_list(&mut snapshot).await?.iter().map(|health| health.stale(now).is_some()).collect())
    }

    /// Makes a new revision without a change of what is stored: for what changed by time alone.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn touch(&self) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let revision = advance(&mut tx).await?;
        tx.commit().await?;
        self.kept.committed(revision);
        Ok(revision)
    }

    /// The Sources page.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn sources_view(&self, now: Timestamp) -> Result<SourcesView, StoreError> {
        let mut snapshot = self.read().await?;
        let revision = revision(&mut snapshot).await?;
        let rows = health_list(&mut snapshot).await?.into_iter().map(|health| SourceRow::judge(health, now)).collect();
        let gaps = timeline::newest_of_kind(&mut snapshot, EventKind::Source, GAPS).await?;
        Ok(SourcesView { revision, rows, bills: Vec::new(), gaps })
    }
}
