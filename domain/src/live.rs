//! The names of things that can change under an open page.
//!
//! A hint says *that* something changed, never what: the page asks again through the same function that rendered it
//! first. So first load, live update, reconnect and JavaScript off are one path, and a lost hint is repaired by the
//! next one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// A service, its deployments or its tasks.
    Services,
    /// An alarm.
    Alarms,
    /// A NATS node or connection.
    Nats,
    /// The timeline got an entry.
    Timeline,
    /// New points of a metric, or what customers feel.
    Metrics,
    /// A sweep ended: ages and the collectors' own health moved.
    Sources,
    /// A rollout, or what holds for all of them.
    Rollouts,
    /// The score, or something people said that goes into it.
    Readiness,
    /// A report was made, or printed.
    Reports,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 9] = [
        Self::Services,
        Self::Alarms,
        Self::Nats,
        Self::Timeline,
        Self::Sources,
        Self::Metrics,
        Self::Rollouts,
        Self::Readiness,
        Self::Reports,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Services => "services",
            Self::Alarms => "alarms",
            Self::Nats => "nats",
            Self::Timeline => "timeline",
            Self::Sources => "sources",
            Self::Metrics => "metrics",
            Self::Rollouts => "rollouts",
            Self::Readiness => "readiness",
            Self::Reports => "reports",
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Topic {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == text).ok_or(())
    }
}

/// One message of `/live`: this topic stands at this revision now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hint {
    /// What changed.
    pub topic: Topic,
    /// The store's revision in which it did.
    pub revision: u64,
}
