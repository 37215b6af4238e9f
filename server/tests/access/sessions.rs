//! Sessions, tokens and links: how they begin, and that they end.

use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use domain::account::Role;
use domain::live::Topic;
use http_body_util::BodyExt;

use crate::site::{LASTING, ORIGIN, PASSWORD, Site, origin, request};

const MINUTE: Duration = Duration::from_secs(60);

async fn may(site: &Site, session: &str) -> bool {
    site.get("/api/v1/overview", Some(session)).await.status == StatusCode::OK
}

#[tokio::test]
async fn the_first_admin_comes_in_by_the_link_and_nobody_after() {
    let site = Site::empty().await;
    let path = site.accounts.first_link().await.unwrap().unwrap();
    assert!(site.get(&path, None).await.body.contains("first admin"));
    let weak = site.post(&path, None, "name=Ann&password=short").await;
    assert_eq!(weak.status, StatusCode::BAD_REQUEST);
    assert!(weak.body.contains("12 characters or more") && weak.body.contains("value=\"Ann\""), "{}", weak.body);
    let done = site.post(&path, None, "name=Ann&password=correct+horse+battery").await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(may(&site, &done.session()).await);
    assert_eq!(site.get(&path, None).await.status, StatusCode::NOT_FOUND, "once");
    assert_eq!(site.accounts.first_link().await.unwrap(), None);
}

