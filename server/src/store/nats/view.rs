//! The NATS page's facts, and a service's own part of them: filtered and cut into pages by SQLite.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;
use domain::judge::Tone;
use domain::nats::jetstream::{Consumer, Flow, Meta, Stream};
use domain::nats::{Connection, Wire};
use domain::owner::Certainty;
use domain::service::ServiceKey;
use domain::source::{SourceHealth, SourceKind};
use domain::timeline::EventKind;
use domain::view::{FlowRow, NatsCluster, NatsQuery, NatsView, NodeRow, OwnedConnection, ServiceNats, Share};
use sqlx::SqliteConnection;

use super::{StoredNode, owners};
use crate::store::{Store, StoreError, parse, revision, sources, timeline, unsigned};

/// Restarts are counted over this long.
const RESTARTS_WITHIN: Duration = Duration::from_secs(7 * 86_400);
/// Services listed as holding plaintext connections.
const SHARES: i64 = 40;
/// Streams and consumers listed.
const FLOWS: i64 = 200;
/// Lines of connections that ended.
const ENDED: i64 = 30;
/// Connections listed on a service's page.
const OF_SERVICE: u32 = 50;

impl Store {
    /// The NATS page.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn nats_view(&self, query: NatsQuery, same_time: bool, now: Timestamp) -> Result<NatsView, StoreError> {
        let mut snapshot = self.read().await?;
        let health = sources::health_list(&mut snapshot).await?;
        let mut clusters = Vec::new();
        for health in health.iter().filter(|health| health.id.kind == SourceKind::Nats) {
            clusters.push(cluster(&mut snapshot, health, now).await?);
        }
        let (matching, connections) = matching(&mut snapshot, &query, None, now).await?;
        let certainties = certainties(&mut snapshot).await?;
        let (plaintext_owners, plaintext) = shares(&mut snapshot, now, 1, SHARES).await?;
        Ok(NatsView {
            revision: revision(&mut snapshot).await?,
            clusters,
            query,
            connections,
            matching,
            total: certainties.iter().map(|(_, count)| count).sum(),
            certainties,
            plaintext,
            plaintext_owners,
            ended: timeline::newest_of_kind(&mut snapshot, EventKind::Connection, ENDED).await?,
            same_time,
        })
    }

    /// The connections of one service.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn service_nats(&self, key: &ServiceKey, now: Timestamp) -> Result<ServiceNats, StoreError> {
        let mut snapshot = self.read().await?;
        let source = format!("ecs:{}", key.environment);
        let tasks = sqlx::query_scalar!(
            r#"SELECT count(*) AS "tasks!: i64" FROM interval WHERE noun = 'task' AND source = ? AND cluster = ? AND valid_to IS NULL
               AND json_extract(body, '$.service') = ? AND json_extract(body, '$.last_status') = 'RUNNING'"#,
            source,
            key.cluster,
            key.service,
        )
        .fetch_one(&mut *snapshot)
        .await?;
        of_service(&mut snapshot, key, unsigned(tasks), now).await
    }
}

impl Store {
    /// Every connection a query asks for, whatever its page.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn nats_connections(&self, query: &NatsQuery, now: Timestamp) -> Result<Vec<OwnedConnection>, StoreError> {
        let query = NatsQuery { page: 1, per: u32::MAX, ..query.clone() };
        let mut snapshot = self.read().await?;
        Ok(matching(&mut snapshot, &query, None, now).await?.1)
    }

    /// Every owner of connections, those with most plaintext first.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn nats_owners(&self, now: Timestamp) -> Result<Vec<Share>, StoreError> {
        let mut snapshot = self.read().await?;
        Ok(shares(&mut snapshot, now, 0, i64::MAX).await?.1)
    }

    /// Every stream and consumer of the NATS clusters that are configured, those that are not well first.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn nats_flows(&self) -> Result<Vec<FlowBody>, StoreError> {
        let mut snapshot = self.read().await?;
        let mut all = Vec::new();
        for health in sources::health_list(&mut snapshot).await?.into_iter().filter(|health| health.id.kind == SourceKind::Nats) {
            let found = flows(&mut snapshot, &health.id.to_string(), i64::MAX).await?;
            all.extend(found.into_iter().map(|(row, body)| FlowBody { cluster: health.id.scope.clone(), row, body }));
        }
        Ok(all)
    }
}

