//! ListClusters and DescribeClusters: the account has one.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    aws::{
        answer::ApiError,
        ecs::{missing, page_size, start},
    },
    model::{Fleet, arn},
};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct List {
    max_results: Option<i64>,
    next_token: Option<String>,
}

pub(super) fn list(input: &List, fleet: &Fleet) -> Result<Value, ApiError> {
    page_size(input.max_results, 100, 100)?;
    start(fleet, "ListClusters", input.next_token.as_deref())?;
    Ok(json!({"clusterArns": [arn::cluster()]}))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Describe {
    clusters: Option<Vec<String>>,
    include: Option<Vec<String>>,
}

pub(super) fn describe(input: &Describe, fleet: &Fleet) -> Result<Value, ApiError> {
    let asked = input.clusters.clone().filter(|clusters| !clusters.is_empty()).unwrap_or_else(|| vec!["default".to_owned()]);
    if asked.len() > 100 {
        return Err(super::invalid("Clusters cannot have more than 100 elements."));
    }
    let (ours, others): (Vec<_>, Vec<_>) = asked.into_iter().partition(|cluster| Fleet::is_cluster(cluster));
    let include = |field: &str| input.include.iter().flatten().any(|wanted| wanted == field);
    let failures: Vec<Value> = others
        .into_iter()
        .map(|name| missing(if name.starts_with("arn:") { name } else { arn::cluster().replace(arn::CLUSTER, &name) }))
        .collect();
    let clusters: Vec<Value> = if ours.is_empty() { Vec::new() } else { vec![shape(fleet, include("SETTINGS"), include("TAGS"))] };
    Ok(json!({"clusters": clusters, "failures": failures}))
}

fn shape(fleet: &Fleet, settings: bool, tags: bool) -> Value {
    let settings = if settings { json!([{"name": "containerInsights", "value": "enabled"}]) } else { json!([]) };
    let tags = if tags { json!([{"key": "project", "value": "gaming-system"}]) } else { json!([]) };
    json!({
        "clusterArn": arn::cluster(),
        "clusterName": arn::CLUSTER,
        "status": "ACTIVE",
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": fleet.running,
        "pendingTasksCount": fleet.pending,
        "activeServicesCount": fleet.services.len(),
        "statistics": [],
        "tags": tags,
        "settings": settings,
        "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "defaultCapacityProviderStrategy": [],
    })
}
