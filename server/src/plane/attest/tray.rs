//! Files that were handed in and are not kept yet.
//!
//! Without scripts a file comes with one form and what is said of it with another, so it must lie somewhere between the two.
//! In memory, because nobody has stood for it yet: a restart loses it and nothing else, and the page says to choose it again.
//! The trap is memory: how many there are, for how long, and how many of one person, is bounded.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::Timestamp;
use domain::readiness::FileNamed;
use sha2::{Digest, Sha256};

/// How long one is held.
const LASTS: Duration = Duration::from_secs(3_600);
/// Most files of one person.
const MOST_OF_ONE: usize = 4;
/// Most files of everybody: with [`crate::evidence_file::MOST_BYTES`] each, eighty megabytes.
const MOST: usize = 16;
/// Most letters of a file's name.
const MOST_NAME: usize = 200;

/// A file that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// The account's name: nobody sees what another has handed in.
    by: String,
    at: Timestamp,
    /// What it is, with its hash.
    pub(super) file: FileNamed,
    /// Its bytes.
    pub(super) bytes: Bytes,
}

/// The files that are held, the oldest first.
#[derive(Debug, Default)]
pub(in crate::plane) struct Tray(Mutex<Vec<Held>>);

impl Tray {
    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds a file; answers its hash. What is too much lets go of the oldest.
    pub(super) fn put(&self, by: &str, name: &str, bytes: Vec<u8>, now: Timestamp) -> String {
        let hash: [u8; 32] = Sha256::digest(&bytes).into();
        let sha256: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let file = FileNamed { name: named(name), sha256: sha256.clone(), bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX) };
        let mut held = self.held();
        held.retain(|held| held.current(now) && !(held.by == by && held.file.sha256 == sha256));
        while held.iter().filter(|held| held.by == by).count() >= MOST_OF_ONE {
            let Some(oldest) = held.iter().position(|held| held.by == by) else { break };
            held.remove(oldest);
        }
        if held.len() >= MOST {
            held.remove(0);
        }
        held.push(Held { by: by.to_owned(), at: now, file, bytes: Bytes::from(bytes) });
        sha256
    }

    /// The file of that hash, where this person handed it in within the hour.
    pub(super) fn get(&self, by: &str, sha256: &str, now: Timestamp) -> Option<Held> {
        let mut held = self.held();
        held.retain(|held| held.current(now));
        held.iter().find(|held| held.by == by && held.file.sha256.eq_ignore_ascii_case(sha256)).cloned()
    }

    /// Lets go of a file that is kept elsewhere by now.
    pub(super) fn let_go(&self, by: &str, sha256: &str) {
        self.held().retain(|held| held.by != by || held.file.sha256 != sha256);
    }
}

impl Held {
    /// Whether its hour is not over. A clock that was set back must not hold it for ever.
    fn current(&self, now: Timestamp) -> bool {
        self.at <= now && now.since(self.at) < LASTS
    }
}

/// A file's name without folders, as some browsers send them, and with nothing hidden in it.
fn named(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let plain: String =
        domain::text::plain(last).chars().map(|letter| if letter.is_control() { '·' } else { letter }).take(MOST_NAME).collect();
    if plain.is_empty() { "file".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_777_714_800 + seconds)
    }

    #[test]
    fn a_file_is_held_for_an_hour_and_for_who_handed_it_in() {
        let tray = Tray::default();
        let hash = tray.put("nina", "C:\\tests\\sum\u{202E}mary.json", b"{}".to_vec(), at(0));
        assert_eq!(hash, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
        let held = tray.get("nina", &hash.to_uppercase(), at(3_599)).unwrap();
        assert_eq!((held.file.name.as_str(), held.file.bytes, &held.bytes[..]), ("sum·mary.json", 2, &b"{}"[..]));
        assert_eq!(tray.get("omar", &hash, at(1)), None, "another's");
        assert_eq!(tray.get("nina", &hash, at(3_600)), None, "its hour is over");
    }

    #[test]
    fn the_tray_is_small_and_lets_go_of_the_oldest() {
        let tray = Tray::default();
        let put = |by: &str, text: &str, seconds| tray.put(by, "f", text.as_bytes().to_vec(), at(seconds));
        let first = put("nina", "0", 0);
        let others: Vec<String> = (1..5).map(|number| put("nina", &number.to_string(), number)).collect();
        assert_eq!(tray.get("nina", &first, at(9)), None);
        assert!(others.iter().all(|hash| tray.get("nina", hash, at(9)).is_some()));
        let again = put("nina", "1", 10);
        assert_eq!(again, others[0]);
        assert_eq!(tray.held().len(), 4, "the same file lies there once");
        for number in 0..20 {
            put(&format!("person {number}"), "x", 11);
        }
        assert_eq!(tray.held().len(), MOST);
        tray.let_go("person 19", &put("person 19", "x", 12));
        assert_eq!(tray.held().len(), MOST - 1);
    }
}
