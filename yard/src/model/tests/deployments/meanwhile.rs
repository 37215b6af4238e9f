//! What people do while a deployment is under way: stop it, begin another, want more tasks.

use super::super::START;
use super::{BAD, GOOD, SERVICE, check, deploy, fleet, index, latest, register, running, service, until_over};
use crate::{
    clock::{MINUTE, SECOND},
    model::{
        CannotStop,
        deployment::{Breaker, ServiceDeploymentStatus},
        update::ServiceChange,
    },
};

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
