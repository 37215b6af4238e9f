//! `signalbox.toml`: what is declared, checked before anything is opened.
//!
//! One struct per concern; the doc comment of each field is its reference, and a test parses the example file beside the
//! README. Durations are words (`"15s"`), secrets never stand in the file, file names are relative to the config file.
//! The trap: a mistyped key that is silently ignored. Every unknown key is an error that names the nearest right one.

mod check;
mod error;
mod secret;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use collectors::QueueUrl;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use domain::cost::{Allowance, Prices};

pub use error::ConfigError;
pub use secret::Secret;

pub(crate) use check::origin;
pub(crate) use error::unknown_key;

use crate::accounts::Lasting;
use crate::store::{Keep, Marks};

/// The whole file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the pages are served.
    #[serde(default)]
    pub server: Server,
    /// How long people stay signed in.
    #[serde(default)]
    pub access: Access,
    /// Where observations are kept.
    #[serde(default)]
    pub store: StoreFile,
    /// How often sources are asked.
    #[serde(default)]
    pub poll: Poll,
    /// What reading metrics may cost.
    #[serde(default)]
    pub budget: BudgetOfMonth,
    /// How long numbers over time are kept.
    #[serde(default)]
    pub history: HistoryKept,
    /// What counts as ready for production.
    #[serde(default)]
    pub readiness: Readiness,
    /// What reports need that nobody can see.
    #[serde(default)]
    pub report: crate::report::Settings,
    /// AWS environments: each one account, one region and its clusters.
    #[serde(default, rename = "environment")]
    pub environments: Vec<Environment>,
    /// NATS clusters, each used by one or more environments and swept once.
    #[serde(default)]
    pub nats: Vec<Nats>,
}

/// Where the pages are served.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port to listen on. Loopback unless told otherwise: plain http, so beyond this machine passwords would
    /// cross the network as they are. Put a proxy with TLS in front, and name it with `public_url`.
    pub listen: SocketAddr,
    /// Behind a proxy: the only origin and host accepted, such as `https://signalbox.example`.
    pub public_url: Option<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 3000)), public_url: None }
    }
}

/// How long people stay signed in. There is no key that switches signing in off.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Access {
    /// Without a request. An open page makes requests by itself, so that a display on a wall stays.
    pub session_idle: Span,
    /// Whatever happens.
    pub session_longest: Span,
}

impl Default for Access {
    fn default() -> Self {
        Self { session_idle: Span(Duration::from_secs(12 * 3_600)), session_longest: days(7) }
    }
}

impl Access {
    /// What accounts go by.
    pub fn lasting(&self) -> Lasting {
        Lasting { idle: self.session_idle.0, longest: self.session_longest.0 }
    }
}

/// Where observations are kept.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreFile {
    /// The SQLite file; on a local disk.
    pub path: PathBuf,
    /// How long former states of services, alarms and nodes are kept.
    pub keep_states: Span,
    /// How long former states of tasks and connections are kept, of which there are many.
    pub keep_tasks: Span,
    /// How long the timeline and stopped tasks are kept; absent: for ever.
    pub keep_timeline: Option<Span>,
}

impl Default for StoreFile {
    fn default() -> Self {
        Self { path: PathBuf::from("signalbox.db"), keep_states: days(400), keep_tasks: days(90), keep_timeline: None }
    }
}

const fn days(days: u64) -> Span {
    Span(Duration::from_secs(days * 86_400))
}

impl StoreFile {
    /// What the retention job goes by.
    pub fn keep(&self) -> Keep {
        Keep { states: self.keep_states.0, tasks: self.keep_tasks.0, timeline: self.keep_timeline.map(|span| span.0) }
    }
}

/// How often sources are asked.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Poll {
    /// Services, deployments and tasks.
    pub services: Span,
    /// Alarms.
    pub alarms: Span,
    /// NATS nodes and connections.
    pub nats: Span,
    /// What customers feel at load balancers. CPU and memory are read less often: the budget decides.
    pub metrics: Span,
    /// The part of AWS's published API rates we allow ourselves, 0.01 to 1. They are shared with the console and with
    /// ECS itself, so leave most of them alone.
    pub rate_share: f64,
}

