//! Which nodes ought to answer.
//!
//! A node that is down is in nobody's answer: it must be known from before. So names that answered are remembered and
//! missed when they fall silent; names that others have routes to are expected as well. The trap is the other
//! direction: a node taken out for good, or one without a configured name (its name is its id, new after every
//! restart), must not be missed for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::Timestamp;

/// How long a named node is missed before it counts as taken out.
const NAMED: Duration = Duration::from_secs(3_600);
/// How long one without a name of its own is missed: its next start has another.
const UNNAMED: Duration = Duration::from_secs(120);

#[derive(Debug, Default)]
pub(super) struct Roster {
    known: BTreeMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    seen: Timestamp,
    named: bool,
}

impl Roster {
    /// Names to expect although they have not answered yet; kept until they are due to be forgotten.
    pub(super) fn expect(&mut self, names: impl IntoIterator<Item = String>, now: Timestamp) {
        for name in names {
            self.known.entry(name).or_insert(Entry { seen: now, named: true });
        }
    }

    /// A node answered at `now`.
    pub(super) fn heard(&mut self, name: &str, id: &str, now: Timestamp) {
        self.known.insert(name.to_owned(), Entry { seen: now, named: name != id });
    }

    /// Every name to wait for at `now`. Forgets those that were silent too long.
    pub(super) fn expected(&mut self, now: Timestamp) -> BTreeSet<String> {
        self.known.retain(|_, entry| now.since(entry.seen) <= if entry.named { NAMED } else { UNNAMED });
        self.known.keys().cloned().collect()
    }

    /// When a name last answered.
    pub(super) fn last_seen(&self, name: &str) -> Option<Timestamp> {
        self.known.get(name).map(|entry| entry.seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn a_node_is_missed_for_an_hour_one_without_a_name_for_two_minutes() {
        let mut roster = Roster::default();
        roster.heard("n1", "NABC", at(0));
        roster.heard("NXYZ", "NXYZ", at(0));
        assert_eq!(roster.expected(at(120)).len(), 2);
        assert_eq!(roster.expected(at(121)), BTreeSet::from(["n1".to_owned()]));
        assert_eq!(roster.expected(at(3_600)).len(), 1);
        assert!(roster.expected(at(3_601)).is_empty());
    }

    #[test]
    fn a_clock_set_back_forgets_nobody() {
        let mut roster = Roster::default();
        roster.heard("n1", "NABC", at(10_000));
        assert_eq!(roster.expected(at(0)).len(), 1);
    }

    #[test]
    fn what_the_caller_knows_is_expected_but_does_not_overwrite_what_was_heard() {
        let mut roster = Roster::default();
        roster.heard("n1", "NABC", at(50));
        roster.expect(["n1".to_owned(), "n2".to_owned()], at(0));
        assert_eq!(roster.last_seen("n1"), Some(at(50)));
        assert_eq!(roster.expected(at(60)).len(), 2);
    }
}
