//! Packed points: laid over what is there, read back, rolled up, and let go.
//!
//! A point lands in its hour's row while its day is young, else in its day's row, so a backfill of fifteen days writes
//! fifteen rows and not three hundred and sixty. Every write reads the row first and lays the new points over it: what
//! comes twice, late or in disorder changes nothing or only what is new. The trap is a row that cannot be read: it is
//! replaced by what comes now rather than blocking its series for ever.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;
use domain::series::{DAY, HOUR, Metric, Point, Slots, lay_over, pack, slot_of, slots_in, start_of, unpack};
use sqlx::SqliteConnection;

use super::{Store, StoreError};

/// How long hours stay hours after their day has ended.
const YOUNG: i64 = 48 * HOUR;
/// Series and days rolled up in one transaction; few, because recording waits meanwhile.
const SLICE: i64 = 200;

/// The number of a series, made on first use.
pub(super) async fn series(connection: &mut SqliteConnection, subject: i64, metric: Metric, detail: &str) -> Result<i64, StoreError> {
    let word = metric.as_str();
    let known =
        sqlx::query_scalar!(r#"SELECT id AS "id!" FROM series WHERE subject = ? AND metric = ? AND detail = ?"#, subject, word, detail)
            .fetch_optional(&mut *connection)
            .await?;
    if let Some(id) = known {
        return Ok(id);
    }
    let id = sqlx::query_scalar!(
        r#"INSERT INTO series (subject, metric, detail) VALUES (?, ?, ?) RETURNING id AS "id!""#,
        subject,
        word,
        detail
    )
    .fetch_one(connection)
    .await?;
    Ok(id)
}

/// Puts points; answers how many rows were written. What is no number or lies before `keep_from` is left out.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    series: i64,
    metric: Metric,
    points: &[Point],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let rolled_until = rolled_until(now);
    let mut hours: BTreeMap<i64, Slots> = BTreeMap::new();
    let mut days: BTreeMap<i64, Slots> = BTreeMap::new();
    for point in points {
        let Some(value) = metric.kept(point.value) else { continue };
        let old = start_of(point.at, DAY) < rolled_until;
        let (rows, length) = if old { (&mut days, DAY) } else { (&mut hours, HOUR) };
        let start = start_of(point.at, length);
        let slots = rows.entry(start).or_insert_with(|| vec![None; slots_in(length, metric.step())]);
        if let Some(slot) = slot_of(point.at, start, length, metric.step()).and_then(|slot| slots.get_mut(slot)) {
            *slot = Some(value);
        }
    }
    let mut written = 0;
    for (hour, slots) in &hours {
        let before = sqlx::query_scalar!("SELECT body FROM series_hour WHERE series = ? AND hour = ?", series, hour)
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(body) = laid(before.as_deref(), slots) {
            written += 1;
            sqlx::query!(
                "INSERT INTO series_hour (series, hour, body) VALUES (?, ?, ?) ON CONFLICT (series, hour) DO UPDATE SET body = excluded.body",
                series,
                hour,
                body
            )
            .execute(&mut *connection)
            .await?;
        }
    }
    for (day, slots) in &days {
        written += u64::from(put_day(connection, series, *day, slots).await?);
    }
    Ok(written)
}

async fn put_day(connection: &mut SqliteConnection, series: i64, day: i64, slots: &[Option<i64>]) -> Result<bool, StoreError> {
    let before = sqlx::query_scalar!("SELECT body FROM series_day WHERE series = ? AND day = ?", series, day)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(body) = laid(before.as_deref(), slots) else { return Ok(false) };
    sqlx::query!(
        "INSERT INTO series_day (series, day, body) VALUES (?, ?, ?) ON CONFLICT (series, day) DO UPDATE SET body = excluded.body",
        series,
        day,
        body
    )
    .execute(connection)
    .await?;
    Ok(true)
}

/// The row after laying `newer` over `before`; nothing where it stays as it is.
fn laid(before: Option<&[u8]>, newer: &[Option<i64>]) -> Option<Vec<u8>> {
    let mut slots = before.and_then(|body| unpack(body).ok()).unwrap_or_default();
    lay_over(&mut slots, newer).then(|| pack(&slots))
}

/// Days that begin before this (seconds since 1970) are kept as days.
fn rolled_until(now: Timestamp) -> i64 {
    start_of(now.minus(Duration::from_secs(YOUNG.unsigned_abs())), DAY)
}

/// Points of a series that were packed together, as far as they were asked for.
pub(super) struct Stretch {
    /// Of which series.
    pub(super) series: i64,
    /// What it measures.
    pub(super) metric: Metric,
    start: i64,
    slots: Slots,
    asked: (i64, i64),
}

impl Stretch {
    /// Second and kept value of each point, oldest first.
    pub(super) fn points(&self) -> impl Iterator<Item = (i64, i64)> {
        let (step, (from, to)) = (i64::from(self.metric.step()), self.asked);
        let seconds = (0_i64..).map(move |index| self.start + index * step);
        seconds
            .zip(&self.slots)
            .filter_map(|(second, value)| Some((second, (*value)?)))
            .filter(move |(second, _)| (from..to).contains(second))
    }
}

