//! One service in each scene.

use domain::Timestamp;
use domain::alarm::AlarmState;
use domain::judge::{Standing, Tone};
use domain::service::{ContainerDefinition, Deployment, Health, HealthCheck, TaskDefinition};
use domain::timeline::EventKind;
use domain::view::{ConnectionRow, Facts, ServiceDetail, ServiceRow, TaskRow};

use super::facts::{alarm, entry, stop};
use super::{Scene, before};

pub(crate) fn detail(scene: Scene, row: ServiceRow, stale: Option<String>, facts: &Facts, now: Timestamp) -> ServiceDetail {
    let name = row.key.service.clone();
    let down = row.standing == Standing::Down;
    let on = if row.alarms_on > 0 { AlarmState::Alarm } else { AlarmState::Ok };
    let mut memory = alarm(&format!("{name}-memory"), &name, on, now);
    memory.told = if on == AlarmState::Ok { vec!["gaming-system-alerts".into()] } else { vec![] };
    let mut cpu = alarm(&format!("{name}-cpu"), &name, AlarmState::Ok, now);
    (cpu.told, cpu.reason, cpu.condition) = (vec!["gaming-system-alerts".into()], None, Some("AWS/ECS CPUUtilization > 80".into()));
    let off = row.desired == 0;
    ServiceDetail {
        revision: 412,
        arn: format!("arn:aws:ecs:us-east-1:111122223333:service/gaming-system-cluster/{name}"),
        present: scene != Scene::Many || !name.ends_with("0001"),
        launch_type: Some("FARGATE".into()),
        controller: Some("ECS".into()),
        do_not_touch: off.then(|| "circular imports; enabling it will thrash".into()),
        definition: (!off).then(|| definition(&name)),
        deployments: deployments(&row, now),
        tasks: (0..row.running).map(|number| task(number, &row, scene, now)).collect(),
        stopped: if down { vec![stop(now, 35, "3f9c1a77d0be4e0fa2b6cb3f6d1f0c11"), stop(now, 340, "b1"), wished(now)] } else { Vec::new() },
        stopped_on_record: if down { 41 } else { 0 },
        unwatched: if off { vec![] } else { vec!["Health: missing: its container health".into()] },
        alarms: if off { Vec::new() } else { vec![memory, cpu] },
        record: record(&name, down, now),
        observed: facts.sources[0].last_success,
        stale,
        connections_stale: (scene == Scene::Hostile).then(|| "NATS of main last answered 3 min ago: <b>refused</b>".into()),
        alarms_stale: None,
        row,
    }
}

fn wished(now: Timestamp) -> domain::view::StoppedTaskRow {
    let mut stop = stop(now, 90_000, "c2");
    (stop.exit_code, stop.tone, stop.container_reason) = (Some(143), Tone::Quiet, None);
    stop.code = Some("ServiceSchedulerInitiated".into());
    stop.reason = Some("Scaling activity initiated by (deployment ecs-svc/7130)".into());
    stop
}

fn definition(name: &str) -> TaskDefinition {
    TaskDefinition {
        arn: format!("arn:aws:ecs:us-east-1:111122223333:task-definition/{name}:19"),
        family: name.into(),
        revision: 19,
        cpu: Some("256".into()),
        memory: Some("512".into()),
        containers: vec![ContainerDefinition {
            name: "main".into(),
            image: format!("111122223333.dkr.ecr.us-east-1.amazonaws.com/{name}@sha256:7d2c1fa2b6cb3f6d1f0c11a77d0be4e0"),
            essential: true,
            health_check: Some(HealthCheck {
                command: vec!["CMD-SHELL".into(), "curl -f http://localhost:8080/health || exit 1".into()],
                interval: 30,
                timeout: 5,
                retries: 3,
                start_period: 60,
            }),
            log_group: Some("/ecs/gaming-system-nats".into()),
            ..ContainerDefinition::default()
        }],
    }
}

fn deployments(row: &ServiceRow, now: Timestamp) -> Vec<Deployment> {
    let deployment = |number: u32, status: &str, state: &str, running: u32| Deployment {
        id: format!("ecs-svc/71{number}"),
        status: status.into(),
        revision: Some(format!("arn:aws:ecs:us-east-1:111122223333:task-definition/{}:{number}", row.key.service)),
        desired: row.desired,
        running,
        pending: row.pending,
        failed: if row.standing == Standing::Down { 2 } else { 0 },
        rollout_state: Some(state.into()),
        rollout_reason: Some(format!("ECS deployment ecs-svc/71{number} {}.", state.to_lowercase().replace('_', " "))),
        created: Some(before(now, 1_500)),
    };
    if row.moving || row.standing == Standing::Down {
        vec![deployment(19, "PRIMARY", "IN_PROGRESS", 1), deployment(18, "ACTIVE", "COMPLETED", 1)]
    } else {
        vec![deployment(18, "PRIMARY", "COMPLETED", row.running)]
    }
}

fn task(number: u32, row: &ServiceRow, scene: Scene, now: Timestamp) -> TaskRow {
    TaskRow {
        id: format!("{number}a5b0c1d2e3f4a5b6c7d8e9f0a1b2c3d"),
        status: "RUNNING".into(),
        health: if number == 0 { Health::Healthy } else { Health::Unknown },
        address: Some(format!("10.0.{number}.17")),
        zone: Some("us-east-1a".into()),
        revision: row.revision.clone(),
        started: Some(before(now, 9_000)),
        connections: vec![ConnectionRow {
            node: format!("nats-{}", number + 1),
            cid: 31 + u64::from(number),
            name: Some(if scene == Scene::Hostile { "<script>alert(3)</script>".into() } else { row.key.service.clone() }),
            user: Some("services".into()),
            tls: (number == 0).then(|| "1.3".into()),
            client: Some("rust 0.51.0".into()),
            started: Some(before(now, 8_990)),
        }],
    }
}

fn record(name: &str, down: bool, now: Timestamp) -> Vec<domain::view::TimelineEntry> {
    let mut record =
        vec![entry(31, before(now, 93_000), EventKind::Deployment, Tone::Good, name, &format!("deployment to {name}:18 completed"))];
    if down {
        record.insert(0, entry(58, before(now, 840), EventKind::Service, Tone::Bad, name, "is down: runs 1 of 2 tasks"));
        record.insert(
            0,
            entry(61, before(now, 35), EventKind::TaskStopped, Tone::Bad, name, "task 3f9c1a77 stopped: exit 137, OutOfMemoryError"),
        );
    }
    record
}
