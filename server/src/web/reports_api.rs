//! Reports in the JSON API: the list, making one, each as a file; and the public key, which anybody may have.
//!
//! What is handed out is what was kept when the report was made. The trap is the HTML, which carries names from outside and is
//! shown by a browser on our own origin: its answer allows the one style it brings, by the hash of its bytes, and nothing else,
//! and puts it in a sandbox of its own.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::view::{ReportFile, ReportPeriod, ReportRow, ReportsPage, ReportsQuery};
use domain::{Failure, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::access::{Operator, Shared, Viewer};
use super::alarms_api::{borrowed, refused};
use super::api::{Problem, answered, failed, not_understood, pairs};
use super::routes::Routes;

/// Where the public key is published; open to everybody, as [`super::access`] knows.
pub(super) const REPORT_KEY: &str = "/.well-known/signalbox-report-key";

pub(super) fn routes() -> Routes {
    Routes::default().get("/reports", reports).post("/reports", make).get("/reports/{id}", report).get("/reports/{id}/files/{format}", file)
}

/// The public key, as `signalbox report verify --key` takes it.
pub(super) async fn key(State(shared): State<Shared>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))], shared.report_key()).into_response()
}

/// The reports that were made, newest first; with `preview=1` what one that was made now would say on its first page.
#[utoipa::path(get, path = "/api/v1/reports",
    params(
        ("page" = Option<u32>, Query, description = "from 1"),
        ("preview" = Option<String>, Query, description = "1: what a report of the rest of the question would say"),
        ("period" = Option<String>, Query, description = "last (since the last report), 24h, 7d, 30d or between"),
        ("from" = Option<String>, Query, description = "with between: the beginning, UTC"),
        ("to" = Option<String>, Query, description = "with between: the end, UTC"),
        ("environment" = Option<String>, Query, description = "only this environment"),
        ("redact" = Option<String>, Query, description = "1: without accounts, addresses and names"),
    ),
    responses((status = 200, body = ReportsPage), (status = 400, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn reports(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let query = ReportsQuery::from_pairs(borrowed(&pairs(raw.as_deref().unwrap_or_default())));
    if !query.ignored.is_empty() {
        return failed(not_understood(&query.ignored));
    }
    answered(viewer.reports.reports(query).await)
}

/// One report: its score, and where each format is.
#[utoipa::path(get, path = "/api/v1/reports/{id}", params(("id" = String, Path)),
    responses((status = 200, body = ReportRow), (status = 404, body = Problem)))]
pub(super) async fn report(viewer: Viewer, Path(id): Path<String>) -> Response {
    answered(viewer.reports.report(id).await)
}

/// A report in a format, byte for byte as it was when it was made.
#[utoipa::path(get, path = "/api/v1/reports/{id}/files/{format}",
    params(("id" = String, Path), ("format" = String, Path, description = "json, html, pdf, markdown, csv, junit, sarif or prometheus")),
    responses((status = 200, body = String, content_type = "application/octet-stream"), (status = 404, body = Problem)))]
pub(super) async fn file(viewer: Viewer, Path((id, format)): Path<(String, String)>) -> Response {
    match viewer.reports.report_file(id, format).await {
        Ok(file) => handed_out(file),
        Err(failure) => {
            let mut answer = failed(failure);
            // a format that could not be made is not there, and why stands in the sentence
            if answer.status() == StatusCode::BAD_REQUEST {
                *answer.status_mut() = StatusCode::NOT_FOUND;
            }
            answer
        }
    }
}

/// What a file may load and run.
const NOTHING: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

/// The answer: HTML to be read, everything else to be saved.
fn handed_out(file: ReportFile) -> Response {
    let page = file.media_type.starts_with("text/html");
    let how = if page { "inline" } else { "attachment" };
    let named = HeaderValue::from_str(&format!("{how}; filename=\"{}\"", file.name));
    let policy = if page { own_style_only(&file.bytes) } else { NOTHING.to_owned() };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(file.media_type)),
        (header::CONTENT_DISPOSITION, named.unwrap_or(HeaderValue::from_static("attachment"))),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(NOTHING))),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, file.bytes).into_response()
}

/// A policy that lets a page have the style it brings and nothing else.
fn own_style_only(html: &[u8]) -> String {
    let text = String::from_utf8_lossy(html);
    let style = text.split_once("<style>").and_then(|(_, rest)| Some(rest.split_once("</style>")?.0));
    match style {
        Some(style) => format!("{NOTHING}; style-src 'sha256-{}'", STANDARD.encode(Sha256::digest(style.as_bytes()))),
        None => NOTHING.to_owned(),
    }
}

/// What a report is to be about.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ReportWished {
    /// `last` (since the last report), `24h`, `7d`, `30d` or `between`; absent: `last`.
    period: Option<String>,
    /// With `between`: the beginning.
    from: Option<Timestamp>,
    /// With `between`: the end.
    to: Option<Timestamp>,
    /// Only this environment; absent: all.
    environment: Option<String>,
    /// Without accounts, addresses and names.
    redact: bool,
}

