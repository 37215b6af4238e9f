//! A task: one copy of a service, from PROVISIONING to STOPPED.
//!
//! A stopped task is kept for about an hour, as ECS does, and then forgotten.
//! The trap: a task has two statuses. `desired` turns to STOPPED the moment it is told to stop; `status` gets there later.

use std::net::Ipv4Addr;

use crate::{
    dice::Dice,
    model::{
        arn,
        logs::{Crash, Line},
    },
};

/// ECS's `lastStatus`, in the order in which a task passes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TaskStatus {
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
}

impl TaskStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// ECS's `healthStatus` of a container and its task. `Unknown` both while undecided and when nothing is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    Unknown,
    Healthy,
    Unhealthy,
}

impl Health {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Healthy => "HEALTHY",
            Self::Unhealthy => "UNHEALTHY",
        }
    }
}

/// How the check of one container stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContainerCheck {
    /// Its place in the task definition.
    pub(crate) container: usize,
    pub(crate) essential: bool,
    pub(crate) health: Health,
    /// Failures in a row that count.
    pub(crate) failed: u32,
    /// What the latest run ended with, and said. ECS tells neither; the agent's host knows.
    pub(crate) last: Option<(i32, String)>,
}

/// Why a task stopped, in ECS's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StopCause {
    /// ECS's `stopCode`.
    pub(crate) code: &'static str,
    /// ECS's `stoppedReason`.
    pub(crate) reason: String,
    /// The container's exit code; none when it never ran.
    pub(crate) exit_code: Option<i32>,
    /// The container's own `reason`.
    pub(crate) container_reason: Option<String>,
}

impl StopCause {
    /// The container ended by itself. 137 is told as the kernel's out-of-memory kill, unless a reason is given.
    pub(crate) fn exited(exit_code: i32, container_reason: Option<String>) -> Self {
        let out_of_memory = || (exit_code == 137).then(|| "OutOfMemoryError: Container killed due to memory usage".to_owned());
        Self {
            code: "EssentialContainerExited",
            reason: "Essential container in task exited".to_owned(),
            exit_code: Some(exit_code),
            container_reason: container_reason.or_else(out_of_memory),
        }
    }

    pub(crate) fn spot() -> Self {
        Self::signalled("SpotInterruption", "Your Spot Task was interrupted.".to_owned())
    }

    pub(crate) fn maintenance() -> Self {
        Self::signalled("TerminationNotice", "ECS is performing maintenance on the underlying infrastructure hosting the task.".to_owned())
    }

    pub(crate) fn scaling(deployment: &str) -> Self {
        Self::signalled("ServiceSchedulerInitiated", format!("Scaling activity initiated by (deployment {deployment})"))
    }

    pub(crate) fn unhealthy() -> Self {
        Self::signalled("ServiceSchedulerInitiated", "Task failed container health checks".to_owned())
    }

    /// Its image is not where the definition says.
    pub(crate) fn cannot_pull(image: &str) -> Self {
        let reason = format!(
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}: {image}: not found"
        );
        Self { code: "TaskFailedToStart", container_reason: Some(reason.clone()), reason, exit_code: None }
    }

    /// Someone called StopTask. ECS keeps their reason as it is.
    pub(crate) fn by_user(reason: String) -> Self {
        Self::signalled("UserInitiated", reason)
    }

    /// The container got SIGTERM and followed it: 128 + 15.
    fn signalled(code: &'static str, reason: String) -> Self {
        Self { code, reason, exit_code: Some(143), container_reason: None }
    }
}

