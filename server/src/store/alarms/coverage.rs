//! Which alarm is whose, and how much of each service nobody watches.
//!
//! The table is kept, not made at every look: at ten thousand services it is sorted and counted by an index. What depends
//! on the time (an alarm without data for a day) is judged when a page of it is shown.

use std::collections::BTreeSet;

use domain::Timestamp;
use domain::alarm::{Alarm, target_of};
use domain::coverage::{Cell, Column, Watched, cells, tally};
use domain::service::{Service, ServiceKey, TaskDefinition};
use domain::source::{SourceHealth, SourceKind};
use domain::view::{CoveragePage, CoverageQuery, CoverageRow, MissingQuery};
use sqlx::SqliteConnection;

use super::super::{Store, StoreError, parse, revision, small, sources, unsigned};

/// The service an alarm watches that names it in another way than by cluster and name.
pub(in super::super) async fn owner_of(
    connection: &mut SqliteConnection,
    environment: &str,
    hint: Option<&str>,
    target: Option<&str>,
) -> Result<Option<(String, String)>, StoreError> {
    if let Some(target) = target {
        let row = sqlx::query!("SELECT cluster, service FROM behind WHERE environment = ? AND target = ? LIMIT 1", environment, target)
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(row) = row {
            return Ok(Some((row.cluster, row.service)));
        }
    }
    let Some(hint) = hint else { return Ok(None) };
    let rows =
        sqlx::query_scalar!("SELECT cluster FROM service WHERE environment = ? AND name = ? AND present = 1 LIMIT 2", environment, hint)
            .fetch_all(connection)
            .await?;
    // of two services by one name it is nobody's: a guess would call the wrong people
    Ok(match rows.as_slice() {
        [only] => Some((only.clone(), hint.to_owned())),
        _ => None,
    })
}

/// Makes the table's rows anew for what has changed.
pub(in super::super) async fn refresh(connection: &mut SqliteConnection, touched: &BTreeSet<ServiceKey>) -> Result<(), StoreError> {
    for key in touched {
        match stand(connection, key).await? {
            Some(stand) => {
                adopt(connection, key, &stand.watched).await?;
                let alarms = alarms(connection, key).await?;
                // an age of nought: what is stuck is a matter of the moment somebody looks
                let (lacking, weak) = tally(&cells(&stand.watched, &alarms.iter().collect::<Vec<_>>(), Timestamp::default()));
                put(connection, key, lacking, weak).await?;
            }
            None => remove(connection, key).await?,
        }
    }
    Ok(())
}

/// A service as far as it decides how it can be watched.
pub(super) struct Stand {
    pub(super) desired: u32,
    pub(super) watched: Watched,
}

