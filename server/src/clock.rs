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
    #[expect(clippy::disallowed_methods, reason = "this is the edge: the scaled clock is anchored at the machine's")]
    pub fn new(speed: f64) -> Self {
        let speed = speed.clamp(*Self::SPEEDS.start(), *Self::SPEEDS.end());
        Self { began: SystemClock.now(), began_wall: Instant::now(), speed }
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

/// The clock for a given speed: the machine's own where it is 1.
pub fn at_speed(speed: f64) -> Arc<dyn Clock> {
    if (speed - 1.0).abs() < f64::EPSILON { Arc::new(SystemClock) } else { Arc::new(ScaledClock::new(speed)) }
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
