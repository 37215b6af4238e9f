//! Whether what a check needs was seen at all, how long ago, and why not.
//!
//! Separate because this is the only place that decides that nothing is known for the source's sake; the checks judge what
//! was seen. The trap is a sweep that read a part: it counts as a success, and what it lacks must not pass for absent.

use std::time::Duration;

use super::Told;
use super::facts::{NatsSource, ServiceFacts};
use crate::Timestamp;
use crate::readiness::card::Check;
use crate::readiness::evidence::Unknown;
use crate::source::{Fault, FaultKind, Outcome, Shortfall, SourceHealth};
use crate::text;
use crate::time::ago;

/// What a check needs to have been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// The services of its cluster.
    Services,
    /// The tasks of its cluster that run.
    Tasks,
    /// Those that stopped.
    Stopped,
    /// The alarms of its environment.
    Alarms,
    /// The metrics of its environment.
    Metrics,
    /// The NATS clusters that serve it.
    Nats,
}

/// When everything a check needs was last read, and how often that happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    pub(super) at: Timestamp,
    pub(super) every: Duration,
}

impl Sight {
    /// The older of two, and the rarer.
    fn and(self, other: Self) -> Self {
        Self { at: self.at.min(other.at), every: self.every.max(other.every) }
    }
}

/// When everything was read that `check` needs; else what is in the way.
pub(super) fn sight(facts: &ServiceFacts<'_>, check: &Check, needs: &[Need]) -> Result<Sight, Told> {
    let mut seen: Option<Sight> = None;
    for need in needs {
        let now = match need {
            Need::Nats => nats(facts, check)?,
            need => of_aws(facts, check, *need)?,
        };
        seen = Some(seen.map_or(now, |seen| seen.and(now)));
    }
    seen.ok_or_else(|| Told::unknown(Unknown::NeverCollected, "Nothing is read for this."))
}

fn of_aws(facts: &ServiceFacts<'_>, check: &Check, need: Need) -> Result<Sight, Told> {
    let (health, what) = match need {
        Need::Alarms => (facts.sources.alarms, "CloudWatch alarms"),
        Need::Metrics => (facts.sources.metrics, "CloudWatch metrics"),
        _ => (facts.sources.ecs, "ECS"),
    };
    let Some(health) = health else {
        let said = format!("{what} of {} are not read: there is no such source.", text::shown(&facts.key.environment));
        return Err(Told::unknown(Unknown::NeverCollected, said));
    };
    if let Some(lacking) = lacking(health, need, &facts.key.cluster) {
        return Err(missed(lacking));
    }
    fresh(health, check, facts.now)
}

/// The part of a sweep that could not be read and that this needs.
fn lacking<'a>(health: &'a SourceHealth, need: Need, cluster: &str) -> Option<&'a Shortfall> {
    let Some(Outcome::Partial { missing }) = &health.outcome else { return None };
    let part = match need {
        Need::Services => Some("services"),
        Need::Tasks => Some("tasks"),
        Need::Stopped => Some("stopped tasks"),
        Need::Alarms | Need::Metrics | Need::Nats => None,
    };
    let concerns = |shortfall: &&Shortfall| match (need, part) {
        // the words of `collectors::ecs`; what is missing of other clusters, or of revisions, does not concern this
        (_, Some(part)) => {
            let mine = [format!("{part} of {cluster}"), format!("cluster {cluster}"), "the rest of the clusters".to_owned()];
            mine.contains(&shortfall.what)
        }
        (Need::Alarms, None) => shortfall.what != "the alarms' history",
        _ => false,
    };
    missing.iter().find(concerns)
}

fn missed(shortfall: &Shortfall) -> Told {
    let said = format!("Not all of it was read ({}): {}", text::shown(&shortfall.what), shortfall.fault.message);
    Told::unknown(reason(&shortfall.fault), said)
}

const fn reason(fault: &Fault) -> Unknown {
    match fault.kind {
        FaultKind::AccessDenied | FaultKind::Credentials | FaultKind::WrongAccount => Unknown::AccessDenied,
        _ => Unknown::CollectorError,
    }
}

/// When a source was last read, if that is not too long ago for this check.
fn fresh(health: &SourceHealth, check: &Check, now: Timestamp) -> Result<Sight, Told> {
    // a third of its patience is one poll, with the time that a sweep takes
    let every = health.patience() / 3;
    let failed = match &health.outcome {
        Some(Outcome::Failed { fault }) => Some(fault),
        _ => None,
    };
    let name = format!("{} of {}", health.id.kind.title(), text::shown(&health.id.scope));
    let cause = failed.map(|fault| format!(": {}", fault.message)).unwrap_or_default();
    match health.last_success {
        None => Err(Told::unknown(failed.map_or(Unknown::NeverCollected, reason), format!("{name} has not answered yet{cause}"))),
        Some(at) if now.since(at) >= check.lasts(every) => {
            let said = format!("{name} last answered {}{cause}", ago(now, at));
            Err(Told::unknown(failed.map_or(Unknown::Stale, reason), said))
        }
        Some(at) => Ok(Sight { at, every }),
    }
}

/// Every NATS cluster that could hold connections of the service, with the nodes that do.
fn nats(facts: &ServiceFacts<'_>, check: &Check) -> Result<Sight, Told> {
    let mut seen: Option<Sight> = None;
    for source in facts.clusters() {
        if let Some(blind) = unheard(facts, source) {
            return Err(blind);
        }
        let now = fresh(source.health, check, facts.now)?;
        seen = Some(seen.map_or(now, |seen| seen.and(now)));
    }
    seen.ok_or_else(|| Told::unknown(Unknown::NeverCollected, "No NATS cluster of this environment is read."))
}

/// What a NATS cluster did not tell that may concern the service: of a node that holds its connections, of any node where it
/// holds none, or of nobody knows which node.
fn unheard(facts: &ServiceFacts<'_>, source: &NatsSource<'_>) -> Option<Told> {
    let holds = |name: &str| {
        let mut mine = facts.held.iter().filter(|held| held.source == source.id).peekable();
        mine.peek().is_none() || mine.any(|held| held.connection.node_name == name)
    };
    if let Some(silent) = source.nodes.iter().find(|of| !of.answers && holds(&of.node.name)) {
        let said = format!("The NATS node {} does not answer, so its connections are not known.", text::shown(&silent.node.name));
        return Some(Told::unknown(Unknown::CollectorError, said));
    }
    let Some(Outcome::Partial { missing }) = &source.health.outcome else { return None };
    let concerns = |shortfall: &&Shortfall| {
        let node = shortfall.what.strip_prefix("connections of node ").or_else(|| shortfall.what.strip_prefix("node "));
        let known = node.filter(|name| source.nodes.iter().any(|of| of.node.name == **name));
        known.is_none_or(holds)
    };
    missing.iter().find(concerns).map(missed)
}
