//! The list of services: filtered, sorted and cut into pages by SQLite.

use domain::Timestamp;
use domain::judge::Standing;
use domain::service::{ServiceKey, revision_name};
use domain::source::SourceHealth;
use domain::source::SourceKind;
use domain::view::{ServicePage, ServiceQuery, ServiceRow};
use sqlx::SqliteConnection;

use super::{Store, StoreError, json, parse, revision, small, sources, unsigned};

/// The columns every list selects.
pub(super) struct ServiceColumns {
    pub(super) key: ServiceKey,
    pub(super) grouping: Option<String>,
    pub(super) standing: String,
    pub(super) since: i64,
    pub(super) moving: i64,
    pub(super) reasons: String,
    pub(super) desired: i64,
    pub(super) running: i64,
    pub(super) pending: i64,
    pub(super) unhealthy: i64,
    pub(super) revision: Option<String>,
    pub(super) alarms: i64,
    pub(super) alarms_on: i64,
}

/// A row as pages show it.
pub(super) fn row(columns: ServiceColumns) -> Result<ServiceRow, StoreError> {
    let standing = columns.standing.parse().map_err(|_| StoreError::Word { what: "a service's standing", word: columns.standing })?;
    Ok(ServiceRow {
        key: columns.key,
        group: columns.grouping,
        standing,
        since: Timestamp::from_micros(columns.since),
        moving: columns.moving != 0,
        reasons: parse("service", &columns.reasons)?,
        desired: small(columns.desired),
        running: small(columns.running),
        pending: small(columns.pending),
        unhealthy: small(columns.unhealthy),
        revision: columns.revision.as_deref().map(|arn| revision_name(arn).to_owned()),
        alarms: small(columns.alarms),
        alarms_on: small(columns.alarms_on),
    })
}

/// The ECS sources that are too old to be believed, by environment.
pub(super) fn stale_environments(sources: &[SourceHealth], now: Timestamp) -> Vec<(String, String)> {
    let ecs = sources.iter().filter(|health| health.id.kind == SourceKind::Ecs);
    ecs.filter_map(|health| Some((health.id.scope.clone(), health.stale(now)?))).collect()
}

/// What stands over the whole fleet, whatever is filtered.
struct Fleet {
    standings: Vec<(Standing, u64)>,
    groups: Vec<String>,
    environments: Vec<String>,
    total: u64,
}

impl Store {
    /// One page of the list. A service whose source is stale counts as unknown, in the filter as in the row.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn service_page(&self, query: ServiceQuery, now: Timestamp) -> Result<ServicePage, StoreError> {
        let mut snapshot = self.read().await?;
        let revision = revision(&mut snapshot).await?;
        let health = sources::health_list(&mut snapshot).await?;
        let stale = stale_environments(&health, now);
        let names: Vec<&str> = stale.iter().map(|(environment, _)| environment.as_str()).collect();
        let blind = json("source", &names)?;
        let fleet = fleet(&mut snapshot, &blind).await?;
        let matching = count(&mut snapshot, &query, &blind).await?;
        let mut rows = page_of(&mut snapshot, &query, &blind).await?;
        for row in &mut rows {
            if let Some((_, why)) = stale.iter().find(|(environment, _)| *environment == row.key.environment) {
                row.standing = Standing::Unknown;
                row.reasons = vec![why.clone()];
            }
        }
        let ecs = || health.iter().filter(|health| health.id.kind == SourceKind::Ecs);
        Ok(ServicePage {
            revision,
            query,
            rows,
            matching,
            total: fleet.total,
            standings: fleet.standings,
            groups: fleet.groups,
            environments: fleet.environments,
            observed: ecs().map(|health| health.last_success).min().flatten(),
            stale: stale.into_iter().map(|(_, why)| why).collect(),
        })
    }
}

async fn fleet(connection: &mut SqliteConnection, blind: &str) -> Result<Fleet, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT environment, grouping,
                  CASE WHEN environment IN (SELECT value FROM json_each(?)) THEN 'unknown' ELSE standing END AS "standing!: String",
                  count(*) AS "count!: i64"
           FROM service WHERE present = 1 AND environment IN (SELECT substr(id, 5) FROM source WHERE id LIKE 'ecs:%')
           GROUP BY 1, 2, 3"#,
        blind,
    )
    .fetch_all(connection)
    .await?;
    let mut fleet = Fleet { standings: Vec::new(), groups: Vec::new(), environments: Vec::new(), total: 0 };
    for standing in Standing::ALL {
        let count = rows.iter().filter(|row| row.standing == standing.as_str()).map(|row| unsigned(row.count)).sum();
        if count > 0 {
            fleet.standings.push((standing, count));
            fleet.total += count;
        }
    }
    for row in rows {
        fleet.environments.push(row.environment);
        fleet.groups.extend(row.grouping);
    }
    for names in [&mut fleet.environments, &mut fleet.groups] {
        names.sort_unstable();
        names.dedup();
    }
    Ok(fleet)
}

