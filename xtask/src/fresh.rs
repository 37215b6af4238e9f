//! What a stranger gets: a clone of what is committed, with nothing of this tree's `target/`, put through `.ci/run`.
//!
//! The only check that sees a file that was never committed, or a tool that only this machine has.

use anyhow::Result;

use crate::{place, run, say};

pub(crate) fn check() -> Result<()> {
    let dir = place::scratch("fresh")?;
    let clone = dir.join("clone");
    run::to_end(run::program("git", &["clone", "--quiet"]).arg(place::root()).arg(&clone))?;
    let step = say::step(format!("running .ci/run in {}", clone.display()));
    let mut ci = run::program("bash", &[".ci/run"]);
    // what this tool was started with would lead the clone back here
    for name in ["CARGO_TARGET_DIR", "CARGO_MANIFEST_DIR", "RUSTUP_TOOLCHAIN"] {
        ci.env_remove(name);
    }
    run::to_end(ci.current_dir(&clone).env("CI", "true"))?;
    step.done("green");
    Ok(())
}
