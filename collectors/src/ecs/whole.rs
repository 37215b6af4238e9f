//! One service read whole, for whoever is about to change it, is changing it, or takes the change back.
//!
//! Separate from the sweeps because it wants the opposite: they read a thousand services a little, cheaply and now and then;
//! this reads one with everything a verdict rests on, every few seconds, and says of each part whether it was read at all.
//! Its calls pass the same buckets as theirs. It does not stand behind a source's circuit breaker: that would keep a step
//! that is failing unseen for a minute after AWS answers again, and whoever looks here asks for one service at a time.
//!
//! One look costs, besides retries:
//!
//! | calls | of |
//! |---|---|
//! | 1 | DescribeServices |
//! | 2, and one for each further hundred tasks | ListTasks: those that run, those that have stopped |
//! | 1 for each hundred tasks, 0 without tasks | DescribeTasks |
//! | 1 | ListServiceDeployments |
//! | 1, 0 without any | DescribeServiceDeployments, of the newest ten |
//! | 1, 0 once they are known | DescribeServiceRevisions, of the newest ten |
//! | 1 for each hundred names, 0 without names | DescribeAlarms |
//! | 1, 0 where it is not asked for | DescribeTaskDefinition |
//!
//! So eight or nine for a usual service, and never more than [`MOST_CALLS`] and one for each hundred alarms. The trap: what is
//! handed back to AWS later must be what AWS answered and not what the SDK understood of it, hence [`Answered`].

mod deployments;
mod revision;
mod tasks;

use std::sync::Arc;

use domain::Timestamp;
use domain::rollout::seen::{Part, ServiceSeen};
use domain::source::{Budget, Fault, FaultKind};
use serde_json::Value;

use super::map;
use crate::alarms;
use crate::aws::{AwsEnvironment, Connection, Depth};
use crate::budget::Family;
use crate::call::Tally;
use crate::operations::{DESCRIBE_SERVICES, DESCRIBE_TASK_DEFINITION};
use crate::raw::Answered;
use deployments::Brought;
use tasks::MOST_PAGES;

use aws_sdk_ecs::types as wire;

/// The most calls one look makes besides those for alarms, retries not counted.
pub const MOST_CALLS: usize = 5 + 4 * MOST_PAGES;

/// Newest lines of a service's events that a look brings: no verdict needs more of them than a few minutes.
const EVENTS: usize = 25;

const FAMILIES: [Family; 5] =
    [Family::EcsServices, Family::EcsTasks, Family::EcsDeployments, Family::EcsServiceRevisions, Family::EcsDefinitions];

/// Reads single services of one environment.
pub struct ServiceReader {
    environment: Arc<AwsEnvironment>,
    brought: Brought,
}

/// A service, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Whole {
    /// What a rollout looks at. Its NATS connections are not ECS's to tell: [`Part::None`], to be put in by who knows them.
    pub seen: ServiceSeen,
    /// Its full ARN.
    pub arn: String,
    /// For how many seconds after a task's start ECS ignores its checks (`healthCheckGracePeriodSeconds`).
    pub grace: Option<u32>,
    /// Whether it stands behind a Classic Load Balancer, with which container health checks do not work and ECS tells no
    /// `rolloutState`.
    pub classic_load_balancer: bool,
    /// How many calls it took, retries included.
    pub calls: u32,
}

impl ServiceReader {
    /// A reader of this environment's services. It must be of [`Depth::Record`]: others do not read all that is answered.
    pub fn new(environment: Arc<AwsEnvironment>) -> Self {
        Self { environment, brought: Brought::default() }
    }

    /// Reads one service with everything a verdict needs. `alarms` are the names of those that watch it; `prior` is the
    /// revision an undo would go back to, where that is to be looked at as well.
    ///
    /// # Errors
    /// The service itself could not be read. Every other part says in its place that it is missing, and why.
    pub async fn read_service(&self, cluster: &str, service: &str, alarms: &[String], prior: Option<&str>) -> Result<Whole, Fault> {
        let at = self.environment.clock().now();
        let tally = Tally::default();
        let connection = self.connection(&tally).await?;
        let look = Look { connection, tally: &tally, cluster, service };
        let (described, (tasks, stopped), service_deployments, alarms, prior_active) =
            futures::join!(look.described(), look.tasks(), look.deployments(&self.brought), look.alarms(alarms), look.prior(prior));
        let described = described?;
        let service = described.observed.service;
        let seen = ServiceSeen {
            at,
            status: service.status,
            revision: service.revision.unwrap_or_default(),
            desired: service.desired,
            running: service.running,
            pending: service.pending,
            controller: service.controller,
            scheduling: service.scheduling,
            deployments: service.deployments,
            configuration: described.configuration,
            service_deployments,
            tasks,
            stopped,
            events: newest(described.observed.events.into_iter().map(|event| (event.at, event.message)).collect()),
            alarms,
            nats: Part::None,
            prior_active,
        };
        let (grace, classic_load_balancer) = (described.grace, described.classic_load_balancer);
        Ok(Whole { seen, arn: service.arn, grace, classic_load_balancer, calls: tally.calls() })
    }

    /// The token buckets its calls are taken from.
    pub fn budgets(&self) -> Vec<Budget> {
        self.environment.budgets(&FAMILIES)
    }

