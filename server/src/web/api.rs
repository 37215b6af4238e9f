//! The JSON API: what the pages show, for scripts. Described by `signalbox openapi`.

use axum::Json;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Failure;
use domain::port::Observe;
use domain::series::Reach;
use domain::service::ServiceKey;
use domain::view::{
    History, NatsQuery, NatsView, Overview, ServiceDetail, ServiceNats, ServicePage, ServiceQuery, SourcesView, TaskPage, TimelinePage,
    TimelineQuery,
};
use serde::Serialize;

use super::access::Viewer;
use super::routes::Routes;

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/overview", overview)
        .get("/services", services)
        .get("/services/{environment}/{cluster}/{service}", service)
        .get("/services/{environment}/{cluster}/{service}/tasks/{task}", task)
        .get("/timeline", timeline)
        .get("/services/{environment}/{cluster}/{service}/history", history)
        .get("/services/{environment}/{cluster}/{service}/history.csv", history_csv)
        .get("/services/{environment}/{cluster}/{service}/connections", service_nats)
        .get("/nats", nats)
        .get("/sources", sources)
        .merge(super::alarms_api::routes())
        .merge(super::attest_api::routes())
        .merge(super::readiness_api::routes())
        .merge(super::reports_api::routes())
        .merge(super::rollouts_api::routes())
        .merge(super::tables::routes())
        .get("/openapi.json", openapi)
        .fallback(async || failed(Failure::NotFound { what: "That API path".to_owned() }))
}

/// An answer, or the failure with its status.
pub(super) fn answered<T: Serialize>(answer: Result<T, Failure>) -> Response {
    match answer {
        Ok(value) => ([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(value)).into_response(),
        Err(failure) => failed(failure),
    }
}

/// What an error looks like in the API: the failure and its sentence.
pub(super) fn failed(failure: Failure) -> Response {
    let status = match failure {
        Failure::NotFound { .. } | Failure::NoSuch { .. } => StatusCode::NOT_FOUND,
        Failure::Refused { .. } => StatusCode::BAD_REQUEST,
        Failure::Unfit { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Failure::Unauthenticated => StatusCode::UNAUTHORIZED,
        Failure::Forbidden { .. } => StatusCode::FORBIDDEN,
        Failure::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let sentence = failure.to_string();
    (status, Json(Problem { failure, sentence })).into_response()
}

/// An error of the API.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Problem {
    /// Which failure.
    #[serde(flatten)]
    failure: Failure,
    /// The same in words: what happened, what it means, what to do.
    sentence: String,
}

/// The fleet at a glance: what needs a person, counts with their age, tiles, newest events, sources.
#[utoipa::path(get, path = "/api/v1/overview", responses((status = 200, body = Overview), (status = 500, body = Problem)))]
pub(super) async fn overview(viewer: Viewer, headers: HeaderMap) -> Response {
    let overview = match viewer.plane.overview_json().await {
        Ok(kept) => kept,
        Err(failure) => return failed(failure),
    };
    let matches = headers.get(header::IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == overview.tag.as_bytes());
    let tags = [(header::ETAG, overview.tag.clone()), (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"))];
    if matches {
        return (StatusCode::NOT_MODIFIED, tags).into_response();
    }
    (tags, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], overview.body).into_response()
}

/// One page of the services, filtered and sorted.
#[utoipa::path(get, path = "/api/v1/services",
    params(
        ("q" = Option<String>, Query, description = "part of the name"),
        ("state" = Option<String>, Query, description = "down, contradiction, unknown, up, off or off_on_purpose"),
        ("group" = Option<String>, Query, description = "only this group"),
        ("environment" = Option<String>, Query, description = "only this environment"),
        ("sort" = Option<String>, Query, description = "state, name, group, running or since"),
        ("reverse" = Option<bool>, Query, description = "the other way round"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("per" = Option<u32>, Query, description = "rows on a page, 1 to 200"),
    ),
    responses((status = 200, body = ServicePage), (status = 400, body = Problem)))]
pub(super) async fn services(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    match service_query(raw.as_deref()) {
        Ok(query) => answered(viewer.plane.services(query).await),
        Err(failure) => failed(failure),
    }
}

pub(super) fn service_query(raw: Option<&str>) -> Result<ServiceQuery, Failure> {
    let pairs = pairs(raw.unwrap_or_default());
    let (query, ignored) = ServiceQuery::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    if ignored.is_empty() {
        return Ok(query);
    }
    Err(not_understood(&ignored))
}

/// A page shows what it can; a script must not take a list for the one it asked for.
pub(super) fn not_understood(ignored: &[String]) -> Failure {
    Failure::Refused { why: format!("Not understood: {}. The words are in /api/v1/openapi.json.", ignored.join(", ")) }
}

pub(super) fn pairs(raw: &str) -> Vec<(String, String)> {
    raw.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// Percent and plus decoding, as forms send it; what is no UTF-8 becomes visible replacement characters.
fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escape = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match escape {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One service: tasks, deployments, stops and why, alarms, its record.
#[utoipa::path(get, path = "/api/v1/services/{environment}/{cluster}/{service}",
    params(("environment" = String, Path), ("cluster" = String, Path), ("service" = String, Path)),
    responses((status = 200, body = ServiceDetail), (status = 404, body = Problem)))]
pub(super) async fn service(viewer: Viewer, Path((environment, cluster, service)): Path<(String, String, String)>) -> Response {
    answered(viewer.plane.service(ServiceKey { environment, cluster, service }).await)
}

/// One task: its facts, how it stopped, the newest lines of its log while it runs.
#[utoipa::path(get, path = "/api/v1/services/{environment}/{cluster}/{service}/tasks/{task}",
    params(("environment" = String, Path), ("cluster" = String, Path), ("service" = String, Path), ("task" = String, Path)),
    responses((status = 200, body = TaskPage), (status = 404, body = Problem)))]
