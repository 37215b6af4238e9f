//! What a service's history is composed from: one snapshot, a handful of range reads.

use domain::Timestamp;
use domain::cost::Pace;
use domain::customers::Felt;
use domain::judge::Tone;
use domain::series::{Metric, Reach};
use domain::service::ServiceKey;
use domain::source::{SourceHealth, SourceId, SourceKind};
use domain::timeline::EventKind;

use super::counts::{self, Counts};
use super::metrics::series_of;
use super::{Store, StoreError, parse, revision, series, sources};

/// Marks drawn in a plot at most; more would be a black bar.
const MARKS: i64 = 60;

/// What is known of a service over a span.
#[derive(Debug, Default)]
pub struct Past {
    /// The store's revision this was read at.
    pub revision: u64,
    /// Task counts from each change to the next, oldest first, beginning with those that held at the start.
    pub counts: Vec<Counts>,
    /// Points of each series as (second, value), oldest first: one a metric, several where it is measured in several places
    /// (target groups, NATS clusters). None where it is known but not from this span.
    pub points: Vec<(Metric, Vec<(i64, f64)>)>,
    /// Times in which ECS was not read, in seconds.
    pub gaps: Vec<(i64, i64)>,
    /// Times in which a NATS cluster it is connected to was not read.
    pub nats_gaps: Vec<(i64, i64)>,
    /// What happened to it: instant, kind, how bad.
    pub marks: Vec<(Timestamp, EventKind, Tone)>,
    /// What its customers feel.
    pub felt: Option<Felt>,
    /// How often its metrics are asked.
    pub pace: Option<Pace>,
    /// The health of its sources of counts and of metrics.
    pub ecs: Option<SourceHealth>,
    /// The same, of metrics.
    pub metrics: Option<SourceHealth>,
}

impl Store {
    /// The past of a service; nothing if it was never seen.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn past(&self, key: &ServiceKey, reach: Reach, now: Timestamp) -> Result<Option<Past>, StoreError> {
        let mut snapshot = self.read().await?;
        let Some(subject) = counts::known_subject(&mut snapshot, key).await? else { return Ok(None) };
        let to = now.as_micros().div_euclid(1_000_000);
        let from = to - reach.seconds();
        let mut past = Past { revision: revision(&mut snapshot).await?, ..Past::default() };
        past.counts = counts::since(&mut snapshot, subject, from * 1_000_000).await?;
        let mut wanted = series_of(&mut snapshot, subject).await?;
        if past.counts.first().is_some_and(|first| first.at <= Timestamp::from_secs(from)) {
            // CloudWatch's samples tell of the time before our own counts, of which there is none
            wanted.retain(|(_, metric)| *metric != Metric::TasksSampled);
        }
        // a clock of ours that is behind CloudWatch's must not cut off its newest minutes
        past.points = wanted.iter().map(|(_, metric)| (*metric, Vec::new())).collect();
        for stretch in series::stretches(&mut snapshot, &wanted, from, to + 900).await? {
            // by series and not by metric: two NATS clusters are two series of the same metric
            let place = wanted.iter().position(|(id, _)| *id == stretch.series);
            if let Some((_, points)) = place.and_then(|place| past.points.get_mut(place)) {
                points.extend(stretch.points().map(|(second, kept)| (second, stretch.metric.value(kept))));
            }
        }
        let health = sources::health_list(&mut snapshot).await?;
        let source = |kind| health.iter().find(|health| health.id == SourceId::new(kind, key.environment.clone())).cloned();
        (past.ecs, past.metrics) = (source(SourceKind::Ecs), source(SourceKind::Metrics));
        past.gaps = gaps(&mut snapshot, &format!("ecs:{}", key.environment), from, to).await?;
        for cluster in nats_clusters(&mut snapshot, subject).await? {
            past.nats_gaps.extend(gaps(&mut snapshot, &format!("nats:{cluster}"), from, to).await?);
        }
        past.marks = marks(&mut snapshot, key, from).await?;
        let felt = sqlx::query_scalar!("SELECT body FROM customer WHERE subject = ?", subject).fetch_optional(&mut *snapshot).await?;
        past.felt = felt.map(|body| parse("customer", &body)).transpose()?;
        let pace =
            sqlx::query_scalar!("SELECT body FROM pace WHERE environment = ?", key.environment).fetch_optional(&mut *snapshot).await?;
        past.pace = pace.map(|body| parse("pace", &body)).transpose()?;
        Ok(Some(past))
    }
}

/// The NATS clusters a service was ever connected to.
async fn nats_clusters(connection: &mut sqlx::SqliteConnection, subject: i64) -> Result<Vec<String>, StoreError> {
    let metric = Metric::NatsConnections.as_str();
    let clusters = sqlx::query_scalar!("SELECT detail FROM series WHERE subject = ? AND metric = ? ORDER BY detail", subject, metric);
    Ok(clusters.fetch_all(connection).await?)
}

async fn gaps(connection: &mut sqlx::SqliteConnection, source: &str, from: i64, to: i64) -> Result<Vec<(i64, i64)>, StoreError> {
    let (from, until) = (from.saturating_mul(1_000_000), to.saturating_mul(1_000_000));
    let rows = sqlx::query!(
        r#"SELECT from_at, COALESCE(to_at, ?1) AS "to_at!: i64" FROM gap WHERE source = ?2 AND from_at < ?1 AND COALESCE(to_at, ?1) > ?3 ORDER BY from_at"#,
        until,
        source,
        from,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.from_at.div_euclid(1_000_000), row.to_at.div_euclid(1_000_000))).collect())
}

async fn marks(
    connection: &mut sqlx::SqliteConnection,
    key: &ServiceKey,
    from: i64,
) -> Result<Vec<(Timestamp, EventKind, Tone)>, StoreError> {
    let (ecs, alarms, from) = (format!("ecs:{}", key.environment), format!("alarms:{}", key.environment), from.saturating_mul(1_000_000));
    // all of it stands in the index, from which the kinds that are no marks are passed over
    let rows = sqlx::query!(
        "SELECT at, kind, tone FROM timeline
         WHERE source IN (?, ?) AND cluster = ? AND service = ? AND at >= ? AND kind IN ('deployment', 'task_stopped', 'alarm')
         ORDER BY at DESC LIMIT ?",
        ecs,
        alarms,
        key.cluster,
        key.service,
        from,
        MARKS,
    )
    .fetch_all(connection)
    .await?;
    let mark = |at, kind: &str, tone: &str| Some((Timestamp::from_micros(at), EventKind::from_word(kind)?, Tone::from_word(tone)));
    Ok(rows.into_iter().filter_map(|row| mark(row.at, &row.kind, &row.tone)).collect())
}
