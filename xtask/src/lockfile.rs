//! What Cargo.lock says about a crate: its version, and where cargo unpacked its sources.
//!
//! Read as text, by the three lines every entry begins with: a TOML parser for that would double this tool's build.

use anyhow::{Result, bail};

use crate::place;

pub(crate) fn versions(name: &str) -> Result<Vec<String>> {
    let lock = place::read(&place::root().join("Cargo.lock"))?;
    let wanted = format!("name = \"{name}\"");
    let lines: Vec<&str> = lock.lines().collect();
    Ok(lines
        .windows(2)
        .filter_map(|pair| match pair {
            [first, second] if *first == wanted => second.strip_prefix("version = \"")?.strip_suffix('"'),
            _ => None,
        })
        .map(str::to_owned)
        .collect())
}

/// The glue's writer and the WASM's library speak a format that changes in any release.
pub(crate) fn one_wasm_bindgen() -> Result<()> {
    let library = versions("wasm-bindgen")?;
    let writer = versions("wasm-bindgen-cli-support")?;
    if library.len() == 1 && library == writer {
        return Ok(());
    }
    bail!(
        "Cargo.lock has wasm-bindgen {} and wasm-bindgen-cli-support {}.\n  They must be one and the same version, or the \
         page's script cannot load its WASM.\n  Set both to the same `=x.y.z` in [workspace.dependencies] of Cargo.toml.",
        library.join(", "),
        writer.join(", ")
    );
}
