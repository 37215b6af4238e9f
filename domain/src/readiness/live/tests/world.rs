//! One service that passes every check, to be spoilt.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::facts::{
    Count, Held, Identity, NatsSource, NodeFacts, Past, Percentile, ServiceFacts, Sources, TaskTime, Usage, Version, Watching,
};
use super::super::{DAY, RequestIds, live};
use crate::Timestamp;
use crate::alarm::{Alarm, AlarmState, Watch};
use crate::change::HealthCheck as Planned;
use crate::nats::jetstream::Flow;
use crate::nats::{Certificate, Connection, Node, TlsMode, Wire};
use crate::owner::Certainty;
use crate::readiness::card::{Card, Check, Kind, LIVE, Scope, Thresholds, Weight};
use crate::readiness::evidence::{Brought, Evidence, Found};
use crate::service::{
    ContainerDefinition, Deployment, Hardening, Health, HealthCheck, Replacing, Service, ServiceKey, Task, TaskDefinition,
};
use crate::source::{Outcome, SourceHealth, SourceId, SourceKind};

pub(super) fn now() -> Timestamp {
    Timestamp::from_secs(10_000_000)
}

/// So many seconds from now.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(10_000_000 + seconds)
}

/// A connection that can be changed.
pub(super) struct Own {
    pub(super) connection: Connection,
    pub(super) certainty: Certainty,
    pub(super) task: Option<String>,
    pub(super) wire: Wire,
}

impl Own {
    pub(super) fn plain(&mut self) {
        (self.connection.tls, self.wire) = (None, Wire::Plaintext);
    }
}

pub(super) struct World {
    key: ServiceKey,
    pub(super) marked: Option<String>,
    pub(super) service: Service,
    pub(super) definition: Option<TaskDefinition>,
    pub(super) tasks: Vec<Task>,
    pub(super) counts: Vec<Count>,
    pub(super) gaps: Vec<(Timestamp, Timestamp)>,
    pub(super) past: Past,
    pub(super) usage: Option<Usage>,
    pub(super) alarms: Vec<Alarm>,
    pub(super) acknowledged: bool,
    pub(super) held: Vec<Own>,
    pub(super) usual: Option<u64>,
    pub(super) waiting: Option<u32>,
    pub(super) consumers: Vec<(String, Flow, String)>,
    pub(super) identity: (Option<String>, usize),
    floors: BTreeMap<String, Version>,
    pub(super) ecs: Option<SourceHealth>,
    pub(super) watch: Option<SourceHealth>,
    pub(super) metrics: Option<SourceHealth>,
    pub(super) nats: Option<SourceHealth>,
    pub(super) nats_since: Option<Timestamp>,
    pub(super) nodes: Vec<NodeFacts>,
    pub(super) forgot: Option<Timestamp>,
    pub(super) brought: Option<Brought>,
}

fn health(kind: SourceKind, scope: &str) -> Option<SourceHealth> {
    let mut health = SourceHealth::untried(SourceId::new(kind, scope), Duration::from_secs(15));
    (health.last_success, health.outcome) = (Some(now()), Some(Outcome::Complete));
    Some(health)
}

fn alarm(namespace: &str, metric: &str) -> Alarm {
    Alarm {
        name: format!("auth-{metric}"),
        state: AlarmState::Ok,
        since: Some(at(-90_000)),
        description: Some("Runbook: https://wiki.example.com/auth".into()),
        actions_enabled: true,
        actions: vec!["arn:aws:sns:us-east-1:1:alerts".into()],
        watch: Some(Watch { namespace: namespace.into(), metric: metric.into(), ..Watch::default() }),
        ..Alarm::default()
    }
}

fn node(number: u8) -> NodeFacts {
    let certificate = Certificate { until: Some(now().plus(200 * DAY)), ..Certificate::default() };
    let node = Node {
        id: format!("N{number}"),
        name: format!("n{number}"),
        tls: Some(TlsMode::Required),
        certificate: Some(certificate),
        ..Node::default()
    };
    NodeFacts { node, answers: true }
}

