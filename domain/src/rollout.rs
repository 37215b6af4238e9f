//! Rollouts: one change over many services, one service at a time, proven, and taken back by itself.
//!
//! Everything here is pure. [`decide::decide`] takes the time, a rollout and what was just learnt, and answers the rollout as
//! it is from now on with what happened; what is owed to the world stands in the rollout itself ([`Owed`]), so that state and
//! intent are committed together and an effect can be found after a crash. The server commits, then acts; `cargo xtask sim`
//! does the same against a model of the world, with every fault at every point.
//!
//! | module | holds |
//! |---|---|
//! | [`plan`] | who takes part, in which order, and who does not and why |
//! | [`definition`] | copying a task definition without losing anything of it |
//! | [`diff`] | what a step changes and which calls it makes, in lines |
//! | [`settings`] | the deployment settings a step borrows, and how they are handed back |
//! | [`floor`] | how long a bake must last to prove anything |
//! | [`seen`] | what is read of a service while it is changed |
//! | [`cause`] | why a step failed, and which other services share that |
//! | [`shell`] | whether an image has a shell, as far as something proves it |
//! | [`permission`] | permissions that Signalbox was refused for lack of |
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
pub mod diff;
mod effect;
pub mod floor;
pub mod judge;
pub mod permission;
pub mod plan;
pub mod seen;
pub mod settings;
pub mod shell;

use cause::{Cause, Marks};
use definition::{Copy, Described};
use floor::Floor;
use judge::Statement;

pub use effect::{Effect, Owed, OwedState};

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
    /// Ended before its end: by a person, or because every step was passed over and so nothing was proven.
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
    /// Its word, for pages, the API and whoever searches by it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Running => "running",
            Self::Paused { .. } => "paused",
            Self::Held { .. } => "held",
            Self::Halted { .. } => "halted",
            Self::Aborting { .. } => "aborting",
            Self::Aborted => "aborted",
            Self::Succeeded => "succeeded",
            Self::Undoing { .. } => "undoing",
            Self::Undone => "undone",
        }
    }

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
    /// Since when its deadlines count anew, because somebody has looked and resumed.
    #[serde(default)]
    pub patience: Option<Timestamp>,
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
    /// When that deployment began, by AWS's clock: what is older is of the past, even where it brought the same revision.
    #[serde(default)]
    pub began: Option<Timestamp>,
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
        /// Whether it is owed to be planned again at the tail, because the service changed since it was planned.
        #[serde(default)]
        replan: bool,
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

impl Step {
    /// Whether it leads back to something that ran before. What is wrong with the service now is then why it is done: no
    /// reason to wait, and no failure of the step.
    pub const fn mends(&self) -> bool {
        match &self.target {
            Target::There { .. } => true,
            Target::New(copy) => copy.of.is_some(),
        }
    }

    /// The tags its new revision gets: those of the one it is copied from, and ours to find it by. AWS sets those that
    /// begin with `aws:` itself and refuses them from anybody else (ECS API, Tag).
    pub fn tags(&self, intent: String) -> BTreeMap<String, String> {
        let from = match &self.target {
            Target::New(copy) => copy.origin(&self.bound.described),
            Target::There { .. } => &self.bound.described,
        };
        let mut tags = from.tags.clone();
        tags.retain(|key, _| !definition::reserved(key));
        tags.insert(INTENT_TAG.to_owned(), intent);
        tags
    }
}

impl Rollout {
    /// Whether nothing happens in it by itself: nobody has started it, or it has ended and no service is being taken back.
    pub fn rests(&self) -> bool {
        self.status == Status::Planned || (self.status.ended() && self.under_way().is_none())
    }

    /// The step whose turn it is.
    pub fn under_way(&self) -> Option<(usize, &Step)> {
        self.steps.iter().enumerate().find(|(_, step)| step.stage.under_way())
    }

    /// Whether every step was passed over, so that nothing was proven of any service.
    pub fn passed_over(&self) -> bool {
        self.steps.iter().all(|step| matches!(step.stage, Stage::Skipped { .. }))
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
