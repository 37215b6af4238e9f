//! What happened to services: failures, places not found, health over time, deployments that failed.

use std::collections::HashMap;
use std::time::Duration;

use domain::Timestamp;
use domain::readiness::live::{DAY, HALF_YEAR, TaskTime, WEEK};
use domain::service::ServiceKey;
use futures::TryStreamExt as _;
use sqlx::SqliteConnection;

use super::{FleetFacts, key};
use crate::store::{StoreError, unsigned};

/// A day, and a little more: a window ends when its source was last read, which may be a while ago.
pub(super) const LOOKED_BACK: Duration = Duration::from_secs(26 * 3_600);
/// Failing stops among which is looked for one that a health check made. In a fleet with more in half a year the older ones are
/// passed over, which can only lose a pass.
const MOST_STOPS: i64 = 20_000;

pub(super) async fn gather(connection: &mut SqliteConnection, now: Timestamp, facts: &mut FleetFacts) -> Result<(), StoreError> {
    stops(connection, now, facts).await?;
    told(connection, now, facts).await?;
    health(connection, now, facts).await?;
    gaps(connection, now, facts).await
}

/// Tasks that ended by their own failure, and the newest that a health check ended.
async fn stops(connection: &mut SqliteConnection, now: Timestamp, facts: &mut FleetFacts) -> Result<(), StoreError> {
    let (day, half_year) = (now.minus(DAY).as_micros(), now.minus(HALF_YEAR).as_micros());
    let rows = sqlx::query!(
        r#"SELECT environment AS "environment!: String", cluster AS "cluster!: String", service AS "service!: String", count(*) AS "failed!: i64"
           FROM stopped_task WHERE failed = 1 AND stopped_at > ? AND service IS NOT NULL GROUP BY 1, 2, 3"#,
        day,
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in rows {
        facts.past.entry(key(row.environment, row.cluster, row.service)).or_default().failures = unsigned(row.failed);
    }
    let rows = sqlx::query!(
        r#"SELECT environment AS "environment!: String", cluster AS "cluster!: String", service AS "service!: String", max(stopped_at) AS "at!: i64"
           FROM (SELECT environment, cluster, service, stopped_at, body FROM stopped_task
                 WHERE failed = 1 AND stopped_at > ?1 AND service IS NOT NULL ORDER BY stopped_at DESC LIMIT ?2)
           WHERE json_extract(body, '$.stopped_reason') LIKE '%container health check%' GROUP BY 1, 2, 3"#,
        half_year,
        MOST_STOPS,
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        facts.past.entry(key(row.environment, row.cluster, row.service)).or_default().replaced = Some(Timestamp::from_micros(row.at));
    }
    Ok(())
}

/// What the timeline tells, by the index on kind and time.
async fn told(connection: &mut SqliteConnection, now: Timestamp, facts: &mut FleetFacts) -> Result<(), StoreError> {
    let (day, week) = (now.minus(DAY).as_micros(), now.minus(WEEK).as_micros());
    let rows = sqlx::query!(
        r#"SELECT 'deployment' AS "what!: String", source AS "source!: String", cluster AS "cluster: String", service AS "service: String",
                  count(*) AS "times!: i64", max(at) AS "newest!: i64"
           FROM timeline WHERE kind = 'deployment' AND at > ?1 AND tone = 'bad' GROUP BY source, cluster, service
           UNION ALL
           SELECT 'unplaced', source, cluster, service, count(*), max(at) FROM timeline
           WHERE kind = 'service_event' AND at > ?2 AND text LIKE '%unable to place a task%' GROUP BY source, cluster, service
           UNION ALL
           SELECT 'slow', source, cluster, service, count(*), max(at) FROM timeline
           WHERE kind = 'connection' AND at > ?2 AND text LIKE '%Slow Consumer%' GROUP BY source, cluster, service
           UNION ALL
           SELECT 'plain', source, cluster, service, sum(max(1, CAST(text AS INTEGER))), max(at) FROM timeline
           WHERE kind = 'connection' AND at > ?2 AND text LIKE '%, without TLS, ended%' GROUP BY source, cluster, service
           UNION ALL
           SELECT 'forgot', source, NULL, NULL, count(*), max(at) FROM timeline
           WHERE kind = 'connection' AND at > ?2 AND key LIKE 'closed-gap:%' GROUP BY source"#,
        week,
        day,
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        if row.what == "forgot" {
            facts.forgot.insert(row.source, Timestamp::from_micros(row.newest));
            continue;
        }
        let environment = row.source.strip_prefix("ecs:").map(str::to_owned);
        let Some(((environment, cluster), service)) = environment.zip(row.cluster).zip(row.service) else { continue };
        let past = facts.past.entry(key(environment, cluster, service)).or_default();
        let field = match row.what.as_str() {
            "deployment" => &mut past.failed_deployments,
            "unplaced" => &mut past.unplaced,
            // a line that gathers several begins with their number
            "plain" => &mut past.plaintext,
            _ => &mut past.slow,
        };
        *field += unsigned(row.times);
    }
    Ok(())
}

/// One state of a task, from when to when.
struct State {
    task: String,
    from: Timestamp,
    to: Timestamp,
    healthy: bool,
    started: Option<Timestamp>,
}

/// How the time of running tasks was spent, and how long they took to become HEALTHY.
async fn health(connection: &mut SqliteConnection, now: Timestamp, facts: &mut FleetFacts) -> Result<(), StoreError> {
    let (from, until) = (now.minus(DAY), now.as_micros());
    let since = from.as_micros();
    let mut rows = sqlx::query!(
        r#"SELECT substr(source, 5) AS "environment!: String", cluster AS "cluster!: String", name AS "task!: String", valid_from AS "from!: i64",
                  ?2 AS "to!: i64", json_extract(body, '$.service') AS "service: String", json_extract(body, '$.last_status') AS "status: String",
                  json_extract(body, '$.health') AS "health: String", json_extract(body, '$.started') AS "started: String"
           FROM interval WHERE noun = 'task' AND valid_to IS NULL
           UNION ALL
           SELECT substr(source, 5), cluster, name, valid_from, valid_to, json_extract(body, '$.service'), json_extract(body, '$.last_status'),
                  json_extract(body, '$.health'), json_extract(body, '$.started')
           FROM interval INDEXED BY interval_closed WHERE noun = 'task' AND valid_to > ?1
           ORDER BY 3, 4"#,
        since,
        until,
    )
    .fetch(connection);
    let mut states: HashMap<ServiceKey, Vec<State>> = HashMap::new();
    while let Some(row) = rows.try_next().await? {
        let Some(service) = row.service.filter(|_| row.status.as_deref() == Some("RUNNING")) else { continue };
        states.entry(key(row.environment, row.cluster, service)).or_default().push(State {
            task: row.task,
            from: Timestamp::from_micros(row.from),
            to: Timestamp::from_micros(row.to),
            healthy: row.health.as_deref() == Some("HEALTHY"),
            started: row.started.and_then(|text| text.parse().ok()),
        });
    }
    for (key, states) in states {
        let past = facts.past.entry(key).or_default();
        past.health = Some(time(&states, from));
        past.starts = starts(&states, from);
    }
    Ok(())
}

fn time(states: &[State], from: Timestamp) -> TaskTime {
    let mut time = TaskTime::default();
    for state in states {
        let lasted = state.to.since(state.from.max(from));
        time.all += lasted;
        if state.healthy {
            time.healthy += lasted;
        }
    }
    time
}

/// From RUNNING to the first HEALTHY, of the tasks that were seen before they were. They come by task, oldest first.
fn starts(states: &[State], from: Timestamp) -> Vec<Duration> {
    let mut starts = Vec::new();
    for pair in states.windows(2) {
        let [before, after] = pair else { continue };
        let began = before.started.filter(|started| *started >= from);
        if let Some(began) = began.filter(|_| before.task == after.task && !before.healthy && after.healthy) {
            // of a task that became unhealthy in between this is not its start
            let first = !states.iter().any(|other| other.task == before.task && other.healthy && other.from < after.from);
            starts.extend(first.then(|| after.from.since(began)));
        }
    }
    starts
}

/// When ECS was not read.
async fn gaps(connection: &mut SqliteConnection, now: Timestamp, facts: &mut FleetFacts) -> Result<(), StoreError> {
    let (from, until) = (now.minus(HALF_YEAR).as_micros(), now.as_micros());
    let rows = sqlx::query!(
        r#"SELECT source, from_at, COALESCE(to_at, ?1) AS "to_at!: i64" FROM gap
           WHERE source LIKE 'ecs:%' AND COALESCE(to_at, ?1) > ?2 ORDER BY source, from_at"#,
        until,
        from,
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let span = (Timestamp::from_micros(row.from_at), Timestamp::from_micros(row.to_at));
        facts.gaps.entry(row.source).or_default().push(span);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(task: &str, from: i64, to: i64, healthy: bool) -> State {
        let at = Timestamp::from_secs;
        State { task: task.into(), from: at(from), to: at(to), healthy, started: Some(at(100)) }
    }

    #[test]
    fn only_what_is_healthy_counts_as_that() {
        let states = [state("a", 100, 130, false), state("a", 130, 200, true), state("b", 0, 200, true)];
        let seconds = |of: Duration| of.as_secs();
        let time = time(&states, Timestamp::from_secs(50));
        assert_eq!((seconds(time.healthy), seconds(time.all)), (220, 250));
    }

    #[test]
    fn a_start_ends_with_the_first_healthy() {
        let from = Timestamp::from_secs(50);
        let once = [state("a", 100, 130, false), state("a", 130, 200, true)];
        assert_eq!(starts(&once, from), [Duration::from_secs(30)]);
        let again = [state("a", 100, 130, false), state("a", 130, 200, true), state("a", 200, 300, false), state("a", 300, 400, true)];
        assert_eq!(starts(&again, from), [Duration::from_secs(30)], "it was UNHEALTHY in between");
        assert!(starts(&once, Timestamp::from_secs(110)).is_empty(), "it began before anybody looked");
        let two = [state("a", 100, 130, false), state("b", 130, 200, true)];
        assert!(starts(&two, from).is_empty());
    }
}