impl Default for Poll {
    fn default() -> Self {
        Self {
            services: Span(Duration::from_secs(15)),
            alarms: Span(Duration::from_secs(30)),
            nats: Span(Duration::from_secs(15)),
            metrics: Span(Duration::from_secs(60)),
            rate_share: collectors::budget::DEFAULT_SHARE,
        }
    }
}

/// What reading metrics may cost in one account and month. At the limit metrics are slowed and then stopped; alarms and
/// ECS never are.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct BudgetOfMonth {
    /// US dollars for CloudWatch's API.
    pub cloudwatch_usd_per_month: f64,
    /// Of the free requests, how many other tools in the account use.
    pub free_requests_used_elsewhere: u64,
    /// Price of a thousand requests beyond the free ones.
    pub usd_per_1000_requests: f64,
    /// Price of a thousand metrics asked by GetMetricData.
    pub usd_per_1000_metrics: f64,
    /// Requests a month that cost nothing.
    pub free_requests: u64,
}

impl Default for BudgetOfMonth {
    fn default() -> Self {
        let Allowance { usd_per_month, free_used_elsewhere, prices } = Allowance::default();
        Self {
            cloudwatch_usd_per_month: usd_per_month,
            free_requests_used_elsewhere: free_used_elsewhere,
            usd_per_1000_requests: prices.usd_per_1000_requests,
            usd_per_1000_metrics: prices.usd_per_1000_metrics,
            free_requests: prices.free_requests,
        }
    }
}

impl Config {
    /// What an environment may spend: its part of what its account may. An environment whose account the config does not
    /// tell may be in any, so it takes its part everywhere.
    pub fn allowance(&self, of: &Environment) -> Allowance {
        let may_share = |other: &&Environment| match (&of.account_id, &other.account_id) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        let sharing = self.environments.iter().filter(may_share).count();
        self.budget.allowance().shared(u32::try_from(sharing).unwrap_or(u32::MAX))
    }
}

impl BudgetOfMonth {
    /// What one account may spend, as the domain reckons with it.
    fn allowance(&self) -> Allowance {
        let prices = Prices {
            usd_per_1000_requests: self.usd_per_1000_requests,
            usd_per_1000_metrics: self.usd_per_1000_metrics,
            free_requests: self.free_requests,
        };
        Allowance { usd_per_month: self.cloudwatch_usd_per_month, free_used_elsewhere: self.free_requests_used_elsewhere, prices }
    }
}

/// How long numbers over time are kept.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct HistoryKept {
    /// CPU, memory, task counts, load balancers' metrics: a day of one of them is a row of some hundred bytes.
    pub keep: Span,
}

impl Default for HistoryKept {
    fn default() -> Self {
        Self { keep: Span(Duration::from_secs(400 * 86_400)) }
    }
}

/// What counts as ready for production.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Readiness {
    /// The score card; absent: the one that is shipped.
    pub scorecard: Option<PathBuf>,
}

/// One AWS account, one region, its clusters.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// What it is called on every page.
    pub name: String,
    /// Region; absent: the SDK's own chain (`AWS_REGION`, the profile).
    pub region: Option<String>,
    /// The account it must be; refused when GetCallerIdentity says otherwise.
    pub account_id: Option<String>,
    /// Profile of the shared AWS config files.
    pub profile: Option<String>,
    /// Role to assume.
    pub role_arn: Option<String>,
    /// External id the role asks for.
    pub external_id: Option<String>,
    /// Where to send every call instead of AWS: tests and the yard.
    pub endpoint_url: Option<String>,
    /// ECS clusters by name; absent: all there are.
    #[serde(default)]
    pub clusters: Vec<String>,
    /// URL of the SQS queue that an EventBridge rule sends ECS's events to; absent: changes are only found by sweeps.
    pub events_queue: Option<QueueUrl>,
    /// The response time (p99) that services behind load balancers promise; absent: what is usual at that hour.
    pub p99_target: Option<Span>,
    /// The tag whose value groups services on the pages.
    #[serde(default = "Environment::default_group_tag")]
    pub group_tag: String,
    /// Services to be left alone, and why.
    #[serde(default)]
    pub do_not_touch: Vec<DoNotTouch>,
}

impl Environment {
    fn default_group_tag() -> String {
        "group".to_owned()
    }

