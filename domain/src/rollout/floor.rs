//! How long a bake must last to prove anything.
//!
//! A failing check is seen at the earliest after its start period and all its retries, and the scheduler looks away for the
//! service's grace period. A bake shorter than that, twice over, would pass whatever the check does. The arithmetic is shown
//! on the page as it is written here.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::service::HealthCheck;
use crate::time::exact;

/// Without a check and without a load balancer a task counts as healthy 40 s after it runs (ECS API, DeploymentConfiguration).
const WITHOUT_CHECK: u64 = 40;
/// A bake lasts at least this many detection times: one for the failure that is there, one to be sure that none is.
const TIMES: u64 = 2;
/// Never shorter than this, whatever the check promises, in seconds: two sweeps and their evidence.
const SHORTEST: u64 = 120;
/// How long a health check is watched where nobody says, in seconds. What begins to fail after some minutes (a connection that
/// is not renewed, a leak) is not seen in twice the detection time; and 22 services of ten minutes still fit an afternoon.
const USUAL: u64 = 600;

/// When a failing check would be seen, and when what is done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Floor {
    /// Seconds until a check that fails from the start is UNHEALTHY: start period + retries × (interval + timeout).
    pub detection: u64,
    /// Seconds after a task's start in which the scheduler ignores health checks (`healthCheckGracePeriodSeconds`).
    pub grace: u64,
    start_period: u64,
    retries: u64,
    interval: u64,
    timeout: u64,
}

impl Floor {
    /// Of the slowest of these checks, in a service with this grace period in seconds.
    pub fn of<'a>(checks: impl IntoIterator<Item = &'a HealthCheck>, grace: u64) -> Self {
        let of_one = |check: &HealthCheck| {
            let [start_period, retries, interval, timeout] =
                [check.start_period, check.retries, check.interval, check.timeout].map(u64::from);
            Self { detection: start_period + retries * (interval + timeout), grace, start_period, retries, interval, timeout }
        };
        let none = Self { detection: WITHOUT_CHECK, grace, start_period: 0, retries: 0, interval: 0, timeout: 0 };
        checks.into_iter().map(of_one).max_by_key(|floor| floor.detection).unwrap_or(none)
    }

    /// Whether there is a check at all. Without one a task's health stays UNKNOWN for ever and means nothing.
    pub const fn checked(&self) -> bool {
        self.retries > 0
    }

    /// The shortest bake that proves anything, counted from the start of the youngest task.
    pub fn shortest(&self) -> Duration {
        Duration::from_secs((self.detection.max(self.grace) * TIMES).max(SHORTEST))
    }

    /// How long a check that is new is watched where nobody says.
    pub fn usual(&self) -> Duration {
        self.shortest().max(Duration::from_secs(USUAL))
    }

    /// How long a good task takes until ECS counts it as healthy, as reckoned and not as seen: 40 s without a check, else its
    /// start period, one interval and a minute to start.
    pub const fn settles(&self) -> Duration {
        if self.checked() { Duration::from_secs(self.start_period + self.interval + 60) } else { Duration::from_secs(WITHOUT_CHECK) }
    }

    /// Its reckoning, in one sentence.
    pub fn reckoning(&self) -> String {
        let seen = if self.retries == 0 {
            format!("Without a check a task counts as healthy {WITHOUT_CHECK} s after it runs")
        } else {
            format!(
                "A failing check is seen {} + {} × ({} + {}) = {} s after the youngest task started",
                self.start_period, self.retries, self.interval, self.timeout, self.detection
            )
        };
        let hidden =
            if self.grace > 0 { format!("; the grace period hides it from the scheduler until {} s", self.grace) } else { String::new() };
        let longer = self.detection.max(self.grace);
        let twice = Duration::from_secs(longer * TIMES);
        let least = if twice < self.shortest() { format!(", and never below {}", exact(self.shortest())) } else { String::new() };
        format!("{seen}{hidden}. Floor {TIMES} × {} = {}{least}.", exact(Duration::from_secs(longer)), exact(twice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(interval: u32, timeout: u32, retries: u32, start_period: u32) -> HealthCheck {
        HealthCheck { command: vec!["CMD".into(), "true".into()], interval, timeout, retries, start_period }
    }

    #[test]
    fn the_floor_is_twice_the_later_of_detection_and_grace() {
        // the two examples of the ECS limits: the defaults, and everything at its greatest
        for (check, grace, detection, shortest) in [
            (check(30, 5, 3, 0), 0, 105, 210),
            (check(300, 60, 10, 300), 0, 3_900, 7_800),
            (check(30, 5, 3, 60), 180, 165, 360),
            (check(5, 2, 1, 0), 0, 7, 120),
        ] {
            let floor = Floor::of([&check], grace);
            assert_eq!((floor.detection, floor.shortest().as_secs()), (detection, shortest));
        }
        assert_eq!(Floor::of([], 0).shortest().as_secs(), 120);
    }

    #[test]
    fn the_slowest_check_of_a_task_decides() {
        let floor = Floor::of([&check(5, 2, 1, 0), &check(30, 5, 3, 0)], 0);
        assert_eq!(floor.detection, 105);
    }

    #[test]
    fn what_a_good_task_takes_is_reckoned_from_its_check() {
        assert_eq!(Floor::of([], 0).settles().as_secs(), 40);
        assert_eq!(Floor::of([&check(30, 5, 3, 60)], 0).settles().as_secs(), 150);
    }

    #[test]
    fn the_reckoning_adds_up() {
        for (floor, ends) in [
            (Floor::of([&check(30, 5, 3, 60)], 0), "Floor 2 × 2 min 45 s = 5 min 30 s."),
            (Floor::of([&check(5, 2, 1, 0)], 0), "Floor 2 × 7 s = 14 s, and never below 2 min."),
            (Floor::of([], 0), "Floor 2 × 40 s = 1 min 20 s, and never below 2 min."),
        ] {
            assert!(floor.reckoning().ends_with(ends), "{}", floor.reckoning());
        }
    }

    #[test]
    fn the_reckoning_is_what_is_reckoned() {
        assert_eq!(
            Floor::of([&check(30, 5, 3, 60)], 180).reckoning(),
            "A failing check is seen 60 + 3 × (30 + 5) = 165 s after the youngest task started; the grace period hides it from the scheduler until 180 s. Floor 2 × 3 min = 6 min."
        );
    }
}