impl ReportWished {
    fn query(self) -> Result<ReportsQuery, Failure> {
        let told = |at: Option<Timestamp>| at.map_or_else(String::new, |at| at.to_string());
        let period = match self.period.as_deref() {
            None => ReportPeriod::default(),
            Some(word) => {
                ReportPeriod::from_word(word).ok_or_else(|| not_understood(&[format!("period={}", domain::text::shown(word))]))?
            }
        };
        let environment = self.environment.unwrap_or_default();
        Ok(ReportsQuery { period, from: told(self.from), to: told(self.to), environment, redact: self.redact, ..ReportsQuery::default() })
    }
}

/// A report that was made.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct MadeReport {
    /// Its id.
    id: String,
    /// The path of it in this API.
    path: String,
}

/// Makes a report of how everything stands now, signs it and keeps it for ever. An operator may.
#[utoipa::path(post, path = "/api/v1/reports", request_body = ReportWished,
    responses((status = 201, body = MadeReport), (status = 400, body = Problem), (status = 403, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn make(operator: Operator, body: Result<Json<ReportWished>, JsonRejection>) -> Response {
    let Json(wished) = match body {
        Ok(wished) => wished,
        Err(rejection) => return refused(&rejection),
    };
    let made = async {
        let wish = wished.query()?.wish().map_err(|fields| Failure::Unfit { fields })?;
        operator.reports.make(operator.actor, wish).await
    };
    match made.await {
        Ok(id) => {
            let path = format!("/api/v1/reports/{}", domain::service::encoded(&id));
            (StatusCode::CREATED, Json(MadeReport { id, path })).into_response()
        }
        Err(failure) => failed(failure),
    }
}

#[cfg(test)]
mod tests {
    use domain::report::Reaching;

    use super::*;
    use crate::report::{Format, render, sample};

    #[test]
    fn a_page_may_have_its_own_style_and_nothing_else() {
        let html = render(Format::Html, &sample::hostile());
        let policy = own_style_only(html.as_bytes());
        assert!(policy.starts_with("default-src 'none';") && policy.contains("; sandbox; style-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("'self'"), "{policy}");
        assert_ne!(policy, own_style_only(html.replacen("color-scheme", "color-schema", 1).as_bytes()), "and no other");
        assert!(!own_style_only(b"<p>").contains("style-src"));
        let file = |media_type| ReportFile { name: "signalbox-2026-05-02-0196f0aa.html".into(), media_type, bytes: b"x".to_vec() };
        let answer = handed_out(file("text/html; charset=utf-8"));
        assert_eq!(answer.headers()[header::CONTENT_DISPOSITION], "inline; filename=\"signalbox-2026-05-02-0196f0aa.html\"");
        assert!(handed_out(file("application/pdf")).headers()[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment;"));
    }

    #[test]
    fn every_format_that_is_drawn_stands_on_the_page() {
        let file = |format: &str| domain::view::FileKept { format: format.into(), bytes: 1, missing: None };
        let made = Timestamp::from_secs(0);
        let kept = domain::view::ReportKept {
            id: "1".into(),
            made,
            requester: "nina".into(),
            environment: None,
            period: domain::report::Period { from: made, to: made },
            redacted: false,
            key: String::new(),
            brief: domain::report::Brief::default(),
            files: Format::ALL.iter().map(|format| file(format.as_str())).collect(),
        };
        let row = ReportRow::compose(&kept);
        for format in Format::ALL {
            let shown = row.files.iter().find(|file| file.format == format.as_str()).unwrap();
            assert_eq!((shown.evidence, shown.path.is_some()), (format.carries_evidence(), true), "{}", format.as_str());
        }
        assert_eq!(row.files.len(), Format::ALL.len() + 1, "and the PDF");
    }

    #[test]
    fn a_wish_in_json_is_a_wish() {
        let wish = |text: &str| {
            serde_json::from_str::<ReportWished>(text)
                .unwrap()
                .query()
                .and_then(|query| query.wish().map_err(|fields| Failure::Unfit { fields }))
        };
        assert_eq!(wish("{}").unwrap().reaching, Reaching::SinceLast);
        let between =
            wish("{\"period\":\"between\",\"from\":\"2026-05-01T00:00:00Z\",\"to\":\"2026-05-02T00:00:00Z\",\"redact\":true}").unwrap();
        assert!(matches!(between.reaching, Reaching::Between(_)) && between.redact);
        assert!(wish("{\"period\":\"decade\"}").unwrap_err().to_string().contains("period=decade"));
        assert!(matches!(wish("{\"period\":\"between\"}"), Err(Failure::Unfit { .. })));
        assert!(serde_json::from_str::<ReportWished>("{\"colour\":1}").is_err());
    }
}
