//! ListServices and DescribeServices.
//!
//! The trap: a page of ListServices has ten entries unless more are asked for, and DescribeServices takes ten at most.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    aws::{
        answer::{ApiError, seconds},
        ecs::{in_cluster, includes_tags, invalid, missing, page_size, plain_id, start, tags},
        page,
    },
    model::{
        Fleet, arn,
        deployment::{Configuration, Deployment},
        service::Service,
        task::ZONES,
    },
};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct List {
    cluster: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
    launch_type: Option<String>,
    scheduling_strategy: Option<String>,
}

pub(super) fn list(input: &List, fleet: &Fleet) -> Result<Value, ApiError> {
    in_cluster(input.cluster.as_deref())?;
    let size = page_size(input.max_results, 10, 100)?;
    let listing = format!("ListServices {:?} {:?}", input.launch_type, input.scheduling_strategy);
    let start = start(fleet, &listing, input.next_token.as_deref())?;
    let launched = |service: &Service| match input.launch_type.as_deref() {
        None => true,
        Some("FARGATE") => !service.spot,
        Some(_) => false,
    };
    let replica = input.scheduling_strategy.as_deref().is_none_or(|strategy| strategy == "REPLICA");
    let mut matching = fleet
        .services
        .iter()
        .zip(0_u64..)
        .skip(usize::try_from(start).unwrap_or(usize::MAX))
        .filter(|(service, _)| replica && launched(service));
    let arns: Vec<String> = matching.by_ref().take(size).map(|(service, _)| service.arn()).collect();
    let mut answer = json!({"serviceArns": arns});
    if let (Some((_, next)), Some(members)) = (matching.next(), answer.as_object_mut()) {
        members.insert("nextToken".to_owned(), Value::from(page::token(fleet.seed, &listing, next)));
    }
    Ok(answer)
}

/// "You may specify up to 10 services to describe in a single operation" (ECS API).
const LARGEST_BATCH: usize = 10;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Describe {
    cluster: Option<String>,
    services: Vec<String>,
    include: Option<Vec<String>>,
}

pub(super) fn describe(input: &Describe, fleet: &Fleet) -> Result<Value, ApiError> {
    let with_tags = includes_tags(input.include.as_deref(), &["TAGS"])?;
    if input.services.is_empty() {
        return Err(invalid("Services cannot be empty."));
    }
    if input.services.len() > LARGEST_BATCH {
        return Err(invalid("service names can have at most 10 items."));
    }
    let names = input.services.iter().map(|given| plain_id(given, "service", input.cluster.as_deref()));
    let names = names.collect::<Result<Vec<_>, _>>()?;
    in_cluster(input.cluster.as_deref())?;
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        match fleet.service(name) {
            Some(service) => services.push(shape(service, fleet, with_tags)),
            None => failures.push(missing(arn::service(name))),
        }
    }
    Ok(json!({"services": services, "failures": failures}))
}

pub(super) fn network() -> Value {
    json!({"awsvpcConfiguration": {
        "subnets": ZONES.map(|(_, subnet)| subnet),
        "securityGroups": ["sg-0a1b2c3d4e5f60011"],
        "assignPublicIp": "DISABLED",
    }})
}

/// ECS's `DeploymentConfiguration` in an answer.
pub(super) fn configuration(given: &Configuration) -> Value {
    let mut breaker = json!({"enable": given.breaker.enable, "rollback": given.breaker.rollback});
    if let Some(members) = breaker.as_object_mut() {
        if let Some(resets) = given.breaker.reset_on_healthy_task {
            members.insert("resetOnHealthyTask".to_owned(), json!(resets));
        }
        if let Some(threshold) = given.breaker.threshold {
            members.insert("thresholdConfiguration".to_owned(), json!({"type": threshold.kind.as_str(), "value": threshold.value}));
        }
    }
    let mut shape = json!({
        "deploymentCircuitBreaker": breaker,
        "maximumPercent": given.maximum_percent,
        "minimumHealthyPercent": given.minimum_healthy_percent,
        "strategy": "ROLLING",
        "bakeTimeInMinutes": given.bake_minutes,
    });
    if let (Some(rule), Some(members)) = (&given.alarms, shape.as_object_mut()) {
        members.insert("alarms".to_owned(), json!({"alarmNames": rule.names, "enable": rule.enable, "rollback": rule.rollback}));
    }
    shape
}

