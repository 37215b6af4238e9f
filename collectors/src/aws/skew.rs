//! How far AWS's clock and ours are apart, from the `Date` of its answers.
//!
//! Kept because a signature older than five minutes is refused with an error that does not mention clocks, and because
//! every age on a page is wrong by as much. Refusals carry a `Date` too, so it is known when nothing else is. The trap:
//! the header has whole seconds, so less than a second and a half says nothing.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use domain::port::Clock;

/// Nothing heard yet.
const UNKNOWN: i64 = i64::MIN;

/// The newest answer's time against ours.
pub(crate) struct Skew {
    clock: Arc<dyn Clock>,
    millis: AtomicI64,
}

impl fmt::Debug for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Skew").field(&self.millis()).finish()
    }
}

impl Skew {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { clock, millis: AtomicI64::new(UNKNOWN) })
    }

    /// Takes note of an answer's `Date`.
    pub(crate) fn heard(&self, date: &str) {
        if let Ok(theirs) = DateTime::from_str(date, Format::HttpDate) {
            let ours = self.clock.now().as_micros().div_euclid(1_000);
            self.millis.store(theirs.secs().saturating_mul(1_000).saturating_sub(ours), Ordering::Relaxed);
        }
    }

    /// Their clock minus ours in milliseconds. Unknown on a clock that does not run at the wall's pace: AWS's does.
    pub(crate) fn millis(&self) -> Option<i64> {
        let real = (self.clock.speed() - 1.0).abs() < f64::EPSILON;
        Some(self.millis.load(Ordering::Relaxed)).filter(|millis| real && *millis != UNKNOWN)
    }
}
