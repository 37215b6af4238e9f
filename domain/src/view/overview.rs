//! The Overview: what needs a person now, the fleet at a glance, what just happened.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::groups::{GroupOfTiles, groups};
use super::{AlarmRow, ServiceRow, SourceRow, StoppedTaskRow, TimelineEntry};
use crate::Timestamp;
use crate::alarm::AlarmState;
use crate::cause;
use crate::customers::{CustomerRow, Felt};
use crate::judge::{Standing, Tone};
use crate::nats::finding::Finding;
use crate::service::ServiceKey;
use crate::source::{SourceHealth, SourceId, SourceKind};
use crate::text;

/// How nodes and connections are counted, shown where they are.
pub const NATS_COUNT_RULE: &str = "Nodes: servers that answered, out of those that answered before or that others have routes to. \
                                   Connections: client connections of all accounts but the system account, on the nodes that answer.";

/// Most needs spelled out: whoever has more looks at the list of services.
const MOST_NEEDS: usize = 30;

/// What the store knows, before it is judged by the clock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The store's revision this was read at.
    pub revision: u64,
    /// Every service, judged from its last reading.
    pub services: Vec<ServiceRow>,
    /// Newest stop of services that are down or whose tasks failed in the last 15 minutes, with how many did.
    pub stops: Vec<(ServiceKey, StoppedTaskRow, u64)>,
    /// Alarms that are on or cannot tell.
    pub alarms: Vec<AlarmFact>,
    /// Alarms in all.
    pub alarms_total: u64,
    /// Nodes by NATS cluster: name, whether it answers, since when it does or does not.
    pub nodes: Vec<(String, String, bool, Timestamp)>,
    /// Client connections on nodes that answer.
    pub connections: u64,
    /// Of those, with TLS.
    pub connections_tls: u64,
    /// What is wrong with a NATS cluster and needs somebody now: by cluster, and since when.
    pub findings: Vec<(String, Finding, Timestamp)>,
    /// The sources' health.
    pub sources: Vec<SourceHealth>,
    /// Newest entries of the timeline.
    pub recent: Vec<TimelineEntry>,
    /// What customers feel of the services behind load balancers.
    pub customers: Vec<Felt>,
}

/// An alarm with what its cause is looked for by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlarmFact {
    /// The alarm.
    pub row: AlarmRow,
    /// Alarms it is made of.
    pub children: Vec<String>,
    /// The target group it watches.
    pub target: Option<String>,
}

impl AlarmFact {
    /// As its cause is looked for.
    pub(super) fn on(&self) -> cause::On {
        cause::On {
            environment: self.row.environment.clone(),
            name: self.row.name.clone(),
            service: self.row.service.clone(),
            target: self.target.clone(),
            children: self.children.clone(),
            since: self.row.since,
        }
    }
}

/// The Overview page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Overview {
    /// The store's revision this was read at.
    pub revision: u64,
    /// When it was composed.
    pub composed: Timestamp,
    /// What needs a person, worst first; no more than a person can read.
    pub needs: Vec<Need>,
    /// How many things need a person in all.
    pub needs_total: u64,
    /// Alarms somebody has acknowledged, oldest acknowledgement first. They are not counted as needing anybody.
    pub acknowledged: Vec<Need>,
    /// What customers feel, worst first; empty where no service stands behind a load balancer.
    pub customers: Vec<CustomerRow>,
    /// Services up, of those that want tasks.
    pub services: Tally,
    /// Services marked do not touch that want and run nothing.
    pub off_on_purpose: u64,
    /// Services that want nothing without a mark.
    pub off: u64,
    /// Tasks running, of those wanted.
    pub tasks: Tally,
    /// Alarms on, of all.
    pub alarms: Tally,
    /// Alarms that cannot tell.
    pub alarms_unknown: u64,
    /// NATS nodes that answer, of those expected.
    pub nodes: Tally,
    /// NATS client connections.
    pub connections: Tally,
    /// Of those, with TLS.
    pub connections_tls: u64,
    /// The services, by group.
    pub groups: Vec<GroupOfTiles>,
    /// What just happened.
    pub recent: Vec<TimelineEntry>,
    /// Where all this comes from and how fresh it is.
    pub sources: Vec<SourceBrief>,
    /// The rule by which services are counted.
    pub rule: String,
}

