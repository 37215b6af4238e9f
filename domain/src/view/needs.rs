//! What needs a person now, as sentences: what, how bad, since when, the likely cause, the next click.
//!
//! Separate from the Overview's counts because this is judgement in words and each rule of it has a reason. The trap: one
//! cause told many times. What a stale source hides is not told at all; a silent node is told once, not also as a
//! source that is read in part; alarms are told once per service.

use std::collections::BTreeMap;

use super::overview::{Facts, Freshness, Link, Need};
use super::{AlarmRow, ServiceRow, SourceRow, StoppedTaskRow};
use crate::Timestamp;
use crate::alarm::AlarmState;
use crate::judge::{Standing, Tone};
use crate::service::{ServiceKey, encoded};
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
        needs.extend(self.alarm_needs(freshness));
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

    /// Alarms that are on, one need per service they watch (or per alarm that watches none).
    fn alarm_needs(&self, freshness: &Freshness) -> Vec<Need> {
        let mut by_service: BTreeMap<(&str, &str, &str), Vec<&AlarmRow>> = BTreeMap::new();
        for alarm in self.alarms.iter().filter(|alarm| alarm.state == AlarmState::Alarm) {
            if freshness.stale(SourceKind::Alarms, &alarm.environment).is_some() {
                continue;
            }
            let (cluster, service) = alarm.service.as_ref().map_or(("", alarm.name.as_str()), |(cluster, service)| (cluster, service));
            by_service.entry((&alarm.environment, cluster, service)).or_default().push(alarm);
        }
        by_service.into_iter().map(|((environment, cluster, service), alarms)| alarm_need(environment, cluster, service, &alarms)).collect()
    }
}

/// The newest stop, and how many failed in the last 15 minutes. With the time of day rather than an age: a sentence
/// cannot tick.
fn stops_in_words(stop: &StoppedTaskRow, failed: u64) -> String {
    let newest = format!("Last stop at {}: {}.", stop.stopped.clock_time(), stop.phrase());
    if failed > 1 { format!("{failed} tasks failed in the last 15 minutes. {newest}") } else { newest }
}

fn alarm_need(environment: &str, cluster: &str, service: &str, alarms: &[&AlarmRow]) -> Need {
    let names: Vec<String> = alarms.iter().map(|alarm| text::shown(&alarm.name)).collect();
    let quiet = alarms.iter().filter(|alarm| alarm.actions == 0 || !alarm.actions_enabled).count();
    let reason = alarms.iter().find_map(|alarm| alarm.reason.as_deref()).map(text::shown);
    let untold = match (quiet, alarms.len()) {
        (0, _) => None,
        (1, 1) => Some("It notifies nobody.".to_owned()),
        (quiet, all) if quiet == all => Some("None of them notifies anybody.".to_owned()),
        (1, _) => Some("One of them notifies nobody.".to_owned()),
        (quiet, _) => Some(format!("{quiet} of them notify nobody.")),
    };
    let key = ServiceKey { environment: environment.into(), cluster: cluster.into(), service: service.into() };
    Need {
        tone: Tone::Warn,
        subject: text::shown(service),
        path: Some(if cluster.is_empty() { "/services".to_owned() } else { format!("{}#alarms", key.path()) }),
        text: if cluster.is_empty() {
            "is in ALARM".to_owned()
        } else {
            format!("has {} on: {}", text::count(alarms.len() as u64, "alarm"), names.join(", "))
        },
        detail: [reason, untold].into_iter().flatten().reduce(|reason, untold| format!("{reason} {untold}")),
        since: alarms.iter().filter_map(|alarm| alarm.since).min(),
        links: Vec::new(),
    }
}

fn source_need(health: &SourceHealth, now: Timestamp) -> Option<Need> {
    let row = SourceRow::judge(health.clone(), now);
    let (tone, text) = match (&row.stale, &health.outcome) {
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
