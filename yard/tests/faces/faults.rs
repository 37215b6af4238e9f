//! Every fault does to the real SDK what its name says, and the control face lays and lifts them.

use std::time::Duration;

use crate::support::{CLUSTER, calm, code, control};
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use futures::FutureExt;
use serde_json::json;
use yard::{Fault, FaultKind};

#[tokio::test]
async fn refusals_carry_each_apis_code_and_sentence() {
    let site = calm().await;
    // the Rust SDK tells CloudWatch's errors by the codes of the older Query protocol
    for (kind, ecs, cloudwatch, sts) in [
        (FaultKind::AccessDenied, "AccessDeniedException", "AccessDenied", "AccessDenied"),
        (FaultKind::WrongCredentials, "UnrecognizedClientException", "InvalidClientTokenId", "InvalidClientTokenId"),
        (FaultKind::Throttle, "ThrottlingException", "Throttling", "Throttling"),
        (FaultKind::ServerError, "ServerException", "InternalServiceError", "InternalFailure"),
    ] {
        site.yard.lay_fault(Fault::new(kind));
        assert_eq!(code(site.ecs.list_tasks().cluster(CLUSTER).send().await), ecs);
        assert_eq!(code(site.cloudwatch.describe_alarms().send().await), cloudwatch);
        assert_eq!(code(site.sts.get_caller_identity().send().await), sts);
        site.yard.clear_faults();
    }
    site.yard.lay_fault(Fault::new(FaultKind::AccessDenied).on("ecs:ListTasks"));
    let refused = site.ecs.list_tasks().cluster(CLUSTER).send().await.unwrap_err();
    assert_eq!(
        refused.message().unwrap(),
        "User: arn:aws:iam::111122223333:user/signalbox is not authorized to perform: ecs:ListTasks on resource: * because no identity-based policy allows the ecs:ListTasks action"
    );
    site.ecs.list_services().cluster(CLUSTER).send().await.unwrap();
}

#[tokio::test]
async fn spoiled_bodies_are_no_answers() {
    let site = calm().await;
    for kind in [FaultKind::Malformed, FaultKind::Truncated, FaultKind::EmptyBody] {
        site.yard.lay_fault(Fault::new(kind));
        let alarms = site.cloudwatch.describe_alarms().send().await;
        let tasks = site.ecs.list_tasks().cluster(CLUSTER).send().await;
        if kind == FaultKind::EmptyBody {
            // both SDKs read "nothing" as an answer without members: the danger a client must see
            assert!(tasks.is_err() || tasks.unwrap().task_arns().is_empty());
        } else {
            assert!(matches!(tasks, Err(SdkError::ResponseError(_) | SdkError::DispatchFailure(_))), "{kind:?} {tasks:?}");
            assert!(alarms.is_err(), "{kind:?}");
        }
        site.yard.clear_faults();
    }
    site.yard.lay_fault(Fault::new(FaultKind::EmptyLists));
    assert_eq!(site.ecs.list_tasks().cluster(CLUSTER).send().await.unwrap().task_arns().len(), 0);
    assert_eq!(site.cloudwatch.describe_alarms().send().await.unwrap().metric_alarms().len(), 0);
    site.yard.clear_faults();
    site.yard.lay_fault(Fault { amount: Some(8), ..Fault::new(FaultKind::Huge) });
    assert_eq!(site.ecs.list_tasks().cluster(CLUSTER).send().await.unwrap().task_arns().len(), 44);
    assert_eq!(site.cloudwatch.describe_alarms().send().await.unwrap().metric_alarms().len(), 50);
}

#[tokio::test]
async fn a_stale_read_shows_the_past_until_it_is_lifted() {
    let site = calm().await;
    site.yard.lay_fault(Fault::new(FaultKind::Stale).on("DescribeServices"));
    site.yard.stop_task("auth-nats", Some(1), None).unwrap();
    assert_eq!(site.service("auth-nats").await.running_count(), 2);
    assert_eq!(site.ecs.list_tasks().cluster(CLUSTER).service_name("auth-nats").send().await.unwrap().task_arns().len(), 1);
    site.yard.clear_faults();
    assert_eq!(site.service("auth-nats").await.running_count(), 1);
}

#[tokio::test]
async fn a_slow_answer_takes_the_yards_time() {
    let site = calm().await;
    site.yard.lay_fault(Fault { amount: Some(2_000), ..Fault::new(FaultKind::Slow) });
    let mut answer = Box::pin(site.sts.get_caller_identity().send());
    // drive the request until it has arrived and waits
    while !site.yard.requests().contains_key("sts:GetCallerIdentity") {
        assert!((&mut answer).now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    site.clock.advance(Duration::from_secs(2));
    answer.await.unwrap();
}

#[tokio::test]
async fn a_fault_ends_by_time_by_count_and_by_hand() {
    let site = calm().await;
    let refused = async || site.ecs.list_clusters().send().await.is_err();
    site.yard.lay_fault(Fault { for_seconds: Some(30.0), ..Fault::new(FaultKind::ServerError) });
    assert!(refused().await);
    site.advance(30);
    assert!(!refused().await);
    site.yard.lay_fault(Fault { times: Some(2), ..Fault::new(FaultKind::ServerError) });
    assert_eq!([refused().await, refused().await, refused().await], [true, true, false]);
    let (status, _) = control(&site, "POST", "/faults", json!({"kind": "throttle", "operation": "ListClusters"})).await;
    assert_eq!((status, refused().await), (200, true));
    let (status, _) = control(&site, "DELETE", "/faults", json!(null)).await;
    assert_eq!((status, refused().await), (200, false));
    assert_eq!(control(&site, "POST", "/faults", json!({"kind": "earthquake"})).await.0, 422);
    let (_, requests) = control(&site, "GET", "/requests", json!(null)).await;
    assert_eq!(requests["requests"]["ecs:ListClusters"], 7);
    assert_eq!(requests["errors"]["ecs:ListClusters ThrottlingException"], 1);
}
