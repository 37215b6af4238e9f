//! A small fleet on record, with what people say of it: what more than one test binary judges and hands over.
//!
//! Written through the store's own doors as collectors and pages write, so that every instant is the test's and nothing is asked
//! of a fleet. NATS is not watched here: its checks are unknown, and the one of them that would hold everything down is waived.

use std::time::Duration;

use collectors::Report;
use domain::Timestamp;
use domain::account::Role;
use domain::alarm::{Alarm, AlarmState};
use domain::port::{Actor, SignedBy};
use domain::readiness::card::Kind;
use domain::readiness::{AttestationWish, WaiverWish};
use domain::reading::{AlarmReading, ClusterReading, EcsReading, ObservedService, Reading, Seen, Sweep};
use domain::request::{Answered, DESCRIBE_ALARMS, DESCRIBE_SERVICES, DESCRIBE_TASK_DEFINITION, DESCRIBE_TASKS};
use domain::service::{ContainerDefinition, Deployment, Hardening, Health, HealthCheck, Replacing, Service, Task, TaskDefinition};
use domain::source::{Outcome, SourceHealth, SourceId, SourceKind};
use signalbox::readiness::scorecard;
use signalbox::store::{Marks, Signed, Store, Waiving};

const ENVIRONMENT: &str = "production";
const CLUSTER: &str = "gaming-system-cluster";
const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Records three services of these names, the newest sweep of both sources ending at `at`. The first has no health check, both tasks
/// of the second run in one zone and its alarm is on, of the third nothing is watched. What can be attested is, by nina, but for one check.
pub(crate) async fn record(store: &Store, at: Timestamp, names: [&str; 3]) {
    let untried = |kind| SourceHealth::untried(SourceId::new(kind, ENVIRONMENT), HOUR);
    store.sources_set(&[untried(SourceKind::Ecs), untried(SourceKind::Alarms)]).await.unwrap();
    // twice, so that there is a time that was watched
    for when in [at.minus(HOUR), at] {
        for (kind, reading) in [(SourceKind::Ecs, ecs(names, at)), (SourceKind::Alarms, alarms(names, at))] {
            store.record(&report(kind, reading, when), &Marks::default(), "group").await.unwrap();
        }
    }
    people(store, at, names).await;
}

fn report(kind: SourceKind, reading: Reading, at: Timestamp) -> Report {
    let source = SourceId::new(kind, ENVIRONMENT);
    let mut health = SourceHealth::untried(source.clone(), HOUR);
    (health.last_attempt, health.last_success) = (Some(at), Some(at));
    health.outcome = Some(Outcome::Complete);
    let requests = answered(&reading);
    let sweep = Sweep { source, started: at, finished: at, calls: 4, outcome: Outcome::Complete, reading: Some(reading), requests };
    Report { sweep: Some(sweep), health }
}

/// Which request told of what, as collectors keep it. The ids end in twelve digits, as that of an account has.
fn answered(reading: &Reading) -> Vec<Answered> {
    let request = |number: usize| format!("5c1d9e07-0000-4000-8000-{number:012}");
    let mut all = Vec::new();
    match reading {
        Reading::Ecs(reading) => {
            for cluster in &reading.clusters.items {
                let services = cluster.services.items.iter().map(|observed| observed.service.name.as_str());
                all.extend(Answered::of(DESCRIBE_SERVICES, &cluster.name, services, request(1)));
                let tasks = cluster.tasks.items.iter().map(|task| task.arn.as_str());
                all.extend(Answered::of(DESCRIBE_TASKS, &cluster.name, tasks, request(2)));
                for (number, definition) in cluster.definitions.iter().enumerate() {
                    let arn = std::iter::once(definition.arn.as_str());
                    all.extend(Answered::of(DESCRIBE_TASK_DEFINITION, "", arn, request(3 + number)));
                }
            }
        }
        Reading::Alarms(reading) => {
            let alarms = reading.alarms.items.iter().map(|alarm| alarm.name.as_str());
            all.extend(Answered::of(DESCRIBE_ALARMS, "", alarms, request(9)));
        }
        _ => {}
    }
    all
}

fn ecs(names: [&str; 3], at: Timestamp) -> Reading {
    let mut cluster = ClusterReading {
        name: CLUSTER.to_owned(),
        arn: format!("arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{CLUSTER}"),
        services: Seen::whole(Vec::new()),
        tasks: Seen::whole(Vec::new()),
        ..ClusterReading::default()
    };
    for (number, name) in names.into_iter().enumerate() {
        cluster.services.items.push(ObservedService { service: service(name, at), events: Vec::new() });
        cluster.tasks.items.extend([0, 1].map(|task| self::task(name, (number, task), at)));
        cluster.definitions.push(definition(name, number > 0));
    }
    Reading::Ecs(EcsReading { account: ACCOUNT.to_owned(), region: REGION.to_owned(), clusters: Seen::whole(vec![cluster]) })
}

fn revision(name: &str) -> String {
    format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{name}:7")
}

