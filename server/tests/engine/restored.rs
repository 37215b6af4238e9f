//! A store from before: what it believes may be of the past, so nothing is written to AWS before somebody has looked.

use std::time::Duration;

use domain::rollout::Stage;
use domain::rollout::decide::Command;

use crate::site::*;

#[tokio::test]
async fn a_store_that_is_older_than_what_was_done_waits_until_somebody_has_looked() {
    let (yard, mut site) = calm().await;
    let number = site.started(&wish(&["auth-nats"])).await;
    site.until(number, "rolling", |kept| matches!(kept.rollout.steps[0].stage, Stage::Rolling { .. })).await;
    let backup = site.backed_up().await;
    let kept = site.until(number, "succeeded", succeeded).await;
    let Stage::Verified { revision, .. } = kept.rollout.steps[0].stage.clone() else { panic!("{:?}", kept.rollout.steps[0].stage) };
    site.stopped().await;
    let sent = changes(&yard);

    site.restored(&backup).await;
    site.pass_for(Duration::from_secs(300)).await;
    let kept = site.kept(number).await;
    let review = kept.review.clone().unwrap_or_default();
    assert!(review.contains("restored from a backup"), "{review}");
    assert!(matches!(kept.rollout.steps[0].stage, Stage::Rolling { .. }), "as the backup left it: {:?}", kept.rollout.steps[0].stage);
    for command in [Command::Pause { why: why() }, Command::Abort { why: why() }] {
        let said = refused(site.command(number, command).await);
        assert!(said.contains("Look at each service"), "{said}");
    }
    assert_eq!(changes(&yard), sent, "nothing is written to AWS");

    site.engine.reviewed(&ann(), &number.to_string(), "it runs what it should").await.unwrap();
    let kept = site.until(number, "succeeded", succeeded).await;
    assert_eq!(kept.review, None);
    assert!(matches!(&kept.rollout.steps[0].stage, Stage::Verified { revision: again, .. } if *again == revision));
    assert_eq!(changes(&yard), sent, "it was all done already, and is only seen to be");
    assert!(refused(site.engine.reviewed(&ann(), &number.to_string(), "once more").await).contains("does not wait"));
}
