//! What each service is judged by that is its own: tasks, alarms and counts, read a few hundred services at a time.
//!
//! Separate because that is most of what there is. Of the benchmark's ten thousand services it was some 120 MB, of which
//! each byte is needed once. All runs are read in the snapshot in which the rest of the facts was read, so one judgement is still
//! of one instant. The trap is a run across two clusters:
//! a run is asked for by the names it lies between, and names are in order within a cluster alone.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use domain::Timestamp;
use domain::alarm::Alarm;
use domain::readiness::live::Count;
use domain::service::{ServiceKey, Task};
use futures::TryStreamExt as _;
use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::{Standing, past};
use crate::store::{StoreError, parse, small};

/// Services of one run.
const LONGEST: usize = 500;

/// What is one service's own.
#[derive(Debug, Default)]
pub struct Own {
    /// Its tasks that have not stopped, by ARN.
    pub tasks: Vec<Task>,
    /// The alarms that watch it, by name, each with whether somebody acknowledged it.
    pub alarms: Vec<(Alarm, bool)>,
    /// Its counts of the last day, oldest first, beginning with those that held before it.
    pub counts: Vec<Count>,
}

/// Neighbours in one cluster.
#[derive(Debug)]
pub struct Run {
    /// Which of the services, by their place in the facts.
    pub places: Range<usize>,
    /// What is theirs, by name.
    pub of: HashMap<String, Own>,
}

/// Runs that were not read yet, and the snapshot they are read in.
pub struct Runs {
    snapshot: Transaction<'static, Sqlite>,
    now: Timestamp,
    left: VecDeque<Between>,
}

/// A run that is to be read.
#[derive(Debug, PartialEq, Eq)]
struct Between {
    places: Range<usize>,
    environment: String,
    cluster: String,
    first: String,
    last: String,
}

impl Runs {
    /// Of these services, in their order.
    pub(super) fn new(snapshot: Transaction<'static, Sqlite>, now: Timestamp, services: &[Standing]) -> Self {
        Self { snapshot, now, left: runs(services.iter().map(|standing| &standing.key)) }
    }

    /// The next one; none where all were read.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn next(&mut self) -> Result<Option<Run>, StoreError> {
        let Some(between) = self.left.pop_front() else { return Ok(None) };
        let mut of = HashMap::new();
        tasks(&mut self.snapshot, &between, &mut of).await?;
        alarms(&mut self.snapshot, &between, &mut of).await?;
        counts(&mut self.snapshot, &between, self.now, &mut of).await?;
        // a few of each service are put in order sooner than SQLite sorts all bodies of a run
        for own in of.values_mut() {
            own.tasks.sort_unstable_by(|one, other| one.arn.cmp(&other.arn));
            own.alarms.sort_unstable_by(|(one, _), (other, _)| one.name.cmp(&other.name));
        }
        Ok(Some(Run { places: between.places, of }))
    }
}

/// Cuts keys, which are in order, where a run is long enough or the cluster is another.
fn runs<'a>(keys: impl Iterator<Item = &'a ServiceKey>) -> VecDeque<Between> {
    let mut runs: VecDeque<Between> = VecDeque::new();
    for (place, key) in keys.enumerate() {
        let near = |run: &&mut Between| run.places.len() < LONGEST && run.environment == key.environment && run.cluster == key.cluster;
        match runs.back_mut().filter(near) {
            Some(run) => {
                run.places.end = place + 1;
                run.last.clone_from(&key.service);
            }
            None => runs.push_back(Between {
                places: place..place + 1,
                environment: key.environment.clone(),
                cluster: key.cluster.clone(),
                first: key.service.clone(),
                last: key.service.clone(),
            }),
        }
    }
    runs
}

