//! How ready a fleet is: the score of a thousand services and a report on them in every format, the score alone of ten thousand.
//!
//! A real server fills the store by its own collectors from a simulated fleet, and is stopped; then the benchmark of the server's
//! crate (`server/benches/records`) judges and reports on that store, so that no sweep and no page is measured along. A fleet of
//! this size has a week of load only after days, so it is written by that benchmark as well.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::fleet::{Fleet, POLL};
use super::history::{self, Said, megabytes};
use super::measure::{Sample, grouped};
use super::table::Table;
use super::{Wanted, large};
use crate::{run, say};

const SERVICES: usize = 1_000;
/// Of CPU and memory, before the newest sweep: the whole time that readiness looks back on.
const LOAD_DAYS: &str = "7";
/// How long revisions are waited for.
const READ_WITHIN: Duration = Duration::from_secs(1_200);
/// Formats of which nothing is promised.
const OTHERS: [&str; 5] = ["markdown", "csv", "junit", "sarif", "prometheus"];

/// Fills the table with the figures of a thousand services.
pub(super) fn thousand(table: &mut Table, signalbox: &Path, wanted: &Wanted) -> Result<()> {
    let records = history::records(wanted)?;
    let fleet = Fleet::large(signalbox, SERVICES)?;
    filled(&fleet)?;
    let config = stopped(fleet)?;
    let step = say::step("a week of CPU and memory of every service: written");
    run::output(Command::new(&records).arg("load").arg(&config).args(["--days", LOAD_DAYS]))?;
    step.done("on record");
    let step = say::step("judging 1,000 services, and reporting on them");
    let said = measured(&records, &config, wanted, &[])?;
    step.done("measured");
    judged(table, &said)?;
    let score = said.takings("readiness: score")?;
    let target = held("≤ 200 ms", 200.0, score.median());
    table.line("the score of all of them: facts read and judged", &score.show(0, " ms"), &target);
    table.line("  of that, reading the facts", &said.takings("readiness: facts")?.show(0, " ms"), "");
    let first = said.takings("readiness: first score")?;
    table.line("  the first in an hour, which reads the load of the week too", &first.show(0, " ms"), "");
    table.line("  memory it takes at its peak", &memory(said.count("readiness: memory of a score")?), "");
    reports(table, &said)
}

fn reports(table: &mut Table, said: &Said) -> Result<()> {
    for (format, name, target, most) in [("json", "JSON", "≤ 2 s", 2_000.0), ("html", "HTML", "≤ 5 s", 5_000.0)] {
        let whole = said.takings(&format!("readiness: whole {format}"))?;
        let line = format!("a report as {name}: judged, composed, signed, drawn");
        table.line(&line, &whole.show(0, " ms"), &held(target, most, whole.median()));
        let bytes = said.file(&format!("readiness: {format}"))?;
        let target = if format == "html" { held("≤ 5 MB", 5e6, bytes) } else { String::new() };
        table.line(&format!("  its size as {name}"), &megabytes(bytes), &target);
    }
    let composed: Sample = said.takings("readiness: composed")?;
    table.line("composing and signing a report", &composed.show(0, " ms"), "");
    for format in ["json", "html"].into_iter().chain(OTHERS) {
        let drawn = said.takings(&format!("readiness: drawn {format}"))?;
        let bytes = said.file(&format!("readiness: {format}"))?;
        table.line(&format!("  drawing it as {format}"), &format!("{}, {}", drawn.show(0, " ms"), megabytes(bytes)), "");
    }
    table.line("memory of the process that made all of these, at its peak", &memory(said.count("readiness: memory of it all")?), "");
    Ok(())
}

/// Fills the table with the score of a fleet of ten thousand, for information. Its server is stopped.
pub(super) fn ten_thousand(table: &mut Table, fleet: Fleet, wanted: &Wanted) -> Result<()> {
    let records = history::records(wanted)?;
    filled(&fleet)?;
    let served = fleet.memory()?;
    let config = stopped(fleet)?;
    let step = say::step("judging 10,000 services");
    let said = measured(&records, &config, wanted, &["--score-only"])?;
    step.done("measured");
    judged(table, &said)?;
    table.line("the score of all of them: facts read and judged", &said.takings("readiness: score")?.show(0, " ms"), "");
    table.line("  of that, reading the facts", &said.takings("readiness: facts")?.show(0, " ms"), "");
    table.line("  memory it takes at its peak", &memory(said.count("readiness: memory of a score")?), "");
    table.line("  memory of the `serve` that kept it (VmRSS)", &format!("{served:.0} MiB"), "");
    Ok(())
}

/// Waits until sweeps bring nothing new and every revision was read: what nobody read earns nothing, and is soon judged.
fn filled(fleet: &Fleet) -> Result<()> {
    large::settle(fleet)?;
    let step = say::step("the services' revisions, until all are read");
    let watch = say::stopwatch();
    let mut unread = fleet.unread()?;
    while unread > 0 && watch.elapsed() < READ_WITHIN {
        run::wait(POLL);
        unread = fleet.unread()?;
    }
    step.done(format!("{unread} are not"));
    Ok(())
}

/// Ends the server and the fleet before it; answers the server's config, beside which its store is.
fn stopped(fleet: Fleet) -> Result<PathBuf> {
    let config = fleet.config().to_owned();
    fleet.stop_serving()?;
    Ok(config)
}

fn measured(records: &Path, config: &Path, wanted: &Wanted, more: &[&str]) -> Result<Said> {
    let runs = wanted.runs.to_string();
    Said::of(Command::new(records).arg("readiness").arg(config).args(["--runs", &runs]).args(more))
}

/// What there was to judge.
fn judged(table: &mut Table, said: &Said) -> Result<()> {
    let count = |of: &str| said.count(&format!("readiness: {of}"));
    let (services, answers, known) = (count("services")?, count("answers")?, count("confidence")?);
    let held = format!("{} services, {} answers, confidence {known:.0} %", grouped(services, 0), grouped(answers, 0));
    table.line("a fleet to be judged", &held, "");
    Ok(())
}

/// A target with whether the figure, a median where there are several, is within it.
fn held(target: &str, most: f64, figure: f64) -> String {
    format!("{target}: {}", if figure <= most { "met" } else { "missed" })
}

fn memory(bytes: f64) -> String {
    format!("{:.0} MiB", bytes / 1_048_576.0)
}

#[cfg(test)]
mod tests {
    use super::held;

    #[test]
    fn a_target_says_whether_it_is_met() {
        assert_eq!(held("≤ 2 s", 2_000.0, 2_000.0), "≤ 2 s: met");
        assert_eq!(held("≤ 2 s", 2_000.0, 2_000.1), "≤ 2 s: missed");
        assert_eq!(held("≤ 2 s", 2_000.0, f64::NAN), "≤ 2 s: missed", "a figure that was not taken meets nothing");
    }
}
