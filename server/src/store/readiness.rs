//! What readiness is judged by: the facts of every service, in one snapshot and a fixed number of queries.
//!
//! Separate from the pages' queries because here all services are read at once: a query a service would be a thousand. The
//! queries answer rows by kind and nothing is joined that a map can join; what a row says is judged elsewhere. Rows with a body are
//! read as they come, and what is a service's own in runs of services (`runs`): of a large fleet all bodies at once are
//! as large as what they say. The trap is what always grows: everything that looks back is asked by an index on time, and the
//! load of a week is read apart from the rest ([`Store::readiness_load`]), because that is a hundred thousand packed rows.

mod brought;
mod load;
mod nats;
mod past;
mod runs;

use std::collections::HashMap;

use domain::Timestamp;
use domain::nats::jetstream::Flow;
use domain::owner::TaskLife;
use domain::readiness::Brought;
use domain::readiness::live::{NodeFacts, Past};
use domain::request::Requests;
use domain::service::{Service, ServiceKey, TaskDefinition};
use domain::source::SourceHealth;
use futures::TryStreamExt as _;
use sqlx::SqliteConnection;

use super::{Store, StoreError, parse, requests, revision, sources};

pub use nats::{Connected, Ended};
pub use runs::{Own, Run, Runs};

/// By service.
pub type Of<T> = HashMap<ServiceKey, T>;

/// One service as it is now.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Which service.
    pub key: ServiceKey,
    /// As it was last read.
    pub service: Service,
    /// Since when it is watched.
    pub since: Timestamp,
}

/// What services are judged by, as it stands in the store, but for what is a service's own ([`Runs`]).
#[derive(Debug, Default)]
pub struct FleetFacts {
    /// The store's revision this was read at.
    pub revision: u64,
    /// The sources, in the order of the config.
    pub health: Vec<SourceHealth>,
    /// The services that are in their clusters, by environment, cluster and name.
    pub services: Vec<Standing>,
    /// The revisions they are meant to run, by ARN, each with the request that read it where that is known.
    pub definitions: HashMap<String, (TaskDefinition, Option<String>)>,
    /// Which request of its newest sweep answered for what, by source.
    pub requests: HashMap<String, Requests>,
    /// The rollouts of ours that brought those revisions.
    pub brought: Of<Brought>,
    /// What happened to them.
    pub past: Of<Past>,
    /// Open NATS connections that belong to a service.
    pub connections: Vec<Connected>,
    /// NATS connections that ended within the last day, newest first.
    pub ended: Vec<Ended>,
    /// Tasks that run or stopped within the last day, where such connections are to be owned.
    pub lives: Vec<TaskLife>,
    /// How many connections a task of each usually holds.
    pub usual: Of<u64>,
    /// How full the fullest connection of each is, in permille.
    pub waiting: Of<u32>,
    /// Consumers by the service they belong to: name, how it stands, why.
    pub consumers: Of<Vec<(String, Flow, String)>>,
    /// Nodes by NATS source.
    pub nodes: HashMap<String, Vec<NodeFacts>>,
    /// Since when each NATS source has been read.
    pub nats_since: HashMap<String, Timestamp>,
    /// When a node of each NATS source last closed more connections than it remembers, within a day.
    pub forgot: HashMap<String, Timestamp>,
    /// Times of the last half year in which each ECS source was not read.
    pub gaps: HashMap<String, Vec<(Timestamp, Timestamp)>>,
}

impl Store {
    /// The facts of every service, and what reads the rest of them in the same snapshot.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn readiness_facts(&self, now: Timestamp) -> Result<(FleetFacts, Runs), StoreError> {
        let mut snapshot = self.read().await?;
        let mut facts = FleetFacts {
            revision: revision(&mut snapshot).await?,
            health: sources::health_list(&mut snapshot).await?,
            ..FleetFacts::default()
        };
        services(&mut snapshot, &mut facts).await?;
        definitions(&mut snapshot, &mut facts).await?;
        requests::gather(&mut snapshot, &mut facts).await?;
        brought::gather(&mut snapshot, &mut facts).await?;
        past::gather(&mut snapshot, now, &mut facts).await?;
        nats::gather(&mut snapshot, now, &mut facts).await?;
        let runs = Runs::new(snapshot, now, &facts.services);
        Ok((facts, runs))
    }
}

fn key(environment: String, cluster: String, service: String) -> ServiceKey {
    ServiceKey { environment, cluster, service }
}

async fn services(connection: &mut SqliteConnection, facts: &mut FleetFacts) -> Result<(), StoreError> {
    let mut rows = sqlx::query!(
        r#"SELECT s.environment AS "environment!: String", s.cluster AS "cluster!: String", s.name AS "name!: String", i.body AS "body!: String",
                  COALESCE((SELECT min(c.at) FROM subject j JOIN count_change c ON c.subject = j.id
                            WHERE j.environment = s.environment AND j.cluster = s.cluster AND j.service = s.name), i.valid_from) AS "since!: i64"
           FROM service s JOIN source ON source.id = 'ecs:' || s.environment
           JOIN interval i ON i.noun = 'service' AND i.source = source.id AND i.cluster = s.cluster AND i.name = s.name AND i.valid_to IS NULL
           WHERE s.present = 1 ORDER BY 1, 2, 3"#
    )
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        facts.services.push(Standing {
            key: key(row.environment, row.cluster, row.name),
            service: parse("service", &row.body)?,
            since: Timestamp::from_micros(row.since),
        });
    }
    Ok(())
}

async fn definitions(connection: &mut SqliteConnection, facts: &mut FleetFacts) -> Result<(), StoreError> {
    let mut rows = sqlx::query!(
        r#"SELECT arn, body, request_id AS "request_id?: String" FROM task_definition
           WHERE arn IN (SELECT revision FROM service WHERE present = 1 AND revision IS NOT NULL)"#
    )
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let definition = parse("task definition", &row.body)?;
        facts.definitions.insert(row.arn, (definition, row.request_id));
    }
    Ok(())
}
