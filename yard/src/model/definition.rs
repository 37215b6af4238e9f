//! A task definition: what a task of one revision is made of.
//!
//! Separate from the service because a revision never changes and outlives what runs it. What a client registered is kept as it was sent, key by key, those the yard does
//! not know included: a client that loses a field on the way must be found out here. The model reads its own few fields out of it.
//! The trap: its tags are not part of it; DescribeTaskDefinition returns them beside it, and only when asked.

use serde_json::{Map, Value, json};

use crate::model::arn;

/// ECS's `HealthCheck` of a container. Times in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HealthCheck {
    pub(crate) command: Vec<String>,
    pub(crate) interval: u32,
    pub(crate) timeout: u32,
    pub(crate) retries: u32,
    pub(crate) start_period: u32,
}

/// What ECS takes where a check does not say ("HealthCheck", ECS API).
const DEFAULT_INTERVAL: u32 = 30;
const DEFAULT_TIMEOUT: u32 = 5;
const DEFAULT_RETRIES: u32 = 3;

/// One container of a definition, as far as the model lives by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) image: String,
    /// The task ends with it, and its check decides about the task.
    pub(crate) essential: bool,
    pub(crate) environment: Vec<(String, String)>,
    /// Names, each with the ARN of what its value comes from.
    pub(crate) secrets: Vec<(String, String)>,
    /// As whom it runs; none: the image decides.
    pub(crate) user: Option<String>,
    pub(crate) read_only_root: bool,
    pub(crate) health_check: Option<HealthCheck>,
}

/// One revision of a family.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TaskDefinition {
    pub(crate) family: String,
    pub(crate) revision: u32,
    /// CPU units (1024 = one vCPU) and MiB; 0 where none were given.
    pub(crate) cpu: u32,
    pub(crate) memory: u32,
    pub(crate) containers: Vec<Container>,
    /// Its containers use their host's address instead of one of their own.
    pub(crate) bridge: bool,
    /// What was sent to register it, less its tags; none: the fleet began with it, and it follows from the other fields.
    pub(crate) registered: Option<Map<String, Value>>,
    pub(crate) registered_at: i64,
    pub(crate) registered_by: String,
    /// Since when it is INACTIVE: it goes on running, but no service can be set to it.
    pub(crate) deregistered_at: Option<i64>,
    pub(crate) tags: Vec<(String, String)>,
}

impl TaskDefinition {
    pub(crate) fn arn(&self) -> String {
        arn::task_definition(&self.family, self.revision)
    }

    pub(crate) fn is_active(&self) -> bool {
        self.deregistered_at.is_none()
    }

    /// The container that a task is there for: its first essential one.
    pub(crate) fn app(&self) -> Option<&Container> {
        self.containers.iter().find(|container| container.essential)
    }

