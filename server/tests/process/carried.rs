//! What a service's connections carry, from real nats-servers to its history: compared with what the servers themselves
//! say, through a node that restarts and a time in which no node answers. The fleet's time runs a hundred times faster, so a
//! slot of five minutes takes three seconds.

use serde_json::Value;

use crate::support::*;

const NODES: usize = 3;

struct Demo {
    _running: Running,
    url: String,
    control: String,
    monitors: Vec<String>,
}

impl Demo {
    fn start() -> Self {
        let nodes = NODES.to_string();
        let words = ["demo", "--format", "json", "--listen", "127.0.0.1:0", "--no-script", "--speed", "100", "--nats-nodes", &nodes];
        let (running, ready) = start(signalbox(&words).env("SIGNALBOX_NATS_SERVER", tool("SIGNALBOX_NATS_SERVER")));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        signed_in_as(&text(&ready["url"]), &text(&ready["token"]));
        let monitors = ready["yard"]["monitor"].as_array().unwrap().iter().map(text).collect();
        Self { _running: running, url: text(&ready["url"]), control: text(&ready["yard"]["control"]), monitors }
    }

    async fn history(&self) -> Value {
        get(&format!("{}/api/v1/services/production/gaming-system-cluster/auth-nats/history?reach=hour", self.url)).await
    }

    async fn nodes(&self, act: &str) {
        for node in 0..NODES {
            post(&format!("{}/nats/nodes/{node}/{act}", self.control), Value::Null).await;
        }
    }

    /// Messages that all connections of auth-nats have sent since they were opened, as the servers say.
    async fn sent(&self) -> u64 {
        let mut sent = 0;
        for monitor in &self.monitors {
            let answer = get(&format!("{monitor}/connz?auth=1&limit=1000")).await;
            let own = answer["connections"].as_array().unwrap().iter().filter(|one| one["authorized_user"] == "auth-nats");
            sent += own.map(|one| one["in_msgs"].as_u64().unwrap()).sum::<u64>();
        }
        sent
    }
}

/// The values of a line, in the order of time, and the instants of their slots.
fn line(history: &Value, plot: &str, label: &str) -> Vec<(domain::Timestamp, Option<f64>)> {
    let all = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let plot = all(&history["plots"]).into_iter().find(|known| known["id"] == plot).unwrap_or_default();
    let line = all(&plot["lines"]).into_iter().find(|line| line["label"] == label).unwrap_or_default();
    all(&line["points"]).iter().map(|point| (point[0].as_str().unwrap().parse().unwrap(), point[1].as_f64())).collect()
}

fn known(history: &Value) -> Vec<(domain::Timestamp, f64)> {
    line(history, "messages", "sent").into_iter().filter_map(|(at, value)| Some((at, value?))).collect()
}

fn now(history: &Value) -> domain::Timestamp {
    history["to"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_a_second_are_what_the_servers_count_and_a_gap_is_a_gap() {
    let demo = Demo::start();
    until("two slots", || demo.history(), |history| known(history).len() >= 2).await;
    let (first, before) = (demo.history().await, demo.sent().await);
    let second = until("three more", || demo.history(), |seen| known(seen).len() >= known(&first).len() + 3).await;
    let after = demo.sent().await;
    let (from, to) = (now(&first), now(&second));
    let truth = (after - before) as f64 / to.since(from).as_secs_f64();
    let between: Vec<f64> = known(&second).into_iter().filter(|(at, _)| *at >= from).map(|(_, value)| value).collect();
    let told = between.iter().sum::<f64>() / between.len() as f64;
    assert!((told / truth - 1.0).abs() < 0.4, "{told} messages a second of {truth}: {between:?}");
    assert_eq!(line(&second, "connections", "fewest open").into_iter().filter_map(|(_, value)| value).next_back(), Some(2.0));

    // a node restarts: its clients open new connections, whose counters begin anew
    post(&format!("{}/nats/nodes/0/restart", demo.control), Value::Null).await;
    let restarted = demo.history().await;
    until(
        "two slots after the restart",
        || demo.history(),
        |seen| known(seen).iter().filter(|(at, _)| *at >= now(&restarted)).count() >= 2,
    )
    .await;

    // for ten minutes and more no node answers
    demo.nodes("stop").await;
    let stopped = demo.history().await;
    let silence = std::time::Duration::from_secs(1_000);
    until("ten minutes of silence", || demo.history(), |seen| now(seen).since(now(&stopped)) >= silence).await;
    demo.nodes("start").await;
    let started = demo.history().await;
    let last = until(
        "two slots after they came back",
        || demo.history(),
        |seen| known(seen).iter().filter(|(at, _)| *at >= now(&started)).count() >= 2,
    )
    .await;
    let empty = line(&last, "messages", "sent").into_iter().filter(|(at, _)| *at >= now(&stopped) && *at < now(&started));
    let empty: Vec<_> = empty.collect();
    assert!(empty.iter().filter(|(_, value)| value.is_none()).count() >= 2, "a gap is a gap: {empty:?}");
    for (at, value) in known(&last) {
        assert!(value > 0.0 && value < 2.0 * truth.max(told), "{value} messages a second at {at}, where {truth} are usual");
    }
    let csv = format!("{}/api/v1/services/production/gaming-system-cluster/auth-nats/history.csv?reach=hour", demo.url);
    let (status, csv) = ask("GET", &csv, &[], "").await;
    assert!(status == 200 && csv.contains(",messages,sent,per second,") && csv.contains(",connections,fewest open,connections,"), "{csv}");
}
