//! Answers and errors, written in the protocol the request came in.
//!
//! The trap: each protocol names an error in a place of its own: JSON in `__type`, CBOR in `__type` and (for clients of the older Query protocol) in the header
//! `x-amzn-query-error`, Query in XML.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::{body::Body, http::Response};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    aws::{
        call::{Api, Call, Protocol},
        cbor, sts,
    },
    dice::Dice,
};

/// A refusal in AWS's form: code, HTTP status and sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) code: &'static str,
    /// The code in the older Query protocol, where it differs.
    pub(crate) query_code: Option<&'static str>,
    pub(crate) status: u16,
    pub(crate) message: String,
}

impl ApiError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, query_code: None, status: 400, message: message.into() }
    }

    pub(crate) fn serialization(why: &str) -> Self {
        Self::new("SerializationException", why)
    }

    pub(crate) fn unsigned(api: Api) -> Self {
        match api {
            Api::Sts => Self { status: 403, ..Self::new("MissingAuthenticationToken", "Request is missing Authentication Token") },
            Api::CloudWatch | Api::Sqs => Self { status: 403, ..Self::new("MissingAuthenticationToken", "Missing Authentication Token") },
            Api::Ecs | Api::Logs => Self::new("MissingAuthenticationTokenException", "Missing Authentication Token"),
        }
    }

    pub(crate) fn throttled(api: Api) -> Self {
        match api {
            Api::Ecs | Api::Logs => Self::new("ThrottlingException", "Rate exceeded"),
            Api::CloudWatch => Self { query_code: Some("Throttling"), ..Self::new("ThrottlingException", "Rate exceeded") },
            Api::Sqs => Self { query_code: Some("RequestThrottled"), ..Self::new("RequestThrottled", "Request is throttled.") },
            Api::Sts => Self::new("Throttling", "Rate exceeded"),
        }
    }

    /// An operation this face does not serve, or AWS does not have.
    pub(crate) fn unknown_operation(call: &Call, served: &[&str]) -> Self {
        Self::new("UnknownOperationException", format!("the yard does not serve {}; it serves {}", call.name(), served.join(", ")))
    }

    /// AWS's class of an error: the caller's fault or its own.
    fn class(&self) -> &'static str {
        if self.status < 500 { "Sender" } else { "Receiver" }
    }
}

/// How the body of a good answer is spoiled on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoiled {
    /// Whole, but not of its protocol's form.
    Malformed,
    /// Ends before its announced length, and the connection with it.
    Truncated,
    /// Nothing at all, with status 200.
    Empty,
    /// Padded to this many MiB by a field nobody knows.
    Huge(u32),
}

/// The largest padding a fault may ask for, in MiB: enough to find a reader without a limit, not enough to end the machine.
pub(crate) const LARGEST_PADDING: u32 = 256;

pub(crate) fn success(call: &Call, mut value: Value, spoiled: Option<Spoiled>) -> Response<Body> {
    if let (Some(Spoiled::Huge(mebibytes)), Some(members)) = (spoiled, value.as_object_mut()) {
        let size = usize::try_from(mebibytes.min(LARGEST_PADDING)).unwrap_or(1) << 20;
        members.insert("yardPadding".to_owned(), Value::from("x".repeat(size)));
    }
    let body: Bytes = match call.protocol {
        Protocol::Json(_) => value.to_string().into(),
        Protocol::Cbor => cbor::encode(&value).into(),
        Protocol::Query => sts::to_xml(call, &value).into(),
    };
    let body = match spoiled {
        Some(Spoiled::Malformed) => body.slice(..body.len() / 2),
        Some(Spoiled::Empty) => Bytes::new(),
        Some(Spoiled::Truncated) => return truncated(call, body),
        Some(Spoiled::Huge(_)) | None => body,
    };
    respond(call, 200, Body::from(body), &[])
}

fn truncated(call: &Call, body: Bytes) -> Response<Body> {
    let announced = body.len().to_string();
    let half = body.slice(..body.len() / 2);
    let cut: Result<Bytes, std::io::Error> = Err(std::io::Error::other("cut by a fault"));
    let stream = futures::stream::iter([Ok(half), cut]);
    respond(call, 200, Body::from_stream(stream), &[("content-length", announced)])
}

pub(crate) fn failure(call: &Call, error: &ApiError) -> Response<Body> {
    let mut headers = Vec::new();
    if call.protocol != Protocol::Query {
        headers.push(("x-amzn-errortype", error.code.to_owned()));
    }
    if call.query_mode && [Api::CloudWatch, Api::Sqs].contains(&call.api) {
        headers.push(("x-amzn-query-error", format!("{};{}", error.query_code.unwrap_or(error.code), error.class())));
    }
    let body: Bytes = match call.protocol {
        Protocol::Json(_) => json!({"__type": error.code, "message": error.message}).to_string().into(),
        Protocol::Cbor => {
            cbor::encode(&json!({"__type": format!("com.amazonaws.cloudwatch#{}", error.code), "message": error.message})).into()
        }
        Protocol::Query => sts::error_xml(error.code, error.class(), &error.message).into(),
    };
    respond(call, error.status, Body::from(body), &headers)
}

fn respond(call: &Call, status: u16, body: Body, headers: &[(&str, String)]) -> Response<Body> {
    let content_type = match call.protocol {
        Protocol::Json(content_type) => content_type,
        Protocol::Cbor => "application/cbor",
        Protocol::Query => "text/xml",
    };
    let mut response = Response::builder().status(status).header("content-type", content_type).header("x-amzn-requestid", request_id());
    if matches!(call.protocol, Protocol::Cbor) {
        response = response.header("smithy-protocol", "rpc-v2-cbor");
    }
    for (name, value) in headers {
        response = response.header(*name, value);
    }
    response.body(body).unwrap_or_else(|error| unreadable(&error.to_string()))
}

/// A request that is for none of the APIs: AWS's general answer, with a sentence of our own.
pub(crate) fn unreadable(why: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(json!({"__type": "UnknownOperationException", "message": why}).to_string()));
    *response.status_mut() = axum::http::StatusCode::NOT_FOUND;
    response.headers_mut().insert("content-type", axum::http::HeaderValue::from_static("application/json"));
    response
}

/// Differs for every answer of this process; nothing else is asked of it.
pub(crate) fn request_id() -> String {
    static ANSWERS: AtomicU64 = AtomicU64::new(0);
    let mut dice = Dice::new(0, "request id", ANSWERS.fetch_add(1, Ordering::Relaxed));
    [8, 4, 4, 4, 12].map(|len| dice.hex(len)).join("-")
}

/// A time as all of AWS's JSON and CBOR write it: seconds since 1970, to the millisecond.
pub(crate) fn seconds(micros: i64) -> f64 {
    // 2^53 milliseconds are 285,000 years: nothing is lost
    micros.div_euclid(1_000) as f64 / 1_000.0
}
