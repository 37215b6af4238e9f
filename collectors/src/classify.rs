//! What a failed call means.
//!
//! Separate from making the call because this is the part that must be right in words: the class decides the remedy a
//! person reads and whether asking again can help. The trap: AWS says "access denied" and "slow down" with dozens of
//! codes over its protocols, and the SDK hides a cut-off body, a refused connection and missing credentials in the
//! same two variants, so the chain of causes is searched as well.

use std::error::Error;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use domain::source::{Fault, FaultKind};
use http_body_util::LengthLimitError;

/// Codes that mean "you are too fast" (botocore's retry handler and the ECS and CloudWatch references).
const THROTTLED: [&str; 16] = [
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
    "EC2ThrottledException",
    "KMS.ThrottlingException",
    "KmsThrottled",
];

/// Codes that mean the caller is known but may not do this.
const DENIED: [&str; 8] = [
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "NotAuthorized",
    "UnauthorizedException",
    "AuthorizationError",
    "KMS.AccessDeniedException",
    "KmsAccessDenied",
];

/// Codes that mean the credentials themselves are wrong.
const CREDENTIALS: [&str; 15] = [
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "OptInRequired",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// Codes that mean the thing named does not exist.
const MISSING: [&str; 6] = [
    "ClusterNotFoundException",
    "ServiceNotFoundException",
    "ResourceNotFoundException",
    "ResourceNotFound",
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
];

/// The far end of a connection that could not be made, put into the chain of causes by our HTTP client because the
/// SDK's own error does not name it.
#[derive(Debug)]
pub(crate) struct NoConnection {
    pub(crate) address: String,
    pub(crate) cause: Box<dyn Error + Send + Sync>,
}

impl fmt::Display for NoConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer from {}", self.address)
    }
}

impl Error for NoConnection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.cause.as_ref())
    }
}

/// An answer that announced or reached more bytes than we are willing to read.
#[derive(Debug)]
pub(crate) struct AnswerTooLarge {
    pub(crate) cap: usize,
}

impl fmt::Display for AnswerTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer is larger than {} MiB", self.cap / (1024 * 1024))
    }
}

impl Error for AnswerTooLarge {}

/// The fault behind an SDK error. `operation` is in IAM form: `ecs:ListTasks`.
pub fn fault<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Fault
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if let SdkError::ServiceError(service) = error
        && let Some(code) = service.err().code()
    {
        return spoken(operation, code, service.err().message().unwrap_or(""), service.raw().status().as_u16());
    }
    let status = error.raw_response().map(|response| response.status().as_u16());
    let (kind, message) = unspoken(error, status);
    Fault::new(kind, Some(operation), &message)
}

/// The far side answered with an error code.
fn spoken(operation: &str, code: &str, message: &str, status: u16) -> Fault {
    // some endpoints write the code as `com.amazonaws.ecs#AccessDeniedException`
    let code = code.rsplit('#').next().unwrap_or(code);
    let rate = message.contains("Rate exceeded") || message.contains("Too many concurrent");
    let kind = if DENIED.contains(&code) {
        FaultKind::AccessDenied
    } else if CREDENTIALS.contains(&code) {
        FaultKind::Credentials
    } else if THROTTLED.contains(&code) || status == 429 || rate {
        FaultKind::Throttled
    } else if MISSING.contains(&code) {
        FaultKind::NotFound
    } else if status >= 500 {
        FaultKind::Remote
    } else {
        FaultKind::Malformed
    };
    // SQS writes its actions in small letters: `sqs:receivemessage`
    let lacking = (kind == FaultKind::AccessDenied).then(|| lacking(message)).flatten();
    let lacking = lacking.filter(|named| !named.eq_ignore_ascii_case(operation));
    let said = if message.is_empty() { code.to_owned() } else { format!("{code}: {message}") };
    Fault::new(kind, Some(lacking.unwrap_or(operation)), &said)
}

/// The permission AWS names in "… is not authorized to perform: ecs:ListTasks on resource …".
fn lacking(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("not authorized to perform: ")?;
    let action = rest.split_whitespace().next()?.trim_end_matches(['.', ',']);
    let (service, name) = action.split_once(':')?;
    let plain = |text: &str| !text.is_empty() && text.chars().all(|character| character.is_ascii_alphanumeric() || character == '-');
    (plain(service) && plain(name)).then_some(action)
}

