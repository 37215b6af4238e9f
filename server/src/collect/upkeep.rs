//! What is done beside sweeping: telling what went stale, making old entries searchable, letting go of old rows.
//!
//! Separate because each runs for ever by itself and none depends on a report.

use std::sync::Arc;
use std::time::Duration;

use domain::live::Topic;
use domain::port::Clock;

use crate::live::Live;
use crate::store::{Keep, Store};

/// How often sources are looked at for having gone stale.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Entries taken into the search index in one transaction, and the pause after each.
const INDEXED_AT_ONCE: i64 = 2_000;
const INDEX_PAUSE: Duration = Duration::from_millis(20);
/// How often rows that have become too old are looked for.
const LET_GO_EVERY: Duration = Duration::from_secs(600);
/// Pause between two slices, in which reports are recorded.
pub(super) const BETWEEN_SLICES: Duration = Duration::from_millis(200);

/// Takes the timeline's entries from before there was a search index into it, slice by slice, so that a start after an
/// update is as quick as any and sweeps are recorded in between.
pub(super) async fn index_old_entries(store: Store, live: Live, clock: Arc<dyn Clock>) {
    loop {
        match store.search_more(INDEXED_AT_ONCE).await {
            Ok(true) => clock.sleep(INDEX_PAUSE).await,
            Ok(false) => break,
            Err(error) => {
                tracing::error!(error = %crate::error_chain(&error), "older entries of the timeline could not be made searchable; the next start goes on");
                return;
            }
        }
    }
    if let Ok(revision) = store.revision().await {
        live.changed(&[Topic::Timeline].into(), revision);
    }
}

/// Tells open pages when a source goes stale by nothing but time: a collector that hangs reports nothing, and nothing
/// stale may stay green.
pub(super) async fn watch_freshness(store: Store, live: Live, clock: Arc<dyn Clock>) {
    let mut before = Vec::new();
    loop {
        clock.sleep(LOOK_EVERY).await;
        match store.staleness(clock.now()).await {
            Ok(stale) if stale == before => {}
            Ok(stale) => {
                before = stale;
                match store.touch().await {
                    Ok(revision) => live.changed(&Topic::ALL.into(), revision),
                    Err(error) => {
                        tracing::error!(error = %crate::error_chain(&error), "it could not be recorded that a source went stale");
                        live.changed_unrecorded();
                    }
                }
            }
            Err(error) => tracing::error!(error = %crate::error_chain(&error), "the sources' freshness could not be read"),
        }
    }
}

/// Lets go of what is too old, slice by slice, and has the planner look at what is left.
pub(super) async fn let_go(store: Store, keep: Keep, clock: Arc<dyn Clock>) {
    loop {
        clock.sleep(LET_GO_EVERY).await;
        loop {
            match store.let_go(keep, clock.now()).await {
                Ok(0) => break,
                Ok(gone) => tracing::debug!(gone, "let go of rows that have become too old"),
                Err(error) => {
                    tracing::error!(error = %crate::error_chain(&error), "old rows could not be deleted; tried again later");
                    break;
                }
            }
            clock.sleep(BETWEEN_SLICES).await;
        }
        if let Err(error) = store.look_over().await {
            tracing::error!(error = %crate::error_chain(&error), "the store's statistics could not be renewed; tried again later");
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::source::{SourceHealth, SourceId, SourceKind};

    use super::*;
    use crate::clock::ScaledClock;

    #[tokio::test]
    async fn pages_are_told_when_time_alone_makes_a_source_stale() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("signalbox.db")).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ScaledClock::new(*ScaledClock::SPEEDS.end()));
        let mut health = SourceHealth::untried(SourceId::new(SourceKind::Ecs, "production"), Duration::from_secs(15));
        health.last_success = Some(clock.now());
        store.sources_set(&[health]).await.unwrap();
        let live = Live::at(0);
        let mut told = live.watch();
        let watching = watch_freshness(store.clone(), live, Arc::clone(&clock));
        let stale = async {
            // the first look tells what it found, the second that it changed
            while !store.staleness(clock.now()).await.unwrap().contains(&true) {
                told.changed().await.unwrap();
            }
        };
        tokio::select! {
            () = watching => {}
            () = stale => {}
        }
        assert!(store.revision().await.unwrap() > 0);
    }
}
