//! Takes the reports one after another into the store, and tells who waits for them.
//!
//! Separate from the collectors' running, because what happens to a report that cannot be recorded is decided here: lost
//! and brought again, or, on a disk that refuses, kept and offered again while every page says so.

use std::sync::Arc;
use std::time::Duration;

use collectors::{AlarmCollector, EcsCollector, Report};
use domain::port::Clock;
use domain::source::SourceId;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Attention;
use crate::config::Config;
use crate::live::Live;
use crate::store::{Filed, Store, StoreError};
use crate::trouble::Trouble;

/// How long to wait before a report is offered again to a disk that refused it.
const DISK_PAUSE: Duration = Duration::from_secs(10);

/// Where reports go, and who is told of them.
pub struct Recorder {
    /// The store.
    pub store: Store,
    /// What tells open pages.
    pub live: Live,
    /// What every page has to say when the disk refuses.
    pub trouble: Trouble,
    /// Which services are asked after.
    pub attention: Attention,
}

impl Recorder {
    /// Records a report, and answers whether all that it calls as it was is on record. While the disk refuses, it is kept and
    /// offered again, and every page says so.
    async fn record(&self, report: &Report, config: &Config, clock: &dyn Clock) -> Result<bool, StoreError> {
        let marks = config.marks();
        let environment = config.environments.iter().find(|environment| environment.name == report.health.id.scope);
        let grouping = environment.map_or("group", |environment| environment.group_tag.as_str());
        loop {
            match self.store.record(report, &marks, grouping).await {
                Err(error) if error.disk() => {
                    if self.trouble.said().is_none() {
                        tracing::error!(error = %crate::error_chain(&error), "the disk refuses; the collectors wait");
                        self.trouble.say(Some(self.disk_refuses(clock)));
                        self.live.changed_unrecorded();
                    }
                    clock.sleep(DISK_PAUSE).await;
                }
                Err(error) => return Err(error),
                Ok(Filed { written, held }) => {
                    self.live.changed(&written.topics, written.revision);
                    self.attention.learn(report);
                    if self.trouble.say(None) {
                        tracing::info!("the disk takes writes again; the collectors go on");
                        self.live.changed_unrecorded();
                    }
                    return Ok(held);
                }
            }
        }
    }

    fn disk_refuses(&self, clock: &dyn Clock) -> String {
        format!(
            "The disk refuses to write since {} UTC: nothing new is recorded and the collectors wait, so what you see is from before. \
             Free space on the disk that holds {}; it then goes on by itself, and nothing that was stored is lost.",
            clock.now().clock_time(),
            self.store.path().display()
        )
    }
}

/// The collectors that bring some things only once, and must bring them again when a report was lost.
pub(super) struct Again {
    pub(super) bringing: Vec<(SourceId, Arc<EcsCollector>)>,
    pub(super) reading_on: Vec<(SourceId, Arc<AlarmCollector>)>,
}

impl Again {
    async fn lost(&self, id: &SourceId, store: &Store) {
        self.bringing.iter().filter(|(own, _)| own == id).for_each(|(_, ecs)| ecs.forget());
        for (_, alarms) in self.reading_on.iter().filter(|(own, _)| own == id) {
            alarms.forget();
            // a store that cannot even say this has nothing: as far back as is worth it is always right
            alarms.resume(store.alarm_history_next(id).await.unwrap_or_default());
        }
    }
}

pub(super) async fn record_all(
    mut received: mpsc::Receiver<Report>,
    recorder: Arc<Recorder>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    config: Config,
    again: Again,
) {
    while let Some(report) = received.recv().await {
        // a stop does not wait for a disk that refuses; what is read again at the next start is not lost
        let recording = recorder.record(&report, &config, &*clock);
        let error = match stop_if(&stop, &recorder.trouble, recording).await {
            Some(Ok(true)) => continue,
            Some(Ok(false)) => "it calls as it was what is not on record".to_owned(),
            Some(Err(error)) => crate::error_chain(&error),
            None => "the disk refused until the stop".to_owned(),
        };
        again.lost(&report.health.id, &recorder.store).await;
        recorder.attention.measured.recall(&report, &recorder.store, clock.now()).await;
        tracing::error!(source = %report.health.id, error, "a sweep is not on record as a whole; the next one brings everything again")
    }
}

/// Runs `recording` to its end, unless it is stopped while the disk refuses.
async fn stop_if<T>(stop: &CancellationToken, trouble: &Trouble, recording: impl Future<Output = T>) -> Option<T> {
    let stopped = async {
        stop.cancelled().await;
        if trouble.said().is_none() {
            futures::future::pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        done = recording => Some(done),
        () = stopped => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::source::{SourceHealth, SourceKind};

    use super::*;
    use crate::clock::ScaledClock;

    /// A report of two thousand alarms: more than a store of a few pages can take.
    fn large(now: domain::Timestamp) -> Report {
        let id = SourceId::new(SourceKind::Alarms, "production");
        let alarm = |number: usize| domain::alarm::Alarm { name: format!("alarm-{number:05}"), ..domain::alarm::Alarm::default() };
        let alarms = domain::reading::Seen::whole((0..2_000).map(alarm).collect());
        let reading = domain::reading::AlarmReading { account: "111122223333".into(), region: "us-east-1".into(), alarms, history: None };
        let mut health = SourceHealth::untried(id.clone(), Duration::from_secs(30));
        health.last_success = Some(now);
        let sweep = domain::reading::Sweep {
            source: id,
            started: now,
            finished: now,
            calls: 20,
            outcome: domain::source::Outcome::Complete,
            reading: Some(domain::reading::Reading::Alarms(reading)),
            requests: Vec::new(),
        };
        Report { sweep: Some(sweep), health }
    }

    async fn limit(store: &Store, pages: i64) {
        let mut tx = store.write().await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"))).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn a_full_disk_keeps_the_report_says_so_and_goes_on_by_itself() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("signalbox.db")).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ScaledClock::new(*ScaledClock::SPEEDS.end()));
        let config = Config::from_sdk_chain();
        limit(&store, 1).await; // never below what there is: full from now on
        let recorder = Recorder { store: store.clone(), live: Live::at(0), trouble: Trouble::default(), attention: Attention::default() };
        let (trouble, mut told) = (recorder.trouble.clone(), recorder.live.watch());
        let report = large(clock.now());
        let recording = recorder.record(&report, &config, &*clock);
        let freed = async {
            told.changed().await.unwrap();
            let said = trouble.said().unwrap();
            assert!(said.contains("The disk refuses to write") && said.contains("signalbox.db"), "{said}");
            limit(&store, 1_000_000).await;
        };
        let (recorded, ()) = tokio::join!(recording, freed);
        recorded.unwrap();
        assert_eq!(trouble.said(), None);
        let mut snapshot = store.read().await.unwrap();
        let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM alarm").fetch_one(&mut *snapshot).await.unwrap();
        assert_eq!(kept, 2_000);
    }
}
