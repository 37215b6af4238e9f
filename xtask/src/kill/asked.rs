//! Being asked to stop, by Ctrl-C or SIGTERM: noticed between two steps, so that every child is ended on the way out.
//!
//! Without this the signal would end this tool where it stands, and its servers would end after it, with nobody waiting for
//! them. The trap is a child: it inherits which signals are held back, so it is started while they are let through.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{SigSet, Signal};

/// Hears the two signals.
pub(super) struct Asked {
    signals: SigSet,
    stop: Arc<AtomicBool>,
}

impl Asked {
    /// Listens from now on. Threads that are started later hold the signals back as well, which is what this rests on.
    pub(super) fn listen() -> Result<Self> {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGINT);
        signals.add(Signal::SIGTERM);
        signals.thread_block().context("signals cannot be held back")?;
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let hear = move || {
            while signals.wait().is_ok() {
                told.store(true, Ordering::Relaxed);
            }
        };
        std::thread::Builder::new().spawn(hear).context("a thread that hears signals")?;
        Ok(Self { signals, stop })
    }

    /// An error once somebody has asked.
    pub(super) fn go_on(&self) -> Result<()> {
        if self.stop.load(Ordering::Relaxed) {
            bail!("stopped as asked; what was started is ended");
        }
        Ok(())
    }

    /// Starts a child, which is to hear the signals itself.
    pub(super) fn letting_through<T>(&self, start: impl FnOnce() -> Result<T>) -> Result<T> {
        self.signals.thread_unblock().context("signals cannot be let through")?;
        let started = start();
        self.signals.thread_block().context("signals cannot be held back")?;
        started
    }
}
