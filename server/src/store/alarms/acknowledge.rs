//! Who knows of an alarm: written by a person, ended by the alarm.
//!
//! An acknowledgement is for one episode of one alarm. Whatever ends the episode ends it: recovery, also one nobody saw;
//! the alarm's deletion, also where another of the same name was made at once.

use domain::Timestamp;
use domain::alarm::{Alarm, AlarmState};
use domain::live::Topic;
use domain::port::Actor;
use domain::timeline::{acknowledged, acknowledgement_ended};
use domain::view::AlarmKey;
use sqlx::SqliteConnection;

use super::super::record::{Found, Written};
use super::super::{Store, StoreError, advance, audit, parse, timeline};

/// What came of a wish.
#[derive(Debug)]
pub enum Acknowledging {
    /// It is written.
    Done(Written),
    /// There is no such alarm.
    NoAlarm,
    /// The alarm is not on, or (to withdraw) nobody has acknowledged it.
    NotOn,
    /// Somebody was first.
    Already(String),
}

/// The acknowledgement that stands.
struct Standing {
    id: i64,
    name: String,
    since: i64,
    configured: i64,
    by_name: String,
}

impl Store {
    /// Writes that `actor` knows of an alarm that is on.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read; nothing is changed then.
    pub async fn acknowledge(&self, actor: &Actor, key: &AlarmKey, reason: &str, at: Timestamp) -> Result<Acknowledging, StoreError> {
        let mut tx = self.write().await?;
        let Some(alarm) = body(&mut tx, key).await? else { return Ok(Acknowledging::NoAlarm) };
        if alarm.state != AlarmState::Alarm {
            return Ok(Acknowledging::NotOn);
        }
        if let Some(first) = standing(&mut tx, &key.environment, Some(&key.name)).await?.pop() {
            return Ok(Acknowledging::Already(first.by_name));
        }
        let (since, configured) = episode(&alarm);
        let (now, by) = (at.as_micros(), actor.shown());
        sqlx::query!(
            "INSERT INTO acknowledgement (environment, name, since, configured, by_name, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            key.environment,
            key.name,
            since,
            configured,
            by,
            reason,
            now,
        )
        .execute(&mut *tx)
        .await?;
        let service = super::owner(&mut tx, &key.environment, &key.name).await?;
        let event = acknowledged(&key.name, service, &by, reason, at);
        timeline::append(&mut tx, &source(key), vec![event], at).await?;
        audit::of(&mut tx, actor, "acknowledged an alarm", &key.name, reason, at).await?;
        written(tx).await
    }

    /// Ends an acknowledgement by a person's wish.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn withdraw(&self, actor: &Actor, key: &AlarmKey, at: Timestamp) -> Result<Acknowledging, StoreError> {
        let mut tx = self.write().await?;
        let Some(known) = standing(&mut tx, &key.environment, Some(&key.name)).await?.pop() else { return Ok(Acknowledging::NotOn) };
        let why = format!("taken back by {}", domain::text::shown(&actor.shown()));
        end(&mut tx, &source(key), &key.environment, &known, &why, at).await?;
        audit::of(&mut tx, actor, "took an acknowledgement back", &key.name, "", at).await?;
        written(tx).await
    }
}

async fn written(mut tx: sqlx::Transaction<'static, sqlx::Sqlite>) -> Result<Acknowledging, StoreError> {
    let revision = advance(&mut tx).await?;
    tx.commit().await?;
    Ok(Acknowledging::Done(Written { revision, topics: [Topic::Alarms, Topic::Timeline].into() }))
}

fn source(key: &AlarmKey) -> String {
    format!("alarms:{}", key.environment)
}

/// What makes this time of being on different from every other.
fn episode(alarm: &Alarm) -> (i64, i64) {
    (alarm.since.map_or(0, Timestamp::as_micros), alarm.configured.map_or(0, Timestamp::as_micros))
}

async fn body(connection: &mut SqliteConnection, key: &AlarmKey) -> Result<Option<Alarm>, StoreError> {
    let body = sqlx::query_scalar!("SELECT body FROM alarm WHERE environment = ? AND name = ?", key.environment, key.name)
        .fetch_optional(connection)
        .await?;
    body.map(|body| parse("alarm", &body)).transpose()
}

async fn standing(connection: &mut SqliteConnection, environment: &str, name: Option<&str>) -> Result<Vec<Standing>, StoreError> {
    let rows = sqlx::query_as!(
        Standing,
        r#"SELECT id AS "id!", name, since, configured, by_name FROM acknowledgement
           WHERE environment = ?1 AND ended_at IS NULL AND (?2 IS NULL OR name = ?2)"#,
        environment,
        name,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// Ends every acknowledgement of an environment whose episode is over.
pub(super) async fn end_what_is_over(
    connection: &mut SqliteConnection,
    source: &str,
    environment: &str,
    at: Timestamp,
    found: &mut Found,
) -> Result<(), StoreError> {
    for known in standing(connection, environment, None).await? {
        let key = AlarmKey { environment: environment.to_owned(), name: known.name.clone() };
        let alarm = body(connection, &key).await?;
        if let Some(why) = over(&known, alarm.as_ref()) {
            end(connection, source, environment, &known, &why, at).await?;
            found.changed(Topic::Alarms);
            found.changed(Topic::Timeline);
        }
    }
    Ok(())
}

/// Why an acknowledgement speaks for nothing any more.
fn over(known: &Standing, alarm: Option<&Alarm>) -> Option<String> {
    let Some(alarm) = alarm else { return Some("the alarm was deleted".to_owned()) };
    let (since, configured) = episode(alarm);
    if alarm.state != AlarmState::Alarm {
        let state = alarm.state.as_str();
        return Some(alarm.since.map_or_else(|| format!("the alarm is {state}"), |at| format!("the alarm is {state} since {at}")));
    }
    match (since != known.since, configured != known.configured) {
        (false, _) => None,
        (true, true) => Some("the alarm was deleted and made anew, or changed, and is on again".to_owned()),
        (true, false) => Some("the alarm recovered and is on again".to_owned()),
    }
}

async fn end(
    connection: &mut SqliteConnection,
    source: &str,
    environment: &str,
    known: &Standing,
    why: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let now = at.as_micros();
    sqlx::query!("UPDATE acknowledgement SET ended_at = ?, ended_why = ? WHERE id = ?", now, why, known.id)
        .execute(&mut *connection)
        .await?;
    let service = super::owner(connection, environment, &known.name).await?;
    let event = acknowledgement_ended(&known.name, service, &known.by_name, why, at);
    timeline::append(connection, source, vec![event], at).await?;
    Ok(())
}
