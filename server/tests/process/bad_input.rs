//! Bad input gets a sentence: what happened, what it means, what to do.

use std::net::TcpListener;
use std::path::Path;

use crate::support::{run, signalbox};

fn serve_refuses(config: &str, sentence: &str) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("signalbox.toml");
    std::fs::write(&path, config).unwrap();
    refused(&["serve", "--config", path.to_str().unwrap()], sentence);
}

fn refused(args: &[&str], sentence: &str) {
    let (code, stdout, stderr) = run(&mut signalbox(args));
    assert_eq!(code, 2, "{args:?}: {stderr}");
    assert!(stderr.contains(sentence), "{args:?} said\n{stderr}\nnot\n{sentence}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert_eq!(stdout, "");
}

#[test]
fn a_wrong_config_names_the_key_and_the_nearest_right_one() {
    serve_refuses("[server]\nlistn = \"127.0.0.1:3000\"\n", "there is no key \"listn\" here; did you mean \"listen\"?");
    serve_refuses("[poll]\nservices = \"fast\"\n", "\"fast\" is not a duration");
    refused(&["serve", "--config", "/nonexistent/signalbox.toml"], "cannot be read: No such file or directory");
    refused(&["check-config", "--config", "/nonexistent/signalbox.toml"], "signalbox.example.toml shows every key");
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let config = format!(
        "[server]\nlisten = \"{address}\"\n[[environment]]\nname = \"p\"\nregion = \"us-east-1\"\nendpoint_url = \"http://127.0.0.1:9\"\n"
    );
    let path = directory.path().join("signalbox.toml");
    std::fs::write(&path, config).unwrap();
    let sentence = format!("cannot listen on {address}: Address already in use (os error 98). Another program has it");
    refused(&["serve", "--config", path.to_str().unwrap()], &sentence);
    assert!(!directory.path().join("signalbox.db").exists(), "nothing was written");
}

#[test]
fn a_store_that_cannot_be_is_refused() {
    let config = "[server]\nlisten = \"127.0.0.1:0\"\n[store]\npath = \"nowhere/signalbox.db\"\n[[environment]]\nname = \"p\"\n";
    serve_refuses(config, "nowhere/signalbox.db cannot be opened");
}

#[test]
fn the_command_line_is_checked_too() {
    refused(&["demo", "--speed", "100000"], "--speed 100000 is out of reach");
    refused(&["verify", "--only", "nats", "--config", example().as_str()], "the password of nats \"main\" is not to be read");
    let (code, _, stderr) = run(&mut signalbox(&["verify", "--only", "disk"]));
    assert_eq!(code, 2);
    assert!(stderr.contains("the kinds are ecs, alarms, nats, logs, metrics and events"), "{stderr}");
    let (code, _, stderr) = run(&mut signalbox(&["yard", "--nats-server", "/nonexistent/nats-server"]));
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("/nonexistent/nats-server"), "{stderr}");
}

fn example() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../signalbox.example.toml").to_str().unwrap().to_owned()
}

#[test]
fn verify_says_what_it_could_not_read() {
    // a port nobody listens on: taken and given back
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let (code, stdout, _) = run(signalbox(&["verify", "--only", "ecs"]).env("AWS_ENDPOINT_URL", &url).current_dir(std::env::temp_dir()));
    assert_eq!(code, 2, "{stdout}");
    assert!(stdout.contains("ecs:default could not be read") && stdout.contains("Nothing answers at that address"), "{stdout}");
}

#[test]
fn openapi_is_printed_without_a_config() {
    let (code, stdout, _) = run(&mut signalbox(&["openapi"]));
    assert_eq!(code, 0);
    let document: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    for path in ["/api/v1/overview", "/api/v1/services/{environment}/{cluster}/{service}", "/api/v1/timeline", "/api/v1/alarms"] {
        assert!(paths.iter().any(|known| *known == path), "{path} is not among {paths:?}");
    }
}
