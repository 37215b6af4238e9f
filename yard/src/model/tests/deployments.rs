//! Deployments in time: what a change of a service comes to, for good and bad revisions, with every way of taking it back.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{START, plan};
use crate::{
    clock::{MINUTE, SECOND},
    model::{
        CannotStop, Fleet,
        alarm::AlarmState,
        application::{Image, Verdict},
        deployment::{
            AlarmRule, Breaker, Configuration, RolloutState, ServiceDeployment, ServiceDeploymentStatus, Threshold, ThresholdKind,
        },
        service::Service,
        task::Health,
        update::ServiceChange,
    },
};

const SERVICE: &str = "auth-nats";

fn fleet() -> Fleet {
    Fleet::new(&plan(1, false), START)
}

fn index(fleet: &Fleet) -> usize {
    fleet.service_index[SERVICE]
}

fn service(fleet: &Fleet) -> &Service {
    fleet.service(SERVICE).unwrap()
}

fn latest(fleet: &Fleet) -> &ServiceDeployment {
    service(fleet).service_deployments.back().unwrap()
}

fn running(fleet: &Fleet) -> &str {
    &service(fleet).primary().unwrap().definition
}

/// Registers what the service runs with another check, or another image.
fn register(fleet: &mut Fleet, check: Value, image: Option<&str>) -> String {
    let mut request = fleet.definitions[running(fleet)].request();
    let container = &mut request["containerDefinitions"][0];
    container["healthCheck"] = check;
    if let Some(image) = image {
        container["image"] = json!(image);
    }
    fleet.register(request, Vec::new(), "a test".to_owned())
}

fn check(line: &str) -> Value {
    json!({"command": ["CMD-SHELL", line], "interval": 10, "timeout": 2, "retries": 2})
}

const GOOD: &str = "curl -f http://localhost:8080/health || exit 1";
const BAD: &str = "curl -f http://localhost:9999/health || exit 1";

fn deploy(fleet: &mut Fleet, arn: &str) {
    let change = ServiceChange { definition: Some(arn.to_owned()), ..ServiceChange::default() };
    assert!(fleet.update_service(index(fleet), change));
}

/// Steps on by seconds until the latest service deployment is over, asserting at each that nothing goes below or above what was configured.
fn until_over(fleet: &mut Fleet, patience: i64) {
    let end = fleet.now + patience;
    while latest(fleet).status.advances() || latest(fleet).status.returns() {
        assert!(fleet.now < end, "{:?} after {} minutes: {:#?}", latest(fleet).status, patience / MINUTE, service(fleet).events);
        fleet.tick(fleet.now + SECOND);
        within_bounds(fleet, true);
    }
}

fn within_bounds(fleet: &Fleet, none_died: bool) {
    let service = service(fleet);
    let wanted = fleet.tasks_of(service).filter(|task| task.is_wanted()).count();
    let runs = fleet.tasks_of(service).filter(|task| task.runs()).count();
    assert!(wanted <= usize::try_from(service.configuration.most(service.desired)).unwrap(), "{wanted} tasks: {:#?}", service.events);
    let fewest = usize::try_from(service.configuration.fewest_healthy(service.desired)).unwrap();
    assert!(!none_died || runs >= fewest, "{runs} of at least {fewest} run: {:#?}", service.events);
}

fn said(fleet: &Fleet, words: &str) -> usize {
    service(fleet).events.iter().filter(|event| event.message.contains(words)).count()
}

#[test]
fn a_sound_revision_takes_the_place_of_the_old_one() {
    let mut fleet = fleet();
    let old: Vec<u64> = service(&fleet).tasks.clone();
    let arn = register(&mut fleet, check(GOOD), None);
    deploy(&mut fleet, &arn);
    let (id, target) = (latest(&fleet).deployment.clone(), latest(&fleet).target.clone());
    assert_eq!(latest(&fleet).status, ServiceDeploymentStatus::Pending);
    assert_eq!(service(&fleet).deployments.len(), 2, "old and new stand side by side");
    fleet.tick(START + 2 * SECOND);
    assert_eq!(latest(&fleet).status, ServiceDeploymentStatus::InProgress);
    until_over(&mut fleet, 10 * MINUTE);
    assert_eq!(latest(&fleet).status, ServiceDeploymentStatus::Successful);
    assert_eq!((running(&fleet), service(&fleet).deployments.len()), (arn.as_str(), 1));
    assert_eq!(service(&fleet).primary().unwrap().rollout_state, RolloutState::Completed);
    assert_eq!(service(&fleet).revision(&target).unwrap().definition, arn);
    assert!(old.iter().all(|number| fleet.tasks.get(number).is_none_or(|task| task.told_to_stop)));
    let living: Vec<_> = fleet.tasks_of(service(&fleet)).filter(|task| task.is_wanted()).collect();
    assert!(living.len() == 2 && living.iter().all(|task| task.deployment == id && task.health == Health::Healthy));
    let last: Vec<&str> = service(&fleet).events.iter().rev().take(2).map(|event| event.message.as_str()).collect();
    assert!(last[0].ends_with("has reached a steady state.") && last[1].ends_with("deployment completed."), "{last:?}");
}

