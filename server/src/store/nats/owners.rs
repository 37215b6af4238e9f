//! Whose every connection is: decided anew when connections or tasks changed, and kept as rows that lists filter by.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use domain::Timestamp;
use domain::nats::Connection;
use domain::owner::{Certainty, Ownership, Register, TaskLife, owner_of};
use domain::reading::NatsReading;
use domain::service::ServiceKey;
use sqlx::SqliteConnection;

use crate::store::{StoreError, json, parse};

/// How long a task that stopped may still own a connection nobody closed.
const STOPPED_LATELY: Duration = Duration::from_secs(3_600);
/// How long another usual number must stand before it is adopted.
const USUAL_AFTER: Duration = Duration::from_secs(3_600);

/// A row of `nats_connection` as far as it is decided here.
#[derive(PartialEq, Eq)]
struct Row {
    node_name: String,
    started: Option<i64>,
    plain_from: Option<i64>,
    certainty: String,
    environment: Option<String>,
    cluster: Option<String>,
    service: Option<String>,
    task: Option<String>,
    search: String,
    body: String,
    proof: String,
}

/// Decides who owns what, if anything that matters changed; answers whether any row did.
pub(super) async fn decide(
    connection: &mut SqliteConnection,
    source: &str,
    reading: &NatsReading,
    changed: bool,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let since = at.minus(USUAL_AFTER).as_micros();
    sqlx::query!("UPDATE nats_usual SET usual = next, next = NULL, next_since = NULL WHERE next IS NOT NULL AND next_since <= ?", since)
        .execute(&mut *connection)
        .await?;
    let mark = mark(connection, reading).await?;
    let decided = sqlx::query_scalar!("SELECT mark FROM nats_attributed WHERE source = ?", source).fetch_optional(&mut *connection).await?;
    if !changed && decided.as_deref() == Some(mark.as_str()) {
        return Ok(false);
    }
    let lives = lives(connection, reading, at).await?;
    let register = Register::new(services(connection, reading).await?, lives.iter().cloned());
    let moved = rows(connection, source, reading, &register).await?;
    usual(connection, &lives, at).await?;
    sqlx::query!(
        "INSERT INTO nats_attributed (source, mark) VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET mark = excluded.mark",
        source,
        mark
    )
    .execute(connection)
    .await?;
    Ok(moved)
}

/// Services and tasks of the environments this cluster serves.
pub(super) async fn register(connection: &mut SqliteConnection, reading: &NatsReading, at: Timestamp) -> Result<Register, StoreError> {
    let lives = lives(connection, reading, at).await?;
    Ok(Register::new(services(connection, reading).await?, lives))
}

/// Services of the environments this cluster serves, without their tasks: enough for what is named after one.
pub(super) async fn names(connection: &mut SqliteConnection, reading: &NatsReading) -> Result<Register, StoreError> {
    Ok(Register::new(services(connection, reading).await?, []))
}

/// What stands or falls with the decision: any interval opened, any task gone.
async fn mark(connection: &mut SqliteConnection, reading: &NatsReading) -> Result<String, StoreError> {
    let row = sqlx::query!(
        r#"SELECT (SELECT COALESCE(max(id), 0) FROM interval) AS "newest!: i64",
                  (SELECT count(*) FROM interval WHERE noun = 'task' AND valid_to IS NULL) AS "tasks!: i64",
                  (SELECT count(*) FROM service WHERE present = 1) AS "services!: i64""#
    )
    .fetch_one(connection)
    .await?;
    Ok(format!("{}/{}/{}/{}/{}", row.newest, row.tasks, row.services, reading.real_time, reading.environments.join(",")))
}

fn serves(reading: &NatsReading, environment: &str) -> bool {
    reading.environments.is_empty() || reading.environments.iter().any(|named| named == environment)
}

async fn services(connection: &mut SqliteConnection, reading: &NatsReading) -> Result<Vec<ServiceKey>, StoreError> {
    let rows = sqlx::query!("SELECT environment, cluster, name FROM service WHERE present = 1").fetch_all(connection).await?;
    let keys = rows.into_iter().map(|row| ServiceKey { environment: row.environment, cluster: row.cluster, service: row.name });
    Ok(keys.filter(|key| serves(reading, &key.environment)).collect())
}

