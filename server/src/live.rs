//! Who is told that something changed, and never what.
//!
//! One watch channel holds the newest revision of every topic. A slow reader cannot fill anything up: it misses
//! intermediate revisions and sees the newest, which is all a hint means.

use std::collections::BTreeSet;

use domain::live::{Hint, Topic};
use tokio::sync::watch;

/// The newest revision of every topic, in the order of [`Topic::ALL`].
pub type Revisions = [u64; Topic::ALL.len()];

/// The sending and the receiving side; cheap to clone.
#[derive(Clone, Debug)]
pub struct Live {
    newest: watch::Sender<Revisions>,
}

impl Live {
    /// Every topic stands at `revision`.
    pub fn at(revision: u64) -> Self {
        Self { newest: watch::Sender::new([revision; Topic::ALL.len()]) }
    }

    /// These topics changed in this revision.
    pub fn changed(&self, topics: &BTreeSet<Topic>, revision: u64) {
        self.newest.send_modify(|newest| {
            for (at, topic) in newest.iter_mut().zip(Topic::ALL) {
                if topics.contains(&topic) {
                    *at = revision.max(*at);
                }
            }
        });
    }

    /// Something changed that the store could not be told of: every topic moves on, and pages ask again.
    pub fn changed_unrecorded(&self) {
        self.changed(&Topic::ALL.into(), self.revision() + 1);
    }

    /// To wait on.
    pub fn watch(&self) -> watch::Receiver<Revisions> {
        self.newest.subscribe()
    }

    /// The newest revision in which this topic moved.
    pub fn revision_of(&self, topic: Topic) -> u64 {
        Topic::ALL.iter().zip(self.newest.borrow().iter()).find(|(of, _)| **of == topic).map_or(0, |(_, revision)| *revision)
    }

    /// The newest revision of all.
    pub fn revision(&self) -> u64 {
        self.newest.borrow().iter().copied().max().unwrap_or(0)
    }
}

/// The hints for what moved between two states; all topics where there is no earlier one.
pub fn hints(before: Option<&Revisions>, now: &Revisions) -> Vec<Hint> {
    let moved = |index: usize, revision: u64| before.is_none_or(|before| before.get(index).is_none_or(|was| *was != revision));
    let all = Topic::ALL.into_iter().zip(now.iter().copied()).enumerate();
    all.filter(|(index, (_, revision))| moved(*index, *revision)).map(|(_, (topic, revision))| Hint { topic, revision }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_sees_the_newest_revision_of_what_moved() {
        let live = Live::at(7);
        let before = *live.watch().borrow();
        live.changed(&BTreeSet::from([Topic::Services, Topic::Sources]), 8);
        live.changed(&BTreeSet::from([Topic::Services]), 9);
        let now = *live.watch().borrow();
        assert_eq!(hints(Some(&before), &now), [Hint { topic: Topic::Services, revision: 9 }, Hint { topic: Topic::Sources, revision: 8 }]);
        assert_eq!(hints(None, &now).len(), Topic::ALL.len());
        assert_eq!((live.revision(), live.revision_of(Topic::Sources), live.revision_of(Topic::Alarms)), (9, 8, 7));
    }
}
