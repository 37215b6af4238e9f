//! From ECS's answers to our own types. Pure, total, and without invention.
//!
//! What is missing stays missing; words we do not know are kept as they came; a number that cannot be (a negative
//! count) reads as zero. Environment values, secrets and commands of containers are not even looked at: they hold
//! passwords. Of an environment the names are judged here, and those that are kept are names.

use std::collections::BTreeMap;

use aws_sdk_ecs::types as wire;
use aws_smithy_types::DateTime;
use domain::Timestamp;
use domain::reading::ObservedService;
use domain::service::{
    Container, ContainerDefinition, Deployment, Hardening, Health, HealthCheck, Replacing, Service, ServiceEvent, Task, TaskDefinition,
    looks_secret, sets_nats,
};

use crate::aws::Depth;

/// A service with its events; `None` when it has neither name nor ARN, because then nothing can be said of it.
pub(super) fn service(from: wire::Service, depth: Depth) -> Option<ObservedService> {
    let arn = from.service_arn.unwrap_or_default();
    let name = from.service_name.filter(|name| !name.is_empty()).or_else(|| last_part(&arn))?;
    let service = Service {
        name,
        arn,
        status: from.status.unwrap_or_default(),
        desired: count(from.desired_count),
        running: count(from.running_count),
        pending: count(from.pending_count),
        launch_type: from.launch_type.map(|word| word.as_str().to_owned()),
        scheduling: from.scheduling_strategy.map(|word| word.as_str().to_owned()),
        controller: from.deployment_controller.map(|controller| controller.r#type.as_str().to_owned()),
        revision: from.task_definition,
        deployments: from.deployments.unwrap_or_default().into_iter().map(deployment).collect(),
        tags: tags(from.tags.unwrap_or_default()),
        target_groups: from.load_balancers.unwrap_or_default().into_iter().filter_map(|balancer| balancer.target_group_arn).collect(),
        created: instant(from.created_at),
        replacing: from.deployment_configuration.map(replacing),
    };
    let events = match depth {
        Depth::Record => from.events.unwrap_or_default().into_iter().filter_map(event).collect(),
        Depth::State | Depth::Verdict => Vec::new(),
    };
    Some(ObservedService { service, events })
}

/// Without a word about the circuit breaker it is off.
fn replacing(from: wire::DeploymentConfiguration) -> Replacing {
    let breaker = from.deployment_circuit_breaker;
    Replacing {
        breaker: breaker.as_ref().is_some_and(|breaker| breaker.enable),
        rollback: breaker.is_some_and(|breaker| breaker.rollback),
        fewest_percent: from.minimum_healthy_percent.map(count),
        most_percent: from.maximum_percent.map(count),
    }
}

fn deployment(from: wire::Deployment) -> Deployment {
    Deployment {
        id: from.id.unwrap_or_default(),
        status: from.status.unwrap_or_default(),
        revision: from.task_definition,
        desired: count(from.desired_count),
        running: count(from.running_count),
        pending: count(from.pending_count),
        failed: count(from.failed_tasks),
        rollout_state: from.rollout_state.map(|word| word.as_str().to_owned()),
        rollout_reason: from.rollout_state_reason,
        created: instant(from.created_at),
    }
}

/// An event without id or instant cannot be kept apart from others, so it is left out.
fn event(from: wire::ServiceEvent) -> Option<ServiceEvent> {
    Some(ServiceEvent { id: from.id?, at: instant(from.created_at)?, message: from.message.unwrap_or_default() })
}

/// A task; `None` without an ARN.
pub(crate) fn task(from: wire::Task) -> Option<Task> {
    let arn = from.task_arn.filter(|arn| !arn.is_empty())?;
    let containers = from.containers.unwrap_or_default();
    let attachments = from.attachments.unwrap_or_default();
    Some(Task {
        arn,
        service: from.group.as_deref().and_then(|group| group.strip_prefix("service:")).map(str::to_owned),
        revision: from.task_definition_arn,
        last_status: from.last_status.unwrap_or_default(),
        desired_status: from.desired_status.unwrap_or_default(),
        health: health(from.health_status.as_ref()),
        address: address(&attachments, &containers),
        zone: from.availability_zone,
        started_by: from.started_by,
        created: instant(from.created_at),
        started: instant(from.started_at),
        stopping: instant(from.stopping_at),
        stopped: instant(from.stopped_at),
        stop_code: from.stop_code.map(|word| word.as_str().to_owned()),
        stopped_reason: from.stopped_reason,
        containers: containers.into_iter().map(container).collect(),
    })
}

/// The private address: of the task's network interface (awsvpc), else of a container's.
fn address(attachments: &[wire::Attachment], containers: &[wire::Container]) -> Option<String> {
    let attached = attachments
        .iter()
        .filter(|attachment| attachment.r#type.as_deref() == Some("ElasticNetworkInterface"))
        .flat_map(wire::Attachment::details)
        .find(|detail| detail.name.as_deref() == Some("privateIPv4Address"))
        .and_then(|detail| detail.value.clone());
    attached.or_else(|| {
        let interfaces = containers.iter().flat_map(wire::Container::network_interfaces);
        interfaces.filter_map(|interface| interface.private_ipv4_address.clone()).next()
    })
}

fn container(from: wire::Container) -> Container {
    Container {
        name: from.name.unwrap_or_default(),
        image: from.image,
        digest: from.image_digest,
        last_status: from.last_status,
        health: health(from.health_status.as_ref()),
        exit_code: from.exit_code,
        reason: from.reason,
    }
}

fn health(word: Option<&wire::HealthStatus>) -> Health {
    match word {
        Some(wire::HealthStatus::Healthy) => Health::Healthy,
        Some(wire::HealthStatus::Unhealthy) => Health::Unhealthy,
        _ => Health::Unknown,
    }
}

/// A revision; `None` without an ARN.
pub(crate) fn definition(from: wire::TaskDefinition) -> Option<TaskDefinition> {
    let arn = from.task_definition_arn.filter(|arn| !arn.is_empty())?;
    Some(TaskDefinition {
        arn,
        family: from.family.unwrap_or_default(),
        revision: count(from.revision),
        cpu: from.cpu,
        memory: from.memory,
        containers: from.container_definitions.unwrap_or_default().into_iter().map(container_definition).collect(),
    })
}

fn container_definition(from: wire::ContainerDefinition) -> ContainerDefinition {
    let hardening = hardening(&from);
    let log = from.log_configuration;
    let driver = log.as_ref().map(|log| log.log_driver.as_str().to_owned());
    let awslogs = driver.as_deref() == Some(wire::LogDriver::Awslogs.as_str());
    let mut options = log.and_then(|log| log.options).filter(|_| awslogs).unwrap_or_default();
    ContainerDefinition {
        name: from.name.unwrap_or_default(),
        image: from.image.unwrap_or_default(),
        // "If this parameter is omitted, a container is assumed to be essential" (ECS API reference)
        essential: from.essential.unwrap_or(true),
        health_check: from.health_check.map(health_check),
        log_group: options.remove("awslogs-group"),
        log_driver: driver,
        log_region: options.remove("awslogs-region"),
        log_prefix: options.remove("awslogs-stream-prefix"),
        hardening: Some(hardening),
    }
}

/// What is omitted is off. Of the environment nothing but names is read.
fn hardening(from: &wire::ContainerDefinition) -> Hardening {
    let plain = || from.environment().iter().filter_map(wire::KeyValuePair::name);
    let kept = || from.secrets().iter().map(wire::Secret::name);
    let mut nats: Vec<String> = plain().chain(kept()).filter(|name| sets_nats(name)).map(str::to_owned).collect();
    let mut secret_like: Vec<String> = plain().filter(|name| looks_secret(name)).map(str::to_owned).collect();
    nats.sort_unstable();
    secret_like.sort_unstable();
    Hardening {
        privileged: from.privileged.unwrap_or(false),
        user: from.user.clone(),
        read_only_root: from.readonly_root_filesystem.unwrap_or(false),
        memory: from.memory.map(count),
        memory_reservation: from.memory_reservation.map(count),
        secret_like,
        secrets: u32::try_from(kept().count()).unwrap_or(u32::MAX),
        nats,
    }
}

/// What is omitted has the defaults of the ECS API reference, `HealthCheck`: 30 s, 5 s, 3 times, no start period.
fn health_check(from: wire::HealthCheck) -> HealthCheck {
    HealthCheck {
        command: from.command,
        interval: from.interval.map_or(30, count),
        timeout: from.timeout.map_or(5, count),
        retries: from.retries.map_or(3, count),
        start_period: from.start_period.map_or(0, count),
    }
}

fn tags(from: Vec<wire::Tag>) -> BTreeMap<String, String> {
    from.into_iter().filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect()
}

fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// ECS writes instants as decimal seconds, which a double holds to a quarter of a microsecond: 12.345 may arrive as
/// 12.344999. Rounded, not cut, to the microsecond.
pub(crate) fn instant(at: Option<DateTime>) -> Option<Timestamp> {
    let micros = |at: DateTime| at.secs().saturating_mul(1_000_000).saturating_add(i64::from((at.subsec_nanos() + 500) / 1_000));
    at.map(|at| Timestamp::from_micros(micros(at)))
}

/// The name at the end of an ARN: `arn:…:cluster/production` → `production`.
pub(crate) fn last_part(arn: &str) -> Option<String> {
    arn.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_invented_for_an_empty_service() {
        let observed = service(wire::Service::builder().service_name("a").build(), Depth::Record).unwrap();
        assert_eq!(observed.service, Service { name: "a".into(), ..Service::default() });
        assert!(service(wire::Service::builder().build(), Depth::Record).is_none());
        let by_arn =
            service(wire::Service::builder().service_arn("arn:aws:ecs:us-east-1:1:service/c/router").build(), Depth::Record).unwrap();
        assert_eq!(by_arn.service.name, "router");
    }

    #[test]
    fn unknown_words_are_kept_and_impossible_counts_are_zero() {
        let from = wire::Service::builder()
            .service_name("a")
            .status("MOVING")
            .launch_type("ORBIT".into())
            .desired_count(-3)
            .deployments(wire::Deployment::builder().id("ecs-svc/1").rollout_state("PAUSED".into()).build())
            .events(wire::ServiceEvent::builder().message("no id").build())
            .build();
        let observed = service(from, Depth::Record).unwrap();
        assert_eq!(observed.service.status, "MOVING");
        assert_eq!(observed.service.launch_type.as_deref(), Some("ORBIT"));
        assert_eq!(observed.service.desired, 0);
        assert_eq!(observed.service.deployments[0].rollout_state.as_deref(), Some("PAUSED"));
        assert!(observed.events.is_empty());
    }

    #[test]
    fn what_is_not_said_of_the_circuit_breaker_is_off() {
        let breaker = wire::DeploymentCircuitBreaker::builder().enable(true).rollback(true).build();
        let of = |configuration| {
            let from = wire::Service::builder().service_name("a").set_deployment_configuration(configuration).build();
            service(from, Depth::State).unwrap().service.replacing
        };
        let bare = wire::DeploymentConfiguration::builder().minimum_healthy_percent(50);
        let half = Replacing { fewest_percent: Some(50), ..Replacing::default() };
        assert_eq!((of(None), of(Some(bare.clone().build()))), (None, Some(half)));
        let armed = of(Some(bare.deployment_circuit_breaker(breaker).maximum_percent(200).build())).unwrap();
        assert_eq!(armed, Replacing { breaker: true, rollback: true, most_percent: Some(200), ..half });
    }

    #[test]
    fn absent_rollout_state_does_not_read_as_completed() {
        let from = wire::Service::builder().service_name("a").deployments(wire::Deployment::builder().status("PRIMARY").build()).build();
        assert_eq!(service(from, Depth::Record).unwrap().service.primary().unwrap().rollout_state, None);
    }

    #[test]
    fn a_task_belongs_to_the_service_of_its_group() {
        let detail = wire::KeyValuePair::builder().name("privateIPv4Address").value("10.0.1.7").build();
        let attachment = wire::Attachment::builder().r#type("ElasticNetworkInterface").details(detail).build();
        let from = wire::Task::builder()
            .task_arn("arn:aws:ecs:us-east-1:1:task/c/abc")
            .group("service:router-nats")
            .attachments(attachment)
            .health_status("DIZZY".into())
            .stop_code("TiredOfLife".into())
            .stopped_at(DateTime::from_secs_and_nanos(12, 345_678_000))
            .containers(wire::Container::builder().name("main").exit_code(137).reason("OutOfMemoryError").build())
            .build();
        let task = task(from).unwrap();
        assert_eq!(task.service.as_deref(), Some("router-nats"));
        assert_eq!(task.address.as_deref(), Some("10.0.1.7"));
        assert_eq!(task.health, Health::Unknown);
        assert_eq!(task.stop_code.as_deref(), Some("TiredOfLife"));
        assert_eq!(task.stopped, Some(Timestamp::from_micros(12_345_678)));
        assert_eq!(task.exit_code(), Some(137));
    }

    #[test]
    fn a_decimal_instant_is_rounded_to_the_microsecond() {
        let at = |nanos| instant(Some(DateTime::from_secs_and_nanos(12, nanos))).unwrap().as_micros();
        assert_eq!((at(344_999_971), at(345_000_112), at(999_999_999)), (12_345_000, 12_345_000, 13_000_000));
    }

    #[test]
    fn a_stand_alone_task_belongs_to_no_service() {
        let from = wire::Task::builder().task_arn("arn:x/y").group("family:migration").build();
        assert_eq!(task(from).unwrap().service, None);
        assert!(task(wire::Task::builder().group("service:x").build()).is_none());
    }

    #[test]
    fn secrets_of_a_definition_go_nowhere() {
        let secret = wire::KeyValuePair::builder().name("DB_PASSWORD").value("CANARY-1").build();
        let log = wire::LogConfiguration::builder().log_driver(wire::LogDriver::Awslogs).options("awslogs-group", "/ecs/x");
        let log = log.options("awslogs-stream-prefix", "ecs").options("awslogs-region", "r").build().unwrap();
        let main = wire::ContainerDefinition::builder()
            .name("main")
            .image("x:1")
            .environment(secret)
            .environment(wire::KeyValuePair::builder().name("NATS_URL").value("nats://CANARY-3").build())
            .secrets(wire::Secret::builder().name("NATS_PASSWORD").value_from("CANARY-4").build().unwrap())
            .command("--token=CANARY-2")
            .user("1000")
            .memory(512)
            .log_configuration(log)
            .health_check(wire::HealthCheck::builder().command("CMD-SHELL").command("true").build().unwrap())
            .build();
        let from =
            wire::TaskDefinition::builder().task_definition_arn("arn:aws:ecs:r:1:task-definition/x:1").container_definitions(main).build();
        let definition = definition(from).unwrap();
        assert!(!format!("{definition:?}").contains("CANARY"));
        assert_eq!(definition.containers[0].log_group.as_deref(), Some("/ecs/x"));
        assert_eq!(
            (definition.containers[0].log_prefix.as_deref(), definition.containers[0].log_region.as_deref()),
            (Some("ecs"), Some("r"))
        );
        assert!(definition.containers[0].essential);
        let hardening = definition.containers[0].hardening.clone().unwrap();
        assert_eq!((hardening.secret_like, hardening.secrets), (vec!["DB_PASSWORD".to_owned()], 1));
        assert_eq!(hardening.nats, ["NATS_PASSWORD", "NATS_URL"], "names, wherever they stand");
        assert_eq!((hardening.privileged, hardening.user.as_deref(), hardening.memory), (false, Some("1000"), Some(512)));
        let check = definition.containers[0].health_check.clone().unwrap();
        assert_eq!((check.interval, check.timeout, check.retries, check.start_period), (30, 5, 3, 0));
    }
}
