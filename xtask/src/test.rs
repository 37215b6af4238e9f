//! Everything that proves the tree: `cargo test`, then the browser's tests against the real binary.
//!
//! The closing line adds up what the two runners counted themselves, and a run that ended badly without a failed test
//! (a crash, a compile error, nothing to run) counts as one failure: a green line must mean that tests ran and passed.

pub(crate) mod browser;
mod count;
mod surroundings;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::ui::{self, Flavour};
use crate::{place, run, say, tools};
use count::Count;
pub(crate) use surroundings::without_the_world;

#[derive(Args)]
pub(crate) struct Wanted {
    /// One of the two halves
    #[arg(long, value_enum)]
    only: Option<Half>,
    /// Passed on to the half's own runner (`cargo test` or `playwright test`): a filter, -p, --grep, …
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, requires = "only")]
    args: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Half {
    Rust,
    E2e,
}

/// One half's result, for the summary.
struct Report {
    name: &'static str,
    count: Count,
    took: Duration,
}

pub(crate) fn test(wanted: &Wanted) -> Result<ExitCode> {
    let all = say::stopwatch();
    let nats_server = tools::nats_server()?;
    let mut reports = Vec::new();
    ui::build(Flavour::Fast)?;
    if wanted.only != Some(Half::E2e) {
        reports.push(rust(&wanted.args, &nats_server)?);
    }
    if wanted.only != Some(Half::Rust) {
        let signalbox = server_as_tested()?;
        let step = say::step("browser tests (playwright, two projects: with and without JavaScript)");
        let count = browser::specs(&signalbox, &nats_server, &wanted.args)?;
        reports.push(Report { name: "playwright", count, took: step.done(count) });
    }
    Ok(summary(&reports, all.elapsed()))
}

fn rust(args: &[String], nats_server: &PathBuf) -> Result<Report> {
    let mut cargo = run::cargo(&["test", "--no-fail-fast"]);
    if !args.iter().any(|arg| arg == "-p" || arg.starts_with("--package")) {
        cargo.arg("--workspace");
    }
    cargo
        .args(args)
        .env("SIGNALBOX_NATS_SERVER", nats_server)
        .env("SIGNALBOX_AWS_CLI", tools::aws_cli()?)
        .env("SIGNALBOX_MOTO_PYTHON", tools::moto_python()?)
        .env("SIGNALBOX_LOCALSTACK_PYTHON", tools::localstack_python()?)
        .env("SIGNALBOX_PROMTOOL", tools::promtool()?);
    without_the_world(&mut cargo)?;
    let step = say::step(format!("Rust tests ({})", run::shown(&cargo)));
    let count = count::cargo_test(&mut cargo)?;
    Ok(Report { name: "cargo test", count, took: step.done(count) })
}

/// The server as the tests' own build left it. A build of the one package would resolve its dependencies' features
/// without the rest of the workspace's, and compile half of the tree again for it.
pub(crate) fn server_as_tested() -> Result<PathBuf> {
    let step = say::step("compiling the server for the browser tests");
    run::to_end(&mut run::cargo(&["build", "--workspace", "--bins", "--tests"]))?;
    step.done("compiled");
    Ok(place::cargo_target().join("debug/signalbox"))
}

fn summary(reports: &[Report], took: Duration) -> ExitCode {
    let mut total = Count::default();
    eprintln!();
    for report in reports {
        eprintln!("{:12} {} in {}", report.name, report.count, say::seconds(report.took));
        total = total + report.count;
    }
    eprintln!("{:12} with builds and tools in {}", "all", say::seconds(took));
    println!("{total}");
    if total.failed > 0 || total.passed == 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
