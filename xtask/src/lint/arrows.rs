//! Which crate may know which. The arrows of docs/ARCHITECTURE.md, read off what cargo resolved.
//!
//! Counted through every dependency, so that a friend of a friend does not bring in what the crate itself may not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Problem;
use super::tree::Tree;

struct Arrow {
    from: &'static str,
    /// Crate names; one that ends in `-` or `_` stands for all that begin so.
    never: &'static [&'static str],
    because: &'static str,
}

const ARROWS: [Arrow; 6] = [
    Arrow {
        from: "signalbox-domain",
        never: &["signalbox-", "signalbox", "tokio", "sqlx", "axum", "leptos", "aws-", "async-nats"],
        because: "what things are must compile in the browser and be decided without a world around it",
    },
    Arrow {
        from: "signalbox-app",
        never: &["signalbox", "signalbox-collectors", "signalbox-yard", "sqlx", "aws-", "async-nats"],
        because: "pages ask through domain's ports; an edit of the server must not rebuild them",
    },
    Arrow {
        from: "signalbox-collectors",
        never: &["signalbox", "signalbox-app", "signalbox-yard", "sqlx", "leptos"],
        because: "collectors read the world and hand over what they saw; they never see the store or the web",
    },
    Arrow {
        from: "signalbox-yard",
        never: &["signalbox-", "signalbox", "sqlx", "leptos"],
        because: "the simulated fleet must not share the client's mistakes",
    },
    Arrow {
        from: "signalbox-frontend",
        never: &["signalbox", "signalbox-collectors", "signalbox-yard", "sqlx", "aws-", "async-nats"],
        because: "it is the browser's half",
    },
    Arrow {
        from: "xtask",
        never: &["signalbox-", "signalbox", "sqlx", "tokio"],
        because: "the tool that builds the tree must build before it, and quickly",
    },
];

/// Direct ones only: each comes along with something that is wanted (the SDK's own HTTP, Leptos's).
const NOT_BY_NAME: [Arrow; 2] = [
    Arrow { from: "signalbox-collectors", never: &["axum"], because: "collectors serve nothing; only their tests answer requests" },
    Arrow { from: "signalbox-app", never: &["tokio", "axum"], because: "pages run in the browser too" },
];

const EMPTY_NAMES: [&str; 5] = ["common", "shared", "types", "util", "utils"];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let graph = Graph::of(tree);
    let mut problems = Vec::new();
    for arrow in &ARROWS {
        let reached = graph.reached_from(arrow.from);
        problems.extend(arrow.broken_by(reached.iter().map(String::as_str)));
    }
    for arrow in &NOT_BY_NAME {
        problems.extend(arrow.broken_by(graph.direct(arrow.from)));
    }
    problems.extend(names(tree));
    problems.extend(pieces_of_the_ui(tree));
    problems
}

impl Arrow {
    fn broken_by<'a>(&self, reached: impl Iterator<Item = &'a str>) -> Vec<Problem> {
        reached
            .filter(|name| *name != self.from && self.never.iter().any(|never| matches(never, name)))
            .map(|name| Problem(format!("{} depends on {name}, and must not: {}.", self.from, self.because)))
            .collect()
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern == name || (pattern.ends_with('-') && name.starts_with(pattern))
}

/// Names by name: what each crate depends on outside its tests and build scripts.
struct Graph(BTreeMap<String, BTreeSet<String>>);

impl Graph {
    fn of(tree: &Tree) -> Self {
        let id_to_name: BTreeMap<&str, &str> =
            tree.packages().filter_map(|package| Some((package.get("id")?.as_str()?, package.get("name")?.as_str()?))).collect();
        let nodes = tree.metadata.pointer("/resolve/nodes").and_then(Value::as_array);
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in nodes.into_iter().flatten() {
            let Some(from) = node.get("id").and_then(Value::as_str).and_then(|id| id_to_name.get(id)) else {
                continue;
            };
            let deps = node.get("deps").and_then(Value::as_array).into_iter().flatten();
            let names = deps
                .filter(|dep| is_normal(dep))
                .filter_map(|dep| id_to_name.get(dep.get("pkg")?.as_str()?).map(|name| (*name).to_owned()));
            edges.entry((*from).to_owned()).or_default().extend(names);
        }
        Self(edges)
    }

