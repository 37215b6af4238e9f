//! CloudWatch, of which the reading of alarms and of metrics is served, one file to an operation.

mod alarms;
mod data;
mod history;
mod list;
mod statistics;
mod time;

use serde::Deserialize;

use crate::{
    aws::{
        Served,
        answer::ApiError,
        call::{Call, Protocol},
    },
    model::Fleet,
};

const SERVED: [&str; 5] = [
    "cloudwatch:DescribeAlarms",
    "cloudwatch:DescribeAlarmHistory",
    "cloudwatch:ListMetrics",
    "cloudwatch:GetMetricData",
    "cloudwatch:GetMetricStatistics",
];

pub(crate) fn serve(call: &Call, fleet: &Fleet) -> Result<Served, ApiError> {
    if call.protocol == Protocol::Query {
        let why = "CloudWatch's Query protocol is not served here: use an AWS CLI or SDK that speaks JSON or CBOR to CloudWatch (those of 2025 or later do)";
        return Err(ApiError::new("InvalidAction", why));
    }
    match call.operation.as_str() {
        "DescribeAlarms" => alarms::describe_alarms(&call.input()?, fleet).map(Served::Now),
        "DescribeAlarmHistory" => history::describe_alarm_history(&call.input()?, fleet).map(Served::Now),
        "ListMetrics" => list::list_metrics(&call.input()?, fleet).map(Served::Now),
        "GetMetricData" => data::get_metric_data(call.input()?, fleet),
        "GetMetricStatistics" => statistics::get_metric_statistics(call.input()?, fleet),
        _ => Err(ApiError::unknown_operation(call, &SERVED)),
    }
}

/// One part of a metric's name. As a filter it may lack a value.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Dimension {
    name: String,
    value: Option<String>,
}

fn pairs(dimensions: &[Dimension]) -> Vec<(&str, &str)> {
    dimensions.iter().map(|dimension| (dimension.name.as_str(), dimension.value.as_deref().unwrap_or_default())).collect()
}

/// CloudWatch's sentence for a value outside what its model allows.
fn invalid(value: &str, field: &str, constraint: &str) -> ApiError {
    ApiError::new(
        "ValidationError",
        format!("1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: {constraint}"),
    )
}

/// The same for a value that a later check refuses. The Query protocol's code, by which the SDKs tell errors, lacks the last word.
fn bad_value(message: impl Into<String>) -> ApiError {
    ApiError { query_code: Some("InvalidParameterValue"), ..ApiError::new("InvalidParameterValueException", message) }
}

fn bad_combination(message: impl Into<String>) -> ApiError {
    ApiError { query_code: Some("InvalidParameterCombination"), ..ApiError::new("InvalidParameterCombinationException", message) }
}

fn missing(parameter: &str) -> ApiError {
    let message = format!("The parameter {parameter} is required.");
    ApiError { query_code: Some("MissingParameter"), ..ApiError::new("MissingRequiredParameterException", message) }
}

fn bad_token() -> ApiError {
    ApiError::new("InvalidNextToken", "The next token specified is invalid.")
}
