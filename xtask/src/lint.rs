//! What the tree promises, checked: formatting, clippy for both halves, documentation, and the rules of the house.
//!
//! The rules of the house are those that no other lint can state: which crate may know which, what may be written in a
//! file. They run first, because they take a second. Everything runs even when something fails, so that one run shows all.

mod arrows;
mod bans;
mod fleet_api;
mod leases;
mod operations;
mod style;
mod text;
pub(crate) mod tree;

use std::process::{Command, ExitCode};

use anyhow::{Result, bail};
use clap::Args;

use crate::{lockfile, place, queries, run, say, tools};
use tree::Tree;

#[derive(Args)]
pub(crate) struct Wanted {
    /// Rewrite the two lists that are generated first: the AWS bans in clippy.toml, xtask/expected_bans.txt
    #[arg(long)]
    fix: bool,
    /// Only the rules of the house: seconds instead of minutes
    #[arg(long)]
    quick: bool,
}

/// A rule broken: where, and what to do about it.
pub(crate) struct Problem(pub(crate) String);

pub(crate) fn lint(wanted: &Wanted) -> Result<ExitCode> {
    let tree = Tree::read()?;
    if wanted.fix {
        fleet_api::rewrite(&tree)?;
        bans::rewrite(&tree)?;
    }
    let mut failed = Vec::new();
    keep(&mut failed, "the rules of the house", || house(&tree));
    keep(&mut failed, "formatting", || run::to_end(&mut run::cargo(&["fmt", "--all", "--check"])));
    if !wanted.quick {
        compiled(&mut failed)?;
    }
    if failed.is_empty() {
        eprintln!("lint: all well");
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("\nlint: {} failed; see above", failed.join(", "));
    Ok(ExitCode::FAILURE)
}

/// The checks that need the compiler. Never `--all-features`: `ssr` and `hydrate` together are neither.
fn compiled(failed: &mut Vec<&'static str>) -> Result<()> {
    // the server embeds this directory, and a derive macro looks for it at compile time
    place::make_dir(&place::pkg())?;
    keep(failed, "clippy, native", || clippy(&["--workspace", "--all-targets"]));
    // lints `app` as the browser gets it, and `domain` without its ports
    keep(failed, "clippy, browser", || clippy(&["--package", "signalbox-frontend", "--target", "wasm32-unknown-unknown"]));
    keep(failed, "the described queries", queries::check);
    keep(failed, "the types of the browser tests", browser_tests);
    keep(failed, "documentation", || run::to_end(&mut documentation()));
    Ok(())
}

fn clippy(args: &[&str]) -> Result<()> {
    let mut cargo = run::cargo(&["clippy"]);
    run::to_end(cargo.args(args).args(["--", "--deny", "warnings"]))
}

fn browser_tests() -> Result<()> {
    let dir = place::root().join("end2end");
    tools::node_modules(&dir)?;
    run::to_end(run::program("node", &["node_modules/typescript/bin/tsc", "--project", "."]).current_dir(&dir))
}

/// With the dependencies as clippy checked them: documentation of ours alone needs nothing more compiled.
fn documentation() -> Command {
    let mut cargo = run::cargo(&["doc", "--workspace", "--no-deps", "--document-private-items"]);
    // an application's documentation is read by those who work on it: it may lead to what is private
    cargo.env("RUSTDOCFLAGS", "--deny warnings --allow rustdoc::private-intra-doc-links --cfg erase_components");
    cargo
}

fn keep(failed: &mut Vec<&'static str>, name: &'static str, check: impl FnOnce() -> Result<()>) {
    let step = say::step(format!("checking {name}"));
    match check() {
        Ok(()) => drop(step.done("well")),
        Err(error) => {
            step.done(format!("{error:#}"));
            failed.push(name);
        }
    }
}

fn house(tree: &Tree) -> Result<()> {
    let mut problems = Vec::new();
    problems.extend(arrows::check(tree));
    problems.extend(fleet_api::check(tree)?);
    problems.extend(operations::check(tree)?);
    problems.extend(leases::check(tree));
    problems.extend(bans::check(tree)?);
    problems.extend(style::check()?);
    problems.extend(text::check(tree));
    if let Err(error) = lockfile::one_wasm_bindgen() {
        problems.push(Problem(error.to_string()));
    }
    for Problem(problem) in &problems {
        eprintln!("  - {problem}");
    }
    match problems.len() {
        0 => Ok(()),
        1 => bail!("one rule is broken"),
        many => bail!("{many} rules are broken"),
    }
}
