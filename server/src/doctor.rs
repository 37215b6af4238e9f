//! `signalbox doctor`: tries every permission, route, port, certificate and credential that the config needs, and says
//! for each what it found and what to do.
//!
//! Separate from `verify`, which asks how the fleet is: this asks whether Signalbox can see it at all. It needs no
//! server and may run beside one. The trap: one fault hides behind another (a wrong clock looks like wrong keys, a
//! missing route like a slow service), so each part reports by itself and nothing stops at the first.

mod aws;
mod machine;
mod nats;
mod print;

use std::sync::Arc;

use collectors::Budgets;
use domain::port::Clock;
use domain::source::FaultKind;
use futures::future::join_all;
use serde::Serialize;

use crate::collect::{self, Making};
use crate::config::Config;

pub use print::table;

/// Everything that was tried.
#[derive(Debug, Serialize)]
pub struct Diagnosis {
    /// In the order of the config.
    pub checks: Vec<Check>,
}

/// One thing that was tried.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What it is about: `environment production`, `nats main`, `this machine`.
    pub about: String,
    /// What was tried: `ecs:ListTasks`, `certificate of tls://10.0.1.10:4222`.
    pub what: String,
    /// How it stands.
    pub verdict: Verdict,
    /// What was found, safe to show.
    pub found: String,
    /// What to do about it.
    pub fix: Option<String>,
    /// The class of trouble, where a call failed.
    pub kind: Option<FaultKind>,
    /// The permission that is missing, as IAM names it.
    pub missing: Option<String>,
}

/// How a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Well,
    /// It works, but somebody should know.
    Warn,
    /// It does not work.
    Bad,
    /// It was not tried, because something else is in the way.
    Untried,
}

impl Check {
    fn new(about: &str, what: impl Into<String>, verdict: Verdict, found: impl AsRef<str>) -> Self {
        let found = domain::text::shown(found.as_ref());
        Self { about: about.to_owned(), what: what.into(), verdict, found, fix: None, kind: None, missing: None }
    }

    fn well(about: &str, what: impl Into<String>, found: impl AsRef<str>) -> Self {
        Self::new(about, what, Verdict::Well, found)
    }

    fn warn(about: &str, what: impl Into<String>, found: impl AsRef<str>, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..Self::new(about, what, Verdict::Warn, found) }
    }

    fn bad(about: &str, what: impl Into<String>, found: impl AsRef<str>, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..Self::new(about, what, Verdict::Bad, found) }
    }
}

impl Diagnosis {
    /// 0 everything the config needs works; 1 something does not.
    pub fn exit_code(&self) -> u8 {
        u8::from(self.checks.iter().any(|check| matches!(check.verdict, Verdict::Bad | Verdict::Untried)))
    }
}

/// Tries everything that `config` needs.
pub async fn diagnose(config: &Config, clock: Arc<dyn Clock>, making: &Making) -> Diagnosis {
    let budgets = Budgets::new(Arc::clone(&clock));
    let environments = join_all(config.environments.iter().map(|environment| {
        let environment_of_aws = collect::aws(environment, config, &clock, making, &budgets);
        async move { aws::examined(environment, &environment_of_aws).await }
    }));
    let clusters = join_all(config.nats.iter().map(|nats| nats::examined(nats, collect::nats_scope(nats, config), &clock)));
    let (environments, clusters, machine) = futures::join!(environments, clusters, machine::examined(config));
    let blind = config.nats.is_empty().then(|| {
        let fix = "If the services talk over NATS, add a [[nats]]: `signalbox init --output -` proposes one.";
        Check::warn("nats", "config", "it names no NATS cluster, so neither nodes nor connections are seen", fix)
    });
    let clusters = clusters.into_iter().chain(blind.map(|check| vec![check]));
    let checks = environments.into_iter().flatten().chain(clusters.flatten()).chain(machine).collect();
    Diagnosis { checks }
}
