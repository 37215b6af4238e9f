//! AWS's rate limits: one token bucket for each family of operations, on the yard's clock.
//!
//! Figures: "Request throttling for the Amazon ECS API" (bucket size and refill per second, each account and Region) and CloudWatch's service quotas (DescribeAlarms 9/s,
//! DescribeAlarmHistory 3/s, GetMetricData 50/s, GetMetricStatistics 400/s, ListMetrics 25/s).
//! The trap: a bucket is shared by everyone in the account. What a client may use safely is a good deal less than what is in here.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::{
    aws::{
        answer::ApiError,
        call::{Api, Call},
    },
    clock::SECOND,
};

/// A bucket's name, size, and refill per second.
type Family = (&'static str, f64, f64);

const CLUSTER_READ: Family = ("cluster read", 50.0, 20.0);
const SERVICE_READ: Family = ("service read", 100.0, 20.0);
const CLUSTER_RESOURCE_READ: Family = ("cluster resource read", 100.0, 20.0);
const TASK_DEFINITION_READ: Family = ("task definition read", 50.0, 20.0);
const TASK_DEFINITION_MODIFY: Family = ("task definition modify", 20.0, 1.0);
const SERVICE_MODIFY: Family = ("service modify", 50.0, 5.0);
const SERVICE_DEPLOYMENT_READ: Family = ("service deployment read", 50.0, 20.0);
const SERVICE_REVISION_READ: Family = ("service revision read", 50.0, 20.0);
/// Not in the published table: as cautious as what stands nearest to it there.
const RESOURCE_TAGS: Family = ("resource tags", 50.0, 20.0);
const DESCRIBE_ALARMS: Family = ("describe alarms", 9.0, 9.0);

const ALARM_HISTORY: Family = ("describe alarm history", 3.0, 3.0);
const GET_METRIC_DATA: Family = ("get metric data", 50.0, 50.0);
const GET_METRIC_STATISTICS: Family = ("get metric statistics", 400.0, 400.0);
const LIST_METRICS: Family = ("list metrics", 25.0, 25.0);

/// CloudWatch Logs quotas in us-east-1: GetLogEvents 25 a second, DescribeLogStreams 25, DescribeLogGroups 10 (the lower one for both).
const GET_LOG_EVENTS: Family = ("get log events", 25.0, 25.0);
const DESCRIBE_LOGS: Family = ("describe logs", 10.0, 10.0);

/// The bucket an operation draws from. STS allows 600 a second, which nothing here reaches.
fn family(call: &Call) -> Option<Family> {
    Some(match (call.api, call.operation.as_str()) {
        (Api::Ecs, "ListClusters" | "DescribeClusters") => CLUSTER_READ,
        (Api::Ecs, "ListServices" | "DescribeServices") => SERVICE_READ,
        (Api::Ecs, "ListTasks" | "DescribeTasks") => CLUSTER_RESOURCE_READ,
        (Api::Ecs, "DescribeTaskDefinition" | "ListTaskDefinitions") => TASK_DEFINITION_READ,
        (Api::Ecs, "RegisterTaskDefinition" | "DeregisterTaskDefinition") => TASK_DEFINITION_MODIFY,
        // StopServiceDeployment is not in the table: it is taken for what it is, a change of a service
        (Api::Ecs, "UpdateService" | "StopServiceDeployment") => SERVICE_MODIFY,
        (Api::Ecs, "ListServiceDeployments" | "DescribeServiceDeployments") => SERVICE_DEPLOYMENT_READ,
        (Api::Ecs, "DescribeServiceRevisions") => SERVICE_REVISION_READ,
        (Api::Ecs, "TagResource" | "UntagResource" | "ListTagsForResource") => RESOURCE_TAGS,
        (Api::CloudWatch, "DescribeAlarms") => DESCRIBE_ALARMS,
        (Api::CloudWatch, "DescribeAlarmHistory") => ALARM_HISTORY,
        (Api::CloudWatch, "GetMetricData") => GET_METRIC_DATA,
        (Api::CloudWatch, "GetMetricStatistics") => GET_METRIC_STATISTICS,
        (Api::CloudWatch, "ListMetrics") => LIST_METRICS,
        (Api::Logs, "GetLogEvents") => GET_LOG_EVENTS,
        (Api::Logs, "DescribeLogStreams" | "DescribeLogGroups") => DESCRIBE_LOGS,
        _ => return None,
    })
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled_at: i64,
}

#[derive(Debug, Default)]
pub(crate) struct Throttle {
    buckets: Mutex<HashMap<&'static str, Bucket>>,
}

impl Throttle {
    /// Takes a token for `call` at `now` (microseconds since 1970), or refuses it as AWS does.
    pub(crate) fn take(&self, call: &Call, now: i64) -> Result<(), ApiError> {
        let Some((name, size, per_second)) = family(call) else { return Ok(()) };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(name).or_insert(Bucket { tokens: size, filled_at: now });
        let passed = now.saturating_sub(bucket.filled_at).max(0);
        bucket.tokens = (bucket.tokens + passed as f64 / SECOND as f64 * per_second).min(size);
        bucket.filled_at = now;
        if bucket.tokens < 1.0 {
            return Err(ApiError::throttled(call.api));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}
