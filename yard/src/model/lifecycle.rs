//! A task's way from PROVISIONING to STOPPED, with the times Fargate takes for it.

use std::sync::Arc;

use crate::{
    clock::HOUR,
    dice::Dice,
    hostile,
    model::{
        Due, Fleet,
        service::BackOff,
        task::{StopCause, TaskStatus},
    },
};

/// "Stopped tasks currently appear in the returned results for at least one hour" (ECS API, DescribeTasks).
pub(crate) const DESCRIBABLE_AFTER_STOP: i64 = HOUR;

/// The stop codes that speak against a deployment. Interruptions, maintenance, scaling and StopTask do not; a failed check is counted when it is found.
const FAILURES: [&str; 2] = ["TaskFailedToStart", "EssentialContainerExited"];

/// Log streams of forgotten tasks kept.
const STREAMS_KEPT: usize = 2_000;

impl Fleet {
    /// Sets a task of the deployment at this place in a service's list on its way; its later steps follow by themselves.
    pub(crate) fn launch(&mut self, service: usize, place: usize) -> Option<u64> {
        let number = self.add_task(service, place, self.now)?;
        let wait = self.task_dice(number, "provisioning").seconds(3, 9);
        self.pending += 1;
        self.task_changed(number);
        self.later(wait, Due::TaskStep(number));
        self.changed();
        Some(number)
    }

    fn task_dice(&self, number: u64, purpose: &str) -> Dice {
        Dice::new(self.seed, purpose, number)
    }

    /// The next status of a task, and when the one after it comes.
    pub(super) fn step_task(&mut self, number: u64) {
        // a task told to stop on its way up has two steps on the agenda; the later one finds it STOPPED
        let Some(status) = self.tasks.get(&number).map(|task| task.status).filter(|status| *status != TaskStatus::Stopped) else { return };
        if status == TaskStatus::Pending
            && let Some(missing) = self.missing_image(number)
        {
            self.stop_task(number, StopCause::cannot_pull(&missing));
            return;
        }
        let mut dice = self.task_dice(number, status.as_str());
        let (next, wait) = match status {
            TaskStatus::Provisioning => (TaskStatus::Pending, dice.seconds(8, 24)),
            TaskStatus::Pending => (TaskStatus::Activating, dice.seconds(1, 4)),
            TaskStatus::Activating => (TaskStatus::Running, 0),
            TaskStatus::Running => (TaskStatus::Deactivating, dice.seconds(1, 3)),
            TaskStatus::Deactivating => (TaskStatus::Stopping, dice.seconds(2, 6)),
            TaskStatus::Stopping => (TaskStatus::Deprovisioning, dice.seconds(3, 8)),
            TaskStatus::Deprovisioning | TaskStatus::Stopped => (TaskStatus::Stopped, 0),
        };
        self.enter(number, next);
        match next {
            TaskStatus::Running => self.task_runs(number, &mut dice),
            TaskStatus::Stopped => self.later(DESCRIBABLE_AFTER_STOP, Due::Forget(number)),
            _ => self.later(wait, Due::TaskStep(number)),
        }
    }

    /// An image of a task that cannot be pulled.
    fn missing_image(&self, number: u64) -> Option<String> {
        let definition = self.definitions.get(&self.tasks.get(&number)?.definition)?;
        let missing = definition.containers.iter().find(|container| self.pulled(&container.image).is_none());
        missing.map(|container| container.image.clone())
    }

    fn enter(&mut self, number: u64, status: TaskStatus) {
        let now = self.now;
        let Some(task) = self.tasks.get_mut(&number) else { return };
        task.status = status;
        task.version += 1;
        match status {
            TaskStatus::Pending => task.pull_started_at = Some(now),
            TaskStatus::Activating => task.pull_stopped_at = Some(now),
            TaskStatus::Running => {
                task.started_at = Some(now);
                (self.running, self.pending) = (self.running + 1, self.pending.saturating_sub(1));
                let service = task.service;
                self.recount(service);
            }
            TaskStatus::Stopping | TaskStatus::Deprovisioning => task.execution_stopped_at = task.execution_stopped_at.or(Some(now)),
            TaskStatus::Stopped => task.stopped_at = Some(now),
            TaskStatus::Provisioning | TaskStatus::Deactivating => {}
        }
        self.task_changed(number);
        self.changed();
    }

