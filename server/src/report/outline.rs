//! What a reader sees, in parts: headings, sentences, lists, tables, plots. HTML and Markdown are two ways to write them.
//!
//! Separate so that both say the same in the same words, and so that no renderer reads the document by itself. Everything is
//! plain text here; whoever writes it down escapes it. Page one alone must do for a manager: the letter, the target, what
//! changed, three gaps with their owners, who accepted what. The trap is the long table: what is left out is counted and said.

mod first;
mod rest;

use std::time::Duration;

use domain::Timestamp;
use domain::judge::Tone;
use domain::readiness::State;
use domain::report::{Document, PlottedTimes};
use domain::view::PreviewPart;

/// A part.
pub(super) enum Part<'a> {
    /// The report's own heading.
    Title(String),
    /// The heading of a section, with the name links find it by.
    Heading(&'static str, String),
    /// The heading of a part of a section.
    Subheading(String),
    /// The most important numbers: what each is, and the number.
    Figures(Vec<(&'static str, String)>),
    /// A sentence or two.
    Say(String),
    /// What must not be overlooked.
    Warn(String),
    /// Points.
    List(Vec<String>),
    /// A table.
    Table(Table),
    /// A picture; what cannot draw says its words.
    Plot(&'a PlottedTimes),
    /// On paper, a new sheet.
    Sheet,
}

/// A table.
pub(super) struct Table {
    /// The columns: heading, and whether its cells are numbers.
    pub(super) heads: Vec<(&'static str, bool)>,
    /// The rows, each as long as the heads.
    pub(super) rows: Vec<Vec<Cell>>,
    /// What stands there without a row.
    pub(super) empty: &'static str,
    /// Rows that are left out here and stand in the document.
    pub(super) left_out: usize,
}

/// A cell.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// Its words.
    pub(super) text: String,
    /// The lamp beside them; quiet: none.
    pub(super) tone: Tone,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, tone: Tone::Quiet }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl Cell {
    /// With a lamp.
    fn lit(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }
}

impl Table {
    /// As many rows as are read; the others are counted.
    fn of(heads: &[(&'static str, bool)], rows: impl IntoIterator<Item = Vec<Cell>>, most: usize, empty: &'static str) -> Self {
        let mut rows: Vec<Vec<Cell>> = rows.into_iter().collect();
        let left_out = rows.len().saturating_sub(most);
        rows.truncate(most);
        Self { heads: heads.to_vec(), rows, empty, left_out }
    }
}

/// The document in parts.
pub(super) fn outline(document: &Document) -> Vec<Part<'_>> {
    let mut parts = first::page(document);
    parts.push(Part::Sheet);
    rest::pages(document, &mut parts);
    parts
}

/// The first page alone, for a page that shows what a report would say.
pub(super) fn first_page(document: &Document) -> Vec<PreviewPart> {
    let shown = |said: String| domain::text::shown(&said);
    let part = |part: Part<'_>| {
        Some(match part {
            Part::Title(said) | Part::Heading(_, said) | Part::Subheading(said) => PreviewPart::Heading { said: shown(said) },
            Part::Figures(figures) => {
                PreviewPart::Figures { figures: figures.into_iter().map(|(what, number)| (what.to_owned(), shown(number))).collect() }
            }
            Part::Say(said) => PreviewPart::Say { said: shown(said) },
            Part::Warn(said) => PreviewPart::Warn { said: shown(said) },
            Part::List(points) => PreviewPart::List { points: points.into_iter().map(shown).collect() },
            Part::Table(table) => PreviewPart::Table {
                heads: table.heads.iter().map(|(head, _)| (*head).to_owned()).collect(),
                rows: table.rows.into_iter().map(|row| row.into_iter().map(|cell| shown(cell.text)).collect()).collect(),
                empty: table.empty.to_owned(),
            },
            // page one has neither
            Part::Plot(_) | Part::Sheet => return None,
        })
    };
    first::page(document).into_iter().filter_map(part).collect()
}

/// How a state is drawn.
const fn tone(state: State) -> Tone {
    match state {
        State::Fail => Tone::Bad,
        State::Partial => Tone::Warn,
        State::Unknown => Tone::Unknown,
        State::Waived => Tone::Move,
        State::Pass => Tone::Good,
        State::NotApplicable => Tone::Quiet,
    }
}

/// `2 May 2026, 09:41`, UTC.
fn when(at: Timestamp) -> String {
    format!("{}, {}", at.day(), at.clock_time().get(..5).unwrap_or_default())
}

/// Somebody's work: minutes, hours, or days of eight hours, rounded up.
pub(super) fn work(minutes: u64) -> String {
    match minutes {
        0..=119 => format!("{minutes} min"),
        120..=959 => format!("{} h", minutes.div_ceil(60)),
        _ => format!("{} days", minutes.div_ceil(480)),
    }
}

/// Seconds as people say them.
fn seconds(seconds: u64) -> String {
    domain::time::span(Duration::from_secs(seconds))
}

/// `87.3 %`, rounded down.
fn percent(permille: u64) -> String {
    format!("{}.{} %", permille / 10, permille % 10)
}

/// A word or a dash.
fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_and_shares_are_said_shortly() {
        assert_eq!([work(0), work(119), work(121), work(960)], ["0 min", "119 min", "3 h", "2 days"]);
        assert_eq!([percent(1_000), percent(999), percent(5)], ["100.0 %", "99.9 %", "0.5 %"]);
    }
}
