//! What a rollout would make of a service's answers: reckoned beforehand, by the same checks.
//!
//! Here is only what such a reckoning comes to; [`super::live::promise`] makes it, by asking the checks once more of the facts as
//! they would be (decision 0136). Two instants are told apart, because some answers look back: *verified* is the moment at which
//! the rollout proves the service, *settled* the one at which whatever looks back sees nothing from before it. The trap is a
//! promise that takes along what time alone would mend: of the past nothing is forgotten but what the change ends by itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::evidence::Answer;
use crate::service::ServiceKey;

/// How long what looks back needs until it sees nothing from before: the longest window of those that a health check moves.
pub const SETTLES_WITHIN: &str = "24 h";

/// One check that comes to something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Turn {
    /// The check's id.
    pub check: String,
    /// What it comes to at least as soon as the service is verified: what looks back is taken as it stands.
    pub verified: Answer,
    /// What it comes to once everything it looks back at lies after that.
    pub settled: Answer,
}

impl Turn {
    /// Whether it takes its time: it looks back, and what it looks back at is still from before.
    pub fn later(&self) -> bool {
        self.verified != self.settled
    }
}

/// What a rollout would make of one service's answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Promise {
    /// The container that must be named for it; none where there is only one it can be for.
    pub container: Option<String>,
    /// Whether a deployment may run fewer tasks than are wanted meanwhile, which A1 counts for a day.
    pub dips: bool,
    /// The checks that come to something else, in the card's order.
    pub turns: Vec<Turn>,
}

/// By service: what a rollout would make of it, or why it cannot be planned now, as the rest of a sentence after its name.
pub type Promises = BTreeMap<ServiceKey, Result<Promise, String>>;

/// What checks of services are taken to come to, instead of what they come to.
pub type Instead<'a> = BTreeMap<(&'a ServiceKey, &'a str), Answer>;
