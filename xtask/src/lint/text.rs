//! What no file of the tree may contain: this machine, a registry's address, a test that waits for time to pass.

use super::Problem;
use super::tree::Tree;
use crate::place;

/// Each in two parts, so that this file does not break its own rule.
const ADDRESSES: [&str; 6] = [
    concat!("registry.npm", "js.org"),
    concat!("registry.yarn", "pkg.com"),
    concat!("files.python", "hosted.org"),
    concat!("py", "pi.org"),
    concat!("static.crates", ".io"),
    concat!("deb.deb", "ian.org"),
];
const HOMES: [&str; 3] = [concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];

/// In a browser test: they pass on a quick machine and fail on a slow one. Clippy's bans say the same for Rust.
const WAITS: [&str; 2] = [concat!("waitFor", "Timeout"), concat!("set", "Timeout(")];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let here = place::root().display().to_string();
    let mut problems = Vec::new();
    for (name, text) in tree.files_in("", "") {
        for (at, line) in text.lines().enumerate() {
            let place = format!("{name}:{}", at + 1);
            // a root such as `/src` would be found in every import
            if here.matches('/').count() > 1 && line.contains(&here) || HOMES.iter().any(|home| line.contains(home)) {
                problems.push(Problem(format!("{place} names a directory of one machine; write it from the tree's root.")));
            }
            if let Some(address) = ADDRESSES.iter().find(|address| line.contains(**address)) {
                problems.push(Problem(format!(
                    "{place} names {address}: packages are asked for by name, from wherever the machine is set to look."
                )));
            }
            if name.starts_with("end2end/")
                && let Some(wait) = WAITS.iter().find(|wait| line.contains(**wait))
            {
                problems.push(Problem(format!("{place} uses {wait}: wait for what is to be seen, not for time to pass.")));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{ADDRESSES, HOMES, WAITS, check};
    use crate::lint::tree::Tree;

    fn problems(name: &str, text: String) -> usize {
        check(&Tree { metadata: Value::Null, files: [(name.to_owned(), text)].into() }).len()
    }

    #[test]
    fn machines_and_registries_are_seen_in_any_file() {
        assert_eq!(problems("docs/operations.md", format!("see {}x/notes", HOMES[0])), 1);
        assert_eq!(problems("end2end/package-lock.json", format!("\"https://{}/x.tgz\"", ADDRESSES[0])), 1);
        assert_eq!(problems("README.md", "cargo xtask demo".into()), 0);
    }

    #[test]
    fn only_browser_tests_may_not_wait_for_time() {
        assert_eq!(problems("end2end/specs/a.spec.ts", format!("await page.{}(100)", WAITS[0])), 1);
        assert_eq!(problems("docs/tests.md", WAITS[0].into()), 0);
    }
}
