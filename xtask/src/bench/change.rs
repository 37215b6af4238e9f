//! What changes services, measured: stopping everything, a failing check to its undo, and going through a million acts.
//!
//! The first two run at the wall's speed on a simulated fleet, steered through the JSON API as a script would. What was done is
//! told by the fleet, which writes down every change with the time it took effect, and by the rollout's own record; all of it
//! by the clock of this one machine.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::fleet::{Fleet, VICTIMS};
use super::measure::{Sample, cost_of};
use super::steer::{self, list, text};
use super::table::Table;
use super::{Wanted, apart, history};
use crate::{place, run, say};

/// A bake takes two minutes and the way there as long, so this is not taken more often.
const UNDOS: usize = 3;
/// How long a step may take to get somewhere, or to its end.
const PATIENCE: Duration = Duration::from_secs(8 * 60);
/// How long after a stop effects are waited for.
const AFTER_STOP: Duration = Duration::from_secs(8);

/// Fills the table with the figures of changing services.
pub(super) fn change(table: &mut Table, signalbox: &Path, wanted: &Wanted) -> Result<()> {
    verified(table, signalbox, wanted)?;
    let fleet = Fleet::start(signalbox, 23, &["--no-script"])?;
    stopped(table, &fleet, wanted)?;
    taken_back(table, &fleet, wanted)
}

/// `signalbox audit verify` on an audit of a million acts.
fn verified(table: &mut Table, signalbox: &Path, wanted: &Wanted) -> Result<()> {
    let records = history::records(wanted)?;
    let step = say::step("an audit of a million acts: written (some minutes), verified");
    let dir = place::Passing::new("bench-audit")?;
    run::output(run::program(&records, &["audit"]).arg(dir.dir()))?;
    let mut takings = Vec::new();
    for _ in 0..wanted.runs {
        let mut verify = run::program(signalbox, &["audit", "verify", "--data"]);
        apart(verify.arg(dir.dir().join("signalbox.db")))?;
        takings.push(cost_of(&mut [verify], &[0])?.wall.as_secs_f64());
    }
    step.done("measured");
    table.line("signalbox audit verify, a million acts", &Sample::of(takings).show(2, " s"), "≤ 5 s");
    Ok(())
}

/// The stop is pressed right after a rollout's first call was seen to arrive: between that and the next one.
fn stopped(table: &mut Table, fleet: &Fleet, wanted: &Wanted) -> Result<()> {
    let step = say::step("stopping everything while a rollout writes");
    let mut takings = Vec::new();
    for _ in 0..wanted.runs {
        let before = writes(fleet)?.len();
        let number = begun(fleet, &VICTIMS)?;
        until("the first call of a rollout", || Ok((writes(fleet)?.len() > before).then_some(())))?;
        steer::tell(fleet.url(), "/api/v1/stop", &json!({ "why": "measured" }))?;
        let pressed = say::now_micros();
        run::wait(AFTER_STOP);
        let last = forward(&writes(fleet)?).into_iter().max().context("a rollout began without a write")?;
        takings.push((last - pressed) as f64 / 1e6);
        // before the stop is lifted: nothing is to go forward in between, and the way back is never stopped
        ended(fleet, number)?;
        lifted(fleet)?;
    }
    step.done("measured");
    let sample = Sample::of(takings);
    let shown = format!("worst {:.3} s; {} (below 0: before it)", sample.quantile(1.0), sample.show(3, " s"));
    table.line("stop pressed, to the last forward effect", &shown, "≤ 1 s");
    Ok(())
}

/// A check begins to fail while its step bakes.
fn taken_back(table: &mut Table, fleet: &Fleet, wanted: &Wanted) -> Result<()> {
    let step = say::step("a check that begins to fail while its step bakes (some minutes each)");
    let (mut from_seen, mut from_world) = (Vec::new(), Vec::new());
    for service in VICTIMS.into_iter().take(wanted.runs.min(UNDOS)) {
        let number = begun(fleet, &[service])?;
        until("a bake", || Ok((text(&page(fleet, number)?, "/now/stage") == "baking").then_some(())))?;
        steer::tell(fleet.control(), &format!("/services/{service}/check"), &json!({ "verdict": "never" }))?;
        let unhealthy = until("an UNHEALTHY task", || Ok(is_unhealthy(fleet, service)?.then(say::now_micros)))?;
        let (seen, committed) = until("an undo", || turned(&page(fleet, number)?))?;
        from_seen.push((committed - seen) as f64 / 1e6);
        from_world.push((committed - unhealthy) as f64 / 1e6);
        steer::tell(fleet.control(), &format!("/services/{service}/check"), &json!({ "verdict": "evaluated" }))?;
        ended(fleet, number)?;
        released(fleet)?;
    }
    step.done("measured");
    table.line("first bad observation, to the undo committed", &Sample::of(from_seen).show(3, " s"), "at once");
    table.line("a task UNHEALTHY in ECS, to the undo committed", &Sample::of(from_world).show(2, " s"), "≤ one poll (5 s)");
    Ok(())
}

/// Plans a check of these services and starts it. Each time the same: every rollout here is taken back.
fn begun(fleet: &Fleet, services: &[&str]) -> Result<u64> {
    let services: Vec<String> = services.iter().map(|&service| service.to_owned()).collect();
    let number = steer::plan(fleet.url(), &fleet.cluster, &steer::check(5, 2), &services, "measured")?;
    steer::command(fleet.url(), number, &json!({ "do": "start" }))?;
    Ok(number)
}

