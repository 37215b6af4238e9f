//! The score card: which checks there are, what each weighs, what its failing means, and what the targets ask for.
//!
//! A file and not code, because what "ready" means is the operator's to say; the one in the binary is a good beginning. What a
//! *live* check computes is code all the same ([`LIVE`] lists them), so a card can weigh, gate, hide and word them but cannot
//! invent one. The trap is a card that silently says nothing: unknown keys, weights of nought, gates on checks that do not
//! exist and targets that wait for each other are refused with the line's own name ([`Card::problems`]).

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::text;

/// The version of the formula and of what the live checks compute. A score of another version cannot be compared.
pub const MODEL: u32 = 1;
/// Evidence of a card that says nothing else counts so long: a week.
const LONGEST_TTL: u64 = 366 * 24 * 60;
/// Most checks of a card.
const MOST_CHECKS: usize = 500;

/// The checks Signalbox answers by itself, by id.
pub const LIVE: [&str; 34] = [
    "A1", "A2", "A3", "A4", "A5", "H1", "H2", "H3", "H4", "D1", "D2", "D3", "D4", "M1", "M2", "M3", "M4", "M5", "M6", "T1", "T2", "T3",
    "T4", "T5", "N1", "N2", "N3", "N4", "N5", "S1", "S2", "S3", "S4", "S5",
];

/// How heavy a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// 10.
    Critical,
    /// 7.5.
    High,
    /// 5.
    Medium,
    /// 2.5.
    Low,
}

impl Weight {
    /// In tenths (OpenSSF Scorecard's classes).
    pub const fn tenths(self) -> u64 {
        match self {
            Self::Critical => 100,
            Self::High => 75,
            Self::Medium => 50,
            Self::Low => 25,
        }
    }

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

impl<'de> Deserialize<'de> for Weight {
    /// The word, or the number it stands for.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Classes;
        impl Visitor<'_> for Classes {
            type Value = Weight;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a weight: \"critical\" (10), \"high\" (7.5), \"medium\" (5) or \"low\" (2.5); for a check that is shown and not counted say preview = true")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Weight, E> {
                let all = [Weight::Critical, Weight::High, Weight::Medium, Weight::Low];
                all.into_iter().find(|weight| weight.as_str() == word).ok_or_else(|| E::invalid_value(Unexpected::Str(word), &self))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Weight, E> {
                match number {
                    10 => Ok(Weight::Critical),
                    5 => Ok(Weight::Medium),
                    _ => Err(E::invalid_value(Unexpected::Signed(number), &self)),
                }
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Weight, E> {
                self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Weight, E> {
                match number {
                    10.0 => Ok(Weight::Critical),
                    7.5 => Ok(Weight::High),
                    5.0 => Ok(Weight::Medium),
                    2.5 => Ok(Weight::Low),
                    _ => Err(E::invalid_value(Unexpected::Float(number), &self)),
                }
            }
        }
        deserializer.deserialize_any(Classes)
    }
}

/// What a check is asked of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Every service by itself.
    #[default]
    Service,
    /// The environment as a whole.
    Environment,
}

/// Where a check's evidence comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Computed from what the collectors saw.
    Live,
    /// A person's word, with a link or a file.
    Attested,
}

/// One readiness question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Its short name, once in a card: `H1`.
    pub id: String,
    /// The question as a statement that should hold.
    pub title: String,
    /// The group it stands in: `Health checks`.
    pub category: String,
    /// How heavy it is.
    pub weight: Weight,
    /// The highest score allowed while it fails badly; none holds nothing down.
    #[serde(default)]
    pub gate: Option<u8>,
    /// Where its evidence comes from.
    pub evidence: Kind,
    /// What it is asked of.
    #[serde(default)]
    pub scope: Scope,
    /// Minutes after which what was seen no longer counts. A live check's evidence counts for two intervals of its source at
    /// least. For an attested one: the longest an attestation may last.
    #[serde(default)]
    pub ttl_minutes: Option<u64>,
    /// What mending it takes, in minutes of somebody's work, for one subject. An estimate.
    pub work_minutes: u32,
    /// Why it matters.
    pub why: String,
    /// What to do when it fails.
    pub remedy: String,
    /// Shown and not counted.
    #[serde(default)]
    pub preview: bool,
    /// Controls of SOC 2 (Trust Services Criteria) it speaks to.
    #[serde(default)]
    pub soc2: Vec<String>,
    /// Controls of ISO/IEC 27001:2022, Annex A, it speaks to.
    #[serde(default)]
    pub iso27001: Vec<String>,
}

