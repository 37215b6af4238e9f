//! The world as it is: what the simulated fleet itself says of its services, and of every change that took effect.
//!
//! Judged without a word from the server: a revision that was registered twice stands here twice, whatever the server's record
//! makes of it. The trap is what may be repeated: handing a service its own settings back starts nothing and does no harm.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::bench::steer::{self, list, text};

/// The tag by which Signalbox finds a revision of its own again.
const INTENT: &str = "signalbox:intent";

/// A change that took effect.
#[derive(Clone, Debug, Default)]
pub(super) struct Write {
    number: u64,
    operation: String,
    pub(super) service: String,
    /// The revision: registered, or set.
    pub(super) revision: Option<String>,
    /// What the service was to run until then.
    before: Option<String>,
    deploys: bool,
    /// Services with a deployment under way at that moment.
    beside: Vec<String>,
    /// `ROLLOUT/STEP`, of a registered revision.
    intent: Option<String>,
}

impl Write {
    fn of(value: &Value) -> Self {
        let named = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            number: value.get("number").and_then(Value::as_u64).unwrap_or(0),
            operation: named("operation").unwrap_or_default(),
            service: named("service").unwrap_or_default(),
            revision: named("task_definition"),
            before: named("before"),
            deploys: value.get("deploys").and_then(Value::as_bool).unwrap_or(false),
            beside: list(value, "/beside").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            intent: value.get("tags").and_then(|tags| tags.get(INTENT)).and_then(Value::as_str).map(str::to_owned),
        }
    }

    /// What it was, for a sentence: `write 12 (UpdateService of auth-nats)`.
    fn named(&self) -> String {
        format!("write {} ({} of {})", self.number, self.operation, self.service)
    }
}

/// Every change that took effect, oldest first.
pub(super) fn writes(control: &str) -> Result<Vec<Write>> {
    let writes = steer::ask(control, "/writes")?;
    Ok(writes.as_array().context("the yard's writes are no list")?.iter().map(Write::of).collect())
}

/// By service, the ARN of the revision that it is to run.
pub(super) fn runs(control: &str) -> Result<BTreeMap<String, String>> {
    let state = steer::ask(control, "/state")?;
    let of = |service: &Value| {
        let primary = list(service, "/deployments").iter().find(|deployment| text(deployment, "/status") == "PRIMARY")?;
        Some((text(service, "/name").to_owned(), text(primary, "/task_definition").to_owned()))
    };
    Ok(list(&state, "/services").iter().filter_map(of).collect())
}

/// The services that want a task.
pub(super) fn wanted(control: &str) -> Result<Vec<String>> {
    let state = steer::ask(control, "/state")?;
    let wants = |service: &&Value| service.get("desired").and_then(Value::as_u64).is_some_and(|desired| desired > 0);
    Ok(list(&state, "/services").iter().filter(wants).map(|service| text(service, "/name").to_owned()).collect())
}

/// What is wrong with what was written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wrongs {
    /// Something was done twice.
    pub(super) double: Vec<String>,
    /// Something was done that nobody planned.
    pub(super) wrong: Vec<String>,
    /// Two services were on their way at once.
    pub(super) at_once: Vec<String>,
}

/// Goes through all that was written. `first`: what each service ran before anything was. `plans`: by a rollout's id, the
/// services of its steps in their order, as far as they are known; a rollout that is not is not judged.
pub(super) fn judge(writes: &[Write], first: &BTreeMap<String, String>, plans: &BTreeMap<String, Vec<String>>) -> Wrongs {
    let mut wrongs = Wrongs::default();
    let mut known: BTreeSet<(&str, &str)> = first.iter().map(|(service, revision)| (service.as_str(), revision.as_str())).collect();
    let mut intents: BTreeMap<&str, &Write> = BTreeMap::new();
    for write in writes {
        match write.operation.as_str() {
            "RegisterTaskDefinition" => {
                known.extend(write.revision.as_deref().map(|revision| (write.service.as_str(), revision)));
                let Some(intent) = write.intent.as_deref() else {
                    wrongs.wrong.push(format!("{} carries no tag of ours", write.named()));
                    continue;
                };
                if let Some(earlier) = intents.insert(intent, write) {
                    wrongs.double.push(format!("{} does again what {} did: both carry {intent}", write.named(), earlier.named()));
                }
                wrongs.wrong.extend(unplanned(write, intent, plans));
            }
            "UpdateService" => update(write, &known, &mut wrongs),
            "StopServiceDeployment" => {}
            _ => wrongs.wrong.push(format!("{} is nothing Signalbox does", write.named())),
        }
    }
    wrongs
}

