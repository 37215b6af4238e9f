//! Reads the fleet from outside: ECS, CloudWatch alarms, NATS.
//!
//! Separate from the server for one reason: **nothing here can change a fleet**. Only describe, list and get operations
//! appear in this crate, so whoever reviews what Signalbox may do to a fleet does not have to read it. The one exception
//! touches no fleet: a queue is read by taking messages out of it ([`events`]). The second promise is politeness: every
//! call passes one place ([`call`]) that takes a token from a bucket filled at a share of what AWS allows, because those
//! rates belong to the whole account, its deploy tools and ECS itself.
//!
//! | module | holds |
//! |---|---|
//! | [`poll`] | runs one collector for ever: sweep, report, wait |
//! | [`ecs`], [`alarms`], [`nats`], [`logs`], [`metrics`], [`events`] | the collectors; each has a pure `map` from the wire to [`domain`] |
//! | [`aws`] | one environment's SDK clients, its account, its HTTP client with a cap on every answer |
//! | [`probe`] | tries each of those once, for `signalbox doctor` |
//! | [`discover`] | finds NATS addresses in task definitions, for `signalbox init` |
//! | [`ecs::whole`] | one service read whole, for whoever is about to change it |
//! | [`raw`] | what AWS answered, byte for byte |
//! | [`operations`] | every AWS operation that is called, with its IAM action |
//! | `sieve` | what is as the sweep before had it, of which only the name is brought home |
//! | [`call`], [`budget`], [`breaker`], [`classify`] | how a call is made, how often, when not at all, and what its failure means |
//!
//! The trap for whoever adds a collector: a list that was cut short must say so ([`domain::reading::Seen`]), or the
//! store takes what is missing for gone.

use std::time::Duration;

use async_trait::async_trait;
use domain::reading::Sweep;
use domain::source::{Budget, SourceId};

pub mod alarms;
pub mod aws;
pub mod breaker;
pub mod budget;
pub mod call;
pub mod classify;
mod crypto;
pub mod discover;
pub mod ecs;
pub mod events;
mod harvest;
pub mod logs;
pub mod metrics;
pub mod nats;
pub mod operations;
pub mod poll;
pub mod probe;
pub mod raw;
mod sieve;

pub use alarms::AlarmCollector;
pub use aws::{AwsEnvironment, AwsScope, Depth, Keys};
pub use budget::Budgets;
pub use crypto::install_crypto;
pub use ecs::EcsCollector;
pub use ecs::whole::{ServiceReader, Whole};
pub use events::{EventQueue, Heeding, QueueUrl};
pub use logs::{LogCollector, Owing};
pub use metrics::MetricsCollector;
pub use nats::{NatsCollector, NatsScope};
pub use poll::{Poller, Report};

/// One source that can be swept.
#[async_trait]
pub trait Collector: Send + Sync {
    /// Which source this is.
    fn id(&self) -> &SourceId;

    /// How often it is meant to be swept, on the injected clock.
    fn interval(&self) -> Duration;

    /// How long to wait after the sweep that has just ended: the interval; less while something moves, or where the answer
    /// was held back at the far side and the waiting was done there.
    fn pause(&self) -> Duration {
        self.interval()
    }

    /// Reads the whole scope once. Never fails as a call: what went wrong is the sweep's outcome.
    async fn sweep(&self) -> Sweep;

    /// The token buckets its calls are taken from, with what they have counted so far. Empty where there are none.
    fn budgets(&self) -> Vec<Budget>;

    /// What else somebody should know of the source, in sentences.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// The far side's clock minus ours in milliseconds, as of the newest sweep, where it told us.
    fn skew_ms(&self) -> Option<i64> {
        None
    }
}
