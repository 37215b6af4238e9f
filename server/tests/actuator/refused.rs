//! What AWS refuses: for the moment, or until somebody does something about it.

use domain::rollout::Effect;
use yard::{Fault, FaultKind};

use crate::site::*;

#[tokio::test]
async fn what_passes_by_itself_is_refused_for_the_moment() {
    for kind in [FaultKind::Throttle, FaultKind::ConcurrentRegistration, FaultKind::WrongCredentials] {
        let site = Site::calm().await;
        let (effect, _) = site.registration().await;
        site.yard.lay_fault(Fault::new(kind).on("ecs:RegisterTaskDefinition"));
        let (outcome, asked) = site.counted(site.perform(&effect)).await;
        let refusal = refused(outcome);
        assert!(refusal.passes && refusal.next.is_empty() && !refusal.said.is_empty(), "{kind:?}: {refusal:?}");
        assert_eq!(asked.get("ecs:RegisterTaskDefinition"), Some(&1), "{kind:?}: the engine decides when it is tried again");
        site.yard.clear_faults();
        done(site.perform(&effect).await);
    }
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    for action in ["ecs:UpdateService", "ecs:DescribeServices"] {
        let site = Site::calm().await;
        let (_, effect) = site.update().await;
        site.yard.lay_fault(Fault::new(FaultKind::AccessDenied).on(action));
        let (outcome, asked) = site.counted(site.perform(&effect)).await;
        let refusal = refused(outcome);
        assert!(!refusal.passes && refusal.said.contains(action), "{refusal:?}");
        assert!(refusal.next.contains(action) && refusal.next.contains("iam-policy --change"), "{refusal:?}");
        assert_eq!(asked.contains_key("ecs:UpdateService"), action == "ecs:UpdateService");
    }
}

#[tokio::test]
async fn a_service_that_others_deploy_is_refused_in_awss_words() {
    let site = Site::calm().await;
    let (arn, effect) = site.update().await;
    site.yard.set_controller(SERVICE, "CODE_DEPLOY").unwrap();
    let refusal = refused(site.perform(&effect).await);
    assert!(!refusal.passes && refusal.said.contains("CodeDeploy") && !refusal.next.is_empty(), "{refusal:?}");
    let before = site.read().await.seen;
    let back = Effect::Back { from: before.revision, to: arn, configuration: before.configuration };
    let refusal = refused(site.perform(&back).await);
    assert_eq!((refusal.passes, refusal.next.as_str()), (false, ""), "the engine knows better what to do on the way back");
}

#[tokio::test]
async fn a_service_that_is_gone_is_told_so() {
    let site = Site::calm().await;
    let (_, effect) = site.update().await;
    let gone = domain::service::ServiceKey { service: "nobody".into(), ..key() };
    let refusal = refused(site.actuator.perform(&lease(), &gone, &effect).await);
    assert!(!refusal.passes && refusal.said.contains("there is no service nobody"), "{refusal:?}");
}
