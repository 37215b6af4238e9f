//! What a test, a person on the control face, or the script may do to the fleet.

use thiserror::Error;

use crate::model::{
    Fleet,
    alarm::{AlarmState, Hold},
    alarm_history::{Subject, Told},
    application::{Image, Verdict},
    arn,
    logs::Crash,
    metrics::{Forced, Metric},
    task::StopCause,
};

/// The thing named does not exist in this fleet.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum NoSuch {
    #[error("the fleet has no service called {0:?}; GET /state lists them")]
    Service(String),
    #[error("the service {0:?} has no task that could be stopped now")]
    Task(String),
    #[error("the service {0:?} has run one revision only: there is no earlier one to deregister")]
    Prior(String),
    #[error("the fleet has no alarm called {0:?}; GET /state lists them")]
    Alarm(String),
}

impl Fleet {
    pub(super) fn index_of(&self, service: &str) -> Result<usize, NoSuch> {
        self.service_index.get(service).copied().ok_or_else(|| NoSuch::Service(service.to_owned()))
    }

    /// Ends a service's oldest running task; answers its ARN.
    pub(crate) fn stop_one(&mut self, service: &str, cause: StopCause) -> Result<String, NoSuch> {
        let index = self.index_of(service)?;
        let oldest = self
            .services
            .get(index)
            .and_then(|service| self.tasks_of(service).find(|task| task.runs()))
            .map(|task| (task.number, task.arn()));
        let (number, arn) = oldest.ok_or_else(|| NoSuch::Task(service.to_owned()))?;
        self.stop_task(number, cause);
        Ok(arn)
    }

    /// Makes a service's oldest running task print a line; answers its log stream.
    pub(crate) fn say_of(&mut self, service: &str, text: String) -> Result<String, NoSuch> {
        let index = self.index_of(service)?;
        let entry = self.services.get(index);
        let task = entry.and_then(|entry| self.tasks_of(entry).find(|task| task.runs())).map(|task| (task.number, self.stream(task)));
        let (number, stream) = task.ok_or_else(|| NoSuch::Task(service.to_owned()))?;
        self.say(number, text);
        Ok(stream)
    }

    /// Puts a value in place of a metric's own, for `micros` from now.
    pub(crate) fn force_metric(&mut self, service: &str, metric: Metric, value: f64, micros: i64) -> Result<(), NoSuch> {
        let index = self.index_of(service)?;
        let (from, until) = (self.now, self.now.saturating_add(micros));
        if let Some(entry) = self.services.get_mut(index) {
            entry.record().forced.push(Forced { metric, from, until, value });
        }
        self.note(format!("{} of {service} is {value} by hand", metric.name()));
        Ok(())
    }

    /// Sets how many tasks a service wants; the scheduler follows a second later.
    pub(crate) fn set_desired(&mut self, service: &str, desired: u32) -> Result<(), NoSuch> {
        let index = self.index_of(service)?;
        self.want(index, desired);
        Ok(())
    }

    /// Makes a service's tasks exit soon after they run, for `micros` from now, beginning with those that run.
    pub(crate) fn crash_loop(&mut self, service: &str, micros: i64, crash: Option<Crash>) -> Result<(), NoSuch> {
        let index = self.index_of(service)?;
        let until = self.now.saturating_add(micros);
        let Some(entry) = self.services.get_mut(index) else { return Ok(()) };
        entry.crashes_until = entry.crashes_until.max(until);
        let now = self.now;
        entry.record().crash_loops.add(now, until);
        if let Some(crash) = crash.filter(|_| entry.crash != Crash::CircularImport) {
            entry.crash = crash;
        }
        let crash = entry.crash;
        self.note(format!("service {service} crash-loops"));
        let running: Vec<u64> = self
            .services
            .get(index)
            .map(|entry| self.tasks_of(entry).filter(|task| task.runs()).map(|task| task.number).collect())
            .unwrap_or_default();
        for number in running {
            if let Some(task) = self.tasks.get_mut(&number) {
                task.doomed = Some(crash);
            }
            self.stop_task(number, StopCause::exited(1, None));
        }
        Ok(())
    }

    /// Decides what a service's health checks find from now on.
    pub(crate) fn set_verdict(&mut self, service: &str, verdict: Verdict) -> Result<(), NoSuch> {
        let index = self.index_of(service)?;
        if let Some(entry) = self.services.get_mut(index) {
            entry.verdict = verdict;
        }
        self.note(format!("what the health checks of {service} find is decided by hand"));
        self.changed();
        Ok(())
    }

    /// Leaves no room for new tasks, of one service or of any, for `micros` from now.
    pub(crate) fn no_room(&mut self, service: Option<&str>, micros: i64) -> Result<(), NoSuch> {
        let until = self.now.saturating_add(micros);
        match service {
            None => self.no_room_until = until,
            Some(name) => {
                let index = self.index_of(name)?;
                if let Some(entry) = self.services.get_mut(index) {
                    entry.no_room_until = until;
                }
            }
        }
        self.note(format!("no room for new tasks of {}", service.unwrap_or("any service")));
        self.changed();
        Ok(())
    }

    /// Pushes an image into the registry, or takes it away.
    pub(crate) fn push_image(&mut self, reference: String, image: Option<Image>) {
        self.note(format!("image {reference} {}", if image.is_some() { "is pushed" } else { "is gone" }));
        self.images.insert(reference, image);
        self.changed();
    }

    /// Changes who deploys a service: ECS itself, CODE_DEPLOY or EXTERNAL.
    pub(crate) fn set_controller(&mut self, service: &str, controller: &'static str) -> Result<(), NoSuch> {
        let index = self.index_of(service)?;
        if let Some(entry) = self.services.get_mut(index) {
            entry.controller = controller;
        }
        self.changed();
        Ok(())
    }

    pub(super) fn alarm_index(&self, name: &str) -> Result<usize, NoSuch> {
        self.alarms.iter().position(|alarm| alarm.name == name).ok_or_else(|| NoSuch::Alarm(name.to_owned()))
    }

    /// Puts an alarm into a state, as SetAlarmState would, but held: it follows its metric again after `hold_micros`.
    pub(crate) fn set_alarm(&mut self, name: &str, state: AlarmState, reason: String, hold_micros: i64) -> Result<(), NoSuch> {
        let now = self.now;
        let index = self.alarm_index(name)?;
        if let Some(alarm) = self.alarms.get_mut(index) {
            let before = alarm.told();
            alarm.take(now, Told { state, reason, data: None });
            alarm.hold = Hold::Until(now.saturating_add(hold_micros));
            if before.state != state {
                self.record_transition(now, Subject::Metric(index), before);
            }
        }
        self.note(format!("alarm {name} is {} by hand", state.as_str()));
        self.evaluate_composites();
        self.watch_deployments();
        self.changed();
        Ok(())
    }

    /// Lets an alarm follow its metric again from its next period on.
    pub(crate) fn release_alarm(&mut self, name: &str) -> Result<(), NoSuch> {
        let index = self.alarm_index(name)?;
        if let Some(alarm) = self.alarms.get_mut(index) {
            alarm.hold = Hold::Follows;
        }
        Ok(())
    }

    /// The ARN of the one cluster, if `given` (a name or an ARN) means it.
    pub(crate) fn is_cluster(given: &str) -> bool {
        given == arn::CLUSTER || given == arn::cluster()
    }
}
