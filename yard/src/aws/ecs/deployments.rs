//! ListServiceDeployments, DescribeServiceDeployments, DescribeServiceRevisions and StopServiceDeployment: ECS's newer view of what became of a service.
//!
//! The trap: what is asked for by ARN needs no cluster, and what does not exist is a failure *in* a successful answer.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    aws::{
        answer::{ApiError, seconds},
        ecs::{in_cluster, invalid, missing, page_size, plain_id, services, start},
        page,
    },
    dice::Dice,
    model::{
        CannotStop, Fleet, arn,
        deployment::{ServiceDeployment, ServiceDeploymentStatus, ServiceRevision},
        service::Service,
    },
};

/// "You can specify a maximum of 20 ARNs" (ECS API), of deployments as of revisions.
const LARGEST_BATCH: usize = 20;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct List {
    service: String,
    cluster: Option<String>,
    status: Option<Vec<String>>,
    created_at: Option<CreatedAt>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// Seconds since 1970.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CreatedAt {
    before: Option<f64>,
    after: Option<f64>,
}

pub(super) fn list(input: &List, fleet: &Fleet) -> Result<Value, ApiError> {
    let name = plain_id(&input.service, "service", input.cluster.as_deref())?;
    in_cluster(input.cluster.as_deref())?;
    let service = fleet.service(name).ok_or_else(|| ApiError::new("ServiceNotFoundException", "Service not found."))?;
    let size = page_size(input.max_results, 20, 100)?;
    let listing = format!("ListServiceDeployments {name} {:?} {:?}", input.status, input.created_at);
    let from = start(fleet, &listing, input.next_token.as_deref())?;
    let created = |deployment: &ServiceDeployment| {
        let at = seconds(deployment.created_at);
        let range = input.created_at.as_ref();
        range.and_then(|range| range.before).is_none_or(|before| at < before)
            && range.and_then(|range| range.after).is_none_or(|after| at > after)
    };
    let asked = |deployment: &ServiceDeployment| {
        let statuses = input.status.as_deref().unwrap_or_default();
        statuses.is_empty() || statuses.iter().any(|status| status == deployment.status.as_str())
    };
    // newest first: a token names the number after which older ones follow
    let newest_first = service.service_deployments.iter().rev();
    let mut matching =
        newest_first.filter(|deployment| asked(deployment) && created(deployment) && (from == 0 || deployment.number < from));
    let page: Vec<&ServiceDeployment> = matching.by_ref().take(size).collect();
    let mut answer = json!({"serviceDeployments": page.iter().map(|one| brief(one, service)).collect::<Vec<_>>()});
    if let (Some(_), Some(last), Some(members)) = (matching.next(), page.last(), answer.as_object_mut()) {
        members.insert("nextToken".to_owned(), Value::from(page::token(fleet.seed, &listing, last.number)));
    }
    Ok(answer)
}

fn brief(deployment: &ServiceDeployment, service: &Service) -> Value {
    let mut shape = json!({
        "serviceDeploymentArn": deployment.arn(&service.name),
        "serviceArn": service.arn(),
        "clusterArn": arn::cluster(),
        "createdAt": seconds(deployment.created_at),
        "targetServiceRevisionArn": arn::service_revision(&service.name, &deployment.target),
        "status": deployment.status.as_str(),
    });
    add_times(&mut shape, deployment, &["startedAt", "finishedAt"]);
    add(&mut shape, "statusReason", deployment.status_reason.as_ref().map(|reason| json!(reason)));
    shape
}

fn add(shape: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(value), Some(members)) = (value, shape.as_object_mut()) {
        members.insert(name.to_owned(), value);
    }
}

fn add_times(shape: &mut Value, deployment: &ServiceDeployment, names: &[&str]) {
    for (name, at) in [("startedAt", deployment.started_at), ("finishedAt", deployment.finished_at), ("stoppedAt", deployment.stopped_at)] {
        add(shape, name, at.filter(|_| names.contains(&name)).map(|at| json!(seconds(at))));
    }
}

