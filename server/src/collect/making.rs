//! Makes the collectors of a config.
//!
//! Separate from running them, because `verify`, `look` and the doctor make them too and sweep once without a store.

use std::collections::BTreeMap;
use std::sync::Arc;

use collectors::nats::{NatsCollector, NatsScope};
use collectors::{
    AlarmCollector, AwsEnvironment, AwsScope, Budgets, Collector, Depth, EcsCollector, EventQueue, Heeding, Keys, LogCollector,
    MetricsCollector, Owing,
};
use domain::port::Clock;
use domain::source::SourceKind;

use crate::config::{Config, Environment, Nats};

/// How collectors are made from a config.
pub struct Making {
    /// Which kinds of source.
    pub kinds: Vec<SourceKind>,
    /// Fixed credentials instead of the SDK's chain: the demo's.
    pub keys: Option<Keys>,
    /// Where jitter is drawn from.
    pub seed: u64,
    /// How much is read; `verify` needs no history.
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
    pub(super) own: Own,
}

pub(super) enum Own {
    Ecs(Arc<EcsCollector>),
    Alarms(Arc<AlarmCollector>),
    Nats(Arc<NatsCollector>),
    Logs(Arc<LogCollector>),
    Metrics(Arc<MetricsCollector>),
    /// Needs to be told nothing.
    Events,
}

/// What some collectors need of a running server. Without it nothing is kept and nobody heeds a hint, so they are not
/// made: `verify` and `look` must not empty the queue of the server beside them.
pub struct Ports {
    /// Whose last words are owed.
    pub owing: Arc<dyn Owing>,
    /// Who looks at what events name.
    pub heeding: Arc<dyn Heeding>,
}

/// The collectors of a config, in its order, and the environments they read.
pub struct Crew {
    /// The collectors.
    pub made: Vec<Made>,
    /// Their environments by name, for whoever calls AWS beside them and must share their rates.
    pub environments: BTreeMap<String, Arc<AwsEnvironment>>,
}

/// The collectors of a config.
pub fn make(config: &Config, clock: &Arc<dyn Clock>, making: &Making, ports: Option<&Ports>) -> Crew {
    let budgets = Budgets::new(Arc::clone(clock));
    let (mut made, mut environments) = (Vec::new(), BTreeMap::new());
    for environment in &config.environments {
        let aws = Arc::new(aws(environment, config, clock, making, &budgets));
        environments.insert(environment.name.clone(), Arc::clone(&aws));
        if making.kinds.contains(&SourceKind::Ecs) {
            let collector = EcsCollector::new(Arc::clone(&aws), config.poll.services.0);
            let collector = Arc::new(if ports.is_some() { collector.changes_only() } else { collector });
            made.push(Made { collector: Arc::clone(&collector) as Arc<dyn Collector>, own: Own::Ecs(collector) });
        }
        if making.kinds.contains(&SourceKind::Alarms) {
            let collector = AlarmCollector::new(Arc::clone(&aws), config.poll.alarms.0);
            let collector = if ports.is_some() { collector.changes_only() } else { collector };
            let collector = Arc::new(if making.depth == Depth::Record { collector.with_history() } else { collector });
            made.push(Made { collector: Arc::clone(&collector) as Arc<dyn Collector>, own: Own::Alarms(collector) });
        }
        if making.kinds.contains(&SourceKind::Metrics) {
            let collector = MetricsCollector::new(Arc::clone(&aws), config.poll.metrics.0, config.allowance(environment));
            let collector = Arc::new(collector.with_p99_target(environment.p99_target.map(|span| span.0)));
            made.push(Made { collector: Arc::clone(&collector) as Arc<dyn Collector>, own: Own::Metrics(collector) });
        }
        let Some(ports) = ports else { continue };
        if making.kinds.contains(&SourceKind::Logs) {
            let collector = Arc::new(LogCollector::new(Arc::clone(&aws), config.poll.services.0, Arc::clone(&ports.owing)));
            made.push(Made { collector: Arc::clone(&collector) as Arc<dyn Collector>, own: Own::Logs(collector) });
        }
        if let Some(queue) = environment.events_queue.as_ref().filter(|_| making.kinds.contains(&SourceKind::Events)) {
            let collector = Arc::new(EventQueue::new(aws, queue.clone(), Arc::clone(&ports.heeding)));
            made.push(Made { collector, own: Own::Events });
        }
    }
    if making.kinds.contains(&SourceKind::Nats) {
        for nats in &config.nats {
            let collector = Arc::new(NatsCollector::new(nats_scope(nats, config), Arc::clone(clock)));
            made.push(Made { collector: Arc::clone(&collector) as Arc<dyn Collector>, own: Own::Nats(collector) });
        }
    }
    Crew { made, environments }
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
        events_queue: environment.events_queue.clone(),
        share: config.poll.rate_share,
    };
    let aws = AwsEnvironment::new(scope, Arc::clone(clock)).with_budgets(Arc::clone(budgets)).with_seed(making.seed);
    let aws = aws.with_depth(making.depth);
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