impl Check {
    /// How long its evidence counts, where what is looked at comes by every `interval`.
    pub fn lasts(&self, interval: Duration) -> Duration {
        let own = self.ttl_minutes.map_or(Duration::ZERO, |minutes| Duration::from_secs(minutes.saturating_mul(60)));
        own.max(interval.saturating_mul(2))
    }
}

/// A named set of checks that must hold, and the risk that is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its name: `A`.
    pub name: String,
    /// What it is for: `internal, development`.
    pub purpose: String,
    /// The risk whoever runs at it accepts.
    pub risk: String,
    /// The target it builds on, all of whose checks it needs as well.
    #[serde(default)]
    pub after: Option<String>,
    /// The checks it needs beyond that one's.
    pub checks: Vec<String>,
}

/// The limits that files of evidence are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// Requests a second a load test must reach.
    pub load_requests_per_second: u32,
    /// Milliseconds its 95th percentile may take.
    pub load_p95_ms: u32,
    /// Failed requests it may have, in permille.
    pub load_failed_permille: u16,
    /// Failed test cases a JUnit file may have.
    pub tests_failed: u32,
    /// Test cases it must have at least.
    pub tests_at_least: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { load_requests_per_second: 10_000, load_p95_ms: 200, load_failed_permille: 10, tests_failed: 0, tests_at_least: 1 }
    }
}

/// A score card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// What people call it.
    pub name: String,
    /// The tag of a service that says its tier; without it every service weighs the same.
    #[serde(default)]
    pub tier_tag: Option<String>,
    /// The limits for files of evidence.
    #[serde(default)]
    pub thresholds: Thresholds,
    /// The checks, in the order they are shown.
    #[serde(rename = "check")]
    pub checks: Vec<Check>,
    /// The targets, the least first.
    #[serde(default, rename = "target")]
    pub targets: Vec<Target>,
}

/// What is wrong with a card, as one sentence that names the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct CardProblem(pub String);

