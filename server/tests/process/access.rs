//! Accounts as whoever owns the machine meets them: the first link, and `signalbox account` beside the running server.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::support::*;

fn fleetless(directory: &std::path::Path) -> std::path::PathBuf {
    let path = directory.join("signalbox.toml");
    // nobody listens there: what is looked at is not the fleet
    let config = "[server]\nlisten = \"127.0.0.1:0\"\n[[environment]]\nname = \"p\"\nregion = \"us-east-1\"\nendpoint_url = \"http://127.0.0.1:9\"\n";
    std::fs::write(&path, config).unwrap();
    path
}

/// What `serve` says until it is ready, in lines.
fn started(config: &std::path::Path) -> (Running, Vec<String>) {
    let mut child = signalbox(&["serve", "--config", config.to_str().unwrap()]).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let running = Running(child);
    let mut said = Vec::new();
    for line in lines.by_ref() {
        said.push(line.unwrap());
        if said.last().is_some_and(|line| line.starts_with("Signalbox is at ")) {
            std::thread::spawn(move || lines.for_each(drop));
            return (running, said);
        }
    }
    panic!("serve did not start: {said:?}");
}

fn link_in(said: &[String]) -> Option<String> {
    said.iter().find(|line| line.contains("/welcome/")).map(|line| line.split(' ').next_back().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_prints_a_link_and_the_next_another() {
    let directory = tempfile::tempdir().unwrap();
    let config = fleetless(directory.path());
    let (first, said) = started(&config);
    let old = link_in(&said).unwrap_or_else(|| panic!("no link in {said:?}"));
    drop(first);
    let (_second, said) = started(&config);
    let link = link_in(&said).unwrap();
    let old = old.replace(old.split("/welcome").next().unwrap(), link.split("/welcome").next().unwrap());
    assert_eq!(ask("GET", &old, &[], "").await.0, 404, "a newer start's link replaces it");
    let origin = link.split("/welcome").next().unwrap();
    let form = [("content-type", "application/x-www-form-urlencoded"), ("origin", origin)];
    let (status, body) = ask("POST", &link, &form, "name=Ann&password=correct+horse+battery").await;
    assert_eq!(status, 303, "{body}");
    let (code, listed, _) = run(&mut account(&config, &["list"]));
    assert_eq!(code, 0);
    assert!(listed.starts_with("Ann ") && listed.contains("admin") && listed.contains("1 session"), "{listed}");
    assert!(!std::fs::read(directory.path().join("signalbox.db-wal")).unwrap().windows(20).any(|bytes| bytes == b"correct horse batter"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_of_the_store_keeps_accounts_beside_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let config = fleetless(directory.path());
    let (code, _, said) = run(&mut account(&config, &["list"]));
    assert_eq!(code, 2);
    assert!(said.contains("There is no store at"), "{said}");
    let (_server, url) = serve(&config);
    let done = |args: &[&str], expected: i32| {
        let (code, stdout, stderr) = run(&mut account(&config, args));
        assert_eq!(code, expected, "{args:?}: {stdout}{stderr}");
        format!("{stdout}{stderr}")
    };
    let link = done(&["add", "Ben", "--role", "operator"], 0);
    assert!(link.contains("/welcome/") && link.contains("Made the account Ben (operator)"), "{link}");
    assert!(done(&["add", "ben"], 2).contains("There is an account ben already"));
    assert!(done(&["add", "<b>"], 2).contains("A name has 1 to 40 letters"));
    assert!(done(&["role", "Ben", "root"], 2).contains("viewer, operator and admin"));
    assert!(done(&["token", "Ben", "--called", "x", "--role", "admin"], 2).contains("its token cannot be admin"));
    assert!(done(&["disable", "nobody"], 2).contains("There is no account nobody"));
    let token = done(&["token", "Ben", "--called", "x"], 0);
    let token = format!("Bearer {}", token.lines().find(|line| line.starts_with("sbx_")).unwrap());
    let overview = format!("{url}/api/v1/overview");
    let status = async || serde_json::Value::from(ask("GET", &overview, &[("authorization", &token)], "").await.0);
    assert_eq!(status().await, 200);
    done(&["disable", "Ben"], 0);
    until("Ben kept out", status, |status| *status == 401).await;
    assert!(done(&["reset", "Ben"], 2).contains("disable --undo Ben"));
    done(&["disable", "Ben", "--undo"], 0);
    until("Ben let in", status, |status| *status == 200).await;
    done(&["role", "Ben", "viewer"], 0);
    assert!(done(&["reset", "Ben"], 0).contains("/welcome/"));
    let listed = done(&["list", "--format", "json"], 0);
    assert!(listed.contains("\"name\":\"Ben\"") && listed.contains("\"role\":\"viewer\""), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_sign_ins_are_remembered_over_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let config = fleetless(directory.path());
    let (server, url) = serve(&config);
    let sign_in = async |url: &str| {
        let form = [("content-type", "application/x-www-form-urlencoded"), ("origin", url), ("authorization", "none")];
        ask("POST", &format!("{url}/login"), &form, "name=nobody&password=wrong+wrong+wrong").await.0
    };
    for _ in 0..12 {
        sign_in(&url).await;
    }
    assert_eq!(sign_in(&url).await, 429);
    drop(server); // SIGKILL
    let (_server, url) = serve(&config);
    // starting took a second, so one more guess may be let through; had the others been forgotten, five would
    sign_in(&url).await;
    assert_eq!(sign_in(&url).await, 429);
}
