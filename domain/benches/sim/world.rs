//! A model of ECS as far as a rollout can tell: services, revisions, deployments that take time, tasks that fail, a breaker.
//!
//! It knows nothing of the engine's tables: the invariants are checked against what happened here.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use domain::Timestamp;
use domain::rollout::cause::Kind;
use domain::rollout::definition::Described;
use domain::rollout::seen::{Part, ServiceDeployment, ServiceSeen};
use domain::service::{Container, Deployment as Told, Health, Task};
use serde_json::{Value, json};

use crate::dice::Dice;

/// How a revision behaves when it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    Good,
    /// Each of its tasks fails soon after it runs.
    Never(Kind),
    /// Its tasks run well for so many seconds, and then fail.
    Late(Kind, i64),
    /// There is no room for its tasks for so many seconds.
    NoRoom(i64),
}

impl Nature {
    /// Whether a rollout of it must not end verified.
    pub(crate) fn bad(self) -> bool {
        matches!(self, Self::Never(_) | Self::Late(..))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Revision {
    pub(crate) arn: String,
    pub(crate) active: bool,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) request: Value,
    pub(crate) nature: Nature,
}

#[derive(Clone, Debug)]
struct Running {
    id: u64,
    starts: i64,
    ends: Option<i64>,
}

#[derive(Clone, Debug)]
struct Deployment {
    id: String,
    revision: usize,
    primary: bool,
    state: &'static str,
    status: &'static str,
    created: i64,
    done_at: Option<i64>,
    tasks: Vec<Running>,
    failures: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) revisions: Vec<Revision>,
    pub(crate) configuration: Value,
    pub(crate) own: Value,
    pub(crate) desired: u32,
    deployments: Vec<Deployment>,
    past: Vec<ServiceDeployment>,
    stopped: VecDeque<Task>,
    shown: VecDeque<ServiceSeen>,
    /// Alarms cannot tell from then until then.
    pub(crate) blind: (i64, i64),
    /// Somebody else changed it, at.
    pub(crate) foreign_at: Option<i64>,
    /// Deployments to the new revision, and back, that began because of us.
    pub(crate) forward: u32,
    pub(crate) back: u32,
}

pub(crate) struct World {
    pub(crate) now: i64,
    pub(crate) services: Vec<Service>,
    pub(crate) dice: Dice,
    next: u64,
}

const KEEP: usize = 8;

fn arn(service: &str, revision: usize) -> String {
    format!("arn:aws:ecs:us-east-1:111122223333:task-definition/{service}:{revision}")
}

impl World {
    pub(crate) fn new(services: usize, dice: Dice) -> Self {
        let mut world = Self { now: 1_000_000, services: Vec::new(), dice, next: 0 };
        for number in 0..services {
            world.add(number);
        }
        for _ in 0..60 {
            world.second();
        }
        world
    }

    fn add(&mut self, number: usize) {
        let name = format!("service-{number}");
        let request = json!({"family": name, "containerDefinitions": [{"name": "main", "image": format!("{name}:1"), "essential": true}]});
        let prior = Revision {
            arn: arn(&name, 1),
            active: true,
            tags: BTreeMap::from([("team".to_owned(), "a".to_owned())]),
            request,
            nature: Nature::Good,
        };
        let own = json!({"minimumHealthyPercent": 100, "maximumPercent": 200});
        let mut service = Service {
            name,
            revisions: vec![prior],
            configuration: own.clone(),
            own,
            desired: 2,
            deployments: Vec::new(),
            past: Vec::new(),
            stopped: VecDeque::new(),
            shown: VecDeque::new(),
            blind: (0, 0),
            foreign_at: None,
            forward: 0,
            back: 0,
        };
        let at = self.now - 1_000;
        deploy(&mut service, 0, at, &mut self.next);
        self.services.push(service);
    }

    pub(crate) fn at(&self) -> Timestamp {
        Timestamp::from_secs(self.now)
    }

    /// A second passes.
    pub(crate) fn second(&mut self) {
        self.now += 1;
        for service in &mut self.services {
            service.second(self.now, &mut self.next);
        }
    }

    pub(crate) fn described(&self, service: usize, arn: &str) -> Option<Described> {
        let revision = self.services.get(service)?.revisions.iter().find(|revision| revision.arn == arn)?;
        let mut definition = revision.request.clone();
        let object = definition.as_object_mut()?;
        object.insert("taskDefinitionArn".into(), json!(revision.arn));
        object.insert("status".into(), json!(if revision.active { "ACTIVE" } else { "INACTIVE" }));
        object.insert("revision".into(), json!(1));
        Some(Described { definition, tags: revision.tags.clone() })
    }

