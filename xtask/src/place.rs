//! Where things are, and the few environment variables that move them.
//!
//! The only file of the tooling that knows the tree's layout: a directory that moves is moved here.
#![expect(clippy::disallowed_methods, reason = "a build tool takes its settings from the environment, here and nowhere else")]

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};

pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// Cargo's target directory; the site and the tools stay under the tree's own `target/` even when this is elsewhere.
pub(crate) fn cargo_target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// What the server serves beside the pages. `target/site` is also what the release binary embeds.
pub(crate) fn pkg() -> PathBuf {
    root().join("target/site/pkg")
}

/// Everything that was fetched and is not a Rust crate.
pub(crate) fn tools() -> PathBuf {
    root().join("target/tools")
}

/// Notes of the tooling to itself (what a result was made from); never served.
pub(crate) fn stamps() -> PathBuf {
    root().join("target/xtask")
}

/// A fresh directory for one run, emptied first.
pub(crate) fn scratch(name: &str) -> Result<PathBuf> {
    let dir = stamps().join(name);
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| format!("cannot empty {}", dir.display()))?;
    }
    make_dir(&dir)?;
    Ok(dir)
}

/// A fresh directory that is gone again when this goes out of scope: for what is large and of no use afterwards.
pub(crate) struct Passing(PathBuf);

impl Passing {
    pub(crate) fn new(name: &str) -> Result<Self> {
        scratch(name).map(Self)
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.0
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        // what stays is emptied at the next run
        drop(fs::remove_dir_all(&self.0));
    }
}

pub(crate) fn make_dir(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make the directory {}", dir.display()))
}

pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    if let Some(dir) = path.parent() {
        make_dir(dir)?;
    }
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

pub(crate) fn setting(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The first of these programs that PATH holds.
pub(crate) fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    names.iter().find_map(|name| env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file()))
}
