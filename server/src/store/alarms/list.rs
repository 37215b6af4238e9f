//! The list of alarms, one alarm, and an alarm as any page shows it.

use domain::Timestamp;
use domain::alarm::{Alarm, AlarmState, web_address};
use domain::coverage::STUCK;
use domain::service::ServiceKey;
use domain::source::{SourceHealth, SourceKind};
use domain::text;
use domain::view::{Acknowledged, AlarmDetail, AlarmKey, AlarmOnly, AlarmPage, AlarmQuery, AlarmRow};
use sqlx::SqliteConnection;

use super::super::{Store, StoreError, parse, revision, small, sources, timeline, unsigned};

/// Lines of an alarm's record shown on its page; all are kept.
const RECORD: i64 = 50;
/// How far back changes are counted, in microseconds: an hour.
const CHANGES_WITHIN: i64 = 3_600 * 1_000_000;
/// Acknowledgements shown above the list, oldest first.
const STANDING: i64 = 50;

/// What stands beside an alarm in the store, and in JSON where one query reads many kinds of fact.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct Beside {
    pub(in super::super) cluster: Option<String>,
    pub(in super::super) service: Option<String>,
    pub(in super::super) by_name: Option<String>,
    pub(in super::super) known_reason: Option<String>,
    pub(in super::super) known_at: Option<i64>,
    pub(in super::super) runbook: Option<String>,
    pub(in super::super) changes: i64,
}

/// An alarm as a page shows it.
pub(in super::super) fn alarm_row(alarm: &Alarm, environment: &str, beside: Beside) -> AlarmRow {
    let acknowledged = beside.by_name.zip(beside.known_at).map(|(by, at)| Acknowledged {
        by,
        reason: beside.known_reason.unwrap_or_default(),
        at: Timestamp::from_micros(at),
    });
    AlarmRow {
        name: alarm.name.clone(),
        environment: environment.to_owned(),
        kind: alarm.kind,
        state: alarm.state,
        since: alarm.since,
        reason: alarm.reason.clone(),
        condition: alarm.condition.clone(),
        told: alarm.told().into_iter().map(str::to_owned).collect(),
        actions_enabled: alarm.actions_enabled,
        scales: alarm.only_scales(),
        service: beside.cluster.zip(beside.service),
        runbook: alarm.runbook().or_else(|| web_address(beside.runbook.as_deref()?)).map(str::to_owned),
        acknowledged,
        changes: small(beside.changes),
        stale: None,
    }
}

