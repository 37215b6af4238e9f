//! One service's page: what it is now, and what is kept of what it was.

use domain::Timestamp;
use domain::coverage::Mark;
use domain::judge::Standing;
use domain::nats::Connection;
use domain::service::{Service, ServiceKey, Task, TaskDefinition, revision_name};
use domain::source::{SourceHealth, SourceKind};
use domain::timeline::stop_tone;
use domain::view::{ConnectionRow, ServiceDetail, ServiceRow, StoppedTaskRow, TaskRow};
use sqlx::SqliteConnection;

use super::alarms::{coverage, of_service};
use super::services::{ServiceColumns, row};
use super::{Store, StoreError, parse, revision, sources, timeline, unsigned, words};

/// Stops shown on the page; all are kept.
const STOPS: i64 = 20;
/// Lines of the record shown on the page; all are kept.
const RECORD: i64 = 50;

impl Store {
    /// The page of one service; nothing if it was never seen. `same_time` says whether NATS servers and AWS tell the same
    /// time: in a sped-up demo the real servers keep the wall's, so their instants cannot be compared.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn service_detail(
        &self,
        key: &ServiceKey,
        do_not_touch: Option<&str>,
        same_time: bool,
        now: Timestamp,
    ) -> Result<Option<ServiceDetail>, StoreError> {
        let mut snapshot = self.read().await?;
        let Some((present, mut listed)) = listed(&mut snapshot, key).await? else { return Ok(None) };
        let health = sources::health_list(&mut snapshot).await?;
        let stale_kind = |kind, scope: &str| stale_of(&health, kind, scope, now);
        let stale = stale_kind(SourceKind::Ecs, &key.environment).flatten();
        if let Some(why) = &stale {
            listed.standing = Standing::Unknown;
            listed.reasons = vec![why.clone()];
        }
        let service = newest_state(&mut snapshot, key).await?;
        let definition = definition(&mut snapshot, service.revision.as_deref()).await?;
        let (tasks, nats) = tasks(&mut snapshot, key, same_time).await?;
        let (stopped_on_record, stopped) = stops(&mut snapshot, key).await?;
        let alarms = of_service(&mut snapshot, key, now).await?;
        let cells = coverage::row_of(&mut snapshot, key, now).await?.unwrap_or_default();
        let unwatched = cells.into_iter().filter(|cell| matches!(cell.mark, Mark::Missing | Mark::Weak));
        listed.alarms_on =
            alarms.iter().filter(|alarm| alarm.state == domain::alarm::AlarmState::Alarm).count().try_into().unwrap_or(u32::MAX);
        listed.alarms = alarms.len().try_into().unwrap_or(u32::MAX);
        let ecs = health.iter().find(|health| health.id.kind == SourceKind::Ecs && health.id.scope == key.environment);
        Ok(Some(ServiceDetail {
            revision: revision(&mut snapshot).await?,
            row: listed,
            arn: service.arn,
            present,
            launch_type: service.launch_type,
            controller: service.controller,
            do_not_touch: do_not_touch.map(str::to_owned),
            definition,
            deployments: service.deployments,
            tasks,
            stopped,
            stopped_on_record,
            alarms,
            unwatched: unwatched.map(|cell| format!("{}: {}", cell.column.title(), cell.said)).collect(),
            record: timeline::newest_of_service(&mut snapshot, key, RECORD).await?,
            observed: ecs.and_then(|health| health.last_success),
            stale,
            connections_stale: nats_stale(&health, &nats, now),
            alarms_stale: stale_kind(SourceKind::Alarms, &key.environment)
                .unwrap_or_else(|| Some("alarms of this environment are not watched".to_owned())),
        }))
    }
}

/// `None`: no such source; `Some(None)`: fresh.
fn stale_of(health: &[SourceHealth], kind: SourceKind, scope: &str, now: Timestamp) -> Option<Option<String>> {
    health.iter().find(|health| health.id.kind == kind && health.id.scope == scope).map(|health| health.stale(now))
}

