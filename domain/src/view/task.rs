//! One task: what it is, and what it says now.

use serde::{Deserialize, Serialize};

use super::{LastWords, StoppedTaskRow, TaskRow};
use crate::Timestamp;
use crate::service::{Container, ServiceKey};

/// A task's page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskPage {
    /// The store's revision this was read at.
    pub revision: u64,
    /// The service it belongs to.
    pub service: ServiceKey,
    /// The task with its connections, as in the list of the service's tasks.
    pub row: TaskRow,
    /// Its full ARN.
    pub arn: String,
    /// Its containers.
    pub containers: Vec<Container>,
    /// When it was last seen running, if it is no longer.
    pub ended: Option<Timestamp>,
    /// How it stopped, where that is on record, with its last words.
    pub stop: Option<StoppedTaskRow>,
    /// The newest lines of its log while it runs.
    pub tail: Option<Tail>,
    /// Why its state cannot be trusted as current.
    pub stale: Option<String>,
}

/// The newest lines of a running task's log. Read when a page asks, shared by all who look, and never stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tail {
    /// When it was read.
    pub read: Timestamp,
    /// The lines, oldest first; at most 100. Where there are none, why.
    pub words: LastWords,
}