/// How many match. Apart from the page: counted along with its rows, SQLite would keep every row of the fleet to sort it, where
/// it now keeps as many as the page is long (ten thousand services: 43 ms became 10).
async fn count(connection: &mut SqliteConnection, query: &ServiceQuery, blind: &str) -> Result<u64, StoreError> {
    let state = query.state.map(Standing::as_str);
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!: i64" FROM service s
           WHERE s.present = 1 AND s.environment IN (SELECT substr(id, 5) FROM source WHERE id LIKE 'ecs:%')
             AND (?2 = '' OR instr(lower(s.name), lower(?2)) > 0)
             AND (?3 IS NULL OR CASE WHEN s.environment IN (SELECT value FROM json_each(?1)) THEN 'unknown' ELSE s.standing END = ?3)
             AND (?4 IS NULL OR s.grouping = ?4) AND (?5 IS NULL OR s.environment = ?5)"#,
        blind,
        query.q,
        state,
        query.group,
        query.environment,
    )
    .fetch_one(connection)
    .await?;
    Ok(unsigned(count))
}

/// The rows of one page.
async fn page_of(connection: &mut SqliteConnection, query: &ServiceQuery, blind: &str) -> Result<Vec<ServiceRow>, StoreError> {
    let state = query.state.map(Standing::as_str);
    let (sort, offset) = (query.sort.as_str(), i64::from(query.page.saturating_sub(1)) * i64::from(query.per));
    let (per, reverse) = (i64::from(query.per), query.reverse);
    let found = sqlx::query!(
        r#"WITH page AS (
               SELECT s.environment, s.cluster, s.name,
                      CASE WHEN ?7 THEN -1 ELSE 1 END * CASE ?2
                          WHEN 'state' THEN CASE s.standing WHEN 'down' THEN 0 WHEN 'contradiction' THEN 1 WHEN 'up' THEN 3 WHEN 'off' THEN 4 ELSE 5 END
                          WHEN 'running' THEN s.running WHEN 'since' THEN -s.since ELSE 0 END AS by_number,
                      CASE ?2 WHEN 'group' THEN COALESCE(s.grouping, '~') WHEN 'name' THEN s.name ELSE '' END AS by_word
               FROM service s
               WHERE s.present = 1 AND s.environment IN (SELECT substr(id, 5) FROM source WHERE id LIKE 'ecs:%')
                 AND (?3 = '' OR instr(lower(s.name), lower(?3)) > 0)
                 AND (?4 IS NULL OR CASE WHEN s.environment IN (SELECT value FROM json_each(?1)) THEN 'unknown' ELSE s.standing END = ?4)
                 AND (?5 IS NULL OR s.grouping = ?5) AND (?6 IS NULL OR s.environment = ?6)
               ORDER BY by_number, CASE WHEN ?7 THEN by_word END DESC, CASE WHEN NOT ?7 THEN by_word END, s.name, s.environment, s.cluster
               LIMIT ?8 OFFSET ?9)
           SELECT p.environment AS "environment!", p.cluster AS "cluster!", p.name AS "name!", s.grouping, s.standing AS "standing!: String",
                  s.since AS "since!", s.moving AS "moving!", s.reasons AS "reasons!", s.desired AS "desired!", s.running AS "running!",
                  s.pending AS "pending!", s.unhealthy AS "unhealthy!", s.revision,
                  (SELECT count(*) FROM alarm a WHERE a.environment = p.environment AND a.cluster = p.cluster AND a.service = p.name) AS "alarms!: i64",
                  (SELECT count(*) FROM alarm a WHERE a.environment = p.environment AND a.cluster = p.cluster AND a.service = p.name
                   AND a.state = 'ALARM') AS "alarms_on!: i64"
           FROM page p JOIN service s ON s.environment = p.environment AND s.cluster = p.cluster AND s.name = p.name
           ORDER BY p.by_number, CASE WHEN ?7 THEN p.by_word END DESC, CASE WHEN NOT ?7 THEN p.by_word END, p.name, p.environment, p.cluster"#,
        blind,
        sort,
        query.q,
        state,
        query.group,
        query.environment,
        reverse,
        per,
        offset,
    )
    .fetch_all(&mut *connection)
    .await?;
    found
        .into_iter()
        .map(|found| {
            row(ServiceColumns {
                key: ServiceKey { environment: found.environment, cluster: found.cluster, service: found.name },
                grouping: found.grouping,
                standing: found.standing,
                since: found.since,
                moving: found.moving,
                reasons: found.reasons,
                desired: found.desired,
                running: found.running,
                pending: found.pending,
                unhealthy: found.unhealthy,
                revision: found.revision,
                alarms: found.alarms,
                alarms_on: found.alarms_on,
            })
        })
        .collect()
}
