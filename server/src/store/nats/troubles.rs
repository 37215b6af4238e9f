//! What is wrong with a NATS cluster, and since when.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::Timestamp;
use domain::nats::finding::{Finding, Ill, NodeStanding, Picture, findings};
use domain::nats::jetstream::Flow;
use domain::reading::NatsReading;
use domain::service::ServiceKey;
use sqlx::SqliteConnection;

use super::StoredNode;
use crate::store::{StoreError, json, parse, unsigned};

/// How long a connection may be nobody's before that is said: its task may not have been swept yet.
const NOBODYS_FOR: Duration = Duration::from_secs(300);

/// Judges the cluster and keeps what is wrong; answers whether that changed.
pub(super) async fn record(
    connection: &mut SqliteConnection,
    source: &str,
    nodes: &[StoredNode],
    reading: &NatsReading,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let standings = standings(connection, source, nodes).await?;
    let ill = ill(connection, source).await?;
    let (conflicts, unattributed) = owners(connection, source, at).await?;
    let meta = reading.jetstream.as_ref().and_then(|jetstream| jetstream.meta.as_ref());
    let picture = Picture { nodes: &standings, meta, ill: &ill, conflicts: &conflicts, unattributed };
    put(connection, source, &findings(&picture, at), at).await
}

async fn standings(connection: &mut SqliteConnection, source: &str, nodes: &[StoredNode]) -> Result<Vec<NodeStanding>, StoreError> {
    let rows =
        sqlx::query!("SELECT name, counters, slow_at, slow_count FROM nats_node WHERE source = ?", source).fetch_all(connection).await?;
    let mut by_name: BTreeMap<String, _> = rows.into_iter().map(|row| (row.name.clone(), row)).collect();
    nodes
        .iter()
        .map(|stored| {
            let row = by_name.remove(&stored.node.name);
            let slow = row.as_ref().and_then(|row| Some((Timestamp::from_micros(row.slow_at?), unsigned(row.slow_count))));
            let counters = row.map(|row| parse("node's counters", &row.counters)).transpose()?.unwrap_or_default();
            Ok(NodeStanding { node: stored.node.clone(), answers: stored.answers, counters, slow })
        })
        .collect()
}

async fn ill(connection: &mut SqliteConnection, source: &str) -> Result<Vec<Ill>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT f.stream, f.consumer, f.flow, f.why, f.owner,
                  (SELECT json_group_array(DISTINCT d.owner) FROM nats_flow d WHERE d.source = f.source AND d.account = f.account
                   AND d.stream = f.stream AND d.consumer <> '' AND d.owner IS NOT NULL) AS "dependents!: String"
           FROM nats_flow f WHERE f.source = ? AND f.flow <> 'well' ORDER BY f.account, f.stream, f.consumer"#,
        source
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let service = |text: &str| parse::<ServiceKey>("owner", text).map(|key| key.service);
            let owner = row.owner.as_deref().map(service).transpose()?;
            let texts: Vec<String> = if row.consumer.is_empty() { parse("owner", &row.dependents)? } else { Vec::new() };
            let dependents: BTreeSet<String> = texts.iter().map(|text| service(text)).collect::<Result<_, _>>()?;
            Ok(Ill {
                name: if row.consumer.is_empty() { row.stream } else { format!("{} / {}", row.stream, row.consumer) },
                flow: Flow::from_word(&row.flow),
                why: row.why,
                owner,
                dependents: dependents.into_iter().collect(),
            })
        })
        .collect()
}

/// Conflicts by the service the best proof names, and how many connections have been nobody's for long.
async fn owners(connection: &mut SqliteConnection, source: &str, at: Timestamp) -> Result<(Vec<(String, u64)>, u64), StoreError> {
    let before = at.minus(NOBODYS_FOR).as_micros();
    let rows = sqlx::query!(
        r#"SELECT certainty, COALESCE(service, node_name) AS "about!: String", count(*) AS "count!: i64" FROM nats_connection
           WHERE source = ? AND (certainty = 'conflicting' OR (certainty = 'unattributed' AND since <= ?)) GROUP BY 1, 2 ORDER BY 2"#,
        source,
        before
    )
    .fetch_all(connection)
    .await?;
    let (conflicting, nobodys): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.certainty == "conflicting");
    let conflicts = conflicting.into_iter().map(|row| (row.about, unsigned(row.count))).collect();
    Ok((conflicts, nobodys.into_iter().map(|row| unsigned(row.count)).sum()))
}

async fn put(connection: &mut SqliteConnection, source: &str, found: &[Finding], at: Timestamp) -> Result<bool, StoreError> {
    let rows = sqlx::query!("SELECT key, position, body FROM nats_finding WHERE source = ?", source).fetch_all(&mut *connection).await?;
    let mut known: BTreeMap<String, (i64, String)> = rows.into_iter().map(|row| (row.key, (row.position, row.body))).collect();
    let mut changed = false;
    for (position, finding) in found.iter().enumerate() {
        let (position, body) = (i64::try_from(position).unwrap_or(i64::MAX), json("finding", finding)?);
        let before = known.remove(&finding.key);
        if before.is_some_and(|before| before == (position, body.clone())) {
            continue;
        }
        changed = true;
        let since = at.as_micros();
        sqlx::query!(
            "INSERT INTO nats_finding (source, position, key, since, body) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (source, key) DO UPDATE SET position = excluded.position, body = excluded.body",
            source,
            position,
            finding.key,
            since,
            body,
        )
        .execute(&mut *connection)
        .await?;
    }
    for key in known.into_keys() {
        changed = true;
        sqlx::query!("DELETE FROM nats_finding WHERE source = ? AND key = ?", source, key).execute(&mut *connection).await?;
    }
    Ok(changed)
}
