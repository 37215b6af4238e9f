//! Telling a service to run something, telling it to stop, and handing its settings back.

use std::collections::BTreeSet;

use domain::rollout::Effect;
use domain::rollout::seen::ServiceDeployment;
use serde_json::json;
use signalbox::actuator::operations;
use yard::ForeignAct;

use crate::site::*;

#[tokio::test]
async fn an_update_arms_the_breaker_and_answers_its_deployment() {
    let site = Site::calm().await;
    let before = site.read().await.seen;
    let (arn, effect) = site.update().await;
    let (outcome, asked) = site.counted(site.perform(&effect)).await;
    let deployment = done(outcome);
    assert_eq!(asked, [("ecs:DescribeServices".to_owned(), 1), ("ecs:UpdateService".to_owned(), 1)].into());
    let seen = site.read().await.seen;
    let primary = seen.primary().unwrap();
    assert!(deployment.starts_with("ecs-svc/"), "{deployment}");
    assert_eq!((primary.id.as_str(), seen.steered(), seen.desired), (deployment.as_str(), arn.as_str(), before.desired));
    let breaker = &seen.configuration["deploymentCircuitBreaker"];
    assert_eq!(
        breaker,
        &json!({"enable": true, "rollback": true, "resetOnHealthyTask": false, "thresholdConfiguration": {"type": "COUNT", "value": 3}})
    );
    assert_eq!(seen.bringing(&arn).map(|ours| ours.can_be_stopped()), Some(true));

    // the same once more, as after an answer that was lost: it is there already
    let (outcome, asked) = site.counted(site.perform(&effect)).await;
    assert_eq!((done(outcome), asked.get("ecs:UpdateService")), (deployment.clone(), None));

    let settled = site.until("settled", |whole| whole.seen.settled() && whole.seen.revision == arn).await;
    let restore = Effect::Restore { configuration: before.configuration.clone() };
    let (outcome, asked) = site.counted(site.perform(&restore)).await;
    assert_eq!((done(outcome).as_str(), asked), ("", [("ecs:UpdateService".to_owned(), 1)].into()));
    let restored = site.read().await.seen;
    assert_eq!(restored.configuration, before.configuration, "as it was, to the letter");
    assert_eq!(restored.deployments, settled.seen.deployments, "and no deployment was started");

    let back = Effect::Back { from: arn, to: before.revision.clone(), configuration: before.configuration.clone() };
    let deployment = done(site.perform(&back).await);
    let seen = site.read().await.seen;
    assert_eq!((seen.steered(), seen.primary().unwrap().id.as_str()), (before.revision.as_str(), deployment.as_str()));
    let (outcome, asked) = site.counted(site.perform(&back)).await;
    assert_eq!((done(outcome), asked.get("ecs:UpdateService")), (deployment, None));
}

#[tokio::test]
async fn what_somebody_else_deployed_is_not_overwritten() {
    let site = Site::calm().await;
    let (arn, effect) = site.update().await;
    let theirs = site.yard.meddle(SERVICE, ForeignAct::Update).unwrap();
    let Effect::Update { from, configuration, .. } = effect.clone() else { panic!("no update") };
    for effect in [effect, Effect::Back { from: arn, to: from, configuration }] {
        let (outcome, asked) = site.counted(site.perform(&effect)).await;
        let refusal = refused(outcome);
        assert!(!refusal.passes && refusal.said.contains("nothing was sent") && !refusal.next.is_empty(), "{refusal:?}");
        assert_eq!(asked, [("ecs:DescribeServices".to_owned(), 1)].into());
    }
    assert_eq!(site.read().await.seen.steered(), theirs);
}

#[tokio::test]
async fn a_stop_takes_one_deployment_back_and_no_other() {
    let site = Site::calm().await;
    let before = site.read().await.seen;
    let (arn, effect) = site.update().await;
    let id = done(site.perform(&effect).await);
    let ours = site.read().await.seen.bringing(&arn).unwrap().arn.clone();
    let stop = |deployment: &str| Effect::Stop { deployment: deployment.to_owned() };
    // not an ARN, and another service's
    for other in [id, ours.replace(SERVICE, "settings-nats")] {
        let (outcome, asked) = site.counted(site.perform(&stop(&other))).await;
        assert!(!refused(outcome).passes && asked.is_empty(), "{other}: {asked:?}");
    }
    assert_eq!(done(site.perform(&stop(&ours)).await), "");
    let back = |whole: &collectors::Whole| whole.seen.bringing(&arn).is_some_and(|ours| ours.status == "ROLLBACK_SUCCESSFUL");
    let whole = site.until("rolled back", back).await;
    assert!(whole.seen.bringing(&arn).is_some_and(ServiceDeployment::rolled_back));
    assert!(whole.seen.bringing(&arn).unwrap().reason.as_deref().unwrap().contains("user request"));
    assert_eq!((whole.seen.steered(), whole.seen.deployments.len()), (before.revision.as_str(), 1));
    let refusal = refused(site.perform(&stop(&ours)).await);
    assert!(!refusal.passes && refusal.said.starts_with("ConflictException"), "{refusal:?}");
}

#[tokio::test]
async fn what_is_called_is_what_is_declared() {
    let site = Site::calm().await;
    let registration = site.registration().await.0;
    let mut called = BTreeSet::new();
    let (outcome, asked) = site.counted(site.perform(&registration)).await;
    called.extend(asked.into_keys());
    let before = site.read().await.seen;
    let (own, prior, arn) = (before.configuration, before.revision, done(outcome));
    let update = Effect::Update { from: prior.clone(), to: arn.clone(), configuration: own.clone() };
    let (outcome, asked) = site.counted(site.perform(&update)).await;
    done(outcome);
    called.extend(asked.into_keys());
    let deployment = site.read().await.seen.bringing(&arn).unwrap().arn.clone();
    for effect in [
        Effect::Stop { deployment },
        Effect::Restore { configuration: own.clone() },
        Effect::Back { from: arn, to: prior, configuration: own },
    ] {
        let (outcome, asked) = site.counted(site.perform(&effect)).await;
        done(outcome);
        called.extend(asked.into_keys());
    }
    let declared: BTreeSet<String> = operations::ALL.iter().map(|operation| operation.name.to_owned()).collect();
    assert_eq!(called, declared);
}

#[tokio::test]
async fn a_service_of_another_environment_is_not_touched() {
    let site = Site::calm().await;
    let (_, effect) = site.update().await;
    let elsewhere = domain::service::ServiceKey { environment: "staging".into(), ..key() };
    let (outcome, asked) = site.counted(site.actuator.perform(&lease(), &elsewhere, &effect)).await;
    assert!(!refused(outcome).passes && asked.is_empty(), "{asked:?}");
}
