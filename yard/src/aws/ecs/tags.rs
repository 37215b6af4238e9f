//! TagResource, UntagResource and ListTagsForResource, of services and task definitions.
//!
//! The trap: TagResource adds and replaces; what it does not name stays.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    aws::{
        answer::ApiError,
        ecs::{Tag, given_tags, invalid, tags},
    },
    model::{Fleet, arn},
};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OfResource {
    resource_arn: String,
    tags: Vec<Tag>,
    tag_keys: Vec<String>,
}

/// "A maximum of 50 tags" (ECS API).
const MOST: usize = 50;

pub(super) fn list(input: &OfResource, fleet: &Fleet) -> Result<Value, ApiError> {
    let of_service = || Some(&fleet.service(service_name(&input.resource_arn)?)?.tags);
    let of_definition = || fleet.definitions.get(&input.resource_arn).map(|definition| &definition.tags);
    let found = of_service().or_else(of_definition).ok_or_else(|| missing(&input.resource_arn))?;
    Ok(json!({"tags": tags(found)}))
}

pub(super) fn add(input: OfResource, fleet: &mut Fleet) -> Result<Value, ApiError> {
    let added = given_tags(input.tags)?;
    if added.is_empty() {
        return Err(invalid("Tags can not be empty."));
    }
    let kept = fleet.tags_of(&input.resource_arn, service_name(&input.resource_arn)).ok_or_else(|| missing(&input.resource_arn))?;
    let mut next = kept.clone();
    next.retain(|(key, _)| !added.iter().any(|(other, _)| other == key));
    next.extend(added);
    if next.len() > MOST {
        return Err(invalid(format!("The maximum number of tags for a resource is {MOST}.")));
    }
    *kept = next;
    fleet.changed();
    Ok(json!({}))
}

pub(super) fn remove(input: &OfResource, fleet: &mut Fleet) -> Result<Value, ApiError> {
    let kept = fleet.tags_of(&input.resource_arn, service_name(&input.resource_arn)).ok_or_else(|| missing(&input.resource_arn))?;
    kept.retain(|(key, _)| !input.tag_keys.contains(key));
    fleet.changed();
    Ok(json!({}))
}

/// The name in a service's ARN of this cluster.
fn service_name(arn: &str) -> Option<&str> {
    let name = arn.rsplit('/').next()?;
    (arn == arn::service(name)).then_some(name)
}

fn missing(arn: &str) -> ApiError {
    if !arn.starts_with("arn:") {
        return invalid("The specified resource ARN is not valid.");
    }
    ApiError::new("ResourceNotFoundException", "The specified resource could not be found.")
}
