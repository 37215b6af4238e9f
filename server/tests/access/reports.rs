//! Reports over the web side: made by whoever may, handed out as they were kept, checked with the key anybody can have.

use axum::http::{Method, StatusCode, header};
use domain::account::Role;
use signalbox::report::{PublicKey, verify};

use crate::site::{ORIGIN, Site};

const JSON: [(&str, &str); 2] = [("content-type", "application/json"), ("origin", ORIGIN)];

/// Makes a report; answers its path in the API.
async fn made(site: &Site, session: &str, body: &str) -> String {
    let answer = site.ask(Method::POST, "/api/v1/reports", Some(session), &JSON, body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    answer.after("\"path\":\"")
}

#[tokio::test]
async fn the_key_is_anybodys() {
    let site = Site::new().await;
    let answer = site.get("/.well-known/signalbox-report-key", None).await;
    assert_eq!((answer.status, answer.header(header::CONTENT_TYPE)), (StatusCode::OK, "text/plain; charset=utf-8"));
    assert!(answer.body.starts_with("signalbox-report-key ed25519 "), "{}", answer.body);
    assert_eq!(PublicKey::parse(&answer.body).unwrap().to_string(), site.reporting.public_key());
}

#[tokio::test]
async fn a_report_is_made_kept_and_handed_out_byte_for_byte() {
    let site = Site::new().await;
    let operator = site.signed_in(Role::Operator).await;
    let viewer = site.signed_in(Role::Viewer).await;
    let path = made(&site, &operator, "{\"period\":\"7d\"}").await;
    let row = site.get(&path, Some(&viewer)).await;
    assert!(row.body.contains("\"requester\":\"some operator\"") && row.body.contains("\"about\":\"the fleet\""), "{}", row.body);
    let key = PublicKey::parse(&site.reporting.public_key()).unwrap();
    for (format, kind, how) in [
        ("json", "application/json", "attachment"),
        ("html", "text/html; charset=utf-8", "inline"),
        ("markdown", "text/markdown; charset=utf-8", "attachment"),
        ("junit", "application/xml", "attachment"),
        ("sarif", "application/sarif+json", "attachment"),
    ] {
        let file = format!("{path}/files/{format}");
        let answer = site.get(&file, Some(&viewer)).await;
        assert_eq!((answer.status, answer.header(header::CONTENT_TYPE)), (StatusCode::OK, kind), "{format}");
        let named = answer.header(header::CONTENT_DISPOSITION);
        assert!(named.starts_with(&format!("{how}; filename=\"signalbox-2026-05-02-")), "{named}");
        let policy = answer.header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.contains("default-src 'none'") && policy.contains("sandbox") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(policy.contains("style-src 'sha256-"), format == "html", "{policy}");
        let verdict = verify(answer.body.as_bytes(), &key).unwrap();
        assert!(verdict.holds(), "{format}: {}", verdict.said());
        assert_eq!(site.get(&file, Some(&viewer)).await.body, answer.body, "the same id is the same bytes");
    }
    let none = site.get(&format!("{path}/files/pdf"), Some(&viewer)).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    assert!(none.body.contains("The PDF is being printed"), "{}", none.body);
    let other = site.get(&format!("{path}/files/word"), Some(&viewer)).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    assert!(other.body.contains("among those of a report (json, html, "), "{}", other.body);
    assert_eq!(site.get("/api/v1/reports/nothing", Some(&viewer)).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_an_operator_makes_one_and_what_nobody_can_mean_is_refused() {
    let site = Site::new().await;
    let viewer = site.signed_in(Role::Viewer).await;
    let refused = site.ask(Method::POST, "/api/v1/reports", Some(&viewer), &JSON, "{}").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let operator = site.signed_in(Role::Operator).await;
    for (body, status, said) in [
        ("{\"period\":\"decade\"}", 400, "period=decade"),
        ("{\"environment\":\"nowhere\"}", 400, "There is no environment"),
        ("{\"period\":\"between\"}", 422, "Say it in UTC"),
        ("{\"period\":\"between\",\"from\":\"2026-05-01T00:00:00Z\",\"to\":\"2030-05-01T00:00:00Z\"}", 422, "lies ahead"),
    ] {
        let answer = site.ask(Method::POST, "/api/v1/reports", Some(&operator), &JSON, body).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.body);
        assert!(answer.body.contains(said), "{body}: {}", answer.body);
    }
    let list = site.get("/api/v1/reports", Some(&viewer)).await;
    assert!(list.body.contains("\"reports\":[]"), "nothing was kept: {}", list.body);
}

#[tokio::test]
async fn a_form_makes_one_and_its_page_shows_it() {
    let site = Site::new().await;
    let operator = site.signed_in(Role::Operator).await;
    let sent = site.post("/api/report_make", Some(&operator), "period=last&environment=&redact=1").await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    assert!(sent.header(header::LOCATION).starts_with("/reports#report-"), "{}", sent.header(header::LOCATION));
    let page = site.get("/reports", Some(&operator)).await;
    assert!(page.body.contains("without names") && page.body.contains("/files/html"), "{}", page.body);
    let refused = site.post("/api/report_make", Some(&operator), "period=7d&environment=nowhere").await;
    assert_eq!(refused.header(header::LOCATION), "/reports?period=7d&environment=nowhere#refused");
    assert!(refused.header(header::SET_COOKIE).contains("; Path=/reports;"), "{}", refused.header(header::SET_COOKIE));
    let preview = site.get("/reports?preview=1&period=24h", Some(&operator)).await;
    assert!(preview.body.contains("id=\"preview\"") && preview.body.contains("Readiness of"), "{}", preview.body);
}