/// A number, what it is out of, and whether it can be trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tally {
    /// How many.
    pub value: u64,
    /// Out of how many.
    pub of: Option<u64>,
    /// How its lamp is drawn.
    pub tone: Tone,
    /// When the oldest source it rests on last answered.
    pub observed: Option<Timestamp>,
    /// Why it cannot be trusted as current.
    pub stale: Option<String>,
}

/// Something a person should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Need {
    /// How bad.
    pub tone: Tone,
    /// What it is about, by name.
    pub subject: String,
    /// The page to go to.
    pub path: Option<String>,
    /// What is wrong, as the rest of a sentence after the subject.
    pub text: String,
    /// The likely cause, or what is known beside.
    pub detail: Option<String>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Where to look next.
    pub links: Vec<Link>,
}

/// A link with its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Link {
    /// Its words.
    pub label: String,
    /// Where it leads, within Signalbox.
    pub path: String,
}

/// A source in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SourceBrief {
    /// Which source.
    pub id: SourceId,
    /// How its lamp is drawn.
    pub tone: Tone,
    /// When it last answered.
    pub observed: Option<Timestamp>,
    /// Calls its newest sweep made.
    pub calls: u32,
    /// One sentence on how it is.
    pub summary: String,
}

impl Facts {
    /// Which sources are stale at `now`, as one word per source; with the revision, the key under which a composed
    /// Overview may be kept.
    pub fn staleness(&self, now: Timestamp) -> Vec<bool> {
        self.sources.iter().map(|source| source.stale(now).is_some()).collect()
    }

    /// Judges the facts by the clock.
    pub fn compose(&self, now: Timestamp) -> Overview {
        let freshness = Freshness::of(&self.sources, now);
        let services = freshness.overlaid(&self.services);
        let wanted: Vec<&ServiceRow> = services.iter().filter(|row| row.desired > 0).collect();
        let up = wanted.iter().filter(|row| row.standing == Standing::Up).count() as u64;
        let counted = |standing| services.iter().filter(|row| row.standing == standing).count() as u64;
        let (ecs, alarms, nats) = (freshness.kind(SourceKind::Ecs), freshness.kind(SourceKind::Alarms), freshness.kind(SourceKind::Nats));
        let answering = self.nodes.iter().filter(|node| node.2).count() as u64;
        let on = self.alarms.iter().filter(|alarm| alarm.row.state == AlarmState::Alarm).count() as u64;
        let running = wanted.iter().map(|row| u64::from(row.running)).sum();
        let desired = wanted.iter().map(|row| u64::from(row.desired)).sum();
        let mut needs = self.needs(&services, &freshness, now);
        let needs_total = needs.len() as u64;
        needs.truncate(MOST_NEEDS);
        Overview {
            revision: self.revision,
            composed: now,
            needs,
            needs_total,
            acknowledged: self.acknowledged(),
            customers: self.customers(&freshness, now),
            services: ecs.tally(up, Some(wanted.len() as u64), if up < wanted.len() as u64 { Tone::Bad } else { Tone::Good }),
            off_on_purpose: counted(Standing::OffOnPurpose),
            off: counted(Standing::Off),
            tasks: ecs.tally(running, Some(desired), if running < desired { Tone::Bad } else { Tone::Good }),
            alarms: alarms.tally(on, Some(self.alarms_total), if on > 0 { Tone::Warn } else { Tone::Good }),
            alarms_unknown: self.alarms.len() as u64 - on,
            nodes: nats.tally(
                answering,
                Some(self.nodes.len() as u64),
                if answering < self.nodes.len() as u64 { Tone::Bad } else { Tone::Good },
            ),
            connections: nats.tally(self.connections, None, Tone::Good),
            connections_tls: self.connections_tls,
            groups: groups(&services),
            recent: self.recent.clone(),
            sources: self.sources.iter().map(|health| SourceBrief::judge(health, now)).collect(),
            rule: crate::judge::RULE.to_owned(),
        }
    }
}

