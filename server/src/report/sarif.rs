//! SARIF 2.1.0, for the page of a code scanner: a rule a check, a result for what does not hold or is not known.
//!
//! What is waived is a result with a suppression and is not left out: a file that says nothing of it could not be told from one
//! in which it holds. There is no source file, so a result's place is a logical location: the service. The trap is `kind`: by
//! the standard what is not known would be `open` with no level, which scanners do not show, so it is a warning.

use domain::readiness::assess::{Assessed, Judged};
use domain::readiness::{Check, State, Waiver, Weight};
use domain::report::Document;
use domain::report::canonical::written;
use domain::text::plain;
use serde_json::{Value, json};

use super::carry::Sealed;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// The property that carries the signed document.
const CARRIES: &str = "signalbox-report";

/// The file.
pub(super) fn render(sealed: &Sealed) -> String {
    let document = sealed.document();
    let results: Vec<Value> =
        document.judged().flat_map(|judged| judged.checks.iter().filter_map(move |assessed| result(document, judged, assessed))).collect();
    let (product, version) = document.product.split_once(' ').unwrap_or((document.product.as_str(), ""));
    let run = json!({
        "tool": { "driver": {
            "name": product,
            "version": version,
            "rules": document.card.checks.iter().map(rule).collect::<Vec<_>>(),
        } },
        "results": results,
        "properties": { CARRIES: sealed.line(), "report": document.id, "score": document.readiness.fleet.range() },
    });
    let mut text = written(&json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] }));
    text.push('\n');
    text
}

/// What a file carries.
pub(super) fn carried(text: &str) -> Option<String> {
    let file: Value = serde_json::from_str(text).ok()?;
    file.get("runs")?.get(0)?.get("properties")?.get(CARRIES)?.as_str().map(str::to_owned)
}

fn rule(check: &Check) -> Value {
    let tags: Vec<&String> = check.soc2.iter().chain(&check.iso27001).collect();
    json!({
        "id": plain(&check.id),
        "shortDescription": { "text": plain(&check.title) },
        "fullDescription": { "text": plain(&check.why) },
        "help": { "text": plain(&check.remedy) },
        "defaultConfiguration": { "level": level(check) },
        "properties": { "category": plain(&check.category), "weight": check.weight.as_str(), "tags": tags },
    })
}

const fn level(check: &Check) -> &'static str {
    match check.weight {
        Weight::Critical | Weight::High => "error",
        Weight::Medium => "warning",
        Weight::Low => "note",
    }
}

fn result(document: &Document, judged: &Judged, assessed: &Assessed) -> Option<Value> {
    let check = document.card.check(&assessed.check)?;
    let level = match assessed.state {
        State::Fail | State::Partial | State::Waived => level(check),
        State::Unknown => "warning",
        State::Pass | State::NotApplicable => return None,
    };
    let said = assessed.found.as_ref().map(|found| found.said_at(document.readiness.at)).unwrap_or_default();
    let how = match (assessed.state, assessed.unknown) {
        (State::Unknown, Some(why)) => format!("not known ({})", why.said()),
        (state, _) => state.title().to_owned(),
    };
    let subject = judged.asked.subject.to_string();
    let text = format!("{} {}: {}. {said}", document.called(&judged.asked.subject), how, check.title);
    let place = json!({ "logicalLocations": [{ "fullyQualifiedName": plain(&subject), "kind": "module" }] });
    let mut result = json!({
        "ruleId": plain(&check.id),
        "level": level,
        "message": { "text": plain(text.trim_end()) },
        "locations": [place],
        "partialFingerprints": { "signalbox/v1": plain(&format!("{}/{subject}", check.id)) },
        "properties": { "state": assessed.state.as_str() },
    });
    let waiver = document.waivers.iter().find(|waiver| Some(waiver.id) == assessed.waiver);
    if let (Some(waiver), Some(fields)) = (waiver, result.as_object_mut()) {
        fields.insert("suppressions".to_owned(), json!([suppression(waiver)]));
    }
    Some(result)
}

fn suppression(waiver: &Waiver) -> Value {
    let until = waiver.wish.expires.map_or_else(String::new, domain::Timestamp::day);
    let by = waiver.approver.as_deref().unwrap_or("nobody");
    let words = format!(
        "Accepted by {by} until {until}, asked by {}: {} Meanwhile: {}",
        waiver.requester, waiver.wish.reason, waiver.wish.compensating
    );
    json!({ "kind": "external", "status": "accepted", "justification": plain(&words) })
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn what_is_waived_is_suppressed_and_not_left_out() {
        let sealed = sample::sealed();
        let file: Value = serde_json::from_str(&render(&sealed)).unwrap();
        let run = &file["runs"][0];
        assert_eq!((file["version"].as_str(), run["tool"]["driver"]["name"].as_str()), (Some("2.1.0"), Some("signalbox")));
        let results = run["results"].as_array().unwrap();
        let suppressed: Vec<&Value> = results.iter().filter(|result| result.get("suppressions").is_some()).collect();
        assert_eq!(suppressed.len(), 1);
        assert!(suppressed[0]["suppressions"][0]["justification"].as_str().unwrap().contains("Accepted by omar"));
        let unknown = results.iter().filter(|result| result["properties"]["state"] == "unknown");
        assert!(unknown.clone().count() > 0 && unknown.clone().all(|result| result["level"] == "warning"));
        let rules: Vec<&str> = run["tool"]["driver"]["rules"].as_array().unwrap().iter().filter_map(|rule| rule["id"].as_str()).collect();
        assert!(results.iter().all(|result| rules.contains(&result["ruleId"].as_str().unwrap())));
    }

    #[test]
    fn names_are_cleaned() {
        let text = render(&sample::hostile());
        assert!(!text.contains("\\u0000") && !text.contains('\u{202E}'));
        assert!(serde_json::from_str::<Value>(&text).is_ok());
    }
}
