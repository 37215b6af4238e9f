//! Alarms that are on, told once per cause.

use std::collections::{BTreeMap, BTreeSet};

use super::super::overview::{AlarmFact, Facts, Freshness, Link, Need};
use super::super::{AlarmKey, AlarmQuery, AlarmRow};
use crate::alarm::AlarmState;
use crate::cause::{Around, Cause, On, groups};
use crate::judge::Tone;
use crate::service::encoded;
use crate::source::SourceKind;
use crate::text;
use crate::time::span;

/// Names told in one sentence.
const NAMES: usize = 4;

impl Facts {
    /// Adds what the alarms that are on need, to the needs that are there where these have the same cause.
    pub(super) fn tell_alarms(&self, freshness: &Freshness, needs: &mut Vec<Need>) {
        let blind = |fact: &&AlarmFact| freshness.stale(SourceKind::Alarms, &fact.row.environment).is_some();
        let (unsure, calling): (Vec<&AlarmFact>, Vec<&AlarmFact>) = self.alarms.iter().filter(|fact| fact.row.calls()).partition(blind);
        tell_unsure(&unsure, needs);
        let on: Vec<On> = calling.iter().map(|fact| fact.on()).collect();
        for (cause, members) in groups(&on, &self.around()) {
            let rows: Vec<&AlarmRow> = members.into_iter().filter_map(|at| calling.get(at)).map(|fact| &fact.row).collect();
            let need = need(&cause, &rows);
            let same = needs.iter_mut().find(|known| known.subject == need.subject && tells(&cause, known));
            match same {
                Some(known) => also(known, &rows),
                None => needs.push(need),
            }
        }
    }

    /// What is known beside the alarms, for finding what they share.
    fn around(&self) -> Around {
        let silent = self.nodes.iter().filter(|(.., answers, _)| !answers);
        let mut zones: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for (key, stop, failed) in self.stops.iter().filter(|(.., failed)| *failed > 0) {
            // one stop is known by its zone; more of them may have been elsewhere
            if *failed == 1 {
                zones.entry(key.clone()).or_default().extend(stop.zone.clone());
            }
        }
        Around { silent: silent.map(|(cluster, name, _, since)| (cluster.clone(), name.clone(), *since)).collect(), zones }
    }

    /// Acknowledged alarms that are still on, the oldest acknowledgement first.
    pub(in super::super) fn acknowledged(&self) -> Vec<Need> {
        let mut known: Vec<_> = self.alarms.iter().filter_map(|fact| Some((fact.row.acknowledged.as_ref()?, &fact.row))).collect();
        known.sort_by_key(|(acknowledged, row)| (acknowledged.at, &row.name));
        let need = |(acknowledged, row): (&super::super::Acknowledged, &AlarmRow)| Need {
            tone: Tone::Quiet,
            subject: text::shown(&row.name),
            path: Some(row.key().path()),
            text: format!("acknowledged by {}", text::shown(&acknowledged.by)),
            detail: Some(text::shown(&acknowledged.reason)),
            since: Some(acknowledged.at),
            links: Vec::new(),
        };
        known.into_iter().map(need).collect()
    }
}

/// What was on when a source was last read may be over: said once, beside the source that cannot be read.
fn tell_unsure(unsure: &[&AlarmFact], needs: &mut [Need]) {
    let mut by_environment: BTreeMap<&str, u64> = BTreeMap::new();
    for fact in unsure {
        *by_environment.entry(&fact.row.environment).or_default() += 1;
    }
    for (environment, count) in by_environment {
        let subject = format!("{} of {}", SourceKind::Alarms.title(), text::shown(environment));
        if let Some(need) = needs.iter_mut().find(|need| need.subject == subject) {
            let (were, they) = if count == 1 { ("was", "it is") } else { ("were", "they are") };
            let said = format!("{} {were} on when it last answered; whether {they} now is unknown.", text::count(count, "alarm"));
            need.detail = Some(joined(need.detail.take(), said));
        }
    }
}

/// Whether a need that is there tells of the same thing.
fn tells(cause: &Cause, known: &Need) -> bool {
    match cause {
        Cause::Service { key } => known.path.as_ref() == Some(&key.path()),
        Cause::Node { cluster, .. } => known.path.is_none() && known.text.ends_with(&text::shown(cluster)),
        _ => false,
    }
}

/// Adds alarms to a need that was there before them.
fn also(known: &mut Need, rows: &[&AlarmRow]) {
    let said = format!("{} of {} on: {}.", text::count(rows.len() as u64, "alarm"), services(rows), names(rows));
    known.detail = Some(joined(known.detail.take(), said));
    known.links.extend(links(rows));
}

