//! What is remembered: how large it gets, how soon it is read and drawn, and a search of a million entries.
//!
//! The stores are written and read by a benchmark of the server's own crate (`server/benches/records`), because this tool
//! does not link it; here its figures become lines. Sizes need no repetition: the same seed gives the same store.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::measure::{Sample, grouped};
use super::table::Table;
use super::{Wanted, beside};
use crate::{place, run, say};

/// Tables that hold how many tasks there were, and when.
pub(super) const COUNTS: [&str; 2] = ["count_change", "subject"];
/// Tables that hold what was measured.
const NUMBERS: [&str; 4] = ["series", "series_hour", "series_day", "series_asked"];
/// Tables that hold what happened, and the index by which it is found.
const TOLD: [&str; 2] = ["timeline", "timeline_search_data"];

pub(super) fn history(table: &mut Table, signalbox: &Path, wanted: &Wanted) -> Result<()> {
    let records = records(wanted)?;
    month(table, &records)?;
    beside::beside(table, signalbox, &records)?;
    search(table, &records)
}

/// The server's benchmark, built with the server: same profile, same crates. A copy stays where `--no-build` finds it.
pub(super) fn records(wanted: &Wanted) -> Result<PathBuf> {
    let kept = place::stamps().join("records");
    if wanted.no_build {
        return if kept.is_file() { Ok(kept) } else { bail!("target/xtask/records is not there yet: leave out --no-build once") };
    }
    let step = say::step("compiling the benchmark of what is remembered");
    let args = ["build", "--package", "signalbox", "--release", "--bench", "records", "--message-format", "json-render-diagnostics"];
    let said = run::output(&mut run::cargo(&args))?;
    let built = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
        let ours = message.pointer("/target/name").and_then(Value::as_str) == Some("records");
        message.get("executable").and_then(Value::as_str).filter(|_| ours).map(PathBuf::from)
    });
    let built = built.context("cargo names no executable of the benchmark `records`")?;
    place::make_dir(&place::stamps())?;
    std::fs::copy(&built, &kept).with_context(|| format!("cannot copy {}", built.display()))?;
    step.done("compiled");
    Ok(kept)
}

fn month(table: &mut Table, records: &Path) -> Result<()> {
    let step = say::step("1,000 services over 30 days: written, read, drawn");
    let dir = place::Passing::new("bench-month")?;
    let said = Said::of(Command::new(records).arg("month").arg(dir.dir()))?;
    step.done("measured");
    let (services, changes) = (said.count("month: services")?, said.count("month: changes")?);
    let fleet = format!("{} services, 30 days, {} changes", grouped(services, 0), grouped(changes, 0));
    let (early, late) = ("month: counts", "month: numbers");
    table.line(&format!("running, desired, pending: {fleet}"), &megabytes(said.tables(early, &COUNTS)), "≤ 20 MB");
    table.line("  that whole file, with states, what was told of it and its search", &said.whole(early)?, "");
    let points = format!("{} million points of CPU and memory", grouped(said.count("month: points")? / 1e6, 1));
    let both = said.tables(late, &COUNTS) + said.tables(late, &NUMBERS);
    table.line(&format!("  with {points}, packed"), &megabytes(both), "≤ 150 MB");
    table.line("  that whole file", &said.whole(late)?, "");
    let target = "p50 ≤ 1 ms, p99 ≤ 5 ms";
    table.line("one service's 30 days of running, desired, pending", &said.takings("month: counts read")?.percentiles(2), target);
    table.line("  with CPU and memory", &said.takings("month: read")?.percentiles(2), "");
    table.line("its three plots as SVG", &said.takings("month: plots")?.percentiles(2), "≤ 50 ms");
    Ok(())
}

fn search(table: &mut Table, records: &Path) -> Result<()> {
    let step = say::step("a record of a million entries: written (some minutes), searched");
    let dir = place::Passing::new("bench-search")?;
    let said = Said::of(Command::new(records).arg("search").arg(dir.dir()))?;
    step.done("measured");
    let held = format!("{} entries, {}", grouped(said.count("search: entries")?, 0), said.whole("search")?);
    table.line("a large record", &held, "");
    let ways = said.names("takings").into_iter().filter(|name| name.starts_with("search: "));
    for way in ways {
        table.line(&way, &said.takings(&way)?.percentiles(1), "p99 ≤ 100 ms");
    }
    Ok(())
}