    fn task_runs(&mut self, number: u64, dice: &mut Dice) {
        let Some(task) = self.tasks.get(&number) else { return };
        let (service_index, started, definition) = (task.service, task.started_at.unwrap_or(self.now), task.definition.clone());
        self.watch_health(number);
        self.watch_standing(service_index, started);
        if let Some(service) = self.services.get_mut(service_index) {
            service.back_off = BackOff::default();
        }
        let app = self.definitions.get(&definition).and_then(|definition| definition.app());
        if let Some((code, after)) = app.and_then(|app| self.pulled(&app.image)?.exits) {
            self.later(after, Due::TaskEnd(number, StopCause::exited(code, None)));
        }
        let Some(service) = self.services.get(service_index) else { return };
        let crashes = self.now < service.crashes_until;
        let crash = service.crash;
        let registered =
            service.target_group.as_ref().map(|group| format!("(service {}) registered 1 targets in (target-group {group})", service.name));
        if crashes {
            if let Some(task) = self.tasks.get_mut(&number) {
                task.doomed = Some(crash);
            }
            let wait = dice.seconds(8, 20);
            self.later(wait, Due::TaskEnd(number, StopCause::exited(1, None)));
        }
        if let Some(line) = registered {
            self.tell(service_index, line);
        }
        self.later(dice.seconds(2, 5), Due::Schedule(service_index));
    }

    /// Tells a task to stop, or records that it ended. A task already stopping keeps its first cause.
    pub(crate) fn stop_task(&mut self, number: u64, mut cause: StopCause) {
        if self.hostile && cause.code == "UserInitiated" {
            // StopTask's reason takes any text and ECS repeats it
            cause.reason.push_str(&hostile::free_text(usize::try_from(number).unwrap_or(0)));
        }
        let now = self.now;
        let Some(known) = self.tasks.get(&number).filter(|task| !task.told_to_stop) else { return };
        let last_words = if known.status == TaskStatus::Running { self.last_words(known, &cause) } else { Vec::new() };
        let Some(task) = self.tasks.get_mut(&number) else { return };
        task.last_words = last_words;
        let ran = task.status == TaskStatus::Running;
        let lost = if ran { &mut self.running } else { &mut self.pending };
        *lost = lost.saturating_sub(1);
        if !ran {
            // its container never started, so there is nothing that could have exited
            cause.exit_code = None;
        }
        task.told_to_stop = true;
        task.stopping_at = Some(now);
        task.version += 1;
        if cause.code == "EssentialContainerExited" {
            task.execution_stopped_at = Some(now);
        }
        task.status = TaskStatus::Deactivating;
        let exit = cause.exit_code.map_or_else(String::new, |code| format!(", exit code {code}"));
        let name = self.services.get(task.service).map(|service| service.name.as_str()).unwrap_or_default();
        let line = format!("task {} of {name} stops: {}{exit}", task.id, cause.code);
        let failed = FAILURES.contains(&cause.code) && !task.failed;
        let never_ran = failed && !ran;
        task.failed |= failed;
        task.cause = Some(cause);
        let (index, deployment) = (task.service, task.deployment.clone());
        self.note(line);
        self.recount(index);
        self.task_changed(number);
        let mut dice = self.task_dice(number, "ending");
        self.later(dice.seconds(1, 3), Due::TaskStep(number));
        self.later(dice.seconds(2, 6), Due::Schedule(index));
        self.leave_steady(index);
        if never_ran {
            self.back_off(index);
        }
        if failed {
            self.count_failure(index, &deployment);
        }
        self.changed();
    }

    /// Brings what metrics are made of up to how many tasks of a service run now.
    pub(crate) fn recount(&mut self, index: usize) {
        let Some(service) = self.services.get(index) else { return };
        let running = self.counts(service).0;
        let (now, hurt) = (self.now, Arc::make_mut(&mut self.hurt));
        let Some(service) = self.services.get_mut(index) else { return };
        let missing = service.settled.min(service.desired).saturating_sub(running);
        let down = |missing: u32, running: u32| u32::from(missing > 0 && running == 0);
        let (was_down, is_down) = (down(service.missing, service.record.running.last()), down(missing, running));
        hurt.short.set(now, (hurt.short.last() + missing).saturating_sub(service.missing));
        hurt.down.set(now, (hurt.down.last() + is_down).saturating_sub(was_down));
        service.missing = missing;
        service.record().running.set(now, running);
    }

    fn leave_steady(&mut self, index: usize) {
        let Some(service) = self.services.get_mut(index) else { return };
        service.steady = false;
        if let Some(group) = &service.target_group {
            let line = format!("(service {}) deregistered 1 targets in (target-group {group})", service.name);
            self.tell(index, line);
        }
    }

    /// ECS no longer knows the task.
    pub(super) fn forget(&mut self, number: u64) {
        let Some(task) = self.tasks.remove(&number) else { return };
        self.task_index.remove(&task.id);
        if let Some(service) = self.services.get_mut(task.service) {
            service.tasks.retain(|other| *other != number);
        }
        if task.started_at.is_some() {
            self.gone.push_back(task);
            if self.gone.len() > STREAMS_KEPT {
                self.gone.pop_front();
            }
        }
        self.changed();
    }

    /// Forgets every stopped task now instead of an hour after its stop; answers how many.
    pub(crate) fn forget_stopped(&mut self) -> usize {
        let stopped: Vec<u64> = self.tasks.values().filter(|task| task.status == TaskStatus::Stopped).map(|task| task.number).collect();
        for number in &stopped {
            self.forget(*number);
        }
        stopped.len()
    }
}