    fn direct(&self, from: &str) -> impl Iterator<Item = &str> {
        self.0.get(from).into_iter().flatten().map(String::as_str)
    }

    fn reached_from(&self, from: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut open = vec![from.to_owned()];
        while let Some(name) = open.pop() {
            for next in self.direct(&name) {
                if reached.insert(next.to_owned()) {
                    open.push(next.to_owned());
                }
            }
        }
        reached
    }
}

fn is_normal(dep: &Value) -> bool {
    let kinds = dep.get("dep_kinds").and_then(Value::as_array);
    kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind.get("kind").is_some_and(Value::is_null)))
}

/// A crate called `utils` says what it is made of, not what it is for, and everything ends up in it.
fn names(tree: &Tree) -> Vec<Problem> {
    let members = tree.metadata.get("workspace_members").and_then(Value::as_array);
    let members: BTreeSet<&str> = members.into_iter().flatten().filter_map(Value::as_str).collect();
    tree.packages()
        .filter(|package| package.get("id").and_then(Value::as_str).is_some_and(|id| members.contains(id)))
        .filter_map(|package| package.get("name")?.as_str())
        .filter(|name| name.split('-').any(|part| EMPTY_NAMES.contains(&part)))
        .map(|name| Problem(format!("the crate {name} is named after nothing: name it after what it is for.")))
        .collect()
}

/// `ui` is buttons and tables; `parts` and `pages` know what is in them.
fn pieces_of_the_ui(tree: &Tree) -> Vec<Problem> {
    tree.files_in("app/src/ui/", ".rs")
        .filter(|(_, text)| text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains("domain::")))
        .map(|(name, _)| {
            Problem(format!(
                "{name} names a type of `domain`: pieces of the UI take text and enums of their own; what knows the \
                 domain belongs in app/src/parts."
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{check, matches};
    use crate::lint::tree::Tree;

    /// A workspace of two crates where the first depends on the third through the second.
    fn tree(first: &str, kind: Value) -> Tree {
        let package = |name: &str| json!({"id": name, "name": name});
        let node = |name: &str, dep: &str| json!({"id": name, "deps": [{"pkg": dep, "dep_kinds": [{"kind": kind}]}]});
        let metadata = json!({
            "packages": [package(first), package("between"), package("sqlx")],
            "workspace_members": [first],
            "resolve": {"nodes": [node(first, "between"), node("between", "sqlx")]},
        });
        Tree { metadata, files: [].into() }
    }

    #[test]
    fn a_friend_of_a_friend_is_seen() {
        let problems = check(&tree("signalbox-app", Value::Null));
        assert!(problems.iter().any(|problem| problem.0.contains("signalbox-app depends on sqlx")));
        assert!(check(&tree("signalbox", Value::Null)).is_empty());
    }

    #[test]
    fn what_only_tests_use_does_not_count() {
        assert!(check(&tree("signalbox-app", json!("dev"))).is_empty());
    }

    #[test]
    fn a_crate_named_after_nothing_is_seen() {
        let problems = check(&tree("signalbox-common", Value::Null));
        assert!(problems.iter().any(|problem| problem.0.contains("named after nothing")));
    }

    #[test]
    fn the_ui_knows_no_domain() {
        let mut tree = tree("signalbox", Value::Null);
        tree.files.insert("app/src/ui/lamp.rs".into(), "use domain::judge::Tone;".into());
        tree.files.insert("app/src/parts/tile.rs".into(), "use domain::judge::Tone;".into());
        tree.files.insert("app/src/ui/table.rs".into(), "// domain::Tone is not known here".into());
        assert_eq!(check(&tree).len(), 1);
    }

    #[test]
    fn a_pattern_with_a_dash_stands_for_all_that_begin_so() {
        assert!(matches("aws-", "aws-sdk-ecs"));
        assert!(matches("tokio", "tokio"));
        assert!(!matches("tokio", "tokio-util"));
        assert!(!matches("signalbox", "signalbox-domain"));
    }
}
