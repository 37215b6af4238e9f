//! A page of the record, searched and filtered.
//!
//! Places are found first and rows read after, because a question may match half a million entries of which fifty are
//! shown. The trap is the beginning of a frequent word: the index has to gather every entry with any word that begins
//! so before it can give the newest. Frequent words are by their nature found among the newest entries, so in a large
//! record those are read first, and only what is rare there is asked of the index.

use domain::timeline::EventKind;
use domain::view::{ENTRIES_PER_PAGE, TimelineEntry, TimelinePage, TimelineQuery};
use sqlx::SqliteConnection;

use super::Row;
use super::wanted::{Reader, Wanted, bounds, wanted};
use crate::store::{Store, StoreError, json, revision, unsigned, words};

/// How many of the newest matching entries are counted by kind.
const COUNTED: i64 = 1_000;
/// From how many entries on the newest are read before the index is asked.
const LARGE: i64 = 50_000;
/// How many of them.
const NEWEST: i64 = 4_000;
/// One more than is shown, to know whether there are more.
const FETCHED: usize = ENTRIES_PER_PAGE + 1;

/// Entries of a file read at a time: their last words are long, and only the last line is kept.
const AT_ONCE: usize = 500;

/// Where an entry stands, and its kind.
type Place = (i64, String);

/// A part of the record for a file.
#[derive(Debug, Default)]
pub struct Entries {
    /// Newest first; of a task's last words the last line only.
    pub entries: Vec<TimelineEntry>,
    /// Whether there are more.
    pub cut: bool,
    /// Where they begin, where that can be asked for.
    pub cut_at: Option<i64>,
    /// Entries that are not in the search index yet and so may be missing.
    pub unsearched: u64,
}

impl Store {
    /// A page of the record.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn timeline_page(&self, query: TimelineQuery) -> Result<TimelinePage, StoreError> {
        let mut snapshot = self.read().await?;
        let mut page = TimelinePage { revision: revision(&mut snapshot).await?, query, ..TimelinePage::default() };
        page.environments = scopes(&mut snapshot).await?;
        page.unsearched = unsigned(sqlx::query_scalar!("SELECT up_to FROM timeline_unsearched").fetch_one(&mut *snapshot).await?);
        let forward = page.query.after.is_none();
        let mut places = if forward { older(&mut snapshot, &mut page).await? } else { newer(&mut snapshot, &page.query).await? };
        let more = places.len() > ENTRIES_PER_PAGE;
        places.truncate(ENTRIES_PER_PAGE);
        if !forward {
            places.reverse();
        }
        let (first, last) = (places.first().map(ToString::to_string), places.last().map(ToString::to_string));
        (page.newer, page.older) = if forward {
            (page.query.before.as_ref().and(first).or_else(|| empty_edge(&page.query)), last.filter(|_| more))
        } else {
            (first.filter(|_| more), last.or_else(|| page.query.after.clone()))
        };
        page.entries = at_places(&mut snapshot, &places).await?;
        Ok(page)
    }

    /// The newest entries of a question without counting any, at most so many.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn timeline_entries(&self, query: &TimelineQuery, most: usize) -> Result<Entries, StoreError> {
        let mut snapshot = self.read().await?;
        let unsearched = unsigned(sqlx::query_scalar!("SELECT up_to FROM timeline_unsearched").fetch_one(&mut *snapshot).await?);
        let wanted = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1).max(COUNTED + 1);
        let mut places: Vec<i64> = newest(&mut snapshot, query, query.kind, wanted).await?.into_iter().map(|(place, _)| place).collect();
        let cut = places.len() > most;
        places.truncate(most);
        let mut entries = Vec::with_capacity(places.len());
        for some in places.chunks(AT_ONCE) {
            let mut read = at_places(&mut snapshot, some).await?;
            for words in read.iter_mut().filter_map(|entry| entry.words.as_mut()) {
                words.lines = words.lines.pop().into_iter().collect();
            }
            entries.extend(read);
        }
        let unsearched = if query.filters() { unsearched } else { 0 };
        Ok(Entries { entries, cut, cut_at: places.last().copied().filter(|_| cut), unsearched })
    }

    /// Takes the next slice of entries from before the index into it; answers whether there are more.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn search_more(&self, slice: i64) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let up_to = sqlx::query_scalar!("SELECT up_to FROM timeline_unsearched").fetch_one(&mut *tx).await?;
        if up_to == 0 {
            return Ok(false);
        }
        let from = (up_to - slice).max(0);
        sqlx::query!(
            "INSERT INTO timeline_search (rowid, said, words, facets)
             SELECT place, said, words, facets FROM timeline_text WHERE id > ? AND id <= ? ORDER BY place",
            from,
            up_to,
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!("UPDATE timeline_unsearched SET up_to = ?", from).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(from > 0)
    }
}

