//! A service's deployments: what ECS keeps of each, in its older view (`services[].deployments`) and its newer one (service deployments and revisions), and the arithmetic
//! of how many tasks may be missing, too many, or failed.
//!
//! Separate from the scheduler that acts by it, so that the arithmetic can be read and tested as tables.
//! The trap: the two views are not one-to-one. A rollback is a second act of the *same* service deployment, while in the older view an earlier deployment becomes PRIMARY again.

use crate::model::arn;

/// How the threshold of a circuit breaker is meant: ECS's `ThresholdType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ThresholdKind {
    Count,
    BoundedPercent,
    UnboundedPercent,
}

impl ThresholdKind {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Count, "COUNT"), (Self::BoundedPercent, "BOUNDED_PERCENT"), (Self::UnboundedPercent, "UNBOUNDED_PERCENT")];

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, name)| *name == word).map(|(kind, _)| kind)
    }

    pub(crate) fn as_str(self) -> &'static str {
        Self::ALL.into_iter().find(|(kind, _)| *kind == self).map_or("COUNT", |(_, name)| name)
    }
}

/// ECS's `ThresholdConfiguration`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Threshold {
    pub(crate) kind: ThresholdKind,
    pub(crate) value: u32,
}

/// "The deployment circuit breaker has a minimum threshold of 3 and a maximum threshold of 200" (ECS API).
const BOUNDS: (u32, u32) = (3, 200);

impl Threshold {
    /// "By default … a type of BOUNDED_PERCENT with a value of 50" (ECS API).
    pub(crate) const DEFAULT: Self = Self { kind: ThresholdKind::BoundedPercent, value: 50 };

    /// So many failed tasks end a deployment of a service that wants `desired`.
    pub(crate) fn failures(self, desired: u32) -> u32 {
        let share = || percent_up(desired, self.value);
        match self.kind {
            ThresholdKind::Count => self.value.max(1),
            ThresholdKind::BoundedPercent => share().clamp(BOUNDS.0, BOUNDS.1),
            ThresholdKind::UnboundedPercent => share().max(1),
        }
    }
}

/// ECS's `DeploymentCircuitBreaker`. What was never said is absent in ECS's answers too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Breaker {
    pub(crate) enable: bool,
    pub(crate) rollback: bool,
    pub(crate) reset_on_healthy_task: Option<bool>,
    pub(crate) threshold: Option<Threshold>,
}

impl Breaker {
    pub(crate) fn failures(self, desired: u32) -> u32 {
        self.threshold.unwrap_or(Threshold::DEFAULT).failures(desired)
    }

    pub(crate) fn resets(self) -> bool {
        self.reset_on_healthy_task.unwrap_or(true)
    }
}

/// ECS's `DeploymentAlarms`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AlarmRule {
    pub(crate) names: Vec<String>,
    pub(crate) enable: bool,
    pub(crate) rollback: bool,
}

/// ECS's `DeploymentConfiguration` of a rolling update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Configuration {
    pub(crate) minimum_healthy_percent: u32,
    pub(crate) maximum_percent: u32,
    pub(crate) breaker: Breaker,
    pub(crate) alarms: Option<AlarmRule>,
    pub(crate) bake_minutes: u32,
}

impl Default for Configuration {
    fn default() -> Self {
        let breaker = Breaker { enable: true, rollback: true, reset_on_healthy_task: None, threshold: None };
        Self { minimum_healthy_percent: 100, maximum_percent: 200, breaker, alarms: None, bake_minutes: 0 }
    }
}

impl Configuration {
    /// So many healthy tasks stay: the share rounded up.
    pub(crate) fn fewest_healthy(&self, desired: u32) -> u32 {
        percent_up(desired, self.minimum_healthy_percent)
    }

    /// So many tasks there may be: the share rounded down, but never less than are wanted.
    pub(crate) fn most(&self, desired: u32) -> u32 {
        let share = u64::from(desired) * u64::from(self.maximum_percent) / 100;
        u32::try_from(share).unwrap_or(u32::MAX).max(desired)
    }
}

fn percent_up(count: u32, percent: u32) -> u32 {
    u32::try_from((u64::from(count) * u64::from(percent)).div_ceil(100)).unwrap_or(u32::MAX)
}

/// ECS's `rolloutState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RolloutState {
    InProgress,
    Completed,
    Failed,
}

impl RolloutState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// One of a service's `deployments`. The fleet starts with one COMPLETED primary each.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    /// `ecs-svc/` and 19 digits.
    pub(crate) id: String,
    /// PRIMARY, or ACTIVE while another one takes its place.
    pub(crate) is_primary: bool,
    pub(crate) definition: String,
    /// The service revision it deploys: its id.
    pub(crate) revision: String,
    /// How many tasks the scheduler keeps of it; the primary's is what the service wants.
    pub(crate) target: u32,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) rollout_state: RolloutState,
    pub(crate) rollout_state_reason: String,
    pub(crate) failed_tasks: u32,
    /// When it last became COMPLETED: the latest one is what a rollback goes to.
    pub(crate) completed_at: Option<i64>,
    /// Since when all is as it should be and alarms are only watched.
    pub(crate) baking_since: Option<i64>,
}

impl Deployment {
    pub(crate) fn status(&self) -> &'static str {
        if self.is_primary { "PRIMARY" } else { "ACTIVE" }
    }
}

/// A service revision: what a service was set to at one time. Never changes.
#[derive(Debug, Clone)]
pub(crate) struct ServiceRevision {
    /// Nineteen digits.
    pub(crate) id: String,
    pub(crate) definition: String,
    pub(crate) created_at: i64,
}

