//! What a report says against itself: the conditions a pipeline names, as exit codes with a sentence each.
//!
//! Separate because nothing here makes or writes a report. A condition that is named comes before a score that is too low: whoever
//! asked for both wants to read what is so, and not that a number follows from it.

use clap::ValueEnum;
use domain::readiness::State;
use domain::report::Document;

/// Something that `--fail-on` names is so.
const CONDITION: u8 = 3;
/// The score is lower than was asked for.
const TOO_LOW: u8 = 4;

/// What makes the exit code 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// A gate holds the score down
    Gate,
    /// A check is not known
    Unknown,
    /// A waiver has ended and its check still does not hold
    ExpiredWaiver,
}

/// The exit code of a report that was made, and why.
pub(super) fn judged(document: &Document, min_score: Option<u8>, fail_on: &[FailOn]) -> (u8, Vec<String>) {
    let mut said: Vec<String> = fail_on.iter().filter_map(|condition| against(document, *condition)).collect();
    if !said.is_empty() {
        return (CONDITION, said);
    }
    let fleet = &document.readiness.fleet;
    match (min_score, fleet.score) {
        (Some(wanted), None) => {
            said.push(format!(
                "There is not enough evidence for a score ({} % of the weight), and {wanted} was asked for.",
                fleet.percent()
            ));
            (TOO_LOW, said)
        }
        (Some(wanted), Some(score)) if score < wanted => {
            said.push(format!("The score is {score}, and {wanted} was asked for."));
            (TOO_LOW, said)
        }
        _ => (0, said),
    }
}

/// Why a condition holds against a report; none where it does not.
fn against(document: &Document, condition: FailOn) -> Option<String> {
    let at = document.readiness.at;
    match condition {
        FailOn::Gate => {
            let caps: Vec<String> =
                document.readiness.caps.iter().filter(|cap| !cap.blind).map(|cap| format!("{} at {}", cap.check, cap.at)).collect();
            (!caps.is_empty()).then(|| format!("Gates hold the score down: {}.", caps.join(", ")))
        }
        FailOn::Unknown => {
            let unknown = document.readiness.states.get(&State::Unknown).copied().unwrap_or(0);
            (unknown > 0).then(|| format!("{} not known.", domain::text::count(unknown as u64, "answer")))
        }
        FailOn::ExpiredWaiver => {
            let over = document.waivers.iter().filter(|waiver| {
                let ended = waiver.approver.is_some() && waiver.ended.is_none() && waiver.wish.expires.is_some_and(|end| end <= at);
                let open = document.judged().any(|judged| {
                    let covers = waiver.wish.covers(&waiver.wish.check, &judged.asked.subject);
                    let state = judged.check(&waiver.wish.check).map(|assessed| assessed.state);
                    covers && matches!(state, Some(State::Fail | State::Partial | State::Unknown))
                });
                ended && open
            });
            let numbers: Vec<String> = over.map(|waiver| format!("{} ({})", waiver.id, waiver.wish.check)).collect();
            (!numbers.is_empty()).then(|| format!("Waivers that ended while their check does not hold: {}.", numbers.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_exit_code_says_what_is_against_it() {
        let sealed = sample::sealed();
        let document = sealed.document();
        let code = |min, fail_on: &[FailOn]| judged(document, min, fail_on).0;
        assert_eq!([code(None, &[]), code(Some(69), &[]), code(Some(70), &[])], [0, 0, TOO_LOW]);
        assert_eq!(
            [code(None, &[FailOn::Gate]), code(None, &[FailOn::Unknown]), code(None, &[FailOn::ExpiredWaiver])],
            [CONDITION, CONDITION, 0]
        );
        assert_eq!(code(Some(70), &[FailOn::Gate]), CONDITION, "a condition comes before the score");
        assert!(judged(document, Some(70), &[]).1[0].contains("The score is 69"));
    }

    #[test]
    fn a_waiver_that_ended_counts_while_its_check_does_not_hold() {
        let mut document = sample::sealed().document().clone();
        document.waivers[0].wish.expires = Some(document.readiness.at);
        for judged in &mut document.readiness.services {
            for assessed in judged.checks.iter_mut().filter(|assessed| assessed.state == State::Waived) {
                assessed.state = State::Unknown;
            }
        }
        assert_eq!(judged(&document, None, &[FailOn::ExpiredWaiver]).0, CONDITION);
    }
}
