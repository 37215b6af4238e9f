//! Closing and opening interval rows: the one way state gets into the store.
//!
//! What a reading tells is compared with its open rows. What is equal costs nothing; what differs closes one row and
//! opens the next; what is neither told nor named closes its row only if the list was whole. Rows are compared as they come,
//! so that a large scope does not lie in memory once more beside its reading. What differs in numbers alone, which are
//! kept elsewhere as changes of their own ([`super::counts`]), goes on in its row (decision 0070). The trap: two readings
//! that differ only in the order of a map would look like a change, so bodies are compared as serialised from ordered types.

use std::collections::{HashMap, HashSet};

use domain::Timestamp;
use domain::alarm::Alarm;
use domain::nats::Connection;
use domain::service::{Service, Task};
use futures::TryStreamExt;
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

/// What was read of a scope.
#[derive(Clone, Copy)]
pub(super) struct Told<'a, T> {
    /// Things by name, each once.
    pub(super) things: &'a [(String, &'a T)],
    /// Names of what the collector says is as it was recorded.
    pub(super) rest: &'a [String],
    /// What of the scope is neither told nor named is gone, or only not looked at.
    pub(super) absent: Absent<'a>,
}

impl<'a, T> Told<'a, T> {
    /// A list of things, and whether it is whole.
    pub(super) fn all(things: &'a [(String, &'a T)], whole: bool) -> Self {
        Self { things, rest: &[], absent: Absent::of(whole) }
    }
}

/// What it means for a thing to be absent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Absent<'a> {
    /// Nothing: the list was cut short, or is of some things alone.
    Unseen,
    /// It is gone.
    Gone,
    /// A task of these services is gone; others were not looked at.
    GoneOf(&'a [String]),
}

impl Absent<'_> {
    /// Of a list that was read to its end, or was not.
    pub(super) fn of(whole: bool) -> Self {
        if whole { Self::Gone } else { Self::Unseen }
    }
}

/// One thing that is not as it was.
#[derive(Debug)]
pub(super) struct Change<'a, T> {
    pub(super) name: String,
    /// Boxed, as at first there is none of so many.
    pub(super) before: Option<Box<T>>,
    pub(super) after: Option<&'a T>,
}

/// What a reading changed.
#[derive(Debug)]
pub(super) struct Changes<'a, T> {
    /// Whether nothing of this noun was ever read in this scope before: then nothing "appeared".
    pub(super) first: bool,
    pub(super) changes: Vec<Change<'a, T>>,
    /// Whether everything that the reading calls as it was is here.
    pub(super) held: bool,
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

/// Compares what is `told` with the open rows of `scope`, closes and opens rows as of `at`, and answers what changed.
pub(super) async fn reconcile<'a, T: State>(
    connection: &mut SqliteConnection,
    scope: &Scope<'_>,
    told: Told<'a, T>,
    at: Timestamp,
) -> Result<Changes<'a, T>, StoreError> {
    let noun = scope.noun.as_str();
    let first = !ever_read(connection, scope).await?;
    let mut open = compared(connection, scope, told.things).await?;
    let mut changes = Vec::new();
    for (name, item) in told.things {
        let before = match open.remove(name.as_str()) {
            Some(Before::Same) => continue,
            Some(Before::Differs(open)) => Some(open),
            None => None,
        };
        let was: Option<Box<T>> = before.as_ref().map(|open| parse(noun, &open.body)).transpose()?.map(Box::new);
        let body = json(noun, item)?;
        match (&before, &was) {
            (Some(open), Some(was)) if was.goes_on_in(item) => rewrite(connection, open, &body).await?,
            (Some(open), _) => {
                close(connection, open, at).await?;
                insert(connection, scope, name, &body, at).await?;
            }
            (None, _) => insert(connection, scope, name, &body, at).await?,
        }
        changes.push(Change { name: name.clone(), before: was, after: Some(item) });
    }
    let there = Absentees::find(connection, scope, &told).await?;
    for id in there.gone {
        let (name, gone) = by_id(connection, id).await?;
        close(connection, &gone, at).await?;
        changes.push(Change { name, before: Some(Box::new(parse(noun, &gone.body)?)), after: None });
    }
    Ok(Changes { first, changes, held: there.held })
}

/// How a thing that is told compares with its open row.
enum Before {
    Same,
    Differs(Open),
}

/// Compares each of these with its open row as that is read; what has none is not in the answer.
async fn compared<'a, T: State>(
    connection: &mut SqliteConnection,
    scope: &Scope<'_>,
    things: &'a [(String, &T)],
) -> Result<HashMap<&'a str, Before>, StoreError> {
    if things.is_empty() {
        return Ok(HashMap::new());
    }
    let noun = scope.noun.as_str();
    let told: HashMap<&str, &T> = things.iter().map(|(name, item)| (name.as_str(), *item)).collect();
    let names: Vec<&str> = things.iter().map(|(name, _)| name.as_str()).collect();
    let names = json(noun, &names)?;
    let mut rows = sqlx::query!(
        r#"SELECT id AS "id!", name AS "name!", valid_from AS "valid_from!", body AS "body!" FROM interval
           WHERE noun = ? AND source = ? AND cluster = ? AND name IN (SELECT value FROM json_each(?)) AND valid_to IS NULL"#,
        noun,
        scope.source,
        scope.cluster,
        names,
    )
    .fetch(connection);
    let mut compared = HashMap::new();
    while let Some(row) = rows.try_next().await? {
        let Some((name, item)) = told.get_key_value(row.name.as_str()) else { continue };
        let same = json(noun, item)? == row.body;
        let open = Open { id: row.id, valid_from: row.valid_from, body: row.body };
        compared.insert(*name, if same { Before::Same } else { Before::Differs(open) });
    }
    Ok(compared)
}

