//! Every answer of the fleet with what it weighs, whatever is then added up of them.

use std::collections::BTreeMap;

use super::{Assessed, Judged, item};
use crate::readiness::card::{Card, Check};
use crate::readiness::evidence::Subject;
use crate::readiness::score::Item;

/// Everything the fleet's score is made of.
#[derive(Clone, Copy)]
pub(super) struct Pool<'a> {
    pub(super) environments: &'a [Judged],
    pub(super) services: &'a [Judged],
}

impl Weighed<'_> {
    /// Whether it answers this check of the same card. There are a million such questions in a fleet, and ids are text.
    pub(super) fn answers(&self, check: &Check) -> bool {
        std::ptr::eq(self.check, check)
    }
}

impl<'a> Pool<'a> {
    pub(super) fn all(self) -> impl Iterator<Item = &'a Judged> {
        self.environments.iter().chain(self.services)
    }

    /// Every answer with what it weighs: each service's checks by its tier's weight, an environment's as heavy as if each of its
    /// services had been asked.
    pub(super) fn weighed(self, card: &'a Card) -> impl Iterator<Item = Weighed<'a>> {
        let mut weights: BTreeMap<&str, u64> = BTreeMap::new();
        for judged in self.services {
            *weights.entry(judged.asked.subject.environment()).or_default() += Card::tier_weight(judged.asked.tier.as_deref());
        }
        let checks: BTreeMap<&str, &'a Check> = card.checks.iter().map(|check| (check.id.as_str(), check)).collect();
        self.all().flat_map(move |judged| {
            let subject = &judged.asked.subject;
            let times = match subject {
                Subject::Service(_) => Card::tier_weight(judged.asked.tier.as_deref()),
                Subject::Environment { environment } => weights.get(environment.as_str()).copied().unwrap_or(1),
            };
            let of = |assessed: &'a Assessed| {
                let check = checks.get(&*assessed.check).copied()?;
                Some(Weighed { judged, check, assessed, times })
            };
            let all: Vec<Weighed<'a>> = judged.checks.iter().filter_map(of).collect();
            all
        })
    }

    /// What counts of that.
    pub(super) fn items(self, card: &'a Card) -> impl Iterator<Item = (Weighed<'a>, Item)> {
        self.weighed(card).filter_map(|of| Some((of, item(of.check, of.assessed, of.times)?)))
    }
}

/// One answer, and how many times it counts.
#[derive(Clone, Copy)]
pub(super) struct Weighed<'a> {
    pub(super) judged: &'a Judged,
    pub(super) check: &'a Check,
    pub(super) assessed: &'a Assessed,
    pub(super) times: u64,
}
