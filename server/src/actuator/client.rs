//! The four calls, and nothing else of the SDK's client.
//!
//! Separate so that the ban on the SDK's changing calls is lifted in one file, for three calls. Whatever is handed back was
//! read off the raw answer. The trap: an answer of success that does not hold what it must is no success; what it stands for
//! is not known.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use aws_sdk_ecs::config::retry::RetryConfig;
use aws_sdk_ecs::config::timeout::TimeoutConfig;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ecs::types::StopServiceDeploymentStopType;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use collectors::raw::Answered;
use domain::rollout::decide::Outcome;
use domain::service::ServiceKey;
use serde_json::{Map, Value, json};

use super::exact::Exactly;
use super::operations::{DESCRIBE_SERVICES, REGISTER_TASK_DEFINITION, STOP_SERVICE_DEPLOYMENT, UPDATE_SERVICE};
use super::verdict::{came_of, not, not_read, unknown};
use super::{LONGEST, brings};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(3);
/// Of [`LONGEST`], how much is for asking what a service runs.
const ASKING: Duration = Duration::from_secs(3);
/// And how much for changing it.
const CHANGING: Duration = LONGEST.saturating_sub(ASKING);

/// ECS, as far as the actuator may use it.
pub(super) struct Ecs {
    asking: aws_sdk_ecs::Client,
    changing: aws_sdk_ecs::Client,
}

