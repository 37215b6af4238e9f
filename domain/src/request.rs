//! Which request of AWS answered for what, in the newest sweep of a source.
//!
//! Separate from what was read, because it is another with every sweep while what was read mostly stays. One request asks for many
//! things at once, so what is kept of it is a range: it answered for every name from its first to its last. Two traps. What came to
//! be after a sweep began may fall between two of its names and was in none of its answers ([`Requests::can_know`]). And ranges may
//! overlap, because CloudWatch promises no order of its alarms: of a name in two of them nobody can say which request told of it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Reads services by name.
pub const DESCRIBE_SERVICES: &str = "DescribeServices";
/// Reads tasks by ARN.
pub const DESCRIBE_TASKS: &str = "DescribeTasks";
/// Reads one revision, which never changes.
pub const DESCRIBE_TASK_DEFINITION: &str = "DescribeTaskDefinition";
/// Reads a page of alarms.
pub const DESCRIBE_ALARMS: &str = "DescribeAlarms";

/// Ids that stand for one answer together. Of more than these nobody looks each up.
const MOST: usize = 3;

/// A request that was answered, and for which names: those of its part from the first to the last, in the order of their bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The operation: `DescribeServices`.
    pub operation: String,
    /// The ECS cluster that the names are of; empty where they are of no cluster.
    pub part: String,
    /// The first name it answered for.
    pub first: String,
    /// The last.
    pub last: String,
    /// The id that AWS gave the request. CloudTrail has it as `requestID`.
    pub request_id: String,
}

impl Answered {
    /// A request that answered for these names, in whatever order they come; none where there are none.
    pub fn of<'n>(operation: &str, part: &str, names: impl Iterator<Item = &'n str> + Clone, request_id: String) -> Option<Self> {
        let (first, last) = (names.clone().min()?.to_owned(), names.max()?.to_owned());
        Some(Self { operation: operation.to_owned(), part: part.to_owned(), first, last, request_id })
    }
}

/// The requests of a sweep, to be asked which of them told of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    began: Timestamp,
    /// By operation, then part.
    of: BTreeMap<String, BTreeMap<String, Ranges>>,
}

impl Requests {
    /// Those of a sweep that began then.
    pub fn new(began: Timestamp, answered: Vec<Answered>) -> Self {
        let mut sorted: BTreeMap<String, BTreeMap<String, Vec<Answered>>> = BTreeMap::new();
        for one in answered {
            sorted.entry(one.operation.clone()).or_default().entry(one.part.clone()).or_default().push(one);
        }
        let mut of: BTreeMap<String, BTreeMap<String, Ranges>> = BTreeMap::new();
        for (operation, parts) in sorted {
            of.insert(operation, parts.into_iter().map(|(part, all)| (part, Ranges::new(all))).collect());
        }
        Self { began, of }
    }

    /// Whether they can have told of something made then: what is younger than the sweep was in no answer of it. What does not say
    /// when it was made is taken for older.
    pub fn can_know(&self, made: Option<Timestamp>) -> bool {
        made.is_none_or(|made| made <= self.began)
    }

    /// The id of the request that answered for this name; none where none did, or more than one may have.
    pub fn holding(&self, operation: &str, part: &str, name: &str) -> Option<&str> {
        self.ranges(operation, part)?.holding(name)
    }

