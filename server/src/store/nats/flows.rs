//! Streams and consumers: their newest numbers, how they stand, whose they are.

use std::collections::{BTreeMap, HashMap};

use domain::Timestamp;
use domain::nats::jetstream::{Before, Consumer, Flow, consumer_flow, moved, stream_flow};
use domain::owner::Register;
use domain::reading::{JetStreamReading, NatsReading};
use domain::service::ServiceKey;
use domain::timeline::{NewEvent, flow_change};
use sqlx::SqliteConnection;

use super::owners;
use crate::store::{StoreError, json, parse};

/// Keys in which an owner may have written the name of the service, the likeliest first.
const OWNER_KEYS: [&str; 2] = ["owner", "service"];

struct Known {
    flow: String,
    since: i64,
    read_at: i64,
    still_since: i64,
    body: String,
}

/// What is put into the row.
struct Standing {
    flow: Flow,
    why: String,
    still_since: Timestamp,
    owner: Option<ServiceKey>,
    body: String,
}

/// Records what was read; answers the lines for what stands otherwise than before, each with whose it is.
pub(super) async fn record(
    connection: &mut SqliteConnection,
    source: &str,
    reading: &NatsReading,
    at: Timestamp,
) -> Result<Vec<(Option<ServiceKey>, NewEvent)>, StoreError> {
    let Some(jetstream) = &reading.jetstream else { return Ok(Vec::new()) };
    lead(connection, source, jetstream, at).await?;
    let register = owners::names(connection, reading).await?;
    let mut known = known(connection, source).await?;
    let mut events = Vec::new();
    for stream in &jetstream.streams.items {
        let key = (stream.account.clone(), stream.name.clone(), String::new());
        let (flow, why) = stream_flow(stream);
        let owner = owner(&stream.metadata, &stream.name, &register);
        let standing = Standing { flow, why, still_since: at, owner, body: json("stream", stream)? };
        events.extend(put(connection, source, &key, known.remove(&key), standing, at).await?);
    }
    for consumer in &jetstream.consumers {
        let key = (consumer.account.clone(), consumer.stream.clone(), consumer.name.clone());
        let before = known.remove(&key);
        let standing = judged(consumer, before.as_ref(), owner(&consumer.metadata, &consumer.name, &register), at)?;
        events.extend(put(connection, source, &key, before, standing, at).await?);
    }
    if jetstream.streams.whole {
        for (account, stream, consumer) in known.into_keys() {
            sqlx::query!(
                "DELETE FROM nats_flow WHERE source = ? AND account = ? AND stream = ? AND consumer = ?",
                source,
                account,
                stream,
                consumer
            )
            .execute(&mut *connection)
            .await?;
        }
    }
    Ok(events)
}

/// Puts who leads; one that has no group (a node that stands alone) has no row.
async fn lead(connection: &mut SqliteConnection, source: &str, jetstream: &JetStreamReading, at: Timestamp) -> Result<(), StoreError> {
    match &jetstream.meta {
        Some(meta) => {
            let (read_at, body) = (at.as_micros(), json("JetStream's leadership", meta)?);
            sqlx::query!(
                "INSERT INTO nats_meta (source, read_at, body) VALUES (?, ?, ?)
                 ON CONFLICT (source) DO UPDATE SET read_at = excluded.read_at, body = excluded.body",
                source,
                read_at,
                body,
            )
            .execute(connection)
            .await?;
        }
        // told by every node with JetStream, so there is none
        None if jetstream.streams.whole => {
            sqlx::query!("DELETE FROM nats_meta WHERE source = ?", source).execute(connection).await?;
        }
        None => {}
    }
    Ok(())
}

fn judged(consumer: &Consumer, before: Option<&Known>, owner: Option<ServiceKey>, at: Timestamp) -> Result<Standing, StoreError> {
    let was: Option<Consumer> = before.map(|before| parse("consumer", &before.body)).transpose()?;
    let known = before.zip(was.as_ref()).map(|(row, consumer)| Before {
        consumer,
        read: Timestamp::from_micros(row.read_at),
        still_since: Timestamp::from_micros(row.still_since),
    });
    let (flow, why) = consumer_flow(consumer, known, at);
    let still = known.filter(|before| !moved(before.consumer, consumer)).map_or(at, |before| before.still_since);
    Ok(Standing { flow, why, still_since: still, owner, body: json("consumer", consumer)? })
}

/// Whose it is: what its owner wrote on it, else the service it is named after.
fn owner(metadata: &BTreeMap<String, String>, name: &str, register: &Register) -> Option<ServiceKey> {
    let written = OWNER_KEYS.into_iter().filter_map(|key| metadata.get(key)).find_map(|value| register.named_after(value));
    written.or_else(|| register.named_after(name)).cloned()
}

async fn known(connection: &mut SqliteConnection, source: &str) -> Result<HashMap<(String, String, String), Known>, StoreError> {
    let rows =
        sqlx::query!("SELECT account, stream, consumer, flow, since, read_at, still_since, body FROM nats_flow WHERE source = ?", source)
            .fetch_all(connection)
            .await?;
    let known = rows.into_iter().map(|row| {
        let known = Known { flow: row.flow, since: row.since, read_at: row.read_at, still_since: row.still_since, body: row.body };
        ((row.account, row.stream, row.consumer), known)
    });
    Ok(known.collect())
}

async fn put(
    connection: &mut SqliteConnection,
    source: &str,
    (account, stream, consumer): &(String, String, String),
    before: Option<Known>,
    standing: Standing,
    at: Timestamp,
) -> Result<Option<(Option<ServiceKey>, NewEvent)>, StoreError> {
    let changed = before.as_ref().is_none_or(|before| before.flow != standing.flow.as_str());
    let since = before.as_ref().filter(|_| !changed).map_or(at.as_micros(), |before| before.since);
    let (flow, read_at, still) = (standing.flow.as_str(), at.as_micros(), standing.still_since.as_micros());
    let owner = standing.owner.as_ref().map(|owner| json("owner", owner)).transpose()?;
    sqlx::query!(
        "INSERT INTO nats_flow (source, account, stream, consumer, flow, since, why, read_at, still_since, owner, body)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (source, account, stream, consumer) DO UPDATE SET flow = excluded.flow, since = excluded.since, why = excluded.why,
             read_at = excluded.read_at, still_since = excluded.still_since, owner = excluded.owner, body = excluded.body",
        source,
        account,
        stream,
        consumer,
        flow,
        since,
        standing.why,
        read_at,
        still,
        owner,
        standing.body,
    )
    .execute(connection)
    .await?;
    // how it stood when it was first seen is no news
    if !changed || before.is_none() {
        return Ok(None);
    }
    let named = if consumer.is_empty() { stream.clone() } else { format!("{stream} / {consumer}") };
    let of = standing.owner.as_ref().map(|owner| (owner.cluster.clone(), owner.service.clone()));
    Ok(Some((standing.owner, flow_change(&named, of, standing.flow, &standing.why, at))))
}
