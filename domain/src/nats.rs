//! NATS nodes and their client connections, as the servers report them.
//!
//! State and counters are kept apart: state makes intervals (and timeline entries) when it changes; counters move with
//! every message and only their newest value is kept beside the state. Meanings follow nats-server's `monitor.go`.

pub mod closed;
pub mod finding;
pub mod jetstream;
pub mod meter;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// How long a client may take to finish its TLS handshake where the node does not say: nats-server's default.
pub const DEFAULT_TLS_TIMEOUT: Duration = Duration::from_secs(2);
/// How much longer than that a connection must have stood without TLS to count as plaintext.
pub const TLS_MARGIN: Duration = Duration::from_secs(5);
/// Days of validity left from which a certificate is a concern, and from which it is urgent (`nats audit`, SERVER_008).
pub const CERTIFICATE_DAYS: (i64, i64) = (30, 7);

/// Whether clients use TLS on a node: what its INFO says (nats-server, `server.go`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TlsMode {
    /// No client can use TLS.
    Off,
    /// Both kinds come in (`allow_non_tls`).
    Mixed,
    /// Without TLS nobody comes in.
    Required,
}

impl TlsMode {
    /// From INFO's two flags.
    pub const fn from_info(required: bool, available: bool) -> Self {
        match (required, available) {
            (true, _) => Self::Required,
            (false, true) => Self::Mixed,
            (false, false) => Self::Off,
        }
    }

    /// The word on pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Mixed => "mixed",
            Self::Required => "required",
        }
    }
}

/// A certificate as a node really serves it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Certificate {
    /// Its subject.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// The DNS names and addresses it is good for.
    pub names: Vec<String>,
    /// From when.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
    /// Why it would be refused by a client that trusts the configured CA; nothing when it would not.
    pub trouble: Option<String>,
}

impl Certificate {
    /// Whole days of validity left; negative once it has ended.
    pub fn days_left(&self, now: Timestamp) -> Option<i64> {
        self.until.map(|until| (until.as_micros().saturating_sub(now.as_micros())).div_euclid(86_400_000_000))
    }
}

/// A NATS server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Node {
    /// The server's own id; a new one after every restart.
    pub id: String,
    /// Its configured name; what stays the same over restarts.
    pub name: String,
    /// Server version.
    pub version: String,
    /// NATS cluster name it belongs to.
    pub cluster: Option<String>,
    /// When it started. A later one for the same name is a restart.
    pub started: Option<Timestamp>,
    /// Client address it advertises.
    pub address: Option<String>,
    /// Whether JetStream is on.
    pub jetstream: bool,
    /// Whether clients must use TLS, by `varz`. False means off *or* mixed: the flag cannot tell, `tls` does.
    pub tls_required: bool,
    /// Most connections it accepts.
    pub max_connections: u64,
    /// Distinct other servers it has routes to: N − 1 in a full mesh.
    pub remotes: u32,
    /// Digest of its configuration; differing ones are drift.
    pub config_digest: Option<String>,
    /// Whether clients use TLS, by its INFO; nothing while that could not be read.
    pub tls: Option<TlsMode>,
    /// Why `tls` is not known.
    pub tls_unknown: Option<String>,
    /// The certificate it serves, by our own handshake.
    pub certificate: Option<Certificate>,
    /// End of the certificate it says it is configured with (`tls_cert_not_after`, from 2.11.12 and 2.12.4).
    pub configured_until: Option<Timestamp>,
    /// Milliseconds a TLS handshake may take.
    pub tls_timeout_ms: u32,
    /// Bytes it holds for one client before it drops it.
    pub max_pending: u64,
    /// Cores it may use.
    pub cores: u32,
    /// The node that leads JetStream, as this one sees it.
    pub meta_leader: Option<String>,
}

impl Node {
    /// From when on a connection without TLS counts as plaintext.
    pub fn plaintext_after(&self) -> Duration {
        let timeout = if self.tls_timeout_ms == 0 { DEFAULT_TLS_TIMEOUT } else { Duration::from_millis(self.tls_timeout_ms.into()) };
        timeout + TLS_MARGIN
    }
}

/// What moves on a node by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct NodeCounters {
    /// Client connections open now.
    pub connections: u64,
    /// CPU in percent, summed over cores.
    pub cpu: f64,
    /// Resident memory in bytes.
    pub memory: u64,
    /// Slow consumers since start: clients, routes, gateways and leaf nodes.
    pub slow_consumers: u64,
    /// Of those, routes, gateways and leaf nodes: a part of the mesh that cannot keep up.
    pub slow_links: u64,
    /// Messages received since start.
    pub in_messages: u64,
    /// Messages sent since start.
    pub out_messages: u64,
    /// Connections ever accepted since start.
    pub total_connections: u64,
    /// Subscriptions held.
    pub subscriptions: u64,
    /// Bytes waiting on its routes to the other nodes.
    pub route_pending: u64,
    /// Its clock minus ours in milliseconds; unknown where ours does not keep the wall's time.
    pub skew_ms: Option<i64>,
    /// Bytes of JetStream storage in use, and at most.
    pub storage: (u64, u64),
    /// JetStream API errors since start.
    pub api_errors: u64,
}