/// Tasks that live, and those that stopped lately.
async fn lives(connection: &mut SqliteConnection, reading: &NatsReading, at: Timestamp) -> Result<Vec<TaskLife>, StoreError> {
    let after = at.minus(STOPPED_LATELY).as_micros();
    let rows = sqlx::query!(
        r#"SELECT substr(source, 5) AS "environment!: String", cluster AS "cluster!: String", json_extract(body, '$.service') AS "service: String",
                  name AS "arn!: String", json_extract(body, '$.address') AS "address: String",
                  json_extract(body, '$.created') AS "created: String", NULL AS "stopped: i64"
           FROM interval WHERE noun = 'task' AND valid_to IS NULL
           UNION ALL
           SELECT environment, cluster, service, arn, json_extract(body, '$.address'), json_extract(body, '$.created'), stopped_at
           FROM stopped_task WHERE stopped_at > ?"#,
        after
    )
    .fetch_all(connection)
    .await?;
    let served = rows.into_iter().filter(|row| serves(reading, &row.environment));
    let lives = served.filter_map(|row| {
        Some(TaskLife {
            service: ServiceKey { environment: row.environment, cluster: row.cluster, service: row.service? },
            id: row.arn.rsplit('/').next().unwrap_or(&row.arn).to_owned(),
            address: row.address,
            created: row.created.as_deref().and_then(|text| text.parse().ok()),
            stopped: row.stopped.map(Timestamp::from_micros),
        })
    });
    Ok(lives.collect())
}