/// No error code came back: search the chain of causes.
fn unspoken<E>(error: &SdkError<E, HttpResponse>, status: Option<u16>) -> (FaultKind, String)
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let said = sentence(error);
    if let Some(large) = find::<AnswerTooLarge>(error) {
        return (FaultKind::TooLarge, large.to_string());
    }
    if find::<LengthLimitError>(error).is_some() {
        return (FaultKind::TooLarge, "the answer is larger than we are willing to read".to_owned());
    }
    if let Some(credentials) = find::<CredentialsError>(error) {
        return (FaultKind::Credentials, sentence(credentials));
    }
    let address = find::<NoConnection>(error);
    // what our own client says first and the innermost cause say it all; the wrappers in between only repeat
    let said = address.map_or(said, |address| format!("{address}: {}", innermost(address.cause.as_ref())));
    match error {
        SdkError::TimeoutError(_) => (FaultKind::TimedOut, said),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            // a connection that never came about is not a slow answer
            if said.contains("connect") { (FaultKind::Unreachable, said) } else { (FaultKind::TimedOut, said) }
        }
        SdkError::DispatchFailure(_) => (FaultKind::Unreachable, said),
        SdkError::ConstructionFailure(_) if said.to_ascii_lowercase().contains("region") => {
            (FaultKind::Unreachable, format!("{said}; set region in the config or AWS_REGION"))
        }
        _ => match status {
            Some(429) => (FaultKind::Throttled, format!("HTTP 429: {said}")),
            Some(status) if status >= 500 => (FaultKind::Remote, format!("HTTP {status}: {said}")),
            Some(status) if status >= 300 => (FaultKind::Malformed, format!("HTTP {status}, and not what this API answers: {said}")),
            _ => (FaultKind::Malformed, said),
        },
    }
}

/// How many tries a call is worth that failed like this. A lost connection gets one more, because a server may close
/// an idle one at the very moment it is used again.
pub const fn tries(kind: FaultKind) -> u32 {
    match kind {
        FaultKind::Throttled | FaultKind::Remote => 4,
        FaultKind::TimedOut | FaultKind::Unreachable => 2,
        _ => 1,
    }
}

/// What the SDK's wrappers say, which is nothing.
const EMPTY_WORDS: [&str; 7] =
    ["service error", "unhandled error", "unhandled error (unhandled error)", "dispatch failure", "response error", "other", "io error"];

/// The chain of causes as one line, without the repetitions that wrappers make.
pub(crate) fn sentence(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let part = cause.to_string();
        if !part.is_empty() && !EMPTY_WORDS.contains(&part.as_str()) && parts.last().is_none_or(|last| !last.contains(&part)) {
            parts.push(part);
        }
        next = cause.source();
    }
    if parts.is_empty() { error.to_string() } else { parts.join(": ") }
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    std::iter::successors(Some(error), |cause| cause_of(*cause)).last().map(ToString::to_string).unwrap_or_default()
}

fn cause_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    error.source()
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    std::iter::successors(Some(error), |cause| cause_of(*cause)).find_map(|error| error.downcast_ref::<T>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_classified() {
        for (code, message, status, kind) in [
            ("AccessDeniedException", "", 400, FaultKind::AccessDenied),
            ("com.amazonaws.ecs#AccessDeniedException", "", 400, FaultKind::AccessDenied),
            ("ExpiredTokenException", "", 400, FaultKind::Credentials),
            ("UnrecognizedClientException", "", 400, FaultKind::Credentials),
            ("ThrottlingException", "Rate exceeded", 400, FaultKind::Throttled),
            ("ClientException", "Too many concurrent attempts to create a new revision", 400, FaultKind::Throttled),
            ("ClusterNotFoundException", "Cluster not found.", 400, FaultKind::NotFound),
            ("ServerException", "", 500, FaultKind::Remote),
            ("InternalFailure", "", 500, FaultKind::Remote),
            ("AWS.SimpleQueueService.NonExistentQueue", "", 400, FaultKind::NotFound),
            ("com.amazonaws.sqs#QueueDoesNotExist", "", 400, FaultKind::NotFound),
            ("KMS.AccessDeniedException", "", 400, FaultKind::AccessDenied),
            ("SerializationException", "", 400, FaultKind::Malformed),
        ] {
            assert_eq!(spoken("ecs:ListTasks", code, message, status).kind, kind, "{code}");
        }
    }

    #[test]
    fn the_permission_aws_names_is_the_one_reported() {
        let message = "User: arn:aws:sts::111122223333:assumed-role/signalbox/x is not authorized to perform: ecs:ListTagsForResource on resource: arn:aws:ecs:…";
        assert_eq!(
            spoken("ecs:DescribeServices", "AccessDeniedException", message, 400).operation.as_deref(),
            Some("ecs:ListTagsForResource")
        );
        let message = "User: x is not authorized to perform: sqs:receivemessage on resource: arn:aws:sqs:…";
        assert_eq!(spoken("sqs:ReceiveMessage", "AccessDenied", message, 403).operation.as_deref(), Some("sqs:ReceiveMessage"));
        assert_eq!(lacking("is not authorized to perform: <script>:x on"), None);
        assert_eq!(spoken("ecs:ListTasks", "AccessDeniedException", "no", 400).operation.as_deref(), Some("ecs:ListTasks"));
    }

    #[test]
    fn only_what_may_pass_is_retried() {
        assert_eq!((tries(FaultKind::Throttled), tries(FaultKind::Remote), tries(FaultKind::Unreachable)), (4, 4, 2));
        assert_eq!((tries(FaultKind::AccessDenied), tries(FaultKind::TooLarge), tries(FaultKind::Malformed)), (1, 1, 1));
    }
}
