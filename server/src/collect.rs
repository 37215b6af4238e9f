//! Runs the collectors and records what they report.
//!
//! One task per source and one that records, so that a source that hangs holds up nobody, and the store has one writer.
//! A report that could not be recorded is logged and lost: the next sweep sees the same world again. What a collector
//! brings home only once (stops, revisions) it is then told to bring again. A full disk is another matter: the report is
//! kept and offered again, the collectors pause because nothing takes their reports, and every page says so.

mod attention;
mod interest;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use collectors::nats::{NatsCollector, NatsScope};
use collectors::{
    AlarmCollector, AwsEnvironment, AwsScope, Budgets, Collector, Depth, EcsCollector, Keys, LogCollector, MetricsCollector, Owing, Poller,
    Report,
};
use domain::Timestamp;
use domain::live::Topic;
use domain::log::Owed;
use domain::port::Clock;
use domain::source::{SourceId, SourceKind};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use interest::Interest;

use crate::config::{Config, Environment, Nats};
use crate::live::Live;
use crate::store::{Keep, Store, StoreError};
use crate::trouble::Trouble;

pub use attention::Attention;

/// How often sources are looked at for having gone stale.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Entries taken into the search index in one transaction, and the pause after each.
const INDEXED_AT_ONCE: i64 = 2_000;
const INDEX_PAUSE: Duration = Duration::from_millis(20);
/// Reports waiting to be recorded; a collector that is ahead of the store waits. Few, so that all collectors soon pause
/// when nothing can be recorded.
const WAITING: usize = 4;
/// How long to wait before a report is offered again to a disk that refused it.
const DISK_PAUSE: Duration = Duration::from_secs(10);
/// How often rows that have become too old are looked for.
const LET_GO_EVERY: Duration = Duration::from_secs(600);
/// Pause between two slices, in which reports are recorded.
const BETWEEN_SLICES: Duration = Duration::from_millis(200);

/// How collectors are made from a config.
pub struct Making {
    /// Which kinds of source.
    pub kinds: Vec<SourceKind>,
    /// Fixed credentials instead of the SDK's chain: the demo's.
    pub keys: Option<Keys>,
    /// Where jitter is drawn from.
    pub seed: u64,
    /// How much of ECS is read; `verify` needs no history.
    pub depth: Depth,
}

impl Making {
    /// Every kind, with the SDK's own credentials.
    pub fn everything(seed: u64) -> Self {
        Self { kinds: SourceKind::ALL.to_vec(), keys: None, seed, depth: Depth::Record }
    }
}

/// A collector, once more by its own type where it can be told what is known already.
pub struct Made {
    /// To be swept.
    pub collector: Arc<dyn Collector>,
    own: Own,
}

enum Own {
    Ecs(Arc<EcsCollector>),
    Alarms(Arc<AlarmCollector>),
    Nats(Arc<NatsCollector>),
    Logs(Arc<LogCollector>),
    Metrics(Arc<MetricsCollector>),
}

/// The collectors of a config, in its order.
///
/// Logs are read for who is owed some: nobody, where nothing is kept.
pub fn make(config: &Config, clock: &Arc<dyn Clock>, making: &Making, owing: Option<&Arc<dyn Owing>>) -> Vec<Made> {
    let budgets = Budgets::new(Arc::clone(clock));
    let mut made = Vec::new();
    for environment in &config.environments {
        let aws = Arc::new(aws(environment, config, clock, making, &budgets));
        if making.kinds.contains(&SourceKind::Ecs) {
            let collector = EcsCollector::new(Arc::clone(&aws), config.poll.services.0);
            let collector = Arc::new(collector.with_depth(making.depth));
            made.push(Made { collector: Arc::clone(&collector) as Arc<dyn Collector>, own: Own::Ecs(collector) });
        }
        if making.kinds.contains(&SourceKind::Alarms) {
            let collector = AlarmCollector::new(Arc::clone(&aws), config.poll.alarms.0);
            let collector = Arc::new(if making.depth == Depth::Record { collector.with_history() } else { collector });
            made.push(Made { collector: Arc::clone(&collector) as Arc<dyn Collector>, own: Own::Alarms(collector) });
        }
        if making.kinds.contains(&SourceKind::Metrics) {
            let collector = MetricsCollector::new(Arc::clone(&aws), config.poll.metrics.0, config.budget.allowance());
            let collector = Arc::new(collector.with_p99_target(environment.p99_target.map(|span| span.0)));
            made.push(Made { collector: Arc::clone(&collector) as Arc<dyn Collector>, own: Own::Metrics(collector) });
        }
        if let Some(owing) = owing.filter(|_| making.kinds.contains(&SourceKind::Logs)) {
            let collector = Arc::new(LogCollector::new(aws, config.poll.services.0, Arc::clone(owing)));
            made.push(Made { collector: Arc::clone(&collector) as Arc<dyn Collector>, own: Own::Logs(collector) });
        }
    }
    if making.kinds.contains(&SourceKind::Nats) {
        for nats in &config.nats {
            let collector = Arc::new(NatsCollector::new(nats_scope(nats, config), Arc::clone(clock)));
            made.push(Made { collector: Arc::clone(&collector) as Arc<dyn Collector>, own: Own::Nats(collector) });
        }
    }
    made
}

