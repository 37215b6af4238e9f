//! The actuator: the only code that changes AWS.
//!
//! It does one effect of a rollout, once, and says what came of it. Nothing here decides: what is to be done was decided,
//! committed and begun on record before ([`Lease`]), and whoever asks for it learns one of three things. *Done*, with the
//! name AWS gave. *Not done*, for certain. Or *unknown*, which is looked for and never simply repeated. So no call is made
//! twice: the SDK's own retries are off, and [`Actuator::perform`] ends within [`LONGEST`].
//!
//! Separate from the collectors, which can change nothing by construction, and narrow: [`client`] has a method for each of
//! the four calls and the SDK's own client never leaves it. A request is the JSON that the plan holds, byte for byte
//! ([`exact`]), because a typed one would drop the fields that its library does not know.
//!
//! | module | holds |
//! |---|---|
//! | [`lease`] | without which nothing is done |
//! | [`client`] | the calls |
//! | [`exact`] | a request as it is, in place of what the SDK would make of it |
//! | [`verdict`] | what came of a call: done, certainly not, or nobody knows |
//! | [`operations`] | every operation called, and what IAM asks for besides |
//!
//! The trap is the time between looking and writing: before a service is told to run something, it is asked what it runs, and
//! on anything unexpected nothing is sent. Somebody else may still come in between; then ECS has two updates of one service
//! in a row, and the next look finds whichever won.

use std::sync::Arc;
use std::time::Duration;

use collectors::AwsEnvironment;
use domain::rollout::Effect;
use domain::rollout::decide::Outcome;
use domain::service::{ServiceKey, revision_name};
use domain::source::FaultKind;
use serde_json::Value;
use tokio::sync::OnceCell;

mod client;
mod exact;
mod lease;
pub mod operations;
mod verdict;

use client::Ecs;
pub use lease::Lease;
use verdict::not;

/// The longest that [`Actuator::perform`] takes: what a lease must still last before it is begun.
pub const LONGEST: Duration = Duration::from_secs(10);

/// Changes the services of one environment.
pub struct Actuator {
    environment: Arc<AwsEnvironment>,
    ecs: OnceCell<Ecs>,
}

impl Actuator {
    /// An actuator of this environment. Resolves nothing yet.
    pub fn new(environment: Arc<AwsEnvironment>) -> Self {
        Self { environment, ecs: OnceCell::new() }
    }

    /// Does one effect on one service, and says what came of it.
    ///
    /// - *Register*, *Update* and *Restore* are one call each, *Stop* as well; before *Update* and *Back* the service is
    ///   asked once what it runs. It must be what the effect expects. Where it runs already what it is to run, an earlier
    ///   request arrived after all: that is done, and nothing is sent.
    /// - [`Outcome::Done`] carries the ARN of a registered revision, or the id of the deployment (`ecs-svc/…`) that ECS named
    ///   in its answer; for *Stop* and *Restore* nothing.
    pub async fn perform(&self, lease: &Lease, service: &ServiceKey, effect: &Effect) -> Outcome {
        tracing::info!(
            rollout = lease.rollout(), effect = lease.effect(), epoch = lease.epoch(),
            environment = %service.environment, cluster = %service.cluster, service = %service.service,
            operation = effect.operation(), "AWS is to be changed"
        );
        let outcome = match self.done(service, effect).await {
            Ok(named) => Outcome::Done { named },
            Err(outcome) => outcome,
        };
        tracing::info!(rollout = lease.rollout(), effect = lease.effect(), ?outcome, "what came of it");
        outcome
    }

    async fn done(&self, service: &ServiceKey, effect: &Effect) -> Result<String, Outcome> {
        let ours = &self.environment.scope().environment;
        if service.environment != *ours {
            let said = format!("the service is of environment {}, this is {ours}: nothing was sent", service.environment);
            return Err(not(false, said, "report this: it is a mistake of Signalbox"));
        }
        let ecs = self.ecs().await?;
        match effect {
            Effect::Register { request, tags } => ecs.register(request, tags).await,
            Effect::Update { from, to, configuration } => {
                let next = "decide what it should run, then plan it again";
                let there = self.runs_already(ecs, service, from, to, next).await?;
                match there {
                    Some(deployment) => Ok(deployment),
                    None => ecs.run(service, to, configuration, "look at the service in AWS, then plan it again").await,
                }
            }
            Effect::Back { from, to, configuration } => {
                let there = self.runs_already(ecs, service, from, to, "nothing was overwritten; decide what it should run").await?;
                match there {
                    Some(deployment) => Ok(deployment),
                    // what a person can do about a refusal, the engine knows better: it knows what the service ran before
                    None => ecs.run(service, to, configuration, "").await,
                }
            }
            Effect::Stop { deployment } => ecs.stop(service, deployment).await.map(|()| String::new()),
            Effect::Restore { configuration } => ecs.configure(service, configuration).await.map(|()| String::new()),
        }
    }

