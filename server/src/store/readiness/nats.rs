//! NATS as readiness needs it: connections with their owners, what ended, nodes, consumers.

use std::collections::HashMap;

use domain::Timestamp;
use domain::nats::jetstream::Flow;
use domain::nats::meter::Meter;
use domain::nats::{Connection, Wire};
use domain::owner::{Certainty, TaskLife};
use domain::readiness::live::{DAY, NodeFacts};
use domain::service::ServiceKey;
use futures::TryStreamExt as _;
use sqlx::SqliteConnection;

use super::{FleetFacts, key};
use crate::store::nats::StoredNode;
use crate::store::{StoreError, parse, unsigned};

/// Connections that ended in a day which are looked at. In a fleet that loses more the older ones are passed over, and then it
/// is not steady anyway.
const MOST_ENDED: i64 = 20_000;

/// An open connection that belongs to a service.
#[derive(Clone, Debug)]
pub struct Connected {
    /// Its NATS source.
    pub source: String,
    /// The connection.
    pub connection: Connection,
    /// How sure it is whose it is.
    pub certainty: Certainty,
    /// Whose it is.
    pub owner: ServiceKey,
    /// The task that holds it.
    pub task: Option<String>,
    /// What can be said about its TLS.
    pub wire: Wire,
}

/// A connection that ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its NATS source.
    pub source: String,
    /// The connection.
    pub connection: Connection,
    /// When it was first seen.
    pub from: Timestamp,
    /// When it was first missed.
    pub to: Timestamp,
}

pub(super) async fn gather(connection: &mut SqliteConnection, now: Timestamp, facts: &mut FleetFacts) -> Result<(), StoreError> {
    connections(connection, now, facts).await?;
    nodes(connection, facts).await?;
    ended(connection, now, facts).await?;
    if !facts.ended.is_empty() {
        running(connection, facts).await?;
        stopped(connection, now, facts).await?;
    }
    usual(connection, facts).await?;
    consumers(connection, facts).await?;
    meters(connection, facts).await?;
    since(connection, facts).await
}

async fn connections(connection: &mut SqliteConnection, now: Timestamp, facts: &mut FleetFacts) -> Result<(), StoreError> {
    let rows = sqlx::query!(
        r#"SELECT c.source AS "source!: String", c.body AS "body!: String", c.certainty AS "certainty!: String", c.plain_from AS "plain_from: i64",
                  c.environment AS "environment!: String", c.cluster AS "cluster!: String", c.service AS "service!: String", c.task AS "task: String"
           FROM nats_connection c JOIN source ON source.id = c.source
           WHERE c.environment IS NOT NULL AND c.cluster IS NOT NULL AND c.service IS NOT NULL
           ORDER BY c.source, c.node_name, c.cid"#
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let Some(certainty) = Certainty::from_word(&row.certainty) else {
            return Err(StoreError::Word { what: "certainty of an owner", word: row.certainty });
        };
        facts.connections.push(Connected {
            source: row.source,
            connection: parse("connection", &row.body)?,
            certainty,
            owner: key(row.environment, row.cluster, row.service),
            task: row.task,
            wire: match row.plain_from {
                None => Wire::Tls,
                Some(from) if from <= now.as_micros() => Wire::Plaintext,
                Some(_) => Wire::Young,
            },
        });
    }
    Ok(())
}

async fn nodes(connection: &mut SqliteConnection, facts: &mut FleetFacts) -> Result<(), StoreError> {
    let rows = sqlx::query!(
        r#"SELECT i.source AS "source!: String", i.body AS "body!: String"
           FROM source CROSS JOIN interval i INDEXED BY interval_open ON i.noun = 'node' AND i.source = source.id AND i.valid_to IS NULL
           ORDER BY i.source, i.name"#
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let StoredNode { node, answers } = parse("node", &row.body)?;
        facts.nodes.entry(row.source).or_default().push(NodeFacts { node, answers });
    }
    Ok(())
}

async fn ended(connection: &mut SqliteConnection, now: Timestamp, facts: &mut FleetFacts) -> Result<(), StoreError> {
    let from = now.minus(DAY).as_micros();
    let rows = sqlx::query!(
        r#"SELECT source AS "source!: String", valid_from AS "from!: i64", valid_to AS "to!: i64", body AS "body!: String"
           FROM interval INDEXED BY interval_closed WHERE noun = 'connection' AND valid_to > ? ORDER BY valid_to DESC, id DESC LIMIT ?"#,
        from,
        MOST_ENDED,
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        facts.ended.push(Ended {
            source: row.source,
            connection: parse("connection", &row.body)?,
            from: Timestamp::from_micros(row.from),
            to: Timestamp::from_micros(row.to),
        });
    }
    Ok(())
}

