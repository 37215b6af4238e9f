//! Alarms in the JSON API: the list, one alarm, the coverage table, the missing alarms as text, acknowledgements.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Failure;
use domain::port::Observe;
use domain::view::{AlarmDetail, AlarmKey, AlarmPage, AlarmQuery, CoveragePage, CoverageQuery, MissingQuery};
use serde::Deserialize;

use super::access::{Operator, Viewer};
use super::api::{Problem, answered, failed, not_understood, pairs};
use super::routes::Routes;

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/alarms", alarms)
        .get("/alarms/coverage", coverage)
        .get("/alarms/missing", missing)
        .post("/alarms/acknowledgements", acknowledge)
        .post("/alarms/acknowledgements/withdrawn", withdraw)
        .get("/alarms/{environment}/{name}", alarm)
}

/// The pairs of a query, as references.
pub(super) fn borrowed(pairs: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

/// One page of the alarms, filtered and sorted.
#[utoipa::path(get, path = "/api/v1/alarms",
    params(
        ("q" = Option<String>, Query, description = "part of the name of the alarm or of its service"),
        ("state" = Option<String>, Query, description = "alarm, insufficient_data or ok"),
        ("only" = Option<String>, Query, description = "untold, stuck or acknowledged"),
        ("service" = Option<String>, Query, description = "only of this service"),
        ("environment" = Option<String>, Query, description = "only in this environment"),
        ("sort" = Option<String>, Query, description = "state, name, service or since"),
        ("reverse" = Option<bool>, Query, description = "the other way round"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("per" = Option<u32>, Query, description = "rows on a page, 1 to 200"),
    ),
    responses((status = 200, body = AlarmPage), (status = 400, body = Problem)))]
pub(super) async fn alarms(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let query = AlarmQuery::from_pairs(borrowed(&pairs(raw.as_deref().unwrap_or_default())));
    if !query.ignored.is_empty() {
        return failed(not_understood(&query.ignored));
    }
    answered(viewer.plane.alarms(query).await)
}

/// One alarm with its record.
#[utoipa::path(get, path = "/api/v1/alarms/{environment}/{name}",
    params(("environment" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = AlarmDetail), (status = 404, body = Problem)))]
pub(super) async fn alarm(viewer: Viewer, Path((environment, name)): Path<(String, String)>) -> Response {
    answered(viewer.plane.alarm(AlarmKey { environment, name }).await)
}

/// One page of the table of what is watched, worst first.
#[utoipa::path(get, path = "/api/v1/alarms/coverage",
    params(
        ("q" = Option<String>, Query, description = "part of the service's name"),
        ("lacks" = Option<String>, Query, description = "running_tasks, cpu, memory or health"),
        ("environment" = Option<String>, Query, description = "only this environment"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("per" = Option<u32>, Query, description = "rows on a page, 1 to 200"),
    ),
    responses((status = 200, body = CoveragePage), (status = 400, body = Problem)))]
pub(super) async fn coverage(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let query = CoverageQuery::from_pairs(borrowed(&pairs(raw.as_deref().unwrap_or_default())));
    if !query.ignored.is_empty() {
        return failed(not_understood(&query.ignored));
    }
    answered(viewer.plane.coverage(query).await)
}

/// The missing alarms as a text to save: AWS CLI commands or Terraform.
#[utoipa::path(get, path = "/api/v1/alarms/missing",
    params(
        ("environment" = Option<String>, Query), ("cluster" = Option<String>, Query), ("service" = Option<String>, Query),
        ("column" = Option<String>, Query, description = "running_tasks, cpu, memory or health"),
        ("form" = Option<String>, Query, description = "cli or terraform"),
    ),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 400, body = Problem)))]
pub(super) async fn missing(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let query = MissingQuery::from_pairs(borrowed(&pairs(raw.as_deref().unwrap_or_default())));
    if !query.ignored.is_empty() {
        return failed(not_understood(&query.ignored));
    }
    match viewer.plane.missing_alarms(query).await {
        Ok(missing) => {
            // the name is one of two of our own
            let saved = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", missing.file_name));
            let saved = saved.unwrap_or(HeaderValue::from_static("attachment"));
            let plain = HeaderValue::from_static("text/plain; charset=utf-8");
            let headers = [
                (header::CONTENT_TYPE, plain),
                (header::CONTENT_DISPOSITION, saved),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ];
            (headers, missing.text).into_response()
        }
        Err(failure) => failed(failure),
    }
}

/// Which alarm is acknowledged, and why.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Acknowledgement {
    /// The environment of the alarm.
    environment: String,
    /// Its name.
    name: String,
    /// Why it may wait.
    reason: String,
}

/// Acknowledges an alarm that is on, under the name of who asks; an operator may. It ends by itself when the alarm does.
#[utoipa::path(post, path = "/api/v1/alarms/acknowledgements", request_body = Acknowledgement,
    responses((status = 204), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 415, body = Problem)))]
pub(super) async fn acknowledge(operator: Operator, body: Result<Json<Acknowledgement>, JsonRejection>) -> Response {
    let Json(wish) = match body {
        Ok(wish) => wish,
        Err(rejection) => return refused(&rejection),
    };
    let alarm = AlarmKey { environment: wish.environment, name: wish.name };
    let done = operator.operate.acknowledge(operator.actor, alarm, wish.reason).await;
    done.map_or_else(failed, |()| StatusCode::NO_CONTENT.into_response())
}

/// Which acknowledgement is taken back.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Withdrawal {
    /// The environment of the alarm.
    environment: String,
    /// Its name.
    name: String,
}

/// Takes an acknowledgement back: the alarm calls again. An operator may.
#[utoipa::path(post, path = "/api/v1/alarms/acknowledgements/withdrawn", request_body = Withdrawal,
    responses((status = 204), (status = 400, body = Problem), (status = 403, body = Problem), (status = 415, body = Problem)))]
pub(super) async fn withdraw(operator: Operator, body: Result<Json<Withdrawal>, JsonRejection>) -> Response {
    let Json(wish) = match body {
        Ok(wish) => wish,
        Err(rejection) => return refused(&rejection),
    };
    let alarm = AlarmKey { environment: wish.environment, name: wish.name };
    let done = operator.operate.withdraw(operator.actor, alarm).await;
    done.map_or_else(failed, |()| StatusCode::NO_CONTENT.into_response())
}

/// A body that is not JSON, or not this JSON: said as every other refusal, with axum's own status.
pub(super) fn refused(rejection: &JsonRejection) -> Response {
    let failure = Failure::Refused { why: format!("The body must be JSON, sent as application/json. {}", rejection.body_text()) };
    let mut answer = failed(failure);
    *answer.status_mut() = rejection.status();
    answer
}
