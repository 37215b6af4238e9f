//! One request, read: which API, which operation, which protocol, signed or not, and its input as a tree.
//!
//! The trap: the same operation comes in two protocols (the Rust SDK sends DescribeAlarms as CBOR, the AWS CLI as JSON), and the answer must go back in the one it came in.

use axum::http::{HeaderMap, request::Parts};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::aws::{answer::ApiError, cbor};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    Ecs,
    CloudWatch,
    Logs,
    Sqs,
    Sts,
}

impl Api {
    /// The prefix of the API's IAM actions.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::CloudWatch => "cloudwatch",
            Self::Logs => "logs",
            Self::Sqs => "sqs",
            Self::Sts => "sts",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// AWS JSON; the version is part of the content type.
    Json(&'static str),
    /// Smithy RPC v2 CBOR.
    Cbor,
    /// AWS Query: a form in, XML out.
    Query,
}

#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) api: Api,
    pub(crate) operation: String,
    pub(crate) protocol: Protocol,
    pub(crate) signed: bool,
    /// The client asks for the error codes of the older Query protocol as well.
    pub(crate) query_mode: bool,
    /// None: the body is not of its protocol's form.
    input: Option<Value>,
}

impl Call {
    /// `ecs:ListTasks`: as IAM names the operation. It knows no action for a batch of deletions but that for one.
    pub(crate) fn name(&self) -> String {
        match (self.api, self.operation.as_str()) {
            (Api::Sqs, "DeleteMessageBatch") => "sqs:DeleteMessage".to_owned(),
            _ => format!("{}:{}", self.api.prefix(), self.operation),
        }
    }

    /// A text in the input, whatever the operation makes of it.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.input.as_ref()?.get(name)?.as_str()
    }

    /// The service that a request is about, as far as it says so: by name, by an ARN, or as the family that is called like it.
    pub(crate) fn service(&self) -> Option<&str> {
        let named = self.text("service").or_else(|| self.text("family")).or_else(|| self.input.as_ref()?.get("services")?.get(0)?.as_str());
        let of_definition =
            || self.text("taskDefinition").map(|given| given.rsplit('/').next().unwrap_or(given).split(':').next().unwrap_or(given));
        let of_deployment = || self.text("serviceDeploymentArn")?.rsplit('/').nth(1);
        named.map(|given| given.rsplit('/').next().unwrap_or(given)).or_else(of_deployment).or_else(of_definition)
    }

    /// The input as the operation's own type. Fields nobody knows are ignored, wrong types refused, as AWS does.
    pub(crate) fn input<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let input = self.input.clone().ok_or_else(|| ApiError::serialization("the body could not be parsed"))?;
        serde_json::from_value(input).map_err(|error| ApiError::serialization(&error.to_string()))
    }
}

const ECS_TARGET: &str = "AmazonEC2ContainerServiceV20141113.";
const CLOUDWATCH_TARGET: &str = "GraniteServiceVersion20100801.";
const LOGS_TARGET: &str = "Logs_20140328.";
const SQS_TARGET: &str = "AmazonSQS.";
const CLOUDWATCH_PATH: &str = "/service/GraniteServiceVersion20100801/operation/";

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Reads a request. The error is a sentence: the request is for nothing this face serves.
pub(crate) fn read(head: &Parts, body: &Bytes) -> Result<Call, String> {
    let signed =
        ["AWS4-HMAC-SHA256 ", "AWS4-ECDSA-P256-SHA256 "].iter().any(|scheme| header(&head.headers, "authorization").starts_with(scheme));
    let query_mode = header(&head.headers, "x-amzn-query-mode") == "true";
    let call =
        |api, operation: &str, protocol, input| Ok(Call { api, operation: operation.to_owned(), protocol, signed, query_mode, input });
    if let Some(operation) = head.uri.path().strip_prefix(CLOUDWATCH_PATH) {
        if header(&head.headers, "smithy-protocol") != "rpc-v2-cbor" {
            return Err("a request to /service/… must carry the header smithy-protocol: rpc-v2-cbor".to_owned());
        }
        return call(Api::CloudWatch, operation, Protocol::Cbor, cbor::decode(body));
    }
    let target = header(&head.headers, "x-amz-target");
    if let Some(operation) = target.strip_prefix(ECS_TARGET) {
        return call(Api::Ecs, operation, Protocol::Json("application/x-amz-json-1.1"), json(body));
    }
    if let Some(operation) = target.strip_prefix(LOGS_TARGET) {
        return call(Api::Logs, operation, Protocol::Json("application/x-amz-json-1.1"), json(body));
    }
    if let Some(operation) = target.strip_prefix(SQS_TARGET) {
        return call(Api::Sqs, operation, Protocol::Json("application/x-amz-json-1.0"), json(body));
    }
    if let Some(operation) = target.strip_prefix(CLOUDWATCH_TARGET) {
        return call(Api::CloudWatch, operation, Protocol::Json("application/x-amz-json-1.0"), json(body));
    }
    if header(&head.headers, "content-type").starts_with("application/x-www-form-urlencoded") {
        let form = form(body);
        let operation = form.get("Action").and_then(Value::as_str).unwrap_or_default().to_owned();
        let version = form.get("Version").and_then(Value::as_str).unwrap_or_default();
        let api = if version == "2010-08-01" { Api::CloudWatch } else { Api::Sts };
        return call(api, &operation, Protocol::Query, Some(Value::Object(form)));
    }
    Err(format!("{} {} is no request of ECS, CloudWatch, CloudWatch Logs, SQS or STS", head.method, head.uri.path()))
}

fn json(body: &Bytes) -> Option<Value> {
    serde_json::from_slice(body).ok().filter(Value::is_object)
}

/// The plain `key=value&…` of a form. Nothing served here has a value that needs unescaping.
fn form(body: &Bytes) -> Map<String, Value> {
    let text = String::from_utf8_lossy(body);
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(key, value)| (key.to_owned(), Value::from(value))).collect()
}
