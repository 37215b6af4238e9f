//! What needs a person now, as sentences: what, how bad, since when, the likely cause, the next click.
//!
//! Separate from the Overview's counts because this is judgement in words and each rule of it has a reason. The trap: one
//! cause told many times. What a stale source hides is not told at all; a silent node is told once, not also as a
//! source that is read in part; alarms are told once per cause (see [`crate::cause`]).

mod alarms;

use super::overview::{Facts, Freshness, Link, Need};
use super::{ServiceRow, SourceRow, StoppedTaskRow};
use crate::Timestamp;
use crate::customers::Felt;
use crate::judge::{Standing, Tone};
use crate::nats::finding::Finding;
use crate::service::encoded;
use crate::source::{Outcome, SourceHealth, SourceKind};
use crate::text;

/// Failed stops within 15 minutes that make a service a crash loop, even while it happens to be up.
const CRASH_LOOP: u64 = 3;

impl Facts {
    pub(super) fn needs(&self, services: &[ServiceRow], freshness: &Freshness, now: Timestamp) -> Vec<Need> {
        let told = |health: &&SourceHealth| !self.only_silent_nodes(health);
        let mut needs: Vec<Need> = self.sources.iter().filter(told).filter_map(|health| source_need(health, now)).collect();
        needs.extend(services.iter().filter_map(|row| self.service_need(row)));
        let answering = |cluster: &str| freshness.stale(SourceKind::Nats, cluster).is_none();
        needs.extend(self.nodes.iter().filter(|(cluster, _, up, _)| !up && answering(cluster)).map(|node| self.node_need(node)));
        needs.extend(self.findings.iter().filter(|(cluster, ..)| answering(cluster)).map(finding_need));
        self.tell_alarms(freshness, &mut needs);
        needs.sort_by_key(|need| (need.tone, need.since.is_none(), need.since));
        // customers first, whatever else is wrong and since when
        needs.splice(0..0, self.customer_needs(freshness, now));
        needs
    }

    /// Services whose customers are hurt, worst first.
    fn customer_needs(&self, freshness: &Freshness, now: Timestamp) -> Vec<Need> {
        let known = |felt: &&Felt| felt.unknown(freshness.stale(SourceKind::Metrics, &felt.key.environment), now).is_none();
        let mut needs: Vec<Need> = self.customers.iter().filter(known).filter_map(customer_need).collect();
        needs.sort_by_key(|need| (need.tone, need.since.is_none(), need.since));
        needs
    }

    /// A NATS cluster that is read in part only because nodes are silent: the nodes are told, by name.
    fn only_silent_nodes(&self, health: &SourceHealth) -> bool {
        let partial = matches!(&health.outcome, Some(Outcome::Partial { missing }) if missing.len() <= self.silent_in(&health.id.scope));
        health.id.kind == SourceKind::Nats && partial
    }

    fn silent_in(&self, cluster: &str) -> usize {
        self.nodes.iter().filter(|(of, _, up, _)| of == cluster && !up).count()
    }

    fn node_need(&self, (cluster, name, _, since): &(String, String, bool, Timestamp)) -> Need {
        let answering = self.nodes.iter().filter(|(of, _, up, _)| of == cluster && *up).count() as u64;
        let holding = text::count(self.connections, "client connection");
        Need {
            tone: Tone::Bad,
            subject: text::shown(name),
            path: None,
            text: format!("does not answer: a NATS node of {}", text::shown(cluster)),
            detail: Some(format!("Still answering: {}, holding {holding}.", text::count(answering, "node"))),
            since: Some(*since),
            links: vec![Link { label: "sources".into(), path: format!("/sources#{}", encoded(&format!("nats:{cluster}"))) }],
        }
    }

    fn service_need(&self, row: &ServiceRow) -> Option<Need> {
        let stops = self.stops.iter().find(|(key, ..)| *key == row.key);
        let looping = stops.is_some_and(|(_, _, count)| *count >= CRASH_LOOP);
        let said = match row.standing {
            Standing::Down | Standing::Contradiction => row.reasons.join(", "),
            Standing::Up if looping => "is up for the moment, but its tasks keep stopping".to_owned(),
            _ => return None,
        };
        let path = row.key.path();
        Some(Need {
            tone: if row.standing == Standing::Up { Tone::Warn } else { row.standing.tone() },
            subject: text::shown(&row.key.service),
            path: Some(path.clone()),
            text: if row.moving { format!("{said} (a deployment is under way)") } else { said },
            detail: stops.map(|(_, stop, count)| stops_in_words(stop, *count)),
            since: Some(row.since),
            links: vec![
                Link { label: "stopped tasks".into(), path: format!("{path}#stopped") },
                Link { label: "what happened".into(), path: format!("{path}#record") },
            ],
        })
    }
}

fn customer_need(felt: &Felt) -> Option<Need> {
    let feeling = felt.judged();
    if feeling.reasons.is_empty() {
        return None;
    }
    let (path, hurt) = (felt.key.path(), feeling.tone == Tone::Bad);
    Some(Need {
        tone: feeling.tone,
        subject: text::shown(&felt.key.service),
        path: Some(format!("{path}#customers")),
        text: format!("{}: {}", if hurt { "fails its customers" } else { "serves its customers badly" }, feeling.reasons.join(", ")),
        detail: Some(format!("{}.", felt.sentence())),
        since: felt.since,
        links: vec![
            Link { label: "plots".into(), path: format!("{path}?reach=hour#history") },
            Link { label: "what happened".into(), path: format!("{path}#record") },
        ],
    })
}

/// Something wrong with a NATS cluster.
fn finding_need((_, finding, since): &(String, Finding, Timestamp)) -> Need {
    Need {
        tone: finding.tone,
        subject: text::shown(&finding.subject),
        path: Some("/nats#wrong".to_owned()),
        text: text::shown(&finding.text),
        detail: Some(text::shown(&finding.detail)),
        since: Some(*since),
        links: Vec::new(),
    }
}

/// The newest stop, and how many failed in the last 15 minutes. With the time of day rather than an age: a sentence
/// cannot tick.
fn stops_in_words(stop: &StoppedTaskRow, failed: u64) -> String {
    let newest = format!("Last stop at {}: {}.", stop.stopped.clock_time(), stop.phrase());
    if failed > 1 { format!("{failed} tasks failed in the last 15 minutes. {newest}") } else { newest }
}

fn source_need(health: &SourceHealth, now: Timestamp) -> Option<Need> {
    let row = SourceRow::judge(health.clone(), now);
    let (tone, text) = match (&row.stale, &health.outcome) {
        // nothing is known by hints alone
        (Some(_), Some(_)) if health.id.kind == SourceKind::Events => {
            (Tone::Warn, "cannot be read; the services are swept all the same, what happens to them is only seen later")
        }
        (Some(_), None) => return None, // the first sweep is still under way: nothing is wrong yet
        (Some(_), Some(_)) => (Tone::Bad, "cannot be read; what depends on it is shown grey"),
        (None, Some(Outcome::Partial { .. })) => (Tone::Warn, "is read only in part"),
        (None, _) => return None,
    };
    Some(Need {
        tone,
        subject: format!("{} of {}", health.id.kind.title(), text::shown(&health.id.scope)),
        path: Some(format!("/sources#{}", encoded(&health.id.to_string()))),
        text: text.to_owned(),
        detail: Some(format!("{}. {}", row.summary.trim_end_matches('.'), row.remedies.join(" "))),
        since: health.last_success.filter(|_| row.stale.is_some()),
        links: Vec::new(),
    })
}