/// The service and the id that an ARN of this kind names.
fn parse<'a>(given: &'a str, kind: &str) -> Result<(&'a str, &'a str), ApiError> {
    let resource = given.split(':').nth(5).filter(|_| given.starts_with("arn:"));
    let rest = resource.and_then(|resource| resource.strip_prefix(kind)).and_then(|rest| rest.strip_prefix('/'));
    let mut parts = rest.into_iter().flat_map(|rest| rest.split('/'));
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(_), Some(service), Some(id), None) => Ok((service, id)),
        _ => Err(invalid(format!("Invalid identifier: {given}"))),
    }
}

fn find<'a>(given: &str, fleet: &'a Fleet) -> Result<Option<(&'a Service, &'a ServiceDeployment)>, ApiError> {
    let (service, id) = parse(given, "service-deployment")?;
    let found = fleet.service(service).and_then(|service| {
        let deployment = service.service_deployments.iter().find(|deployment| deployment.id == id)?;
        (deployment.arn(&service.name) == given).then_some((service, deployment))
    });
    Ok(found)
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Describe {
    service_deployment_arns: Vec<String>,
}

pub(super) fn describe(input: &Describe, fleet: &Fleet) -> Result<Value, ApiError> {
    in_batch(&input.service_deployment_arns, "serviceDeploymentArns")?;
    let (mut deployments, mut failures) = (Vec::new(), Vec::new());
    for given in &input.service_deployment_arns {
        match find(given, fleet)? {
            Some((service, deployment)) => deployments.push(shape(deployment, service, fleet)),
            None => failures.push(missing(given.as_str())),
        }
    }
    Ok(json!({"serviceDeployments": deployments, "failures": failures}))
}

fn in_batch(arns: &[String], name: &str) -> Result<(), ApiError> {
    match arns.len() {
        0 => Err(invalid(format!("{name} cannot be empty."))),
        many if many > LARGEST_BATCH => Err(invalid(format!("{name} can have at most {LARGEST_BATCH} items."))),
        _ => Ok(()),
    }
}

fn shape(deployment: &ServiceDeployment, service: &Service, fleet: &Fleet) -> Value {
    let over = !(deployment.status.advances() || deployment.status.returns());
    let summary = |revision: &str, forward: bool| {
        let (running, pending) = counts_of(service, revision, fleet);
        // while it goes on the new one is asked for in full; when it is over, whoever won
        let returned = deployment.rollback.is_some();
        let wanted = if forward != returned { service.desired } else { 0 };
        let requested = if over { wanted } else { requested(service, revision) };
        json!({
            "arn": arn::service_revision(&service.name, revision),
            "requestedTaskCount": requested,
            "runningTaskCount": running,
            "pendingTaskCount": pending,
        })
    };
    let breaker = deployment.configuration.breaker;
    let mut shape = json!({
        "serviceDeploymentArn": deployment.arn(&service.name),
        "serviceArn": service.arn(),
        "clusterArn": arn::cluster(),
        "createdAt": seconds(deployment.created_at),
        "updatedAt": seconds(deployment.updated_at),
        "sourceServiceRevisions": deployment.sources.iter().map(|source| summary(source, false)).collect::<Vec<_>>(),
        "targetServiceRevision": summary(&deployment.target, true),
        "status": deployment.status.as_str(),
        "deploymentConfiguration": services::configuration(&deployment.configuration),
        "deploymentCircuitBreaker": {
            "status": deployment.breaker.as_str(),
            "failureCount": deployment.failures,
            "threshold": if breaker.enable { deployment.threshold } else { 0 },
        },
    });
    add_times(&mut shape, deployment, &["startedAt", "finishedAt", "stoppedAt"]);
    add(&mut shape, "statusReason", deployment.status_reason.as_ref().map(|reason| json!(reason)));
    let alarms =
        deployment.configuration.alarms.as_ref().map(
            |rule| json!({"status": deployment.alarms.as_str(), "alarmNames": rule.names, "triggeredAlarmNames": deployment.triggered}),
        );
    add(&mut shape, "alarms", alarms);
    let rollback = deployment.rollback.as_ref().map(|rollback| {
        json!({
            "reason": rollback.reason,
            "startedAt": seconds(rollback.started_at),
            "serviceRevisionArn": arn::service_revision(&service.name, &rollback.revision),
        })
    });
    add(&mut shape, "rollback", rollback);
    let bakes = service.primary().is_some_and(|primary| primary.baking_since.is_some() && primary.id == deployment.deployment);
    let stage = (deployment.status == ServiceDeploymentStatus::InProgress).then(|| json!(if bakes { "BAKE_TIME" } else { "SCALE_UP" }));
    add(&mut shape, "lifecycleStage", stage);
    shape
}

fn requested(service: &Service, revision: &str) -> u32 {
    service.deployments.iter().filter(|deployment| deployment.revision == revision).map(|deployment| deployment.target).sum()
}

fn counts_of(service: &Service, revision: &str, fleet: &Fleet) -> (u32, u32) {
    let ids: Vec<&str> =
        service.deployments.iter().filter(|deployment| deployment.revision == revision).map(|deployment| deployment.id.as_str()).collect();
    let of_it = fleet.tasks_of(service).filter(|task| ids.contains(&task.deployment.as_str()));
    of_it.fold((0, 0), |(running, pending), task| (running + u32::from(task.runs()), pending + u32::from(task.is_pending())))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DescribeRevisions {
    service_revision_arns: Vec<String>,
}

pub(super) fn describe_revisions(input: &DescribeRevisions, fleet: &Fleet) -> Result<Value, ApiError> {
    in_batch(&input.service_revision_arns, "serviceRevisionArns")?;
    let (mut revisions, mut failures) = (Vec::new(), Vec::new());
    for given in &input.service_revision_arns {
        let (service, id) = parse(given, "service-revision")?;
        let found = fleet.service(service).and_then(|service| Some((service, service.revision(id)?)));
        match found.filter(|(service, revision)| arn::service_revision(&service.name, &revision.id) == *given) {
            Some((service, revision)) => revisions.push(revision_shape(revision, service, fleet)),
            None => failures.push(missing(given.as_str())),
        }
    }
    Ok(json!({"serviceRevisions": revisions, "failures": failures}))
}

fn revision_shape(revision: &ServiceRevision, service: &Service, fleet: &Fleet) -> Value {
    let definition = fleet.definitions.get(&revision.definition);
    let digest = Dice::new(fleet.seed, &revision.definition, 0).hex(64);
    let containers = definition.iter().flat_map(|definition| &definition.containers);
    let images: Vec<Value> = containers
        .map(|container| json!({"containerName": container.name, "image": container.image, "imageDigest": format!("sha256:{digest}")}))
        .collect();
    json!({
        "serviceRevisionArn": arn::service_revision(&service.name, &revision.id),
        "serviceArn": service.arn(),
        "clusterArn": arn::cluster(),
        "taskDefinition": revision.definition,
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "networkConfiguration": services::network(),
        "containerImages": images,
        "guardDutyEnabled": false,
        "createdAt": seconds(revision.created_at),
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Stop {
    service_deployment_arn: String,
    stop_type: Option<String>,
}

pub(super) fn stop(input: &Stop, fleet: &mut Fleet) -> Result<Value, ApiError> {
    let absent = || ApiError::new("ServiceDeploymentNotFoundException", "The service deployment could not be found.");
    let (service, deployment) = find(&input.service_deployment_arn, fleet)?.ok_or_else(absent)?;
    if input.stop_type.as_deref().is_some_and(|kind| kind != "ROLLBACK") {
        // the enumeration has ABORT as well; its text says "The valid values are ROLLBACK"
        return Err(invalid("stopType must be ROLLBACK."));
    }
    let (name, id) = (service.name.clone(), deployment.id.clone());
    let index = fleet.service_index.get(&name).copied().ok_or_else(absent)?;
    fleet.stop_deployment(index, &id).map_err(|why| match why {
        CannotStop::Over(status) => {
            conflict(&format!("The service deployment cannot be stopped because its status is {}.", status.as_str()))
        }
        CannotStop::NowhereToGo => {
            conflict("The service deployment cannot be rolled back because there is no completed service deployment.")
        }
    })?;
    Ok(json!({"serviceDeploymentArn": input.service_deployment_arn}))
}

fn conflict(message: &str) -> ApiError {
    ApiError::new("ConflictException", message)
}
