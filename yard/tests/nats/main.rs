//! The NATS face: real nodes, real connections. The five-node cluster is opened once; what needs a broken or a killed one opens two nodes of its own.

#![expect(clippy::unwrap_used, reason = "a test says what it expects")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use async_nats::Client;
use futures::StreamExt;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    net::TcpStream,
    process::Command,
};
use yard::{ManualClock, NatsOptions, NatsTls, Options, Scenario, Yard};

/// Real processes: this long at most, whatever they do.
const PATIENCE: Duration = Duration::from_secs(60);

#[expect(clippy::disallowed_methods, reason = "how `cargo xtask test` tells the tests which nats-server it fetched")]
fn server() -> Option<PathBuf> {
    std::env::var_os("SIGNALBOX_NATS_SERVER").map(PathBuf::from)
}

async fn open(clock: &ManualClock, nodes: usize) -> Yard {
    open_with(clock, NatsOptions { nodes, ..NatsOptions::default() }, Options::default()).await
}

async fn open_with(clock: &ManualClock, nats: NatsOptions, options: Options) -> Yard {
    let nats = NatsOptions { server: server(), ..nats };
    let options = Options { script: false, nats: Some(nats), clock: Arc::new(clock.clone()), ..options };
    match Yard::start(options).await {
        Ok(yard) => yard,
        Err(error) => {
            panic!("{error}\nThese tests need a real nats-server: run `cargo xtask test`, which fetches one, or set SIGNALBOX_NATS_SERVER.")
        }
    }
}

/// A client of the system account, at any node that runs.
async fn system(yard: &Yard) -> Client {
    let at = yard.endpoints();
    let options = async_nats::ConnectOptions::with_user_and_password(at.system_user.clone(), at.system_password.clone()).name("the test");
    // used only where a node insists on TLS
    let options = at.ca_file.iter().fold(options, |options, ca| options.add_root_certificates(ca.clone()));
    options.connect(at.nats.clone()).await.unwrap()
}

/// One client connection as a node tells of it.
#[derive(Debug, Clone, PartialEq)]
struct Connection {
    node: String,
    address: String,
    user: String,
    tls: bool,
}

