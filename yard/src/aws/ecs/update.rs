//! UpdateService: read, checked, and handed to the model.
//!
//! The trap: what is checked here is what AWS checks before it changes anything. A request refused changes nothing at all.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    aws::{
        answer::ApiError,
        ecs::{in_cluster, invalid, plain_id, services},
    },
    model::{
        Fleet,
        deployment::{AlarmRule, Breaker, Threshold, ThresholdKind},
        update::ServiceChange,
    },
};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Update {
    cluster: Option<String>,
    service: String,
    desired_count: Option<i64>,
    task_definition: Option<String>,
    deployment_configuration: Option<DeploymentConfiguration>,
    health_check_grace_period_seconds: Option<i64>,
    force_new_deployment: Option<bool>,
    /// Everything else, by its name.
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DeploymentConfiguration {
    minimum_healthy_percent: Option<i64>,
    maximum_percent: Option<i64>,
    deployment_circuit_breaker: Option<CircuitBreaker>,
    alarms: Option<Alarms>,
    bake_time_in_minutes: Option<i64>,
    strategy: Option<String>,
    lifecycle_hooks: Option<Vec<Value>>,
    early_success_criteria: Option<EarlySuccess>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CircuitBreaker {
    enable: bool,
    rollback: bool,
    reset_on_healthy_task: Option<bool>,
    threshold_configuration: Option<ThresholdConfiguration>,
}

#[derive(Debug, Deserialize)]
struct ThresholdConfiguration {
    #[serde(rename = "type")]
    kind: String,
    value: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alarms {
    alarm_names: Vec<String>,
    enable: bool,
    rollback: bool,
}

#[derive(Debug, Deserialize)]
struct EarlySuccess {
    enable: bool,
}

/// Parts of a service that tasks are made with: another value starts a deployment ("This parameter triggers a new service deployment", ECS API).
const OF_TASKS: [&str; 8] = [
    "loadBalancers",
    "networkConfiguration",
    "platformVersion",
    "serviceConnectConfiguration",
    "serviceRegistries",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "gatewayConnectors",
];
/// And those that start none.
const OF_SERVICE: [&str; 7] = [
    "availabilityZoneRebalancing",
    "capacityProviderStrategy",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "placementConstraints",
    "placementStrategy",
    "propagateTags",
];

pub(super) fn update(input: Update, fleet: &mut Fleet) -> Result<Value, ApiError> {
    let name = plain_id(&input.service, "service", input.cluster.as_deref())?.to_owned();
    in_cluster(input.cluster.as_deref())?;
    let index = fleet.service_index.get(&name).copied().ok_or_else(|| ApiError::new("ServiceNotFoundException", "Service not found."))?;
    let change = read(input, index, fleet)?;
    fleet.update_service(index, change);
    let service = fleet.services.get(index).ok_or_else(|| ApiError::new("ServiceNotFoundException", "Service not found."))?;
    Ok(json!({"service": services::shape(service, fleet, false)}))
}

fn read(input: Update, index: usize, fleet: &Fleet) -> Result<ServiceChange, ApiError> {
    let Some(service) = fleet.services.get(index) else { return Err(ApiError::new("ServiceNotFoundException", "Service not found.")) };
    let changes_tasks = input.task_definition.is_some() || input.force_new_deployment == Some(true);
    if changes_tasks && service.controller == "CODE_DEPLOY" {
        return Err(invalid(
            "Unable to update task definition on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.",
        ));
    }
    if changes_tasks && service.controller != "ECS" {
        return Err(invalid(
            "Unable to update task definition on services with an EXTERNAL deployment controller. Use a task set to trigger a new deployment.",
        ));
    }
    let mut change = ServiceChange {
        definition: input.task_definition.as_deref().map(|given| definition(given, fleet)).transpose()?,
        desired: input.desired_count.map(|count| whole("desiredCount", count, 0, 5_000)).transpose()?,
        grace: input
            .health_check_grace_period_seconds
            .map(|given| whole("healthCheckGracePeriodSeconds", given, 0, i64::from(i32::MAX)))
            .transpose()?,
        force: input.force_new_deployment == Some(true),
        ..ServiceChange::default()
    };
    if let Some(configuration) = input.deployment_configuration {
        read_configuration(configuration, &mut change)?;
        let then = change.configured(&service.configuration);
        if then.minimum_healthy_percent == 100 && then.maximum_percent == 100 {
            return Err(invalid("Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments."));
        }
    }
    let mut others = input.others;
    let mut pick = |names: &[&'static str]| -> BTreeMap<&'static str, Value> {
        names.iter().filter_map(|name| Some((*name, others.remove(*name).filter(|value| !value.is_null())?))).collect()
    };
    (change.of_tasks, change.of_service) = (pick(&OF_TASKS), pick(&OF_SERVICE));
    if others.get("deploymentController").is_some_and(|controller| controller.get("type").is_none_or(|kind| kind != service.controller)) {
        return Err(unsupported("another deployment controller"));
    }
    // the network as it is already is no change
    change
        .of_tasks
        .retain(|name, value| !(*name == "networkConfiguration" && *value == services::network() && !service.settings.contains_key(*name)));
    Ok(change)
}

fn read_configuration(given: DeploymentConfiguration, change: &mut ServiceChange) -> Result<(), ApiError> {
    if given.strategy.as_deref().is_some_and(|strategy| strategy != "ROLLING") {
        return Err(unsupported("a strategy other than ROLLING"));
    }
    if given.lifecycle_hooks.is_some_and(|hooks| !hooks.is_empty()) {
        return Err(unsupported("lifecycle hooks"));
    }
    if given.early_success_criteria.is_some_and(|criteria| criteria.enable) {
        return Err(unsupported("early success criteria"));
    }
    change.minimum_healthy_percent =
        given.minimum_healthy_percent.map(|percent| whole("minimumHealthyPercent", percent, 0, 100)).transpose()?;
    change.maximum_percent = given.maximum_percent.map(|percent| whole("maximumPercent", percent, 100, 1_000)).transpose()?;
    change.bake_minutes = given.bake_time_in_minutes.map(|minutes| whole("bakeTimeInMinutes", minutes, 0, 1_440)).transpose()?;
    change.breaker = given.deployment_circuit_breaker.map(read_breaker).transpose()?;
    change.alarms = given.alarms.map(|alarms| AlarmRule { names: alarms.alarm_names, enable: alarms.enable, rollback: alarms.rollback });
    Ok(())
}

fn read_breaker(given: CircuitBreaker) -> Result<Breaker, ApiError> {
    let threshold = given.threshold_configuration.map(|threshold| -> Result<Threshold, ApiError> {
        let kind = ThresholdKind::parse(&threshold.kind)
            .ok_or_else(|| invalid("thresholdConfiguration.type must be COUNT, BOUNDED_PERCENT or UNBOUNDED_PERCENT."))?;
        let most = if kind == ThresholdKind::Count { i64::from(i32::MAX) } else { 100 };
        Ok(Threshold { kind, value: whole("thresholdConfiguration.value", threshold.value, 1, most)? })
    });
    Ok(Breaker {
        enable: given.enable,
        rollback: given.rollback,
        reset_on_healthy_task: given.reset_on_healthy_task,
        threshold: threshold.transpose()?,
    })
}

fn whole(name: &str, given: i64, low: i64, high: i64) -> Result<u32, ApiError> {
    let fits = (low..=high).contains(&given).then(|| u32::try_from(given).ok()).flatten();
    fits.ok_or_else(|| invalid(format!("{name} must be between {low} and {high}.")))
}

fn unsupported(what: &str) -> ApiError {
    ApiError::new("UnsupportedFeatureException", format!("the yard knows rolling updates by ECS only, not {what}"))
}

/// The ARN of an ACTIVE revision.
fn definition(given: &str, fleet: &Fleet) -> Result<String, ApiError> {
    let refused = |sentence: &str| ApiError::new("ClientException", sentence);
    let found = fleet.find_definition(given).ok_or_else(|| refused("TaskDefinition not found."))?;
    if found.is_active() { Ok(found.arn()) } else { Err(refused("TaskDefinition is inactive")) }
}