    pub(crate) fn register(&mut self, service: usize, request: Value, tags: BTreeMap<String, String>, nature: Nature) -> Option<String> {
        let service = self.services.get_mut(service)?;
        let arn = arn(&service.name, service.revisions.len() + 1);
        service.revisions.push(Revision { arn: arn.clone(), active: true, tags, request, nature });
        Some(arn)
    }

    /// UpdateService. The same revision once more starts nothing.
    pub(crate) fn update(&mut self, service: usize, to: &str, configuration: Value) -> Result<String, &'static str> {
        let now = self.now;
        let service = self.services.get_mut(service).ok_or("ServiceNotFound")?;
        let revision = service.revisions.iter().position(|revision| revision.arn == to).ok_or("no such revision")?;
        if !service.revisions.get(revision).is_some_and(|revision| revision.active) {
            return Err("INACTIVE");
        }
        service.configuration = configuration;
        if let Some(primary) = service.primary().filter(|primary| primary.revision == revision) {
            return Ok(primary.id.clone());
        }
        if revision == 0 {
            service.back += 1;
        } else {
            service.forward += 1;
        }
        Ok(deploy(service, revision, now, &mut self.next))
    }

    pub(crate) fn configure(&mut self, service: usize, configuration: Value) {
        if let Some(service) = self.services.get_mut(service) {
            service.configuration = configuration;
        }
    }

    /// StopServiceDeployment with ROLLBACK.
    pub(crate) fn stop(&mut self, service: usize, deployment: &str) -> Result<(), &'static str> {
        let now = self.now;
        let service = self.services.get_mut(service).ok_or("ServiceNotFound")?;
        let index = service.deployments.iter().position(|one| one.id == deployment).ok_or("ConflictException")?;
        let one = service.deployments.get(index).ok_or("ConflictException")?;
        if one.status != "IN_PROGRESS" {
            return if one.status.starts_with("ROLLBACK") { Ok(()) } else { Err("ConflictException") };
        }
        service.back += 1;
        service.roll_back(index, now, &mut self.next);
        Ok(())
    }

    /// AWS takes back whatever is in progress.
    pub(crate) fn aws_rolls_back(&mut self, service: usize) {
        let now = self.now;
        let Some(service) = self.services.get_mut(service) else { return };
        if let Some(index) = service.deployments.iter().position(|one| one.primary && one.status == "IN_PROGRESS" && one.revision != 0) {
            service.roll_back(index, now, &mut self.next);
            // theirs is gone with it
            if service.runs().is_some_and(|revision| !revision.arn.contains("-theirs:")) {
                service.foreign_at = None;
            }
        }
    }

    /// Somebody else makes it run something of theirs.
    pub(crate) fn foreign(&mut self, service: usize) {
        let now = self.now;
        let Some(service) = self.services.get_mut(service) else { return };
        let arn = format!("arn:aws:ecs:us-east-1:111122223333:task-definition/{}-theirs:7", service.name);
        let first = service.revisions.first().cloned();
        if let Some(first) = first {
            service.revisions.push(Revision { arn, tags: BTreeMap::new(), ..first });
            let revision = service.revisions.len() - 1;
            deploy(service, revision, now, &mut self.next);
            service.foreign_at = Some(now);
        }
    }

    /// The service as a reading shows it; `stale` looks back so many shows.
    pub(crate) fn seen(&self, service: usize, stale: usize) -> Option<ServiceSeen> {
        let service = self.services.get(service)?;
        let back = service.shown.len().saturating_sub(1 + stale);
        let mut seen = service.shown.get(back)?.clone();
        seen.at = self.at();
        Some(seen)
    }
}

fn deploy(service: &mut Service, revision: usize, now: i64, next: &mut u64) -> String {
    for other in &mut service.deployments {
        other.primary = false;
        if other.status == "IN_PROGRESS" {
            other.status = "STOPPED";
        }
    }
    *next += 1;
    let id = format!("ecs-svc/{next}");
    let delay = match service.revisions.get(revision).map(|revision| revision.nature) {
        Some(Nature::NoRoom(seconds)) => seconds,
        _ => 0,
    };
    let tasks = (0..i64::from(service.desired)).map(|slot| {
        *next += 1;
        Running { id: *next, starts: now + 12 + 4 * slot + delay, ends: None }
    });
    let tasks = tasks.collect();
    service.deployments.insert(
        0,
        Deployment {
            id: id.clone(),
            revision,
            primary: true,
            state: "IN_PROGRESS",
            status: "IN_PROGRESS",
            created: now,
            done_at: None,
            tasks,
            failures: 0,
        },
    );
    id
}

/// After so many seconds of running a good task is healthy.
const HEALTHY_AFTER: i64 = 8;
/// And one that never is, is stopped.
const FAILS_AFTER: i64 = 20;

