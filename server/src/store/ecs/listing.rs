//! Judging services and keeping their rows in the list.
//!
//! Separate from recording what was read, because it reads back: a service is judged with its tasks as they are on record, whoever told
//! of them and when. A run of services at a time, or the first sweep of ten thousand would lie in memory once more.

use std::collections::{BTreeSet, HashMap};

use domain::Timestamp;
use domain::judge::{Judgement, Standing, judge};
use domain::live::Topic;
use domain::reading::ClusterReading;
use domain::service::{Service, ServiceEvent, Task};
use domain::timeline::{self as event, About, NewEvent};
use sqlx::SqliteConnection;

use super::Place;
use crate::store::interval::{Noun, open_services, open_tasks};
use crate::store::record::{Found, Marks};
use crate::store::{StoreError, json};

/// What the config says of services: which are to be left alone, and which tag groups them.
pub(super) struct Naming<'a> {
    pub(super) marks: &'a Marks,
    pub(super) grouping: &'a str,
}

/// The current row of a service in the list, as far as recording needs it.
struct Listed {
    standing: Standing,
    since: Timestamp,
    moving: bool,
    reasons: String,
    unhealthy: i64,
    /// Tasks wanted, running and pending.
    counts: [i64; 3],
    revision: Option<String>,
    present: bool,
    events_until: i64,
    grouping: Option<String>,
}

/// Services judged at once, with their tasks.
const RUN: usize = 500;

/// Judges anew the services that are told and those whose tasks `moved`, and lists them.
pub(super) async fn judge_and_list(
    connection: &mut SqliteConnection,
    place: &Place<'_>,
    cluster: &ClusterReading,
    mut moved: BTreeSet<String>,
    naming: &Naming<'_>,
    found: &mut Found,
) -> Result<Vec<NewEvent>, StoreError> {
    let mut events = Vec::new();
    for told in cluster.services.items.chunks(RUN) {
        for observed in told {
            moved.remove(&observed.service.name);
        }
        let told: Vec<Judged<'_>> = told.iter().map(|observed| Judged { service: &observed.service, lines: &observed.events }).collect();
        events.extend(list_run(connection, place, &told, naming, found).await?);
    }
    let moved: Vec<&str> = moved.iter().map(String::as_str).collect();
    for names in moved.chunks(RUN) {
        let services = open_services(connection, &place.scope(Noun::Service), names).await?;
        let run: Vec<Judged<'_>> = services.iter().map(|service| Judged { service, lines: &[] }).collect();
        events.extend(list_run(connection, place, &run, naming, found).await?);
    }
    Ok(events)
}

/// A service to be judged, with the lines of its own events that are told.
struct Judged<'a> {
    service: &'a Service,
    lines: &'a [ServiceEvent],
}

async fn list_run(
    connection: &mut SqliteConnection,
    place: &Place<'_>,
    run: &[Judged<'_>],
    naming: &Naming<'_>,
    found: &mut Found,
) -> Result<Vec<NewEvent>, StoreError> {
    let names: Vec<&str> = run.iter().map(|judged| judged.service.name.as_str()).collect();
    let tasks = open_tasks(connection, &place.scope(Noun::Task), &names).await?;
    let by_service = group_by_service(&tasks);
    let listed = listed(connection, place, &names).await?;
    let mut events = Vec::new();
    for Judged { service, lines } in run {
        let name = service.name.as_str();
        let marked = naming.marks.reason(place.environment, place.cluster, name).is_some();
        let judgement = judge(service, by_service.get(name).into_iter().flatten().copied(), marked);
        let before = listed.get(name);
        let about = About { cluster: place.cluster, service: name };
        events.extend(before.and_then(|before| event::standing_change(about, (before.standing, before.since), &judgement, place.at)));
        let (until, told) = own_events(about, lines, before);
        events.extend(told);
        let row = ToList { service, judgement: &judgement, grouping: service.tags.get(naming.grouping), until };
        if row.differs(before)? {
            list(connection, place, &row, before).await?;
            found.touch(place.environment, place.cluster, name);
            found.changed(Topic::Services);
        }
    }
    Ok(events)
}

fn group_by_service(tasks: &[Task]) -> HashMap<&str, Vec<&Task>> {
    let mut by_service: HashMap<&str, Vec<&Task>> = HashMap::new();
    for task in tasks {
        if let Some(service) = &task.service {
            by_service.entry(service).or_default().push(task);
        }
    }
    by_service
}

/// The lines of the service's own event list that are not in the timeline yet, and up to when they go.
fn own_events(about: About<'_>, lines: &[ServiceEvent], before: Option<&Listed>) -> (i64, Vec<NewEvent>) {
    let known_until = before.map_or(i64::MIN, |before| before.events_until);
    // equal instants are offered again: the key keeps them from being told twice
    let told = lines.iter().filter(|line| line.at.as_micros() >= known_until).map(|line| event::service_event(about, line)).collect();
    let newest = lines.iter().map(|line| line.at.as_micros()).max().unwrap_or(0);
    (newest.max(known_until).max(0), told)
}

/// A service as it is about to be listed.
struct ToList<'a> {
    service: &'a Service,
    judgement: &'a Judgement,
    grouping: Option<&'a String>,
    until: i64,
}

