//! What a rollout does to one service: the seam between the engine and the kinds of change.
//!
//! The engine knows nothing of health checks. A kind of change answers for one observed service what it is to run, how long
//! a failure of that stays unseen, what it shares with others and what a person must accept first; the rest (order, proof,
//! undo) is the same for all. The trap is a change that means more than it says: a copy is set in the places it names and is
//! read back equal everywhere else.
//!
//! | module | holds |
//! |---|---|
//! | [`health_check`] | a container health check, with a new image where its endpoint only exists there |
//! | [`put_back`] | a service back to a revision that ran before |

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::rollout::Target;
use crate::rollout::cause::Marks;
use crate::rollout::definition::Described;
use crate::rollout::floor::Floor;
use crate::rollout::seen::ServiceSeen;
use crate::service::{HealthCheck as Check, ServiceKey};

pub mod health_check;
pub mod put_back;

pub use health_check::{HealthCheck, HealthCheckForm};
pub use put_back::PutBack;

/// What is wrong with one field of what somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldProblem {
    /// The field, by its name in forms and in JSON.
    pub field: String,
    /// What is wrong with it and what would be right, as a sentence.
    pub said: String,
}

impl FieldProblem {
    /// A problem of this field.
    pub fn new(field: &str, said: impl Into<String>) -> Self {
        Self { field: field.to_owned(), said: said.into() }
    }
}

/// Something a person should know before the change is made to a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Warning {
    /// What, as the rest of a sentence after the service.
    pub said: String,
    /// Whether nothing is planned before somebody has accepted it, which is recorded.
    pub accept: bool,
}

impl Warning {
    /// Something to be known.
    pub fn told(said: impl Into<String>) -> Self {
        Self { said: said.into(), accept: false }
    }

    /// Something to be accepted.
    pub fn to_accept(said: impl Into<String>) -> Self {
        Self { said: said.into(), accept: true }
    }
}

/// One service as it was found.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// Which.
    pub key: &'a ServiceKey,
    /// What was seen of it.
    pub seen: &'a ServiceSeen,
    /// The revision it runs, whole.
    pub running: &'a Described,
    /// The revision it is to go back to, whole, where the change names one.
    pub wanted: Option<&'a Described>,
    /// `healthCheckGracePeriodSeconds`.
    pub grace: u64,
    /// Whether it stands behind a Classic Load Balancer.
    pub classic_load_balancer: bool,
    /// By container, whether its image has a shell, where that is known.
    pub shells: &'a BTreeMap<String, bool>,
}

/// What a change makes of one service.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposed {
    /// What it is to run.
    pub target: Target,
    /// How long a failing check of that stays unseen.
    pub floor: Floor,
    /// What it shares with other services from then on.
    pub marks: Marks,
    /// What a person should know of it.
    pub warnings: Vec<Warning>,
}

/// A kind of change.
pub trait Proposal {
    /// What it is, over these services, in a few words.
    fn title(&self, services: &[&ServiceKey]) -> String;

    /// What is wrong with it whatever the service; empty where nothing is.
    fn problems(&self) -> Vec<FieldProblem>;

    /// What it makes of one service.
    ///
    /// # Errors
    /// Why the service is excluded, as the rest of a sentence after its name.
    fn propose(&self, of: &Observed<'_>) -> Result<Proposed, String>;

    /// Whether it may be planned anew by itself for a service that somebody else has changed since.
    fn repeats(&self) -> bool;

    /// The most services it may be planned for; none: any number.
    fn most(&self) -> Option<usize>;
}

/// A change, of whatever kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Change {
    /// A container health check.
    HealthCheck(HealthCheck),
    /// Back to a revision that ran before.
    PutBack(PutBack),
}

impl Change {
    /// Whether it takes a service back, which no freeze and no other rollout may hold up.
    pub const fn is_put_back(&self) -> bool {
        matches!(self, Self::PutBack(_))
    }

    fn kind(&self) -> &dyn Proposal {
        match self {
            Self::HealthCheck(change) => change,
            Self::PutBack(change) => change,
        }
    }
}

