//! One environment: an AWS account and region, reached with one set of credentials.
//!
//! ECS and alarm collectors of an environment share this: the SDK's clients, one HTTP client, one caller with its
//! budget, and the knowledge of which account it is. Building it costs nothing; credentials, region and profile are
//! resolved by the first sweep, so that a start is never held up by a chain of providers that do not answer.

mod http;
mod identity;
mod lean;
mod skew;

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::default_async_sleep;
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use domain::port::Clock;
use domain::source::{Budget, Fault, FaultKind};
use tokio::sync::{Mutex, OnceCell};

use crate::budget::{Budgets, DEFAULT_SHARE, Family};
use crate::call::{Caller, Purse, Tally};
use crate::events::QueueUrl;
use lean::Cut;

/// How long a connection may take to come about: the SDK's own default.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3_100);
/// How long the head of an answer may take.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one try may take with its whole body.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// What an environment is and how it is reached, as the config says it. What is absent comes the SDK's standard way.
#[derive(Clone, Debug)]
pub struct AwsScope {
    /// Name of the environment in the config.
    pub environment: String,
    /// Region; absent: `AWS_REGION` or the profile.
    pub region: Option<String>,
    /// The account it must be. Absent: any.
    pub account_id: Option<String>,
    /// Profile of the shared config files.
    pub profile: Option<String>,
    /// Role to assume with the credentials found.
    pub role_arn: Option<String>,
    /// The role's external id.
    pub external_id: Option<String>,
    /// Where to send every call instead of AWS. Absent: `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_ECS`, … or AWS.
    pub endpoint_url: Option<String>,
    /// Names of the ECS clusters to read; empty: all there are.
    pub clusters: Vec<String>,
    /// The queue that ECS's events are sent to, where there is one.
    pub events_queue: Option<QueueUrl>,
    /// The part of AWS's published rates we allow ourselves.
    pub share: f64,
}

impl AwsScope {
    /// An environment of which everything comes the SDK's standard way.
    pub fn new(environment: impl Into<String>) -> Self {
        Self {
            environment: environment.into(),
            region: None,
            account_id: None,
            profile: None,
            role_arn: None,
            external_id: None,
            endpoint_url: None,
            clusters: Vec::new(),
            events_queue: None,
            share: DEFAULT_SHARE,
        }
    }
}

/// How much of an environment a sweep reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// All that is worth keeping: state, and the history ECS forgets (stopped tasks, events, revisions).
    Record,
    /// What a service's standing is judged by and no more, for a sweep that is made once and thrown away. Events are
    /// most of what DescribeServices answers: a thousand services have some forty thousand of them.
    State,
    /// Of that only what decides whether all is well: of the alarms, those that are on.
    Verdict,
}

/// Static credentials, for the yard and for tests: nothing else of the machine's AWS settings is then looked at.
#[derive(Clone)]
pub struct Keys {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
}

impl Keys {
    /// Credentials that open nothing, for an endpoint that does not check them.
    pub fn dummy() -> Self {
        Self { access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(), secret_access_key: "dummy".to_owned() }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// One environment, ready to be read.
pub struct AwsEnvironment {
    scope: AwsScope,
    clock: Arc<dyn Clock>,
    keys: Option<Keys>,
    budgets: Arc<Budgets>,
    seed: u64,
    skew: Arc<skew::Skew>,
    depth: Depth,
    connection: OnceCell<Connection>,
    identity: Mutex<identity::Identity>,
}

/// The SDK's clients and the caller their calls go through.
pub(crate) struct Connection {
    pub(crate) ecs: aws_sdk_ecs::Client,
    pub(crate) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) sts: aws_sdk_sts::Client,
    pub(crate) caller: Caller,
    pub(crate) region: String,
    config: SdkConfig,
}

impl AwsEnvironment {
    /// An environment with buckets of its own. Resolves nothing yet.
    pub fn new(scope: AwsScope, clock: Arc<dyn Clock>) -> Self {
        let mut hasher = DefaultHasher::new();
        (&scope.environment, clock.now().as_micros()).hash(&mut hasher);
        Self {
            budgets: Budgets::new(clock.clone()),
            skew: skew::Skew::new(clock.clone()),
            scope,
            clock,
            keys: None,
            seed: hasher.finish(),
            depth: Depth::Record,
            connection: OnceCell::new(),
            identity: Mutex::default(),
        }
    }

    /// Takes its tokens from these buckets instead: environments in one account must share them.
    #[must_use]
    pub fn with_budgets(mut self, budgets: Arc<Budgets>) -> Self {
        self.budgets = budgets;
        self
    }

    /// Uses these credentials and looks at none of the machine's AWS settings (environment, files, metadata service).
    #[must_use]
    pub fn with_keys(mut self, keys: Keys) -> Self {
        self.keys = Some(keys);
        self
    }

    /// The same, for sweeps of this depth: what they do not look at is not even read.
    #[must_use]
    pub fn with_depth(self, depth: Depth) -> Self {
        Self { depth, ..self }
    }

