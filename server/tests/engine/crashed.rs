//! The process ends between an effect and its answer: the next one looks for what came of it and repeats nothing.

use std::time::Duration;

use domain::rollout::OwedState;
use signalbox::store::Kept;
use yard::{Fault, FaultKind};

use crate::site::*;

#[tokio::test]
async fn a_registration_whose_answer_was_lost_is_found_by_its_tag_by_the_next_process() {
    let (yard, mut site) = calm().await;
    yard.lay_fault(Fault { times: Some(1), ..Fault::new(FaultKind::ServerErrorAfter).on("ecs:RegisterTaskDefinition") });
    // and this process cannot look for it
    yard.lay_fault(Fault::new(FaultKind::AccessDenied).on("ecs:ListTaskDefinitions"));
    let number = site.started(&wish(&["auth-nats"])).await;
    let lost = |kept: &Kept| kept.rollout.steps[0].owed.as_ref().is_some_and(|owed| owed.state == OwedState::Unknown);
    site.until(number, "looked for", lost).await;
    site.stopped().await;
    yard.clear_faults();

    site.again().await;
    let kept = site.until(number, "succeeded", succeeded).await;
    assert_eq!(asked(&yard, "RegisterTaskDefinition"), 1, "one revision, and no other");
    let record = site.record(number).await;
    assert!(place(&record, 0, "carries our tag").is_some(), "{record:#?}");
    let seen = site.seen("auth-nats").await;
    let found = site.reader.find_intent("auth-nats", &kept.rollout.intent(0)).await.unwrap();
    assert_eq!(found.as_deref(), Some(seen.steered()));
}

/// The hardest end: the request has left and done its work, and its process is never heard of again. A second engine on the
/// store stands for the next process, since from then on nothing that the first one learns can be written.
#[tokio::test]
async fn what_was_begun_and_never_answered_for_is_found_and_not_repeated() {
    for operation in ["RegisterTaskDefinition", "UpdateService"] {
        let (yard, mut site) = calm().await;
        let held = Fault::new(FaultKind::HoldAfter).on(&format!("ecs:{operation}"));
        yard.lay_fault(Fault { times: Some(1), amount: Some(60_000), ..held });
        let number = site.started(&wish(&["auth-nats"])).await;
        site.heard(&yard, operation).await;
        let owed = site.kept(number).await.rollout.steps[0].owed.clone().map(|owed| (owed.effect.operation(), owed.state));
        assert_eq!(owed, Some((operation, OwedState::Started)), "begun on record before it was sent");

        let former = site.again().await;
        site.until(number, "succeeded", succeeded).await;
        let record = site.record(number).await;
        let lost = format!("{operation} was begun and not answered for; it is looked for");
        let (lost, found) = (place(&record, 0, &lost).unwrap(), place(&record, 0, "found: ").unwrap());
        assert!(lost < found, "{record:#?}");
        // the service is told once, and once more of its own settings
        let sent = (asked(&yard, "RegisterTaskDefinition"), asked(&yard, "UpdateService"));
        assert_eq!(sent, (1, 2), "{operation}: nothing twice: {record:#?}");
        // the first one has got its answer meanwhile, and no place to write it
        tokio::time::timeout(Duration::from_secs(30), former.ended()).await.unwrap();
    }
}
