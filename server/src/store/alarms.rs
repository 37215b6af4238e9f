//! Recording what an alarm sweep read.

use domain::alarm::Alarm;
use domain::live::Topic;
use domain::reading::{AlarmReading, Sweep};
use domain::timeline::alarm_change;
use sqlx::SqliteConnection;

use super::interval::{Noun, Scope, reconcile};
use super::record::Found;
use super::{StoreError, json, timeline};

pub(super) async fn record(
    connection: &mut SqliteConnection,
    sweep: &Sweep,
    reading: &AlarmReading,
    found: &mut Found,
) -> Result<(), StoreError> {
    let source = sweep.source.to_string();
    let scope = Scope { noun: Noun::Alarm, source: &source, account: &reading.account, region: &reading.region, cluster: "" };
    let seen: Vec<(String, &Alarm)> = reading.alarms.items.iter().map(|alarm| (alarm.name.clone(), alarm)).collect();
    let changed = reconcile(connection, &scope, &seen, reading.alarms.whole, sweep.finished).await?;
    for change in &changed.changes {
        match &change.after {
            Some(alarm) => put(connection, &sweep.source.scope, alarm).await?,
            None => remove(connection, &sweep.source.scope, &change.name).await?,
        }
        found.changed(Topic::Alarms);
    }
    let events: Vec<_> = changed
        .changes
        .iter()
        .filter(|change| !(changed.first && change.before.is_none()))
        .filter_map(|change| alarm_change(change.before.as_ref(), change.after.as_ref(), sweep.finished))
        .collect();
    if timeline::append(connection, &source, events, sweep.finished).await? > 0 {
        found.changed(Topic::Timeline);
    }
    Ok(())
}

async fn put(connection: &mut SqliteConnection, environment: &str, alarm: &Alarm) -> Result<(), StoreError> {
    let (state, body) = (alarm.state.as_str(), json("alarm", alarm)?);
    let (cluster, service) = alarm.service().unzip();
    sqlx::query!(
        "INSERT INTO alarm (environment, name, state, cluster, service, body) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (environment, name) DO UPDATE SET
             state = excluded.state, cluster = excluded.cluster, service = excluded.service, body = excluded.body",
        environment,
        alarm.name,
        state,
        cluster,
        service,
        body,
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn remove(connection: &mut SqliteConnection, environment: &str, name: &str) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM alarm WHERE environment = ? AND name = ?", environment, name).execute(connection).await?;
    Ok(())
}
