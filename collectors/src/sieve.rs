//! What of a list is as it was when it was last brought home, so that a sweep need not carry it.
//!
//! A sweep of ten thousand services holds thirty thousand tasks beside them until it is recorded, and in a calm fleet hardly any
//! has changed since the sweep before. So each thing is compared as its page is read, by a digest of its state, and of what is the
//! same only the name goes on. The trap: what is remembered here and what the store holds must never differ. So marks are made when a
//! reading is finished, taken back when it could not be recorded (also those of a sweep that was under way then), and whatever else
//! has written to the store is carried anyway by the sweeps that follow.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// Digests of what was brought home, by digest of the name. Sixteen bytes a thing: two of a million are taken for one once in
/// ten million fleets, and are then carried each time.
type Marks = HashMap<u64, u64>;

/// What the sweeps of a collector have brought home, list by list.
#[derive(Debug, Default)]
pub(crate) struct Brought(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// How often everything was taken back.
    era: u64,
    lists: HashMap<String, Arc<Marks>>,
}

impl Brought {
    /// A sieve for one reading of this list.
    pub(crate) fn sieve(&self, list: &str) -> Sieve {
        let kept = self.kept();
        Sieve { list: list.to_owned(), era: kept.era, before: kept.lists.get(list).cloned().unwrap_or_default(), sifted: Mutex::default() }
    }

    /// The reading is finished. What is absent from a list that is not `whole` is as it was.
    pub(crate) fn finish(&self, sieve: Sieve, whole: bool) {
        let mut kept = self.kept();
        // taken back while this one was under way: what it left out may be what was lost
        if kept.era != sieve.era {
            return;
        }
        let mut marks = sieve.sifted.into_inner().unwrap_or_else(PoisonError::into_inner).marks;
        if whole {
            marks.shrink_to_fit();
        } else {
            for (name, state) in sieve.before.iter() {
                marks.entry(*name).or_insert(*state);
            }
        }
        kept.lists.insert(sieve.list, Arc::new(marks));
    }

    /// Forgets the lists that are not to be kept: what they name has left the store.
    pub(crate) fn only(&self, keep: impl Fn(&str) -> bool) {
        self.kept().lists.retain(|list, _| keep(list));
    }

    /// Something that was brought home is lost: everything is brought again.
    pub(crate) fn forget(&self) {
        let mut kept = self.kept();
        kept.era += 1;
        kept.lists.clear();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // true after every statement
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One thing that is as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rest {
    pub(crate) name: String,
    /// The service it belongs to, where it does.
    pub(crate) of: Option<String>,
}

/// Sifts one reading of one list.
#[derive(Debug)]
pub(crate) struct Sieve {
    list: String,
    era: u64,
    before: Arc<Marks>,
    sifted: Mutex<Sifted>,
}

#[derive(Debug, Default)]
struct Sifted {
    marks: Marks,
    rest: Vec<Rest>,
}

impl Sieve {
    /// Whether this thing is to be carried: it is not as it was, or it is to be carried `anyway`. Else its name goes to the rest.
    pub(crate) fn carries(&self, name: &str, of: Option<&str>, state: &impl Serialize, anyway: bool) -> bool {
        let (key, digest) = (digest_of_name(name), digest(state));
        let mut sifted = self.sifted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(digest) = digest {
            sifted.marks.insert(key, digest);
        }
        let carried = anyway || digest.is_none() || self.before.get(&key) != digest.as_ref();
        if !carried {
            sifted.rest.push(Rest { name: name.to_owned(), of: of.map(str::to_owned) });
        }
        carried
    }

    /// What was not carried. To be taken once, when everything is read.
    pub(crate) fn take_rest(&self) -> Vec<Rest> {
        std::mem::take(&mut self.sifted.lock().unwrap_or_else(PoisonError::into_inner).rest)
    }
}

fn digest_of_name(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// A digest of all that is told of a state; none where it cannot be written down.
fn digest(state: &impl Serialize) -> Option<u64> {
    let mut hashing = Hashing(DefaultHasher::new());
    serde_json::to_writer(&mut hashing, state).ok()?;
    Some(hashing.0.finish())
}

struct Hashing(DefaultHasher);

impl io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a list of names with states; what was carried, and what was only named.
    fn read(sieve: &Sieve, list: &[(&str, u32)]) -> (Vec<String>, Vec<String>) {
        let carried = list.iter().filter(|(name, state)| sieve.carries(name, None, state, false)).map(|(name, _)| (*name).to_owned());
        let carried = carried.collect();
        (carried, sieve.take_rest().into_iter().map(|rest| rest.name).collect())
    }

    fn swept(brought: &Brought, list: &[(&str, u32)], whole: bool) -> (Vec<String>, Vec<String>) {
        let sieve = brought.sieve("tasks");
        let read = read(&sieve, list);
        brought.finish(sieve, whole);
        read
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_as_it_was_is_only_named() {
        let brought = Brought::default();
        assert_eq!(swept(&brought, &[("a", 1), ("b", 1)], true), (names(&["a", "b"]), names(&[])));
        assert_eq!(swept(&brought, &[("a", 1), ("b", 2), ("c", 1)], true), (names(&["b", "c"]), names(&["a"])));
        assert_eq!(swept(&brought, &[("a", 1), ("b", 2), ("c", 1)], true), (names(&[]), names(&["a", "b", "c"])));
        assert_eq!(read(&brought.sieve("services"), &[("a", 1)]).0, names(&["a"]), "each list has its own");
    }

    #[test]
    fn what_was_gone_and_comes_back_as_it_was_is_carried() {
        let brought = Brought::default();
        swept(&brought, &[("a", 1), ("b", 1)], true);
        swept(&brought, &[("a", 1)], true);
        assert_eq!(swept(&brought, &[("a", 1), ("b", 1)], true).0, names(&["b"]));
    }

    #[test]
    fn a_list_cut_short_takes_nothing_back_and_remembers_what_it_read() {
        let brought = Brought::default();
        swept(&brought, &[("a", 1), ("b", 1)], true);
        assert_eq!(swept(&brought, &[("a", 2)], false).0, names(&["a"]));
        assert_eq!(swept(&brought, &[("a", 1), ("b", 1)], true), (names(&["a"]), names(&["b"])));
    }

    #[test]
    fn what_is_to_be_carried_anyway_is() {
        let brought = Brought::default();
        swept(&brought, &[("a", 1)], true);
        let sieve = brought.sieve("tasks");
        assert!(sieve.carries("a", Some("auth"), &1, true) && sieve.take_rest().is_empty());
        assert!(!sieve.carries("a", Some("auth"), &1, false));
        assert_eq!(sieve.take_rest(), [Rest { name: "a".into(), of: Some("auth".into()) }]);
    }

    #[test]
    fn a_list_that_is_gone_and_comes_back_is_carried() {
        let brought = Brought::default();
        swept(&brought, &[("a", 1)], true);
        brought.only(|list| list != "tasks");
        assert_eq!(swept(&brought, &[("a", 1)], true).0, names(&["a"]));
    }

    #[test]
    fn what_was_lost_is_brought_again_also_by_a_sweep_that_was_under_way() {
        let brought = Brought::default();
        swept(&brought, &[("a", 1)], true);
        let under_way = brought.sieve("tasks");
        assert_eq!(read(&under_way, &[("a", 1)]).0, names(&[]));
        brought.forget();
        brought.finish(under_way, true);
        assert_eq!(swept(&brought, &[("a", 1)], true).0, names(&["a"]));
    }
}
