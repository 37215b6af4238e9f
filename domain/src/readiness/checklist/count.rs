//! What a checklist amounts to in the score (decision 0131).
//!
//! Not every item is a check: a list of two hundred boxes would drown the card. One check stands for each heading that has
//! boxes below it, asked of the environment the list was imported for. It holds by the share of boxes that are ticked, weighs
//! what the highest priority below it weighs (medium where none is written) and has no gate. Whoever imported the list stands
//! for its ticks for [`LASTS`]; then it is unknown until somebody confirms it or imports it again. The trap is the other
//! environments: the check is asked of each of them, and one that has no such list must not lose by it, so for those it does
//! not apply.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Checklist, ListItem, hashed};
use crate::readiness::card::{Check, Kind, Scope, Weight};
use crate::readiness::evidence::{Answer, Evidence, Found, Subject};
use crate::{Timestamp, text};

/// How long somebody's ticks count.
pub const LASTS: Duration = Duration::from_secs(90 * 86_400);
/// Most checks one checklist makes; with more headings the deeper ones are counted with those above them.
const MOST_CHECKS: usize = 50;
/// Minutes of work an open item is taken for.
const WORK_MINUTES: u32 = 30;
/// Open items that are named.
const NAMED: usize = 3;

/// A checklist as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeptChecklist {
    /// The number people call it by.
    pub id: i64,
    /// The environment it is about.
    pub environment: String,
    /// What people call it.
    pub name: String,
    /// When somebody last stood for its ticks.
    pub attested: Timestamp,
    /// Who.
    pub by: String,
    /// What it says.
    pub checklist: Checklist,
}

/// The boxes below one heading.
struct Group<'a> {
    path: Vec<String>,
    boxes: Vec<&'a ListItem>,
}

impl KeptChecklist {
    /// The checks it makes, in its order.
    pub fn checks(&self) -> Vec<Check> {
        self.groups().iter().map(|group| self.check(group)).collect()
    }

    /// Their evidence for each of the fleet's environments.
    pub fn evidence<'a>(&self, now: Timestamp, environments: impl IntoIterator<Item = &'a str>) -> Vec<Evidence> {
        let groups = self.groups();
        let source = format!("attested by {}, checklist \"{}\"", text::shown(&self.by), text::shown(&self.name));
        let mut all = Vec::new();
        for environment in environments {
            let subject = Subject::Environment { environment: environment.to_owned() };
            for group in &groups {
                let found = if environment == self.environment {
                    Found::seen(group.answer(), group.said(), self.attested, LASTS, source.clone())
                } else {
                    let said = format!("the checklist \"{}\" is about {}", text::shown(&self.name), text::shown(&self.environment));
                    Found::seen(Answer::NotApplicable, said, now, LASTS, source.clone())
                };
                all.push(Evidence { check: self.check_id(&group.path), subject: subject.clone(), found });
            }
        }
        all
    }

    /// Until when its ticks count.
    pub fn expires(&self) -> Timestamp {
        self.attested.plus(LASTS)
    }

    fn check(&self, group: &Group<'_>) -> Check {
        let heading = group.path.join(" › ");
        let title = if heading.is_empty() { self.name.as_str() } else { heading.as_str() };
        let open = u32::try_from(group.boxes.len().saturating_sub(group.ticked())).unwrap_or(u32::MAX);
        Check {
            id: self.check_id(&group.path),
            title: format!("{}: every box is ticked", text::shown(title)),
            category: text::shown(&self.name),
            weight: group.boxes.iter().filter_map(|item| item.priority).min().unwrap_or(Weight::Medium),
            gate: None,
            evidence: Kind::Attested,
            scope: Scope::Environment,
            ttl_minutes: Some(LASTS.as_secs() / 60),
            work_minutes: open.saturating_mul(WORK_MINUTES),
            why: format!("It stands in the checklist \"{}\".", text::shown(&self.name)),
            remedy: "Do what the open items say, tick them in the file and import it again.".to_owned(),
            preview: false,
            soc2: Vec::new(),
            iso27001: Vec::new(),
        }
    }

    /// A check's id: readable in front, certain at the end.
    fn check_id(&self, path: &[String]) -> String {
        let words = [self.environment.as_str(), self.name.as_str()].into_iter().chain(path.iter().map(String::as_str));
        let hash = hashed(words) & 0xffff_ffff;
        let last = path.last().map_or("all", String::as_str);
        format!("{}.{}-{hash:08x}", slug(&self.name, 20), slug(last, 24))
    }

    /// The boxes by heading: by the innermost ones, unless those are too many.
    fn groups(&self) -> Vec<Group<'_>> {
        let mut groups = Vec::new();
        for depth in (0..=usize::from(super::LEVELS)).rev() {
            groups = self.by_heading(depth);
            if groups.len() <= MOST_CHECKS {
                break;
            }
        }
        groups
    }

    /// The boxes by the first so many headings above them, in the order of the list.
    fn by_heading(&self, depth: usize) -> Vec<Group<'_>> {
        let mut places: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        let mut groups: Vec<Group<'_>> = Vec::new();
        for (path, section) in self.checklist.paths().into_iter().zip(&self.checklist.sections) {
            let boxes: Vec<&ListItem> = section.items.iter().filter(|item| item.done.is_some()).collect();
            if boxes.is_empty() {
                continue;
            }
            let path: Vec<String> = path.into_iter().take(depth).collect();
            let place = *places.entry(path.clone()).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.boxes.extend(boxes),
                None => groups.push(Group { path, boxes }),
            }
        }
        groups
    }
}

impl Group<'_> {
    fn ticked(&self) -> usize {
        self.boxes.iter().filter(|item| item.done == Some(true)).count()
    }

    fn answer(&self) -> Answer {
        let of = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Answer::share(of(self.ticked()), of(self.boxes.len())).mild()
    }

    /// `7 of 9 items are ticked; open: "Restore test", …`, the most important first.
    fn said(&self) -> String {
        let mut open: Vec<&ListItem> = self.boxes.iter().copied().filter(|item| item.done == Some(false)).collect();
        open.sort_by_key(|item| item.priority.unwrap_or(Weight::Medium));
        let head = format!("{} of {} items are ticked", self.ticked(), self.boxes.len());
        if open.is_empty() {
            return head;
        }
        let names: Vec<String> = open.iter().take(NAMED).map(|item| format!("\"{}\"", text::shown(&item.text))).collect();
        let more = if open.len() > NAMED { ", …" } else { "" };
        format!("{head}; open: {}{more}", names.join(", "))
    }
}

/// The letters and digits of a name, in lower case, with dashes between.
fn slug(name: &str, most: usize) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() {
            out.push(letter.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
        if out.len() >= most {
            break;
        }
    }
    let out = out.trim_end_matches('-');
    if out.is_empty() { "list".to_owned() } else { out.to_owned() }
}