    /// Asks what the service runs. Nothing: what is expected, so it may be told. A deployment: it runs already what it is to
    /// run.
    async fn runs_already(&self, ecs: &Ecs, service: &ServiceKey, from: &str, to: &str, next: &str) -> Result<Option<String>, Outcome> {
        let service = ecs.service(service).await?;
        // the service's own word may run ahead of its deployments: then it was told, and nothing brings it
        let word = service.get("taskDefinition").and_then(Value::as_str);
        let there = |revision: &str| revision == to && word.is_none_or(|word| word == to);
        match steered(&service) {
            Some((revision, deployment)) if there(&revision) && deployment.is_empty() => {
                Err(not(true, "it runs that already, but ECS does not tell by which deployment: nothing was sent", ""))
            }
            Some((revision, deployment)) if there(&revision) => Ok(Some(deployment)),
            Some((revision, _)) if revision == from || word == Some(from) => Ok(None),
            Some((revision, _)) => {
                let said = format!("it runs {}, not {}: nothing was sent", revision_name(&revision), revision_name(from));
                Err(not(false, said, next))
            }
            None => Err(not(true, "ECS does not tell what the service runs, so nothing was sent", "")),
        }
    }

    async fn ecs(&self) -> Result<&Ecs, Outcome> {
        let built = self.ecs.get_or_try_init(|| async { self.environment.sdk_config().await.map(|config| Ecs::new(&config)) });
        built.await.map_err(|fault| {
            let passes = fault.kind != FaultKind::WrongAccount;
            let next = if passes { String::new() } else { fault.remedy() };
            not(passes, format!("nothing was sent: {}", fault.message), next)
        })
    }
}

/// What ECS steers a service towards, and by which deployment: the primary's revision, or the service's own word where none
/// is told. The same rule as [`domain::rollout::seen::ServiceSeen::steered`].
fn steered(service: &Value) -> Option<(String, String)> {
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
    let deployments = service.get("deployments").and_then(Value::as_array);
    let primary = deployments.into_iter().flatten().find(|one| text(one, "status").as_deref() == Some("PRIMARY"));
    let revision = primary.and_then(|primary| text(primary, "taskDefinition")).or_else(|| text(service, "taskDefinition"))?;
    Some((revision, primary.and_then(|primary| text(primary, "id")).unwrap_or_default()))
}

/// The deployment that brings a revision, in an answer of UpdateService: the primary one, and only if it is of that revision.
fn brings(service: &Value, revision: &str) -> Option<String> {
    let deployments = service.get("deployments").and_then(Value::as_array);
    let is = |one: &Value, name: &str, wanted: &str| one.get(name).and_then(Value::as_str) == Some(wanted);
    let ours = deployments.into_iter().flatten().find(|one| is(one, "status", "PRIMARY") && is(one, "taskDefinition", revision));
    ours?.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_steered_towards_is_the_primarys_word() {
        let deployment =
            |status: &str, revision: &str| json!({"id": format!("ecs-svc/{revision}"), "status": status, "taskDefinition": revision});
        let service = json!({"taskDefinition": "c", "deployments": [deployment("ACTIVE", "a"), deployment("PRIMARY", "b")]});
        assert_eq!(steered(&service), Some(("b".to_owned(), "ecs-svc/b".to_owned())));
        assert_eq!(steered(&json!({"taskDefinition": "c"})), Some(("c".to_owned(), String::new())));
        assert_eq!(steered(&json!({})), None);
        assert_eq!((brings(&service, "b").as_deref(), brings(&service, "a"), brings(&service, "c")), (Some("ecs-svc/b"), None, None));
    }
}