pub(super) fn shape(service: &Service, fleet: &Fleet, with_tags: bool) -> Value {
    let (running, pending) = fleet.counts(service);
    let events: Vec<Value> = service
        .events
        .iter()
        .rev()
        .map(|event| json!({"id": event.id, "createdAt": seconds(event.at), "message": event.message}))
        .collect();
    let load_balancers: Vec<Value> =
        service.target_group.iter().map(|group| json!({"targetGroupArn": group, "containerName": "app", "containerPort": 8080})).collect();
    let mut shape = json!({
        "serviceArn": service.arn(),
        "serviceName": service.name,
        "clusterArn": arn::cluster(),
        "loadBalancers": load_balancers,
        "serviceRegistries": [],
        "status": "ACTIVE",
        "desiredCount": service.desired,
        "runningCount": running,
        "pendingCount": pending,
        "platformVersion": "LATEST",
        "platformFamily": "Linux",
        "taskDefinition": service.primary().map(|deployment| deployment.definition.as_str()),
        "deploymentConfiguration": configuration(&service.configuration),
        "deployments": service.deployments.iter().map(|one| deployment(one, service, fleet)).collect::<Vec<_>>(),
        "roleArn": arn::role("aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"),
        "events": events,
        "createdAt": seconds(service.created_at),
        "placementConstraints": [],
        "placementStrategy": [],
        "networkConfiguration": network(),
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": service.controller},
        "createdBy": arn::role("deployer"),
        "enableECSManagedTags": true,
        "propagateTags": "SERVICE",
        "enableExecuteCommand": false,
        "availabilityZoneRebalancing": "ENABLED",
    });
    let bridged =
        service.primary().and_then(|primary| fleet.definitions.get(&primary.definition)).is_some_and(|definition| definition.bridge);
    if bridged {
        on_a_host(&mut shape);
        shape.get_mut("deployments").and_then(Value::as_array_mut).into_iter().flatten().for_each(on_a_host);
    }
    if let Some(members) = shape.as_object_mut() {
        if !bridged {
            members.extend(launched_by(service));
        }
        if let Some(grace) = service.grace {
            members.insert("healthCheckGracePeriodSeconds".to_owned(), Value::from(grace));
        }
        members.extend(service.settings.clone());
        if with_tags {
            members.insert("tags".to_owned(), tags(&service.tags));
        }
    }
    shape
}

/// Of a service whose tasks use their hosts' addresses: no network of its own, and hosts to run on.
fn on_a_host(shape: &mut Value) {
    if let Some(members) = shape.as_object_mut() {
        for fargate in ["networkConfiguration", "platformVersion", "platformFamily"] {
            members.remove(fargate);
        }
        members.insert("launchType".to_owned(), json!("EC2"));
    }
}

/// Either a launch type or a capacity provider strategy, never both: with the latter ECS leaves `launchType` out.
fn launched_by(service: &Service) -> serde_json::Map<String, Value> {
    let (name, value) = if service.spot {
        ("capacityProviderStrategy", json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]))
    } else {
        ("launchType", json!("FARGATE"))
    };
    [(name.to_owned(), value)].into_iter().collect()
}

fn deployment(deployment: &Deployment, service: &Service, fleet: &Fleet) -> Value {
    let of_it = fleet.tasks_of(service).filter(|task| task.deployment == deployment.id);
    let (running, pending) =
        of_it.fold((0, 0), |(running, pending), task| (running + u32::from(task.runs()), pending + u32::from(task.is_pending())));
    let mut shape = json!({
        "id": deployment.id,
        "status": deployment.status(),
        "taskDefinition": deployment.definition,
        "desiredCount": deployment.target,
        "pendingCount": pending,
        "runningCount": running,
        "failedTasks": deployment.failed_tasks,
        "createdAt": seconds(deployment.created_at),
        "updatedAt": seconds(deployment.updated_at),
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "networkConfiguration": network(),
        "rolloutState": deployment.rollout_state.as_str(),
        "rolloutStateReason": deployment.rollout_state_reason,
    });
    if let Some(members) = shape.as_object_mut() {
        members.extend(launched_by(service));
    }
    shape
}
