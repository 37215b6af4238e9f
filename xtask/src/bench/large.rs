//! Ten thousand services: pages, search, memory, the first row in a browser, and a sweep in which nothing changed.
//!
//! The simulated fleet runs in a process of its own, with its throttles lifted and our share of AWS's rate at the whole,
//! for the fill alone would take minutes otherwise; pages are measured while sweeps go on.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::fleet::Fleet;
use super::measure::Sample;
use super::table::Table;
use super::{Wanted, http};
use crate::{place, run, say, tools};

/// How many services the fleet has that this is about.
pub(super) const SERVICES: usize = 10_000;
/// Requests for each percentile: enough for a p99 that is not the worst.
const REQUESTS: usize = 400;

/// Fills the table with the figures of a fleet of ten thousand.
pub(super) fn large(table: &mut Table, fleet: &Fleet, wanted: &Wanted) -> Result<()> {
    let overview: Value = serde_json::from_str(&http::get(fleet.url(), "/api/v1/overview")?)?;
    let count = |path: &str| overview.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    let held = format!("{} services, {} tasks, {} alarms", count("/services/of"), count("/tasks/value"), count("/alarms/of"));
    table.line("a large fleet", &held, "10,000 / 30,000 / 40,000");
    rows(table, fleet)?;
    let name = |number: usize| format!("/services?q=a&sort=running&reverse=true&page={}", number % 40 + 1);
    let words = ["stopped", "deployment", "alarm", "task", "auth", "is up", "exit 137", "router"];
    let search =
        |number: usize| format!("/api/v1/timeline?q={}", words.get(number % words.len()).copied().unwrap_or("task").replace(' ', "+"));
    let find = |number: usize| format!("/api/v1/services?sort=name&per=12&q=s{}", number % 100);
    latency(table, fleet, "overview page", "p99 ≤ 100 ms", |_| "/".to_owned())?;
    latency(table, fleet, "services page, filtered and sorted", "p99 ≤ 50 ms", name)?;
    latency(table, fleet, "search in the timeline", "p99 ≤ 100 ms", search)?;
    latency(table, fleet, "search for a service", "p99 ≤ 100 ms", find)?;
    updates(table, fleet)?;
    table.line("memory of `serve` (VmRSS)", &format!("{:.0} MiB", fleet.memory()?), "≤ 400 MiB");
    first_row(table, fleet, wanted)?;
    // also of the first fill, which is the most that is held at once
    table.line("  the most it has had since it started (VmHWM)", &format!("{:.0} MiB", fleet.most_memory()?), "≤ 400 MiB");
    Ok(())
}

fn latency(table: &mut Table, fleet: &Fleet, what: &str, target: &str, path: impl Fn(usize) -> String) -> Result<()> {
    let step = say::step(format!("{what}, {REQUESTS} times"));
    let mut takings = Vec::new();
    for number in 0..REQUESTS {
        let watch = say::stopwatch();
        http::get(fleet.url(), &path(number))?;
        takings.push(watch.elapsed().as_secs_f64() * 1_000.0);
        // spread over several sweeps, so that what is kept between them is not all that is measured
        run::pause();
    }
    step.done("measured");
    table.line(what, &Sample::of(takings).percentiles(1), target);
    Ok(())
}

/// What an open page is sent when it asks again: whole, as before anything was shown, and where all that is visible is shown already.
fn updates(table: &mut Table, fleet: &Fleet) -> Result<()> {
    let step = say::step("updates of open pages");
    let list = |since: &Value| update(fleet, "services", &json!({ "query": { "sort": "name", "per": 100 }, "since": since }));
    let alarms = |since: &Value| update(fleet, "page", &json!({ "path": "/alarms", "pairs": [["per", "100"]], "since": since }));
    let (rows, page) = (list(&json!([]))?, alarms(&Value::Null)?);
    let rows_again = list(rows.1.pointer("/body/listed/digests").context("the list has no digests")?)?;
    let page_again = alarms(page.1.pointer("/body/digest").context("the page has no digest")?)?;
    step.done("measured");
    table.line("an update of 100 services, uncompressed: whole", &bytes(rows.0), "");
    table.line("  where no row changed", &bytes(rows_again.0), "");
    table.line("an update of 100 alarms, uncompressed: whole", &bytes(page.0), "");
    table.line("  where only ages moved", &bytes(page_again.0), "");
    Ok(())
}

