//! Programs that come from the system's package manager.

use std::path::PathBuf;

use anyhow::{Result, bail};
use nix::unistd::Uid;

use crate::{place, run, say};

/// The first of the names on PATH; as root on Debian the package is installed when there is none.
pub(super) fn program(names: &[&str], package: &str, means: &str) -> Result<PathBuf> {
    if let Some(found) = place::on_path(names) {
        return Ok(found);
    }
    install(&[package], &format!("There is no {} on PATH.", names.join(" or ")), means)?;
    match place::on_path(names) {
        Some(found) => Ok(found),
        None => bail!("Debian's package {package} was installed and brought no {}.", names.join(" or ")),
    }
}

pub(super) fn install(packages: &[&str], what: &str, means: &str) -> Result<()> {
    if !Uid::effective().is_root() || place::on_path(&["apt-get"]).is_none() {
        return Err(say::missing(what, means, &format!("sudo apt-get install {}", packages.join(" "))));
    }
    let step = say::step(format!("{what} Installing Debian's {} (apt-get, as root)", packages.join(", ")));
    // the lists of a fresh machine are empty or old; only then is asking for them worth its time
    if apt(packages).is_err() {
        run::output(&mut run::program("apt-get", &["update", "--quiet"]))?;
        apt(packages)?;
    }
    step.done("installed");
    Ok(())
}

fn apt(packages: &[&str]) -> Result<String> {
    let mut apt = run::program("apt-get", &["install", "--yes", "--quiet", "--no-install-recommends"]);
    run::output(apt.args(packages).env("DEBIAN_FRONTEND", "noninteractive"))
}
