//! A real account in ten minutes, as a stranger goes through it: `init`, `doctor`, `look`, `iam-policy`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use collectors::operations;
use serde_json::{Value, json};

use crate::support::*;

/// A command in a directory of its own, told where AWS is.
fn at(url: &str, directory: &Path, args: &[&str]) -> Command {
    let mut command = signalbox(args);
    command.env("AWS_ENDPOINT_URL", url).current_dir(directory);
    command
}

fn doctor(url: &str, directory: &Path) -> (i32, Value) {
    let (code, stdout, stderr) = run(&mut at(url, directory, &["doctor", "--format", "json"]));
    (code, serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}")))
}

/// The checks that are not well, in words.
fn unwell(diagnosis: &Value) -> Vec<String> {
    let checks = diagnosis["checks"].as_array().unwrap();
    let unwell = checks.iter().filter(|check| check["verdict"] == "bad" || check["verdict"] == "untried");
    unwell.map(|check| format!("{}: {}", check["what"], check["found"])).collect()
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Writes the config and gives it a free address, so that tests beside each other do not meet, and the yard's event queue,
/// of which nothing in an account tells that it is there for us.
fn init(url: &str, directory: &Path) -> String {
    let (code, _, stderr) = run(&mut at(url, directory, &["init"]));
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("Next: look it over, then `signalbox doctor`"), "{stderr}");
    let path = directory.join("signalbox.toml");
    let text = std::fs::read_to_string(&path).unwrap().replace("127.0.0.1:3000", &format!("127.0.0.1:{}", free_port()));
    assert!(text.contains("# events_queue = "), "{text}");
    let region = "region = \"us-east-1\"\n";
    let text = text.replace(region, &format!("{region}events_queue = \"{url}/111122223333/signalbox-events\"\n"));
    std::fs::write(&path, &text).unwrap();
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_gets_from_nothing_to_the_fleet() {
    let (_yard, endpoints) = yard(&["--nats-nodes", "2"]);
    let url = endpoints["aws"].as_str().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();

    let (code, seen, stderr) = run(&mut at(url, here, &["look"]));
    assert_eq!(code, 0, "{stderr}");
    assert!(seen.contains("22 of 22 services up, 44 of 44 tasks running, 0 of 66 alarms on"), "{seen}");
    assert!(!seen.contains('\u{1b}'), "no terminal, no escape sequences: {seen:?}");

    let text = init(url, here);
    assert!(text.contains("\"gaming-system-cluster\",   # 23 services, of which 22 want 44 tasks; 44 run"), "{text}");
    assert!(text.contains("# service = \"language-system-nats\""), "{text}");
    assert!(text.contains("tls://nats.gaming-system.internal:4222   by 13 services"), "{text}");
    assert!(text.contains("nats://nats.gaming-system.internal:4222   by 10 services"), "{text}");
    let (code, _, said) = run(&mut at(url, here, &["check-config"]));
    assert_eq!(code, 0, "{said}");

    // never over another file; by force only with the old one kept
    let (code, _, said) = run(&mut at(url, here, &["init"]));
    assert_eq!(code, 2);
    assert!(said.contains("signalbox.toml exists and was left as it is"), "{said}");
    std::fs::write(here.join("mine.toml"), "mine").unwrap();
    let (code, _, said) = run(&mut at(url, here, &["init", "--force", "--output", "mine.toml"]));
    assert_eq!(code, 0, "{said}");
    let kept: Vec<String> = std::fs::read_dir(here)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "bak"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    assert_eq!(kept, ["mine"]);
    let (code, printed, _) = run(&mut at(url, here, &["init", "--output", "-", "--name", "staging"]));
    assert_eq!(code, 0);
    assert!(printed.contains("name = \"staging\""), "{printed}");

    // with NATS in the config, by both ways in
    let nats = format!("{}monitor_urls = {}\n", nats_for(&endpoints, here), endpoints["monitor"]);
    std::fs::write(here.join("signalbox.toml"), format!("{text}\n{nats}")).unwrap();
    let (code, diagnosis) = doctor(url, here);
    assert_eq!(unwell(&diagnosis), Vec::<String>::new());
    assert_eq!(code, 0);
    let password = endpoints["system_password"].as_str().unwrap();
    assert!(!diagnosis.to_string().contains(password), "no secret is printed");
    assert!(diagnosis.to_string().contains("2 nodes answered"), "{diagnosis:#}");

    // beside a running server, which it neither needs nor disturbs
    let (_server, _) = serve(&here.join("signalbox.toml"));
    let (code, diagnosis) = doctor(url, here);
    assert_eq!(unwell(&diagnosis), Vec::<String>::new());
    assert_eq!(code, 0);
    for said in ["listens on 127.0.0.1", "a running Signalbox has it"] {
        assert!(diagnosis.to_string().contains(said), "{said}: {diagnosis:#}");
    }

    // whatever was called is declared, and all that is declared was called
    let requests = get(&format!("{}/requests", endpoints["control"].as_str().unwrap())).await;
    let called: BTreeSet<&str> = requests["requests"].as_object().unwrap().keys().map(String::as_str).collect();
    let declared: BTreeSet<&str> = operations::ALL.iter().map(|operation| operation.name).collect();
    assert_eq!(called, declared);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_exactly_the_permission_that_is_denied() {
    let (_yard, endpoints) = yard(&["--nats-nodes", "0", "--no-throttles"]);
    let url = endpoints["aws"].as_str().unwrap();
    let faults = format!("{}/faults", endpoints["control"].as_str().unwrap());
    let directory = tempfile::tempdir().unwrap();
    init(url, directory.path());
    for operation in operations::ALL {
        post(&faults, json!({ "kind": "access_denied", "operation": operation.name })).await;
        let (code, diagnosis) = doctor(url, directory.path());
        let checks = diagnosis["checks"].as_array().unwrap();
        let named: Vec<&str> = checks.iter().filter_map(|check| check["missing"].as_str()).collect();
        assert_eq!(named, [operation.name], "{diagnosis:#}");
        let bad: Vec<&Value> = checks.iter().filter(|check| check["verdict"] == "bad").collect();
        assert_eq!(bad.len(), 1, "nothing else is accused: {diagnosis:#}");
        let fix = bad[0]["fix"].as_str().unwrap();
        if operation.name.starts_with("sts:") {
            assert!(fix.contains("take that Deny out"), "{fix}");
        } else {
            let (_, statement) = fix.split_once('\n').unwrap();
            let statement: Value = serde_json::from_str(statement).unwrap();
            assert_eq!(statement["Action"], json!([operation.name]), "the statement can be pasted");
        }
        assert_eq!(code, 1);
        ask("DELETE", &faults, &[], "").await;
    }
    let (code, diagnosis) = doctor(url, directory.path());
    assert_eq!((code, unwell(&diagnosis)), (0, Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_tells_one_trouble_from_another() {
    let (_yard, endpoints) = yard(&["--nats-nodes", "1", "--nats-tls", "off"]);
    let url = endpoints["aws"].as_str().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let text = init(url, here);
    let nats = nats_for(&endpoints, here);
    let of = |config: String| {
        std::fs::write(here.join("signalbox.toml"), config).unwrap();
        let (code, stdout, stderr) = run(&mut at(url, here, &["doctor"]));
        assert_eq!(code, 1, "{stdout}{stderr}");
        stdout
    };
    let account = of(text.replace("account_id = \"111122223333\"", "account_id = \"444455556666\""));
    assert!(account.contains("FIX   account") && account.contains("belong to account 111122223333"), "{account}");
    let cluster = of(text.replace("  \"gaming-system-cluster\"", "  \"gaming-sytem-cluster\""));
    assert!(
        cluster.contains("there is no ECS cluster \"gaming-sytem-cluster\" in this region; there are gaming-system-cluster"),
        "{cluster}"
    );
    let closed = format!("http://127.0.0.1:{}", free_port());
    let unreachable = of(text.replace(url, &closed));
    assert!(unreachable.contains("Correct endpoint_url") && unreachable.contains("not tried: ecs does not answer"), "{unreachable}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = text.lines().find(|line| line.starts_with("listen")).unwrap();
    let port = of(text.replace(listen, &format!("listen = \"{}\"", taken.local_addr().unwrap())));
    assert!(port.contains("another program has 127.0.0.1") && port.contains("ss -ltnp"), "{port}");
    drop(taken);
    let store = of(text.replace("path = \"signalbox.db\"", "path = \"nowhere/signalbox.db\""));
    assert!(store.contains("nowhere does not exist") && store.contains("mkdir -p"), "{store}");

    std::fs::write(here.join("wrong.password"), "CANARY").unwrap();
    let wrong = of(format!("{text}\n{}", nats.replace("sys.password", "wrong.password")));
    assert!(wrong.contains("The server refuses user \"sys\"") && !wrong.contains("CANARY"), "{wrong}");
    assert!(wrong.contains("wrong.password can be read by others") && wrong.contains("chmod 600"), "{wrong}");
    let gone = of(format!("{text}\n[[nats]]\nname = \"main\"\nurls = [\"nats://127.0.0.1:{}\"]\n", free_port()));
    assert!(gone.contains("Refused: no server listens there"), "{gone}");
    let secure = of(format!("{text}\n{}", nats.replace("nats://", "tls://")));
    assert!(secure.contains("the server offers none, but the address says tls://"), "{secure}");
    let nobody = of(format!("{text}\n[[nats]]\nname = \"main\"\nurls = {}\n", endpoints["nats"]));
    assert!(nobody.contains("accounts { $SYS { users = ["), "{nobody}");
    let monitor = of(format!("{text}\n[[nats]]\nname = \"main\"\nmonitor_urls = [\"http://u:CANARY@127.0.0.1:{}\"]\n", free_port()));
    assert!(monitor.contains("monitoring port 127.0.0.1") && monitor.contains("Turn it on") && !monitor.contains("CANARY"), "{monitor}");
}

#[test]
fn the_policy_is_printed_and_explained() {
    let (code, stdout, stderr) = run(&mut signalbox(&["iam-policy", "--read"]));
    assert_eq!(code, 0, "{stderr}");
    let policy: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(policy["Version"], "2012-10-17");
    let (code, stdout, _) = run(&mut signalbox(&["iam-policy", "--read", "--explain"]));
    assert_eq!(code, 0);
    for operation in operations::ALL {
        assert!(stdout.contains(operation.name) && stdout.contains(operation.gives), "{stdout}");
    }
    let (code, _, stderr) = run(&mut signalbox(&["iam-policy"]));
    assert_eq!(code, 2);
    assert!(stderr.contains("--read"), "{stderr}");
    let (code, _, stderr) = run(&mut signalbox(&["iam-policy", "--read", "--pass-role", "arn:aws:iam::111122223333:role/x"]));
    assert!(code == 2 && stderr.contains("--change"), "{stderr}");
}

#[test]
fn the_permissions_for_changes_are_apart_and_pass_no_role_unnamed() {
    let of = |stdout: &str| -> BTreeSet<String> {
        let policy: Value = serde_json::from_str(stdout).unwrap();
        let statements = policy["Statement"].as_array().unwrap().iter();
        statements.flat_map(|one| one["Action"].as_array().unwrap().clone()).map(|action| action.as_str().unwrap().to_owned()).collect()
    };
    let writes = ["ecs:RegisterTaskDefinition", "ecs:StopServiceDeployment", "ecs:TagResource", "ecs:UpdateService"];
    let (_, reading, _) = run(&mut signalbox(&["iam-policy", "--read"]));
    assert!(writes.iter().all(|write| !of(&reading).contains(*write)), "whoever watches may change nothing");
    let (code, stdout, stderr) = run(&mut signalbox(&["iam-policy", "--change"]));
    assert!(code == 0 && stderr.contains("--pass-role"), "{stderr}");
    assert!(writes.iter().all(|write| of(&stdout).contains(*write)) && !of(&stdout).contains("iam:PassRole"), "{stdout}");
    let role = "arn:aws:iam::111122223333:role/ecsTaskExecutionRole";
    let (code, stdout, stderr) = run(&mut signalbox(&["iam-policy", "--read", "--change", "--pass-role", role]));
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(of(&stdout).is_superset(&of(&reading)) && of(&stdout).contains("iam:PassRole") && stdout.contains(role), "{stdout}");
    let (code, stdout, _) = run(&mut signalbox(&["iam-policy", "--change", "--explain"]));
    assert_eq!(code, 0);
    for operation in signalbox::actuator::operations::ALL {
        assert!(stdout.contains(operation.name) && stdout.contains(operation.gives), "{stdout}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_own_judge_finds_nothing_in_metrics() {
    use std::io::Write;
    use std::process::Stdio;
    let (_yard, endpoints) = yard(&["--nats-nodes", "0"]);
    let directory = tempfile::tempdir().unwrap();
    let (_server, url) = serve(&config_for(&endpoints, directory.path(), ""));
    let overview = format!("{url}/api/v1/overview");
    until("a first sweep", || get(&overview), |seen| seen["services"]["value"] == 22).await;
    let (status, metrics) = ask("GET", &format!("{url}/metrics"), &[], "").await;
    assert_eq!(status, 200);
    assert!(metrics.contains("signalbox_source_sweeps_total{source=\"ecs:production\"}"), "{metrics}");
    let mut judge = Command::new(tool("SIGNALBOX_PROMTOOL"));
    let judge = judge.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut judge = judge.spawn().unwrap();
    judge.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let said = judge.wait_with_output().unwrap();
    let words = format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success() && words.trim().is_empty(), "promtool says:\n{words}\nof\n{metrics}");
    let (_, open) = ask("GET", &format!("{url}/metrics"), &[("accept", "application/openmetrics-text; version=1.0.0")], "").await;
    assert!(open.ends_with("# EOF\n"), "{open}");
}
