//! Reading checklists: the bytes of a Markdown file to [`Checklist`].
//!
//! In the server and not in `domain`, because what a list item, a fence or a heading is, is CommonMark's to say, and
//! `pulldown-cmark` says it; `domain` stays without parsers. The parser tells only *where* headings and boxes are. What stands
//! between two of them belongs to the first and is taken from the file as it is written, so that a note, a fence, a comment
//! or a link's definition is never rebuilt from events, which would lose what has none. The trap is a file that is damaged
//! before it comes here: what was decoded wrongly is repaired where that is certain, flagged where it is not, and what is no
//! text at all is refused with a sentence and nothing kept.
//!
//! | module | holds |
//! |---|---|
//! | `decode` | bytes to text: size, byte order marks, binary files, line ends |
//! | `mojibake` | UTF-8 that was read as Windows-1252, once or more often |
//! | `read` | text to a checklist |

mod decode;
mod mojibake;
mod read;

use domain::readiness::checklist::Checklist;

/// From this many bytes on a file is refused.
pub const TOO_MANY_BYTES: usize = 5_000_000;
/// From this many boxes on a file is refused.
pub const TOO_MANY_ITEMS: usize = 10_000;
/// Most notices of one kind.
const MOST_NOTICES: usize = 100;

/// Why nothing was read, as a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} Nothing was kept.")]
pub struct Refused(String);

/// Something to look at before the import is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The line of the file, from 1.
    pub line: usize,
    /// What is odd there.
    pub said: String,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The checklist.
    pub checklist: Checklist,
    /// How many characters were repaired that had been decoded wrongly.
    pub repaired: usize,
    /// What may be damaged and could not be repaired for certain.
    pub notices: Vec<Notice>,
}

/// How often what was read is written and read again until it stays as it is. Two are enough for all that was tried.
const MOST_READINGS: usize = 8;

/// Reads a Markdown file.
///
/// # Errors
/// It is too large, no text, or no checklist; the sentence says which.
pub fn import(bytes: &[u8]) -> Result<Imported, Refused> {
    let text = decode::decode(bytes)?;
    let mojibake::Repaired { text, repaired, doubts } = mojibake::repair(&text);
    let (checklist, unlike) = read::read(&text)?;
    let checklist = settled(checklist);
    let mut notices: Vec<Notice> = doubts.into_iter().take(MOST_NOTICES).collect();
    notices.extend(unlike.into_iter().take(MOST_NOTICES));
    notices.sort_by_key(|notice| notice.line);
    Ok(Imported { checklist, repaired, notices })
}

/// What stays the same when it is written and read again. A box that is indented by one column too few or too many is code to
/// Markdown, but once it stands where notes stand it is a box; so is what follows a fence that nobody closed. Whoever wrote such
/// a file meant the box, and whoever exports it must not be told of changes when it comes back.
fn settled(first: Checklist) -> Checklist {
    let mut now = first;
    for _ in 0..MOST_READINGS {
        match read::read(&now.to_markdown()) {
            Ok((again, _)) if again != now => now = again,
            _ => break,
        }
    }
    now
}

#[cfg(test)]
mod tests;
