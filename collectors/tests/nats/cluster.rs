//! Three real nats-servers with a system account, on free ports, stopped with the test.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

pub(crate) const NAMES: [&str; 3] = ["n1", "n2", "n3"];

pub(crate) struct Cluster {
    directory: TempDir,
    binary: PathBuf,
    clients: Vec<u16>,
    routes: Vec<u16>,
    monitors: Vec<u16>,
    nodes: Vec<Option<Child>>,
    /// What stands at the end of a node's configuration, by its number and the directory.
    tail: fn(usize, &Path) -> String,
}

impl Cluster {
    pub(crate) async fn start() -> Self {
        Self::start_with(3, tempfile::tempdir().unwrap(), |_, _| String::new()).await
    }

    /// `count` nodes, with what else their configurations say; files it names are in `directory` already.
    pub(crate) async fn start_with(count: usize, directory: TempDir, tail: fn(usize, &Path) -> String) -> Self {
        let mut ports = free_ports(3 * count).into_iter();
        let mut some = || ports.by_ref().take(count).collect::<Vec<u16>>();
        let (clients, routes, monitors) = (some(), some(), some());
        let nodes = (0..count).map(|_| None).collect();
        let mut cluster = Self { directory, binary: binary(), clients, routes, monitors, nodes, tail };
        for index in 0..count {
            cluster.start_node(index);
        }
        cluster.meshed(count).await;
        cluster
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn start_node(&mut self, index: usize) {
        let routes: Vec<String> = self.routes.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
        let tail = (self.tail)(index, self.directory.path());
        let config = format!(
            "server_name: {}\nlisten: 127.0.0.1:{}\nhttp: 127.0.0.1:{}\n\
             cluster {{ name: main, listen: 127.0.0.1:{}, routes: [{}] }}\n\
             accounts {{ SYS {{ users: [{{user: sys, password: watch}}] }}, APP {{ {} users: [{{user: app, password: work}}, {{user: auth-nats, password: work}}] }} }}\n\
             system_account: SYS\n{tail}\n",
            NAMES[index],
            self.clients[index],
            self.monitors[index],
            self.routes[index],
            routes.join(", "),
            if tail.contains("jetstream") { "jetstream: enabled," } else { "" },
        );
        let path = self.directory.path().join(format!("{}.conf", NAMES[index]));
        std::fs::write(&path, config).unwrap();
        let log = path.with_extension("log");
        let child = Command::new(&self.binary).arg("-c").arg(&path).arg("-l").arg(log).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.nodes[index] = Some(child.expect("the nats-server starts"));
    }

    pub(crate) fn kill_node(&mut self, index: usize) {
        let mut child = self.nodes[index].take().expect("the node runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub(crate) fn client_url(&self, index: usize) -> String {
        format!("nats://127.0.0.1:{}", self.clients[index])
    }

    pub(crate) fn monitor_url(&self, index: usize) -> String {
        format!("http://127.0.0.1:{}", self.monitors[index])
    }

    /// Waits until every running node has routes to all other running ones.
    pub(crate) async fn meshed(&self, running: usize) {
        let wanted = format!("\"remotes\": {}", running - 1);
        for (index, node) in self.nodes.iter().enumerate() {
            if node.is_none() {
                continue;
            }
            let mut tries = 0;
            while !self.varz(index).await.contains(&wanted) {
                tries += 1;
                assert!(tries < 300, "{} does not find its peers", NAMES[index]);
                pause().await;
            }
        }
    }

    async fn varz(&self, index: usize) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let Ok(mut stream) = tokio::net::TcpStream::connect(("127.0.0.1", self.monitors[index])).await else { return String::new() };
        let mut answer = String::new();
        stream.write_all(b"GET /varz HTTP/1.0\r\n\r\n").await.ok();
        stream.read_to_string(&mut answer).await.ok();
        answer
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for mut child in self.nodes.iter_mut().filter_map(Option::take) {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a real server starts in real time, and offers nothing to wait on")]
pub(crate) async fn pause() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

/// The nats-server that `cargo xtask test` found or fetched, else the one on PATH.
#[expect(clippy::disallowed_methods, reason = "how the test command hands the binary over")]
fn binary() -> PathBuf {
    let named = std::env::var_os("SIGNALBOX_NATS_SERVER").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = || std::env::split_paths(&path).map(|directory| directory.join("nats-server")).find(|file| file.is_file());
    named.or_else(found).expect("no nats-server in SIGNALBOX_NATS_SERVER or on PATH: run `cargo xtask test`")
}

fn free_ports(count: usize) -> Vec<u16> {
    // all held until all are known, so that no two are the same
    let held: Vec<TcpListener> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    held.iter().map(|listener| listener.local_addr().unwrap().port()).collect()
}
