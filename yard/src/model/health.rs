//! When container health checks run, and what comes of their findings: Docker's timing, and ECS's rule for the task.
//!
//! What a check finds is decided in [`application`](super::application).
//! The trap: without a check in the task definition a task stays UNKNOWN for ever, and that is no failure.

use crate::{
    clock::SECOND,
    model::{
        Due, Fleet,
        application::Finding,
        definition::HealthCheck,
        task::{ContainerCheck, Health},
    },
};

/// Docker's exit code for a check that it had to end.
const CUT_SHORT: i32 = -1;

impl Fleet {
    /// Begins to run a new task's checks, if its definition has any. The first run comes one interval after the start.
    pub(super) fn watch_health(&mut self, number: u64) {
        let Some(task) = self.tasks.get(&number) else { return };
        let Some(definition) = self.definitions.get(&task.definition) else { return };
        let checked = definition.containers.iter().enumerate();
        let checked =
            checked.filter_map(|(place, container)| Some((place, container.essential, container.health_check.as_ref()?.interval)));
        let checked: Vec<(usize, bool, u32)> = checked.collect();
        if let Some(task) = self.tasks.get_mut(&number) {
            let check = |(container, essential, _): &(usize, bool, u32)| ContainerCheck {
                container: *container,
                essential: *essential,
                health: Health::Unknown,
                failed: 0,
                last: None,
            };
            task.checks = checked.iter().map(check).collect();
        }
        for (container, _, interval) in checked {
            self.later(i64::from(interval) * SECOND, Due::HealthProbe(number, container));
        }
    }

    fn health_check(&self, number: u64, container: usize) -> Option<&HealthCheck> {
        let task = self.tasks.get(&number).filter(|task| task.runs())?;
        self.definitions.get(&task.definition)?.containers.get(container)?.health_check.as_ref()
    }

    /// One run of a check begins; its finding comes when it ends, or is cut short by the check's timeout.
    pub(super) fn probe_health(&mut self, number: u64, container: usize) {
        let Some(check) = self.health_check(number, container) else { return };
        let Some(task) = self.tasks.get(&number) else { return };
        let Some(inside) = self.definitions.get(&task.definition).and_then(|definition| definition.containers.get(container)) else {
            return;
        };
        let timeout = i64::from(check.timeout) * SECOND;
        let mut finding = self.run_check(task, inside, check);
        if finding.takes >= timeout {
            let output = format!("Health check exceeded timeout ({} s)", check.timeout);
            finding = Finding { exit: CUT_SHORT, output, takes: timeout };
        }
        let begun = self.now;
        self.later(finding.takes, Due::HealthFound { task: number, container, begun, finding });
    }

    /// A first success makes a container healthy; `retries` failures in a row that count make it unhealthy. Those in the start period count only after a success.
    pub(super) fn health_found(&mut self, number: u64, container: usize, begun: i64, finding: Finding) {
        let Some(check) = self.health_check(number, container) else { return };
        let (interval, retries, start_period) = (i64::from(check.interval), check.retries, i64::from(check.start_period));
        let Some(task) = self.tasks.get_mut(&number) else { return };
        let start_ends = task.started_at.unwrap_or(task.created_at) + start_period * SECOND;
        let (service, before) = (task.service, task.health);
        let Some(state) = task.checks.iter_mut().find(|state| state.container == container) else { return };
        if finding.exit == 0 {
            state.failed = 0;
            state.health = Health::Healthy;
        } else if begun >= start_ends || state.health != Health::Unknown {
            state.failed += 1;
            if state.failed >= retries {
                state.health = Health::Unhealthy;
            }
        }
        state.last = Some((finding.exit, finding.output));
        let essential = self.tasks.get(&number).and_then(|task| self.definitions.get(&task.definition));
        let essential = essential.map_or(0, |definition| definition.containers.iter().filter(|container| container.essential).count());
        let Some(task) = self.tasks.get_mut(&number) else { return };
        task.health = of_task(&task.checks, essential);
        if task.health != before {
            self.changed();
            self.look_soon(service);
        }
        self.later(interval * SECOND, Due::HealthProbe(number, container));
    }
}

/// UNHEALTHY if an essential container is; else UNKNOWN if one is, as one without a check always is; else HEALTHY ("HealthCheck", ECS API).
fn of_task(checks: &[ContainerCheck], essential: usize) -> Health {
    let of_essential = || checks.iter().filter(|check| check.essential);
    if of_essential().any(|check| check.health == Health::Unhealthy) {
        Health::Unhealthy
    } else if essential > 0 && of_essential().filter(|check| check.health == Health::Healthy).count() == essential {
        Health::Healthy
    } else {
        Health::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_essential_containers_decide_about_the_task() {
        use Health::{Healthy, Unhealthy, Unknown};
        let check = |essential: bool, health: Health| ContainerCheck { container: 0, essential, health, failed: 0, last: None };
        for (checks, essential, expected) in [
            (vec![], 1, Unknown),
            (vec![check(true, Healthy)], 1, Healthy),
            (vec![check(true, Healthy)], 2, Unknown),
            (vec![check(true, Healthy), check(true, Unhealthy)], 2, Unhealthy),
            (vec![check(true, Unknown), check(true, Unhealthy)], 2, Unhealthy),
            (vec![check(true, Healthy), check(false, Unhealthy)], 1, Healthy),
            (vec![check(false, Healthy)], 1, Unknown),
        ] {
            assert_eq!(of_task(&checks, essential), expected, "{checks:?} of {essential}");
        }
    }
}
