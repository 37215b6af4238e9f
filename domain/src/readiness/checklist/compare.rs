//! What an import would change, for the preview.
//!
//! Separate from the import because it is read before anything is kept. The trap is a word that was mended and looks like one
//! item lost and another one found: what says the same elsewhere, or nearly the same in the same place, is told as that.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Checklist, Placed, folded};

/// With more pairs than this below one heading nobody's wording is compared: such a list was written anew.
const MOST_PAIRS: usize = 250_000;

/// An item as the preview names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Line {
    /// Its id: the kept one's where it is gone, else the imported one's.
    pub id: String,
    /// The headings above it.
    pub path: Vec<String>,
    /// What it says.
    pub text: String,
    /// Whether it is ticked.
    pub done: bool,
}

/// An item that stands elsewhere or says it in other words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Moved {
    /// As it was.
    pub was: Line,
    /// As it is imported.
    pub is: Line,
}

/// What an import would change. Items without a box are counted nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Changes {
    /// Items that were not there.
    pub new: Vec<Line>,
    /// Items whose box is ticked now.
    pub ticked: Vec<Line>,
    /// Items whose box is open again.
    pub unticked: Vec<Line>,
    /// Items that are no longer there.
    pub gone: Vec<Line>,
    /// Items that stand elsewhere or say it in other words.
    pub reworded: Vec<Moved>,
    /// Items whose notes, depth or priority are others.
    pub noted: Vec<Line>,
    /// How many items are as they were.
    pub unchanged: usize,
    /// Whether headings, their order or what is said beside items are others.
    pub prose: bool,
}

impl Changes {
    /// Whether nothing would change.
    pub fn none(&self) -> bool {
        self.new.is_empty()
            && self.ticked.is_empty()
            && self.unticked.is_empty()
            && self.gone.is_empty()
            && self.reworded.is_empty()
            && self.noted.is_empty()
            && !self.prose
    }
}

/// What importing `imported` over `kept` would change. Nothing, exactly where the two are equal.
pub fn changes(kept: &Checklist, imported: &Checklist) -> Changes {
    let (before, after) = (boxed(kept), boxed(imported));
    let known: BTreeMap<&str, &Known<'_>> = before.iter().map(|known| (known.id(), known)).collect();
    let mut changes = Changes::default();
    let mut met = BTreeSet::new();
    let mut fresh = Vec::new();
    for is in &after {
        let Some(was) = known.get(is.id()) else {
            fresh.push(is);
            continue;
        };
        met.insert(is.id());
        let same = (was.placed.item.notes.as_str(), was.placed.item.depth, was.placed.item.priority)
            == (is.placed.item.notes.as_str(), is.placed.item.depth, is.placed.item.priority);
        match (was.done, is.done) {
            (false, true) => changes.ticked.push(is.line()),
            (true, false) => changes.unticked.push(is.line()),
            _ if !same => changes.noted.push(is.line()),
            _ => changes.unchanged += 1,
        }
    }
    let mut lost: Vec<&Known<'_>> = before.iter().filter(|was| !met.contains(was.id())).collect();
    pair_alike(&mut lost, &mut fresh, &mut changes.reworded);
    pair_similar(&mut lost, &mut fresh, &mut changes.reworded);
    changes.gone = lost.into_iter().map(Known::line).collect();
    changes.new = fresh.into_iter().map(Known::line).collect();
    // the order of items is nothing of one item's
    changes.prose = frame(kept) != frame(imported) || (changes.none() && kept != imported);
    changes
}

/// What is said beside items: headings, what stands below them, and bullets without a box.
fn frame(list: &Checklist) -> Vec<(u8, &str, &str)> {
    let mut frame = Vec::new();
    for section in &list.sections {
        frame.push((section.level, section.title.as_str(), section.prose.as_str()));
        let plain = section.items.iter().filter(|item| item.done.is_none());
        frame.extend(plain.map(|item| (item.depth, item.text.as_str(), item.notes.as_str())));
    }
    frame
}

/// An item with a box, and its text as it is compared.
struct Known<'a> {
    placed: Placed<'a>,
    done: bool,
    folded: String,
}

impl Known<'_> {
    fn id(&self) -> &str {
        &self.placed.item.id
    }

    fn line(&self) -> Line {
        let Placed { path, item } = &self.placed;
        Line { id: item.id.clone(), path: path.clone(), text: item.text.clone(), done: self.done }
    }

    fn similar(&self, other: &Self) -> bool {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
        let (mine, theirs) = (words(&self.folded), words(&other.folded));
        let common = mine.intersection(&theirs).count();
        common > 0 && common * 4 >= mine.len() + theirs.len()
    }
}

fn boxed(checklist: &Checklist) -> Vec<Known<'_>> {
    let placed = checklist.placed();
    placed.filter_map(|placed| Some(Known { done: placed.item.done?, folded: folded(&placed.item.text), placed })).collect()
}

/// Takes out what says the same, wherever it stands.
fn pair_alike(lost: &mut Vec<&Known<'_>>, fresh: &mut Vec<&Known<'_>>, found: &mut Vec<Moved>) {
    let mut by_text: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, is) in fresh.iter().enumerate().rev() {
        by_text.entry(is.folded.as_str()).or_default().push(index);
    }
    let mut used = BTreeSet::new();
    lost.retain(|was| {
        let Some(index) = by_text.get_mut(was.folded.as_str()).and_then(Vec::pop) else { return true };
        let Some(is) = fresh.get(index) else { return true };
        found.push(Moved { was: was.line(), is: is.line() });
        used.insert(index);
        false
    });
    keep_others(fresh, &used);
}

/// Takes out what says nearly the same below the same headings.
fn pair_similar(lost: &mut Vec<&Known<'_>>, fresh: &mut Vec<&Known<'_>>, found: &mut Vec<Moved>) {
    if lost.len().saturating_mul(fresh.len()) > MOST_PAIRS {
        return;
    }
    let mut used = BTreeSet::new();
    lost.retain(|was| {
        let mut left = fresh.iter().enumerate().filter(|(index, _)| !used.contains(index));
        let Some((index, is)) = left.find(|(_, is)| is.placed.path == was.placed.path && is.similar(was)) else { return true };
        found.push(Moved { was: was.line(), is: is.line() });
        used.insert(index);
        false
    });
    keep_others(fresh, &used);
}

fn keep_others(fresh: &mut Vec<&Known<'_>>, used: &BTreeSet<usize>) {
    let mut index = 0;
    fresh.retain(|_| {
        index += 1;
        !used.contains(&(index - 1))
    });
}
