//! Every request that changed something, as it took effect: what a test holds a client's own record against.
//!
//! Separate from the counts, which tell what was asked for. What is written here has happened, whether or not the client ever had its answer.
//! The trap: what somebody else does (by the control face, or by a fault) is no request and is not among them.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use serde_json::Value;

use crate::{
    aws::call::Call,
    model::{Fleet, service::Service},
};

/// Beyond so many the oldest are dropped; the numbers of the others tell that there were more.
const KEPT: usize = 20_000;

/// One of them.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Write {
    /// Counted from 1.
    number: u64,
    /// When it took effect, by the yard's clock.
    at_micros: i64,
    operation: String,
    /// The service, or the family of a revision, which is called like it.
    service: Option<String>,
    /// The ARN of the revision: the one that was registered, or that the service was set to.
    task_definition: Option<String>,
    /// The ARN of the revision that the service was to run until then.
    before: Option<String>,
    /// Whether it began a deployment.
    deploys: bool,
    /// Other services that had a deployment under way at that moment.
    beside: Vec<String>,
    /// Tags of a registered revision.
    tags: BTreeMap<String, String>,
}

/// All of them, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    kept: VecDeque<Write>,
    written: u64,
}

impl Writes {
    pub(crate) fn kept(&self) -> Vec<Write> {
        self.kept.iter().cloned().collect()
    }

    pub(super) fn add(&mut self, write: Write) {
        self.written += 1;
        self.kept.push_back(Write { number: self.written, ..write });
        if self.kept.len() > KEPT {
            self.kept.pop_front();
        }
    }
}

/// How things are right before a request takes effect.
pub(super) struct Before {
    definition: Option<String>,
    deployment: Option<String>,
    beside: Vec<String>,
}

impl Before {
    pub(super) fn of(call: &Call, fleet: &Fleet) -> Self {
        let (definition, deployment) = primary(call, fleet).unzip();
        let others = fleet.deploying().filter(|service| call.service() != Some(service.name.as_str()));
        Self { definition, deployment, beside: others.map(|service| service.name.clone()).collect() }
    }

    /// The request took effect and is answered by this.
    pub(super) fn then(self, call: &Call, answer: &Value, fleet: &Fleet) -> Write {
        let registered = answer.pointer("/taskDefinition/taskDefinitionArn").and_then(Value::as_str).map(str::to_owned);
        let set = || fleet.find_definition(call.text("taskDefinition")?).map(|definition| definition.arn());
        let tag = |tag: &Value| Some((tag.get("key")?.as_str()?.to_owned(), tag.get("value")?.as_str()?.to_owned()));
        let (_, deployment) = primary(call, fleet).unzip();
        Write {
            number: 0,
            at_micros: fleet.now,
            operation: call.operation.clone(),
            service: call.service().map(str::to_owned),
            task_definition: registered.or_else(set),
            before: self.definition,
            deploys: deployment != self.deployment,
            beside: self.beside,
            tags: answer.get("tags").and_then(Value::as_array).into_iter().flatten().filter_map(tag).collect(),
        }
    }
}

/// What the service of a request is to run, and by which deployment.
fn primary(call: &Call, fleet: &Fleet) -> Option<(String, String)> {
    let primary = fleet.service(call.service()?).and_then(Service::primary)?;
    Some((primary.definition.clone(), primary.id.clone()))
}
