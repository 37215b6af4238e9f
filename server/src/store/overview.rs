//! The Overview's facts, in three queries whatever the size of the fleet (asserted by count in `tests`).

use domain::Timestamp;
use domain::alarm::Alarm;
use domain::service::{ServiceKey, Task};
use domain::view::{AlarmFact, Facts};
use sqlx::SqliteConnection;

use super::alarms::{Beside, alarm_row};
use super::nats::StoredNode;
use super::service::stopped_row;
use super::services::{self, ServiceColumns};
use super::{Store, StoreError, parse, timeline, unsigned};

/// Lines of "just now".
const RECENT: i64 = 12;
/// How far back stops of a service that is down are counted, in microseconds: 15 minutes.
const STOPS_WITHIN: i64 = 15 * 60 * 1_000_000;

impl Store {
    /// What the Overview is composed from.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn overview_facts(&self, now: Timestamp) -> Result<Facts, StoreError> {
        let mut snapshot = self.read().await?;
        let mut facts = Facts::default();
        services_and_stops(&mut snapshot, now, &mut facts).await?;
        everything_else(&mut snapshot, &mut facts).await?;
        facts.recent = timeline::newest(&mut snapshot, RECENT).await?;
        Ok(facts)
    }
}

/// Query 1: every present service with its alarms; those that are down or failed lately with their newest stop.
async fn services_and_stops(connection: &mut SqliteConnection, now: Timestamp, facts: &mut Facts) -> Result<(), StoreError> {
    let after = now.as_micros().saturating_sub(STOPS_WITHIN);
    let rows = sqlx::query!(
        r#"SELECT s.environment, s.cluster, s.name, s.grouping, s.standing, s.since, s.moving, s.reasons, s.desired, s.running,
                  s.pending, s.unhealthy, s.revision,
                  COALESCE(a.alarms, 0) AS "alarms!: i64", COALESCE(a.alarms_on, 0) AS "alarms_on!: i64",
                  CASE WHEN s.standing = 'down' OR f.failed > 0 THEN
                      (SELECT t.body FROM stopped_task t WHERE t.environment = s.environment AND t.cluster = s.cluster
                       AND t.service = s.name ORDER BY t.stopped_at DESC LIMIT 1) END AS "stop: String",
                  COALESCE(f.failed, 0) AS "stops!: i64"
           FROM service s JOIN source ON source.id = 'ecs:' || s.environment
           LEFT JOIN (SELECT environment, cluster, service, count(*) AS alarms, sum(state = 'ALARM') AS alarms_on FROM alarm
                      WHERE service IS NOT NULL GROUP BY environment, cluster, service) a
             ON a.environment = s.environment AND a.cluster = s.cluster AND a.service = s.name
           LEFT JOIN (SELECT environment, cluster, service, count(*) AS failed FROM stopped_task
                      WHERE failed = 1 AND stopped_at > ? GROUP BY environment, cluster, service) f
             ON f.environment = s.environment AND f.cluster = s.cluster AND f.service = s.name
           WHERE s.present = 1
           ORDER BY s.environment, s.cluster, s.name"#,
        after,
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let key = ServiceKey { environment: row.environment, cluster: row.cluster, service: row.name };
        if let Some(body) = row.stop {
            let task: Task = parse("stopped task", &body)?;
            facts.stops.push((key.clone(), stopped_row(&task), unsigned(row.stops)));
        }
        facts.services.push(services::row(ServiceColumns {
            key,
            grouping: row.grouping,
            standing: row.standing,
            since: row.since,
            moving: row.moving,
            reasons: row.reasons,
            desired: row.desired,
            running: row.running,
            pending: row.pending,
            unhealthy: row.unhealthy,
            revision: row.revision,
            alarms: row.alarms,
            alarms_on: row.alarms_on,
        })?);
    }
    Ok(())
}

