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

/// A program out of a package that is unpacked below `target/tools` and not installed: installing this one would start
/// a server on the machine. Needs no root, unless the machine has no package lists yet.
pub(super) fn unpacked(name: &str, package: &str, program: &str, means: &str) -> Result<PathBuf> {
    if let Some(found) = place::on_path(&[name]) {
        return Ok(found);
    }
    let dir = place::tools().join(name);
    let path = dir.join(program);
    if path.is_file() {
        return Ok(path);
    }
    let what = format!("There is no {name} on PATH.");
    if place::on_path(&["apt-get"]).is_none() || place::on_path(&["dpkg-deb"]).is_none() {
        return Err(say::missing(&what, means, &format!("install {name} (Debian has it in {package})")));
    }
    let step = say::step(format!("{what} Unpacking Debian's {package} into target/tools/{name} (apt-get download)"));
    place::make_dir(&dir)?;
    let download = || run::output(run::program("apt-get", &["download", "--quiet", package]).current_dir(&dir));
    if download().is_err() {
        if !Uid::effective().is_root() {
            return Err(say::missing(&what, means, &format!("sudo apt-get update, or sudo apt-get install {package}")));
        }
        run::output(&mut run::program("apt-get", &["update", "--quiet"]))?;
        download()?;
    }
    for entry in std::fs::read_dir(&dir)? {
        let archive = entry?.path();
        if archive.extension().is_some_and(|ending| ending == "deb") {
            run::output(run::program("dpkg-deb", &["--extract"]).arg(&archive).arg(&dir))?;
            std::fs::remove_file(&archive)?;
        }
    }
    if !path.is_file() {
        bail!("Debian's package {package} was unpacked and brought no {program}.");
    }
    step.done("unpacked");
    Ok(path)
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
