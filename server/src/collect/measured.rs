//! Metrics beside the other sources: who tells the metrics collectors what to measure, and who keeps what they brought
//! small.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use collectors::{MetricsCollector, Report};
use domain::Timestamp;
use domain::port::Clock;
use domain::reading::Reading;
use domain::service::ServiceKey;
use domain::source::SourceKind;

use super::upkeep::BETWEEN_SLICES;
use crate::store::{Store, StoreError};

/// How often old hours are rolled up.
const TIDY_EVERY: Duration = Duration::from_secs(3_600);

/// The metrics collectors by environment: who is told which services there are, and who is looked at.
#[derive(Clone, Default)]
pub(super) struct Measured(Arc<Mutex<HashMap<String, Arc<MetricsCollector>>>>);

impl Measured {
    pub(super) fn add(&self, environment: &str, collector: Arc<MetricsCollector>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(environment.to_owned(), collector);
    }

    fn of(&self, environment: &str) -> Option<Arc<MetricsCollector>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(environment).cloned()
    }

    /// Somebody looks at what was measured of this service: its newest minutes are wanted.
    pub(super) fn look(&self, key: &ServiceKey) {
        if let Some(collector) = self.of(&key.environment) {
            collector.want(&key.cluster, &key.service);
        }
    }

    /// Which services there are, from a reading of ECS.
    pub(super) fn learn(&self, report: &Report) {
        let Some(Reading::Ecs(reading)) = report.sweep.as_ref().and_then(|sweep| sweep.reading.as_ref()) else { return };
        let Some(collector) = self.of(&report.health.id.scope) else { return };
        collector.watch(reading);
    }

    /// What was read could not be recorded: the collector must not believe it was.
    pub(super) async fn recall(&self, report: &Report, store: &Store, now: Timestamp) {
        let id = &report.health.id;
        let Some(collector) = self.of(&id.scope).filter(|_| id.kind == SourceKind::Metrics) else { return };
        if let Ok((asked, ledger)) = store.metrics_known(&id.scope, now).await {
            collector.know(asked, ledger);
        }
    }
}

/// Rolls up old hours and lets go of what is too old, in small slices between which others may write.
pub(super) async fn tidy(store: Store, clock: Arc<dyn Clock>, keep: Duration) {
    loop {
        clock.sleep(TIDY_EVERY).await;
        loop {
            let slice = async { Ok::<u64, StoreError>(store.roll_up(clock.now()).await? + store.forget_history(clock.now(), keep).await?) };
            match slice.await {
                Ok(0) => break,
                Ok(rows) => {
                    tracing::debug!(rows, "rolled up and let go");
                    clock.sleep(BETWEEN_SLICES).await;
                }
                Err(error) => {
                    tracing::error!(error = %crate::error_chain(&error), "old numbers could not be rolled up; tried again in an hour");
                    break;
                }
            }
        }
    }
}
