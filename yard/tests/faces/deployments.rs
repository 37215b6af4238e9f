//! Deployments as ECS's two views tell them, through the real SDK.

#![expect(clippy::disallowed_methods, reason = "the yard's own tests are the clients of what it lets be changed")]

use aws_sdk_ecs::{
    error::ProvideErrorMetadata,
    types::{
        DeploymentRolloutState, DesiredStatus, HealthStatus, ServiceDeployment, ServiceDeploymentRollbackMonitorsStatus,
        ServiceDeploymentStatus, SortOrder, StopServiceDeploymentStopType,
    },
};
use serde_json::json;
use yard::{CheckVerdict, ForeignAct, PushedImage};

use crate::support::{CLUSTER, SOUND, Site, UNSOUND, calm, code, control, register_with_check};

const SERVICE: &str = "auth-nats";

async fn latest(site: &Site) -> ServiceDeployment {
    let listed = site.ecs.list_service_deployments().cluster(CLUSTER).service(SERVICE).send().await.unwrap();
    let arn = listed.service_deployments()[0].service_deployment_arn().unwrap().to_owned();
    site.ecs.describe_service_deployments().service_deployment_arns(arn).send().await.unwrap().service_deployments()[0].clone()
}

async fn update(site: &Site, arn: &str) -> aws_sdk_ecs::types::Service {
    site.ecs.update_service().cluster(CLUSTER).service(SERVICE).task_definition(arn).send().await.unwrap().service.unwrap()
}

async fn until(site: &Site, status: &ServiceDeploymentStatus) -> ServiceDeployment {
    for _ in 0..400 {
        let seen = latest(site).await;
        if seen.status() == Some(status) {
            return seen;
        }
        site.advance(5);
    }
    panic!("never {status:?}: {:#?}", latest(site).await)
}

#[tokio::test]
async fn a_deployment_is_told_in_both_views_from_beginning_to_end() {
    let site = calm().await;
    let before = latest(&site).await;
    assert_eq!((before.status(), before.source_service_revisions().len()), (Some(&ServiceDeploymentStatus::Successful), 0));
    let arn = register_with_check(&site, SERVICE, SOUND).await;
    let answered = update(&site, &arn).await;
    let views: Vec<_> = answered.deployments().iter().map(|one| (one.status().unwrap(), one.rollout_state().unwrap().clone())).collect();
    assert_eq!(views, [("PRIMARY", DeploymentRolloutState::InProgress), ("ACTIVE", DeploymentRolloutState::Completed)]);
    assert_eq!(answered.task_definition(), Some(arn.as_str()));
    let id = answered.deployments()[0].id().unwrap().to_owned();
    assert_eq!(latest(&site).await.status(), Some(&ServiceDeploymentStatus::Pending));
    site.advance(30);
    let during = latest(&site).await;
    assert_eq!(during.status(), Some(&ServiceDeploymentStatus::InProgress));
    assert_eq!(during.deployment_circuit_breaker().unwrap().status(), Some(&ServiceDeploymentRollbackMonitorsStatus::Monitoring));
    let (target, source) = (during.target_service_revision().unwrap(), &during.source_service_revisions()[0]);
    assert_eq!((target.requested_task_count(), source.requested_task_count(), source.running_task_count()), (2, 2, 2));
    let over = until(&site, &ServiceDeploymentStatus::Successful).await;
    assert!(over.started_at().is_some() && over.finished_at() > over.started_at() && over.rollback().is_none());
    let revisions = [over.target_service_revision().unwrap().arn().unwrap(), over.source_service_revisions()[0].arn().unwrap()];
    let described = site.ecs.describe_service_revisions().set_service_revision_arns(Some(revisions.map(str::to_owned).to_vec()));
    let described = described.send().await.unwrap();
    assert_eq!(described.service_revisions()[0].task_definition(), Some(arn.as_str()));
    assert_eq!(described.service_revisions()[0].container_images()[0].container_name(), Some("app"));
    assert_eq!(described.service_revisions()[1].service_revision_arn(), before.target_service_revision().unwrap().arn());
    let service = site.service(SERVICE).await;
    assert_eq!((service.deployments().len(), service.deployments()[0].id()), (1, Some(id.as_str())));
    let mine = site.ecs.list_tasks().cluster(CLUSTER).started_by(&id).send().await.unwrap();
    let tasks = site.ecs.describe_tasks().cluster(CLUSTER).set_tasks(mine.task_arns).send().await.unwrap();
    assert_eq!(tasks.tasks().len(), 2);
    assert!(
        tasks.tasks().iter().all(|task| task.health_status() == Some(&HealthStatus::Healthy) && task.task_definition_arn() == Some(&arn))
    );
}