fn service(name: &str, at: Timestamp) -> Service {
    let primary = Deployment {
        id: "ecs-svc/0000000000000000001".to_owned(),
        status: "PRIMARY".to_owned(),
        revision: Some(revision(name)),
        desired: 2,
        running: 2,
        rollout_state: Some("COMPLETED".to_owned()),
        created: Some(at.minus(2 * DAY)),
        ..Deployment::default()
    };
    Service {
        name: name.to_owned(),
        arn: format!("arn:aws:ecs:{REGION}:{ACCOUNT}:service/{CLUSTER}/{name}"),
        status: "ACTIVE".to_owned(),
        desired: 2,
        running: 2,
        launch_type: Some("FARGATE".to_owned()),
        scheduling: Some("REPLICA".to_owned()),
        controller: Some("ECS".to_owned()),
        revision: Some(revision(name)),
        deployments: vec![primary],
        created: Some(at.minus(90 * DAY)),
        replacing: Some(Replacing { breaker: true, rollback: true, fewest_percent: Some(100), most_percent: Some(200) }),
        ..Service::default()
    }
}

fn task(name: &str, (service, number): (usize, usize), at: Timestamp) -> Task {
    let other = number == 1 && service != 1;
    Task {
        arn: format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task/{CLUSTER}/{:032x}", service * 2 + number + 1),
        service: Some(name.to_owned()),
        revision: Some(revision(name)),
        last_status: "RUNNING".to_owned(),
        desired_status: "RUNNING".to_owned(),
        health: if service == 0 { Health::Unknown } else { Health::Healthy },
        address: Some(format!("10.0.1.{}", service * 2 + number + 1)),
        zone: Some(format!("{REGION}{}", if other { "b" } else { "a" })),
        created: Some(at.minus(DAY)),
        started: Some(at.minus(DAY)),
        ..Task::default()
    }
}

fn definition(name: &str, checked: bool) -> TaskDefinition {
    let check = HealthCheck {
        command: vec!["CMD-SHELL".to_owned(), "curl -f http://localhost:8080/health".to_owned()],
        interval: 30,
        timeout: 5,
        retries: 3,
        start_period: 10,
    };
    let container = ContainerDefinition {
        name: "app".to_owned(),
        image: format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/game:1.4.2"),
        essential: true,
        health_check: checked.then_some(check),
        log_driver: Some("awslogs".to_owned()),
        hardening: Some(Hardening { user: Some("1000".to_owned()), read_only_root: true, memory: Some(512), ..Hardening::default() }),
        ..ContainerDefinition::default()
    };
    TaskDefinition {
        arn: revision(name),
        family: name.to_owned(),
        revision: 7,
        cpu: Some("256".to_owned()),
        memory: Some("512".to_owned()),
        containers: vec![container],
    }
}

fn alarms([first, second, _]: [&str; 3], at: Timestamp) -> Reading {
    let alarm = |name: &str, state: AlarmState, reason: &str| Alarm {
        name: format!("{name}-cpu-high"),
        arn: format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}-cpu-high"),
        state,
        reason: Some(reason.to_owned()),
        since: Some(at.minus(2 * HOUR)),
        configured: Some(at.minus(30 * DAY)),
        actions_enabled: true,
        actions: vec![format!("arn:aws:sns:{REGION}:{ACCOUNT}:on-call")],
        condition: Some("AWS/ECS CPUUtilization > 80".to_owned()),
        dimensions: [("ClusterName", CLUSTER), ("ServiceName", name)].map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..Alarm::default()
    };
    let all = vec![
        alarm(first, AlarmState::Ok, "Threshold not crossed"),
        alarm(second, AlarmState::Alarm, "Threshold crossed on 10.0.3.7; nina@example.com knows"),
    ];
    Reading::Alarms(AlarmReading { account: ACCOUNT.to_owned(), region: REGION.to_owned(), alarms: Seen::whole(all), history: None })
}

async fn people(store: &Store, at: Timestamp, [first, _, _]: [&str; 3]) {
    for name in ["nina", "omar"] {
        store.account_without_password(name, Role::Operator, &Signed::ourselves(at)).await.unwrap();
    }
    let card = scorecard::load(None).unwrap();
    for check in card.checks.iter().filter(|check| check.evidence == Kind::Attested && check.id != "right-sizing") {
        let wish = AttestationWish {
            check: check.id.clone(),
            environment: ENVIRONMENT.to_owned(),
            value: Some(1_000),
            link: Some("https://wiki.example.com/evidence".to_owned()),
            expires: Some(at.plus(20 * DAY)),
            ..AttestationWish::default()
        };
        let by = Signed { actor: "nina".to_owned(), at };
        store.attest(&wish.attested("nina", at, 1_000, None, None), None, &by).await.unwrap();
    }
    accept(store, "T4", None, (at.minus(HOUR), at.plus(20 * DAY))).await;
    // and one that has ended, though its check does not hold
    accept(store, "H4", Some(first), (at.minus(5 * DAY), at.minus(DAY))).await;
}

/// Nina asks, omar approves, at the first of two instants; it ends at the second.
async fn accept(store: &Store, check: &str, service: Option<&str>, (from, until): (Timestamp, Timestamp)) {
    let person = |name: &str| Actor { account: None, name: name.to_owned(), role: Role::Operator, by: SignedBy::CommandLine };
    let wish = WaiverWish {
        check: check.to_owned(),
        environment: ENVIRONMENT.to_owned(),
        cluster: service.map(|_| CLUSTER.to_owned()),
        service: service.map(str::to_owned),
        reason: "nina mends it next week".to_owned(),
        compensating: "omar looks twice a day".to_owned(),
        ticket: None,
        expires: Some(until),
    };
    let (id, _) = store.waiver_ask(&wish, &person("nina"), from).await.unwrap();
    let card = scorecard::load(None).unwrap();
    let done = store.waiver_approve(id, card.check(check), &person("omar"), from).await.unwrap();
    assert!(matches!(done, Waiving::Done(_)), "{done:?}");
}
