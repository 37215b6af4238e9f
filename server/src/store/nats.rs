//! Recording what a NATS sweep read.
//!
//! A node that fell silent is not gone: its row stays open and says so, until a whole sweep no longer expects it. The
//! order matters: nodes and connections first, then whose the connections are (`owners`), then what they carry for whom
//! (`carried`), then streams (`flows`), then what is wrong with all of it (`troubles`), which needs the others.

mod carried;
mod flows;
mod owners;
mod troubles;
mod view;

use std::time::Duration;

use domain::live::Topic;
use domain::nats::closed::{closed_lines, gap_line};
use domain::nats::{Connection, Node, NodeCounters};
use domain::reading::{NatsReading, Sweep};
use domain::service::ServiceKey;
use domain::source::SourceId;
use domain::timeline::{NewEvent, node_change, slow_consumers};
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use super::interval::{Noun, Scope, Told, open_items, reconcile};
use super::record::Found;
use super::{StoreError, json, parse, timeline};

pub use view::{FlowBody, Flowing};

/// A node as it is stored: what it last said, and whether it still answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct StoredNode {
    pub(super) answers: bool,
    pub(super) node: Node,
}

pub(super) async fn record(
    connection: &mut SqliteConnection,
    sweep: &Sweep,
    reading: &NatsReading,
    patience: Duration,
    found: &mut Found,
) -> Result<(), StoreError> {
    let source = sweep.source.to_string();
    let scope = |noun| Scope { noun, source: &source, account: "", region: "", cluster: &sweep.source.scope };
    let nodes = nodes_now(connection, &scope(Noun::Node), reading).await?;
    let seen: Vec<(String, &StoredNode)> = nodes.iter().map(|stored| (stored.node.name.clone(), stored)).collect();
    // silent nodes are in the list, so whatever is not in it is expected by nobody
    let everything = reading.nodes.whole || !reading.nodes.items.is_empty();
    let changed = reconcile(connection, &scope(Noun::Node), Told::all(&seen, everything), sweep.finished).await?;
    let mut events: Vec<_> = changed
        .changes
        .iter()
        .filter(|change| !(changed.first && change.before.is_none()))
        .filter_map(|change| node_change(change.before.as_deref().and_then(answering), change.after.and_then(answering), sweep.finished))
        .collect();
    let connections = connections(connection, &scope(Noun::Connection), reading, sweep).await?;
    events.extend(counters(connection, &source, reading, sweep).await?);
    let owned = owners::decide(connection, &source, reading, connections, sweep.finished).await?;
    if carried::record(connection, (&source, &sweep.source.scope), reading, patience, sweep.finished).await? {
        found.changed(Topic::Metrics);
    }
    let flows = flows::record(connection, &source, reading, sweep.finished).await?;
    let troubled = troubles::record(connection, &source, &nodes, reading, sweep.finished).await?;
    if !changed.changes.is_empty() || connections || owned || troubled || !flows.is_empty() || !events.is_empty() {
        found.changed(Topic::Nats);
    }
    let mut told = timeline::append(connection, &source, events, sweep.finished).await?;
    for (owner, event) in flows {
        told += append_to(connection, &source, owner, event, sweep.finished).await?;
    }
    if told + ended(connection, &source, reading, sweep).await? > 0 {
        found.changed(Topic::Timeline);
    }
    Ok(())
}

fn answering(stored: &StoredNode) -> Option<&Node> {
    stored.answers.then_some(&stored.node)
}

/// The nodes that answered, and those that were expected but did not, as they were last known.
async fn nodes_now(connection: &mut SqliteConnection, scope: &Scope<'_>, reading: &NatsReading) -> Result<Vec<StoredNode>, StoreError> {
    let mut nodes: Vec<StoredNode> = reading.nodes.items.iter().map(|(node, _)| StoredNode { answers: true, node: node.clone() }).collect();
    if !reading.silent.is_empty() {
        let known: Vec<StoredNode> = open_items(connection, scope).await?;
        for name in &reading.silent {
            let last = known.iter().find(|stored| stored.node.name == *name).map(|stored| stored.node.clone());
            let node = last.unwrap_or_else(|| Node { name: name.clone(), ..Node::default() });
            nodes.push(StoredNode { answers: false, node });
        }
    }
    Ok(nodes)
}

/// Whether any connection came or went. Connections of a silent node stay as they were: nobody knows.
async fn connections(
    connection: &mut SqliteConnection,
    scope: &Scope<'_>,
    reading: &NatsReading,
    sweep: &Sweep,
) -> Result<bool, StoreError> {
    let seen: Vec<(String, &Connection)> =
        reading.connections.items.iter().map(|(connection, _)| (format!("{}/{}", connection.node, connection.cid), connection)).collect();
    let whole = reading.connections.whole && reading.silent.is_empty();
    let changed = reconcile(connection, scope, Told::all(&seen, whole), sweep.finished).await?;
    Ok(!changed.changes.is_empty())
}