#[tokio::test]
async fn a_link_ends_after_a_day() {
    let site = Site::empty().await;
    let path = site.accounts.first_link().await.unwrap().unwrap();
    site.clock.pass(Duration::from_secs(24 * 3_600));
    assert_eq!(site.get(&path, None).await.status, StatusCode::NOT_FOUND);
    assert_eq!(site.post(&path, None, "name=Ann&password=correct+horse+battery").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn signing_in_leads_on_to_a_page_of_ours() {
    let site = Site::new().await;
    let answer = site.sign_in("ANN", PASSWORD).await;
    assert_eq!((answer.status.as_u16(), answer.header(header::LOCATION)), (303, "/alarms"));
    let cookie = answer.header(header::SET_COOKIE);
    assert!(cookie.ends_with("; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax"), "{cookie}");
    for to in ["https://evil.test", "//evil.test", "/%5Cevil.test"] {
        let away = site.post("/login", None, &format!("name=ann&password=correct+horse+battery&to={to}")).await;
        assert_eq!(away.header(header::LOCATION), "/", "{to}");
    }
    let already = site.get("/login?to=/alarms", Some(&answer.session())).await;
    assert_eq!((already.status.as_u16(), already.header(header::LOCATION)), (303, "/alarms"));
}

#[tokio::test]
async fn over_https_the_cookie_is_bound_to_the_host() {
    let site = Site::with(Some(("https", "signalbox.example"))).await;
    let path = site.accounts.first_link().await.unwrap().unwrap();
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "https://signalbox.example"),
        ("x-forwarded-for", "6.6.6.6, 10.0.0.9"),
    ];
    let mut request = request(Method::POST, &path, None, &headers, "name=Ann&password=correct+horse+battery");
    request.headers_mut().insert(header::HOST, "signalbox.example".parse().unwrap());
    let answer = site.send(request).await;
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("__Host-signalbox=") && cookie.ends_with("; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    let id = site.store.account_named("ann").await.unwrap().unwrap().id;
    let sessions = site.store.session_list(id, domain::Timestamp::default(), domain::Timestamp::default()).await.unwrap();
    assert_eq!(sessions[0].address, "10.0.0.9", "the hop the proxy wrote down, and not what the sender says");
}

#[tokio::test]
async fn a_session_ends_when_idle_and_at_the_latest_after_a_week() {
    let site = Site::new().await;
    let (left, used) = (site.signed_in(Role::Viewer).await, site.signed_in(Role::Viewer).await);
    let mut passed = Duration::ZERO;
    while passed + LASTING.idle / 2 < LASTING.longest {
        assert!(may(&site, &used).await, "after {passed:?}");
        // it is noted beside the request that it was used
        let seen = async || site.store.session_find(&signalbox::accounts::digest(&used)).await.unwrap().unwrap().seen;
        let now = domain::port::Clock::now(site.clock.as_ref());
        while now.since(seen().await) >= MINUTE {
            // while another note is being written this one is passed over, and made at the next look, a second later
            site.clock.pass(Duration::from_secs(1));
            passed += Duration::from_secs(1);
            assert!(may(&site, &used).await);
        }
        site.clock.pass(LASTING.idle / 2);
        passed += LASTING.idle / 2;
    }
    assert!(!may(&site, &left).await, "nobody used it");
    assert!(may(&site, &used).await);
    site.clock.pass(LASTING.idle / 2);
    assert!(!may(&site, &used).await, "a week is a week");
}

#[tokio::test]
async fn signing_out_ends_the_session_itself() {
    let site = Site::new().await;
    let (one, other) = (site.signed_in(Role::Viewer).await, site.signed_in(Role::Viewer).await);
    let out = site.post("/api/sign_out", Some(&one), "").await;
    assert_eq!((out.status.as_u16(), out.header(header::LOCATION)), (303, "/login"));
    assert!(!may(&site, &one).await, "a copied cookie is worth nothing");
    assert!(may(&site, &other).await);
}

#[tokio::test]
async fn a_password_change_ends_every_session() {
    let site = Site::new().await;
    let (one, other) = (site.sign_in("ann", PASSWORD).await.session(), site.sign_in("ann", PASSWORD).await.session());
    let wrong = site.post("/api/password_change", Some(&one), "current=nonsense&new=another+good+password").await;
    assert_eq!(wrong.header(header::LOCATION), "/access#password");
    assert!(may(&site, &one).await, "a wrong one changes nothing");
    let done = site.post("/api/password_change", Some(&one), "current=correct+horse+battery&new=another+good+password").await;
    assert_eq!(done.header(header::LOCATION), "/login?said=password&to=%2Faccess");
    assert!(!may(&site, &one).await && !may(&site, &other).await);
    assert_eq!(site.sign_in("ann", PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(site.sign_in("ann", "another good password").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn guessing_is_slowed_down_and_nobody_is_locked_out() {
    let site = Site::new().await;
    // Ann has a session from here since she set her password, so what fails here counts for the address only
    for _ in 0..6 {
        assert_eq!(site.sign_in("ann", "a wrong password").await.status, StatusCode::UNAUTHORIZED);
    }
    for _ in 0..5 {
        assert_eq!(site.sign_in("nobody", "a wrong password").await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(site.sign_in("Nobody ", "a wrong password").await.status, StatusCode::TOO_MANY_REQUESTS, "however it is written");
    for number in 0..9 {
        site.sign_in(&format!("nobody{number}"), "a wrong password").await;
    }
    let wait = site.sign_in("ann", PASSWORD).await;
    assert_eq!((wait.status, wait.header(header::RETRY_AFTER)), (StatusCode::TOO_MANY_REQUESTS, "2"));
    assert!(wait.body.contains("Nothing was tried this time"), "{}", wait.body);
    site.clock.pass(Duration::from_secs(2));
    assert_eq!(site.sign_in("ann", PASSWORD).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_unknown_name_is_told_no_more_than_a_wrong_password() {
    let site = Site::new().await;
    let (unknown, wrong) = (site.sign_in("nobody", "a wrong password").await, site.sign_in("ann", "a wrong password").await);
    assert_eq!(unknown.status, wrong.status);
    assert_eq!(unknown.body.replace("nobody", "ann"), wrong.body);
}

#[tokio::test]
async fn a_token_is_shown_once_and_works_until_it_is_withdrawn() {
    let site = Site::new().await;
    let session = site.signed_in(Role::Operator).await;
    let made = site.post("/api/token_make", Some(&session), "name=ci&role=viewer&days=2").await;
    assert_eq!(made.header(header::LOCATION), "/access#fresh");
    let page = site.get("/access", Some(&session)).await;
    let token = format!("sbx_{}", page.after("sbx_"));
    assert_eq!(token.len(), 68, "{token}");
    assert_eq!(page.header(header::CACHE_CONTROL), "no-store");
    assert!(!site.get("/access", Some(&session)).await.body.contains(&token), "once");
    let bearer = format!("Bearer {token}");
    let ask = async |method, path: &str, body: &str| {
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        site.ask(method, path, None, &headers, body).await.status.as_u16()
    };
    let alarm = "{\"environment\":\"production\",\"name\":\"cpu\",\"reason\":\"r\"}";
    assert_eq!(ask(Method::GET, "/metrics", "").await, 200);
    assert_eq!(ask(Method::POST, "/api/v1/alarms/acknowledgements", alarm).await, 403, "its role, not its maker's");
    site.clock.pass(Duration::from_secs(2 * 86_400));
    assert_eq!(ask(Method::GET, "/metrics", "").await, 401, "it ends");
    let wrong = site.ask(Method::GET, "/metrics", Some(&session), &[("authorization", "Bearer sbx_nonsense")], "").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED, "a token that is none is not made good by a cookie");
}

#[tokio::test]
async fn a_token_does_not_own_its_account() {
    let site = Site::new().await;
    let session = site.signed_in(Role::Admin).await;
    site.post("/api/token_make", Some(&session), "name=ci&role=admin&days=2").await;
    let token = format!("Bearer sbx_{}", site.get("/access", Some(&session)).await.after("sbx_"));
    let headers = [("authorization", token.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    for (path, body) in
        [("/api/token_make", "name=more&role=admin&days=300"), ("/api/account_add", "name=Eve&role=admin"), ("/api/sign_out", "")]
    {
        let answer = site.ask(Method::POST, path, None, &headers, body).await;
        assert!(answer.header(header::SET_COOKIE).contains("An%20API%20token%20cannot%20do%20that"), "{path}: {:?}", answer.headers);
    }
    assert!(site.store.account_named("eve").await.unwrap().is_none());
}

#[tokio::test]
async fn an_admin_adds_and_disables_and_it_counts_at_once() {
    let site = Site::new().await;
    let admin = site.signed_in(Role::Admin).await;
    site.post("/api/account_add", Some(&admin), "name=Ben&role=operator").await;
    let link = format!("/welcome/{}", site.get("/access", Some(&admin)).await.after("/welcome/"));
    let ben = site.post(&link, None, "password=another+good+password").await.session();
    assert!(may(&site, &ben).await);
    let id = site.store.account_named("ben").await.unwrap().unwrap().id;
    site.post("/api/account_disable", Some(&admin), &format!("account={id}&disabled=true")).await;
    assert!(!may(&site, &ben).await, "no clock was moved in between");
    assert_eq!(site.sign_in("ben", "another good password").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_changed_beside_the_server_counts_within_a_second() {
    let site = Site::new().await;
    let session = site.signed_in(Role::Viewer).await;
    assert!(may(&site, &session).await);
    let id = site.store.account_named("some viewer").await.unwrap().unwrap().id;
    site.store.account_disable(id, true, &signalbox::store::Signed::ourselves(domain::port::Clock::now(&*site.clock))).await.unwrap();
    site.clock.pass(Duration::from_secs(1));
    assert!(!may(&site, &session).await);
}

#[tokio::test]
async fn an_open_stream_ends_with_its_session() {
    let site = Site::new().await;
    let (session, other) = (site.signed_in(Role::Viewer).await, site.signed_in(Role::Operator).await);
    let mut streams = Vec::new();
    for secret in [&session, &other] {
        let mut body = site.send(request(Method::GET, "/live", Some(secret), &[], "")).await.into_body();
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(first.starts_with(b"event: hello"));
        streams.push(body);
    }
    site.post("/api/sign_out", Some(&session), "").await;
    let last = streams[0].frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(last.starts_with(b"event: bye"), "{last:?}");
    assert!(streams[0].frame().await.is_none());
    site.live.changed(&[Topic::Services].into(), 7);
    let hint = streams[1].frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(hint.starts_with(b"event: hint"), "somebody else's goes on: {hint:?}");
}

#[tokio::test]
async fn the_kept_overview_is_nobody_elses() {
    let site = Site::new().await;
    let (viewer, admin) = (site.signed_in(Role::Viewer).await, site.signed_in(Role::Admin).await);
    // the clock stands still, so the second look at each is answered from what was kept
    for _ in 0..2 {
        for (session, name, other) in [(&viewer, "some viewer", "some admin"), (&admin, "some admin", "some viewer")] {
            let page = site.get("/", Some(session)).await;
            assert_eq!(page.status, StatusCode::OK);
            assert!(page.body.contains(name) && !page.body.contains(other), "{}", page.body);
        }
    }
    assert_eq!(site.get("/", None).await.status, StatusCode::SEE_OTHER, "and nobody gets it without being somebody");
}

#[tokio::test]
async fn the_demos_door_is_shut_where_nobody_opened_it() {
    let site = Site::new().await;
    assert_eq!(site.get("/enter/anything", None).await.status, StatusCode::NOT_FOUND);
    let keys = site.accounts.open_door("demo", Role::Admin).await.unwrap();
    for _ in 0..2 {
        let inside = site.get(&keys.path, None).await;
        assert_eq!((inside.status.as_u16(), inside.header(header::LOCATION)), (303, "/"), "as often as one likes");
        assert!(may(&site, &inside.session()).await);
    }
    let bearer = format!("Bearer {}", keys.token);
    assert_eq!(site.ask(Method::GET, "/api/v1/overview", None, &[("authorization", &bearer), ("origin", ORIGIN)], "").await.status, 200);
    assert!(site.accounts.through_door("another", &origin()).await.is_err());
}
