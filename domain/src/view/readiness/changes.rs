//! What changed since an instant, check by check, and the score over that time.
//!
//! What is on record of a check is how it stood and since when. Why it stands so is known of the present alone, so the reason is the
//! judgement's, and where that has gone on meanwhile it says so. The trap is the time before recording began: a check that
//! nobody had asked yet has not changed, so nothing is compared with an instant from before.
//!
//! | module | holds |
//! |---|---|
//! | `query` | the question, as URLs say it |

mod query;

use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::compose::{link, said};
use super::{ReadinessFacts, ReadinessTrend, words};
use crate::judge::Tone;
use crate::readiness::assess::Judged;
use crate::readiness::{Check, State, Subject};
use crate::report::compare::rank;
use crate::view::{CheckOffered, Choice, Paging};
use crate::{Timestamp, text};

pub use query::{ChangesPeriod, ChangesQuery};

/// Which way a check moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeWay {
    /// It holds less far than it did.
    Worse,
    /// It was known and is not any more.
    Unknown,
    /// It holds further than it did.
    Better,
    /// It is asked for the first time, or no more, or neither of the two states is the better one.
    Other,
}

impl ChangeWay {
    /// Every way, what needs somebody first.
    pub const ALL: [Self; 4] = [Self::Worse, Self::Unknown, Self::Better, Self::Other];

    /// Which way it is from one state to another; better and worse are the report's.
    pub fn of(before: Option<State>, after: Option<State>) -> Self {
        let (Some(before), Some(after)) = (before, after) else { return Self::Other };
        match rank(after).cmp(&rank(before)) {
            _ if after == State::Unknown => Self::Unknown,
            Ordering::Less => Self::Worse,
            Ordering::Greater => Self::Better,
            Ordering::Equal => Self::Other,
        }
    }

    /// The word in URLs and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Unknown => "unknown",
            Self::Better => "better",
            Self::Other => "other",
        }
    }

    /// The words on pages.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Unknown => "became unknown",
            Self::Better => "better",
            Self::Other => "neither",
        }
    }

    /// How its lamp is drawn.
    pub const fn tone(self) -> Tone {
        match self {
            Self::Worse => Tone::Bad,
            Self::Unknown => Tone::Unknown,
            Self::Better => Tone::Good,
            Self::Other => Tone::Quiet,
        }
    }

    /// The way of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == word)
    }
}

/// A check that stands otherwise than it stood, as it is on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// Of what.
    pub subject: Subject,
    /// The check's id.
    pub check: String,
    /// How it stood; none where it was not asked.
    pub before: Option<State>,
    /// How it stands; none where it is asked no more.
    pub after: Option<State>,
    /// Since when.
    pub at: Timestamp,
}

/// A check that changed, with its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckChanged {
    /// Of what.
    pub subject: Subject,
    /// By name: the service's, or the environment's.
    pub name: String,
    /// Where the check is answered.
    pub path: String,
    /// The check's id.
    pub check: String,
    /// What it asks for; none where the card does not have it any more.
    pub title: Option<String>,
    /// Shown and not counted.
    pub preview: bool,
    /// How it stood; none where it was not asked.
    pub before: Option<State>,
    /// The same in words.
    pub was: String,
    /// How that lamp is drawn.
    pub was_tone: Tone,
    /// How it stands; none where it is asked no more.
    pub after: Option<State>,
    /// The same in words.
    pub is: String,
    /// How that lamp is drawn.
    pub is_tone: Tone,
    /// Which way it moved.
    pub direction: ChangeWay,
    /// Since when it stands so.
    pub at: Timestamp,
    /// Why it stands so, as far as that is known now.
    pub reason: String,
}

