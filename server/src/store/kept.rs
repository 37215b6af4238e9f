//! What every page asks for, kept in memory until it changes: the list of services, and the sources' health.
//!
//! Separate from the queries because what can go wrong here is not what is read but for how long it stands. A report marks its
//! revision before it is committed, so whoever sees the revision finds the mark. What was read at the mark or later is current;
//! whoever comes first after a newer mark reads anew, and the others wait for that one reading. The trap is a store opened beside
//! a running server: it hears of no mark, so it looks at the revision each time.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::Timestamp;
use domain::source::SourceHealth;
use domain::view::{ServiceList, SourceBrief};
use tokio::sync::Mutex;

use super::{Store, StoreError, parse, revision, services, unsigned};

/// What is kept, and up to when it stands.
#[derive(Default)]
pub(super) struct Kept {
    /// The newest revision that is known to be committed, of reports.
    newest: AtomicU64,
    /// The newest revision, committed or about to be, that moves the list of services.
    list_moved: AtomicU64,
    /// The same of the sources' health.
    sources_moved: AtomicU64,
    list: Mutex<Option<Arc<ServiceList>>>,
    sources: Mutex<Option<Arc<Sources>>>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

impl Kept {
    /// A report is about to be committed as this revision; `list` says whether it moves the list of services. To be called before
    /// the commit. Where that fails, what is kept is looked at once more than needed, and nothing else.
    pub(super) fn moving(&self, revision: u64, list: bool) {
        self.sources_moved.fetch_max(revision, Ordering::SeqCst);
        if list {
            self.list_moved.fetch_max(revision, Ordering::SeqCst);
        }
    }

    /// This revision is committed.
    pub(super) fn committed(&self, revision: u64) {
        self.newest.fetch_max(revision, Ordering::SeqCst);
    }

    /// A revision up to which everything is committed. Of what is asked for after this, marks and all, nothing is missing.
    pub(super) fn newest(&self) -> u64 {
        self.newest.load(Ordering::SeqCst)
    }
}

/// The health of the sources of the config, in its order.
#[derive(Debug)]
pub(super) struct Sources {
    /// The revision it was read at.
    pub(super) revision: u64,
    /// One a source.
    pub(super) health: Vec<SourceHealth>,
}

impl Store {
    /// Every service in its cluster, as the newest report left it.
    pub(super) async fn service_list(&self) -> Result<Arc<ServiceList>, StoreError> {
        let mut kept = self.kept.list.lock().await;
        let moved = self.kept.list_moved.load(Ordering::SeqCst);
        if let Some(list) = kept.as_ref().filter(|list| self.alone() && list.revision() >= moved) {
            return Ok(Arc::clone(list));
        }
        let mut snapshot = self.read().await?;
        let revision = revision(&mut snapshot).await?;
        // a mark whose commit failed or is under way: nothing has moved yet
        if let Some(list) = kept.as_ref().filter(|list| list.revision() == revision) {
            return Ok(Arc::clone(list));
        }
        let list = Arc::new(ServiceList::new(revision, services::every(&mut snapshot).await?));
        *kept = Some(Arc::clone(&list));
        Ok(list)
    }

    /// The sources' health, as the newest report left it.
    pub(super) async fn sources_now(&self) -> Result<Arc<Sources>, StoreError> {
        let mut kept = self.kept.sources.lock().await;
        let moved = self.kept.sources_moved.load(Ordering::SeqCst);
        if let Some(sources) = kept.as_ref().filter(|sources| self.alone() && sources.revision >= moved) {
            return Ok(Arc::clone(sources));
        }
        let rows = sqlx::query!(
            r#"SELECT r.value AS "revision!: i64", s.health AS "health?: String" FROM revision r LEFT JOIN source s ON TRUE
               ORDER BY s.position, s.id"#
        )
        .fetch_all(&self.readers)
        .await?;
        let revision = rows.first().map_or(0, |row| unsigned(row.revision));
        let health: Result<Vec<SourceHealth>, StoreError> =
            rows.iter().filter_map(|row| row.health.as_deref()).map(|text| parse("source", text)).collect();
        let sources = Arc::new(Sources { revision, health: health? });
        *kept = Some(Arc::clone(&sources));
        Ok(sources)
    }

    /// The config names other sources now, which makes no revision.
    pub(super) async fn forget_sources(&self) {
        *self.kept.sources.lock().await = None;
    }

    /// Where every fact comes from and how fresh it is, in the order of the config.
    ///
    /// # Errors
    /// When the statement fails or a row cannot be read.
    pub async fn source_briefs(&self, now: Timestamp) -> Result<Vec<SourceBrief>, StoreError> {
        Ok(self.sources_now().await?.health.iter().map(|health| SourceBrief::judge(health, now)).collect())
    }
}
