//! Adding a document up again from the evidence inside it.
//!
//! A signature says who wrote a report; this says whether its numbers follow from its evidence, which a signature cannot. The
//! trap is comparing too little: everything that is derived is made anew and compared, not the score alone.

use serde::Serialize;
use serde_json::Value;

use super::{Document, conclude};
use crate::readiness::assess::Asked;
use crate::readiness::{Evidence, Readiness, assess};

/// Most differences that are told; the first is what matters.
const MOST: usize = 20;

/// One thing that does not follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where in the document: `readiness.fleet.score`.
    pub place: String,
    /// What stands there.
    pub said: String,
    /// What the evidence comes to.
    pub computed: String,
}

/// What was asked, and what was found, as a readiness holds it. Evidence that counts for a whole environment stands in it with
/// each service it was used for; assessed again it comes to the same.
pub fn inputs(readiness: &Readiness) -> (Vec<Asked>, Vec<Evidence>) {
    let judged = || readiness.environments.iter().chain(&readiness.services);
    let evidence = judged().flat_map(|judged| {
        judged.checks.iter().filter_map(move |assessed| {
            let found = assessed.found.clone()?;
            Some(Evidence { check: assessed.check.to_string(), subject: judged.asked.subject.clone(), found })
        })
    });
    (judged().map(|judged| judged.asked.clone()).collect(), evidence.collect())
}

/// Adds it up again.
///
/// # Errors
/// What does not follow from the evidence inside, at most twenty places.
pub fn recomputed(document: &Document) -> Result<(), Vec<Difference>> {
    let mut differences = Vec::new();
    let (asked, evidence) = inputs(&document.readiness);
    let again = assess(&document.card, document.readiness.at, &asked, &evidence, &document.waivers);
    if again != document.readiness {
        compare("readiness", &document.readiness, &again, &mut differences);
    }
    let conclusions = conclude(&document.card, &again, &document.waivers, &document.assigned);
    if conclusions != document.conclusions {
        compare("conclusions", &document.conclusions, &conclusions, &mut differences);
    }
    if differences.is_empty() { Ok(()) } else { Err(differences) }
}

fn compare<T: Serialize>(place: &str, said: &T, computed: &T, differences: &mut Vec<Difference>) {
    // both are documents that were written before: they are JSON
    let value = |of: &T| serde_json::to_value(of).unwrap_or_default();
    walk(place, &value(said), &value(computed), differences);
}

fn walk(place: &str, said: &Value, computed: &Value, differences: &mut Vec<Difference>) {
    if said == computed || differences.len() >= MOST {
        return;
    }
    match (said, computed) {
        (Value::Object(one), Value::Object(other)) => {
            for (name, value) in one {
                walk(&format!("{place}.{name}"), value, other.get(name).unwrap_or(&Value::Null), differences);
            }
            for (name, value) in other.iter().filter(|(name, _)| !one.contains_key(*name)) {
                walk(&format!("{place}.{name}"), &Value::Null, value, differences);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (value, wanted)) in one.iter().zip(other).enumerate() {
                walk(&format!("{place}[{index}]"), value, wanted, differences);
            }
        }
        _ => differences.push(Difference { place: place.to_owned(), said: short(said), computed: short(computed) }),
    }
}

/// A value in one line.
fn short(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("{} entries", items.len()),
        other => crate::text::shown(&other.to_string()).chars().take(200).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::readiness::{Answer, State};

    #[test]
    fn what_was_written_follows_from_its_evidence() {
        assert_eq!(recomputed(&sample::document()), Ok(()));
    }

    #[test]
    fn each_edit_is_named_by_its_place() {
        type Edit = fn(&mut Document);
        let edits: [(Edit, &str); 6] = [
            (|document| document.readiness.fleet.score = Some(99), "readiness.fleet.score"),
            (|document| document.readiness.services[0].checks[0].state = State::Pass, "readiness.services[0].checks[0].state"),
            (|document| document.readiness.caps.clear(), "readiness.caps"),
            (|document| document.readiness.model += 1, "readiness.model"),
            (|document| document.conclusions.gaps.clear(), "conclusions.gaps"),
            (|document| document.waivers.clear(), "readiness"),
        ];
        for (edit, place) in edits {
            let mut document = sample::document();
            edit(&mut document);
            let differences = recomputed(&document).unwrap_err();
            assert!(differences.iter().any(|difference| difference.place.starts_with(place)), "{place}: {differences:?}");
        }
    }

    #[test]
    fn evidence_that_was_edited_moves_the_score() {
        let mut document = sample::document();
        for assessed in document.readiness.services.iter_mut().flat_map(|judged| &mut judged.checks) {
            if let Some(found) = &mut assessed.found {
                found.answer = Answer::PASS;
            }
        }
        let differences = recomputed(&document).unwrap_err();
        assert!(
            differences.len() <= MOST && differences.iter().any(|difference| difference.place.starts_with("readiness.")),
            "{differences:?}"
        );
    }
}
