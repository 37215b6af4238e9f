//! Closing and opening interval rows: the one way state gets into the store.
//!
//! A reading is compared with the open rows of its scope. What is equal costs nothing; what differs closes one row and
//! opens the next; what is absent closes its row only if the list was whole. What differs in numbers alone, which are
//! kept elsewhere as changes of their own ([`super::counts`]), goes on in its row (decision 0070). The trap: two readings
//! that differ only in the order of a map would look like a change, so bodies are compared as serialised from ordered types.

use std::collections::HashMap;

use domain::Timestamp;
use domain::alarm::Alarm;
use domain::nats::Connection;
use domain::service::{Service, Task};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::SqliteConnection;

use super::{StoreError, json, parse};

/// What kind of thing an interval is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Noun {
    Service,
    Task,
    Alarm,
    Node,
    Connection,
}

impl Noun {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Task => "task",
            Self::Alarm => "alarm",
            Self::Node => "node",
            Self::Connection => "connection",
        }
    }
}

/// Where things of one noun were read together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) noun: Noun,
    pub(super) source: &'a str,
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) cluster: &'a str,
}

/// One thing that is not as it was.
#[derive(Debug)]
pub(super) struct Change<T> {
    pub(super) name: String,
    pub(super) before: Option<T>,
    pub(super) after: Option<T>,
}

/// What a reading changed.
#[derive(Debug)]
pub(super) struct Changes<T> {
    /// Whether nothing of this noun was ever read in this scope before: then nothing "appeared".
    pub(super) first: bool,
    pub(super) changes: Vec<Change<T>>,
}

/// What an interval can be about.
pub(super) trait State: Serialize + DeserializeOwned + Clone {
    /// Whether `newer` is the same state with other numbers, so that it goes on instead of ending.
    fn goes_on_in(&self, _newer: &Self) -> bool {
        false
    }
}

impl State for Service {
    fn goes_on_in(&self, newer: &Self) -> bool {
        self.same_but_for_counts(newer)
    }
}

impl State for Task {}
impl State for Alarm {}
impl State for super::nats::StoredNode {}
impl State for Connection {}

struct Open {
    id: i64,
    valid_from: i64,
    body: String,
}

/// Compares `seen` with the open rows of `scope`, closes and opens rows as of `at`, and answers what changed.
pub(super) async fn reconcile<T: State>(
    connection: &mut SqliteConnection,
    scope: &Scope<'_>,
    seen: &[(String, &T)],
    whole: bool,
    at: Timestamp,
) -> Result<Changes<T>, StoreError> {
    let open = open_rows(connection, scope).await?;
    reconcile_with(connection, scope, open, seen, whole, at).await
}

/// As [`reconcile`], against the things seen alone: nothing is gone because it is absent.
pub(super) async fn reconcile_named<T: State>(
    connection: &mut SqliteConnection,
    scope: &Scope<'_>,
    seen: &[(String, &T)],
    at: Timestamp,
) -> Result<Changes<T>, StoreError> {
    let noun = scope.noun.as_str();
    let names: Vec<&str> = seen.iter().map(|(name, _)| name.as_str()).collect();
    let names = json(noun, &names)?;
    let rows = sqlx::query!(
        r#"SELECT id AS "id!", name AS "name!", valid_from AS "valid_from!", body AS "body!" FROM interval
           WHERE noun = ? AND source = ? AND cluster = ? AND name IN (SELECT value FROM json_each(?)) AND valid_to IS NULL"#,
        noun,
        scope.source,
        scope.cluster,
        names,
    )
    .fetch_all(&mut *connection)
    .await?;
    let open = rows.into_iter().map(|row| (row.name, Open { id: row.id, valid_from: row.valid_from, body: row.body })).collect();
    reconcile_with(connection, scope, open, seen, false, at).await
}

/// As [`reconcile`], against tasks of these services alone: theirs that are absent are gone, others are not looked at.
pub(super) async fn reconcile_tasks_of(
    connection: &mut SqliteConnection,
    scope: &Scope<'_>,
    services: &[String],
    seen: &[(String, &Task)],
    at: Timestamp,
) -> Result<Changes<Task>, StoreError> {
    let services = json("services", &services)?;
    let rows = sqlx::query!(
        r#"SELECT id AS "id!", name AS "name!", valid_from AS "valid_from!", body AS "body!" FROM interval
           WHERE noun = 'task' AND source = ? AND cluster = ? AND valid_to IS NULL
             AND json_extract(body, '$.service') IN (SELECT value FROM json_each(?))"#,
        scope.source,
        scope.cluster,
        services,
    )
    .fetch_all(&mut *connection)
    .await?;
    let open = rows.into_iter().map(|row| (row.name, Open { id: row.id, valid_from: row.valid_from, body: row.body })).collect();
    reconcile_with(connection, scope, open, seen, true, at).await
}

