//! A score over time: what is on record of it, and in words.
//!
//! A row holds from one change to the next, so a score is told by its rows and never by samples. The trap is the line that goes on
//! over a change of the measure: a score of another formula, or of another score card, is compared with nothing before it, and
//! the row at which that begins says so.

use serde::{Deserialize, Serialize};

use crate::readiness::{Confidence, Subject};
use crate::{Timestamp, text};

/// Why a score is compared with nothing before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TrendBreak {
    /// Another version of the formula.
    Formula,
    /// Another score card, or other checklists.
    Card,
}

impl TrendBreak {
    /// The word beside its mark in a picture.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Formula => "formula",
            Self::Card => "score card",
        }
    }

    /// The same in words.
    pub const fn said(self) -> &'static str {
        match self {
            Self::Formula => "another version of the formula",
            Self::Card => "another score card",
        }
    }
}

/// What a score was from one instant to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrendRow {
    /// From when.
    pub from: Timestamp,
    /// Until when; none while it is so.
    pub to: Option<Timestamp>,
    /// The score, from 0 to 100; none where the evidence did not suffice.
    pub score: Option<u64>,
    /// What it was at most, if everything unknown had turned out well.
    pub upper: Option<u64>,
    /// With every waived check failed.
    pub unwaived: Option<u64>,
    /// How much of the weight rested on fresh evidence at its beginning, in permille.
    pub confidence: u64,
    /// The letter, where there was a score.
    pub letter: Option<String>,
    /// What held it down: the check and the highest score it allowed.
    pub caps: Vec<(String, u8)>,
    /// The version of the formula.
    pub model: u64,
    /// The digest of the score card.
    pub card: String,
    /// Why it is compared with nothing before it; none where it is.
    pub breaks: Option<TrendBreak>,
}

impl TrendRow {
    /// `72`, `72 to 88`, `insufficient evidence`.
    pub fn range(&self) -> String {
        match (self.score, self.upper) {
            (Some(score), Some(upper)) if upper > score => format!("{score} to {upper}"),
            (Some(score), _) => score.to_string(),
            (None, _) => Confidence::Insufficient.as_str().to_owned(),
        }
    }

    /// Confidence in whole percent, rounded down.
    pub const fn percent(&self) -> u64 {
        self.confidence / 10
    }

    /// `69 by H1, 79 by T1`; empty where nothing held it down.
    pub fn held(&self) -> String {
        self.caps.iter().map(|(check, at)| format!("{at} by {}", text::shown(check))).collect::<Vec<_>>().join(", ")
    }
}

/// A score over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadinessTrend {
    /// What it is the score of, in a few words: `the fleet`, `auth-nats`.
    pub of: String,
    /// Its beginning: the instant that was asked for, or when recording began where that is later.
    pub from: Timestamp,
    /// Its end: now.
    pub to: Timestamp,
    /// When recording began; none before anything was recorded.
    pub began: Option<Timestamp>,
    /// The rows, oldest first. The first may have begun before, the last has no end while it is so.
    pub rows: Vec<TrendRow>,
    /// Times in which nobody looked.
    pub gaps: Vec<(Timestamp, Timestamp)>,
    /// What it was and what it is, as a sentence.
    pub said: String,
    /// The picture in words, for whoever does not see it.
    pub summary: String,
    /// The picture; absent where numbers were asked for, or where nothing is on record.
    pub svg: Option<String>,
}

/// What a trend is made of.
#[derive(Clone, Debug, Default)]
pub struct TrendFacts {
    /// What it is the score of; none: the fleet.
    pub of: Option<Subject>,
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// When recording began.
    pub began: Option<Timestamp>,
    /// The rows, oldest first; what breaks is found here.
    pub rows: Vec<TrendRow>,
    /// Times in which nobody looked.
    pub gaps: Vec<(Timestamp, Timestamp)>,
}

impl ReadinessTrend {
    /// Of what is on record, without a picture.
    pub fn compose(facts: TrendFacts) -> Self {
        let TrendFacts { of, from, to, began, mut rows, gaps } = facts;
        for place in 1..rows.len() {
            let (before, after) = rows.split_at_mut(place);
            if let (Some(before), Some(row)) = (before.last(), after.first_mut()) {
                row.breaks = broken(before, row);
            }
        }
        let of = match &of {
            None => "the fleet".to_owned(),
            Some(Subject::Environment { environment }) => format!("what is asked of {} as a whole", text::shown(environment)),
            Some(Subject::Service(key)) => text::shown(&key.service),
        };
        let (said, summary) = (said(&rows), summary(&of, &rows));
        Self { of, from, to, began, rows, gaps, said, summary, svg: None }
    }

    /// How the score stands, where it is on record.
    pub fn now(&self) -> Option<&TrendRow> {
        self.rows.last().filter(|row| row.to.is_none())
    }
}

fn broken(before: &TrendRow, row: &TrendRow) -> Option<TrendBreak> {
    if before.model != row.model {
        Some(TrendBreak::Formula)
    } else if before.card != row.card {
        Some(TrendBreak::Card)
    } else {
        None
    }
}

/// `The score was 69 and is 72 to 88.`
fn said(rows: &[TrendRow]) -> String {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return "No score is on record in this time.".to_owned() };
    let (was, is) = (spoken(first), spoken(last));
    let told = match last.to {
        Some(_) => format!("The score was {is} in the end and is recorded no more."),
        None if rows.len() == 1 => format!("The score is {is} and was so all the time."),
        None if was == is => format!("The score was {was} and is so again."),
        None => format!("The score was {was} and is {is}."),
    };
    // the newest break says enough: what lies before it is another measure either way
    match rows.iter().rev().find_map(|row| row.breaks) {
        Some(why) => format!("{told} In between stands {}: the two are not the same measure.", why.said()),
        None => told,
    }
}

/// A score within a sentence.
fn spoken(row: &TrendRow) -> String {
    if row.score.is_some() { row.range() } else { "none, for want of evidence".to_owned() }
}

fn summary(of: &str, rows: &[TrendRow]) -> String {
    let scores = || rows.iter().filter_map(|row| row.score);
    let (Some(low), Some(high)) = (scores().min(), scores().max()) else {
        return format!("The score of {of}: there was none in this time.");
    };
    let last = rows.last().filter(|row| row.to.is_none());
    let now = last.map(|row| format!(", now {} with a confidence of {} %", row.range(), row.percent())).unwrap_or_default();
    let breaks = rows.iter().filter(|row| row.breaks.is_some()).count() as u64;
    let breaks = if breaks > 0 { format!(" It breaks {}, where the measure changed.", times(breaks)) } else { String::new() };
    format!("The score of {of} in this time: between {low} and {high}{now}.{breaks}")
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}