/// `1.2 MB`, by the million.
pub(super) fn megabytes(bytes: f64) -> String {
    format!("{} MB", grouped(bytes / 1e6, if bytes < 1e7 { 2 } else { 1 }))
}

/// What the benchmark printed.
pub(super) struct Said(Vec<Value>);

impl Said {
    pub(super) fn of(command: &mut Command) -> Result<Self> {
        let said = run::output(command)?;
        let lines: Result<Vec<Value>, _> = said.lines().map(serde_json::from_str).collect();
        Ok(Self(lines.context("the benchmark printed something else than JSON")?))
    }

    pub(super) fn figure(&self, figure: &str) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |line| line.get("figure").and_then(Value::as_str) == Some(figure))
    }

    fn of_name(&self, figure: &str, of: &str) -> Result<&Value> {
        let named = |line: &&Value| line.get("of").and_then(Value::as_str) == Some(of);
        self.figure(figure).find(named).with_context(|| format!("the benchmark printed no {figure} \"{of}\""))
    }

    fn names(&self, figure: &str) -> Vec<String> {
        self.figure(figure).filter_map(|line| Some(line.get("of")?.as_str()?.to_owned())).collect()
    }

    pub(super) fn count(&self, of: &str) -> Result<f64> {
        self.of_name("count", of)?.get("count").and_then(Value::as_f64).context("a count without a number")
    }

    pub(super) fn takings(&self, of: &str) -> Result<Sample> {
        let millis = self.of_name("takings", of)?.get("ms").and_then(Value::as_array).context("takings without numbers")?;
        Ok(Sample::of(millis.iter().filter_map(Value::as_f64).collect()))
    }

    pub(super) fn file(&self, stage: &str) -> Result<f64> {
        self.of_name("file", stage)?.get("bytes").and_then(Value::as_f64).context("a file without a size")
    }

    /// What these tables take with their indexes, in bytes.
    pub(super) fn tables(&self, stage: &str, names: &[&str]) -> f64 {
        let wanted = |table: &&Value| {
            table.get("of").and_then(Value::as_str) == Some(stage)
                && table.get("table").and_then(Value::as_str).is_some_and(|name| names.contains(&name))
        };
        self.figure("table").filter(wanted).filter_map(|table| table.get("bytes")?.as_f64()).sum()
    }

    /// `190 MB: counts 6, numbers 75, told 60, states 5`
    fn whole(&self, stage: &str) -> Result<String> {
        let [counts, numbers, told, states] =
            [&COUNTS[..], &NUMBERS, &TOLD, &["interval"]].map(|names| grouped(self.tables(stage, names) / 1e6, 1));
        Ok(format!("{} (counts {counts}, numbers {numbers}, told and its search {told}, states {states})", megabytes(self.file(stage)?)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Said, megabytes};

    #[test]
    fn what_is_printed_is_found_by_its_name() {
        let table = |of: &str, table: &str, bytes: u64| json!({"figure": "table", "of": of, "table": table, "bytes": bytes});
        let said = Said(vec![
            json!({"figure": "takings", "of": "read", "ms": [3.0, 1.0, 2.0]}),
            json!({"figure": "file", "of": "late", "bytes": 12_340_000}),
            table("early", "subject", 1),
            table("late", "subject", 2),
            table("late", "count_change", 3),
            table("late", "interval", 900),
        ]);
        assert_eq!(said.takings("read").unwrap().percentiles(0), "p50 2 ms, p99 3 ms, worst 3 ms");
        assert!((said.tables("late", &super::COUNTS) - 5.0).abs() < 1e-9);
        assert!(said.takings("written").is_err() && said.file("early").is_err());
        assert!(said.whole("late").unwrap().starts_with("12.3 MB (counts 0.0"));
        assert_eq!(megabytes(1_234_567.0), "1.23 MB");
    }
}