    /// The ids of the requests that answered for all of these names, each once: `id, id`. None without names, where one of the names
    /// has none, and where there are more than three.
    pub fn holding_all<'n>(&self, operation: &str, part: &str, names: impl IntoIterator<Item = &'n str>) -> Option<Cow<'_, str>> {
        let ranges = self.ranges(operation, part)?;
        let mut ids: Vec<&str> = Vec::new();
        for name in names {
            let id = ranges.holding(name)?;
            if ids.contains(&id) {
                continue;
            }
            if ids.len() == MOST {
                return None;
            }
            ids.push(id);
        }
        match ids.as_slice() {
            [] => None,
            [one] => Some(Cow::Borrowed(*one)),
            more => Some(Cow::Owned(more.join(", "))),
        }
    }

    /// The id of the request that answered for everything of this operation and part, where one did.
    pub fn only(&self, operation: &str, part: &str) -> Option<&str> {
        match self.ranges(operation, part)?.all.as_slice() {
            [one] => Some(&one.request_id),
            _ => None,
        }
    }

    fn ranges(&self, operation: &str, part: &str) -> Option<&Ranges> {
        self.of.get(operation)?.get(part)
    }
}

/// The requests of one operation and part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Ranges {
    /// By first name.
    all: Vec<Answered>,
    /// Beside each, of those up to it: which reaches farthest, and which does of the others.
    reaching: Vec<(usize, Option<usize>)>,
}

impl Ranges {
    fn new(mut all: Vec<Answered>) -> Self {
        all.sort_by(|one, other| one.first.cmp(&other.first));
        let last = |place: usize| all.get(place).map(|one| one.last.as_str());
        let mut reaching: Vec<(usize, Option<usize>)> = Vec::with_capacity(all.len());
        for place in 0..all.len() {
            let here = match reaching.last().copied() {
                None => (place, None),
                Some((farthest, _)) if last(place) >= last(farthest) => (place, Some(farthest)),
                Some((farthest, next)) if last(place) >= next.and_then(last) => (farthest, Some(place)),
                Some(before) => before,
            };
            reaching.push(here);
        }
        Self { all, reaching }
    }

    /// The id of the one range that holds a name. Of those that begin before it only the two that reach farthest are looked at: where
    /// the second does not hold it, no other does.
    fn holding(&self, name: &str) -> Option<&str> {
        let before = self.all.partition_point(|one| one.first.as_str() <= name).checked_sub(1)?;
        let (farthest, next) = self.reaching.get(before).copied()?;
        let holds = |place: usize| self.all.get(place).filter(|one| one.last.as_str() >= name);
        if next.and_then(holds).is_some() {
            return None;
        }
        holds(farthest).map(|one| one.request_id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(part: &str, first: &str, last: &str, id: &str) -> Answered {
        let (operation, part, first, last) = (DESCRIBE_SERVICES.to_owned(), part.to_owned(), first.to_owned(), last.to_owned());
        Answered { operation, part, first, last, request_id: id.to_owned() }
    }

    fn requests(ranges: &[(&str, &str, &str)]) -> Requests {
        let all = ranges.iter().map(|(first, last, id)| range("main", first, last, id)).collect();
        Requests::new(Timestamp::from_secs(100), all)
    }

    fn told<'r>(requests: &'r Requests, name: &str) -> Option<&'r str> {
        requests.holding(DESCRIBE_SERVICES, "main", name)
    }

    #[test]
    fn a_request_answered_for_what_lies_between_its_first_and_last() {
        let answered = Answered::of(DESCRIBE_SERVICES, "main", ["quest", "auth", "http"].into_iter(), "r1".to_owned());
        assert_eq!(answered, Some(range("main", "auth", "quest", "r1")));
        assert_eq!(Answered::of(DESCRIBE_SERVICES, "main", std::iter::empty(), "r1".to_owned()), None, "an empty page tells of nothing");
        let one = requests(&[("auth", "http", "r1")]);
        for (name, id) in [("auth", Some("r1")), ("b", Some("r1")), ("http", Some("r1")), ("aut", None), ("http2", None), ("", None)] {
            assert_eq!(told(&one, name), id, "{name}");
        }
    }

    #[test]
    fn what_lies_in_a_gap_was_told_by_nobody() {
        let all = requests(&[("n", "q", "r2"), ("a", "c", "r1"), ("x", "x", "r3")]);
        for (name, id) in [("b", Some("r1")), ("d", None), ("o", Some("r2")), ("r", None), ("x", Some("r3")), ("z", None)] {
            assert_eq!(told(&all, name), id, "{name}");
        }
    }

