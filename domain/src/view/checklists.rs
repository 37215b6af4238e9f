//! Checklists: what an import would change before it is kept, and the lists there are.
//!
//! Separate from [`crate::readiness::checklist`], which says what a list is and how two readings differ. The trap is a preview
//! that is about another list than the one that is overwritten: the address holds the hash of the file, and what is kept says
//! which state of the list it was compared with.

use serde::{Deserialize, Serialize};

use super::typed::{self, EndsIn, Typed};
use crate::change::FieldProblem;
use crate::readiness::KeptChecklist;
use crate::readiness::checklist::{Changes, Checklist, changes};
use crate::{Timestamp, text};

/// Where lists are imported.
const PATH: &str = "/readiness/checklists";
/// Most letters of a list's name.
const MOST_NAME: usize = 100;
/// What stands for no list being kept yet.
const NONE: &str = "none";

/// What is being imported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChecklistQuery {
    /// The environment it is about.
    pub environment: String,
    /// What people call it.
    pub name: String,
    /// The hash of the file that is held for it.
    pub file: String,
    /// What in the URL was not understood.
    pub ignored: Vec<String>,
}

impl ChecklistQuery {
    /// From the pairs of a URL's query; what is not understood is left at its default and named.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        typed::of_pairs(pairs)
    }

    /// From a URL's query.
    pub fn from_query(query: &str) -> Self {
        typed::of_query(query)
    }

    /// The URL of it.
    pub fn path(&self) -> String {
        typed::address(PATH, &[("environment", &self.environment), ("name", &self.name), ("file", &self.file)])
    }

    /// Everything that is wrong with where it would be kept and under which name.
    pub fn problems(&self, environments: &[String]) -> Vec<FieldProblem> {
        let mut problems: Vec<FieldProblem> = typed::strange(environments, &self.environment).into_iter().collect();
        let length = self.name.chars().count();
        if self.name.trim().is_empty() || length > MOST_NAME {
            problems.push(FieldProblem::new("name", format!("Give the list a name of 1 to {MOST_NAME} characters.")));
        } else if self.name.chars().any(text::harmful) || self.name.contains('\n') {
            problems.push(FieldProblem::new("name", "A name has no hidden characters and no line breaks."));
        }
        problems
    }
}

impl Typed for ChecklistQuery {
    fn understand(&mut self, name: &str, value: &str) -> bool {
        let place = match name {
            "environment" => &mut self.environment,
            "name" => &mut self.name,
            "file" => &mut self.file,
            _ => return false,
        };
        value.clone_into(place);
        true
    }

    fn ignored(&mut self) -> &mut Vec<String> {
        &mut self.ignored
    }
}

/// Something to look at before an import is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoticeSaid {
    /// The line of the file, from 1.
    pub line: u64,
    /// What is odd there.
    pub said: String,
}

/// A heading that becomes a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeadingSaid {
    /// The check's id.
    pub check: String,
    /// What it asks for.
    pub title: String,
    /// How heavy it is.
    pub weight: String,
}

/// What an import would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChecklistPreview {
    /// The environment it is about.
    pub environment: String,
    /// What people call it.
    pub name: String,
    /// The hash of the file.
    pub file: String,
    /// Items with a box.
    pub items: u64,
    /// Of those, how many are ticked.
    pub ticked: u64,
    /// The checks it makes, one a heading.
    pub checks: Vec<HeadingSaid>,
    /// What would be other than it is kept.
    pub changes: Changes,
    /// Whether it is the same as what is kept: keeping it would change nothing.
    pub same: bool,
    /// How many characters were repaired that had been decoded wrongly.
    pub repaired: u64,
    /// What may be damaged and could not be repaired for certain.
    pub notices: Vec<NoticeSaid>,
    /// With which state of the list it was compared; sent along when it is kept.
    pub seen: String,
    /// Who imported or confirmed that, and when.
    pub kept: Option<(String, Timestamp)>,
}

impl ChecklistPreview {
    /// What it would be to keep `list` as `query` says, where `kept` is what is there.
    pub fn compose(query: &ChecklistQuery, list: Checklist, kept: Option<&KeptChecklist>, now: Timestamp) -> Self {
        let (items, ticked) = list.ticked();
        let none = Checklist::default();
        let before = kept.map_or(&none, |kept| &kept.checklist);
        let (changes, same) = (changes(before, &list), kept.is_some_and(|kept| kept.checklist == list));
        let would = KeptChecklist {
            id: 0,
            environment: query.environment.clone(),
            name: query.name.trim().to_owned(),
            attested: now,
            by: String::new(),
            checklist: list,
        };
        let checks = would.checks().into_iter().map(|check| HeadingSaid {
            weight: check.weight.as_str().to_owned(),
            check: check.id,
            title: check.title,
        });
        Self {
            checks: checks.collect(),
            environment: would.environment,
            name: would.name,
            file: query.file.clone(),
            items: items as u64,
            ticked: ticked as u64,
            changes,
            same,
            repaired: 0,
            notices: Vec::new(),
            seen: seen(kept),
            kept: kept.map(|kept| (text::shown(&kept.by), kept.attested)),
        }
    }
}

/// Names the state of a list, or that there is none.
pub fn seen(kept: Option<&KeptChecklist>) -> String {
    kept.map_or_else(|| NONE.to_owned(), |kept| kept.attested.to_string())
}

/// A list that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChecklistRow {
    /// The number people call it by.
    pub id: i64,
    /// The environment it is about.
    pub environment: String,
    /// What people call it.
    pub name: String,
    /// Items with a box.
    pub items: u64,
    /// Of those, how many are ticked.
    pub ticked: u64,
    /// How many checks it makes.
    pub checks: u64,
    /// Who stands for its ticks.
    pub by: String,
    /// Since when.
    pub attested: Timestamp,
    /// From then on the ticks no longer count.
    pub expires: Timestamp,
    /// How soon that is.
    pub ending: EndsIn,
    /// Where it is as Markdown.
    pub markdown: String,
}

/// The page of the checklists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChecklistsPage {
    /// The store's revision this was read at.
    pub revision: u64,
    /// The environments.
    pub environments: Vec<String>,
    /// The lists, by environment and name.
    pub rows: Vec<ChecklistRow>,
}

impl ChecklistsPage {
    /// The page of these lists.
    pub fn compose(revision: u64, environments: Vec<String>, lists: &[KeptChecklist], now: Timestamp) -> Self {
        let row = |kept: &KeptChecklist| {
            let (items, ticked) = kept.checklist.ticked();
            ChecklistRow {
                id: kept.id,
                environment: text::shown(&kept.environment),
                name: text::shown(&kept.name),
                items: items as u64,
                ticked: ticked as u64,
                checks: kept.checks().len() as u64,
                by: text::shown(&kept.by),
                attested: kept.attested,
                expires: kept.expires(),
                ending: EndsIn::of(kept.expires(), now),
                markdown: format!("/api/v1/checklists/{}/markdown", kept.id),
            }
        };
        Self { revision, environments, rows: lists.iter().map(row).collect() }
    }
}

/// What came of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChecklistKept {
    /// The list's number.
    pub id: i64,
    /// Whether it was the same as before, so that nothing was written.
    pub same: bool,
}

#[cfg(test)]
mod tests;
