//! What the missing alarms are written from.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::alarm::Alarm;
use domain::coverage::commands::{Custom, Gap, write};
use domain::coverage::{Column, Mark, cells};
use domain::service::ServiceKey;
use domain::view::{MissingAlarms, MissingQuery};
use sqlx::SqliteConnection;

use super::super::{Store, StoreError, parse, revision};
use super::coverage::{alarms, stand};

/// Alarms written out at once: half a megabyte of text. More is not read by anybody.
const MOST: usize = 1_000;
/// Services looked at for them.
const SERVICES: i64 = 1_000;

impl Store {
    /// The missing alarms of what is asked for, written out.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn missing_alarms(&self, query: &MissingQuery, now: Timestamp) -> Result<MissingAlarms, StoreError> {
        let mut snapshot = self.read().await?;
        let mut gaps = Vec::new();
        for key in bare(&mut snapshot, query).await? {
            gaps.extend(gaps_of(&mut snapshot, key, query.column, now).await?);
        }
        let mut customs = BTreeMap::new();
        for gap in &gaps {
            if !customs.contains_key(&gap.key.environment) {
                customs.insert(gap.key.environment.clone(), custom(&mut snapshot, &gap.key).await?);
            }
        }
        let text = write(query.form, &gaps, &customs, MOST);
        Ok(MissingAlarms::new(revision(&mut snapshot).await?, query, gaps.len() as u64, text))
    }
}

/// The services that lack something of what is asked for.
async fn bare(connection: &mut SqliteConnection, query: &MissingQuery) -> Result<Vec<ServiceKey>, StoreError> {
    let bit = query.column.map_or(0, |of| i64::from(of.bit()));
    let rows = sqlx::query!(
        r#"SELECT c.environment, c.cluster, c.service FROM coverage c JOIN source ON source.id = 'ecs:' || c.environment
           WHERE c.gaps > 0 AND (?1 IS NULL OR c.environment = ?1) AND (?2 IS NULL OR c.cluster = ?2) AND (?3 IS NULL OR c.service = ?3)
             AND (?4 = 0 OR c.lacking & ?4)
           ORDER BY c.environment, c.cluster, c.service LIMIT ?5"#,
        query.environment,
        query.cluster,
        query.service,
        bit,
        SERVICES,
    )
    .fetch_all(connection)
    .await?;
    let key = |(environment, cluster, service)| ServiceKey { environment, cluster, service };
    Ok(rows.into_iter().map(|row| key((row.environment, row.cluster, row.service))).collect())
}

async fn gaps_of(connection: &mut SqliteConnection, key: ServiceKey, only: Option<Column>, now: Timestamp) -> Result<Vec<Gap>, StoreError> {
    let Some(stand) = stand(connection, &key).await? else { return Ok(Vec::new()) };
    let alarms = alarms(connection, &key).await?;
    let cells = cells(&stand.watched, &alarms.iter().collect::<Vec<_>>(), now);
    let wanted = cells.into_iter().filter(|cell| cell.mark == Mark::Missing);
    let wanted = wanted.filter(|cell| only.is_none_or(|only| only == cell.column));
    Ok(wanted.map(|cell| Gap { key: key.clone(), column: cell.column, desired: stand.desired, watched: stand.watched.clone() }).collect())
}

/// What the alarms of an environment have in common.
async fn custom(connection: &mut SqliteConnection, key: &ServiceKey) -> Result<Custom, StoreError> {
    let place = sqlx::query!(
        "SELECT account, region FROM service WHERE environment = ? AND cluster = ? AND name = ?",
        key.environment,
        key.cluster,
        key.service,
    )
    .fetch_one(&mut *connection)
    .await?;
    let rows =
        sqlx::query_scalar!("SELECT body FROM alarm WHERE environment = ? ORDER BY name", key.environment).fetch_all(connection).await?;
    let alarms: Vec<Alarm> = rows.iter().map(|body| parse("alarm", body)).collect::<Result<_, _>>()?;
    Ok(Custom::of(&place.account, &place.region, &alarms))
}
