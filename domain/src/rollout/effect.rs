//! What is owed to the world.
//!
//! Separate from the state that owes it because it is what the actuator reads: each effect is one call, whole, and says
//! itself whether it leads away from what was before. The trap: an effect begun without an answer. It is never repeated
//! before it was looked for, so [`OwedState::Unknown`] is a state of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Timestamp;

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
        /// Its tags, [`super::INTENT_TAG`] among them.
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