/// One task. Times are microseconds since 1970, absent until they have happened.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    /// Counts all tasks of the fleet from its start; the order in which they are listed.
    pub(crate) number: u64,
    pub(crate) id: String,
    /// Index into the fleet's services.
    pub(crate) service: usize,
    pub(crate) definition: String,
    /// The id of the deployment that started it: ECS's `startedBy`.
    pub(crate) deployment: String,
    pub(crate) zone: usize,
    /// The task's own address. On Linux its NATS connection really comes from it.
    pub(crate) address: Ipv4Addr,
    pub(crate) status: TaskStatus,
    pub(crate) told_to_stop: bool,
    pub(crate) health: Health,
    /// One for each container that has a check, in the order of its definition, from the time it runs.
    pub(crate) checks: Vec<ContainerCheck>,
    /// Has been healthy as the scheduler sees it.
    pub(crate) proven: bool,
    /// Has been counted among its deployment's failed tasks.
    pub(crate) failed: bool,
    pub(crate) created_at: i64,
    pub(crate) pull_started_at: Option<i64>,
    pub(crate) pull_stopped_at: Option<i64>,
    pub(crate) started_at: Option<i64>,
    pub(crate) stopping_at: Option<i64>,
    pub(crate) execution_stopped_at: Option<i64>,
    pub(crate) stopped_at: Option<i64>,
    pub(crate) cause: Option<StopCause>,
    /// ECS counts every change of a task in its `version`.
    pub(crate) version: u64,
    /// Why its process will end by itself, if that is so from the start.
    pub(crate) doomed: Option<Crash>,
    /// Lines that someone made it print.
    pub(crate) said: Vec<Line>,
    pub(crate) last_words: Vec<String>,
    /// What it gives as its name at NATS, if not its own.
    pub(crate) calls_itself: Option<String>,
    /// Another task had its address not long ago.
    pub(crate) reuses_address: bool,
}

/// The zones of the region and the subnet of the fleet in each.
pub(crate) const ZONES: [(&str, &str); 3] =
    [("us-east-1a", "subnet-0a1b2c3d4e5f60001"), ("us-east-1b", "subnet-0a1b2c3d4e5f60002"), ("us-east-1c", "subnet-0a1b2c3d4e5f60003")];

impl Task {
    pub(crate) fn arn(&self) -> String {
        arn::task(&self.id)
    }

    /// Runs, and is meant to.
    pub(crate) fn runs(&self) -> bool {
        self.status == TaskStatus::Running
    }

    /// On its way to RUNNING: what ECS counts as pending.
    pub(crate) fn is_pending(&self) -> bool {
        self.status < TaskStatus::Running && !self.told_to_stop
    }

    /// Meant to run, whether it does yet or not: what ECS counts against the most tasks there may be.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.told_to_stop
    }

    /// ECS's `desiredStatus`.
    pub(crate) fn desired(&self) -> &'static str {
        if self.told_to_stop { "STOPPED" } else { "RUNNING" }
    }
}

/// A distinct loopback address for the n-th task: 127.1.0.2 upwards, 250 to a /24, starting over after fifteen million.
pub(crate) fn address(number: u64) -> Ipv4Addr {
    let part = |value: u64| u8::try_from(value).unwrap_or(1);
    Ipv4Addr::new(127, part(1 + number / 62_500 % 250), part(number / 250 % 250), part(2 + number % 250))
}

/// The id of the n-th task under a seed: 32 hexadecimal digits, as ECS gives them.
pub(crate) fn id(seed: u64, number: u64) -> String {
    Dice::new(seed, "task id", number).hex(32)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn addresses_are_distinct_and_loopback_and_never_the_machines_own() {
        let all: HashSet<_> = (0..200_000).map(address).collect();
        assert_eq!(all.len(), 200_000);
        assert!(all.iter().all(|address| address.is_loopback() && *address != Ipv4Addr::LOCALHOST));
    }

    #[test]
    fn only_an_exit_by_137_is_told_as_out_of_memory() {
        assert!(StopCause::exited(137, None).container_reason.unwrap().starts_with("OutOfMemoryError"));
        assert_eq!(StopCause::exited(1, None).container_reason, None);
        assert_eq!(StopCause::exited(137, Some("killed".to_owned())).container_reason.unwrap(), "killed");
    }
}
