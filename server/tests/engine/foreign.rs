//! Somebody else deploys: nothing of theirs is overwritten, and what was planned from the past is planned again.

use std::time::Duration;

use domain::change::{Change, PutBack};
use domain::rollout::Stage;
use domain::rollout::plan::Wish;
use yard::ForeignAct;

use crate::site::*;

#[tokio::test]
async fn what_somebody_deploys_during_a_step_is_left_alone_and_can_be_put_back() {
    let (yard, site) = calm().await;
    let first = site.started(&wish(&["auth-nats", "settings-nats"])).await;
    site.until(first, "baking", |kept| matches!(kept.rollout.steps[0].stage, Stage::Baking { .. })).await;
    let theirs = yard.meddle("auth-nats", ForeignAct::Update).unwrap();
    let sent = changes(&yard);
    let kept = site.until(first, "halted", halted).await;
    let Stage::Blocked { why: said, next, .. } = &kept.rollout.steps[0].stage else { panic!("{:?}", kept.rollout.steps[0].stage) };
    assert!(said.contains("somebody else made it run") && next.contains("nothing was overwritten"), "{said}. {next}");
    site.pass_for(Duration::from_secs(300)).await;
    assert_eq!((changes(&yard), site.seen("auth-nats").await.steered()), (sent, theirs.as_str()), "nothing is written any more");
    assert_eq!(site.kept(first).await.rollout.steps[1].stage, Stage::Waiting, "and no other service begins");

    // at three in the morning: back to what ran before all of this, beside the halted rollout
    let prior = kept.rollout.steps[0].bound.prior.clone();
    let change = Change::PutBack(PutBack { revision: prior.clone() });
    let second = site.started(&Wish { change, ..wish(&["auth-nats"]) }).await;
    site.until(second, "succeeded", succeeded).await;
    let seen = site.seen("auth-nats").await;
    assert!(seen.steered() == prior && seen.settled(), "{seen:#?}");
    assert!(halted(&site.kept(first).await));
}

#[tokio::test]
async fn a_service_deployed_before_its_turn_is_planned_again_from_what_it_runs_now() {
    let (yard, site) = calm().await;
    let number = site.started(&wish(&["auth-nats", "settings-nats"])).await;
    site.until(number, "rolling", |kept| matches!(kept.rollout.steps[0].stage, Stage::Rolling { .. })).await;
    let theirs = yard.meddle("settings-nats", ForeignAct::Update).unwrap();
    let kept = site.until(number, "succeeded", succeeded).await;
    let [_, passed_over, again] = kept.rollout.steps.as_slice() else { panic!("{:?}", kept.rollout.steps) };
    let Stage::Skipped { why: said, replan: false } = &passed_over.stage else { panic!("{:?}", passed_over.stage) };
    assert!(said.starts_with("changed since it was planned: ") && said.ends_with("; planned again at the tail"), "{said}");
    assert_eq!((again.service.service.as_str(), again.bound.prior.as_str()), ("settings-nats", theirs.as_str()));
    let Stage::Verified { revision, .. } = &again.stage else { panic!("{:?}", again.stage) };

    assert_eq!(kept.plan.notes.len(), 3);
    assert!(kept.plan.notes[2].order.starts_with("planned again at the tail"), "{}", kept.plan.notes[2].order);
    assert!(place(&site.record(number).await, 1, "planned again at the tail: from settings-nats:").is_some());
    assert_eq!(asked(&yard, "RegisterTaskDefinition"), 2, "from what was planned first nothing was registered");

    // what they changed is still there, beside the check
    assert_eq!(site.seen("settings-nats").await.steered(), revision.as_str());
    let runs = site.reader.read_revision(revision).await.unwrap();
    let container = &runs.definition["containerDefinitions"][0];
    let kept_theirs = container["environment"].as_array().unwrap().iter().any(|pair| pair["name"] == "BUILD");
    assert!(kept_theirs && container["healthCheck"]["interval"] == 10, "{container:#}");
}
