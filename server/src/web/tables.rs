//! Every table of the pages as CSV: the same rows in the same order with the same filter, on all its pages.
//!
//! Separate from the JSON API because a file has no pages: each is read whole, in one snapshot, so that no row is lost or
//! told twice between two of them. Only the record is bounded; a file that was cut says so in its name, in its last row and
//! in a `Link` header. What stands in a cell is decided in `rows`.

mod changed;
mod rows;

use axum::extract::RawQuery;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::Failure;
use domain::port::Observe;
use domain::view::{AlarmQuery, CoverageQuery, NatsQuery, TimelineQuery};

use super::access::Viewer;
use super::alarms_api::borrowed;
use super::api::{Problem, failed, not_understood, pairs, service_query};
use super::csv::Csv;
use super::readiness_api::{answerable, changes_query};
use super::routes::Routes;
use crate::plane::MOST_ENTRIES;

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/services.csv", services)
        .get("/alarms.csv", alarms)
        .get("/alarms/coverage.csv", coverage)
        .get("/timeline.csv", timeline)
        .get("/nats/connections.csv", connections)
        .get("/nats/owners.csv", owners)
        .get("/nats/nodes.csv", nodes)
        .get("/nats/streams.csv", streams)
        .get("/sources.csv", sources)
        .get("/sources/rates.csv", rates)
        .get("/sources/cost.csv", cost)
        .get("/readiness/changes.csv", changes)
        .get("/readiness/trend.csv", trend)
}

/// A file, or why there is none.
fn file(name: &str, table: Result<Csv, Failure>) -> Response {
    table.map_or_else(failed, |table| table.answer(name))
}

/// Nothing that was asked may be passed over: a script must not take a list for the one it asked for.
fn understood<T>(query: T, ignored: &[String]) -> Result<T, Failure> {
    if ignored.is_empty() { Ok(query) } else { Err(not_understood(ignored)) }
}

/// A file that cannot be filtered refuses a filter rather than passing it over.
fn unfiltered(raw: Option<&str>) -> Result<(), Failure> {
    let asked: Vec<String> =
        pairs(raw.unwrap_or_default()).iter().map(|(name, value)| format!("{name}={}", domain::text::shown(value))).collect();
    understood((), &asked)
}

/// Every service that matches, on all pages, as CSV.
#[utoipa::path(get, path = "/api/v1/services.csv",
    params(
        ("q" = Option<String>, Query, description = "part of the name"),
        ("state" = Option<String>, Query, description = "down, contradiction, unknown, up, off or off_on_purpose"),
        ("group" = Option<String>, Query, description = "only this group"),
        ("environment" = Option<String>, Query, description = "only this environment"),
        ("sort" = Option<String>, Query, description = "state, name, group, running or since"),
        ("reverse" = Option<bool>, Query, description = "the other way round"),
    ),
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = Problem)))]
pub(super) async fn services(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let table = async { Ok(rows::services(&viewer.plane.every_service(service_query(raw.as_deref())?).await?)) };
    file("services", table.await)
}

/// Every alarm that matches, on all pages, as CSV.
#[utoipa::path(get, path = "/api/v1/alarms.csv",
    params(
        ("q" = Option<String>, Query, description = "part of the name of the alarm or of its service"),
        ("state" = Option<String>, Query, description = "alarm, insufficient_data or ok"),
        ("only" = Option<String>, Query, description = "untold, stuck or acknowledged"),
        ("service" = Option<String>, Query, description = "only of this service"),
        ("environment" = Option<String>, Query, description = "only in this environment"),
        ("sort" = Option<String>, Query, description = "state, name, service or since"),
        ("reverse" = Option<bool>, Query, description = "the other way round"),
    ),
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = Problem)))]
pub(super) async fn alarms(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let query = AlarmQuery::from_pairs(borrowed(&pairs(raw.as_deref().unwrap_or_default())));
    let ignored = query.ignored.clone();
    let table = async { Ok(rows::alarms(&viewer.plane.every_alarm(understood(query, &ignored)?).await?)) };
    file("alarms", table.await)
}

