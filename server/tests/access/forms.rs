//! What another site can make a browser send changes nothing, and what comes too late is not lost.

use axum::http::{Method, StatusCode, header};
use domain::account::Role;

use crate::matrix::WITH_FILE;
use crate::site::{FORM, ORIGIN, Site};

#[tokio::test]
async fn no_mutation_takes_a_request_that_is_not_from_our_own_page() {
    let site = Site::new().await;
    let session = site.signed_in(Role::Admin).await;
    let posts: Vec<String> =
        site.listed.iter().filter(|route| route.method == "POST").map(|route| route.path.replace("{key}", "k")).collect();
    assert!(posts.len() > 15, "{posts:?}");
    let (ours, plain) = (("origin", ORIGIN), ("content-type", "text/plain"));
    for path in &posts {
        for (headers, status) in [
            (vec![FORM], 403),
            (vec![FORM, ("origin", "https://evil.test")], 403),
            (vec![FORM, ("origin", "null")], 403),
            (vec![FORM, ours, ("sec-fetch-site", "cross-site")], 403),
            (vec![FORM, ours, ("sec-fetch-site", "same-site")], 403),
            (vec![plain, ours], 415),
            (vec![ours], 415),
        ] {
            let answer = site.ask(Method::POST, path, Some(&session), &headers, "").await;
            assert_eq!(answer.status.as_u16(), status, "{path} {headers:?}: {}", answer.body);
        }
        // files are taken where they are handed in and nowhere else, and from our own page alone
        let multipart = ("content-type", "multipart/form-data; boundary=b");
        let taken = site.ask(Method::POST, path, Some(&session), &[multipart, ours], "--b--\r\n").await;
        assert_eq!(taken.status != StatusCode::UNSUPPORTED_MEDIA_TYPE, WITH_FILE.contains(&path.as_str()), "{path}: {}", taken.body);
        let foreign = site.ask(Method::POST, path, Some(&session), &[multipart, ("origin", "https://evil.test")], "--b--\r\n").await;
        assert_eq!(foreign.status, StatusCode::FORBIDDEN, "{path}");
        let answer = site.ask(Method::PUT, path, Some(&session), &[FORM, ours], "").await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    for route in site.listed.iter().filter(|route| route.path.starts_with("/api/") && !route.path.starts_with("/api/v1/")) {
        assert_eq!(route.method, "POST", "a server function that is asked by GET is one that a link can call: {}", route.path);
    }
    assert_eq!(site.get("/", Some(&session)).await.status, 200, "none of it signed anybody out");
}

#[tokio::test]
async fn a_form_that_comes_too_late_is_carried_through_the_login_page() {
    let site = Site::new().await;
    let late = site.post("/api/acknowledge", Some("gone"), "environment=production&name=cpu&reason=load+%3Ctest%3E+%22until%22+11").await;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED);
    assert!(late.body.contains("name=\"again\" value=\"/api/acknowledge\""), "{}", late.body);
    assert!(
        late.body.contains("name=\"field.reason\" value=\"load &lt;test&gt; &quot;until&quot; 11\"")
            || late.body.contains("load <test> &quot;until&quot; 11"),
        "{}",
        late.body
    );
    assert_eq!(late.after("name=\"to\" value=\""), "/alarms/production/cpu?x=1", "where it was sent from");
    // the wrong password first: what was typed stays
    let fields = "again=/api/acknowledge&field.environment=production&field.name=cpu&field.reason=load+test&to=/alarms/production/cpu";
    let wrong = site.post("/login", None, &format!("name=ann&password=wrong&{fields}")).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.body.contains("value=\"load test\""), "{}", wrong.body);
    let right = site.post("/login", None, &format!("name=ann&password=correct+horse+battery&{fields}")).await;
    assert_eq!(right.status, StatusCode::OK);
    assert!(
        right.body.contains("action=\"/api/acknowledge\"") && right.body.contains("name=\"reason\" value=\"load test\""),
        "{}",
        right.body
    );
    let sent = site.post("/api/acknowledge", Some(&right.session()), "environment=production&name=cpu&reason=load+test").await;
    assert_eq!((sent.status, sent.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/alarms/production/cpu#acknowledge"));
}

#[tokio::test]
async fn a_late_form_with_a_secret_is_not_carried() {
    let site = Site::new().await;
    for path in ["/api/password_change", "/api/sign_out"] {
        let late = site.post(path, None, "current=CANARY-1&new=CANARY-2").await;
        assert_eq!(late.status, StatusCode::UNAUTHORIZED);
        assert!(!late.body.contains("CANARY") && !late.body.contains("name=\"again\""), "{}", late.body);
    }
}

#[tokio::test]
async fn a_script_is_told_in_its_own_words() {
    let site = Site::new().await;
    let api = site.get("/api/v1/overview", None).await;
    assert_eq!((api.status, api.header(header::WWW_AUTHENTICATE)), (StatusCode::UNAUTHORIZED, "Bearer realm=\"Signalbox\""));
    assert!(api.body.contains("\"failure\":\"unauthenticated\"") && api.body.contains("Authorization: Bearer sbx_"), "{}", api.body);
    let json = [("content-type", "application/json"), ("origin", ORIGIN)];
    let function = site.ask(Method::POST, "/api/frame", None, &json, "{}").await;
    assert_eq!((function.status.as_u16(), function.body.as_str()), (401, "{\"Failed\":{\"failure\":\"unauthenticated\"}}"));
    let page = site.get("/services?q=a%20b&state=down", None).await;
    assert_eq!((page.status.as_u16(), page.header(header::LOCATION)), (303, "/login?to=%2Fservices%3Fq%3Da%2520b%26state%3Ddown"));
    let viewer = site.signed_in(Role::Viewer).await;
    let body = "{\"environment\":\"production\",\"name\":\"cpu\",\"reason\":\"r\"}";
    let refused = site.ask(Method::POST, "/api/v1/alarms/acknowledgements", Some(&viewer), &json, body).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.body.contains("That needs the role operator; some viewer is viewer."), "{}", refused.body);
}
