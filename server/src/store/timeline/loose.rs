//! Words of a question that begin too many words of the record to be asked for by name.
//!
//! The index would gather all of their entries first. By their nature they are frequent, so the newest entries that
//! match the rest of the question are read one by one, and the index is asked only if too few of those are found.

use sqlx::SqliteConnection;

use super::search::{FETCHED, Found, Place};
use super::wanted::{Reader, Spelled, Wanted};
use crate::store::StoreError;

/// From how many entries on this is worth it.
const LARGE: i64 = 50_000;
/// How many entries are read.
const NEWEST: i64 = 4_000;

/// An entry as far as words are looked for in it.
struct Entry {
    place: i64,
    kind: String,
    subject: String,
    text: String,
    words: Option<String>,
}

/// The newest entries within the bounds that match `firm` and have the loose ones of `words`; nothing where that is too
/// few to be an answer.
pub(super) async fn among_newest(
    connection: &mut SqliteConnection,
    words: &[Spelled],
    firm: &Wanted,
    bounds: (i64, i64),
) -> Result<Option<Found>, StoreError> {
    let loose: Vec<&Spelled> = words.iter().filter(|word| word.loose()).collect();
    if loose.is_empty() || newest_id(&mut *connection).await? < LARGE {
        return Ok(None);
    }
    // what cannot have the longest of them is left out by SQLite, which is quicker than reading it here
    let needle = loose.iter().filter_map(|word| word.open_end()).max_by_key(String::len).unwrap_or_default();
    let (entries, looked) = match firm {
        Wanted::Nothing => (Vec::new(), 0),
        Wanted::Everything => all(&mut *connection, &needle, bounds).await?,
        Wanted::Match(expression) => matching(&mut *connection, expression, &needle, bounds).await?,
    };
    let reader = Reader::new(loose);
    let found = entries.into_iter().filter(|row| reader.finds(&[&row.subject, &row.text, row.words.as_deref().unwrap_or_default()]));
    let places: Vec<Place> = found.map(|row| (row.place, row.kind)).collect();
    let whole = looked < NEWEST;
    Ok((whole || places.len() >= FETCHED).then_some(Found { places, whole }))
}

async fn newest_id(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let newest = sqlx::query_scalar!(r#"SELECT max(id) AS "id: i64" FROM timeline"#).fetch_one(connection).await?;
    Ok(newest.unwrap_or(0))
}

/// Those that can have the needle, and how many were looked at.
async fn all(connection: &mut SqliteConnection, needle: &str, (low, high): (i64, i64)) -> Result<(Vec<Entry>, i64), StoreError> {
    let rows = sqlx::query_as!(
        Entry,
        r#"SELECT place AS "place!: i64", kind, subject, text, words AS "words: String" FROM (
               SELECT t.place, t.kind, t.subject, t.text, substr(w.lines, 1, 16384) AS words
               FROM timeline t LEFT JOIN last_words w ON t.kind = 'task_stopped' AND w.arn = substr(t.key, 6)
               WHERE t.place >= ?1 AND t.place < ?2 ORDER BY t.place DESC LIMIT ?3)
           WHERE ?4 = '' OR instr(lower(subject || ' ' || text || ' ' || coalesce(words, '')), ?4) > 0"#,
        low,
        high,
        NEWEST,
        needle,
    )
    .fetch_all(&mut *connection)
    .await?;
    let looked = sqlx::query_scalar!(
        r#"SELECT count(*) AS "looked!: i64" FROM (SELECT 1 FROM timeline WHERE place >= ? AND place < ? LIMIT ?)"#,
        low,
        high,
        NEWEST,
    )
    .fetch_one(connection)
    .await?;
    Ok((rows, looked))
}

/// The same of those that match.
async fn matching(
    connection: &mut SqliteConnection,
    expression: &str,
    needle: &str,
    (low, high): (i64, i64),
) -> Result<(Vec<Entry>, i64), StoreError> {
    let rows = sqlx::query_as!(
        Entry,
        r#"SELECT place AS "place!: i64", kind AS "kind!: String", subject AS "subject!: String", text AS "text!: String", words AS "words: String" FROM (
               SELECT t.place, t.kind, t.subject, t.text, substr(w.lines, 1, 16384) AS words
               FROM timeline_search s JOIN timeline t ON t.place = s.rowid
               LEFT JOIN last_words w ON t.kind = 'task_stopped' AND w.arn = substr(t.key, 6)
               WHERE timeline_search MATCH ?1 AND s.rowid >= ?2 AND s.rowid < ?3 ORDER BY s.rowid DESC LIMIT ?4)
           WHERE ?5 = '' OR instr(lower(subject || ' ' || text || ' ' || coalesce(words, '')), ?5) > 0"#,
        expression,
        low,
        high,
        NEWEST,
        needle,
    )
    .fetch_all(&mut *connection)
    .await?;
    let looked = sqlx::query_scalar!(
        r#"SELECT count(*) AS "looked!: i64" FROM (
               SELECT 1 FROM timeline_search s WHERE timeline_search MATCH ?1 AND s.rowid >= ?2 AND s.rowid < ?3 LIMIT ?4)"#,
        expression,
        low,
        high,
        NEWEST,
    )
    .fetch_one(connection)
    .await?;
    Ok((rows, looked))
}
