//! What ECS would tell EventBridge: that a task changed its status, that a service reached a steady state.
//!
//! Separate from a service's `events`, which people read on its page: these are what machines are sent, and ECS tells other things there.
//! The trap: a change of a container's health is no event. ECS sends none, so whoever only listens never learns of it.

use crate::model::{Fleet, task::TaskStatus};

/// Kept until somebody fetches them; beyond this many the oldest are dropped, as a queue's retention would.
const KEPT: usize = 4_000;

/// One event.
#[derive(Debug, Clone)]
pub(crate) struct Happened {
    /// Counts all events of the fleet.
    pub(crate) number: u64,
    pub(crate) at: i64,
    pub(crate) what: What,
}

/// What it tells of.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// A task, as it was then.
    Task { task: u64, last: TaskStatus, desired: &'static str, version: u64 },
    /// A service's scheduler: ECS's `eventName`.
    Service { service: usize, name: &'static str },
}

impl Fleet {
    fn happened(&mut self, what: What) {
        self.next_happened += 1;
        self.happened.push_back(Happened { number: self.next_happened, at: self.now, what });
        if self.happened.len() > KEPT {
            self.happened.pop_front();
        }
    }

    /// A task is no longer as it was.
    pub(super) fn task_changed(&mut self, number: u64) {
        let Some(task) = self.tasks.get(&number) else { return };
        let what = What::Task { task: number, last: task.status, desired: task.desired(), version: task.version };
        self.happened(what);
    }

    pub(super) fn service_is_steady(&mut self, service: usize) {
        self.happened(What::Service { service, name: "SERVICE_STEADY_STATE" });
    }
}
