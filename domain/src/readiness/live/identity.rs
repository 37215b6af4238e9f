//! T5 and N5: as whom a service comes in, and by which client library.
//!
//! Both compare with the rest of the fleet, so what is common to all of it is reckoned once: [`identity`] of a connection,
//! [`floors`] of all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{ServiceFacts, Version};
use super::sight::Sight;
use super::{Told, count, named};
use crate::nats::Connection;
use crate::readiness::evidence::{Answer, Unknown};
use crate::text;

/// As whom a connection comes in: the certificate it showed, else the user or nkey the server let in.
pub fn identity(connection: &Connection) -> Option<&str> {
    [&connection.certificate, &connection.user].into_iter().flatten().map(String::as_str).find(|said| !said.trim().is_empty())
}

/// A version as numbers, as far as it begins with them.
pub(super) fn version(text: &str) -> Option<Version> {
    let number = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u64>().ok();
    let numbers: Version = text.trim().trim_start_matches('v').split('.').map_while(number).collect();
    (!numbers.is_empty()).then_some(numbers)
}

/// By client language, the version that most of these connections have; of two equally common ones the older. Nobody has to be
/// newer than the fleet.
pub fn floors<'a>(connections: impl IntoIterator<Item = &'a Connection>) -> BTreeMap<String, Version> {
    let mut counted: BTreeMap<&str, BTreeMap<Version, usize>> = BTreeMap::new();
    for connection in connections {
        if let (Some(lang), Some(version)) = (connection.lang.as_deref(), connection.version.as_deref().and_then(version)) {
            *counted.entry(lang).or_default().entry(version).or_default() += 1;
        }
    }
    let commonest = |of: BTreeMap<Version, usize>| of.into_iter().rev().max_by_key(|(_, times)| *times).map(|(version, _)| version);
    counted.into_iter().filter_map(|(lang, of)| Some((lang.to_owned(), commonest(of)?))).collect()
}

/// T5.
pub(super) fn is_its_own(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    if facts.identities.is_empty() {
        return Told::unknown(Unknown::UnsupportedVersion, "As whom its connections come in is not told.");
    }
    if facts.identities.iter().any(|of| of.name.is_none()) {
        return Told::known(Answer::FAIL, "Some of its connections come in without a user, an nkey or a certificate.");
    }
    let shared: Vec<String> = facts
        .identities
        .iter()
        .filter(|of| of.services > 1)
        .map(|of| format!("{} (with {})", of.name.unwrap_or_default(), count(of.services - 1, "other service")))
        .collect();
    let own = named(facts.identities.iter().filter_map(|of| of.name));
    if shared.is_empty() {
        return Told::known(Answer::PASS, format!("Nobody else comes in as it does: {own}."));
    }
    let all = facts.identities.len();
    let answer = Answer::share((all - shared.len()) as u64, all as u64);
    Told::known(answer, format!("It shares as whom it comes in: {}.", named(shared.iter().map(String::as_str))))
}

/// N5.
pub(super) fn is_of_the_fleets_version(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    let told: Vec<(&str, &str, bool)> = facts
        .held
        .iter()
        .filter_map(|held| {
            let (lang, said) = (held.connection.lang.as_deref()?, held.connection.version.as_deref()?);
            let (is, floor) = (version(said)?, facts.floors.get(lang)?);
            Some((lang, said, is >= *floor))
        })
        .collect();
    if told.is_empty() {
        return Told::unknown(Unknown::UnsupportedVersion, "Its connections do not say which client library they are.");
    }
    let below: Vec<String> = told.iter().filter(|(.., enough)| !enough).map(|(lang, said, _)| format!("{lang} {said}")).collect();
    let answer = Answer::share((told.len() - below.len()) as u64, told.len() as u64);
    let floor = |lang: &str| {
        let version = facts.floors.get(lang).map(|version| version.iter().map(u64::to_string).collect::<Vec<_>>().join("."));
        format!("{} {}", text::shown(lang), version.unwrap_or_default())
    };
    let languages: BTreeSet<&str> = told.iter().map(|(lang, ..)| *lang).collect();
    let floors = languages.into_iter().map(floor).collect::<Vec<_>>().join(", ");
    let said = if below.is_empty() {
        format!("All of its {} are of the version most of the fleet has, or newer ({floors}).", count(told.len(), "connection"))
    } else {
        format!(
            "{} of its {} are older than most of the fleet ({floors}): {}.",
            below.len(),
            count(told.len(), "connection"),
            named(below.iter().map(String::as_str))
        )
    };
    Told::known(answer, said)
}