/// Whether a registered revision is for the service of the step that it names.
fn unplanned(write: &Write, intent: &str, plans: &BTreeMap<String, Vec<String>>) -> Option<String> {
    let (rollout, step) = intent.rsplit_once('/')?;
    let services = plans.get(rollout)?;
    let meant = step.parse().ok().and_then(|step: usize| services.get(step));
    (meant != Some(&write.service)).then(|| format!("{} names the step {intent}, which is not of that service", write.named()))
}

fn update(write: &Write, known: &BTreeSet<(&str, &str)>, wrongs: &mut Wrongs) {
    // its settings alone
    let Some(revision) = write.revision.as_deref() else {
        if write.deploys {
            wrongs.wrong.push(format!("{} began a deployment of what it ran already", write.named()));
        }
        return;
    };
    if write.before.as_deref() == Some(revision) {
        wrongs.double.push(format!("{} set {revision}, which it was set to before", write.named()));
    }
    if !known.contains(&(write.service.as_str(), revision)) {
        wrongs.wrong.push(format!("{} set {revision}, which is neither what it ran at first nor registered for it", write.named()));
    }
    if write.deploys && !write.beside.is_empty() {
        wrongs.at_once.push(format!("{} began while {} was on its way", write.named(), write.beside.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(writes: &[Value]) -> Wrongs {
        let first = BTreeMap::from([("auth".to_owned(), "auth:1".to_owned())]);
        let plans = BTreeMap::from([("r".to_owned(), vec!["auth".to_owned()])]);
        judge(&writes.iter().map(Write::of).collect::<Vec<_>>(), &first, &plans)
    }

    fn registered(revision: &str, intent: &str) -> Value {
        json!({"operation": "RegisterTaskDefinition", "service": "auth", "task_definition": revision, "tags": {INTENT: intent}})
    }

    fn updated(before: &str, revision: Option<&str>, deploys: bool) -> Value {
        json!({"operation": "UpdateService", "service": "auth", "before": before, "task_definition": revision, "deploys": deploys})
    }

    #[test]
    fn a_step_and_its_way_back_are_well() {
        let stop = json!({"operation": "StopServiceDeployment", "service": "auth"});
        let writes = [
            registered("auth:2", "r/0"),
            updated("auth:1", Some("auth:2"), true),
            stop,
            updated("auth:1", None, false),
            updated("auth:1", None, false),
            updated("auth:1", Some("auth:2"), true),
            updated("auth:2", Some("auth:1"), true),
        ];
        assert_eq!(judged(&writes), Wrongs::default());
    }

    #[test]
    fn what_is_done_twice_is_found() {
        let found = judged(&[registered("auth:2", "r/0"), registered("auth:3", "r/0")]);
        assert_eq!((found.double.len(), found.wrong.len()), (1, 0), "{found:?}");
        let twice = updated("auth:1", Some("auth:1"), false);
        assert_eq!(judged(&[twice]).double.len(), 1);
    }

    #[test]
    fn what_nobody_planned_is_found() {
        for write in [
            registered("auth:2", "r/1"),
            json!({"operation": "RegisterTaskDefinition", "service": "auth", "task_definition": "auth:2"}),
            updated("auth:1", Some("auth:9"), true),
            updated("auth:1", None, true),
            json!({"operation": "DeregisterTaskDefinition", "service": "auth"}),
        ] {
            assert_eq!(judged(std::slice::from_ref(&write)).wrong.len(), 1, "{write}");
        }
        let mut beside = updated("auth:2", Some("auth:1"), true);
        beside["beside"] = json!(["payment"]);
        assert_eq!(judged(&[beside]).at_once.len(), 1);
        assert_eq!(judged(&[registered("auth:2", "another/7")]), Wrongs::default(), "not known yet");
    }
}
