//! Every route and server function × nobody, viewer, operator, admin. The list comes from the router, so that a route nobody
//! decided about makes a difference to `matrix.txt`, which is compared whole.

use axum::http::{Method, StatusCode, header};
use domain::account::Role;

use crate::site::{ORIGIN, Site, request};

/// Every field any form has, so that what is refused is refused for who asks and not for what is missing.
const FORM: &str = "environment=production&name=some+name&reason=r&role=viewer&days=1&account=999&disabled=true&token=999&session=999&current=x&new=y\
     &plan=q&rollout=999&command=start&from=2026-05-02T22:00&until=2026-05-03T04:00&bar=999&cause=999\
     &typed=t&attestation=999&waiver=999&checklist=999&seen=none";
const JSON: &str =
    "{\"path\":\"/\",\"pairs\":[],\"typed\":\"a\",\"environment\":\"production\",\"name\":\"n\",\"reason\":\"r\",\"why\":\"r\"}";
/// What scripts ask, in JSON; the others are forms.
const ASKED_IN_JSON: &[&str] = &[
    "/api/frame",
    "/api/page",
    "/api/search",
    "/api/services",
    "/api/v1/alarms/acknowledgements",
    "/api/v1/alarms/acknowledgements/withdrawn",
    "/api/v1/attestations",
    "/api/v1/attestations/{id}/withdrawn",
    "/api/v1/checklists/{id}/confirmed",
    "/api/v1/checklists/{id}/removed",
    "/api/v1/reports",
    "/api/v1/rollouts",
    "/api/v1/rollouts/draft",
    "/api/v1/rollouts/{id}/commands",
    "/api/v1/rollouts/{id}/reviewed",
    "/api/v1/stop",
    "/api/v1/waivers",
    "/api/v1/waivers/{id}/approved",
    "/api/v1/waivers/{id}/ended",
    "/api/v1/freezes",
    "/api/v1/bars/{id}/lifted",
    "/api/v1/causes/{id}/released",
];

/// What comes with a file.
pub(crate) const WITH_FILE: [&str; 5] = [
    "/readiness/attest/file",
    "/readiness/checklists/file",
    "/api/v1/attestations/file",
    "/api/v1/checklists/preview",
    "/api/v1/checklists/import",
];

/// A path with something in the place of its parameters.
fn filled(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "something" } else { part }).collect::<Vec<_>>().join("/")
}

async fn verdict(site: &Site, method: &str, path: &str, role: Option<Role>) -> String {
    let session = match role {
        Some(role) => Some(site.signed_in(role).await),
        None => None,
    };
    let kind = match path {
        path if ASKED_IN_JSON.contains(&path) => ("application/json", JSON),
        path if WITH_FILE.contains(&path) => ("multipart/form-data; boundary=b", "--b--\r\n"),
        _ => ("application/x-www-form-urlencoded", FORM),
    };
    let headers = [("content-type", kind.0), ("origin", ORIGIN), ("sec-fetch-site", "same-origin")];
    let (method, headers, body) = if method == "POST" { (Method::POST, &headers[..], kind.1) } else { (Method::GET, &headers[..0], "") };
    // the body is not read: one of them never ends
    let answer = site.send(request(method, &filled(path), session.as_deref(), headers, body)).await;
    let to = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
    match answer.status() {
        StatusCode::SEE_OTHER if to.starts_with("/login?to=") => "login".to_owned(),
        // the login page's own answer to a wrong password
        StatusCode::UNAUTHORIZED if path == "/login" => "yes".to_owned(),
        StatusCode::UNAUTHORIZED => "401".to_owned(),
        StatusCode::FORBIDDEN => "403".to_owned(),
        _ => "yes".to_owned(),
    }
}

#[tokio::test]
async fn every_route_is_decided_for_everybody() {
    let site = Site::new().await;
    let mut found = String::from("# Written by the test that compares it: route, then nobody, viewer, operator, admin.\n");
    assert!(site.listed.len() > 50, "{:?}", site.listed);
    for route in &site.listed {
        let mut line = format!("{:<4} {:<78}", route.method, route.path);
        for role in [None, Some(Role::Viewer), Some(Role::Operator), Some(Role::Admin)] {
            line.push_str(&format!(" {:<5}", verdict(&site, &route.method, &route.path, role).await));
        }
        found.push_str(line.trim_end());
        found.push('\n');
    }
    let decided = include_str!("matrix.txt");
    assert!(found == decided, "who may do what is not what server/tests/access/matrix.txt says. If that is right, it becomes:\n{found}");
}