/// Connections may come from any NATS cluster; those that hold some must be fresh, and if none does, all must.
fn nats_stale(health: &[SourceHealth], holding: &[String], now: Timestamp) -> Option<String> {
    let nats: Vec<&SourceHealth> = health.iter().filter(|health| health.id.kind == SourceKind::Nats).collect();
    if nats.is_empty() {
        return Some("no NATS cluster is configured".to_owned());
    }
    let relevant = nats.iter().filter(|health| holding.is_empty() || holding.contains(&health.id.to_string()));
    relevant.filter_map(|health| health.stale(now)).reduce(|first, second| format!("{first}; {second}"))
}

async fn listed(connection: &mut SqliteConnection, key: &ServiceKey) -> Result<Option<(bool, ServiceRow)>, StoreError> {
    let found = sqlx::query!(
        "SELECT present, grouping, standing, since, moving, reasons, desired, running, pending, unhealthy, revision FROM service
         WHERE environment = ? AND cluster = ? AND name = ?",
        key.environment,
        key.cluster,
        key.service,
    )
    .fetch_optional(connection)
    .await?;
    let Some(found) = found else { return Ok(None) };
    let columns = ServiceColumns {
        key: key.clone(),
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
        alarms: 0,
        alarms_on: 0,
    };
    Ok(Some((found.present != 0, row(columns)?)))
}

/// The service's newest state, which for one that is gone is its last.
async fn newest_state(connection: &mut SqliteConnection, key: &ServiceKey) -> Result<Service, StoreError> {
    let source = format!("ecs:{}", key.environment);
    let body = sqlx::query_scalar!(
        "SELECT body FROM interval WHERE noun = 'service' AND source = ? AND cluster = ? AND name = ? ORDER BY valid_from DESC, id DESC LIMIT 1",
        source,
        key.cluster,
        key.service,
    )
    .fetch_optional(connection)
    .await?;
    body.map_or_else(|| Ok(Service::default()), |body| parse("service", &body))
}

/// What a service is meant to run, by full ARN; nothing of one that is not there.
pub(super) async fn runs(connection: &mut SqliteConnection, key: &ServiceKey) -> Result<Option<String>, StoreError> {
    match listed(&mut *connection, key).await? {
        Some((true, _)) => Ok(newest_state(connection, key).await?.revision),
        Some((false, _)) | None => Ok(None),
    }
}

pub(super) async fn definition(connection: &mut SqliteConnection, arn: Option<&str>) -> Result<Option<TaskDefinition>, StoreError> {
    let Some(arn) = arn else { return Ok(None) };
    let body = sqlx::query_scalar!("SELECT body FROM task_definition WHERE arn = ?", arn).fetch_optional(connection).await?;
    body.map(|body| parse("task definition", &body)).transpose()
}

/// Tasks that are not stopped, each with the NATS connections from its address that were opened while it lived
/// (addresses are used again, so the instant decides). Also: which NATS sources hold such connections.
pub(super) async fn tasks(
    connection: &mut SqliteConnection,
    key: &ServiceKey,
    same_time: bool,
) -> Result<(Vec<TaskRow>, Vec<String>), StoreError> {
    let source = format!("ecs:{}", key.environment);
    let rows = sqlx::query!(
        r#"SELECT t.body, c.body AS "connection?: String", c.source AS "holder?: String"
           FROM interval t LEFT JOIN interval c
             ON c.noun = 'connection' AND c.valid_to IS NULL
            AND json_extract(c.body, '$.address') = json_extract(t.body, '$.address')
           WHERE t.noun = 'task' AND t.source = ? AND t.cluster = ? AND t.valid_to IS NULL AND json_extract(t.body, '$.service') = ?
           ORDER BY json_extract(t.body, '$.created'), t.name"#,
        source,
        key.cluster,
        key.service,
    )
    .fetch_all(connection)
    .await?;
    let mut tasks: Vec<TaskRow> = Vec::new();
    let mut holders = Vec::new();
    for row in rows {
        let task: Task = parse("task", &row.body)?;
        if tasks.last().is_none_or(|last| last.id != task.id()) {
            tasks.push(task_row(&task));
        }
        if let (Some(body), Some(last)) = (row.connection, tasks.last_mut()) {
            let opened: Connection = parse("connection", &body)?;
            if !same_time || opened.started >= task.created {
                last.connections.push(connection_row(opened));
                holders.extend(row.holder);
            }
        }
    }
    holders.sort_unstable();
    holders.dedup();
    Ok((tasks, holders))
}