impl fmt::Display for CardProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Card {
    /// The check of that id.
    pub fn check(&self, id: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.id == id)
    }

    /// The target of that name.
    pub fn target(&self, name: &str) -> Option<&Target> {
        self.targets.iter().find(|target| target.name == name)
    }

    /// All checks a target needs, with those of the ones it builds on, in the card's order.
    pub fn needed(&self, target: &Target) -> Vec<&Check> {
        let mut ids: BTreeSet<&str> = BTreeSet::new();
        let mut next = Some(target);
        // a card with a circle was refused; this ends all the same
        for _ in 0..=self.targets.len() {
            let Some(target) = next else { break };
            ids.extend(target.checks.iter().map(String::as_str));
            next = target.after.as_deref().and_then(|after| self.target(after));
        }
        self.checks.iter().filter(|check| ids.contains(check.id.as_str())).collect()
    }

    /// How much a service of this tier weighs: A three times, B twice, C once (Mercari's tiers); an untagged one as B.
    pub fn tier_weight(tier: Option<&str>) -> u64 {
        match tier.map(str::trim) {
            Some("A" | "a") => 3,
            Some("C" | "c") => 1,
            _ => 2,
        }
    }

    /// Everything that is wrong with it.
    pub fn problems(&self) -> Vec<CardProblem> {
        let mut problems = Vec::new();
        if self.checks.is_empty() {
            problems.push(CardProblem("the card has no check: without one nothing can be scored. Add a [[check]].".to_owned()));
        }
        if self.checks.len() > MOST_CHECKS {
            problems.push(CardProblem(format!("{} checks are too many; a card has {MOST_CHECKS} at most.", self.checks.len())));
        }
        let mut seen = BTreeSet::new();
        for check in &self.checks {
            let twice = !seen.insert(check.id.as_str());
            problems.extend(faults(check, twice).map(|said| CardProblem(format!("check \"{}\": {said}", text::shown(&check.id)))));
        }
        let counted = self.checks.iter().any(|check| !check.preview);
        if !self.checks.is_empty() && !counted {
            problems.push(CardProblem("every check is a preview, so nothing would count: take `preview` from one at least.".to_owned()));
        }
        let mut names = BTreeSet::new();
        for target in &self.targets {
            let twice = !names.insert(target.name.as_str());
            problems.extend(
                self.target_faults(target, twice).map(|said| CardProblem(format!("target \"{}\": {said}", text::shown(&target.name)))),
            );
        }
        problems
    }

    fn target_faults(&self, target: &Target, twice: bool) -> impl Iterator<Item = String> {
        let mut faults = Vec::new();
        if twice {
            faults.push("the name is used twice; each target needs its own.".to_owned());
        }
        if target.name.trim().is_empty() {
            faults.push("it has no name.".to_owned());
        }
        for id in target.checks.iter().filter(|id| self.check(id).is_none()) {
            faults.push(format!("it needs check \"{}\", which the card does not have.", text::shown(id)));
        }
        if let Some(after) = target.after.as_deref() {
            if self.target(after).is_none() {
                faults.push(format!("it builds on target \"{}\", which the card does not have.", text::shown(after)));
            } else if self.circles(target) {
                faults.push(format!("it builds on itself by way of \"{}\": no target could ever be reached first.", text::shown(after)));
            }
        }
        if self.needed(target).is_empty() {
            faults.push("it needs no check, so it would always be reached.".to_owned());
        }
        faults.into_iter()
    }

    fn circles(&self, target: &Target) -> bool {
        let mut next = target.after.as_deref();
        for _ in 0..=self.targets.len() {
            match next {
                None => return false,
                Some(name) if name == target.name => return true,
                Some(name) => next = self.target(name).and_then(|target| target.after.as_deref()),
            }
        }
        // it runs into a circle of others, which is told at those
        false
    }
}

/// What is wrong with one check.
fn faults(check: &Check, twice: bool) -> impl Iterator<Item = String> {
    let live = LIVE.contains(&check.id.as_str());
    let word = !check.id.is_empty() && check.id.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'));
    [
        (twice, "the id is used twice; each check needs its own.".to_owned()),
        (!word || check.id.len() > 64, "an id is 1 to 64 letters, digits, dots, dashes or underscores.".to_owned()),
        (check.title.trim().is_empty(), "it has no title.".to_owned()),
        (
            check.gate.is_some_and(|gate| gate > 100),
            "its gate is above 100; a gate is the highest score allowed while it fails.".to_owned(),
        ),
        (
            check.evidence == Kind::Live && !live,
            format!("Signalbox has no live check of that id; the live ones are {}. Say evidence = \"attested\".", LIVE.join(", ")),
        ),
        (check.evidence == Kind::Attested && live, "that id is a live check; choose another for an attested one.".to_owned()),
        (check.ttl_minutes == Some(0), "ttl_minutes is 0, so its evidence would never count.".to_owned()),
        (check.ttl_minutes.is_some_and(|minutes| minutes > LONGEST_TTL), "ttl_minutes is more than a year.".to_owned()),
        (
            check.evidence == Kind::Attested && check.ttl_minutes.is_none(),
            "an attested check needs ttl_minutes: nobody's word counts for ever.".to_owned(),
        ),
        (check.evidence == Kind::Live && check.scope == Scope::Environment, "live checks are asked of services.".to_owned()),
    ]
    .into_iter()
    .filter_map(|(wrong, said)| wrong.then_some(said))
}

