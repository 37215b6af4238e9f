//! How ready the fleet is, and one service: the score with everything that explains it.
//!
//! Composed from one judgement and nothing else, so page, API and report say the same number for one instant. Separate from
//! [`crate::readiness`], which judges and words nothing. The trap is the number that stands alone: wherever a score is
//! shown its range, its confidence and what it would be without waivers stand beside it, and what holds it down is named.
//!
//! | module | holds |
//! |---|---|
//! | `query` | the question, as URLs say it |
//! | `compose` | the fleet's page: targets, levers, checks, what is not known |
//! | `rows` | the services, filtered and sorted |
//! | `answers` | one check of one subject, and a service's page |
//! | `acts` | what people can do about a check that does not hold |
//! | `changes` | what changed since an instant, check by check |
//! | `trend` | a score over time |
//! | `mending` | what a change can mend, and the link to its plan |
//! | `foretold` | what the score would become by it |
//! | `words` | states, letters and work as people say them |

mod acts;
mod answers;
mod changes;
mod compose;
mod foretold;
mod mending;
mod query;
mod rows;
mod trend;
mod words;

use serde::{Deserialize, Serialize};

use super::{Asked, Choice, Link, Paging};
use crate::Timestamp;
use crate::judge::Tone;
use crate::readiness::card::Scope;
use crate::readiness::{Card, Confidence, Letter, Promises, Readiness, Score, Unknown, Waiver, Weight};
use crate::service::ServiceKey;

pub use answers::{BroughtSaid, CheckGroup, CheckSaid, EnvironmentReadiness, ReadinessBrief, ServiceReadiness, WaiverSaid};
pub use changes::{
    ChangeWay, ChangesFacts, ChangesPeriod, ChangesQuery, CheckChanged, ReadinessChanges, StateChange, compared as changes_compared,
};
pub use foretold::{Foretold, LeftOut, TurnRow};
pub use mending::Mending;
pub use query::{Graded, ReadinessQuery, ReadinessSort};
pub use trend::{ReadinessTrend, TrendBreak, TrendFacts, TrendRow};

/// Everything the views are made of.
#[derive(Clone, Copy, Debug)]
pub struct ReadinessFacts<'a> {
    /// The store's revision it was read at.
    pub revision: u64,
    /// The card it was judged by, with the checks of checklists.
    pub card: &'a Card,
    /// How everything was judged.
    pub readiness: &'a Readiness,
    /// The waivers, those that are over as well.
    pub waivers: &'a [Waiver],
    /// What a health check would make of the services that lack one.
    pub promises: &'a Promises,
}

/// A score with its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Scored {
    /// The numbers.
    #[serde(flatten)]
    pub score: Score,
    /// `C`, `C?` with low confidence, a dash without a score.
    pub grade: String,
    /// `72`, `72 to 88`, `insufficient evidence`.
    pub range: String,
    /// How far it can be trusted.
    pub trust: Confidence,
    /// Confidence in whole percent, rounded down.
    pub percent: u16,
    /// How its lamp is drawn.
    pub tone: Tone,
}

impl From<&Score> for Scored {
    fn from(score: &Score) -> Self {
        Self {
            grade: score.grade(),
            range: score.range(),
            trust: score.trust(),
            percent: score.percent(),
            tone: words::letter_tone(score.letter),
            score: score.clone(),
        }
    }
}

/// What holds a score down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeldDown {
    /// The check's id.
    pub check: String,
    /// What it asks for.
    pub title: String,
    /// The highest score it allows.
    pub at: u8,
    /// Whether it is not known rather than failing.
    pub blind: bool,
    /// How many services or environments it stands so in.
    pub subjects: u64,
    /// `capped at 69 by H1 on 9 services`.
    pub said: String,
    /// The first of them, with their pages.
    pub named: Vec<Link>,
    /// Where all of them are listed.
    pub path: String,
}

/// A target, and what is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TargetRow {
    /// Its name: `A`.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// The risk whoever runs at it accepts.
    pub risk: String,
    /// The target it builds on.
    pub after: Option<String>,
    /// Whether every answer it needs holds or is waived.
    pub reached: bool,
    /// Answers it needs, over all services and environments that are asked.
    pub needed: u64,
    /// Of those, how many hold.
    pub held: u64,
    /// Of those that hold, how many by a waiver only.
    pub waived: u64,
    /// How it stands, as a sentence.
    pub said: String,
    /// What is missing, check by check.
    pub missing: Vec<GapRow>,
    /// The work that is left, in minutes: an estimate of the card's.
    pub work_minutes: u64,
    /// The same in words.
    pub work: String,
}

/// One check that keeps a target from being reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GapRow {
    /// The check's id.
    pub check: String,
    /// What it asks for.
    pub title: String,
    /// Services or environments that fail it or hold it in part.
    pub failing: u64,
    /// Those of which it is not known.
    pub unknown: u64,
    /// The work in words.
    pub work: String,
    /// Where they are listed.
    pub path: String,
}

/// How many services have a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LetterRow {
    /// The letter; none for services without a score.
    pub letter: Option<Letter>,
    /// How many.
    pub services: u64,
    /// How its lamp is drawn.
    pub tone: Tone,
    /// Where they are listed.
    pub path: String,
}

