//! What a step changes, and which calls it makes: in lines, as the plan and the step's page show them.
//!
//! Separate from [`super::definition`], which compares to refuse; this tells people. A new revision is shown by the parts that
//! were planned, because everything else is read back equal or the step ends. A way back is shown whole, by paths. The trap:
//! a definition holds secrets in its environment. Such values are told to differ and never shown.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::decide::ARMED_AT;
use super::definition::{Copy, Described};
use super::{Step, Target};
use crate::service::revision_name;
use crate::text;

/// The longest line of one list before it is told one element a line, in characters.
const WIDE: usize = 96;
/// What stands for a value that is not shown.
const HIDDEN: &str = "(not shown)";

/// Which side a line is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// It comes.
    Plus,
    /// It goes.
    Minus,
    /// It says where, or what stays.
    Same,
}

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DiffLine {
    /// Which side it is of.
    pub sign: Sign,
    /// Its text, indented by two blanks a level.
    pub text: String,
}

impl DiffLine {
    fn new(sign: Sign, text: impl Into<String>) -> Self {
        Self { sign, text: text.into() }
    }
}

/// What changes from `before` to the target. `there` is the revision that a target names by its ARN, whole.
pub fn lines(before: &Described, target: &Target, there: Option<&Described>) -> Vec<DiffLine> {
    let from = text::shown(revision_name(before.arn()));
    match target {
        Target::New(copy) => match &copy.of {
            Some(of) => whole(&from, before, &format!("a copy of {}", text::shown(revision_name(of.arn()))), of),
            None => planned(&from, before, copy),
        },
        Target::There { arn } => {
            let to = text::shown(revision_name(arn));
            match there {
                Some(there) => whole(&from, before, &to, there),
                None => vec![DiffLine::new(Sign::Same, format!("{from} → {to}, which was not read here"))],
            }
        }
    }
}

/// The parts that were planned, container by container.
fn planned(from: &str, before: &Described, copy: &Copy) -> Vec<DiffLine> {
    let mut lines = Vec::new();
    let mut heading = String::new();
    for path in &copy.planned {
        let place = path.rsplit_once('/').map_or("", |(place, _)| place);
        let container = copy.request.pointer(place).and_then(|container| container.get("name")?.as_str());
        let under = container.map_or_else(String::new, |name| format!(", container {}", text::shown(name)));
        let title = format!("{from} → a new revision{under}");
        if title != heading {
            lines.push(DiffLine::new(Sign::Same, title.clone()));
            heading = title;
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        for (sign, value) in [(Sign::Minus, before.definition.pointer(path)), (Sign::Plus, copy.request.pointer(path))] {
            let Some(value) = value.filter(|value| !value.is_null()) else { continue };
            let mut written = Vec::new();
            write(value, &format!("\"{}\": ", text::shown(name)), "", 0, &mut written);
            lines.extend(written.into_iter().map(|line| DiffLine::new(sign, line)));
        }
    }
    lines.push(DiffLine::new(Sign::Same, format!("every other field stays and is read back equal ({} paths)", copy.compared())));
    lines
}

/// A value in lines of JSON: an object takes several, a list of words one where it fits.
fn write(value: &Value, before: &str, after: &str, level: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(level);
    let flat = text::shown(&value.to_string());
    match value {
        Value::Object(object) if !object.is_empty() => {
            lines.push(format!("{indent}{before}{{"));
            for (index, (name, inner)) in object.iter().enumerate() {
                let comma = if index + 1 < object.len() { "," } else { "" };
                write(inner, &format!("\"{}\": ", text::shown(name)), comma, level + 1, lines);
            }
            lines.push(format!("{indent}}}{after}"));
        }
        Value::Array(list) if indent.len() + before.len() + flat.chars().count() > WIDE => {
            lines.push(format!("{indent}{before}["));
            for (index, inner) in list.iter().enumerate() {
                write(inner, "", if index + 1 < list.len() { "," } else { "" }, level + 1, lines);
            }
            lines.push(format!("{indent}]{after}"));
        }
        _ => lines.push(format!("{indent}{before}{flat}{after}")),
    }
}

/// Everything that differs between two revisions, by paths.
fn whole(from: &str, before: &Described, to: &str, after: &Described) -> Vec<DiffLine> {
    let (old, new) = (values(before), values(after));
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut lines = vec![DiffLine::new(Sign::Same, format!("{from} → {to}"))];
    let mut same = 0_u64;
    for path in paths {
        let (was, is) = (old.get(path), new.get(path));
        if was == is {
            same += 1;
            continue;
        }
        for (sign, value) in [(Sign::Minus, was), (Sign::Plus, is)] {
            let Some(value) = value else { continue };
            let said = if secret(path) { HIDDEN.to_owned() } else { text::shown(&value.to_string()) };
            lines.push(DiffLine::new(sign, format!("{}: {said}", text::shown(path))));
        }
    }
    lines.push(DiffLine::new(Sign::Same, format!("{} the same", text::count(same, "other value"))));
    lines
}

/// Whether what stands at a path may be a secret.
fn secret(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path).to_ascii_lowercase();
    let environment = path.contains(".environment[") && last == "value";
    environment || (path.contains("ptions.") && ["token", "secret", "password", "key"].iter().any(|word| last.contains(word)))
}

