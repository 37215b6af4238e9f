//! Answers that get lost before and after the effect, and others who act meanwhile: what a client that changes something must survive.

#![expect(clippy::disallowed_methods, reason = "the yard's own tests are the clients of what it lets be changed")]

use std::time::Duration;

use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use futures::FutureExt;
use serde_json::json;
use yard::{Fault, FaultKind};

use crate::support::{CLUSTER, SOUND, Site, calm, code, copy_with_check, ecs, register_with_check};

const SERVICE: &str = "auth-nats";

async fn deployments(site: &Site) -> usize {
    site.service(SERVICE).await.deployments().len()
}

fn once(kind: FaultKind) -> Fault {
    Fault { times: Some(1), ..Fault::new(kind).on("UpdateService") }
}

#[tokio::test]
async fn a_lost_answer_looks_the_same_whether_it_took_effect_or_not() {
    for (kind, effect) in [
        (FaultKind::ServerError, false),
        (FaultKind::ServerErrorAfter, true),
        (FaultKind::DropBefore, false),
        (FaultKind::DropAfter, true),
        (FaultKind::HoldBefore, false),
        (FaultKind::HoldAfter, true),
        (FaultKind::AccessDenied, false),
        (FaultKind::Throttle, false),
    ] {
        let site = calm().await;
        let arn = register_with_check(&site, SERVICE, SOUND).await;
        site.yard.lay_fault(Fault { amount: Some(4_000), ..once(kind) });
        let mut answer = Box::pin(site.ecs.update_service().cluster(CLUSTER).service(SERVICE).task_definition(&arn).send());
        if matches!(kind, FaultKind::HoldBefore | FaultKind::HoldAfter) {
            while !site.yard.requests().contains_key("ecs:UpdateService") {
                assert!((&mut answer).now_or_never().is_none());
                tokio::task::yield_now().await;
            }
            assert!((&mut answer).now_or_never().is_none(), "held");
            site.clock.advance(Duration::from_secs(4));
        }
        let error = answer.await.unwrap_err();
        match kind {
            FaultKind::ServerError | FaultKind::ServerErrorAfter => assert_eq!(error.code(), Some("ServerException")),
            FaultKind::AccessDenied => {
                let expected = format!("ecs:UpdateService on resource: arn:aws:ecs:us-east-1:111122223333:service/{CLUSTER}/{SERVICE}");
                assert!(error.message().unwrap().contains(&expected), "{error:?}");
            }
            FaultKind::Throttle => assert_eq!(error.code(), Some("ThrottlingException")),
            _ => assert!(matches!(error, SdkError::DispatchFailure(_)), "{kind:?}: {error:?}"),
        }
        assert_eq!(deployments(&site).await, 1 + usize::from(effect), "{kind:?}");
    }
}

#[tokio::test]
async fn a_held_connection_ends_when_the_client_has_had_enough() {
    let site = calm().await;
    let arn = register_with_check(&site, SERVICE, SOUND).await;
    site.yard.lay_fault(once(FaultKind::HoldAfter));
    let answer = site.ecs.update_service().cluster(CLUSTER).service(SERVICE).task_definition(&arn).send();
    assert!(tokio::time::timeout(Duration::from_millis(300), answer).await.is_err(), "no answer, ever");
    assert_eq!(deployments(&site).await, 2);
}

#[tokio::test]
async fn two_registrations_in_a_family_at_once_are_one_too_many() {
    let site = calm().await;
    let copy = copy_with_check(&site, SERVICE, SOUND).await;
    let other = copy_with_check(&site, "settings-nats", SOUND).await;
    site.yard.lay_fault(Fault { amount: Some(2_000), times: Some(1), ..Fault::new(FaultKind::Slow).on("RegisterTaskDefinition") });
    let mut slow = Box::pin(ecs(&site, "RegisterTaskDefinition", &copy));
    while !site.yard.requests().contains_key("ecs:RegisterTaskDefinition") {
        assert!((&mut slow).now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    let (_, refused) = ecs(&site, "RegisterTaskDefinition", &copy).await;
    assert_eq!(refused["message"], "Too many concurrent attempts to create a new revision of the specified family.");
    assert_eq!(ecs(&site, "RegisterTaskDefinition", &other).await.0, 200, "another family is free");
    site.advance(2);
    assert_eq!(slow.await.0, 200);
    assert_eq!(ecs(&site, "RegisterTaskDefinition", &copy).await.0, 200, "and then this one is, too");
    site.yard.lay_fault(Fault { times: Some(1), ..Fault::new(FaultKind::ConcurrentRegistration).on("RegisterTaskDefinition") });
    assert_eq!(ecs(&site, "RegisterTaskDefinition", &copy).await.1["__type"], "ClientException");
}

#[tokio::test]
async fn a_stale_read_shows_the_past_of_a_service_that_was_changed() {
    let site = calm().await;
    let before = site.service(SERVICE).await;
    let arn = register_with_check(&site, SERVICE, SOUND).await;
    site.yard.lay_fault(Fault { times: Some(3), ..Fault::new(FaultKind::Stale) });
    let answered = site.ecs.update_service().cluster(CLUSTER).service(SERVICE).task_definition(&arn).send().await.unwrap();
    assert_eq!(answered.service().unwrap().task_definition(), Some(arn.as_str()), "what changes something sees the present");
    for _ in 0..2 {
        assert_eq!(site.service(SERVICE).await, before);
    }
    assert_eq!(site.service(SERVICE).await.task_definition(), Some(arn.as_str()));
}

#[tokio::test]
async fn others_come_between() {
    let site = calm().await;
    let before = site.service(SERVICE).await.task_definition().unwrap().to_owned();
    let arn = register_with_check(&site, SERVICE, SOUND).await;
    site.yard.lay_fault(once(FaultKind::ForeignUpdate));
    site.yard.lay_fault(once(FaultKind::DeregisterPrior));
    let answered = site.ecs.update_service().cluster(CLUSTER).service(SERVICE).task_definition(&arn).send().await.unwrap();
    let running: Vec<&str> = answered.service().unwrap().deployments().iter().filter_map(|one| one.task_definition()).collect();
    assert_eq!((running.len(), running[0], running[2]), (3, arn.as_str(), before.as_str()), "theirs stands between ours and what was");
    let theirs = site.ecs.describe_task_definition().task_definition(running[1]).send().await.unwrap().task_definition.unwrap();
    assert_eq!((theirs.status().unwrap().as_str(), theirs.registered_by()), ("INACTIVE", Some("arn:aws:iam::111122223333:role/pipeline")));

    // a read may be overtaken as well
    site.yard.lay_fault(Fault { times: Some(1), ..Fault::new(FaultKind::ForeignRegister).on("DescribeTaskDefinition") });
    let latest = site.ecs.describe_task_definition().task_definition(SERVICE).send().await.unwrap().task_definition.unwrap();
    assert_eq!(latest.registered_by(), Some("arn:aws:iam::111122223333:role/pipeline"));
    let refused = site.ecs.update_service().cluster(CLUSTER).service(SERVICE).task_definition("auth-nats:1").send().await;
    assert_eq!(code(refused), "ClientException");
    assert_eq!(ecs(&site, "UpdateService", &json!({"cluster": CLUSTER})).await.1["__type"], "ServiceNotFoundException");
}
