//! The yard's clock: the only place in this crate that may know what time it is.
//!
//! It is handed in, so that the server and the yard can live by the same time (`--speed 20`), and so that a test can step through an hour without waiting for it.
//! The trap: real `nats-server` processes keep their own time. Waiting for one of *them* uses the runtime's timers; everything the model does uses this clock.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures::{FutureExt, future::BoxFuture};
use tokio::sync::watch;

/// Microseconds in one second, the unit of all times in this crate.
pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;

/// What time it is, and how to wait for a later one.
pub trait Clock: Send + Sync {
    /// Microseconds since 1970-01-01 UTC. Never goes backwards.
    fn now_micros(&self) -> i64;

    /// Completes when `duration` of *this clock's* time has passed.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// A duration in this crate's unit, microseconds; one too long for an `i64` (292,000 years) is cut.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// The machine's time, started at the true date and then running `speed` times as fast.
#[derive(Debug, Clone)]
pub struct WallClock {
    speed: f64,
    origin_micros: i64,
    origin: Instant,
}

impl WallClock {
    /// A clock that reads the true date now. `speed` is in clock seconds per real second; anything that is not a positive number counts as 1.
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is told to ask")]
    pub fn new(speed: f64) -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let speed = if speed.is_finite() && speed > 0.0 { speed } else { 1.0 };
        Self { speed, origin_micros: micros(since_epoch), origin: Instant::now() }
    }
}

impl Default for WallClock {
    fn default() -> Self {
        Self::new(1.0)
    }
}

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is told to ask")]
    fn now_micros(&self) -> i64 {
        // measured from a monotonic instant: a corrected system clock must not make the model go backwards
        let elapsed = self.origin.elapsed().mul_f64(self.speed);
        self.origin_micros.saturating_add(micros(elapsed))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is told to wait by")]
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(duration.div_f64(self.speed)).boxed()
    }
}

/// A clock that stands still until [`advance`](Self::advance) is called.
#[derive(Debug, Clone)]
pub struct ManualClock {
    now: Arc<watch::Sender<i64>>,
}

impl ManualClock {
    /// A clock that reads `start_micros` (microseconds since 1970-01-01 UTC).
    pub fn new(start_micros: i64) -> Self {
        Self { now: Arc::new(watch::Sender::new(start_micros)) }
    }

    /// Moves the clock forward and wakes everything that slept until a time that is now past.
    pub fn advance(&self, by: Duration) {
        self.now.send_modify(|now| *now = now.saturating_add(micros(by)));
    }
}

impl Clock for ManualClock {
    fn now_micros(&self) -> i64 {
        *self.now.borrow()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let until = self.now_micros().saturating_add(micros(duration));
        let mut now = self.now.subscribe();
        async move {
            if now.wait_for(|now| *now >= until).await.is_err() {
                // the clock is gone: time will never come to `until`
                futures::future::pending::<()>().await;
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_wakes_a_sleeper_only_when_its_time_has_come() {
        let clock = ManualClock::new(5);
        let mut sleeper = clock.sleep(Duration::from_secs(10));
        clock.advance(Duration::from_secs(9));
        assert!((&mut sleeper).now_or_never().is_none());
        clock.advance(Duration::from_secs(1));
        assert!(sleeper.now_or_never().is_some());
        assert_eq!(clock.now_micros(), 5 + 10 * SECOND);
    }

    #[test]
    fn a_wall_clock_with_a_nonsense_speed_runs_at_one() {
        for speed in [0.0, -3.0, f64::NAN, f64::INFINITY] {
            assert!((WallClock::new(speed).speed - 1.0).abs() < f64::EPSILON);
        }
    }
}
