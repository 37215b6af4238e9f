//! Scores, states and work in words. Kept together so that the fleet's page, a service's and the API cannot drift apart.

use crate::judge::Tone;
use crate::readiness::assess::Assessed;
use crate::readiness::{Letter, Score, State};

/// From here on the number alone would be a B, or better.
const B_FROM: u8 = 80;

/// How a check's state is drawn. What is waived fails as much as before, so it is never good.
pub(super) const fn state_tone(state: State) -> Tone {
    match state {
        State::Fail => Tone::Bad,
        State::Partial => Tone::Warn,
        State::Unknown => Tone::Unknown,
        State::Pass => Tone::Good,
        State::Waived | State::NotApplicable => Tone::Quiet,
    }
}

/// How a letter is drawn.
pub(super) const fn letter_tone(letter: Option<Letter>) -> Tone {
    match letter {
        Some(Letter::A | Letter::B) => Tone::Good,
        Some(Letter::C) => Tone::Warn,
        Some(Letter::D | Letter::F) => Tone::Bad,
        None => Tone::Unknown,
    }
}

/// How a check stands, as the rest of a sentence after its name; without a state: that it is open.
pub(super) const fn stands(state: Option<State>) -> &'static str {
    match state {
        Some(State::Fail) => "fails",
        Some(State::Partial) => "holds in part",
        Some(State::Unknown) => "is not known",
        Some(State::Waived) => "is waived",
        Some(State::Pass) => "passes",
        Some(State::NotApplicable) => "does not apply",
        None => "does not hold",
    }
}

/// `fails`, `unknown: too old to count`.
pub(super) fn state_said(assessed: &Assessed) -> String {
    match assessed.unknown {
        Some(reason) if assessed.state == State::Unknown => format!("{}: {}", assessed.state.title(), reason.said()),
        _ => assessed.state.title().to_owned(),
    }
}

/// `Readiness 69 to 83, D`.
pub(super) fn headline(score: &Score) -> String {
    match score.letter {
        Some(_) => format!("Readiness {}, {}", score.range(), score.grade()),
        None => format!("Readiness: {}", score.range()),
    }
}

/// What has to be known to read a score, as sentences: why there is none, why its letter is worse than its number.
pub(super) fn remarks(score: &Score) -> Vec<String> {
    let mut remarks = Vec::new();
    match (score.weight + score.waived, score.score) {
        (0, _) => remarks.push("Nothing has been asked yet: no service was seen, or no check of the card applies.".to_owned()),
        (_, None) => remarks.push(format!(
            "There is no score: {} % of the weight rests on evidence that still counts, and less than half is not enough.",
            score.percent()
        )),
        (_, Some(_)) => {}
    }
    if score.letter == Some(Letter::C) && score.score.is_some_and(|score| score >= B_FROM) {
        remarks.push("More than 15 % of the weight is waived, so C is the best letter there can be.".to_owned());
    }
    remarks
}

/// Somebody's work: minutes, hours, or days of eight hours, rounded up.
pub(super) fn work(minutes: u64) -> String {
    match minutes {
        0..=119 => format!("{minutes} min"),
        120..=959 => format!("{} h", minutes.div_ceil(60)),
        _ => format!("{} days", minutes.div_ceil(480)),
    }
}

/// What a score comes to, beside what it is now.
pub(super) fn becomes(now: Option<u8>, then: Option<u8>) -> String {
    match (now, then) {
        (Some(now), Some(then)) if now == then => format!("stays {now}"),
        (_, Some(then)) => format!("becomes {then}"),
        (_, None) => "still no score".to_owned(),
    }
}

/// `4.2` of tenths.
pub(super) fn tenths(tenths: u64) -> String {
    if tenths.is_multiple_of(10) { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}
