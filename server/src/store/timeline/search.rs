//! A page of the record, searched and filtered.
//!
//! Places are found first and rows read after, because a question may match half a million entries of which fifty are
//! shown. The trap is the beginning of a frequent word: the index has to gather every entry with any word that begins
//! so before it can give the newest. So words are asked for by name ([`super::endings`]) or, where there are too many of
//! them, looked for in the newest entries ([`super::loose`]).

use std::collections::BTreeMap;

use domain::service::ServiceKey;
use domain::timeline::{EventKind, left_behind};
use domain::view::{ENTRIES_PER_PAGE, PlanQuery, TimelineEntry, TimelinePage, TimelineQuery, way_back};
use sqlx::SqliteConnection;

use super::wanted::{Spelled, Wanted, bounds, wanted};
use super::{Row, endings, loose};
use crate::store::{Store, StoreError, json, revision, service, unsigned, words};

/// How many of the newest matching entries are counted by kind.
const COUNTED: i64 = 1_000;
/// One more than is shown, to know whether there are more.
pub(super) const FETCHED: usize = ENTRIES_PER_PAGE + 1;

/// Entries of a file read at a time: their last words are long, and only the last line is kept.
const AT_ONCE: usize = 500;

/// Where an entry stands, and its kind.
pub(super) type Place = (i64, String);

/// The newest entries that match.
pub(super) struct Found {
    /// Newest first.
    pub(super) places: Vec<Place>,
    /// Whether there are no others.
    pub(super) whole: bool,
}

impl Found {
    /// What was found where at most `most` were asked for.
    fn of(places: Vec<Place>, most: i64) -> Self {
        let whole = (places.len() as i64) < most;
        Self { places, whole }
    }
}

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
        let words = endings::spelled(&mut snapshot, &page.query.q).await?;
        // signs alone are no words, and whoever asks for them asks for nothing that is there
        let signs = words.is_empty() && !page.query.q.trim().is_empty();
        let mut places = match (signs, forward) {
            (true, _) => Vec::new(),
            (_, true) => older(&mut snapshot, &mut page, &words).await?,
            (_, false) => newer(&mut snapshot, &page.query, &words).await?,
        };
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
        ways_back(&mut snapshot, &mut page.entries).await?;
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
        let words = endings::spelled(&mut snapshot, &query.q).await?;
        let found = match words.is_empty() && !query.q.trim().is_empty() {
            true => Vec::new(),
            false => newest(&mut snapshot, query, &words, query.kind, wanted).await?.places,
        };
        let mut places: Vec<i64> = found.into_iter().map(|(place, _)| place).collect();
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
async fn older(connection: &mut SqliteConnection, page: &mut TimelinePage, words: &[Spelled]) -> Result<Vec<i64>, StoreError> {
    let query = &page.query;
    let counting = query.before.is_none();
    let most = if counting { COUNTED } else { FETCHED as i64 };
    let kind_first = if counting { None } else { query.kind };
    let Found { places: found, whole } = newest(connection, query, words, kind_first, most).await?;
    let of_kind = |found: &[Place]| -> Vec<i64> {
        let wished = |(_, kind): &&Place| query.kind.is_none_or(|wish| wish.as_str() == kind);
        found.iter().filter(wished).take(FETCHED).map(|(place, _)| *place).collect()
    };
    let mut places = of_kind(&found);
    if counting && query.kind.is_some() && places.len() < FETCHED && !whole {
        places = of_kind(&newest(connection, query, words, query.kind, FETCHED as i64).await?.places);
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
    words: &[Spelled],
    kind: Option<EventKind>,
    most: i64,
) -> Result<Found, StoreError> {
    let (low, high) = bounds(query);
    let expression = match wanted(query, kind, words) {
        Wanted::Nothing => return Ok(Found { places: Vec::new(), whole: true }),
        Wanted::Match(expression) => expression,
        Wanted::Everything => {
            let rows = sqlx::query!(
                r#"SELECT place AS "place!: i64", kind FROM timeline WHERE place >= ? AND place < ? ORDER BY place DESC LIMIT ?"#,
                low,
                high,
                most
            );
            let places = rows.fetch_all(connection).await?.into_iter().map(|row| (row.place, row.kind)).collect();
            return Ok(Found::of(places, most));
        }
    };
    let firm = wanted(query, kind, words.iter().filter(|word| !word.loose()));
    // a page may be found among the newest; a file wants them all
    if most <= COUNTED
        && let Some(found) = loose::among_newest(&mut *connection, words, &firm, (low, high)).await?
    {
        return Ok(found);
    }
    let rows = sqlx::query!(
        r#"SELECT s.rowid AS "place!: i64", t.kind AS "kind!: String" FROM timeline_search s JOIN timeline t ON t.place = s.rowid
           WHERE timeline_search MATCH ? AND s.rowid >= ? AND s.rowid < ? ORDER BY s.rowid DESC LIMIT ?"#,
        expression,
        low,
        high,
        most,
    );
    let places = rows.fetch_all(connection).await?.into_iter().map(|row| (row.place, row.kind)).collect();
    Ok(Found::of(places, most))
}

/// The places just after a position, oldest first.
async fn newer(connection: &mut SqliteConnection, query: &TimelineQuery, words: &[Spelled]) -> Result<Vec<i64>, StoreError> {
    let ((low, high), most) = (bounds(query), FETCHED as i64);
    let places = match wanted(query, query.kind, words) {
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
    // the plus keeps SQLite from reading every stop there is by its kind
    let said = sqlx::query!(
        r#"SELECT t.id AS "id!", w.state, w.reason, w.lines, w.instants, w.cut FROM timeline t JOIN last_words w ON w.arn = substr(t.key, 6)
           WHERE +t.kind = 'task_stopped' AND t.place IN (SELECT value FROM json_each(?))"#,
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

/// Leads from what tells of a deployment to what it left, for services that are there and run something else now.
pub(super) async fn ways_back(connection: &mut SqliteConnection, entries: &mut [TimelineEntry]) -> Result<(), StoreError> {
    // many deployments of a page are of few services
    let mut known: BTreeMap<ServiceKey, Option<String>> = BTreeMap::new();
    for entry in entries.iter_mut().filter(|entry| entry.kind == EventKind::Deployment) {
        let key = entry.path.as_deref().and_then(|path| PlanQuery::service(path.strip_prefix("/services/")?));
        let Some((key, left)) = key.zip(left_behind(&entry.text)) else { continue };
        let runs = match known.get(&key) {
            Some(runs) => runs.clone(),
            None => {
                let runs = service::runs(&mut *connection, &key).await?;
                known.insert(key.clone(), runs.clone());
                runs
            }
        };
        entry.back = runs.and_then(|runs| way_back(&key, &runs, left));
    }
    Ok(())
}
