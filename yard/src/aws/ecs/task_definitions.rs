//! DescribeTaskDefinition.
//!
//! The trap: tags are not part of a task definition. They stand beside it in the answer, and only with `include=TAGS`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    aws::{
        answer::{ApiError, seconds},
        ecs::{includes_tags, tags},
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
    let definition =
        find(&input.task_definition, fleet).ok_or_else(|| ApiError::new("ClientException", "Unable to describe task definition."))?;
    let mut answer = json!({"taskDefinition": shape(definition)});
    if let Some(members) = answer.as_object_mut().filter(|_| with_tags) {
        members.insert("tags".to_owned(), tags(&definition.tags));
    }
    Ok(answer)
}

/// By ARN, by `family:revision`, or the latest revision of a family.
fn find<'a>(given: &str, fleet: &'a Fleet) -> Option<&'a TaskDefinition> {
    if given.starts_with("arn:") {
        return fleet.definitions.get(given).map(AsRef::as_ref);
    }
    if let Some((family, revision)) = given.split_once(':') {
        let arn = arn::task_definition(family, revision.parse().ok()?);
        return fleet.definitions.get(&arn).map(AsRef::as_ref);
    }
    let of_family = fleet.definitions.values().filter(|definition| definition.family == given);
    of_family.max_by_key(|definition| definition.revision).map(AsRef::as_ref)
}

fn shape(definition: &TaskDefinition) -> Value {
    let mut container = json!({
        "name": "app",
        "image": definition.image,
        "cpu": 0,
        "portMappings": [{"containerPort": 8080, "hostPort": if definition.bridge { 0 } else { 8080 }, "protocol": "tcp"}],
        "essential": true,
        "environment": definition.environment.iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>(),
        "mountPoints": [],
        "volumesFrom": [],
        "systemControls": [],
        "logConfiguration": {"logDriver": "awslogs", "options": {
            "awslogs-group": arn::LOG_GROUP,
            "awslogs-region": arn::REGION,
            "awslogs-stream-prefix": definition.family,
        }},
    });
    if let (Some(check), Some(members)) = (&definition.health_check, container.as_object_mut()) {
        let check = json!({
            "command": check.command,
            "interval": check.interval,
            "timeout": check.timeout,
            "retries": check.retries,
            "startPeriod": check.start_period,
        });
        members.insert("healthCheck".to_owned(), check);
    }
    json!({
        "taskDefinitionArn": definition.arn(),
        "family": definition.family,
        "revision": definition.revision,
        "status": "ACTIVE",
        "containerDefinitions": [container],
        "taskRoleArn": arn::role("gaming-system-task"),
        "executionRoleArn": arn::role("gaming-system-execution"),
        "networkMode": if definition.bridge { "bridge" } else { "awsvpc" },
        "volumes": [],
        "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.logging-driver.awslogs"}, {"name": "ecs.capability.task-eni"}],
        "placementConstraints": [],
        "compatibilities": ["EC2", "FARGATE"],
        "requiresCompatibilities": [if definition.bridge { "EC2" } else { "FARGATE" }],
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        "cpu": definition.cpu.to_string(),
        "memory": definition.memory.to_string(),
        "registeredAt": seconds(definition.registered_at),
        "registeredBy": arn::role("deployer"),
    })
}
