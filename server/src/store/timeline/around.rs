//! What changed in the ten minutes before one entry, and what the tasks that suffered have in common.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use domain::Timestamp;
use domain::service::revision_name;
use domain::timeline::EventKind;
use domain::timeline::shared::{Shared, Trait, Traits, shared};
use domain::view::{Around, TimelinePage, TimelineQuery, suspects};
use sqlx::SqliteConnection;

use super::search::{at_places, ways_back};
use super::wanted::place;
use crate::store::{Store, StoreError, revision};

/// How far back a cause is looked for.
const BACK: Duration = Duration::from_secs(600);
/// Most entries of that time that are listed; when more happened the page says so.
const MOST: usize = 300;
/// Most tasks and connections compared: beyond it the share is that of a sample.
const COMPARED: i64 = 50_000;

impl Store {
    /// What happened before the entry `id`; nothing if there is no such entry.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn timeline_around(&self, id: i64) -> Result<Option<TimelinePage>, StoreError> {
        let mut snapshot = self.read().await?;
        let revision = revision(&mut snapshot).await?;
        let found =
            sqlx::query!(r#"SELECT at, place AS "place!: i64" FROM timeline WHERE id = ?"#, id).fetch_optional(&mut *snapshot).await?;
        let Some(found) = found else { return Ok(None) };
        let at = Timestamp::from_micros(found.at);
        let (low, most) = (place(at.minus(BACK)), i64::try_from(MOST + 2).unwrap_or(i64::MAX));
        let places = sqlx::query_scalar!(
            r#"SELECT place AS "place!: i64" FROM timeline WHERE place >= ? AND place <= ? ORDER BY place DESC LIMIT ?"#,
            low,
            found.place,
            most,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let mut entries = at_places(&mut snapshot, &places).await?;
        ways_back(&mut snapshot, &mut entries).await?;
        let Some(own) = entries.iter().position(|entry| entry.id == id) else { return Ok(None) };
        let entry = entries.remove(own);
        let more = entries.len() > MOST;
        entries.truncate(MOST);
        let affected = affected(&mut snapshot, at).await?;
        let told = in_common(&mut snapshot, &affected, at).await?;
        let around = Around {
            suspects: suspects(&entry, &entries),
            entry,
            affected: affected.len() as u64,
            shared: told.iter().map(Shared::sentence).collect(),
            more,
        };
        let query = TimelineQuery { around: Some(id), ..TimelineQuery::default() };
        Ok(Some(TimelinePage { revision, query, entries, around: Some(around), ..TimelinePage::default() }))
    }
}

/// Tasks that failed or became unhealthy in the time before `at`, by ARN; where none did, those that stopped at all.
async fn affected(connection: &mut SqliteConnection, at: Timestamp) -> Result<HashSet<String>, StoreError> {
    let (from, to) = (at.minus(BACK).as_micros(), at.as_micros());
    let stopped =
        sqlx::query!("SELECT arn, failed FROM stopped_task WHERE stopped_at >= ? AND stopped_at <= ? LIMIT ?", from, to, COMPARED)
            .fetch_all(&mut *connection)
            .await?;
    let unhealthy = EventKind::TaskHealth.as_str();
    // the key is `health:ARN:instant`
    let sick = sqlx::query_scalar!(
        "SELECT key FROM timeline WHERE kind = ? AND tone = 'bad' AND at >= ? AND at <= ? LIMIT ?",
        unhealthy,
        from,
        to,
        COMPARED
    )
    .fetch_all(connection)
    .await?;
    let mut tasks: HashSet<String> = stopped.iter().filter(|row| row.failed != 0).map(|row| row.arn.clone()).collect();
    tasks.extend(sick.iter().filter_map(|key| Some(key.strip_prefix("health:")?.rsplit_once(':')?.0.to_owned())));
    if tasks.is_empty() {
        tasks.extend(stopped.into_iter().map(|row| row.arn));
    }
    Ok(tasks)
}

/// What `affected` share against every task there was in that time.
async fn in_common(connection: &mut SqliteConnection, affected: &HashSet<String>, at: Timestamp) -> Result<Vec<Shared>, StoreError> {
    if affected.len() < 2 {
        return Ok(Vec::new());
    }
    let (from, to) = (at.minus(BACK).as_micros(), at.as_micros());
    let nodes = nodes(connection, from, to).await?;
    let tasks = sqlx::query!(
        r#"SELECT name AS "arn!: String", json_extract(body, '$.zone') AS "zone: String", json_extract(body, '$.revision') AS "revision: String",
                  json_extract(body, '$.containers[0].image') AS "image: String", json_extract(body, '$.address') AS "address: String"
           FROM (SELECT name, body FROM interval WHERE noun = 'task' AND valid_to IS NULL AND valid_from <= ?
                 UNION ALL SELECT name, body FROM interval WHERE noun = 'task' AND valid_to >= ? AND valid_from <= ?)
           LIMIT ?"#,
        to,
        from,
        to,
        COMPARED,
    )
    .fetch_all(connection)
    .await?;
    // a task has one row a state; the last one read knows most
    let mut by_task: HashMap<String, Traits> = HashMap::new();
    for row in tasks {
        let mut known: Vec<(Trait, String)> = Vec::new();
        known.extend(row.zone.map(|zone| (Trait::Zone, zone)));
        known.extend(row.image.map(|image| (Trait::Image, image)));
        known.extend(row.revision.map(|revision| (Trait::Revision, revision_name(&revision).to_owned())));
        known.extend(row.address.iter().filter_map(|address| nodes.get(address)).flatten().map(|node| (Trait::Node, node.clone())));
        let traits = by_task.entry(row.arn).or_default();
        if known.len() >= traits.known.len() {
            traits.known = known;
        }
    }
    let of: Vec<Traits> = affected.iter().filter_map(|arn| by_task.get(arn).cloned()).collect();
    let all: Vec<Traits> = by_task.into_values().collect();
    Ok(shared(&of, &all))
}

/// The NATS nodes each address was connected to in that time.
async fn nodes(connection: &mut SqliteConnection, from: i64, to: i64) -> Result<HashMap<String, HashSet<String>>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT json_extract(body, '$.address') AS "address: String", json_extract(body, '$.node_name') AS "node: String"
           FROM (SELECT body FROM interval WHERE noun = 'connection' AND valid_to IS NULL AND valid_from <= ?
                 UNION ALL SELECT body FROM interval WHERE noun = 'connection' AND valid_to >= ? AND valid_from <= ?)
           LIMIT ?"#,
        to,
        from,
        to,
        COMPARED,
    )
    .fetch_all(connection)
    .await?;
    let mut nodes: HashMap<String, HashSet<String>> = HashMap::new();
    for row in rows {
        if let (Some(address), Some(node)) = (row.address, row.node) {
            nodes.entry(address).or_default().insert(node);
        }
    }
    Ok(nodes)
}
