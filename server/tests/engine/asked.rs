//! What is refused before anything begins, and in which words.

use std::time::Duration;

use domain::Failure;
use domain::change::{Change, HealthCheck};
use domain::rollout::decide::Command;
use domain::rollout::plan::Wish;

use crate::site::*;

/// The check with something changed, for one service.
fn with(change: fn(&mut HealthCheck)) -> Wish {
    let mut check = health_check();
    change(&mut check);
    Wish { change: Change::HealthCheck(check), ..wish(&["auth-nats"]) }
}

#[tokio::test]
async fn a_wish_that_cannot_be_is_refused_by_its_field() {
    let (yard, site) = calm().await;
    let cases = [
        ("bake", "too short for auth-nats", Wish { bake: Some(Duration::from_secs(60)), ..wish(&["auth-nats"]) }),
        ("services", "has no container nowhere; it has app", with(|check| check.container = Some("nowhere".to_owned()))),
        ("command", "nothing to run after CMD-SHELL", with(|check| check.command.truncate(1))),
        ("command", "must begin with CMD", with(|check| check.command = vec!["curl".to_owned(), "-f".to_owned()])),
        ("interval", "must be 5 to 300 s", with(|check| check.interval = 4)),
        ("services", "Choose at least one", wish(&[])),
        ("services", "chosen more than once", wish(&["auth-nats", "auth-nats"])),
        ("services", "there is no service nobody", wish(&["nobody"])),
        ("reason", "Say why", Wish { reason: " ".to_owned(), ..wish(&["auth-nats"]) }),
    ];
    for (field, words, wish) in cases {
        let fields = match site.plan(&wish).await {
            Err(Failure::Unfit { fields }) => fields,
            other => panic!("{field}, {words}: {other:?}"),
        };
        assert!(fields.iter().any(|problem| problem.field == field && problem.said.contains(words)), "{field}, {words}: {fields:?}");
    }
    assert!(site.store.rollout_list(10).await.unwrap().is_empty(), "none of them is kept");
    assert_eq!(changes(&yard), 0);
}

#[tokio::test]
async fn one_rollout_at_a_time_and_one_for_each_service() {
    let (yard, site) = calm().await;
    let first = site.planned(&wish(&["auth-nats", "payment-nats"])).await;
    let second = site.planned(&wish(&["payment-nats", "settings-nats"])).await;
    let third = site.planned(&wish(&["event-bus-nats"])).await;
    site.command(first, Command::Start).await.unwrap();
    for (number, words) in [(second, "payment-nats is in rollout 1"), (third, "Rollout 1 has not ended")] {
        let said = refused(site.command(number, Command::Start).await);
        assert!(said.contains(words), "{said}");
        assert_eq!((site.effects(number).await, site.record(number).await.len()), (Vec::new(), 1), "it is planned, and nothing else");
    }
    // nor is one planned over a service whose turn is not over
    let Err(Failure::Unfit { fields }) = site.plan(&wish(&["payment-nats"])).await else { panic!("it was planned") };
    assert!(fields.iter().any(|problem| problem.field == "services" && problem.said.contains("rollout 1")), "{fields:?}");
    site.until(first, "succeeded", succeeded).await;
    assert_eq!(asked(&yard, "RegisterTaskDefinition"), 2);
}

#[tokio::test]
async fn a_double_click_starts_it_once() {
    let (yard, site) = calm().await;
    let number = site.planned(&wish(&["auth-nats"])).await;
    let (one, other) = tokio::join!(site.command(number, Command::Start), site.command(number, Command::Start));
    let said = match (one, other) {
        (Ok(()), second) | (second, Ok(())) => refused(second),
        neither => panic!("{neither:?}"),
    };
    assert_eq!(said, "It was started already.", "and not that it stands in its own way");
    site.until(number, "succeeded", succeeded).await;
    assert_eq!(asked(&yard, "RegisterTaskDefinition"), 1);
    let record = site.record(number).await;
    assert_eq!(record.iter().filter(|line| line.said == "started").count(), 1, "{record:#?}");
}

#[tokio::test]
async fn a_double_click_keeps_one_plan() {
    let (yard, site) = calm().await;
    let request = "0190c5a0-0000-7000-8000-00000000000a";
    assert_eq!(site.planned_twice(&wish(&["auth-nats"]), request).await, (Ok(1), Ok(1)));
    assert_eq!((site.store.rollout_list(10).await.unwrap().len(), site.kept(1).await.rollout.id.as_str()), (1, request));
    let (other, _) = site.planned_twice(&wish(&["settings-nats"]), request).await;
    assert!(refused(other).starts_with("That was kept already, as rollout 1"));
    let (none, _) = site.planned_twice(&wish(&["auth-nats"]), "once").await;
    assert!(refused(none).contains("must be a UUID"));
    assert_eq!((site.store.rollout_list(10).await.unwrap().len(), changes(&yard)), (1, 0));
}
