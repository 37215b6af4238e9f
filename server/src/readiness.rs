//! How ready the fleet is, asked of the store: facts read at once, judged by the domain, with the card of the config.
//!
//! Separate from the store, which only reads, and from the domain, which only judges. What is kept here between two looks is the
//! load of a week alone, because it is slow to read and its evidence counts for a day. The trap is a thousand queries: whatever
//! is needed of a service is looked up in what was read of all of them.

mod ended;
mod judgement;
pub mod scorecard;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use domain::change::HealthCheck;
use domain::nats::Connection;
use domain::readiness::assess::Asked;
use domain::readiness::live::{
    Held, Identity, NatsSource, RequestIds, ServiceFacts, Sources, Usage, Version, Watching, floors, identity, live, promise,
};
use domain::readiness::{Assessing, Card, Promises, Subject};
use domain::service::ServiceKey;
use domain::source::{SourceHealth, SourceKind};
use tokio::sync::Mutex;

use crate::config::Config;
use crate::store::{Connected, FleetFacts, Marks, Of, Own, Run, Standing, Store, StoreError};

pub use judgement::Judgement;
pub(crate) use judgement::beside;

/// How long the load of a week is not read again.
const LOAD_KEPT: Duration = Duration::from_secs(3_600);
/// The same while there is none, or more services have one than before: the first points are being collected.
const LOAD_GROWS: Duration = Duration::from_secs(60);

/// Judges the fleet by one card.
#[derive(Debug)]
pub struct Judging {
    card: Card,
    marks: Marks,
    serving: Serving,
    load: Mutex<Option<Load>>,
}

/// The load of a week, as it was read.
#[derive(Debug)]
struct Load {
    read: Timestamp,
    lasts: Duration,
    of: Arc<Of<Usage>>,
}

/// By NATS cluster, the environments that it serves; none named: all.
type Serving = BTreeMap<String, Vec<String>>;

impl Judging {
    /// By this card, with the marks and NATS clusters of the config.
    pub fn new(card: Card, config: &Config) -> Self {
        let serving = config.nats.iter().map(|nats| (nats.name.clone(), nats.environments.clone())).collect();
        Self { card, marks: config.marks(), serving, load: Mutex::new(None) }
    }

    /// The card.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The load of a week, read anew once an hour.
    async fn load(&self, store: &Store, now: Timestamp) -> Result<Arc<Of<Usage>>, StoreError> {
        let mut kept = self.load.lock().await;
        // a clock that was set back must not keep it for ever
        if let Some(load) = kept.as_ref().filter(|load| load.read <= now && now.since(load.read) < load.lasts) {
            tracing::trace!(read = %load.read, "the load of the last week is kept");
            return Ok(Arc::clone(&load.of));
        }
        let of = Arc::new(store.readiness_load(now).await?);
        let grows = of.is_empty() || kept.as_ref().is_none_or(|before| before.of.len() < of.len());
        *kept = Some(Load { read: now, lasts: if grows { LOAD_GROWS } else { LOAD_KEPT }, of: Arc::clone(&of) });
        Ok(of)
    }

    /// Looks at every service, run by run, and asks `assessing`. `planned` says of each which health check is to be reckoned for
    /// it; what those would make of it is answered.
    fn look(
        &self,
        (facts, load): (&FleetFacts, &Of<Usage>),
        runs: impl Iterator<Item = Run>,
        (same_time, now): (bool, Timestamp),
        planned: impl Fn(&ServiceFacts<'_>) -> Option<HealthCheck>,
        assessing: &mut Assessing<'_>,
    ) -> Promises {
        let ended = ended::tally(facts, &places(facts, &self.serving), same_time);
        let fleet = Fleet::of(facts, &self.serving, ended);
        let mut promises = Promises::new();
        let own = runs.flat_map(|Run { places, mut of }| {
            let services = facts.services.get(places).unwrap_or_default().iter();
            services.map(move |standing| (standing, of.remove(&standing.key.service).unwrap_or_default()))
        });
        for (standing, own) in own {
            let key = &standing.key;
            let marked = self.marks.reason(&key.environment, &key.cluster, &key.service);
            let tier = self.card.tier_tag.as_ref().and_then(|tag| standing.service.tags.get(tag)).cloned();
            let of = fleet.service(standing, &own, marked, load.get(key).copied(), now);
            let evidence = live(&self.card, &of);
            if let Some(check) = planned(&of) {
                promises.insert(key.clone(), promise(&self.card, &of, &check, &evidence));
            }
            assessing.ask(&Asked { subject: Subject::Service(key.clone()), tier }, &evidence);
        }
        promises
    }
}

/// What was read, laid out by service.
struct Fleet<'a> {
    facts: &'a FleetFacts,
    health: HashMap<(SourceKind, &'a str), &'a SourceHealth>,
    places: Vec<Place<'a>>,
    held: HashMap<&'a ServiceKey, Vec<&'a Connected>>,
    /// By NATS source, account and whom a connection comes in as, the services that do.
    sharing: HashMap<Whom<'a>, BTreeSet<&'a ServiceKey>>,
    floors: BTreeMap<String, Version>,
    ended: HashMap<ServiceKey, ended::Tally>,
}

/// NATS source, account, and the user or certificate.
type Whom<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

/// A NATS cluster that is configured.
struct Place<'a> {
    id: String,
    health: &'a SourceHealth,
    environments: &'a [String],
}