pub(super) async fn task(viewer: Viewer, Path((environment, cluster, service, task)): Path<(String, String, String, String)>) -> Response {
    answered(viewer.plane.task(ServiceKey { environment, cluster, service }, task).await)
}

/// The record of what happened, searched and filtered, or what happened in the ten minutes before one entry.
#[utoipa::path(get, path = "/api/v1/timeline",
    params(
        ("q" = Option<String>, Query, description = "words that must all occur, each as a word or the beginning of one"),
        ("kind" = Option<String>, Query, description = "only this kind of entry, such as task_stopped or deployment"),
        ("tone" = Option<String>, Query, description = "bad, warn, move, unknown, good or quiet; notable is all but quiet"),
        ("environment" = Option<String>, Query, description = "only this environment or NATS cluster"),
        ("cluster" = Option<String>, Query, description = "only this ECS cluster"),
        ("service" = Option<String>, Query, description = "only this service"),
        ("from" = Option<String>, Query, description = "not before this day or instant, UTC"),
        ("to" = Option<String>, Query, description = "not after this day or instant, UTC"),
        ("before" = Option<String>, Query, description = "entries older than the place in `older`"),
        ("after" = Option<String>, Query, description = "entries newer than the place in `newer`"),
        ("around" = Option<i64>, Query, description = "id of an entry: what happened in the ten minutes before it"),
    ),
    responses((status = 200, body = TimelinePage), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn timeline(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let pairs = pairs(raw.as_deref().unwrap_or_default());
    let (query, ignored) = TimelineQuery::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    if !ignored.is_empty() {
        return failed(not_understood(&ignored));
    }
    answered(viewer.plane.timeline(query).await)
}

/// One service over time, as numbers: tasks, CPU, memory, NATS connections and messages, and what its load balancer measures.
#[utoipa::path(get, path = "/api/v1/services/{environment}/{cluster}/{service}/history",
    params(("environment" = String, Path), ("cluster" = String, Path), ("service" = String, Path),
        ("reach" = Option<String>, Query, description = "hour, day, week or month; day unless said otherwise")),
    responses((status = 200, body = History), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn history(
    viewer: Viewer,
    Path((environment, cluster, service)): Path<(String, String, String)>,
    RawQuery(raw): RawQuery,
) -> Response {
    match reach(raw.as_deref().unwrap_or_default()) {
        Ok(reach) => answered(viewer.plane.history(ServiceKey { environment, cluster, service }, reach).await),
        Err(refused) => failed(refused),
    }
}

/// The same as CSV: one row an instant and line.
#[utoipa::path(get, path = "/api/v1/services/{environment}/{cluster}/{service}/history.csv",
    params(("environment" = String, Path), ("cluster" = String, Path), ("service" = String, Path),
        ("reach" = Option<String>, Query, description = "hour, day, week or month; day unless said otherwise")),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 404, body = Problem)))]
