//! What a yard is opened with, and what it says about itself once open.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use serde::Serialize;
use thiserror::Error;

use crate::{
    clock::{Clock, WallClock},
    model::names::DEFAULT_SERVICES,
    nats::NatsTls,
};

/// Told one sentence after each step of opening ("5 NATS nodes up").
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// How to open a yard. `Options::default()` is the demo's fleet without NATS, on free ports, at the speed of the wall.
#[derive(Clone)]
pub struct Options {
    /// How many services there are, **including** the last one, which is off on purpose. 23 (the default) is the first user's fleet by name; any other number is made up
    /// in its style, from the seed.
    pub services: usize,
    /// Fixes every id, name and number of the AWS face, and the script.
    pub seed: u64,
    /// How long nothing happens after the start, in the clock's time.
    pub calm: Duration,
    /// Where the AWS face listens; port 0 for a free one. Only loopback is sensible: nothing here checks a password.
    pub aws_listen: SocketAddr,
    /// Where the control face listens; port 0 for a free one.
    pub control_listen: SocketAddr,
    /// Whether AWS's published rate limits are kept.
    pub throttles: bool,
    /// Whether anything happens by itself after the calm.
    pub script: bool,
    /// Whether names and texts that break careless readers stand wherever AWS and NATS allow them.
    pub hostile: bool,
    /// Adds one composite alarm over the running-tasks alarms. Without it every alarm is a metric alarm.
    pub composite_alarms: bool,
    /// Whether UpdateService with the task definition that a service already has starts a deployment. What AWS does is not documented; by default it starts none.
    pub same_value_deploys: bool,
    /// What is unusual about the fleet; none: nothing.
    pub scenario: Option<Scenario>,
    /// The NATS face; none: no node and no connection.
    pub nats: Option<NatsOptions>,
    /// The one clock.
    pub clock: Arc<dyn Clock>,
    /// Hears of each step of the opening.
    pub progress: Option<Progress>,
}

/// The NATS face: real nodes, and a real connection for each running task (up to 500).
#[derive(Debug, Clone)]
pub struct NatsOptions {
    /// How many nodes the cluster has.
    pub nodes: usize,
    /// The `nats-server` to run; none: the one on PATH.
    pub server: Option<PathBuf>,
    /// Whether they speak TLS.
    pub tls: NatsTls,
}

/// A fleet made for one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// Whose is a connection? Tasks that share a host, a proxy, an address used again, a name that lies, a connection of nobody.
    Ownership,
}

impl std::str::FromStr for Scenario {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "ownership" => Ok(Self::Ownership),
            _ => Err(format!("there is no scenario {word:?}; there is: ownership")),
        }
    }
}

impl Default for NatsOptions {
    fn default() -> Self {
        Self { nodes: 5, server: None, tls: NatsTls::default() }
    }
}

impl Default for Options {
    fn default() -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            services: DEFAULT_SERVICES,
            seed: 1,
            calm: Duration::from_secs(180),
            aws_listen: free,
            control_listen: free,
            throttles: true,
            script: true,
            hostile: false,
            composite_alarms: false,
            same_value_deploys: false,
            scenario: None,
            nats: None,
            clock: Arc::new(WallClock::default()),
            progress: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("services", &self.services)
            .field("seed", &self.seed)
            .field("calm", &self.calm)
            .field("nats", &self.nats)
            .finish_non_exhaustive()
    }
}

/// Where an open yard is reached, as `signalbox yard --format json` prints it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Endpoints {
    /// `AWS_ENDPOINT_URL` for every API served: ECS, CloudWatch, its logs, SQS, STS. Any credentials will do, none will not.
    pub aws: String,
    /// URL of the SQS queue to which the fleet's ECS events are sent, as by an EventBridge rule.
    pub events_queue: String,
    /// `nats://…` of each node; empty without NATS.
    pub nats: Vec<String>,
    /// `http://…` of each node's monitoring port.
    pub monitor: Vec<String>,
    /// The file of the CA that signed the nodes' certificates; none when they speak plaintext only.
    pub ca_file: Option<PathBuf>,
    /// The system account's user on every node; empty without NATS.
    pub system_user: String,
    /// That user's password, made up anew for every yard.
    pub system_password: String,
    /// The control face's base URL.
    pub control: String,
    /// The AWS account everything belongs to.
    pub account: String,
    /// The region everything is in.
    pub region: String,
    /// The name of the one ECS cluster.
    pub cluster: String,
    /// Sentences about what is different on this system from what was asked for.
    pub notes: Vec<String>,
}

/// Why a yard could not be opened, or could not do what was asked of it.
#[derive(Debug, Error)]
pub enum Error {
    /// A face could not listen.
    #[error("the yard's {face} could not listen on {address}: {source}")]
    Listen { face: &'static str, address: SocketAddr, source: std::io::Error },
    /// The NATS face could not be opened.
    #[error(transparent)]
    Nats(#[from] crate::nats::NatsError),
    /// A service, task or alarm that does not exist.
    #[error("{0}")]
    NoSuch(String),
    /// A value that has no meaning there.
    #[error("{0}")]
    Invalid(String),
}