#[tokio::test]
async fn a_rollback_ends_stable_and_is_no_success() {
    let site = calm().await;
    let good = site.service(SERVICE).await;
    let bad = register_with_check(&site, SERVICE, UNSOUND).await;
    update(&site, &bad).await;
    let over = until(&site, &ServiceDeploymentStatus::RollbackSuccessful).await;
    let breaker = over.deployment_circuit_breaker().unwrap();
    assert_eq!(
        (breaker.status(), breaker.failure_count(), breaker.threshold()),
        (Some(&ServiceDeploymentRollbackMonitorsStatus::Triggered), 3, 3)
    );
    let rollback = over.rollback().unwrap();
    assert!(rollback.reason().unwrap().contains("circuit breaker"));
    assert_eq!(rollback.service_revision_arn(), over.source_service_revisions()[0].arn());
    let service = site.service(SERVICE).await;
    // exactly what the waiter "services stable" asks for
    assert_eq!((service.deployments().len(), service.running_count()), (1, service.desired_count()));
    assert_eq!(service.task_definition(), good.task_definition());
    assert_eq!(service.deployments()[0].id(), good.deployments()[0].id());
    let listed = site.ecs.list_tasks().cluster(CLUSTER).service_name(SERVICE).desired_status(DesiredStatus::Stopped).send().await.unwrap();
    let stopped = site.ecs.describe_tasks().cluster(CLUSTER).set_tasks(listed.task_arns).send().await.unwrap();
    assert!(stopped.tasks().iter().any(|task| task.stopped_reason() == Some("Task failed container health checks")));
    let only =
        site.ecs.list_service_deployments().cluster(CLUSTER).service(SERVICE).status(ServiceDeploymentStatus::Successful).send().await;
    assert_eq!(only.unwrap().service_deployments().len(), 1, "the one it came with");
}

#[tokio::test]
async fn a_deployment_is_stopped_by_its_arn() {
    let site = calm().await;
    let first = latest(&site).await.service_deployment_arn().unwrap().to_owned();
    let stop = |arn: &str| {
        site.ecs.stop_service_deployment().service_deployment_arn(arn).stop_type(StopServiceDeploymentStopType::Rollback).send()
    };
    let refused = stop(&first).await.unwrap_err();
    assert_eq!(refused.code(), Some("ConflictException"), "it is over");
    assert!(refused.as_service_error().unwrap().is_conflict_exception());
    assert_eq!(code(stop(&format!("{first}x")).await), "ServiceDeploymentNotFoundException");
    let arn = register_with_check(&site, SERVICE, SOUND).await;
    update(&site, &arn).await;
    site.advance(20);
    let mine = latest(&site).await.service_deployment_arn().unwrap().to_owned();
    let abort =
        site.ecs.stop_service_deployment().service_deployment_arn(&mine).stop_type(StopServiceDeploymentStopType::Abort).send().await;
    assert_eq!(code(abort), "InvalidParameterException");
    assert_eq!(stop(&mine).await.unwrap().service_deployment_arn(), Some(mine.as_str()));
    assert_eq!(latest(&site).await.status(), Some(&ServiceDeploymentStatus::RollbackRequested));
    stop(&mine).await.unwrap();
    let over = until(&site, &ServiceDeploymentStatus::RollbackSuccessful).await;
    assert!(over.rollback().unwrap().reason().unwrap().contains("user request"));
    assert_eq!(code(stop(&mine).await), "ConflictException");
}

#[tokio::test]
async fn deployments_are_listed_newest_first_in_pages() {
    let site = calm().await;
    for _ in 0..3 {
        site.ecs.update_service().cluster(CLUSTER).service(SERVICE).force_new_deployment(true).send().await.unwrap();
        site.advance(1);
    }
    let mut seen = Vec::new();
    let mut token = None;
    loop {
        let asked = site.ecs.list_service_deployments().cluster(CLUSTER).service(SERVICE).max_results(2).set_next_token(token);
        let page = asked.send().await.unwrap();
        assert!(page.service_deployments().len() <= 2);
        token = page.next_token;
        seen.extend(page.service_deployments.unwrap_or_default());
        if token.is_none() {
            break;
        }
    }
    let statuses: Vec<&str> = seen.iter().map(|deployment| deployment.status().unwrap().as_str()).collect();
    assert_eq!(statuses, ["IN_PROGRESS", "STOPPED", "STOPPED", "SUCCESSFUL"]);
    assert!(seen.iter().map(|deployment| deployment.created_at().unwrap()).rev().is_sorted());
    assert_eq!(code(site.ecs.list_service_deployments().cluster(CLUSTER).service("nobody").send().await), "ServiceNotFoundException");
    let absent = seen[0].service_deployment_arn().unwrap().replace(SERVICE, "nobody");
    let described = site.ecs.describe_service_deployments().service_deployment_arns(absent).send().await.unwrap();
    assert_eq!((described.service_deployments().len(), described.failures()[0].reason()), (0, Some("MISSING")));
    let many = Some(vec![seen[0].service_deployment_arn().unwrap().to_owned(); 21]);
    let refused = site.ecs.describe_service_deployments().set_service_deployment_arns(many).send().await;
    assert_eq!(code(refused), "InvalidParameterException");
}

