//! What questions share that stand in the address, reading and writing it; and what forms share, ends that are typed and
//! places that are named.
//!
//! Separate from the forms, because an attestation and a waiver name a check, a place and an end in the same way. The trap is
//! a typing error that becomes evidence of nothing: a service nobody has seen is told beside its field and not kept.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::timeline::instant;
use crate::change::FieldProblem;
use crate::judge::Tone;
use crate::readiness::Readiness;
use crate::service::{ServiceKey, decoded, encoded};
use crate::{Timestamp, text};

const DAY: Duration = Duration::from_secs(86_400);
/// Environments that are named where somebody names one that is none.
const NAMED: usize = 5;

/// A form whose every field stands in its address.
pub(super) trait Typed: Default {
    /// Takes one pair of the address; answers whether it meant anything.
    fn understand(&mut self, name: &str, value: &str) -> bool;

    /// Where what was not understood is named.
    fn ignored(&mut self) -> &mut Vec<String>;
}

/// From the pairs of a URL's query; what is not understood is left at its default and named.
pub(super) fn of_pairs<'a, T: Typed>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> T {
    let mut typed = T::default();
    let strange = ignored(pairs, |name, value| typed.understand(name, value));
    typed.ignored().extend(strange);
    typed
}

/// Gives the pairs of a URL's query to `understand`, one by one; answers those that meant nothing to it, as pages name them.
pub(super) fn ignored<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    mut understand: impl FnMut(&str, &str) -> bool,
) -> Vec<String> {
    let strange = pairs.into_iter().filter(|&(name, value)| !value.is_empty() && !understand(name, value));
    strange.map(|(name, value)| format!("{}={}", text::shown(name), text::shown(value))).collect()
}

/// From a URL's query as [`address`] writes it.
pub(super) fn of_query<T: Typed>(query: &str) -> T {
    let pairs: Vec<(String, String)> =
        query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (decoded(name), decoded(value))).collect();
    of_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

/// How soon something that counts will end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EndsIn {
    /// It has ended.
    Over,
    /// Within a day.
    Day,
    /// Within three days.
    ThreeDays,
    /// Within two weeks.
    TwoWeeks,
    /// Later than that.
    Later,
}

impl EndsIn {
    /// How soon `end` is at `now`.
    pub fn of(end: Timestamp, now: Timestamp) -> Self {
        if end <= now {
            return Self::Over;
        }
        let left = end.since(now);
        [(Self::Day, 1), (Self::ThreeDays, 3), (Self::TwoWeeks, 14)]
            .into_iter()
            .find(|(_, days)| left <= DAY.saturating_mul(*days))
            .map_or(Self::Later, |(ending, _)| ending)
    }

    /// In words, as the rest of a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Over => "has ended",
            Self::Day => "ends within a day",
            Self::ThreeDays => "ends within 3 days",
            Self::TwoWeeks => "ends within 14 days",
            Self::Later => "counts",
        }
    }

    /// How its lamp is drawn.
    pub const fn tone(self) -> Tone {
        match self {
            Self::Over => Tone::Unknown,
            Self::Day => Tone::Bad,
            Self::ThreeDays | Self::TwoWeeks => Tone::Warn,
            Self::Later => Tone::Good,
        }
    }
}

/// A check that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckOffered {
    /// Its id.
    pub id: String,
    /// What it asks for.
    pub title: String,
}

/// That an environment is none of these, where it is none.
pub(super) fn strange(environments: &[String], environment: &str) -> Option<FieldProblem> {
    if environments.iter().any(|name| name == environment) {
        return None;
    }
    let named: Vec<String> = environments.iter().take(NAMED).map(|name| text::shown(name)).collect();
    let said = format!("\"{}\" is no environment here; there is {}.", text::shown(environment), named.join(", "));
    Some(FieldProblem::new("environment", said))
}

