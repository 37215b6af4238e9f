//! Packages from npm, by lockfile: `npm ci` and never `npm install`, so that what runs is what was reviewed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::debian;
use crate::{place, run, say};

/// Makes `node_modules` agree with the lockfile beside it.
pub(crate) fn node_modules(dir: &Path) -> Result<()> {
    let lock = place::read(&dir.join("package-lock.json"))?;
    let modules = dir.join("node_modules");
    let noted = modules.join(".installed-from-lock.json");
    if fs::read_to_string(&noted).is_ok_and(|last| last == lock) {
        return Ok(());
    }
    let shown = dir.strip_prefix(place::root()).unwrap_or(dir).display().to_string();
    debian::program(&["npm"], "npm", "The browser tests and wasm-opt run on Node.")?;
    let step = say::step(format!("installing what {shown}/package-lock.json names (npm ci)"));
    let mut npm = run::program("npm", &["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
    // the browser is the system's; a download of another would fail on a closed network and is not wanted on an open one
    run::output(npm.current_dir(dir).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))?;
    place::write(&noted, lock)?;
    step.done("installed");
    Ok(())
}

/// binaryen's wasm-opt, run by node.
pub(crate) fn wasm_opt() -> Result<PathBuf> {
    let dir = place::tools().join("npm");
    place::make_dir(&dir)?;
    for file in ["package.json", "package-lock.json"] {
        place::write(&dir.join(file), place::read(&place::root().join("xtask/npm").join(file))?)?;
    }
    node_modules(&dir)?;
    let program = dir.join("node_modules/binaryen/bin/wasm-opt");
    if !program.is_file() {
        bail!("npm's binaryen has no bin/wasm-opt: has the package changed its layout?");
    }
    Ok(program)
}