/// On a page beyond the oldest entry the way back is where it came from.
fn empty_edge(query: &TimelineQuery) -> Option<String> {
    let edge: i64 = query.before.as_deref()?.parse().ok()?;
    Some(edge.saturating_sub(1).to_string())
}

/// The environments and NATS clusters there are sources of.
async fn scopes(connection: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    let scopes = sqlx::query_scalar!(r#"SELECT DISTINCT substr(id, instr(id, ':') + 1) AS "scope!: String" FROM source ORDER BY 1"#);
    Ok(scopes.fetch_all(connection).await?)
}

/// The newest places of a question, newest first. Without a position the kinds are counted on the way.
async fn older(connection: &mut SqliteConnection, page: &mut TimelinePage) -> Result<Vec<i64>, StoreError> {
    let query = &page.query;
    let counting = query.before.is_none();
    let most = if counting { COUNTED } else { FETCHED as i64 };
    let kind_first = if counting { None } else { query.kind };
    let found = newest(connection, query, kind_first, most).await?;
    let of_kind = |found: &[Place]| -> Vec<i64> {
        let wished = |(_, kind): &&Place| query.kind.is_none_or(|wish| wish.as_str() == kind);
        found.iter().filter(wished).take(FETCHED).map(|(place, _)| *place).collect()
    };
    let mut places = of_kind(&found);
    let whole = (found.len() as i64) < most;
    if counting && query.kind.is_some() && places.len() < FETCHED && !whole {
        places = of_kind(&newest(connection, query, query.kind, FETCHED as i64).await?);
    }
    if counting {
        let count = |kind: EventKind| found.iter().filter(|(_, word)| word == kind.as_str()).count() as u64;
        page.kinds = EventKind::ALL.into_iter().map(|kind| (kind, count(kind))).filter(|(_, count)| *count > 0).collect();
        page.counted = (found.len() as u64, !whole);
    }
    Ok(places)
}

async fn newest(
    connection: &mut SqliteConnection,
    query: &TimelineQuery,
    kind: Option<EventKind>,
    most: i64,
) -> Result<Vec<Place>, StoreError> {
    let (low, high) = bounds(query);
    let expression = match wanted(query, kind) {
        Wanted::Nothing => return Ok(Vec::new()),
        Wanted::Match(expression) => expression,
        Wanted::Everything => {
            let rows = sqlx::query!(
                r#"SELECT place AS "place!: i64", kind FROM timeline WHERE place >= ? AND place < ? ORDER BY place DESC LIMIT ?"#,
                low,
                high,
                most
            );
            return Ok(rows.fetch_all(connection).await?.into_iter().map(|row| (row.place, row.kind)).collect());
        }
    };
    // a page may be found among the newest; a file wants them all
    if !query.q.is_empty() && most <= COUNTED {
        let read = among_newest(&mut *connection, query, kind, (low, high)).await?;
        if read.len() >= FETCHED {
            return Ok(read);
        }
    }
    let rows = sqlx::query!(
        r#"SELECT s.rowid AS "place!: i64", t.kind AS "kind!: String" FROM timeline_search s JOIN timeline t ON t.place = s.rowid
           WHERE timeline_search MATCH ? AND s.rowid >= ? AND s.rowid < ? ORDER BY s.rowid DESC LIMIT ?"#,
        expression,
        low,
        high,
        most,
    );
    Ok(rows.fetch_all(connection).await?.into_iter().map(|row| (row.place, row.kind)).collect())
}

/// Those of the newest entries that match, read one by one; none where the record is small.
async fn among_newest(
    connection: &mut SqliteConnection,
    query: &TimelineQuery,
    kind: Option<EventKind>,
    (low, high): (i64, i64),
) -> Result<Vec<Place>, StoreError> {
    let newest_id = sqlx::query_scalar!(r#"SELECT max(id) AS "id: i64" FROM timeline"#).fetch_one(&mut *connection).await?;
    if newest_id.unwrap_or(0) < LARGE {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!(
        r#"SELECT t.place AS "place!: i64", t.kind, t.tone, t.source, t.cluster, t.service, t.subject, t.text, substr(w.lines, 1, 16384) AS "words: String"
           FROM timeline t LEFT JOIN last_words w ON t.kind = 'task_stopped' AND w.arn = substr(t.key, 6)
           WHERE t.place >= ? AND t.place < ? ORDER BY t.place DESC LIMIT ?"#,
        low,
        high,
        NEWEST,
    )
    .fetch_all(connection)
    .await?;
    let reader = Reader::new(&query.q);
    let is = |wish: &Option<String>, value: Option<&str>| wish.is_none() || wish.as_deref() == value;
    let found = rows.into_iter().filter(|row| {
        kind.is_none_or(|kind| kind.as_str() == row.kind)
            && query.tone.is_none_or(|tone| tone.as_str() == row.tone)
            && !(query.notable && row.tone == "quiet")
            && is(&query.environment, row.source.split_once(':').map(|(_, scope)| scope))
            && is(&query.cluster, row.cluster.as_deref())
            && is(&query.service, row.service.as_deref())
            && reader.finds(&[&row.subject, &row.text, row.words.as_deref().unwrap_or_default()])
    });
    Ok(found.map(|row| (row.place, row.kind)).collect())
}

/// The places just after a position, oldest first.
async fn newer(connection: &mut SqliteConnection, query: &TimelineQuery) -> Result<Vec<i64>, StoreError> {
    let ((low, high), most) = (bounds(query), FETCHED as i64);
    let places = match wanted(query, query.kind) {
        Wanted::Nothing => Vec::new(),
        Wanted::Everything => {
            sqlx::query_scalar!(
                r#"SELECT place AS "place!: i64" FROM timeline WHERE place >= ? AND place < ? ORDER BY place LIMIT ?"#,
                low,
                high,
                most
            )
            .fetch_all(connection)
            .await?
        }
        Wanted::Match(expression) => {
            sqlx::query_scalar!(
                r#"SELECT rowid AS "place!: i64" FROM timeline_search WHERE timeline_search MATCH ? AND rowid >= ? AND rowid < ?
                   ORDER BY rowid LIMIT ?"#,
                expression,
                low,
                high,
                most,
            )
            .fetch_all(connection)
            .await?
        }
    };
    Ok(places)
}

/// The entries at these places, newest first, with their last words.
pub(super) async fn at_places(connection: &mut SqliteConnection, places: &[i64]) -> Result<Vec<TimelineEntry>, StoreError> {
    let places = json("places", &places)?;
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id!", at, kind, tone, source, cluster, service, subject, text FROM timeline
           WHERE place IN (SELECT value FROM json_each(?)) ORDER BY place DESC"#,
        places
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut entries: Vec<TimelineEntry> = rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
    let said = sqlx::query!(
        r#"SELECT t.id AS "id!", w.state, w.reason, w.lines, w.instants, w.cut FROM timeline t JOIN last_words w ON w.arn = substr(t.key, 6)
           WHERE t.kind = 'task_stopped' AND t.place IN (SELECT value FROM json_each(?))"#,
        places
    )
    .fetch_all(connection)
    .await?;
    for row in said {
        if let Some(entry) = entries.iter_mut().find(|entry| entry.id == row.id) {
            entry.words = Some(words::last_words(&row.state, row.reason, row.lines, row.instants, row.cut != 0)?);
        }
    }
    Ok(entries)
}