/// The table of what is watched, on all pages, as CSV: every column with its words and the alarms behind them.
#[utoipa::path(get, path = "/api/v1/alarms/coverage.csv",
    params(
        ("q" = Option<String>, Query, description = "part of the service's name"),
        ("lacks" = Option<String>, Query, description = "running_tasks, cpu, memory or health"),
        ("environment" = Option<String>, Query, description = "only this environment"),
    ),
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = Problem)))]
pub(super) async fn coverage(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let query = CoverageQuery::from_pairs(borrowed(&pairs(raw.as_deref().unwrap_or_default())));
    let ignored = query.ignored.clone();
    let table = async { Ok(rows::coverage(&viewer.plane.whole_coverage(understood(query, &ignored)?).await?)) };
    file("coverage", table.await)
}

/// The record, searched and filtered, as CSV: the newest 10,000 entries. Where there are more, the last row says so and a
/// `Link` header with `rel="next"` leads to the older ones.
#[utoipa::path(get, path = "/api/v1/timeline.csv",
    params(
        ("q" = Option<String>, Query, description = "words that must all occur, each as a word or the beginning of one"),
        ("kind" = Option<String>, Query, description = "only this kind of entry, such as task_stopped or deployment"),
        ("tone" = Option<String>, Query, description = "bad, warn, move, unknown, good or quiet; notable is all but quiet"),
        ("environment" = Option<String>, Query, description = "only this environment or NATS cluster"),
        ("cluster" = Option<String>, Query, description = "only this ECS cluster"),
        ("service" = Option<String>, Query, description = "only this service"),
        ("from" = Option<String>, Query, description = "not before this day or instant, UTC"),
        ("to" = Option<String>, Query, description = "not after this day or instant, UTC"),
        ("before" = Option<String>, Query, description = "entries older than this place"),
        ("after" = Option<String>, Query, description = "entries newer than this place"),
        ("around" = Option<i64>, Query, description = "id of an entry: what happened in the ten minutes before it"),
    ),
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn timeline(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let pairs = pairs(raw.as_deref().unwrap_or_default());
    let (query, ignored) = TimelineQuery::from_pairs(borrowed(&pairs));
    if !ignored.is_empty() {
        return failed(not_understood(&ignored));
    }
    let entries = match viewer.plane.entries(query.clone()).await {
        Ok(entries) => entries,
        Err(failure) => return failed(failure),
    };
    let next = entries.cut_at.map(|place| query.csv_path_before(place));
    let name = if entries.cut { format!("timeline-newest-{MOST_ENTRIES}") } else { "timeline".to_owned() };
    let mut answer = rows::timeline(&entries, next.as_deref()).answer(&name);
    if let Some(Ok(next)) = next.map(|next| HeaderValue::from_str(&format!("<{next}>; rel=\"next\""))) {
        answer.headers_mut().insert(header::LINK, next);
    }
    answer.into_response()
}

/// Every NATS connection that matches, on all pages, as CSV: whose it is and with what proof.
#[utoipa::path(get, path = "/api/v1/nats/connections.csv",
    params(
        ("q" = Option<String>, Query, description = "part of the name, user, address or client"),
        ("owner" = Option<String>, Query, description = "only those of the service called so"),
        ("certainty" = Option<String>, Query, description = "conflicting, unattributed, ambiguous, proxied, attributed or confirmed"),
        ("tls" = Option<String>, Query, description = "tls, plaintext or young"),
        ("node" = Option<String>, Query, description = "only those to this node"),
    ),
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = Problem)))]
pub(super) async fn connections(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let pairs = pairs(raw.as_deref().unwrap_or_default());
    let (query, ignored) = NatsQuery::from_pairs(borrowed(&pairs));
    let table = async { Ok(rows::connections(&viewer.plane.every_connection(understood(query, &ignored)?).await?)) };
    file("nats-connections", table.await)
}

