//! Rollouts: one change over many services, one service at a time, proven, and taken back by itself.
//!
//! Everything here is pure. [`decide::decide`] takes the time, a rollout and what was just learnt, and answers the rollout as
//! it is from now on with what happened; what is owed to the world stands in the rollout itself ([`Owed`]), so that state and
//! intent are committed together and an effect can be found after a crash. The server commits, then acts; `cargo xtask sim`
//! does the same against a model of the world, with every fault at every point.
//!
//! | module | holds |
//! |---|---|
//! | [`definition`] | copying a task definition without losing anything of it |
//! | [`floor`] | how long a bake must last to prove anything |
//! | [`seen`] | what is read of a service while it is changed |
//! | [`cause`] | why a step failed, and which other services share that |
//! | [`judge`] | what stands between a step and its pass, with evidence |
//! | [`decide`] | what follows from what was learnt |

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Timestamp;
use crate::service::ServiceKey;

pub mod cause;
pub mod decide;
pub mod definition;
pub mod floor;
pub mod judge;
pub mod seen;

use cause::{Cause, Marks};
use definition::{Copy, Described};
use floor::Floor;
use judge::Statement;

/// The tag by which a revision we registered is found again after a crash: which rollout and step meant it.
pub const INTENT_TAG: &str = "signalbox:intent";

/// One change over several services, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    /// A UUIDv7.
    pub id: String,
    /// What it is, in a few words: the heading of its page.
    pub title: String,
    /// Why, in the words of whoever planned it.
    pub reason: String,
    /// How many failures that are a service's own may be set aside before it halts.
    pub budget: u32,
    /// One service's turn each, in order.
    pub steps: Vec<Step>,
    /// Where it is as a whole.
    pub status: Status,
    /// How many effects were ever owed; the next one's number.
    pub effects: u64,
}

/// Where a rollout is as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Status {
    /// Nobody has started it.
    Planned,
    /// One step after the other.
    Running,
    /// No further step begins until somebody resumes it.
    Paused {
        /// Why, as said.
        why: String,
    },
    /// It waits for something that ends by itself, or for a person if it does not end in time.
    Held {
        /// For what.
        why: String,
        /// Since when.
        since: Timestamp,
    },
    /// Stopped until a person decides. What is on its way is still watched, and undone where it fails.
    Halted {
        /// Why.
        why: String,
    },
    /// Nothing forward any more; what is on its way is taken back.
    Aborting {
        /// Who and why.
        why: String,
    },
    /// Ended by a person before its end.
    Aborted,
    /// Every step ended; those that failed are within the budget.
    Succeeded,
    /// Every verified step is taken back, the last first.
    Undoing {
        /// Who and why.
        why: String,
    },
    /// All of it was taken back.
    Undone,
}

impl Status {
    /// Whether nothing happens to it any more unless a person begins something new.
    pub const fn ended(&self) -> bool {
        matches!(self, Self::Aborted | Self::Succeeded | Self::Undone)
    }

    /// Whether a further step may begin.
    const fn forward(&self) -> bool {
        matches!(self, Self::Running | Self::Held { .. })
    }

    /// Whether the step that is under way may go on. A pause is after it.
    const fn goes_on(&self) -> bool {
        matches!(self, Self::Running | Self::Held { .. } | Self::Paused { .. })
    }
}

/// One service's turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The service.
    pub service: ServiceKey,
    /// Steps that may move together, counted from 1. Today each has its own.
    pub wave: u32,
    /// What the plan saw of it; a service that has changed since is planned again.
    pub bound: Bound,
    /// What it is to run.
    pub target: Target,
    /// How long a failing check stays unseen.
    pub floor: Floor,
    /// How long it is watched after its youngest task started; never below the floor.
    pub bake: Duration,
    /// What it shares with other services, by which a failure elsewhere holds it.
    pub marks: Marks,
    /// How far it is.
    pub stage: Stage,
    /// What is owed to the world, or was begun and not answered for.
    pub owed: Option<Owed>,
    /// What stood between it and its pass at the last look.
    pub evidence: Vec<Statement>,
    /// When it was last looked at with an answer.
    pub looked: Option<Timestamp>,
    /// Readings in a row that contradict what we did, and the first of them: one may be stale.
    pub doubts: Option<Doubts>,
}

/// Readings that say what should not be, or do not say what should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubts {
    /// How many in a row.
    pub times: u32,
    /// The first of them.
    pub since: Timestamp,
}

/// What a plan rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    /// The revision the service ran, by full ARN; what an undo goes back to.
    pub prior: String,
    /// That revision, whole.
    pub described: Described,
    /// The id of its deployment.
    pub deployment: String,
    /// Its `deploymentConfiguration`, raw: handed back when the step ends.
    pub configuration: Value,
}

/// What a service is to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Target {
    /// A revision to be registered.
    New(Copy),
    /// A revision that is there and ACTIVE, by full ARN.
    There {
        /// Its ARN.
        arn: String,
    },
}