impl Place<'_> {
    fn serves(&self, environment: &str) -> bool {
        self.environments.is_empty() || self.environments.iter().any(|named| named == environment)
    }
}

fn places<'a>(facts: &'a FleetFacts, serving: &'a Serving) -> Vec<Place<'a>> {
    let of_nats = facts.health.iter().filter(|health| health.id.kind == SourceKind::Nats);
    let environments = |health: &SourceHealth| serving.get(&health.id.scope).map_or(&[][..], Vec::as_slice);
    of_nats.map(|health| Place { id: health.id.to_string(), health, environments: environments(health) }).collect()
}

fn whom<'a>(source: &'a str, connection: &'a Connection) -> Whom<'a> {
    (source, connection.account.as_deref(), identity(connection))
}

fn holding(connected: &Connected) -> Held<'_> {
    let Connected { source, connection, certainty, task, wire, .. } = connected;
    Held { source, connection, certainty: *certainty, task: task.as_deref(), wire: *wire }
}

impl<'a> Fleet<'a> {
    fn of(facts: &'a FleetFacts, serving: &'a Serving, ended: HashMap<ServiceKey, ended::Tally>) -> Self {
        let mut held: HashMap<&ServiceKey, Vec<&Connected>> = HashMap::new();
        let mut sharing: HashMap<Whom<'a>, BTreeSet<&ServiceKey>> = HashMap::new();
        for connected in &facts.connections {
            held.entry(&connected.owner).or_default().push(connected);
            sharing.entry(whom(&connected.source, &connected.connection)).or_default().insert(&connected.owner);
        }
        Self {
            facts,
            health: facts.health.iter().map(|health| ((health.id.kind, health.id.scope.as_str()), health)).collect(),
            floors: floors(facts.connections.iter().map(|connected| &connected.connection)),
            ended,
            places: places(facts, serving),
            held,
            sharing,
        }
    }

    /// The facts of one service.
    fn service<'b>(
        &'b self,
        standing: &'b Standing,
        own: &'b Own,
        marked: Option<&'b str>,
        usage: Option<Usage>,
        now: Timestamp,
    ) -> ServiceFacts<'b> {
        let Standing { key, service, since } = standing;
        let facts = self.facts;
        let held: &[&Connected] = self.held.get(key).map_or(&[], Vec::as_slice);
        let mut past = facts.past.get(key).cloned().unwrap_or_default();
        let ended = self.ended.get(key).copied().unwrap_or_default();
        // one that lived between two sweeps was seen by its node alone, one that was there before we came by the sweeps alone
        (past.reconnects, past.plaintext) = (ended.reconnects, ended.plaintext.max(past.plaintext));
        let source = |kind| self.health.get(&(kind, key.environment.as_str())).copied();
        let ecs = source(SourceKind::Ecs);
        let gaps: &[(Timestamp, Timestamp)] = ecs.and_then(|health| facts.gaps.get(&health.id.to_string())).map_or(&[], Vec::as_slice);
        let consumers = facts.consumers.get(key).into_iter().flatten();
        let revision = service.revision.as_ref().and_then(|revision| facts.definitions.get(revision));
        let requests = |kind| source(kind).and_then(|health| facts.requests.get(&health.id.to_string()));
        let read = ServiceFacts {
            key,
            now,
            marked,
            service,
            definition: revision.map(|(definition, _)| definition),
            tasks: own.tasks.iter().collect(),
            counts: &own.counts,
            since: *since,
            gaps,
            past,
            usage,
            alarms: own.alarms.iter().map(|(alarm, acknowledged)| Watching { alarm, acknowledged: *acknowledged }).collect(),
            held: held.iter().map(|connected| holding(connected)).collect(),
            usual: facts.usual.get(key).copied(),
            waiting: facts.waiting.get(key).copied(),
            consumers: consumers.map(|(name, flow, why)| (name.as_str(), *flow, why.as_str())).collect(),
            identities: self.identities(held),
            floors: &self.floors,
            brought: facts.brought.get(key),
            requests: RequestIds::default(),
            sources: Sources {
                ecs,
                alarms: source(SourceKind::Alarms),
                metrics: source(SourceKind::Metrics),
                nats: self.places.iter().filter(|place| place.serves(&key.environment)).map(|place| self.cluster(place)).collect(),
            },
        };
        let read_by = revision.and_then(|(_, request)| request.as_deref());
        read.told_by(requests(SourceKind::Ecs), requests(SourceKind::Alarms), read_by)
    }

    fn identities(&self, held: &[&'a Connected]) -> Vec<Identity<'a>> {
        let all: BTreeSet<Whom<'a>> = held.iter().map(|connected| whom(&connected.source, &connected.connection)).collect();
        all.iter().map(|as_whom| Identity { name: as_whom.2, services: self.sharing.get(as_whom).map_or(0, BTreeSet::len) }).collect()
    }

    fn cluster<'b>(&'b self, place: &'b Place<'a>) -> NatsSource<'b> {
        NatsSource {
            health: place.health,
            id: &place.id,
            since: self.facts.nats_since.get(&place.id).copied(),
            nodes: self.facts.nodes.get(&place.id).map_or(&[], Vec::as_slice),
            forgot: self.facts.forgot.get(&place.id).copied(),
        }
    }
}
