//! The names of a document and what each is called instead.
//!
//! Numbered in the order of the names themselves, so that the same document gives the same pseudonyms each time and their
//! order tells nothing but the alphabet. The longest name at a place wins: `auth-nats-eu` is not `auth-nats` with an ending.

use std::collections::{BTreeMap, BTreeSet};

use super::form::{Form, form};
use crate::readiness::Subject;
use crate::report::Document;
use crate::text;

/// What a token of a sentence ends at.
const ENDS: [char; 16] = [',', ';', '(', ')', '[', ']', '{', '}', '<', '>', '"', '\'', '`', '|', '“', '”'];

/// Names and pseudonyms.
#[derive(Default)]
pub(super) struct Names {
    /// By the name as it came.
    exact: BTreeMap<String, String>,
    /// By the name as it may be written elsewhere: in small letters, cleaned for display.
    alike: BTreeMap<String, String>,
    /// How long the names are that begin with this letter, in bytes.
    lengths: BTreeMap<char, BTreeSet<usize>>,
    /// What was known by its form, in the order it was met.
    formed: BTreeMap<String, String>,
    counts: BTreeMap<&'static str, usize>,
}

impl Names {
    /// Every name that has a field of its own.
    pub(super) fn of(document: &Document, people: &[String]) -> Self {
        let mut all: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
        let mut add = |kind: &'static str, name: &str| {
            if !name.trim().is_empty() {
                all.entry(kind).or_default().insert(name.to_owned());
            }
        };
        document.environments.iter().for_each(|name| add("environment", name));
        for judged in document.judged() {
            subject(&judged.asked.subject, &mut add);
        }
        for line in &document.services {
            subject(&Subject::Service(line.service.clone()), &mut add);
        }
        for waiver in &document.waivers {
            add("environment", &waiver.wish.environment);
            waiver.wish.cluster.iter().for_each(|name| add("cluster", name));
            waiver.wish.service.iter().for_each(|name| add("service", name));
            let ended = waiver.ended.as_ref().map(|(_, by)| by);
            [Some(&waiver.requester), waiver.approver.as_ref(), ended].into_iter().flatten().for_each(|name| add("person", name));
        }
        for change in &document.changes {
            change.services.iter().for_each(|name| add("service", name));
            [Some(&change.requester), change.approver.as_ref()].into_iter().flatten().for_each(|name| add("person", name));
        }
        let found = document.judged().flat_map(|judged| &judged.checks).filter_map(|assessed| assessed.found.as_ref());
        for brought in found.filter_map(|found| found.brought.as_deref()) {
            [Some(&brought.requester), brought.approver.as_ref()].into_iter().flatten().for_each(|name| add("person", name));
        }
        document.assigned.iter().for_each(|assigned| add("person", &assigned.owner));
        add("person", &document.requester);
        people.iter().for_each(|name| add("person", name));
        document.alarms.lines.iter().for_each(|alarm| add("alarm", &alarm.name));
        for cluster in &document.nats {
            add("nats", &cluster.name);
            cluster.nodes.iter().for_each(|node| add("node", &node.name));
        }
        document.observed.iter().for_each(|observed| add("source", &observed.source.scope));
        document.incidents.lines.iter().for_each(|incident| add("subject", &incident.subject));
        for line in document.since.iter().flat_map(|since| &since.moved) {
            subject(&line.subject, &mut add);
        }
        Self::numbered(all)
    }

    fn numbered(all: BTreeMap<&'static str, BTreeSet<String>>) -> Self {
        let mut names = Self::default();
        // a source or an incident is often about what has a better word: those kinds come last
        let order = ["person", "environment", "cluster", "service", "alarm", "nats", "node", "source", "subject"];
        for (kind, of) in order.iter().filter_map(|kind| Some((*kind, all.get(kind)?))) {
            for name in of {
                if names.exact.contains_key(name) {
                    continue;
                }
                let pseudonym = names.next(kind);
                names.exact.insert(name.clone(), pseudonym.clone());
                // two services may differ in nothing but their capitals: each keeps its own where it is written exactly
                for alike in [name.to_ascii_lowercase(), text::shown(name).to_ascii_lowercase()] {
                    if let Some(first) = alike.chars().next() {
                        names.lengths.entry(first).or_default().insert(alike.len());
                        names.alike.entry(alike).or_insert_with(|| pseudonym.clone());
                    }
                }
            }
        }
        names
    }

    fn next(&mut self, kind: &'static str) -> String {
        let count = self.counts.entry(kind).or_insert(0);
        *count += 1;
        format!("{kind}-{count}")
    }

    /// A text without names.
    pub(super) fn without(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        let mut before: Option<char> = None;
        while let Some(first) = rest.chars().next() {
            // within a word nothing begins
            if before.is_none_or(|before| !before.is_alphanumeric())
                && let Some((length, pseudonym)) = self.name_at(rest).or_else(|| self.form_at(rest))
            {
                out.push_str(&pseudonym);
                before = rest.get(..length).and_then(|found| found.chars().next_back());
                rest = rest.get(length..).unwrap_or_default();
                continue;
            }
            out.push(first);
            before = Some(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
        out
    }

    /// The longest name that stands here whole.
    fn name_at(&self, rest: &str) -> Option<(usize, String)> {
        let first = rest.chars().next()?.to_ascii_lowercase();
        self.lengths.get(&first)?.iter().rev().find_map(|length| {
            let here = rest.get(..*length)?;
            let after = rest.get(*length..)?.chars().next();
            // a name that ends in a sign ends there whatever follows
            let open = here.chars().next_back().is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric);
            let pseudonym = self.exact.get(here).or_else(|| self.alike.get(&here.to_ascii_lowercase()))?;
            (!open).then(|| (*length, pseudonym.clone()))
        })
    }

    /// What no list knows and its form tells.
    fn form_at(&mut self, rest: &str) -> Option<(usize, String)> {
        let end = rest.find(|character: char| character.is_whitespace() || ENDS.contains(&character)).unwrap_or(rest.len());
        let token = rest.get(..end)?;
        let (length, kind) = form(token)?;
        let kind = match kind {
            Form::Account => "account",
            Form::Address => "address",
            Form::Arn => "arn",
            Form::Link => "link",
            Form::Mail => "mail",
            Form::Task => "task",
        };
        let found = token.get(..length)?.to_ascii_lowercase();
        let pseudonym = match self.formed.get(&found) {
            Some(known) => known.clone(),
            None => {
                let new = self.next(kind);
                self.formed.insert(found, new.clone());
                new
            }
        };
        Some((length, pseudonym))
    }
}

fn subject(subject: &Subject, add: &mut impl FnMut(&'static str, &str)) {
    add("environment", subject.environment());
    if let Some(key) = subject.service() {
        add("cluster", &key.cluster);
        add("service", &key.service);
    }
}
