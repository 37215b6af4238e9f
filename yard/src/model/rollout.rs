//! How a service's deployment goes on: begins, completes, fails, goes back.
//!
//! Separate from the scheduler, which only keeps numbers of tasks: here is what those numbers mean for the deployment.
//! The trap: a deployment fails only where a circuit breaker or alarms watch it. Without either a hopeless one stays IN_PROGRESS for ever, as it does at AWS.

use crate::{
    clock::MINUTE,
    dice::Dice,
    model::{
        Due, Fleet,
        alarm::AlarmState,
        deployment::{Deployment, Monitor, Rollback, RolloutState, ServiceDeployment, ServiceDeploymentStatus, ServiceRevision},
        metrics::DAY,
        service::Service,
    },
};

/// "Only deployments … of the last 90 days" are told (service deployments, developer guide); and never more than this of one service.
const KEPT_FOR: i64 = 90 * DAY;
const KEPT: usize = 200;
/// With alarms and no time of its own a deployment is watched for so long after all is in place. AWS computes it, and does not say how.
const ALARM_BAKE: i64 = 5 * MINUTE;

/// Why a deployment failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    Breaker,
    Alarm,
    Stopped,
}

impl Failure {
    /// What failed, for `rolloutStateReason`.
    fn reason(self) -> &'static str {
        match self {
            Self::Breaker => "ECS deployment circuit breaker: tasks failed to start.",
            Self::Alarm => "ECS deployment alarm: a CloudWatch alarm is in the ALARM state.",
            Self::Stopped => "ECS deployment stopped by a user.",
        }
    }

    /// What did it, as in "…: rolling back to deploymentId".
    fn by(self) -> &'static str {
        match self {
            Self::Breaker => "ECS deployment circuit breaker",
            Self::Alarm => "ECS deployment alarm",
            Self::Stopped => "ECS deployment stopped by a user",
        }
    }

    fn event(self) -> &'static str {
        match self {
            Self::Breaker => "deployment failed: tasks failed to start.",
            Self::Alarm => "deployment failed: alarm detected.",
            Self::Stopped => "deployment stopped by a user.",
        }
    }

    /// For the service deployment.
    fn rollback_reason(self) -> &'static str {
        match self {
            Self::Breaker => "Service deployment rolled back because the circuit breaker threshold was exceeded.",
            Self::Alarm => "Service deployment rolled back because of an alarm.",
            Self::Stopped => "Service deployment rolled back because of a user request.",
        }
    }
}

/// StopServiceDeployment cannot be done any more: the state it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CannotStop {
    Over(ServiceDeploymentStatus),
    NowhereToGo,
}

impl Fleet {
    /// Starts a deployment of a definition on a service. One that is under way is stopped by it.
    pub(super) fn deploy(&mut self, index: usize, definition: &str) {
        let now = self.now;
        let Some(number) = self.services.get(index).map(|service| service.service_deployments.back().map_or(1, |latest| latest.number + 1))
        else {
            return;
        };
        let mut dice = Dice::new(self.seed ^ index as u64, "deployment", number);
        let (deployment, revision, id) = (format!("ecs-svc/{}", dice.digits(19)), dice.digits(19), dice.token(21));
        let ringing = self.ringing(index);
        let Some(service) = self.services.get_mut(index) else { return };
        if let Some(superseded) = service.under_way() {
            superseded.end(now, ServiceDeploymentStatus::Stopped);
            superseded.stopped_at = Some(now);
            superseded.status_reason = Some("The service deployment was stopped because a newer one began.".to_owned());
        }
        let sources = service.deployments.iter().map(|deployment| deployment.revision.clone()).collect();
        let desired = service.desired;
        for old in service.deployments.iter_mut().filter(|old| old.is_primary) {
            (old.is_primary, old.target, old.updated_at) = (false, desired, now);
        }
        service.revisions.push(ServiceRevision { id: revision.clone(), definition: definition.to_owned(), created_at: now });
        let configuration = service.configuration.clone();
        let alarms = configuration.alarms.as_ref().is_some_and(|rule| rule.enable && !ringing);
        service.service_deployments.push_back(ServiceDeployment {
            number,
            id,
            deployment: deployment.clone(),
            target: revision.clone(),
            sources,
            created_at: now,
            started_at: None,
            finished_at: None,
            stopped_at: None,
            updated_at: now,
            status: ServiceDeploymentStatus::Pending,
            status_reason: None,
            rollback: None,
            breaker: Monitor::starts(configuration.breaker.enable),
            failures: 0,
            threshold: configuration.breaker.failures(desired),
            alarms: Monitor::starts(alarms),
            triggered: Vec::new(),
            configuration,
        });
        let reason = format!("ECS deployment {deployment} in progress.");
        let new = Deployment {
            id: deployment,
            is_primary: true,
            definition: definition.to_owned(),
            revision,
            target: desired,
            created_at: now,
            updated_at: now,
            rollout_state: RolloutState::InProgress,
            rollout_state_reason: reason,
            failed_tasks: 0,
            completed_at: None,
            baking_since: None,
        };
        service.deployments.insert(0, new);
        service.back_off = super::service::BackOff::default();
        service.steady = false;
        service.let_go(now);
        let line = format!("service {} deploys {}", service.name, definition.rsplit('/').next().unwrap_or(definition));
        self.deploying.insert(index);
        self.note(line);
        self.look_soon(index);
        self.changed();
    }

