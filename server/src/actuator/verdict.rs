//! What came of a call: done, certainly not done, or nobody knows.
//!
//! Separate because a mistake here is the worst there is. Calling something not done that may have been done leads to doing
//! it twice; calling everything unknown leads to waiting for each refusal. So a refusal is certain only where AWS itself said
//! so with a code, or where no byte of the request left this machine. A time that ran out, a connection that broke, a
//! failure of AWS and an answer that cannot be read are unknown. The trap: a connection that is refused and one that breaks
//! look the same to the SDK; only the chain of causes tells whether there ever was one.

use std::error::Error;

use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use collectors::classify;
use domain::rollout::decide::{Outcome, Refusal};
use domain::rollout::permission::cure;
use domain::source::{Fault, FaultKind};

/// Codes by which AWS says that it failed itself, whatever the status: what it did until then is not told.
const FAILURES: [&str; 8] = [
    "ServerException",
    "InternalFailure",
    "InternalError",
    "InternalServerError",
    "InternalServiceError",
    "ServiceUnavailable",
    "RequestTimeout",
    "RequestTimeoutException",
];

/// Certainly not done.
pub(super) fn not(passes: bool, said: impl Into<String>, next: impl Into<String>) -> Outcome {
    Outcome::Not(Refusal { passes, said: said.into(), next: next.into() })
}

/// Nobody knows.
pub(super) fn unknown(why: impl Into<String>) -> Outcome {
    Outcome::Unknown { why: why.into() }
}

/// What came of a changing call that did not come back well. `next` is what a person can do about a refusal by AWS.
pub(super) fn came_of<E>(operation: &str, error: &SdkError<E, HttpResponse>, next: &str) -> Outcome
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let fault = classify::fault(operation, error);
    match error {
        SdkError::ConstructionFailure(_) => {
            not(false, format!("the request could not be made, so nothing was sent: {}", fault.message), next)
        }
        SdkError::DispatchFailure(_) if fault.kind == FaultKind::Credentials => {
            not(true, format!("there are no credentials, so nothing was sent: {}", fault.message), "")
        }
        SdkError::DispatchFailure(_) if never_connected(error) => {
            not(true, format!("no connection came about, so nothing was sent: {}", fault.message), "")
        }
        SdkError::ServiceError(refused) => match refused.err().code() {
            // refused by the door, whatever the status: it was not let in
            _ if fault.kind == FaultKind::Throttled => not(true, fault.message, ""),
            Some(code) if refused.raw().status().as_u16() < 500 && !FAILURES.contains(&code.rsplit('#').next().unwrap_or(code)) => {
                refused_with_a_code(fault, next)
            }
            _ => unknown(fault.message),
        },
        _ => unknown(fault.message),
    }
}

/// What came of asking, before anything was sent.
pub(super) fn not_read<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Outcome
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let fault = classify::fault(operation, error);
    let said = format!("what the service runs could not be read, so nothing was sent: {}", fault.message);
    match fault.kind {
        FaultKind::AccessDenied => not(false, said, lacking(&fault)),
        FaultKind::NotFound => not(false, said, "look whether it was deleted or moved"),
        _ => not(true, said, ""),
    }
}

fn refused_with_a_code(fault: Fault, next: &str) -> Outcome {
    match fault.kind {
        // they are renewed by themselves, or by a person
        FaultKind::Credentials => not(true, fault.message, ""),
        FaultKind::AccessDenied => not(false, fault.message.clone(), lacking(&fault)),
        _ => not(false, fault.message, next),
    }
}

/// Which permission is missing, and where it is to be had.
fn lacking(fault: &Fault) -> String {
    cure(fault.operation.as_deref().unwrap_or("what it names"))
}