    #[test]
    fn of_a_name_in_two_ranges_nobody_can_say_which() {
        let all = requests(&[("a", "m", "r1"), ("c", "d", "r2"), ("k", "z", "r3")]);
        for (name, id) in [("b", Some("r1")), ("c", None), ("d", None), ("e", Some("r1")), ("l", None), ("n", Some("r3"))] {
            assert_eq!(told(&all, name), id, "{name}");
        }
    }

    #[test]
    fn clusters_and_operations_are_told_apart() {
        let all = vec![range("main", "a", "z", "r1"), range("staging", "a", "z", "r2")];
        let all = Requests::new(Timestamp::from_secs(100), all);
        assert_eq!((told(&all, "auth"), all.holding(DESCRIBE_SERVICES, "staging", "auth")), (Some("r1"), Some("r2")));
        assert_eq!((all.holding(DESCRIBE_SERVICES, "other", "auth"), all.holding(DESCRIBE_TASKS, "main", "auth")), (None, None));
        assert_eq!(Requests::default().holding(DESCRIBE_SERVICES, "main", "auth"), None);
    }

    #[test]
    fn several_requests_are_named_together_but_not_many() {
        let all = requests(&[("a", "a", "r1"), ("b", "b", "r2"), ("c", "c", "r3"), ("d", "d", "r4")]);
        let together = |names: &[&str]| all.holding_all(DESCRIBE_SERVICES, "main", names.iter().copied()).map(Cow::into_owned);
        let rows: [(&[&str], Option<&str>); 6] = [
            (&[], None),
            (&["b"], Some("r2")),
            (&["b", "b", "a"], Some("r2, r1")),
            (&["a", "b", "c", "a"], Some("r1, r2, r3")),
            (&["a", "b", "c", "d"], None),
            (&["a", "e"], None),
        ];
        for (names, ids) in rows {
            assert_eq!(together(names).as_deref(), ids, "{names:?}");
        }
    }

    #[test]
    fn one_request_can_answer_for_everything() {
        assert_eq!(requests(&[("a", "c", "r1")]).only(DESCRIBE_SERVICES, "main"), Some("r1"));
        assert_eq!(requests(&[("a", "c", "r1"), ("d", "d", "r2")]).only(DESCRIBE_SERVICES, "main"), None);
        assert_eq!(requests(&[]).only(DESCRIBE_SERVICES, "main"), None);
    }

    #[test]
    fn what_is_younger_than_the_sweep_was_told_by_none_of_it() {
        let all = requests(&[]);
        for (made, known) in [(None, true), (Some(99), true), (Some(100), true), (Some(101), false)] {
            assert_eq!(all.can_know(made.map(Timestamp::from_secs)), known, "{made:?}");
        }
    }

    proptest! {
        /// The two that reach farthest tell the same as looking at every range.
        #[test]
        fn a_name_is_found_as_by_looking_at_all(
            ranges in proptest::collection::vec(("[a-e]{1,2}", "[a-e]{1,2}"), 0..8),
            name in "[a-e]{1,2}"
        ) {
            let answered = |(number, (one, other)): (usize, &(String, String))| {
                Answered::of(DESCRIBE_SERVICES, "main", [one.as_str(), other.as_str()].into_iter(), format!("r{number}"))
            };
            let all: Vec<Answered> = ranges.iter().enumerate().filter_map(answered).collect();
            let holding: Vec<String> =
                all.iter().filter(|one| one.first <= name && name <= one.last).map(|one| one.request_id.clone()).collect();
            let expected = if let [one] = holding.as_slice() { Some(one.as_str()) } else { None };
            let requests = Requests::new(Timestamp::from_secs(0), all);
            prop_assert_eq!(told(&requests, &name), expected);
        }
    }
}