impl Service {
    fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.primary)
    }

    /// What it is steered towards.
    pub(crate) fn runs(&self) -> Option<&Revision> {
        self.revisions.get(self.primary()?.revision)
    }

    /// Whether all of it runs this revision alone, well.
    pub(crate) fn settled_on(&self, revision: &str) -> bool {
        self.deployments.len() == 1
            && self.primary().is_some_and(|one| one.state == "COMPLETED")
            && self.runs().is_some_and(|runs| runs.arn == revision)
    }

    fn threshold(&self) -> Option<u64> {
        let breaker = self.configuration.get("deploymentCircuitBreaker")?;
        let on = |name: &str| breaker.get(name).and_then(Value::as_bool) == Some(true);
        (on("enable") && on("rollback")).then_some(())?;
        breaker.pointer("/thresholdConfiguration/value").and_then(Value::as_u64).or(Some(3))
    }

    fn second(&mut self, now: i64, next: &mut u64) {
        let natures: Vec<Nature> = self.revisions.iter().map(|revision| revision.nature).collect();
        for deployment in &mut self.deployments {
            let nature = natures.get(deployment.revision).copied().unwrap_or(Nature::Good);
            for task in &mut deployment.tasks {
                let fails = match nature {
                    Nature::Never(kind) => Some((kind, FAILS_AFTER)),
                    Nature::Late(kind, seconds) => Some((kind, seconds)),
                    Nature::Good | Nature::NoRoom(_) => None,
                };
                let Some((kind, after)) = fails.filter(|(kind, _)| *kind != Kind::Alarm) else { continue };
                if now >= task.starts + after {
                    let arn = format!("arn:aws:ecs:us-east-1:111122223333:task/main/{}", task.id);
                    self.stopped.push_back(stopped(arn, kind, &deployment.id, self.revisions.get(deployment.revision), task.starts, now));
                    deployment.failures += 1;
                    *next += 1;
                    *task = Running { id: *next, starts: now + 10, ends: None };
                }
            }
        }
        while self.stopped.len() > 20 {
            self.stopped.pop_front();
        }
        self.complete(now, &natures);
        if let Some(threshold) = self.threshold()
            && let Some(index) = self
                .deployments
                .iter()
                .position(|one| one.primary && one.status == "IN_PROGRESS" && one.failures >= threshold && one.revision != 0)
        {
            self.roll_back(index, now, next);
        }
        if now % 5 == 0 {
            let shown = self.show(now);
            self.shown.push_back(shown);
            if self.shown.len() > KEEP {
                self.shown.pop_front();
            }
        }
    }

    /// The primary is complete once all its tasks are healthy; what was before goes then.
    fn complete(&mut self, now: i64, natures: &[Nature]) {
        let Some(primary) = self.deployments.iter_mut().find(|one| one.primary) else { return };
        let nature = natures.get(primary.revision).copied().unwrap_or(Nature::Good);
        let lasts = !matches!(nature, Nature::Never(kind) if kind != Kind::Alarm);
        let healthy = lasts && primary.tasks.iter().all(|task| now >= task.starts + HEALTHY_AFTER && task.ends.is_none());
        if primary.state == "IN_PROGRESS" && healthy {
            let done = *primary.done_at.get_or_insert(now + 6);
            if now >= done {
                primary.state = "COMPLETED";
                if primary.status == "IN_PROGRESS" {
                    primary.status = "SUCCESSFUL";
                }
            }
        }
        if primary.state == "COMPLETED" {
            let gone = self.deployments.iter().filter(|one| !one.primary).map(|one| told(one, self.revisions.get(one.revision)));
            self.past.extend(gone);
            self.deployments.retain(|one| one.primary);
            for past in &mut self.past {
                if past.status == "ROLLBACK_IN_PROGRESS" {
                    past.status = "ROLLBACK_SUCCESSFUL".to_owned();
                }
            }
        }
    }

    fn roll_back(&mut self, index: usize, now: i64, next: &mut u64) {
        deploy(self, 0, now, next);
        if let Some(bad) = self.deployments.get_mut(index + 1) {
            bad.status = "ROLLBACK_IN_PROGRESS";
            bad.state = "FAILED";
        }
    }

    fn show(&self, now: i64) -> ServiceSeen {
        let at = Timestamp::from_secs(now);
        let mut tasks = Vec::new();
        let mut deployments = Vec::new();
        let mut alarm = "OK";
        for one in &self.deployments {
            let revision = self.revisions.get(one.revision);
            if let Some(Nature::Never(Kind::Alarm)) = revision.map(|revision| revision.nature) {
                alarm = "ALARM";
            }
            if let Some(Nature::Late(Kind::Alarm, seconds)) = revision.map(|revision| revision.nature)
                && one.tasks.iter().any(|task| now >= task.starts + seconds)
            {
                alarm = "ALARM";
            }
            let up = one.tasks.iter().filter(|task| now >= task.starts);
            for task in up.clone() {
                tasks.push(Task {
                    arn: format!("arn:aws:ecs:us-east-1:111122223333:task/main/{}", task.id),
                    revision: revision.map(|revision| revision.arn.clone()),
                    last_status: "RUNNING".into(),
                    desired_status: "RUNNING".into(),
                    health: health(revision, task, now),
                    started_by: Some(one.id.clone()),
                    started: Some(Timestamp::from_secs(task.starts)),
                    ..Task::default()
                });
            }
            deployments.push(Told {
                id: one.id.clone(),
                status: if one.primary { "PRIMARY" } else { "ACTIVE" }.into(),
                revision: revision.map(|revision| revision.arn.clone()),
                desired: self.desired,
                running: u32::try_from(up.count()).unwrap_or(0),
                rollout_state: Some(one.state.into()),
                created: Some(Timestamp::from_secs(one.created)),
                ..Told::default()
            });
        }
        let running = self.primary().map_or(0, |primary| primary.tasks.iter().filter(|task| now >= task.starts).count());
        let room = self.deployments.iter().find(|one| one.primary && one.tasks.iter().any(|task| now < task.starts));
        let no_room =
            room.filter(|one| matches!(self.revisions.get(one.revision).map(|revision| revision.nature), Some(Nature::NoRoom(_))));
        // the placement that fails leaves a stopped task as well, with Fargate
        let events = no_room.map(|_| {
            vec![(at, "(service x) was unable to place a task because no container instance met all of its requirements".to_owned())]
        });
        let newest = self.deployments.iter().map(|one| told(one, self.revisions.get(one.revision)));
        let alarms = if now < self.blind.1 { "INSUFFICIENT_DATA" } else { alarm };
        ServiceSeen {
            at,
            status: "ACTIVE".into(),
            revision: self.runs().map(|revision| revision.arn.clone()).unwrap_or_default(),
            desired: self.desired,
            running: u32::try_from(running).unwrap_or(0),
            pending: self.desired.saturating_sub(u32::try_from(running).unwrap_or(0)),
            controller: None,
            scheduling: Some("REPLICA".into()),
            deployments,
            configuration: self.configuration.clone(),
            service_deployments: Part::Read(newest.chain(self.past.iter().cloned()).collect()),
            tasks: Part::Read(tasks),
            stopped: Part::Read(self.stopped.iter().cloned().collect()),
            events: events.unwrap_or_default(),
            alarms: Part::Read(vec![("cpu".into(), alarms.into())]),
            nats: Part::None,
            prior_active: Part::Read(self.revisions.first().is_some_and(|revision| revision.active)),
        }
    }
}

