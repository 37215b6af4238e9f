//! What a node is told: one configuration file for each.
//!
//! The trap: every name in it is ours, but service names come from options; they are written as JSON strings, which nats-server's format accepts.

use std::path::Path;

use serde_json::json;

/// The name of the cluster all nodes form.
pub(crate) const CLUSTER_NAME: &str = "gaming-system-nats";
/// The system account's user.
pub(crate) const SYSTEM_USER: &str = "sys";

/// The three ports of a node on 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ports {
    pub(crate) client: u16,
    pub(crate) route: u16,
    pub(crate) monitor: u16,
}

/// What all nodes share: who may come in.
#[derive(Debug, Clone)]
pub(crate) struct Accounts {
    pub(crate) system_password: String,
    /// All services use this one, each with its own name as user.
    pub(crate) service_password: String,
    pub(crate) services: Vec<String>,
}

/// The configuration of the node `number` of those with `ports`.
pub(crate) fn node(number: usize, ports: &[Ports], accounts: &Accounts, store: &Path) -> String {
    let own = ports.get(number).copied().unwrap_or(Ports { client: 0, route: 0, monitor: 0 });
    let others = ports.iter().enumerate().filter(|(other, _)| *other != number);
    let routes: Vec<String> = others.map(|(_, ports)| format!("nats://127.0.0.1:{}", ports.route)).collect();
    let users: Vec<_> = accounts.services.iter().map(|name| json!({"user": name, "password": accounts.service_password})).collect();
    // nats-server's own format is a superset of JSON
    let config = json!({
        "server_name": name(number),
        "listen": format!("127.0.0.1:{}", own.client),
        "http": format!("127.0.0.1:{}", own.monitor),
        "jetstream": {"store_dir": store, "max_memory_store": 67_108_864, "max_file_store": 268_435_456},
        "cluster": {"name": CLUSTER_NAME, "listen": format!("127.0.0.1:{}", own.route), "routes": routes},
        "accounts": {
            "SYS": {"users": [{"user": SYSTEM_USER, "password": accounts.system_password}]},
            "GAMING": {"jetstream": "enabled", "users": users},
        },
        "system_account": "SYS",
    });
    config.to_string()
}

/// What a node calls itself.
pub(crate) fn name(number: usize) -> String {
    format!("nats-{}", number + 1)
}