/// The points of these series between two instants (seconds), by series and oldest first.
pub(super) async fn stretches(
    connection: &mut SqliteConnection,
    wanted: &[(i64, Metric)],
    from: i64,
    to: i64,
) -> Result<Vec<Stretch>, StoreError> {
    let ids = super::json("series", &wanted.iter().map(|(id, _)| id).collect::<Vec<_>>())?;
    let (first_day, first_hour) = (from.div_euclid(DAY) * DAY, from.div_euclid(HOUR) * HOUR);
    let rows = sqlx::query!(
        r#"SELECT series AS "series!: i64", day AS "start!: i64", body AS "body!: Vec<u8>" FROM series_day
           WHERE series IN (SELECT value FROM json_each(?1)) AND day BETWEEN ?2 AND ?4
           UNION ALL
           SELECT series, hour, body FROM series_hour
           WHERE series IN (SELECT value FROM json_each(?1)) AND hour BETWEEN ?3 AND ?4
           ORDER BY 1, 2"#,
        ids,
        first_day,
        first_hour,
        to,
    )
    .fetch_all(connection)
    .await?;
    let mut stretches = Vec::with_capacity(rows.len());
    for row in rows {
        let Some((series, metric)) = wanted.iter().find(|(id, _)| *id == row.series) else { continue };
        match unpack(&row.body) {
            Ok(slots) => stretches.push(Stretch { series: *series, metric: *metric, start: row.start, slots, asked: (from, to) }),
            Err(_) => {
                tracing::warn!(series = row.series, start = row.start, "a packed row cannot be read; its time is shown as a gap");
            }
        }
    }
    Ok(stretches)
}

/// The same as (series, second, kept value).
pub(super) async fn read(
    connection: &mut SqliteConnection,
    wanted: &[(i64, Metric)],
    from: i64,
    to: i64,
) -> Result<Vec<(i64, i64, i64)>, StoreError> {
    let stretches = stretches(connection, wanted, from, to).await?;
    Ok(stretches.iter().flat_map(|stretch| stretch.points().map(|(second, kept)| (stretch.series, second, kept))).collect())
}

impl Store {
    /// Rolls the hours of old days up into one row a series and day, a slice at a time; answers how many days were made.
    /// Zero: nothing is left to do.
    ///
    /// # Errors
    /// When a statement fails; the slice is then as it was.
    pub async fn roll_up(&self, now: Timestamp) -> Result<u64, StoreError> {
        let until = rolled_until(now);
        let mut tx = self.write().await?;
        let due = sqlx::query!(
            r#"SELECT series, hour / 86400 * 86400 AS "day!: i64" FROM series_hour WHERE hour < ? GROUP BY 1, 2 LIMIT ?"#,
            until,
            SLICE
        )
        .fetch_all(&mut *tx)
        .await?;
        for row in &due {
            let end = row.day + DAY;
            let hours = sqlx::query!(
                "SELECT hour, body FROM series_hour WHERE series = ? AND hour >= ? AND hour < ? ORDER BY hour",
                row.series,
                row.day,
                end
            )
            .fetch_all(&mut *tx)
            .await?;
            let mut slots = Slots::new();
            let step = step_of(&mut tx, row.series).await?;
            for hour in hours {
                let Ok(of_hour) = unpack(&hour.body) else { continue };
                let offset = slots_in(hour.hour - row.day, step);
                if slots.len() < offset + of_hour.len() {
                    slots.resize(offset + of_hour.len(), None);
                }
                slots[offset..offset + of_hour.len()].copy_from_slice(&of_hour);
            }
            put_day(&mut tx, row.series, row.day, &slots).await?;
            sqlx::query!("DELETE FROM series_hour WHERE series = ? AND hour >= ? AND hour < ?", row.series, row.day, end)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(due.len() as u64)
    }

    /// Lets go of what is older than `keep`, a slice at a time; answers how many rows went. The counts that held at that
    /// time stay, so that the oldest plot has a beginning.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn forget_history(&self, now: Timestamp, keep: Duration) -> Result<u64, StoreError> {
        let oldest = now.minus(keep);
        let (day, at) = (start_of(oldest, DAY), oldest.as_micros());
        let mut tx = self.write().await?;
        let days = sqlx::query!(
            "DELETE FROM series_day WHERE (series, day) IN (SELECT series, day FROM series_day WHERE day < ? LIMIT 1000)",
            day
        )
        .execute(&mut *tx)
        .await?;
        let counts = sqlx::query!(
            "DELETE FROM count_change WHERE (subject, at) IN (
                 SELECT c.subject, c.at FROM count_change c WHERE c.at < ?1
                 AND EXISTS (SELECT 1 FROM count_change n WHERE n.subject = c.subject AND n.at > c.at AND n.at <= ?1) LIMIT 1000)",
            at
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(days.rows_affected() + counts.rows_affected())
    }
}

async fn step_of(connection: &mut SqliteConnection, series: i64) -> Result<u32, StoreError> {
    let word = sqlx::query_scalar!("SELECT metric FROM series WHERE id = ?", series).fetch_optional(connection).await?;
    Ok(word.as_deref().and_then(Metric::from_word).map_or(300, Metric::step))
}
