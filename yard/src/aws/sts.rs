//! STS, of which only "who am I" is served: AWS Query in, XML out.

use serde_json::{Value, json};

use crate::{
    aws::{
        answer::{ApiError, request_id},
        call::Call,
    },
    model::arn,
};

pub(crate) fn serve(call: &Call) -> Result<Value, ApiError> {
    match call.operation.as_str() {
        "GetCallerIdentity" => Ok(json!({"Arn": arn::caller(), "UserId": "AIDAEXAMPLESIGNALBOX", "Account": arn::ACCOUNT})),
        _ => Err(ApiError { code: "InvalidAction", ..ApiError::unknown_operation(call, &["sts:GetCallerIdentity"]) }),
    }
}

/// A flat answer as STS writes it.
pub(crate) fn to_xml(call: &Call, value: &Value) -> String {
    let members: String = value
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, member)| Some(format!("<{name}>{}</{name}>", escape(member.as_str()?))))
        .collect();
    let operation = &call.operation;
    format!(
        "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{operation}Result>{members}</{operation}Result><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{operation}Response>",
        request_id()
    )
}

pub(crate) fn error_xml(code: &str, class: &str, message: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>{class}</Type><Code>{code}</Code><Message>{}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
        escape(message),
        request_id()
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