/// The connections of one service.
async fn of_service(connection: &mut SqliteConnection, key: &ServiceKey, tasks: u64, now: Timestamp) -> Result<ServiceNats, StoreError> {
    let at = now.as_micros();
    let row = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE plain_from IS NULL) AS "tls!: i64", count(*) FILTER (WHERE plain_from <= ?) AS "plaintext!: i64",
                  count(*) FILTER (WHERE plain_from > ?) AS "young!: i64", count(*) FILTER (WHERE certainty = 'conflicting') AS "conflicting!: i64",
                  (SELECT usual FROM nats_usual u WHERE u.environment = ? AND u.cluster = ? AND u.service = ?) AS "usual: i64"
           FROM nats_connection c JOIN source ON source.id = c.source WHERE c.environment = ? AND c.cluster = ? AND c.service = ?"#,
        at,
        at,
        key.environment,
        key.cluster,
        key.service,
        key.environment,
        key.cluster,
        key.service,
    )
    .fetch_one(&mut *connection)
    .await?;
    let share = Share {
        owner: Some(key.clone()),
        tls: unsigned(row.tls),
        plaintext: unsigned(row.plaintext),
        young: unsigned(row.young),
        clients: Vec::new(),
    };
    let query = NatsQuery { per: OF_SERVICE, ..NatsQuery::default() };
    let connections = matching(connection, &query, Some(key), now).await?.1;
    Ok(ServiceNats { tasks, usual: row.usual.map(unsigned), share, conflicting: unsigned(row.conflicting), connections })
}

async fn cluster(connection: &mut SqliteConnection, health: &SourceHealth, now: Timestamp) -> Result<NatsCluster, StoreError> {
    let source = health.id.to_string();
    let rows = sqlx::query!("SELECT since, body FROM nats_finding WHERE source = ? ORDER BY position, key", source)
        .fetch_all(&mut *connection)
        .await?;
    let mut findings: Vec<(domain::nats::finding::Finding, Timestamp)> = Vec::new();
    for row in rows {
        findings.push((parse("finding", &row.body)?, Timestamp::from_micros(row.since)));
    }
    let stale = health.stale(now);
    let mut nodes = nodes(connection, &source, now).await?;
    for node in &mut nodes {
        let worst = findings.iter().filter(|(finding, _)| finding.subject == node.node.name).map(|(finding, _)| finding.tone).min();
        node.tone = if stale.is_some() { Tone::Unknown } else { worst.unwrap_or(Tone::Good) };
    }
    Ok(NatsCluster {
        name: health.id.scope.clone(),
        observed: health.last_success,
        stale,
        findings,
        nodes,
        meta: meta(connection, &source).await?,
        flows: flows(connection, &source, FLOWS).await?.into_iter().map(|(row, _)| row).collect(),
    })
}

async fn nodes(connection: &mut SqliteConnection, source: &str, now: Timestamp) -> Result<Vec<NodeRow>, StoreError> {
    let after = now.minus(RESTARTS_WITHIN).as_micros();
    let rows = sqlx::query!(
        r#"SELECT i.body, n.counters AS "counters?: String", n.read_at AS "read_at?: i64", n.slow_at AS "slow_at?: i64",
                  COALESCE(n.slow_count, 0) AS "slow_count!: i64",
                  (SELECT count(DISTINCT json_extract(p.body, '$.node.started')) FROM interval p
                   WHERE p.noun = 'node' AND p.source = i.source AND p.cluster = i.cluster AND p.name = i.name
                     AND (p.valid_to IS NULL OR p.valid_to > ?)) AS "starts!: i64"
           FROM interval i LEFT JOIN nats_node n ON n.source = i.source AND n.name = i.name
           WHERE i.noun = 'node' AND i.source = ? AND i.valid_to IS NULL ORDER BY i.name"#,
        after,
        source,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let stored: StoredNode = parse("node", &row.body)?;
            let counters = row.counters.map(|counters| parse("node's counters", &counters)).transpose()?.unwrap_or_default();
            Ok(NodeRow {
                node: stored.node,
                answers: stored.answers,
                counters,
                read: row.read_at.map(Timestamp::from_micros),
                restarts: u32::try_from(row.starts - 1).unwrap_or(0),
                slow: row.slow_at.map(|at| (Timestamp::from_micros(at), unsigned(row.slow_count))),
                tone: Tone::Good,
            })
        })
        .collect()
}

async fn meta(connection: &mut SqliteConnection, source: &str) -> Result<Option<(Meta, Timestamp)>, StoreError> {
    let row = sqlx::query!("SELECT read_at, body FROM nats_meta WHERE source = ?", source).fetch_optional(connection).await?;
    row.map(|row| Ok((parse("JetStream's leadership", &row.body)?, Timestamp::from_micros(row.read_at)))).transpose()
}