async fn rows(connection: &mut SqliteConnection, source: &str, reading: &NatsReading, register: &Register) -> Result<bool, StoreError> {
    let mut known = known(connection, source).await?;
    let open =
        sqlx::query!(r#"SELECT valid_from, body FROM interval WHERE noun = 'connection' AND source = ? AND valid_to IS NULL"#, source)
            .fetch_all(&mut *connection)
            .await?;
    let patience: BTreeMap<&str, Duration> =
        reading.nodes.items.iter().map(|(node, _)| (node.id.as_str(), node.plaintext_after())).collect();
    let mut moved = false;
    for row in open {
        let opened: Connection = parse("connection", &row.body)?;
        let owned = owner_of(&opened, register, reading.real_time);
        let patience = patience.get(opened.node.as_str()).copied().unwrap_or_else(|| domain::nats::Node::default().plaintext_after());
        let cid = i64::try_from(opened.cid).unwrap_or(i64::MAX);
        let decided = decided(&opened, owned, patience, row.body)?;
        if known.remove(&(opened.node.clone(), cid)).is_none_or(|before| before != decided) {
            put(connection, source, &opened.node, cid, row.valid_from, &decided).await?;
            moved = true;
        }
    }
    for (node, cid) in known.into_keys() {
        sqlx::query!("DELETE FROM nats_connection WHERE source = ? AND node = ? AND cid = ?", source, node, cid)
            .execute(&mut *connection)
            .await?;
        moved = true;
    }
    Ok(moved)
}

fn decided(opened: &Connection, owned: Ownership, patience: Duration, body: String) -> Result<Row, StoreError> {
    let said =
        [opened.name.as_deref(), opened.user.as_deref(), Some(opened.address.as_str()), opened.lang.as_deref(), opened.version.as_deref()];
    let search = said.into_iter().flatten().collect::<Vec<_>>().join(" ").to_lowercase();
    // without an instant it is as old as can be
    let plain_from = opened.tls.is_none().then(|| opened.started.map_or(0, |started| started.plus(patience).as_micros()));
    let proof = json("proof", &owned.proof)?;
    let owner = owned.owner.map(|key| (key.environment, key.cluster, key.service));
    let (environment, cluster, service) = owner.map_or((None, None, None), |(e, c, s)| (Some(e), Some(c), Some(s)));
    Ok(Row {
        node_name: opened.node_name.clone(),
        started: opened.started.map(Timestamp::as_micros),
        plain_from,
        certainty: owned.certainty.as_str().to_owned(),
        environment,
        cluster,
        service,
        task: owned.task,
        search,
        body,
        proof,
    })
}

async fn known(connection: &mut SqliteConnection, source: &str) -> Result<HashMap<(String, i64), Row>, StoreError> {
    let rows = sqlx::query!(
        "SELECT node, cid, node_name, started, plain_from, certainty, environment, cluster, service, task, search, body, proof
         FROM nats_connection WHERE source = ?",
        source
    )
    .fetch_all(connection)
    .await?;
    let row = rows.into_iter().map(|row| {
        let decided = Row {
            node_name: row.node_name,
            started: row.started,
            plain_from: row.plain_from,
            certainty: row.certainty,
            environment: row.environment,
            cluster: row.cluster,
            service: row.service,
            task: row.task,
            search: row.search,
            body: row.body,
            proof: row.proof,
        };
        ((row.node, row.cid), decided)
    });
    Ok(row.collect())
}

async fn put(connection: &mut SqliteConnection, source: &str, node: &str, cid: i64, since: i64, row: &Row) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO nats_connection (source, node, cid, node_name, since, started, plain_from, certainty, environment, cluster, service, task,
                                      search, body, proof)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (source, node, cid) DO UPDATE SET
             node_name = excluded.node_name, started = excluded.started, plain_from = excluded.plain_from, certainty = excluded.certainty,
             environment = excluded.environment, cluster = excluded.cluster, service = excluded.service, task = excluded.task,
             search = excluded.search, body = excluded.body, proof = excluded.proof",
        source,
        node,
        cid,
        row.node_name,
        since,
        row.started,
        row.plain_from,
        row.certainty,
        row.environment,
        row.cluster,
        row.service,
        row.task,
        row.search,
        row.body,
        row.proof,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How many connections each service's tasks usually hold: the commonest number over its tasks.
async fn usual(connection: &mut SqliteConnection, lives: &[TaskLife], at: Timestamp) -> Result<(), StoreError> {
    let held = sqlx::query!(
        r#"SELECT environment AS "environment!: String", cluster AS "cluster!: String", service AS "service!: String", task, count(*) AS "count!: i64"
           FROM nats_connection WHERE service IS NOT NULL AND certainty IN ('confirmed', 'attributed') GROUP BY 1, 2, 3, 4"#
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut by_service: BTreeMap<ServiceKey, HashMap<Option<String>, i64>> = BTreeMap::new();
    for row in held {
        let key = ServiceKey { environment: row.environment, cluster: row.cluster, service: row.service };
        by_service.entry(key).or_default().insert(row.task, row.count);
    }
    let mut tasks: HashMap<&ServiceKey, Vec<&str>> = HashMap::new();
    for life in lives.iter().filter(|life| life.stopped.is_none()) {
        tasks.entry(&life.service).or_default().push(&life.id);
    }
    for (key, held) in &by_service {
        let Some(tasks) = tasks.get(key) else { continue };
        let Some(now) = commonest(tasks, held) else { continue };
        let micros = at.as_micros();
        sqlx::query!(
            "INSERT INTO nats_usual (environment, cluster, service, usual) VALUES (?, ?, ?, ?)
             ON CONFLICT (environment, cluster, service) DO UPDATE SET
                 next = CASE WHEN usual = excluded.usual THEN NULL ELSE excluded.usual END,
                 next_since = CASE WHEN usual = excluded.usual THEN NULL WHEN next = excluded.usual THEN next_since ELSE ? END
             WHERE next IS NOT CASE WHEN usual = excluded.usual THEN NULL ELSE excluded.usual END",
            key.environment,
            key.cluster,
            key.service,
            now,
            micros,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// The commonest number of connections over the tasks; where connections cannot be told by task, their mean. Of two
/// equally common numbers the larger: a task that lacks one is what is to be noticed.
fn commonest(tasks: &[&str], held: &HashMap<Option<String>, i64>) -> Option<i64> {
    let known: i64 = held.iter().filter(|(task, _)| task.is_some()).map(|(_, count)| count).sum();
    let all: i64 = held.values().sum();
    if known == 0 {
        let tasks = i64::try_from(tasks.len()).ok().filter(|tasks| *tasks > 0)?;
        return Some((all + tasks / 2) / tasks).filter(|usual| *usual > 0);
    }
    let mut times: BTreeMap<i64, usize> = BTreeMap::new();
    for task in tasks {
        *times.entry(held.get(&Some((*task).to_owned())).copied().unwrap_or(0)).or_default() += 1;
    }
    times.into_iter().max_by_key(|(count, times)| (*times, *count)).map(|(count, _)| count).filter(|usual| *usual > 0)
}

/// The certainty a row was stored with.
pub(super) fn certainty(word: &str) -> Result<Certainty, StoreError> {
    Certainty::from_word(word).ok_or_else(|| StoreError::Word { what: "certainty of an owner", word: word.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(of: &[(Option<&str>, i64)]) -> HashMap<Option<String>, i64> {
        of.iter().map(|(task, count)| (task.map(str::to_owned), *count)).collect()
    }

    #[test]
    fn usual_is_the_commonest() {
        assert_eq!(commonest(&["a", "b", "c"], &held(&[(Some("a"), 1), (Some("b"), 1), (Some("c"), 3)])), Some(1));
        assert_eq!(commonest(&["a", "b"], &held(&[(Some("a"), 2)])), Some(2), "one of two lacks its connections");
        assert_eq!(commonest(&["a", "b"], &held(&[(None, 5)])), Some(3), "bridge mode: the mean");
        assert_eq!(commonest(&["a", "b", "c"], &held(&[(Some("a"), 1)])), None, "most hold none: nothing is usual");
        assert_eq!(commonest(&[], &held(&[(None, 5)])), None);
    }
}