    /// A setting of the application.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        let (_, value) = self.app()?.environment.iter().find(|(other, _)| other == name)?;
        Some(value)
    }

    /// Whether the scheduler waits for HEALTHY: only checks of essential containers count.
    pub(crate) fn is_checked(&self) -> bool {
        self.containers.iter().any(|container| container.essential && container.health_check.is_some())
    }

    /// The fields that a request to register it would have (`tags` stand beside them).
    pub(crate) fn request(&self) -> Map<String, Value> {
        self.registered.clone().unwrap_or_else(|| self.original())
    }

    /// Of a definition that the fleet began with.
    fn original(&self) -> Map<String, Value> {
        let containers: Vec<Value> = self.containers.iter().map(|container| self.original_container(container)).collect();
        let request = json!({
            "family": self.family,
            "containerDefinitions": containers,
            "taskRoleArn": arn::role("gaming-system-task"),
            "executionRoleArn": arn::role("gaming-system-execution"),
            "networkMode": if self.bridge { "bridge" } else { "awsvpc" },
            "volumes": [],
            "placementConstraints": [],
            "requiresCompatibilities": [if self.bridge { "EC2" } else { "FARGATE" }],
            "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
            "cpu": self.cpu.to_string(),
            "memory": self.memory.to_string(),
        });
        match request {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    fn original_container(&self, container: &Container) -> Value {
        let mut shape = json!({
            "name": container.name,
            "image": container.image,
            "cpu": 0,
            "portMappings": [{"containerPort": 8080, "hostPort": if self.bridge { 0 } else { 8080 }, "protocol": "tcp"}],
            "essential": container.essential,
            "environment": container.environment.iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>(),
            "mountPoints": [],
            "volumesFrom": [],
            "systemControls": [],
            "logConfiguration": {"logDriver": "awslogs", "options": {
                "awslogs-group": arn::LOG_GROUP,
                "awslogs-region": arn::REGION,
                "awslogs-stream-prefix": self.family,
            }},
        });
        if let Some(members) = shape.as_object_mut() {
            members.extend(self.said_of(container).into_iter().map(|(name, value)| (name.to_owned(), value)));
        }
        shape
    }

    /// What may be left unsaid of a container, and is then absent in ECS's answers too.
    fn said_of(&self, container: &Container) -> Vec<(&'static str, Value)> {
        let mut said = Vec::new();
        said.extend(container.user.as_ref().map(|user| ("user", json!(user))));
        said.extend(container.read_only_root.then_some(("readonlyRootFilesystem", json!(true))));
        // AWS allows it on hosts of one's own only, and refuses it on Fargate
        said.extend(self.bridge.then_some(("privileged", json!(true))));
        if !container.secrets.is_empty() {
            let secrets: Vec<Value> = container.secrets.iter().map(|(name, from)| json!({"name": name, "valueFrom": from})).collect();
            said.push(("secrets", Value::from(secrets)));
        }
        said.extend(container.health_check.as_ref().map(|check| {
            let check = json!({
                "command": check.command,
                "interval": check.interval,
                "timeout": check.timeout,
                "retries": check.retries,
                "startPeriod": check.start_period,
            });
            ("healthCheck", check)
        }));
        said
    }
}

/// The containers of a request, as far as the model lives by them.
pub(crate) fn containers(request: &Map<String, Value>) -> Vec<Container> {
    request.get("containerDefinitions").and_then(Value::as_array).into_iter().flatten().map(container).collect()
}

fn container(value: &Value) -> Container {
    let pairs = |name: &str| value.get(name).and_then(Value::as_array).into_iter().flatten();
    let (environment, secrets) = (pairs("environment"), pairs("secrets"));
    Container {
        name: text(value, "name"),
        image: text(value, "image"),
        essential: value.get("essential").and_then(Value::as_bool).unwrap_or(true),
        environment: environment.map(|pair| (text(pair, "name"), text(pair, "value"))).collect(),
        secrets: secrets.map(|pair| (text(pair, "name"), text(pair, "valueFrom"))).collect(),
        user: value.get("user").and_then(Value::as_str).map(str::to_owned),
        read_only_root: value.get("readonlyRootFilesystem").and_then(Value::as_bool).unwrap_or(false),
        health_check: value.get("healthCheck").filter(|check| check.is_object()).map(health_check),
    }
}

fn health_check(value: &Value) -> HealthCheck {
    let seconds =
        |name: &str, default: u32| value.get(name).and_then(Value::as_u64).and_then(|given| given.try_into().ok()).unwrap_or(default);
    let command = value.get("command").and_then(Value::as_array).into_iter().flatten();
    HealthCheck {
        command: command.filter_map(Value::as_str).map(str::to_owned).collect(),
        interval: seconds("interval", DEFAULT_INTERVAL),
        timeout: seconds("timeout", DEFAULT_TIMEOUT),
        retries: seconds("retries", DEFAULT_RETRIES),
        start_period: seconds("startPeriod", 0),
    }
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Writes out what ECS takes for granted: it answers with these even where they were not sent, and changes nothing that was.
pub(crate) fn fill_in(request: &mut Map<String, Value>) {
    for list in ["volumes", "placementConstraints"] {
        request.entry(list).or_insert_with(|| json!([]));
    }
    let containers = request.get_mut("containerDefinitions").and_then(Value::as_array_mut).into_iter().flatten();
    for container in containers.filter_map(Value::as_object_mut) {
        for list in ["environment", "mountPoints", "portMappings", "systemControls", "volumesFrom"] {
            container.entry(list).or_insert_with(|| json!([]));
        }
        container.entry("cpu").or_insert_with(|| json!(0));
        container.entry("essential").or_insert_with(|| json!(true));
        if let Some(check) = container.get_mut("healthCheck").and_then(Value::as_object_mut) {
            for (name, default) in [("interval", DEFAULT_INTERVAL), ("timeout", DEFAULT_TIMEOUT), ("retries", DEFAULT_RETRIES)] {
                check.entry(name).or_insert_with(|| json!(default));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_sent_is_written_out_and_what_was_sent_stays() {
        let sent = json!({"containerDefinitions": [{"name": "a", "image": "b", "essential": false, "healthCheck": {"command": ["CMD", "x"], "retries": 9}, "new": {"deep": [1]}}]});
        let Value::Object(mut request) = sent else { panic!("an object") };
        fill_in(&mut request);
        let container = &request["containerDefinitions"][0];
        assert_eq!((&container["essential"], &container["new"]), (&json!(false), &json!({"deep": [1]})));
        assert_eq!(container["healthCheck"], json!({"command": ["CMD", "x"], "retries": 9, "interval": 30, "timeout": 5}));
        let read = containers(&request);
        let check = read[0].health_check.as_ref().unwrap();
        assert_eq!((check.interval, check.timeout, check.retries, check.start_period), (30, 5, 9, 0));
        assert_eq!((&read[0].user, read[0].read_only_root, read[0].secrets.len()), (&None, false, 0));
        let filled = request.clone();
        fill_in(&mut request);
        assert_eq!(request, filled);
    }
}