/// ECS's `ServiceDeploymentStatus`, less STOP_REQUESTED, which only the stop type ABORT could lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServiceDeploymentStatus {
    Pending,
    InProgress,
    Stopped,
    RollbackRequested,
    RollbackInProgress,
    RollbackSuccessful,
    RollbackFailed,
    Successful,
}

impl ServiceDeploymentStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Stopped => "STOPPED",
            Self::RollbackRequested => "ROLLBACK_REQUESTED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
            Self::Successful => "SUCCESSFUL",
        }
    }

    /// Still on its way forward.
    pub(crate) fn advances(self) -> bool {
        matches!(self, Self::Pending | Self::InProgress)
    }

    /// On its way back.
    pub(crate) fn returns(self) -> bool {
        matches!(self, Self::RollbackRequested | Self::RollbackInProgress)
    }
}

/// ECS's `ServiceDeploymentRollbackMonitorsStatus`: of the circuit breaker, or of the alarms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Monitor {
    Disabled,
    Monitoring,
    Complete,
    Triggered,
}

impl Monitor {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "DISABLED",
            Self::Monitoring => "MONITORING",
            Self::Complete => "MONITORING_COMPLETE",
            Self::Triggered => "TRIGGERED",
        }
    }

    pub(crate) fn starts(enabled: bool) -> Self {
        if enabled { Self::Monitoring } else { Self::Disabled }
    }

    /// The deployment is over.
    pub(crate) fn end(&mut self) {
        if *self == Self::Monitoring {
            *self = Self::Complete;
        }
    }
}

/// Where a service deployment went back to, and why.
#[derive(Debug, Clone)]
pub(crate) struct Rollback {
    pub(crate) reason: String,
    pub(crate) started_at: i64,
    /// The service revision's id.
    pub(crate) revision: String,
}

/// One service deployment: one change of a service from one revision to another, with its outcome.
#[derive(Debug, Clone)]
pub(crate) struct ServiceDeployment {
    /// Counts a service's; the order in which they are listed.
    pub(crate) number: u64,
    /// 21 letters and digits.
    pub(crate) id: String,
    /// The deployment in the older view.
    pub(crate) deployment: String,
    /// The revision it goes to, and those that ran when it began: their ids.
    pub(crate) target: String,
    pub(crate) sources: Vec<String>,
    pub(crate) created_at: i64,
    pub(crate) started_at: Option<i64>,
    pub(crate) finished_at: Option<i64>,
    pub(crate) stopped_at: Option<i64>,
    pub(crate) updated_at: i64,
    pub(crate) status: ServiceDeploymentStatus,
    pub(crate) status_reason: Option<String>,
    pub(crate) configuration: Configuration,
    pub(crate) rollback: Option<Rollback>,
    pub(crate) breaker: Monitor,
    pub(crate) failures: u32,
    pub(crate) threshold: u32,
    pub(crate) alarms: Monitor,
    pub(crate) triggered: Vec<String>,
}

impl ServiceDeployment {
    pub(crate) fn arn(&self, service: &str) -> String {
        arn::service_deployment(service, &self.id)
    }

    /// It is over.
    pub(crate) fn end(&mut self, now: i64, status: ServiceDeploymentStatus) {
        self.status = status;
        (self.finished_at, self.updated_at) = (Some(now), now);
        self.breaker.end();
        self.alarms.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_breakers_threshold_follows_kind_value_and_desired_count() {
        use ThresholdKind::{BoundedPercent, Count, UnboundedPercent};
        for (kind, value, desired, expected) in [
            (BoundedPercent, 50, 0, 3),
            (BoundedPercent, 50, 1, 3),
            (BoundedPercent, 50, 5, 3),
            (BoundedPercent, 50, 7, 4),
            (BoundedPercent, 50, 20, 10),
            (BoundedPercent, 50, 399, 200),
            (BoundedPercent, 50, 3_000, 200),
            (BoundedPercent, 10, 100, 10),
            (UnboundedPercent, 50, 1, 1),
            (UnboundedPercent, 50, 2, 1),
            (UnboundedPercent, 50, 3, 2),
            (UnboundedPercent, 50, 3_000, 1_500),
            (UnboundedPercent, 0, 10, 1),
            (Count, 1, 50, 1),
            (Count, 2, 1, 2),
            (Count, 500, 1, 500),
        ] {
            assert_eq!(Threshold { kind, value }.failures(desired), expected, "{kind:?} {value} of {desired}");
        }
        assert_eq!(Configuration::default().breaker.failures(10), 5);
        assert_eq!(Configuration::default().breaker.failures(2), 3);
    }

    #[test]
    fn the_least_is_rounded_up_and_the_most_down() {
        for (minimum, maximum, desired, fewest, most) in [
            (100, 200, 2, 2, 4),
            (50, 200, 3, 2, 6),
            (50, 150, 3, 2, 4),
            (100, 125, 4, 4, 5),
            (100, 110, 4, 4, 4),
            (66, 133, 3, 2, 3),
            (0, 100, 1, 0, 1),
            (50, 100, 1, 1, 1),
            (100, 150, 1, 1, 1),
            (100, 200, 0, 0, 0),
        ] {
            let configuration = Configuration { minimum_healthy_percent: minimum, maximum_percent: maximum, ..Configuration::default() };
            assert_eq!(
                (configuration.fewest_healthy(desired), configuration.most(desired)),
                (fewest, most),
                "{minimum}/{maximum} of {desired}"
            );
        }
    }
}
