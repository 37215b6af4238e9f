//! The stylesheet: the files of `style/` one after another, in the order `style/order.txt` gives.
//!
//! Plain CSS needs no compiler. The order is a file and not an `@import` chain so that a browser fetches one file, and
//! so that a file nobody listed can be found by the lint instead of by a person missing a rule.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::place;

/// Writes the stylesheet into the bundle; true when that changed it.
pub(super) fn bundle() -> Result<bool> {
    let mut css = String::new();
    for file in files()? {
        css.push_str(&format!("/* {} */\n", file.display()));
        css.push_str(&place::read(&dir().join(&file))?);
        css.push('\n');
    }
    let to = place::pkg().join("signalbox.css");
    if fs::read_to_string(&to).is_ok_and(|last| last == css) {
        return Ok(false);
    }
    place::write(&to, css)?;
    Ok(true)
}

fn dir() -> PathBuf {
    place::root().join("style")
}

/// Relative to `style/`, in order.
fn files() -> Result<Vec<PathBuf>> {
    let found = found()?;
    let order = dir().join("order.txt");
    if order.is_file() {
        return listed();
    }
    let single = PathBuf::from("signalbox.css");
    Ok(if found.contains(&single) { vec![single] } else { found })
}

/// What `style/order.txt` names; a name without a file is an error.
pub(crate) fn listed() -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for line in place::read(&dir().join("order.txt"))?.lines() {
        let name = line.split('#').next().unwrap_or_default().trim();
        if name.is_empty() {
            continue;
        }
        if !dir().join(name).is_file() {
            bail!("style/order.txt names {name}, and there is no style/{name}.\n  Remove the line or add the file.");
        }
        files.push(PathBuf::from(name));
    }
    Ok(files)
}

/// Every CSS file below `style/`, sorted.
pub(crate) fn found() -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if dir().is_dir() {
        walk(&dir(), &mut files)?;
    }
    files.sort();
    Ok(files)
}

fn walk(at: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(at)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "css") {
            files.push(path.strip_prefix(dir())?.to_owned());
        }
    }
    Ok(())
}
