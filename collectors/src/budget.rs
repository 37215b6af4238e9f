//! How fast we allow ourselves to ask: token buckets filled at a share of what AWS publishes.
//!
//! AWS counts calls per account and region in one bucket per API family, shared with the console, deploy tools and
//! ECS itself (an exhausted DescribeAlarms quota can keep ECS from rolling a deployment back). So our buckets are per
//! (account, region, family) too, hold a share of AWS's burst and refill, and are shared by every collector of that
//! account. Sources of the figures:
//!
//! | family | burst | per second | source |
//! |---|---|---|---|
//! | ListServices, DescribeServices | 100 | 20 | ECS API reference, "Request throttling": service read actions |
//! | ListTasks, DescribeTasks | 100 | 20 | same: cluster resource read actions |
//! | DescribeTaskDefinition, ListTaskDefinitions | 50 | 20 | same: task definition read actions |
//! | ListServiceDeployments, DescribeServiceDeployments | 50 | 20 | same: service deployment read actions |
//! | DescribeServiceRevisions | 50 | 20 | same: service revision read actions |
//! | ListClusters, DescribeClusters | 50 | 20 | same: cluster read actions |
//! | DescribeAlarms | 9 | 9 | CloudWatch service quotas, DescribeAlarms; no burst is published |
//! | GetLogEvents | 25 | 25 | CloudWatch Logs quotas, GetLogEvents requests per second; no burst is published |
//! | DescribeAlarmHistory | 3 | 3 | CloudWatch service quotas, DescribeAlarmHistory; no burst is published |
//! | GetMetricStatistics | 400 | 400 | CloudWatch service quotas; no burst is published for these three |
//! | GetMetricData | 50 | 50 | same |
//! | ListMetrics | 25 | 25 | same |
//! | ReceiveMessage, DeleteMessageBatch, GetQueueAttributes | 20 | 20 | ours: SQS publishes no limit for a standard queue, and 300 for FIFO |
//! | GetCallerIdentity | 20 | 20 | ours: called once per start; STS publishes 600 per second |
//!
//! The trap: the clock may jump. Set forward it must not fill a bucket beyond its burst, set back it must not stop it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use domain::port::Clock;
use domain::source::Budget;

/// The part of AWS's rate we take when the config says nothing.
pub const DEFAULT_SHARE: f64 = 0.30;
/// How long it must be quiet before the rate is raised one step.
const RECOVERY_STEP: Duration = Duration::from_secs(10);
/// Callers that must wait leave together at whole multiples of this on the clock, so that a process that sleeps most of a
/// polite sweep is woken less often.
const DEPARTURE: Duration = Duration::from_millis(500);
/// What one step raises it by.
const RECOVERY_FACTOR: f64 = 1.1;
/// The lowest the rate goes, as a part of the full rate: halving for ever would never find the way back.
const FLOOR: f64 = 1.0 / 32.0;
/// Throttling answers that come within this span are one event: calls in flight together are refused together.
const ONE_EVENT: Duration = Duration::from_secs(1);

/// API operations that AWS counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// ListServices, DescribeServices.
    EcsServices,
    /// ListTasks, DescribeTasks.
    EcsTasks,
    /// DescribeTaskDefinition, ListTaskDefinitions.
    EcsDefinitions,
    /// ListServiceDeployments, DescribeServiceDeployments.
    EcsDeployments,
    /// DescribeServiceRevisions.
    EcsServiceRevisions,
    /// ListClusters, DescribeClusters.
    EcsClusters,
    /// DescribeAlarms.
    Alarms,
    /// GetLogEvents.
    Logs,
    /// DescribeAlarmHistory.
    AlarmHistory,
    /// GetMetricStatistics.
    MetricStatistics,
    /// GetMetricData.
    MetricData,
    /// ListMetrics.
    MetricList,
    /// ReceiveMessage, DeleteMessageBatch, GetQueueAttributes.
    Queue,
    /// GetCallerIdentity.
    Identity,
}

impl Family {
    /// The name shown on the Sources page.
    pub const fn title(self) -> &'static str {
        match self {
            Self::EcsServices => "ecs service reads",
            Self::EcsTasks => "ecs task reads",
            Self::EcsDefinitions => "ecs task definition reads",
            Self::EcsDeployments => "ecs service deployment reads",
            Self::EcsServiceRevisions => "ecs service revision reads",
            Self::EcsClusters => "ecs cluster reads",
            Self::Alarms => "cloudwatch DescribeAlarms",
            Self::Logs => "logs GetLogEvents",
            Self::AlarmHistory => "cloudwatch DescribeAlarmHistory",
            Self::MetricStatistics => "cloudwatch GetMetricStatistics",
            Self::MetricData => "cloudwatch GetMetricData",
            Self::MetricList => "cloudwatch ListMetrics",
            Self::Queue => "sqs queue",
            Self::Identity => "sts GetCallerIdentity",
        }
    }

    /// AWS's burst and refill per second (see the table above).
    const fn published(self) -> (f64, f64) {
        match self {
            Self::EcsServices | Self::EcsTasks => (100.0, 20.0),
            Self::EcsDefinitions | Self::EcsDeployments | Self::EcsServiceRevisions | Self::EcsClusters => (50.0, 20.0),
            Self::Alarms => (9.0, 9.0),
            Self::Logs => (25.0, 25.0),
            Self::AlarmHistory => (3.0, 3.0),
            Self::MetricStatistics => (400.0, 400.0),
            Self::MetricData => (50.0, 50.0),
            Self::MetricList => (25.0, 25.0),
            Self::Queue | Self::Identity => (20.0, 20.0),
        }
    }
}