fn task(number: u8) -> Task {
    Task {
        arn: format!("arn:aws:ecs:us-east-1:1:task/main/t{number}"),
        last_status: "RUNNING".into(),
        health: Health::Healthy,
        zone: Some(format!("us-east-1{number}")),
        started: Some(at(-9_000)),
        ..Task::default()
    }
}

fn own(number: u8) -> Own {
    let connection = Connection {
        node: format!("N{number}"),
        node_name: format!("n{number}"),
        cid: number.into(),
        tls: Some("1.3".into()),
        user: Some("auth".into()),
        lang: Some("rust".into()),
        version: Some("0.51.0".into()),
        ..Connection::default()
    };
    Own { connection, certainty: Certainty::Confirmed, task: Some(format!("t{number}")), wire: Wire::Tls }
}

fn definition() -> TaskDefinition {
    let command = vec!["CMD-SHELL".into(), "curl -f http://localhost:8080/health".into()];
    let hardening = Hardening { user: Some("1000".into()), read_only_root: true, nats: vec!["NATS_URL".into()], ..Hardening::default() };
    let container = ContainerDefinition {
        name: "app".into(),
        image: "registry:5000/auth@sha256:7d2c".into(),
        essential: true,
        health_check: Some(HealthCheck { command, interval: 30, timeout: 5, retries: 3, start_period: 60 }),
        log_driver: Some("awslogs".into()),
        hardening: Some(hardening),
        ..ContainerDefinition::default()
    };
    TaskDefinition {
        arn: "arn:aws:ecs:r:1:task-definition/auth:7".into(),
        memory: Some("512".into()),
        containers: vec![container],
        ..TaskDefinition::default()
    }
}

fn service() -> Service {
    let deployment = Deployment {
        status: "PRIMARY".into(),
        revision: Some("arn:aws:ecs:r:1:task-definition/auth:7".into()),
        rollout_state: Some("COMPLETED".into()),
        ..Deployment::default()
    };
    Service {
        name: "auth".into(),
        status: "ACTIVE".into(),
        desired: 2,
        running: 2,
        revision: deployment.revision.clone(),
        deployments: vec![deployment],
        replacing: Some(Replacing { breaker: true, rollback: true, fewest_percent: Some(100), most_percent: Some(200) }),
        ..Service::default()
    }
}

impl Default for World {
    fn default() -> Self {
        let load = Some(Percentile { value: 4_000, points: 2_016 });
        let time = TaskTime { healthy: Duration::from_secs(1_000), all: Duration::from_secs(1_000) };
        let past = Past { health: Some(time), starts: vec![Duration::from_secs(30)], replaced: Some(at(-86_400 * 30)), ..Past::default() };
        Self {
            key: ServiceKey { environment: "production".into(), cluster: "main".into(), service: "auth".into() },
            marked: None,
            service: service(),
            definition: Some(definition()),
            tasks: vec![task(1), task(2)],
            counts: vec![Count { at: at(-90_000), tasks: Some((2, 2)) }],
            gaps: Vec::new(),
            past,
            usage: Some(Usage { at: now(), cpu: load, memory: load }),
            alarms: vec![
                alarm("ECS/ContainerInsights", "RunningTaskCount"),
                alarm("AWS/ECS", "CPUUtilization"),
                alarm("AWS/ECS", "MemoryUtilization"),
                alarm("ECS/ContainerInsights", "UnHealthyContainerHealthStatus"),
            ],
            acknowledged: false,
            held: vec![own(1), own(2)],
            usual: Some(1),
            waiting: Some(0),
            consumers: vec![("EVENTS / auth".into(), Flow::Well, String::new())],
            identity: (Some("auth".into()), 1),
            floors: BTreeMap::from([("rust".to_owned(), vec![0, 51, 0])]),
            ecs: health(SourceKind::Ecs, "production"),
            watch: health(SourceKind::Alarms, "production"),
            metrics: health(SourceKind::Metrics, "production"),
            nats: health(SourceKind::Nats, "main"),
            nats_since: Some(now().minus(90 * DAY)),
            nodes: vec![node(1), node(2)],
            forgot: None,
            brought: None,
        }
    }
}