pub(super) fn task_row(task: &Task) -> TaskRow {
    TaskRow {
        id: task.id().to_owned(),
        status: task.last_status.clone(),
        health: task.health,
        address: task.address.clone(),
        zone: task.zone.clone(),
        revision: task.revision.as_deref().map(|arn| revision_name(arn).to_owned()),
        started: task.started,
        connections: Vec::new(),
    }
}

fn connection_row(connection: Connection) -> ConnectionRow {
    let client = match (connection.lang, connection.version) {
        (Some(lang), Some(version)) => Some(format!("{lang} {version}")),
        (lang, version) => lang.or(version),
    };
    ConnectionRow {
        node: connection.node_name,
        cid: connection.cid,
        name: connection.name,
        user: connection.user,
        tls: connection.tls,
        client,
        started: connection.started,
    }
}

async fn stops(connection: &mut SqliteConnection, key: &ServiceKey) -> Result<(u64, Vec<StoppedTaskRow>), StoreError> {
    let rows = sqlx::query!(
        r#"SELECT s.body, count(*) OVER () AS "on_record!: i64", w.state AS "state?", w.reason, w.lines, w.instants, w.cut AS "cut?", t.id AS "entry?"
           FROM stopped_task s LEFT JOIN last_words w ON w.arn = s.arn LEFT JOIN timeline t ON t.key = 'stop:' || s.arn
           WHERE s.environment = ? AND s.cluster = ? AND s.service = ? ORDER BY s.stopped_at DESC LIMIT ?"#,
        key.environment,
        key.cluster,
        key.service,
        STOPS,
    )
    .fetch_all(connection)
    .await?;
    let on_record = rows.first().map_or(0, |row| unsigned(row.on_record));
    let stops: Result<_, StoreError> = rows
        .into_iter()
        .map(|row| {
            let mut stop = stopped_row(&parse("stopped task", &row.body)?);
            stop.entry = row.entry;
            if let Some(state) = row.state {
                stop.words = Some(words::last_words(&state, row.reason, row.lines, row.instants, row.cut.is_some_and(|cut| cut != 0))?);
            }
            Ok(stop)
        })
        .collect();
    Ok((on_record, stops?))
}

/// How a task stopped, by its ARN in either form.
pub(super) async fn stop(connection: &mut SqliteConnection, arn: &str, short: &str) -> Result<Option<(Task, StoppedTaskRow)>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT s.body, w.state AS "state?", w.reason, w.lines, w.instants, w.cut AS "cut?", t.id AS "entry?"
           FROM stopped_task s LEFT JOIN last_words w ON w.arn = s.arn LEFT JOIN timeline t ON t.key = 'stop:' || s.arn
           WHERE s.arn IN (?, ?)"#,
        arn,
        short,
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let task: Task = parse("stopped task", &row.body)?;
    let mut stop = stopped_row(&task);
    stop.entry = row.entry;
    if let Some(state) = row.state {
        stop.words = Some(words::last_words(&state, row.reason, row.lines, row.instants, row.cut.is_some_and(|cut| cut != 0))?);
    }
    Ok(Some((task, stop)))
}

/// The service's ARN; nothing if it was never seen.
pub(super) async fn listed_arn(connection: &mut SqliteConnection, key: &ServiceKey) -> Result<Option<String>, StoreError> {
    Ok(Some(newest_state(connection, key).await?.arn).filter(|arn| !arn.is_empty()))
}

/// A stop as a page shows it.
pub(super) fn stopped_row(task: &Task) -> StoppedTaskRow {
    StoppedTaskRow {
        id: task.id().to_owned(),
        stopped: task.stopped.or(task.stopping).unwrap_or_default(),
        started: task.started,
        exit_code: task.exit_code(),
        code: task.stop_code.clone(),
        reason: task.stopped_reason.clone(),
        container_reason: task.containers.iter().find_map(|container| container.reason.clone()),
        revision: task.revision.as_deref().map(|arn| revision_name(arn).to_owned()),
        zone: task.zone.clone(),
        tone: stop_tone(task),
        words: None,
        entry: None,
    }
}
