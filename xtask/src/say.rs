//! What the person at the terminal is told while a command works: each step, how long it took, and at a dead end what to type.
//!
//! Apart from the commands so that all of them speak alike. Everything goes to stderr: stdout belongs to results
//! (a benchmark's table, a test run's closing line), which other programs read.
#![expect(clippy::disallowed_methods, reason = "a build tool reports wall time; nothing decides by it")]

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

/// A step under way. Dropping it without [`Step::done`] says nothing: the error that follows does.
pub(crate) struct Step {
    started: Instant,
}

/// Announces a step before it starts, so that a long silence has a name.
pub(crate) fn step(what: impl fmt::Display) -> Step {
    eprintln!("==> {what}");
    Step { started: Instant::now() }
}

impl Step {
    pub(crate) fn done(self, outcome: impl fmt::Display) -> Duration {
        let took = self.started.elapsed();
        eprintln!("    {outcome} ({})", seconds(took));
        took
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A stop-watch for the benchmark: measured without a line of its own.
pub(crate) fn stopwatch() -> Step {
    Step { started: Instant::now() }
}

/// Seconds since 1970, for a past that is made to end now.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Microseconds since 1970, to be compared with what other processes of this machine tell.
pub(crate) fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// One line of news inside a step.
pub(crate) fn note(what: impl fmt::Display) {
    eprintln!("    {what}");
}

pub(crate) fn seconds(time: Duration) -> String {
    let all = time.as_secs_f64();
    if all < 120.0 { format!("{all:.1} s") } else { format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60) }
}

/// Something the machine lacks: what it is, what that means, and the line that mends it.
pub(crate) fn missing(what: &str, means: &str, line: &str) -> anyhow::Error {
    anyhow::anyhow!("{what}\n  {means}\n  Run: {line}")
}