impl Proposal for Change {
    fn title(&self, services: &[&ServiceKey]) -> String {
        self.kind().title(services)
    }

    fn problems(&self) -> Vec<FieldProblem> {
        self.kind().problems()
    }

    fn propose(&self, of: &Observed<'_>) -> Result<Proposed, String> {
        self.kind().propose(of)
    }

    fn repeats(&self) -> bool {
        self.kind().repeats()
    }

    fn most(&self) -> Option<usize> {
        self.kind().most()
    }
}

/// Containers of a task definition, raw, by name.
fn containers(definition: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let all = definition.get("containerDefinitions").and_then(Value::as_array);
    all.into_iter().flatten().filter_map(|container| Some((container.get("name")?.as_str()?, container)))
}

/// Whether a container's exit, and its health, is the task's. It is unless it says otherwise (ECS API, ContainerDefinition).
fn essential(container: &Value) -> bool {
    container.get("essential").and_then(Value::as_bool).unwrap_or(true)
}

/// A container's health check, with ECS's defaults where it does not say (ECS API, HealthCheck).
fn check_of(container: &Value) -> Option<Check> {
    let check = container.get("healthCheck").filter(|check| check.is_object())?;
    let number =
        |name: &str, default: u32| check.get(name).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok()).unwrap_or(default);
    let words = check.get("command").and_then(Value::as_array)?;
    let command: Vec<String> = words.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    (command.first()? != "NONE").then_some(())?;
    Some(Check {
        command,
        interval: number("interval", 30),
        timeout: number("timeout", 5),
        retries: number("retries", 3),
        start_period: number("startPeriod", 0),
    })
}

/// The floor of everything that decides about a task's health in this definition: the checks of its essential containers.
fn floor_of(definition: &Value, grace: u64) -> Floor {
    let checks: Vec<Check> =
        containers(definition).filter(|(_, container)| essential(container)).filter_map(|(_, of)| check_of(of)).collect();
    Floor::of(&checks, grace)
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    /// A revision with these containers, raw.
    pub(crate) fn described(arn: &str, containers: &Value) -> Described {
        let family = crate::service::revision_name(arn).split(':').next().unwrap_or_default();
        let definition =
            json!({"taskDefinitionArn": arn, "family": family, "revision": 1, "status": "ACTIVE", "containerDefinitions": containers});
        Described { definition, tags: BTreeMap::new() }
    }

    #[test]
    fn a_change_says_in_json_what_it_is() {
        let back = Change::PutBack(PutBack { revision: "arn:x".into() });
        let text = serde_json::to_value(&back).unwrap();
        assert_eq!(text, json!({"is": "put_back", "revision": "arn:x"}));
        assert_eq!(serde_json::from_value::<Change>(text).unwrap(), back);
        let short: Change = serde_json::from_value(json!({"is": "health_check", "command": ["CMD", "true"]})).unwrap();
        let Change::HealthCheck(check) = short else { panic!("another change") };
        assert_eq!((check.interval, check.timeout, check.retries, check.start_period), (30, 5, 3, 0));
    }

    #[test]
    fn only_essential_containers_decide_the_floor() {
        let slow = json!({"command": ["CMD", "true"], "interval": 300});
        for (containers, detection) in [
            (json!([{"name": "a"}]), 40),
            (json!([{"name": "a", "healthCheck": {"command": ["CMD", "true"]}}]), 105),
            (json!([{"name": "a", "healthCheck": {"command": ["CMD", "true"]}}, {"name": "b", "healthCheck": slow}]), 915),
            (json!([{"name": "a"}, {"name": "b", "essential": false, "healthCheck": slow}]), 40),
            (json!([{"name": "a", "healthCheck": {"command": ["NONE"]}}]), 40),
            (json!([{"name": "a", "healthCheck": null}]), 40),
        ] {
            assert_eq!(floor_of(&json!({"containerDefinitions": containers}), 0).detection, detection, "{containers}");
        }
    }
}