#[tokio::test]
async fn revisions_are_listed_by_family_and_number_in_pages() {
    let site = calm().await;
    let described = site.ecs.describe_task_definition().task_definition(SERVICE).send().await.unwrap().task_definition.unwrap();
    for _ in 0..3 {
        let container = described.container_definitions()[0].clone();
        site.ecs.register_task_definition().family(SERVICE).container_definitions(container).send().await.unwrap();
    }
    let newest = site.ecs.list_task_definitions().family_prefix(SERVICE).sort(SortOrder::Desc);
    let first = newest.clone().max_results(2).send().await.unwrap();
    let rest = newest.max_results(2).next_token(first.next_token().unwrap()).send().await.unwrap();
    let numbers = |arns: &[String]| arns.iter().map(|arn| arn.rsplit(':').next().unwrap().parse::<i32>().unwrap()).collect::<Vec<_>>();
    let last = described.revision();
    assert_eq!(numbers(first.task_definition_arns()), [last + 3, last + 2]);
    assert_eq!(numbers(rest.task_definition_arns()).first(), Some(&(last + 1)));
    let all = site.ecs.list_task_definitions().send().await.unwrap();
    assert!(all.task_definition_arns().len() > 20 && all.task_definition_arns().iter().any(|arn| arn.contains(SERVICE)));
    assert!(site.ecs.list_task_definitions().family_prefix("auth").send().await.unwrap().task_definition_arns().is_empty(), "a whole name");
}

#[tokio::test]
async fn a_person_decides_what_checks_find() {
    let site = calm().await;
    let path = format!("/services/{SERVICE}/check");
    for (body, status) in [
        (json!({"verdict": "fails_after", "seconds": 90}), 200),
        (json!({"verdict": "exits", "code": 126}), 200),
        (json!({"verdict": "maybe"}), 422),
        (json!({"verdict": "fails_after"}), 422),
    ] {
        assert_eq!(control(&site, "POST", &path, body.clone()).await.0, status, "{body}");
    }
    assert_eq!(control(&site, "POST", "/services/nobody/check", json!({"verdict": "never"})).await.0, 404);
    site.yard.set_check(SERVICE, CheckVerdict::FailsAfter { seconds: 150 }).unwrap();
    let arn = register_with_check(&site, SERVICE, SOUND).await;
    update(&site, &arn).await;
    until(&site, &ServiceDeploymentStatus::Successful).await;
    // it has come through, and goes bad only now
    let mut unhealthy = 0;
    for _ in 0..60 {
        site.advance(5);
        let listed = site.ecs.list_tasks().cluster(CLUSTER).service_name(SERVICE).send().await.unwrap();
        let tasks = site.ecs.describe_tasks().cluster(CLUSTER).set_tasks(listed.task_arns).send().await.unwrap();
        unhealthy += tasks.tasks().iter().filter(|task| task.health_status() == Some(&HealthStatus::Unhealthy)).count();
    }
    assert!(unhealthy > 0);
    assert_eq!(latest(&site).await.status(), Some(&ServiceDeploymentStatus::Successful), "ECS does not look back");
}

#[tokio::test]
async fn others_are_at_work_in_the_account() {
    let site = calm().await;
    let (status, answer) = control(&site, "POST", &format!("/services/{SERVICE}/foreign"), json!({"act": "update"})).await;
    let theirs = answer["task_definition"].as_str().unwrap();
    assert_eq!((status, site.service(SERVICE).await.task_definition()), (200, Some(theirs)));
    let definition = site.ecs.describe_task_definition().task_definition(theirs).send().await.unwrap().task_definition.unwrap();
    assert_eq!(definition.registered_by(), Some("arn:aws:iam::111122223333:role/pipeline"));
    let prior = site.yard.meddle(SERVICE, ForeignAct::DeregisterPrior).unwrap();
    assert_eq!(code(site.ecs.update_service().cluster(CLUSTER).service(SERVICE).task_definition(prior).send().await), "ClientException");
    assert_eq!(control(&site, "POST", "/services/nobody/foreign", json!({"act": "register"})).await.0, 404);
    assert_eq!(control(&site, "POST", "/services/settings-nats/foreign", json!({"act": "deregister_prior"})).await.0, 404);
    // no room anywhere, and an image that goes away
    assert_eq!(control(&site, "POST", "/no-room", json!({"for_seconds": 4})).await.0, 200);
    site.advance(5);
    let events = site.service(SERVICE).await.events.unwrap();
    assert!(events.iter().any(|event| event.message().unwrap().contains("was unable to place a task")));
    let image = definition.container_definitions()[0].image().unwrap();
    site.yard.push_image(PushedImage { gone: true, ..PushedImage::new(image) });
    site.advance(120);
    let listed = site.ecs.list_tasks().cluster(CLUSTER).service_name(SERVICE).desired_status(DesiredStatus::Stopped).send().await.unwrap();
    let stopped = site.ecs.describe_tasks().cluster(CLUSTER).set_tasks(listed.task_arns).send().await.unwrap();
    let task = stopped.tasks().iter().find(|task| task.stop_code().unwrap().as_str() == "TaskFailedToStart").unwrap();
    assert!(task.stopped_reason().unwrap().starts_with("CannotPullContainerError"), "{task:?}");
}
