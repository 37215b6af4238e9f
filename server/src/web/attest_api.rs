//! Attestations, waivers and checklists in the JSON API.
//!
//! What comes without a file is JSON. What comes with one is a multipart form with the fields of the page's form and the file,
//! kept in one request: a script has nothing to look at in between. The trap is a preview that keeps something: it does not, and
//! `seen` of it, sent along with the import, refuses to overwrite what changed meanwhile.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, RawQuery, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::change::FieldProblem;
use domain::port::Attested;
use domain::readiness::{AttestationWish, WaiverWish};
use domain::service::encoded;
use domain::view::{AttestPage, AttestQuery, ChecklistKept, ChecklistPreview, ChecklistQuery, ChecklistsPage, WaiverQuery, WaiversPage};
use domain::{Failure, text};
use serde::{Deserialize, Serialize};

use super::access::{Operator, Viewer};
use super::alarms_api::{borrowed, refused};
use super::api::{Problem, answered, failed, not_understood, pairs};
use super::routes::Routes;
use super::upload;

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/attestations", attestations)
        .post("/attestations", attest)
        .post("/attestations/{id}/withdrawn", withdraw)
        .get("/attestations/{id}/file", file)
        .get("/waivers", waivers)
        .post("/waivers", ask)
        .post("/waivers/{id}/approved", approve)
        .post("/waivers/{id}/ended", end)
        .get("/checklists", checklists)
        .get("/checklists/{id}/markdown", markdown)
        .post("/checklists/{id}/confirmed", confirm)
        .post("/checklists/{id}/removed", remove)
}

/// What comes with a file, which has another limit: whole paths, because these stand beside the API's other routes.
pub(super) fn files() -> Routes {
    Routes::default()
        .post("/api/v1/attestations/file", attest_with_file)
        .post("/api/v1/checklists/preview", preview)
        .post("/api/v1/checklists/import", import)
}

/// A body, or its refusal said as every other.
type Sent<T> = Result<Json<T>, JsonRejection>;

/// Something that was kept under a number.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Numbered {
    /// The number people call it by.
    id: i64,
}

/// What people stand for in an environment, newest first; the checks that can be attested, and one of them where `check` names it.
#[utoipa::path(get, path = "/api/v1/attestations",
    params(
        ("environment" = Option<String>, Query, description = "the environment; the first one where it is left out"),
        ("check" = Option<String>, Query, description = "a check to tell about: why it matters, what counts, how it stands"),
        ("cluster" = Option<String>, Query, description = "where that is asked"),
        ("service" = Option<String>, Query, description = "where that is asked"),
        ("before" = Option<i64>, Query, description = "only what was said before the one of this number, as `older` says it"),
    ),
    responses((status = 200, body = AttestPage), (status = 400, body = Problem)))]
pub(super) async fn attestations(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let query = AttestQuery::from_pairs(borrowed(&pairs(raw.as_deref().unwrap_or_default())));
    if !query.ignored.is_empty() {
        return failed(not_understood(&query.ignored));
    }
    answered(viewer.plane.attestations(query).await)
}

