//! One service read whole: what it brings, what it costs, and what it says when a part is missing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use collectors::ecs::whole::MOST_CALLS;
use collectors::{AwsEnvironment, Depth, Keys, ServiceReader};
use domain::rollout::seen::{Part, ServiceSeen};
use domain::service::Health;
use domain::source::FaultKind;
use serde_json::json;
use yard::{Fault, FaultKind as Spoil, ForeignAct, Options};

use crate::site::*;

const ALARMS: [&str; 2] = ["auth-nats-cpu-high", "nobody-watches-this"];

async fn look(site: &Site, prior: Option<&str>) -> collectors::Whole {
    site.reader.read_service(CLUSTER, SERVICE, &ALARMS.map(str::to_owned), prior).await.unwrap()
}

#[tokio::test]
async fn everything_a_verdict_needs_is_there() {
    let site = Site::calm().await;
    let prior = site.read().await.seen.revision;
    let whole = look(&site, Some(&prior)).await;
    let seen = &whole.seen;
    assert_eq!((seen.status.as_str(), seen.desired, seen.running, seen.pending), ("ACTIVE", 2, 2, 0));
    assert_eq!((seen.controller.as_deref(), seen.scheduling.as_deref()), (Some("ECS"), Some("REPLICA")));
    assert!(seen.settled() && seen.steered() == prior && seen.primary().is_some_and(|primary| primary.id.starts_with("ecs-svc/")));
    assert_eq!(
        seen.configuration,
        json!({"deploymentCircuitBreaker": {"enable": true, "rollback": true}, "maximumPercent": 200, "minimumHealthyPercent": 100,
            "strategy": "ROLLING", "bakeTimeInMinutes": 0}),
        "raw, field by field"
    );
    let tasks = seen.tasks.read().unwrap();
    assert!(tasks.len() == 2 && tasks.iter().all(|task| task.revision.as_deref() == Some(&prior) && task.last_status == "RUNNING"));
    assert!(tasks.iter().all(|task| task.health == Health::Unknown), "no check yet");
    assert_eq!(seen.stopped, Part::Read(Vec::new()));
    let bringing = seen.bringing(&prior).unwrap();
    assert_eq!((bringing.status.as_str(), bringing.arn.contains(":service-deployment/")), ("SUCCESSFUL", true));
    assert_eq!(seen.alarms, Part::Read(vec![(ALARMS[0].into(), "OK".into()), (ALARMS[1].into(), "NOT FOUND".into())]));
    assert_eq!((&seen.prior_active, &seen.nats), (&Part::Read(true), &Part::None));
    assert!(seen.events.is_sorted_by(|one, next| one.0 >= next.0));
    assert_eq!((whole.arn.rsplit('/').next(), whole.grace, whole.classic_load_balancer), (Some(SERVICE), None, false));
}

#[tokio::test]
async fn a_look_costs_what_it_says() {
    let site = Site::calm().await;
    let prior = site.read().await.seen.revision;
    let usual = |revisions: u64| -> BTreeMap<String, u64> {
        let calls = [
            ("cloudwatch:DescribeAlarms", 1),
            ("ecs:DescribeServiceDeployments", 1),
            ("ecs:DescribeServiceRevisions", revisions),
            ("ecs:DescribeServices", 1),
            ("ecs:DescribeTaskDefinition", 1),
            ("ecs:DescribeTasks", 1),
            ("ecs:ListServiceDeployments", 1),
            ("ecs:ListTasks", 2),
        ];
        calls.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), count)).collect()
    };
    let (whole, asked) = site.counted(look(&site, Some(&prior))).await;
    assert_eq!((whole.calls, &asked), (8, &usual(0)), "which revision a service revision brings is known since the first look");
    let (_, effect) = site.update().await;
    done(site.perform(&effect).await);
    let (whole, asked) = site.counted(look(&site, Some(&prior))).await;
    assert_eq!((whole.calls, &asked), (9, &usual(1)), "one new service revision");
    assert!(whole.calls as usize <= MOST_CALLS);
    assert!(site.reader.budgets().iter().map(|budget| budget.calls).sum::<u64>() > 20, "they are counted where the sweeps' are");
}