/// Every bucket of the process. Give one to all environments, so that two of them in one account share.
pub struct Budgets {
    clock: Arc<dyn Clock>,
    buckets: Mutex<HashMap<(String, String, Family), Arc<Bucket>>>,
}

impl Budgets {
    /// No buckets yet; they appear when first asked for.
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { clock, buckets: Mutex::default() })
    }

    /// The bucket of `family` in `account` (or whatever names the credentials) and `region`. Where two ask with
    /// different shares, the smaller one holds for both.
    pub fn bucket(&self, account: &str, region: &str, family: Family, share: f64) -> Arc<Bucket> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (account.to_owned(), region.to_owned(), family);
        let bucket = buckets.entry(key).or_insert_with(|| Arc::new(Bucket::new(family, share, self.clock.clone())));
        bucket.tokens().limit(family, share);
        bucket.clone()
    }
}

/// One token bucket with its counters.
pub struct Bucket {
    family: Family,
    clock: Arc<dyn Clock>,
    tokens: Mutex<Tokens>,
    calls: AtomicU64,
    throttled: AtomicU64,
}

impl Bucket {
    fn new(family: Family, share: f64, clock: Arc<dyn Clock>) -> Self {
        let tokens = Mutex::new(Tokens::full(family, share, clock.now()));
        Self { family, clock, tokens, calls: AtomicU64::new(0), throttled: AtomicU64::new(0) }
    }

    /// Takes a token, waiting for it on the clock. A caller that gives up while waiting has spent it.
    pub async fn take(&self) {
        let now = self.clock.now();
        let wait = self.tokens().take(now);
        self.calls.fetch_add(1, Ordering::Relaxed);
        if !wait.is_zero() {
            self.clock.sleep(departure(now.plus(wait)).since(now)).await;
        }
    }

    /// AWS said we were too fast: the rate is halved and whatever was saved up is gone, as it is at AWS.
    pub fn throttled(&self) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
        self.tokens().throttled(self.clock.now());
    }

    /// Calls that could be made now without waiting.
    pub fn ready(&self) -> usize {
        self.tokens().ready(self.clock.now())
    }

    /// What the Sources page shows of it.
    pub fn shown(&self) -> Budget {
        let (rate, full_rate) = {
            let mut tokens = self.tokens();
            tokens.settle(self.clock.now());
            (tokens.rate, tokens.full_rate)
        };
        Budget {
            family: self.family.title().to_owned(),
            rate,
            full_rate,
            calls: self.calls.load(Ordering::Relaxed),
            throttled: self.throttled.load(Ordering::Relaxed),
        }
    }

    fn tokens(&self) -> std::sync::MutexGuard<'_, Tokens> {
        // a panic while counting leaves numbers, not broken promises
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The arithmetic of a bucket. Pure: the time is an argument.
#[derive(Clone, Debug)]
struct Tokens {
    burst: f64,
    full_rate: f64,
    rate: f64,
    /// Below zero: that many calls are already waiting for theirs.
    level: f64,
    filled: Timestamp,
    quiet_since: Timestamp,
    halved: Option<Timestamp>,
}

impl Tokens {
    fn full(family: Family, share: f64, now: Timestamp) -> Self {
        let (burst, rate) = scaled(family, share);
        Self { burst, full_rate: rate, rate, level: burst, filled: now, quiet_since: now, halved: None }
    }

    fn limit(&mut self, family: Family, share: f64) {
        let (burst, rate) = scaled(family, share);
        if rate < self.full_rate {
            self.burst = burst;
            self.full_rate = rate;
            self.rate = self.rate.min(rate);
            self.level = self.level.min(burst);
        }
    }

    /// Brings level and rate up to `now`.
    fn settle(&mut self, now: Timestamp) {
        self.level = (self.level + now.since(self.filled).as_secs_f64() * self.rate).min(self.burst);
        self.filled = now;
        if now < self.quiet_since {
            self.quiet_since = now;
        }
        let steps = now.since(self.quiet_since).as_micros() / RECOVERY_STEP.as_micros();
        // beyond a hundred steps every rate has long been full
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        if steps > 0 {
            self.rate = (self.rate * RECOVERY_FACTOR.powi(i32::try_from(steps.min(100)).unwrap_or(100))).min(self.full_rate);
            self.quiet_since = if steps > 100 { now } else { self.quiet_since.plus(RECOVERY_STEP.saturating_mul(steps)) };
        }
    }

