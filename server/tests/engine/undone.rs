//! A rollout that has ended is no reason to leave one of its services where it is.

use domain::rollout::Stage;
use domain::rollout::decide::Command;

use crate::site::*;

#[tokio::test]
async fn one_service_of_a_rollout_that_has_ended_is_put_back() {
    let (yard, site) = calm().await;
    let number = site.started(&wish(&["auth-nats", "settings-nats"])).await;
    site.until(number, "succeeded", succeeded).await;
    site.command(number, Command::UndoStep { step: 0, why: why() }).await.unwrap();
    let kept = site.until(number, "put back", |kept| matches!(kept.rollout.steps[0].stage, Stage::PutBack { .. })).await;
    let [back, stays] = kept.rollout.steps.as_slice() else { panic!("{:?}", kept.rollout.steps) };
    let seen = site.seen("auth-nats").await;
    assert!(seen.steered() == back.bound.prior && seen.settled() && seen.configuration == back.bound.configuration, "{seen:#?}");
    let Stage::Verified { revision, .. } = &stays.stage else { panic!("{:?}", stays.stage) };
    assert_eq!(site.seen("settings-nats").await.steered(), revision.as_str(), "nobody asked for the other one");
    assert_eq!(asked(&yard, "RegisterTaskDefinition"), 2);
}
