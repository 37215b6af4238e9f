//! Answers that do not come, or cannot be read: nobody knows, and nothing is tried again.

use domain::rollout::INTENT_TAG;
use yard::{Fault, FaultKind};

use crate::site::*;

#[tokio::test]
async fn an_answer_that_is_lost_is_unknown_whether_it_happened_or_not() {
    for (kind, happened) in [
        (FaultKind::ServerErrorAfter, true),
        (FaultKind::DropAfter, true),
        (FaultKind::Truncated, true),
        (FaultKind::Malformed, true),
        (FaultKind::EmptyBody, true),
        (FaultKind::ServerError, false),
        (FaultKind::DropBefore, false),
    ] {
        let site = Site::calm().await;
        let (arn, effect) = site.update().await;
        site.yard.lay_fault(Fault::new(kind).on("ecs:UpdateService"));
        let (outcome, asked) = site.counted(site.perform(&effect)).await;
        let why = unknown(outcome);
        assert!(!why.is_empty(), "{kind:?}");
        assert_eq!(asked.get("ecs:UpdateService"), Some(&1), "{kind:?}: never twice");
        site.yard.clear_faults();
        assert_eq!(site.read().await.seen.steered() == arn, happened, "{kind:?}: {why}");
    }
}

#[tokio::test]
async fn a_registration_whose_answer_is_lost_left_its_mark() {
    let site = Site::calm().await;
    let (effect, _) = site.registration().await;
    let family = site.reader.read_revision(&site.read().await.seen.revision).await.unwrap().family().to_owned();
    site.yard.lay_fault(Fault::new(FaultKind::DropAfter).on("ecs:RegisterTaskDefinition"));
    let (outcome, asked) = site.counted(site.perform(&effect)).await;
    unknown(outcome);
    assert_eq!(asked.get("ecs:RegisterTaskDefinition"), Some(&1));
    site.yard.clear_faults();
    // the family alone means its newest revision
    let newest = site.reader.read_revision(&family).await.unwrap();
    assert_eq!(newest.tags.get(INTENT_TAG).map(String::as_str), Some("r1/0"));
}

#[tokio::test]
async fn before_anything_is_sent_a_failure_is_certain() {
    for kind in [FaultKind::ServerError, FaultKind::DropAfter, FaultKind::Malformed, FaultKind::EmptyLists, FaultKind::Throttle] {
        let site = Site::calm().await;
        let (_, effect) = site.update().await;
        site.yard.lay_fault(Fault::new(kind).on("ecs:DescribeServices"));
        let (outcome, asked) = site.counted(site.perform(&effect)).await;
        let refusal = refused(outcome);
        assert!(refusal.passes && refusal.next.is_empty() && refusal.said.contains("nothing was sent"), "{kind:?}: {refusal:?}");
        assert_eq!(asked, [("ecs:DescribeServices".to_owned(), 1)].into(), "{kind:?}");
    }
}

#[tokio::test]
async fn where_nothing_listens_nothing_was_sent() {
    let site = Site::calm().await;
    let (effect, _) = site.registration().await;
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let actuator = signalbox::actuator::Actuator::new(environment_at(&format!("http://{address}"), &clock()));
    let refusal = refused(actuator.perform(&lease(), &key(), &effect).await);
    assert!(refusal.passes && refusal.said.contains("nothing was sent") && refusal.said.contains(&address.to_string()), "{refusal:?}");
}