/// What changed since an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadinessChanges {
    /// The store's revision this was read at.
    pub revision: u64,
    /// What time it is.
    pub at: Timestamp,
    /// Since when was asked.
    pub since: Timestamp,
    /// When recording began; none before anything was recorded.
    pub began: Option<Timestamp>,
    /// The instant everything is compared with: the later of the two.
    pub compared: Timestamp,
    /// How much changed, in a few words.
    pub headline: String,
    /// What has to be known to read it, as sentences.
    pub remarks: Vec<String>,
    /// Why the question cannot be answered as it was asked.
    pub problem: Option<String>,
    /// The score over that time.
    pub trend: ReadinessTrend,
    /// What changed, the newest first; one page of it.
    pub changes: Vec<CheckChanged>,
    /// The checks there are, in the card's order.
    pub checks: Vec<CheckOffered>,
    /// The environments.
    pub environments: Vec<String>,
    /// How far back one may look.
    pub periods: Vec<Choice>,
    /// Filters, with what each would show.
    pub choices: Vec<Choice>,
    /// Which page this is.
    pub paging: Paging,
    /// Where everything that changed is saved from as CSV.
    pub csv: String,
    /// Where the score over that time is.
    pub trend_csv: String,
    /// What in the URL was not understood.
    pub ignored: Vec<String>,
}

/// What the page is made of.
#[derive(Clone, Debug)]
pub struct ChangesFacts<'a> {
    /// How everything stands, for what things are called and why they stand so.
    pub judged: ReadinessFacts<'a>,
    /// The store's revision.
    pub revision: u64,
    /// What time it is.
    pub now: Timestamp,
    /// What changed since the instant that [`compared`] says, in any order.
    pub changed: Vec<StateChange>,
    /// The score over that time.
    pub trend: ReadinessTrend,
    /// The environments.
    pub environments: Vec<String>,
}

/// The instant everything is compared with: that which was asked for, and not before recording began, nor ahead of `now`.
pub fn compared(query: &ChangesQuery, began: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let (query, _) = query.behind(now);
    query.since(now).max(began.unwrap_or_default()).min(now)
}

impl ReadinessChanges {
    /// Of what is on record, as far as it was asked for.
    pub fn compose(facts: ChangesFacts<'_>, query: &ChangesQuery) -> Self {
        let ChangesFacts { judged, revision, now, mut changed, trend, environments } = facts;
        let began = trend.began;
        let (query, problem) = understood(&judged, query, &changed).behind(now);
        let (since, compared) = (query.since(now), compared(&query, began, now));
        changed.sort_by(|one, other| {
            let key = |of: &StateChange| Reverse(of.at);
            key(one).cmp(&key(other)).then_with(|| (&one.subject, &one.check).cmp(&(&other.subject, &other.check)))
        });
        let covered: Vec<&StateChange> = changed.iter().filter(|change| query.covers(change)).collect();
        let way = |change: &StateChange| ChangeWay::of(change.before, change.after);
        let ways = ChangeWay::ALL.map(|wanted| (wanted, covered.iter().filter(|change| way(change) == wanted).count() as u64));
        let matching: Vec<&StateChange> =
            covered.into_iter().filter(|change| query.direction.is_none_or(|wanted| wanted == way(change))).collect();
        let known = known(&judged);
        let skip = (query.page.saturating_sub(1) as usize).saturating_mul(query.per as usize);
        let shown = matching.iter().skip(skip).take(query.per as usize);
        Self {
            revision,
            at: now,
            since,
            began,
            compared,
            headline: headline(began, changed.len() as u64),
            remarks: remarks(began.filter(|began| *began > since)),
            problem,
            changes: shown.map(|change| row(&judged, known.get(&change.subject).copied(), change)).collect(),
            checks: judged.card.checks.iter().map(offered).collect(),
            periods: query.periods(),
            choices: query.choices(&ways, &environments),
            paging: query.paging(matching.len() as u64, changed.len() as u64),
            csv: query.csv_path(),
            trend_csv: query.trend_path(),
            ignored: query.ignored,
            trend,
            environments,
        }
    }
}

