//! Faults laid on the AWS face: what can go wrong between a client and AWS, for an operation, for a time, or for a number of requests.
//!
//! Separate from the model because a fault changes what is *said* of the fleet, never the fleet. Three are acts of somebody else in the account, laid like faults so that they
//! happen exactly while a request is under way.
//! The trap: "before" and "after" are about the effect; a client sees the same of both, and must not take the one for the other. A stale read answers from a copy taken when
//! the fault was laid, so it stays consistent with itself, as a lagging replica is; operations that change something act on the fleet as it is.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    aws::{
        answer::{ApiError, Spoiled},
        call::{Api, Call},
    },
    clock::SECOND,
    model::{Fleet, arn},
};

/// What a fault does to a request it meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// AccessDeniedException in IAM's sentence.
    AccessDenied,
    /// UnrecognizedClientException (ECS, CloudWatch), InvalidClientTokenId (STS).
    WrongCredentials,
    /// ThrottlingException "Rate exceeded", whatever the buckets hold.
    Throttle,
    /// HTTP 500, and nothing has happened.
    ServerError,
    /// HTTP 500, and what was asked for has happened.
    ServerErrorAfter,
    /// No answer, and nothing has happened: the connection is held for `amount` milliseconds (absent: for as long as the client likes), then closed.
    HoldBefore,
    /// The same, and what was asked for has happened.
    HoldAfter,
    /// The connection is closed without an answer, and nothing has happened.
    DropBefore,
    /// The same, and what was asked for has happened.
    DropAfter,
    /// ClientException "Too many concurrent attempts to create a new revision of the specified family", as if another registration were under way.
    ConcurrentRegistration,
    /// Just before the request takes effect somebody else registers a revision for its service and updates the service to it.
    ForeignUpdate,
    /// Just before the request takes effect somebody else registers a revision in the family of its service.
    ForeignRegister,
    /// Just after the request took effect somebody else deregisters the revision its service ran before.
    DeregisterPrior,
    /// The answer comes `amount` milliseconds late (clock time; default 5,000).
    Slow,
    /// The answer's body is not of its protocol's form.
    Malformed,
    /// The body ends before its announced length and the connection closes.
    Truncated,
    /// The answer is the fleet as it was when the fault was laid.
    Stale,
    /// Status 200 and no body.
    EmptyBody,
    /// A well-formed answer in which every list is empty and nothing continues: "there is nothing".
    EmptyLists,
    /// The body is padded by `amount` MiB (default 64, at most 256).
    Huge,
}

/// One fault. Everything but its kind may be left out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// `ListTasks` or `ecs:ListTasks`; absent: every operation.
    #[serde(default)]
    pub operation: Option<String>,
    /// Ends after this many seconds of the yard's clock; absent: stays until taken away.
    #[serde(default)]
    pub for_seconds: Option<f64>,
    /// Ends after this many requests; absent: no such limit.
    #[serde(default)]
    pub times: Option<u32>,
    /// Milliseconds for `slow`, `hold_before` and `hold_after`, MiB for `huge`.
    #[serde(default)]
    pub amount: Option<u32>,
}

impl Fault {
    /// A fault of this kind on every operation, until it is taken away.
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, operation: None, for_seconds: None, times: None, amount: None }
    }

    /// The same, on one operation only (`ListTasks` or `ecs:ListTasks`).
    pub fn on(self, operation: &str) -> Self {
        Self { operation: Some(operation.to_owned()), ..self }
    }

    fn meets(&self, call: &Call) -> bool {
        self.operation.as_ref().is_none_or(|operation| *operation == call.operation || *operation == call.name())
    }
}

struct Laid {
    fault: Fault,
    until: Option<i64>,
    left: Option<u32>,
    past: Option<Arc<Fleet>>,
}

/// How a client is left without its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// An error instead.
    Error,
    /// The connection is held for so long; none: for ever.
    Held(Option<Duration>),
    Dropped,
}

/// What the faults on a request come to.
#[derive(Default)]
pub(crate) struct Effect {
    pub(crate) refusal: Option<FaultKind>,
    pub(crate) delay: Option<Duration>,
    pub(crate) spoiled: Option<Spoiled>,
    pub(crate) empty_lists: bool,
    pub(crate) stale: Option<Arc<Fleet>>,
    /// The answer is lost: before anything has happened, or after.
    pub(crate) lost_before: Option<Lost>,
    pub(crate) lost_after: Option<Lost>,
    /// What others do meanwhile.
    pub(crate) foreign: Vec<FaultKind>,
}

#[derive(Default)]
pub(crate) struct Faults {
    laid: Mutex<Vec<Laid>>,
}

impl Faults {
    /// Lays a fault at `now`. `past` is the fleet a stale read keeps showing.
    pub(crate) fn lay(&self, now: i64, fault: Fault, past: Option<Arc<Fleet>>) {
        let until = fault.for_seconds.map(|seconds| now.saturating_add((seconds.max(0.0) * SECOND as f64) as i64));
        self.laid.lock().unwrap_or_else(PoisonError::into_inner).push(Laid { until, left: fault.times, past, fault });
    }