    pub(crate) fn depth(&self) -> Depth {
        self.depth
    }

    /// Draws the jitter of its retries from this seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// What the config says of it.
    pub fn scope(&self) -> &AwsScope {
        &self.scope
    }

    /// The clock it was given.
    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The buckets of these families; empty until the first sweep has found the region.
    pub(crate) fn budgets(&self, families: &[Family]) -> Vec<Budget> {
        self.connection.get().map(|connection| connection.caller.budgets(families)).unwrap_or_default()
    }

    /// AWS's clock minus ours in milliseconds, as of the newest answer; whole seconds, so good to about one.
    pub fn skew_ms(&self) -> Option<i64> {
        self.skew.millis()
    }

    /// The clients, built on first use.
    pub(crate) async fn connection(&self) -> Result<&Connection, Fault> {
        self.connection.get_or_try_init(|| self.connect()).await
    }

    /// The SDK's settings of this environment (region, endpoint, credentials, HTTP client), once its account was found to be
    /// the one that the scope names. For whoever makes calls that nothing in this crate may make.
    ///
    /// # Errors
    /// There is no region, the credentials are refused, or they belong to another account.
    pub async fn sdk_config(&self) -> Result<SdkConfig, Fault> {
        let connection = self.connection().await?;
        self.account(connection, &Tally::default()).await?;
        Ok(connection.config.clone())
    }

    async fn connect(&self) -> Result<Connection, Fault> {
        let config = match &self.keys {
            Some(keys) => self.closed_config(keys),
            None => self.standard_config().await,
        };
        let Some(region) = config.region().map(ToString::to_string) else {
            let message = "no region is set: name one in the config or in AWS_REGION";
            return Err(Fault::new(FaultKind::Unreachable, None, message));
        };
        let purse = Purse::new(self.budgets.clone(), &self.payer(), &region, self.scope.share);
        Ok(Connection {
            ecs: aws_sdk_ecs::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
            caller: Caller::new(self.clock.clone(), purse, self.seed),
            region,
            config,
        })
    }

    fn http_client(&self) -> SharedHttpClient {
        let cut = match self.depth {
            Depth::Record => Cut::default(),
            Depth::State => Cut::HISTORY,
            Depth::Verdict => Cut::DETAIL,
        };
        http::client(http::ANSWER_CAP, Arc::clone(&self.skew), cut)
    }

    /// The SDK's standard way, with what the scope says in its place.
    async fn standard_config(&self) -> SdkConfig {
        let scope = &self.scope;
        let client = self.http_client();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(client.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts());
        if let Some(profile) = &scope.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &scope.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = &scope.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let mut config = loader.load().await;
        if let Some(profile) = &scope.profile {
            let provider = profile_credentials(profile, &config, client);
            config = config.into_builder().credentials_provider(provider).build();
        }
        let Some(role) = &scope.role_arn else { return config };
        let mut builder = aws_config::sts::AssumeRoleProvider::builder(role).session_name("signalbox").configure(&config);
        if let Some(id) = &scope.external_id {
            builder = builder.external_id(id);
        }
        let provider = builder.build().await;
        config.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build()
    }

    /// Only what the scope says.
    fn closed_config(&self, keys: &Keys) -> SdkConfig {
        let scope = &self.scope;
        let credentials = Credentials::new(&keys.access_key_id, &keys.secret_access_key, None, None, "keys");
        let mut builder = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(self.http_client())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts())
            .time_source(SharedTimeSource::new(SystemTimeSource::new()))
            .credentials_provider(SharedCredentialsProvider::new(credentials));
        builder.set_sleep_impl(default_async_sleep());
        builder.set_region(scope.region.clone().map(Region::new));
        builder.set_endpoint_url(scope.endpoint_url.clone());
        builder.build()
    }

    /// What names the account in the buckets' key before the account itself is known.
    fn payer(&self) -> String {
        let scope = &self.scope;
        scope.account_id.as_ref().or(scope.role_arn.as_ref()).or(scope.profile.as_ref()).cloned().unwrap_or_else(|| "default".to_owned())
    }
}

/// Credentials of this profile and no other. The SDK's default chain would let keys in the environment win over a
/// profile that the config names, and silently read another account.
fn profile_credentials(profile: &str, config: &SdkConfig, client: SharedHttpClient) -> SharedCredentialsProvider {
    let around = ProviderConfig::without_region().with_region(config.region().cloned()).with_http_client(client);
    SharedCredentialsProvider::new(ProfileFileCredentialsProvider::builder().profile_name(profile).configure(&around).build())
}

/// These run on the wall: they bound a real socket, whatever the injected clock does.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT).operation_attempt_timeout(ATTEMPT_TIMEOUT).build()
}

/// The account in an ARN: `arn:aws:ecs:us-east-1:111122223333:cluster/x` → `111122223333`.
pub(crate) fn account_in(arn: &str) -> Option<&str> {
    let account = arn.split(':').nth(4)?;
    (!account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}
