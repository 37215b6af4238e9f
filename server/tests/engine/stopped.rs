//! The one stop for everything: nothing forward begins under it, and the way back stays open.

use std::time::Duration;

use domain::rollout::decide::Command;
use domain::rollout::{Stage, Status};
use yard::{Fault, FaultKind};

use crate::site::*;

#[tokio::test]
async fn while_everything_is_stopped_only_the_way_back_is_open() {
    let (yard, site) = calm().await;
    let number = site.started(&wish(&["auth-nats", "settings-nats"])).await;
    site.until(number, "baking", |kept| matches!(kept.rollout.steps[0].stage, Stage::Baking { .. })).await;
    // whether there is a way back is asked before the first write only: it holds the second service until the stop does
    yard.lay_fault(Fault::new(FaultKind::AccessDenied).on("ecs:DescribeTaskDefinition"));
    let kept = site.until(number, "held", |kept| matches!(kept.rollout.status, Status::Held { .. })).await;
    assert!(matches!(kept.rollout.steps[1].stage, Stage::Preflight { .. }), "{:?}", kept.rollout.steps[1].stage);

    site.engine.stop_everything(&ann(), "look at the database first").await.unwrap();
    assert_eq!(refused(site.engine.stop_everything(&ann(), "once more").await), "Everything is stopped already.");
    yard.clear_faults();
    let sent = changes(&yard);
    site.pass_for(Duration::from_secs(180)).await;
    let kept = site.kept(number).await;
    let Status::Held { why: said, .. } = &kept.rollout.status else { panic!("{:?}", kept.rollout.status) };
    assert_eq!(said, "everything is stopped: look at the database first (by Ann)");
    assert!(matches!(kept.rollout.steps[1].stage, Stage::Preflight { .. }), "{:?}", kept.rollout.steps[1].stage);
    assert_eq!((changes(&yard), kept.rollout.steps[1].owed.clone()), (sent, None), "nothing forward is even owed");

    site.engine.lift(&ann(), bar(&site).await, "it was the network").await.unwrap();
    site.until(number, "succeeded", succeeded).await;
    assert_eq!(asked(&yard, "RegisterTaskDefinition"), 2);

    site.engine.stop_everything(&ann(), "all of it was a mistake").await.unwrap();
    site.command(number, Command::Undo { why: why() }).await.unwrap();
    let kept = site.until(number, "undone", |kept| kept.rollout.status == Status::Undone).await;
    for step in &kept.rollout.steps {
        let seen = site.seen(&step.service.service).await;
        assert!(seen.steered() == step.bound.prior && seen.settled(), "{} runs what it ran before: {seen:#?}", step.service.service);
        assert_eq!(seen.configuration, step.bound.configuration);
    }
    assert_eq!(asked(&yard, "RegisterTaskDefinition"), 2, "nothing is registered on the way back");
    let record = site.record(number).await;
    let (last, first) = (place(&record, 1, " again").unwrap(), place(&record, 0, "taken back to").unwrap());
    assert!(last < first, "the last first, one at a time: {record:#?}");
    site.engine.lift(&ann(), bar(&site).await, "all of it is back").await.unwrap();
}

/// The number of the stop that holds.
async fn bar(site: &Site) -> i64 {
    let bars = site.store.rollouts_around(site.now()).await.unwrap().bars;
    assert_eq!(bars.len(), 1, "{bars:?}");
    bars[0].id
}