/// Every value of a definition that holds no other, by a path that says names in place of numbers: reordering a list of named
/// things changes none of them.
fn values(of: &Described) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let copied = of.definition.as_object().into_iter().flatten();
    for (name, value) in copied.filter(|(name, _)| !super::definition::only_in_answers(name)) {
        walk(value, name.clone(), &mut found);
    }
    found
}

fn walk(value: &Value, path: String, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Null => {}
        Value::Object(object) => {
            for (name, inner) in object {
                walk(inner, format!("{path}.{name}"), found);
            }
        }
        Value::Array(list) if list.is_empty() => {}
        // words: their order is their meaning
        Value::Array(list) if list.iter().all(|inner| !inner.is_object()) => {
            found.insert(path, value.clone());
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                let name = inner.get("name").and_then(Value::as_str).map_or_else(|| index.to_string(), str::to_owned);
                walk(inner, format!("{path}[{name}]"), found);
            }
        }
        leaf => {
            found.insert(path, leaf.clone());
        }
    }
}

/// The calls a step will make, in order, in words.
pub fn calls(step: &Step) -> Vec<String> {
    let name = text::shown(&step.service.service);
    let prior = text::shown(revision_name(&step.bound.prior));
    let mut calls = vec![
        format!("DescribeServices, DescribeAlarms {name}: whether it is as it was planned"),
        format!("DescribeTaskDefinition {prior}: whether it is ACTIVE, so that the service can be put back"),
    ];
    let to = match &step.target {
        Target::New(copy) => {
            let family = text::shown(step.bound.described.family());
            calls.push(format!("RegisterTaskDefinition {family} ({})", copied(copy, &prior)));
            calls.push("DescribeTaskDefinition the new revision: read back, equal but for what was planned".to_owned());
            "the new revision".to_owned()
        }
        Target::There { arn } => text::shown(revision_name(arn)),
    };
    calls.push(format!("UpdateService {name} → {to}, circuit breaker armed at {ARMED_AT} failures"));
    calls.push(format!(
        "DescribeServices, DescribeServiceDeployments, ListTasks, DescribeTasks, DescribeAlarms {name}: every {} while it rolls and bakes",
        crate::time::span(super::decide::POLL)
    ));
    if super::decide::armed(&step.bound.configuration) != step.bound.configuration {
        calls.push(format!("UpdateService {name}: its own settings back"));
    }
    calls
}

