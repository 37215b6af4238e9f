//! Recording what an alarm sweep read.
//!
//! The list says what is; the history adds what came and went between two lists. Whoever reads the timeline must not see
//! which of the two told it, so both go through [`alarm_news`] together with what is on record already.

mod acknowledge;
pub(super) mod coverage;
mod list;
mod missing;

use std::collections::{BTreeMap, BTreeSet};

use domain::Timestamp;
use domain::alarm::{Alarm, HistoryItem};
use domain::live::Topic;
use domain::reading::{AlarmReading, Sweep};
use domain::source::SourceId;
use domain::timeline::{AlarmPlace, Known, alarm_news};
use sqlx::SqliteConnection;

use super::interval::{Absent, Change, Noun, Scope, Told, reconcile};
use super::record::Found;
use super::{Store, StoreError, json, timeline};

pub(super) use list::{Beside, alarm_row, of_service};

pub use acknowledge::Acknowledging;

pub(super) async fn record(
    connection: &mut SqliteConnection,
    sweep: &Sweep,
    reading: &AlarmReading,
    found: &mut Found,
) -> Result<(), StoreError> {
    let source = sweep.source.to_string();
    let environment = &sweep.source.scope;
    let scope = Scope { noun: Noun::Alarm, source: &source, account: &reading.account, region: &reading.region, cluster: "" };
    let seen: Vec<(String, &Alarm)> = reading.alarms.items.iter().map(|alarm| (alarm.name.clone(), alarm)).collect();
    let told = Told { things: &seen, rest: &reading.alarms.rest, absent: Absent::of(reading.alarms.whole) };
    let changed = reconcile(connection, &scope, told, sweep.finished).await?;
    found.holds(changed.held);
    for change in &changed.changes {
        touch_whose(connection, environment, &change.name, found).await?;
        match change.after {
            Some(alarm) => put(connection, environment, alarm).await?,
            None => remove(connection, environment, &change.name).await?,
        }
        touch_whose(connection, environment, &change.name, found).await?;
        found.changed(Topic::Alarms);
    }
    // what was there when we first looked has not just been made
    let told: Vec<&Change<'_, Alarm>> = changed.changes.iter().filter(|change| !(changed.first && change.before.is_none())).collect();
    tell(connection, sweep, reading, &told, found).await?;
    if !changed.changes.is_empty() {
        acknowledge::end_what_is_over(connection, &source, environment, sweep.finished, found).await?;
    }
    if let Some(history) = &reading.history {
        let next = history.next.as_micros();
        sqlx::query!(
            "INSERT INTO alarm_history (source, next_at) VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET next_at = excluded.next_at",
            source,
            next,
        )
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// Puts into the timeline what the list and the history tell and nobody has told before.
async fn tell(
    connection: &mut SqliteConnection,
    sweep: &Sweep,
    reading: &AlarmReading,
    changes: &[&Change<'_, Alarm>],
    found: &mut Found,
) -> Result<(), StoreError> {
    let source = sweep.source.to_string();
    let no_history = Vec::new();
    let (history, whole) = match &reading.history {
        Some(history) => (&history.items.items, history.items.whole),
        None => (&no_history, false),
    };
    if changes.is_empty() && history.is_empty() {
        return Ok(());
    }
    let names: BTreeSet<&str> =
        changes.iter().map(|change| change.name.as_str()).chain(history.iter().map(|item| item.name.as_str())).collect();
    let since = earliest(sweep, changes, history, found.last);
    let (mut known, mut whose) = (Vec::new(), BTreeMap::new());
    for name in names {
        known.extend(on_record(connection, &source, name, since).await?);
        whose.extend(owner(connection, &sweep.source.scope, name).await?.map(|owner| (name.to_owned(), owner)));
    }
    let place = AlarmPlace { account: &reading.account, region: &reading.region, at: sweep.finished, last: found.last, whose: &whose };
    let pairs: Vec<_> = changes.iter().map(|change| (change.before.as_deref(), change.after)).collect();
    let news = alarm_news(&place, &pairs, history, whole, &known);
    for untold in &news.untold {
        tracing::info!(source, "DescribeAlarms shows what the alarms' history does not tell (yet): {untold}");
    }
    if timeline::append(connection, &source, news.events, sweep.finished).await? > 0 {
        found.changed(Topic::Timeline);
    }
    Ok(())
}

/// From when on entries of the timeline can be the same news.
fn earliest(sweep: &Sweep, changes: &[&Change<'_, Alarm>], history: &[HistoryItem], last: Option<Timestamp>) -> Timestamp {
    let of_alarms = changes.iter().filter_map(|change| change.after).flat_map(|alarm| [alarm.since, alarm.configured]).flatten();
    let all = of_alarms.chain(history.iter().map(|item| item.at)).chain(last);
    all.min().unwrap_or(sweep.started).minus(std::time::Duration::from_secs(10))
}

async fn on_record(connection: &mut SqliteConnection, source: &str, name: &str, since: Timestamp) -> Result<Vec<Known>, StoreError> {
    let since = since.as_micros();
    let rows =
        sqlx::query!("SELECT key, at FROM timeline WHERE source = ? AND subject = ? AND at >= ? AND kind = 'alarm'", source, name, since)
            .fetch_all(connection)
            .await?;
    Ok(rows.into_iter().filter_map(|row| Known::read(name, &row.key, Timestamp::from_micros(row.at))).collect())
}

/// Cluster and service an alarm watches, as far as is known.
async fn owner(connection: &mut SqliteConnection, environment: &str, name: &str) -> Result<Option<(String, String)>, StoreError> {
    let row = sqlx::query!("SELECT cluster, service FROM alarm WHERE environment = ? AND name = ?", environment, name)
        .fetch_optional(connection)
        .await?;
    Ok(row.and_then(|row| row.cluster.zip(row.service)))
}

async fn touch_whose(connection: &mut SqliteConnection, environment: &str, name: &str, found: &mut Found) -> Result<(), StoreError> {
    if let Some((cluster, service)) = owner(connection, environment, name).await? {
        found.touch(environment, &cluster, &service);
    }
    Ok(())
}

async fn put(connection: &mut SqliteConnection, environment: &str, alarm: &Alarm) -> Result<(), StoreError> {
    let (state, body) = (alarm.state.as_str(), json("alarm", alarm)?);
    let since = alarm.since.map_or(0, Timestamp::as_micros);
    let untold = alarm.told().is_empty() && !alarm.only_scales();
    let (hint, target) = (alarm.hint(), alarm.target_group());
    let (cluster, service) = match alarm.service() {
        Some((cluster, service)) => Some((cluster.to_owned(), service.to_owned())),
        None => coverage::owner_of(connection, environment, hint, target).await?,
    }
    .unzip();
    sqlx::query!(
        "INSERT INTO alarm (environment, name, state, cluster, service, body, since, untold, hint, target)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (environment, name) DO UPDATE SET
             state = excluded.state, cluster = excluded.cluster, service = excluded.service, body = excluded.body,
             since = excluded.since, untold = excluded.untold, hint = excluded.hint, target = excluded.target",
        environment,
        alarm.name,
        state,
        cluster,
        service,
        body,
        since,
        untold,
        hint,
        target,
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn remove(connection: &mut SqliteConnection, environment: &str, name: &str) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM alarm WHERE environment = ? AND name = ?", environment, name).execute(connection).await?;
    Ok(())
}

impl Store {
    /// From when the history of a source's alarms is to be read on.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn alarm_history_next(&self, source: &SourceId) -> Result<Option<Timestamp>, StoreError> {
        let mut snapshot = self.read().await?;
        let source = source.to_string();
        let next = sqlx::query_scalar!("SELECT next_at FROM alarm_history WHERE source = ?", source).fetch_optional(&mut *snapshot).await?;
        Ok(next.map(Timestamp::from_micros))
    }
}
