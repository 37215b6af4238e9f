//! From what NATS servers answer to our own types. Pure.
//!
//! **What counts as a client connection:** `kind` is `Client` (leaf nodes, routes and gateways are not), it is not in
//! the system account (whoever is there watches the cluster, as we do, and is no part of the fleet), and it is not
//! our own. A node's `connections` counter is counted by the same rule where its list was read to its end; elsewhere
//! it is the server's own figure, which includes the others.

use std::collections::BTreeMap;
use std::net::IpAddr;

use domain::nats::closed::ClosedConnection;
use domain::nats::{Connection, ConnectionCounters, Node, NodeCounters};
use domain::source::Fault;

use super::jetstream::Jsz;
use super::wire::{ConnInfo, RouteInfo, Varz};

/// The name of the system account where a server does not say.
const DEFAULT_SYSTEM_ACCOUNT: &str = "$SYS";
/// The name of the global account.
const GLOBAL_ACCOUNT: &str = "$G";

/// All that one node said in one sweep.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) varz: Varz,
    /// Its connections, and what kept them from being complete.
    pub(super) connections: Vec<ConnInfo>,
    pub(super) incomplete: Option<Fault>,
    pub(super) routes: Vec<RouteInfo>,
    /// Our own connection's number, if it is on this node.
    pub(super) ours: Option<u64>,
    /// The connections that ended and that it remembers; nothing when it was not asked or did not answer.
    pub(super) closed: Option<Vec<ConnInfo>>,
    /// What it tells of JetStream; nothing when it was not asked or did not answer.
    pub(super) jetstream: Option<Jsz>,
    /// Its clock minus ours, in milliseconds.
    pub(super) skew_ms: Option<i64>,
}

impl Heard {
    /// The node's name; its id where it was given none.
    pub(super) fn name(&self) -> &str {
        if self.varz.server_name.is_empty() { &self.varz.server_id } else { &self.varz.server_name }
    }

    /// The fleet's connections on it.
    pub(super) fn clients(&self) -> Vec<(Connection, ConnectionCounters)> {
        let fleet = self.connections.iter().filter(|connection| self.is_fleet(connection));
        fleet.filter_map(|connection| self.connection(connection)).collect()
    }

    fn is_fleet(&self, connection: &ConnInfo) -> bool {
        let client = connection.kind.is_empty() || connection.kind == "Client";
        let system = match self.varz.system_account.as_str() {
            "" => DEFAULT_SYSTEM_ACCOUNT,
            account => account,
        };
        client && connection.account != system && (self.ours.is_none() || connection.cid != self.ours)
    }

    /// The fleet's connections that ended, oldest first. `looked_from`: ports we ourselves came from to look at its
    /// certificate. Whoever left without ever saying who they are (a load balancer's check, a port scan) is no client;
    /// whoever failed at TLS is one that could not come in.
    pub(super) fn ended(&self, looked_from: &[u16]) -> Vec<ClosedConnection> {
        let spoke = |info: &ConnInfo| {
            let silent = info.lang.is_empty() && info.version.is_empty() && info.authorized_user.is_empty() && info.name.is_empty();
            !silent || info.reason.starts_with("TLS") || info.reason.starts_with("Authentication F")
        };
        let ours = |info: &ConnInfo| info.port.and_then(|port| u16::try_from(port).ok()).is_some_and(|port| looked_from.contains(&port));
        let fleet = self.closed.iter().flatten().filter(|info| self.is_fleet(info) && spoke(info) && !ours(info));
        let mut ended: Vec<ClosedConnection> = fleet
            .filter_map(|info| {
                let (connection, _) = self.connection(info)?;
                Some(ClosedConnection { connection, stopped: info.stop, reason: info.reason.clone() })
            })
            .collect();
        ended.sort_by_key(|closed| (closed.stopped, closed.connection.cid));
        ended
    }

