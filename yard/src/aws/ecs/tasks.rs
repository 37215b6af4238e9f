//! ListTasks and DescribeTasks.
//!
//! The trap: ListTasks shows tasks by *desired* status. A task that is PENDING is listed under RUNNING, one that is still stopping under STOPPED.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    aws::{
        answer::{ApiError, seconds},
        ecs::{in_cluster, includes_tags, invalid, missing, page_size, plain_id, start, tags},
        page,
    },
    dice::Dice,
    model::{
        Fleet, arn,
        definition::Container,
        task::{Health, Task, TaskStatus, ZONES},
    },
};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct List {
    cluster: Option<String>,
    service_name: Option<String>,
    family: Option<String>,
    desired_status: Option<String>,
    started_by: Option<String>,
    container_instance: Option<String>,
    launch_type: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

pub(super) fn list(input: &List, fleet: &Fleet) -> Result<Value, ApiError> {
    in_cluster(input.cluster.as_deref())?;
    let size = page_size(input.max_results, 100, 100)?;
    input.validate()?;
    let service = match &input.service_name {
        None => None,
        Some(given) => {
            let name = plain_id(given, "service", input.cluster.as_deref())?;
            Some(fleet.service_index.get(name).copied().ok_or_else(|| ApiError::new("ServiceNotFoundException", "Service not found."))?)
        }
    };
    let listing =
        format!("ListTasks {service:?} {:?} {:?} {:?} {:?}", input.family, input.desired_status, input.started_by, input.launch_type);
    let start = start(fleet, &listing, input.next_token.as_deref())?;
    let desired = input.desired_status.as_deref().unwrap_or("RUNNING");
    let fargate = input.launch_type.as_deref().is_none_or(|kind| kind == "FARGATE") && input.container_instance.is_none();
    // one service's tasks are few: a large fleet's are not gone through for them
    let candidates: Box<dyn Iterator<Item = &Task>> = match service.and_then(|service| fleet.services.get(service)) {
        Some(service) => Box::new(fleet.tasks_of(service).filter(|task| task.number >= start)),
        None => Box::new(fleet.tasks.range(start..).map(|(_, task)| task)),
    };
    let mut matching = candidates.filter(|task| {
        fargate
            && task.desired() == desired
            && service.is_none_or(|service| task.service == service)
            && input.started_by.as_ref().is_none_or(|deployment| task.deployment == *deployment)
            && input.family.as_ref().is_none_or(|family| family_of(task, fleet) == Some(family))
    });
    let arns: Vec<String> = matching.by_ref().take(size).map(Task::arn).collect();
    let mut answer = json!({"taskArns": arns});
    if let (Some(next), Some(members)) = (matching.next(), answer.as_object_mut()) {
        members.insert("nextToken".to_owned(), Value::from(page::token(fleet.seed, &listing, next.number)));
    }
    Ok(answer)
}

fn family_of<'a>(task: &Task, fleet: &'a Fleet) -> Option<&'a str> {
    fleet.definitions.get(&task.definition).map(|definition| definition.family.as_str())
}

impl List {
    fn validate(&self) -> Result<(), ApiError> {
        if let Some(status) = self.desired_status.as_ref().filter(|status| !["RUNNING", "PENDING", "STOPPED"].contains(&status.as_str())) {
            return Err(invalid(format!("desiredStatus has an unknown value: {status}")));
        }
        let others = self.service_name.is_some() || self.family.is_some() || self.container_instance.is_some();
        if self.started_by.is_some() && others {
            // "When you specify startedBy as the filter, it must be the only filter that you use" (ECS API)
            return Err(invalid("startedBy must be the only filter that is used"));
        }
        Ok(())
    }
}

/// "A list of up to 100 task IDs or full ARN entries" (ECS API).
const LARGEST_BATCH: usize = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Describe {
    cluster: Option<String>,
    tasks: Vec<String>,
    include: Option<Vec<String>>,
}