impl NodeCounters {
    /// How many slow consumers came since `before`. The counter begins anew with every start, so after one (or where it
    /// fell, which is one unnoticed) all of them are new.
    pub fn slow_since(&self, before: Option<&Self>, restarted: bool) -> u64 {
        match before {
            // the first reading is a baseline: who knows when those were
            None => 0,
            Some(before) if !restarted && before.slow_consumers <= self.slow_consumers => self.slow_consumers - before.slow_consumers,
            Some(_) => self.slow_consumers,
        }
    }
}

/// A client connection to a node. Identified by node id and `cid`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Connection {
    /// Id of the node that holds it.
    pub node: String,
    /// Name of that node.
    pub node_name: String,
    /// The node's number for it.
    pub cid: u64,
    /// The name the client gave itself; may be empty, and may be a lie.
    pub name: Option<String>,
    /// Source address.
    pub address: String,
    /// Source port.
    pub port: u16,
    /// Account; absent for the global one.
    pub account: Option<String>,
    /// User, nkey or subject the server let in.
    pub user: Option<String>,
    /// Client library.
    pub lang: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// When it connected.
    pub started: Option<Timestamp>,
    /// TLS version once the handshake is done; absent on plaintext and on very young connections.
    pub tls: Option<String>,
    /// Subject of the certificate the client showed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Whether it came through a proxy the node trusts, so that its address is the proxy's.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub proxied: bool,
}

/// What can be said about a connection's TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Wire {
    /// It uses TLS.
    Tls,
    /// It does not.
    Plaintext,
    /// Its handshake may still be going on.
    Young,
}

impl Wire {
    /// The word in URLs, the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Plaintext => "plaintext",
            Self::Young => "young",
        }
    }
}

impl Connection {
    /// Plaintext only once it is older than a handshake may take; without an instant it is old.
    pub fn wire(&self, plaintext_after: Duration, now: Timestamp) -> Wire {
        match (&self.tls, self.started) {
            (Some(_), _) => Wire::Tls,
            (None, Some(started)) if now.since(started) <= plaintext_after => Wire::Young,
            (None, _) => Wire::Plaintext,
        }
    }

    /// Client library and version, as far as the client says.
    pub fn client(&self) -> Option<String> {
        match (&self.lang, &self.version) {
            (Some(lang), Some(version)) => Some(format!("{lang} {version}")),
            (lang, version) => lang.clone().or_else(|| version.clone()),
        }
    }
}

/// What moves on a connection by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionCounters {
    /// Bytes the server holds for it.
    pub pending_bytes: u64,
    /// Messages from it since it connected.
    pub in_messages: u64,
    /// Messages to it since it connected.
    pub out_messages: u64,
    /// Subscriptions it holds.
    pub subscriptions: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixed_is_told_from_off_by_what_is_on_offer() {
        assert_eq!(TlsMode::from_info(true, false), TlsMode::Required);
        assert_eq!(TlsMode::from_info(true, true), TlsMode::Required);
        assert_eq!(TlsMode::from_info(false, true), TlsMode::Mixed);
        assert_eq!(TlsMode::from_info(false, false), TlsMode::Off);
    }

    #[test]
    fn a_young_connection_is_not_yet_plaintext() {
        let at = Timestamp::from_secs;
        let after = Node::default().plaintext_after();
        assert_eq!(after, Duration::from_secs(7));
        let connection = Connection { started: Some(at(100)), ..Connection::default() };
        assert_eq!(connection.wire(after, at(107)), Wire::Young);
        assert_eq!(connection.wire(after, at(108)), Wire::Plaintext);
        assert_eq!(Connection { tls: Some("1.3".into()), ..connection }.wire(after, at(101)), Wire::Tls);
        assert_eq!(Connection::default().wire(after, at(0)), Wire::Plaintext, "nobody knows when it began, but it stands");
        assert_eq!(Node { tls_timeout_ms: 500, ..Node::default() }.plaintext_after(), Duration::from_millis(5_500));
    }

    #[test]
    fn slow_consumers_are_counted_as_they_come() {
        let count = |slow_consumers| NodeCounters { slow_consumers, ..NodeCounters::default() };
        assert_eq!(count(7).slow_since(None, false), 0, "a baseline is no news");
        assert_eq!(count(7).slow_since(Some(&count(4)), false), 3);
        assert_eq!(count(7).slow_since(Some(&count(7)), false), 0);
        assert_eq!(count(2).slow_since(Some(&count(7)), true), 2, "a restart begins at nothing");
        assert_eq!(count(2).slow_since(Some(&count(7)), false), 2, "a counter that fell is a restart unnoticed");
        assert_eq!(count(9).slow_since(Some(&count(7)), true), 9);
    }

    #[test]
    fn days_are_whole_and_go_below_nothing() {
        let until = Certificate { until: Some(Timestamp::from_secs(10 * 86_400)), ..Certificate::default() };
        assert_eq!(until.days_left(Timestamp::from_secs(0)), Some(10));
        assert_eq!(until.days_left(Timestamp::from_secs(86_401)), Some(8));
        assert_eq!(until.days_left(Timestamp::from_secs(10 * 86_400 + 1)), Some(-1));
    }

    #[test]
    fn what_an_older_signalbox_wrote_is_read() {
        let old = r#"{"node":"NA1","node_name":"n1","cid":7,"name":null,"address":"10.0.1.7","port":1,"account":null,"user":null,"lang":null,"version":null,"started":null,"tls":null}"#;
        let read: Connection = serde_json::from_str(old).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), old, "and is not taken for a change");
    }
}
