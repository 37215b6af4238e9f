//! Reports as they were handed over: the document, its signature, and every format as it was drawn at that moment.
//!
//! Only ever added to; triggers refuse the rest. What is handed out is what is kept here and is never drawn again, so that one
//! id is the same bytes after an upgrade too. The trap is size: a thousand services are twenty megabytes of document, so what is
//! large is kept packed, is packed by the caller beside the runtime ([`Packed`]), and is not touched by a list.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::live::Topic;
use domain::report::{Brief, Period};
use domain::view::{FileKept, ReportKept};
use sqlx::SqliteConnection;

use super::audit::Signed;
use super::record::Written;
use super::{Store, StoreError, advance, json, parse, revision, unsigned};

/// How hard is packed: the level of what files carry as well.
const LEVEL: u8 = 6;
/// Most bytes anything is unpacked to; many times what ten thousand services have.
const MOST_BYTES: usize = 512 * 1024 * 1024;

/// Bytes as they are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    bytes: Vec<u8>,
    size: u64,
}

impl Packed {
    /// Packs bytes, which takes a second for the largest there are.
    pub fn of(bytes: &[u8]) -> Self {
        Self { size: bytes.len() as u64, bytes: miniz_oxide::deflate::compress_to_vec_zlib(bytes, LEVEL) }
    }
}

/// What was packed.
pub(super) fn unpacked(what: &'static str, bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(bytes, MOST_BYTES).map_err(|_| StoreError::Packed { what })
}

/// A report that is to be kept.
#[derive(Clone, Debug)]
pub struct NewReport {
    /// A UUIDv7.
    pub id: String,
    /// When it was made.
    pub made: Timestamp,
    /// Who asked for it.
    pub requester: String,
    /// The one environment it is about; none: all of them.
    pub environment: Option<String>,
    /// The time it is about.
    pub period: Period,
    /// Whether names were taken out.
    pub redacted: bool,
    /// The public key, in base64.
    pub key: String,
    /// The signature over the document.
    pub signature: Vec<u8>,
    /// What a list tells of it.
    pub brief: Brief,
    /// The document, as it was signed.
    pub document: Packed,
    /// Every format by its word, as it was drawn.
    pub files: Vec<(&'static str, Packed)>,
}

/// One page of the reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf {
    /// The store's revision it was read at.
    pub revision: u64,
    /// How many reports there are.
    pub total: u64,
    /// Those of the page, newest first.
    pub kept: Vec<ReportKept>,
}

impl Store {
    /// Keeps a report with all its files, and who made it in the audit.
    ///
    /// # Errors
    /// When a statement fails; nothing is kept then.
    pub async fn report_keep(&self, report: &NewReport, by: &Signed) -> Result<Written, StoreError> {
        let brief = json("brief of a report", &report.brief)?;
        let (made, from, to) = (report.made.as_micros(), report.period.from.as_micros(), report.period.to.as_micros());
        let environment = report.environment.as_deref();
        let (signature, document) = (report.signature.as_slice(), report.document.bytes.as_slice());
        let mut tx = self.write().await?;
        sqlx::query!(
            "INSERT INTO report (id, made_at, requester, environment, period_from, period_to, redacted, key_id, signature, brief, document)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            report.id,
            made,
            report.requester,
            environment,
            from,
            to,
            report.redacted,
            report.key,
            signature,
            brief,
            document,
        )
        .execute(&mut *tx)
        .await?;
        for (format, packed) in &report.files {
            file(&mut tx, (&report.id, format), made, Ok(packed)).await?;
        }
        let redacted = if report.redacted { ", without names" } else { "" };
        let detail = format!(
            "on {} from {} to {}{redacted}; SHA-256 of the document {}",
            environment.unwrap_or("the fleet"),
            report.period.from,
            report.period.to,
            report.brief.digest
        );
        by.row(&mut tx, "made a report", &report.id, &detail).await?;
        let revision = advance(&mut tx).await?;
        tx.commit().await?;
        Ok(Written { revision, topics: [Topic::Reports].into() })
    }

    /// Keeps one more format of a report, or why there is none. What is kept already stays.
    ///
    /// # Errors
    /// When a statement fails; nothing is kept then.
    pub async fn report_file_keep(
        &self,
        (report, format): (&str, &str),
        made: Result<&Packed, &str>,
        at: Timestamp,
    ) -> Result<Written, StoreError> {
        let mut tx = self.write().await?;
        file(&mut tx, (report, format), at.as_micros(), made).await?;
        let revision = advance(&mut tx).await?;
        tx.commit().await?;
        Ok(Written { revision, topics: [Topic::Reports].into() })
    }

