//! Recording what an ECS sweep read.
//!
//! The order matters: tasks before services, because a service is judged with its tasks, as they are on record then. Judged are
//! the services that are told and those whose tasks moved. Lists that were cut short close nothing.

mod listing;

use std::collections::{BTreeSet, HashMap, HashSet};

use domain::Timestamp;
use domain::judge::Tone;
use domain::live::Topic;
use domain::reading::{ClusterReading, EcsReading, Seen, Sweep};
use domain::request::DESCRIBE_TASK_DEFINITION;
use domain::service::{Service, Task};
use domain::timeline::{self as event, About, NewEvent};
use sqlx::SqliteConnection;

use super::counts::{self, Whose};
use super::interval::{Absent, Change, Noun, Scope, Told, reconcile};
use super::record::{Found, Marks};
use super::{StoreError, json, timeline, words};
use listing::{Naming, judge_and_list, mark_absent};

/// Where one cluster's rows belong, and when they were read.
struct Place<'a> {
    environment: &'a str,
    source: &'a str,
    account: &'a str,
    region: &'a str,
    cluster: &'a str,
    at: Timestamp,
}

impl Place<'_> {
    fn scope(&self, noun: Noun) -> Scope<'_> {
        Scope { noun, source: self.source, account: self.account, region: self.region, cluster: self.cluster }
    }
}

/// What a reading vouches for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reach<'a> {
    /// Its clusters, as far as each list says that it is whole.
    Clusters,
    /// These services and their tasks, and nothing else.
    Services(&'a [String]),
}

pub(super) async fn record(
    connection: &mut SqliteConnection,
    sweep: &Sweep,
    reading: &EcsReading,
    reach: Reach<'_>,
    marks: &Marks,
    grouping: &str,
    found: &mut Found,
) -> Result<(), StoreError> {
    let source = sweep.source.to_string();
    let of_revisions = sweep.requests.iter().filter(|one| one.operation == DESCRIBE_TASK_DEFINITION);
    let read_by: HashMap<&str, &str> = of_revisions.map(|one| (one.first.as_str(), one.request_id.as_str())).collect();
    let gone = match reach {
        Reach::Clusters => clusters_gone(connection, &source, reading).await?,
        Reach::Services(_) => Vec::new(),
    };
    let place = |cluster| Place {
        environment: &sweep.source.scope,
        source: &source,
        account: &reading.account,
        region: &reading.region,
        cluster,
        at: sweep.finished,
    };
    let naming = Naming { marks, grouping };
    for cluster in &reading.clusters.items {
        recorded(connection, &place(&cluster.name), cluster, reach, &naming, found).await?;
        definitions(connection, &place(&cluster.name), cluster, &read_by, found).await?;
    }
    for nothing in &gone {
        recorded(connection, &place(&nothing.name), nothing, reach, &naming, found).await?;
        let told = vec![event::cluster_gone(&sweep.source, &nothing.name, sweep.finished)];
        timeline::append(connection, &source, told, sweep.finished).await?;
        found.changed(Topic::Timeline);
    }
    Ok(())
}

/// Clusters on record that are not among those of a whole reading, with nothing in them: they were deleted, perhaps while nobody
/// looked, or the config no longer names them.
async fn clusters_gone(connection: &mut SqliteConnection, source: &str, reading: &EcsReading) -> Result<Vec<ClusterReading>, StoreError> {
    if !reading.clusters.whole {
        return Ok(Vec::new());
    }
    let known = sqlx::query_scalar!(
        "SELECT DISTINCT cluster FROM interval WHERE noun IN ('service', 'task') AND source = ? AND valid_to IS NULL ORDER BY cluster",
        source
    )
    .fetch_all(connection)
    .await?;
    let here: HashSet<&str> = reading.clusters.items.iter().map(|cluster| cluster.name.as_str()).collect();
    let gone = known.into_iter().filter(|name| !here.contains(name.as_str()));
    let (services, tasks) = (Seen::whole(Vec::new()), Seen::whole(Vec::new()));
    Ok(gone.map(|name| ClusterReading { name, services: services.clone(), tasks: tasks.clone(), ..ClusterReading::default() }).collect())
}

