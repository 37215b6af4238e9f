//! ECS: the reading operations, and those that change a service or a task definition, one file to a family.
//!
//! The sentences of the errors are AWS's where they could be established; where not, the code is AWS's and the sentence says the same in our words.

mod clusters;
mod deployments;
mod services;
mod tags;
mod task_definitions;
pub(super) mod tasks;
mod update;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    aws::{answer::ApiError, call::Call},
    model::Fleet,
};

const SERVED: [&str; 18] = [
    "ecs:ListClusters",
    "ecs:DescribeClusters",
    "ecs:ListServices",
    "ecs:DescribeServices",
    "ecs:ListTasks",
    "ecs:DescribeTasks",
    "ecs:DescribeTaskDefinition",
    "ecs:ListTaskDefinitions",
    "ecs:ListServiceDeployments",
    "ecs:DescribeServiceDeployments",
    "ecs:DescribeServiceRevisions",
    "ecs:ListTagsForResource",
    "ecs:RegisterTaskDefinition",
    "ecs:DeregisterTaskDefinition",
    "ecs:UpdateService",
    "ecs:StopServiceDeployment",
    "ecs:TagResource",
    "ecs:UntagResource",
];

/// Whether an operation changes something: then it acts on the fleet as it is, however stale the reads are.
pub(crate) fn changes(call: &Call) -> bool {
    let changing =
        ["RegisterTaskDefinition", "DeregisterTaskDefinition", "UpdateService", "StopServiceDeployment", "TagResource", "UntagResource"];
    changing.contains(&call.operation.as_str())
}

pub(crate) fn change(call: &Call, fleet: &mut Fleet) -> Result<Value, ApiError> {
    match call.operation.as_str() {
        "RegisterTaskDefinition" => task_definitions::register(call.input()?, fleet),
        "DeregisterTaskDefinition" => task_definitions::deregister(&call.input()?, fleet),
        "UpdateService" => update::update(call.input()?, fleet),
        "StopServiceDeployment" => deployments::stop(&call.input()?, fleet),
        "TagResource" => tags::add(call.input()?, fleet),
        "UntagResource" => tags::remove(&call.input()?, fleet),
        _ => Err(ApiError::unknown_operation(call, &SERVED)),
    }
}

pub(crate) fn serve(call: &Call, fleet: &Fleet) -> Result<Value, ApiError> {
    match call.operation.as_str() {
        "ListClusters" => clusters::list(&call.input()?, fleet),
        "DescribeClusters" => clusters::describe(&call.input()?, fleet),
        "ListServices" => services::list(&call.input()?, fleet),
        "DescribeServices" => services::describe(&call.input()?, fleet),
        "ListTasks" => tasks::list(&call.input()?, fleet),
        "DescribeTasks" => tasks::describe(&call.input()?, fleet),
        "DescribeTaskDefinition" => task_definitions::describe(&call.input()?, fleet),
        "ListTaskDefinitions" => task_definitions::list(&call.input()?, fleet),
        "ListServiceDeployments" => deployments::list(&call.input()?, fleet),
        "DescribeServiceDeployments" => deployments::describe(&call.input()?, fleet),
        "DescribeServiceRevisions" => deployments::describe_revisions(&call.input()?, fleet),
        "ListTagsForResource" => tags::list(&call.input()?, fleet),
        _ => Err(ApiError::unknown_operation(call, &SERVED)),
    }
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

/// Refuses a request for any cluster but ours. Without one ECS means the cluster called `default`, which this account does not have.
fn in_cluster(cluster: Option<&str>) -> Result<(), ApiError> {
    if Fleet::is_cluster(cluster.unwrap_or("default")) {
        Ok(())
    } else {
        Err(ApiError::new("ClusterNotFoundException", "Cluster not found."))
    }
}

/// A page size within `1..=largest`, or ECS's default.
fn page_size(given: Option<i64>, default: usize, largest: i64) -> Result<usize, ApiError> {
    match given {
        None => Ok(default),
        Some(size) if (1..=largest).contains(&size) => Ok(usize::try_from(size).unwrap_or(default)),
        Some(_) => Err(invalid(format!("maxResults must be between 1 and {largest}"))),
    }
}

/// Where a listing goes on: after the position in its token, from the beginning without one.
fn start(fleet: &Fleet, listing: &str, token: Option<&str>) -> Result<u64, ApiError> {
    match token {
        None => Ok(0),
        Some(token) => crate::aws::page::position(fleet.seed, listing, token).ok_or_else(|| invalid("Invalid token.")),
    }
}

/// The last part of an identifier given as a name or as an ARN. An ARN of another cluster than the request's is refused, before anyone asks whether the cluster exists:
/// whoever forgets the cluster is told that it is `default`.
fn plain_id<'a>(given: &'a str, kind: &str, cluster: Option<&str>) -> Result<&'a str, ApiError> {
    if !given.starts_with("arn:") {
        return Ok(given);
    }
    let rest = given.split(':').nth(5).and_then(|resource| resource.strip_prefix(kind)).and_then(|resource| resource.strip_prefix('/'));
    let rest = rest.ok_or_else(|| invalid(format!("Invalid identifier: {given}")))?;
    let ours = cluster.map_or("default", |cluster| cluster.rsplit('/').next().unwrap_or(cluster));
    match rest.split_once('/') {
        Some((cluster, id)) if cluster == ours => Ok(id),
        Some((cluster, _)) => Err(invalid(format!("Invalid identifier: Identifier is for cluster {cluster}. Your cluster is {ours}"))),
        // the old form of an ARN, without the cluster
        None => Ok(rest),
    }
}

fn includes_tags(include: Option<&[String]>, known: &[&str]) -> Result<bool, ApiError> {
    if let Some(other) = include.into_iter().flatten().find(|field| !known.contains(&field.as_str())) {
        return Err(invalid(format!("include has an unknown value: {other}")));
    }
    Ok(include.into_iter().flatten().any(|field| field == "TAGS"))
}

/// One tag of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tag {
    key: Option<String>,
    value: Option<String>,
}

/// Tags of a request, checked: keys of 1 to 128 characters, values of up to 256, none of AWS's own ("Tag", ECS API).
fn given_tags(given: Vec<Tag>) -> Result<Vec<(String, String)>, ApiError> {
    let pairs: Vec<(String, String)> = given.into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect();
    if pairs.len() > 50 {
        return Err(invalid("Tags can have at most 50 items."));
    }
    for (key, value) in &pairs {
        if !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256 {
            return Err(invalid("A tag's key must have between 1 and 128 characters and its value at most 256."));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid("Some tags contain invalid characters: the prefix aws: is reserved for AWS."));
        }
    }
    Ok(pairs)
}

fn tags(tags: &[(String, String)]) -> Value {
    tags.iter().map(|(key, value)| serde_json::json!({"key": key, "value": value})).collect()
}

/// `failures[]`: part of a successful answer.
fn missing(arn: impl Into<String>) -> Value {
    serde_json::json!({"arn": arn.into(), "reason": "MISSING"})
}