impl World {
    /// By another name.
    pub(super) fn called(mut self, name: &str) -> Self {
        name.clone_into(&mut self.key.service);
        self
    }

    pub(super) fn key(&self) -> &ServiceKey {
        &self.key
    }

    /// Without a health check, so that nobody ever asked how its tasks are.
    pub(super) fn bare(mut self) -> Self {
        for container in self.definition.iter_mut().flat_map(|of| &mut of.containers) {
            container.health_check = None;
        }
        self.tasks.iter_mut().for_each(|task| task.health = Health::Unknown);
        let all = Duration::from_secs(86_400 * 2);
        self.past.health = Some(TaskTime { healthy: Duration::ZERO, all });
        self.past.starts.clear();
        self
    }

    /// As it is found after a rollout of this check: another revision, another deployment, other tasks with other connections.
    /// `later`: a day after that.
    pub(super) fn rolled_out(mut self, planned: &Planned, later: bool) -> Self {
        const REVISION: &str = "arn:aws:ecs:r:1:task-definition/auth:8";
        let definition = self.definition.as_mut().unwrap();
        definition.arn = REVISION.into();
        let (interval, timeout, retries, start_period) = (planned.interval, planned.timeout, planned.retries, planned.start_period);
        let check = HealthCheck { command: planned.command.clone(), interval, timeout, retries, start_period };
        let container = definition.containers.iter_mut().find(|of| planned.container.as_ref().is_none_or(|name| *name == of.name));
        container.unwrap().health_check = Some(check);
        let checked = definition.containers.iter().all(|of| of.health_check.is_some());
        self.service.revision = Some(REVISION.into());
        let deployment = &mut self.service.deployments[0];
        (deployment.id, deployment.revision) = ("ecs-svc/2".into(), Some(REVISION.into()));
        for task in &mut self.tasks {
            task.arn.push_str("-new");
            (task.revision, task.started) = (Some(REVISION.into()), Some(at(-900)));
            task.health = if checked { Health::Healthy } else { task.health };
        }
        for own in &mut self.held {
            own.connection.cid += 100;
            own.connection.started = Some(at(-890));
            own.task.iter_mut().for_each(|task| task.push_str("-new"));
        }
        if checked {
            self.past.starts.push(Duration::from_secs(45));
        }
        if let Some(time) = self.past.health.as_mut().filter(|_| checked && later) {
            time.healthy = time.all;
        }
        self
    }

    /// With some things wrong, in any combination.
    pub(super) fn spoilt(which: &[bool]) -> Self {
        let mistakes: [fn(&mut Self); 16] = [
            |world| world.service.running = 0,
            |world| (world.service.desired, world.service.running) = (0, 0),
            |world| world.marked = Some("why".into()),
            |world| world.definition = None,
            |world| world.tasks.clear(),
            |world| world.past.failures = 50,
            |world| world.usage = None,
            |world| world.alarms.clear(),
            |world| world.held.clear(),
            |world| world.held.iter_mut().for_each(Own::plain),
            |world| world.usual = None,
            |world| world.consumers.clear(),
            |world| world.nodes.iter_mut().for_each(|of| of.node.tls = Some(TlsMode::Off)),
            |world| world.service.replacing = None,
            |world| world.past.replaced = None,
            |world| {
                world.definition.iter_mut().for_each(|of| of.containers.iter_mut().for_each(|of| of.hardening = Some(Hardening::default())))
            },
        ];
        let mut world = Self::default();
        for (mistake, _) in mistakes.iter().zip(which).filter(|(_, made)| **made) {
            mistake(&mut world);
        }
        world
    }