    /// The connection, once it is known that it leads to the right account.
    async fn connection(&self, tally: &Tally) -> Result<&Connection, Fault> {
        if self.environment.depth() != Depth::Record {
            // not an answer of AWS: parts of it would be cut out before they were read
            return Err(Fault::new(FaultKind::Malformed, None, "a service is read whole by an environment of full depth only"));
        }
        let connection = self.environment.connection().await?;
        self.environment.account(connection, tally).await?;
        Ok(connection)
    }
}

/// A look under way.
struct Look<'a> {
    connection: &'a Connection,
    tally: &'a Tally,
    cluster: &'a str,
    service: &'a str,
}

struct Described {
    observed: domain::reading::ObservedService,
    configuration: Value,
    grace: Option<u32>,
    classic_load_balancer: bool,
}

impl Look<'_> {
    async fn described(&self) -> Result<Described, Fault> {
        let Self { connection, tally, cluster, service } = self;
        let answered = Answered::default();
        let call = || {
            let describe = connection.ecs.describe_services().cluster(*cluster).services(*service);
            describe.customize().interceptor(answered.clone()).send()
        };
        let answer = connection.caller.call(DESCRIBE_SERVICES, tally, call).await?;
        let Some(told) = answer.services.into_iter().flatten().next() else {
            return Err(absent(cluster, service, answer.failures.unwrap_or_default().first()));
        };
        let configuration = answered.json().and_then(|mut answer| Some(answer.pointer_mut("/services/0/deploymentConfiguration")?.take()));
        let grace = told.health_check_grace_period_seconds.and_then(|seconds| u32::try_from(seconds).ok());
        let classic_load_balancer = told.load_balancers().iter().any(|balancer| balancer.load_balancer_name.is_some());
        let Some(observed) = map::service(told, Depth::Record) else {
            return Err(Fault::new(FaultKind::Malformed, Some(DESCRIBE_SERVICES.name), "ECS answers a service without a name"));
        };
        Ok(Described { observed, configuration: configuration.unwrap_or_default(), grace, classic_load_balancer })
    }

    async fn alarms(&self, names: &[String]) -> Part<Vec<(String, String)>> {
        if names.is_empty() {
            return Part::None;
        }
        part(alarms::states(self.connection, self.tally, names).await)
    }

    /// Whether a revision can still be set on a service.
    async fn prior(&self, arn: Option<&str>) -> Part<bool> {
        let Some(arn) = arn else { return Part::None };
        let call = || self.connection.ecs.describe_task_definition().task_definition(arn).send();
        match self.connection.caller.call(DESCRIBE_TASK_DEFINITION, self.tally, call).await {
            Ok(answer) => match answer.task_definition.and_then(|definition| definition.status) {
                Some(status) => Part::Read(status == wire::TaskDefinitionStatus::Active),
                None => Part::Missing(format!("{}: the answer does not say", DESCRIBE_TASK_DEFINITION.name)),
            },
            // ECS's answer for a revision that was deleted
            Err(fault) if fault.kind == FaultKind::Malformed && fault.message.starts_with("ClientException") => Part::Read(false),
            Err(fault) => Part::Missing(told(&fault)),
        }
    }
}

fn absent(cluster: &str, service: &str, failure: Option<&wire::Failure>) -> Fault {
    let missing = failure.is_some_and(|failure| failure.reason() == Some("MISSING"));
    let (kind, message) = if missing {
        (FaultKind::NotFound, format!("there is no service {service} in the cluster {cluster}"))
    } else {
        let why = failure.and_then(wire::Failure::reason).unwrap_or("neither the service nor that it is missing is answered");
        (FaultKind::Malformed, format!("ECS does not tell of {service}: {why}"))
    };
    Fault::new(kind, Some(DESCRIBE_SERVICES.name), &message)
}

fn part<T>(read: Result<T, Fault>) -> Part<T> {
    match read {
        Ok(read) => Part::Read(read),
        Err(fault) => Part::Missing(told(&fault)),
    }
}

/// Why a part is missing, with the call that failed.
fn told(fault: &Fault) -> String {
    match &fault.operation {
        Some(operation) => format!("{operation}: {}", fault.message),
        None => fault.message.clone(),
    }
}

fn newest(mut events: Vec<(Timestamp, String)>) -> Vec<(Timestamp, String)> {
    events.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    events.truncate(EVENTS);
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_come_first_and_are_few() {
        let events = (0..100).map(|second| (Timestamp::from_secs(second), format!("line {second}"))).collect();
        let kept = newest(events);
        assert_eq!((kept.len(), kept[0].1.as_str()), (EVENTS, "line 99"));
    }

    #[test]
    fn a_service_that_is_missing_is_told_from_one_that_could_not_be_read() {
        let failure = |reason: &str| wire::Failure::builder().reason(reason).build();
        assert_eq!(absent("c", "s", Some(&failure("MISSING"))).kind, FaultKind::NotFound);
        assert_eq!(absent("c", "s", Some(&failure("ACCESS_DENIED"))).message, "ECS does not tell of s: ACCESS_DENIED");
        assert_eq!(absent("c", "s", None).kind, FaultKind::Malformed);
    }
}
