//! What collectors and actuator call at AWS is what each declares, and the other way round.
//!
//! The policy that `signalbox iam-policy` prints is made from the declared list, so a call that is not on it would fail
//! in a real account, and an entry that nothing calls would ask for a permission nobody needs. The compiler cannot tell:
//! a declared operation and the SDK's method are tied together by nothing but the hand that wrote them. So the methods'
//! names are taken from the SDKs' own sources and looked for as text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};

use super::Problem;
use super::tree::Tree;

/// Package, and the prefix of its IAM actions.
const SDKS: [(&str, &str); 5] = [
    ("aws-sdk-ecs", "ecs"),
    ("aws-sdk-cloudwatch", "cloudwatch"),
    ("aws-sdk-cloudwatchlogs", "logs"),
    ("aws-sdk-sqs", "sqs"),
    ("aws-sdk-sts", "sts"),
];
/// Methods that IAM permits by the action of another (SQS API reference, `AddPermission`).
const BY_ANOTHER: [(&str, &str); 1] = [("sqs:DeleteMessageBatch", "sqs:DeleteMessage")];

/// Whoever calls AWS, and where it is declared.
struct Caller {
    sources: &'static str,
    declared: &'static str,
    /// Calls everything once for `signalbox doctor`; what only it calls is not needed.
    probes: Option<&'static str>,
}

const CALLERS: [Caller; 2] = [
    Caller { sources: "collectors/src", declared: "collectors/src/operations.rs", probes: Some("collectors/src/probe") },
    Caller { sources: "server/src", declared: "server/src/actuator/operations.rs", probes: None },
];

pub(super) fn check(tree: &Tree) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for caller in &CALLERS {
        problems.extend(caller.check(tree)?);
    }
    Ok(problems)
}

impl Caller {
    fn check(&self, tree: &Tree) -> Result<Vec<Problem>> {
        let Some(list) = tree.files_in(self.declared, "").next().map(|(_, text)| text) else {
            return Ok(vec![Problem(format!("{} is gone: it declares what Signalbox may call at AWS.", self.declared))]);
        };
        let mut called = BTreeMap::new();
        let is_probe = |name: &str| self.probes.is_some_and(|probes| name.starts_with(probes));
        for (package, prefix) in SDKS {
            let methods = methods(&tree.sources_of(package)?)?;
            for (name, text) in tree.files_in(self.sources, ".rs").filter(|(name, _)| !is_probe(name)) {
                for method in methods.iter().filter(|method| text.contains(&format!(".{method}()"))) {
                    called.entry(permitted_by(format!("{prefix}:{}", pascal(method)))).or_insert_with(|| name.to_owned());
                }
            }
        }
        Ok(compared(self.declared, &declared(list), &called))
    }
}

/// The IAM action of an API call.
fn permitted_by(call: String) -> String {
    BY_ANOTHER.iter().find(|(batch, _)| *batch == call).map_or(call, |(_, action)| (*action).to_owned())
}

fn compared(list: &str, declared: &BTreeSet<String>, called: &BTreeMap<String, String>) -> Vec<Problem> {
    let undeclared = called.iter().filter(|(action, _)| !declared.contains(*action)).map(|(action, file)| {
        Problem(format!("{file} calls {action}, which {list} does not declare: the policy we print would not allow it."))
    });
    let unused = declared
        .iter()
        .filter(|action| !called.contains_key(*action))
        .map(|action| Problem(format!("{list} declares {action}, which nothing calls: the policy we print would ask for too much.")));
    undeclared.chain(unused).collect()
}

/// Every `name: "ecs:ListTasks"` of the list.
fn declared(list: &str) -> BTreeSet<String> {
    let names = list.split("name: \"").skip(1).filter_map(|rest| rest.split('"').next());
    names.filter(|name| name.contains(':')).map(str::to_owned).collect()
}

/// The names of the client's methods; the SDK keeps each in a file of its name.
fn methods(sources: &std::path::Path) -> Result<Vec<String>> {
    let dir = sources.join("client");
    let mut methods = Vec::new();
    for entry in fs::read_dir(&dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        match path.file_stem().and_then(|stem| stem.to_str()) {
            Some(name) if path.is_file() && name != "customize" => methods.push(name.to_owned()),
            _ => {}
        }
    }
    Ok(methods)
}

/// `list_tasks` → `ListTasks`
fn pascal(method: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    method.split('_').map(word).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{compared, declared, pascal, permitted_by};

    #[test]
    fn both_directions_are_told() {
        let declared = BTreeSet::from(["ecs:ListTasks".to_owned(), "ecs:ListServices".to_owned()]);
        let called = BTreeMap::from([("ecs:ListTasks".to_owned(), "a.rs".to_owned()), ("sqs:DeleteMessage".to_owned(), "b.rs".to_owned())]);
        let said: Vec<String> = compared("list.rs", &declared, &called).into_iter().map(|problem| problem.0).collect();
        assert_eq!(said.len(), 2);
        assert!(said[0].starts_with("b.rs calls sqs:DeleteMessage") && said[1].contains("declares ecs:ListServices"), "{said:?}");
    }

    #[test]
    fn names_are_read_and_made_as_iam_writes_them() {
        assert_eq!(declared("Operation { name: \"ecs:ListTasks\", x }, name: &str"), BTreeSet::from(["ecs:ListTasks".to_owned()]));
        assert_eq!(pascal("describe_task_definition"), "DescribeTaskDefinition");
        assert_eq!(permitted_by(format!("sqs:{}", pascal("delete_message_batch"))), "sqs:DeleteMessage");
    }
}
