//! A service: how many copies of what should run, what ECS did about it, and which truth about it only the model knows.

use std::{collections::VecDeque, net::Ipv4Addr, sync::Arc};

use crate::model::{arn, logs::Crash, metrics::Record};

/// ECS keeps the latest 100 events of a service.
const EVENTS_KEPT: usize = 100;

/// One line of a service's `events`.
#[derive(Debug, Clone)]
pub(crate) struct ServiceEvent {
    pub(crate) id: String,
    pub(crate) at: i64,
    pub(crate) message: String,
}

/// One of a service's `deployments`. The fleet starts with one COMPLETED primary each.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    /// `ecs-svc/` and 19 digits.
    pub(crate) id: String,
    pub(crate) status: &'static str,
    pub(crate) definition: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) rollout_state: &'static str,
    pub(crate) rollout_state_reason: String,
    pub(crate) failed_tasks: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) desired: u32,
    pub(crate) spot: bool,
    pub(crate) target_group: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) deployments: Vec<Deployment>,
    /// Oldest first; ECS answers newest first.
    pub(crate) events: VecDeque<ServiceEvent>,
    /// Numbers of its tasks that still can be described, oldest first.
    pub(crate) tasks: Vec<u64>,
    /// Whether the "steady state" of its present tasks has been told.
    pub(crate) steady: bool,
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
    /// Whether the application's endpoint answers: what a health check would find.
    pub(crate) answers: bool,
}

impl Service {
    pub(crate) fn arn(&self) -> String {
        arn::service(&self.name)
    }

    pub(crate) fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.status == "PRIMARY")
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
