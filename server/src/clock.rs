//! The edge at which time enters: the only place in the server that asks what time it is.
//!
//! Everything else is handed an `Arc<dyn Clock>`, so the demo can run twenty times faster than the wall and every age,
//! interval and deadline still agrees.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use domain::Timestamp;
use domain::port::Clock;

/// The machine's clock, as it is. It may jump; ages are never negative all the same.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the edge: the machine's clock becomes the injected one")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the edge: the runtime's timer becomes the injected one")]
    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }
}

/// A clock that starts at the machine's time and then runs at its own speed, steadily.
#[derive(Clone, Copy, Debug)]
pub struct ScaledClock {
    began: Timestamp,
    began_wall: Instant,
    speed: f64,
}

impl ScaledClock {
    /// The slowest and fastest a demo may run: beyond, sweeps or pages cannot keep up.
    pub const SPEEDS: std::ops::RangeInclusive<f64> = 0.1..=200.0;

    /// Starts at the machine's time, running `speed` seconds per second.
    pub fn new(speed: f64) -> Self {
        Self::since(SystemClock.now(), speed)
    }

    /// As if it had started at `from` and run at this speed ever since: processes that are given the same two tell the same
    /// time, whenever each of them began.
    #[expect(clippy::disallowed_methods, reason = "this is the edge: the scaled clock is anchored at the machine's")]
    pub fn since(from: Timestamp, speed: f64) -> Self {
        let speed = speed.clamp(*Self::SPEEDS.start(), *Self::SPEEDS.end());
        Self { began: from.plus(SystemClock.now().since(from).mul_f64(speed)), began_wall: Instant::now(), speed }
    }
}

#[async_trait]
impl Clock for ScaledClock {
    #[expect(clippy::disallowed_methods, reason = "this is the edge: the scaled clock is anchored at the machine's")]
    fn now(&self) -> Timestamp {
        self.began.plus(self.began_wall.elapsed().mul_f64(self.speed))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the edge: the runtime's timer becomes the injected one")]
    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span.div_f64(self.speed)).await;
    }

    fn speed(&self) -> f64 {
        self.speed
    }
}

/// The clock for a given speed: the machine's own where it is 1. `from`: when it left the machine's time, if not now.
pub fn at_speed(speed: f64, from: Option<Timestamp>) -> Arc<dyn Clock> {
    if (speed - 1.0).abs() < f64::EPSILON {
        return Arc::new(SystemClock);
    }
    Arc::new(from.map_or_else(|| ScaledClock::new(speed), |from| ScaledClock::since(from, speed)))
}

/// The same clock as the yard wants it; the yard knows none of our crates.
#[cfg(feature = "demo")]
pub struct YardClock(pub Arc<dyn Clock>);

#[cfg(feature = "demo")]
impl yard::Clock for YardClock {
    fn now_micros(&self) -> i64 {
        self.0.now().as_micros()
    }

    fn sleep(&self, span: Duration) -> futures::future::BoxFuture<'static, ()> {
        let clock = Arc::clone(&self.0);
        Box::pin(async move { clock.sleep(span).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_clocks_from_the_same_instant_tell_the_same_time() {
        let from = SystemClock.now().minus(Duration::from_secs(600));
        let [early, late] = [(); 2].map(|()| ScaledClock::since(from, 20.0).now());
        assert!(early.since(from) >= Duration::from_secs(12_000), "it has run since then, whenever it was made");
        assert!(late >= early && late.since(early) < Duration::from_secs(60));
    }
}
