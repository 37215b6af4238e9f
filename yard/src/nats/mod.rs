//! The NATS face: real `nats-server` nodes in one cluster, and a real client connection for every running task.
//!
//! Real, because what Signalbox reads of NATS (who is connected, from which address, over which TLS) cannot be imitated honestly.
//! The trap: nodes keep their own time. Whether one is ready is found out by asking it, never by waiting a while.

mod clients;
mod cluster;
mod config;
mod find;
mod jetstream;
mod node;
mod ownership;
mod ports;
mod tls;

use std::path::PathBuf;

use thiserror::Error;

pub(crate) use clients::{MOST_CONNECTIONS, keep_connected, truths};
pub(crate) use cluster::Cluster;
pub(crate) use config::{MAINTENANCE_USER, SYSTEM_USER};
pub use find::find_server;
pub(crate) use node::is_watched;
pub(crate) use ports::loopback_is_wide;
pub use tls::NatsTls;

/// Writes a file that only its owner can read: it holds passwords or a key.
fn write_secret(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

/// Why the NATS face could not be opened or changed.
#[derive(Debug, Error)]
pub enum NatsError {
    /// No binary.
    #[error(
        "there is no nats-server {looked}. `cargo xtask test` and `cargo xtask demo` fetch one; or install nats-server 2.10 or later and put it on PATH"
    )]
    NoServer { looked: String },
    /// A binary that is too old.
    #[error("{path} says {said:?}, but 2.10 or later is needed. `cargo xtask` fetches one by itself; or give a newer one")]
    OldServer { path: PathBuf, said: String },
    /// Something else by that name.
    #[error("{path} is no nats-server that can be run: asked for its version it said {said:?}")]
    NotAServer { path: PathBuf, said: String },
    /// A node did not come up.
    #[error("NATS node {node} did not come up: {why}")]
    Node { node: usize, why: String },
    /// The nodes run but do not all see each other.
    #[error("the NATS nodes did not find each other: {why}")]
    Mesh { why: String },
    /// No room for the nodes' files or ports.
    #[error("the NATS nodes could not be prepared: {0}")]
    Prepare(#[from] std::io::Error),
    /// There is no such node.
    #[error("there is no NATS node {node}; there are {nodes}, numbered from 0")]
    NoSuchNode { node: usize, nodes: usize },
    /// The yard was opened without NATS.
    #[error("this yard was opened without NATS")]
    Absent,
}
