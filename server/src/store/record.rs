//! Recording one report of a collector: the whole of it in one transaction.
//!
//! Separate from the nouns' own modules because this is the order that matters: health and gaps first, then what was
//! read, then the revision, then the commit; only a committed change is hinted to anyone.

use std::collections::BTreeSet;

use collectors::Report;
use domain::Timestamp;
use domain::live::Topic;
use domain::reading::{Reading, Sweep};
use domain::service::ServiceKey;
use domain::source::{Outcome, SourceHealth};
use domain::timeline::source_change;
use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::ecs::Reach;
use super::{Store, StoreError, advance, alarms, ecs, json, metrics, nats, requests, sources, timeline, words};

/// Which services the config marks *do not touch*, and why.
#[derive(Clone, Debug, Default)]
pub struct Marks(pub Vec<Mark>);

/// One mark.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Environment it is made in.
    pub environment: String,
    /// Service it is about; in any cluster of the environment unless `cluster` says otherwise.
    pub service: String,
    /// Only in this cluster.
    pub cluster: Option<String>,
    /// Why.
    pub reason: String,
}

impl Marks {
    /// Why this service is to be left alone, if it is.
    pub fn reason(&self, environment: &str, cluster: &str, service: &str) -> Option<&str> {
        let marked = |mark: &&Mark| {
            mark.environment == environment && mark.service == service && mark.cluster.as_deref().is_none_or(|only| only == cluster)
        };
        self.0.iter().find(marked).map(|mark| mark.reason.as_str())
    }
}

/// What a committed report changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The revision it made.
    pub revision: u64,
    /// What may look different now. A sweep always moves the sources' ages.
    pub topics: BTreeSet<Topic>,
}

/// A report that is on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// What it changed.
    pub written: Written,
    /// Whether everything that it names without telling was on record. Else its collector must bring everything again.
    pub held: bool,
}

/// What one transaction has found so far.
pub(super) struct Found {
    pub(super) topics: BTreeSet<Topic>,
    /// When this source was last read before.
    pub(super) last: Option<Timestamp>,
    /// Services whose row of the coverage table may have moved.
    touched: BTreeSet<ServiceKey>,
    /// Whether everything that is named and not told is on record.
    held: bool,
}

impl Found {
    fn of(topics: BTreeSet<Topic>, last: Option<Timestamp>) -> Self {
        Self { topics, last, touched: BTreeSet::new(), held: true }
    }

    pub(super) fn holds(&mut self, held: bool) {
        self.held &= held;
    }

    pub(super) fn changed(&mut self, topic: Topic) {
        self.topics.insert(topic);
    }

    /// A service, or an alarm of it, is not as it was.
    pub(super) fn touch(&mut self, environment: &str, cluster: &str, service: &str) {
        let key = ServiceKey { environment: environment.to_owned(), cluster: cluster.to_owned(), service: service.to_owned() };
        self.touched.insert(key);
    }

    /// Whether a row of the list of services may be another: its own columns, or how many alarms it has and how many are on.
    fn moves_the_list(&self) -> bool {
        self.topics.contains(&Topic::Services) || self.topics.contains(&Topic::Alarms) || !self.touched.is_empty()
    }
}

impl Store {
    /// Records one report: health, gap, what was read, and a new revision, in one transaction.
    ///
    /// `grouping` is the tag whose value groups services.
    ///
    /// # Errors
    /// When a statement fails or a stored row cannot be read; nothing is changed then.
    pub async fn record(&self, report: &Report, marks: &Marks, grouping: &str) -> Result<Filed, StoreError> {
        let mut tx = self.write().await?;
        let previous = sources::health_put(&mut tx, &report.health).await?;
        let last = previous.as_ref().and_then(|health| health.last_success);
        let mut found = Found::of(BTreeSet::from([Topic::Sources]), last);
        if let Some(sweep) = &report.sweep {
            record_sweep(&mut tx, sweep, previous.as_ref(), &mut found).await?;
            match &sweep.reading {
                Some(Reading::Ecs(reading)) => ecs::record(&mut tx, sweep, reading, Reach::Clusters, marks, grouping, &mut found).await?,
                Some(Reading::Alarms(reading)) => alarms::record(&mut tx, sweep, reading, &mut found).await?,
                Some(Reading::Logs(reading)) => words::record(&mut tx, sweep, reading, &mut found).await?,
                Some(Reading::Nats(reading)) => nats::record(&mut tx, sweep, reading, report.health.patience(), &mut found).await?,
                Some(Reading::Metrics(reading)) => metrics::record(&mut tx, sweep, reading, &mut found).await?,
                None => {}
            }
            requests::put(&mut tx, sweep).await?;
        }
        let held = found.held;
        Ok(Filed { written: self.commit(tx, found).await?, held })
    }

