//! Store → document: everything a report tells, read once.
//!
//! The only part of a report that asks anybody anything. It takes the readiness as it was judged and does not judge again, so
//! that the page, the command and the report say the same number. The trap is a question per service: a thousand of them would
//! take longer than people wait, so each section is one question over the fleet, and what needs more is left to the pages.

mod times;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::Timestamp;
use domain::alarm::AlarmState;
use domain::judge::{RULE, Standing, Tone};
use domain::nats::{TlsMode, Wire};
use domain::readiness::{Card, Readiness, Waiver, assess};
use domain::report::cost::{Cost, CostLine};
use domain::report::recompute::inputs;
use domain::report::{
    AlarmLine, Alarms, Change, Document, Incident, Incidents, NatsLine, NodeLine, Period, SCHEMA, ServiceLine, conclude, since,
};
use domain::service::ServiceKey;
use domain::source::{SourceHealth, SourceKind};
use domain::view::{AlarmRow, Facts, NatsCluster, NatsQuery, OwnedConnection, ServiceRow, TimelineQuery};

use super::prices::{Settings, Wrong};
use crate::store::{Store, StoreError};

/// Rollouts that are looked through for those of the period.
const ROLLOUTS: i64 = 200;
/// Entries of the timeline that are told.
const INCIDENTS: usize = 500;
/// How far back the load of tasks is looked at.
const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// What somebody asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The id it will have: a UUIDv7 from the edge.
    pub id: String,
    /// Who asked.
    pub requester: String,
    /// The time it is about.
    pub period: Period,
    /// Only these environments; empty: all there are.
    pub environments: Vec<String>,
}

