//! What ECS's newer view tells of a service: its deployments with their outcome, and which revision each brings.
//!
//! A service deployment names a service revision, and only that names the task definition; a service revision never changes,
//! so each is asked for once. Two traps. AWS does not say in which order it lists deployments: they are put in order here,
//! and where a page was not the newest there may be others nobody read. And an API that a server does not have must not
//! read as "no deployment": it is told apart where the server says so, and is missing where it only fails.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_sdk_ecs::types as wire;
use domain::rollout::seen::{Part, ServiceDeployment};
use domain::source::{Fault, FaultKind};

use super::{Look, told};
use crate::ecs::map::instant;
use crate::operations::{DESCRIBE_SERVICE_DEPLOYMENTS, DESCRIBE_SERVICE_REVISIONS, LIST_SERVICE_DEPLOYMENTS};

/// So many of the newest are described. ECS takes twenty at once.
const NEWEST: usize = 10;
/// Service revisions that are remembered. Beyond that all are forgotten and asked for again, ten at a time.
const REMEMBERED: usize = 5_000;
/// What a server says that does not have an operation.
const NO_SUCH_OPERATION: [&str; 4] = ["UnknownOperationException", "NotImplemented", "InvalidAction", "UnsupportedOperation"];

/// Which task definition each service revision brings.
#[derive(Default)]
pub(super) struct Brought(Mutex<HashMap<String, String>>);

impl Brought {
    fn known(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, service_revision: &str) -> Option<String> {
        self.known().get(service_revision).cloned()
    }

    fn remember(&self, pairs: impl Iterator<Item = (String, String)>) {
        let mut known = self.known();
        if known.len() > REMEMBERED {
            known.clear();
        }
        known.extend(pairs);
    }
}

impl Look<'_> {
    /// The newest service deployments, the newest first.
    pub(super) async fn deployments(&self, brought: &Brought) -> Part<Vec<ServiceDeployment>> {
        match self.newest_deployments(brought).await {
            Ok(deployments) => Part::Read(deployments),
            Err(fault) if is_no_operation(&fault) => Part::None,
            Err(fault) => Part::Missing(told(&fault)),
        }
    }

    async fn newest_deployments(&self, brought: &Brought) -> Result<Vec<ServiceDeployment>, Fault> {
        let arns = self.listed().await?;
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        let call = || self.connection.ecs.describe_service_deployments().set_service_deployment_arns(Some(arns.clone())).send();
        let answer = self.connection.caller.call(DESCRIBE_SERVICE_DEPLOYMENTS, self.tally, call).await?;
        let mut described = answer.service_deployments.unwrap_or_default();
        described.sort_by_key(|one| Reverse(instant(one.created_at)));
        let targets = described.iter().filter_map(|one| one.target_service_revision()?.arn());
        self.read_revisions(brought, targets.map(str::to_owned).collect()).await?;
        Ok(described.into_iter().filter_map(|one| deployment(one, brought)).collect())
    }

    /// The ARNs of the newest.
    async fn listed(&self) -> Result<Vec<String>, Fault> {
        let Self { connection, tally, cluster, service } = self;
        let call = || connection.ecs.list_service_deployments().cluster(*cluster).service(*service).max_results(100).send();
        let answer = connection.caller.call(LIST_SERVICE_DEPLOYMENTS, tally, call).await?;
        let mut listed = answer.service_deployments.unwrap_or_default();
        let newest_first = listed.is_sorted_by_key(|one| Reverse(instant(one.created_at)));
        if answer.next_token.is_some_and(|token| !token.is_empty()) && !newest_first {
            let message = "the list does not begin with the newest, so there may be newer ones on its other pages";
            return Err(Fault::new(FaultKind::Malformed, Some(LIST_SERVICE_DEPLOYMENTS.name), message));
        }
        listed.sort_by_key(|one| Reverse(instant(one.created_at)));
        Ok(listed.into_iter().filter_map(|one| one.service_deployment_arn).take(NEWEST).collect())
    }

    /// Reads those of the service revisions that are not known yet.
    async fn read_revisions(&self, brought: &Brought, mut arns: Vec<String>) -> Result<(), Fault> {
        arns.retain(|arn| brought.of(arn).is_none());
        arns.sort_unstable();
        arns.dedup();
        if arns.is_empty() {
            return Ok(());
        }
        let call = || self.connection.ecs.describe_service_revisions().set_service_revision_arns(Some(arns.clone())).send();
        let answer = self.connection.caller.call(DESCRIBE_SERVICE_REVISIONS, self.tally, call).await?;
        let told = answer.service_revisions.unwrap_or_default().into_iter();
        brought.remember(told.filter_map(|one| Some((one.service_revision_arn?, one.task_definition?))));
        Ok(())
    }
}

fn deployment(from: wire::ServiceDeployment, brought: &Brought) -> Option<ServiceDeployment> {
    let rolled_back = from.rollback.and_then(|rollback| rollback.reason);
    let mut reasons: Vec<String> = rolled_back.into_iter().chain(from.status_reason).collect();
    reasons.dedup();
    Some(ServiceDeployment {
        arn: from.service_deployment_arn?,
        status: from.status.map(|word| word.as_str().to_owned()).unwrap_or_default(),
        revision: from.target_service_revision.and_then(|target| brought.of(target.arn()?)),
        created: instant(from.created_at),
        reason: (!reasons.is_empty()).then(|| reasons.join("; ")),
    })
}

fn is_no_operation(fault: &Fault) -> bool {
    NO_SUCH_OPERATION.iter().any(|code| fault.message.starts_with(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_no_proof_that_an_operation_is_not_there() {
        let fault = |kind, message: &str| Fault::new(kind, Some("ecs:ListServiceDeployments"), message);
        assert!(is_no_operation(&fault(FaultKind::Malformed, "UnknownOperationException: no such operation")));
        assert!(!is_no_operation(&fault(FaultKind::Remote, "HTTP 500: unhandled error")));
        assert!(!is_no_operation(&fault(FaultKind::AccessDenied, "AccessDeniedException: not authorized")));
    }

    #[test]
    fn the_reasons_are_one_sentence_each_and_a_revision_nobody_knows_is_none() {
        let rollback = wire::Rollback::builder().reason("the breaker").build();
        let from =
            wire::ServiceDeployment::builder().service_deployment_arn("arn:x").rollback(rollback).status_reason("tasks failed").build();
        let told = deployment(from, &Brought::default()).unwrap();
        assert_eq!((told.reason.as_deref(), told.revision, told.status.as_str()), (Some("the breaker; tasks failed"), None, ""));
        assert!(deployment(wire::ServiceDeployment::builder().build(), &Brought::default()).is_none());
    }
}
