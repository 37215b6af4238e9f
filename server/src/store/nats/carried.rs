//! How many connections each service holds and what they carry, as series: the counters of a reading go into the meter,
//! and what the meter says of the slots that are over becomes points.
//!
//! The meter stands in one row a NATS cluster and moves with the transaction of its sweep, so a sweep that could not be
//! recorded is metered with the next one and a restart loses nothing but the time it took.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use domain::Timestamp;
use domain::nats::meter::{Carried, Counted, Look, Meter};
use domain::reading::NatsReading;
use domain::series::{Metric, Point};
use sqlx::SqliteConnection;

use crate::store::{StoreError, json, series, unsigned};

/// Meters a reading whose connections have their owners; answers whether a point was written.
pub(super) async fn record(
    connection: &mut SqliteConnection,
    (source, cluster): (&str, &str),
    reading: &NatsReading,
    patience: Duration,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let owners = owners(connection, source).await?;
    let before = sqlx::query_scalar!("SELECT body FROM nats_meter WHERE source = ?", source).fetch_optional(&mut *connection).await?;
    // one that cannot be read is as none: the next reading is a baseline
    let mut meter: Meter = before.and_then(|body| serde_json::from_str(&body).ok()).unwrap_or_default();
    let listed = |id: &&str| !reading.unlisted.iter().any(|unlisted| unlisted == id);
    let most: HashMap<&str, u64> = reading.nodes.items.iter().map(|(node, _)| (node.id.as_str(), node.max_pending)).collect();
    let waiting = |node: &str, bytes: u64| {
        let most = most.get(node).copied().filter(|most| *most > 0)?;
        u32::try_from(bytes.saturating_mul(1_000) / most).ok()
    };
    let counted = reading.connections.items.iter().map(|(connection, counters)| Counted {
        node: &connection.node,
        cid: connection.cid,
        sent: counters.in_messages,
        received: counters.out_messages,
        waiting: waiting(&connection.node, counters.pending_bytes).unwrap_or(0),
        owner: owners.get(&connection.node).and_then(|node| node.get(&connection.cid)).copied(),
    });
    let over = meter.read(&Look {
        at,
        patience,
        nodes: reading.nodes.items.iter().map(|(node, _)| node.id.as_str()).filter(listed).collect(),
        absent: !reading.silent.is_empty() || !reading.unlisted.is_empty(),
        connections: counted.collect(),
    });
    if !over.is_empty() {
        let present = present(connection).await?;
        meter.keep(|owner| present.contains(&owner));
        put(connection, cluster, &over, at).await?;
    }
    let body = json("meter", &meter)?;
    sqlx::query!(
        "INSERT INTO nats_meter (source, body) VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET body = excluded.body",
        source,
        body
    )
    .execute(connection)
    .await?;
    Ok(!over.is_empty())
}

/// By node and number, the service each connection belongs to, by its number in the store.
async fn owners(connection: &mut SqliteConnection, source: &str) -> Result<HashMap<String, HashMap<u64, i64>>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT c.node, c.cid, s.id AS "owner!: i64" FROM nats_connection c
           JOIN subject s ON s.environment = c.environment AND s.cluster = c.cluster AND s.service = c.service WHERE c.source = ?"#,
        source
    )
    .fetch_all(connection)
    .await?;
    let mut owners: HashMap<String, HashMap<u64, i64>> = HashMap::new();
    for row in rows {
        owners.entry(row.node).or_default().insert(unsigned(row.cid), row.owner);
    }
    Ok(owners)
}

/// The services that are in their clusters now.
async fn present(connection: &mut SqliteConnection) -> Result<HashSet<i64>, StoreError> {
    let ids = sqlx::query_scalar!(
        r#"SELECT s.id AS "id!: i64" FROM service v
           JOIN subject s ON s.environment = v.environment AND s.cluster = v.cluster AND s.service = v.name WHERE v.present = 1"#
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().collect())
}

async fn put(connection: &mut SqliteConnection, cluster: &str, over: &[Carried], at: Timestamp) -> Result<(), StoreError> {
    let mut points: BTreeMap<(i64, Metric), Vec<Point>> = BTreeMap::new();
    for carried in over {
        let values = [
            (Metric::NatsConnections, carried.connections.map(f64::from)),
            (Metric::NatsSent, carried.rates.map(|(sent, _)| sent)),
            (Metric::NatsReceived, carried.rates.map(|(_, received)| received)),
        ];
        for (metric, value) in values.into_iter().filter_map(|(metric, value)| Some((metric, value?))) {
            points.entry((carried.owner, metric)).or_default().push(Point { at: Timestamp::from_secs(carried.slot), value });
        }
    }
    for ((owner, metric), points) in points {
        let series = series::series(connection, owner, metric, cluster).await?;
        series::put(connection, series, metric, &points, at).await?;
    }
    Ok(())
}
