//! What fails: taken back by the breaker or by an alarm, or left as it is where nobody asked for that.

use serde_json::{Value, json};

use super::super::START;
use super::{BAD, GOOD, SERVICE, check, deploy, fleet, index, latest, register, running, said, service, until_over, within_bounds};
use crate::{
    clock::{MINUTE, SECOND},
    model::{
        alarm::AlarmState,
        application::{Image, Verdict},
        deployment::{AlarmRule, Breaker, RolloutState, ServiceDeploymentStatus, Threshold, ThresholdKind},
        update::ServiceChange,
    },
};

#[test]
fn the_breaker_takes_back_what_never_answers() {
    for (line, verdict, exit) in [
        (BAD, Verdict::Evaluated, 1),
        (GOOD, Verdict::Exits(127), 127),
        (GOOD, Verdict::Exits(126), 126),
        (GOOD, Verdict::Slow(9 * SECOND), -1),
    ] {
        let mut fleet = fleet();
        let (before, id) = (running(&fleet).to_owned(), service(&fleet).primary().unwrap().id.clone());
        let arn = register(&mut fleet, check(line), None);
        let index = index(&fleet);
        fleet.services[index].verdict = verdict;
        deploy(&mut fleet, &arn);
        until_over(&mut fleet, 30 * MINUTE);
        let over = latest(&fleet);
        assert_eq!(over.status, ServiceDeploymentStatus::RollbackSuccessful, "{line} {verdict:?}");
        assert_eq!((over.failures, over.threshold, over.breaker.as_str()), (3, 3, "TRIGGERED"));
        assert!(over.rollback.as_ref().unwrap().reason.contains("circuit breaker"));
        assert_eq!(
            (running(&fleet), service(&fleet).primary().unwrap().id.as_str()),
            (before.as_str(), id.as_str()),
            "stable, and not what was wanted"
        );
        assert_eq!(said(&fleet, "rolling back to deployment"), 1);
        assert!(said(&fleet, "failed container health checks") >= 3);
        let found = fleet.tasks.values().filter(|task| task.definition == arn).filter_map(|task| task.checks.first()?.last.clone());
        assert!(found.map(|(code, _)| code).all(|code| code == exit), "{line} {verdict:?}");
    }
}

#[test]
fn without_a_breaker_a_hopeless_deployment_goes_on_for_ever() {
    let mut fleet = fleet();
    let arn = register(&mut fleet, check(BAD), None);
    let breaker = Breaker { enable: false, rollback: false, reset_on_healthy_task: None, threshold: None };
    let change = ServiceChange { definition: Some(arn), breaker: Some(breaker), ..ServiceChange::default() };
    let index = index(&fleet);
    fleet.update_service(index, change);
    for _ in 0..720 {
        fleet.tick(fleet.now + 5 * SECOND);
        within_bounds(&fleet, true);
    }
    assert_eq!(latest(&fleet).status, ServiceDeploymentStatus::InProgress);
    assert!(service(&fleet).primary().unwrap().failed_tasks > 5);
    let primary = service(&fleet).primary().unwrap().id.clone();
    assert!(fleet.tasks_of(service(&fleet)).filter(|task| task.runs() && task.deployment != primary).count() == 2);
}

#[test]
fn a_failed_deployment_without_rollback_stays_failed() {
    let mut fleet = fleet();
    let arn = register(&mut fleet, check(BAD), None);
    let breaker = Breaker { enable: true, rollback: false, reset_on_healthy_task: None, threshold: None };
    let index = index(&fleet);
    fleet.update_service(index, ServiceChange { definition: Some(arn.clone()), breaker: Some(breaker), ..ServiceChange::default() });
    until_over(&mut fleet, 30 * MINUTE);
    fleet.tick(fleet.now + 10 * MINUTE);
    assert_eq!((latest(&fleet).status, running(&fleet)), (ServiceDeploymentStatus::Stopped, arn.as_str()));
    assert_eq!(service(&fleet).primary().unwrap().rollout_state, RolloutState::Failed);
    assert_eq!(fleet.tasks_of(service(&fleet)).filter(|task| task.runs() && task.definition != arn).count(), 2, "the old ones stay");
    assert!(!fleet.services[index].steady);
    // a later, sound one clears it up
    let arn = register(&mut fleet, check(GOOD), None);
    deploy(&mut fleet, &arn);
    until_over(&mut fleet, 10 * MINUTE);
    assert_eq!((latest(&fleet).status, service(&fleet).deployments.len()), (ServiceDeploymentStatus::Successful, 1));
}

