//! What UpdateService changes of a service, and whether that starts a deployment.
//!
//! Separate from the AWS face so that a foreign actor on the control face changes a service in no other way.
//! The trap: most of a service can be changed without a deployment. Deployment settings, the desired count and the grace period are among them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::{
    Fleet,
    deployment::{AlarmRule, Breaker, Configuration},
};

/// A change of a service: what is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ServiceChange {
    /// The ARN of an ACTIVE revision.
    pub(crate) definition: Option<String>,
    pub(crate) desired: Option<u32>,
    pub(crate) grace: Option<u32>,
    pub(crate) force: bool,
    pub(crate) minimum_healthy_percent: Option<u32>,
    pub(crate) maximum_percent: Option<u32>,
    pub(crate) breaker: Option<Breaker>,
    pub(crate) alarms: Option<AlarmRule>,
    pub(crate) bake_minutes: Option<u32>,
    /// By ECS's names: what tasks are made with, so that another value starts a deployment; and what they are not.
    pub(crate) of_tasks: BTreeMap<&'static str, Value>,
    pub(crate) of_service: BTreeMap<&'static str, Value>,
}

impl ServiceChange {
    /// The deployment settings as they will be.
    pub(crate) fn configured(&self, now: &Configuration) -> Configuration {
        Configuration {
            minimum_healthy_percent: self.minimum_healthy_percent.unwrap_or(now.minimum_healthy_percent),
            maximum_percent: self.maximum_percent.unwrap_or(now.maximum_percent),
            breaker: self.breaker.unwrap_or(now.breaker),
            alarms: self.alarms.clone().or_else(|| now.alarms.clone()),
            bake_minutes: self.bake_minutes.unwrap_or(now.bake_minutes),
        }
    }
}

impl Fleet {
    /// Changes a service; answers whether that started a deployment.
    pub(crate) fn update_service(&mut self, index: usize, change: ServiceChange) -> bool {
        let same_value_deploys = self.same_value_deploys;
        if let Some(desired) = change.desired {
            self.want(index, desired);
        }
        let Some(service) = self.services.get_mut(index) else { return false };
        service.configuration = change.configured(&service.configuration);
        service.grace = change.grace.or(service.grace);
        let mut renewed = change.force;
        for (name, value) in change.of_tasks {
            renewed |= service.settings.get(name) != Some(&value);
            service.settings.insert(name.to_owned(), value);
        }
        service.settings.extend(change.of_service.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let now = service.primary().map(|primary| primary.definition.clone()).unwrap_or_default();
        let same = change.definition.as_ref().is_some_and(|definition| *definition == now);
        renewed |= change.definition.is_some() && (!same || same_value_deploys);
        if renewed {
            self.deploy(index, &change.definition.unwrap_or(now));
        }
        self.look_soon(index);
        self.changed();
        renewed
    }

    /// Sets how many tasks a service wants; the scheduler follows a second later.
    pub(super) fn want(&mut self, index: usize, desired: u32) {
        let Some(service) = self.services.get_mut(index) else { return };
        let before = service.desired;
        service.desired = desired;
        service.steady &= before == desired;
        // a deployment is under way: both versions grow
        for old in service.deployments.iter_mut().filter(|old| !old.is_primary && desired > before && before > 0) {
            let share = (u64::from(old.target) * u64::from(desired)).div_ceil(u64::from(before));
            old.target = u32::try_from(share).unwrap_or(u32::MAX);
        }
        if let Some(primary) = service.primary_mut() {
            primary.target = desired;
        }
        let line = format!("service {} wants {desired} tasks", service.name);
        self.note(line);
        self.recount(index);
        self.look_soon(index);
        self.changed();
    }
}
