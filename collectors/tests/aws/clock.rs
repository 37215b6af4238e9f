//! A clock that moves when a test says so.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;
use domain::port::Clock;
use tokio::sync::oneshot;

/// Where every test begins: 2026-05-02T09:41:03Z.
pub(crate) const START: i64 = 1_777_714_863;

/// A clock whose time stands still until it is advanced; or, when `eager`, jumps to the end of every sleep, so that
/// hours of waiting take no time.
pub(crate) struct ManualClock {
    eager: bool,
    state: Mutex<State>,
}

struct State {
    now: Timestamp,
    /// Time passed since the test began, which jumps of `now` do not touch.
    passed: Duration,
    sleepers: Vec<(Duration, oneshot::Sender<()>)>,
}

impl ManualClock {
    pub(crate) fn standing() -> Arc<Self> {
        Self::new(false)
    }

    pub(crate) fn eager() -> Arc<Self> {
        Self::new(true)
    }

    fn new(eager: bool) -> Arc<Self> {
        let state = State { now: Timestamp::from_secs(START), passed: Duration::ZERO, sleepers: Vec::new() };
        Arc::new(Self { eager, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Lets `span` pass and wakes whoever has slept long enough.
    pub(crate) fn advance(&self, span: Duration) {
        let mut state = self.state();
        state.now = state.now.plus(span);
        state.passed += span;
        let passed = state.passed;
        let (due, waiting): (Vec<_>, Vec<_>) = state.sleepers.drain(..).partition(|(at, _)| *at <= passed);
        state.sleepers = waiting;
        for (_, sleeper) in due {
            sleeper.send(()).ok();
        }
    }

    /// Sets the time of day without letting any time pass, as an operator or NTP does.
    pub(crate) fn jump_to(&self, now: Timestamp) {
        self.state().now = now;
    }

    /// How many are asleep.
    pub(crate) fn sleepers(&self) -> usize {
        self.state().sleepers.iter().filter(|(_, sleeper)| !sleeper.is_closed()).count()
    }

    /// Time passed since the test began.
    pub(crate) fn passed(&self) -> Duration {
        self.state().passed
    }

    /// Waits until somebody sleeps, without sleeping.
    pub(crate) async fn someone_sleeps(&self) {
        while self.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    async fn sleep(&self, span: Duration) {
        if self.eager {
            self.advance(span);
            tokio::task::yield_now().await;
            return;
        }
        let (sender, receiver) = oneshot::channel();
        {
            let mut state = self.state();
            let at = state.passed + span;
            state.sleepers.push((at, sender));
        }
        receiver.await.ok();
    }
}
