//! What `signalbox init` finds, and the config it writes of it.
//!
//! It only reads AWS: addresses found in task definitions are written down, never connected to, because whoever wrote
//! them decides where they lead. What could not be found stands in the file as a comment with the next step, because a
//! file that says nothing of NATS looks finished. The trap: names are other people's text; in a value they are quoted as
//! TOML, in a comment they must not end the line.

mod write;

use std::sync::Arc;

use collectors::discover::NatsAddresses;
use collectors::{AlarmCollector, Budgets, Collector, Depth, EcsCollector};
use domain::Timestamp;
use domain::port::Clock;
use domain::reading::{Reading, Sweep};
use domain::source::{Fault, Outcome, SourceKind};

use crate::collect::{self, Making};
use crate::config::{Config, ConfigError, Environment};

/// What an account shows of itself.
#[derive(Debug)]
pub struct Found {
    /// How it was reached; region and account as they were found.
    pub environment: Environment,
    /// When.
    pub at: Timestamp,
    /// Its clusters with their services, biggest first.
    pub clusters: Vec<FoundCluster>,
    /// What of ECS could not be read.
    pub unread: Vec<(String, Fault)>,
    /// How many alarms there are, or why that is not known.
    pub alarms: Result<usize, Fault>,
    /// Where tasks are told to find NATS.
    pub nats: NatsAddresses,
}

/// A cluster.
#[derive(Debug)]
pub struct FoundCluster {
    /// Its name.
    pub name: String,
    /// Its services by name.
    pub services: Vec<FoundService>,
}

/// A service.
#[derive(Debug)]
pub struct FoundService {
    /// Its name.
    pub name: String,
    /// Tasks it wants.
    pub desired: u32,
    /// Tasks it runs.
    pub running: u32,
}

impl Found {
    /// Services in all clusters.
    pub fn services(&self) -> usize {
        self.clusters.iter().map(|cluster| cluster.services.len()).sum()
    }
}

/// Looks an account over.
///
/// # Errors
/// Neither ECS nor CloudWatch could be read: there is nothing to write down.
pub async fn discover(environment: Environment, clock: Arc<dyn Clock>) -> Result<Found, Fault> {
    let mut config = Config::from_sdk_chain();
    config.environments = vec![environment];
    let making =
        Making { kinds: vec![SourceKind::Ecs, SourceKind::Alarms], keys: None, seed: u64::from(std::process::id()), depth: Depth::State };
    let Some(environment) = config.environments.first() else {
        return Err(Fault::new(domain::source::FaultKind::Malformed, None, "no environment to look at"));
    };
    let aws = Arc::new(collect::aws(environment, &config, &clock, &making, &Budgets::new(Arc::clone(&clock))));
    let ecs = EcsCollector::new(Arc::clone(&aws), config.poll.services.0);
    let alarms = AlarmCollector::new(Arc::clone(&aws), config.poll.alarms.0);
    let (ecs, alarms) = futures::join!(ecs.sweep(), alarms.sweep());
    let mut found = Found {
        environment: environment.clone(),
        at: clock.now(),
        clusters: Vec::new(),
        unread: Vec::new(),
        alarms: Ok(0),
        nats: NatsAddresses::default(),
    };
    if let (Outcome::Failed { fault }, Outcome::Failed { .. }) = (&ecs.outcome, &alarms.outcome) {
        return Err(fault.clone());
    }
    let revisions = found.take_ecs(&ecs);
    found.take_alarms(&alarms);
    found.nats = aws.nats_addresses(&revisions).await;
    Ok(found)
}

impl Found {
    /// Takes what ECS told; answers each service with its revision.
    fn take_ecs(&mut self, sweep: &Sweep) -> Vec<(String, String)> {
        match &sweep.outcome {
            Outcome::Complete => {}
            Outcome::Partial { missing } => self.unread.extend(missing.iter().map(|part| (part.what.clone(), part.fault.clone()))),
            Outcome::Failed { fault } => self.unread.push(("ECS".to_owned(), fault.clone())),
        }
        let Some(Reading::Ecs(reading)) = &sweep.reading else { return Vec::new() };
        self.is_in(&reading.account, &reading.region);
        let mut revisions = Vec::new();
        for cluster in &reading.clusters.items {
            let services = cluster.services.items.iter().map(|observed| &observed.service);
            revisions.extend(services.clone().filter_map(|service| Some((service.name.clone(), service.revision.clone()?))));
            let services = services
                .map(|service| FoundService { name: service.name.clone(), desired: service.desired, running: service.running })
                .collect();
            self.clusters.push(FoundCluster { name: cluster.name.clone(), services });
        }
        self.clusters.sort_by(|a, b| b.services.len().cmp(&a.services.len()).then_with(|| a.name.cmp(&b.name)));
        revisions
    }

    fn take_alarms(&mut self, sweep: &Sweep) {
        if let Some(Reading::Alarms(reading)) = &sweep.reading {
            self.is_in(&reading.account, &reading.region);
            self.alarms = Ok(reading.alarms.items.len());
        }
        if let Outcome::Failed { fault } = &sweep.outcome {
            self.alarms = Err(fault.clone());
        }
    }

    fn is_in(&mut self, account: &str, region: &str) {
        if !account.is_empty() {
            self.environment.account_id = Some(account.to_owned());
        }
        self.environment.region = Some(region.to_owned());
    }

    /// The config file of it.
    ///
    /// # Errors
    /// What was found makes no valid config; nothing must be written then.
    pub fn config(&self) -> Result<String, ConfigError> {
        let text = write::written(self);
        Config::parse(&text, std::path::Path::new("that init would write"))?;
        Ok(text)
    }
}
