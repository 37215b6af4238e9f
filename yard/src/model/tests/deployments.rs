//! Deployments in time: what a change of a service comes to, for good and bad revisions, with every way of taking it back.
//!
//! | module | holds |
//! |---|---|
//! | `taken_back` | what fails, and what becomes of it |
//! | `meanwhile` | what people do while one is under way |
//! | `always` | what holds for any configuration |

mod always;
mod meanwhile;
mod taken_back;

use serde_json::{Value, json};

use super::{START, plan};
use crate::{
    clock::{MINUTE, SECOND},
    model::{
        Fleet,
        application::Verdict,
        deployment::{RolloutState, ServiceDeployment, ServiceDeploymentStatus},
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