/// How far a step is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Stage {
    /// Its turn has not come.
    Waiting,
    /// Looked at once more before anything is written.
    Preflight {
        /// Since when.
        since: Timestamp,
    },
    /// The revision is being registered.
    Registering {
        /// Since when.
        since: Timestamp,
    },
    /// The registered revision is read back.
    Comparing {
        /// Since when.
        since: Timestamp,
        /// Its ARN.
        revision: String,
    },
    /// The service is being told to run it.
    Updating {
        /// Since when.
        since: Timestamp,
        /// The revision.
        revision: String,
    },
    /// ECS replaces its tasks.
    Rolling {
        /// Since when.
        since: Timestamp,
        /// The revision.
        revision: String,
        /// Our deployment, `ecs-svc/…`.
        deployment: String,
        /// How many looks in a row found everything in place.
        steady: u32,
    },
    /// Everything is in place and is watched.
    Baking {
        /// Since when.
        since: Timestamp,
        /// The revision.
        revision: String,
        /// Our deployment.
        deployment: String,
        /// From when on everything was seen to be well without a gap; nothing while that cannot be said.
        well_since: Option<Timestamp>,
    },
    /// The service's own settings are handed back to it.
    Restoring {
        /// Since when.
        since: Timestamp,
        /// Whether it was not seen, or not seen to be well, in between: a pass must then be earned anew.
        gap: bool,
        /// What follows.
        then: Ending,
    },
    /// It runs the new revision and has proven itself; watched until the rollout ends.
    Verified {
        /// Since when.
        at: Timestamp,
        /// The revision.
        revision: String,
        /// Our deployment.
        deployment: String,
    },
    /// It is taken back to what it ran before.
    Undoing {
        /// Since when.
        since: Timestamp,
        /// What it must leave.
        revision: String,
        /// Our deployment.
        deployment: String,
        /// Why.
        why: Cause,
        /// Whether AWS was asked to stop the deployment already, or it can be stopped no more.
        stopped: bool,
        /// Whether the service was told already; what still says otherwise may be of the past.
        told: bool,
        /// How many looks in a row found it back.
        steady: u32,
    },
    /// It runs what it ran before.
    PutBack {
        /// Since when.
        at: Timestamp,
        /// Why.
        why: Cause,
    },
    /// Its turn is passed over; nothing was written.
    Skipped {
        /// Why.
        why: String,
    },
    /// A person must act on it; nothing more is written.
    Blocked {
        /// Since when.
        at: Timestamp,
        /// What is wrong.
        why: String,
        /// What to do.
        next: String,
    },
}

/// How a step ends once the service has its own settings again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Ending {
    /// With a pass.
    Verified {
        /// The revision.
        revision: String,
        /// Our deployment.
        deployment: String,
    },
    /// Where it was before.
    PutBack {
        /// Why.
        why: Cause,
    },
}

impl Stage {
    /// Whether nothing more happens in it by itself.
    pub const fn ended(&self) -> bool {
        matches!(self, Self::Verified { .. } | Self::PutBack { .. } | Self::Skipped { .. } | Self::Blocked { .. })
    }

    /// Whether the service may already run, or be about to run, what it did not run before.
    pub const fn touched(&self) -> bool {
        matches!(
            self,
            Self::Updating { .. }
                | Self::Rolling { .. }
                | Self::Baking { .. }
                | Self::Restoring { .. }
                | Self::Verified { .. }
                | Self::Undoing { .. }
        )
    }

    /// Whether its turn has come and is not over.
    pub const fn under_way(&self) -> bool {
        !matches!(self, Self::Waiting) && !self.ended()
    }
}

/// A change of the world that was decided and is not answered for yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Owed {
    /// Its number within the rollout.
    pub id: u64,
    /// What is to be done.
    pub effect: Effect,
    /// How far that is.
    pub state: OwedState,
    /// How often it was begun.
    pub attempts: u32,
    /// Not before this, because it was refused a moment ago.
    pub not_before: Timestamp,
}

/// How far an effect is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum OwedState {
    /// Not begun.
    Waiting,
    /// Begun: the request may be on its way.
    Started,
    /// Begun, and nobody knows what came of it. It is looked for and never simply repeated.
    Unknown,
}

/// A change of the world. Each is one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Effect {
    /// RegisterTaskDefinition. Repeating it makes another revision, so it carries a tag to be found by.
    Register {
        /// The request without its tags.
        request: Value,
        /// Its tags, [`INTENT_TAG`] among them.
        tags: BTreeMap<String, String>,
    },
    /// UpdateService to the new revision, with the service's own circuit breaker armed in the same call.
    Update {
        /// What it must run now; anything else is somebody else's doing and nothing is sent.
        from: String,
        /// The revision.
        to: String,
        /// `deploymentConfiguration` for the time of the step.
        configuration: Value,
    },
    /// StopServiceDeployment with ROLLBACK: bound to one deployment, so it cannot hit anybody else's.
    Stop {
        /// Our deployment, `ecs-svc/…`.
        deployment: String,
    },
    /// UpdateService to what it ran before, with its own settings.
    Back {
        /// What it must run now.
        from: String,
        /// What it ran before.
        to: String,
        /// Its own `deploymentConfiguration`.
        configuration: Value,
    },
    /// UpdateService with its own `deploymentConfiguration` alone: starts no deployment.
    Restore {
        /// Its own.
        configuration: Value,
    },
}

impl Effect {
    /// Whether it leads away from what was before. Those that lead back may always be done.
    pub const fn forward(&self) -> bool {
        matches!(self, Self::Register { .. } | Self::Update { .. })
    }

    /// The AWS operation, for pages and logs.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::Register { .. } => "RegisterTaskDefinition",
            Self::Update { .. } | Self::Back { .. } | Self::Restore { .. } => "UpdateService",
            Self::Stop { .. } => "StopServiceDeployment",
        }
    }
}

impl Rollout {
    /// The step whose turn it is.
    pub fn under_way(&self) -> Option<(usize, &Step)> {
        self.steps.iter().enumerate().find(|(_, step)| step.stage.under_way())
    }

    /// Steps that failed and were put back.
    pub fn failed(&self) -> usize {
        self.steps.iter().filter(|step| matches!(&step.stage, Stage::PutBack { why, .. } if why.counts())).count()
    }

    /// The tag value by which the revision of a step is found.
    pub fn intent(&self, step: usize) -> String {
        format!("{}/{step}", self.id)
    }
}