/// Records what was read of one cluster.
async fn recorded(
    connection: &mut SqliteConnection,
    place: &Place<'_>,
    cluster: &ClusterReading,
    reach: Reach<'_>,
    naming: &Naming<'_>,
    found: &mut Found,
) -> Result<(), StoreError> {
    let (mut events, moved) = tasks(connection, place, cluster, reach, found).await?;
    events.extend(stops(connection, place, &cluster.stopped, found).await?);
    events.extend(services(connection, place, cluster, reach, found).await?);
    events.extend(judge_and_list(connection, place, cluster, moved, naming, found).await?);
    if timeline::append(connection, place.source, events, place.at).await? > 0 {
        found.changed(Topic::Timeline);
    }
    Ok(())
}

async fn tasks(
    connection: &mut SqliteConnection,
    place: &Place<'_>,
    cluster: &ClusterReading,
    reach: Reach<'_>,
    found: &mut Found,
) -> Result<(Vec<NewEvent>, BTreeSet<String>), StoreError> {
    let seen: Vec<(String, &Task)> =
        cluster.tasks.items.iter().filter(|task| !task.has_stopped()).map(|task| (task.arn.clone(), task)).collect();
    let absent = match reach {
        Reach::Clusters => Absent::of(cluster.tasks.whole),
        Reach::Services(names) => Absent::GoneOf(names),
    };
    let told = Told { things: &seen, rest: &cluster.tasks.rest, absent };
    let changed = reconcile(connection, &place.scope(Noun::Task), told, place.at).await?;
    found.holds(changed.held);
    if !changed.changes.is_empty() {
        found.changed(Topic::Services);
    }
    let health = |change: &Change<'_, Task>| event::task_health(place.cluster, change.before.as_deref()?, change.after?, place.at);
    let events = changed.changes.iter().filter_map(health).collect();
    let moved = changed.changes.iter().flat_map(|change| [change.before.as_deref(), change.after]).flatten();
    Ok((events, moved.filter_map(|task| task.service.clone()).collect()))
}

/// Keeps each stop once.
async fn stops(
    connection: &mut SqliteConnection,
    place: &Place<'_>,
    stopped: &[Task],
    found: &mut Found,
) -> Result<Vec<NewEvent>, StoreError> {
    let mut events = Vec::new();
    for task in stopped {
        let body = json("stopped task", task)?;
        let at = task.stopped.or(task.stopping).unwrap_or(place.at).as_micros();
        let (seen, failed) = (place.at.as_micros(), event::stop_tone(task) == Tone::Bad);
        let done = sqlx::query!(
            "INSERT INTO stopped_task (arn, environment, account, region, cluster, service, stopped_at, seen_at, failed, body)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (arn) DO NOTHING",
            task.arn,
            place.environment,
            place.account,
            place.region,
            place.cluster,
            task.service,
            at,
            seen,
            failed,
            body,
        )
        .execute(&mut *connection)
        .await?;
        if done.rows_affected() > 0 {
            found.changed(Topic::Services);
            words::owe(connection, place.environment, task, at, failed, place.at).await?;
            events.push(event::task_stop(place.cluster, task, place.at));
        }
    }
    Ok(events)
}

async fn services(
    connection: &mut SqliteConnection,
    place: &Place<'_>,
    cluster: &ClusterReading,
    reach: Reach<'_>,
    found: &mut Found,
) -> Result<Vec<NewEvent>, StoreError> {
    let seen: Vec<(String, &Service)> =
        cluster.services.items.iter().map(|observed| (observed.service.name.clone(), &observed.service)).collect();
    let absent = match reach {
        Reach::Clusters => Absent::of(cluster.services.whole),
        Reach::Services(_) => Absent::Unseen,
    };
    let told = Told { things: &seen, rest: &cluster.services.rest, absent };
    let changed = reconcile(connection, &place.scope(Noun::Service), told, place.at).await?;
    found.holds(changed.held);
    let mut events = Vec::new();
    for change in &changed.changes {
        let whose = Whose {
            environment: place.environment,
            account: place.account,
            region: place.region,
            cluster: place.cluster,
            service: &change.name,
        };
        counts::note(connection, &whose, change.before.as_deref(), change.after, place.at).await?;
        found.changed(Topic::Services);
        found.touch(place.environment, place.cluster, &change.name);
        if changed.first && change.before.is_none() {
            continue;
        }
        let about = About { cluster: place.cluster, service: &change.name };
        events.extend(event::service_changes(about, change.before.as_deref(), change.after, place.at));
        if change.after.is_none() {
            mark_absent(connection, place, &change.name).await?;
        }
    }
    Ok(events)
}

