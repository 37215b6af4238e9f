//! What a node is told: one configuration file for each.
//!
//! The trap: every name in it is ours, but service names come from options; they are written as JSON strings, which nats-server's format accepts.

use std::path::Path;

use serde_json::json;

use crate::nats::tls::{Files, NatsTls};

/// The name of the cluster all nodes form.
pub(crate) const CLUSTER_NAME: &str = "gaming-system-nats";
/// The system account's user.
pub(crate) const SYSTEM_USER: &str = "sys";

/// A user of no service, for whoever connects by hand.
pub(crate) const MAINTENANCE_USER: &str = "maintenance";

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
pub(super) fn node(number: usize, ports: &[Ports], accounts: &Accounts, store: &Path, tls: Option<(&Files, NatsTls)>) -> String {
    let own = ports.get(number).copied().unwrap_or(Ports { client: 0, route: 0, monitor: 0 });
    let others = ports.iter().enumerate().filter(|(other, _)| *other != number);
    let routes: Vec<String> = others.map(|(_, ports)| format!("nats://127.0.0.1:{}", ports.route)).collect();
    let users: Vec<_> = accounts.services.iter().map(|name| json!({"user": name, "password": accounts.service_password})).collect();
    // nats-server's own format is a superset of JSON
    let mut config = json!({
        "server_name": name(number),
        "listen": format!("127.0.0.1:{}", own.client),
        "http": format!("127.0.0.1:{}", own.monitor),
        "jetstream": {"store_dir": store, "max_memory_store": 67_108_864, "max_file_store": 268_435_456},
        "accounts": {
            "SYS": {"users": [{"user": SYSTEM_USER, "password": accounts.system_password}]},
            "GAMING": {"jetstream": "enabled", "users": users},
        },
        "system_account": "SYS",
    });
    if let (Some((files, mode)), Some(members)) = (tls, config.as_object_mut()) {
        // the default of two seconds is short for a machine that starts fifty connections at once
        members.insert("tls".to_owned(), json!({"cert_file": files.certificate, "key_file": files.key, "timeout": 10}));
        if mode == NatsTls::Mixed {
            members.insert("allow_non_tls".to_owned(), json!(true));
        }
    }
    if let Some(members) = config.as_object_mut().filter(|_| !routes.is_empty()) {
        // a lone node must not wait for peers that will never come: its JetStream would have no leader
        let cluster = json!({"name": CLUSTER_NAME, "listen": format!("127.0.0.1:{}", own.route), "routes": routes});
        members.insert("cluster".to_owned(), cluster);
    }
    config.to_string()
}

/// What a node calls itself.
pub(crate) fn name(number: usize) -> String {
    format!("nats-{}", number + 1)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_node_knows_all_others_and_a_lone_one_is_no_cluster() {
        let ports: Vec<Ports> = (0..3).map(|number| Ports { client: 1 + number, route: 11 + number, monitor: 21 + number }).collect();
        let accounts =
            Accounts { system_password: "s".to_owned(), service_password: "p".to_owned(), services: vec!["a \"quoted\" name".to_owned()] };
        let read = |ports: &[Ports]| {
            serde_json::from_str::<Value>(&node(1.min(ports.len() - 1), ports, &accounts, Path::new("/store"), None)).unwrap()
        };
        let config = read(&ports);
        assert_eq!(config["cluster"]["routes"], json!(["nats://127.0.0.1:11", "nats://127.0.0.1:13"]));
        assert_eq!((&config["server_name"], &config["listen"]), (&json!("nats-2"), &json!("127.0.0.1:2")));
        assert_eq!(config["accounts"]["GAMING"]["users"][0]["user"], "a \"quoted\" name");
        assert_eq!(read(ports.get(..1).unwrap()).get("cluster"), None);
    }
}