pub(super) fn describe(input: &Describe, fleet: &Fleet) -> Result<Value, ApiError> {
    let with_tags = includes_tags(input.include.as_deref(), &["TAGS"])?;
    if input.tasks.is_empty() {
        return Err(invalid("Tasks cannot be empty."));
    }
    if input.tasks.len() > LARGEST_BATCH {
        return Err(invalid("tasks can have at most 100 items."));
    }
    let ids = input.tasks.iter().map(|given| plain_id(given, "task", input.cluster.as_deref())).collect::<Result<Vec<_>, _>>()?;
    in_cluster(input.cluster.as_deref())?;
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for id in ids {
        if ![32, 36].contains(&id.len()) {
            return Err(invalid("taskId length should be one of [32,36]"));
        }
        match fleet.task(id) {
            Some(task) => tasks.push(shape(task, fleet, with_tags)),
            None => failures.push(missing(arn::task(id))),
        }
    }
    Ok(json!({"tasks": tasks, "failures": failures}))
}

pub(in crate::aws) fn shape(task: &Task, fleet: &Fleet, with_tags: bool) -> Value {
    let service = fleet.services.get(task.service);
    let definition = fleet.definitions.get(&task.definition);
    let bridge = definition.is_some_and(|definition| definition.bridge);
    let (zone, _) = ZONES.get(task.zone).copied().unwrap_or_default();
    let defined = definition.iter().flat_map(|definition| &definition.containers);
    let overridden: Vec<Value> = defined.map(|container| json!({"name": container.name})).collect();
    let mut shape = json!({
        "taskArn": task.arn(),
        "clusterArn": arn::cluster(),
        "taskDefinitionArn": task.definition,
        "group": service.map(|service| format!("service:{}", service.name)),
        "startedBy": task.deployment,
        "lastStatus": task.status.as_str(),
        "desiredStatus": task.desired(),
        "healthStatus": task.health.as_str(),
        "availabilityZone": zone,
        "attachments": if bridge { Vec::new() } else { vec![attachment(task, fleet)] },
        "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
        "containers": containers(task, fleet),
        "overrides": {"containerOverrides": overridden, "inferenceAcceleratorOverrides": []},
        "cpu": definition.map(|definition| definition.cpu.to_string()),
        "memory": definition.map(|definition| definition.memory.to_string()),
        "ephemeralStorage": {"sizeInGiB": 20},
        "enableExecuteCommand": false,
        "launchType": if bridge { "EC2" } else { "FARGATE" },
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "createdAt": seconds(task.created_at),
        "version": task.version,
        "tags": [],
    });
    if let Some(members) = shape.as_object_mut() {
        let mut add = |name: &str, value: Value| members.insert(name.to_owned(), value);
        if bridge {
            add("containerInstanceArn", json!(arn::container_instance()));
        }
        if task.pull_started_at.is_some() {
            add("connectivity", json!("CONNECTED"));
        }
        for (name, at) in times(task) {
            add(name, json!(seconds(at)));
        }
        if let Some(cause) = &task.cause {
            add("stopCode", json!(cause.code));
            add("stoppedReason", json!(cause.reason));
        }
        if service.is_some_and(|service| service.spot) {
            add("capacityProviderName", json!("FARGATE_SPOT"));
        }
        if let Some(service) = service.filter(|_| with_tags) {
            add("tags", tags(&service.tags));
        }
    }
    shape
}

/// The times that have come, by their names in ECS.
pub(in crate::aws) fn times(task: &Task) -> impl Iterator<Item = (&'static str, i64)> {
    let times = [
        ("connectivityAt", task.pull_started_at),
        ("pullStartedAt", task.pull_started_at),
        ("pullStoppedAt", task.pull_stopped_at),
        ("startedAt", task.started_at),
        ("stoppingAt", task.stopping_at),
        ("executionStoppedAt", task.execution_stopped_at),
        ("stoppedAt", task.stopped_at),
    ];
    times.into_iter().filter_map(|(name, at)| Some((name, at?)))
}

/// What a task's network interface is called; the same at every look.
fn attachment_id(task: &Task, fleet: &Fleet) -> String {
    let mut dice = Dice::new(fleet.seed, "attachment", task.number);
    [8, 4, 4, 4, 12].map(|len| dice.hex(len)).join("-")
}

