//! `cargo xtask sim`: the rollout engine against a model of the world, and whether that would notice a mistake.
//!
//! The simulation itself is a benchmark target of `domain` (`domain/benches/sim`), because it must see nothing but the pure
//! engine. `--planted` proves that it has teeth: each of [`planted::BUGS`] is put into a copy of the crate, one at a time, and
//! must be caught.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;

use crate::{place, run, say};

mod planted;

use planted::{BUGS, Bug};

/// What to simulate.
#[derive(Args)]
pub(crate) struct Wanted {
    /// Seeded runs, beside every single cell and a sample of pairs
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Put each of twenty mistakes into a copy of the engine; all must be caught. With a text: those whose name holds it
    #[arg(long, num_args = 0..=1, default_missing_value = "", value_name = "TEXT")]
    planted: Option<String>,
    /// Tell every seeded run
    #[arg(long)]
    verbose: bool,
}

pub(crate) fn sim(wanted: &Wanted) -> Result<ExitCode> {
    match &wanted.planted {
        Some(text) => plant(text),
        None => simulate(wanted),
    }
}

fn simulate(wanted: &Wanted) -> Result<ExitCode> {
    let sim = built(&place::root(), "signalbox-domain", &[])?;
    let step = say::step(format!("{} seeds, every cell, pairs", wanted.seeds));
    let watch = say::stopwatch();
    let mut command = run::program(&sim, &["--seeds", &wanted.seeds.to_string(), "--from", &wanted.from.to_string()]);
    if wanted.verbose {
        command.arg("--verbose");
    }
    let said = command.output().context("the simulation cannot be started")?;
    step.done("simulated");
    let text = String::from_utf8_lossy(&said.stdout);
    let mut lines: Vec<&str> = text.lines().collect();
    let last = lines.pop().and_then(|line| serde_json::from_str::<Value>(line).ok());
    for line in lines {
        println!("{line}");
    }
    let Some(figures) = last else { bail!("the simulation ended without its figures: {}", String::from_utf8_lossy(&said.stderr)) };
    let figure = |name: &str| figures.get(name).and_then(Value::as_u64).unwrap_or(0);
    println!(
        "cells {}/{} ({} places, every fault, with and without a crash); pairs {}; seeds {} from {}",
        figure("cells_run"),
        figure("cells"),
        figure("places"),
        figure("pairs"),
        figure("seeds"),
        figure("from")
    );
    println!(
        "{} effects in {} simulated hours; {} violations; {:.1} s",
        figure("effects"),
        figure("simulated_hours"),
        figure("violations"),
        watch.elapsed().as_secs_f64()
    );
    let well = said.status.success() && figure("violations") == 0 && figure("cells") > 0 && figure("cells") == figure("cells_run");
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The simulation's program, compiled from the tree at `root`.
fn built(root: &Path, package: &str, more: &[&str]) -> Result<PathBuf> {
    let step = say::step("compiling the simulation");
    let args = ["build", "--package", package, "--release", "--bench", "sim", "--message-format", "json-render-diagnostics"];
    let mut cargo = run::cargo(&args);
    cargo.current_dir(root).args(more);
    if !more.is_empty() {
        // one line of difference each time: what the surroundings say of incremental compiling is meant for other builds
        cargo.env("CARGO_INCREMENTAL", "1");
    }
    let said = run::output(&mut cargo)?;
    let built = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
        let ours = message.pointer("/target/name").and_then(Value::as_str) == Some("sim");
        message.get("executable").and_then(Value::as_str).filter(|_| ours).map(PathBuf::from)
    });
    step.done("compiled");
    built.context("cargo names no executable of the benchmark `sim`")
}

/// A copy of the workspace with `domain` alone in it, in which each mistake is made in turn.
fn plant(text: &str) -> Result<ExitCode> {
    let copy = place::scratch("planted")?;
    copy_tree(&place::root().join("domain"), &copy.join("domain"))?;
    let manifest = place::read(&place::root().join("Cargo.toml"))?;
    place::write(&copy.join("Cargo.toml"), alone(&manifest)?)?;
    for file in ["Cargo.lock", "rust-toolchain.toml", "clippy.toml"] {
        place::write(&copy.join(file), place::read(&place::root().join(file))?)?;
    }
    let target = place::cargo_target().join("planted");
    let target = target.to_str().context("the target directory has a name that is no text")?;
    let chosen: Vec<&Bug> = BUGS.iter().filter(|bug| bug.name.contains(text)).collect();
    let mut missed = Vec::new();
    for Bug { name, file, from, to } in &chosen {
        let path = copy.join("domain/src").join(file);
        let text = place::read(&path)?;
        if text.matches(from).count() != 1 {
            bail!(
                "the mistake \"{name}\" fits {} times into {file}, not once: the engine has changed, so must the mistake",
                text.matches(from).count()
            );
        }
        place::write(&path, text.replacen(from, to, 1))?;
        let sim = built(
            &copy,
            "signalbox-domain",
            &["--target-dir", target, "--config", "profile.release.lto=false", "--config", "profile.release.opt-level=1"],
        )?;
        let said = run::program(&sim, &["--seeds", "1000", "--pairs", "500"]).output().context("the simulation cannot be started")?;
        let text_said = String::from_utf8_lossy(&said.stdout);
        let first = text_said.lines().find(|line| line.starts_with("VIOLATION")).map(str::to_owned);
        match (&first, said.status.success()) {
            (_, true) => {
                missed.push(*name);
                println!("MISSED   {name}");
            }
            (first, false) => println!("caught   {name}: {}", first.as_deref().unwrap_or("it broke").chars().take(150).collect::<String>()),
        }
        place::write(&path, text)?;
    }
    println!("{}/{} planted mistakes caught", chosen.len() - missed.len(), chosen.len());
    Ok(if missed.is_empty() && !chosen.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The workspace's manifest with one member.
fn alone(manifest: &str) -> Result<String> {
    let mut manifest: toml::Table = manifest.parse().context("Cargo.toml is no TOML")?;
    let workspace = manifest.get_mut("workspace").and_then(toml::Value::as_table_mut).context("Cargo.toml has no workspace")?;
    workspace.insert("members".into(), toml::Value::Array(vec!["domain".into()]));
    workspace.remove("default-members");
    workspace.remove("metadata");
    let dependencies =
        workspace.get_mut("dependencies").and_then(toml::Value::as_table_mut).context("the workspace has no dependencies")?;
    // paths of members that are not there
    dependencies.retain(|_, of| of.get("path").is_none_or(|path| path.as_str() == Some("domain")));
    Ok(toml::to_string(&manifest)?)
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    place::make_dir(to)?;
    for entry in std::fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target).with_context(|| format!("cannot copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}
