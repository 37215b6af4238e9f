//! A service: how many copies of what should run, what ECS did about it, and which truth about it only the model knows.

use std::{
    collections::{BTreeMap, VecDeque},
    net::Ipv4Addr,
    sync::Arc,
};

use serde_json::Value;

use crate::model::{
    application::Verdict,
    arn,
    deployment::{Configuration, Deployment, ServiceDeployment, ServiceRevision},
    logs::Crash,
    metrics::Record,
};

/// ECS keeps the latest 100 events of a service.
const EVENTS_KEPT: usize = 100;

/// One line of a service's `events`.
#[derive(Debug, Clone)]
pub(crate) struct ServiceEvent {
    pub(crate) id: String,
    pub(crate) at: i64,
    pub(crate) message: String,
}

/// How patient the scheduler is with a service whose tasks never reach RUNNING, or find no room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct BackOff {
    /// In a row.
    pub(crate) failures: u32,
    /// Nothing is started before.
    pub(crate) until: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) desired: u32,
    pub(crate) spot: bool,
    pub(crate) target_group: Option<String>,
    pub(crate) created_at: i64,
    /// ECS's `deploymentController`: ECS, CODE_DEPLOY or EXTERNAL.
    pub(crate) controller: &'static str,
    pub(crate) configuration: Configuration,
    /// ECS's `healthCheckGracePeriodSeconds`; none: never set.
    pub(crate) grace: Option<u32>,
    /// Parts of the service that someone has set and that the model keeps without living by them, by their names in ECS.
    pub(crate) settings: BTreeMap<String, Value>,
    /// The primary first, then those it replaces, the youngest first.
    pub(crate) deployments: Vec<Deployment>,
    /// Oldest first.
    pub(crate) revisions: Vec<ServiceRevision>,
    /// Oldest first.
    pub(crate) service_deployments: VecDeque<ServiceDeployment>,
    /// Oldest first; ECS answers newest first.
    pub(crate) events: VecDeque<ServiceEvent>,
    /// Numbers of its tasks that still can be described, oldest first.
    pub(crate) tasks: Vec<u64>,
    /// Whether the "steady state" of its present tasks has been told.
    pub(crate) steady: bool,
    pub(crate) back_off: BackOff,
    /// Nothing of it can be placed before this time.
    pub(crate) no_room_until: i64,
    /// Tasks exit soon after they run until this time.
    pub(crate) crashes_until: i64,
    /// And say that it is for this.
    pub(crate) crash: Crash,
    /// Its connections go through this address.
    pub(crate) proxy: Option<Ipv4Addr>,
    /// What its metrics since the start depend on.
    pub(crate) record: Arc<Record>,
    /// How many tasks it wanted, and ran, before the yard opened.
    pub(crate) desired_at_start: u32,
    /// How many it wanted when it last was steady: fewer than this is a loss, more is growth.
    pub(crate) settled: u32,
    /// Its share in the fleet's losses as last counted.
    pub(crate) missing: u32,
    /// What its health checks find, if someone has decided that.
    pub(crate) verdict: Verdict,
}

impl Service {
    pub(crate) fn arn(&self) -> String {
        arn::service(&self.name)
    }

    pub(crate) fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.is_primary)
    }

    pub(crate) fn primary_mut(&mut self) -> Option<&mut Deployment> {
        self.deployments.iter_mut().find(|deployment| deployment.is_primary)
    }

    /// The service deployment that has not ended yet: the latest one, if any.
    pub(crate) fn under_way(&mut self) -> Option<&mut ServiceDeployment> {
        self.service_deployments.back_mut().filter(|latest| latest.status.advances() || latest.status.returns())
    }

    pub(crate) fn revision(&self, id: &str) -> Option<&ServiceRevision> {
        self.revisions.iter().find(|revision| revision.id == id)
    }

    /// What its metrics depend on, to be added to.
    pub(crate) fn record(&mut self) -> &mut Record {
        Arc::make_mut(&mut self.record)
    }

    /// Adds a line, dropping the oldest beyond a hundred.
    pub(crate) fn tell(&mut self, id: String, at: i64, message: String) {
        self.events.push_back(ServiceEvent { id, at, message });
        while self.events.len() > EVENTS_KEPT {
            self.events.pop_front();
        }
    }
}
