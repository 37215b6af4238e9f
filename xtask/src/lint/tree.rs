//! The tree as the rules see it: cargo's own account of the crates, and the files git would take.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{place, run};

/// Larger files are pictures and fixtures.
const TEXT_AT_MOST: u64 = 2_000_000;

pub(crate) struct Tree {
    /// `cargo metadata`, dependencies resolved.
    pub(super) metadata: Value,
    /// Path from the root to content: every text file that is tracked or would be.
    pub(super) files: BTreeMap<String, String>,
}

impl Tree {
    pub(super) fn read() -> Result<Self> {
        let metadata = run::output(&mut run::cargo(&["metadata", "--format-version", "1", "--locked"]))
            .context("Cargo.lock must be up to date: run `cargo metadata` and commit Cargo.lock")?;
        let listed = run::output(&mut run::program("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
        let mut files = BTreeMap::new();
        for name in listed.split('\0').filter(|name| !name.is_empty()) {
            if let Some(text) = text(&place::root().join(name)) {
                files.insert(name.to_owned(), text);
            }
        }
        Ok(Self { metadata: serde_json::from_str(&metadata).context("cargo metadata printed no JSON")?, files })
    }

    /// Files below a directory (empty: all) whose names end so.
    pub(super) fn files_in<'a>(&'a self, dir: &'a str, ending: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files
            .iter()
            .filter(move |(name, _)| name.starts_with(dir) && name.ends_with(ending))
            .map(|(name, text)| (name.as_str(), text.as_str()))
    }

    pub(super) fn packages(&self) -> impl Iterator<Item = &Value> {
        self.metadata.get("packages").and_then(Value::as_array).into_iter().flatten()
    }

    /// Where a dependency's sources are unpacked.
    pub(super) fn sources_of(&self, name: &str) -> Result<PathBuf> {
        let manifest = self
            .packages()
            .find(|package| package.get("name").and_then(Value::as_str) == Some(name))
            .and_then(|package| package.get("manifest_path")?.as_str())
            .with_context(|| format!("no crate of the workspace depends on {name} any more: take its rule out too"))?;
        Ok(Path::new(manifest).with_file_name("src"))
    }
}

fn text(path: &Path) -> Option<String> {
    let size = fs::metadata(path).ok()?.len();
    if size > TEXT_AT_MOST {
        return None;
    }
    String::from_utf8(fs::read(path).ok()?).ok()
}
