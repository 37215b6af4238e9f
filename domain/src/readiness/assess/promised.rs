//! What the fleet's score would be if some checks came to something else: the one formula, over other answers.
//!
//! Separate from judging because nothing is judged here: what the checks would come to is reckoned from the facts
//! ([`crate::readiness::live::promise`]). The trap is a second way to count: each answer goes through the same functions as one that was
//! found, so that a waiver still holds, a question that begins to arise weighs, and every gate holds down what it held down.

use std::time::Duration;

use super::pool::Pool;
use super::{Assessed, Readiness, assessed, item};
use crate::Timestamp;
use crate::readiness::card::{Card, Check};
use crate::readiness::evidence::{Answer, Found, Subject};
use crate::readiness::promise::Instead;
use crate::readiness::score::{Score, score};
use crate::readiness::waiver::Waiver;

/// What is promised counts in full at the instant it is promised for, however long.
const LASTS: Duration = Duration::from_secs(3_600);

impl Readiness {
    /// The fleet's score if these checks of these services came to this `instead`, by the same card and waivers.
    pub fn promised(&self, card: &Card, waivers: &[Waiver], instead: &Instead<'_>) -> Score {
        let pool = Pool { environments: &self.environments, services: &self.services };
        score(pool.weighed(card).filter_map(|of| {
            let subject = &of.judged.asked.subject;
            let answer = subject.service().and_then(|key| instead.get(&(key, of.check.id.as_str())));
            match answer {
                Some(answer) => item(of.check, &then(of.check, self.at, subject, *answer, waivers), of.times),
                None => item(of.check, of.assessed, of.times),
            }
        }))
    }
}

/// A check with another answer, seen just now.
fn then(check: &Check, at: Timestamp, subject: &Subject, answer: Answer, waivers: &[Waiver]) -> Assessed {
    let found = Found::seen(answer, "", at, LASTS, "");
    assessed(check, at, subject, Some(&found), waivers)
}