/// How many bytes a server function answers, and what.
fn update(fleet: &Fleet, endpoint: &str, asked: &Value) -> Result<(usize, Value)> {
    let answer = http::send(fleet.url(), "POST", &format!("/api/{endpoint}"), &asked.to_string())?;
    Ok((answer.len(), serde_json::from_str(&answer)?))
}

fn bytes(count: usize) -> String {
    format!("{:.1} KiB", count as f64 / 1_024.0)
}

/// Waits until sweeps bring nothing new: the first of them are not quiet.
pub(super) fn settle(fleet: &Fleet) -> Result<()> {
    let step = say::step("the first sweeps, until they bring nothing new");
    let watch = say::stopwatch();
    while two_more(fleet)?.0 > 0 && watch.elapsed() < Duration::from_secs(900) {}
    step.done(format!("{} rows", fleet.count_rows()?));
    Ok(())
}

/// Sweeps that every one of the two sources has done which bring the fleet; metrics come minutes apart and are numbers, not state.
fn sweeps(fleet: &Fleet) -> Result<u64> {
    let sources: Value = serde_json::from_str(&http::get(fleet.url(), "/api/v1/sources")?)?;
    let rows = sources.pointer("/rows").and_then(Value::as_array).context("no rows of sources")?;
    let of = |row: &Value| row.get("sweeps").and_then(Value::as_u64).unwrap_or(0);
    let brings = |row: &&Value| matches!(row.pointer("/id/kind").and_then(Value::as_str), Some("ecs" | "alarms"));
    Ok(rows.iter().filter(brings).map(of).min().unwrap_or(0))
}

/// Rows that two more sweeps of each add, and how many there were.
fn two_more(fleet: &Fleet) -> Result<(u64, u64)> {
    let (before, from) = (fleet.count_rows()?, sweeps(fleet)?);
    let watch = say::stopwatch();
    while sweeps(fleet)? < from + 2 && watch.elapsed() < Duration::from_secs(300) {
        run::pause();
    }
    Ok((fleet.count_rows()?.saturating_sub(before), sweeps(fleet)? - from))
}

/// Rows before and after sweeps in which nothing happened.
fn rows(table: &mut Table, fleet: &Fleet) -> Result<()> {
    settle(fleet)?;
    let step = say::step("quiet sweeps, and the rows they add");
    let (added, swept) = two_more(fleet)?;
    step.done("counted");
    table.line("rows of state and timeline added by quiet sweeps", &format!("{added} by {swept} sweeps of each source"), "0");
    Ok(())
}

/// A browser that has never been here: until the first row of the list is on screen, and what was sent until then.
fn first_row(table: &mut Table, fleet: &Fleet, wanted: &Wanted) -> Result<()> {
    let step = say::step("the first row in Chromium, with a cold cache");
    let chromium = tools::chromium()?;
    tools::node_modules(&place::root().join("end2end"))?;
    let (mut millis, mut answered, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..wanted.runs {
        let mut command = Command::new("node");
        command.arg(place::root().join("end2end/bench/first-row.mjs")).arg(fleet.url()).env("SIGNALBOX_CHROMIUM", &chromium);
        // the browser says who it is as a script does: what is measured is the page and not the signing in
        command.env("SIGNALBOX_AUTHORIZATION", http::authorization(fleet.url()).trim_start_matches("Authorization: ").trim_end());
        command.current_dir(place::root().join("end2end"));
        let said: Value = serde_json::from_str(&run::output(&mut command)?)?;
        let figure = |name: &str| said.get(name).and_then(Value::as_f64).with_context(|| format!("no {name}"));
        millis.push(figure("ms")?);
        answered.push(figure("answered")?);
        bytes.push(figure("bytes")? / 1_024.0);
    }
    step.done("measured");
    table.line("first row in Chromium, cold cache", &Sample::of(millis).show(0, " ms"), "≤ 500 ms");
    table.line("  of that, until the page's first byte", &Sample::of(answered).show(0, " ms"), "");
    table.line("sent until then", &Sample::of(bytes).show(0, " KiB"), "≤ 300 KB");
    Ok(())
}