impl Facts {
    fn customers(&self, freshness: &Freshness, now: Timestamp) -> Vec<CustomerRow> {
        let shown = |felt: &Felt| felt.shown(freshness.stale(SourceKind::Metrics, &felt.key.environment), now);
        let mut rows: Vec<CustomerRow> = self.customers.iter().map(shown).collect();
        rows.sort_by(|a, b| (a.tone, &a.service).cmp(&(b.tone, &b.service)));
        rows
    }
}

impl SourceBrief {
    /// Judges a source's health at `now`.
    pub fn judge(health: &SourceHealth, now: Timestamp) -> Self {
        let row = SourceRow::judge(health.clone(), now);
        Self { id: health.id.clone(), tone: row.tone, observed: health.last_success, calls: health.calls_last_sweep, summary: row.summary }
    }
}

impl StoppedTaskRow {
    /// Why it stopped, in one phrase.
    pub fn phrase(&self) -> String {
        let reason = self.container_reason.as_deref().or(self.reason.as_deref()).or(self.code.as_deref()).map(text::shown);
        match (self.exit_code, reason) {
            (Some(code), Some(reason)) => format!("exit {code}, {reason}"),
            (Some(code), None) => format!("exit {code}"),
            (None, Some(reason)) => reason,
            (None, None) => "no reason given".to_owned(),
        }
    }
}

/// Which sources are stale at one instant.
pub(super) struct Freshness {
    sources: Vec<(SourceId, Option<Timestamp>, Option<String>)>,
}

/// How fresh one kind of source is over all its scopes.
struct KindFreshness {
    observed: Option<Timestamp>,
    stale: Option<String>,
}

impl KindFreshness {
    fn tally(&self, value: u64, of: Option<u64>, tone: Tone) -> Tally {
        let tone = if self.stale.is_some() { Tone::Unknown } else { tone };
        Tally { value, of, tone, observed: self.observed, stale: self.stale.clone() }
    }
}

impl Freshness {
    pub(super) fn of(sources: &[SourceHealth], now: Timestamp) -> Self {
        Self { sources: sources.iter().map(|health| (health.id.clone(), health.last_success, health.stale(now))).collect() }
    }

    pub(super) fn stale(&self, kind: SourceKind, scope: &str) -> Option<&str> {
        let (.., stale) = self.sources.iter().find(|(id, ..)| id.kind == kind && id.scope == scope)?;
        stale.as_deref()
    }

    fn kind(&self, kind: SourceKind) -> KindFreshness {
        let of_kind = || self.sources.iter().filter(|(id, ..)| id.kind == kind);
        let reasons: Vec<&str> = of_kind().filter_map(|(.., stale)| stale.as_deref()).collect();
        let stale = match (of_kind().next(), reasons.is_empty()) {
            (None, _) => Some(format!("no source of {} is configured", kind.title())),
            (Some(_), true) => None,
            (Some(_), false) => Some(reasons.join("; ")),
        };
        // an instant that some source has never had is no instant for all of them
        let observed = of_kind().map(|(_, observed, _)| *observed).min().flatten();
        KindFreshness { observed, stale }
    }

    /// The rows as they may be shown now: unknown while their source is stale.
    fn overlaid<'a>(&self, rows: &'a [ServiceRow]) -> Cow<'a, [ServiceRow]> {
        let why = |row: &ServiceRow| self.stale(SourceKind::Ecs, &row.key.environment);
        // thousands of rows are not copied for the sake of the rare day on which one is stale
        if !rows.iter().any(|row| why(row).is_some()) {
            return Cow::Borrowed(rows);
        }
        let overlay = |row: &ServiceRow| match why(row) {
            None => row.clone(),
            Some(why) => ServiceRow { standing: Standing::Unknown, reasons: vec![why.to_owned()], ..row.clone() },
        };
        Cow::Owned(rows.iter().map(overlay).collect())
    }
}

#[cfg(test)]
mod tests;