    pub(crate) fn clear(&self) {
        self.laid.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn effect(&self, now: i64, call: &Call) -> Effect {
        let mut laid = self.laid.lock().unwrap_or_else(PoisonError::into_inner);
        laid.retain(|fault| fault.until.is_none_or(|until| now < until) && fault.left != Some(0));
        let mut effect = Effect::default();
        for entry in laid.iter_mut().filter(|entry| entry.fault.meets(call)) {
            if let Some(left) = &mut entry.left {
                *left -= 1;
            }
            let amount = entry.fault.amount;
            match entry.fault.kind {
                refusal @ (FaultKind::AccessDenied
                | FaultKind::WrongCredentials
                | FaultKind::Throttle
                | FaultKind::ServerError
                | FaultKind::ConcurrentRegistration) => effect.refusal = Some(refusal),
                FaultKind::ServerErrorAfter => effect.lost_after = Some(Lost::Error),
                FaultKind::HoldBefore => effect.lost_before = Some(held(amount)),
                FaultKind::HoldAfter => effect.lost_after = Some(held(amount)),
                FaultKind::DropBefore => effect.lost_before = Some(Lost::Dropped),
                FaultKind::DropAfter => effect.lost_after = Some(Lost::Dropped),
                foreign @ (FaultKind::ForeignUpdate | FaultKind::ForeignRegister | FaultKind::DeregisterPrior) => {
                    effect.foreign.push(foreign)
                }
                FaultKind::Slow => effect.delay = Some(Duration::from_millis(amount.unwrap_or(5_000).into())),
                FaultKind::Malformed => effect.spoiled = Some(Spoiled::Malformed),
                FaultKind::Truncated => effect.spoiled = Some(Spoiled::Truncated),
                FaultKind::EmptyBody => effect.spoiled = Some(Spoiled::Empty),
                FaultKind::Huge => effect.spoiled = Some(Spoiled::Huge(amount.unwrap_or(64))),
                FaultKind::EmptyLists => effect.empty_lists = true,
                FaultKind::Stale => effect.stale.clone_from(&entry.past),
            }
        }
        effect
    }
}

fn held(amount: Option<u32>) -> Lost {
    Lost::Held(amount.map(|millis| Duration::from_millis(millis.into())))
}

/// A registration in a family is under way already.
pub(crate) fn concurrent_registration() -> ApiError {
    ApiError::new("ClientException", "Too many concurrent attempts to create a new revision of the specified family.")
}

/// The error by which a fault refuses a request.
pub(crate) fn refuse(kind: FaultKind, call: &Call) -> ApiError {
    let token = "The security token included in the request is invalid.";
    match (kind, call.api) {
        (FaultKind::AccessDenied, api) => {
            // SQS writes its actions in small letters
            let action = if api == Api::Sqs { call.name().to_ascii_lowercase() } else { call.name() };
            let message = format!(
                "User: {} is not authorized to perform: {action} on resource: {} because no identity-based policy allows the {action} action",
                arn::caller(),
                resource(call),
            );
            match api {
                Api::Ecs | Api::Logs => ApiError::new("AccessDeniedException", message),
                Api::CloudWatch | Api::Sqs | Api::Sts => {
                    ApiError { status: 403, query_code: None, ..ApiError::new("AccessDenied", message) }
                }
            }
        }
        (FaultKind::WrongCredentials, Api::Ecs | Api::Logs) => ApiError::new("UnrecognizedClientException", token),
        (FaultKind::WrongCredentials, Api::CloudWatch | Api::Sqs) => {
            ApiError { status: 403, query_code: Some("InvalidClientTokenId"), ..ApiError::new("UnrecognizedClientException", token) }
        }
        (FaultKind::WrongCredentials, Api::Sts) => ApiError { status: 403, ..ApiError::new("InvalidClientTokenId", token) },
        (FaultKind::Throttle, api) => ApiError::throttled(api),
        (FaultKind::ConcurrentRegistration, _) => concurrent_registration(),
        (_, Api::Ecs) => ApiError { status: 500, ..ApiError::new("ServerException", "Service Unavailable. Please try again later.") },
        (_, Api::Logs) => {
            ApiError { status: 500, ..ApiError::new("ServiceUnavailableException", "The service cannot complete the request.") }
        }
        (_, Api::Sqs) => {
            ApiError { status: 500, ..ApiError::new("InternalFailure", "We encountered an internal error. Please try again.") }
        }
        (_, Api::CloudWatch) => ApiError {
            status: 500,
            query_code: Some("InternalServiceError"),
            ..ApiError::new("InternalServiceFault", "Request processing has failed due to some unknown error, exception or failure.")
        },
        (_, Api::Sts) => ApiError {
            status: 500,
            ..ApiError::new("InternalFailure", "The request processing has failed because of an unknown error, exception or failure.")
        },
    }
}

/// The resource IAM names in a refusal.
fn resource(call: &Call) -> String {
    match (call.api, call.operation.as_str()) {
        (Api::Ecs, "UpdateService" | "ListServiceDeployments") => arn::service(call.service().unwrap_or_default()),
        (Api::Ecs, "StopServiceDeployment") => call.text("serviceDeploymentArn").unwrap_or_default().to_owned(),
        (Api::Ecs, "TagResource" | "UntagResource" | "ListTagsForResource") => call.text("resourceArn").unwrap_or_default().to_owned(),
        (Api::Ecs, "DescribeClusters" | "ListServices" | "DescribeServices") => arn::cluster(),
        (Api::CloudWatch, "DescribeAlarms" | "DescribeAlarmHistory") => arn::alarm("*"),
        (Api::Logs, "GetLogEvents") => format!("{}:log-stream:*", arn::log_group()),
        (Api::Sqs, _) => arn::event_queue(),
        (Api::Logs, _) => format!("{}:log-stream:", arn::log_group()),
        _ => "*".to_owned(),
    }
}

/// Empties every list of an answer and takes its continuation away.
pub(crate) fn empty_lists(value: &mut Value) {
    let Some(members) = value.as_object_mut() else { return };
    members.retain(|name, _| !name.eq_ignore_ascii_case("nextToken"));
    for member in members.values_mut() {
        if let Some(items) = member.as_array_mut() {
            items.clear();
        }
    }
}
