//! What is on record of earlier rollouts, and what that means for the next plan.

use domain::Failure;
use domain::change::{Change, HealthCheck};
use domain::rollout::cause::{Kind, repository};
use domain::rollout::decide::Command;
use domain::rollout::plan::Wish;
use domain::rollout::{Stage, Status};
use yard::{Fault, FaultKind, PushedImage};

use crate::site::*;

#[tokio::test]
async fn what_aws_refused_must_be_accepted_until_it_has_succeeded() {
    let (yard, site) = calm().await;
    yard.lay_fault(Fault::new(FaultKind::AccessDenied).on("ecs:UpdateService"));
    let first = site.started(&wish(&["auth-nats"])).await;
    site.until(first, "halted", halted).await;
    site.command(first, Command::Abort { why: why() }).await.unwrap();
    site.until(first, "aborted", |kept| kept.rollout.status == Status::Aborted).await;
    yard.clear_faults();

    let next = wish(&["payment-nats"]);
    let Err(Failure::Unfit { fields }) = site.plan(&next).await else { panic!("it was planned") };
    let words = "payment-nats needs ecs:UpdateService, which AWS refused for auth-nats in rollout 1";
    assert!(fields.iter().any(|problem| problem.field == "accepted" && problem.said.contains(words)), "{fields:?}");
    // somebody has allowed it since, and says so
    let second = site.started(&Wish { accepted: true, ..next }).await;
    assert!(site.kept(second).await.plan.notes[0].warnings.iter().any(|warning| warning.said.contains("ecs:UpdateService")));
    site.until(second, "succeeded", succeeded).await;
    site.planned(&wish(&["settings-nats"])).await;
}

#[tokio::test]
async fn a_program_that_is_not_in_the_image_is_something_others_share() {
    let (yard, site) = calm().await;
    let runs = site.reader.read_revision(site.seen("auth-nats").await.steered()).await.unwrap();
    let image = format!("{}@sha256:{}", repository(runs.images()[0]), "a1".repeat(32));
    yard.push_image(PushedImage { exit_code: Some(127), ..PushedImage::new(image.clone()) });
    let change = Change::HealthCheck(HealthCheck { image: Some(image), ..health_check() });
    let number = site.started(&Wish { change, budget: 1, ..wish(&["auth-nats"]) }).await;
    let kept = site.until(number, "halted", halted).await;
    let Stage::PutBack { why: cause, .. } = &kept.rollout.steps[0].stage else { panic!("{:?}", kept.rollout.steps[0].stage) };
    assert_eq!(cause.kind, Kind::Command, "{cause:?}");
    let Status::Halted { why: said } = &kept.rollout.status else { panic!("{:?}", kept.rollout.status) };
    assert!(said.contains("auth-nats failed by something other services share"), "no budget covers it: {said}");
}