    /// Spends a token; returns how long until it is really there.
    fn take(&mut self, now: Timestamp) -> Duration {
        self.settle(now);
        self.level -= 1.0;
        if self.level >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-self.level / self.rate) }
    }

    fn throttled(&mut self, now: Timestamp) {
        self.settle(now);
        self.quiet_since = now;
        let same_event = self.halved.is_some_and(|at| now >= at && now.since(at) < ONE_EVENT);
        if !same_event {
            self.halved = Some(now);
            self.rate = (self.rate / 2.0).max(self.full_rate * FLOOR);
            self.level = self.level.min(0.0);
        }
    }

    fn ready(&mut self, now: Timestamp) -> usize {
        self.settle(now);
        self.level.floor().clamp(0.0, 1_000.0) as usize
    }
}

/// The first departure at or after `due`.
fn departure(due: Timestamp) -> Timestamp {
    let step = i64::try_from(DEPARTURE.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(due.as_micros().saturating_add(step - 1).div_euclid(step).saturating_mul(step))
}

/// Burst and refill at `share`; at least one call must fit, or nothing could ever be asked.
fn scaled(family: Family, share: f64) -> (f64, f64) {
    let (burst, rate) = family.published();
    let share = if share.is_finite() && share > 0.0 { share } else { DEFAULT_SHARE };
    ((burst * share).max(1.0), rate * share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_micros(millis * 1_000)
    }

    #[test]
    fn thirty_percent_of_the_published_rate() {
        for (family, burst, rate) in [
            (Family::EcsServices, 30.0, 6.0),
            (Family::EcsTasks, 30.0, 6.0),
            (Family::EcsDefinitions, 15.0, 6.0),
            (Family::EcsClusters, 15.0, 6.0),
            (Family::Alarms, 2.7, 2.7),
        ] {
            let (got_burst, got_rate) = scaled(family, 0.30);
            assert!((got_burst - burst).abs() < 1e-9 && (got_rate - rate).abs() < 1e-9, "{family:?}: {got_burst}, {got_rate}");
        }
        assert_eq!(scaled(Family::Alarms, 0.01).0, 1.0);
        assert_eq!(scaled(Family::Alarms, f64::NAN), scaled(Family::Alarms, DEFAULT_SHARE));
    }

    #[test]
    fn the_burst_is_free_then_each_waits_its_turn() {
        let mut tokens = Tokens::full(Family::EcsServices, 0.30, at(0));
        for _ in 0..30 {
            assert_eq!(tokens.take(at(0)), Duration::ZERO);
        }
        assert!((tokens.take(at(0)).as_secs_f64() - 1.0 / 6.0).abs() < 1e-6);
        assert!((tokens.take(at(0)).as_secs_f64() - 2.0 / 6.0).abs() < 1e-6);
    }

    #[test]
    fn throttling_halves_once_per_event_and_recovers_slowly() {
        let mut tokens = Tokens::full(Family::EcsServices, 0.30, at(0));
        tokens.throttled(at(1_000));
        tokens.throttled(at(1_100));
        assert_eq!(tokens.rate, 3.0);
        assert_eq!(tokens.ready(at(1_100)), 0);
        tokens.settle(at(11_099));
        assert_eq!(tokens.rate, 3.0);
        tokens.settle(at(11_100));
        assert!((tokens.rate - 3.3).abs() < 1e-9);
        tokens.settle(at(200_000));
        assert_eq!(tokens.rate, 6.0);
    }

    #[test]
    fn ten_minutes_of_throttling_leave_a_floor() {
        let mut tokens = Tokens::full(Family::EcsServices, 0.30, at(0));
        for second in 0..600 {
            tokens.throttled(at(second * 2_000));
        }
        assert!((tokens.rate - 6.0 / 32.0).abs() < 1e-9);
    }

    #[test]
    fn those_who_wait_leave_together_and_never_early() {
        for (due, leaves) in [(0, 0), (1, 500), (499, 500), (500, 500), (501, 1_000), (-1, 0)] {
            assert_eq!(departure(at(due)), at(leaves), "{due}");
        }
    }

    proptest! {
        /// However the clock runs: never more than burst + rate × time passes without waiting, the level never
        /// exceeds the burst, the rate stays between floor and full, and no wait is longer than the debt.
        #[test]
        fn never_gives_more_than_its_share(steps in proptest::collection::vec((-5_000i64..5_000, any::<bool>()), 1..300)) {
            let mut tokens = Tokens::full(Family::EcsServices, 0.30, at(1_000_000));
            let mut now = 1_000_000i64;
            let mut forward = 0i64;
            let mut free = 0.0;
            for (step, refused) in steps {
                now += step;
                forward += step.max(0);
                if refused {
                    tokens.throttled(at(now));
                } else if tokens.take(at(now)).is_zero() {
                    free += 1.0;
                }
                prop_assert!(tokens.level <= tokens.burst);
                prop_assert!(tokens.rate >= tokens.full_rate * FLOOR - 1e-9 && tokens.rate <= tokens.full_rate + 1e-9);
            }
            let allowed = 30.0 + 6.0 * std::time::Duration::from_millis(forward.unsigned_abs()).as_secs_f64();
            prop_assert!(free <= allowed + 1.0, "{free} > {allowed}");
        }
    }
}
