//! What Signalbox remembers: one SQLite file.
//!
//! Separate so that nothing else knows SQL. There are two doors: `Store::write`, one `BEGIN IMMEDIATE` transaction
//! at a time over the only writing connection, and `Store::read`, a snapshot over a few read-only ones. The trap this
//! shape avoids: a read transaction that turns into a write fails at once with SQLITE_BUSY whatever the timeout.
//!
//! State is intervals; a sweep without changes writes no new row (asserted by count in `tests/`). What every page asks for is
//! kept in memory until it changes (`kept`).

mod accounts;
mod alarms;
mod attestations;
mod audit;
mod checklists;
mod counts;
mod ecs;
pub(crate) mod guard;
mod history;
mod interval;
mod kept;
mod metrics;
mod nats;
mod overview;
mod readiness;
mod record;
mod reported;
mod reports;
mod requests;
mod retention;
mod rollouts;
mod scores;
mod series;
mod service;
mod services;
mod sources;
mod task;
mod timeline;
mod waivers;
mod words;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};

pub use accounts::{Decided, Known, Linked, NewSession, NewToken, Opened, SessionFound, TokenFound};
pub use alarms::Acknowledging;
pub use audit::{Chain, OURSELVES, Signed};
pub use checklists::Importing;
pub use counts::Counts;
pub use guard::{OLDEST_SQLITE, Unfit};
pub use history::Past;
pub use nats::{FlowBody, Flowing};
pub use readiness::{Connected, Ended, FleetFacts, Of, Own, Run, Runs, Standing};
pub use record::{Filed, Mark, Marks, Written};
pub use reported::CountsFrom;
pub use reports::{NewReport, Packed, Shelf};
pub use retention::Keep;
pub use rollouts::{Around, Bar, BarKind, Commit, Committed, Doing, Kept, Lifted, Plan, Recorded};
pub use scores::{CheckChange, ScoreOf, ScoreRow};
pub use timeline::Entries;
pub use waivers::Waiving;

/// The migrations, compiled in.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// Reading connections: pages are short and there are two or three people.
const READERS: u32 = 4;
/// How long a connection waits for a lock another process (backup, CLI) holds.
const BUSY: Duration = Duration::from_secs(5);

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be used at all; the sentence says what to do.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// A statement failed.
    #[error("a statement on the store failed")]
    Sql(#[from] sqlx::Error),
    /// A row holds what no version of Signalbox wrote.
    #[error("the store holds a {what} that cannot be read")]
    Row {
        /// What kind of row.
        what: &'static str,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// What was packed cannot be unpacked.
    #[error("the store holds a {what} that cannot be unpacked")]
    Packed {
        /// What kind of bytes.
        what: &'static str,
    },
    /// A row holds a word that means nothing.
    #[error("the store holds the unknown word \"{word}\" as {what}")]
    Word {
        /// What kind of word.
        what: &'static str,
        /// The word.
        word: String,
    },
}

impl StoreError {
    /// Whether the disk is the trouble (full, or refusing to write), so that the same statement can succeed later.
    pub fn disk(&self) -> bool {
        // SQLite's primary result codes, the low byte of the extended ones: 10 IOERR, 13 FULL
        let code = |error: &dyn sqlx::error::DatabaseError| error.code().and_then(|code| code.parse::<u32>().ok());
        matches!(self, Self::Sql(sqlx::Error::Database(error)) if matches!(code(error.as_ref()).map(|code| code & 0xff), Some(10 | 13)))
    }
}

/// The store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    writer: SqlitePool,
    readers: SqlitePool,
    path: PathBuf,
    /// Held for as long as the store is: no second process on the same data. None for one opened beside it.
    lock: Option<Arc<std::fs::File>>,
    /// What every page asks for.
    kept: Arc<kept::Kept>,
}

