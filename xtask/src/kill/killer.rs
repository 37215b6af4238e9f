//! The hand that kills: at a moment drawn before, whatever the server does then.
//!
//! A thread of its own, because whoever steers the server waits for its answers, and the kill is to fall into that as well.
//! Some kills wait for a changing call to reach AWS and fall around it: by chance alone one in some hundred would. The trap is
//! a process id that is another's by now: the server is only waited for after this thread has ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::dice::Dice;
use crate::bench::steer;
use crate::{run, say};

/// The calls that change something.
const CHANGING: [&str; 3] = ["ecs:RegisterTaskDefinition", "ecs:UpdateService", "ecs:StopServiceDeployment"];
/// Between two looks at the clock or the fleet.
const LOOK: Duration = Duration::from_millis(8);

/// When a kill falls.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    /// So long after the start.
    After(Duration),
    /// So long after the next changing call, or after the start where none comes.
    AtCall { then: Duration, no_later: Duration },
}

impl Moment {
    /// Four in ten fall at a call; of the others many into the start itself, and some so late that a bake may end.
    pub(super) fn drawn(dice: &mut Dice) -> Self {
        let millis = |dice: &mut Dice, low, high| Duration::from_millis(dice.between(low, high));
        match dice.between(0, 100) {
            0..40 => Self::AtCall { then: millis(dice, 0, 450), no_later: millis(dice, 2_000, 12_000) },
            40..60 => Self::After(millis(dice, 50, 700)),
            60..85 => Self::After(millis(dice, 700, 3_000)),
            _ => Self::After(millis(dice, 3_000, 11_000)),
        }
    }
}

/// A kill that is to come.
pub(super) struct Killer {
    called_off: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Killer {
    /// Kills this process at that moment, counted from now. `control` is the fleet's control face.
    pub(super) fn aim(process: u32, moment: Moment, control: &str) -> Result<Self> {
        let process = Pid::from_raw(i32::try_from(process).context("a process id that is none")?);
        let called_off = Arc::new(AtomicBool::new(false));
        let (off, control) = (Arc::clone(&called_off), control.to_owned());
        let work = move || {
            if await_moment(moment, &control, &off)
                && let Err(error) = kill(process, Signal::SIGKILL)
            {
                say::note(format!("the server could not be killed: {error}"));
            }
        };
        let thread = std::thread::Builder::new().spawn(work).context("a thread that kills")?;
        Ok(Self { called_off, thread: Some(thread) })
    }

    /// Whether it has fallen.
    pub(super) fn done(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for Killer {
    fn drop(&mut self) {
        self.called_off.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // a panic of it has been printed
            drop(thread.join());
        }
    }
}

/// False: it was called off.
fn await_moment(moment: Moment, control: &str, off: &AtomicBool) -> bool {
    let since_start = say::stopwatch();
    let sleep_until = |due: &dyn Fn() -> bool| {
        while !due() {
            if off.load(Ordering::Relaxed) {
                return false;
            }
            run::wait(LOOK);
        }
        true
    };
    match moment {
        Moment::After(span) => sleep_until(&|| since_start.elapsed() >= span),
        Moment::AtCall { then, no_later } => {
            let before = calls(control);
            if !sleep_until(&|| since_start.elapsed() >= no_later || calls(control) != before) {
                return false;
            }
            let since_call = say::stopwatch();
            sleep_until(&|| since_call.elapsed() >= then)
        }
    }
}

/// How many changing calls have reached the fleet.
fn calls(control: &str) -> u64 {
    let counts = steer::ask(control, "/requests").unwrap_or(Value::Null);
    let of = |name: &str| counts.get("requests").and_then(|requests| requests.get(name)).and_then(Value::as_u64).unwrap_or(0);
    CHANGING.iter().map(|name| of(name)).sum()
}