/// Looks whether a place is one of the fleet's, and names its cluster where the service alone says which.
pub fn placed(
    readiness: &Readiness,
    environments: &[String],
    environment: &str,
    cluster: &mut Option<String>,
    service: Option<&str>,
) -> Option<FieldProblem> {
    if environment.is_empty() {
        return Some(FieldProblem::new("environment", "Say which environment it is about."));
    }
    if let Some(problem) = strange(environments, environment) {
        return Some(problem);
    }
    let service = service?;
    let fits = |key: &&ServiceKey| {
        key.environment == environment && key.service == service && cluster.as_ref().is_none_or(|cluster| *cluster == key.cluster)
    };
    let keys = readiness.services.iter().filter_map(|judged| judged.asked.subject.service());
    let found: Vec<&ServiceKey> = keys.filter(fits).collect();
    match found.as_slice() {
        [] => {
            let said = "was never seen there. It may be misspelled, in another cluster, or not swept yet.";
            Some(FieldProblem::new("service", format!("The service {} {said}", text::shown(service))))
        }
        [only] => {
            *cluster = Some(only.cluster.clone());
            None
        }
        _ => Some(FieldProblem::new("cluster", "Several clusters have a service of that name: say which.")),
    }
}

/// The address of a form with these fields; those that are empty are left out.
pub(super) fn address(base: &str, fields: &[(&str, &str)]) -> String {
    let typed = fields.iter().filter(|(_, value)| !value.is_empty());
    let query: Vec<String> = typed.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    if query.is_empty() { base.to_owned() } else { format!("{base}?{}", query.join("&")) }
}

/// The instant in the field `expires`.
pub(super) fn end(typed: &str, problems: &mut Vec<FieldProblem>) -> Option<Timestamp> {
    let typed = typed.trim();
    let end = instant(typed, "00:00:00");
    if end.is_none() && !typed.is_empty() {
        let said = format!("\"{}\" is no instant: write it in UTC as 2026-05-02T22:00.", text::shown(typed));
        problems.push(FieldProblem::new("expires", said));
    }
    end
}

/// The latest end there may be, as a field writes it: no zone, no seconds.
pub(super) fn latest(now: Timestamp, longest: Duration) -> String {
    now.plus(longest).to_string().get(..16).unwrap_or_default().to_owned()
}

/// What was typed; none where nothing was.
pub(super) fn some(typed: &str) -> Option<String> {
    let typed = typed.trim();
    (!typed.is_empty()).then(|| typed.to_owned())
}

/// What was typed in several lines: browsers end each with two characters, of which one would show.
pub(super) fn prose(typed: &str) -> String {
    typed.replace("\r\n", "\n").trim().to_owned()
}

/// Adds what is wrong with fields of which nothing was said yet.
pub fn more(problems: &mut Vec<FieldProblem>, found: impl IntoIterator<Item = FieldProblem>) {
    for problem in found {
        if !problems.iter().any(|told| told.field == problem.field) {
            problems.push(problem);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_soon_is_told_in_three_steps() {
        let now = Timestamp::from_secs(1_777_714_800);
        let ending = |hours: u64| EndsIn::of(now.plus(Duration::from_secs(hours * 3_600)), now);
        let steps = [0, 1, 24, 25, 72, 73, 336, 337].map(ending);
        let expected = [
            EndsIn::Over,
            EndsIn::Day,
            EndsIn::Day,
            EndsIn::ThreeDays,
            EndsIn::ThreeDays,
            EndsIn::TwoWeeks,
            EndsIn::TwoWeeks,
            EndsIn::Later,
        ];
        assert_eq!(steps, expected);
    }

    #[test]
    fn an_end_is_read_as_a_field_writes_it_and_refused_with_what_was_typed() {
        let mut problems = Vec::new();
        let now = Timestamp::from_secs(1_777_714_863);
        let typed = latest(now, DAY);
        assert_eq!(typed, "2026-05-03T09:41");
        assert_eq!(end(&typed, &mut problems), Some(Timestamp::from_secs(1_777_801_260)));
        assert_eq!((end(" ", &mut problems), problems.len()), (None, 0));
        assert_eq!(end("next\u{202E} week", &mut problems), None);
        assert!(problems[0].said.contains("\"next· week\" is no instant"), "{problems:?}");
        more(&mut problems, [FieldProblem::new("expires", "again"), FieldProblem::new("note", "say it")]);
        assert_eq!(problems.iter().map(|problem| problem.field.as_str()).collect::<Vec<_>>(), ["expires", "note"]);
    }
}
