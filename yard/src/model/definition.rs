//! A task definition: what a task of one revision is made of.
//!
//! Separate from the service because a revision never changes and outlives what runs it.
//! The trap: its tags are not part of it; DescribeTaskDefinition returns them beside it, and only when asked.

use crate::model::arn;

/// ECS's `HealthCheck` of a container. Times in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HealthCheck {
    pub(crate) command: Vec<String>,
    pub(crate) interval: u32,
    pub(crate) timeout: u32,
    pub(crate) retries: u32,
    pub(crate) start_period: u32,
}

/// One revision of a family. Its only container is called `app` and listens on port 8080.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaskDefinition {
    pub(crate) family: String,
    pub(crate) revision: u32,
    /// CPU units (1024 = one vCPU) and MiB.
    pub(crate) cpu: u32,
    pub(crate) memory: u32,
    pub(crate) image: String,
    pub(crate) environment: Vec<(String, String)>,
    /// Its containers use their host's address instead of one of their own.
    pub(crate) bridge: bool,
    pub(crate) health_check: Option<HealthCheck>,
    pub(crate) registered_at: i64,
    pub(crate) tags: Vec<(String, String)>,
}

impl TaskDefinition {
    pub(crate) fn arn(&self) -> String {
        arn::task_definition(&self.family, self.revision)
    }
}