/// Query 2: what is counted or listed whole, one row a fact, told apart by `what`.
async fn everything_else(connection: &mut SqliteConnection, facts: &mut Facts) -> Result<(), StoreError> {
    let rows = sqlx::query!(
        r#"WITH held AS (
               SELECT c.body FROM source CROSS JOIN interval c INDEXED BY interval_open ON c.noun = 'connection' AND c.source = source.id AND c.valid_to IS NULL
               JOIN interval n INDEXED BY interval_open ON n.noun = 'node' AND n.source = c.source AND n.cluster = c.cluster AND n.valid_to IS NULL
                AND n.name = json_extract(c.body, '$.node_name') AND json_extract(n.body, '$.answers'))
           SELECT 'revision' AS "what!: String", '' AS "scope!: String", '' AS "body!: String", value AS "number!: i64", 0 AS "position!: i64",
                  '{}' AS "beside!: String" FROM revision
           UNION ALL SELECT 'source', id, health, 0, position, '{}' FROM source
           UNION ALL SELECT 'alarms', '', '', count, 0, '{}' FROM (SELECT environment, count(*) AS count FROM alarm GROUP BY environment)
                     JOIN source ON source.id = 'alarms:' || environment
           UNION ALL SELECT 'alarm', environment, body, 0, 0,
                     json_object('cluster', cluster, 'service', service, 'by_name', by_name, 'known_reason', known_reason, 'known_at', known_at)
                     FROM alarm_shown JOIN source ON source.id = 'alarms:' || environment WHERE state <> 'OK'
           UNION ALL SELECT 'node', i.cluster, i.body, i.valid_from, 0, '{}' FROM source CROSS JOIN interval i INDEXED BY interval_open
                     ON i.noun = 'node' AND i.source = source.id AND i.valid_to IS NULL
           UNION ALL SELECT 'finding', f.source, f.body, f.since, f.position, '{}' FROM nats_finding f JOIN source ON source.id = f.source
                     WHERE json_extract(f.body, '$.urgent')
           UNION ALL SELECT 'connections', '', '', count(*), 0, '{}' FROM held
           UNION ALL SELECT 'tls', '', '', count(*), 0, '{}' FROM held WHERE json_extract(body, '$.tls') IS NOT NULL
           UNION ALL SELECT 'customer', '', body, 0, 0, '{}' FROM customer JOIN subject ON subject.id = customer.subject
                     JOIN service s ON s.environment = subject.environment AND s.cluster = subject.cluster AND s.name = subject.service AND s.present = 1
                     JOIN source ON source.id = 'metrics:' || subject.environment
           ORDER BY 5, 2"#
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        match row.what.as_str() {
            "revision" => facts.revision = unsigned(row.number),
            "source" => facts.sources.push(parse("source", &row.body)?),
            "alarms" => facts.alarms_total += unsigned(row.number),
            "alarm" => {
                let alarm: Alarm = parse("alarm", &row.body)?;
                facts.alarms.push(AlarmFact {
                    row: alarm_row(&alarm, &row.scope, parse::<Beside>("alarm", &row.beside)?),
                    children: alarm.children().into_iter().map(str::to_owned).collect(),
                    target: alarm.target_group().map(str::to_owned),
                });
            }
            "node" => {
                let stored: StoredNode = parse("node", &row.body)?;
                facts.nodes.push((row.scope, stored.node.name, stored.answers, Timestamp::from_micros(row.number)));
            }
            "finding" => {
                let cluster = row.scope.trim_start_matches("nats:").to_owned();
                facts.findings.push((cluster, parse("finding", &row.body)?, Timestamp::from_micros(row.number)));
            }
            "connections" => facts.connections = unsigned(row.number),
            "tls" => facts.connections_tls = unsigned(row.number),
            "customer" => facts.customers.push(parse("customer", &row.body)?),
            _ => return Err(StoreError::Word { what: "a fact of the Overview", word: row.what }),
        }
    }
    Ok(())
}
