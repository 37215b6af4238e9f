//! The simulated fleet itself: services, tasks, deployments, alarms, and what happens to them in time.
//!
//! Separate from both faces so that AWS and NATS show the same truth. Nothing here waits, asks the time, or knows a protocol: [`Fleet::tick`] is told the time and does
//! everything that has fallen due since, **in order of time**, so that one step of an hour and 3,600 steps of a second tell the same story.
//! The trap: whatever happens must be put on the agenda with a time of its own. A thing done "at the tick" would depend on how often someone looked.

pub(crate) mod alarm;
pub(crate) mod alarm_history;
pub(crate) mod application;
pub(crate) mod arn;
pub(crate) mod definition;
pub(crate) mod deployment;
pub(crate) mod events;
pub(crate) mod history;
pub(crate) mod logs;
pub(crate) mod metrics;
pub(crate) mod names;
pub(crate) mod service;
pub(crate) mod task;
pub(crate) mod update;

mod alarms;
mod build;
mod by_hand;
mod foreign;
mod health;
mod lax;
mod lifecycle;
mod ownership;
mod registry;
mod rollout;
pub(crate) mod sample;
mod scheduler;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    net::Ipv4Addr,
    sync::Arc,
};

use alarm::{Alarm, CompositeAlarm};
use alarm_history::AlarmHistory;
use application::{Finding, Image};
use definition::TaskDefinition;
use events::Happened;
use metrics::Hurt;
use service::Service;
use task::{StopCause, Task};

use crate::{dice::Dice, nats::NatsTls, script::Script};

pub(crate) use build::Plan;
pub(crate) use by_hand::NoSuch;
pub(crate) use rollout::CannotStop;

/// Something that will happen at its time.
#[derive(Debug, Clone)]
pub(crate) enum Due {
    /// A task reaches the next status of its life.
    TaskStep(u64),
    /// A task's container ends.
    TaskEnd(u64, StopCause),
    /// The health check of a task's container, by its place in the definition, is run;
    HealthProbe(u64, usize),
    /// and has found something.
    HealthFound { task: u64, container: usize, begun: i64, finding: Finding },
    /// A stopped task can no longer be described.
    Forget(u64),
    /// The scheduler looks at a service.
    Schedule(usize),
    /// All alarms look at their metrics.
    Evaluate,
    /// The script tells its next line.
    Script,
}

/// What the script wants done to the real NATS nodes; the model itself holds none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeOrder {
    Restart(usize),
}

/// How long customers feel that a NATS node went: its clients look for another one, and come back when it does.
const NODE_TROUBLE: i64 = 20 * crate::clock::SECOND;

/// One thing that happened, for the control face and for comparing stories.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct StoryLine {
    /// Microseconds since the yard's start, on its clock.
    pub(crate) after_micros: i64,
    pub(crate) what: String,
}

/// The story is for people and tests; beyond this many lines the oldest are dropped.
const STORY_LINES_KEPT: usize = 5_000;

#[derive(Debug, Clone)]
pub(crate) struct Fleet {
    pub(crate) seed: u64,
    /// How many services were asked for.
    pub(crate) planned: usize,
    pub(crate) tls: NatsTls,
    /// When the calm is over; none: it lasts for ever.
    pub(crate) restless_at: Option<i64>,
    /// From where someone connects to NATS who is no task.
    pub(crate) nobody: Option<Ipv4Addr>,
    pub(crate) started_at: i64,
    /// How far the model has come.
    pub(crate) now: i64,
    pub(crate) services: Vec<Service>,
    pub(crate) service_index: HashMap<String, usize>,
    /// By number, so that listing goes in order of creation.
    pub(crate) tasks: BTreeMap<u64, Task>,
    pub(crate) task_index: HashMap<String, u64>,
    /// Tasks that ECS has forgotten but whose log streams remain, oldest first.
    pub(crate) gone: VecDeque<Task>,
    /// By ARN.
    pub(crate) definitions: BTreeMap<String, Arc<TaskDefinition>>,
    /// Images that someone pushed; none: took away.
    pub(crate) images: BTreeMap<String, Option<Image>>,
    /// No task can be placed anywhere before this time.
    pub(crate) no_room_until: i64,
    /// Whether UpdateService with the task definition a service already has starts a deployment.
    pub(crate) same_value_deploys: bool,
    /// Services with a deployment that has not ended.
    deploying: BTreeSet<usize>,
    pub(crate) alarms: Vec<Alarm>,
    pub(crate) alarm_history: AlarmHistory,
    pub(crate) composite_alarms: Vec<CompositeAlarm>,
    pub(crate) script: Option<Script>,
    pub(crate) story: Vec<StoryLine>,
    pub(crate) hostile: bool,
    /// What customers feel of the fleet.
    pub(crate) hurt: Arc<Hurt>,
    /// Tasks that run, and that are on their way: counted as they change, because a large fleet has too many to count for an answer.
    pub(crate) running: u64,
    pub(crate) pending: u64,
    /// Counts every change; a reader that saw this number has seen everything.
    pub(crate) revision: u64,
    agenda: BTreeMap<(i64, u64), Due>,
    entries: u64,
    next_task: u64,
    next_event: u64,
    /// What ECS would tell EventBridge, oldest first.
    pub(crate) happened: VecDeque<Happened>,
    next_happened: u64,
    node_orders: Vec<NodeOrder>,
}