/// Eight tasks, two at a time, each healthy at first and unhealthy a while later: seen only by who does not forget at the first healthy task.
#[test]
fn the_stock_breaker_forgets_and_one_that_does_not_reset_does_not() {
    let fails = |reset: Option<bool>| {
        let mut fleet = fleet();
        let index = index(&fleet);
        fleet.set_desired(SERVICE, 8).unwrap();
        fleet.tick(START + 10 * MINUTE);
        let arn = register(
            &mut fleet,
            json!({"command": ["CMD-SHELL", GOOD], "interval": 5, "timeout": 2, "retries": 1, "startPeriod": 15}),
            None,
        );
        fleet.services[index].verdict = Verdict::FailsAfter(45 * SECOND);
        let threshold = Some(Threshold { kind: ThresholdKind::Count, value: 6 });
        let breaker = Breaker { enable: true, rollback: true, reset_on_healthy_task: reset, threshold };
        let change =
            ServiceChange { definition: Some(arn), breaker: Some(breaker), maximum_percent: Some(125), ..ServiceChange::default() };
        fleet.update_service(index, change);
        fleet.tick(fleet.now + 20 * MINUTE);
        latest(&fleet).status
    };
    assert_eq!(fails(None), ServiceDeploymentStatus::InProgress);
    assert_eq!(fails(Some(false)), ServiceDeploymentStatus::RollbackSuccessful);
}

#[test]
fn images_that_cannot_be_pulled_or_do_not_stay_up_are_taken_back() {
    let missing = "111122223333.dkr.ecr.us-east-1.amazonaws.com/auth-nats:9.9.9";
    for (image, reason) in [
        (None, "CannotPullContainerError"),
        (Some(Image { shell: true, exits: Some((3, 5 * SECOND)) }), "Essential container in task exited"),
    ] {
        let mut fleet = fleet();
        if let Some(image) = image {
            fleet.push_image(missing.to_owned(), Some(image));
        }
        let before = running(&fleet).to_owned();
        let arn = register(&mut fleet, Value::Null, Some(missing));
        deploy(&mut fleet, &arn);
        until_over(&mut fleet, 40 * MINUTE);
        assert_eq!((latest(&fleet).status, running(&fleet)), (ServiceDeploymentStatus::RollbackSuccessful, before.as_str()), "{reason}");
        let causes: Vec<_> = fleet.tasks.values().filter(|task| task.definition == arn).filter_map(|task| task.cause.clone()).collect();
        assert!(causes.iter().filter(|cause| cause.reason.starts_with(reason)).count() >= 3, "{causes:?}");
    }
}

#[test]
fn without_room_nothing_is_placed_and_each_try_is_told_and_counted() {
    let mut fleet = fleet();
    let arn = register(&mut fleet, check(GOOD), None);
    fleet.no_room(Some(SERVICE), 25 * SECOND).unwrap();
    deploy(&mut fleet, &arn);
    fleet.tick(START + 12 * SECOND);
    assert_eq!((said(&fleet, "was unable to place a task"), latest(&fleet).failures), (2, 2));
    fleet.no_room(Some(SERVICE), 0).unwrap();
    until_over(&mut fleet, 10 * MINUTE);
    assert_eq!(latest(&fleet).status, ServiceDeploymentStatus::Successful);
    // and for all of them, until the breaker has had enough
    let arn = register(&mut fleet, check(GOOD), None);
    fleet.no_room(None, 60 * MINUTE).unwrap();
    deploy(&mut fleet, &arn);
    until_over(&mut fleet, 10 * MINUTE);
    assert_eq!(latest(&fleet).status, ServiceDeploymentStatus::RollbackSuccessful);
}

#[test]
fn an_alarm_takes_a_deployment_back_unless_it_rang_before() {
    let alarm = format!("{SERVICE}-cpu-high");
    let rule = AlarmRule { names: vec![alarm.clone()], enable: true, rollback: true };
    let mut fleet = fleet();
    let arn = register(&mut fleet, check(GOOD), None);
    let (index, before) = (index(&fleet), running(&fleet).to_owned());
    fleet.update_service(index, ServiceChange { definition: Some(arn.clone()), alarms: Some(rule.clone()), ..ServiceChange::default() });
    fleet.tick(START + 4 * MINUTE);
    assert_eq!(latest(&fleet).status, ServiceDeploymentStatus::InProgress, "all is in place, and is watched");
    assert_eq!(fleet.counts(service(&fleet)), (2, 0));
    fleet.set_alarm(&alarm, AlarmState::Alarm, String::new(), MINUTE).unwrap();
    until_over(&mut fleet, 10 * MINUTE);
    let over = latest(&fleet);
    assert_eq!(
        (over.status, over.alarms.as_str(), &over.triggered),
        (ServiceDeploymentStatus::RollbackSuccessful, "TRIGGERED", &rule.names)
    );
    assert_eq!(running(&fleet), before);

    fleet.set_alarm(&alarm, AlarmState::Alarm, String::new(), 60 * MINUTE).unwrap();
    deploy(&mut fleet, &arn);
    until_over(&mut fleet, 10 * MINUTE);
    assert_eq!((latest(&fleet).status, latest(&fleet).alarms.as_str()), (ServiceDeploymentStatus::Successful, "DISABLED"));
}