    /// Whether one of the alarms that watch a service's deployments rings already: then ECS ignores all of them for that deployment.
    fn ringing(&self, index: usize) -> bool {
        !self.triggered(index).is_empty()
    }

    fn triggered(&self, index: usize) -> Vec<String> {
        let rule = self.services.get(index).and_then(|service| service.configuration.alarms.as_ref());
        let names = rule.map(|rule| rule.names.as_slice()).unwrap_or_default();
        let rings = |name: &&String| {
            let metric = self.alarms.iter().find(|alarm| alarm.name == **name).map(|alarm| alarm.state);
            let composite = || self.composite_alarms.iter().find(|alarm| alarm.name == **name).map(|alarm| alarm.state);
            metric.or_else(composite) == Some(AlarmState::Alarm)
        };
        names.iter().filter(rings).cloned().collect()
    }

    /// The scheduler takes up what was asked for since its last look.
    pub(super) fn move_on(&mut self, index: usize) {
        let now = self.now;
        let Some(latest) = self.services.get_mut(index).and_then(Service::under_way) else { return };
        match latest.status {
            ServiceDeploymentStatus::Pending => {
                (latest.status, latest.started_at, latest.updated_at) = (ServiceDeploymentStatus::InProgress, Some(now), now);
                self.changed();
            }
            ServiceDeploymentStatus::RollbackRequested => self.fail(index, Failure::Stopped),
            _ => {}
        }
    }

    /// A task of a deployment became healthy.
    pub(super) fn count_healthy(&mut self, index: usize, deployment: &str) {
        let Some(service) = self.services.get_mut(index) else { return };
        let resets = service.configuration.breaker.resets();
        let rolling = service.primary_mut().filter(|primary| primary.id == deployment && primary.rollout_state == RolloutState::InProgress);
        if let Some(primary) = rolling.filter(|_| resets) {
            primary.failed_tasks = 0;
            if let Some(latest) = service.under_way().filter(|latest| latest.status.advances()) {
                latest.failures = 0;
            }
        }
    }

    /// A task of a deployment failed: it could not be placed, did not come to run, ended by itself, or its check failed.
    pub(super) fn count_failure(&mut self, index: usize, deployment: &str) {
        let now = self.now;
        let Some(service) = self.services.get_mut(index) else { return };
        let (breaker, desired) = (service.configuration.breaker, service.desired);
        let rolling = service.primary_mut().filter(|primary| primary.id == deployment && primary.rollout_state == RolloutState::InProgress);
        let Some(primary) = rolling else { return };
        primary.failed_tasks += 1;
        primary.updated_at = now;
        let (failures, threshold) = (primary.failed_tasks, breaker.failures(desired));
        if let Some(latest) = service.under_way().filter(|latest| latest.status.advances()) {
            (latest.failures, latest.threshold, latest.updated_at) = (failures, threshold, now);
        }
        self.changed();
        if breaker.enable && failures >= threshold {
            self.fail(index, Failure::Breaker);
        }
    }

