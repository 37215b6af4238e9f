//! The browser's tests: Playwright with the system's Chromium against the real binary.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::count::{self, Count};
use super::without_the_world;
use crate::{place, run, tools};

pub(super) fn specs(signalbox: &Path, nats_server: &Path, args: &[String]) -> Result<Count> {
    let report = place::stamps().join("playwright.json");
    if report.exists() {
        fs::remove_file(&report)?;
    }
    let mut playwright = playwright(signalbox, nats_server)?;
    playwright.args(["test", "--reporter=list,json"]).args(args).env("PLAYWRIGHT_JSON_OUTPUT_FILE", &report);
    let status = playwright.stdout(std::io::stderr()).status()?;
    count::playwright(&report, status.success())
}

/// Playwright's own command, in `end2end/`, told where everything is.
pub(crate) fn playwright(signalbox: &Path, nats_server: &Path) -> Result<std::process::Command> {
    let dir = place::root().join("end2end");
    tools::node_modules(&dir)?;
    let mut command = run::program("node", &["node_modules/@playwright/test/cli.js"]);
    command
        .current_dir(&dir)
        .env("SIGNALBOX_BIN", signalbox)
        .env("SIGNALBOX_NATS_SERVER", nats_server)
        .env("SIGNALBOX_CHROMIUM", tools::chromium()?);
    without_the_world(&mut command)?;
    Ok(command)
}
