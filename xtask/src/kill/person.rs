//! Who uses the server while it is killed: plans, starts, aborts, takes back, and lays faults on AWS's answers.
//!
//! Whatever is asked may be cut off by a kill, and nobody tells whether it was done: the next look at the list of rollouts does,
//! which is how a person would go on. One rollout at a time, as the server wants it.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::dice::Dice;
use super::world;
use crate::bench::http;
use crate::bench::steer::{self, list, text};

/// Where things are asked and told.
pub(super) struct Places {
    /// The server.
    pub(super) url: String,
    /// The simulated fleet's control face.
    pub(super) control: String,
    /// The cluster that the services are of.
    pub(super) cluster: String,
}

/// Somebody at the API.
pub(super) struct Person {
    services: Vec<String>,
    /// Changes so far: each wants other numbers, because a service that has the check already takes no part.
    turn: u64,
}

impl Person {
    pub(super) fn of(services: Vec<String>) -> Self {
        Self { services, turn: 0 }
    }

    /// One act, or none.
    ///
    /// # Errors
    /// When it was refused, or cut off.
    pub(super) fn act(&mut self, dice: &mut Dice, places: &Places) -> Result<()> {
        let rollouts = steer::ask(&places.url, "/api/v1/rollouts")?;
        let rows = list(&rollouts, "/rollouts");
        if let Some(open) = rows.iter().find(|row| is_open(row)) {
            return steered(dice, places, open);
        }
        let Some(newest) = rows.first() else { return self.plan(dice, places) };
        let number = numbered(newest)?;
        match text(newest, "/status") {
            // planned by one who was cut off
            "planned" if dice.percent(80) => steer::command(&places.url, number, &json!({ "do": "start" })),
            "planned" => steer::command(&places.url, number, &why("abort", "planned and not wanted any more")),
            "succeeded" if dice.percent(40) => steer::command(&places.url, number, &why("undo", "it was a trial")),
            _ => self.plan(dice, places),
        }
    }

    /// Plans a change of one to three services, or puts one back to something that it ran before; and starts it.
    fn plan(&mut self, dice: &mut Dice, places: &Places) -> Result<()> {
        self.turn += 1;
        let (change, services) = match earlier(dice, places)? {
            Some((service, revision)) if dice.percent(35) => (json!({ "is": "put_back", "revision": revision }), vec![service]),
            _ => (steer::check(5 + self.turn % 6, 2 + self.turn / 6 % 4), self.some(dice)),
        };
        let number = steer::plan(&places.url, &places.cluster, &change, &services, "to be killed meanwhile")?;
        steer::command(&places.url, number, &json!({ "do": "start" }))
    }

    /// One to three of the services.
    fn some(&self, dice: &mut Dice) -> Vec<String> {
        let mut some: Vec<String> = (0..dice.between(1, 4)).filter_map(|_| dice.pick(&self.services).cloned()).collect();
        some.sort();
        some.dedup();
        some
    }

    /// Ends what is open. Answers whether everything has ended.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub(super) fn end(places: &Places) -> Result<bool> {
        let rollouts = steer::ask(&places.url, "/api/v1/rollouts")?;
        let mut open = list(&rollouts, "/rollouts").iter().filter(|row| is_open(row)).peekable();
        let ended = open.peek().is_none();
        for row in open.filter(|row| text(row, "/status") != "aborting") {
            steer::command(&places.url, numbered(row)?, &why("abort", "enough was killed"))?;
        }
        Ok(ended)
    }
}

/// Something for a rollout that is under way; mostly nothing, so that it gets somewhere.
fn steered(dice: &mut Dice, places: &Places, open: &Value) -> Result<()> {
    let number = numbered(open)?;
    let give = |command: &Value| steer::command(&places.url, number, command);
    match text(open, "/status") {
        "halted" if dice.percent(50) => give(&why("resume", "looked at")),
        "halted" => give(&why("abort", "looked at")),
        "paused" => give(&why("resume", "the pause is over")),
        "aborting" | "undoing" => Ok(()),
        _ if dice.percent(94) => Ok(()),
        _ => match dice.between(0, 4) {
            0 => give(&why("abort", "on second thoughts")),
            1 => give(&why("pause", "a pause")),
            _ => {
                let page = steer::ask(&places.url, &format!("/api/v1/rollouts/{number}"))?;
                let step = page.pointer("/now/step").and_then(Value::as_u64).context("a rollout under way without a step")?;
                let under_way = ["rolling", "baking"].contains(&text(&page, "/now/stage"));
                let undo = json!({ "do": "undo_step", "step": step, "why": "not this one" });
                if under_way { give(&undo) } else { Ok(()) }
            }
        },
    }
}

/// A revision that some service had before and has no more.
fn earlier(dice: &mut Dice, places: &Places) -> Result<Option<(String, String)>> {
    let runs = world::runs(&places.control)?;
    let writes = world::writes(&places.control)?;
    let had = writes.into_iter().filter_map(|write| Some((write.service, write.revision?)));
    let had: Vec<(String, String)> = had.filter(|(service, revision)| runs.get(service) != Some(revision)).collect();
    Ok(dice.pick(&had).cloned())
}

/// Makes one of the next changing calls slow, or loses its answer before or after it took effect. At most 6 s of the fleet's
/// time, so that no call outlives what a server that looks for it waits.
pub(super) fn lay_fault(dice: &mut Dice, places: &Places) -> Result<()> {
    const KINDS: [&str; 8] = ["slow", "slow", "hold_after", "hold_after", "drop_after", "server_error_after", "drop_before", "throttle"];
    const CALLS: [&str; 4] = ["RegisterTaskDefinition", "UpdateService", "UpdateService", "StopServiceDeployment"];
    let (kind, call) = (dice.pick(&KINDS).copied().unwrap_or("slow"), dice.pick(&CALLS).copied().unwrap_or("UpdateService"));
    let fault = json!({ "kind": kind, "operation": call, "times": 1, "amount": dice.between(1_000, 6_000), "for_seconds": 120 });
    steer::tell(&places.control, "/faults", &fault).map(drop)
}

/// Takes all faults away.
pub(super) fn clear_faults(places: &Places) -> Result<()> {
    http::send(&places.control, "DELETE", "/faults", "").map(drop)
}

fn is_open(row: &Value) -> bool {
    let at = |name: &str| row.get(name).is_some_and(|at| !at.is_null());
    at("started") && !at("ended")
}

fn numbered(row: &Value) -> Result<u64> {
    row.get("number").and_then(Value::as_u64).context("a rollout without a number")
}

fn why(command: &str, why: &str) -> Value {
    json!({ "do": command, "why": why })
}
