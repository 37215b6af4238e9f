//! Every exception to a ban of clippy.toml, listed in one committed file, so that a new one is seen in review.
//!
//! A ban is worth what its exceptions are. `#[expect]` already ends them when they are no longer needed; this list shows
//! where they are without searching, and makes adding one a decision and not a line.

use std::path::PathBuf;

use anyhow::Result;

use super::Problem;
use super::tree::Tree;
use crate::{place, say};

const HEAD: &str = "\
# Where a ban of clippy.toml is lifted: file, and how often. Each place states its reason.
# `cargo xtask lint` compares, `cargo xtask lint --fix` rewrites; a new line is to be argued for in its commit.
";
/// In two parts, so that this file does not list itself.
const BAN: &str = concat!("clippy::", "disallowed_methods");

pub(super) fn check(tree: &Tree) -> Result<Vec<Problem>> {
    let listed = place::read(&list())?;
    let found = found(tree);
    let mut problems = Vec::new();
    for line in found.lines().filter(|line| !listed.lines().any(|other| other == *line)) {
        problems.push(Problem(format!(
            "`{line}` is not in xtask/expected_bans.txt: a ban of clippy.toml is lifted there. If that is right, run \
             `cargo xtask lint --fix` and say why in the commit."
        )));
    }
    for line in listed.lines().filter(|line| !found.lines().any(|other| other == *line)) {
        problems.push(Problem(format!("xtask/expected_bans.txt lists `{line}`, which is not so any more. Run `cargo xtask lint --fix`.")));
    }
    Ok(problems)
}

pub(super) fn rewrite(tree: &Tree) -> Result<()> {
    let found = found(tree);
    if place::read(&list()).is_ok_and(|listed| listed == found) {
        return Ok(());
    }
    place::write(&list(), found)?;
    say::note("xtask/expected_bans.txt was written anew");
    Ok(())
}

fn list() -> PathBuf {
    place::root().join("xtask/expected_bans.txt")
}

fn found(tree: &Tree) -> String {
    let mut lines = String::from(HEAD);
    for (name, text) in tree.files_in("", ".rs") {
        let count = text.lines().filter(|line| !line.trim_start().starts_with("//") && line.contains(BAN)).count();
        if count > 0 {
            lines.push_str(&format!("{name} {count}\n"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{BAN, HEAD, found};
    use crate::lint::tree::Tree;

    #[test]
    fn every_place_is_counted_and_comments_are_not() {
        let lifted = format!("#[expect({BAN}, reason = \"x\")]\nfn a() {{}}\n#[expect({BAN})]\n// {BAN}\n");
        let files = [("server/src/clock.rs".to_owned(), lifted), ("clippy.toml".to_owned(), BAN.to_owned())];
        assert_eq!(found(&Tree { metadata: Value::Null, files: files.into() }), format!("{HEAD}server/src/clock.rs 2\n"));
    }
}