/// One alarm with all that stands beside it.
async fn one(connection: &mut SqliteConnection, key: &AlarmKey, now: Timestamp) -> Result<Option<(Alarm, AlarmRow)>, StoreError> {
    let after = now.as_micros().saturating_sub(CHANGES_WITHIN);
    let row = sqlx::query!(
        r#"SELECT v.body AS "body!: String", v.cluster AS "cluster?: String", v.service AS "service?: String",
                  v.by_name AS "by_name?: String", v.known_reason AS "known_reason?: String", v.known_at AS "known_at?: i64",
                  v.runbook AS "runbook?: String",
                  (SELECT count(*) FROM timeline t WHERE t.source = 'alarms:' || v.environment AND t.subject = v.name AND t.at > ?1
                   AND t.kind = 'alarm') AS "changes!: i64"
           FROM alarm_shown v WHERE v.environment = ?2 AND v.name = ?3"#,
        after,
        key.environment,
        key.name,
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let alarm: Alarm = parse("alarm", &row.body)?;
    let beside = Beside {
        cluster: row.cluster,
        service: row.service,
        by_name: row.by_name,
        known_reason: row.known_reason,
        known_at: row.known_at,
        runbook: row.runbook,
        changes: row.changes,
    };
    let shown = alarm_row(&alarm, &key.environment, beside);
    Ok(Some((alarm, shown)))
}

/// The alarms that watch a service, worst first.
pub(in super::super) async fn of_service(
    connection: &mut SqliteConnection,
    key: &ServiceKey,
    now: Timestamp,
) -> Result<Vec<AlarmRow>, StoreError> {
    let names = sqlx::query_scalar!(
        "SELECT name FROM alarm WHERE environment = ? AND cluster = ? AND service = ? ORDER BY state, name",
        key.environment,
        key.cluster,
        key.service,
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut rows = Vec::with_capacity(names.len());
    for name in names {
        let key = AlarmKey { environment: key.environment.clone(), name };
        rows.extend(one(connection, &key, now).await?.map(|(_, row)| row));
    }
    Ok(rows)
}

/// The alarm sources that are too old to be believed, by environment.
fn stale_environments(health: &[SourceHealth], now: Timestamp) -> Vec<(String, String)> {
    let alarms = health.iter().filter(|health| health.id.kind == SourceKind::Alarms);
    alarms.filter_map(|health| Some((health.id.scope.clone(), health.stale(now)?))).collect()
}

/// What stands over all alarms, whatever is filtered.
struct Counted {
    states: Vec<(AlarmState, u64)>,
    only: Vec<(AlarmOnly, u64)>,
    total: u64,
    calling: u64,
}

impl Store {
    /// One page of the alarms.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn alarm_page(&self, query: AlarmQuery, now: Timestamp) -> Result<AlarmPage, StoreError> {
        let mut snapshot = self.read().await?;
        let health = sources::health_list(&mut snapshot).await?;
        let stale = stale_environments(&health, now);
        let counted = counted(&mut snapshot, now).await?;
        let (matching, keys) = keys(&mut snapshot, &query, now).await?;
        let rows = shown(&mut snapshot, keys, &stale, now).await?;
        let standing = standing(&mut snapshot).await?;
        let acknowledged = shown(&mut snapshot, standing, &stale, now).await?;
        Ok(AlarmPage {
            revision: revision(&mut snapshot).await?,
            headline: headline(&counted, stale.first()),
            rows,
            asked: query.asked(),
            choices: query.choices(&counted.states, &counted.only, counted.total),
            orders: query.orders(),
            paging: query.paging(matching, counted.total),
            csv: query.csv_path(),
            acknowledged,
            observed: health.iter().filter(|health| health.id.kind == SourceKind::Alarms).map(|health| health.last_success).min().flatten(),
            stale: stale.into_iter().map(|(_, why)| why).collect(),
        })
    }

    /// One alarm with its record; nothing where there is none by that name.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn alarm_detail(&self, key: &AlarmKey, now: Timestamp) -> Result<Option<AlarmDetail>, StoreError> {
        let mut snapshot = self.read().await?;
        let Some((alarm, mut row)) = one(&mut snapshot, key, now).await? else { return Ok(None) };
        let health = sources::health_list(&mut snapshot).await?;
        let own = health.iter().find(|health| health.id.kind == SourceKind::Alarms && health.id.scope == key.environment);
        let stale = own.and_then(|health| health.stale(now));
        row.stale.clone_from(&stale);
        Ok(Some(AlarmDetail {
            revision: revision(&mut snapshot).await?,
            row,
            arn: alarm.arn,
            description: alarm.description,
            record: timeline::newest_of_subject(&mut snapshot, &format!("alarms:{}", key.environment), &key.name, RECORD).await?,
            observed: own.and_then(|health| health.last_success),
            stale,
        }))
    }
}

async fn shown(
    connection: &mut SqliteConnection,
    keys: Vec<AlarmKey>,
    stale: &[(String, String)],
    now: Timestamp,
) -> Result<Vec<AlarmRow>, StoreError> {
    let mut rows = Vec::with_capacity(keys.len());
    for key in keys {
        if let Some((_, mut row)) = one(connection, &key, now).await? {
            row.stale = stale.iter().find(|(environment, _)| *environment == key.environment).map(|(_, why)| why.clone());
            rows.push(row);
        }
    }
    Ok(rows)
}

fn headline(counted: &Counted, stale: Option<&(String, String)>) -> String {
    let all = text::count(counted.total, "alarm");
    match (stale, counted.calling, counted.total) {
        (Some(_), ..) => format!("{all}, not current"),
        (None, _, 0) => "No alarm".to_owned(),
        (None, 0, _) => format!("None of {all} calls for you"),
        (None, 1, _) => format!("1 of {all} calls for you"),
        (None, calling, _) => format!("{calling} of {all} call for you"),
    }
}

async fn counted(connection: &mut SqliteConnection, now: Timestamp) -> Result<Counted, StoreError> {
    let before = stuck_before(now);
    let rows = sqlx::query!(
        r#"SELECT a.state, count(*) AS "count!: i64", sum(a.untold) AS "untold!: i64",
                  sum(a.state = 'INSUFFICIENT_DATA' AND a.since > 0 AND a.since < ?) AS "stuck!: i64"
           FROM alarm a JOIN source ON source.id = 'alarms:' || a.environment GROUP BY a.state ORDER BY a.state"#,
        before,
    )
    .fetch_all(&mut *connection)
    .await?;
    let known = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!: i64" FROM acknowledgement k JOIN source ON source.id = 'alarms:' || k.environment WHERE k.ended_at IS NULL"#
    )
    .fetch_one(&mut *connection)
    .await?;
    let states: Vec<_> = rows.iter().map(|row| (AlarmState::from_word(&row.state), unsigned(row.count))).collect();
    let on = states.iter().find(|(state, _)| *state == AlarmState::Alarm).map_or(0, |(_, count)| *count);
    Ok(Counted {
        total: states.iter().map(|(_, count)| count).sum(),
        only: vec![
            (AlarmOnly::Untold, rows.iter().map(|row| unsigned(row.untold)).sum()),
            (AlarmOnly::Stuck, rows.iter().map(|row| unsigned(row.stuck)).sum()),
            (AlarmOnly::Acknowledged, unsigned(known)),
        ],
        calling: on.saturating_sub(unsigned(known)),
        states,
    })
}