/// Aborts it, if need be, and waits until nothing of it is under way.
fn ended(fleet: &Fleet, number: u64) -> Result<()> {
    // where the undo has ended it already there is nothing to abort, which is what the wait below looks at
    drop(steer::command(fleet.url(), number, &json!({ "do": "abort", "why": "measured" })));
    until("the end of a rollout", || Ok(page(fleet, number)?.get("ended").is_some_and(|at| !at.is_null()).then_some(())))
}

fn lifted(fleet: &Fleet) -> Result<()> {
    let rollouts = steer::ask(fleet.url(), "/api/v1/rollouts")?;
    let stop = rollouts.pointer("/stopped/id").and_then(Value::as_i64).context("nothing is stopped")?;
    steer::tell(fleet.url(), &format!("/api/v1/bars/{stop}/lifted"), &json!({ "why": "measured" })).map(drop)
}

/// Nobody is to expect what was done on purpose.
fn released(fleet: &Fleet) -> Result<()> {
    let rollouts = steer::ask(fleet.url(), "/api/v1/rollouts")?;
    for cause in list(&rollouts, "/causes").iter().filter_map(|cause| cause.get("id")?.as_i64()) {
        steer::tell(fleet.url(), &format!("/api/v1/causes/{cause}/released"), &json!({ "why": "measured" }))?;
    }
    Ok(())
}

fn page(fleet: &Fleet, number: u64) -> Result<Value> {
    steer::ask(fleet.url(), &format!("/api/v1/rollouts/{number}"))
}

fn writes(fleet: &Fleet) -> Result<Vec<Value>> {
    Ok(steer::ask(fleet.control(), "/writes")?.as_array().context("the yard's writes are no list")?.clone())
}

/// When each change that leads forward took effect. Nothing is taken back where the last of them is looked for.
fn forward(writes: &[Value]) -> Vec<i64> {
    let leads = |write: &&Value| {
        let sets = write.get("task_definition").is_some_and(Value::is_string);
        // a way back begins with its deployment being stopped, or sets what was there before; neither comes in the time waited
        text(write, "/operation") == "RegisterTaskDefinition" || (text(write, "/operation") == "UpdateService" && sets)
    };
    writes.iter().filter(leads).filter_map(|write| write.get("at_micros")?.as_i64()).collect()
}

fn is_unhealthy(fleet: &Fleet, service: &str) -> Result<bool> {
    let state = steer::ask(fleet.control(), "/state")?;
    let of = list(&state, "/services").iter().find(|of| text(of, "/name") == service).context("the yard has no such service")?;
    Ok(list(of, "/tasks").iter().any(|task| text(task, "/health") == "UNHEALTHY"))
}

/// When what was seen last had been asked, and when it was committed that the step is taken back.
fn turned(page: &Value) -> Result<Option<(i64, i64)>> {
    let line = list(page, "/record").iter().find(|line| text(line, "/said").starts_with("taken back to "));
    let Some(line) = line else { return Ok(None) };
    let committed = micros(text(line, "/at"))?;
    let seen = list(page, "/now/evidence").iter().map(|line| micros(text(line, "/at"))).collect::<Result<Vec<i64>>>()?;
    Ok(Some((seen.into_iter().filter(|at| *at <= committed).max().unwrap_or(committed), committed)))
}

/// Asks again until there is an answer.
fn until<T>(what: &str, ask: impl Fn() -> Result<Option<T>>) -> Result<T> {
    let watch = say::stopwatch();
    loop {
        if let Some(there) = ask()? {
            return Ok(there);
        }
        if watch.elapsed() > PATIENCE {
            bail!("{what} did not come within {} s", PATIENCE.as_secs());
        }
        run::pause();
    }
}

/// Microseconds since 1970 of an instant as the API writes it, `2026-05-02T09:41:03.5Z`.
fn micros(instant: &str) -> Result<i64> {
    let parts = || {
        let number = |range: std::ops::Range<usize>| instant.get(range)?.parse::<i64>().ok();
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let seconds = number(11..13)? * 3_600 + number(14..16)? * 60 + number(17..19)?;
        let fraction = instant.get(19..)?.strip_suffix('Z')?.trim_start_matches('.');
        let fraction: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
        // days since 1970 by the proleptic calendar, years counted from March so that leap days come last
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1 - 719_468;
        Some((days * 86_400 + seconds) * 1_000_000 + fraction)
    };
    parts().with_context(|| format!("{instant:?} is no instant"))
}

#[cfg(test)]
mod tests {
    use super::micros;

    #[test]
    fn instants_are_read_as_the_api_writes_them() {
        for (instant, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:01.5Z", 1_500_000),
            ("2026-05-02T09:40:00Z", 1_777_714_800_000_000),
            ("2024-02-29T23:59:59.000001Z", 1_709_251_199_000_001),
            ("2024-03-01T00:00:00Z", 1_709_251_200_000_000),
        ] {
            assert_eq!(micros(instant).unwrap(), expected, "{instant}");
        }
        assert!(micros("yesterday").is_err());
    }
}