/// What a reading does not tell.
struct Absentees {
    /// Rows of what is gone.
    gone: Vec<i64>,
    /// Whether everything it names without telling has a row.
    held: bool,
}

impl Absentees {
    async fn find<T>(connection: &mut SqliteConnection, scope: &Scope<'_>, told: &Told<'_, T>) -> Result<Self, StoreError> {
        let services = match told.absent {
            Absent::Unseen => return Ok(Self { gone: Vec::new(), held: true }),
            Absent::Gone => None,
            Absent::GoneOf(services) => Some(services),
        };
        let things: HashSet<&str> = told.things.iter().map(|(name, _)| name.as_str()).collect();
        let mut rest: HashSet<&str> = told.rest.iter().map(String::as_str).collect();
        let mut gone = Vec::new();
        let mut look = |id: i64, name: &str| {
            if !rest.remove(name) && !things.contains(name) {
                gone.push(id);
            }
        };
        match services {
            None => open_names(connection, scope, &mut look).await?,
            Some(services) => open_tasks_of(connection, scope, services, &mut look).await?,
        }
        Ok(Self { gone, held: rest.is_empty() })
    }
}

/// Tells the open rows of a scope, by number and name.
async fn open_names(connection: &mut SqliteConnection, scope: &Scope<'_>, look: &mut impl FnMut(i64, &str)) -> Result<(), StoreError> {
    let noun = scope.noun.as_str();
    let mut rows = sqlx::query!(
        r#"SELECT id AS "id!", name AS "name!" FROM interval WHERE noun = ? AND source = ? AND cluster = ? AND valid_to IS NULL"#,
        noun,
        scope.source,
        scope.cluster,
    )
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        look(row.id, &row.name);
    }
    Ok(())
}

/// The same, of tasks of these services alone.
async fn open_tasks_of(
    connection: &mut SqliteConnection,
    scope: &Scope<'_>,
    services: &[String],
    look: &mut impl FnMut(i64, &str),
) -> Result<(), StoreError> {
    let services = json("services", &services)?;
    let mut rows = sqlx::query!(
        r#"SELECT id AS "id!", name AS "name!" FROM interval
           WHERE noun = 'task' AND source = ? AND cluster = ? AND valid_to IS NULL
             AND json_extract(body, '$.service') IN (SELECT value FROM json_each(?))"#,
        scope.source,
        scope.cluster,
        services,
    )
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        look(row.id, &row.name);
    }
    Ok(())
}

async fn by_id(connection: &mut SqliteConnection, id: i64) -> Result<(String, Open), StoreError> {
    let row = sqlx::query!("SELECT name, valid_from, body FROM interval WHERE id = ?", id).fetch_one(connection).await?;
    Ok((row.name, Open { id, valid_from: row.valid_from, body: row.body }))
}

/// The open rows of a scope, parsed.
pub(super) async fn open_items<T: DeserializeOwned>(connection: &mut SqliteConnection, scope: &Scope<'_>) -> Result<Vec<T>, StoreError> {
    let noun = scope.noun.as_str();
    let bodies = sqlx::query_scalar!(
        "SELECT body FROM interval WHERE noun = ? AND source = ? AND cluster = ? AND valid_to IS NULL",
        noun,
        scope.source,
        scope.cluster,
    )
    .fetch_all(connection)
    .await?;
    bodies.iter().map(|body| parse(noun, body)).collect()
}

/// The services of these names as they stand, parsed; who is gone is not among them.
pub(super) async fn open_services(
    connection: &mut SqliteConnection,
    scope: &Scope<'_>,
    names: &[&str],
) -> Result<Vec<Service>, StoreError> {
    let (noun, names) = (Noun::Service.as_str(), json("services", &names)?);
    let bodies = sqlx::query_scalar!(
        "SELECT body FROM interval
         WHERE noun = ? AND source = ? AND cluster = ? AND name IN (SELECT value FROM json_each(?)) AND valid_to IS NULL",
        noun,
        scope.source,
        scope.cluster,
        names,
    )
    .fetch_all(connection)
    .await?;
    bodies.iter().map(|body| parse(noun, body)).collect()
}

/// The open tasks of the services of these names, parsed.
pub(super) async fn open_tasks(connection: &mut SqliteConnection, scope: &Scope<'_>, names: &[&str]) -> Result<Vec<Task>, StoreError> {
    let names = json("services", &names)?;
    let bodies = sqlx::query_scalar!(
        "SELECT body FROM interval
         WHERE noun = 'task' AND source = ? AND cluster = ? AND valid_to IS NULL
           AND json_extract(body, '$.service') IN (SELECT value FROM json_each(?))",
        scope.source,
        scope.cluster,
        names,
    )
    .fetch_all(connection)
    .await?;
    bodies.iter().map(|body| parse(Noun::Task.as_str(), body)).collect()
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
