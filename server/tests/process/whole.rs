//! The whole way: yard → SDK and NATS → store → API and `/live`, with the real binary.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::*;
use serde_json::{Value, json};

struct Fleet {
    _yard: Running,
    control: String,
    directory: tempfile::TempDir,
    config: std::path::PathBuf,
}

fn fleet(args: &[&str]) -> Fleet {
    let directory = tempfile::tempdir().unwrap();
    let (yard, endpoints) = yard(args);
    let mark = "[[environment.do_not_touch]]\nservice = \"language-system-nats\"\nreason = \"it thrashes\"\n";
    let nats = if endpoints["nats"].as_array().is_some_and(|nodes| !nodes.is_empty()) {
        nats_for(&endpoints, directory.path())
    } else {
        String::new()
    };
    let config = config_for(&endpoints, directory.path(), &format!("{mark}{nats}"));
    Fleet { _yard: yard, control: endpoints["control"].as_str().unwrap().to_owned(), directory, config }
}

async fn overview(url: &str) -> Value {
    get(&format!("{url}/api/v1/overview")).await
}

fn sources_fresh(overview: &Value) -> bool {
    ["services", "alarms", "nodes"].iter().all(|count| overview[count]["stale"].is_null())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_users_fleet_is_seen_and_its_stops_are_kept() {
    let fleet = fleet(&[]);
    let (server, url) = serve(&fleet.config);
    // a sweep may meet the yard's JetStream before its nodes have elected a leader, which is then rightly told
    let calm = |seen: &Value| sources_fresh(seen) && seen["connections"]["value"] == 44 && seen["needs"] == json!([]);
    let seen = until("a calm fleet", || overview(&url), calm).await;
    assert_eq!((&seen["services"]["value"], &seen["services"]["of"], &seen["off_on_purpose"]), (&json!(22), &json!(22), &json!(1)));
    assert_eq!((&seen["tasks"]["value"], &seen["alarms"]["of"], &seen["nodes"]["value"]), (&json!(44), &json!(66), &json!(5)));

    // a page without JavaScript says the same
    let (status, page) = ask("GET", &url, &[("accept", "text/html")], "").await;
    assert_eq!(status, 200);
    for fact in ["Nothing needs you", "off on purpose", "language-system-nats"] {
        assert!(page.contains(fact), "the page lacks {fact}");
    }

    let stop = json!({ "service": "auth-nats", "exit_code": 137, "reason": "OutOfMemoryError: Container killed due to memory usage" });
    post(&format!("{}/tasks/stop", fleet.control), stop).await;
    let page = format!("{url}/api/v1/services/production/gaming-system-cluster/auth-nats");
    until("the stop", || get(&page), |page| page["stopped"][0]["exit_code"] == 137).await;
    post(&format!("{}/tasks/forget-stopped", fleet.control), json!({})).await;
    until("a sweep after ECS forgot", || overview(&url), |now| now["revision"].as_u64() > seen["revision"].as_u64().map(|seen| seen + 6))
        .await;
    let kept = get(&page).await;
    assert_eq!(kept["stopped"][0]["container_reason"], "OutOfMemoryError: Container killed due to memory usage");

    // killed without warning, nothing that was committed is lost
    drop(server); // SIGKILL
    let (_server, url) = serve(&fleet.config);
    let page = format!("{url}/api/v1/services/production/gaming-system-cluster/auth-nats");
    assert_eq!(get(&page).await["stopped"][0]["exit_code"], 137);
    assert!(fleet.directory.path().join("signalbox.db").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_denied_api_is_named_and_the_rest_goes_on() {
    let fleet = fleet(&["--nats-nodes", "0"]);
    let (_server, url) = serve(&fleet.config);
    until("a first sweep", || overview(&url), |seen| seen["services"]["value"] == 22).await;
    post(&format!("{}/faults", fleet.control), json!({ "kind": "access_denied", "operation": "ecs:ListTasks" })).await;
    let seen = until("the shortfall", || overview(&url), |seen| seen["needs"][0]["text"] == "is read only in part").await;
    assert!(seen["needs"][0]["detail"].as_str().is_some_and(|detail| detail.contains("The role lacks ecs:ListTasks")), "{seen:#}");
    assert_eq!(seen["services"]["value"], 22, "services are still judged by what answers");
    let (code, stdout, _) = run(&mut signalbox(&["verify", "--only", "ecs", "--config", fleet.config.to_str().unwrap()]));
    assert_eq!(code, 2, "{stdout}");
    assert!(stdout.contains("22 of 22 services up") && stdout.contains("The role lacks ecs:ListTasks"), "{stdout}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_account_reads_nothing() {
    let fleet = fleet(&["--nats-nodes", "0"]);
    let text = std::fs::read_to_string(&fleet.config).unwrap().replace("region = ", "account_id = \"999999999999\"\nregion = ");
    std::fs::write(&fleet.config, text).unwrap();
    let (_server, url) = serve(&fleet.config);
    let sources = format!("{url}/api/v1/sources");
    let seen = until("the refusal", || get(&sources), |seen| seen["rows"][0]["outcome"]["fault"]["kind"] == "wrong_account").await;
    assert!(seen["rows"][0]["summary"].as_str().is_some_and(|summary| summary.contains("111122223333")), "{seen:#}");
    assert_eq!(overview(&url).await["services"]["of"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn live_pages_are_told_and_do_not_hold_up_a_stop() {
    let fleet = fleet(&["--nats-nodes", "0"]);
    let (mut server, url) = serve(&fleet.config);
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(stream, "GET /live HTTP/1.1\r\nHost: {address}\r\nAuthorization: {}\r\n\r\n", bearer(&url).unwrap()).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(|line| line.unwrap());
    assert!(lines.by_ref().any(|line| line == "event: hello"));
    assert!(lines.by_ref().any(|line| line == "event: hint"), "a sweep moves the ages");
    server.terminate();
    assert!(lines.by_ref().any(|line| line == "event: bye"), "the stream says that it ends");
    let status = tokio::time::timeout(Duration::from_secs(5), tokio::task::spawn_blocking(move || server.0.wait())).await;
    assert!(status.expect("stopped within 5 s").unwrap().unwrap().success());
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_hosts_and_origins_are_refused() {
    let fleet = fleet(&["--nats-nodes", "0"]);
    let (_server, url) = serve(&fleet.config);
    for (headers, status) in [
        (vec![("host", "evil.test")], 421),
        (vec![("origin", "https://evil.test")], 403),
        (vec![("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")], 403),
        (vec![], 200),
    ] {
        for path in ["/api/v1/overview", "/", "/live"] {
            if status == 200 && path == "/live" {
                continue; // it never ends
            }
            let (got, body) = ask("GET", &format!("{url}{path}"), &headers, "").await;
            assert_eq!(got, status, "{path} with {headers:?}: {body}");
        }
    }
    assert_eq!(ask("GET", &format!("{url}/healthz"), &[("host", "10.0.0.1")], "").await.0, 200);
    let (status, body) = ask("POST", &format!("{url}/api/page"), &[("content-type", "application/json")], &"x".repeat(100_000)).await;
    assert_eq!(status, 413, "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_answers_what_it_documents() {
    let fleet = fleet(&["--nats-nodes", "0"]);
    let (_server, url) = serve(&fleet.config);
    until("a first sweep", || overview(&url), |seen| seen["services"]["value"] == 22).await;
    let page = get(&format!("{url}/api/v1/services?group=game&sort=name&per=4&page=2")).await;
    let names: Vec<&str> = page["rows"].as_array().unwrap().iter().map(|row| row["service"].as_str().unwrap()).collect();
    assert_eq!(names, ["state-manager-nats", "world-state-nats"]);
    assert_eq!(page["matching"], 6);
    let (status, body) = ask("GET", &format!("{url}/api/v1/services?colour=red"), &[], "").await;
    assert!(status == 400 && body.contains("Not understood: colour=red"), "{body}");
    let (status, body) = ask("GET", &format!("{url}/api/v1/services/production/nowhere/nothing"), &[], "").await;
    assert!(status == 404 && body.contains("was never seen here"), "{body}");
    assert_eq!(ask("GET", &format!("{url}/api/v1/nothing"), &[], "").await.0, 404);
    let (status, metrics) = ask("GET", &format!("{url}/metrics"), &[], "").await;
    assert_eq!(status, 200);
    for line in ["signalbox_source_up{source=\"ecs:production\"} 1", "signalbox_services{state=\"up\"} 22", "signalbox_tasks_running 44"] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    let (status, _) = ask("GET", &format!("{url}/no-such-page"), &[], "").await;
    assert_eq!(status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_readers_at_once_all_get_their_page() {
    let fleet = fleet(&["--nats-nodes", "0"]);
    let (_server, url) = serve(&fleet.config);
    until("a first sweep", || overview(&url), |seen| seen["services"]["value"] == 22).await;
    let paths = ["/", "/services", "/services/production/gaming-system-cluster/auth-nats", "/sources"];
    let readers: Vec<_> = (0..8)
        .map(|reader| {
            let url = url.clone();
            tokio::spawn(async move {
                for turn in 0..20 {
                    let path = paths[(reader + turn) % paths.len()];
                    let (status, page) = ask("GET", &format!("{url}{path}"), &[], "").await;
                    assert!(status == 200 && page.contains("</main>"), "{path} answered {status}: {page}");
                }
            })
        })
        .collect();
    for reader in readers {
        reader.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_costs_what_it_should() {
    for (services, lists, describes) in [("23", 1, 3), ("1000", 10, 100)] {
        let fleet = fleet(&["--nats-nodes", "0", "--no-throttles", "--services", services]);
        let text = std::fs::read_to_string(&fleet.config).unwrap().replace("[poll]\n", "[poll]\nrate_share = 1.0\n");
        std::fs::write(&fleet.config, text).unwrap();
        let (code, stdout, stderr) = run(&mut signalbox(&["verify", "--only", "ecs", "--config", fleet.config.to_str().unwrap()]));
        assert_eq!(code, 0, "{stdout}{stderr}");
        let counted = get(&format!("{}/requests", fleet.control)).await;
        assert_eq!(counted["requests"]["ecs:ListServices"], lists, "{counted:#}");
        assert_eq!(counted["requests"]["ecs:DescribeServices"], describes, "{counted:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_environments_and_their_like_named_services_are_kept_apart() {
    let first = fleet(&["--nats-nodes", "0"]);
    let (_second, endpoints) = yard(&["--nats-nodes", "0"]);
    let more = format!("[[environment]]\nname = \"staging\"\nregion = \"us-east-1\"\nendpoint_url = {}\n", endpoints["aws"]);
    let text = std::fs::read_to_string(&first.config).unwrap();
    std::fs::write(&first.config, format!("{text}{more}")).unwrap();
    let (_server, url) = serve(&first.config);
    until("both fleets", || overview(&url), |seen| seen["services"]["value"] == 44 && seen["alarms"]["of"] == 132).await;
    let seen = overview(&url).await;
    assert_eq!((&seen["off_on_purpose"], &seen["off"]), (&json!(1), &json!(1)), "only production marks it");
    post(&format!("{}/services/auth-nats/desired", endpoints["control"].as_str().unwrap()), json!({ "count": 3 })).await;
    let page = |environment: &str| format!("{url}/api/v1/services/{environment}/gaming-system-cluster/auth-nats");
    let staging = page("staging");
    until("three in staging", || get(&staging), |page| page["row"]["desired"] == 3).await;
    assert_eq!(get(&page("production")).await["row"]["desired"], 2);
    let only = get(&format!("{url}/api/v1/services?environment=staging&q=auth")).await;
    assert_eq!(only["matching"], 1);
}
