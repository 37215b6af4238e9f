//! `cargo xtask …`: every command that CI or a person runs on this tree.
//!
//! A program and not a heap of scripts: it runs alike everywhere, its parts are linted like the rest, and a rule of the
//! house that no other lint can state is a test in it. It must compile quickly, so its dependencies are few.

mod bench;
mod demo;
mod fresh;
mod kill;
mod lint;
mod lockfile;
mod place;
mod queries;
mod run;
mod say;
mod screens;
mod sim;
mod test;
mod tools;
mod ui;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Build, run, test and measure Signalbox", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything and serve a simulated fleet on 127.0.0.1:3000
    Demo {
        /// Passed on to `signalbox demo`: --listen, --data, --speed, …
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Build the browser's half and the server
    Build {
        /// One self-contained binary at target/release/signalbox
        #[arg(long)]
        release: bool,
    },
    /// Build the browser's half alone, into target/site/pkg
    Ui {
        /// Small instead of quick to compile: profile wasm-release, wasm-opt, brotli
        #[arg(long)]
        release: bool,
    },
    /// Run every test; ends with `N passed, N failed`
    Test(test::Wanted),
    /// Print the figures: requests/s, bundle size, memory, `verify` beside the AWS CLI, source to page, score and reports
    Bench(bench::Wanted),
    /// Check formatting, clippy for both halves, documentation, and the rules of the house
    Lint(lint::Wanted),
    /// Run the rollout engine against a model world with every fault at every point
    Sim(sim::Wanted),
    /// Kill the real server with -9 again and again while it changes a simulated fleet
    Kill(kill::Wanted),
    /// Save pictures of every page in target/screens
    Screens(screens::Wanted),
    /// Clone what is committed into target/ and run .ci/run there
    CheckFresh,
    /// Describe the server's SQL queries anew in .sqlx, after a query or a migration changed
    Sqlx,
    /// Fetch every tool that is not Rust into target/tools
    Tools,
}

fn main() -> ExitCode {
    match command(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn command(command: Command) -> Result<ExitCode> {
    match command {
        Command::Demo { args } => demo::demo(&args)?,
        Command::Build { release } => demo::build(release)?,
        Command::Ui { release: true } => ui::build(ui::Flavour::Small)?,
        Command::Ui { release: false } => ui::build(ui::Flavour::Fast)?,
        Command::Test(wanted) => return test::test(&wanted),
        Command::Bench(wanted) => bench::bench(&wanted)?,
        Command::Lint(wanted) => return lint::lint(&wanted),
        Command::Sim(wanted) => return sim::sim(&wanted),
        Command::Kill(wanted) => return kill::kill(&wanted),
        Command::Screens(wanted) => screens::screens(&wanted)?,
        Command::CheckFresh => fresh::check()?,
        Command::Sqlx => queries::rewrite()?,
        Command::Tools => tools::all()?,
    }
    Ok(ExitCode::SUCCESS)
}
