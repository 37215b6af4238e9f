//! Last words: which are owed, and what became of asking for them.
//!
//! A stop and the debt of its words are committed together; asking happens outside, and its answer is the next thing
//! recorded. So a crash between the two forgets nothing: what is owed is still owed.

use std::time::Duration;

use domain::Timestamp;
use domain::live::Topic;
use domain::log::{Heard, Next, Owed, next};
use domain::reading::{LogReading, Sweep};
use domain::service::Task;
use domain::view::LastWords;
use sqlx::SqliteConnection;

use super::record::Found;
use super::{Store, StoreError, json, parse, small};

/// A wished stop whose words could not be asked for in this time is given up: the next deployment owes its own.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// Owes the words of a task that was just seen stopped.
pub(super) async fn owe(
    connection: &mut SqliteConnection,
    environment: &str,
    task: &Task,
    stopped: i64,
    failed: bool,
    seen: Timestamp,
) -> Result<(), StoreError> {
    // who failed is asked at once, the others when their last lines have settled
    let due = if failed { seen } else { seen.plus(domain::log::SETTLED) }.as_micros();
    sqlx::query!(
        "INSERT INTO last_words (arn, environment, stopped_at, failed, state, due_at, tries, cut) VALUES (?, ?, ?, ?, 'owed', ?, 0, 0)
         ON CONFLICT (arn) DO NOTHING",
        task.arn,
        environment,
        stopped,
        failed,
        due,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Records what asking brought.
pub(super) async fn record(
    connection: &mut SqliteConnection,
    sweep: &Sweep,
    reading: &LogReading,
    found: &mut Found,
) -> Result<(), StoreError> {
    for heard in &reading.heard {
        answered(connection, heard, sweep.finished).await?;
    }
    let (environment, late) = (&sweep.source.scope, sweep.finished.minus(PATIENCE).as_micros());
    let given_up = sqlx::query!(
        "UPDATE last_words SET state = 'none', reason = 'not asked for: more tasks stopped at once than the rate of the API allows'
         WHERE state = 'owed' AND environment = ? AND failed = 0 AND stopped_at < ? AND tries = 0",
        environment,
        late,
    )
    .execute(connection)
    .await?;
    if !reading.heard.is_empty() || given_up.rows_affected() > 0 {
        found.changed(Topic::Timeline);
        found.changed(Topic::Services);
    }
    Ok(())
}

async fn answered(connection: &mut SqliteConnection, heard: &Heard, now: Timestamp) -> Result<(), StoreError> {
    let row = sqlx::query!("SELECT stopped_at, tries FROM last_words WHERE arn = ? AND state = 'owed'", heard.arn)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(()) };
    let tries = small(row.tries).saturating_add(1);
    let (state, due) = match next(heard, Timestamp::from_micros(row.stopped_at), now, tries) {
        Next::Kept => ("kept", now),
        Next::Again(due) => ("owed", due),
        Next::None => ("none", now),
    };
    let (due, tries) = (due.as_micros(), i64::from(tries));
    match &heard.words {
        Ok(words) => {
            let lines: Vec<&str> = words.lines.iter().map(|line| line.text.as_str()).collect();
            let (lines, cut) = (lines.join("\n"), words.cut);
            let instants = json("instants of a log", &words.lines.iter().map(|line| line.at.as_micros()).collect::<Vec<_>>())?;
            sqlx::query!(
                "UPDATE last_words SET state = ?, due_at = ?, tries = ?, reason = NULL, lines = ?, instants = ?, cut = ? WHERE arn = ?",
                state,
                due,
                tries,
                lines,
                instants,
                cut,
                heard.arn,
            )
            .execute(connection)
            .await?;
        }
        Err(silence) => {
            // what was heard before stays
            sqlx::query!(
                "UPDATE last_words SET state = CASE WHEN ? = 'none' AND lines IS NOT NULL THEN 'kept' ELSE ? END, due_at = ?, tries = ?, reason = ?
                 WHERE arn = ?",
                state,
                state,
                due,
                tries,
                silence.reason,
                heard.arn,
            )
            .execute(connection)
            .await?;
        }
    }
    Ok(())
}

/// Last words as stored, as a page shows them.
pub(super) fn last_words(
    state: &str,
    reason: Option<String>,
    lines: Option<String>,
    instants: Option<String>,
    cut: bool,
) -> Result<LastWords, StoreError> {
    let instants: Vec<i64> = instants.map_or_else(|| Ok(Vec::new()), |instants| parse("instants of a log", &instants))?;
    let lines = lines.unwrap_or_default();
    // not lines(): an empty line is a line
    let texts = lines.split('\n').filter(|_| !instants.is_empty()).enumerate().map(|(number, line)| domain::view::LogLine {
        at: Timestamp::from_micros(instants.get(number).copied().unwrap_or(0)),
        text: line.to_owned(),
    });
    let texts: Vec<_> = texts.collect();
    let reason = match (state, texts.is_empty()) {
        (_, false) => None,
        ("owed", true) => Some(reason.map_or_else(|| "not read yet".to_owned(), |reason| format!("{reason}; asked for again"))),
        (_, true) => reason,
    };
    Ok(LastWords { lines: texts, cut, reason })
}

impl Store {
    /// The stops whose words are to be asked for at `now`: failed ones first, then those due longest.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn owed_words(&self, environment: &str, now: Timestamp, most: usize) -> Result<Vec<Owed>, StoreError> {
        let mut snapshot = self.read().await?;
        let (now, most) = (now.as_micros(), i64::try_from(most).unwrap_or(i64::MAX));
        let rows = sqlx::query!(
            r#"SELECT w.arn, w.failed, s.body, d.body AS "definition?: String"
               FROM last_words w JOIN stopped_task s ON s.arn = w.arn
               LEFT JOIN task_definition d ON d.arn = json_extract(s.body, '$.revision')
               WHERE w.state = 'owed' AND w.environment = ? AND w.due_at <= ? ORDER BY w.failed DESC, w.due_at LIMIT ?"#,
            environment,
            now,
            most,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        rows.into_iter()
            .map(|row| {
                let definition = row.definition.map(|body| parse("task definition", &body)).transpose()?;
                Ok(Owed { arn: row.arn, failed: row.failed != 0, task: parse("stopped task", &row.body)?, definition })
            })
            .collect()
    }
}
