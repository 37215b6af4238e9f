//! The container health check: really run against the one simple truth the model holds, whether the application answers.
//!
//! The trap: without a check in the task definition a task stays UNKNOWN for ever, and that is no failure.

use crate::{
    clock::SECOND,
    model::{
        Due, Fleet,
        definition::HealthCheck,
        task::{Health, StopCause, Task},
    },
};

impl Fleet {
    fn health_check(&self, task: &Task) -> Option<&HealthCheck> {
        self.definitions.get(&task.definition)?.health_check.as_ref()
    }

    /// Begins to run a new task's check, if its definition has one.
    pub(super) fn watch_health(&mut self, number: u64) {
        let Some(check) = self.tasks.get(&number).and_then(|task| self.health_check(task)) else { return };
        let wait = i64::from(check.interval) * SECOND;
        self.later(wait, Due::HealthProbe(number));
    }

    /// One run of a task's check. A first success makes it healthy; `retries` failures in a row after the start period make it unhealthy, and ECS replaces it.
    pub(super) fn probe_health(&mut self, number: u64) {
        let Some(task) = self.tasks.get(&number).filter(|task| task.runs()) else { return };
        let Some(check) = self.health_check(task) else { return };
        let (interval, retries) = (i64::from(check.interval) * SECOND, check.retries);
        let start_ends = task.started_at.unwrap_or(task.created_at) + i64::from(check.start_period) * SECOND;
        let (service, before) = (task.service, task.health);
        let answers = self.services.get(service).is_some_and(|service| service.answers);
        let failure_counts = self.now >= start_ends || before == Health::Healthy;
        let Some(task) = self.tasks.get_mut(&number) else { return };
        if answers {
            task.failed_checks = 0;
            task.health = Health::Healthy;
        } else if failure_counts {
            task.failed_checks += 1;
            if task.failed_checks >= retries {
                task.health = Health::Unhealthy;
            }
        }
        let (after, id) = (task.health, task.id.clone());
        if after != before {
            self.changed();
        }
        if after == Health::Unhealthy {
            let name = self.services.get(service).map(|service| service.name.clone()).unwrap_or_default();
            self.tell(service, format!("(service {name}) (task {id}) failed container health checks."));
            self.stop_task(number, StopCause::unhealthy());
        } else {
            self.later(interval, Due::HealthProbe(number));
        }
    }
}