fn attachment(task: &Task, fleet: &Fleet) -> Value {
    let mut dice = Dice::new(fleet.seed, "eni", task.number);
    let (_, subnet) = ZONES.get(task.zone).copied().unwrap_or_default();
    let address = task.address.to_string();
    let status = match task.status {
        TaskStatus::Provisioning => "PRECREATED",
        TaskStatus::Stopped => "DELETED",
        _ => "ATTACHED",
    };
    let mac = format!("0e:{}", [0; 5].map(|_| dice.hex(2)).join(":"));
    let detail = |name: &str, value: String| json!({"name": name, "value": value});
    let mut details = vec![detail("subnetId", subnet.to_owned())];
    if task.status > TaskStatus::Provisioning {
        details.extend([
            detail("networkInterfaceId", format!("eni-{}", dice.hex(17))),
            detail("macAddress", mac),
            detail("privateDnsName", format!("ip-{}.ec2.internal", address.replace('.', "-"))),
            detail("privateIPv4Address", address),
        ]);
    }
    json!({"id": attachment_id(task, fleet), "type": "ElasticNetworkInterface", "status": status, "details": details})
}

fn containers(task: &Task, fleet: &Fleet) -> Vec<Value> {
    let definition = fleet.definitions.get(&task.definition);
    let defined = definition.iter().flat_map(|definition| &definition.containers);
    defined.enumerate().map(|(place, defined)| container(task, fleet, place, defined)).collect()
}

fn container(task: &Task, fleet: &Fleet, place: usize, defined: &Container) -> Value {
    // a task's first container has had its id from these dice since there were no others
    let mut dice = Dice::new(fleet.seed ^ place as u64, "container", task.number);
    let definition = fleet.definitions.get(&task.definition);
    let health = task.checks.iter().find(|check| check.container == place).map_or(Health::Unknown, |check| check.health);
    let container_id = [8, 4, 4, 4, 12].map(|len| dice.hex(len)).join("-");
    // the container ends before its task does, and starts after it
    let status = match task.status {
        TaskStatus::Provisioning | TaskStatus::Pending | TaskStatus::Activating => "PENDING",
        _ if task.execution_stopped_at.is_some() => "STOPPED",
        _ if task.started_at.is_none() => "PENDING",
        _ => "RUNNING",
    };
    let mut shape = json!({
        "containerArn": arn::container(&task.id, &container_id),
        "taskArn": task.arn(),
        "name": defined.name,
        "image": defined.image,
        "lastStatus": status,
        "networkBindings": [],
        "networkInterfaces": [{"attachmentId": attachment_id(task, fleet), "privateIpv4Address": task.address.to_string()}],
        "healthStatus": health.as_str(),
        "cpu": "0",
    });
    if let Some(members) = shape.as_object_mut() {
        if definition.is_some_and(|definition| definition.bridge) {
            // on a host of several: no interface of its own, a port of the host's instead
            let port = 32_768 + task.number % 20_000;
            members.insert("networkInterfaces".to_owned(), json!([]));
            members.insert(
                "networkBindings".to_owned(),
                json!([{"bindIP": "0.0.0.0", "containerPort": 8080, "hostPort": port, "protocol": "tcp"}]),
            );
        }
        if task.pull_stopped_at.is_some() {
            // all tasks of a revision run the image its tag was resolved to
            let digest = Dice::new(fleet.seed, &task.definition, 0).hex(64);
            members.insert("imageDigest".to_owned(), json!(format!("sha256:{digest}")));
            members.insert("runtimeId".to_owned(), json!(format!("{}-{}", task.id, dice.digits(10))));
        }
        if let Some(cause) = task.cause.as_ref().filter(|_| status == "STOPPED") {
            // the others are killed when the one that the task is there for has ended
            let is_app = definition.and_then(|definition| definition.app()).is_none_or(|app| app.name == defined.name);
            if let Some(code) = cause.exit_code {
                members.insert("exitCode".to_owned(), json!(if is_app { code } else { 143 }));
            }
            if let Some(reason) = cause.container_reason.as_ref().filter(|_| is_app) {
                members.insert("reason".to_owned(), json!(reason));
            }
        }
    }
    shape
}
