//! The ids of the requests of AWS that the answers for one service rest on.
//!
//! Separate from the checks, which judge what was read and not who told it; and found once a service, because a dozen checks rest on
//! the same few requests. The trap is an id that sounds right: what more than one request may have answered, what came after the
//! sweep began, and what rests on tasks that have stopped have none.

use std::borrow::Cow;

use super::facts::ServiceFacts;
use super::sight::Need;
use super::{ALARMS, DEFINITION, SERVICES, TASKS};
use crate::request::Requests;

/// The ids of the requests that answered for a service; none where no request can be named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestIds<'a> {
    services: Option<&'a str>,
    tasks: Option<Cow<'a, str>>,
    definition: Option<&'a str>,
    alarms: Option<Cow<'a, str>>,
}

impl RequestIds<'_> {
    /// Those of an answer of this operation for which these things were read.
    pub(super) fn of(&self, asked: &str, needs: &[Need]) -> Option<&str> {
        match asked {
            SERVICES => self.services,
            // of tasks that stopped each was described when it did, by a request that is of no newest sweep any more
            TASKS if needs.contains(&Need::Tasks) => self.tasks.as_deref(),
            DEFINITION => self.definition,
            ALARMS => self.alarms.as_deref(),
            _ => None,
        }
    }
}

impl<'a> ServiceFacts<'a> {
    /// The same, with the requests that told them: those of the newest sweep of ECS and of the alarms of its environment, and the one
    /// that read its revision.
    #[must_use]
    pub fn told_by(mut self, ecs: Option<&'a Requests>, alarms: Option<&'a Requests>, revision: Option<&'a str>) -> Self {
        self.requests = RequestIds {
            services: ecs.and_then(|requests| services(&self, requests)),
            tasks: ecs.and_then(|requests| tasks(&self, requests)),
            definition: revision,
            alarms: alarms.and_then(|requests| watching(&self, requests)),
        };
        self
    }
}

fn services<'r>(facts: &ServiceFacts<'_>, requests: &'r Requests) -> Option<&'r str> {
    let known = requests.can_know(facts.service.created);
    requests.holding(SERVICES, &facts.key.cluster, &facts.key.service).filter(|_| known)
}

/// Of its RUNNING tasks, all of them or none: a part of what an answer rests on is not what it rests on.
fn tasks<'r>(facts: &ServiceFacts<'_>, requests: &'r Requests) -> Option<Cow<'r, str>> {
    if facts.running().any(|task| !requests.can_know(task.created)) {
        return None;
    }
    requests.holding_all(TASKS, &facts.key.cluster, facts.running().map(|task| task.arn.as_str()))
}

/// Where one page told of every alarm there is, that page also said that none is of this service.
fn watching<'r>(facts: &ServiceFacts<'_>, requests: &'r Requests) -> Option<Cow<'r, str>> {
    match requests.only(ALARMS, "") {
        Some(only) => Some(Cow::Borrowed(only)),
        None => requests.holding_all(ALARMS, "", facts.alarms.iter().map(|of| of.alarm.name.as_str())),
    }
}
