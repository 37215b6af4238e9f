//! How soon the next sweep comes: sooner for a while after a node went down or came back.
//!
//! What follows such a change (clients that reconnect elsewhere, a leader that is chosen) is over within seconds, and whoever
//! watches wants to see it. The trap is a node that never comes to rest: after every few quick sweeps one comes at the
//! ordinary pace, whatever changes meanwhile, so the worst is a bounded multiple of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Quick sweeps after a change.
const QUICK: u8 = 4;
/// How much sooner they come.
const SOONER: u32 = 5;
/// Never sooner than this, whatever the interval.
const SHORTEST: Duration = Duration::from_secs(1);

/// Who answered, by name with the id that is new after every start, and who did not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) answered: BTreeMap<String, String>,
    pub(super) silent: BTreeSet<String>,
}

#[derive(Debug, Default)]
pub(super) struct Pace {
    before: Option<Standing>,
    quick: u8,
}

impl Pace {
    /// A sweep found this.
    pub(super) fn saw(&mut self, now: Standing) {
        let changed = self.before.as_ref().is_some_and(|before| *before != now);
        self.before = Some(now);
        self.quick = match (self.quick, changed) {
            (0, true) => QUICK,
            (left, _) => left.saturating_sub(1),
        };
    }

    /// How long to wait after the newest sweep.
    pub(super) fn pause(&self, interval: Duration) -> Duration {
        if self.quick == 0 { interval } else { (interval / SOONER).max(SHORTEST).min(interval) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(15);

    fn standing(answered: &[(&str, &str)], silent: &[&str]) -> Standing {
        Standing {
            answered: answered.iter().map(|(name, id)| ((*name).to_owned(), (*id).to_owned())).collect(),
            silent: silent.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// The pauses after each sweep, in seconds.
    fn pauses(seen: impl IntoIterator<Item = Standing>) -> Vec<u64> {
        let mut pace = Pace::default();
        seen.into_iter()
            .map(|standing| {
                pace.saw(standing);
                pace.pause(INTERVAL).as_secs()
            })
            .collect()
    }

    #[test]
    fn what_goes_down_comes_back_or_restarts_is_looked_at_sooner() {
        let calm = || standing(&[("n1", "A"), ("n2", "B")], &[]);
        let down = || standing(&[("n1", "A")], &["n2"]);
        assert_eq!(pauses([calm(), calm()]), [15, 15], "the first sweep is no change");
        assert_eq!(pauses([calm(), down(), down(), down(), down(), down(), down()]), [15, 3, 3, 3, 3, 15, 15]);
        assert_eq!(pauses([down(), down(), calm()]), [15, 15, 3]);
        assert_eq!(pauses([calm(), standing(&[("n1", "A"), ("n2", "new")], &[])]), [15, 3], "a restart between two sweeps");
    }

    #[test]
    fn what_never_rests_is_bounded() {
        let all = pauses((0..50).map(|turn| standing(&[("n1", if turn % 2 == 0 { "A" } else { "B" })], &[])));
        assert_eq!(all[1..11], [3, 3, 3, 3, 15, 3, 3, 3, 3, 15]);
    }

    #[test]
    fn a_short_interval_stays_as_it_is() {
        let mut pace = Pace { before: None, quick: 1 };
        assert_eq!(pace.pause(Duration::from_millis(500)), Duration::from_millis(500));
        assert_eq!(pace.pause(Duration::from_secs(2)), SHORTEST);
        pace.quick = 0;
        assert_eq!(pace.pause(Duration::from_secs(2)), Duration::from_secs(2));
    }
}
