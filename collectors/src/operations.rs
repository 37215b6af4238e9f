//! Every AWS operation this crate can call, declared once: how IAM names it, which bucket its calls come from, how
//! narrowly IAM can permit it, and what it is for.
//!
//! Separate from the calls because three things are made from this list and must agree with the code: the policy that
//! `signalbox iam-policy` prints, the calls that `signalbox doctor` tries, and what a reviewer reads before granting
//! anything. A new operation is a constant here and a line in [`ALL`], or in [`FOR_CHANGES`] where only a change of a
//! service needs to read it; `cargo xtask lint` compares them with every call of an SDK client in this crate, both ways.
//!
//! How narrow a permission can be is from AWS's Service Authorization Reference (pages "Amazon Elastic Container
//! Service", "Amazon CloudWatch", "Amazon CloudWatch Logs", "Amazon SQS"). The trap: `ecs:ListTasks` names
//! `container-instance` there as its resource, but a list of a whole cluster's tasks is authorised against `*`; only the
//! condition key `ecs:cluster` narrows it.

use crate::budget::Family;

/// An operation that may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its IAM action: `ecs:ListTasks`.
    pub name: &'static str,
    /// Which bucket its calls are taken from.
    pub family: Family,
    /// How narrowly IAM can permit it.
    pub on: On,
    /// What it tells us, in a few words: "which services there are".
    pub gives: &'static str,
}

/// What a permission can be narrowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum On {
    /// Nothing: IAM takes `*` only.
    Everything,
    /// `*`, and the condition key `ecs:cluster` names the clusters.
    WithinClusters,
    /// The clusters themselves.
    Clusters,
    /// The services of the clusters.
    Services,
    /// Those services and what became of each: IAM asks for both.
    ServiceDeployments,
    /// Those services and what each was set to: IAM asks for both.
    ServiceRevisions,
    /// The tasks of the clusters.
    Tasks,
    /// The streams of the log groups that task definitions name.
    LogStreams,
    /// The queue that the config names; where it names none, the operation is not called and no permission is asked for.
    Queue,
}

impl Operation {
    /// `ecs` of `ecs:ListTasks`.
    pub fn service(&self) -> &'static str {
        self.name.split(':').next().unwrap_or_default()
    }

    /// `ListTasks` of `ecs:ListTasks`: what the API calls it, of every operation whose own name IAM permits it by.
    pub fn api(&self) -> &'static str {
        self.name.split_once(':').map_or(self.name, |(_, api)| api)
    }
}

/// Which clusters there are, where the config names none.
pub const LIST_CLUSTERS: Operation = Operation {
    name: "ecs:ListClusters",
    family: Family::EcsClusters,
    on: On::Everything,
    gives: "the clusters, where the config names none",
};
/// Whether the clusters that the config names exist.
pub const DESCRIBE_CLUSTERS: Operation = Operation {
    name: "ecs:DescribeClusters",
    family: Family::EcsClusters,
    on: On::Clusters,
    gives: "whether the clusters that the config names exist",
};
/// Which services there are.
pub const LIST_SERVICES: Operation =
    Operation { name: "ecs:ListServices", family: Family::EcsServices, on: On::WithinClusters, gives: "which services there are" };
/// What services want, run and deploy, and their events.
pub const DESCRIBE_SERVICES: Operation = Operation {
    name: "ecs:DescribeServices",
    family: Family::EcsServices,
    on: On::Services,
    gives: "what services want, run and deploy, and their events",
};
/// Which tasks run or have stopped.
pub const LIST_TASKS: Operation =
    Operation { name: "ecs:ListTasks", family: Family::EcsTasks, on: On::WithinClusters, gives: "which tasks run and which have stopped" };
/// How tasks are, and why they stopped.
pub const DESCRIBE_TASKS: Operation =
    Operation { name: "ecs:DescribeTasks", family: Family::EcsTasks, on: On::Tasks, gives: "how tasks are, and why one stopped" };
/// What a revision consists of.
pub const DESCRIBE_TASK_DEFINITION: Operation = Operation {
    name: "ecs:DescribeTaskDefinition",
    family: Family::EcsDefinitions,
    on: On::Everything,
    gives: "image, size, health check and log group of a revision",
};
/// What was done to a service, newest first.
pub const LIST_SERVICE_DEPLOYMENTS: Operation = Operation {
    name: "ecs:ListServiceDeployments",
    family: Family::EcsDeployments,
    on: On::Services,
    gives: "the deployments of a service that is being changed",
};
/// What became of a deployment, and why.
pub const DESCRIBE_SERVICE_DEPLOYMENTS: Operation = Operation {
    name: "ecs:DescribeServiceDeployments",
    family: Family::EcsDeployments,
    on: On::ServiceDeployments,
    gives: "whether AWS takes a deployment back, and why",
};
/// Which revision a deployment brings.
pub const DESCRIBE_SERVICE_REVISIONS: Operation = Operation {
    name: "ecs:DescribeServiceRevisions",
    family: Family::EcsServiceRevisions,
    on: On::ServiceRevisions,
    gives: "which revision a deployment brings",
};
/// Which revisions a family has.
pub const LIST_TASK_DEFINITIONS: Operation = Operation {
    name: "ecs:ListTaskDefinitions",
    family: Family::EcsDefinitions,
    on: On::Everything,
    gives: "whether a revision was registered whose answer was lost",
};
/// Every alarm with its state.
pub const DESCRIBE_ALARMS: Operation =
    Operation { name: "cloudwatch:DescribeAlarms", family: Family::Alarms, on: On::Everything, gives: "the alarms and their states" };