/// The question, without a check of which nobody knows.
fn understood(judged: &ReadinessFacts<'_>, query: &ChangesQuery, changed: &[StateChange]) -> ChangesQuery {
    let mut query = query.clone();
    let strange = |check: &mut String| judged.card.check(check).is_none() && !changed.iter().any(|change| change.check == *check);
    if let Some(check) = query.check.take_if(strange) {
        query.ignored.push(format!("check={}", text::shown(&check)));
    }
    query
}

fn known<'a>(judged: &ReadinessFacts<'a>) -> HashMap<&'a Subject, &'a Judged> {
    let all = judged.readiness.environments.iter().chain(&judged.readiness.services);
    all.map(|judged| (&judged.asked.subject, judged)).collect()
}

fn offered(check: &Check) -> CheckOffered {
    CheckOffered { id: text::shown(&check.id), title: text::shown(&check.title) }
}

fn headline(began: Option<Timestamp>, changed: u64) -> String {
    match (began, changed) {
        (None, _) => "Nothing is on record yet".to_owned(),
        (Some(_), 0) => "No answer changed".to_owned(),
        (Some(_), count) => format!("{} changed", text::count(count, "answer")),
    }
}

/// `later`: when recording began, where that is after the instant that was asked for.
fn remarks(later: Option<Timestamp>) -> Vec<String> {
    let second = |at: Timestamp| Timestamp::from_secs(at.as_micros().div_euclid(1_000_000));
    let said =
        |began| format!("Recording began at {}. Nothing is known from before, so everything is compared with that instant.", second(began));
    later.map(said).into_iter().collect()
}

fn row(facts: &ReadinessFacts<'_>, judged: Option<&Judged>, change: &StateChange) -> CheckChanged {
    let check = facts.card.check(&change.check);
    let (link, id) = (link(&change.subject), text::shown(&change.check));
    let tone = |state: Option<State>| state.map_or(Tone::Quiet, words::state_tone);
    CheckChanged {
        subject: change.subject.clone(),
        name: link.label,
        path: if change.subject.service().is_some() { format!("{}#check-{id}", link.path) } else { link.path },
        check: id,
        title: check.map(|check| text::shown(&check.title)),
        preview: check.is_some_and(|check| check.preview),
        before: change.before,
        was: change.before.map_or("not asked", State::title).to_owned(),
        was_tone: tone(change.before),
        after: change.after,
        is: change.after.map_or("not asked", State::title).to_owned(),
        is_tone: tone(change.after),
        direction: ChangeWay::of(change.before, change.after),
        at: change.at,
        reason: reason(facts, judged, change),
    }
}

/// Why a check stands as it does, by the newest judgement.
fn reason(facts: &ReadinessFacts<'_>, judged: Option<&Judged>, change: &StateChange) -> String {
    let Some(after) = change.after else {
        let gone = "What it was asked of is gone.";
        return judged.map_or(gone, |_| "It is asked no more: the score card or a checklist is another one.").to_owned();
    };
    let known = judged.and_then(|judged| judged.check(&change.check)).zip(facts.card.check(&change.check));
    let Some((assessed, check)) = known else { return "It was not asked at the last look.".to_owned() };
    if assessed.state != after {
        return format!("It moved on since this was recorded: {}.", words::state_said(assessed));
    }
    if let Some(waiver) = assessed.waiver.and_then(|id| facts.waivers.iter().find(|waiver| waiver.id == id)) {
        let (by, why) = (text::shown(&waiver.requester), text::shown(&waiver.wish.reason));
        return format!("Waiver {}, asked for by {by}: {why}", waiver.id);
    }
    let seen = said(facts, check, assessed);
    match assessed.unknown.filter(|_| after == State::Unknown) {
        Some(unknown) => format!("{}: {seen}", unknown.said()),
        None => seen,
    }
}

#[cfg(test)]
mod tests;
