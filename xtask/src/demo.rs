//! The two ways to get the program: `demo` to look at it within minutes, `build` for the one to take elsewhere.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::ui::{self, Flavour};
use crate::{place, run, say, tools};

/// Builds what is missing and becomes the demo: it takes this process's place, so Ctrl-C reaches it and nothing else.
pub(crate) fn demo(args: &[String]) -> Result<()> {
    let nats_server = tools::nats_server()?;
    ui::build(Flavour::Fast)?;
    let signalbox = server()?;
    let mut demo = run::program(&signalbox, &["demo"]);
    if !args.iter().any(|arg| arg == "--listen" || arg.starts_with("--listen=")) {
        demo.args(["--listen", "127.0.0.1:3000"]);
    }
    demo.args(args).env("SIGNALBOX_NATS_SERVER", nats_server);
    say::note(format!("starting `{}`; Ctrl-C ends it", run::shown(&demo)));
    Err(demo.exec()).with_context(|| format!("cannot start {}", signalbox.display()))
}

pub(crate) fn build(release: bool) -> Result<()> {
    if !release {
        ui::build(Flavour::Fast)?;
        say::note(format!("built {}; it reads the pages' half from target/site", server()?.display()));
        return Ok(());
    }
    say::note(format!("built {}; the pages' half is inside", release_server()?.display()));
    Ok(())
}

/// The server as `cargo build` leaves it.
pub(crate) fn server() -> Result<PathBuf> {
    let step = say::step("compiling the server");
    run::to_end(&mut run::cargo(&["build", "--package", "signalbox"]))?;
    step.done("compiled");
    Ok(place::cargo_target().join("debug/signalbox"))
}

/// The one file to take elsewhere.
pub(crate) fn release_server() -> Result<PathBuf> {
    ui::build(Flavour::Small)?;
    let step = say::step("compiling the server (release: some minutes the first time)");
    run::to_end(&mut run::cargo(&["build", "--package", "signalbox", "--release"]))?;
    step.done("compiled");
    Ok(place::cargo_target().join("release/signalbox"))
}
