//! A rollout that has ended is no reason to leave one of its services where it is.

use domain::rollout::decide::Command;
use domain::rollout::{Stage, Status};

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

#[tokio::test]
async fn what_has_ended_is_not_taken_back_beside_one_that_goes_forward() {
    let (_yard, site) = calm().await;
    let first = site.started(&wish(&["auth-nats"])).await;
    site.until(first, "succeeded", succeeded).await;
    let second = site.started(&wish(&["settings-nats"])).await;
    for command in [Command::Undo { why: why() }, Command::UndoStep { step: 0, why: why() }] {
        let said = refused(site.command(first, command).await);
        assert_eq!(said, "Rollout 2 has not ended. One at a time: end that one first.");
    }
    assert!(succeeded(&site.kept(first).await), "nothing came of that");
    site.command(second, Command::Abort { why: why() }).await.unwrap();
    site.until(second, "aborted", |kept| kept.rollout.status == Status::Aborted).await;

    site.command(first, Command::Undo { why: why() }).await.unwrap();
    let third = site.planned(&wish(&["payment-nats"])).await;
    assert!(refused(site.command(third, Command::Start).await).contains("Rollout 1 has not ended"), "nor the other way round");
    let kept = site.until(first, "undone", |kept| kept.rollout.status == Status::Undone).await;
    assert_eq!(site.seen("auth-nats").await.steered(), kept.rollout.steps[0].bound.prior);
}
