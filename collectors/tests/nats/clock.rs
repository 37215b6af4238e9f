//! The wall clock: real servers keep real time.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use domain::Timestamp;
use domain::port::Clock;

/// A clock that runs `speed` times as fast as the wall.
pub(crate) struct WallClock {
    speed: f64,
}

impl WallClock {
    pub(crate) fn new(speed: f64) -> Arc<Self> {
        Arc::new(Self { speed })
    }
}

#[async_trait]
impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that is injected")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock that is injected")]
    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span.div_f64(self.speed)).await;
    }

    fn speed(&self) -> f64 {
        self.speed
    }
}
