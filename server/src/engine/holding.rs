//! What holds for every rollout at an instant, as the pure engine is told it.

use domain::Timestamp;
use domain::rollout::cause::KnownCause;
use domain::rollout::decide;
use domain::rollout::plan::Window;

use crate::store::{Around, BarKind, Kept};

/// What holds, owned.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holding {
    stopped: Option<String>,
    frozen: Option<String>,
    causes: Vec<KnownCause>,
}

impl Holding {
    /// Of what the store keeps, for a rollout as it stands.
    pub(crate) fn for_rollout(around: Around, kept: &Kept, now: Timestamp) -> Self {
        Self::of(around, kept.plan.wish.window, kept.plan.wish.change.is_put_back(), now)
    }

    /// Of what the store keeps, for one rollout. A freeze never holds up what puts a service back; the stop does.
    pub(super) fn of(around: Around, window: Option<Window>, puts_back: bool, now: Timestamp) -> Self {
        let first = |kind: BarKind| around.bars.iter().find(|bar| bar.kind == kind && bar.holds(now));
        let stopped = first(BarKind::Stop).map(|bar| format!("{} (by {})", bar.why, bar.by));
        let frozen = first(BarKind::Freeze).map(|bar| match bar.until {
            Some(until) => format!("{} (by {}, until {until})", bar.why, bar.by),
            None => bar.why.clone(),
        });
        let closed = window.and_then(|window| window.closed(now));
        let frozen = frozen.or(closed).filter(|_| !puts_back);
        Self { stopped, frozen, causes: around.causes.into_iter().map(|(_, known, _)| known).collect() }
    }

    pub(super) fn around(&self) -> decide::Around<'_> {
        decide::Around { stopped: self.stopped.as_deref(), frozen: self.frozen.as_deref(), causes: &self.causes }
    }

    /// Why nothing forward may begin, as a sentence for pages.
    pub(crate) fn said(&self) -> Option<String> {
        let stopped = self.stopped.as_ref().map(|why| format!("Everything is stopped: {why}."));
        stopped.or_else(|| self.frozen.as_ref().map(|why| format!("Frozen: {why}.")))
    }

    /// Why nothing forward may be sent.
    pub(super) fn barred(&self) -> Option<&str> {
        self.stopped.as_deref().or(self.frozen.as_deref())
    }
}
