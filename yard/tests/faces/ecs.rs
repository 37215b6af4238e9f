//! The ECS face, through the real SDK.

use std::collections::HashSet;

use crate::support::{CLUSTER, START, calm, code, http, open};
use aws_sdk_ecs::{
    error::ProvideErrorMetadata,
    types::{ClusterField, DeploymentRolloutState, DesiredStatus, LaunchType, ServiceField, TaskDefinitionField, TaskField},
};
use yard::Options;

#[tokio::test]
async fn the_first_users_fleet_is_up() {
    let site = calm().await;
    let clusters = site.ecs.list_clusters().send().await.unwrap();
    assert_eq!(clusters.cluster_arns(), ["arn:aws:ecs:us-east-1:111122223333:cluster/gaming-system-cluster"]);
    let described = site.ecs.describe_clusters().clusters(CLUSTER).clusters("other").include(ClusterField::Settings).send().await.unwrap();
    let cluster = &described.clusters()[0];
    assert_eq!((cluster.active_services_count(), cluster.running_tasks_count(), cluster.pending_tasks_count()), (23, 44, 0));
    assert_eq!(described.failures()[0].reason(), Some("MISSING"));

    let mut pages = site.ecs.list_services().cluster(CLUSTER).into_paginator().send();
    let mut arns = Vec::new();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        sizes.push(page.service_arns().len());
        arns.extend(page.service_arns().to_vec());
    }
    assert_eq!(sizes, [10, 10, 3], "ten to a page unless more are asked for");
    let mut services = Vec::new();
    for batch in arns.chunks(10) {
        let request = site.ecs.describe_services().cluster(CLUSTER).set_services(Some(batch.to_vec())).include(ServiceField::Tags);
        services.extend(request.send().await.unwrap().services.unwrap());
    }
    assert_eq!(services.len(), 23);
    assert_eq!(services.iter().filter(|service| service.desired_count() == 2 && service.running_count() == 2).count(), 22);
    let off: Vec<_> = services.iter().filter(|service| service.desired_count() == 0).filter_map(|service| service.service_name()).collect();
    assert_eq!(off, ["language-system-nats"]);
    for service in &services {
        let deployment = &service.deployments()[0];
        assert_eq!(deployment.rollout_state(), Some(&DeploymentRolloutState::Completed));
        assert!(deployment.id().unwrap().starts_with("ecs-svc/"));
        assert_eq!(deployment.task_definition(), service.task_definition());
        assert!(service.tags().iter().any(|tag| tag.key() == Some("group")));
        assert!(service.events().len() <= 100);
    }
    let gateway = services.iter().find(|service| service.service_name() == Some("http-nats-gateway")).unwrap();
    assert_eq!(gateway.load_balancers()[0].container_port(), Some(8080));
    assert_eq!(gateway.launch_type(), Some(&LaunchType::Fargate));
    let spot = services.iter().find(|service| service.service_name() == Some("weather-manager-nats")).unwrap();
    assert_eq!((spot.launch_type(), spot.capacity_provider_strategy().len()), (None, 1));
}

#[tokio::test]
async fn tasks_have_what_ownership_needs() {
    let site = calm().await;
    let listed = site.ecs.list_tasks().cluster(CLUSTER).send().await.unwrap();
    assert_eq!(listed.task_arns().len(), 44);
    let tasks = site.ecs.describe_tasks().cluster(CLUSTER).set_tasks(listed.task_arns).include(TaskField::Tags).send().await.unwrap();
    let mut addresses = HashSet::new();
    for task in tasks.tasks() {
        let details = task.attachments()[0].details();
        let address = details.iter().find(|pair| pair.name() == Some("privateIPv4Address")).unwrap().value().unwrap();
        assert!(address.starts_with("127."), "{address}");
        assert!(addresses.insert(address.to_owned()));
        assert!(details.iter().any(|pair| pair.name() == Some("networkInterfaceId")));
        assert_eq!(task.containers()[0].name(), Some("app"));
        assert!(task.containers()[0].image_digest().unwrap().starts_with("sha256:"));
        assert!(task.started_by().unwrap().starts_with("ecs-svc/"));
        assert!(task.started_at().unwrap().secs() < START / 1_000_000);
        assert_eq!(task.health_status().unwrap().as_str(), "UNKNOWN", "no check is defined");
    }
    let definition =
        site.ecs.describe_task_definition().task_definition("auth-nats").include(TaskDefinitionField::Tags).send().await.unwrap();
    let container = &definition.task_definition().unwrap().container_definitions()[0];
    assert_eq!(container.log_configuration().unwrap().options().unwrap()["awslogs-group"], "/ecs/gaming-system-nats");
    assert!(container.environment().iter().any(|pair| pair.name() == Some("NATS_URL")));
    assert_eq!(definition.tags().len(), 2);
    let without = site.ecs.describe_task_definition().task_definition("auth-nats").send().await.unwrap();
    assert!(without.tags().is_empty(), "tags stand beside a definition only when asked for");
}

