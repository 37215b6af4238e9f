//! The figures of docs: how fast, how large, how much memory, each beside its target and, where one runs, its rival.
//!
//! Figures only: nothing here passes or fails, because a shared machine's numbers are evidence and not a verdict. Every
//! figure is a median with its range, and the load generator shares the machine's cores with what it loads: it says so.

mod beside;
mod change;
pub(crate) mod fleet;
mod history;
pub(crate) mod http;
mod large;
pub(crate) mod measure;
mod readers;
mod readiness;
pub(crate) mod steer;
mod table;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;

use crate::test::without_the_world;
use crate::{demo, place, run, say, tools, ui};
use fleet::{Fleet, Seen};
use measure::{Cost, Sample, cost_of};
use table::Table;

#[derive(Args)]
pub(crate) struct Wanted {
    /// How often each figure is taken; the median is printed
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Seconds of load for each request rate
    #[arg(long, default_value_t = 5)]
    seconds: u32,
    /// Only these parts
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Measure the binary that is there instead of building one
    #[arg(long)]
    no_build: bool,
}

/// What can be measured by itself.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Bundle, requests a second, memory, source to page and `verify`, at 23 services
    Small,
    /// `verify` at 1,000 services
    Verify,
    /// 500 open pages and one that stalls
    Readers,
    /// Pages, search, memory and first row at 10,000 services
    Large,
    /// The score of 1,000 services and a report on them in every format; the score of 10,000
    Readiness,
    /// Size and reading of 1,000 services' 30 days, beside Prometheus; search in a million entries
    History,
    /// Stopping everything, a failing check to its undo, and the verification of a million acts
    Change,
}

