//! The facts of a service as a rollout of a health check leaves them, and whether one can be planned at all.
//!
//! Separate because nothing here says what a check answers: the checks are asked once more, of facts that are not there yet. So a
//! check that reads something else tomorrow needs no list here to be changed with it. What is changed is what the engine's
//! verdict vouches for ([`crate::rollout::judge`]): the revision has the check, everything wanted runs and is HEALTHY, and the
//! deployment completed. The trap is wishing: tasks in their zones, failures of the past and everything of NATS stay as they are.

use super::deploys::{other_controller, reach};
use super::facts::{ServiceFacts, TaskTime};
use super::{DAY, health};
use crate::alarm::AlarmState;
use crate::change::HealthCheck;
use crate::service::{ContainerDefinition, Deployment, Health, Task, TaskDefinition};
use crate::text;

/// What a rollout of a health check makes of the facts of one service.
pub(super) struct After {
    definition: TaskDefinition,
    tasks: Vec<Task>,
    /// Whether every essential container is checked then: else ECS goes on calling tasks UNKNOWN (ECS API, Task.healthStatus).
    checked: bool,
}

impl After {
    /// The facts as this rollout leaves them.
    ///
    /// # Errors
    /// Why none can be planned, as the rest of a sentence after the service's name.
    pub(super) fn of(facts: &ServiceFacts<'_>, planned: &HealthCheck) -> Result<Self, String> {
        if let Some(why) = hindered(facts) {
            return Err(why);
        }
        let Some(definition) = facts.definition else { return Err("what its revision is made of has not been read".to_owned()) };
        let mut definition = definition.clone();
        let named: Vec<(&str, bool)> = definition.containers.iter().map(|of| (of.name.as_str(), of.essential)).collect();
        let place = planned.place(&named)?;
        let Some(container) = definition.containers.get_mut(place) else { return Err("has no container".to_owned()) };
        let check = Some(planned.check());
        let image = planned.image.clone().filter(|image| *image != container.image);
        if container.health_check == check && image.is_none() {
            return Err("already has this check".to_owned());
        }
        container.health_check = check;
        if let Some(image) = image {
            container.image = image;
        }
        let checked = health::essential(&definition.containers).all(|of| health::check(of).is_some());
        let tasks = facts.tasks.iter().map(|task| proven(task, checked)).collect();
        Ok(Self { definition, tasks, checked })
    }

    /// As soon as the service is verified. What is looked back at is as it was.
    pub(super) fn verified<'b>(&'b self, before: &ServiceFacts<'b>) -> ServiceFacts<'b> {
        ServiceFacts { definition: Some(&self.definition), tasks: self.tasks.iter().collect(), ..before.clone() }
    }

    /// A day later: nothing is left in it of the time in which nobody asked how tasks are.
    pub(super) fn settled<'b>(&'b self, before: &ServiceFacts<'b>) -> ServiceFacts<'b> {
        let mut facts = self.verified(before);
        if self.checked {
            let all = facts.past.health.map(|time| time.all).filter(|all| !all.is_zero()).unwrap_or(DAY);
            facts.past.health = Some(TaskTime { healthy: all, all });
        }
        facts
    }
}

/// A task in place of this one, as a verified service runs it.
fn proven(task: &Task, checked: bool) -> Task {
    let mut then = task.clone();
    if checked && then.last_status == "RUNNING" {
        then.health = Health::Healthy;
    }
    then
}

/// The health check that a service lacks, as the form offers it: for the first essential container without one, which is named
/// only where the form could not tell. Nothing where none lacks one, where that is not known, and where no task is wanted.
pub fn lacking(facts: &ServiceFacts<'_>) -> Option<HealthCheck> {
    let containers = facts.containers().filter(|_| facts.service.desired > 0)?;
    let bare: &ContainerDefinition = health::essential(containers).find(|of| health::check(of).is_none())?;
    let one = containers.len() == 1 || health::essential(containers).count() == 1;
    Some(HealthCheck::offered((!one).then(|| bare.name.clone())))
}

/// Whether a deployment of it may run fewer tasks than are wanted for a while.
pub(super) fn dips(facts: &ServiceFacts<'_>) -> bool {
    facts.service.replacing.is_some_and(|replacing| {
        let reach = reach(facts.service.desired, replacing);
        reach.fewest < reach.desired
    })
}

/// What keeps a service out of any plan of a health check, by the facts at hand. The plan itself reads the service anew and
/// may know more ([`crate::rollout::plan`]).
fn hindered(facts: &ServiceFacts<'_>) -> Option<String> {
    let service = facts.service;
    if service.desired == 0 {
        return Some("it wants no task".to_owned());
    }
    if service.status != "ACTIVE" {
        return Some(format!("it is {}", text::shown(&service.status)));
    }
    if let Some(other) = other_controller(service) {
        return Some(format!("its deployments are made by {}", text::shown(other)));
    }
    if service.scheduling.as_deref() == Some("DAEMON") {
        return Some("it is a DAEMON: one task on every instance".to_owned());
    }
    let stuck = service.replacing.map(|replacing| reach(service.desired, replacing));
    if stuck.is_some_and(|reach| reach.room <= reach.desired && reach.fewest >= reach.desired) {
        return Some("its percentages let no deployment move".to_owned());
    }
    let completed = |deployment: &Deployment| deployment.rollout_state.as_deref() == Some("COMPLETED");
    if service.deployments.len() != 1 || !service.deployments.iter().all(completed) || service.pending > 0 {
        return Some("a deployment is under way, or ECS does not say that the last one completed".to_owned());
    }
    if service.running != service.desired {
        return Some(format!("it runs {} of {} it wants", service.running, text::count(service.desired.into(), "task")));
    }
    let on = facts.alarms.iter().find(|of| of.alarm.state == AlarmState::Alarm)?;
    Some(format!("alarm {} is on", text::shown(&on.alarm.name)))
}
