//! What both the control face and the Rust methods of [`Yard`](crate::Yard) can do to an open yard: one body for the two of them.

use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};

use crate::{
    aws::{AwsFace, Counts, fault::Fault, writes::Write},
    clock::SECOND,
    model::{Fleet, NoSuch, StoryLine, alarm::AlarmState, metrics::Metric, service::Service, task::StopCause},
    nats::{self, Cluster, NatsError},
    options::{Endpoints, Error},
    wishes::{CheckVerdict, ForeignAct, PushedImage},
    world::World,
};

pub(crate) struct Site {
    pub(crate) world: Arc<World>,
    pub(crate) aws: Arc<AwsFace>,
    pub(crate) cluster: Option<Arc<Cluster>>,
    /// Known once every face listens.
    pub(crate) endpoints: OnceLock<Endpoints>,
}

/// What can be done to a NATS node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeAct {
    Stop,
    Start,
    Restart,
}

impl From<NoSuch> for Error {
    fn from(nothing: NoSuch) -> Self {
        Self::NoSuch(nothing.to_string())
    }
}

impl Site {
    /// With an exit code the container ends by itself; without, someone called StopTask with the reason.
    pub(crate) fn stop_task(&self, service: &str, exit_code: Option<i32>, reason: Option<String>) -> Result<String, Error> {
        let cause = match exit_code {
            Some(code) => StopCause::exited(code, reason),
            None => StopCause::by_user(reason.unwrap_or_else(|| "Task stopped by user".to_owned())),
        };
        Ok(self.world.look(|fleet| fleet.stop_one(service, cause))?)
    }

    pub(crate) fn forget_stopped(&self) -> usize {
        self.world.look(Fleet::forget_stopped)
    }

    pub(crate) fn set_desired(&self, service: &str, desired: u32) -> Result<(), Error> {
        Ok(self.world.look(|fleet| fleet.set_desired(service, desired))?)
    }

    pub(crate) fn crash_loop(&self, service: &str, seconds: u32) -> Result<(), Error> {
        Ok(self.world.look(|fleet| fleet.crash_loop(service, i64::from(seconds) * SECOND, None))?)
    }

    pub(crate) fn set_alarm(&self, name: &str, state: &str, reason: Option<String>, seconds: Option<u32>) -> Result<(), Error> {
        let state = AlarmState::parse(state)
            .ok_or_else(|| Error::Invalid(format!("an alarm's state is OK, ALARM or INSUFFICIENT_DATA, not {state:?}")))?;
        let hold = seconds.map_or(i64::MAX, |seconds| i64::from(seconds) * SECOND);
        let reason = reason.unwrap_or_else(|| "set by hand".to_owned());
        Ok(self.world.look(|fleet| fleet.set_alarm(name, state, reason, hold))?)
    }

    pub(crate) fn release_alarm(&self, name: &str) -> Result<(), Error> {
        Ok(self.world.look(|fleet| fleet.release_alarm(name))?)
    }

    pub(crate) fn ownership(&self) -> Value {
        json!(self.world.look(|fleet| nats::truths(fleet)))
    }

    pub(crate) fn flap(&self, name: &str) -> Result<(), Error> {
        Ok(self.world.look(|fleet| fleet.flap(name))?)
    }

    /// Makes a service's oldest running task print a line; answers its log stream.
    pub(crate) fn say(&self, service: &str, text: String) -> Result<String, Error> {
        Ok(self.world.look(|fleet| fleet.say_of(service, text))?)
    }

    pub(crate) fn force_metric(&self, service: &str, metric: &str, value: f64, seconds: u32) -> Result<(), Error> {
        let known = Metric::ALL.into_iter().find(|known| known.name() == metric);
        let metric = known.ok_or_else(|| Error::Invalid(format!("no metric is called {metric:?}; ListMetrics names them")))?;
        if !value.is_finite() {
            return Err(Error::Invalid("a metric's value is a finite number".to_owned()));
        }
        Ok(self.world.look(|fleet| fleet.force_metric(service, metric, value, i64::from(seconds) * SECOND))?)
    }

    pub(crate) fn set_check(&self, service: &str, verdict: CheckVerdict) -> Result<(), Error> {
        Ok(self.world.look(|fleet| fleet.set_verdict(service, verdict.into()))?)
    }