/// Puts the newest counters beside the nodes; answers the lines for slow consumers that came.
async fn counters(
    connection: &mut SqliteConnection,
    source: &str,
    reading: &NatsReading,
    sweep: &Sweep,
) -> Result<Vec<NewEvent>, StoreError> {
    let mut events = Vec::new();
    let at = sweep.finished.as_micros();
    for (node, counters) in &reading.nodes.items {
        let before = sqlx::query!("SELECT server, counters FROM nats_node WHERE source = ? AND name = ?", source, node.name)
            .fetch_optional(&mut *connection)
            .await?;
        let restarted = before.as_ref().is_some_and(|before| before.server != node.id);
        let known: Option<NodeCounters> = before.map(|before| parse("node's counters", &before.counters)).transpose()?;
        let slow = counters.slow_since(known.as_ref(), restarted);
        let (slow_at, slow_count) = ((slow > 0).then_some(at), i64::try_from(slow).unwrap_or(i64::MAX));
        if slow > 0 {
            events.push(slow_consumers(&node.name, slow, sweep.finished));
        }
        let body = json("node's counters", counters)?;
        sqlx::query!(
            "INSERT INTO nats_node (source, name, server, read_at, counters, slow_at, slow_count) VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (source, name) DO UPDATE SET server = excluded.server, read_at = excluded.read_at, counters = excluded.counters,
                 slow_at = COALESCE(excluded.slow_at, slow_at),
                 slow_count = CASE WHEN excluded.slow_at IS NULL THEN slow_count ELSE excluded.slow_count END,
                 closed_until = CASE WHEN server = excluded.server THEN closed_until END",
            source,
            node.name,
            node.id,
            at,
            body,
            slow_at,
            slow_count,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(events)
}

/// Appends the connections that ended, each line to its service's own record, and remembers up to where they were read.
async fn ended(connection: &mut SqliteConnection, source: &str, reading: &NatsReading, sweep: &Sweep) -> Result<u64, StoreError> {
    let Some(closed) = &reading.closed else { return Ok(0) };
    let mut owned: Vec<(_, Option<ServiceKey>)> = Vec::new();
    if !closed.connections.is_empty() {
        let register = owners::register(connection, reading, sweep.finished).await?;
        for ended in &closed.connections {
            let owner = domain::owner::owner_of(&ended.connection, &register, reading.real_time).owner;
            owned.push((ended.clone(), owner));
        }
    }
    let mut added = 0;
    for (owner, event) in closed_lines(source, &owned, reading.real_time, sweep.finished) {
        added += append_to(connection, source, owner, event, sweep.finished).await?;
    }
    let gaps = closed.gaps.iter().map(|gap| gap_line(source, gap, sweep.finished)).collect();
    added += timeline::append(connection, source, gaps, sweep.finished).await?;
    for (server, until) in &closed.until {
        let until = until.as_micros();
        sqlx::query!("UPDATE nats_node SET closed_until = ? WHERE source = ? AND server = ?", until, source, server)
            .execute(&mut *connection)
            .await?;
    }
    Ok(added)
}

/// Appends an entry; one of a service under that service's environment, so that its own page tells it too.
async fn append_to(
    connection: &mut SqliteConnection,
    source: &str,
    owner: Option<ServiceKey>,
    event: NewEvent,
    seen: domain::Timestamp,
) -> Result<u64, StoreError> {
    let of = owner.map_or_else(|| source.to_owned(), |owner| format!("ecs:{}", owner.environment));
    timeline::append(connection, &of, vec![event], seen).await
}

impl super::Store {
    /// Names of the nodes a NATS cluster had when it was last swept.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn known_nodes(&self, source: &SourceId) -> Result<Vec<String>, StoreError> {
        let source = source.to_string();
        let mut snapshot = self.read().await?;
        let names = sqlx::query_scalar!("SELECT name FROM interval WHERE noun = 'node' AND source = ? AND valid_to IS NULL", source)
            .fetch_all(&mut *snapshot)
            .await?;
        Ok(names)
    }

    /// By server id, up to where the closed connections of a NATS cluster's nodes are in the timeline.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn known_ends(&self, source: &SourceId) -> Result<std::collections::BTreeMap<String, domain::Timestamp>, StoreError> {
        let source = source.to_string();
        let mut snapshot = self.read().await?;
        let rows = sqlx::query!(
            r#"SELECT server, closed_until AS "until!: i64" FROM nats_node WHERE source = ? AND closed_until IS NOT NULL"#,
            source
        )
        .fetch_all(&mut *snapshot)
        .await?;
        Ok(rows.into_iter().map(|row| (row.server, domain::Timestamp::from_micros(row.until))).collect())
    }
}
