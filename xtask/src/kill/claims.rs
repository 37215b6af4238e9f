//! What the API claims of the world, and whether that is so.
//!
//! Of each service the newest rollout that has touched it counts. A step that says that it is being done, looked for or taken
//! back claims nothing of what runs; one that says verified, baking, rolling or put back does, and is held to it. The trap:
//! the API says it in words for people, so words that are not known are an error here and never "nothing claimed".

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::bench::steer::{self, list, text};

/// How many rollouts back a claim may lie: beyond, every service has been in another one since.
const BACK: usize = 8;

/// What one step claims.
#[derive(Debug, PartialEq, Eq)]
enum Claim {
    /// The service runs this revision, `family:number`.
    Runs(String),
    /// It runs what it ran before this step.
    Prior,
    /// One or the other: it is being done, or looked for.
    Open,
    /// This step says nothing of it.
    None,
}

/// What was learnt by asking.
pub(super) struct Told {
    /// What does not hold, as a sentence.
    pub(super) untrue: Option<String>,
    /// By a rollout's id, its steps' services.
    pub(super) plans: BTreeMap<String, Vec<String>>,
    /// Steps that wait for a person, as sentences.
    pub(super) blocked: Vec<String>,
}

/// What does not change once it is known: what a step goes back to, by rollout and step.
pub(super) type Priors = BTreeMap<(u64, usize), String>;

/// Asks the API how everything stands, and the world whether that is so.
pub(super) fn hold(url: &str, runs: impl Fn() -> Result<BTreeMap<String, String>>, priors: &mut Priors) -> Result<Told> {
    let listed = steer::ask(url, "/api/v1/rollouts")?;
    let mut told = Told { untrue: None, plans: BTreeMap::new(), blocked: Vec::new() };
    // by service: the newest claim, and who makes it
    let mut claimed: BTreeMap<String, (Claim, String)> = BTreeMap::new();
    for row in list(&listed, "/rollouts").iter().take(BACK) {
        let number = row.get("number").and_then(Value::as_u64).context("a rollout without a number")?;
        let page = steer::ask(url, &format!("/api/v1/rollouts/{number}"))?;
        let steps = list(&page, "/steps");
        let services = steps.iter().map(|step| text(step, "/service/service").to_owned()).collect();
        told.plans.insert(text(&page, "/id").to_owned(), services);
        // a service that was planned again has a later step, which counts
        for (index, step) in steps.iter().enumerate().rev() {
            let (service, verdict, why) = (text(step, "/service/service"), text(step, "/verdict"), text(step, "/why"));
            if verdict == "blocked" {
                told.blocked.push(format!("rollout {number}, {service}: {why}"));
            }
            let claim = match claim(verdict, why)? {
                Claim::None => continue,
                _ if claimed.contains_key(service) => continue,
                Claim::Prior => Claim::Runs(prior(url, number, index, priors)?),
                claim => claim,
            };
            claimed.insert(service.to_owned(), (claim, format!("rollout {number} says of {service} \"{verdict}: {why}\"")));
        }
    }
    let runs = runs()?;
    let untrue = claimed.iter().find_map(|(service, (claim, said))| {
        let Claim::Runs(claimed) = claim else { return None };
        let runs = runs.get(service).map(|arn| arn.rsplit('/').next().unwrap_or(arn)).unwrap_or("nothing");
        (runs != claimed).then(|| format!("{said}, so it should run {claimed}, and it runs {runs}"))
    });
    told.untrue = untrue;
    Ok(told)
}

/// A step's claim, by its row in the API.
fn claim(verdict: &str, why: &str) -> Result<Claim> {
    let runs = |before: &str, after: &str| {
        let named = why.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        let named = named.with_context(|| format!("the API's words for \"{verdict}\" are new: {why}"))?;
        Ok(Claim::Runs(named.to_owned()))
    };
    match verdict {
        "pass" => runs("it runs ", " and has proven itself"),
        "baking" => runs("it runs ", " and proves itself"),
        "rolling" => runs("ECS replaces its tasks by those of ", ""),
        "fail" | "put back" => Ok(Claim::Prior),
        "handing back" if why.starts_with("it is back") => Ok(Claim::Prior),
        "handing back" | "updating" | "being taken back" | "blocked" => Ok(Claim::Open),
        "waiting" | "preflight" | "registering" | "comparing" | "passed over" => Ok(Claim::None),
        _ => anyhow::bail!("the API calls a step \"{verdict}\", which is new here"),
    }
}

/// What a step goes back to, by its page: `to auth-nats:12, looked up …`.
fn prior(url: &str, number: u64, step: usize, priors: &mut Priors) -> Result<String> {
    if let Some(known) = priors.get(&(number, step)) {
        return Ok(known.clone());
    }
    let page = steer::ask(url, &format!("/api/v1/rollouts/{number}?step={}", step + 1))?;
    let said = text(&page, "/now/undo/0/1");
    let named = said.strip_prefix("to ").and_then(|rest| rest.split_once(',')).map(|(named, _)| named.to_owned());
    let named = named.with_context(|| format!("the API does not tell what step {} of rollout {number} goes back to: {said}", step + 1))?;
    priors.insert((number, step), named.clone());
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_step_is_a_claim_or_an_error() {
        let runs = |name: &str| Claim::Runs(name.to_owned());
        for (verdict, why, expected) in [
            ("pass", "it runs auth-nats:3 and has proven itself", runs("auth-nats:3")),
            ("baking", "it runs auth-nats:3 and proves itself", runs("auth-nats:3")),
            ("rolling", "ECS replaces its tasks by those of auth-nats:3", runs("auth-nats:3")),
            ("put back", "it was put back: enough", Claim::Prior),
            ("handing back", "it is back and its own settings are handed back", Claim::Prior),
            ("handing back", "its bake is over and its own settings are handed back", Claim::Open),
            ("updating", "it is told to run auth-nats:3", Claim::Open),
            ("registering", "its new revision is being registered", Claim::None),
        ] {
            assert_eq!(claim(verdict, why).unwrap(), expected, "{verdict}");
        }
        assert!(claim("pass", "well done").is_err());
        assert!(claim("simmering", "").is_err());
    }
}