#[tokio::test]
async fn a_stopped_task_is_replaced_and_described_for_an_hour() {
    let site = calm().await;
    let arn = site.yard.stop_task("auth-nats", Some(137), None).unwrap();
    let stopped =
        site.ecs.list_tasks().cluster(CLUSTER).service_name("auth-nats").desired_status(DesiredStatus::Stopped).send().await.unwrap();
    assert_eq!(stopped.task_arns(), std::slice::from_ref(&arn));
    assert_eq!(site.service("auth-nats").await.running_count(), 1);

    site.advance(90);
    let service = site.service("auth-nats").await;
    assert_eq!((service.running_count(), service.pending_count()), (2, 0));
    let said: Vec<_> = service.events()[..2].iter().filter_map(|event| event.message()).collect();
    assert_eq!(said[0], "(service auth-nats) has reached a steady state.");
    assert!(said[1].starts_with("(service auth-nats) has started 1 tasks: (task "), "{}", said[1]);
    let described = site.ecs.describe_tasks().cluster(CLUSTER).tasks(&arn).send().await.unwrap();
    let task = &described.tasks()[0];
    assert_eq!(task.last_status(), Some("STOPPED"));
    assert_eq!(task.stop_code().unwrap().as_str(), "EssentialContainerExited");
    assert_eq!(task.stopped_reason(), Some("Essential container in task exited"));
    assert_eq!(task.containers()[0].exit_code(), Some(137));
    assert!(task.containers()[0].reason().unwrap().starts_with("OutOfMemoryError"));
    assert!(task.stopping_at() < task.stopped_at());

    site.advance(3_600 + 60);
    let described = site.ecs.describe_tasks().cluster(CLUSTER).tasks(&arn).send().await.unwrap();
    assert_eq!((described.tasks().len(), described.failures()[0].reason()), (0, Some("MISSING")));
}

#[tokio::test]
async fn a_task_is_seen_in_every_status_of_its_life() {
    let site = calm().await;
    site.yard.set_desired("auth-nats", 3).unwrap();
    let mut seen = Vec::new();
    let mut look = async |arn: &str| {
        let described = site.ecs.describe_tasks().cluster(CLUSTER).tasks(arn).send().await.unwrap();
        let status = described.tasks()[0].last_status().unwrap().to_owned();
        if seen.last() != Some(&status) {
            seen.push(status);
        }
    };
    site.advance(2);
    let listed = site.ecs.list_tasks().cluster(CLUSTER).service_name("auth-nats").send().await.unwrap();
    let new = listed.task_arns().last().unwrap().clone();
    for _ in 0..60 {
        look(&new).await;
        site.advance(1);
    }
    site.yard.set_desired("auth-nats", 2).unwrap();
    for _ in 0..60 {
        look(&new).await;
        site.clock.advance(std::time::Duration::from_millis(500));
    }
    assert_eq!(
        seen,
        ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"],
        "a scale-in stops the youngest task"
    );
}

#[tokio::test]
async fn what_ecs_refuses_is_refused_with_its_code() {
    let site = calm().await;
    let ecs = &site.ecs;
    let names = |count: usize| Some((0..count).map(|number| format!("service-{number}")).collect::<Vec<_>>());
    let ids = |count: usize| Some((0..count).map(|number| format!("{number:032x}")).collect::<Vec<_>>());
    let invalid = "InvalidParameterException";
    for (refused, expected) in [
        (code(ecs.list_services().cluster("other").send().await), "ClusterNotFoundException"),
        (code(ecs.list_services().send().await), "ClusterNotFoundException"),
        (code(ecs.list_services().cluster(CLUSTER).max_results(101).send().await), invalid),
        (code(ecs.list_services().cluster(CLUSTER).max_results(0).send().await), invalid),
        (code(ecs.list_services().cluster(CLUSTER).next_token("made up").send().await), invalid),
        (code(ecs.describe_services().cluster(CLUSTER).set_services(names(11)).send().await), invalid),
        (code(ecs.describe_services().cluster(CLUSTER).set_services(Some(Vec::new())).send().await), invalid),
        (code(ecs.list_tasks().cluster(CLUSTER).service_name("nobody").send().await), "ServiceNotFoundException"),
        (code(ecs.list_tasks().cluster(CLUSTER).started_by("ecs-svc/1").family("auth-nats").send().await), invalid),
        (code(ecs.describe_tasks().cluster(CLUSTER).set_tasks(ids(101)).send().await), invalid),
        (code(ecs.describe_tasks().cluster(CLUSTER).tasks("short").send().await), invalid),
        (
            code(
                ecs.describe_tasks()
                    .cluster(CLUSTER)
                    .tasks("arn:aws:ecs:us-east-1:111122223333:task/other/00000000000000000000000000000000")
                    .send()
                    .await,
            ),
            invalid,
        ),
        (code(ecs.describe_task_definition().task_definition("nobody:1").send().await), "ClientException"),
        (
            code(ecs.list_attributes().cluster(CLUSTER).target_type(aws_sdk_ecs::types::TargetType::ContainerInstance).send().await),
            "UnknownOperationException",
        ),
    ] {
        assert_eq!(refused, expected);
    }
    let forgotten =
        ecs.describe_services().services("arn:aws:ecs:us-east-1:111122223333:service/gaming-system-cluster/auth-nats").send().await;
    let sentence = "Invalid identifier: Identifier is for cluster gaming-system-cluster. Your cluster is default";
    assert_eq!(forgotten.unwrap_err().message(), Some(sentence), "whoever forgets the cluster");
    let mixed = ecs.describe_services().cluster(CLUSTER).services("auth-nats").services("nobody").send().await.unwrap();
    assert_eq!((mixed.services().len(), mixed.failures()[0].reason()), (1, Some("MISSING")));
    assert_eq!(mixed.failures()[0].arn(), Some("arn:aws:ecs:us-east-1:111122223333:service/gaming-system-cluster/nobody"));
}

