//! What must hold for every fleet, whatever is done to it and however time is cut.

use std::{collections::HashSet, time::Duration};

use proptest::prelude::*;

use super::{
    Fleet, Plan,
    alarm::AlarmState,
    application::Verdict,
    definition::HealthCheck,
    lifecycle::DESCRIBABLE_AFTER_STOP,
    names::DEFAULT_SERVICES,
    task::{Health, StopCause, TaskStatus},
};
use crate::{
    clock::{MINUTE, SECOND},
    nats::NatsTls,
};

mod deployments;

const START: i64 = 1_772_366_400 * SECOND;

fn plan(seed: u64, script: bool) -> Plan {
    let calm = script.then_some(Duration::from_secs(180));
    Plan {
        services: DEFAULT_SERVICES,
        seed,
        calm,
        hostile: false,
        composite_alarms: true,
        nats_nodes: 5,
        tls: NatsTls::Mixed,
        ownership: false,
        same_value_deploys: false,
    }
}

/// Everything either face could show.
fn shown(fleet: &Fleet) -> String {
    format!("{:?} {:?} {:?} {:?} {:?}", fleet.services, fleet.tasks, fleet.alarms, fleet.composite_alarms, fleet.story)
}

/// Something a person may do.
#[derive(Debug, Clone)]
enum Act {
    Stop(usize, Option<i32>),
    Want(usize, u32),
    Crash(usize, i64),
    Alarm(usize),
    ForgetStopped,
    Silence(usize, bool),
}

fn act() -> impl Strategy<Value = Act> {
    let service = 0..DEFAULT_SERVICES;
    prop_oneof![
        (service.clone(), proptest::option::of(0..256_i32)).prop_map(|(service, code)| Act::Stop(service, code)),
        (service.clone(), 0..5_u32).prop_map(|(service, count)| Act::Want(service, count)),
        (service.clone(), 1..300_i64).prop_map(|(service, seconds)| Act::Crash(service, seconds)),
        (0..66_usize).prop_map(Act::Alarm),
        Just(Act::ForgetStopped),
        (service, any::<bool>()).prop_map(|(service, answers)| Act::Silence(service, answers)),
    ]
}

fn perform(fleet: &mut Fleet, act: &Act) {
    let name = |fleet: &Fleet, index: usize| fleet.services[index].name.clone();
    match act {
        Act::Stop(service, code) => {
            let cause = code.map_or_else(|| StopCause::by_user("why not".to_owned()), |code| StopCause::exited(code, None));
            // there may be none to stop, which is an answer too
            drop(fleet.stop_one(&name(fleet, *service), cause));
        }
        Act::Want(service, count) => fleet.set_desired(&name(fleet, *service), *count).unwrap(),
        Act::Crash(service, seconds) => fleet.crash_loop(&name(fleet, *service), seconds * SECOND, None).unwrap(),
        Act::Alarm(alarm) => {
            let name = fleet.alarms[*alarm].name.clone();
            fleet.set_alarm(&name, AlarmState::Alarm, String::new(), 10 * MINUTE).unwrap();
        }
        Act::ForgetStopped => drop(fleet.forget_stopped()),
        Act::Silence(service, answers) => {
            fleet.services[*service].verdict = if *answers { Verdict::Evaluated } else { Verdict::Never };
        }
    }
}

fn check(fleet: &Fleet) {
    let addresses: HashSet<_> = fleet.tasks.values().map(|task| task.address).collect();
    assert_eq!(addresses.len(), fleet.tasks.len(), "two tasks share an address");
    assert_eq!(fleet.task_index.len(), fleet.tasks.len());
    let listed: usize = fleet.services.iter().map(|service| service.tasks.len()).sum();
    assert_eq!(listed, fleet.tasks.len());
    for task in fleet.tasks.values() {
        let times = [Some(task.created_at), task.pull_started_at, task.pull_stopped_at, task.started_at, task.stopping_at, task.stopped_at];
        let times: Vec<i64> = times.into_iter().flatten().collect();
        assert!(times.is_sorted() && times.iter().all(|at| *at <= fleet.now), "{task:?}");
        assert_eq!(task.told_to_stop, task.cause.is_some(), "{task:?}");
        assert_eq!(task.status > TaskStatus::Running, task.told_to_stop, "{task:?}");
        assert_eq!(task.status == TaskStatus::Stopped, task.stopped_at.is_some(), "{task:?}");
        assert!(task.stopped_at.is_none_or(|at| fleet.now < at + DESCRIBABLE_AFTER_STOP), "{task:?}");
        assert!(task.started_at.is_some() || task.cause.as_ref().is_none_or(|cause| cause.exit_code.is_none()), "{task:?}");
    }
    assert!(fleet.services.iter().all(|service| service.events.len() <= 100));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn it_does_not_matter_how_time_is_cut(seed: u64, steps in proptest::collection::vec(1..120_i64, 1..30)) {
        let mut stepped = Fleet::new(&plan(seed, true), START);
        let mut now = START;
        for step in steps {
            now += step * SECOND;
            stepped.tick(now);
            stepped.tick(now - 5 * SECOND);
        }
        let mut at_once = Fleet::new(&plan(seed, true), START);
        at_once.tick(now);
        prop_assert_eq!(shown(&stepped), shown(&at_once));
    }

    #[test]
    fn whatever_is_done_a_fleet_stays_whole_and_settles(seed: u64, acts in proptest::collection::vec((act(), 0..200_i64), 1..40)) {
        let mut fleet = Fleet::new(&plan(seed, false), START);
        let mut now = START;
        for (act, pause) in &acts {
            perform(&mut fleet, act);
            check(&fleet);
            now += pause * SECOND;
            fleet.tick(now);
            check(&fleet);
        }
        fleet.tick(now + 20 * MINUTE);
        for service in fleet.services.iter().filter(|service| service.name != "language-system-nats") {
            prop_assert_eq!(fleet.counts(service), (service.desired, 0), "{}", service.name);
            prop_assert!(service.steady || service.desired == 0 || service.events.is_empty(), "{}", service.name);
        }
        let low = fleet.alarms.iter().filter(|alarm| alarm.name.ends_with("running-tasks-low"));
        for alarm in low {
            let expected = if fleet.services[alarm.service].desired < 2 { AlarmState::Alarm } else { AlarmState::Ok };
            prop_assert_eq!(alarm.state, expected, "{}", &alarm.name);
        }
    }
}

