//! Whose a connection is, told by those who opened it: for tests that compare what a client made of it.

use serde::Serialize;
use std::net::Ipv4Addr;

/// What stands in the way of telling an owner, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// From the task's own address, under its own name.
    Own,
    /// From a host that tasks of several services share.
    Bridge,
    /// From an address that is no task's.
    Proxy,
    /// From an address that a task of another service had before.
    Reused,
    /// From its own address, under another service's name.
    Lies,
    /// No task's at all.
    Nobody,
}

impl Kind {
    fn why(self) -> &'static str {
        match self {
            Self::Own => "the task's own address, name and user agree",
            Self::Bridge => "tasks of two services share the host's address: name and user alone tell",
            Self::Proxy => "the address is a proxy's: name and user alone tell",
            Self::Reused => "the address was another service's task's until twenty minutes before the start: only the time tells",
            Self::Lies => "address and user are one service's, the name is another's",
            Self::Nobody => "no task connects so: an address of nobody, no name, a user of no service",
        }
    }
}

/// One connection as it really is.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Truth {
    pub(crate) name: String,
    pub(crate) address: Ipv4Addr,
    pub(crate) user: String,
    pub(crate) kind: Kind,
    /// The service it belongs to; none: to none.
    pub(crate) owner: Option<String>,
    /// The task's id.
    pub(crate) task: Option<String>,
    pub(crate) tls: bool,
    pub(crate) why: &'static str,
}

impl Truth {
    pub(crate) fn explained(self) -> Self {
        Self { why: self.kind.why(), ..self }
    }
}