    /// One page of the reports, newest first.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn report_shelf(&self, page: u32, per: u32) -> Result<Shelf, StoreError> {
        let (per, before) = (i64::from(per), i64::from(page.saturating_sub(1)) * i64::from(per));
        let mut snapshot = self.read().await?;
        let revision = revision(&mut snapshot).await?;
        let total = sqlx::query_scalar!(r#"SELECT count(*) AS "count!: i64" FROM report"#).fetch_one(&mut *snapshot).await?;
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT id AS "id!: String", made_at AS "made_at!: i64", requester AS "requester!: String", environment AS "environment?: String",
                  period_from AS "period_from!: i64", period_to AS "period_to!: i64", redacted AS "redacted!: bool",
                  key_id AS "key_id!: String", brief AS "brief!: String"
               FROM report ORDER BY made_at DESC, id DESC LIMIT ? OFFSET ?"#,
            per,
            before,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let of_files = sqlx::query!(
            r#"SELECT report AS "report!: String", format AS "format!: String", size AS "size!: i64", missing AS "missing?: String"
               FROM report_file WHERE report IN (SELECT id FROM report ORDER BY made_at DESC, id DESC LIMIT ? OFFSET ?)"#,
            per,
            before,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let mut files: BTreeMap<String, Vec<FileKept>> = BTreeMap::new();
        for row in of_files {
            files.entry(row.report).or_default().push(FileKept { format: row.format, bytes: unsigned(row.size), missing: row.missing });
        }
        let kept = rows.into_iter().map(|row| {
            let files = files.remove(&row.id).unwrap_or_default();
            row.read(files)
        });
        Ok(Shelf { revision, total: unsigned(total), kept: kept.collect::<Result<_, _>>()? })
    }

    /// One report, by its id.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn report_kept(&self, id: &str) -> Result<Option<ReportKept>, StoreError> {
        let mut snapshot = self.read().await?;
        let row = sqlx::query_as!(
            Row,
            r#"SELECT id AS "id!: String", made_at AS "made_at!: i64", requester AS "requester!: String", environment AS "environment?: String",
                  period_from AS "period_from!: i64", period_to AS "period_to!: i64", redacted AS "redacted!: bool",
                  key_id AS "key_id!: String", brief AS "brief!: String"
               FROM report WHERE id = ?"#,
            id,
        )
        .fetch_optional(&mut *snapshot)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let files = sqlx::query!(
            r#"SELECT format AS "format!: String", size AS "size!: i64", missing AS "missing?: String" FROM report_file WHERE report = ?
               ORDER BY format"#,
            id,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let files = files.into_iter().map(|row| FileKept { format: row.format, bytes: unsigned(row.size), missing: row.missing });
        row.read(files.collect()).map(Some)
    }

    /// A report in a format, byte for byte, or why there is none; nothing where nobody ever drew it.
    ///
    /// # Errors
    /// When the statement fails or what is kept cannot be unpacked.
    pub async fn report_file(&self, id: &str, format: &str) -> Result<Option<Result<Vec<u8>, String>>, StoreError> {
        let mut snapshot = self.read().await?;
        let row = sqlx::query!(
            r#"SELECT missing AS "missing?: String", bytes AS "bytes?: Vec<u8>" FROM report_file WHERE report = ? AND format = ?"#,
            id,
            format,
        )
        .fetch_optional(&mut *snapshot)
        .await?;
        let Some(row) = row else { return Ok(None) };
        match row.bytes {
            Some(bytes) => Ok(Some(Ok(unpacked("report", &bytes)?))),
            None => Ok(Some(Err(row.missing.unwrap_or_default()))),
        }
    }

    /// The oldest report of which there is no PDF and no reason why not.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn report_unprinted(&self) -> Result<Option<String>, StoreError> {
        let mut snapshot = self.read().await?;
        let id = sqlx::query_scalar!(
            r#"SELECT id AS "id!: String" FROM report r
               WHERE NOT EXISTS (SELECT 1 FROM report_file f WHERE f.report = r.id AND f.format = 'pdf') ORDER BY made_at, id LIMIT 1"#
        )
        .fetch_optional(&mut *snapshot)
        .await?;
        Ok(id)
    }

    /// The newest report that this requester asked for: its id, and when it was made.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn report_last_of(&self, requester: &str) -> Result<Option<(String, Timestamp)>, StoreError> {
        let mut snapshot = self.read().await?;
        let row = sqlx::query!(
            r#"SELECT id AS "id!: String", made_at AS "made_at!: i64" FROM report WHERE requester = ? ORDER BY made_at DESC, id DESC LIMIT 1"#,
            requester,
        )
        .fetch_optional(&mut *snapshot)
        .await?;
        Ok(row.map(|row| (row.id, Timestamp::from_micros(row.made_at))))
    }
}

/// Adds a format of a report, unless it is there.
async fn file(
    connection: &mut SqliteConnection,
    (report, format): (&str, &str),
    at: i64,
    made: Result<&Packed, &str>,
) -> Result<(), StoreError> {
    let (size, missing, bytes) = match made {
        Ok(packed) => (i64::try_from(packed.size).unwrap_or(i64::MAX), None, Some(packed.bytes.as_slice())),
        Err(why) => (0, Some(why), None),
    };
    sqlx::query!(
        "INSERT INTO report_file (report, format, made_at, size, missing, bytes) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (report, format) DO NOTHING",
        report,
        format,
        at,
        size,
        missing,
        bytes,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A report as a row holds it, without what is large.
struct Row {
    id: String,
    made_at: i64,
    requester: String,
    environment: Option<String>,
    period_from: i64,
    period_to: i64,
    redacted: bool,
    key_id: String,
    brief: String,
}

impl Row {
    fn read(self, files: Vec<FileKept>) -> Result<ReportKept, StoreError> {
        Ok(ReportKept {
            brief: parse("brief of a report", &self.brief)?,
            id: self.id,
            made: Timestamp::from_micros(self.made_at),
            requester: self.requester,
            environment: self.environment,
            period: Period { from: Timestamp::from_micros(self.period_from), to: Timestamp::from_micros(self.period_to) },
            redacted: self.redacted,
            key: self.key_id,
            files,
        })
    }
}
