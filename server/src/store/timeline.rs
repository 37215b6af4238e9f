//! The timeline's rows: each key is taken once.
//!
//! | module | holds |
//! |---|---|
//! | `wanted` | a question as an expression of the search index; pure |
//! | `endings` | by which words of the record the words of a question go on |
//! | `loose` | words that go on in too many ways |
//! | `search` | a page of the record; the index's backlog |
//! | `around` | what happened before one entry |

mod around;
mod endings;
mod loose;
mod search;
mod wanted;

use domain::Timestamp;
use domain::judge::Tone;
use domain::service::ServiceKey;
use domain::source::SourceId;
use domain::timeline::{EventKind, NewEvent};
use domain::view::TimelineEntry;
use sqlx::SqliteConnection;

use super::StoreError;

pub use search::Entries;

/// Appends `events`; answers how many were new.
///
/// Oldest first, whatever order they come in: the search index is by time, and FTS5 writes out what it has gathered
/// whenever a row comes before the last one, so that twenty thousand lines in no order take minutes and in order a second.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    source: &str,
    mut events: Vec<NewEvent>,
    seen: Timestamp,
) -> Result<u64, StoreError> {
    events.sort_by_key(|event| event.at);
    let mut added = 0;
    for event in events {
        let (at, seen, kind, tone) = (event.at.as_micros(), seen.as_micros(), event.kind.as_str(), event.tone.as_str());
        let (cluster, service) = event.service.unzip();
        let done = sqlx::query!(
            "INSERT INTO timeline (key, at, seen, kind, tone, source, cluster, service, subject, text)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
            event.key,
            at,
            seen,
            kind,
            tone,
            source,
            cluster,
            service,
            event.subject,
            event.text,
        )
        .execute(&mut *connection)
        .await?;
        added += done.rows_affected();
    }
    Ok(added)
}

/// A row of the timeline as the queries select it.
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) at: i64,
    pub(super) kind: String,
    pub(super) tone: String,
    pub(super) source: String,
    pub(super) cluster: Option<String>,
    pub(super) service: Option<String>,
    pub(super) subject: String,
    pub(super) text: String,
}

impl TryFrom<Row> for TimelineEntry {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let kind = EventKind::from_word(&row.kind).ok_or_else(|| StoreError::Word { what: "kind of event", word: row.kind.clone() })?;
        let path = match (row.cluster, row.service, row.source.parse::<SourceId>()) {
            (Some(cluster), Some(service), Ok(source)) => Some(ServiceKey { environment: source.scope, cluster, service }.path()),
            (_, _, Ok(source)) if kind == EventKind::Source => Some(format!("/sources#{}", domain::service::encoded(&source.to_string()))),
            _ => None,
        };
        Ok(Self {
            id: row.id,
            at: Timestamp::from_micros(row.at),
            kind,
            tone: Tone::from_word(&row.tone),
            subject: row.subject,
            path,
            text: row.text,
            back: None,
            words: None,
        })
    }
}

/// The newest entries over all services.
pub(super) async fn newest(connection: &mut SqliteConnection, most: i64) -> Result<Vec<TimelineEntry>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id!", at, kind, tone, source, cluster, service, subject, text FROM timeline ORDER BY at DESC, id DESC LIMIT ?"#,
        most
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The newest entries of one kind.
pub(super) async fn newest_of_kind(
    connection: &mut SqliteConnection,
    kind: EventKind,
    most: i64,
) -> Result<Vec<TimelineEntry>, StoreError> {
    let kind = kind.as_str();
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id!", at, kind, tone, source, cluster, service, subject, text FROM timeline
           WHERE kind = ? ORDER BY at DESC, id DESC LIMIT ?"#,
        kind,
        most
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The newest entries about one subject of a source, such as an alarm.
pub(super) async fn newest_of_subject(
    connection: &mut SqliteConnection,
    source: &str,
    subject: &str,
    most: i64,
) -> Result<Vec<TimelineEntry>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id!", at, kind, tone, source, cluster, service, subject, text FROM timeline
           WHERE source = ? AND subject = ? ORDER BY at DESC, id DESC LIMIT ?"#,
        source,
        subject,
        most
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The newest entries about one service: from its ECS source and from its alarms.
pub(super) async fn newest_of_service(
    connection: &mut SqliteConnection,
    key: &ServiceKey,
    most: i64,
) -> Result<Vec<TimelineEntry>, StoreError> {
    let (ecs, alarms) = (format!("ecs:{}", key.environment), format!("alarms:{}", key.environment));
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id!", at, kind, tone, source, cluster, service, subject, text FROM timeline
           WHERE source IN (?, ?) AND cluster = ? AND service = ? ORDER BY at DESC, id DESC LIMIT ?"#,
        ecs,
        alarms,
        key.cluster,
        key.service,
        most
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}