/// Alarms without data since before this are stuck.
fn stuck_before(now: Timestamp) -> i64 {
    now.minus(STUCK).as_micros()
}

/// The keys of one page, and how many match in all. Everything the filter and the order look at stands in one index.
async fn keys(connection: &mut SqliteConnection, query: &AlarmQuery, now: Timestamp) -> Result<(u64, Vec<AlarmKey>), StoreError> {
    let (state, only) = (query.state.map(AlarmState::as_str), query.only.map_or("", AlarmOnly::as_str));
    let (sort, before) = (query.sort.as_str(), stuck_before(now));
    let (per, offset) = (i64::from(query.per), i64::from(query.page.saturating_sub(1)) * i64::from(query.per));
    let matching = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!: i64" FROM alarm a JOIN source ON source.id = 'alarms:' || a.environment
           WHERE (?1 = '' OR instr(lower(a.name), lower(?1)) > 0 OR instr(lower(COALESCE(a.service, '')), lower(?1)) > 0)
             AND (?2 IS NULL OR a.state = ?2) AND (?3 IS NULL OR a.service = ?3) AND (?4 IS NULL OR a.environment = ?4)
             AND CASE ?5 WHEN 'untold' THEN a.untold WHEN 'stuck' THEN a.state = 'INSUFFICIENT_DATA' AND a.since > 0 AND a.since < ?6
                 WHEN 'acknowledged' THEN EXISTS (SELECT 1 FROM acknowledgement k WHERE k.environment = a.environment AND k.name = a.name
                                                  AND k.ended_at IS NULL) ELSE 1 END"#,
        query.q,
        state,
        query.service,
        query.environment,
        only,
        before,
    )
    .fetch_one(&mut *connection)
    .await?;
    let rows = sqlx::query!(
        r#"SELECT a.environment, a.name FROM alarm a JOIN source ON source.id = 'alarms:' || a.environment
           WHERE (?1 = '' OR instr(lower(a.name), lower(?1)) > 0 OR instr(lower(COALESCE(a.service, '')), lower(?1)) > 0)
             AND (?2 IS NULL OR a.state = ?2) AND (?3 IS NULL OR a.service = ?3) AND (?4 IS NULL OR a.environment = ?4)
             AND CASE ?5 WHEN 'untold' THEN a.untold WHEN 'stuck' THEN a.state = 'INSUFFICIENT_DATA' AND a.since > 0 AND a.since < ?6
                 WHEN 'acknowledged' THEN EXISTS (SELECT 1 FROM acknowledgement k WHERE k.environment = a.environment AND k.name = a.name
                                                  AND k.ended_at IS NULL) ELSE 1 END
           ORDER BY CASE WHEN ?8 THEN CASE ?7 WHEN 'state' THEN a.state WHEN 'service' THEN COALESCE(a.service, '~') WHEN 'name' THEN a.name END END DESC,
                    CASE WHEN NOT ?8 THEN CASE ?7 WHEN 'state' THEN a.state WHEN 'service' THEN COALESCE(a.service, '~') WHEN 'name' THEN a.name END END,
                    CASE WHEN ?7 IN ('state', 'since') THEN CASE WHEN ?8 AND ?7 = 'since' THEN a.since ELSE -a.since END END,
                    a.name, a.environment
           LIMIT ?9 OFFSET ?10"#,
        query.q,
        state,
        query.service,
        query.environment,
        only,
        before,
        sort,
        query.reverse,
        per,
        offset,
    )
    .fetch_all(connection)
    .await?;
    Ok((unsigned(matching), rows.into_iter().map(|row| AlarmKey { environment: row.environment, name: row.name }).collect()))
}

/// The acknowledgements that stand, oldest first.
async fn standing(connection: &mut SqliteConnection) -> Result<Vec<AlarmKey>, StoreError> {
    let rows = sqlx::query!(
        "SELECT k.environment, k.name FROM acknowledgement k JOIN source ON source.id = 'alarms:' || k.environment
         WHERE k.ended_at IS NULL ORDER BY k.at, k.id LIMIT ?",
        STANDING,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| AlarmKey { environment: row.environment, name: row.name }).collect())
}
