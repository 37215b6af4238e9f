//! What is read of a service while it is changed, as far as anything follows from it.
//!
//! Separate from [`crate::service`], which is what the collectors keep for everybody: here a reading says when it was made and
//! what of it could not be had, because a verdict on a part is no verdict. The trap is a missing part that reads as a quiet
//! one: each part that can fail on its own is a [`Part`].

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::definition::Described;
use crate::Timestamp;
use crate::service::{Deployment, Task};

/// A part of a reading that may be missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part<T> {
    /// It was read.
    Read(T),
    /// It could not be read, and this is why.
    Missing(String),
    /// There is nothing of the kind to read: no alarms, no NATS, an API this server does not have.
    None,
}

impl<T> Part<T> {
    /// What was read.
    pub const fn read(&self) -> Option<&T> {
        match self {
            Self::Read(part) => Some(part),
            Self::Missing(_) | Self::None => None,
        }
    }
}

/// One look at a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceSeen {
    /// When it was asked for.
    pub at: Timestamp,
    /// `ACTIVE`, …
    pub status: String,
    /// The revision it is meant to run, by full ARN.
    pub revision: String,
    /// Tasks it wants at this moment; autoscaling may move it.
    pub desired: u32,
    /// Running.
    pub running: u32,
    /// Starting.
    pub pending: u32,
    /// `ECS`, `CODE_DEPLOY`, `EXTERNAL`; none: ECS.
    pub controller: Option<String>,
    /// `REPLICA`, `DAEMON`.
    pub scheduling: Option<String>,
    /// Its deployments in the old view.
    pub deployments: Vec<Deployment>,
    /// Its `deploymentConfiguration`, raw.
    pub configuration: Value,
    /// Newest service deployments.
    pub service_deployments: Part<Vec<ServiceDeployment>>,
    /// Its tasks that are not stopped.
    pub tasks: Part<Vec<Task>>,
    /// Its stopped tasks that ECS still tells of.
    pub stopped: Part<Vec<Task>>,
    /// Newest lines of its events, for what no field tells: no room for a task.
    pub events: Vec<(Timestamp, String)>,
    /// Alarms that watch it: name, and the state by CloudWatch's word.
    pub alarms: Part<Vec<(String, String)>>,
    /// Its NATS connections.
    pub nats: Part<NatsSeen>,
    /// Whether the revision an undo would go back to is still ACTIVE; asked before the first write only.
    pub prior_active: Part<bool>,
}

/// The connections of a service's tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatsSeen {
    /// When the servers were asked.
    pub at: Timestamp,
    /// Of its running tasks.
    pub open: u32,
    /// Usual for so many tasks; nothing where nothing is usual yet.
    pub usual: Option<u32>,
}

/// A service deployment as DescribeServiceDeployments tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceDeployment {
    /// Its ARN; what StopServiceDeployment takes.
    pub arn: String,
    /// `PENDING`, `IN_PROGRESS`, `SUCCESSFUL`, `ROLLBACK_IN_PROGRESS`, …; unknown words are shown and mean "in progress".
    pub status: String,
    /// The revision it brings, by full ARN of the task definition; nothing where that could not be read.
    pub revision: Option<String>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Why it was rolled back, and what AWS says of its state.
    pub reason: Option<String>,
}

impl ServiceDeployment {
    /// Whether AWS is taking it back, or has.
    pub fn rolled_back(&self) -> bool {
        self.status.starts_with("ROLLBACK_")
    }

    /// Whether AWS tried to take it back and could not.
    pub fn stuck(&self) -> bool {
        self.status == "ROLLBACK_FAILED"
    }

    /// Whether it can still be stopped.
    pub fn can_be_stopped(&self) -> bool {
        matches!(self.status.as_str(), "PENDING" | "IN_PROGRESS")
    }
}

impl ServiceSeen {
    /// The deployment ECS is steering towards.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.status == "PRIMARY")
    }

    /// What ECS is steering towards: the primary's revision, or the service's own word where there is none.
    pub fn steered(&self) -> &str {
        self.primary().and_then(|primary| primary.revision.as_deref()).unwrap_or(&self.revision)
    }

    /// Whether nothing is on its way: one deployment, everything wanted runs, ECS does not say otherwise.
    pub fn settled(&self) -> bool {
        let finished = |deployment: &Deployment| deployment.rollout_state.as_deref().is_none_or(|state| state == "COMPLETED");
        self.deployments.len() == 1 && self.deployments.iter().all(finished) && self.running == self.desired && self.pending == 0
    }

    /// The same without service deployments of before `began`. A revision that ran before was brought by one of those
    /// already, and how that one ended says nothing of ours.
    pub fn since(&self, began: Option<Timestamp>) -> Cow<'_, Self> {
        let past = |one: &ServiceDeployment| one.created.zip(began).is_some_and(|(created, began)| created < began);
        match &self.service_deployments {
            Part::Read(all) if all.iter().any(past) => {
                let left = all.iter().filter(|one| !past(one)).cloned().collect();
                Cow::Owned(Self { service_deployments: Part::Read(left), ..self.clone() })
            }
            _ => Cow::Borrowed(self),
        }
    }

    /// The newest service deployment that brings this revision.
    pub fn bringing(&self, revision: &str) -> Option<&ServiceDeployment> {
        let all = self.service_deployments.read()?;
        all.iter().filter(|one| one.revision.as_deref() == Some(revision)).max_by_key(|one| one.created)
    }
}

/// What is to be looked at next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Look {
    /// The service of a step, with everything a verdict needs.
    Service {
        /// Which step.
        step: usize,
    },
    /// A revision, whole, with its tags.
    Revision {
        /// For which step.
        step: usize,
        /// Its ARN.
        arn: String,
    },
    /// The newest revisions of a family that carry our tag.
    Intent {
        /// For which step.
        step: usize,
        /// The family.
        family: String,
        /// The tag's value.
        intent: String,
    },
}

/// What a look brought.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The service.
    Service(Box<ServiceSeen>),
    /// The revision.
    Revision(Box<Described>),
    /// The revision that carries the tag; nothing: none was found this time.
    Intent(Option<String>),
    /// No answer, and why.
    Nothing(String),
}
