//! Rollouts as a script steers them: the JSON API and the simulated fleet's control face, asked and told.
//!
//! Apart from what is measured or broken, because both want the same: a plan, its start, a command, how it stands. Answers are
//! read as plain JSON and not by the server's own types, so that what a script would find is what is found here.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::fleet::ENVIRONMENT;
use super::http;

/// What stands there.
pub(crate) fn ask(url: &str, path: &str) -> Result<Value> {
    let answer = http::get(url, path)?;
    serde_json::from_str(&answer).with_context(|| format!("{path} was answered by something else than JSON"))
}

/// Tells it something; the answer is what there is of it.
pub(crate) fn tell(url: &str, path: &str, body: &Value) -> Result<Value> {
    let answer = http::send(url, "POST", path, &body.to_string())?;
    Ok(serde_json::from_str(&answer).unwrap_or(Value::Null))
}

/// Seconds each service is watched: the floor of [`check`]. What is asked here needs no more.
const BAKE: u64 = 120;

/// A container health check that the simulated applications pass. The start period leaves them the time they need to listen.
pub(crate) fn check(interval: u64, timeout: u64) -> Value {
    json!({
        "is": "health_check", "command": ["CMD", "/app/healthcheck"],
        "interval": interval, "timeout": timeout, "retries": 1, "start_period": 20,
    })
}

/// Plans a change of these services and answers the rollout's number.
pub(crate) fn plan(url: &str, cluster: &str, change: &Value, services: &[String], reason: &str) -> Result<u64> {
    let key = |service: &String| json!({ "environment": ENVIRONMENT, "cluster": cluster, "service": service });
    let services: Vec<Value> = services.iter().map(key).collect();
    // whoever puts back is watched as long as its floor, unasked
    let bake = (change.get("is").and_then(Value::as_str) == Some("health_check")).then_some(BAKE);
    let wish = json!({ "change": change, "services": services, "reason": reason, "accepted": true, "bake": bake });
    let kept = tell(url, "/api/v1/rollouts", &wish)?;
    kept.get("number").and_then(Value::as_u64).context("a plan was kept without a number")
}

/// Gives a rollout a command.
pub(crate) fn command(url: &str, number: u64, command: &Value) -> Result<()> {
    tell(url, &format!("/api/v1/rollouts/{number}/commands"), command).map(drop)
}

/// The text at a place of an answer; empty where there is none.
pub(crate) fn text<'a>(of: &'a Value, pointer: &str) -> &'a str {
    of.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a place of an answer.
pub(crate) fn list<'a>(of: &'a Value, pointer: &str) -> &'a [Value] {
    of.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