#[tokio::test]
async fn tasks_are_listed_by_what_was_asked() {
    let site = calm().await;
    let ecs = &site.ecs;
    let deployment = site.service("auth-nats").await.deployments()[0].id().unwrap().to_owned();
    let count = async |request: aws_sdk_ecs::operation::list_tasks::builders::ListTasksFluentBuilder| {
        request.cluster(CLUSTER).send().await.unwrap().task_arns().len()
    };
    assert_eq!(count(ecs.list_tasks().service_name("auth-nats")).await, 2);
    assert_eq!(count(ecs.list_tasks().family("auth-nats")).await, 2);
    assert_eq!(count(ecs.list_tasks().started_by(deployment)).await, 2);
    assert_eq!(count(ecs.list_tasks().started_by("ecs-svc/1")).await, 0);
    assert_eq!(count(ecs.list_tasks().desired_status(DesiredStatus::Stopped)).await, 0);
    assert_eq!(count(ecs.list_tasks().launch_type(LaunchType::Ec2)).await, 0);
    let page = ecs.list_tasks().cluster(CLUSTER).max_results(30).send().await.unwrap();
    let token = page.next_token().unwrap();
    let rest = ecs.list_tasks().cluster(CLUSTER).max_results(30).next_token(token).send().await.unwrap();
    assert_eq!((rest.task_arns().len(), rest.next_token()), (14, None));
    let elsewhere = ecs.list_tasks().cluster(CLUSTER).family("auth-nats").next_token(token).send().await;
    assert_eq!(code(elsewhere), "InvalidParameterException", "a token belongs to its own listing");
}

#[tokio::test]
async fn the_published_rates_are_kept_on_the_yards_clock() {
    let site = calm().await;
    let describe = async || site.ecs.describe_services().cluster(CLUSTER).services("auth-nats").send().await;
    for _ in 0..100 {
        describe().await.unwrap();
    }
    let refused = describe().await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Some("ThrottlingException"), Some("Rate exceeded")));
    site.ecs.list_tasks().cluster(CLUSTER).send().await.unwrap();
    site.advance(1);
    for _ in 0..20 {
        describe().await.unwrap();
    }
    assert_eq!(code(describe().await), "ThrottlingException");
    assert_eq!(site.yard.requests()["ecs:DescribeServices"], 122);
    assert_eq!(site.yard.requests()["ecs:ListTasks"], 1);

    let lifted = open(Options { throttles: false, script: false, ..Options::default() }).await;
    for _ in 0..150 {
        lifted.ecs.describe_services().cluster(CLUSTER).services("auth-nats").send().await.unwrap();
    }
}

#[tokio::test]
async fn an_unsigned_request_and_a_broken_body_are_refused() {
    let site = calm().await;
    let url = &site.yard.endpoints().aws;
    let target = ("x-amz-target", "AmazonEC2ContainerServiceV20141113.ListClusters");
    let (status, _, body) = http(url, "POST", "/", &[target], b"{}").await;
    assert_eq!((status, String::from_utf8(body).unwrap().contains("MissingAuthenticationTokenException")), (400, true));
    let signed = ("authorization", "AWS4-HMAC-SHA256 Credential=a/20260301/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=0");
    let (status, _, body) = http(url, "POST", "/", &[target, signed], b"{]").await;
    assert_eq!((status, String::from_utf8(body).unwrap().contains("SerializationException")), (400, true));
    let (status, _, body) = http(url, "POST", "/", &[target, signed], br#"{"maxResults": "ten"}"#).await;
    assert_eq!((status, String::from_utf8(body).unwrap().contains("SerializationException")), (400, true));
    assert_eq!(http(url, "GET", "/", &[], b"").await.0, 404);
}

#[tokio::test]
async fn a_fleet_of_another_size_is_made_up_and_whole() {
    let site = open(Options { services: 60, script: false, throttles: false, ..Options::default() }).await;
    let listed = site.ecs.list_services().cluster(CLUSTER).max_results(100).send().await.unwrap();
    assert_eq!(listed.service_arns().len(), 60);
    let cluster = site.ecs.describe_clusters().clusters(CLUSTER).send().await.unwrap();
    assert_eq!(cluster.clusters()[0].running_tasks_count(), 118);
    let state = site.yard.state();
    assert_eq!(state["totals"]["alarms"], 177);
}
