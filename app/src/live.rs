//! What changes under an open page: the browser's end of `/live`.
//!
//! A hint says *that* a topic changed; the pages then ask again through the function that rendered them first. Hints
//! are counted here, one counter a topic, and a page's question names the counters it depends on, so a hint that
//! arrives while an answer is under way makes the question different from the one being answered and leads to another.
//! The trap is what is missed between the HTML and the first `hello`, or while the line was down: `hello` tells the
//! revision of every topic, which is compared with what the page was made from.

mod line;

use domain::Timestamp;
use domain::live::{Hint, Topic};
use leptos::prelude::*;

use crate::now::Now;

/// How the line to the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Nobody listens: the page as it was rendered, or a browser without JavaScript.
    Still,
    /// Hints arrive.
    Open,
    /// It broke, and is being made again.
    Lost {
        /// When it broke.
        since: Timestamp,
    },
}

/// The counters of hints, and the line they come by.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    hints: [RwSignal<u64>; Topic::ALL.len()],
    known: StoredValue<[Option<u64>; Topic::ALL.len()]>,
    oldest_on_page: StoredValue<Option<u64>>,
    line: RwSignal<Line>,
}

impl Live {
    pub(crate) fn new() -> Self {
        Self {
            hints: Topic::ALL.map(|_| RwSignal::new(0)),
            known: StoredValue::new(Topic::ALL.map(|_| None)),
            oldest_on_page: StoredValue::new(None),
            line: RwSignal::new(Line::Still),
        }
    }

    pub(crate) fn here() -> Self {
        use_context().unwrap_or_else(Self::new)
    }

    /// How the line is.
    pub(crate) fn line(self) -> Line {
        self.line.get()
    }

    /// How many hints came for these topics; part of the question of a page that depends on them.
    pub(crate) fn hints(self, topics: &[Topic]) -> u64 {
        topics.iter().map(|topic| self.hints[index(*topic)].get()).sum()
    }

    /// A part of the page was made from this revision, before anybody listened.
    pub(crate) fn came_with_the_page(self, revision: u64) {
        if self.line.get_untracked() == Line::Still {
            self.oldest_on_page.update_value(|oldest| *oldest = Some(oldest.map_or(revision, |oldest| oldest.min(revision))));
        }
    }

    /// Begins to listen; called once the page has been taken over.
    pub(crate) fn listen(self, now: Now) {
        line::open(self, now, 0);
    }

    /// The line is open, and every topic stands as told.
    fn hello(self, hints: &[Hint]) {
        let again = matches!(self.line.get_untracked(), Line::Lost { .. });
        for hint in hints {
            let known = self.known.with_value(|known| known[index(hint.topic)]);
            let moved = match (known, self.oldest_on_page.get_value()) {
                (Some(known), _) => known != hint.revision,
                (None, Some(oldest)) => hint.revision > oldest,
                (None, None) => true,
            };
            self.note(*hint);
            // ages and judgements moved while nobody listened, even if no revision did
            if moved || (again && hint.topic == Topic::Sources) {
                self.count(hint.topic);
            }
        }
        self.line.set(Line::Open);
    }

    /// These topics changed.
    fn changed(self, hints: &[Hint]) {
        for hint in hints {
            self.note(*hint);
            self.count(hint.topic);
        }
    }

    fn lost(self, now: Now) {
        if !matches!(self.line.get_untracked(), Line::Lost { .. }) {
            self.line.set(Line::Lost { since: now.instant().unwrap_or_default() });
        }
    }

    fn note(self, hint: Hint) {
        self.known.update_value(|known| known[index(hint.topic)] = Some(hint.revision));
    }

    fn count(self, topic: Topic) {
        self.hints[index(topic)].update(|count| *count += 1);
    }
}

fn index(topic: Topic) -> usize {
    Topic::ALL.iter().position(|known| *known == topic).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening() -> (Owner, Live) {
        let owner = Owner::new();
        owner.set();
        (owner, Live::new())
    }

    fn all_at(revision: u64) -> Vec<Hint> {
        Topic::ALL.map(|topic| Hint { topic, revision }).to_vec()
    }

    #[test]
    fn the_first_hello_asks_again_only_for_what_the_page_missed() {
        let (_owner, live) = listening();
        live.came_with_the_page(7);
        live.came_with_the_page(9);
        live.hello(&[Hint { topic: Topic::Alarms, revision: 7 }, Hint { topic: Topic::Services, revision: 8 }]);
        assert_eq!((live.hints(&[Topic::Alarms]), live.hints(&[Topic::Services])), (0, 1));
        assert_eq!(live.line(), Line::Open);
    }

    #[test]
    fn a_hint_counts_even_where_the_revision_stands() {
        let (_owner, live) = listening();
        live.came_with_the_page(7);
        live.hello(&all_at(7));
        live.changed(&[Hint { topic: Topic::Sources, revision: 7 }]);
        assert_eq!(live.hints(&[Topic::Sources]), 1);
    }

    #[test]
    fn a_hello_after_a_break_asks_again_for_what_moved_and_for_the_ages() {
        let (_owner, live) = listening();
        live.came_with_the_page(7);
        live.hello(&all_at(7));
        live.lost(Now::new());
        let mut hints = all_at(7);
        hints[0].revision = 8;
        live.hello(&hints);
        assert_eq!((live.hints(&[Topic::Services]), live.hints(&[Topic::Sources]), live.hints(&[Topic::Nats])), (1, 1, 0));
    }

    #[test]
    fn a_restored_server_with_lower_revisions_is_asked_again() {
        let (_owner, live) = listening();
        live.hello(&all_at(70));
        let before = live.hints(&Topic::ALL);
        live.lost(Now::new());
        live.hello(&all_at(3));
        assert_eq!(live.hints(&Topic::ALL) - before, Topic::ALL.len() as u64);
    }
}
