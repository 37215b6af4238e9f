//! Recording what a NATS sweep read.
//!
//! A node that fell silent is not gone: its row stays open and says so, until a whole sweep no longer expects it.

use domain::live::Topic;
use domain::nats::{Connection, Node};
use domain::reading::{NatsReading, Sweep};
use domain::source::SourceId;
use domain::timeline::node_change;
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use super::interval::{Noun, Scope, open_items, reconcile};
use super::record::Found;
use super::{StoreError, timeline};

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
    found: &mut Found,
) -> Result<(), StoreError> {
    let source = sweep.source.to_string();
    let scope = |noun| Scope { noun, source: &source, account: "", region: "", cluster: &sweep.source.scope };
    let nodes = nodes_now(connection, &scope(Noun::Node), reading).await?;
    let seen: Vec<(String, &StoredNode)> = nodes.iter().map(|stored| (stored.node.name.clone(), stored)).collect();
    // silent nodes are in the list, so whatever is not in it is expected by nobody
    let everything = reading.nodes.whole || !reading.nodes.items.is_empty();
    let changed = reconcile(connection, &scope(Noun::Node), &seen, everything, sweep.finished).await?;
    let events: Vec<_> = changed
        .changes
        .iter()
        .filter(|change| !(changed.first && change.before.is_none()))
        .filter_map(|change| node_change(answering(&change.before), answering(&change.after), sweep.finished))
        .collect();
    let connections = connections(connection, &scope(Noun::Connection), reading, sweep).await?;
    if !changed.changes.is_empty() || connections {
        found.changed(Topic::Nats);
    }
    if timeline::append(connection, &source, events, sweep.finished).await? > 0 {
        found.changed(Topic::Timeline);
    }
    Ok(())
}

fn answering(stored: &Option<StoredNode>) -> Option<&Node> {
    stored.as_ref().filter(|stored| stored.answers).map(|stored| &stored.node)
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
    let changed = reconcile(connection, scope, &seen, reading.connections.whole && reading.silent.is_empty(), sweep.finished).await?;
    Ok(!changed.changes.is_empty())
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
}
