//! A fleet over some days: who is in it, and how the numbers of its tasks change, six times a day each.
//!
//! A day of a service is two scalings and one lost task: one task more is wanted and comes up, one less is wanted and
//! goes, one dies and is replaced. Every change is what a collector would have seen at one look; looks are five minutes
//! apart, so that what a service goes through in between is seen step by step.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use collectors::Report;
use domain::Timestamp;
use domain::reading::{ClusterReading, EcsReading, ObservedService, Reading, Seen, Sweep};
use domain::series::DAY;
use domain::service::{Deployment, Service, ServiceKey};
use domain::source::{Outcome, SourceHealth, SourceId, SourceKind};
use signalbox::store::{Marks, Store};

use crate::draw::Draw;

pub(crate) const ENVIRONMENT: &str = "production";
pub(crate) const CLUSTER: &str = "gaming-system-cluster";
pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "us-east-1";
/// The tag that groups services, as in the config's default.
pub(crate) const GROUPING: &str = "group";

/// Between two looks at the fleet.
const LOOK: i64 = 300;
/// Whole sweeps here come once a day, and what lies between is brought by looks: nothing is a gap.
const SWEPT_EVERY: Duration = Duration::from_secs(86_400);

/// Desired, running, pending.
pub(crate) type Counts = (u32, u32, u32);

/// A service of the fleet.
pub(crate) struct Member {
    pub(crate) service: Service,
    /// From when on which counts hold, in seconds since 1970, oldest first.
    pub(crate) counts: Vec<(i64, Counts)>,
}

impl Member {
    pub(crate) fn key(&self) -> ServiceKey {
        ServiceKey { environment: ENVIRONMENT.into(), cluster: CLUSTER.into(), service: self.service.name.clone() }
    }

    /// The counts that hold at an instant.
    pub(crate) fn at(&self, second: i64) -> Counts {
        let after = self.counts.partition_point(|(from, _)| *from <= second);
        self.counts.get(after.saturating_sub(1)).map_or((0, 0, 0), |(_, counts)| *counts)
    }
}

/// So many services that change six times on each of so many days before `until`.
pub(crate) fn fleet(services: usize, days: i64, until: i64) -> Vec<Member> {
    (0..services).map(|number| member(number, days, until)).collect()
}

fn member(number: usize, days: i64, until: i64) -> Member {
    let mut draw = Draw::of(number as u64);
    let usual = 1 + u32::try_from(draw.below(4)).unwrap_or(0);
    let from = until - days * DAY;
    // it was there before
    let mut counts = vec![(from - LOOK, (usual, usual, 0))];
    for day in 0..days {
        // three parts of a day, in each one thing happens and is over some looks later
        let begins = from + day * DAY;
        let looks = |draw: &mut Draw, part: i64| begins + (part * 96 + 1 + draw.seconds(88)) * LOOK;
        let more = looks(&mut draw, 0);
        let lost = looks(&mut draw, 1);
        let less = looks(&mut draw, 2);
        let soon = |draw: &mut Draw| LOOK * (1 + draw.seconds(3));
        counts.extend([
            (more, (usual + 1, usual, 1)),
            (more + soon(&mut draw), (usual + 1, usual + 1, 0)),
            (lost, (usual + 1, usual, 1)),
            (lost + soon(&mut draw), (usual + 1, usual + 1, 0)),
            (less, (usual, usual + 1, 0)),
            (less + soon(&mut draw), (usual, usual, 0)),
        ]);
    }
    Member { service: service(number, usual, from, &mut draw), counts }
}

/// As DescribeServices answers it, with names as long as those of a real fleet.
fn service(number: usize, usual: u32, from: i64, draw: &mut Draw) -> Service {
    let first = draw.of_these(&["ai", "auth", "payment", "quest", "settings", "story", "world"], "ai");
    let second = draw.of_these(&["engine", "gateway", "router", "state", "teller", "worker"], "engine");
    let name = format!("{first}-{second}-nats-{number:04}");
    let revision = format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{name}:{}", 1 + draw.below(60));
    let created = Timestamp::from_secs(from - 86_400 - draw.seconds(200 * DAY));
    let deployment = Deployment {
        id: format!("ecs-svc/{:019}", draw.below(9_999_999_999_999_999_999)),
        status: "PRIMARY".into(),
        revision: Some(revision.clone()),
        rollout_state: Some("COMPLETED".into()),
        rollout_reason: Some(format!("ECS deployment ecs-svc/{:019} completed.", draw.below(9_999_999_999_999_999_999))),
        created: Some(created.plus(Duration::from_secs(3_600))),
        ..counted_deployment((usual, usual, 0))
    };
    let tags = [("group", first), ("owner", "platform"), ("cost-centre", "games")];
    Service {
        arn: format!("arn:aws:ecs:{REGION}:{ACCOUNT}:service/{CLUSTER}/{name}"),
        status: "ACTIVE".into(),
        launch_type: Some("FARGATE".into()),
        scheduling: Some("REPLICA".into()),
        controller: Some("ECS".into()),
        revision: Some(revision),
        deployments: vec![deployment],
        tags: tags.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect::<BTreeMap<_, _>>(),
        created: Some(created),
        name,
        ..counted((usual, usual, 0))
    }
}

