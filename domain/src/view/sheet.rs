//! A page as a sheet: panels of lines and tables whose cells are finished words.
//!
//! For pages that are tables and nothing else. Their facts have view types of their own, which the JSON API answers; what
//! the browser gets is the sheet made of them on the server, so that no formatting and none of those types is compiled
//! into the bundle. The trap: ages. A cell that is an instant stays one, and the page counts.

use serde::{Deserialize, Serialize};

use super::Link;
use crate::Timestamp;
use crate::judge::Tone;

/// A page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sheet {
    /// Its heading.
    pub title: String,
    /// How the lamp beside it is drawn.
    pub tone: Tone,
    /// When the oldest source it rests on last answered.
    pub observed: Option<Timestamp>,
    /// Why some of it is not current.
    pub stale: Option<String>,
    /// What in the URL was not understood.
    pub ignored: String,
    /// Its parts.
    pub panels: Vec<SheetPanel>,
}

/// A part of a page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SheetPanel {
    /// Where links to it point.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// What stands at the end of the heading's line.
    pub aside: String,
    /// What is to be known of it.
    pub note: String,
    /// Fields of the form that filters it.
    pub fields: Vec<SheetField>,
    /// Where that form leads.
    pub action: String,
    /// Links above the rows; the second part says whether it is where one is.
    pub chips: Vec<(Link, bool)>,
    /// The columns' headings; none: the rows are a list of sentences.
    pub heads: Vec<String>,
    /// Its rows.
    pub rows: Vec<SheetRow>,
    /// What stands there when there is no row.
    pub empty: String,
    /// Where the same rows, on all pages, are saved from as CSV.
    pub csv: Option<Link>,
    /// Which page of how many, and the addresses of those around it.
    pub pager: Option<(u32, u32, Option<String>, Option<String>)>,
}

/// A field of a form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SheetField {
    /// Its name in the URL.
    pub name: String,
    /// Its words.
    pub label: String,
    /// What it holds.
    pub value: String,
    /// What it may hold, each with its words; none: any text.
    pub choices: Vec<(String, String)>,
}

/// A row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SheetRow {
    /// What makes it this row from one answer to the next.
    pub key: String,
    /// Its cells.
    pub cells: Vec<Cell>,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cell {
    /// Its words.
    pub text: String,
    /// A lamp before them.
    pub tone: Option<Tone>,
    /// Where they lead.
    pub path: Option<String>,
    /// Smaller lines below.
    pub lines: Vec<String>,
    /// An instant, shown as an age after the words.
    pub at: Option<Timestamp>,
}

impl Cell {
    /// Words alone.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Words with a lamp.
    pub fn lamp(tone: Tone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Some(tone), ..Self::default() }
    }

    /// With smaller lines below.
    #[must_use]
    pub fn with_lines(mut self, lines: Vec<String>) -> Self {
        self.lines = lines.into_iter().filter(|line| !line.is_empty()).collect();
        self
    }

    /// Leading somewhere.
    #[must_use]
    pub fn to(mut self, path: Option<String>) -> Self {
        self.path = path;
        self
    }

    /// With an age.
    #[must_use]
    pub fn since(mut self, at: Option<Timestamp>) -> Self {
        self.at = at;
        self
    }
}
