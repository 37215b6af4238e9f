//! Runs the collectors and records what they report.
//!
//! One task per source and one that records, so that a source that hangs holds up nobody, and the store has one writer.
//! A report that could not be recorded is logged and lost: the next sweep sees the same world again. What a collector
//! brings home only once (stops, revisions) it is then told to bring again. A full disk is another matter: the report is
//! kept and offered again, the collectors pause because nothing takes their reports, and every page says so.

mod attention;
mod making;
mod measured;
mod recorder;
mod upkeep;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use collectors::{AwsEnvironment, LogCollector, Owing, Poller};
use domain::Timestamp;
use domain::log::Owed;
use domain::port::Clock;
use domain::source::SourceKind;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::store::{Store, StoreError};
use attention::Heed;
use making::Own;
use recorder::{Again, record_all};

pub use attention::Attention;
pub use making::{Crew, Made, Making, Ports, make};
pub(crate) use making::{aws, nats_scope};
pub use recorder::Recorder;

/// Reports waiting to be recorded; a collector that is ahead of the store waits. Few, so that all collectors soon pause
/// when nothing can be recorded.
const WAITING: usize = 4;

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
    environments: BTreeMap<String, Arc<AwsEnvironment>>,
}

impl Collection {
    /// Starts sweeping and recording.
    ///
    /// # Errors
    /// When the store cannot be told which sources there are.
    pub async fn start(config: &Config, clock: Arc<dyn Clock>, making: &Making, recorder: Recorder) -> Result<Self, StoreError> {
        let store = recorder.store.clone();
        let heeding = Heed { attention: recorder.attention.clone(), clock: Arc::clone(&clock) };
        let ports = Ports { owing: Arc::new(Ledger(store.clone())), heeding: Arc::new(heeding) };
        let Crew { made, environments } = make(config, &clock, making, Some(&ports));
        let (reports, received) = mpsc::channel(WAITING);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let known = store.known_definitions().await?;
        let (mut pollers, mut bringing, mut reading_on, mut looking) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut logs, mut wakes) = (HashMap::new(), HashMap::new());
        let phases = phases(&made.iter().map(|made| made.collector.id().kind).collect::<Vec<_>>());
        for (index, made) in made.into_iter().enumerate() {
            let id = made.collector.id().clone();
            match made.own {
                Own::Ecs(ecs) => {
                    ecs.know(known.iter().cloned());
                    ecs.know_events(store.known_events(&id.scope).await?);
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
                Own::Events => {}
                Own::Metrics(metrics) => {
                    let (asked, ledger) = store.metrics_known(&id.scope, clock.now()).await?;
                    metrics.know(asked, ledger);
                    wakes.insert(index, metrics.wake());
                    recorder.attention.measured.add(&id.scope, metrics);
                }
            }
            let seed = making.seed.wrapping_add(u64::try_from(index).unwrap_or(0));
            let phase = phases.get(index).copied().unwrap_or_default();
            pollers.push(Poller::new(made.collector, Arc::clone(&clock), seed).with_phase(phase));
        }
        let untried: Vec<_> = pollers.iter().map(|poller| poller.health().clone()).collect();
        store.sources_set(&untried).await?;
        for (index, poller) in pollers.into_iter().enumerate() {
            let wake: Arc<Notify> = wakes.remove(&index).unwrap_or_default();
            tasks.spawn(poller.run(reports.clone(), wake, stop.clone()));
        }
        let background = futures::future::join4(
            upkeep::watch_freshness(store.clone(), recorder.live.clone(), Arc::clone(&clock)),
            upkeep::index_old_entries(store.clone(), recorder.live.clone(), Arc::clone(&clock)),
            upkeep::let_go(store.clone(), config.store.keep(), Arc::clone(&clock)),
            measured::tidy(store, Arc::clone(&clock), config.history.keep.0),
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
        Ok(Self { tasks, stop, logs, environments })
    }

    /// Who reads the logs of each environment.
    pub fn log_readers(&self) -> HashMap<String, Arc<LogCollector>> {
        self.logs.clone()
    }

    /// The AWS environments that are read, by name.
    pub fn environments(&self) -> &BTreeMap<String, Arc<AwsEnvironment>> {
        &self.environments
    }

    /// Ends all sweeps at once and waits until what was reported is recorded.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Spreads the sources of each kind evenly over their interval, so that several NATS clusters or accounts are not swept at
/// once.
fn phases(kinds: &[SourceKind]) -> Vec<f64> {
    let of_kind = |kind: &SourceKind, among: &[SourceKind]| among.iter().filter(|other| *other == kind).count() as f64;
    kinds.iter().enumerate().map(|(index, kind)| of_kind(kind, kinds.get(..index).unwrap_or_default()) / of_kind(kind, kinds)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_of_a_kind_take_turns() {
        use SourceKind::{Ecs, Nats};
        assert_eq!(phases(&[Ecs, Nats, Nats, Ecs, Nats, Nats]), [0.0, 0.0, 0.25, 0.5, 0.5, 0.75]);
        assert_eq!(phases(&[]), [0.0; 0]);
    }
}
