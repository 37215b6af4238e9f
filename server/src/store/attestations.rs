//! People's word on checks, and the files they handed in.
//!
//! Only ever added to: an attestation is taken back by a note in it, and counts for nothing from then on. Files lie beside, each
//! once, found by the hash of their bytes, because the same summary is handed in for several services. The trap is evidence
//! that disappears: triggers refuse to delete or to change either, whoever asks.

use std::time::Duration;

use domain::Timestamp;
use domain::live::Topic;
use domain::readiness::{Attestation, Evidence, FileNamed, Subject};
use domain::service::ServiceKey;
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

use super::audit::Signed;
use super::record::Written;
use super::{Store, StoreError, advance, unsigned};

/// So long what has ended is told as too old, and not as never said.
const REMEMBERED: Duration = Duration::from_secs(366 * 86_400);

impl Store {
    /// Keeps somebody's word, with the bytes of the file that came with it. Who and when is taken from `by`. Answers its number.
    ///
    /// # Errors
    /// When a statement fails; nothing is kept then.
    pub async fn attest(&self, said: &Attestation, bytes: Option<&[u8]>, by: &Signed) -> Result<(i64, Written), StoreError> {
        let (cluster, service) = named(&said.subject);
        let (environment, value) = (said.subject.environment(), i64::from(said.value));
        let (at, expires) = (by.at.as_micros(), said.expires.as_micros());
        let (link, sentence) = (said.link.as_deref(), said.said.as_deref());
        let mut tx = self.write().await?;
        let file = match bytes {
            Some(bytes) => Some(keep(&mut tx, bytes).await?),
            None => None,
        };
        let file_name = said.file.as_ref().filter(|_| file.is_some()).map(|file| file.name.as_str());
        let id = sqlx::query_scalar!(
            r#"INSERT INTO attestation (check_id, environment, cluster, service, value, note, link, file, file_name, said, by_name, at, expires_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id AS "id!""#,
            said.check,
            environment,
            cluster,
            service,
            value,
            said.note,
            link,
            file,
            file_name,
            sentence,
            by.actor,
            at,
            expires,
        )
        .fetch_one(&mut *tx)
        .await?;
        let detail = format!("{} permille of {} until {}", said.value, said.subject, said.expires);
        by.row(&mut tx, "attested a check", &said.check, &detail).await?;
        let revision = advance(&mut tx).await?;
        tx.commit().await?;
        Ok((id, Written { revision, topics: [Topic::Readiness].into() }))
    }

    /// Takes somebody's word back. Nothing where there is none of that number, or it was taken back before.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn attestation_withdraw(&self, id: i64, by: &Signed) -> Result<Option<Written>, StoreError> {
        let at = by.at.as_micros();
        let mut tx = self.write().await?;
        let check = sqlx::query_scalar!(
            r#"UPDATE attestation SET withdrawn_at = ?, withdrawn_by = ? WHERE id = ? AND withdrawn_at IS NULL
               RETURNING check_id AS "check_id!""#,
            at,
            by.actor,
            id,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(check) = check else { return Ok(None) };
        by.row(&mut tx, "took an attestation back", &check, &format!("number {id}")).await?;
        let revision = advance(&mut tx).await?;
        tx.commit().await?;
        Ok(Some(Written { revision, topics: [Topic::Readiness].into() }))
    }

