//! What changed of readiness, over the web side: the page, the API and the files say the same of what is on record.

use std::time::Duration;

use axum::http::StatusCode;
use domain::account::Role;
use domain::port::Clock as _;
use domain::readiness::assess::Asked;
use domain::readiness::{Answer, Card, Evidence, Found, Readiness, Subject, assess};
use domain::service::ServiceKey;

use crate::site::Site;

const CHANGES: &str = "/api/v1/readiness/changes";

/// How two services stand now, the health check of each with one of these answers.
fn judged(site: &Site, answers: [(&str, Answer); 2]) -> Readiness {
    let text = r#"{"name":"one","check":[{"id":"H1","title":"has a health check","category":"c","weight":"critical","gate":69,
        "evidence":"live","ttl_minutes":600,"work_minutes":30,"why":"w","remedy":"r"}]}"#;
    let card: Card = serde_json::from_str(text).unwrap();
    let now = site.clock.now();
    let subject =
        |name: &str| Subject::Service(ServiceKey { environment: "production".into(), cluster: "main".into(), service: name.into() });
    let evidence = answers.map(|(name, answer)| Evidence {
        check: "H1".into(),
        subject: subject(name),
        found: Found::seen(answer, "seen", now, Duration::from_secs(36_000), "ecs:production"),
    });
    let asked = answers.map(|(name, _)| Asked { subject: subject(name), tier: None });
    assess(&card, now, &asked, &evidence, &[])
}

/// A site on whose record auth was mended, quest broke, and the card then became another.
async fn recorded() -> (Site, String) {
    let site = Site::new().await;
    let viewer = site.signed_in(Role::Viewer).await;
    for (answers, card) in [
        ([("auth", Answer::FAIL), ("quest", Answer::PASS)], "ab"),
        ([("auth", Answer::PASS), ("quest", Answer::PASS)], "ab"),
        ([("auth", Answer::PASS), ("quest", Answer::FAIL)], "cd"),
    ] {
        site.store.score_record(&judged(&site, answers), card).await.unwrap();
        site.clock.pass(Duration::from_secs(3_600));
    }
    (site, viewer)
}

#[tokio::test]
async fn the_page_the_api_and_the_file_say_the_same() {
    let (site, viewer) = recorded().await;
    let told = site.get(CHANGES, Some(&viewer)).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.body);
    let told: serde_json::Value = serde_json::from_str(&told.body).unwrap();
    let rows: Vec<_> = told["changes"].as_array().unwrap().iter().map(|row| (&row["name"], &row["before"], &row["after"])).collect();
    let expected = [("quest", "pass", "fail"), ("auth", "fail", "pass")];
    assert_eq!(rows.len(), expected.len(), "{told:#}");
    for (row, (name, before, after)) in rows.iter().zip(expected) {
        assert_eq!((row.0.as_str(), row.1.as_str(), row.2.as_str()), (Some(name), Some(before), Some(after)));
    }
    let scores: Vec<_> = told["trend"]["rows"].as_array().unwrap().iter().map(|row| row["score"].as_u64()).collect();
    assert_eq!(scores, [Some(50), Some(100), Some(50)]);
    assert_eq!((&told["trend"]["rows"][2]["breaks"], &told["trend"]["svg"]), (&"card".into(), &serde_json::Value::Null));
    assert_eq!(told["began"], "2026-05-02T09:40:00Z", "nothing is known from before");

    let page = site.get("/readiness/changes", Some(&viewer)).await;
    assert_eq!(page.status, StatusCode::OK);
    for words in ["2 answers changed", "<svg class=\"plot\"", "class=\"p-break\"", "Recording began at 2026-05-02T09:40:00Z"] {
        assert!(page.body.contains(words), "no {words} in {}", page.body);
    }
    let file = site.get("/api/v1/readiness/changes.csv", Some(&viewer)).await;
    assert_eq!(file.body.lines().count(), 3, "{}", file.body);
    assert!(file.body.contains(",quest,H1,"), "{}", file.body);
    let trend = site.get("/api/v1/readiness/trend.csv", Some(&viewer)).await;
    assert_eq!(trend.body.lines().count(), 4, "{}", trend.body);
    assert!(trend.body.contains(",another score card\r\n"), "{}", trend.body);
}

#[tokio::test]
async fn since_an_instant_only_what_came_after_it_has_changed() {
    let (site, viewer) = recorded().await;
    let told = site.get(&format!("{CHANGES}?since=2026-05-02T11:00:00Z"), Some(&viewer)).await.body;
    assert!(told.contains("\"name\":\"quest\"") && !told.contains("\"name\":\"auth\""), "{told}");
    let one = site.get(&format!("{CHANGES}?environment=production&cluster=main&service=auth"), Some(&viewer)).await.body;
    assert!(one.contains("\"of\":\"auth\"") && one.contains("\"name\":\"auth\"") && !one.contains("\"name\":\"quest\""), "{one}");
    let none = site.get(&format!("{CHANGES}?since=2026-05-02T12:00:00Z"), Some(&viewer)).await.body;
    assert!(none.contains("No answer changed"), "{none}");
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_and_a_page_says_it() {
    let (site, viewer) = recorded().await;
    for (asked, said) in [
        ("check=Z9", "Not understood: check=Z9."),
        ("direction=sideways&per=0", "Not understood: direction=sideways, per=0."),
        ("since=yesterday", "Not understood: since=yesterday."),
        ("since=2030-01-01", "2030-01-01T00:00:00Z lies ahead of now."),
    ] {
        for path in [CHANGES, "/api/v1/readiness/changes.csv"] {
            let refused = site.get(&format!("{path}?{asked}"), Some(&viewer)).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{asked}: {}", refused.body);
            assert!(refused.body.contains(said), "{asked}: {}", refused.body);
        }
        let page = site.get(&format!("/readiness/changes?{asked}"), Some(&viewer)).await;
        assert_eq!(page.status, StatusCode::OK, "{asked}");
    }
}

#[tokio::test]
async fn before_anything_is_on_record_nothing_is_claimed() {
    let site = Site::new().await;
    let viewer = site.signed_in(Role::Viewer).await;
    let page = site.get("/readiness/changes?period=90d", Some(&viewer)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Nothing is on record yet") && !page.body.contains("<svg class=\"plot\""), "{}", page.body);
    assert_eq!(site.get("/readiness", Some(&viewer)).await.status, StatusCode::OK);
}
