//! What people say, over the web side: attested, waived, imported; and that what is refused keeps nothing.

use axum::http::{Method, StatusCode, header};
use domain::account::Role;
use signalbox::store::Chain;

use crate::site::{Answer, ORIGIN, PASSWORD, Site};

const JSON: [(&str, &str); 2] = [("content-type", "application/json"), ("origin", ORIGIN)];
const END: &str = "2026-06-01T00:00:00Z";

/// A form with a file, as a browser sends it.
fn form(fields: &[(&str, &str)], file: Option<(&str, &str)>) -> String {
    let mut out = String::new();
    for (name, value) in fields {
        out.push_str(&format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    if let Some((name, text)) = file {
        out.push_str(&format!("--b\r\nContent-Disposition: form-data; name=\"upload\"; filename=\"{name}\"\r\n\r\n{text}\r\n"));
    }
    out + "--b--\r\n"
}

async fn sent(site: &Site, path: &str, session: Option<&str>, fields: &[(&str, &str)], file: Option<(&str, &str)>) -> Answer {
    let headers = [("content-type", "multipart/form-data; boundary=b"), ("origin", ORIGIN), ("accept", "text/html,*/*")];
    site.ask(Method::POST, path, session, &headers, &form(fields, file)).await
}

async fn told(site: &Site, path: &str, session: &str, body: &str) -> Answer {
    site.ask(Method::POST, path, Some(session), &JSON, body).await
}

/// How many acts are on record.
async fn acts(site: &Site) -> u64 {
    match site.store.audit_verify().await.unwrap() {
        Chain::Whole { rows, .. } => rows,
        broken @ Chain::Broken { .. } => panic!("{broken:?}"),
    }
}

fn k6(rate: u32) -> String {
    format!(
        "{{\"root_group\":{{}},\"metrics\":{{\"http_reqs\":{{\"count\":1,\"rate\":{rate}}},\"http_req_duration\":{{\"p(95)\":180}},\"http_req_failed\":{{\"value\":0}}}}}}"
    )
}

#[tokio::test]
async fn a_check_is_attested_listed_and_taken_back() {
    let site = Site::new().await;
    let operator = site.signed_in(Role::Operator).await;
    let wish = format!(
        "{{\"check\":\"recovery-drill\",\"environment\":\"production\",\"value\":1000,\"note\":\"restored\",\"expires\":\"{END}\"}}"
    );
    let made = told(&site, "/api/v1/attestations", &operator, &wish).await;
    assert_eq!((made.status, made.body.as_str()), (StatusCode::CREATED, "{\"id\":1}"));
    let again = told(&site, "/api/v1/attestations", &operator, &wish).await;
    assert_eq!(again.body, "{\"id\":1}", "a double click says it once");
    let before = acts(&site).await;
    let viewer = site.signed_in(Role::Viewer).await;
    let list = site.get("/api/v1/attestations", Some(&viewer)).await;
    assert!(list.body.contains("\"by\":\"some operator\"") && list.body.contains("\"state\":\"counts\""), "{}", list.body);
    assert_eq!(told(&site, "/api/v1/attestations/1/withdrawn", &operator, "{}").await.status, StatusCode::NO_CONTENT);
    assert_eq!(told(&site, "/api/v1/attestations/1/withdrawn", &operator, "{}").await.status, StatusCode::BAD_REQUEST);
    assert!(site.get("/api/v1/attestations", Some(&viewer)).await.body.contains("\"state\":\"withdrawn\""));
    assert!(acts(&site).await > before);
}

#[tokio::test]
async fn a_word_with_nothing_behind_it_is_refused_field_by_field() {
    let site = Site::new().await;
    let operator = site.signed_in(Role::Operator).await;
    let before = acts(&site).await;
    for (more, field, said) in [
        ("\"check\":\"recovery-drill\",\"environment\":\"production\",\"value\":1000", "note", "proves nothing"),
        ("\"check\":\"H1\",\"environment\":\"production\",\"note\":\"n\"", "check", "computed from what is seen"),
        ("\"check\":\"nothing\",\"environment\":\"production\",\"note\":\"n\"", "check", "is no check of the score card"),
        ("\"check\":\"recovery-drill\",\"environment\":\"elsewhere\",\"note\":\"n\"", "environment", "is no environment here"),
        ("\"check\":\"runbook\",\"environment\":\"production\",\"service\":\"nobody\",\"note\":\"n\"", "service", "was never seen there"),
        ("\"check\":\"recovery-drill\",\"environment\":\"production\",\"value\":1001,\"note\":\"n\"", "value", "more than all of it"),
        (
            "\"check\":\"recovery-drill\",\"environment\":\"production\",\"note\":\"n\",\"link\":\"javascript:1\"",
            "link",
            "begins with https",
        ),
    ] {
        let refused = told(&site, "/api/v1/attestations", &operator, &format!("{{{more},\"expires\":\"{END}\"}}")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{more}: {}", refused.body);
        assert!(refused.body.contains(&format!("\"field\":\"{field}\"")) && refused.body.contains(said), "{more}: {}", refused.body);
    }
    let endless = "{\"check\":\"recovery-drill\",\"environment\":\"production\",\"value\":1,\"note\":\"n\",\"expires\":null}";
    assert!(told(&site, "/api/v1/attestations", &operator, endless).await.body.contains("nobody's word counts for ever"));
    assert_eq!(acts(&site).await, before, "nothing of it was kept");
}

#[tokio::test]
async fn a_file_is_read_against_the_card_and_another_version_is_refused() {
    let site = Site::new().await;
    let operator = site.signed_in(Role::Operator).await;
    let fields = [("check", "load-test"), ("environment", "production"), ("expires", "2026-06-01T00:00")];
    let path = "/api/v1/attestations/file";
    let before = acts(&site).await;
    for (text, said) in [
        ("{\"version\":\"9.0\",\"results\":{\"metrics\":[{\"name\":\"http_reqs\"}]},\"metrics\":{}}", "its version is"),
        ("{\"metrics\":{\"http_reqs\":{\"count\":1}}}", "no rate"),
        ("<testsuite", "JUnit"),
    ] {
        let refused = sent(&site, path, Some(&operator), &fields, Some(("summary.json", text))).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{text}: {}", refused.body);
        assert!(refused.body.contains("\"field\":\"file\"") && refused.body.contains("Nothing was kept"), "{said}: {}", refused.body);
    }
    let better = [("check", "load-test"), ("environment", "production"), ("expires", "2026-06-01T00:00"), ("value", "1000")];
    let refused = sent(&site, path, Some(&operator), &better, Some(("summary.json", &k6(9_800)))).await;
    assert!(refused.body.contains("may be judged worse than that, not better"), "{}", refused.body);
    let percent = [("check", "load-test"), ("environment", "production"), ("expires", "2026-06-01T00:00"), ("value", "97.5")];
    let refused = sent(&site, path, Some(&operator), &percent, Some(("summary.json", &k6(9_800)))).await;
    assert!(refused.body.contains("\"field\":\"value\"") && refused.body.contains("0 to 1000 permille"), "{}", refused.body);
    assert_eq!(acts(&site).await, before);
    let kept = sent(&site, path, Some(&operator), &fields, Some(("summary.json", &k6(9_800)))).await;
    assert_eq!(kept.status, StatusCode::CREATED, "{}", kept.body);
    let list = site.get("/api/v1/attestations", Some(&operator)).await;
    assert!(list.body.contains("k6: 9800 requests a second") && list.body.contains("\"name\":\"summary.json\""), "{}", list.body);
    let file = site.get("/api/v1/attestations/1/file", Some(&operator)).await;
    assert_eq!((file.body.as_str(), file.header(header::CONTENT_TYPE)), (k6(9_800).as_str(), "application/octet-stream"));
}

#[tokio::test]
async fn the_page_shows_what_a_file_says_and_loses_nothing_typed() {
    let site = Site::new().await;
    let operator = site.signed_in(Role::Operator).await;
    let fields = [("check", "load-test"), ("environment", "production"), ("note", "from inside & out"), ("expires", "2026-06-01T00:00")];
    let form = "/readiness/attest/file";
    let read = sent(&site, form, Some(&operator), &fields, Some(("summary.json", &k6(12_000)))).await;
    assert_eq!(read.status, StatusCode::SEE_OTHER, "{}", read.body);
    let to = read.header(header::LOCATION).to_owned();
    assert!(to.starts_with("/readiness/attest?check=load-test&environment=production&note=from%20inside%20%26%20out"), "{to}");
    let page = site.get(to.split('#').next().unwrap(), Some(&operator)).await;
    assert!(
        page.body.contains("k6: 12000 requests a second")
            && page.body.contains("summary.json")
            && page.body.contains("from inside &amp; out"),
        "{}",
        page.body
    );
    assert!(site.get("/api/v1/attestations", Some(&operator)).await.body.contains("\"rows\":[]"), "nothing is kept yet");
    // another person's file is nobody else's
    let ann = site.sign_in("ann", PASSWORD).await.session();
    assert!(site.get(to.split('#').next().unwrap(), Some(&ann)).await.body.contains("The file is not here any more"));
    // too large, none at all, and after the session has ended
    let large = "x".repeat(5_000_001);
    let refused = sent(&site, form, Some(&operator), &fields, Some(("summary.json", &large))).await;
    let cookie = refused.header(header::SET_COOKIE);
    assert!(cookie.contains("signalbox-refused=The%20file%20has%205%2C000%2C001%20bytes"), "{cookie}");
    assert!(refused.header(header::LOCATION).contains("note=from%20inside"), "{}", refused.header(header::LOCATION));
    assert!(sent(&site, form, Some(&operator), &fields, None).await.header(header::SET_COOKIE).contains("No%20file%20was%20chosen"));
    let late = sent(&site, form, Some("gone"), &fields, Some(("summary.json", "{}"))).await;
    let to = late.header(header::LOCATION);
    assert!(to.starts_with("/login?to=%2Freadiness%2Fattest%3Fcheck%3Dload-test") && to.contains("from%2520inside"), "{to}");
}

#[tokio::test]
async fn a_waiver_has_an_end_and_another_person_s_approval() {
    let site = Site::new().await;
    let operator = site.signed_in(Role::Operator).await;
    let ann = site.sign_in("ann", PASSWORD).await.session();
    let before = acts(&site).await;
    let wish = |expires: &str| {
        format!(
            "{{\"check\":\"load-test\",\"environment\":\"production\",\"reason\":\"no time\",\"compensating\":\"nothing\",\"expires\":{expires}}}"
        )
    };
    for (expires, said) in [
        ("null", "without an end is refused"),
        ("\"2026-05-01T00:00:00Z\"", "past already"),
        ("\"2027-05-01T00:00:00Z\"", "90 days at most"),
    ] {
        let refused = told(&site, "/api/v1/waivers", &operator, &wish(expires)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
        assert!(refused.body.contains("\"field\":\"expires\"") && refused.body.contains(said), "{}", refused.body);
    }
    assert_eq!(acts(&site).await, before);
    let asked = told(&site, "/api/v1/waivers", &operator, &wish(&format!("\"{END}\""))).await;
    assert_eq!((asked.status, asked.body.as_str()), (StatusCode::CREATED, "{\"id\":1}"));
    let twice = told(&site, "/api/v1/waivers", &operator, &wish(&format!("\"{END}\""))).await;
    assert!(twice.body.contains("Waiver 1 asks for the same"), "{}", twice.body);
    let own = told(&site, "/api/v1/waivers/1/approved", &operator, "{}").await;
    assert_eq!(own.status, StatusCode::BAD_REQUEST);
    assert!(own.body.contains("approved by somebody else than who asked for it"), "{}", own.body);
    let page = site.get("/readiness/waivers", Some(&operator)).await;
    assert!(page.body.contains("You asked for it") && !page.body.contains("action=\"/api/waiver_approve\""), "{}", page.body);
    assert_eq!(told(&site, "/api/v1/waivers/1/approved", &ann, "{}").await.status, StatusCode::NO_CONTENT);
    let list = site.get("/api/v1/waivers", Some(&operator)).await;
    assert!(list.body.contains("\"standing\":\"holds\"") && list.body.contains("\"approver\":\"Ann\""), "{}", list.body);
    assert_eq!(told(&site, "/api/v1/waivers/1/ended", &operator, "{\"why\":\" \"}").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(told(&site, "/api/v1/waivers/1/ended", &operator, "{\"why\":\"tested\"}").await.status, StatusCode::NO_CONTENT);
    assert_eq!(told(&site, "/api/v1/waivers/9/approved", &ann, "{}").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_checklist_that_is_none_is_refused_and_keeps_nothing() {
    let site = Site::new().await;
    let operator = site.signed_in(Role::Operator).await;
    let fields = [("environment", "production"), ("name", "Launch")];
    let before = acts(&site).await;
    for (text, said) in [
        ("- [ ] restore a backup\n".repeat(250_000), "5,000,000 are the most"),
        (format!("- [ ] a\n{}", "x".repeat(5_000_000 - 8)), "smaller than 5 MB"),
        ("- [ ] a\u{0}b\n".to_owned(), "binary"),
        ("- [ ] restore a backup\n".repeat(10_000), "10,000 items"),
        ("# Nothing to tick\n".to_owned(), "no item with a box"),
    ] {
        for path in ["/api/v1/checklists/preview", "/api/v1/checklists/import"] {
            let refused = sent(&site, path, Some(&operator), &fields, Some(("list.md", &text))).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{said}: {}", refused.body);
            assert!(refused.body.contains(said) && refused.body.contains("Nothing was kept"), "{said}: {}", refused.body);
        }
    }
    let nowhere = sent(&site, "/api/v1/checklists/import", Some(&operator), &[("environment", "x")], Some(("l.md", "- [ ] a\n"))).await;
    assert_eq!(nowhere.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", nowhere.body);
    assert_eq!(acts(&site).await, before);
    assert!(site.get("/api/v1/checklists", Some(&operator)).await.body.contains("\"rows\":[]"));
}

#[tokio::test]
async fn a_checklist_is_looked_at_kept_and_written_back() {
    let site = Site::new().await;
    let operator = site.signed_in(Role::Operator).await;
    let list = "# Launch\n\n## Recovery (critical)\n\n- [x] restore a backup\n- [ ] <script>alert(1)</script> <b>fail over</b>\n";
    let form =
        sent(&site, "/readiness/checklists/file", Some(&operator), &[("environment", "production")], Some(("Launch.md", list))).await;
    let to = form.header(header::LOCATION).to_owned();
    assert!(to.starts_with("/readiness/checklists?environment=production&name=Launch&file="), "{to}");
    let page = site.get(to.split('#').next().unwrap(), Some(&operator)).await;
    assert!(page.body.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !page.body.contains("<script>alert"), "{}", page.body);
    assert!(page.body.contains("name=\"seen\" value=\"none\""), "{}", page.body);
    let fields = [("environment", "production"), ("name", "Launch"), ("seen", "none")];
    let import = "/api/v1/checklists/import";
    let kept = sent(&site, import, Some(&operator), &fields, Some(("Launch.md", list))).await;
    assert_eq!((kept.status, kept.body.as_str()), (StatusCode::OK, "{\"id\":1,\"same\":false}"));
    let stale = sent(&site, import, Some(&operator), &fields, Some(("Launch.md", "- [ ] other\n"))).await;
    assert!(stale.body.contains("some operator imported it since this preview was made"), "{}", stale.body);
    let back = site.get("/api/v1/checklists/1/markdown", Some(&operator)).await;
    assert_eq!(back.header(header::CONTENT_DISPOSITION), "attachment; filename*=UTF-8''Launch.md");
    let before = acts(&site).await;
    let again = sent(&site, import, Some(&operator), &fields[..2], Some(("Launch.md", &back.body))).await;
    assert_eq!((again.body.as_str(), acts(&site).await), ("{\"id\":1,\"same\":true}", before), "what comes back changes nothing");
    assert_eq!(told(&site, "/api/v1/checklists/1/confirmed", &operator, "{}").await.status, StatusCode::NO_CONTENT);
    assert_eq!(told(&site, "/api/v1/checklists/1/removed", &operator, "{}").await.status, StatusCode::NO_CONTENT);
    assert_eq!(told(&site, "/api/v1/checklists/1/removed", &operator, "{}").await.status, StatusCode::NOT_FOUND);
    assert_eq!(site.get("/api/v1/checklists/1/markdown", Some(&operator)).await.status, StatusCode::NOT_FOUND);
}