/// Gives a service's task definition a check, as a later revision would have it.
fn give_check(fleet: &mut Fleet, service: usize) {
    let arn = fleet.services[service].primary().unwrap().definition.clone();
    let definition = std::sync::Arc::make_mut(fleet.definitions.get_mut(&arn).unwrap());
    definition.containers[0].health_check = Some(HealthCheck {
        command: vec!["CMD-SHELL".to_owned(), "curl -f http://localhost:8080/health || exit 1".to_owned()],
        interval: 30,
        timeout: 5,
        retries: 3,
        start_period: 60,
    });
}

#[test]
fn a_check_makes_a_task_healthy_or_has_it_replaced() {
    let mut fleet = Fleet::new(&plan(1, false), START);
    let name = fleet.services[0].name.clone();
    give_check(&mut fleet, 0);
    fleet.set_desired(&name, 0).unwrap();
    fleet.tick(START + MINUTE);
    fleet.set_desired(&name, 2).unwrap();
    fleet.tick(START + 4 * MINUTE);
    assert!(fleet.tasks_of(&fleet.services[0]).filter(|task| task.runs()).all(|task| task.health == Health::Healthy));

    fleet.services[0].verdict = Verdict::Never;
    // a replacement is started first, and the old task goes when it is found no better
    fleet.tick(START + 12 * MINUTE);
    let reasons: Vec<_> = fleet.tasks_of(&fleet.services[0]).filter_map(|task| Some(task.cause.as_ref()?.reason.clone())).collect();
    assert!(reasons.iter().any(|reason| reason == "Task failed container health checks"), "{reasons:?}");
    assert!(fleet.services[0].events.iter().any(|event| event.message.ends_with("failed container health checks.")));
}

#[test]
fn without_a_check_health_stays_unknown_whatever_the_application_does() {
    let mut fleet = Fleet::new(&plan(1, false), START);
    fleet.services[0].verdict = Verdict::Never;
    fleet.tick(START + 60 * MINUTE);
    assert!(fleet.tasks.values().all(|task| task.health == Health::Unknown && task.runs()));
}

#[test]
fn the_story_opens_with_a_node_and_a_service_that_does_not_survive_it() {
    for seed in 1..9 {
        let mut fleet = Fleet::new(&plan(seed, true), START);
        fleet.tick(START + 5 * MINUTE);
        let at = |word: &str| fleet.story.iter().find(|line| line.what.contains(word)).unwrap().after_micros;
        let (node, crash) = (at("NATS node"), at("crash-loops"));
        assert!(node == 3 * MINUTE && crash > node && crash - node < 10 * SECOND, "{seed}");
    }
}

#[test]
fn an_act_by_hand_does_not_change_what_the_script_chooses() {
    let chosen = |fleet: &Fleet| -> Vec<String> {
        let lines = fleet.story.iter().filter(|line| ["crash-loops", "is under", "NATS node"].iter().any(|word| line.what.contains(word)));
        lines.map(|line| format!("{} {}", line.after_micros, line.what)).collect()
    };
    let (mut left_alone, mut disturbed) = (Fleet::new(&plan(5, true), START), Fleet::new(&plan(5, true), START));
    disturbed.stop_one("auth-nats", StopCause::exited(1, None)).unwrap();
    disturbed.set_desired("payment-nats", 0).unwrap();
    left_alone.tick(START + 40 * MINUTE);
    disturbed.tick(START + 40 * MINUTE);
    assert!(chosen(&left_alone).len() > 5);
    assert_eq!(chosen(&left_alone), chosen(&disturbed));
}
