//! From how checks stand to one number with its range, its confidence and its letter.
//!
//! The formula is argued in decision 0130; its parts are weights and permilles in `u64`, so that the same standings make the
//! same number on every machine. The fleet is no mean of services but the same formula over all their checks: a gate that
//! fails anywhere holds the whole fleet down, because a mean hides the one service that runs no task.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The whole of a value, a freshness or a confidence.
pub const WHOLE: u16 = 1_000;
/// The highest score while a gated check is not known.
pub const BLIND: u8 = 79;
/// Below this confidence there is no score, in permille.
const EVIDENCE_ENOUGH: u16 = 500;
/// From here on confidence is medium, and high, in permille.
const MEDIUM: u16 = 700;
const HIGH: u16 = 900;
/// With a larger share of the weight waived, in percent, the best letter is C.
const WAIVED_AT_MOST: u64 = 15;

/// One check of one subject, as the formula sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it weighs: tenths of the check's class, times the service's tier.
    pub weight: u64,
    /// The highest score allowed while it fails.
    pub gate: Option<u8>,
    /// How it stands.
    pub standing: Standing,
}

/// How one applicable check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Something was found.
    Known {
        /// How good it is, from 0 to [`WHOLE`].
        value: u16,
        /// Whether it is bad enough for the check's gate.
        gates: bool,
        /// How fresh it is, from 0 to [`WHOLE`].
        freshness: u16,
    },
    /// Nothing that counts was found.
    Unknown,
    /// Somebody accepted the failure, for a time.
    Waived {
        /// How fresh what is found meanwhile is; 0 where nothing is.
        freshness: u16,
    },
}

/// What the standings come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Score {
    /// From 0 to 100, after every cap; none where the evidence does not suffice.
    pub score: Option<u8>,
    /// What it would be at most, if everything unknown turned out well.
    pub upper: Option<u8>,
    /// What it would be if every waived check counted as failed.
    pub unwaived: Option<u8>,
    /// What the weights alone say, before gates.
    pub uncapped: Option<u8>,
    /// How much of the weight rests on fresh evidence, in permille.
    pub confidence: u16,
    /// The letter, where there is a score.
    pub letter: Option<Letter>,
    /// Weight of the checks that count, in tenths, without the waived ones.
    pub weight: u64,
    /// Weight earned, in tenths times permille.
    pub earned: u64,
    /// Weight of what is unknown, in tenths.
    pub unknown: u64,
    /// Weight that is waived, in tenths.
    pub waived: u64,
}

/// What people say for a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Letter {
    /// 90 and more.
    A,
    /// 80 and more.
    B,
    /// 70 and more, and the best there is with more than 15 % of the weight waived.
    C,
    /// 60 and more.
    D,
    /// Less.
    F,
}

/// How far a score can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Less than half of the weight rests on fresh evidence: there is no score.
    Insufficient,
    /// Less than 70 %: the letter has a question mark.
    Low,
    /// Less than 90 %.
    Medium,
    /// 90 % and more.
    High,
}

impl Letter {
    const fn of(score: u8) -> Self {
        match score {
            90.. => Self::A,
            80.. => Self::B,
            70.. => Self::C,
            60.. => Self::D,
            _ => Self::F,
        }
    }

    /// The letter itself.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::F => "F",
        }
    }
}

impl fmt::Display for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Confidence {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Insufficient => "insufficient evidence",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl Score {
    /// How far it can be trusted.
    pub const fn trust(&self) -> Confidence {
        match self.confidence {
            HIGH.. => Confidence::High,
            MEDIUM.. => Confidence::Medium,
            EVIDENCE_ENOUGH.. => Confidence::Low,
            _ => Confidence::Insufficient,
        }
    }

    /// Confidence in whole percent, rounded down: 89.9 % is not the 90 % that would be high.
    pub const fn percent(&self) -> u16 {
        self.confidence / 10
    }

    /// `C`, `C?` with low confidence, a dash without a score.
    pub fn grade(&self) -> String {
        match (self.letter, self.trust()) {
            (None, _) => "–".to_owned(),
            (Some(letter), Confidence::Low) => format!("{letter}?"),
            (Some(letter), _) => letter.to_string(),
        }
    }

    /// `72`, `72 to 88`, `insufficient evidence`.
    pub fn range(&self) -> String {
        match (self.score, self.upper) {
            (Some(score), Some(upper)) if upper > score => format!("{score} to {upper}"),
            (Some(score), _) => score.to_string(),
            (None, _) => Confidence::Insufficient.as_str().to_owned(),
        }
    }
}

/// Adds up how checks stand. Their order is without effect.
pub fn score(items: impl IntoIterator<Item = Item>) -> Score {
    let mut sums = Sums::default();
    for item in items {
        sums.add(item);
    }
    sums.score()
}

/// What is added up. Caps begin at 100, which caps nothing.
struct Sums {
    earned: u64,
    known: u64,
    unknown: u64,
    waived: u64,
    /// Weight times freshness.
    fresh: u64,
    failing: u8,
    blind: u8,
    waived_gate: u8,
}

impl Default for Sums {
    fn default() -> Self {
        Self { earned: 0, known: 0, unknown: 0, waived: 0, fresh: 0, failing: 100, blind: 100, waived_gate: 100 }
    }
}

impl Sums {
    fn add(&mut self, Item { weight, gate, standing }: Item) {
        let gate = gate.unwrap_or(100).min(100);
        match standing {
            Standing::Known { value, gates, freshness } => {
                self.known += weight;
                self.earned += weight * u64::from(value.min(WHOLE));
                self.fresh += weight * u64::from(freshness.min(WHOLE));
                if gates {
                    self.failing = self.failing.min(gate);
                }
            }
            Standing::Unknown => {
                self.unknown += weight;
                if gate < 100 {
                    self.blind = self.blind.min(gate.min(BLIND));
                }
            }
            Standing::Waived { freshness } => {
                self.waived += weight;
                self.fresh += weight * u64::from(freshness.min(WHOLE));
                self.waived_gate = self.waived_gate.min(gate);
            }
        }
    }

    fn score(self) -> Score {
        let counted = self.known + self.unknown;
        let all = counted + self.waived;
        let confidence = self.fresh.checked_div(all).map_or(0, |permille| u16::try_from(permille).unwrap_or(WHOLE));
        let bare =
            Score { confidence, weight: counted, earned: self.earned, unknown: self.unknown, waived: self.waived, ..Score::default() };
        if counted == 0 || confidence < EVIDENCE_ENOUGH {
            return bare;
        }
        let uncapped = percent(self.earned, counted);
        let capped = uncapped.min(self.failing).min(self.blind);
        let upper = percent(self.earned + self.unknown * u64::from(WHOLE), counted).min(self.failing);
        let unwaived = percent(self.earned, all).min(self.failing).min(self.blind).min(self.waived_gate);
        let letter = Letter::of(capped);
        let too_much = self.waived * 100 > all * WAIVED_AT_MOST;
        Score {
            score: Some(capped),
            upper: Some(upper),
            unwaived: Some(unwaived),
            uncapped: Some(uncapped),
            letter: Some(if too_much { letter.max(Letter::C) } else { letter }),
            ..bare
        }
    }
}

/// The share, in percent rounded down, that an earned weight is of a whole one.
fn percent(earned: u64, weight: u64) -> u8 {
    let percent = (earned * 100).checked_div(weight * u64::from(WHOLE)).unwrap_or(0);
    u8::try_from(percent.min(100)).unwrap_or(100)
}

#[cfg(test)]
mod tests;
