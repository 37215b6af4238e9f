//! NATS nodes and their client connections, as the servers report them.
//!
//! State and counters are kept apart: state makes intervals (and timeline entries) when it changes; counters move with
//! every message and only their newest value is kept beside the state.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A NATS server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
    /// Whether clients must use TLS. False means off *or* mixed: the flag cannot tell.
    pub tls_required: bool,
    /// Most connections it accepts.
    pub max_connections: u64,
    /// Distinct other servers it has routes to: N − 1 in a full mesh.
    pub remotes: u32,
    /// Digest of its configuration; differing ones are drift.
    pub config_digest: Option<String>,
}

/// What moves on a node by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeCounters {
    /// Client connections open now.
    pub connections: u64,
    /// CPU in percent, summed over cores.
    pub cpu: f64,
    /// Resident memory in bytes.
    pub memory: u64,
    /// Slow consumers since start.
    pub slow_consumers: u64,
    /// Messages received since start.
    pub in_messages: u64,
    /// Messages sent since start.
    pub out_messages: u64,
}

/// A client connection to a node. Identified by node id and `cid`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