impl Fleet {
    /// Brings the fleet to `now`, doing all that fell due on the way. A time already passed does nothing.
    pub(crate) fn tick(&mut self, now: i64) {
        while let Some(entry) = self.agenda.first_entry() {
            let at = entry.key().0;
            if at > now {
                break;
            }
            let due = entry.remove();
            self.now = self.now.max(at);
            self.perform(due);
        }
        self.now = self.now.max(now);
    }

    /// When the next thing falls due, in microseconds since 1970.
    pub(crate) fn next_due(&self) -> Option<i64> {
        self.agenda.keys().next().map(|(at, _)| *at)
    }

    fn perform(&mut self, due: Due) {
        match due {
            Due::TaskStep(number) => self.step_task(number),
            Due::TaskEnd(number, cause) => self.stop_task(number, cause),
            Due::HealthProbe(number, container) => self.probe_health(number, container),
            Due::HealthFound { task, container, begun, finding } => self.health_found(task, container, begun, finding),
            Due::Forget(number) => self.forget(number),
            Due::Schedule(service) => self.schedule(service),
            Due::Evaluate => self.evaluate_alarms(),
            Due::Script => self.play_script(),
        }
    }

    /// Puts something on the agenda, `after` microseconds from where the model is.
    pub(crate) fn later(&mut self, after: i64, due: Due) {
        self.entries += 1;
        self.agenda.insert((self.now.saturating_add(after.max(0)), self.entries), due);
    }

    pub(crate) fn changed(&mut self) {
        self.revision += 1;
    }

    pub(crate) fn note(&mut self, what: String) {
        if self.story.len() >= STORY_LINES_KEPT {
            self.story.remove(0);
        }
        self.story.push(StoryLine { after_micros: self.now - self.started_at, what });
    }

    /// Adds a line to a service's events, in ECS's words.
    pub(crate) fn tell(&mut self, service: usize, message: String) {
        self.next_event += 1;
        let id = event_id(&mut Dice::new(self.seed, "event", self.next_event));
        let now = self.now;
        if let Some(service) = self.services.get_mut(service) {
            service.tell(id, now, message);
        }
        self.changed();
    }

    pub(crate) fn order_node(&mut self, order: NodeOrder) {
        let now = self.now;
        Arc::make_mut(&mut self.hurt).nats.add(now, now + NODE_TROUBLE);
        self.node_orders.push(order);
        self.changed();
    }

    /// What the script asked of the NATS nodes since the last call.
    pub(crate) fn take_node_orders(&mut self) -> Vec<NodeOrder> {
        std::mem::take(&mut self.node_orders)
    }

    pub(crate) fn service(&self, name: &str) -> Option<&Service> {
        self.services.get(*self.service_index.get(name)?)
    }

    /// The services with a deployment that has not ended.
    pub(crate) fn deploying(&self) -> impl Iterator<Item = &Service> {
        self.deploying.iter().filter_map(|index| self.services.get(*index))
    }

    /// A task by its 32-digit id, as long as it can be described.
    pub(crate) fn task(&self, id: &str) -> Option<&Task> {
        self.tasks.get(self.task_index.get(id)?)
    }

    pub(crate) fn tasks_of<'a>(&'a self, service: &'a Service) -> impl Iterator<Item = &'a Task> {
        service.tasks.iter().filter_map(|number| self.tasks.get(number))
    }

    /// How many of a service's tasks run, and how many are on their way.
    pub(crate) fn counts(&self, service: &Service) -> (u32, u32) {
        self.tasks_of(service)
            .fold((0, 0), |(running, pending), task| (running + u32::from(task.runs()), pending + u32::from(task.is_pending())))
    }
}

/// Event and message ids look like UUIDs.
pub(crate) fn event_id(dice: &mut Dice) -> String {
    [8, 4, 4, 4, 12].map(|len| dice.hex(len)).join("-")
}