/// The services whose revision is one of these.
async fn running(connection: &mut SqliteConnection, place: &Place<'_>, revisions: &[&str]) -> Result<Vec<String>, StoreError> {
    let revisions = json("revisions", &revisions)?;
    Ok(sqlx::query_scalar!(
        "SELECT name FROM service
         WHERE environment = ? AND cluster = ? AND present = 1 AND revision IN (SELECT value FROM json_each(?))",
        place.environment,
        place.cluster,
        revisions,
    )
    .fetch_all(connection)
    .await?)
}

/// Keeps the revisions that were read, each with the request that read it.
async fn definitions(
    connection: &mut SqliteConnection,
    place: &Place<'_>,
    cluster: &ClusterReading,
    read_by: &HashMap<&str, &str>,
    found: &mut Found,
) -> Result<(), StoreError> {
    if cluster.definitions.is_empty() {
        return Ok(());
    }
    let new: Vec<&str> = cluster.definitions.iter().map(|definition| definition.arn.as_str()).collect();
    for service in running(connection, place, &new).await? {
        found.touch(place.environment, place.cluster, &service);
    }
    for definition in &cluster.definitions {
        let (body, request) = (json("task definition", definition)?, read_by.get(definition.arn.as_str()).copied());
        // a revision never changes, but an older Signalbox may have kept less of it
        sqlx::query!(
            "INSERT INTO task_definition (arn, body, request_id) VALUES (?, ?, ?)
             ON CONFLICT (arn) DO UPDATE SET body = excluded.body, request_id = excluded.request_id",
            definition.arn,
            body,
            request,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

impl super::Store {
    /// The revisions that were read before, so that they are not asked for again after a restart; but for those kept by
    /// a Signalbox that did not keep log settings, or what containers may do, yet: they are read once more.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn known_definitions(&self) -> Result<Vec<String>, StoreError> {
        let mut snapshot = self.read().await?;
        Ok(sqlx::query_scalar!(
            "SELECT arn FROM task_definition
             WHERE json_extract(body, '$.containers[0]') IS NULL
                OR json_type(body, '$.containers[0].log_driver') IS NOT NULL AND json_type(body, '$.containers[0].hardening') IS NOT NULL"
        )
        .fetch_all(&mut *snapshot)
        .await?)
    }

    /// Up to when the timeline holds each service's own events, as cluster, name and instant.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn known_events(&self, environment: &str) -> Result<Vec<(String, String, Timestamp)>, StoreError> {
        let mut snapshot = self.read().await?;
        let rows = sqlx::query!("SELECT cluster, name, events_until FROM service WHERE environment = ? AND events_until > 0", environment)
            .fetch_all(&mut *snapshot)
            .await?;
        Ok(rows.into_iter().map(|row| (row.cluster, row.name, Timestamp::from_micros(row.events_until))).collect())
    }

    /// Services of an environment that a deployment is moving, at most `most`, as cluster and name.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn moving_services(&self, environment: &str, most: u32) -> Result<Vec<(String, String)>, StoreError> {
        let mut snapshot = self.read().await?;
        let rows = sqlx::query!(
            "SELECT cluster, name FROM service WHERE environment = ? AND moving = 1 AND present = 1 ORDER BY since DESC LIMIT ?",
            environment,
            most,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        Ok(rows.into_iter().map(|row| (row.cluster, row.name)).collect())
    }
}
