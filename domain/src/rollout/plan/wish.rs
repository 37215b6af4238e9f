//! What somebody asks for, and what is wrong with it whatever the services are.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::change::{Change, FieldProblem, Proposal};
use crate::service::ServiceKey;
use crate::text;
use crate::time::exact;

/// The longest bake. Whoever wants to watch a service for longer wants two rollouts.
pub const LONGEST_BAKE: Duration = Duration::from_secs(24 * 3_600);
/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 500;

/// A time in which steps may begin. Nothing is taken back for its end: the way back is always open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Window {
    /// From then.
    pub from: Timestamp,
    /// Until before then.
    pub until: Timestamp,
}

impl Window {
    /// Why nothing forward may begin now; nothing while it is open. Goes into [`crate::rollout::decide::Around::frozen`].
    pub fn closed(&self, now: Timestamp) -> Option<String> {
        if now < self.from {
            return Some(format!("its window opens at {}", self.from));
        }
        (now >= self.until).then(|| format!("its window closed at {}", self.until))
    }
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wish {
    /// The change.
    pub change: Change,
    /// The chosen services, in any order.
    pub services: Vec<ServiceKey>,
    /// Why.
    pub reason: String,
    /// How long each is watched; none: ten minutes for a health check, and never below the floor.
    #[serde(default)]
    pub bake: Option<Duration>,
    /// Failures that are a service's own and may be set aside.
    #[serde(default)]
    pub budget: u32,
    /// Whether what must be accepted is.
    #[serde(default)]
    pub accepted: bool,
    /// When steps may begin; none: at any time.
    #[serde(default)]
    pub window: Option<Window>,
}

impl Wish {
    /// What is wrong with it, field by field; empty where nothing is.
    pub fn problems(&self, now: Timestamp) -> Vec<FieldProblem> {
        let mut problems = self.change.problems();
        problems.extend(self.services_problem().map(|said| FieldProblem::new("services", said)));
        let length = self.reason.trim().chars().count();
        if length == 0 {
            problems.push(FieldProblem::new("reason", "Say why: it is kept with everything the rollout does."));
        } else if length > LONGEST_REASON {
            let said = format!("The reason must have {LONGEST_REASON} characters at most; it has {length}.");
            problems.push(FieldProblem::new("reason", said));
        }
        if let Some(bake) = self.bake.filter(|bake| *bake > LONGEST_BAKE) {
            problems.push(FieldProblem::new("bake", format!("A bake must be {} at most; it is {}.", exact(LONGEST_BAKE), exact(bake))));
        }
        if u64::from(self.budget) > self.services.len() as u64 {
            let said = format!(
                "The failure budget must not be greater than the number of services, {}; it is {}. 0 halts at the first failure.",
                self.services.len(),
                self.budget
            );
            problems.push(FieldProblem::new("budget", said));
        }
        problems.extend(self.window_problem(now).map(|said| FieldProblem::new("window", said)));
        problems
    }

    fn services_problem(&self) -> Option<String> {
        if self.services.is_empty() {
            return Some("Choose at least one service.".to_owned());
        }
        let mut seen = BTreeSet::new();
        let twice: BTreeSet<&ServiceKey> = self.services.iter().filter(|key| !seen.insert(*key)).collect();
        if let Some(first) = twice.first() {
            return Some(format!("{} is chosen more than once.", text::shown(&first.service)));
        }
        let most = self.change.most().filter(|most| self.services.len() > *most)?;
        Some(format!("This change is for {} at a time; {} are chosen.", text::count(most as u64, "service"), self.services.len()))
    }

    fn window_problem(&self, now: Timestamp) -> Option<String> {
        let window = self.window.as_ref()?;
        if window.until <= window.from {
            return Some("The window must end after it begins.".to_owned());
        }
        (window.until <= now).then(|| format!("The window ended at {}.", window.until))
    }
}