/// What a stream or a consumer says of itself.
#[derive(Clone, Debug)]
pub enum Flowing {
    /// A stream.
    Stream(Box<Stream>),
    /// A consumer.
    Consumer(Box<Consumer>),
}

/// A stream or consumer with the NATS cluster it is in.
#[derive(Clone, Debug)]
pub struct FlowBody {
    /// Name of the NATS cluster.
    pub cluster: String,
    /// As its page shows it.
    pub row: FlowRow,
    /// Its numbers.
    pub body: Flowing,
}

async fn flows(connection: &mut SqliteConnection, source: &str, most: i64) -> Result<Vec<(FlowRow, Flowing)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT f.account, f.stream, f.consumer, f.flow, f.since, f.why, f.owner, f.body,
                  (SELECT json_group_array(DISTINCT d.owner) FROM nats_flow d WHERE f.consumer = '' AND d.source = f.source
                   AND d.account = f.account AND d.stream = f.stream AND d.consumer <> '' AND d.owner IS NOT NULL) AS "dependents!: String"
           FROM nats_flow f WHERE f.source = ?
           ORDER BY CASE f.flow WHEN 'stuck' THEN 0 WHEN 'behind' THEN 1 ELSE 2 END, f.account, f.stream, f.consumer LIMIT ?"#,
        source,
        most,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let texts: Vec<String> = parse("owner", &row.dependents)?;
            let body = if row.consumer.is_empty() {
                Flowing::Stream(parse("stream", &row.body)?)
            } else {
                Flowing::Consumer(parse("consumer", &row.body)?)
            };
            let shown = FlowRow {
                account: row.account,
                stream: row.stream,
                consumer: row.consumer,
                flow: Flow::from_word(&row.flow),
                since: Timestamp::from_micros(row.since),
                why: row.why,
                owner: row.owner.map(|owner| parse("owner", &owner)).transpose()?,
                dependents: texts.iter().map(|text| parse("owner", text)).collect::<Result<_, _>>()?,
                numbers: match &body {
                    Flowing::Stream(stream) => stream_numbers(stream),
                    Flowing::Consumer(consumer) => consumer_numbers(consumer),
                },
            };
            Ok((shown, body))
        })
        .collect()
}

fn stream_numbers(stream: &Stream) -> String {
    let led = stream.leader.as_deref().map(|leader| format!(", led by {}", domain::text::shown(leader))).unwrap_or_default();
    format!("{} on {}{led}", domain::text::count(stream.messages, "message"), domain::text::count(stream.replicas.len() as u64 + 1, "node"))
}

fn consumer_numbers(consumer: &Consumer) -> String {
    let most = consumer.max_ack_pending.map(|most| format!(" of at most {most}")).unwrap_or_default();
    let asking = if consumer.pull { format!(", {} asking", consumer.waiting) } else { String::new() };
    let again = if consumer.redelivered > 0 { format!(", {} delivered again", consumer.redelivered) } else { String::new() };
    format!("{} waiting, {} unacknowledged{most}{asking}{again}", consumer.pending, consumer.ack_pending)
}

async fn certainties(connection: &mut SqliteConnection) -> Result<Vec<(Certainty, u64)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT certainty, count(*) AS "count!: i64" FROM nats_connection c JOIN source ON source.id = c.source GROUP BY certainty"#
    )
    .fetch_all(connection)
    .await?;
    let mut counts = Vec::new();
    for row in rows {
        counts.push((owners::certainty(&row.certainty)?, unsigned(row.count)));
    }
    counts.sort();
    Ok(counts)
}

/// Who would be cut off if plaintext were refused now, most first; and how many they are.
/// `fewest`: only owners with so many plaintext connections.
async fn shares(connection: &mut SqliteConnection, now: Timestamp, fewest: i64, most: i64) -> Result<(u64, Vec<Share>), StoreError> {
    let at = now.as_micros();
    let rows = sqlx::query!(
        r#"SELECT c.environment, c.cluster, c.service, count(*) FILTER (WHERE plain_from IS NULL) AS "tls!: i64",
                  count(*) FILTER (WHERE plain_from <= ?) AS "plaintext!: i64", count(*) FILTER (WHERE plain_from > ?) AS "young!: i64",
                  json_group_array(DISTINCT trim(COALESCE(json_extract(body, '$.lang'), '') || ' ' || COALESCE(json_extract(body, '$.version'), '')))
                      AS "clients!: String",
                  count(*) OVER () AS "owners!: i64"
           FROM nats_connection c JOIN source ON source.id = c.source
           GROUP BY 1, 2, 3 HAVING count(*) FILTER (WHERE plain_from <= ?) >= ?
           ORDER BY 5 DESC, c.service, c.cluster, c.environment LIMIT ?"#,
        at,
        at,
        at,
        fewest,
        most,
    )
    .fetch_all(connection)
    .await?;
    let owners = rows.first().map_or(0, |row| unsigned(row.owners));
    let shares = rows.into_iter().map(|row| {
        let owner = row.environment.zip(row.cluster).zip(row.service);
        let clients: Vec<String> = parse("client", &row.clients)?;
        Ok(Share {
            owner: owner.map(|((environment, cluster), service)| ServiceKey { environment, cluster, service }),
            tls: unsigned(row.tls),
            plaintext: unsigned(row.plaintext),
            young: unsigned(row.young),
            clients: clients.into_iter().filter(|client| !client.is_empty()).take(8).collect(),
        })
    });
    Ok((owners, shares.collect::<Result<_, StoreError>>()?))
}