/// Every owner of NATS connections as CSV, those with most plaintext first.
#[utoipa::path(get, path = "/api/v1/nats/owners.csv",
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = Problem)))]
pub(super) async fn owners(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let table = async {
        unfiltered(raw.as_deref())?;
        Ok(rows::owners(&viewer.plane.every_owner().await?))
    };
    file("nats-owners", table.await)
}

/// Every NATS node as CSV.
#[utoipa::path(get, path = "/api/v1/nats/nodes.csv",
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = Problem)))]
pub(super) async fn nodes(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let table = async {
        unfiltered(raw.as_deref())?;
        Ok(rows::nodes(&viewer.plane.nats(NatsQuery { per: 1, ..NatsQuery::default() }).await?))
    };
    file("nats-nodes", table.await)
}

/// Every stream and consumer as CSV, with its numbers, whose it is and who depends on it.
#[utoipa::path(get, path = "/api/v1/nats/streams.csv",
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = Problem)))]
pub(super) async fn streams(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let table = async {
        unfiltered(raw.as_deref())?;
        Ok(rows::streams(&viewer.plane.every_flow().await?))
    };
    file("nats-streams", table.await)
}

/// Every source as CSV: its health, what to do, what it costs in calls.
#[utoipa::path(get, path = "/api/v1/sources.csv",
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = Problem)))]
pub(super) async fn sources(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let table = async {
        unfiltered(raw.as_deref())?;
        Ok(rows::sources(&viewer.plane.sources().await?))
    };
    file("sources", table.await)
}

/// The rates at which each source is asked as CSV, a row an API family.
#[utoipa::path(get, path = "/api/v1/sources/rates.csv",
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = Problem)))]
pub(super) async fn rates(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let table = async {
        unfiltered(raw.as_deref())?;
        Ok(rows::rates(&viewer.plane.sources().await?))
    };
    file("source-rates", table.await)
}

/// What asking AWS costs this month as CSV, a row an environment and operation.
#[utoipa::path(get, path = "/api/v1/sources/cost.csv",
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = Problem)))]
pub(super) async fn cost(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let table = async {
        unfiltered(raw.as_deref())?;
        Ok(rows::cost(&viewer.plane.sources().await?))
    };
    file("source-cost", table.await)
}

/// Everything that changed of readiness since an instant and matches, on all pages, as CSV.
#[utoipa::path(get, path = "/api/v1/readiness/changes.csv",
    params(
        ("period" = Option<String>, Query, description = "24h, 7d, 30d or 90d; 7d unless said otherwise"),
        ("since" = Option<String>, Query, description = "a day or an instant in UTC, instead of a period"),
        ("q" = Option<String>, Query, description = "part of the service's name"),
        ("environment" = Option<String>, Query, description = "only this environment"),
        ("cluster" = Option<String>, Query, description = "only this cluster"),
        ("service" = Option<String>, Query, description = "only this service, by its whole name"),
        ("check" = Option<String>, Query, description = "only this check"),
        ("direction" = Option<String>, Query, description = "worse, unknown, better or other"),
    ),
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = Problem)))]
pub(super) async fn changes(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let table = async { Ok(changed::changes(&answerable(viewer.plane.whole_changes(changes_query(raw.as_deref())?).await?)?.changes)) };
    file("readiness-changes", table.await)
}

/// The score over a time as CSV, a row from one change to the next: the fleet's, or that of one service or environment.
#[utoipa::path(get, path = "/api/v1/readiness/trend.csv",
    params(
        ("period" = Option<String>, Query, description = "24h, 7d, 30d or 90d; 7d unless said otherwise"),
        ("since" = Option<String>, Query, description = "a day or an instant in UTC, instead of a period"),
        ("environment" = Option<String>, Query, description = "what is asked of this environment as a whole"),
        ("cluster" = Option<String>, Query, description = "the cluster of the service"),
        ("service" = Option<String>, Query, description = "this service, by its whole name"),
    ),
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = Problem)))]
pub(super) async fn trend(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let table = async { Ok(changed::trend(&answerable(viewer.plane.changes(&changes_query(raw.as_deref())?).await?)?.trend)) };
    file("readiness-trend", table.await)
}