/// Whether no connection ever came about: name, route, refusal, TLS. What was never connected sent nothing.
fn never_connected<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: Error + 'static,
{
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if cause.downcast_ref::<hyper_util::client::legacy::Error>().is_some_and(hyper_util::client::legacy::Error::is_connect) {
            return true;
        }
        next = cause.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::operation::update_service::UpdateServiceError;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    type Update = SdkError<UpdateServiceError, HttpResponse>;

    fn response(status: u16) -> HttpResponse {
        HttpResponse::new(status.try_into().unwrap(), SdkBody::empty())
    }

    fn refused(status: u16, code: &str, message: &str) -> Outcome {
        let error = UpdateServiceError::generic(ErrorMetadata::builder().code(code).message(message).build());
        came_of("ecs:UpdateService", &Update::service_error(error, response(status)), "look at it")
    }

    fn passes(outcome: &Outcome) -> Option<bool> {
        match outcome {
            Outcome::Not(refusal) => Some(refusal.passes),
            Outcome::Unknown { .. } => None,
            Outcome::Done { .. } => panic!("nothing was done"),
        }
    }

    #[test]
    fn a_refusal_by_aws_is_certain_and_a_failure_of_aws_is_not() {
        for (status, code, message, expected) in [
            (400, "ThrottlingException", "Rate exceeded", Some(true)),
            (503, "ThrottlingException", "Rate exceeded", Some(true)),
            (400, "ClientException", "Too many concurrent attempts to create a new revision of the specified family.", Some(true)),
            (400, "ExpiredTokenException", "The security token included in the request is expired", Some(true)),
            (400, "UnrecognizedClientException", "The security token included in the request is invalid.", Some(true)),
            (400, "AccessDeniedException", "User: x is not authorized to perform: ecs:UpdateService on resource: y", Some(false)),
            (400, "ClientException", "TaskDefinition is inactive", Some(false)),
            (400, "InvalidParameterException", "Unable to update task definition on services with a CODE_DEPLOY controller", Some(false)),
            (400, "ServiceNotActiveException", "Service was not ACTIVE.", Some(false)),
            (400, "ServiceNotFoundException", "Service not found.", Some(false)),
            (400, "ClusterNotFoundException", "Cluster not found.", Some(false)),
            (400, "ConflictException", "The service deployment cannot be stopped", Some(false)),
            (400, "com.amazonaws.ecs#ServerException", "", None),
            (500, "ServerException", "Service Unavailable. Please try again later.", None),
            (503, "ServiceUnavailable", "", None),
            (400, "RequestTimeout", "", None),
            (500, "ConflictException", "whatever a failing front end says", None),
        ] {
            assert_eq!(passes(&refused(status, code, message)), expected, "{status} {code} {message}");
        }
    }

    #[test]
    fn without_a_code_nobody_knows() {
        for status in [200, 302, 403, 502] {
            let error = Update::service_error(UpdateServiceError::unhandled("no JSON"), response(status));
            assert_eq!(passes(&came_of("ecs:UpdateService", &error, "")), None, "{status}");
            let error = Update::response_error("cut", response(status));
            assert_eq!(passes(&came_of("ecs:UpdateService", &error, "")), None, "{status}");
        }
        assert_eq!(passes(&came_of("ecs:UpdateService", &Update::timeout_error("ten seconds"), "")), None);
        for lost in [
            ConnectorError::io("reset by peer".into()),
            ConnectorError::timeout("no answer".into()),
            ConnectorError::other("?".into(), None),
        ] {
            assert_eq!(passes(&came_of("ecs:UpdateService", &Update::dispatch_failure(lost), "")), None);
        }
        assert_eq!(passes(&came_of("ecs:UpdateService", &Update::construction_failure("no region"), "")), Some(false));
    }

    #[test]
    fn a_missing_permission_is_named_with_its_cure() {
        let Outcome::Not(refusal) =
            refused(400, "AccessDeniedException", "User: x is not authorized to perform: iam:PassRole on resource: y")
        else {
            panic!("another outcome")
        };
        assert!(refusal.said.contains("iam:PassRole") && refusal.next.contains("--pass-role"), "{refusal:?}");
        let Outcome::Not(refusal) = refused(400, "ClientException", "TaskDefinition is inactive") else { panic!("another outcome") };
        assert_eq!((refusal.said.as_str(), refusal.next.as_str()), ("ClientException: TaskDefinition is inactive", "look at it"));
    }
}