    /// After alarms have moved: a deployment that one of them watches may fail.
    pub(super) fn watch_deployments(&mut self) {
        for index in self.deploying.clone() {
            let triggered = self.triggered(index);
            let latest = self.services.get_mut(index).and_then(Service::under_way);
            let watched = latest.filter(|latest| latest.alarms == Monitor::Monitoring && latest.status.advances());
            if let Some(latest) = watched.filter(|_| !triggered.is_empty()) {
                latest.triggered = triggered;
                self.fail(index, Failure::Alarm);
            }
        }
    }

    /// Takes a service deployment back by hand. One on its way back goes on.
    pub(crate) fn stop_deployment(&mut self, index: usize, id: &str) -> Result<(), CannotStop> {
        let now = self.now;
        let Some(service) = self.services.get_mut(index) else { return Ok(()) };
        let somewhere = service.deployments.iter().any(|deployment| !deployment.is_primary && deployment.completed_at.is_some());
        let Some(asked) = service.service_deployments.iter_mut().find(|deployment| deployment.id == id) else { return Ok(()) };
        if asked.status.returns() {
            return Ok(());
        }
        if !asked.status.advances() {
            return Err(CannotStop::Over(asked.status));
        }
        if !somewhere {
            return Err(CannotStop::NowhereToGo);
        }
        (asked.status, asked.updated_at, asked.stopped_at) = (ServiceDeploymentStatus::RollbackRequested, now, Some(now));
        let line = format!("the deployment of service {} is stopped by hand", service.name);
        self.note(line);
        self.look_soon(index);
        self.changed();
        Ok(())
    }

    /// The primary deployment has failed; goes back where that was asked for.
    fn fail(&mut self, index: usize, failure: Failure) {
        let now = self.now;
        let Some(service) = self.services.get_mut(index) else { return };
        let Some(primary) = service.primary_mut() else { return };
        primary.rollout_state = RolloutState::Failed;
        reason_of(primary, failure.reason());
        (primary.updated_at, primary.baking_since) = (now, None);
        let (id, name) = (primary.id.clone(), service.name.clone());
        let configuration = service.configuration.clone();
        let requested = service.under_way().is_some_and(|latest| latest.status == ServiceDeploymentStatus::RollbackRequested);
        let back = match failure {
            _ if requested => true,
            Failure::Breaker => configuration.breaker.rollback,
            Failure::Alarm => configuration.alarms.is_some_and(|rule| rule.rollback),
            Failure::Stopped => true,
        };
        let mut was_back = false;
        if let Some(latest) = service.under_way() {
            match failure {
                Failure::Breaker if latest.status.advances() => latest.breaker = Monitor::Triggered,
                Failure::Alarm => latest.alarms = Monitor::Triggered,
                _ => {}
            }
            latest.status_reason = Some(failure.reason().to_owned());
            was_back = latest.status == ServiceDeploymentStatus::RollbackInProgress;
            if was_back || !back {
                let end = if was_back { ServiceDeploymentStatus::RollbackFailed } else { ServiceDeploymentStatus::Stopped };
                latest.end(now, end);
                latest.stopped_at = Some(now);
            }
        }
        let line = format!("(service {name}) (deployment {id}) {}", failure.event());
        self.note(line.clone());
        self.tell(index, line);
        if back && !was_back {
            self.roll_back(index, failure);
        } else {
            self.deploying.remove(&index);
        }
        self.look_soon(index);
    }