impl Ecs {
    /// Clients with these settings, except that each call is made once and ends in time.
    pub(super) fn new<'a, Settings>(settings: &'a Settings) -> Self
    where
        aws_sdk_ecs::config::Builder: From<&'a Settings>,
    {
        let client = |whole: Duration| {
            let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(whole).build();
            let config = aws_sdk_ecs::config::Builder::from(settings).retry_config(RetryConfig::disabled()).timeout_config(timeouts);
            aws_sdk_ecs::Client::from_conf(config.build())
        };
        Self { asking: client(ASKING), changing: client(CHANGING) }
    }

    /// The service as DescribeServices answers it. Whatever goes wrong here, nothing was changed.
    pub(super) async fn service(&self, service: &ServiceKey) -> Result<Value, Outcome> {
        let answered = Answered::default();
        let call = self.asking.describe_services().cluster(&service.cluster).services(&service.service);
        let sent = call.customize().interceptor(answered.clone()).send().await;
        if let Err(error) = sent {
            return Err(not_read(DESCRIBE_SERVICES.name, &error));
        }
        let mut answer = answered.json().unwrap_or_default();
        match answer.pointer_mut("/services/0").map(Value::take) {
            Some(told) => Ok(told),
            None if answer.pointer("/failures/0/reason").and_then(Value::as_str) == Some("MISSING") => {
                let said = format!("there is no service {} in the cluster {} any more: nothing was sent", service.service, service.cluster);
                Err(not(false, said, "look whether it was deleted or moved"))
            }
            None => Err(not(true, "ECS does not tell what the service runs, so nothing was sent", "")),
        }
    }

    /// Registers a revision; answers its ARN.
    pub(super) async fn register(&self, request: &Value, tags: &BTreeMap<String, String>) -> Result<String, Outcome> {
        let Some(mut request) = request.as_object().cloned() else {
            return Err(not(false, "the plan holds no task definition to register", "plan the service again"));
        };
        let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        request.insert("tags".to_owned(), Value::from(tags));
        let answer = self.send_registration(&Value::Object(request)).await?;
        let arn = answer.pointer("/taskDefinition/taskDefinitionArn").and_then(Value::as_str).filter(|arn| !arn.is_empty());
        arn.map(str::to_owned).ok_or_else(|| unknown("RegisterTaskDefinition was answered without naming a revision"))
    }

    /// Tells a service to run a revision, with these deployment settings; answers the deployment that brings it.
    pub(super) async fn run(&self, service: &ServiceKey, revision: &str, configuration: &Value, next: &str) -> Result<String, Outcome> {
        let mut request = named(service);
        request.insert("taskDefinition".to_owned(), Value::from(revision));
        // one that ECS did not tell cannot be sent; what is not sent stays as it is
        if configuration.is_object() {
            request.insert("deploymentConfiguration".to_owned(), configuration.clone());
        }
        let answer = self.send_update(&Value::Object(request), next).await?;
        let deployment = answer.get("service").and_then(|service| brings(service, revision));
        deployment.ok_or_else(|| unknown("UpdateService was answered without naming the deployment that brings the revision"))
    }

    /// Sets a service's deployment settings and nothing else.
    pub(super) async fn configure(&self, service: &ServiceKey, configuration: &Value) -> Result<(), Outcome> {
        if !configuration.is_object() {
            return Err(not(false, "the plan holds no deployment settings to hand back", ""));
        }
        let mut request = named(service);
        request.insert("deploymentConfiguration".to_owned(), configuration.clone());
        let answer = self.send_update(&Value::Object(request), "").await?;
        match answer.get("service").is_some_and(Value::is_object) {
            true => Ok(()),
            false => Err(unknown("UpdateService was answered without a service")),
        }
    }

    /// Takes a deployment of this service back, by the ARN of its service deployment.
    pub(super) async fn stop(&self, service: &ServiceKey, deployment: &str) -> Result<(), Outcome> {
        if !is_of(deployment, service) {
            let said = format!("{deployment} is no service deployment of {}: nothing was sent", service.service);
            return Err(not(false, said, "report this: it is a mistake of Signalbox"));
        }
        let answer = self.send_stop(deployment).await?;
        match answer.get("serviceDeploymentArn").is_some_and(Value::is_string) {
            true => Ok(()),
            false => Err(unknown("StopServiceDeployment was answered without naming a deployment")),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is server::actuator, the only place that changes AWS; here are its three calls")]
impl Ecs {
    async fn send_registration(&self, request: &Value) -> Result<Value, Outcome> {
        let answered = Answered::default();
        let call = self.changing.register_task_definition().customize();
        let sent = call.interceptor(Exactly::this(request)).interceptor(answered.clone()).send().await;
        read(REGISTER_TASK_DEFINITION.name, sent, &answered, "look at what it says, correct the plan, then plan the service again")
    }

    async fn send_update(&self, request: &Value, next: &str) -> Result<Value, Outcome> {
        let answered = Answered::default();
        let call = self.changing.update_service().customize();
        let sent = call.interceptor(Exactly::this(request)).interceptor(answered.clone()).send().await;
        read(UPDATE_SERVICE.name, sent, &answered, next)
    }

    async fn send_stop(&self, deployment: &str) -> Result<Value, Outcome> {
        let answered = Answered::default();
        let call = self.changing.stop_service_deployment().service_deployment_arn(deployment);
        let call = call.stop_type(StopServiceDeploymentStopType::Rollback).customize();
        let sent = call.interceptor(answered.clone()).send().await;
        read(STOP_SERVICE_DEPLOYMENT.name, sent, &answered, "")
    }
}

/// The raw answer to a call that came back well, or what came of it. `next` is what a person can do about a refusal.
fn read<T, E>(operation: &str, sent: Result<T, SdkError<E, HttpResponse>>, answered: &Answered, next: &str) -> Result<Value, Outcome>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match sent {
        Ok(_) => answered.json().ok_or_else(|| unknown("the answer could not be read")),
        Err(error) => Err(came_of(operation, &error, next)),
    }
}

/// A request about a service. Never more than is meant: no desired count, no forced deployment.
fn named(service: &ServiceKey) -> Map<String, Value> {
    [("cluster", &service.cluster), ("service", &service.service)]
        .into_iter()
        .map(|(name, of)| (name.to_owned(), Value::from(of.as_str())))
        .collect()
}

/// `arn:aws:ecs:REGION:ACCOUNT:service-deployment/CLUSTER/SERVICE/ID` is of this cluster and service.
fn is_of(deployment: &str, service: &ServiceKey) -> bool {
    let resource = deployment.strip_prefix("arn:").and_then(|rest| rest.split_once(":service-deployment/")).map(|(_, rest)| rest);
    let cluster = service.cluster.rsplit('/').next().unwrap_or_default();
    let mut parts = resource.into_iter().flat_map(|resource| resource.split('/'));
    parts.next() == Some(cluster) && parts.next() == Some(service.service.as_str()) && parts.next().is_some_and(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_deployment_of_the_service_itself_is_stopped() {
        let service = ServiceKey { environment: "p".into(), cluster: "main".into(), service: "auth".into() };
        let arn = |rest: &str| format!("arn:aws:ecs:us-east-1:111122223333:{rest}");
        assert!(is_of(&arn("service-deployment/main/auth/x1"), &service));
        for other in [
            arn("service-deployment/main/auth-nats/x1"),
            arn("service-deployment/other/auth/x1"),
            arn("service-deployment/main/auth"),
            arn("service/main/auth/x1"),
            "ecs-svc/1234".to_owned(),
        ] {
            assert!(!is_of(&other, &service), "{other}");
        }
    }

    #[test]
    fn both_calls_of_an_update_fit_into_the_longest() {
        assert_eq!(ASKING + CHANGING, LONGEST);
    }
}
