//! DescribeTaskDefinition, ListTaskDefinitions, RegisterTaskDefinition and DeregisterTaskDefinition.
//!
//! The trap: tags are not part of a task definition. They stand beside it in the answer, and of a description only with `include=TAGS`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    aws::{
        answer::{ApiError, seconds},
        ecs::{Tag, given_tags, includes_tags, invalid, page_size, start, tags},
        page,
    },
    model::{Fleet, arn, definition::TaskDefinition},
};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Describe {
    task_definition: String,
    include: Option<Vec<String>>,
}

pub(super) fn describe(input: &Describe, fleet: &Fleet) -> Result<Value, ApiError> {
    let with_tags = includes_tags(input.include.as_deref(), &["TAGS"])?;
    let definition = fleet.find_definition(&input.task_definition).ok_or_else(|| client("Unable to describe task definition."))?;
    let mut answer = json!({"taskDefinition": shape(definition)});
    if let Some(members) = answer.as_object_mut().filter(|_| with_tags) {
        members.insert("tags".to_owned(), tags(&definition.tags));
    }
    Ok(answer)
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct List {
    family_prefix: Option<String>,
    status: Option<String>,
    sort: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// Revisions by family and number, ACTIVE ones unless others are asked for. `familyPrefix` is the whole name of a family,
/// whatever it is called (ListTaskDefinitions, ECS API).
pub(super) fn list(input: &List, fleet: &Fleet) -> Result<Value, ApiError> {
    let active = match input.status.as_deref() {
        None | Some("ACTIVE") => true,
        Some("INACTIVE") => false,
        Some(other) => return Err(invalid(format!("Unknown status: {other}"))),
    };
    let newest_first = match input.sort.as_deref() {
        None | Some("ASC") => false,
        Some("DESC") => true,
        Some(other) => return Err(invalid(format!("Unknown sort: {other}"))),
    };
    let size = page_size(input.max_results, 100, 100)?;
    let listing = format!("ListTaskDefinitions {:?} {active} {newest_first}", input.family_prefix);
    let from = start(fleet, &listing, input.next_token.as_deref())?;
    // a position is a family's place and a number; both only ever grow at the end of what was listed
    let mut of_all: Vec<(u64, &TaskDefinition)> = Vec::new();
    let mut place = 0;
    for definition in fleet.definitions_in_order() {
        if of_all.last().is_some_and(|(_, before)| before.family != definition.family) {
            place += 1;
        }
        of_all.push(((place << 32) + u64::from(definition.revision), definition));
    }
    let asked = |definition: &TaskDefinition| {
        definition.is_active() == active && input.family_prefix.as_ref().is_none_or(|family| *family == definition.family)
    };
    if newest_first {
        of_all.reverse();
    }
    let later = |at: u64| from == 0 || if newest_first { at < from } else { at > from };
    let mut matching = of_all.into_iter().filter(|(at, definition)| later(*at) && asked(definition));
    let page: Vec<(u64, &TaskDefinition)> = matching.by_ref().take(size).collect();
    let mut answer = json!({"taskDefinitionArns": page.iter().map(|(_, definition)| definition.arn()).collect::<Vec<_>>()});
    if let (Some(_), Some((last, _)), Some(members)) = (matching.next(), page.last(), answer.as_object_mut()) {
        members.insert("nextToken".to_owned(), Value::from(page::token(fleet.seed, &listing, *last)));
    }
    Ok(answer)
}

fn client(message: impl Into<String>) -> ApiError {
    ApiError::new("ClientException", message)
}

/// What only an answer has: "fields … which must be dropped" to register a copy.
const OF_ANSWERS: [&str; 9] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
];

pub(super) fn register(mut request: Map<String, Value>, fleet: &mut Fleet) -> Result<Value, ApiError> {
    let sent = request.remove("tags").map(serde_json::from_value::<Option<Vec<Tag>>>).transpose();
    let sent = sent.map_err(|error| ApiError::serialization(&error.to_string()))?.flatten().unwrap_or_default();
    let tags_given = given_tags(sent).map_err(|error| client(error.message))?;
    // fields nobody knows are kept, those that AWS makes itself are not taken from a request
    request.retain(|name, value| !OF_ANSWERS.contains(&name.as_str()) && !value.is_null());
    validate(&request)?;
    let arn = fleet.register(request, tags_given, arn::caller());
    let definition = fleet.find_definition(&arn).ok_or_else(|| client("Unable to describe task definition."))?;
    let mut answer = json!({"taskDefinition": shape(definition)});
    if let Some(members) = answer.as_object_mut().filter(|_| !definition.tags.is_empty()) {
        members.insert("tags".to_owned(), tags(&definition.tags));
    }
    Ok(answer)
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Deregister {
    task_definition: String,
}

pub(super) fn deregister(input: &Deregister, fleet: &mut Fleet) -> Result<Value, ApiError> {
    if !input.task_definition.contains(':') {
        // "You must specify a revision" (DeregisterTaskDefinition, ECS API)
        return Err(client("Invalid revision number. Number: null"));
    }
    let arn = fleet.find_definition(&input.task_definition).map(TaskDefinition::arn);
    let arn = arn.ok_or_else(|| client("The specified task definition does not exist."))?;
    fleet.deregister(&arn);
    let definition = fleet.find_definition(&arn).map(shape);
    Ok(json!({"taskDefinition": definition}))
}

/// What ECS refuses, as far as the yard's model depends on it.
fn validate(request: &Map<String, Value>) -> Result<(), ApiError> {
    let family = request.get("family").and_then(Value::as_str).unwrap_or_default();
    let letters = family.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_');
    if family.is_empty() {
        return Err(client("Family should not be null or empty."));
    }
    if !letters || family.len() > 255 {
        return Err(client("Invalid family name: it may hold up to 255 letters, digits, hyphens and underscores."));
    }
    let containers = request.get("containerDefinitions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if containers.is_empty() {
        return Err(client("Container list cannot be empty."));
    }
    let mut names = Vec::new();
    for container in containers {
        let field = |name: &str| container.get(name).and_then(Value::as_str).unwrap_or_default();
        if field("name").is_empty() {
            return Err(client("Container.name should not be null or empty."));
        }
        if field("image").is_empty() {
            return Err(client("Container.image should not be null or empty."));
        }
        if names.contains(&field("name")) {
            return Err(client("Container.name should be unique within a task definition."));
        }
        names.push(field("name"));
        if let Some(check) = container.get("healthCheck").filter(|check| !check.is_null()) {
            validate_check(check, field("name"))?;
        }
    }
    if !containers.iter().any(|container| container.get("essential").and_then(Value::as_bool).unwrap_or(true)) {
        return Err(client("Invalid setting for container list: at least one container must be essential."));
    }
    validate_fargate(request)
}

/// The limits of "HealthCheck" (ECS API).
fn validate_check(check: &Value, container: &str) -> Result<(), ApiError> {
    let command = check.get("command").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let kind = command.first().and_then(Value::as_str).unwrap_or_default();
    if !["CMD", "CMD-SHELL"].contains(&kind) || command.len() < 2 {
        return Err(client(format!(
            "Invalid healthCheck for container {container}: the command must begin with CMD or CMD-SHELL and say what to run."
        )));
    }
    for (name, low, high) in [("interval", 5, 300), ("timeout", 2, 60), ("retries", 1, 10), ("startPeriod", 0, 300)] {
        let given = check.get(name).filter(|value| !value.is_null());
        if given.is_some_and(|value| value.as_i64().is_none_or(|number| !(low..=high).contains(&number))) {
            return Err(client(format!("Invalid healthCheck for container {container}: {name} must be between {low} and {high}.")));
        }
    }
    Ok(())
}

/// CPU units and the MiB they may come with ("Task size", developer guide), as far as a task of this fleet would go.
const FARGATE_SIZES: [(u32, u32, u32); 5] =
    [(256, 512, 2_048), (512, 1_024, 4_096), (1_024, 2_048, 8_192), (2_048, 4_096, 16_384), (4_096, 8_192, 30_720)];

fn validate_fargate(request: &Map<String, Value>) -> Result<(), ApiError> {
    let wants = request.get("requiresCompatibilities").and_then(Value::as_array).into_iter().flatten();
    if !wants.into_iter().any(|kind| kind == "FARGATE") {
        return Ok(());
    }
    if request.get("networkMode").and_then(Value::as_str) != Some("awsvpc") {
        return Err(client("Fargate only supports network mode 'awsvpc'."));
    }
    let text = |name: &str| request.get(name).and_then(Value::as_str).unwrap_or_default();
    let (cpu, memory) = (text("cpu"), text("memory"));
    if cpu.is_empty() || memory.is_empty() {
        return Err(client("Fargate requires that 'cpu' and 'memory' be defined at the task level."));
    }
    let fits = |(units, low, high): (u32, u32, u32)| {
        let (given_cpu, given_memory) = (cpu.parse::<u32>(), memory.parse::<u32>());
        given_cpu == Ok(units) && given_memory.is_ok_and(|mebibytes| (low..=high).contains(&mebibytes))
    };
    if FARGATE_SIZES.into_iter().any(fits) {
        return Ok(());
    }
    Err(client(format!("No Fargate configuration exists for given values: {cpu} CPU, {memory} memory.")))
}

/// A definition in an answer: the request as it was sent, and what AWS adds.
pub(super) fn shape(definition: &TaskDefinition) -> Value {
    let mut members = definition.request();
    let fargate = members.contains_key("cpu") && members.contains_key("memory") && !definition.bridge;
    let compatibilities = if fargate || definition.registered.is_none() { json!(["EC2", "FARGATE"]) } else { json!(["EC2"]) };
    let mut add = |name: &str, value: Value| members.insert(name.to_owned(), value);
    add("taskDefinitionArn", json!(definition.arn()));
    add("revision", json!(definition.revision));
    add("status", json!(if definition.is_active() { "ACTIVE" } else { "INACTIVE" }));
    add("requiresAttributes", attributes(definition));
    add("compatibilities", compatibilities);
    add("registeredAt", json!(seconds(definition.registered_at)));
    add("registeredBy", json!(definition.registered_by));
    if let Some(at) = definition.deregistered_at {
        add("deregisteredAt", json!(seconds(at)));
    }
    Value::Object(members)
}

/// What a host must be able to do; more of these exist than the yard knows.
fn attributes(definition: &TaskDefinition) -> Value {
    let mut names = vec!["com.amazonaws.ecs.capability.logging-driver.awslogs"];
    if !definition.bridge {
        names.push("ecs.capability.task-eni");
    }
    if definition.containers.iter().any(|container| container.health_check.is_some()) {
        names.push("ecs.capability.container-health-check");
    }
    names.into_iter().map(|name| json!({"name": name})).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(check: Value) -> Map<String, Value> {
        let request = json!({"family": "auth-nats", "containerDefinitions": [{"name": "app", "image": "app:1", "healthCheck": check}]});
        request.as_object().unwrap().clone()
    }

    #[test]
    fn the_limits_of_a_check_are_kept() {
        let command = json!(["CMD-SHELL", "true"]);
        for (name, low, high) in [("interval", 5, 300), ("timeout", 2, 60), ("retries", 1, 10), ("startPeriod", 0, 300)] {
            for (value, fits) in [(low - 1, false), (low, true), (high, true), (high + 1, false)] {
                let refused = validate(&request(json!({"command": command, name: value})));
                assert_eq!(refused.is_ok(), fits, "{name} {value}");
                assert!(refused.is_ok() || refused.is_err_and(|error| error.code == "ClientException" && error.message.contains(name)));
            }
        }
        for command in [json!([]), json!(["CMD"]), json!(["curl", "-f"]), json!(null)] {
            assert!(validate(&request(json!({"command": command}))).is_err(), "{command}");
        }
        assert!(validate(&request(json!(null))).is_ok());
    }
}