    /// `None` without a number, because then it cannot be told from others.
    fn connection(&self, from: &ConnInfo) -> Option<(Connection, ConnectionCounters)> {
        let state = Connection {
            node: self.varz.server_id.clone(),
            node_name: self.name().to_owned(),
            cid: from.cid?,
            name: filled(&from.name),
            address: from.ip.clone(),
            port: from.port.and_then(|port| u16::try_from(port).ok()).unwrap_or(0),
            account: filled(&from.account).filter(|account| account != GLOBAL_ACCOUNT),
            user: filled(&from.authorized_user),
            lang: filled(&from.lang),
            version: filled(&from.version),
            started: from.start,
            tls: filled(&from.tls_version),
            certificate: from.tls_peer_certs.first().and_then(|certificate| filled(&certificate.subject)),
            proxied: from.proxy.is_some(),
        };
        let counters = ConnectionCounters {
            pending_bytes: from.pending_bytes.unwrap_or(0),
            in_messages: from.in_msgs.unwrap_or(0),
            out_messages: from.out_msgs.unwrap_or(0),
            subscriptions: small(from.subscriptions),
        };
        Some((state, counters))
    }

    /// Its client address; `reached_at` is the address others have their routes to.
    pub(super) fn address(&self, reached_at: Option<&str>) -> Option<String> {
        address(&self.varz.host, self.varz.port, reached_at)
    }

    /// The node itself; `reached_at` is the address others have their routes to.
    pub(super) fn node(&self, clients: usize, reached_at: Option<&str>) -> (Node, NodeCounters) {
        let varz = &self.varz;
        let node = Node {
            id: varz.server_id.clone(),
            name: self.name().to_owned(),
            version: varz.version.clone(),
            cluster: varz.cluster.as_ref().and_then(|cluster| filled(&cluster.name)),
            started: varz.start,
            address: self.address(reached_at),
            jetstream: varz.jetstream.as_ref().is_some_and(|jetstream| jetstream.config.is_some()),
            tls_required: varz.tls_required,
            max_connections: varz.max_connections.unwrap_or(0),
            remotes: small(varz.remotes),
            config_digest: filled(&varz.config_digest),
            tls: None,
            tls_unknown: None,
            certificate: None,
            configured_until: varz.tls_cert_not_after,
            // seconds; more than an hour is no timeout
            tls_timeout_ms: (varz.tls_timeout.clamp(0.0, 3_600.0) * 1_000.0) as u32,
            max_pending: varz.max_pending.unwrap_or(0),
            cores: small(varz.gomaxprocs.or(varz.cores)),
            meta_leader: varz.jetstream.as_ref().and_then(|jetstream| filled(&jetstream.meta.as_ref()?.leader)),
        };
        let slow = varz.slow_consumer_stats.clone().unwrap_or_default();
        let jetstream = varz.jetstream.clone().unwrap_or_default();
        let (limits, stats) = (jetstream.config.unwrap_or_default(), jetstream.stats.unwrap_or_default());
        let counters = NodeCounters {
            connections: if self.incomplete.is_none() { clients as u64 } else { varz.connections.unwrap_or(0) },
            cpu: varz.cpu,
            memory: varz.mem.unwrap_or(0),
            slow_consumers: varz.slow_consumers.unwrap_or(0),
            in_messages: varz.in_msgs.unwrap_or(0),
            out_messages: varz.out_msgs.unwrap_or(0),
            slow_links: [slow.routes, slow.gateways, slow.leafs].into_iter().flatten().sum(),
            total_connections: varz.total_connections.unwrap_or(0),
            subscriptions: varz.subscriptions.unwrap_or(0),
            route_pending: self.routes.iter().filter_map(|route| route.pending_size).sum(),
            skew_ms: self.skew_ms,
            storage: (stats.storage.unwrap_or(0), limits.max_storage.unwrap_or(0)),
            api_errors: stats.api.and_then(|api| api.errors).unwrap_or(0),
        };
        (node, counters)
    }
}

/// By server id, the address the other nodes have their routes to.
pub(super) fn addresses(heard: &[Heard]) -> BTreeMap<String, String> {
    let routes = heard.iter().flat_map(|node| &node.routes);
    let known = routes.filter(|route| !route.remote_id.is_empty() && route.ip.parse::<IpAddr>().is_ok());
    known.map(|route| (route.remote_id.clone(), route.ip.clone())).collect()
}