/// What tasks said last.
pub const GET_LOG_EVENTS: Operation = Operation {
    name: "logs:GetLogEvents",
    family: Family::Logs,
    on: On::LogStreams,
    gives: "the last lines of a task that stopped, and the newest of one that runs",
};
/// What happened to alarms between two looks.
pub const DESCRIBE_ALARM_HISTORY: Operation = Operation {
    name: "cloudwatch:DescribeAlarmHistory",
    family: Family::AlarmHistory,
    on: On::Everything,
    gives: "what happened to alarms between two looks",
};
/// Points of one metric.
pub const GET_METRIC_STATISTICS: Operation = Operation {
    name: "cloudwatch:GetMetricStatistics",
    family: Family::MetricStatistics,
    on: On::Everything,
    gives: "CPU, memory and load balancer metrics",
};
/// Points of many metrics at once.
pub const GET_METRIC_DATA: Operation = Operation {
    name: "cloudwatch:GetMetricData",
    family: Family::MetricData,
    on: On::Everything,
    gives: "the same, once the free requests are used",
};
/// Which load balancer stands before a target group.
pub const LIST_METRICS: Operation = Operation {
    name: "cloudwatch:ListMetrics",
    family: Family::MetricList,
    on: On::Everything,
    gives: "which load balancer stands before a service",
};
/// That something may have happened to a service.
pub const RECEIVE_MESSAGE: Operation = Operation {
    name: "sqs:ReceiveMessage",
    family: Family::Queue,
    on: On::Queue,
    gives: "hints that something happened to a service, before the next sweep finds it",
};
/// Takes the hints that were followed out of the queue. IAM knows no action for DeleteMessageBatch: this one permits both
/// (SQS API reference, `AddPermission`).
pub const DELETE_MESSAGE: Operation = Operation {
    name: "sqs:DeleteMessage",
    family: Family::Queue,
    on: On::Queue,
    gives: "nothing: it takes those hints out of the queue once they are read",
};
/// Whether anything can arrive.
pub const GET_QUEUE_ATTRIBUTES: Operation = Operation {
    name: "sqs:GetQueueAttributes",
    family: Family::Queue,
    on: On::Queue,
    gives: "whether EventBridge may send to the queue at all",
};
/// Whose credentials these are.
pub const GET_CALLER_IDENTITY: Operation =
    Operation { name: "sts:GetCallerIdentity", family: Family::Identity, on: On::Everything, gives: "whose credentials these are" };

/// Everything that watching a fleet calls.
pub const ALL: &[Operation] = &[
    GET_CALLER_IDENTITY,
    LIST_CLUSTERS,
    DESCRIBE_CLUSTERS,
    LIST_SERVICES,
    DESCRIBE_SERVICES,
    LIST_TASKS,
    DESCRIBE_TASKS,
    DESCRIBE_TASK_DEFINITION,
    DESCRIBE_ALARMS,
    GET_LOG_EVENTS,
    DESCRIBE_ALARM_HISTORY,
    GET_METRIC_STATISTICS,
    GET_METRIC_DATA,
    LIST_METRICS,
    RECEIVE_MESSAGE,
    DELETE_MESSAGE,
    GET_QUEUE_ATTRIBUTES,
];

/// What is read of a service only while it is changed. Whoever only watches needs none of these.
pub const FOR_CHANGES: &[Operation] =
    &[LIST_SERVICE_DEPLOYMENTS, DESCRIBE_SERVICE_DEPLOYMENTS, DESCRIBE_SERVICE_REVISIONS, LIST_TASK_DEFINITIONS];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_is_declared_once_and_in_iams_own_form() {
        let all = || ALL.iter().chain(FOR_CHANGES);
        let names: BTreeSet<&str> = all().map(|operation| operation.name).collect();
        assert_eq!(names.len(), ALL.len() + FOR_CHANGES.len());
        for operation in all() {
            let (service, action) = operation.name.split_once(':').unwrap();
            assert!(service.bytes().all(|byte| byte.is_ascii_lowercase()), "{}", operation.name);
            assert!(action.starts_with(|first: char| first.is_ascii_uppercase()), "{}", operation.name);
            assert!(action.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{}", operation.name);
            assert!(!operation.gives.ends_with('.') && !operation.gives.is_empty(), "{}", operation.name);
        }
    }
}