#[test]
fn without_a_check_a_task_counts_forty_seconds_after_it_runs() {
    let mut fleet = fleet();
    let arn = register(&mut fleet, Value::Null, None);
    deploy(&mut fleet, &arn);
    let id = latest(&fleet).deployment.clone();
    until_over(&mut fleet, 10 * MINUTE);
    let begun = fleet.tasks.values().filter(|task| task.deployment == id).filter_map(|task| task.started_at).max().unwrap();
    let completed = latest(&fleet).finished_at.unwrap();
    assert!(completed >= begun + 40 * SECOND && completed <= begun + 50 * SECOND, "{}", completed - begun);
}

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
fn an_image_without_a_shell_cannot_run_a_shells_line() {
    let mut fleet = fleet();
    let bare = "capability-registry-nats";
    let arn = fleet.service(bare).unwrap().primary().unwrap().definition.clone();
    let mut request = fleet.definitions[&arn].request();
    request["containerDefinitions"][0]["healthCheck"] = check(GOOD);
    let arn = fleet.register(request, Vec::new(), String::new());
    let index = fleet.service_index[bare];
    fleet.update_service(index, ServiceChange { definition: Some(arn.clone()), ..ServiceChange::default() });
    fleet.tick(START + 2 * MINUTE);
    let said = fleet.tasks.values().filter(|task| task.definition == arn).find_map(|task| task.checks.first()?.last.clone()).unwrap();
    assert!(said.0 == 127 && said.1.contains("executable file not found"), "{said:?}");
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
fn the_grace_period_hides_from_the_scheduler_what_everybody_can_see() {
    let mut fleet = fleet();
    let arn = register(&mut fleet, check(BAD), None);
    let index = index(&fleet);
    fleet.update_service(index, ServiceChange { definition: Some(arn.clone()), grace: Some(300), ..ServiceChange::default() });
    fleet.tick(START + 3 * MINUTE);
    let unhealthy = |fleet: &Fleet| fleet.tasks.values().filter(|task| task.definition == arn && task.health == Health::Unhealthy).count();
    assert_eq!((unhealthy(&fleet), latest(&fleet).failures, said(&fleet, "failed container health checks")), (2, 0, 0));
    fleet.tick(START + 7 * MINUTE);
    assert!(latest(&fleet).failures >= 2 && said(&fleet, "failed container health checks") >= 2);
}

#[test]
fn the_start_period_forgives_and_a_success_ends_it() {
    // the application answers after some nine seconds at most
    for (period, verdict, expected) in [
        (0, Verdict::Never, Health::Unhealthy),
        (120, Verdict::Never, Health::Unknown),
        (120, Verdict::FailsAfter(15 * SECOND), Health::Unhealthy),
    ] {
        let mut fleet = fleet();
        let index = index(&fleet);
        let arn = register(&mut fleet, json!({"command": ["CMD-SHELL", GOOD], "interval": 10, "retries": 2, "startPeriod": period}), None);
        fleet.services[index].verdict = verdict;
        fleet.services[index].grace = Some(3_600);
        deploy(&mut fleet, &arn);
        while fleet.tasks.values().filter(|task| task.definition == arn && task.runs()).count() < 2 {
            fleet.tick(fleet.now + SECOND);
        }
        fleet.tick(fleet.now + 60 * SECOND);
        let healths: Vec<_> = fleet.tasks.values().filter(|task| task.definition == arn).map(|task| task.health).collect();
        assert!(healths.iter().all(|health| *health == expected), "{period} {verdict:?}: {healths:?}");
    }
}

#[test]
fn a_value_that_is_already_so_deploys_only_where_that_was_chosen() {
    for (chosen, force, expected) in [(false, false, false), (true, false, true), (false, true, true)] {
        let mut fleet = fleet();
        fleet.same_value_deploys = chosen;
        let (index, arn) = (index(&fleet), running(&fleet).to_owned());
        let before = latest(&fleet).number;
        let began = fleet.update_service(index, ServiceChange { definition: Some(arn), force, ..ServiceChange::default() });
        assert_eq!((began, latest(&fleet).number > before), (expected, expected), "{chosen} {force}");
    }
    let mut fleet = fleet();
    let index = index(&fleet);
    let change = ServiceChange { desired: Some(3), grace: Some(9), minimum_healthy_percent: Some(50), ..ServiceChange::default() };
    assert!(!fleet.update_service(index, change), "counts, grace and deployment settings start none");
    fleet.tick(START + 2 * MINUTE);
    assert_eq!(fleet.counts(service(&fleet)), (3, 0));
}

#[test]
fn a_deregistered_revision_goes_on_running_and_scaling() {
    let mut fleet = fleet();
    let arn = running(&fleet).to_owned();
    assert!(fleet.deregister(&arn));
    assert!(fleet.latest_active(SERVICE).is_none());
    fleet.set_desired(SERVICE, 4).unwrap();
    fleet.tick(START + 3 * MINUTE);
    assert_eq!(fleet.counts(service(&fleet)), (4, 0));
    let next = register(&mut fleet, Value::Null, None);
    assert_eq!(fleet.definitions[&next].revision, fleet.definitions[&arn].revision + 1, "numbers are never used again");
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

#[test]
fn a_deployment_is_stopped_by_hand_once_and_only_while_it_goes() {
    let mut fleet = fleet();
    let (index, before) = (index(&fleet), running(&fleet).to_owned());
    let first = latest(&fleet).id.clone();
    assert_eq!(fleet.stop_deployment(index, &first), Err(CannotStop::Over(ServiceDeploymentStatus::Successful)));
    let arn = register(&mut fleet, check(GOOD), None);
    deploy(&mut fleet, &arn);
    fleet.tick(START + 20 * SECOND);
    let id = latest(&fleet).id.clone();
    assert_eq!(fleet.stop_deployment(index, &id), Ok(()));
    assert_eq!(latest(&fleet).status, ServiceDeploymentStatus::RollbackRequested);
    assert_eq!(fleet.stop_deployment(index, &id), Ok(()), "once more changes nothing");
    fleet.tick(START + 22 * SECOND);
    // nothing of the old one was gone yet, so the way back may be over already
    if latest(&fleet).status == ServiceDeploymentStatus::RollbackInProgress {
        assert_eq!(fleet.stop_deployment(index, &id), Ok(()));
    }
    until_over(&mut fleet, 10 * MINUTE);
    assert_eq!((latest(&fleet).status, running(&fleet)), (ServiceDeploymentStatus::RollbackSuccessful, before.as_str()));
    assert_eq!(fleet.stop_deployment(index, &id), Err(CannotStop::Over(ServiceDeploymentStatus::RollbackSuccessful)));
}

#[test]
fn a_newer_deployment_stops_the_one_under_way() {
    let mut fleet = fleet();
    let first = register(&mut fleet, check(BAD), None);
    deploy(&mut fleet, &first);
    fleet.tick(START + 45 * SECOND);
    let second = register(&mut fleet, check(GOOD), None);
    deploy(&mut fleet, &second);
    let states: Vec<_> = service(&fleet).service_deployments.iter().map(|deployment| deployment.status).collect();
    assert_eq!(states[1..], [ServiceDeploymentStatus::Stopped, ServiceDeploymentStatus::Pending]);
    until_over(&mut fleet, 15 * MINUTE);
    assert_eq!((latest(&fleet).status, running(&fleet)), (ServiceDeploymentStatus::Successful, second.as_str()));
    // somebody else comes between
    let mine = register(&mut fleet, check(GOOD), None);
    deploy(&mut fleet, &mine);
    let theirs = fleet.foreign_update(SERVICE).unwrap();
    until_over(&mut fleet, 15 * MINUTE);
    assert_eq!(running(&fleet), theirs);
    assert!(fleet.definitions[&theirs].registered_by.ends_with("role/pipeline"));
    assert_eq!(fleet.deregister_prior(SERVICE).unwrap(), mine);
}

#[test]
fn wanting_more_during_a_deployment_makes_both_versions_grow() {
    let mut fleet = fleet();
    let arn = register(&mut fleet, check(BAD), None);
    let breaker = Breaker { enable: false, rollback: false, reset_on_healthy_task: None, threshold: None };
    let index = index(&fleet);
    fleet.update_service(index, ServiceChange { definition: Some(arn.clone()), breaker: Some(breaker), ..ServiceChange::default() });
    fleet.tick(START + 30 * SECOND);
    fleet.set_desired(SERVICE, 6).unwrap();
    fleet.tick(START + 4 * MINUTE);
    let old = fleet.tasks_of(service(&fleet)).filter(|task| task.runs() && task.definition != arn).count();
    let new = fleet.tasks_of(service(&fleet)).filter(|task| task.is_wanted() && task.definition == arn).count();
    assert_eq!(old, 6, "the running version serves the growth");
    assert!((5..=6).contains(&new), "{new}");
    fleet.set_desired(SERVICE, 1).unwrap();
    fleet.tick(START + 10 * MINUTE);
    assert_eq!(fleet.tasks_of(service(&fleet)).filter(|task| task.runs() && task.definition != arn).count(), 1);
}

fn configuration() -> impl Strategy<Value = Configuration> {
    let percents = (0..=100_u32, 100..=300_u32).prop_filter("can move", |(minimum, maximum)| (*minimum, *maximum) != (100, 100));
    let threshold = prop_oneof![
        Just(None),
        (1..6_u32).prop_map(|value| Some(Threshold { kind: ThresholdKind::Count, value })),
        (1..=100_u32).prop_map(|value| Some(Threshold { kind: ThresholdKind::BoundedPercent, value })),
        (1..=100_u32).prop_map(|value| Some(Threshold { kind: ThresholdKind::UnboundedPercent, value })),
    ];
    (percents, threshold, proptest::option::of(any::<bool>()), any::<bool>()).prop_map(
        |((minimum, maximum), threshold, reset, rollback)| Configuration {
            minimum_healthy_percent: minimum,
            maximum_percent: maximum,
            breaker: Breaker { enable: true, rollback, reset_on_healthy_task: reset, threshold },
            alarms: None,
            bake_minutes: 0,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Unless there is head-room in neither direction, of which the plan of a rollout must know.
    #[test]
    fn every_deployment_ends_and_keeps_its_bounds(
        seed in 0..1_000_u64,
        configuration in configuration(),
        desired in 0..7_u32,
        sound: bool,
        scaled in proptest::option::of((1..7_u32, 1..120_i64)),
    ) {
        let mut fleet = Fleet::new(&plan(seed, false), START);
        let index = index(&fleet);
        fleet.services[index].configuration = Configuration { minimum_healthy_percent: 100, maximum_percent: 200, ..configuration.clone() };
        fleet.set_desired(SERVICE, desired).unwrap();
        fleet.tick(START + 10 * MINUTE);
        fleet.services[index].configuration = configuration.clone();
        let moves = |desired: u32| configuration.most(desired) > desired || configuration.fewest_healthy(desired) < desired || desired == 0;
        prop_assume!(moves(desired) && scaled.is_none_or(|(count, _)| moves(count)));
        let arn = register(&mut fleet, check(if sound { GOOD } else { BAD }), None);
        deploy(&mut fleet, &arn);
        let begun = fleet.now;
        let mut wanted = scaled;
        while latest(&fleet).status.advances() || latest(&fleet).status.returns() {
            prop_assert!(fleet.now < begun + 120 * MINUTE, "{:?} {:#?}", latest(&fleet), service(&fleet).events);
            fleet.tick(fleet.now + SECOND);
            if let Some((count, _)) = wanted.filter(|(_, after)| fleet.now >= begun + after * SECOND) {
                fleet.set_desired(SERVICE, count).unwrap();
                wanted = None;
            }
            if scaled.is_none() {
                within_bounds(&fleet, true);
            }
        }
        let over = latest(&fleet).status;
        if sound {
            prop_assert_eq!(over, ServiceDeploymentStatus::Successful);
        } else if service(&fleet).desired > 0 {
            let expected = if configuration.breaker.rollback { ServiceDeploymentStatus::RollbackSuccessful } else { ServiceDeploymentStatus::Stopped };
            prop_assert!(over == expected || scaled.is_some(), "{over:?}");
        }
        fleet.tick(fleet.now + 10 * MINUTE);
        // a bad revision also succeeds where no task is wanted, and falls over as soon as one is
        let holds = if sound { ServiceDeploymentStatus::Successful } else { ServiceDeploymentStatus::RollbackSuccessful };
        if over == holds {
            prop_assert_eq!(fleet.counts(service(&fleet)), (service(&fleet).desired, 0));
        }
    }

    #[test]
    fn a_deployment_tells_the_same_story_however_time_is_cut(seed in 0..1_000_u64, sound: bool, steps in proptest::collection::vec(1..60_i64, 1..40)) {
        let begin = || {
            let mut fleet = Fleet::new(&plan(seed, true), START);
            let arn = register(&mut fleet, check(if sound { GOOD } else { BAD }), None);
            deploy(&mut fleet, &arn);
            fleet
        };
        let (mut stepped, mut at_once) = (begin(), begin());
        let mut now = START;
        for step in steps {
            now += step * SECOND;
            stepped.tick(now);
        }
        at_once.tick(now);
        prop_assert_eq!(super::shown(&stepped), super::shown(&at_once));
    }
}