/// The connections of one page, and how many match.
async fn matching(
    connection: &mut SqliteConnection,
    query: &NatsQuery,
    of: Option<&ServiceKey>,
    now: Timestamp,
) -> Result<(u64, Vec<OwnedConnection>), StoreError> {
    let (wire, certainty) = (query.tls.map(Wire::as_str), query.certainty.map(Certainty::as_str));
    let (environment, cluster, service) =
        of.map_or((None, None, None), |key| (Some(&key.environment), Some(&key.cluster), Some(&key.service)));
    let at = now.as_micros();
    let (per, offset) = (i64::from(query.per), i64::from(query.page.saturating_sub(1)) * i64::from(query.per));
    let found = sqlx::query!(
        r#"WITH judged AS (
               SELECT c.*, CASE WHEN plain_from IS NULL THEN 'tls' WHEN plain_from <= ?1 THEN 'plaintext' ELSE 'young' END AS wire,
                      CASE certainty WHEN 'conflicting' THEN 0 WHEN 'unattributed' THEN 1 WHEN 'ambiguous' THEN 2 WHEN 'proxied' THEN 3 ELSE 4 END AS rank
               FROM nats_connection c JOIN source ON source.id = c.source
               WHERE (?2 IS NULL OR (c.environment = ?2 AND c.cluster = ?3 AND c.service = ?4))),
           fitting AS (
               SELECT * FROM judged
               WHERE (?5 = '' OR instr(search, lower(?5)) > 0) AND (?6 IS NULL OR service = ?6) AND (?7 IS NULL OR certainty = ?7)
                 AND (?8 IS NULL OR wire = ?8) AND (?9 IS NULL OR node_name = ?9))
           SELECT source AS "source!: String", body AS "body!: String", certainty AS "certainty!: String", environment, cluster, service, task,
                  wire AS "wire!: String", proof AS "proof!: String", (SELECT count(*) FROM fitting) AS "matching!: i64"
           FROM fitting ORDER BY rank, service, node_name, cid LIMIT ?10 OFFSET ?11"#,
        at,
        environment,
        cluster,
        service,
        query.q,
        query.owner,
        certainty,
        wire,
        query.node,
        per,
        offset,
    )
    .fetch_all(&mut *connection)
    .await?;
    if found.is_empty() && query.page > 1 {
        // the count comes with the rows: a page past the end asks once more
        let first = NatsQuery { page: 1, per: 1, ..query.clone() };
        return Ok((Box::pin(matching(connection, &first, of, now)).await?.0, Vec::new()));
    }
    let count = found.first().map_or(0, |row| unsigned(row.matching));
    let wires: BTreeMap<&str, Wire> = [Wire::Tls, Wire::Plaintext, Wire::Young].map(|wire| (wire.as_str(), wire)).into();
    let connections = found.into_iter().map(|row| {
        let opened: Connection = parse("connection", &row.body)?;
        let owner = row.environment.zip(row.cluster).zip(row.service);
        Ok(OwnedConnection {
            cluster: row.source.trim_start_matches("nats:").to_owned(),
            client: opened.client(),
            address: format!("{}:{}", opened.address, opened.port),
            node: opened.node_name,
            cid: opened.cid,
            name: opened.name,
            user: opened.user,
            started: opened.started,
            tls: opened.tls,
            wire: wires.get(row.wire.as_str()).copied().unwrap_or(Wire::Young),
            certainty: owners::certainty(&row.certainty)?,
            owner: owner.map(|((environment, cluster), service)| ServiceKey { environment, cluster, service }),
            task: row.task,
            proof: parse("proof", &row.proof)?,
        })
    });
    Ok((count, connections.collect::<Result<_, StoreError>>()?))
}