async fn tasks(connection: &mut SqliteConnection, run: &Between, of: &mut HashMap<String, Own>) -> Result<(), StoreError> {
    let mut rows = sqlx::query!(
        r#"SELECT body AS "body!: String" FROM interval INDEXED BY open_task_of_service
           WHERE noun = 'task' AND valid_to IS NULL AND source = 'ecs:' || ?1 AND cluster = ?2
             AND json_extract(body, '$.service') BETWEEN ?3 AND ?4"#,
        run.environment,
        run.cluster,
        run.first,
        run.last,
    )
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let task: Task = parse("task", &row.body)?;
        let Some(service) = task.service.clone() else { continue };
        of.entry(service).or_default().tasks.push(task);
    }
    Ok(())
}

async fn alarms(connection: &mut SqliteConnection, run: &Between, of: &mut HashMap<String, Own>) -> Result<(), StoreError> {
    let mut rows = sqlx::query!(
        r#"SELECT a.service AS "service!: String", a.body AS "body!: String", k.id IS NOT NULL AS "known!: bool"
           FROM alarm a JOIN source ON source.id = 'alarms:' || a.environment
           LEFT JOIN acknowledgement k ON k.environment = a.environment AND k.name = a.name AND k.ended_at IS NULL
           WHERE a.environment = ?1 AND a.cluster = ?2 AND a.service BETWEEN ?3 AND ?4"#,
        run.environment,
        run.cluster,
        run.first,
        run.last,
    )
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let alarm: Alarm = parse("alarm", &row.body)?;
        of.entry(row.service).or_default().alarms.push((alarm, row.known));
    }
    Ok(())
}

/// A day of counts, with those that held at its beginning.
async fn counts(connection: &mut SqliteConnection, run: &Between, now: Timestamp, of: &mut HashMap<String, Own>) -> Result<(), StoreError> {
    let from = now.minus(past::LOOKED_BACK).as_micros();
    let mut rows = sqlx::query!(
        r#"SELECT j.service AS "service!: String", c.at AS "at!: i64", c.desired AS "desired: i64", c.running AS "running: i64"
           FROM subject j JOIN count_change c ON c.subject = j.id
            AND c.at >= COALESCE((SELECT max(p.at) FROM count_change p WHERE p.subject = j.id AND p.at <= ?5), ?5)
           WHERE j.environment = ?1 AND j.cluster = ?2 AND j.service BETWEEN ?3 AND ?4
           ORDER BY j.service, c.at"#,
        run.environment,
        run.cluster,
        run.first,
        run.last,
        from,
    )
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let tasks = row.desired.zip(row.running).map(|(desired, running)| (small(desired), small(running)));
        of.entry(row.service).or_default().counts.push(Count { at: Timestamp::from_micros(row.at), tasks });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(environment: &str, cluster: &str, service: usize) -> ServiceKey {
        ServiceKey { environment: environment.into(), cluster: cluster.into(), service: format!("s{service:04}") }
    }

    #[test]
    fn every_service_is_in_one_run_of_its_cluster() {
        let of = |environment, cluster, services: usize| (0..services).map(move |service| key(environment, cluster, service));
        let keys: Vec<ServiceKey> = of("p", "a", LONGEST + 1).chain(of("p", "b", 2)).chain(of("q", "b", LONGEST)).collect();
        let runs = runs(keys.iter());
        let cut: Vec<_> = runs.iter().map(|run| (run.places.clone(), run.first.as_str(), run.last.as_str())).collect();
        let (last, next) = (format!("s{:04}", LONGEST - 1), format!("s{LONGEST:04}"));
        assert_eq!(
            cut,
            [
                (0..LONGEST, "s0000", last.as_str()),
                (LONGEST..LONGEST + 1, &next, &next),
                (LONGEST + 1..LONGEST + 3, "s0000", "s0001"),
                (LONGEST + 3..2 * LONGEST + 3, "s0000", &last),
            ]
        );
        for run in &runs {
            assert!(keys[run.places.clone()].iter().all(|key| (&key.environment, &key.cluster) == (&run.environment, &run.cluster)));
        }
        assert!(super::runs([].iter()).is_empty());
    }
}