#[tokio::test]
async fn each_part_that_cannot_be_read_is_missing_and_no_other() {
    type Missing = fn(&ServiceSeen) -> Vec<(&'static str, Option<&String>)>;
    fn why<T>(part: &Part<T>) -> Option<&String> {
        if let Part::Missing(why) = part { Some(why) } else { None }
    }
    let parts: Missing = |seen| {
        vec![
            ("tasks", why(&seen.tasks)),
            ("stopped", why(&seen.stopped)),
            ("deployments", why(&seen.service_deployments)),
            ("alarms", why(&seen.alarms)),
            ("prior", why(&seen.prior_active)),
        ]
    };
    for (operation, expected) in [
        ("ecs:ListTasks", vec!["tasks", "stopped"]),
        ("ecs:DescribeTasks", vec!["tasks", "stopped"]),
        ("ecs:ListServiceDeployments", vec!["deployments"]),
        ("ecs:DescribeServiceDeployments", vec!["deployments"]),
        ("ecs:DescribeServiceRevisions", vec!["deployments"]),
        ("cloudwatch:DescribeAlarms", vec!["alarms"]),
        ("ecs:DescribeTaskDefinition", vec!["prior"]),
    ] {
        let site = Site::calm().await;
        site.yard.lay_fault(Fault::new(Spoil::AccessDenied).on(operation));
        let prior = "arn:aws:ecs:us-east-1:111122223333:task-definition/auth-nats:1";
        let seen = look(&site, Some(prior)).await.seen;
        let missing: Vec<(&str, &String)> = parts(&seen).into_iter().filter_map(|(name, why)| Some((name, why?))).collect();
        assert_eq!(missing.iter().map(|(name, _)| *name).collect::<Vec<_>>(), expected, "{operation}: {missing:?}");
        assert!(missing.iter().all(|(_, why)| why.contains(operation)), "{missing:?}");
    }
    let site = Site::calm().await;
    site.yard.lay_fault(Fault::new(Spoil::AccessDenied).on("ecs:DescribeServices"));
    let fault = site.reader.read_service(CLUSTER, SERVICE, &[], None).await.unwrap_err();
    assert_eq!((fault.kind, fault.operation.as_deref()), (FaultKind::AccessDenied, Some("ecs:DescribeServices")));
    site.yard.clear_faults();
    let fault = site.reader.read_service(CLUSTER, "nobody", &[], None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotFound, "{fault:?}");
}

#[tokio::test]
async fn a_stop_and_its_reason_are_brought() {
    let site = Site::calm().await;
    let arn = site.yard.stop_task(SERVICE, Some(137), None).unwrap();
    let whole =
        site.until("replaced", |whole| whole.seen.running == 2 && whole.seen.stopped.read().is_some_and(|all| !all.is_empty())).await;
    let stopped = whole.seen.stopped.read().unwrap();
    assert_eq!((stopped[0].arn.as_str(), stopped[0].exit_code()), (arn.as_str(), Some(137)));
    assert!(whole.seen.tasks.read().unwrap().iter().all(|task| !task.has_stopped() && task.arn != arn));
}

#[tokio::test]
async fn a_revision_that_cannot_be_gone_back_to_is_told() {
    let site = Site::calm().await;
    let prior = site.read().await.seen.revision;
    site.yard.meddle(SERVICE, ForeignAct::Update).unwrap();
    site.clock.advance(Duration::from_secs(1));
    site.yard.meddle(SERVICE, ForeignAct::DeregisterPrior).unwrap();
    assert_eq!(look(&site, Some(&prior)).await.seen.prior_active, Part::Read(false));
    let never = format!("{prior}999");
    assert_eq!(look(&site, Some(&never)).await.seen.prior_active, Part::Read(false));
    assert_eq!(look(&site, None).await.seen.prior_active, Part::None);
}

#[tokio::test]
async fn alarms_of_other_kinds_are_told_by_name_too() {
    let site = Site::open(Options { script: false, composite_alarms: true, ..Options::default() }).await;
    let state = site.yard.state();
    let names: Vec<String> = state["alarms"].as_array().unwrap().iter().map(|alarm| alarm["name"].as_str().unwrap().to_owned()).collect();
    let seen = site.reader.read_service(CLUSTER, SERVICE, &names, None).await.unwrap().seen;
    let told = seen.alarms.read().unwrap();
    assert_eq!(told.len(), names.len());
    assert!(told.iter().all(|(_, state)| state != "NOT FOUND"), "{told:?}");
}

#[tokio::test]
async fn an_api_that_is_not_there_is_told_from_one_that_fails() {
    let listener = Listener::start(|operation, _| match operation {
        "DescribeServices" => Some(json!({"services": [{
            "serviceName": SERVICE, "status": "ACTIVE", "healthCheckGracePeriodSeconds": 90,
            "loadBalancers": [{"loadBalancerName": "classic"}],
            "deploymentConfiguration": {"ofTomorrow": {"deep": [1]}, "maximumPercent": 200},
        }]})),
        "ListTasks" => Some(json!({"taskArns": []})),
        _ => None,
    })
    .await;
    let reader = ServiceReader::new(listener.environment());
    let whole = reader.read_service(CLUSTER, SERVICE, &[], None).await.unwrap();
    assert_eq!(whole.seen.service_deployments, Part::None, "the server says that it does not know the operation");
    assert_eq!(whole.seen.configuration, json!({"ofTomorrow": {"deep": [1]}, "maximumPercent": 200}), "also what no library knows");
    assert_eq!((whole.grace, whole.classic_load_balancer), (Some(90), true));
    assert_eq!((&whole.seen.tasks, &whole.seen.stopped, &whole.seen.alarms), (&Part::Read(vec![]), &Part::Read(vec![]), &Part::None));
    assert!(listener.heard("DescribeTasks").is_empty(), "there was nothing to describe");
}

#[tokio::test]
async fn a_service_is_not_read_through_an_environment_that_leaves_parts_out() {
    let site = Site::calm().await;
    let scope = collectors::AwsScope {
        region: Some("us-east-1".into()),
        endpoint_url: Some(site.yard.endpoints().aws.clone()),
        ..collectors::AwsScope::new("test")
    };
    let environment = AwsEnvironment::new(scope, Arc::new(Hand(site.clock.clone()))).with_keys(Keys::dummy()).with_depth(Depth::State);
    let reader = ServiceReader::new(Arc::new(environment));
    assert!(reader.read_service(CLUSTER, SERVICE, &[], None).await.unwrap_err().message.contains("full depth"));
}
