//! Three real nats-servers with a system account, on free ports, stopped with the test.
//!
//! How far they have come is told by their logs, which are listened to. The trap is the start of one that ran before: the others
//! knew it under another id, so a route is one to the id it has now.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::watch;

pub(crate) const NAMES: [&str; 3] = ["n1", "n2", "n3"];

/// How long a node may take to be ready and to find its peers. Real time: it is a real process.
const PATIENCE: Duration = Duration::from_secs(30);

struct Node {
    name: &'static str,
    child: Child,
    said: watch::Receiver<Said>,
}

/// What a node's log has said so far.
#[derive(Clone, Default)]
struct Said {
    id: String,
    ready: bool,
    ended: bool,
    /// Where its routes lead to, as the log writes it: an id in quotes, and the account where the route is of one.
    routes: HashSet<String>,
    /// The latest line, or the one with which it gave up.
    last: String,
}

impl Said {
    /// Whether it has routes to this node: those for all, and the one of the system account.
    fn has_routes_to(&self, id: &str) -> bool {
        self.routes.contains(&format!("\"{id}\"")) && self.routes.contains(&format!("\"{id}\" for account \"SYS\""))
    }
}

impl Node {
    /// Waits until its log has said so; answers what else it has said.
    async fn until(&self, what: &str, so: impl Fn(&Said) -> bool) -> Said {
        let mut said = self.said.clone();
        let heard = tokio::time::timeout(PATIENCE, said.wait_for(|said| said.ended || so(said))).await;
        let heard = heard.is_ok_and(|heard| heard.is_ok_and(|said| !said.ended));
        let said = self.said.borrow().clone();
        assert!(heard, "{} {what}; it last said: {}", self.name, said.last);
        said
    }
}

/// Follows a node's log to its end.
fn listen(log: ChildStderr, says: &watch::Sender<Said>) {
    for line in BufReader::new(log).lines().map_while(Result::ok) {
        says.send_modify(|said| {
            if let Some((_, id)) = line.split_once("  ID:  ") {
                said.id = id.trim().to_owned();
            }
            if let Some((_, to)) = line.split_once("Registering remote route ") {
                said.routes.insert(to.trim().to_owned());
            }
            said.ready |= line.contains("Server is ready");
            if !said.last.contains("[FTL]") {
                said.last = line;
            }
        });
    }
    says.send_modify(|said| said.ended = true);
}

pub(crate) struct Cluster {
    directory: TempDir,
    binary: PathBuf,
    clients: Vec<u16>,
    routes: Vec<u16>,
    monitors: Vec<u16>,
    nodes: Vec<Option<Node>>,
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
        cluster.meshed().await;
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
        // -D: that a route is in place is said there only
        let child = Command::new(&self.binary).arg("-D").arg("-c").arg(&path).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("the nats-server starts");
        let log = child.stderr.take().expect("its log is piped");
        let (says, said) = watch::channel(Said::default());
        std::thread::spawn(move || listen(log, &says));
        self.nodes[index] = Some(Node { name: NAMES[index], child, said });
    }

    pub(crate) fn kill_node(&mut self, index: usize) {
        let mut node = self.nodes[index].take().expect("the node runs");
        node.child.kill().unwrap();
        node.child.wait().unwrap();
    }

    pub(crate) fn client_url(&self, index: usize) -> String {
        format!("nats://127.0.0.1:{}", self.clients[index])
    }

    pub(crate) fn monitor_url(&self, index: usize) -> String {
        format!("http://127.0.0.1:{}", self.monitors[index])
    }

    /// Waits until every running node is ready and has routes to all other running ones.
    pub(crate) async fn meshed(&self) {
        let mut ids = Vec::new();
        for node in self.nodes.iter().flatten() {
            ids.push(node.until("does not get ready", |said| said.ready).await.id);
        }
        for (node, own) in self.nodes.iter().flatten().zip(&ids) {
            let peers: Vec<&String> = ids.iter().filter(|id| *id != own).collect();
            node.until("does not find its peers", |said| peers.iter().all(|id| said.has_routes_to(id))).await;
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for mut node in self.nodes.iter_mut().filter_map(Option::take) {
            node.child.kill().ok();
            node.child.wait().ok();
        }
    }
}

/// Between two looks at what a running cluster comes to by itself.
#[expect(clippy::disallowed_methods, reason = "a real cluster elects and counts in real time, and tells nobody when it has")]
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