fn counted((desired, running, pending): Counts) -> Service {
    Service { desired, running, pending, ..Service::default() }
}

fn counted_deployment((desired, running, pending): Counts) -> Deployment {
    Deployment { desired, running, pending, ..Deployment::default() }
}

/// A service as it is seen with these counts.
pub(crate) fn seen(service: &Service, counts: Counts) -> ObservedService {
    let mut service = Service { desired: counts.0, running: counts.1, pending: counts.2, ..service.clone() };
    for deployment in &mut service.deployments {
        (deployment.desired, deployment.running, deployment.pending) = counts;
    }
    ObservedService { service, events: Vec::new() }
}

/// What a collector brings of the cluster.
pub(crate) fn sweep(at: Timestamp, cluster: ClusterReading) -> Sweep {
    let clusters = Seen::whole(vec![ClusterReading {
        name: CLUSTER.into(),
        arn: format!("arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{CLUSTER}"),
        ..cluster
    }]);
    swept(SourceKind::Ecs, at, Reading::Ecs(EcsReading { account: ACCOUNT.into(), region: REGION.into(), clusters }))
}

/// A sweep that read everything it asked for.
pub(crate) fn swept(kind: SourceKind, at: Timestamp, reading: Reading) -> Sweep {
    let source = SourceId::new(kind, ENVIRONMENT);
    let (outcome, reading) = (Outcome::Complete, Some(reading));
    Sweep { source, started: at, finished: at, calls: 11, outcome, reading, requests: Vec::new() }
}

/// A sweep with the health of its source.
pub(crate) fn report(sweep: Sweep) -> Report {
    let mut health = SourceHealth::untried(sweep.source.clone(), SWEPT_EVERY);
    (health.last_attempt, health.last_success) = (Some(sweep.finished), Some(sweep.finished));
    health.outcome = Some(Outcome::Complete);
    Report { sweep: Some(sweep), health }
}

/// Tells the store which sources there are.
pub(crate) async fn sources(store: &Store) -> Result<()> {
    let all = SourceKind::ALL.map(|kind| SourceHealth::untried(SourceId::new(kind, ENVIRONMENT), SWEPT_EVERY));
    store.sources_set(&all).await.context("the sources could not be written")
}

/// Records all of the fleet's changes before `until`, as looks between whole sweeps, a sweep a day and one at the end.
pub(crate) async fn record(store: &Store, fleet: &[Member], until: i64) -> Result<u64> {
    let marks = Marks::default();
    let mut due: BTreeMap<i64, Vec<(&Member, Counts)>> = BTreeMap::new();
    for member in fleet {
        for (second, counts) in member.counts.iter().skip(1).filter(|(second, _)| *second < until) {
            due.entry(*second).or_default().push((member, *counts));
        }
    }
    let from = fleet.first().and_then(|member| member.counts.first()).map_or(until, |(from, _)| *from);
    let mut swept_at = from;
    whole_sweep(store, fleet, from, &marks).await?;
    let mut changes = 0;
    for (second, changed) in due {
        while second - swept_at > DAY {
            swept_at += DAY;
            whole_sweep(store, fleet, swept_at, &marks).await?;
        }
        let items: Vec<ObservedService> = changed.iter().map(|(member, counts)| seen(&member.service, *counts)).collect();
        let names: Vec<String> = items.iter().map(|observed| observed.service.name.clone()).collect();
        changes += items.len() as u64;
        let cluster = ClusterReading { services: Seen::whole(items), tasks: Seen::whole(Vec::new()), ..ClusterReading::default() };
        store.record_glance(&sweep(instant(second), cluster), &names, &marks, GROUPING).await?;
    }
    whole_sweep(store, fleet, until, &marks).await?;
    Ok(changes)
}

async fn whole_sweep(store: &Store, fleet: &[Member], at: i64, marks: &Marks) -> Result<()> {
    let items = fleet.iter().map(|member| seen(&member.service, member.at(at))).collect();
    let cluster = ClusterReading { services: Seen::whole(items), tasks: Seen::whole(Vec::new()), ..ClusterReading::default() };
    store.record(&report(sweep(instant(at), cluster)), marks, GROUPING).await?;
    Ok(())
}

/// A look ends some time after the second it began, to the microsecond as clocks tell it.
fn instant(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000 + 417_533)
}