    pub(crate) fn no_room(&self, service: Option<&str>, seconds: u32) -> Result<(), Error> {
        Ok(self.world.look(|fleet| fleet.no_room(service, i64::from(seconds) * SECOND))?)
    }

    pub(crate) fn push_image(&self, image: PushedImage) {
        let held = image.held();
        self.world.look(|fleet| fleet.push_image(image.image, held));
    }

    pub(crate) fn meddle(&self, service: &str, act: ForeignAct) -> Result<String, Error> {
        Ok(self.world.look(|fleet| match act {
            ForeignAct::Register => fleet.foreign_register(service),
            ForeignAct::Update => fleet.foreign_update(service),
            ForeignAct::DeregisterPrior => fleet.deregister_prior(service),
        })?)
    }

    pub(crate) fn set_controller(&self, service: &str, controller: &str) -> Result<(), Error> {
        let known = ["ECS", "CODE_DEPLOY", "EXTERNAL"].into_iter().find(|known| *known == controller);
        let known =
            known.ok_or_else(|| Error::Invalid(format!("a deployment controller is ECS, CODE_DEPLOY or EXTERNAL, not {controller:?}")))?;
        Ok(self.world.look(|fleet| fleet.set_controller(service, known))?)
    }

    pub(crate) fn lay_fault(&self, fault: Fault) {
        self.aws.lay_fault(fault);
    }

    pub(crate) fn clear_faults(&self) {
        self.aws.faults.clear();
    }

    pub(crate) fn counts(&self) -> Counts {
        self.aws.counts()
    }

    pub(crate) fn writes(&self) -> Vec<Write> {
        self.aws.writes()
    }

    pub(crate) fn story(&self) -> Vec<StoryLine> {
        self.world.look(|fleet| fleet.story.clone())
    }

    pub(crate) async fn node(&self, node: usize, act: NodeAct) -> Result<(), Error> {
        let cluster = self.cluster.as_ref().ok_or(NatsError::Absent)?;
        if act != NodeAct::Start {
            cluster.stop_node(node).await?;
        }
        if act != NodeAct::Stop {
            cluster.start_node(node).await?;
        }
        Ok(())
    }

    /// Everything at a glance: for a test that waits for a condition, and for a person.
    pub(crate) fn state(&self) -> Value {
        let nodes = self.cluster.as_ref().map(|cluster| cluster.states()).unwrap_or_default();
        self.world.look(|fleet| {
            let services: Vec<Value> = fleet.services.iter().map(|service| service_state(service, fleet)).collect();
            let alarms: Vec<Value> = fleet.alarms.iter().map(|alarm| json!({"name": alarm.name, "state": alarm.state.as_str()})).collect();
            let on = fleet.alarms.iter().filter(|alarm| alarm.state == AlarmState::Alarm).count();
            json!({
                "now_micros": fleet.now,
                "started_at_micros": fleet.started_at,
                "services": services,
                "alarms": alarms,
                "nodes": nodes,
                "totals": {
                    "services": fleet.services.len(),
                    "running": fleet.tasks.values().filter(|task| task.runs()).count(),
                    "alarms": fleet.alarms.len() + fleet.composite_alarms.len(),
                    "alarms_on": on,
                },
            })
        })
    }
}

fn service_state(service: &Service, fleet: &Fleet) -> Value {
    let (running, pending) = fleet.counts(service);
    let tasks: Vec<Value> = fleet
        .tasks_of(service)
        .map(|task| {
            json!({
                "arn": task.arn(),
                "status": task.status.as_str(),
                "health": task.health.as_str(),
                "address": task.address,
                "stop_code": task.cause.as_ref().map(|cause| cause.code),
                "started_by": task.deployment,
                "checks": task.checks.iter().filter_map(|check| check.last.as_ref()).collect::<Vec<_>>(),
            })
        })
        .collect();
    let deployments: Vec<Value> = service
        .deployments
        .iter()
        .map(|deployment| {
            json!({
                "id": deployment.id,
                "status": deployment.status(),
                "task_definition": deployment.definition,
                "rollout_state": deployment.rollout_state.as_str(),
                "failed_tasks": deployment.failed_tasks,
            })
        })
        .collect();
    json!({"name": service.name, "desired": service.desired, "running": running, "pending": pending, "deployments": deployments, "tasks": tasks})
}