impl ToList<'_> {
    /// Whether the listed row says anything else.
    fn differs(&self, before: Option<&Listed>) -> Result<bool, StoreError> {
        let Some(before) = before else { return Ok(true) };
        Ok(before.standing != self.judgement.standing
            || before.moving != self.judgement.moving
            || before.unhealthy != i64::from(self.judgement.unhealthy)
            || before.events_until != self.until
            || before.grouping.as_ref() != self.grouping
            || before.counts != [self.service.desired, self.service.running, self.service.pending].map(i64::from)
            || before.revision != self.service.revision
            || !before.present
            || before.reasons != json("service", &self.judgement.reasons)?)
    }
}

async fn list(connection: &mut SqliteConnection, place: &Place<'_>, row: &ToList<'_>, before: Option<&Listed>) -> Result<(), StoreError> {
    let service = row.service;
    let (standing, reasons) = (row.judgement.standing.as_str(), json("service", &row.judgement.reasons)?);
    let unchanged = before.filter(|before| before.standing == row.judgement.standing && before.present);
    let since = unchanged.map_or(place.at, |before| before.since).as_micros();
    let (desired, running, pending) = (i64::from(service.desired), i64::from(service.running), i64::from(service.pending));
    let unhealthy = i64::from(row.judgement.unhealthy);
    sqlx::query!(
        "INSERT INTO service (environment, cluster, name, account, region, present, grouping, standing, since, moving, reasons,
                              desired, running, pending, unhealthy, revision, events_until)
         VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (environment, cluster, name) DO UPDATE SET
             account = excluded.account, region = excluded.region, present = 1, grouping = excluded.grouping,
             standing = excluded.standing, since = excluded.since, moving = excluded.moving, reasons = excluded.reasons,
             desired = excluded.desired, running = excluded.running, pending = excluded.pending,
             unhealthy = excluded.unhealthy, revision = excluded.revision, events_until = excluded.events_until",
        place.environment,
        place.cluster,
        service.name,
        place.account,
        place.region,
        row.grouping,
        standing,
        since,
        row.judgement.moving,
        reasons,
        desired,
        running,
        pending,
        unhealthy,
        service.revision,
        row.until,
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn listed(connection: &mut SqliteConnection, place: &Place<'_>, names: &[&str]) -> Result<HashMap<String, Listed>, StoreError> {
    let names = json("services", &names)?;
    let rows = sqlx::query!(
        "SELECT name, standing, since, moving, reasons, desired, running, pending, unhealthy, revision, present, events_until, grouping
         FROM service WHERE environment = ? AND cluster = ? AND name IN (SELECT value FROM json_each(?))",
        place.environment,
        place.cluster,
        names,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let standing = row.standing.parse().map_err(|_| StoreError::Word { what: "a service's standing", word: row.standing })?;
            let listed = Listed {
                standing,
                since: Timestamp::from_micros(row.since),
                moving: row.moving != 0,
                reasons: row.reasons,
                unhealthy: row.unhealthy,
                counts: [row.desired, row.running, row.pending],
                revision: row.revision,
                present: row.present != 0,
                events_until: row.events_until,
                grouping: row.grouping,
            };
            Ok((row.name, listed))
        })
        .collect()
}

/// A service that is gone stays listed as it was, but not present.
pub(super) async fn mark_absent(connection: &mut SqliteConnection, place: &Place<'_>, name: &str) -> Result<(), StoreError> {
    let at = place.at.as_micros();
    sqlx::query!(
        "UPDATE service SET present = 0, since = ? WHERE environment = ? AND cluster = ? AND name = ?",
        at,
        place.environment,
        place.cluster,
        name,
    )
    .execute(connection)
    .await?;
    Ok(())
}