/// What a report is composed with.
#[derive(Clone, Copy, Debug)]
pub struct Composing<'a> {
    /// The score card.
    pub card: &'a Card,
    /// The readiness as the pages show it, with its evidence.
    pub readiness: &'a Readiness,
    /// Waivers, those that are over as well.
    pub waivers: &'a [Waiver],
    /// `[report]` of the config.
    pub settings: &'a Settings,
    /// The report before, where there is one of the same environments.
    pub before: Option<&'a Document>,
    /// Whether NATS servers and AWS tell the same time; in a sped-up demo they do not.
    pub same_time: bool,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum NoReport {
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is configured for reports is wrong.
    #[error(transparent)]
    Settings(#[from] Wrong),
    /// An environment is not there.
    #[error("There is no environment \"{0}\", so there is nothing to report on. The environments are: {1}.")]
    Environment(String, String),
    /// It could not be made of what was read.
    #[error("The report could not be made: {0}. Nothing was kept.")]
    Made(String),
}

/// The document of what was asked for.
///
/// # Errors
/// When the store cannot be read, an environment is not there, or what is configured for reports is wrong.
pub async fn compose(store: &Store, asked: &Asked, with: Composing<'_>) -> Result<Document, NoReport> {
    let now = with.readiness.at;
    let period = asked.period;
    let environments = environments(asked, with.readiness)?;
    let readiness = narrowed(with, &environments);
    let waivers: Vec<Waiver> = with.waivers.iter().filter(|waiver| concerns(waiver, period, &environments)).cloned().collect();
    let assigned = with.settings.assigned()?;
    let facts = store.overview_facts(now).await?;
    let services = services(&facts, now, &environments);
    let conclusions = conclude(with.card, &readiness, &waivers, &assigned);
    Ok(Document {
        schema: SCHEMA,
        id: asked.id.clone(),
        made: now,
        requester: asked.requester.clone(),
        product: concat!("signalbox ", env!("CARGO_PKG_VERSION")).to_owned(),
        redacted: false,
        period,
        since: with.before.map(|before| since(before, &readiness)),
        conclusions,
        assigned,
        card: with.card.clone(),
        waivers,
        rule: RULE.to_owned(),
        observed: store.observed(period).await?,
        alarms: alarms(store, &facts, now, &environments).await?,
        nats: nats(store, now, with.same_time).await?,
        changes: changes(store, period, &environments, with.readiness).await?,
        incidents: incidents(store, period, &environments).await?,
        plots: times::plots(store, period, &environments, asked.environments.first().filter(|_| environments.len() == 1)).await?,
        cost: Some(cost(store, with.settings, &services, now, &environments).await?),
        services,
        environments,
        readiness,
    })
}

fn environments(asked: &Asked, readiness: &Readiness) -> Result<Vec<String>, NoReport> {
    let all: BTreeSet<&str> = readiness.environments.iter().map(|judged| judged.asked.subject.environment()).collect();
    match asked.environments.iter().find(|name| !all.contains(name.as_str())) {
        Some(unknown) => {
            let all: Vec<&str> = all.into_iter().collect();
            Err(NoReport::Environment(domain::text::shown(unknown), if all.is_empty() { "none".to_owned() } else { all.join(", ") }))
        }
        None if asked.environments.is_empty() => Ok(all.into_iter().map(str::to_owned).collect()),
        None => Ok(asked.environments.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect()),
    }
}

/// The readiness of some environments only, by the same formula over the same evidence.
fn narrowed(with: Composing<'_>, environments: &[String]) -> Readiness {
    let (mut asked, evidence) = inputs(with.readiness);
    let before = asked.len();
    asked.retain(|asked| environments.iter().any(|name| name == asked.subject.environment()));
    if asked.len() == before {
        return with.readiness.clone();
    }
    assess(with.card, with.readiness.at, &asked, &evidence, with.waivers)
}

/// Whether a waiver holds or held within the period, or waits for somebody.
fn concerns(waiver: &Waiver, period: Period, environments: &[String]) -> bool {
    let over = waiver.wish.expires.is_some_and(|end| end <= period.from) || waiver.ended.as_ref().is_some_and(|(at, _)| *at <= period.from);
    !over && waiver.created <= period.to && environments.contains(&waiver.wish.environment)
}

fn services(facts: &Facts, now: Timestamp, environments: &[String]) -> Vec<ServiceLine> {
    let ecs: Vec<&SourceHealth> = facts.sources.iter().filter(|health| health.id.kind == SourceKind::Ecs).collect();
    let line = |row: &ServiceRow| {
        let stale = ecs.iter().find(|health| health.id.scope == row.key.environment).and_then(|health| health.stale(now));
        ServiceLine {
            service: row.key.clone(),
            // nothing stale stays green
            standing: if stale.is_some() { Standing::Unknown } else { row.standing },
            reasons: stale.map_or_else(|| row.reasons.clone(), |why| vec![why]),
            desired: row.desired,
            running: row.running,
            revision: row.revision.clone(),
            alarms: row.alarms,
            alarms_on: row.alarms_on,
        }
    };
    let mut lines: Vec<ServiceLine> = facts.services.iter().filter(|row| environments.contains(&row.key.environment)).map(line).collect();
    lines.sort_by(|one, other| one.service.cmp(&other.service));
    lines
}

async fn alarms(store: &Store, facts: &Facts, now: Timestamp, environments: &[String]) -> Result<Alarms, StoreError> {
    let ours = |environment: &String| environments.contains(environment);
    let line = |row: &AlarmRow| AlarmLine {
        environment: row.environment.clone(),
        name: row.name.clone(),
        state: row.state,
        since: row.since,
        service: row.service.as_ref().map(|(_, service)| service.clone()),
        reason: row.reason.clone(),
        acknowledged: row.acknowledged.as_ref().map(|known| format!("{}: {}", known.by, known.reason)),
    };
    let mut lines: Vec<AlarmLine> = facts.alarms.iter().map(|fact| &fact.row).filter(|row| ours(&row.environment)).map(line).collect();
    lines.sort_by(|one, other| (one.state, &one.environment, &one.name).cmp(&(other.state, &other.environment, &other.name)));
    let count = |state: AlarmState| lines.iter().filter(|line| line.state == state).count() as u64;
    let stale = facts.sources.iter().filter(|health| health.id.kind == SourceKind::Alarms && ours(&health.id.scope));
    Ok(Alarms {
        total: store.alarms_counted(environments).await?,
        on: count(AlarmState::Alarm),
        unknown: count(AlarmState::InsufficientData),
        coverage: store.covered(environments).await?,
        stale: stale.filter_map(|health| health.stale(now)).collect(),
        lines,
    })
}

async fn nats(store: &Store, now: Timestamp, same_time: bool) -> Result<Vec<NatsLine>, StoreError> {
    let view = store.nats_view(NatsQuery::default(), same_time, now).await?;
    let connections = store.nats_connections(&NatsQuery::default(), now).await?;
    let mut of: BTreeMap<&str, Vec<&OwnedConnection>> = BTreeMap::new();
    for connection in &connections {
        of.entry(connection.cluster.as_str()).or_default().push(connection);
    }
    let line = |cluster: &NatsCluster| {
        let connections = of.get(cluster.name.as_str()).map_or(&[][..], Vec::as_slice);
        let wire = |wire: Wire| connections.iter().filter(|connection| connection.wire == wire).count() as u64;
        NatsLine {
            name: cluster.name.clone(),
            observed: cluster.observed,
            stale: cluster.stale.clone(),
            nodes: cluster.nodes.iter().map(|row| node(row, connections)).collect(),
            tls: wire(Wire::Tls),
            plaintext: wire(Wire::Plaintext),
            young: wire(Wire::Young),
            findings: cluster.findings.iter().map(|(finding, _)| format!("{} {}", finding.subject, finding.text)).collect(),
        }
    };
    Ok(view.clusters.iter().map(line).collect())
}

fn node(row: &domain::view::NodeRow, connections: &[&OwnedConnection]) -> NodeLine {
    let node = &row.node;
    let tls = match (node.tls, &node.tls_unknown) {
        (Some(mode), _) => TlsMode::as_str(mode).to_owned(),
        (None, Some(why)) => format!("not known: {why}"),
        (None, None) => "not looked at".to_owned(),
    };
    NodeLine {
        name: node.name.clone(),
        version: node.version.clone(),
        answers: row.answers,
        tls,
        certificate_until: node.certificate.as_ref().and_then(|certificate| certificate.until).or(node.configured_until),
        connections: connections.iter().filter(|connection| connection.node == node.name).count() as u64,
        restarts: row.restarts,
    }
}

/// Rollouts that touch one of these environments; all of them where the report is about all there are.
async fn changes(store: &Store, period: Period, environments: &[String], whole: &Readiness) -> Result<Vec<Change>, StoreError> {
    let all = whole.environments.iter().all(|judged| environments.iter().any(|name| name == judged.asked.subject.environment()));
    let mut changes = Vec::new();
    for brief in store.rollout_list(ROLLOUTS).await? {
        let over = brief.ended.is_some_and(|ended| ended < period.from);
        if over || brief.planned > period.to {
            continue;
        }
        let kept = store.rollout(&brief.id).await?;
        let elsewhere = |kept: &crate::store::Kept| kept.rollout.steps.iter().all(|step| !environments.contains(&step.service.environment));
        if !all && kept.as_ref().is_some_and(elsewhere) {
            continue;
        }
        let services = brief.steps.iter().map(|(service, _)| service.clone()).collect();
        let row = brief.row();
        changes.push(Change {
            number: row.number,
            title: row.title,
            reason: row.reason,
            status: row.status,
            said: row.said,
            requester: row.planned_by,
            approver: kept.and_then(|kept| kept.started_by),
            planned: row.planned,
            started: row.started,
            ended: row.ended,
            services,
            verified: row.verified,
            failed: row.failed,
        });
    }
    Ok(changes)
}

async fn incidents(store: &Store, period: Period, environments: &[String]) -> Result<Incidents, StoreError> {
    let mut incidents = Incidents::default();
    for tone in [Tone::Bad, Tone::Warn] {
        let only = match environments {
            [one] => Some(one.clone()),
            _ => None,
        };
        let query =
            TimelineQuery { tone: Some(tone), environment: only, from: Some(period.from), to: Some(period.to), ..TimelineQuery::default() };
        let found = store.timeline_entries(&query, INCIDENTS).await?;
        incidents.cut |= found.cut;
        incidents.lines.extend(found.entries.into_iter().map(|entry| Incident {
            at: entry.at,
            kind: entry.kind,
            tone: entry.tone,
            subject: entry.subject,
            text: entry.text,
        }));
    }
    incidents.lines.sort_by(|one, other| (other.at, &one.subject, &one.text).cmp(&(one.at, &other.subject, &other.text)));
    incidents.cut |= incidents.lines.len() > INCIDENTS;
    incidents.lines.truncate(INCIDENTS);
    Ok(incidents)
}

async fn cost(
    store: &Store,
    settings: &Settings,
    services: &[ServiceLine],
    now: Timestamp,
    environments: &[String],
) -> Result<Cost, NoReport> {
    let second = now.as_micros().div_euclid(1_000_000);
    let (prices, own_prices) = settings.price_list()?;
    let sizes = store.task_sizes().await?;
    let used = store.used(second - i64::try_from(WEEK.as_secs()).unwrap_or(i64::MAX), second + 1).await?;
    let known = |key: &ServiceKey| (sizes.get(key).copied(), used.get(key).copied());
    let tasks: Vec<_> = services
        .iter()
        .map(|line| {
            let (size, used) = known(&line.service);
            (line.service.clone(), line.desired, size, used)
        })
        .collect();
    let mut other = settings.declared()?;
    for (environment, pace) in store.own_cost().await?.into_iter().filter(|(environment, _)| environments.contains(environment)) {
        // dollars of a forecast, which is nothing to the millionth; less than nothing it never is
        let micros = (pace.forecast_usd.max(0.0) * 1e6).round() as u64;
        let basis = "calls that were counted this month, at CloudWatch's prices and beyond what is free, until its end".to_owned();
        other.push(CostLine { component: format!("Signalbox's own API calls in {environment}"), micros: Some(micros), basis });
    }
    Ok(Cost::of(prices, own_prices, &tasks, other))
}