/// Nothing where the service is not in its cluster any more.
pub(super) async fn stand(connection: &mut SqliteConnection, key: &ServiceKey) -> Result<Option<Stand>, StoreError> {
    let source = format!("ecs:{}", key.environment);
    let row = sqlx::query!(
        r#"SELECT s.desired, i.body AS "body?: String", d.body AS "definition?: String" FROM service s
           LEFT JOIN interval i ON i.noun = 'service' AND i.source = ?1 AND i.cluster = s.cluster AND i.name = s.name AND i.valid_to IS NULL
           LEFT JOIN task_definition d ON d.arn = s.revision
           WHERE s.environment = ?2 AND s.cluster = ?3 AND s.name = ?4 AND s.present = 1"#,
        source,
        key.environment,
        key.cluster,
        key.service,
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let service: Service = row.body.map_or_else(|| Ok(Service::default()), |body| parse("service", &body))?;
    let definition: Option<TaskDefinition> = row.definition.map(|body| parse("task definition", &body)).transpose()?;
    let containers = definition.map(|definition| definition.containers).unwrap_or_default();
    let checked_container = containers.into_iter().find(|container| container.health_check.is_some()).map(|container| container.name);
    let desired = small(row.desired);
    Ok(Some(Stand { desired, watched: Watched { off: desired == 0, target_groups: service.target_groups, checked_container } }))
}

/// Gives the service the alarms that name it by its target groups or by its name alone.
async fn adopt(connection: &mut SqliteConnection, key: &ServiceKey, watched: &Watched) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM behind WHERE environment = ? AND cluster = ? AND service = ?", key.environment, key.cluster, key.service)
        .execute(&mut *connection)
        .await?;
    for target in watched.target_groups.iter().filter_map(|arn| target_of(arn)) {
        sqlx::query!(
            "INSERT INTO behind (environment, target, cluster, service) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            key.environment,
            target,
            key.cluster,
            key.service,
        )
        .execute(&mut *connection)
        .await?;
        sqlx::query!(
            "UPDATE alarm SET cluster = ?, service = ? WHERE environment = ? AND target = ? AND service IS NULL",
            key.cluster,
            key.service,
            key.environment,
            target,
        )
        .execute(&mut *connection)
        .await?;
    }
    sqlx::query!(
        "UPDATE alarm SET cluster = ?1, service = ?2 WHERE environment = ?3 AND hint = ?2 AND service IS NULL
         AND (SELECT count(*) FROM service WHERE environment = ?3 AND name = ?2 AND present = 1) = 1",
        key.cluster,
        key.service,
        key.environment,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn alarms(connection: &mut SqliteConnection, key: &ServiceKey) -> Result<Vec<Alarm>, StoreError> {
    let rows = sqlx::query_scalar!(
        "SELECT body FROM alarm WHERE environment = ? AND cluster = ? AND service = ? ORDER BY name",
        key.environment,
        key.cluster,
        key.service,
    )
    .fetch_all(connection)
    .await?;
    rows.iter().map(|body| parse("alarm", body)).collect()
}

async fn put(connection: &mut SqliteConnection, key: &ServiceKey, lacking: u32, weak: u32) -> Result<(), StoreError> {
    let (lacking, gaps, weak) = (i64::from(lacking), i64::from(lacking.count_ones()), i64::from(weak));
    sqlx::query!(
        "INSERT INTO coverage (environment, cluster, service, lacking, gaps, weak) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (environment, cluster, service) DO UPDATE SET lacking = excluded.lacking, gaps = excluded.gaps, weak = excluded.weak
         WHERE lacking <> excluded.lacking OR weak <> excluded.weak",
        key.environment,
        key.cluster,
        key.service,
        lacking,
        gaps,
        weak,
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn remove(connection: &mut SqliteConnection, key: &ServiceKey) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM coverage WHERE environment = ? AND cluster = ? AND service = ?", key.environment, key.cluster, key.service)
        .execute(connection)
        .await?;
    Ok(())
}

/// A service's row of the table now; nothing where the service is gone.
pub(in super::super) async fn row_of(
    connection: &mut SqliteConnection,
    key: &ServiceKey,
    now: Timestamp,
) -> Result<Option<Vec<Cell>>, StoreError> {
    let Some(stand) = stand(connection, key).await? else { return Ok(None) };
    let alarms = alarms(connection, key).await?;
    Ok(Some(cells(&stand.watched, &alarms.iter().collect::<Vec<_>>(), now)))
}

impl Store {
    /// One page of the table, worst first.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn coverage_page(&self, query: CoverageQuery, now: Timestamp) -> Result<CoveragePage, StoreError> {
        let mut snapshot = self.read().await?;
        let (total, lacking, bare) = totals(&mut snapshot).await?;
        let (matching, keys) = keys(&mut snapshot, &query).await?;
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            let cells = row_of(&mut snapshot, &key, now).await?.unwrap_or_default();
            let missing = (tally(&cells).0 != 0).then(|| MissingQuery::of(&key).path("/alarms/missing"));
            rows.push(CoverageRow { key, cells, missing });
        }
        let health = sources::health_list(&mut snapshot).await?;
        let (observed, stale) = freshness(&health, now);
        Ok(CoveragePage {
            revision: revision(&mut snapshot).await?,
            headline: match (bare, total) {
                (_, 0) => "No service to watch".to_owned(),
                (0, total) => format!("All {} watched", domain::text::count(total, "service")),
                (bare, total) => format!("{bare} of {} not fully watched", domain::text::count(total, "service")),
            },
            rows,
            columns: Column::ALL.map(|of| (of.title().to_owned(), of.rule().to_owned())).into(),
            asked: query.asked(),
            choices: query.choices(&lacking, total),
            paging: query.paging(matching, total),
            csv: query.csv_path(),
            observed,
            stale,
        })
    }
}

/// When the oldest of the sources that decide it answered, and which of them are stale.
fn freshness(health: &[SourceHealth], now: Timestamp) -> (Option<Timestamp>, Vec<String>) {
    let deciding = || health.iter().filter(|health| matches!(health.id.kind, SourceKind::Alarms | SourceKind::Ecs));
    (deciding().map(|health| health.last_success).min().flatten(), deciding().filter_map(|health| health.stale(now)).collect())
}

/// Services in all, how many lack each column, and how many lack any.
async fn totals(connection: &mut SqliteConnection) -> Result<(u64, Vec<(Column, u64)>, u64), StoreError> {
    let rows = sqlx::query!(
        r#"SELECT lacking, count(*) AS "count!: i64" FROM coverage c JOIN source ON source.id = 'ecs:' || c.environment GROUP BY lacking"#
    )
    .fetch_all(connection)
    .await?;
    let counted: Vec<(u32, u64)> = rows.iter().map(|row| (small(row.lacking), unsigned(row.count))).collect();
    let of = |bits: u32| counted.iter().filter(|(lacking, _)| lacking & bits != 0).map(|(_, count)| count).sum();
    let columns = Column::ALL.into_iter().filter(|column| *column != Column::Own);
    Ok((counted.iter().map(|(_, count)| count).sum(), columns.map(|column| (column, of(column.bit()))).collect(), of(u32::MAX)))
}

async fn keys(connection: &mut SqliteConnection, query: &CoverageQuery) -> Result<(u64, Vec<ServiceKey>), StoreError> {
    let bit = i64::from(query.lacks.map_or(0, Column::bit));
    let (per, offset) = (i64::from(query.per), i64::from(query.page.saturating_sub(1)) * i64::from(query.per));
    let matching = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!: i64" FROM coverage c JOIN source ON source.id = 'ecs:' || c.environment
           WHERE (?1 = '' OR instr(lower(c.service), lower(?1)) > 0) AND (?2 = 0 OR c.lacking & ?2) AND (?3 IS NULL OR c.environment = ?3)"#,
        query.q,
        bit,
        query.environment,
    )
    .fetch_one(&mut *connection)
    .await?;
    let rows = sqlx::query!(
        r#"SELECT c.environment, c.cluster, c.service FROM coverage c JOIN source ON source.id = 'ecs:' || c.environment
           WHERE (?1 = '' OR instr(lower(c.service), lower(?1)) > 0) AND (?2 = 0 OR c.lacking & ?2) AND (?3 IS NULL OR c.environment = ?3)
           ORDER BY c.gaps DESC, c.weak DESC, c.service, c.environment, c.cluster LIMIT ?4 OFFSET ?5"#,
        query.q,
        bit,
        query.environment,
        per,
        offset,
    )
    .fetch_all(connection)
    .await?;
    let key = |(environment, cluster, service)| ServiceKey { environment, cluster, service };
    Ok((unsigned(matching), rows.into_iter().map(|row| key((row.environment, row.cluster, row.service))).collect()))
}