pub(crate) fn aws(
    environment: &Environment,
    config: &Config,
    clock: &Arc<dyn Clock>,
    making: &Making,
    budgets: &Arc<Budgets>,
) -> AwsEnvironment {
    let scope = AwsScope {
        environment: environment.name.clone(),
        region: environment.region.clone(),
        account_id: environment.account_id.clone(),
        profile: environment.profile.clone(),
        role_arn: environment.role_arn.clone(),
        external_id: environment.external_id.clone(),
        endpoint_url: environment.endpoint_url.clone(),
        clusters: environment.clusters.clone(),
        share: config.poll.rate_share,
    };
    let aws = AwsEnvironment::new(scope, Arc::clone(clock)).with_budgets(Arc::clone(budgets)).with_seed(making.seed);
    match &making.keys {
        Some(keys) => aws.with_keys(keys.clone()),
        None => aws,
    }
}

pub(crate) fn nats_scope(nats: &Nats, config: &Config) -> NatsScope {
    NatsScope {
        name: nats.name.clone(),
        urls: nats.urls.clone(),
        user: nats.user.clone(),
        password: nats.password.as_ref().map(|password| password.expose().to_owned()),
        creds_file: nats.creds_file.clone(),
        nkey_file: nats.nkey_file.clone(),
        ca_file: nats.ca_file.clone(),
        cert_file: nats.cert_file.clone(),
        key_file: nats.key_file.clone(),
        monitor_urls: nats.monitor_urls.clone(),
        environments: nats.environments.clone(),
        interval: config.poll.nats.0,
    }
}

/// The store, as far as the log collector may see it.
struct Ledger(Store);

#[async_trait]
impl Owing for Ledger {
    async fn owed(&self, environment: &str, now: Timestamp, most: usize) -> Vec<Owed> {
        self.0.owed_words(environment, now, most).await.unwrap_or_else(|error| {
            tracing::error!(error = %crate::error_chain(&error), "which last words are owed could not be read; they stay owed");
            Vec::new()
        })
    }
}

/// The running collectors.
pub struct Collection {
    tasks: TaskTracker,
    stop: CancellationToken,
    logs: HashMap<String, Arc<LogCollector>>,
}