/// All services' connections by name, asked of all nodes until the answer is as wanted.
async fn connections(client: &Client, wanted: impl Fn(&BTreeMap<String, Connection>) -> bool) -> BTreeMap<String, Connection> {
    let asking = async {
        loop {
            let inbox = client.new_inbox();
            let mut replies = client.subscribe(inbox.clone()).await.unwrap();
            let question = r#"{"auth": true, "limit": 1000}"#;
            client.publish_with_reply("$SYS.REQ.SERVER.PING.CONNZ", inbox, question.into()).await.unwrap();
            let mut found = BTreeMap::new();
            while let Ok(Some(reply)) = tokio::time::timeout(Duration::from_millis(200), replies.next()).await {
                let reply: Value = serde_json::from_slice(&reply.payload).unwrap();
                let text = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
                for one in reply["data"]["connections"].as_array().into_iter().flatten().filter(|one| one["account"] == "GAMING") {
                    let connection = Connection {
                        node: text(&reply["server"], "name"),
                        address: text(one, "ip"),
                        user: text(one, "authorized_user"),
                        tls: one["tls_version"].is_string(),
                    };
                    found.insert(text(one, "name"), connection);
                }
            }
            if wanted(&found) {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.expect("the connections never came to be as wanted")
}

/// The running tasks as the control face shows them: connection name → address.
fn running(yard: &Yard) -> BTreeMap<String, String> {
    let state = yard.state();
    let mut names = BTreeMap::new();
    for service in state["services"].as_array().unwrap() {
        for task in service["tasks"].as_array().unwrap().iter().filter(|task| task["status"] == "RUNNING") {
            let id = task["arn"].as_str().unwrap().rsplit('/').next().unwrap();
            names.insert(format!("{}/{id}", service["name"].as_str().unwrap()), task["address"].as_str().unwrap().to_owned());
        }
    }
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn every_running_task_is_connected_from_its_own_address() {
    let clock = ManualClock::new(1_772_366_400_000_000);
    let yard = open(&clock, 5).await;
    assert_eq!((yard.endpoints().nats.len(), yard.endpoints().monitor.len()), (5, 5));
    let client = system(&yard).await;
    let everyone = running(&yard);
    assert_eq!(everyone.len(), 44);
    let connected = connections(&client, |found| found.keys().eq(everyone.keys())).await;
    let own_addresses = yard.endpoints().notes.is_empty();
    for (name, connection) in &connected {
        assert!(name.starts_with(&format!("{}/", connection.user)), "{name} came in as {}", connection.user);
        assert!(!own_addresses || connection.address == everyone[name], "{name} comes from {}", connection.address);
    }
    let over_tls: BTreeSet<&str> =
        connected.values().filter(|connection| connection.tls).map(|connection| connection.user.as_str()).collect();
    let plain: BTreeSet<&str> =
        connected.values().filter(|connection| !connection.tls).map(|connection| connection.user.as_str()).collect();
    assert_eq!((over_tls.len(), plain.len(), over_tls.intersection(&plain).count()), (13, 9, 0), "as their task definitions say");
    let mut by_node: BTreeMap<&str, usize> = BTreeMap::new();
    for connection in connected.values() {
        *by_node.entry(&connection.node).or_default() += 1;
    }
    assert!(by_node.len() == 5 && by_node.values().all(|count| (8..=9).contains(count)), "{by_node:?}");

    // a task stops: its connection goes, and comes back under another name once it is replaced
    yard.stop_task("auth-nats", Some(1), None).unwrap();
    let left = running(&yard);
    assert_eq!(left.len(), 43);
    connections(&client, |found| found.keys().eq(left.keys())).await;
    clock.advance(Duration::from_secs(90));
    let replaced = running(&yard);
    assert_eq!((replaced.len(), replaced == everyone), (44, false));
    connections(&client, |found| found.keys().eq(replaced.keys())).await;

    // a node goes down: its clients go to the others; it comes back and is seen again
    yard.stop_node(2).await.unwrap();
    assert_eq!(yard.state()["nodes"], serde_json::json!(["up", "up", "down", "up", "up"]));
    let client = system(&yard).await;
    let moved = connections(&client, |found| found.keys().eq(replaced.keys())).await;
    assert!(moved.values().all(|connection| connection.node != "nats-3"));
    yard.start_node(2).await.unwrap();
    assert!(yard.restart_node(9).await.unwrap_err().to_string().contains("there is no NATS node 9"));

    let ports: Vec<String> = yard.endpoints().nats.iter().map(|url| url.replace("nats://", "")).collect();
    yard.stop().await;
    for port in ports {
        assert!(TcpStream::connect(&port).await.is_err(), "{port} still answers");
    }
}

/// Not a test of its own: what the next one starts in a process that it then kills.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by no_node_outlives_a_killed_yard"]
async fn a_yard_to_be_killed() {
    let yard = open(&ManualClock::new(0), 2).await;
    println!("\nopen {}", yard.endpoints().nats.join(" "));
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_node_outlives_a_killed_yard() {
    let own = std::env::current_exe().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(own);
    command.env("TMPDIR", folder.path());
    command.args(["--exact", "a_yard_to_be_killed", "--ignored", "--nocapture"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let nodes = loop {
        let line = lines.next_line().await.unwrap().expect("the other process ended before its yard was open");
        if let Some(nodes) = line.strip_prefix("open ") {
            break nodes.replace("nats://", "");
        }
    };
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "where the nodes' files are");
    let mut open = Vec::new();
    for node in nodes.split(' ') {
        let mut stream = TcpStream::connect(node).await.unwrap();
        let mut greeting = [0; 4];
        stream.read_exact(&mut greeting).await.unwrap();
        assert_eq!(&greeting, b"INFO");
        open.push(stream);
    }
    child.kill().await.unwrap();
    for mut stream in open {
        // a connection that ends, well or badly, is a node that ended
        let end = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await;
        assert!(end.is_ok(), "a node goes on without its yard");
    }
    let cleared = async {
        while std::fs::read_dir(folder.path()).unwrap().next().is_some() {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, cleared).await.is_ok(), "the nodes' files are still there");
}

/// A node whose port someone else has taken says so; once the port is free it comes up again, with the files it had.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_finds_its_port_taken_can_be_started_later() {
    let yard = open(&ManualClock::new(0), 2).await;
    let port = yard.endpoints().nats[1].replace("nats://", "");
    yard.stop_node(1).await.unwrap();
    let thief = tokio::net::TcpListener::bind(&port).await.unwrap();
    let refused = yard.start_node(1).await.unwrap_err();
    assert!(refused.to_string().contains("address already in use"), "{refused}");
    drop(thief);
    yard.start_node(1).await.unwrap();
    assert_eq!(yard.state()["nodes"], serde_json::json!(["up", "up"]));
    yard.stop().await;
}

/// What every node that runs answers to a question of the system account, by node name.
async fn all_nodes(client: &Client, what: &str, question: &str) -> BTreeMap<String, Value> {
    let inbox = client.new_inbox();
    let mut replies = client.subscribe(inbox.clone()).await.unwrap();
    client.publish_with_reply(format!("$SYS.REQ.SERVER.PING.{what}"), inbox, question.to_owned().into()).await.unwrap();
    let mut found = BTreeMap::new();
    while let Ok(Some(reply)) = tokio::time::timeout(Duration::from_millis(300), replies.next()).await {
        let mut reply: Value = serde_json::from_slice(&reply.payload).unwrap();
        found.insert(reply["server"]["name"].as_str().unwrap_or_default().to_owned(), reply["data"].take());
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_require_tls_take_nobody_else_and_one_certificate_ends_soon() {
    let clock = ManualClock::new(1_772_366_400_000_000);
    let yard = open_with(&clock, NatsOptions { nodes: 2, tls: NatsTls::Required, ..NatsOptions::default() }, Options::default()).await;
    let client = system(&yard).await;
    let everyone = running(&yard);
    let connected = connections(&client, |found| found.keys().eq(everyone.keys())).await;
    assert!(connected.values().all(|connection| connection.tls));
    let nodes = all_nodes(&client, "VARZ", "").await;
    assert!(nodes.len() == 2 && nodes.values().all(|varz| varz["tls_required"] == true), "{nodes:?}");
    let ends: Vec<&str> = nodes.values().map(|varz| varz["tls_cert_not_after"].as_str().unwrap()).collect();
    assert!(ends[1] < ends[0], "the second node's ends long before the first's: {ends:?}");
    yard.stop().await;

    let yard = open_with(&clock, NatsOptions { nodes: 1, tls: NatsTls::Off, ..NatsOptions::default() }, Options::default()).await;
    assert_eq!(yard.endpoints().ca_file, None);
    let client = system(&yard).await;
    let everyone = running(&yard);
    let connected = connections(&client, |found| found.keys().eq(everyone.keys())).await;
    assert!(connected.values().all(|connection| !connection.tls));
    yard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_and_consumers_are_there_and_go_wrong_when_the_calm_ends() {
    let clock = ManualClock::new(1_772_366_400_000_000);
    let nats = NatsOptions { nodes: 3, server: server(), ..NatsOptions::default() };
    let options = Options { calm: Duration::from_secs(600), nats: Some(nats), clock: Arc::new(clock.clone()), ..Options::default() };
    let yard = Yard::start(options).await.unwrap();
    let asked = async {
        let client = system(&yard).await;
        let everyone = running(&yard);
        connections(&client, |found| found.keys().eq(everyone.keys())).await;
        // a minute of the yard, again and again, until all consumers have been seen in the state they shall come to
        loop {
            clock.advance(Duration::from_secs(20));
            let mut consumers = BTreeMap::new();
            for jsz in all_nodes(&client, "JSZ", r#"{"accounts": true, "streams": true, "consumer": true, "config": true}"#).await.values()
            {
                for account in jsz["account_details"].as_array().into_iter().flatten() {
                    for stream in account["stream_detail"].as_array().into_iter().flatten() {
                        assert_eq!(stream["config"]["num_replicas"], 3);
                        for consumer in stream["consumer_detail"].as_array().into_iter().flatten() {
                            let name = consumer["name"].as_str().unwrap().to_owned();
                            let number = |field: &str| consumer[field].as_u64().unwrap_or_default();
                            let seen: &mut (u64, u64) = consumers.entry(name).or_default();
                            *seen = (seen.0.max(number("num_pending")), seen.1.max(number("num_ack_pending")));
                        }
                    }
                }
            }
            let pending = |name: &str| consumers.get(name).map_or(0, |seen| seen.0);
            let stuck = consumers.get("npc-behavior-nats-events").is_some_and(|seen| seen.1 == 25);
            if consumers.len() == 6 && stuck && pending("story-teller-nats") > 30 && pending("archive") > 30 {
                return consumers;
            }
        }
    };
    let consumers = tokio::time::timeout(PATIENCE, asked).await.expect("the consumers never came to be as wanted");
    assert!(consumers["quest-system-nats"].0 < 30, "{consumers:?}");
    yard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_whose_owner_is_hard_to_tell_are_there_as_the_truth_says() {
    let clock = ManualClock::new(1_772_366_400_000_000);
    let options = Options { scenario: Some(Scenario::Ownership), ..Options::default() };
    let yard = open_with(&clock, NatsOptions { nodes: 2, ..NatsOptions::default() }, options).await;
    let client = system(&yard).await;
    let truth = yard.ownership();
    let truth = truth.as_array().unwrap();
    let of = |kind: &str| truth.iter().filter(|one| one["kind"] == kind).count();
    assert_eq!([of("own"), of("bridge"), of("proxy"), of("reused"), of("lies"), of("nobody")], [36, 4, 2, 1, 1, 1]);
    let names: BTreeSet<&str> = truth.iter().map(|one| one["name"].as_str().unwrap()).collect();
    let connected = connections(&client, |found| found.keys().map(String::as_str).eq(names.iter().copied())).await;
    if yard.endpoints().notes.is_empty() {
        for one in truth.iter().filter(|one| one["kind"] != "lies") {
            let same = names.contains(one["name"].as_str().unwrap());
            let found = &connected[one["name"].as_str().unwrap()];
            assert!(same && (one["user"] != found.user.as_str() || one["address"] == found.address.as_str()), "{one} {found:?}");
        }
    }
    yard.stop().await;
}
