//! The names AWS gives to the things of this fleet.

/// The account everything belongs to: one of AWS's own documentation accounts.
pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const CLUSTER: &str = "gaming-system-cluster";
pub(crate) const LOG_GROUP: &str = "/ecs/gaming-system-nats";
/// The queue that the fleet's ECS events are sent to.
pub(crate) const EVENT_QUEUE: &str = "signalbox-events";
const ALERT_TOPIC: &str = "gaming-system-alerts";

fn ecs(what: &str) -> String {
    format!("arn:aws:ecs:{REGION}:{ACCOUNT}:{what}")
}

pub(crate) fn cluster() -> String {
    ecs(&format!("cluster/{CLUSTER}"))
}

pub(crate) fn service(name: &str) -> String {
    ecs(&format!("service/{CLUSTER}/{name}"))
}

pub(crate) fn service_deployment(service: &str, id: &str) -> String {
    ecs(&format!("service-deployment/{CLUSTER}/{service}/{id}"))
}

pub(crate) fn service_revision(service: &str, id: &str) -> String {
    ecs(&format!("service-revision/{CLUSTER}/{service}/{id}"))
}

pub(crate) fn task(id: &str) -> String {
    ecs(&format!("task/{CLUSTER}/{id}"))
}

pub(crate) fn container(task_id: &str, container_id: &str) -> String {
    ecs(&format!("container/{CLUSTER}/{task_id}/{container_id}"))
}

pub(crate) fn task_definition(family: &str, revision: u32) -> String {
    ecs(&format!("task-definition/{family}:{revision}"))
}

/// How the ARNs of all revisions of a family begin.
pub(crate) fn task_definition_family(family: &str) -> String {
    ecs(&format!("task-definition/{family}:"))
}

/// The one host of tasks that have no address of their own.
pub(crate) fn container_instance() -> String {
    ecs(&format!("container-instance/{CLUSTER}/4d0b2f6c8e1a4c53a7b9d1e3f5071829"))
}

pub(crate) fn alarm(name: &str) -> String {
    format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}")
}

pub(crate) fn alert_topic() -> String {
    format!("arn:aws:sns:{REGION}:{ACCOUNT}:{ALERT_TOPIC}")
}

pub(crate) fn event_queue() -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{EVENT_QUEUE}")
}

/// The EventBridge rule that sends them.
pub(crate) fn event_rule() -> String {
    format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/{EVENT_QUEUE}")
}

pub(crate) fn log_group() -> String {
    format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{LOG_GROUP}")
}

pub(crate) fn target_group(name: &str, id: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/{name}/{id}")
}

/// A target group as CloudWatch's `TargetGroup` dimension names it: the last part of its ARN.
pub(crate) fn target_group_dimension(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

pub(crate) fn role(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

/// A secret in Secrets Manager.
pub(crate) fn secret(name: &str) -> String {
    format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:gaming-system/{name}")
}

/// Who every caller of the AWS face is.
pub(crate) fn caller() -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/signalbox")
}
