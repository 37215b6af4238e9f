//! `signalbox report` on the store of a demo whose time runs faster than this machine's: beside it, and after it has ended.

use domain::Timestamp;
use domain::port::Clock as _;
use domain::report::Document;
use serde_json::Value;
use signalbox::clock::SystemClock;

use crate::support::*;

/// Seconds of the fleet in one of this machine's.
const SPEED: &str = "20";

/// When the newest sweep ended, by what the Sources page says.
fn newest(sources: &Value) -> Timestamp {
    let rows = sources["rows"].as_array().unwrap();
    let at = rows.iter().filter_map(|row| row["last_success"].as_str()).map(|at| at.parse::<Timestamp>().unwrap());
    at.max().unwrap()
}

fn report(config: &str, more: &[&str]) -> (i32, String, String) {
    run(signalbox(&["report", "--format", "json", "--config", config]).args(more))
}

/// The report of the newest sweep, as the demo's printed command makes it.
fn made(config: &str) -> (Document, String) {
    let (code, report, said) = report(config, &["--at", "newest", "--speed", SPEED]);
    assert_eq!(code, 0, "{said}");
    let envelope: Value = serde_json::from_str(&report).unwrap();
    (serde_json::from_str(&envelope["document"].to_string()).unwrap(), report)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demo_that_runs_ahead_is_reported_on_beside_it_and_after_it() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("demo");
    let words = ["demo", "--format", "json", "--listen", "127.0.0.1:0", "--no-script", "--nats-nodes", "3", "--speed", SPEED, "--data"];
    let (mut running, ready) = start(signalbox(&words).arg(data).env("SIGNALBOX_NATS_SERVER", tool("SIGNALBOX_NATS_SERVER")));
    let text = |name: &str| ready[name].as_str().unwrap().to_owned();
    let (url, config, key) = (text("url"), text("config"), text("report_key"));
    signed_in_as(&url, &text("token"));
    assert!(!std::fs::read_to_string(&config).unwrap().contains(ready["yard"]["system_password"].as_str().unwrap()));
    let (code, _, said) = run(&mut signalbox(&["check-config", "--config", &config]));
    assert_eq!(code, 0, "{said}");

    let (readiness, sources) = (format!("{url}/api/v1/readiness"), format!("{url}/api/v1/sources"));
    until("a score", || get(&readiness), |page| page["fleet"]["score"].is_u64()).await;
    let before = newest(&get(&sources).await);
    let (beside, _) = made(&config);
    let after = newest(&get(&sources).await);
    assert!((before..=after).contains(&beside.readiness.at), "{} is not from {before} to {after}", beside.readiness.at);
    assert!(beside.readiness.fleet.score.is_some(), "{:?}", beside.readiness.fleet);
    // by this machine's clock the store lies ahead soon, and whoever asks is told
    let ahead = |sources: &Value| newest(sources).since(SystemClock.now()).as_secs() > 120;
    until("a store that lies ahead", || get(&sources), ahead).await;
    let (code, _, said) = report(&config, &[]);
    assert!(code == 0 && said.contains("lies ahead of this machine's clock") && said.contains("--at newest"), "{said}");

    running.terminate();
    assert!(running.0.wait().unwrap().success());
    let (later, file) = made(&config);
    assert!(later.readiness.at >= after && later.readiness.fleet.score.is_some(), "{:?}", later.readiness.fleet);
    let kept = directory.path().join("report.json");
    std::fs::write(&kept, file).unwrap();
    let (code, said, _) = run(signalbox(&["report", "verify"]).arg(&kept).args(["--key", &key]));
    assert_eq!(code, 0, "{said}");
}
