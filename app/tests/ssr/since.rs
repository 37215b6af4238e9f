//! What an answer leaves out because it is shown already.

use std::time::Duration;

use domain::Timestamp;
use serde_json::{Value, json};

use crate::ask::{CLUSTER, function, function_at, noon, page};
use crate::fake::Scene;

fn a_sweep_later() -> Timestamp {
    noon().plus(Duration::from_secs(15))
}

/// What is answered about a page to who shows what has the digest `since`.
async fn made(clock: fn() -> Timestamp, scene: Scene, path: &str, since: &Value) -> Value {
    let asked = json!({ "path": path, "pairs": [], "since": since }).to_string();
    let answer = function_at(clock, scene, "page", &asked).await;
    serde_json::from_str::<Value>(&answer.html).expect("an answer is JSON")["body"].take()
}

#[tokio::test]
async fn a_page_that_is_shown_as_it_is_comes_without_its_html() {
    for scene in [Scene::Calm, Scene::Trouble] {
        for path in ["/", "/alarms", "/timeline", "/nats", "/sources", "/rollouts", "/readiness", &format!("{CLUSTER}/auth-nats")] {
            let first = made(noon, scene, path, &Value::Null).await;
            assert!(first["html"].as_str().is_some_and(|html| html.len() > 100), "{scene:?} {path}: {first}");
            assert_eq!(first["instants"], json!([]), "{scene:?} {path}");
            let again = made(noon, scene, path, &first["digest"]).await;
            assert_eq!(again["html"], "", "{scene:?} {path}");
            assert_eq!((&again["digest"], &again["title"]), (&first["digest"], &first["title"]), "{scene:?} {path}");
            let to_others = made(noon, scene, path, &json!(1)).await;
            assert_eq!(to_others, first, "{scene:?} {path}");
        }
    }
}

#[tokio::test]
async fn where_only_ages_moved_their_instants_come_alone() {
    for path in ["/", "/alarms"] {
        let first = made(noon, Scene::Calm, path, &Value::Null).await;
        let moved = made(a_sweep_later, Scene::Calm, path, &first["digest"]).await;
        assert_eq!(moved["html"], "", "{path}");
        let instants: Vec<i64> = serde_json::from_value(moved["instants"].clone()).expect("instants are numbers");
        assert!(!instants.is_empty(), "{path}");
        let whole = made(a_sweep_later, Scene::Calm, path, &Value::Null).await;
        let html = whole["html"].as_str().unwrap_or_default();
        assert_eq!(html.matches(" data-told=\"").count(), instants.len(), "{path}: {html}");
        for instant in instants {
            let written = format!(" datetime=\"{}\"", Timestamp::from_micros(instant));
            assert!(html.contains(&written), "{path} does not tell{written}");
        }
    }
}

#[tokio::test]
async fn what_changed_comes_whole_and_no_page_passes_for_another() {
    for path in ["/", "/alarms", &format!("{CLUSTER}/story-teller-nats")] {
        let calm = made(noon, Scene::Calm, path, &Value::Null).await;
        let trouble = made(noon, Scene::Trouble, path, &calm["digest"]).await;
        assert_eq!(trouble, made(noon, Scene::Trouble, path, &Value::Null).await, "{path}");
        assert_ne!(trouble["digest"], calm["digest"], "{path}");
    }
    let here = made(noon, Scene::Calm, "/nats", &Value::Null).await;
    let elsewhere = made(noon, Scene::Calm, "/nats/", &here["digest"]).await;
    assert_eq!(elsewhere["html"], here["html"], "another address that looks the same");
}

#[tokio::test]
async fn the_digest_comes_with_the_document_as_well() {
    let first = made(noon, Scene::Calm, "/alarms", &Value::Null).await;
    page(Scene::Calm, "/alarms").await.has(&format!("digest\\\":{}", first["digest"]));
}

/// What is answered about the list of services to who shows rows with these digests.
async fn listed(scene: Scene, since: &Value) -> Value {
    let asked = json!({ "query": { "sort": "name" }, "since": since }).to_string();
    let answer = function(scene, "services", &asked).await;
    serde_json::from_str::<Value>(&answer.html).expect("an answer is JSON")["body"].take()
}

fn rows(of: &Value) -> &[Value] {
    of["listed"]["page"]["rows"].as_array().map(Vec::as_slice).unwrap_or_default()
}

#[tokio::test]
async fn of_the_list_of_services_only_rows_that_changed_are_sent() {
    let first = listed(Scene::Calm, &json!([])).await;
    let digests = &first["listed"]["digests"];
    assert_eq!(rows(&first).len(), 23, "{first}");
    let quiet = listed(Scene::Calm, digests).await;
    assert!(rows(&quiet).is_empty(), "{quiet}");
    assert_eq!(quiet["listed"]["page"]["matching"], 23);
    assert_eq!(quiet["places"], json!((0..23).collect::<Vec<usize>>()));
    assert!(quiet.to_string().len() < 1_000, "{quiet}");

    let trouble = listed(Scene::Trouble, digests).await;
    let changed: Vec<&str> = rows(&trouble).iter().filter_map(|row| row["service"].as_str()).collect();
    assert!(changed.contains(&"story-teller-nats") && changed.len() < 10, "{changed:?}");
    assert_eq!(trouble["places"].as_array().map(Vec::len), Some(23));
    // asked as before there was anything to say
    let unsaid = function(Scene::Calm, "services", r#"{"query":{"sort":"name"}}"#).await;
    assert_eq!(unsaid.status, 200, "{}", unsaid.html);
    assert!(unsaid.html.contains("story-teller-nats"), "{}", unsaid.html);
}