    /// Attestations that were not taken back and count, or counted until `since`: what has ended is shown as too old.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn attestations_since(&self, since: Timestamp) -> Result<Vec<Attestation>, StoreError> {
        let (mut snapshot, since) = (self.read().await?, since.as_micros());
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT a.id AS "id!", check_id AS "check_id!", environment AS "environment!", cluster, service, value AS "value!",
                  note AS "note!", link, file_name, said, by_name AS "by_name!", at AS "at!", expires_at AS "expires_at!",
                  withdrawn_at, withdrawn_by, f.sha256 AS "sha256?", length(f.bytes) AS "size?: i64"
               FROM attestation a LEFT JOIN uploaded_file f ON f.id = a.file
               WHERE withdrawn_at IS NULL AND expires_at > ? ORDER BY a.id"#,
            since,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        Ok(rows.into_iter().map(Row::read).collect())
    }

    /// What people stand for, as evidence: attestations, those included that ended within the last year, and the ticks of
    /// checklists.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn attested(&self, now: Timestamp) -> Result<Vec<Evidence>, StoreError> {
        let said = self.attestations_since(now.minus(REMEMBERED)).await?;
        let mut evidence: Vec<Evidence> = said.iter().filter_map(|said| said.evidence(now)).collect();
        let lists = self.checklists().await?;
        let mut snapshot = self.read().await?;
        let environments =
            sqlx::query_scalar!(r#"SELECT DISTINCT environment AS "environment!" FROM service"#).fetch_all(&mut *snapshot).await?;
        for list in &lists {
            evidence.extend(list.evidence(now, environments.iter().map(String::as_str)));
        }
        Ok(evidence)
    }

    /// Everything that was ever said in an environment before a number (all of it: `i64::MAX`), newest first.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn attestations_before(&self, environment: &str, before: i64, most: i64) -> Result<Vec<Attestation>, StoreError> {
        let mut snapshot = self.read().await?;
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT a.id AS "id!", check_id AS "check_id!", environment AS "environment!", cluster, service, value AS "value!",
                  note AS "note!", link, file_name, said, by_name AS "by_name!", at AS "at!", expires_at AS "expires_at!",
                  withdrawn_at, withdrawn_by, f.sha256 AS "sha256?", length(f.bytes) AS "size?: i64"
               FROM attestation a LEFT JOIN uploaded_file f ON f.id = a.file
               WHERE environment = ? AND a.id < ? ORDER BY a.id DESC LIMIT ?"#,
            environment,
            before,
            most,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        Ok(rows.into_iter().map(Row::read).collect())
    }

    /// The file that was handed in with an attestation: its name and its bytes.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn attestation_file(&self, id: i64) -> Result<Option<(String, Vec<u8>)>, StoreError> {
        let mut snapshot = self.read().await?;
        let row = sqlx::query!(
            r#"SELECT a.file_name, f.bytes AS "bytes!" FROM attestation a JOIN uploaded_file f ON f.id = a.file WHERE a.id = ?"#,
            id,
        )
        .fetch_optional(&mut *snapshot)
        .await?;
        Ok(row.map(|row| (row.file_name.unwrap_or_default(), row.bytes)))
    }
}

/// An attestation as a row holds it.
struct Row {
    id: i64,
    check_id: String,
    environment: String,
    cluster: Option<String>,
    service: Option<String>,
    value: i64,
    note: String,
    link: Option<String>,
    file_name: Option<String>,
    said: Option<String>,
    by_name: String,
    at: i64,
    expires_at: i64,
    withdrawn_at: Option<i64>,
    withdrawn_by: Option<String>,
    sha256: Option<Vec<u8>>,
    size: Option<i64>,
}

impl Row {
    fn read(self) -> Attestation {
        let file = self.sha256.map(|sha256| FileNamed {
            name: self.file_name.unwrap_or_default(),
            sha256: sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
            bytes: self.size.map_or(0, unsigned),
        });
        let withdrawn = self.withdrawn_at.map(|at| (Timestamp::from_micros(at), self.withdrawn_by.unwrap_or_default()));
        Attestation {
            id: self.id,
            check: self.check_id,
            subject: subject(self.environment, self.cluster, self.service),
            value: u16::try_from(self.value).unwrap_or(0),
            note: self.note,
            link: self.link,
            file,
            said: self.said,
            by: self.by_name,
            at: Timestamp::from_micros(self.at),
            expires: Timestamp::from_micros(self.expires_at),
            withdrawn,
        }
    }
}

/// What a row is about.
pub(super) fn subject(environment: String, cluster: Option<String>, service: Option<String>) -> Subject {
    match (cluster, service) {
        (Some(cluster), Some(service)) => Subject::Service(ServiceKey { environment, cluster, service }),
        _ => Subject::Environment { environment },
    }
}

/// Cluster and service of what a row is about.
fn named(subject: &Subject) -> (Option<&str>, Option<&str>) {
    subject.service().map_or((None, None), |key| (Some(key.cluster.as_str()), Some(key.service.as_str())))
}

/// Keeps a file's bytes, once; its number.
async fn keep(connection: &mut SqliteConnection, bytes: &[u8]) -> Result<i64, StoreError> {
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    let hash = hash.as_slice();
    sqlx::query!("INSERT INTO uploaded_file (sha256, bytes) VALUES (?, ?) ON CONFLICT (sha256) DO NOTHING", hash, bytes)
        .execute(&mut *connection)
        .await?;
    Ok(sqlx::query_scalar!(r#"SELECT id AS "id!" FROM uploaded_file WHERE sha256 = ?"#, hash).fetch_one(connection).await?)
}
