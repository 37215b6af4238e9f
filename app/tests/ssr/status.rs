//! What has no answer says so, with the status that says so too.

use crate::ask::{CLUSTER, function, page};
use crate::fake::Scene;

#[tokio::test]
async fn an_address_that_leads_nowhere_is_404() {
    let page = page(Scene::Calm, "/nothing/h%3Cer%3E").await;
    assert_eq!(page.status, 404);
    page.says("There is no such page");
    page.has("href=\"/services\"");
    page.has("aria-label=\"Pages\"");
}

#[tokio::test]
async fn a_service_never_seen_is_404() {
    let page = page(Scene::Calm, &format!("{CLUSTER}/nobody")).await;
    assert_eq!(page.status, 404);
    page.has("<title>Not found · Signalbox</title>");
    page.says("Service nobody was never seen here. It may be misspelled, in another cluster, or not swept yet.");
}

#[tokio::test]
async fn a_broken_store_is_500_and_the_frame_stands() {
    for path in ["/", "/services", "/nats", "/sources", &format!("{CLUSTER}/auth-nats")] {
        let page = page(Scene::Broken, path).await;
        assert_eq!(page.status, 500, "{path}");
        page.says("Signalbox could not read its own store (incident 7f3a).");
        page.says("Demo: this fleet is simulated");
    }
}

#[tokio::test]
async fn server_functions_answer_with_the_same_status() {
    let page = |path: &str| format!(r#"{{"path":"{path}","pairs":[]}}"#);
    let found = function(Scene::Calm, "page", &page("/")).await;
    assert_eq!(found.status, 200);
    assert!(found.html.contains("\"now\":\"2026-05-02T09:41:03Z\""), "{}", found.html);
    assert!(found.html.contains("Nothing needs you"), "{}", found.html);
    assert_eq!(function(Scene::Calm, "page", &page(&format!("{CLUSTER}/nobody"))).await.status, 404);
    assert_eq!(function(Scene::Calm, "page", &page("/nowhere")).await.status, 404);
    assert_eq!(function(Scene::Broken, "page", &page("/sources")).await.status, 500);
    // the frame stands even then, so that the page around the failure does
    assert_eq!(function(Scene::Broken, "frame", "{}").await.status, 200);
}

#[tokio::test]
async fn the_document_names_one_build() {
    let page = page(Scene::Calm, "/").await;
    page.has("<html lang=\"en\">");
    page.has("href=\"/pkg/signalbox.css?v=v1\"");
    page.has("from \"/pkg/signalbox.js?v=v1\"");
    page.has("\"/pkg/signalbox_bg.wasm?v=v1\"");
}

#[tokio::test]
async fn what_the_server_made_stands_in_the_document_once() {
    let page = page(Scene::Calm, "/sources").await;
    assert_eq!(page.html.matches("When a source could not be read").count(), 1, "{}", page.html);
}