fn told(one: &Deployment, revision: Option<&Revision>) -> ServiceDeployment {
    ServiceDeployment {
        arn: one.id.clone(),
        status: one.status.to_owned(),
        revision: revision.map(|revision| revision.arn.clone()),
        created: Some(Timestamp::from_secs(one.created)),
        reason: None,
    }
}

fn health(revision: Option<&Revision>, task: &Running, now: i64) -> Health {
    let checked = revision.is_some_and(|revision| revision.request.pointer("/containerDefinitions/0/healthCheck").is_some());
    let fails = matches!(revision.map(|revision| revision.nature), Some(Nature::Never(kind)) if kind != Kind::Alarm);
    if checked && !fails && now >= task.starts + HEALTHY_AFTER { Health::Healthy } else { Health::Unknown }
}

fn stopped(arn: String, kind: Kind, deployment: &str, revision: Option<&Revision>, started: i64, now: i64) -> Task {
    let (code, reason, exit) = match kind {
        Kind::Exit => ("EssentialContainerExited", "Essential container in task exited", Some(1)),
        Kind::Image => ("TaskFailedToStart", "CannotPullContainerError: not found", None),
        Kind::Command => ("ServiceSchedulerInitiated", "Task failed container health checks", Some(127)),
        _ => ("ServiceSchedulerInitiated", "Task failed container health checks", None),
    };
    Task {
        arn,
        revision: revision.map(|revision| revision.arn.clone()),
        last_status: "STOPPED".into(),
        desired_status: "STOPPED".into(),
        started_by: Some(deployment.to_owned()),
        started: Some(Timestamp::from_secs(started)),
        stopping: Some(Timestamp::from_secs(now)),
        stopped: Some(Timestamp::from_secs(now)),
        stop_code: Some(code.into()),
        stopped_reason: Some(reason.into()),
        containers: vec![Container { exit_code: exit, ..Container::default() }],
        ..Task::default()
    }
}

/// A span of the model's seconds.
pub(crate) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
