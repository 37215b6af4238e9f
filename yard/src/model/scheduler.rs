//! The ECS scheduler: it keeps as many tasks as are wanted, and says so in the service's events.
//!
//! The trap: its restart back-off applies only to tasks that never reach RUNNING. One that runs and then exits is replaced at full speed, for ever.

use crate::model::{Due, Fleet, task::StopCause};

impl Fleet {
    /// Compares what a service wants with what it has, and starts or stops the difference.
    pub(super) fn schedule(&mut self, index: usize) {
        let Some(service) = self.services.get(index) else { return };
        let (desired, name) = (usize::try_from(service.desired).unwrap_or(0), service.name.clone());
        let wanted: Vec<u64> = self.tasks_of(service).filter(|task| !task.told_to_stop).map(|task| task.number).collect();
        if wanted.len() < desired {
            let started: Vec<u64> = (wanted.len()..desired).filter_map(|_| self.launch(index)).collect();
            let line = format!("(service {name}) has started {} tasks: {}.", started.len(), self.listed(&started));
            self.note(line.clone());
            self.tell(index, line);
        } else if wanted.len() > desired {
            let surplus = wanted.get(desired..).unwrap_or_default().to_vec();
            let line = format!("(service {name}) has stopped {} running tasks: {}.", surplus.len(), self.listed(&surplus));
            let deployment =
                self.services.get(index).and_then(|service| service.primary()).map(|deployment| deployment.id.clone()).unwrap_or_default();
            for number in surplus {
                self.stop_task(number, StopCause::scaling(&deployment));
            }
            self.note(line.clone());
            self.tell(index, line);
        } else {
            self.settle(index, desired);
        }
    }

    /// Says "steady state" once, when everything wanted runs and nothing else is left.
    fn settle(&mut self, index: usize, desired: usize) {
        let Some(service) = self.services.get(index).filter(|service| !service.steady) else { return };
        let running = self.tasks_of(service).filter(|task| task.runs()).count();
        if running != desired {
            return;
        }
        let line = format!("(service {}) has reached a steady state.", service.name);
        if let Some(service) = self.services.get_mut(index) {
            service.steady = true;
            service.settled = service.desired;
        }
        self.recount(index);
        self.service_is_steady(index);
        self.note(line.clone());
        self.tell(index, line);
    }

    fn listed(&self, numbers: &[u64]) -> String {
        numbers.iter().filter_map(|number| self.tasks.get(number)).map(|task| format!("(task {})", task.id)).collect::<Vec<_>>().join(" ")
    }

    /// Makes the scheduler look at a service soon, as ECS does after a change.
    pub(super) fn look_soon(&mut self, index: usize) {
        self.later(crate::clock::SECOND, Due::Schedule(index));
    }
}