fn need(cause: &Cause, rows: &[&AlarmRow]) -> Need {
    let (subject, path, text) = match cause {
        Cause::Service { key } => (
            text::shown(&key.service),
            format!("{}#alarms", key.path()),
            format!("has {} on: {}", text::count(rows.len() as u64, "alarm"), names(rows)),
        ),
        Cause::Alone { environment, name } => {
            let key = AlarmKey { environment: environment.clone(), name: name.clone() };
            (text::shown(name), key.path(), "is in ALARM".to_owned())
        }
        Cause::TargetGroup { target, .. } => {
            let name = target.split('/').nth(1).unwrap_or(target);
            (
                format!("target group {}", text::shown(name)),
                all_on(),
                format!("has {} on: {}", text::count(rows.len() as u64, "alarm"), names(rows)),
            )
        }
        Cause::Node { node, .. } => (text::shown(node), all_on(), format!("{}, since it fell silent", together(rows))),
        Cause::Zone { zone } => (text::shown(zone), all_on(), format!("{}; their failed tasks are all in this zone", together(rows))),
        Cause::Time => {
            (text::count(rows.len() as u64, "alarm"), all_on(), format!("of {} went on within {}", services(rows), within(rows)))
        }
    };
    Need {
        tone: Tone::Warn,
        subject,
        path: Some(path),
        text,
        detail: details(cause, rows),
        since: rows.iter().filter_map(|row| row.since).min(),
        links: links(rows),
    }
}

fn together(rows: &[&AlarmRow]) -> String {
    format!("{} of {} went on within {}", text::count(rows.len() as u64, "alarm"), services(rows), within(rows))
}

fn within(rows: &[&AlarmRow]) -> String {
    let times = || rows.iter().filter_map(|row| row.since);
    span(times().max().zip(times().min()).map(|(last, first)| last.since(first)).unwrap_or_default())
}

fn services(rows: &[&AlarmRow]) -> String {
    let of: BTreeSet<_> = rows.iter().filter_map(|row| row.service.as_ref()).collect();
    if of.is_empty() { "no known service".to_owned() } else { text::count(of.len() as u64, "service") }
}

fn names(rows: &[&AlarmRow]) -> String {
    let first: Vec<String> = rows.iter().take(NAMES).map(|row| text::shown(&row.name)).collect();
    match rows.len().saturating_sub(NAMES) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn all_on() -> String {
    AlarmQuery { state: Some(AlarmState::Alarm), ..AlarmQuery::default() }.path()
}

fn details(cause: &Cause, rows: &[&AlarmRow]) -> Option<String> {
    let first = rows.iter().min_by_key(|row| (row.since.is_none(), row.since))?;
    let reason = first.reason.as_deref().map(text::shown);
    let said = match cause {
        Cause::Time => Some(format!("Nothing else is known to be shared. First: {}.", text::shown(&first.name))),
        Cause::Node { .. } | Cause::Zone { .. } => Some(format!("First: {}.", text::shown(&first.name))),
        _ => None,
    };
    let quiet = rows.iter().filter(|row| row.told.is_empty()).count();
    let untold = match (quiet, rows.len()) {
        (0, _) => None,
        (1, 1) => Some("It notifies nobody.".to_owned()),
        (quiet, all) if quiet == all => Some("None of them notifies anybody.".to_owned()),
        (1, _) => Some("One of them notifies nobody.".to_owned()),
        (quiet, _) => Some(format!("{quiet} of them notify nobody.")),
    };
    [said, reason, untold].into_iter().flatten().reduce(|before, after| format!("{before} {after}"))
}

/// To one alarm, where it can be acknowledged, or to all that are on.
fn links(rows: &[&AlarmRow]) -> Vec<Link> {
    match rows {
        [only] => vec![Link { label: "acknowledge".into(), path: format!("{}#acknowledge", only.key().path()) }],
        [first, rest @ ..] => {
            let one = first.service.as_ref().filter(|service| rest.iter().all(|row| row.service.as_ref() == Some(service)));
            let path = match one {
                Some((_, service)) => format!("/alarms?state=alarm&service={}", encoded(service)),
                None => all_on(),
            };
            vec![Link { label: "these alarms".into(), path }]
        }
        [] => Vec::new(),
    }
}

fn joined(before: Option<String>, after: String) -> String {
    before.map_or_else(|| after.clone(), |before| format!("{before} {after}"))
}