async fn reconcile_with<T: State>(
    connection: &mut SqliteConnection,
    scope: &Scope<'_>,
    mut open: HashMap<String, Open>,
    seen: &[(String, &T)],
    whole: bool,
    at: Timestamp,
) -> Result<Changes<T>, StoreError> {
    let noun = scope.noun.as_str();
    let first = open.is_empty() && !ever_read(connection, scope).await?;
    let mut changes = Vec::new();
    for (name, item) in seen {
        let body = json(noun, item)?;
        let before = open.remove(name);
        if before.as_ref().is_some_and(|open| open.body == body) {
            continue;
        }
        let was: Option<T> = before.as_ref().map(|open| parse(noun, &open.body)).transpose()?;
        match (&before, &was) {
            (Some(open), Some(was)) if was.goes_on_in(item) => rewrite(connection, open, &body).await?,
            (Some(open), _) => {
                close(connection, open, at).await?;
                insert(connection, scope, name, &body, at).await?;
            }
            (None, _) => insert(connection, scope, name, &body, at).await?,
        }
        changes.push(Change { name: name.clone(), before: was, after: Some((*item).clone()) });
    }
    if whole {
        for (name, gone) in open {
            close(connection, &gone, at).await?;
            changes.push(Change { name, before: Some(parse(noun, &gone.body)?), after: None });
        }
    }
    Ok(Changes { first, changes })
}

/// The open rows of a scope, parsed.
pub(super) async fn open_items<T: DeserializeOwned>(connection: &mut SqliteConnection, scope: &Scope<'_>) -> Result<Vec<T>, StoreError> {
    let rows = open_rows(connection, scope).await?;
    rows.values().map(|open| parse(scope.noun.as_str(), &open.body)).collect()
}

async fn open_rows(connection: &mut SqliteConnection, scope: &Scope<'_>) -> Result<HashMap<String, Open>, StoreError> {
    let noun = scope.noun.as_str();
    let rows = sqlx::query!(
        r#"SELECT id AS "id!", name, valid_from, body FROM interval
           WHERE noun = ? AND source = ? AND cluster = ? AND valid_to IS NULL"#,
        noun,
        scope.source,
        scope.cluster,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.name, Open { id: row.id, valid_from: row.valid_from, body: row.body })).collect())
}

async fn ever_read(connection: &mut SqliteConnection, scope: &Scope<'_>) -> Result<bool, StoreError> {
    let noun = scope.noun.as_str();
    let known = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM interval WHERE noun = ? AND source = ? AND cluster = ?) AS "known!: bool""#,
        noun,
        scope.source,
        scope.cluster,
    )
    .fetch_one(connection)
    .await?;
    Ok(known)
}

async fn close(connection: &mut SqliteConnection, open: &Open, at: Timestamp) -> Result<(), StoreError> {
    // a clock that jumped back must not make an interval end before it began
    let until = at.as_micros().max(open.valid_from);
    sqlx::query!("UPDATE interval SET valid_to = ? WHERE id = ?", until, open.id).execute(connection).await?;
    Ok(())
}

async fn rewrite(connection: &mut SqliteConnection, open: &Open, body: &str) -> Result<(), StoreError> {
    sqlx::query!("UPDATE interval SET body = ? WHERE id = ?", body, open.id).execute(connection).await?;
    Ok(())
}

async fn insert(connection: &mut SqliteConnection, scope: &Scope<'_>, name: &str, body: &str, at: Timestamp) -> Result<(), StoreError> {
    let (noun, from) = (scope.noun.as_str(), at.as_micros());
    sqlx::query!(
        "INSERT INTO interval (noun, source, account, region, cluster, name, valid_from, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        noun,
        scope.source,
        scope.account,
        scope.region,
        scope.cluster,
        name,
        from,
        body,
    )
    .execute(connection)
    .await?;
    Ok(())
}