/// What mending one check everywhere would bring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LeverRow {
    /// The check's id.
    pub check: String,
    /// What it asks for.
    pub title: String,
    /// Services or environments it would have to be mended in.
    pub subjects: u64,
    /// The work, in minutes: an estimate of the card's.
    pub work_minutes: u64,
    /// The same in words.
    pub work: String,
    /// The fleet's score if it held everywhere, after every gate.
    pub becomes: Option<u8>,
    /// What it would add before gates, in tenths of a point.
    pub tenths: u64,
    /// Both in words: `stays 20, +4.2 before gates`.
    pub said: String,
    /// Where they are listed.
    pub path: String,
}

/// One check over the whole fleet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckRow {
    /// Its id.
    pub id: String,
    /// What it asks for.
    pub title: String,
    /// The group it stands in.
    pub category: String,
    /// How heavy it is.
    pub weight: Weight,
    /// The highest score allowed while it fails badly.
    pub gate: Option<u8>,
    /// Whether a person has to attest it; Signalbox sees the others itself.
    pub attested: bool,
    /// What it is asked of.
    pub scope: Scope,
    /// Shown and not counted.
    pub preview: bool,
    /// How many hold it.
    pub pass: u64,
    /// How many hold it in part.
    pub partial: u64,
    /// How many fail it.
    pub fail: u64,
    /// Of how many it is not known.
    pub unknown: u64,
    /// How many are waived.
    pub waived: u64,
    /// Of how many the question does not arise.
    pub not_applicable: u64,
}

/// What is not known of one check for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnknownRow {
    /// The check's id.
    pub check: String,
    /// What it asks for.
    pub title: String,
    /// Why it is not known.
    pub reason: Unknown,
    /// The same in words.
    pub words: String,
    /// Of how many services or environments.
    pub subjects: u64,
    /// When the oldest of them was last seen; none where one never was.
    pub seen: Option<Timestamp>,
    /// What is known of that one.
    pub said: String,
    /// The first of them, with their pages.
    pub named: Vec<Link>,
    /// Where all of them are listed.
    pub path: String,
}

/// A gate that holds one service down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GateSaid {
    /// The check's id.
    pub check: String,
    /// The highest score it allows.
    pub at: u8,
    /// Whether it is not known rather than failing.
    pub blind: bool,
}

/// How ready one service is, in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadinessRow {
    /// Which service.
    #[serde(flatten)]
    pub key: ServiceKey,
    /// Its tier, where a tag says one.
    pub tier: Option<String>,
    /// Its score.
    pub scored: Scored,
    /// What holds it down, the lowest first.
    pub gates: Vec<GateSaid>,
    /// Checks it holds.
    pub passes: u64,
    /// Checks it holds in part.
    pub partly: u64,
    /// Checks it fails.
    pub fails: u64,
    /// Checks of which it is not known.
    pub unknown: u64,
    /// Checks that are waived.
    pub waived: u64,
    /// Checks that do not apply.
    pub not_applicable: u64,
}

/// How ready the fleet is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadinessPage {
    /// The store's revision this was read at.
    pub revision: u64,
    /// The instant everything was judged at.
    pub at: Timestamp,
    /// The version of the formula.
    pub model: u32,
    /// The card's name.
    pub card: String,
    /// The score in a few words.
    pub headline: String,
    /// The score of the whole fleet.
    pub fleet: Scored,
    /// What has to be known to read it, as sentences.
    pub remarks: Vec<String>,
    /// What is to be done about waivers, with where; none where nothing is.
    pub waivers: Option<Link>,
    /// What holds it down, the lowest first.
    pub held_down: Vec<HeldDown>,
    /// The highest target that is reached.
    pub reached: Option<String>,
    /// The targets, the least first.
    pub targets: Vec<TargetRow>,
    /// How many services have which letter, the best first.
    pub letters: Vec<LetterRow>,
    /// What a rollout can mend in every service that needs it.
    pub mending: Option<Mending>,
    /// What would raise the score, the most for an hour of work first.
    pub levers: Vec<LeverRow>,
    /// What is not known, what was seen longest ago first.
    pub unknowns: Vec<UnknownRow>,
    /// How many such lines there are in all.
    pub unknowns_total: u64,
    /// The environments with the checks that are asked of each as a whole.
    pub environments: Vec<EnvironmentReadiness>,
    /// Every check, in the card's order.
    pub checks: Vec<CheckRow>,
    /// The services of this page.
    pub rows: Vec<ReadinessRow>,
    /// The question, as far as the form needs it.
    pub asked: Asked,
    /// Filters, with what each would show.
    pub choices: Vec<Choice>,
    /// Orders.
    pub orders: Vec<Choice>,
    /// Which page this is.
    pub paging: Paging,
    /// Where the same list, on all its pages, is saved from as CSV.
    pub csv: String,
}

/// The path of the page on which a service's checks are answered.
pub fn readiness_path(key: &ServiceKey) -> String {
    key.path().replacen("/services/", "/readiness/", 1)
}

#[cfg(test)]
mod tests;