impl Wanted {
    fn part(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

pub(crate) fn bench(wanted: &Wanted) -> Result<()> {
    let signalbox = if wanted.no_build { place::cargo_target().join("release/signalbox") } else { demo::release_server()? };
    let mut table = Table::default();
    if wanted.part(Part::Small) {
        bundle(&mut table)?;
        let fleet = Fleet::start(&signalbox, 23, &["--no-script"])?;
        served(&mut table, &fleet, wanted)?;
        seen(&mut table, &fleet, wanted)?;
        let own = verify(&mut table, &fleet, wanted, "≤ 0.1 s", "≤ 0.05 s")?;
        rival(&mut table, &fleet, wanted, &own)?;
    }
    if wanted.part(Part::Verify) {
        let fleet = Fleet::yard_only(&signalbox, 1000, &["--no-script", "--no-throttles"])?;
        verify(&mut table, &fleet, wanted, "—", "≤ 0.1 s")?;
    }
    if wanted.part(Part::Readers) {
        readers::readers(&mut table, &signalbox, wanted)?;
    }
    if wanted.part(Part::Readiness) {
        readiness::thousand(&mut table, &signalbox, wanted)?;
    }
    if wanted.part(Part::Large) || wanted.part(Part::Readiness) {
        // minutes to fill: once for both
        let fleet = Fleet::large(&signalbox, large::SERVICES)?;
        if wanted.part(Part::Large) {
            large::large(&mut table, &fleet, wanted)?;
        }
        if wanted.part(Part::Readiness) {
            readiness::ten_thousand(&mut table, fleet, wanted)?;
        }
    }
    if wanted.part(Part::History) {
        history::history(&mut table, &signalbox, wanted)?;
    }
    if wanted.part(Part::Change) {
        change::change(&mut table, &signalbox, wanted)?;
    }
    print!("{table}");
    Ok(())
}

/// What a browser loads once.
fn bundle(table: &mut Table) -> Result<()> {
    let pkg = place::pkg();
    let mut all = (0, 0);
    for name in ["signalbox_bg.wasm", "signalbox.js", "signalbox.css"] {
        let bytes = std::fs::read(pkg.join(name)).with_context(|| format!("no target/site/pkg/{name}"))?;
        let small = match std::fs::read(pkg.join(format!("{name}.br"))) {
            Ok(small) => small,
            // a bundle made for speed of compiling is not the one that is released, and says so by its size
            Err(_) => ui::shrink::brotli_11(&bytes)?,
        };
        table.line(&format!("bundle: {name}"), &format!("{} raw, {} brotli", kib(bytes.len()), kib(small.len())), "");
        all = (all.0 + bytes.len(), all.1 + small.len());
    }
    table.line("bundle: all", &format!("{} raw, {} brotli", kib(all.0), kib(all.1)), "≤ 350 KiB brotli");
    Ok(())
}

fn kib(bytes: usize) -> String {
    format!("{} KiB", bytes.div_ceil(1024))
}

fn served(table: &mut Table, fleet: &Fleet, wanted: &Wanted) -> Result<()> {
    let wrk = tools::wrk()?;
    let warm = "memory of `serve` after a hundred pages (VmRSS)";
    for _ in 0..50 {
        http::get(fleet.url(), "/")?;
        http::get(fleet.url(), "/services")?;
    }
    table.line(warm, &format!("{:.1} MiB", fleet.memory()?), "≤ 60 MiB");
    for (name, path, header, target) in [
        ("GET /api/v1/overview, requests/s", "/api/v1/overview", "Accept: application/json", "≥ 20,000"),
        ("GET / (overview page), pages/s", "/", "Accept: text/html", "≥ 3,000"),
        ("GET / with brotli accepted, pages/s", "/", "Accept-Encoding: br", "≥ 3,000"),
        ("GET /services, pages/s", "/services", "Accept: text/html", ""),
    ] {
        let step = say::step(format!("load: {name}"));
        let (mut rates, mut refused) = (Vec::new(), 0);
        for _ in 0..wanted.runs {
            let (rate, refusals) = load(&wrk, fleet.url(), path, header, wanted.seconds)?;
            rates.push(rate);
            refused += refusals;
        }
        step.done("measured");
        let faults = if refused > 0 { format!(", {refused} ANSWERS REFUSED") } else { String::new() };
        table.line(name, &format!("{}{faults}", Sample::of(rates).show(0, "")), target);
    }
    table.line("memory of `serve` after that load", &format!("{:.1} MiB", fleet.memory()?), "");
    Ok(())
}

/// One run of wrk: 32 connections from one thread, on the cores the server has as well. Answers a second, and how many
/// of them were refusals: a server that fails fast must not look like a fast one.
fn load(wrk: &Path, url: &str, path: &str, header: &str, seconds: u32) -> Result<(f64, u64)> {
    let (known, seconds) = (http::authorization(url), format!("-d{seconds}s"));
    let mut command = Command::new(wrk);
    command.args(["-t1", "-c32", &seconds, "-H", header, "-H", known.trim_end(), "--timeout", "10s"]).arg(format!("{url}{path}"));
    let said = run::output(&mut command)?;
    let line = |start: &str| said.lines().find_map(|line| line.trim().strip_prefix(start)).map(str::trim);
    let rate = line("Requests/sec:").and_then(|rate| rate.parse().ok());
    let refused = line("Non-2xx or 3xx responses:").and_then(|count| count.parse().ok());
    Ok((rate.with_context(|| format!("wrk printed no rate:\n{said}"))?, refused.unwrap_or(0)))
}

/// From a task's end in the fleet to an open page.
fn seen(table: &mut Table, fleet: &Fleet, wanted: &Wanted) -> Result<()> {
    let step = say::step("a task stops: until an open page shows it");
    let mut all = Vec::new();
    for turn in 0..wanted.runs {
        all.push(fleet.stop_and_watch(turn)?);
    }
    step.done("measured");
    let target = format!("≤ poll + 1 s = {} s", fleet::POLL.as_secs() + 1);
    for (name, figure, target) in [
        ("source to the hint on /live", (|seen| seen.hint) as fn(&Seen) -> Duration, target.as_str()),
        ("source to the answer that shows it", |seen| seen.answer, target.as_str()),
        ("source to the stop's reason on record", |seen| seen.reason, "when the task has ended"),
    ] {
        let sample = Sample::of(all.iter().map(|seen| figure(seen).as_secs_f64()).collect());
        table.line(name, &sample.show(2, " s"), target);
    }
    Ok(())
}

fn verify(table: &mut Table, fleet: &Fleet, wanted: &Wanted, wall: &str, cpu: &str) -> Result<Vec<Cost>> {
    let step = say::step(format!("signalbox verify, {} services", fleet.services));
    let mut costs = Vec::new();
    for _ in 0..wanted.runs {
        costs.push(cost_of(&mut [fleet.verify()?], &[0, 1])?);
    }
    step.done("measured");
    let name = format!("signalbox verify, {} services", fleet.services);
    table.line(&format!("{name}: wall"), &wall_of(&costs).show(3, " s"), wall);
    table.line(&format!("{name}: CPU"), &cpu_of(&costs).show(3, " s"), cpu);
    Ok(costs)
}

/// What a person would type today: one `aws` for every ten names.
fn rival(table: &mut Table, fleet: &Fleet, wanted: &Wanted, own: &[Cost]) -> Result<()> {
    let aws = tools::aws_cli()?;
    let names = fleet.names(&aws)?;
    let step = say::step("aws ecs describe-services, the same services on the same server");
    let mut costs = Vec::new();
    for _ in 0..wanted.runs {
        let mut loop_of_three = Vec::new();
        for ten in names.chunks(10) {
            let mut command = fleet.aws(&aws, &["ecs", "describe-services", "--cluster", &fleet.cluster, "--services"])?;
            command.args(ten);
            loop_of_three.push(command);
        }
        costs.push(cost_of(&mut loop_of_three, &[0])?);
    }
    step.done("measured");
    let (theirs, ours) = (Sample::median(&wall_of(&costs)), Sample::median(&wall_of(own)));
    let ratio = format!("verify is {:.0} times faster", theirs / ours);
    table.line("aws CLI loop: wall", &wall_of(&costs).show(2, " s"), &ratio);
    let (theirs, ours) = (Sample::median(&cpu_of(&costs)), Sample::median(&cpu_of(own)));
    table.line("aws CLI loop: CPU", &cpu_of(&costs).show(2, " s"), &format!("verify takes 1/{:.0} of it", theirs / ours));
    Ok(())
}

fn wall_of(costs: &[Cost]) -> Sample {
    Sample::of(costs.iter().map(|cost| cost.wall.as_secs_f64()).collect())
}

fn cpu_of(costs: &[Cost]) -> Sample {
    Sample::of(costs.iter().map(|cost| cost.cpu.as_secs_f64()).collect())
}

/// How long a server may take to answer first.
const READY_WITHIN: Duration = Duration::from_secs(60);

pub(crate) fn apart(command: &mut Command) -> Result<&mut Command> {
    without_the_world(command)?;
    Ok(command)
}