    /// Makes the latest deployment that ever completed the primary one again.
    fn roll_back(&mut self, index: usize, failure: Failure) {
        let now = self.now;
        let Some(service) = self.services.get_mut(index) else { return };
        let candidates = service.deployments.iter().enumerate().filter(|(_, deployment)| !deployment.is_primary);
        let completed = candidates.filter_map(|(place, deployment)| Some((deployment.completed_at?, place)));
        let Some((_, place)) = completed.max() else {
            if let Some(latest) = service.under_way() {
                latest.end(now, ServiceDeploymentStatus::RollbackFailed);
                latest.status_reason = Some("There is no completed deployment to roll back to.".to_owned());
            }
            self.deploying.remove(&index);
            return;
        };
        let desired = service.desired;
        service.deployments.iter_mut().for_each(|deployment| deployment.is_primary = false);
        let mut earlier = service.deployments.remove(place);
        earlier.is_primary = true;
        earlier.target = desired;
        earlier.rollout_state = RolloutState::InProgress;
        (earlier.failed_tasks, earlier.updated_at) = (0, now);
        let reason = format!("{}: rolling back to deploymentId {}.", failure.by(), earlier.id);
        reason_of(&mut earlier, &reason);
        let (id, revision) = (earlier.id.clone(), earlier.revision.clone());
        service.deployments.insert(0, earlier);
        service.back_off = super::service::BackOff::default();
        service.steady = false;
        if let Some(latest) = service.under_way() {
            latest.status = ServiceDeploymentStatus::RollbackInProgress;
            latest.updated_at = now;
            latest.rollback = Some(Rollback { reason: failure.rollback_reason().to_owned(), started_at: now, revision });
        }
        let line = format!("(service {}) rolling back to deployment {id}.", service.name);
        self.note(line.clone());
        self.tell(index, line);
    }

    /// Something is amiss while alarms are watched: the watch begins anew when all is in place again.
    pub(super) fn interrupt_bake(&mut self, index: usize) {
        if let Some(primary) = self.services.get_mut(index).and_then(Service::primary_mut) {
            primary.baking_since = None;
        }
    }

    /// All is in place: completes the deployment, if one is in progress and its bake is over. Answers whether none is left.
    pub(super) fn complete(&mut self, index: usize) -> bool {
        let now = self.now;
        let Some(service) = self.services.get_mut(index) else { return true };
        let returns = service.under_way().is_some_and(|latest| latest.status.returns());
        let watched = service.under_way().is_some_and(|latest| latest.alarms == Monitor::Monitoring && latest.status.advances());
        let minutes = i64::from(service.configuration.bake_minutes) * MINUTE;
        let bake = match (returns, watched) {
            (true, _) => 0,
            (false, true) => minutes.max(ALARM_BAKE),
            (false, false) => minutes,
        };
        let Some(primary) = service.primary_mut() else { return true };
        if primary.rollout_state != RolloutState::InProgress {
            return primary.rollout_state == RolloutState::Completed;
        }
        let since = *primary.baking_since.get_or_insert(now);
        if now < since + bake {
            self.later(since + bake - now, Due::Schedule(index));
            return false;
        }
        primary.rollout_state = RolloutState::Completed;
        (primary.completed_at, primary.updated_at, primary.baking_since) = (Some(now), now, None);
        let done = format!("ECS deployment {} completed.", primary.id);
        reason_of(primary, &done);
        let id = primary.id.clone();
        service.deployments.retain(|deployment| deployment.is_primary);
        if let Some(latest) = service.under_way() {
            latest.end(now, if returns { ServiceDeploymentStatus::RollbackSuccessful } else { ServiceDeploymentStatus::Successful });
        }
        let line = format!("(service {}) (deployment {id}) deployment completed.", service.name);
        self.deploying.remove(&index);
        self.note(line.clone());
        self.tell(index, line);
        true
    }
}

fn reason_of(deployment: &mut Deployment, reason: &str) {
    reason.clone_into(&mut deployment.rollout_state_reason);
}

impl Service {
    /// Lets go of what ECS no longer tells.
    fn let_go(&mut self, now: i64) {
        while self.service_deployments.len() > KEPT
            || self.service_deployments.front().is_some_and(|oldest| oldest.created_at < now - KEPT_FOR)
        {
            self.service_deployments.pop_front();
        }
        let told: Vec<&str> = self
            .service_deployments
            .iter()
            .flat_map(|deployment| deployment.sources.iter().chain([&deployment.target]))
            .chain(self.deployments.iter().map(|deployment| &deployment.revision))
            .map(String::as_str)
            .collect();
        let kept: Vec<ServiceRevision> = self.revisions.iter().filter(|revision| told.contains(&revision.id.as_str())).cloned().collect();
        self.revisions = kept;
    }
}