impl Store {
    /// Opens the file at `path`, creating it if need be, checks that it may be used and brings it up to date.
    ///
    /// # Errors
    /// [`StoreError::Unfit`] with a sentence when the directory is missing or on a network file system, another process
    /// holds the data, the file is no intact SQLite database, was written by a newer Signalbox, or the SQLite library
    /// is too old to be trusted with a WAL.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = guard::claim(path)?;
        Self::connect(path, Some(lock)).await
    }

    /// Opens the file where another process may have it: for a command that changes accounts and nothing that is observed.
    /// Neither makes the file nor brings it up to date.
    ///
    /// # Errors
    /// [`StoreError::Unfit`] with a sentence when there is no store, or it is not of this version.
    pub async fn beside(path: &Path) -> Result<Self, StoreError> {
        if !guard::held(path) {
            // nobody has it: as good as alone, with all that is checked then
            guard::exists(path)?;
            return Self::open(path).await;
        }
        Self::connect(path, None).await
    }

    async fn connect(path: &Path, lock: Option<std::fs::File>) -> Result<Self, StoreError> {
        let options = options(path);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            // a full disk makes SQLite roll back by itself, and sqlx then counts a transaction that is no more: without
            // this the only writer could never begin another one
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .connect_with(writing(options.clone()))
            .await
            .map_err(|error| guard::unreadable(path, &error))?;
        guard::library(&writer).await?;
        if lock.is_some() {
            guard::intact(&writer, path).await?;
            MIGRATOR.run(&writer).await.map_err(|error| guard::migration(path, error))?;
            take_index_for_large(&mut *writer.acquire().await?).await?;
        } else {
            guard::same_version(&writer, path).await?;
        }
        let readers =
            SqlitePoolOptions::new().max_connections(READERS).connect_with(options.read_only(true).pragma("query_only", "ON")).await?;
        Ok(Self { writer, readers, path: path.to_owned(), lock: lock.map(Arc::new), kept: Arc::default() })
    }

    /// Whether nobody else writes to this file.
    fn alone(&self) -> bool {
        self.lock.is_some()
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins the one writing transaction; waits for the one before it. Dropped without commit, it never happened.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Begins a snapshot: every query in it sees the same state.
    pub(crate) async fn read(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.readers.begin_with("BEGIN DEFERRED").await?)
    }

    /// The newest revision.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn revision(&self) -> Result<u64, StoreError> {
        let mut snapshot = self.read().await?;
        revision(&mut snapshot).await
    }

    /// Lets SQLite look again at how its tables are filled, where they have changed much, so that queries are planned for
    /// what there is.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn look_over(&self) -> Result<(), StoreError> {
        let mut writer = self.writer.acquire().await?;
        sqlx::query("PRAGMA analysis_limit = 400").execute(&mut *writer).await?;
        sqlx::query("PRAGMA optimize").execute(&mut *writer).await?;
        take_index_for_large(&mut writer).await
    }

    /// Closes all connections; the last one checkpoints the WAL into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Makes SQLite take the table that FTS5 keeps its segments in for a large one, whatever it saw when it looked. FTS5 lets go of
/// merged segments by a range of row numbers, and of a small table SQLite reads all of it for that, at every merge (0083). A
/// connection that has once read a shape keeps it until it reads another, so deleting it would not do.
async fn take_index_for_large(writer: &mut SqliteConnection) -> Result<(), StoreError> {
    // not checked queries: describing one over this table ends the compiler by a fault in memory
    let known: Vec<String> =
        sqlx::query_scalar("SELECT stat FROM sqlite_stat1 WHERE tbl = 'timeline_search_data'").fetch_all(&mut *writer).await?;
    if known == [LARGE] {
        return Ok(());
    }
    sqlx::query("DELETE FROM sqlite_stat1 WHERE tbl LIKE 'timeline_search%'").execute(&mut *writer).await?;
    let insert = "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('timeline_search_data', NULL, ?)";
    sqlx::query(insert).bind(LARGE).execute(&mut *writer).await?;
    sqlx::query("ANALYZE sqlite_schema").execute(writer).await?;
    Ok(())
}

/// So many rows as no index of ours will ever have.
const LARGE: &str = "1000000";

/// The revision as a transaction sees it.
async fn revision(connection: &mut SqliteConnection) -> Result<u64, StoreError> {
    let value = sqlx::query_scalar!("SELECT value FROM revision").fetch_one(connection).await?;
    Ok(unsigned(value))
}

/// The next revision, made in this transaction.
async fn advance(connection: &mut SqliteConnection) -> Result<u64, StoreError> {
    let value = sqlx::query_scalar!("UPDATE revision SET value = value + 1 RETURNING value").fetch_one(connection).await?;
    Ok(unsigned(value))
}

/// A count as the domain has it; SQLite's integers are signed.
fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A small count as the domain has it.
fn small(value: i64) -> u32 {
    u32::try_from(value.max(0)).unwrap_or(u32::MAX)
}

/// Reads a JSON column.
fn parse<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|source| StoreError::Row { what, source })
}

/// Writes a JSON column.
fn json<T: serde::Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Row { what, source })
}

/// Settings of every connection, by the table in the design's references.
fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .pragma("mmap_size", "0")
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .statement_cache_capacity(128)
}

/// Memory the writer may keep pages in, in KiB. The first sweep of ten thousand services is one transaction of a hundred
/// thousand rows; with SQLite's 2 MiB it spills to the WAL and reads itself back from there for minutes.
const WRITER_CACHE_KIB: u32 = 64 * 1024;

/// What only the writer may set: WAL with FULL (only changes are written, so it costs little), and `auto_vacuum`
/// before the first table exists (later it has no effect).
fn writing(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .create_if_missing(true)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("journal_size_limit", "16777216")
        .pragma("cache_size", format!("-{WRITER_CACHE_KIB}"))
        .optimize_on_close(true, None)
}

#[cfg(test)]
mod tests;
