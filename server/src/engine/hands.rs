//! The engine's eyes and hands: one service looked at whole, and what is owed to it done.
//!
//! AWS answers most of a look; which alarms watch a service and which connections are its own is known to the store, from the
//! collectors' sweeps. The trap is a sweep that has stopped: what is too old there is a part that is missing, and never the
//! last thing that was seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use collectors::{AwsEnvironment, ServiceReader};
use domain::port::Clock;
use domain::rollout::decide::{Outcome, Refusal};
use domain::rollout::plan::Facts;
use domain::rollout::seen::{Answer, Look, NatsSeen, Part, ServiceSeen};
use domain::rollout::{Effect, Stage, Step};
use domain::service::ServiceKey;
use domain::source::Fault;

use crate::actuator::{Actuator, Lease};
use crate::store::{Store, StoreError};

/// How one environment is looked at and changed.
pub struct Reach {
    reader: ServiceReader,
    actuator: Actuator,
    /// The NATS clusters its services talk over, by the names of their sources.
    nats: Vec<String>,
}

impl Reach {
    /// Over the same connection, and the same share of AWS's rates, as its collectors.
    pub fn new(environment: &Arc<AwsEnvironment>, nats: Vec<String>) -> Self {
        let (reader, actuator) = (ServiceReader::new(Arc::clone(environment)), Actuator::new(Arc::clone(environment)));
        Self { reader, actuator, nats }
    }
}

/// Looks at services and changes them.
pub struct Hands {
    store: Store,
    clock: Arc<dyn Clock>,
    reach: BTreeMap<String, Reach>,
}

impl Hands {
    /// Hands that reach these environments, by name.
    pub fn new(store: Store, clock: Arc<dyn Clock>, reach: BTreeMap<String, Reach>) -> Self {
        Self { store, clock, reach }
    }

    /// Does one effect, once.
    pub(super) async fn perform(&self, lease: &Lease, service: &ServiceKey, effect: &Effect) -> Outcome {
        match self.reach(service) {
            Ok(reach) => reach.actuator.perform(lease, service, effect).await,
            Err(said) => {
                let next = "name the environment in the config again, or change the service by hand".to_owned();
                Outcome::Not(Refusal { passes: false, said: format!("nothing was sent: {said}"), next })
            }
        }
    }

    /// What a step's look brings.
    pub(super) async fn look(&self, step: &Step, look: &Look) -> Answer {
        let reach = match self.reach(&step.service) {
            Ok(reach) => reach,
            Err(why) => return Answer::Nothing(why),
        };
        let nothing = |fault: Fault| Answer::Nothing(told(&fault));
        match look {
            Look::Service { .. } => {
                // whether an undo has somewhere to go is asked before the first write only
                let prior = matches!(step.stage, Stage::Preflight { .. }).then_some(step.bound.prior.as_str());
                match self.whole(reach, &step.service, prior).await {
                    Ok(seen) => Answer::Service(Box::new(seen)),
                    Err(why) => Answer::Nothing(why),
                }
            }
            Look::Revision { arn, .. } => {
                reach.reader.read_revision(arn).await.map_or_else(nothing, |described| Answer::Revision(Box::new(described)))
            }
            Look::Intent { family, intent, .. } => reach.reader.find_intent(family, intent).await.map_or_else(nothing, Answer::Intent),
        }
    }

    /// What a plan needs of one service; `wanted` is the revision it may have to go back to.
    pub(super) async fn facts(&self, key: &ServiceKey, wanted: Option<&str>) -> Facts {
        let reach = match self.reach(key) {
            Ok(reach) => reach,
            Err(why) => return Facts::unread(key.clone(), &why),
        };
        let alarms = match self.store.watchers_of(key).await {
            Ok(alarms) => alarms,
            Err(error) => return Facts::unread(key.clone(), &crate::error_chain(&error)),
        };
        let whole = match reach.reader.read_service(&key.cluster, &key.service, &alarms, None).await {
            Ok(whole) => whole,
            Err(fault) => return Facts::unread(key.clone(), &told(&fault)),
        };
        let running = whole.seen.steered().to_owned();
        let read = async |arn: &str| reach.reader.read_revision(arn).await.map_err(|fault| told(&fault));
        let described = read(&running).await;
        let wanted = match wanted {
            Some(arn) => Some(read(arn).await),
            None => None,
        };
        let nats = self.nats(reach, key, &whole.seen).await;
        let starts = whole.seen.tasks.read().into_iter().flatten();
        let starts = starts.filter_map(|task| Some(task.started?.since(task.created?))).collect();
        Facts {
            described,
            wanted,
            grace: whole.grace.map_or(0, u64::from),
            classic_load_balancer: whole.classic_load_balancer,
            connections: nats.read().map(|nats| nats.open),
            starts,
            seen: Ok(ServiceSeen { nats, ..whole.seen }),
            ..Facts::unread(key.clone(), "")
        }
    }

    async fn whole(&self, reach: &Reach, key: &ServiceKey, prior: Option<&str>) -> Result<ServiceSeen, String> {
        let alarms = self.store.watchers_of(key).await.map_err(|error| crate::error_chain(&error))?;
        let whole = reach.reader.read_service(&key.cluster, &key.service, &alarms, prior).await.map_err(|fault| told(&fault))?;
        let nats = self.nats(reach, key, &whole.seen).await;
        Ok(ServiceSeen { nats, ..whole.seen })
    }

    /// Its connections, as the newest sweep of its NATS clusters found them.
    async fn nats(&self, reach: &Reach, key: &ServiceKey, seen: &ServiceSeen) -> Part<NatsSeen> {
        if reach.nats.is_empty() {
            return Part::None;
        }
        match self.connections(reach, key, seen).await {
            Ok(part) => part,
            Err(error) => Part::Missing(crate::error_chain(&error)),
        }
    }

    async fn connections(&self, reach: &Reach, key: &ServiceKey, seen: &ServiceSeen) -> Result<Part<NatsSeen>, StoreError> {
        let now = self.clock.now();
        let health = self.store.source_health().await?;
        let mut at = None;
        for health in health.iter().filter(|health| reach.nats.contains(&health.id.to_string())) {
            if let Some(why) = health.stale(now) {
                return Ok(Part::Missing(why));
            }
            at = match (at, health.last_success) {
                (Some(at), Some(last)) => Some(last.min(at)),
                (at, last) => at.or(last),
            };
        }
        let Some(at) = at else { return Ok(Part::Missing("no sweep of NATS has ended yet".to_owned())) };
        let nats = self.store.service_nats(key, now).await?;
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let (open, usual) = (small(nats.share.all()), nats.usual.map(|usual| small(usual.saturating_mul(seen.desired.into()))));
        if open == 0 && usual.is_none() {
            return Ok(Part::None);
        }
        Ok(Part::Read(NatsSeen { at, open, usual }))
    }

    fn reach(&self, key: &ServiceKey) -> Result<&Reach, String> {
        let name = domain::text::shown(&key.environment);
        self.reach.get(&key.environment).ok_or_else(|| format!("the environment {name} is not in the config"))
    }
}

/// Why nothing was seen, with the call that failed.
fn told(fault: &Fault) -> String {
    match &fault.operation {
        Some(operation) => format!("{operation}: {}", fault.message),
        None => fault.message.clone(),
    }
}
