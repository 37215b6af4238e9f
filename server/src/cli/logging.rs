//! Where the log goes and how much of it.

use std::io::IsTerminal;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

/// Starts logging to stderr.
pub(super) fn start(filter: &str, json: bool) -> anyhow::Result<()> {
    let filter =
        EnvFilter::try_new(filter).with_context(|| format!("--log {filter} cannot be understood; try info, debug, or collectors=debug"))?;
    let fmt = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let started = if json { fmt.json().try_init() } else { fmt.with_ansi(std::io::stderr().is_terminal()).compact().try_init() };
    started.map_err(|error| anyhow::anyhow!("the log cannot start: {error}"))
}
