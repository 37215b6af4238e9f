//! Files handed in as evidence that say by themselves how far a check holds: a k6 summary, a JUnit report.
//!
//! Separate from the attestation because a file is read before anything is kept, against the limits of the score card: what it
//! says is its value and a sentence, and whoever hands it in can judge worse than that, not better. The trap is a file of
//! another version that looks alike: what is not certainly one of the forms below is refused with a sentence, and what a
//! file says nothing of is said to be missing and counts as not held.
//!
//! | module | holds |
//! |---|---|
//! | `k6` | the end-of-test summary in its three forms |
//! | `junit` | test suites as JUnit, Surefire, pytest and others write them |

mod junit;
mod k6;

use domain::readiness::card::Thresholds;

/// Most bytes of a file that is kept.
pub const MOST_BYTES: usize = 5_000_000;

/// What a file is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An end-of-test summary of k6, as JSON.
    K6,
    /// A JUnit report, as XML.
    JUnit,
}

/// What a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// How far the check holds by it, in permille.
    pub value: u16,
    /// In a sentence, with its numbers and the limits they were held against. Safe to show.
    pub said: String,
}

/// Why a file was not read, as a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} Nothing was kept.")]
pub struct Unread(String);

impl Format {
    /// What a file seems to be; none for one that is only kept.
    pub fn guess(bytes: &[u8]) -> Option<Self> {
        let start = bytes.get(..bytes.len().min(4_096)).unwrap_or_default();
        let start = String::from_utf8_lossy(start);
        let start = start.trim_start_matches('\u{feff}').trim_start();
        let holds = |word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
        if start.starts_with('<') && start.contains("<testsuite") {
            return Some(Self::JUnit);
        }
        let summary = holds("\"metrics\"") && (holds("\"http_reqs\"") || holds("\"root_group\"") || holds("\"iterations\""));
        (start.starts_with('{') && summary).then_some(Self::K6)
    }
}

/// Reads a file against the limits of the score card.
///
/// # Errors
/// It is too large, or not what it is read as; the sentence says which.
pub fn read(bytes: &[u8], format: Format, limits: &Thresholds) -> Result<Spoken, Unread> {
    small_enough(bytes)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Unread(format!("The file is not UTF-8 (at byte {}): save it as UTF-8 and hand it in again.", error.valid_up_to()))
    })?;
    match format {
        Format::K6 => k6::read(text, limits),
        Format::JUnit => junit::read(text, limits),
    }
}

/// Whether a file may be kept at all, whatever it is.
///
/// # Errors
/// It is empty or too large.
pub fn small_enough(bytes: &[u8]) -> Result<(), Unread> {
    if bytes.is_empty() {
        return Err(Unread("The file is empty.".to_owned()));
    }
    if bytes.len() > MOST_BYTES {
        let size = domain::text::grouped(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        return Err(Unread(format!("The file has {size} bytes, and 5,000,000 are the most: hand in a summary of it.")));
    }
    Ok(())
}

/// Of so many demands so many are met.
fn share(met: u32, all: u32) -> u16 {
    let permille = (met.min(all) * 1_000).checked_div(all).unwrap_or(0);
    u16::try_from(permille).unwrap_or(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_recognised_by_what_stands_in_it() {
        for (text, format) in [
            ("<?xml version=\"1.0\"?>\n<testsuites/>", Some(Format::JUnit)),
            ("\u{feff}<testsuite name=\"a\"/>", Some(Format::JUnit)),
            ("{\"root_group\":{},\"metrics\":{}}", Some(Format::K6)),
            ("{\"results\":{\"metrics\":[{\"name\":\"http_reqs\"}]}}", Some(Format::K6)),
            ("{\"metrics\":{}}", None),
            ("<html>", None),
            ("%PDF-1.7", None),
            ("", None),
        ] {
            assert_eq!(Format::guess(text.as_bytes()), format, "{text}");
        }
    }

    #[test]
    fn a_file_of_any_size_gets_an_answer() {
        let limits = Thresholds::default();
        for (bytes, said) in
            [(Vec::new(), "is empty"), (vec![b' '; MOST_BYTES + 1], "5,000,001 bytes"), (vec![b'{', 0xff], "not UTF-8 (at byte 1)")]
        {
            let unread = read(&bytes, Format::K6, &limits).unwrap_err().to_string();
            assert!(unread.contains(said) && unread.ends_with("Nothing was kept."), "{unread}");
        }
    }
}
