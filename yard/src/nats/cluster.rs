//! All nodes together: started side by side, ready when each sees every other.

use std::{collections::HashSet, path::PathBuf, time::Duration};

use futures::{StreamExt, future::join_all};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::nats::{
    NatsError,
    config::{self, Accounts, Ports, SYSTEM_USER},
    node::Node,
    ports,
    tls::{self, Certificates, NatsTls},
    write_secret,
};

/// How often new ports are tried when another process took one of ours in between.
const ATTEMPTS: usize = 5;
/// How long nodes may take to find each other, and how long one round of asking may be silent. Real time: they are real processes.
const MESH_WITHIN: Duration = Duration::from_secs(30);
const ROUND_IS_SILENT: Duration = Duration::from_millis(100);

pub(crate) struct Cluster {
    nodes: Vec<Mutex<Node>>,
    pub(crate) urls: Vec<String>,
    pub(crate) monitors: Vec<String>,
    pub(crate) accounts: Accounts,
    /// The file of the CA that signed the nodes' certificates; none: they have none.
    pub(crate) ca: Option<PathBuf>,
    tls: NatsTls,
    /// The nodes' files; removed when the cluster is dropped.
    _folder: TempDir,
}

impl Cluster {
    /// Starts `count` nodes and waits until they form a full mesh. Every service gets a user of its name.
    pub(crate) async fn start(count: usize, server: PathBuf, services: Vec<String>, tls: NatsTls) -> Result<Self, NatsError> {
        let accounts = Accounts {
            system_password: ports::chance().simple().to_string(),
            service_password: ports::chance().simple().to_string(),
            services,
        };
        let mut attempt = 1;
        loop {
            match Self::try_start(count, &server, &accounts, tls).await {
                Ok(cluster) => return Ok(cluster),
                Err(NatsError::Node { node, why }) if attempt < ATTEMPTS && why.contains("address already in use") => {
                    tracing::debug!(node, why, "a port was taken in between; trying others");
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn try_start(count: usize, server: &std::path::Path, accounts: &Accounts, mode: NatsTls) -> Result<Self, NatsError> {
        let folder = TempDir::with_prefix("signalbox-yard-")?;
        let free = ports::free(count * 3, ports::chance().as_u64_pair().0)?;
        let all: Vec<Ports> = free
            .as_chunks::<3>()
            .0
            .iter()
            .map(|[client, route, monitor]| Ports { client: *client, route: *route, monitor: *monitor })
            .collect();
        let certificates = if mode == NatsTls::Off { None } else { Some(tls::make(count, folder.path())?) };
        let mut nodes = Vec::new();
        for (number, own) in all.iter().enumerate() {
            let file = folder.path().join(format!("{}.conf", config::name(number)));
            let store = folder.path().join(config::name(number));
            let own_files = certificates.as_ref().and_then(|all: &Certificates| all.nodes.get(number));
            write_secret(&file, &config::node(number, &all, accounts, &store, own_files.map(|files| (files, mode))))?;
            nodes.push(Node::new(number, server.to_owned(), folder.path().to_owned(), file, *own));
        }
        for started in join_all(nodes.iter_mut().map(Node::start)).await {
            started?;
        }
        let cluster = Self {
            urls: nodes.iter().map(Node::url).collect(),
            monitors: all.iter().map(|ports| format!("http://127.0.0.1:{}", ports.monitor)).collect(),
            nodes: nodes.into_iter().map(Mutex::new).collect(),
            accounts: accounts.clone(),
            ca: certificates.map(|certificates| certificates.ca),
            tls: mode,
            _folder: folder,
        };
        cluster.wait_for_mesh().await?;
        Ok(cluster)
    }

    pub(crate) fn count(&self) -> usize {
        self.nodes.len()
    }

    fn node(&self, number: usize) -> Result<&Mutex<Node>, NatsError> {
        self.nodes.get(number).ok_or(NatsError::NoSuchNode { node: number, nodes: self.nodes.len() })
    }

    pub(crate) async fn stop_node(&self, number: usize) -> Result<(), NatsError> {
        self.node(number)?.lock().await.stop().await;
        Ok(())
    }

    /// Starts a node on its old ports and waits until every running node sees it.
    pub(crate) async fn start_node(&self, number: usize) -> Result<(), NatsError> {
        self.node(number)?.lock().await.start().await?;
        self.wait_for_mesh().await
    }

    /// Each node as it is now: `up`, `down`, or `changing` while it is being stopped or started.
    pub(crate) fn states(&self) -> Vec<&'static str> {
        let state = |node: &Mutex<Node>| node.try_lock().map_or("changing", |node| if node.runs() { "up" } else { "down" });
        self.nodes.iter().map(state).collect()
    }

    /// Takes all nodes down.
    pub(crate) async fn stop(&self) {
        join_all(self.nodes.iter().map(async |node| node.lock().await.stop().await)).await;
    }

    /// Waits until every running node has a route to every other running one.
    async fn wait_for_mesh(&self) -> Result<(), NatsError> {
        let mut running = Vec::new();
        for node in &self.nodes {
            let node = node.lock().await;
            if node.runs() {
                running.push(node.url());
            }
        }
        let Some(first) = running.first() else { return Ok(()) };
        let mesh = |why: String| NatsError::Mesh { why };
        let options =
            async_nats::ConnectOptions::with_user_and_password(SYSTEM_USER.to_owned(), self.accounts.system_password.clone()).name("yard");
        let options = match &self.ca {
            Some(ca) if self.tls == NatsTls::Required => options.add_root_certificates(ca.clone()).require_tls(true),
            _ => options,
        };
        let client = options.connect(first).await.map_err(|error| mesh(error.to_string()))?;
        tokio::time::timeout(MESH_WITHIN, full_mesh(&client, running.len()))
            .await
            .map_err(|_| {
                mesh(format!("not all of the {} running nodes were connected with each other after {MESH_WITHIN:?}", running.len()))
            })?
            .map_err(mesh)
    }
}

/// Asks all nodes for their routes, again and again, until each of the `count` names all others.
async fn full_mesh(client: &async_nats::Client, count: usize) -> Result<(), String> {
    loop {
        let inbox = client.new_inbox();
        let mut replies = client.subscribe(inbox.clone()).await.map_err(|error| error.to_string())?;
        client.publish_with_reply("$SYS.REQ.SERVER.PING.ROUTEZ", inbox, "".into()).await.map_err(|error| error.to_string())?;
        let mut whole = 0;
        // a round ends when nobody says anything any more: that is also what keeps this from spinning
        while let Ok(Some(reply)) = tokio::time::timeout(ROUND_IS_SILENT, replies.next()).await {
            whole += usize::from(peers(&reply.payload) + 1 >= count);
            if whole == count {
                return Ok(());
            }
        }
    }
}

/// How many other nodes one answer to ROUTEZ names. Two nodes share several routes: names are counted, not routes.
fn peers(reply: &[u8]) -> usize {
    let reply: Value = serde_json::from_slice(reply).unwrap_or_default();
    let routes = reply.pointer("/data/routes").and_then(Value::as_array);
    routes.into_iter().flatten().filter_map(|route| route.get("remote_name")?.as_str()).collect::<HashSet<_>>().len()
}
