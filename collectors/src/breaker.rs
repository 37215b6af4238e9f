//! The circuit breaker: stop asking a source that fails, and find out carefully when it answers again.
//!
//! A pure state machine so that it can be tested by property; [`crate::poll`] feeds it outcomes and the time. The
//! settings are the first user's own: opens after five failures in a row, tries again after 60 s, closes after two
//! successes. The trap: clocks jump. An opening instant that lies in the future (the clock was set back) would keep
//! the circuit open for as long as the jump, so the pause is then counted from now.

use std::time::Duration;

use domain::Timestamp;
use domain::source;

/// Failures in a row that open the circuit.
pub const OPENS_AFTER: u32 = 5;
/// How long it stays open before one try.
pub const PAUSE: Duration = Duration::from_secs(60);
/// Successes in a row that close it again.
pub const CLOSES_AFTER: u32 = 2;

/// A circuit breaker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { since: Timestamp },
    HalfOpen { successes: u32 },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// Whether a call may be made at `now`. Half-opens the circuit when its pause is over.
    pub fn allows(&mut self, now: Timestamp) -> bool {
        let State::Open { since } = self.state else { return true };
        if now < since {
            self.state = State::Open { since: now };
            return false;
        }
        let over = now.since(since) >= PAUSE;
        if over {
            self.state = State::HalfOpen { successes: 0 };
        }
        over
    }

    /// A call succeeded.
    pub fn succeeded(&mut self) {
        self.state = match self.state {
            State::HalfOpen { successes } if successes + 1 < CLOSES_AFTER => State::HalfOpen { successes: successes + 1 },
            State::Open { since } => State::Open { since },
            State::Closed { .. } | State::HalfOpen { .. } => State::default(),
        };
    }

    /// A call failed at `now`.
    pub fn failed(&mut self, now: Timestamp) {
        self.state = match self.state {
            State::Closed { failures } if failures + 1 < OPENS_AFTER => State::Closed { failures: failures + 1 },
            State::Open { since } => State::Open { since },
            State::Closed { .. } | State::HalfOpen { .. } => State::Open { since: now },
        };
    }

    /// The state as it is shown.
    pub const fn shown(&self) -> source::Breaker {
        match self.state {
            State::Closed { .. } => source::Breaker::Closed,
            State::Open { .. } => source::Breaker::Open,
            State::HalfOpen { .. } => source::Breaker::HalfOpen,
        }
    }

    /// When the next try is allowed, while open.
    pub fn tries_again(&self) -> Option<Timestamp> {
        match self.state {
            State::Open { since } => Some(since.plus(PAUSE)),
            State::Closed { .. } | State::HalfOpen { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn opens_after_five_tries_after_sixty_seconds_closes_after_two() {
        let mut breaker = Breaker::default();
        for _ in 0..4 {
            breaker.failed(at(0));
            assert!(breaker.allows(at(0)));
        }
        breaker.failed(at(10));
        assert_eq!(breaker.shown(), source::Breaker::Open);
        assert!(!breaker.allows(at(69)));
        assert_eq!(breaker.tries_again(), Some(at(70)));
        assert!(breaker.allows(at(70)));
        assert_eq!(breaker.shown(), source::Breaker::HalfOpen);
        breaker.succeeded();
        assert_eq!(breaker.shown(), source::Breaker::HalfOpen);
        breaker.succeeded();
        assert_eq!(breaker.shown(), source::Breaker::Closed);
    }

    #[test]
    fn one_failure_while_half_open_opens_it_again() {
        let mut breaker = Breaker::default();
        (0..5).for_each(|_| breaker.failed(at(0)));
        assert!(breaker.allows(at(60)));
        breaker.failed(at(61));
        assert!(!breaker.allows(at(120)));
        assert!(breaker.allows(at(121)));
    }

    #[test]
    fn a_clock_set_back_costs_one_pause_and_no_more() {
        let mut breaker = Breaker::default();
        (0..5).for_each(|_| breaker.failed(at(1_000_000)));
        assert!(!breaker.allows(at(500)));
        assert!(!breaker.allows(at(559)));
        assert!(breaker.allows(at(560)));
    }

    #[derive(Clone, Debug)]
    enum Happens {
        Success,
        Failure,
        Wait(i64),
    }

    fn happens() -> impl Strategy<Value = Happens> {
        prop_oneof![Just(Happens::Success), Just(Happens::Failure), (-100i64..200).prop_map(Happens::Wait)]
    }

    proptest! {
        /// Whatever happens, in whatever order and however the clock jumps: it never opens on fewer than five
        /// failures in a row from closed, it never closes without two successes after a try, and it always lets a
        /// call through again once the clock has stood 60 s beyond now.
        #[test]
        fn keeps_its_promises(story in proptest::collection::vec(happens(), 0..200)) {
            let mut breaker = Breaker::default();
            let mut now = 1_000i64;
            let mut failures = 0;
            let mut successes = 0;
            for event in story {
                let before = breaker.shown();
                match event {
                    Happens::Wait(secs) => now += secs,
                    _ if !breaker.allows(at(now)) => {}
                    Happens::Success => {
                        breaker.succeeded();
                        failures = 0;
                        successes += 1;
                    }
                    Happens::Failure => {
                        breaker.failed(at(now));
                        failures += 1;
                        successes = 0;
                    }
                }
                let after = breaker.shown();
                if before == source::Breaker::Closed && after == source::Breaker::Open {
                    prop_assert!(failures >= OPENS_AFTER);
                }
                if before == source::Breaker::HalfOpen && after == source::Breaker::Closed {
                    prop_assert!(successes >= CLOSES_AFTER);
                }
            }
            let _first_look = breaker.allows(at(now));
            prop_assert!(breaker.allows(at(now + 60)));
        }
    }
}