/// Attests a check, with a note or a link. An operator may.
#[utoipa::path(post, path = "/api/v1/attestations", request_body = AttestationWish,
    responses((status = 201, body = Numbered), (status = 400, body = Problem), (status = 403, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn attest(operator: Operator, body: Sent<AttestationWish>) -> Response {
    match body {
        Ok(Json(wish)) => numbered(operator.operate.attest(operator.actor, wish, None).await),
        Err(rejection) => refused(&rejection),
    }
}

/// Attests a check with a file of 5,000,000 bytes at most: fields check, environment, cluster, service, value (permille) or
/// percent, note, link, expires, and the file. A summary of k6 and a JUnit file are read. An operator may.
#[utoipa::path(post, path = "/api/v1/attestations/file", request_body(content = String, content_type = "multipart/form-data"),
    responses((status = 201, body = Numbered), (status = 400, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn attest_with_file(operator: Operator, request: Request) -> Response {
    let done = async {
        let upload = upload::read(request).await;
        let query = AttestQuery::from_pairs(borrowed(&upload.typed).filter(|(name, _)| *name != "value"));
        if !query.ignored.is_empty() {
            return Err(not_understood(&query.ignored));
        }
        let wish = with_value(query.typed(), &upload.typed)?;
        let file = hold(&operator, upload).await?;
        operator.operate.attest(operator.actor, wish, Some(file)).await
    };
    numbered(done.await)
}

/// Takes an attestation back. It stays on record and counts for nothing. An operator may.
#[utoipa::path(post, path = "/api/v1/attestations/{id}/withdrawn", params(("id" = i64, Path)),
    responses((status = 204), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn withdraw(operator: Operator, Path(id): Path<String>) -> Response {
    match number("attestation", &id) {
        Ok(id) => done(operator.operate.attestation_withdraw(operator.actor, id).await),
        Err(failure) => failed(failure),
    }
}

/// The file that was handed in with an attestation, byte for byte.
#[utoipa::path(get, path = "/api/v1/attestations/{id}/file", params(("id" = i64, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = String), (status = 404, body = Problem)))]
pub(super) async fn file(viewer: Viewer, Path(id): Path<String>) -> Response {
    let found = async { viewer.plane.attestation_file(number("attestation", &id)?).await };
    match found.await {
        // never shown by the browser itself: nobody has looked at what is in it
        Ok((name, bytes)) => saved("application/octet-stream", &name, bytes),
        Err(failure) => failed(failure),
    }
}

/// Every waiver: those that wait for somebody, those that hold, those that are over; what each covers and whether it is needed.
#[utoipa::path(get, path = "/api/v1/waivers",
    params(
        ("check" = Option<String>, Query, description = "a check to tell about: why it matters, how it stands, how long it may be waived"),
        ("environment" = Option<String>, Query, description = "where that is asked"),
        ("cluster" = Option<String>, Query, description = "where that is asked"),
        ("service" = Option<String>, Query, description = "where that is asked"),
    ),
    responses((status = 200, body = WaiversPage), (status = 400, body = Problem)))]
pub(super) async fn waivers(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let query = WaiverQuery::from_pairs(borrowed(&pairs(raw.as_deref().unwrap_or_default())));
    if !query.ignored.is_empty() {
        return failed(not_understood(&query.ignored));
    }
    answered(viewer.plane.waivers(query).await)
}

/// Asks for a waiver, which somebody has to approve. `expires` is mandatory. An operator may.
#[utoipa::path(post, path = "/api/v1/waivers", request_body = WaiverWish,
    responses((status = 201, body = Numbered), (status = 400, body = Problem), (status = 403, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn ask(operator: Operator, body: Sent<WaiverWish>) -> Response {
    match body {
        Ok(Json(wish)) => numbered(operator.operate.waiver_ask(operator.actor, wish).await),
        Err(rejection) => refused(&rejection),
    }
}

/// Approves a waiver; for a critical or high check somebody else does than who asked. Send an empty JSON object. An operator may.
#[utoipa::path(post, path = "/api/v1/waivers/{id}/approved", params(("id" = i64, Path)),
    responses((status = 204), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn approve(operator: Operator, Path(id): Path<String>) -> Response {
    match number("waiver", &id) {
        Ok(id) => done(operator.operate.waiver_approve(operator.actor, id).await),
        Err(failure) => failed(failure),
    }
}

/// Why a waiver is ended.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WaiverEnd {
    /// Why; it stays on record.
    why: String,
}

/// Ends a waiver before its time. An operator may.
#[utoipa::path(post, path = "/api/v1/waivers/{id}/ended", params(("id" = i64, Path)), request_body = WaiverEnd,
    responses((status = 204), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn end(operator: Operator, Path(id): Path<String>, body: Sent<WaiverEnd>) -> Response {
    match (number("waiver", &id), body) {
        (Ok(id), Ok(Json(end))) => done(operator.operate.waiver_end(operator.actor, id, end.why).await),
        (Err(failure), _) => failed(failure),
        (_, Err(rejection)) => refused(&rejection),
    }
}

/// The checklists that count, by environment and name.
#[utoipa::path(get, path = "/api/v1/checklists", responses((status = 200, body = ChecklistsPage)))]
pub(super) async fn checklists(viewer: Viewer) -> Response {
    answered(viewer.plane.checklists().await)
}

/// A checklist as Markdown. Imported again it changes nothing.
#[utoipa::path(get, path = "/api/v1/checklists/{id}/markdown", params(("id" = i64, Path)),
    responses((status = 200, content_type = "text/markdown", body = String), (status = 404, body = Problem)))]
pub(super) async fn markdown(viewer: Viewer, Path(id): Path<String>) -> Response {
    let found = async { viewer.plane.checklist_markdown(number("checklist", &id)?).await };
    match found.await {
        Ok((name, text)) => saved("text/markdown; charset=utf-8", &format!("{name}.md"), text.into_bytes()),
        Err(failure) => failed(failure),
    }
}

/// What importing a file of Markdown would change: fields environment and name, and the file. Nothing is kept. An operator may.
#[utoipa::path(post, path = "/api/v1/checklists/preview", request_body(content = String, content_type = "multipart/form-data"),
    responses((status = 200, body = ChecklistPreview), (status = 400, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn preview(operator: Operator, request: Request) -> Response {
    let made = async {
        let (query, _) = handed_in(&operator, request).await?;
        operator.operate.checklist_preview(&operator.actor, query).await
    };
    answered(made.await)
}

/// Imports a file of Markdown: fields environment and name, and `seen` as the preview says it, where nothing else may be
/// overwritten; and the file. The same file once more changes nothing. An operator may.
#[utoipa::path(post, path = "/api/v1/checklists/import", request_body(content = String, content_type = "multipart/form-data"),
    responses((status = 200, body = ChecklistKept), (status = 400, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn import(operator: Operator, request: Request) -> Response {
    let kept = async {
        let (query, seen) = handed_in(&operator, request).await?;
        operator.operate.checklist_keep(operator.actor, query, seen).await
    };
    answered(kept.await)
}

/// Stands for a checklist's ticks anew, for 90 days. Send an empty JSON object. An operator may.
#[utoipa::path(post, path = "/api/v1/checklists/{id}/confirmed", params(("id" = i64, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn confirm(operator: Operator, Path(id): Path<String>) -> Response {
    match number("checklist", &id) {
        Ok(id) => done(operator.operate.checklist_confirm(operator.actor, id).await),
        Err(failure) => failed(failure),
    }
}

/// Takes a checklist out of the score. Send an empty JSON object. An operator may.
#[utoipa::path(post, path = "/api/v1/checklists/{id}/removed", params(("id" = i64, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn remove(operator: Operator, Path(id): Path<String>) -> Response {
    match number("checklist", &id) {
        Ok(id) => done(operator.operate.checklist_remove(operator.actor, id).await),
        Err(failure) => failed(failure),
    }
}

/// A form's wish with the field `value`: permille, as in the API's JSON, where the page's form asks for percent.
fn with_value(told: (AttestationWish, Vec<FieldProblem>), typed: &[(String, String)]) -> Result<AttestationWish, Failure> {
    let (mut wish, mut fields) = told;
    if let Some((_, value)) = typed.iter().rfind(|(name, value)| name == "value" && !value.trim().is_empty()) {
        wish.value = value.trim().parse().ok();
        if wish.value.is_none() {
            let said = format!("It must be a whole number, 0 to 1000 permille, or be left out; it is \"{}\".", text::shown(value));
            fields.push(FieldProblem::new("value", said));
        }
    }
    if fields.is_empty() { Ok(wish) } else { Err(Failure::Unfit { fields }) }
}

/// A checklist's fields and file; the file is held. The second is the state it was compared with, where the form says one.
async fn handed_in(operator: &Operator, request: Request) -> Result<(ChecklistQuery, Option<String>), Failure> {
    let upload = upload::read(request).await;
    let seen = upload.typed.iter().find(|(name, _)| name == "seen").map(|(_, seen)| seen.clone());
    let others = borrowed(&upload.typed).filter(|(name, _)| *name != "seen");
    let query = ChecklistQuery::from_pairs(others);
    if !query.ignored.is_empty() {
        return Err(not_understood(&query.ignored));
    }
    let file = hold(operator, upload).await?;
    Ok((ChecklistQuery { file, ..query }, seen))
}

async fn hold(operator: &Operator, upload: upload::Upload) -> Result<String, Failure> {
    let (name, bytes) = upload.file()?;
    operator.operate.hold(&operator.actor, name, bytes).await
}

/// A number in a path.
fn number(what: &str, id: &str) -> Result<i64, Failure> {
    id.parse().map_err(|_| Failure::NoSuch { what: format!("{what} with the number {}", text::shown(id)) })
}

fn numbered(outcome: Result<i64, Failure>) -> Response {
    outcome.map_or_else(failed, |id| (StatusCode::CREATED, Json(Numbered { id })).into_response())
}

fn done(outcome: Result<(), Failure>) -> Response {
    outcome.map_or_else(failed, |()| StatusCode::NO_CONTENT.into_response())
}

/// A file to be saved under a name, whatever characters it has (RFC 6266).
fn saved(kind: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let named = format!("attachment; filename*=UTF-8''{}", encoded(name));
    let named = HeaderValue::from_str(&named).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CONTENT_DISPOSITION, named)];
    (headers, bytes).into_response()
}