    pub(super) fn container(&mut self) -> &mut ContainerDefinition {
        &mut self.definition.as_mut().unwrap().containers[0]
    }

    /// A second essential container like the first.
    pub(super) fn another(&mut self, name: &str) -> &mut ContainerDefinition {
        let containers = &mut self.definition.as_mut().unwrap().containers;
        let more = ContainerDefinition { name: name.into(), health_check: None, ..containers[0].clone() };
        containers.push(more);
        containers.last_mut().unwrap()
    }

    pub(super) fn check(&mut self) -> &mut HealthCheck {
        self.container().health_check.as_mut().unwrap()
    }

    pub(super) fn hardening(&mut self) -> &mut Hardening {
        self.container().hardening.as_mut().unwrap()
    }

    pub(super) fn settings(&mut self, names: &[&str]) {
        self.hardening().nats = names.iter().map(|name| (*name).to_owned()).collect();
    }

    pub(super) fn certificate(&mut self) -> &mut Certificate {
        self.nodes[0].node.certificate.as_mut().unwrap()
    }

    /// What one check comes to.
    pub(super) fn found(&self, id: &str) -> Found {
        self.all().into_iter().find(|evidence| evidence.check == id).unwrap().found
    }

    /// What every check comes to, in the order of [`LIVE`].
    pub(super) fn all(&self) -> Vec<Evidence> {
        let all = self.asked(|facts| live(&card(), facts));
        assert_eq!(all.len(), LIVE.len());
        all
    }

    /// Asks something of its facts.
    pub(super) fn asked<T>(&self, ask: impl FnOnce(&ServiceFacts<'_>) -> T) -> T {
        let nats = self.nats.as_ref().map(|health| NatsSource {
            health,
            id: "nats:main",
            since: self.nats_since,
            nodes: &self.nodes,
            forgot: self.forgot,
        });
        ask(&ServiceFacts {
            key: &self.key,
            now: now(),
            marked: self.marked.as_deref(),
            service: &self.service,
            definition: self.definition.as_ref(),
            tasks: self.tasks.iter().collect(),
            counts: &self.counts,
            since: at(-86_400 * 200),
            gaps: &self.gaps,
            past: self.past.clone(),
            usage: self.usage,
            alarms: self.alarms.iter().map(|alarm| Watching { alarm, acknowledged: self.acknowledged }).collect(),
            held: self.held.iter().map(held).collect(),
            usual: self.usual,
            waiting: self.waiting,
            consumers: self.consumers.iter().map(|(name, flow, why)| (name.as_str(), *flow, why.as_str())).collect(),
            identities: vec![Identity { name: self.identity.0.as_deref(), services: self.identity.1 }],
            floors: &self.floors,
            brought: self.brought.as_ref(),
            requests: RequestIds::default(),
            sources: Sources {
                ecs: self.ecs.as_ref(),
                alarms: self.watch.as_ref(),
                metrics: self.metrics.as_ref(),
                nats: nats.into_iter().collect(),
            },
        })
    }
}

fn held(own: &Own) -> Held<'_> {
    Held { source: "nats:main", connection: &own.connection, certainty: own.certainty, task: own.task.as_deref(), wire: own.wire }
}

/// Every live check, each good for ten minutes.
pub(super) fn card() -> Card {
    let check = |id: &str| Check {
        id: id.to_owned(),
        title: id.to_owned(),
        category: "c".to_owned(),
        weight: Weight::High,
        gate: None,
        evidence: Kind::Live,
        scope: Scope::Service,
        ttl_minutes: Some(10),
        work_minutes: 1,
        why: String::new(),
        remedy: String::new(),
        preview: false,
        soc2: Vec::new(),
        iso27001: Vec::new(),
    };
    Card {
        name: "test".to_owned(),
        tier_tag: None,
        thresholds: Thresholds::default(),
        checks: LIVE.into_iter().map(check).collect(),
        targets: Vec::new(),
    }
}