    /// An environment of which everything comes from the SDK's own chain.
    pub fn from_sdk_chain(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            region: None,
            account_id: None,
            profile: None,
            role_arn: None,
            external_id: None,
            endpoint_url: None,
            clusters: Vec::new(),
            events_queue: None,
            p99_target: None,
            group_tag: Self::default_group_tag(),
            do_not_touch: Vec::new(),
        }
    }
}

/// A service to be left alone.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DoNotTouch {
    /// Its name.
    pub service: String,
    /// Only in this cluster; absent: in every one.
    pub cluster: Option<String>,
    /// Why; shown wherever the service is.
    pub reason: String,
}

/// One NATS cluster.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Nats {
    /// What it is called on every page.
    pub name: String,
    /// The environments whose services use it; absent: all.
    #[serde(default)]
    pub environments: Vec<String>,
    /// Client addresses, `nats://` or `tls://`. A system-account user sees every node through one connection.
    #[serde(default)]
    pub urls: Vec<String>,
    /// System-account user; its password comes from `password_file` or `SIGNALBOX_NATS_PASSWORD_<NAME>`.
    pub user: Option<String>,
    /// File with the password.
    pub password_file: Option<PathBuf>,
    /// NATS credentials file (JWT and seed).
    pub creds_file: Option<PathBuf>,
    /// File with an nkey seed.
    pub nkey_file: Option<PathBuf>,
    /// CA certificates to trust, PEM.
    pub ca_file: Option<PathBuf>,
    /// Client certificate for mutual TLS, PEM.
    pub cert_file: Option<PathBuf>,
    /// Its key, PEM.
    pub key_file: Option<PathBuf>,
    /// Monitoring ports, one by one: instead of `urls`, or as well.
    #[serde(default)]
    pub monitor_urls: Vec<String>,
    /// Never in the file; the demo puts the yard's here.
    #[serde(skip)]
    pub password: Option<Secret>,
}

impl Nats {
    /// A cluster of which nothing is known but its name.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            environments: Vec::new(),
            urls: Vec::new(),
            user: None,
            password_file: None,
            creds_file: None,
            nkey_file: None,
            ca_file: None,
            cert_file: None,
            key_file: None,
            monitor_urls: Vec::new(),
            password: None,
        }
    }
}

/// A span of time, written `"15s"`, `"2m"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text)
            .map(Self)
            .map_err(|_| serde::de::Error::custom(format!("\"{text}\" is not a duration; write one such as \"15s\" or \"2m\"")))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_duration(self.0))
    }
}

impl Config {
    /// Reads, parses and checks a file.
    ///
    /// # Errors
    /// A sentence that names the file, the line and the key, says what is wrong and what would be right.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let mut config = Self::read(path)?;
        config.resolve(path.parent().unwrap_or(Path::new(".")))?;
        let card = crate::readiness::scorecard::load(config.readiness.scorecard.as_deref());
        card.map_err(|error| ConfigError::wrong(path, error.to_string()))?;
        Ok(config)
    }

    /// Reads, parses and checks a file, and opens none of the files it names: for whoever needs no secret.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(path, &error))?;
        Self::parse(&text, path)
    }

    /// Parses and checks text; `path` is only named in errors.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| ConfigError::syntax(path, text, &error))?;
        config.check().map_err(|why| ConfigError::wrong(path, why))?;
        Ok(config)
    }

    /// What a command without a config file looks at: whatever the SDK's own chain leads to.
    pub fn from_sdk_chain() -> Self {
        Self {
            server: Server::default(),
            access: Access::default(),
            store: StoreFile::default(),
            poll: Poll::default(),
            budget: BudgetOfMonth::default(),
            history: HistoryKept::default(),
            readiness: Readiness::default(),
            report: crate::report::Settings::default(),
            environments: vec![Environment::from_sdk_chain("default")],
            nats: Vec::new(),
        }
    }

    /// The services to be left alone.
    pub fn marks(&self) -> Marks {
        let marks = self.environments.iter().flat_map(|environment| {
            environment.do_not_touch.iter().map(|mark| crate::store::Mark {
                environment: environment.name.clone(),
                service: mark.service.clone(),
                cluster: mark.cluster.clone(),
                reason: mark.reason.clone(),
            })
        });
        Marks(marks.collect())
    }
}

#[cfg(test)]
mod tests;