pub(super) async fn history_csv(
    viewer: Viewer,
    Path((environment, cluster, service)): Path<(String, String, String)>,
    RawQuery(raw): RawQuery,
) -> Response {
    let reach = match reach(raw.as_deref().unwrap_or_default()) {
        Ok(reach) => reach,
        Err(refused) => return failed(refused),
    };
    match viewer.plane.history(ServiceKey { environment, cluster, service }, reach).await {
        Ok(history) => {
            let kind = (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
            let name = format!("attachment; filename=\"history-{}.csv\"", reach.as_str());
            let name = HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment"));
            ([kind, (header::CONTENT_DISPOSITION, name), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], history.csv())
                .into_response()
        }
        Err(failure) => failed(failure),
    }
}

fn reach(raw: &str) -> Result<Reach, Failure> {
    let mut reach = Reach::default();
    for (name, value) in pairs(raw) {
        match (name.as_str(), Reach::from_word(&value)) {
            ("reach", Some(known)) => reach = known,
            _ => {
                return Err(Failure::Refused {
                    why: format!(
                        "Not understood: {}={}. reach is hour, day, week or month.",
                        domain::text::shown(&name),
                        domain::text::shown(&value)
                    ),
                });
            }
        }
    }
    Ok(reach)
}

/// The NATS connections of one service, each with its proof; how many are expected and how many use TLS.
#[utoipa::path(get, path = "/api/v1/services/{environment}/{cluster}/{service}/connections",
    params(("environment" = String, Path), ("cluster" = String, Path), ("service" = String, Path)),
    responses((status = 200, body = ServiceNats), (status = 500, body = Problem)))]
pub(super) async fn service_nats(viewer: Viewer, Path((environment, cluster, service)): Path<(String, String, String)>) -> Response {
    answered(viewer.plane.service_nats(ServiceKey { environment, cluster, service }).await)
}

/// NATS: nodes, what is wrong with them, streams and consumers, and one page of the connections with their owners.
#[utoipa::path(get, path = "/api/v1/nats",
    params(
        ("q" = Option<String>, Query, description = "part of the name, user, address or client"),
        ("owner" = Option<String>, Query, description = "only those of the service called so"),
        ("certainty" = Option<String>, Query, description = "conflicting, unattributed, ambiguous, proxied, attributed or confirmed"),
        ("tls" = Option<String>, Query, description = "tls, plaintext or young"),
        ("node" = Option<String>, Query, description = "only those to this node"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("per" = Option<u32>, Query, description = "rows on a page, 1 to 200"),
    ),
    responses((status = 200, body = NatsView), (status = 400, body = Problem)))]
pub(super) async fn nats(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let pairs = pairs(raw.as_deref().unwrap_or_default());
    let (query, ignored) = NatsQuery::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    if !ignored.is_empty() {
        return failed(not_understood(&ignored));
    }
    answered(viewer.plane.nats(query).await)
}

/// The collectors' own health, rate and calls.
#[utoipa::path(get, path = "/api/v1/sources", responses((status = 200, body = SourcesView)))]
pub(super) async fn sources(viewer: Viewer) -> Response {
    answered(viewer.plane.sources().await)
}

async fn openapi() -> Response {
    Json(super::openapi::document()).into_response()
}