/// The client address: what the node listens on, unless that is every address; then where its peers reach it.
fn address(host: &str, port: Option<u64>, reached_at: Option<&str>) -> Option<String> {
    let everywhere = host.parse::<IpAddr>().is_ok_and(|ip| ip.is_unspecified());
    let host = if host.is_empty() || everywhere { reached_at? } else { host };
    match port {
        Some(port) if host.contains(':') => Some(format!("[{host}]:{port}")),
        Some(port) => Some(format!("{host}:{port}")),
        None => Some(host.to_owned()),
    }
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn small(number: Option<u64>) -> u32 {
    number.map_or(0, |number| u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nats::wire::{Connz, parsed};

    fn heard(varz: &str, connz: &str) -> Heard {
        let connz: Connz = parsed(connz.as_bytes()).unwrap();
        Heard { varz: parsed(varz.as_bytes()).unwrap(), connections: connz.connections, ..Heard::default() }
    }

    #[test]
    fn who_never_said_who_they_are_did_not_leave() {
        let mut node = heard(r#"{"server_id": "N1", "system_account": "SYS"}"#, r#"{"connections": []}"#);
        let closed: Connz = parsed(
            br#"{"connections": [
                {"cid": 3, "kind": "Client", "lang": "go", "account": "APP", "reason": "Client Closed", "stop": "2026-05-02T09:41:03Z"},
                {"cid": 2, "kind": "Client", "reason": "Client Closed"},
                {"cid": 4, "kind": "Client", "port": 4711, "reason": "TLS Handshake Failure"},
                {"cid": 5, "kind": "Client", "port": 4712, "reason": "TLS Handshake Failure", "stop": "2026-05-02T09:41:02Z"},
                {"cid": 6, "kind": "Client", "lang": "go", "account": "SYS", "reason": "Client Closed"},
                {"cid": 7, "kind": "Leafnode", "lang": "go", "reason": "Client Closed"}]}"#,
        )
        .unwrap();
        node.closed = Some(closed.connections);
        let ended: Vec<u64> = node.ended(&[4711]).iter().map(|closed| closed.connection.cid).collect();
        assert_eq!(ended, [5, 3], "oldest first");
    }

    #[test]
    fn only_the_fleets_own_clients_count() {
        let mut node = heard(
            r#"{"server_id": "N1", "system_account": "SYS", "connections": 5}"#,
            r#"{"connections": [
                {"cid": 1, "kind": "Client", "account": "APP", "ip": "10.0.1.7", "port": 4000, "authorized_user": "router", "tls_version": "1.3"},
                {"cid": 2, "kind": "Client", "account": "SYS"},
                {"cid": 3, "kind": "Leafnode", "account": "APP"},
                {"cid": 4, "kind": "Client", "account": "$G", "port": 70000},
                {"cid": 5, "kind": "Client", "account": "APP"},
                {"kind": "Client", "account": "APP"}]}"#,
        );
        node.ours = Some(5);
        let clients = node.clients();
        assert_eq!(clients.iter().map(|(connection, _)| connection.cid).collect::<Vec<_>>(), [1, 4]);
        assert_eq!(clients[0].0.user.as_deref(), Some("router"));
        assert_eq!(clients[0].0.tls.as_deref(), Some("1.3"));
        assert_eq!((clients[1].0.account.as_deref(), clients[1].0.port), (None, 0));
        assert_eq!(node.node(clients.len(), None).1.connections, 2);
    }

    #[test]
    fn without_a_name_of_its_own_a_system_account_is_sys() {
        let node = heard(r#"{"server_id": "N1"}"#, r#"{"connections": [{"cid": 2, "account": "$SYS"}, {"cid": 3}]}"#);
        assert_eq!(node.clients().len(), 1);
        assert_eq!(node.name(), "N1");
    }

    #[test]
    fn a_node_listening_everywhere_is_where_its_peers_reach_it() {
        assert_eq!(address("10.0.1.10", Some(4222), None).as_deref(), Some("10.0.1.10:4222"));
        assert_eq!(address("0.0.0.0", Some(4222), Some("10.0.1.11")).as_deref(), Some("10.0.1.11:4222"));
        assert_eq!(address("::", Some(4222), None), None);
        assert_eq!(address("fd00::1", Some(4222), None).as_deref(), Some("[fd00::1]:4222"));
    }
}