    /// Records a look at these services. Neither a sweep nor a change of the source's health: it vouches for nothing else, and the
    /// requests that answer for the fleet stay those of the sweep.
    ///
    /// # Errors
    /// As [`Store::record`].
    pub async fn record_glance(
        &self,
        glance: &Sweep,
        services: &[String],
        marks: &Marks,
        grouping: &str,
    ) -> Result<Option<Written>, StoreError> {
        let Some(Reading::Ecs(reading)) = &glance.reading else { return Ok(None) };
        let mut tx = self.write().await?;
        let mut found = Found::of(BTreeSet::new(), None);
        ecs::record(&mut tx, glance, reading, Reach::Services(services), marks, grouping, &mut found).await?;
        if found.topics.is_empty() {
            return Ok(None);
        }
        self.commit(tx, found).await.map(Some)
    }

    /// Ends the transaction of a report, with the revision that it makes.
    async fn commit(&self, mut tx: Transaction<'static, Sqlite>, found: Found) -> Result<Written, StoreError> {
        alarms::coverage::refresh(&mut tx, &found.touched).await?;
        let revision = advance(&mut tx).await?;
        // before the commit: whoever sees the revision must find what it moved
        self.kept.moving(revision, found.moves_the_list());
        tx.commit().await?;
        self.kept.committed(revision);
        Ok(Written { revision, topics: found.topics })
    }
}

/// The sweep's own row, and the gap it opens or closes.
async fn record_sweep(
    connection: &mut SqliteConnection,
    sweep: &Sweep,
    previous: Option<&SourceHealth>,
    found: &mut Found,
) -> Result<(), StoreError> {
    extend_or_add(connection, sweep).await?;
    let source = sweep.source.to_string();
    let at = sweep.finished;
    let silence = previous.and_then(|health| health.last_success).unwrap_or(sweep.started);
    let event = match &sweep.outcome {
        Outcome::Failed { fault } => {
            let opened = gap_open(connection, &source, silence, &fault.message).await?;
            opened.then(|| source_change(&sweep.source, Some(&fault.message), None, at))
        }
        Outcome::Complete | Outcome::Partial { .. } => match gap_close(connection, &source, at).await? {
            Some(from) => Some(source_change(&sweep.source, None, Some(at.since(from)), at)),
            None => gap_of_absence(connection, sweep, previous).await?,
        },
    };
    if timeline::append(connection, &source, event.into_iter().collect(), at).await? > 0 {
        found.changed(Topic::Timeline);
    }
    Ok(())
}

/// A time in which Signalbox itself was not running is a gap as well: nothing is claimed about it.
async fn gap_of_absence(
    connection: &mut SqliteConnection,
    sweep: &Sweep,
    previous: Option<&SourceHealth>,
) -> Result<Option<domain::timeline::NewEvent>, StoreError> {
    let Some((health, last)) = previous.and_then(|health| Some((health, health.last_success?))) else { return Ok(None) };
    if sweep.started.since(last) <= health.patience() {
        return Ok(None);
    }
    let source = sweep.source.to_string();
    gap_open(connection, &source, last, "Signalbox was not looking").await?;
    gap_close(connection, &source, sweep.finished).await?;
    Ok(Some(source_change(&sweep.source, None, Some(sweep.finished.since(last)), sweep.finished)))
}

async fn gap_open(connection: &mut SqliteConnection, source: &str, from: Timestamp, reason: &str) -> Result<bool, StoreError> {
    let from = from.as_micros();
    let done = sqlx::query!(
        "INSERT INTO gap (source, from_at, reason) VALUES (?, ?, ?) ON CONFLICT (source) WHERE to_at IS NULL DO NOTHING",
        source,
        from,
        reason
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

async fn gap_close(connection: &mut SqliteConnection, source: &str, to: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let to = to.as_micros();
    let from = sqlx::query_scalar!("UPDATE gap SET to_at = ? WHERE source = ? AND to_at IS NULL RETURNING from_at", to, source)
        .fetch_optional(connection)
        .await?;
    Ok(from.map(Timestamp::from_micros))
}

/// A sweep that ended like the one before it extends that row.
async fn extend_or_add(connection: &mut SqliteConnection, sweep: &Sweep) -> Result<(), StoreError> {
    let (source, outcome, detail) = (sweep.source.to_string(), sweep.outcome.as_str(), json("sweep", &sweep.outcome)?);
    let (started, finished, calls) = (sweep.started.as_micros(), sweep.finished.as_micros(), i64::from(sweep.calls));
    let extended = sqlx::query!(
        "UPDATE sweep SET last_at = ?, sweeps = sweeps + 1, calls = calls + ?
         WHERE id = (SELECT id FROM sweep WHERE source = ? ORDER BY id DESC LIMIT 1) AND outcome = ? AND detail = ?",
        finished,
        calls,
        source,
        outcome,
        detail,
    )
    .execute(&mut *connection)
    .await?;
    if extended.rows_affected() == 0 {
        sqlx::query!(
            "INSERT INTO sweep (source, outcome, detail, first_at, last_at, sweeps, calls) VALUES (?, ?, ?, ?, ?, 1, ?)",
            source,
            outcome,
            detail,
            started,
            finished,
            calls,
        )
        .execute(connection)
        .await?;
    }
    Ok(())
}