impl Collection {
    /// Starts sweeping and recording.
    ///
    /// # Errors
    /// When the store cannot be told which sources there are.
    pub async fn start(config: &Config, clock: Arc<dyn Clock>, making: &Making, recorder: Recorder) -> Result<Self, StoreError> {
        let store = recorder.store.clone();
        let owing: Arc<dyn Owing> = Arc::new(Ledger(store.clone()));
        let made = make(config, &clock, making, Some(&owing));
        let (reports, received) = mpsc::channel(WAITING);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let known = store.known_definitions().await?;
        let (mut pollers, mut bringing, mut reading_on, mut looking) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut logs, mut wakes) = (HashMap::new(), HashMap::new());
        for (index, made) in made.into_iter().enumerate() {
            let id = made.collector.id().clone();
            match made.own {
                Own::Ecs(ecs) => {
                    ecs.know(known.iter().cloned());
                    looking.push(Arc::clone(&ecs));
                    bringing.push((id, ecs));
                }
                // a node that went down while nobody looked is missed all the same
                Own::Nats(nats) => {
                    nats.expect(store.known_nodes(&id).await?);
                    nats.know_ends(store.known_ends(&id).await?);
                }
                Own::Alarms(alarms) => {
                    alarms.resume(store.alarm_history_next(&id).await?);
                    reading_on.push((id, alarms));
                }
                Own::Logs(reader) => drop(logs.insert(id.scope, reader)),
                Own::Metrics(metrics) => {
                    let (asked, ledger) = store.metrics_known(&id.scope, clock.now()).await?;
                    metrics.know(asked, ledger);
                    wakes.insert(index, metrics.wake());
                    recorder.interest.add(&id.scope, metrics);
                }
            }
            let seed = making.seed.wrapping_add(u64::try_from(index).unwrap_or(0));
            pollers.push(Poller::new(made.collector, Arc::clone(&clock), seed));
        }
        let untried: Vec<_> = pollers.iter().map(|poller| poller.health().clone()).collect();
        store.sources_set(&untried).await?;
        for (index, poller) in pollers.into_iter().enumerate() {
            let wake: Arc<Notify> = wakes.remove(&index).unwrap_or_default();
            tasks.spawn(poller.run(reports.clone(), wake, stop.clone()));
        }
        let background = futures::future::join4(
            watch_freshness(store.clone(), recorder.live.clone(), Arc::clone(&clock)),
            index_old_entries(store.clone(), recorder.live.clone(), Arc::clone(&clock)),
            let_go(store.clone(), config.store.keep(), Arc::clone(&clock)),
            interest::tidy(store, Arc::clone(&clock), config.history.keep.0),
        );
        let ended = stop.clone();
        tasks.spawn(async move { ended.run_until_cancelled(background).await });
        let recorder = Arc::new(recorder);
        for ecs in looking {
            let looking = attention::look(ecs, Arc::clone(&recorder), config.clone(), Arc::clone(&clock));
            let ended = stop.clone();
            tasks.spawn(async move { ended.run_until_cancelled(looking).await });
        }
        tasks.spawn(record_all(received, recorder, clock, stop.clone(), config.clone(), Again { bringing, reading_on }));
        Ok(Self { tasks, stop, logs })
    }

    /// Who reads the logs of each environment.
    pub fn log_readers(&self) -> HashMap<String, Arc<LogCollector>> {
        self.logs.clone()
    }

    /// Ends all sweeps at once and waits until what was reported is recorded.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Takes the timeline's entries from before there was a search index into it, slice by slice, so that a start after an
/// update is as quick as any and sweeps are recorded in between.
async fn index_old_entries(store: Store, live: Live, clock: Arc<dyn Clock>) {
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
async fn watch_freshness(store: Store, live: Live, clock: Arc<dyn Clock>) {
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

/// Lets go of what is too old, slice by slice.
async fn let_go(store: Store, keep: Keep, clock: Arc<dyn Clock>) {
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
    }
}

/// Where reports go, and who is told of them.
pub struct Recorder {
    /// The store.
    pub store: Store,
    /// What tells open pages.
    pub live: Live,
    /// What every page has to say when the disk refuses.
    pub trouble: Trouble,
    /// Who is measured.
    pub interest: Interest,
    /// Which services are worth a look between two sweeps.
    pub attention: Attention,
}

impl Recorder {
    /// Records a report. While the disk refuses, it is kept and offered again, and every page says so.
    async fn record(&self, report: &Report, config: &Config, clock: &dyn Clock) -> Result<(), StoreError> {
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
                Ok(written) => {
                    self.live.changed(&written.topics, written.revision);
                    self.interest.learn(report);
                    if self.trouble.say(None) {
                        tracing::info!("the disk takes writes again; the collectors go on");
                        self.live.changed_unrecorded();
                    }
                    return Ok(());
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
struct Again {
    bringing: Vec<(SourceId, Arc<EcsCollector>)>,
    reading_on: Vec<(SourceId, Arc<AlarmCollector>)>,
}

impl Again {
    async fn lost(&self, id: &SourceId, store: &Store) {
        self.bringing.iter().filter(|(own, _)| own == id).for_each(|(_, ecs)| ecs.forget());
        for (_, alarms) in self.reading_on.iter().filter(|(own, _)| own == id) {
            // a store that cannot even say this has nothing: as far back as is worth it is always right
            alarms.resume(store.alarm_history_next(id).await.unwrap_or_default());
        }
    }
}

async fn record_all(
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
            Some(Ok(())) => continue,
            Some(Err(error)) => crate::error_chain(&error),
            None => "the disk refused until the stop".to_owned(),
        };
        again.lost(&report.health.id, &recorder.store).await;
        recorder.interest.recall(&report, &recorder.store, clock.now()).await;
        tracing::error!(source = %report.health.id, error, "a sweep could not be recorded; the next one will be")
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
    use domain::source::SourceHealth;

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
        let recorder = Recorder {
            store: store.clone(),
            live: Live::at(0),
            trouble: Trouble::default(),
            interest: Interest::default(),
            attention: Attention::default(),
        };
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
