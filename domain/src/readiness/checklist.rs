//! Checklists as people keep them in Markdown: headings with priorities, items with boxes, notes below them.
//!
//! Here is what a checklist *is*, how it is written back, how two readings of one differ and what it counts for. Reading the
//! Markdown needs a parser of CommonMark, which this crate does not depend on: it is `server::checklist`. The trap is an item
//! that is another one after every import: its id is made of where it stands and what it says and of nothing that moves, so
//! that a tick, a note, a priority or a renumbered heading keeps it.
//!
//! | module | holds |
//! |---|---|
//! | [`heading`] | a heading's name and its priority |
//! | `write` | a checklist as Markdown again |
//! | [`compare`] | what an import would change |
//! | [`count`] | what a checklist amounts to in the score |

pub mod compare;
pub mod count;
pub mod heading;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use compare::{Changes, Moved, changes};
pub use count::{KeptChecklist, LASTS};

use super::card::Weight;

/// What a priority is: the classes of the score card.
pub type Priority = Weight;

/// Items may stand below one another so deep; what is deeper is a note.
pub const DEEPEST: usize = 20;
/// Levels of headings there are in Markdown.
pub const LEVELS: u8 = 6;

/// A checklist, in the order of its file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Checklist {
    /// Its headings, each with what stands below it.
    pub sections: Vec<Section>,
}

/// A heading and what stands below it, up to the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Section {
    /// From 1 to 6; 0 for what stands before the first heading.
    pub level: u8,
    /// The heading as it was written, with its number and its priority.
    pub title: String,
    /// What is said before the first item, as it was written.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prose: String,
    /// The items.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ListItem>,
}

/// An item, or a plain bullet that only groups the items below it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ListItem {
    /// Names it in this checklist.
    pub id: String,
    /// How many items it stands below.
    pub depth: u8,
    /// What it says, in one line of Markdown.
    pub text: String,
    /// What stands below it up to the next item, as it was written.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// Whether its box is ticked; none where it has no box.
    pub done: Option<bool>,
    /// Its own priority, or that of the nearest heading that has one.
    pub priority: Option<Priority>,
}

/// An item with where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<'a> {
    /// The names of the headings above it, the outermost first.
    pub path: Vec<String>,
    /// The item.
    pub item: &'a ListItem,
}

impl Checklist {
    /// Every item with its headings, in order.
    pub fn placed(&self) -> impl Iterator<Item = Placed<'_>> {
        self.paths()
            .into_iter()
            .zip(&self.sections)
            .flat_map(|(path, section)| section.items.iter().map(move |item| Placed { path: path.clone(), item }))
    }

    /// For each section, the names of the headings above it and its own, the outermost first.
    pub fn paths(&self) -> Vec<Vec<String>> {
        let mut above: Vec<(u8, String)> = Vec::new();
        let mut paths = Vec::with_capacity(self.sections.len());
        for section in &self.sections {
            if section.level > 0 {
                above.retain(|(level, _)| *level < section.level);
                above.push((section.level, heading::read(&section.title).0));
            }
            paths.push(above.iter().map(|(_, name)| name.clone()).collect());
        }
        paths
    }

    /// How many items with a box there are, and how many of them are ticked.
    pub fn ticked(&self) -> (usize, usize) {
        let boxes = self.sections.iter().flat_map(|section| &section.items).filter_map(|item| item.done);
        boxes.fold((0, 0), |(all, ticked), done| (all + 1, ticked + usize::from(done)))
    }

    /// The same with ids and priorities made anew from what it says.
    #[must_use]
    pub fn settled(mut self) -> Self {
        let paths = self.paths();
        let mut names = Names::default();
        let mut wide: Vec<(u8, Option<Priority>)> = Vec::new();
        for (section, path) in self.sections.iter_mut().zip(paths) {
            if section.level > 0 {
                wide.retain(|(level, _)| *level < section.level);
                wide.push((section.level, heading::read(&section.title).1));
            }
            let above = wide.iter().rev().find_map(|(_, priority)| *priority);
            let place: Vec<String> = path.iter().map(|name| folded(heading::unnumbered(name))).collect();
            let mut parents: Vec<(u8, String)> = Vec::new();
            for item in &mut section.items {
                parents.retain(|(depth, _)| *depth < item.depth);
                parents.push((item.depth, folded(&item.text)));
                item.priority = heading::marked(&item.text).or(above);
                item.id = names.fresh(&place, &parents);
            }
        }
        self
    }
}

/// The ids that are given.
#[derive(Default)]
struct Names {
    taken: BTreeSet<String>,
    /// How many items say the same in the same place.
    alike: BTreeMap<u64, u32>,
}

impl Names {
    /// An id nobody has yet. Items that say the same in the same place are told apart by their order.
    fn fresh(&mut self, place: &[String], parents: &[(u8, String)]) -> String {
        let place = place.iter().map(String::as_str).chain(["\u{1f}"]);
        let base = hashed(place.chain(parents.iter().map(|(_, text)| text.as_str())));
        let alike = self.alike.entry(base).or_default();
        loop {
            let id = if *alike == 0 { base } else { hashed([base.to_string().as_str(), alike.to_string().as_str()].into_iter()) };
            *alike += 1;
            let id = format!("{id:016x}");
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }
}

/// FNV-1a over words, each ended by a byte no UTF-8 has. It names and proves nothing: two that fall together get different ids
/// all the same.
fn hashed<'a>(words: impl Iterator<Item = &'a str>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in words.flat_map(|word| word.bytes().chain([0xff])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

/// A text as it is compared: in lower case, with single spaces.
fn folded(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
