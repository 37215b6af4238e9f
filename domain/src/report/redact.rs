//! The same document without accounts, addresses and names, for whoever may see the score and not the fleet.
//!
//! Every text of the document is gone through, wherever it stands, so that a section added later is redacted without anybody
//! thinking of it; left as they are only what the schema fixes (`FIXED`) and instants. One name becomes one pseudonym
//! everywhere, also inside a sentence and as a part of a longer name (`auth-nats-cpu-high`). Then the score is added up again,
//! because services are told in the order of their names. Two traps: a name that is written otherwise in a sentence (cleaned
//! for display, in capitals) is the same name; and what no list knows, such as an address or an ARN, is known by its form.

mod form;
mod names;

use serde_json::Value;

use super::{Document, conclude, recompute};
use crate::Timestamp;
use crate::readiness::assess;
use names::Names;

/// Fields whose texts are words of the schema, or numbers of a framework: replacing one would make the document unreadable. And the
/// ids that AWS gave to requests, which name nobody and may look like an account.
const FIXED: [&str; 20] = [
    "answer",
    "check",
    "column",
    "control",
    "evidence",
    "framework",
    "id",
    "iso27001",
    "kind",
    "letter",
    "now",
    "before",
    "product",
    "request_id",
    "soc2",
    "standing",
    "state",
    "tone",
    "unknown",
    "weight",
];

/// The redacted document. `people` are names of accounts that may stand in sentences, such as who attested something.
///
/// # Errors
/// When a document could not be read back after its names were replaced; nothing of it may then be handed out.
pub fn redact(document: &Document, people: &[String]) -> serde_json::Result<Document> {
    let mut names = Names::of(document, people);
    let mut value = serde_json::to_value(document)?;
    replace(&mut value, "", &mut names);
    let mut redacted: Document = serde_json::from_value(value)?;
    redacted.redacted = true;
    redacted.services.sort_by(|one, other| one.service.cmp(&other.service));
    redacted.environments.sort();
    let (asked, evidence) = recompute::inputs(&redacted.readiness);
    redacted.readiness = assess(&redacted.card, redacted.readiness.at, &asked, &evidence, &redacted.waivers);
    redacted.conclusions = conclude(&redacted.card, &redacted.readiness, &redacted.waivers, &redacted.assigned);
    Ok(redacted)
}

fn replace(value: &mut Value, field: &str, names: &mut Names) {
    match value {
        Value::Object(fields) => {
            // the reason of an unknown is a word, that of a waiver a sentence; a check's scope is a word, a source's a name
            let (is_answer, is_check) = (fields.contains_key("answer"), fields.contains_key("weight"));
            for (name, value) in fields.iter_mut() {
                let fixed = match name.as_str() {
                    "reason" => is_answer,
                    "scope" => is_check,
                    // a tier decides a weight; any longer text is somebody's own
                    "tier" => value.as_str().is_some_and(|tier| tier.len() == 1),
                    other => FIXED.contains(&other),
                };
                if !(fixed && is_word(value)) {
                    replace(value, name, names);
                }
            }
        }
        Value::Array(items) => {
            // checks of a target, of a control: ids among the words of the card
            let ids = field == "checks";
            items.iter_mut().filter(|item| !(ids && item.is_string())).for_each(|item| replace(item, field, names));
        }
        Value::String(text) if text.parse::<Timestamp>().is_err() => *text = names.without(text),
        _ => {}
    }
}

/// A word or a list of words, and nothing that holds fields of its own.
fn is_word(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(Value::is_string),
        Value::Object(_) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{canonical, recomputed, sample};
    use super::*;

    #[test]
    fn nothing_that_names_somebody_is_left() {
        let text = canonical(&redact(&sample::document(), &[]).unwrap()).unwrap().to_lowercase();
        let people = ["nina", "omar", "petra", "quinn"];
        let places = ["auth-nats", "billing-nats", "production", "gaming-system-cluster", "111122223333", "10.0.1.10", "example.com"];
        for secret in places.into_iter().chain(people) {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(text.contains("no health check in container app of service-1"), "{text}");
    }

    #[test]
    fn the_score_is_the_same_and_still_follows_from_the_evidence() {
        let document = sample::document();
        let redacted = redact(&document, &[]).unwrap();
        assert_eq!(redacted.readiness.fleet, document.readiness.fleet);
        assert_eq!(recomputed(&redacted), Ok(()));
        assert_eq!(redact(&document, &[]).unwrap(), redacted, "the same pseudonyms each time");
    }

    #[test]
    fn the_requests_that_told_stay_as_they_are() {
        // the first ends as an account looks, the second looks as a task's id does
        let ids = "5c1d9e07-0000-4000-8000-444455556666, 3f9c1a3f9c1a3f9c1a3f9c1a3f9c1a3f";
        let mut document = sample::document();
        let checks = document.readiness.services.iter_mut().flat_map(|judged| &mut judged.checks);
        for found in checks.filter(|assessed| *assessed.check == *"H1").filter_map(|assessed| assessed.found.as_mut()) {
            found.request_id = Some(ids.into());
        }
        let redacted = redact(&document, &[]).unwrap();
        let found = redacted.readiness.services.iter().filter_map(|judged| judged.check("H1")?.found.as_ref());
        let told: Vec<Option<&str>> = found.map(|found| found.request_id.as_deref()).collect();
        assert_eq!(told, [Some(ids), Some(ids)]);
        assert_eq!(recomputed(&redacted), Ok(()));
    }

    #[test]
    fn names_that_differ_in_their_capitals_alone_stay_two() {
        let text = canonical(&sample::document()).unwrap().replace("billing-nats", "Auth-nats");
        let document: Document = serde_json::from_str(&text).unwrap();
        let redacted = redact(&document, &[]).unwrap();
        assert_eq!(redacted.readiness.services.len(), 2);
        assert_eq!(redacted.readiness.fleet, document.readiness.fleet);
    }

    #[test]
    fn words_of_the_schema_survive_a_fleet_that_is_named_after_them() {
        let mut document = sample::document();
        let text = canonical(&document).unwrap();
        for (name, word) in [("auth-nats", "pass"), ("billing-nats", "known"), ("production", "service"), ("nina", "H1")] {
            let text = text.replace(name, word);
            document = serde_json::from_str(&text).unwrap();
            let redacted = redact(&document, &[]).unwrap();
            assert_eq!(redacted.readiness.fleet, document.readiness.fleet, "{name} called {word}");
        }
    }

    proptest! {
        #[test]
        fn a_service_of_any_name_is_not_told(name in "[a-zäß<&=@][a-zA-Z0-9_.äß\u{202E}\u{1} -]{3,24}[a-z0-9]") {
            let mut document = sample::document();
            for judged in &mut document.readiness.services {
                if let crate::readiness::Subject::Service(key) = &mut judged.asked.subject && key.service == "auth-nats" {
                    key.service.clone_from(&name);
                }
            }
            document.services[0].service.service.clone_from(&name);
            document.services[0].reasons = vec![format!("{name} is down; {}-cpu-high is on", crate::text::shown(&name))];
            let redacted = canonical(&redact(&document, &[]).unwrap()).unwrap();
            let hidden = serde_json::to_string(&name).unwrap();
            prop_assert!(!redacted.contains(hidden.trim_matches('"')), "{name} in {redacted}");
            prop_assert!(!redacted.contains(&crate::text::shown(&name)), "{name} in {redacted}");
        }
    }
}
