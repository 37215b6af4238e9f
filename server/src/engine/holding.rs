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
    /// When that ends by itself.
    thaws: Option<Timestamp>,
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
            Some(until) => (format!("{} (by {}, until {until})", bar.why, bar.by), Some(until)),
            None => (bar.why.clone(), None),
        });
        // a window that is still to open does so by itself; one that has closed never opens again
        let closed = window.and_then(|window| Some((window.closed(now)?, Some(window.from).filter(|from| now < *from))));
        let (frozen, thaws) = frozen.or(closed).filter(|_| !puts_back).unzip();
        let causes = around.causes.into_iter().map(|(_, known, _)| known).collect();
        Self { stopped, frozen, thaws: thaws.flatten(), causes }
    }

    pub(super) fn around(&self) -> decide::Around<'_> {
        decide::Around { stopped: self.stopped.as_deref(), frozen: self.frozen.as_deref(), thaws: self.thaws, causes: &self.causes }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Bar;

    #[test]
    fn what_ends_by_itself_says_when() {
        let at = Timestamp::from_secs;
        let freeze = || {
            let (why, by) = ("release day".to_owned(), "Ben".to_owned());
            vec![Bar { id: 1, kind: BarKind::Freeze, why, by, at: at(0), from: at(0), until: Some(at(20)) }]
        };
        let window = |from, until| Some(Window { from: at(from), until: at(until) });
        for (bars, window, thaws) in [
            (freeze(), None, Some(at(20))),
            (Vec::new(), window(12, 14), Some(at(12))),
            (Vec::new(), window(2, 8), None),
            (freeze(), window(2, 8), Some(at(20))),
        ] {
            let around = Around { bars, causes: Vec::new() };
            let holding = Holding::of(around.clone(), window, false, at(10));
            assert_eq!((holding.around().frozen.is_some(), holding.around().thaws), (true, thaws), "{window:?}");
            let back = Holding::of(around, window, true, at(10));
            assert_eq!((back.around().frozen, back.around().thaws), (None, None), "what puts a service back is not held by it");
        }
    }
}