/// Tasks that stopped within a day, by the timeline's index: `stopped_task` has none on time for all of them.
/// Tasks that have not stopped, as far as ownership needs them.
async fn running(connection: &mut SqliteConnection, facts: &mut FleetFacts) -> Result<(), StoreError> {
    let mut rows = sqlx::query!(
        r#"SELECT substr(i.source, 5) AS "environment!: String", i.cluster AS "cluster!: String", i.name AS "arn!: String",
                  json_extract(i.body, '$.service') AS "service: String", json_extract(i.body, '$.address') AS "address: String",
                  json_extract(i.body, '$.created') AS "created: String"
           FROM source CROSS JOIN interval i INDEXED BY interval_open ON i.noun = 'task' AND i.source = source.id AND i.valid_to IS NULL
           WHERE source.id LIKE 'ecs:%'"#
    )
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let Some(service) = row.service else { continue };
        facts.lives.push(TaskLife {
            service: key(row.environment, row.cluster, service),
            id: row.arn.rsplit('/').next().unwrap_or(&row.arn).to_owned(),
            address: row.address,
            created: row.created.as_deref().and_then(|text| text.parse().ok()),
            stopped: None,
        });
    }
    Ok(())
}

async fn stopped(connection: &mut SqliteConnection, now: Timestamp, facts: &mut FleetFacts) -> Result<(), StoreError> {
    let from = now.minus(DAY).as_micros();
    let rows = sqlx::query!(
        r#"SELECT s.environment AS "environment!: String", s.cluster AS "cluster!: String", s.service AS "service!: String", s.arn AS "arn!: String",
                  json_extract(s.body, '$.address') AS "address: String", json_extract(s.body, '$.created') AS "created: String",
                  s.stopped_at AS "stopped!: i64"
           FROM timeline t JOIN stopped_task s ON s.arn = substr(t.key, 6)
           WHERE t.kind = 'task_stopped' AND t.at > ? AND s.service IS NOT NULL"#,
        from,
    )
    .fetch_all(connection)
    .await?;
    let lives = rows.into_iter().map(|row| TaskLife {
        service: key(row.environment, row.cluster, row.service),
        id: row.arn.rsplit('/').next().unwrap_or(&row.arn).to_owned(),
        address: row.address,
        created: row.created.as_deref().and_then(|text| text.parse().ok()),
        stopped: Some(Timestamp::from_micros(row.stopped)),
    });
    facts.lives.extend(lives);
    Ok(())
}

async fn usual(connection: &mut SqliteConnection, facts: &mut FleetFacts) -> Result<(), StoreError> {
    let rows = sqlx::query!("SELECT environment, cluster, service, usual FROM nats_usual").fetch_all(connection).await?;
    facts.usual.extend(rows.into_iter().map(|row| (key(row.environment, row.cluster, row.service), unsigned(row.usual))));
    Ok(())
}

async fn consumers(connection: &mut SqliteConnection, facts: &mut FleetFacts) -> Result<(), StoreError> {
    let rows = sqlx::query!(
        r#"SELECT f.stream AS "stream!: String", f.consumer AS "consumer!: String", f.flow AS "flow!: String", f.why AS "why!: String",
                  f.owner AS "owner!: String"
           FROM nats_flow f JOIN source ON source.id = f.source WHERE f.consumer <> '' AND f.owner IS NOT NULL
           ORDER BY f.source, f.account, f.stream, f.consumer"#
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let owner: ServiceKey = parse("owner", &row.owner)?;
        let consumer = (format!("{} / {}", row.stream, row.consumer), Flow::from_word(&row.flow), row.why);
        facts.consumers.entry(owner).or_default().push(consumer);
    }
    Ok(())
}

/// How full connections are, by what the meter saw last.
async fn meters(connection: &mut SqliteConnection, facts: &mut FleetFacts) -> Result<(), StoreError> {
    let bodies = sqlx::query_scalar!(r#"SELECT m.body AS "body!: String" FROM nats_meter m JOIN source ON source.id = m.source"#)
        .fetch_all(&mut *connection)
        .await?;
    let mut waiting: HashMap<i64, u32> = HashMap::new();
    for body in bodies {
        // one that cannot be read is as none: the next reading begins another
        let meter: Meter = serde_json::from_str(&body).unwrap_or_default();
        for (owner, permille) in meter.waiting() {
            let fullest = waiting.entry(owner).or_default();
            *fullest = permille.max(*fullest);
        }
    }
    if waiting.is_empty() {
        return Ok(());
    }
    let rows = sqlx::query!(r#"SELECT id AS "id!: i64", environment, cluster, service FROM subject"#).fetch_all(connection).await?;
    let known = rows.into_iter().filter_map(|row| Some((key(row.environment, row.cluster, row.service), *waiting.get(&row.id)?)));
    facts.waiting.extend(known);
    Ok(())
}

/// Since when each NATS cluster has been read. A sweep that failed read nothing.
async fn since(connection: &mut SqliteConnection, facts: &mut FleetFacts) -> Result<(), StoreError> {
    let rows = sqlx::query!(
        r#"SELECT s.source AS "source!: String", min(s.first_at) AS "first!: i64" FROM sweep s JOIN source ON source.id = s.source
           WHERE s.source LIKE 'nats:%' AND s.outcome <> 'failed' GROUP BY s.source"#
    )
    .fetch_all(connection)
    .await?;
    facts.nats_since.extend(rows.into_iter().map(|row| (row.source, Timestamp::from_micros(row.first))));
    Ok(())
}
