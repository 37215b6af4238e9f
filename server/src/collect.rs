//! Runs the collectors and records what they report.
//!
//! One task per source and one that records, so that a source that hangs holds up nobody, and the store has one writer.
//! A report that could not be recorded is logged and lost: the next sweep sees the same world again. What a collector
//! brings home only once (stops, revisions) it is then told to bring again.

use std::sync::Arc;
use std::time::Duration;

use collectors::nats::{NatsCollector, NatsScope};
use collectors::{AlarmCollector, AwsEnvironment, AwsScope, Budgets, Collector, Depth, EcsCollector, Keys, Poller, Report};
use domain::live::Topic;
use domain::port::Clock;
use domain::source::{SourceId, SourceKind};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Config, Environment, Nats};
use crate::live::Live;
use crate::store::{Store, StoreError};

/// How often sources are looked at for having gone stale.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Entries taken into the search index in one transaction, and the pause after each.
const INDEXED_AT_ONCE: i64 = 2_000;
const INDEX_PAUSE: Duration = Duration::from_millis(20);
/// Reports waiting to be recorded; a collector that is ahead of the store waits.
const WAITING: usize = 64;

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
    Alarms,
    Nats(Arc<NatsCollector>),
}

/// The collectors of a config, in its order.
pub fn make(config: &Config, clock: &Arc<dyn Clock>, making: &Making) -> Vec<Made> {
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
            made.push(Made { collector: Arc::new(AlarmCollector::new(aws, config.poll.alarms.0)), own: Own::Alarms });
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

fn aws(environment: &Environment, config: &Config, clock: &Arc<dyn Clock>, making: &Making, budgets: &Arc<Budgets>) -> AwsEnvironment {
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

fn nats_scope(nats: &Nats, config: &Config) -> NatsScope {
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
        interval: config.poll.nats.0,
    }
}

/// The running collectors.
pub struct Collection {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Collection {
    /// Starts sweeping and recording.
    ///
    /// # Errors
    /// When the store cannot be told which sources there are.
    pub async fn start(config: &Config, clock: Arc<dyn Clock>, making: &Making, store: Store, live: Live) -> Result<Self, StoreError> {
        let made = make(config, &clock, making);
        let (reports, received) = mpsc::channel(WAITING);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let known = store.known_definitions().await?;
        let (mut pollers, mut bringing) = (Vec::new(), Vec::new());
        for (index, made) in made.into_iter().enumerate() {
            let id = made.collector.id().clone();
            match made.own {
                Own::Ecs(ecs) => {
                    ecs.know(known.iter().cloned());
                    bringing.push((id, ecs));
                }
                // a node that went down while nobody looked is missed all the same
                Own::Nats(nats) => nats.expect(store.known_nodes(&id).await?),
                Own::Alarms => {}
            }
            let seed = making.seed.wrapping_add(u64::try_from(index).unwrap_or(0));
            pollers.push(Poller::new(made.collector, Arc::clone(&clock), seed));
        }
        let untried: Vec<_> = pollers.iter().map(|poller| poller.health().clone()).collect();
        store.sources_set(&untried).await?;
        for poller in pollers {
            tasks.spawn(poller.run(reports.clone(), Arc::new(Notify::new()), stop.clone()));
        }
        let indexing = index_old_entries(store.clone(), live.clone(), Arc::clone(&clock));
        let ended = stop.clone();
        tasks.spawn(async move { ended.run_until_cancelled(indexing).await });
        let watching = watch_freshness(store.clone(), live.clone(), clock);
        let ended = stop.clone();
        tasks.spawn(async move { ended.run_until_cancelled(watching).await });
        tasks.spawn(record_all(received, store, live, config.clone(), bringing));
        Ok(Self { tasks, stop })
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
                        tracing::error!(error = %crate::error_chain(&error), "open pages could not be told that a source went stale")
                    }
                }
            }
            Err(error) => tracing::error!(error = %crate::error_chain(&error), "the sources' freshness could not be read"),
        }
    }
}

async fn record_all(
    mut received: mpsc::Receiver<Report>,
    store: Store,
    live: Live,
    config: Config,
    bringing: Vec<(SourceId, Arc<EcsCollector>)>,
) {
    let marks = config.marks();
    while let Some(report) = received.recv().await {
        let scope = &report.health.id.scope;
        let grouping = config
            .environments
            .iter()
            .find(|environment| environment.name == *scope)
            .map_or("group", |environment| environment.group_tag.as_str());
        match store.record(&report, &marks, grouping).await {
            Ok(written) => live.changed(&written.topics, written.revision),
            Err(error) => {
                bringing.iter().filter(|(id, _)| *id == report.health.id).for_each(|(_, ecs)| ecs.forget());
                tracing::error!(source = %report.health.id, error = %crate::error_chain(&error), "a sweep could not be recorded; the next one will be")
            }
        }
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
}
