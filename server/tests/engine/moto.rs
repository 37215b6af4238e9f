//! An ECS that nobody here wrote, and that cannot do what a pass needs: its services take a new revision, their only
//! deployment stays the old one, they have no tasks, and it fails when it is asked for service deployments.
//!
//! So everything up to the first write must work, nothing after it may ever pass, and the way back must work again.

use std::time::Duration;

use domain::rollout::decide::Command;
use domain::rollout::plan::Wish;
use domain::rollout::seen::Part;
use domain::rollout::{Ending, INTENT_TAG, Stage, Status, Target};
use signalbox::store::Kept;

use crate::moto_server;
use crate::site::*;

const GAMES: &str = "games";
const AUTH: &str = "auth";

/// A site before moto. Its clock takes long strides: nothing here is to be proven, and deadlines are far.
async fn before_moto() -> (moto_server::Moto, Site) {
    let (moto, url) = moto_server::start();
    let mut site = Site::at(url, time()).await;
    site.stride = Duration::from_secs(30);
    (moto, site)
}

/// Drives the change to where nothing more can be done; panics if it ever passes.
async fn driven(site: &Site) -> (u64, Kept) {
    let number = site.started(&Wish { services: vec![key(GAMES, AUTH)], ..wish(&[]) }).await;
    let halts = |kept: &Kept| {
        assert_unproven(kept);
        halted(kept)
    };
    let kept = site.until(number, "halted", halts).await;
    (number, kept)
}

fn assert_unproven(kept: &Kept) {
    let stage = &kept.rollout.steps[0].stage;
    let passes = matches!(stage, Stage::Baking { .. } | Stage::Restoring { then: Ending::Verified { .. }, .. } | Stage::Verified { .. });
    assert!(!passes, "nothing was proven: {stage:?}");
    assert_ne!(kept.rollout.status, Status::Succeeded);
}

/// What the service was told to run.
fn told(kept: &Kept) -> String {
    match &kept.rollout.steps[0].stage {
        Stage::Updating { revision, .. } | Stage::Rolling { revision, .. } => revision.clone(),
        other => panic!("it was not told: {other:?}"),
    }
}

#[tokio::test]
async fn what_cannot_be_proven_is_held_with_its_reason_and_never_passes() {
    let (_moto, site) = before_moto().await;
    let prior = site.seen_in(GAMES, AUTH).await.revision;
    let (number, kept) = driven(&site).await;
    let step = &kept.rollout.steps[0];
    assert_eq!(step.bound.prior, prior);

    // the copy: the tags kept, ours beside them, and everything else equal but for what was planned
    let revision = told(&kept);
    let Target::New(copy) = &step.target else { panic!("{:?}", step.target) };
    assert_eq!(copy.planned.iter().map(String::as_str).collect::<Vec<_>>(), ["/containerDefinitions/0/healthCheck"]);
    let back = site.reader.read_revision(&revision).await.unwrap();
    assert_eq!(copy.differences(&step.bound.described, &back, &step.tags(kept.rollout.intent(0))), Vec::<String>::new());
    let tag = |name: &str| back.tags.get(name).cloned();
    assert_eq!((tag("team"), tag(INTENT_TAG)), (Some("identity".to_owned()), Some(kept.rollout.intent(0))));
    let record = site.record(number).await;
    for words in ["was read back equal but for what was planned", "whether UpdateService happened is not known"] {
        assert!(place(&record, 0, words).is_some(), "{words}: {record:#?}");
    }

    // what it does not have is missing, and no success
    let seen = site.seen_in(GAMES, AUTH).await;
    assert!(matches!(seen.service_deployments, Part::Missing(_)), "{:?}", seen.service_deployments);
    assert_eq!((seen.revision.as_str(), seen.steered()), (revision.as_str(), prior.as_str()), "told, and brought by no deployment");

    let Status::Halted { why: said } = &kept.rollout.status else { panic!("{:?}", kept.rollout.status) };
    let for_that = ["a call for auth has no answer for", "auth does not become stable: "].iter().any(|words| said.starts_with(words));
    assert!(for_that, "{said}");
    for _ in 0..12 {
        site.pass_for(Duration::from_secs(300)).await;
        let kept = site.kept(number).await;
        assert_unproven(&kept);
        assert!(halted(&kept), "{:?}", kept.rollout.status);
    }
    assert_eq!(site.seen_in(GAMES, AUTH).await.revision, revision, "and nothing is done by itself");
}

#[tokio::test]
async fn the_way_back_sets_the_service_to_what_it_ran() {
    let (_moto, site) = before_moto().await;
    let prior = site.seen_in(GAMES, AUTH).await.revision;
    let (number, kept) = driven(&site).await;
    assert_eq!(site.seen_in(GAMES, AUTH).await.revision, told(&kept));

    site.command(number, Command::Abort { why: why() }).await.unwrap();
    let ends = |kept: &Kept| {
        assert_unproven(kept);
        kept.rollout.status == Status::Aborted
    };
    let kept = site.until(number, "aborted", ends).await;
    let seen = site.seen_in(GAMES, AUTH).await;
    let stage = &kept.rollout.steps[0].stage;
    assert_eq!((seen.revision.as_str(), seen.steered()), (prior.as_str(), prior.as_str()), "DescribeServices names it again: {stage:?}");
    assert!(matches!(stage, Stage::PutBack { .. }), "it had been told, so it was put back and not passed over: {stage:?}");
}