#[cfg(test)]
impl Card {
    /// Three checks and two targets, for tables.
    pub(crate) fn for_tests() -> Self {
        let check = |id: &str, weight, gate, ttl| Check {
            id: id.to_owned(),
            title: format!("title of {id}"),
            category: "Health checks".to_owned(),
            weight,
            gate,
            evidence: if LIVE.contains(&id) { Kind::Live } else { Kind::Attested },
            scope: if id == "load-test" { Scope::Environment } else { Scope::Service },
            ttl_minutes: Some(ttl),
            work_minutes: 30,
            why: "why".to_owned(),
            remedy: "remedy".to_owned(),
            preview: false,
            soc2: Vec::new(),
            iso27001: Vec::new(),
        };
        let target = |name: &str, after: Option<&str>, checks: &[&str]| Target {
            name: name.to_owned(),
            purpose: format!("purpose of {name}"),
            risk: "low".to_owned(),
            after: after.map(str::to_owned),
            checks: checks.iter().map(|id| (*id).to_owned()).collect(),
        };
        Self {
            name: "three".to_owned(),
            tier_tag: None,
            thresholds: Thresholds::default(),
            checks: vec![
                check("H1", Weight::Critical, Some(69), 10),
                check("H3", Weight::Low, None, 10),
                check("load-test", Weight::High, None, 60 * 24 * 90),
            ],
            targets: vec![target("A", None, &["H1"]), target("B", Some("A"), &["load-test"])],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_is_named() {
        for (spoil, said) in [
            ((|card| card.checks.clear()) as fn(&mut Card), "the card has no check"),
            (|card| card.checks[1].id = "H1".into(), "check \"H1\": the id is used twice"),
            (|card| card.checks[0].id = "Z9".into(), "check \"Z9\": Signalbox has no live check of that id"),
            (|card| card.checks[2].id = "H2".into(), "check \"H2\": that id is a live check"),
            (|card| card.checks[2].ttl_minutes = None, "nobody's word counts for ever"),
            (|card| card.checks[0].ttl_minutes = Some(0), "would never count"),
            (|card| card.checks[0].gate = Some(101), "gate is above 100"),
            (|card| card.checks[0].id = "a b".into(), "an id is 1 to 64 letters"),
            (|card| card.checks.iter_mut().for_each(|check| check.preview = true), "every check is a preview"),
            (|card| card.targets[1].checks.push("Q".into()), "target \"B\": it needs check \"Q\", which the card does not have"),
            (|card| card.targets[0].after = Some("B".into()), "target \"A\": it builds on itself by way of \"B\""),
            (|card| card.targets[0].after = Some("Z".into()), "it builds on target \"Z\", which the card does not have"),
            (|card| card.targets[1].name = "A".into(), "the name is used twice"),
            (|card| (card.targets[0].checks.clear(), card.targets.pop(), ()).2, "it would always be reached"),
        ] {
            let mut card = Card::for_tests();
            spoil(&mut card);
            let problems: Vec<String> = card.problems().iter().map(CardProblem::to_string).collect();
            assert!(problems.iter().any(|problem| problem.contains(said)), "{said}: {problems:?}");
        }
        assert_eq!(Card::for_tests().problems(), []);
    }

    #[test]
    fn a_target_needs_what_those_before_it_need() {
        let card = Card::for_tests();
        let ids = |name: &str| card.needed(card.target(name).unwrap()).iter().map(|check| check.id.as_str()).collect::<Vec<_>>();
        assert_eq!((ids("A"), ids("B")), (vec!["H1"], vec!["H1", "load-test"]));
    }

    #[test]
    fn evidence_lasts_two_intervals_at_least() {
        let check = Card::for_tests().checks.remove(0);
        assert_eq!(check.lasts(Duration::from_secs(15)), Duration::from_secs(600));
        assert_eq!(check.lasts(Duration::from_secs(400)), Duration::from_secs(800));
    }
}
