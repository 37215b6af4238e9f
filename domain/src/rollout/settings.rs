//! A service's own deployment settings over a step: as they were, with the circuit breaker armed, and handed back.
//!
//! Separate from [`super::diff`], which tells what the service is to run: these belong to its owner and are only borrowed. The
//! trap is a service that is left with what was borrowed, because somebody else deployed meanwhile or AWS refused: then
//! [`hand_back`] is what a person has to enter, whole and quoted for a shell.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Step;
use super::decide::{armed, own_again};
use crate::coverage::commands::quoted;
use crate::text;

/// The circuit breaker, as the API of ECS calls it.
pub(super) const BREAKER: &str = "deploymentCircuitBreaker";
/// What is told in any case: without a word of it, ECS takes these (ECS API, DeploymentConfiguration).
const DEFAULTS: [(&str, &str); 2] = [("minimumHealthyPercent", "100 %, the default"), ("maximumPercent", "200 %, the default")];

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Setting {
    /// Its name in the API of ECS.
    pub name: String,
    /// When the step was planned.
    pub before: String,
    /// While the step lasts.
    pub during: String,
    /// Once it has ended.
    pub after: String,
}

/// All of them, by name.
pub fn settings(step: &Step) -> Vec<Setting> {
    let own = &step.bound.configuration;
    let (during, after) = (armed(own), own_again(own));
    let named = [own, &during, &after].into_iter().filter_map(Value::as_object).flat_map(|of| of.keys().map(String::as_str));
    let names: BTreeSet<&str> = named.chain(DEFAULTS.map(|(name, _)| name)).collect();
    let setting = |name: &str| Setting {
        name: text::shown(name),
        before: told(name, own.get(name)),
        during: told(name, during.get(name)),
        after: told(name, after.get(name)),
    };
    names.into_iter().map(setting).collect()
}

fn told(name: &str, value: Option<&Value>) -> String {
    let default = DEFAULTS.into_iter().find(|(of, _)| *of == name).map(|(_, said)| said);
    match (default, value.filter(|value| !value.is_null())) {
        _ if name == BREAKER => circuit_breaker(value),
        (Some(_), Some(percent)) => text::shown(&format!("{percent} %")),
        (Some(default), None) => default.to_owned(),
        (None, Some(value)) => text::shown(&value.to_string()),
        (None, None) => "not set".to_owned(),
    }
}

/// In words, as far as they are known; what is not is told as it stands.
fn circuit_breaker(breaker: Option<&Value>) -> String {
    let part = |name: &str| breaker.and_then(|of| of.get(name));
    let says = |name: &str| part(name).and_then(Value::as_bool);
    if says("enable") != Some(true) {
        return "off".to_owned();
    }
    let does = if says("rollback") == Some(true) { "takes back" } else { "only stops" };
    let limit = |name: &str| part("thresholdConfiguration").and_then(|of| of.get(name));
    let at = match (limit("type").and_then(Value::as_str), limit("value")) {
        (Some("COUNT"), Some(count)) => format!("{count} failures"),
        (Some(kind), Some(value)) => format!("{value} ({kind})"),
        _ => "ECS's own number of failures".to_owned(),
    };
    let counts = if says("resetOnHealthyTask") == Some(false) { "every one counts" } else { "a healthy task resets the count" };
    text::shown(&format!("on, {does} at {at}; {counts}"))
}

/// What hands a service its own settings again, for a shell and the AWS CLI, where the step could not. It starts no deployment.
pub fn hand_back(step: &Step) -> String {
    let region = step.bound.prior.split(':').nth(3).filter(|region| !region.is_empty());
    let region = region.map(|region| format!(" --region {}", quoted(region))).unwrap_or_default();
    let input = json!({
        "cluster": step.service.cluster,
        "deploymentConfiguration": own_again(&step.bound.configuration),
        "service": step.service.service,
    });
    // in one argument, as all our commands: no name is read as an option or a file
    format!("aws ecs update-service{region} --cli-input-json {}", quoted(&text::plain(&input.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(configuration: Value) -> Step {
        let mut step = crate::rollout::plan::tests::step("auth");
        step.bound.configuration = configuration;
        step
    }

    #[test]
    fn each_setting_is_told_before_during_and_after() {
        const ARMED: &str = "on, takes back at 3 failures; every one counts";
        const STOCK: &str = "on, takes back at ECS's own number of failures; a healthy task resets the count";
        for (breaker, before) in [
            (Value::Null, "off"),
            (json!({"enable": false, "rollback": false}), "off"),
            (json!({"enable": true, "rollback": true}), STOCK),
            (
                json!({"enable": true, "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50}}),
                "on, only stops at 50 (BOUNDED_PERCENT); a healthy task resets the count",
            ),
        ] {
            let mut own = json!({"maximumPercent": 150, "alarms": {"enable": true}});
            if !breaker.is_null() {
                own["deploymentCircuitBreaker"] = breaker;
            }
            let lines: Vec<[String; 4]> =
                settings(&step(own)).into_iter().map(|line| [line.name, line.before, line.during, line.after]).collect();
            let same = |name: &str, value: &str| [name, value, value, value].map(str::to_owned);
            assert_eq!(
                lines,
                [
                    same("alarms", "{\"enable\":true}"),
                    [BREAKER, before, ARMED, before].map(str::to_owned),
                    same("maximumPercent", "150 %"),
                    same("minimumHealthyPercent", "100 %, the default"),
                ]
            );
        }
        assert_eq!(settings(&step(Value::Null)).len(), 3, "a service that says nothing");
    }

    #[test]
    fn a_command_hands_all_of_them_back_and_takes_the_breaker_off() {
        let command = hand_back(&step(json!({"alarms": {"alarmNames": ["it's on"]}, "maximumPercent": 150})));
        let input = command.strip_prefix("aws ecs update-service --region 'us-east-1' --cli-input-json '").unwrap();
        let input = input.strip_suffix('\'').unwrap().replace("'\\''", "'");
        assert_eq!(
            serde_json::from_str::<Value>(&input).unwrap(),
            json!({
                "cluster": "main", "service": "auth",
                "deploymentConfiguration": {
                    "alarms": {"alarmNames": ["it's on"]}, "maximumPercent": 150,
                    "deploymentCircuitBreaker": {"enable": false, "rollback": false},
                },
            })
        );
    }
}
