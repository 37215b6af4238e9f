//! The NATS face: real `nats-server` nodes in one cluster, and a real client connection for every running task.
//!
//! Real, because what Signalbox reads of NATS (who is connected, from which address, over which TLS) cannot be imitated honestly.
//! The trap: nodes keep their own time. Whether one is ready is found out by asking it, never by waiting a while.

mod find;

use std::path::PathBuf;

use thiserror::Error;

pub use find::find_server;

/// Why the NATS face could not be opened or changed.
#[derive(Debug, Error)]
pub enum NatsError {
    /// No binary.
    #[error(
        "there is no nats-server {looked}. `cargo xtask test` and `cargo xtask demo` fetch one; or install nats-server 2.10 or later and put it on PATH"
    )]
    NoServer { looked: String },
    /// A binary that is too old.
    #[error(
        "{path} says {said:?}, but 2.10 or later is needed. `cargo xtask` fetches one by itself; or give a newer one with --nats-server"
    )]
    OldServer { path: PathBuf, said: String },
    /// Something else by that name.
    #[error("{path} is no nats-server that can be run: asked for its version it said {said:?}")]
    NotAServer { path: PathBuf, said: String },
    /// A node did not come up.
    #[error("NATS node {node} did not come up: {why}")]
    Node { node: usize, why: String },
    /// There is no such node.
    #[error("there is no NATS node {node}; they are numbered from 0 to {last}")]
    NoSuchNode { node: usize, last: usize },
    /// The yard was opened without NATS.
    #[error("this yard was opened without NATS")]
    Absent,
}