fn copied(copy: &Copy, prior: &str) -> String {
    if let Some(of) = &copy.of {
        return format!("identical copy of {}", text::shown(revision_name(of.arn())));
    }
    let fields: BTreeSet<&str> = copy.planned.iter().filter_map(|path| path.rsplit('/').next()).collect();
    format!("copy of {prior} with {}", text::shown(&fields.into_iter().collect::<Vec<_>>().join(" and ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::change::tests::described;

    const OLD: &str = "arn:aws:ecs:us-east-1:111122223333:task-definition/auth:22";
    const NEW: &str = "arn:aws:ecs:us-east-1:111122223333:task-definition/auth:23";

    fn written(lines: &[DiffLine]) -> Vec<String> {
        let sign = |line: &DiffLine| match line.sign {
            Sign::Plus => '+',
            Sign::Minus => '-',
            Sign::Same => ' ',
        };
        lines.iter().map(|line| format!("{} {}", sign(line), line.text)).collect()
    }

    #[test]
    fn a_new_revision_is_shown_by_what_was_planned() {
        let before = described(OLD, &json!([{"name": "main", "image": "auth:1", "healthCheck": {"command": ["CMD", "true"]}}]));
        let mut copy = before.copy().unwrap();
        let check = json!({"command": ["CMD-SHELL", "curl -f localhost:8080/health"], "interval": 30});
        copy.set("main", "healthCheck", Some(check)).unwrap();
        copy.set("main", "image", Some(json!("auth:2"))).unwrap();
        assert_eq!(
            written(&lines(&before, &Target::New(copy), None)),
            [
                "  auth:22 → a new revision, container main",
                "- \"healthCheck\": {",
                "-   \"command\": [\"CMD\",\"true\"]",
                "- }",
                "+ \"healthCheck\": {",
                "+   \"command\": [\"CMD-SHELL\",\"curl -f localhost:8080/health\"],",
                "+   \"interval\": 30",
                "+ }",
                "- \"image\": \"auth:1\"",
                "+ \"image\": \"auth:2\"",
                "  every other field stays and is read back equal (6 paths)",
            ]
        );
    }

    #[test]
    fn a_long_list_takes_a_line_each() {
        let mut lines = Vec::new();
        write(&json!(["CMD-SHELL", "x".repeat(120)]), "\"command\": ", ",", 1, &mut lines);
        assert_eq!(lines, ["  \"command\": [", "    \"CMD-SHELL\",", &format!("    \"{}\"", "x".repeat(120)), "  ],"]);
    }

    #[test]
    fn a_way_back_is_shown_whole_without_secrets() {
        let environment = |level: &str, key: &str| json!([{"name": "LEVEL", "value": level}, {"name": "KEY", "value": key}]);
        let mut turned = environment("a", "two");
        turned.as_array_mut().unwrap().reverse();
        let options = |token: &str| json!({"logDriver": "splunk", "options": {"splunk-token": token, "splunk-url": "u"}});
        let now = described(
            NEW,
            &json!([{"name": "main", "image": "auth:2", "environment": environment("a", "one"), "logConfiguration": options("s1")}]),
        );
        let then = described(
            OLD,
            &json!([{
                "name": "main", "image": "auth:1", "environment": turned, "command": ["a"], "mountPoints": [],
                "logConfiguration": options("s2"),
            }]),
        );
        let expected = [
            "  auth:23 → auth:22",
            "+ containerDefinitions[main].command: [\"a\"]",
            "- containerDefinitions[main].environment[KEY].value: (not shown)",
            "+ containerDefinitions[main].environment[KEY].value: (not shown)",
            "- containerDefinitions[main].image: \"auth:2\"",
            "+ containerDefinitions[main].image: \"auth:1\"",
            "- containerDefinitions[main].logConfiguration.options.splunk-token: (not shown)",
            "+ containerDefinitions[main].logConfiguration.options.splunk-token: (not shown)",
            "  7 other values the same",
        ];
        let there = Target::There { arn: OLD.into() };
        assert_eq!(written(&lines(&now, &there, Some(&then))), expected);
        let copied = written(&lines(&now, &Target::New(then.copy_again().unwrap()), None));
        assert_eq!(copied[0], "  auth:23 → a copy of auth:22");
        assert_eq!(&copied[1..], &expected[1..]);
        assert_eq!(written(&lines(&now, &there, None)), ["  auth:23 → auth:22, which was not read here"]);
    }

    #[test]
    fn the_calls_are_those_the_engine_makes() {
        let step = super::super::plan::tests::step("auth");
        let calls = calls(&step);
        assert_eq!(calls.len(), 7);
        assert_eq!(calls[2], "RegisterTaskDefinition auth (copy of auth:22 with healthCheck)");
        assert_eq!(calls[4], "UpdateService auth → the new revision, circuit breaker armed at 3 failures");
        assert_eq!(calls[6], "UpdateService auth: its own settings back");
        let back = Step { target: Target::There { arn: OLD.into() }, ..step.clone() };
        let operations: Vec<String> = super::calls(&back).iter().map(|call| call.split(' ').next().unwrap().to_owned()).collect();
        assert_eq!(operations, ["DescribeServices,", "DescribeTaskDefinition", "UpdateService", "DescribeServices,", "UpdateService"]);
        let mut own = step;
        own.bound.configuration = super::super::decide::armed(&own.bound.configuration);
        assert_eq!(super::calls(&own).len(), 6, "nothing to hand back");
    }
}
