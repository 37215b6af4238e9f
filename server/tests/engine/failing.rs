//! A check that fails: what it is applied to is put back, what comes after it is not touched, and others are held.

use std::time::Duration;

use domain::rollout::cause::Kind;
use domain::rollout::decide::Command;
use domain::rollout::plan::Wish;
use domain::rollout::{Stage, Status};
use signalbox::store::Kept;
use yard::CheckVerdict;

use crate::site::*;

fn held(kept: &Kept) -> bool {
    matches!(kept.rollout.status, Status::Held { .. })
}

#[tokio::test]
async fn a_failure_is_put_back_and_kept_in_mind_until_somebody_releases_it() {
    let (yard, site) = calm().await;
    yard.set_check("payment-nats", CheckVerdict::Never).unwrap();
    let third = site.seen("settings-nats").await;
    let first = site.started(&wish(&["auth-nats", "payment-nats", "settings-nats"])).await;
    let kept = site.until(first, "halted", halted).await;
    let [verified, failed, untouched] = kept.rollout.steps.as_slice() else { panic!("{:?}", kept.rollout.steps) };

    assert!(matches!(verified.stage, Stage::Verified { .. }), "{:?}", verified.stage);
    let Stage::PutBack { why: cause, .. } = &failed.stage else { panic!("{:?}", failed.stage) };
    assert_eq!(cause.kind, Kind::Health, "{cause:?}");
    let Status::Halted { why: said } = &kept.rollout.status else { panic!("{:?}", kept.rollout.status) };
    assert!(said.contains("payment-nats was put back") && said.contains(&cause.said), "{said}");
    let seen = site.seen("payment-nats").await;
    assert!(seen.steered() == failed.bound.prior && seen.settled(), "it runs what it ran before");
    assert_eq!(seen.configuration, failed.bound.configuration, "with its own settings");

    assert_eq!((&untouched.stage, &untouched.owed), (&Stage::Waiting, &None));
    assert!(site.record(first).await.iter().all(|line| line.step != Some(2)), "nothing is on record of the third");
    assert_eq!(asked(&yard, "RegisterTaskDefinition"), 2);
    let seen = site.seen("settings-nats").await;
    assert_eq!((&seen.deployments, &seen.configuration), (&third.deployments, &third.configuration));
    assert_eq!(site.reader.find_intent("settings-nats", &kept.rollout.intent(2)).await.unwrap(), None);

    let causes = site.store.rollouts_around(site.now()).await.unwrap().causes;
    let [(id, known, _)] = causes.as_slice() else { panic!("{causes:?}") };
    assert_eq!((known.service.as_str(), known.rollout.as_str(), &known.cause), ("payment-nats", "1", cause));

    // the same command for another service, in another rollout
    site.command(first, Command::Abort { why: why() }).await.unwrap();
    site.until(first, "aborted", |kept| kept.rollout.status == Status::Aborted).await;
    let sent = changes(&yard);
    let second = site.started(&wish(&["settings-nats"])).await;
    site.until(second, "held", held).await;
    site.pass_for(Duration::from_secs(120)).await;
    let kept = site.kept(second).await;
    let Status::Held { why: said, .. } = &kept.rollout.status else { panic!("{:?}", kept.rollout.status) };
    assert!(said.starts_with("settings-nats must expect what happened to payment-nats in rollout 1: "), "{said}");
    assert!(matches!(kept.rollout.steps[0].stage, Stage::Preflight { .. }), "{:?}", kept.rollout.steps[0].stage);
    assert_eq!((site.effects(second).await, changes(&yard)), (Vec::new(), sent), "held before its first write");

    site.engine.release(&ann(), *id, "only payment has no such page").await.unwrap();
    site.until(second, "succeeded", succeeded).await;
    assert!(refused(site.engine.release(&ann(), *id, "once more").await).contains("released already"));
}

#[tokio::test]
async fn a_check_that_fails_after_three_minutes_is_caught_in_the_bake() {
    let (yard, site) = calm().await;
    yard.set_check("auth-nats", CheckVerdict::FailsAfter { seconds: 180 }).unwrap();
    let bake = Duration::from_secs(360);
    let number = site.started(&Wish { bake: Some(bake), ..wish(&["auth-nats"]) }).await;
    let kept = site.until(number, "halted", halted).await;
    let step = &kept.rollout.steps[0];
    let Stage::PutBack { why: cause, .. } = &step.stage else { panic!("{:?}", step.stage) };
    assert_eq!(cause.kind, Kind::Health, "{cause:?}");

    let record = site.record(number).await;
    let baked = place(&record, 0, "everything is in place; watched for").unwrap();
    let back = place(&record, 0, "taken back to").unwrap();
    assert!(baked < back, "{record:#?}");
    assert!(record[back].at.since(record[baked].at) < bake, "within the bake: {record:#?}");
    assert_eq!(place(&record, 0, "verified"), None);
    let seen = site.seen("auth-nats").await;
    assert!(seen.steered() == step.bound.prior && seen.settled() && seen.configuration == step.bound.configuration, "{seen:#?}");
}
