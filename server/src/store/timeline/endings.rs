//! How the words of a question go on in the record.
//!
//! A word of a reader means "a word begins so", and FTS5 answers the beginning of a word by gathering every entry of
//! every word that begins so before it gives the first, which for `task` is half of a large record. Asked for whole words
//! it gives the newest at once. So the words that begin so are looked up first, each by one step into the index, and
//! asked for by name. The trap is a beginning with very many words (`s`, `3f`): beyond [`MOST`] it stays a beginning, and
//! [`super::search`] reads entries instead.

use sqlx::SqliteConnection;

use super::wanted::{Ending, Spelled, words};
use crate::store::StoreError;

/// Most words that are asked for by name instead of by their beginning.
const MOST: usize = 32;

/// From each word that begins so to the next greater one; a row of `timeline_terms` is an instance, so that no word is
/// counted out. Not a checked query: describing one over an `fts5vocab` table ends the compiler by a fault in memory.
const WORDS: &str = "WITH RECURSIVE known (word) AS (
        SELECT (SELECT term FROM timeline_terms WHERE term >= ?1 LIMIT 1)
        UNION ALL
        SELECT (SELECT term FROM timeline_terms WHERE term >= known.word || char(1) LIMIT 1) FROM known WHERE known.word < ?2
        LIMIT ?3
    )
    SELECT word FROM known WHERE word >= ?1 AND word < ?2";

/// The words of a question, each with the words of the record that it is the beginning of.
pub(super) async fn spelled(connection: &mut SqliteConnection, q: &str) -> Result<Vec<Spelled>, StoreError> {
    let mut all = Vec::new();
    for word in words(q) {
        let mut spelled = Spelled::new(word);
        if let Some(beginning) = spelled.open_end() {
            spelled.ending = ending(connection, &beginning).await?;
        }
        all.push(spelled);
    }
    Ok(all)
}

async fn ending(connection: &mut SqliteConnection, beginning: &str) -> Result<Ending, StoreError> {
    let (end, most) = (format!("{beginning}\u{10ffff}"), i64::try_from(MOST + 1).unwrap_or(i64::MAX));
    let found: Vec<String> = sqlx::query_scalar(WORDS).bind(beginning).bind(end).bind(most).fetch_all(connection).await?;
    Ok(if found.len() > MOST { Ending::Any } else { Ending::OneOf(found) })
}
