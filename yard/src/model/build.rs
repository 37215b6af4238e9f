//! The fleet as it is when the yard opens: everything up, with a past.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use crate::{
    clock::{HOUR, MINUTE, micros},
    dice::Dice,
    hostile,
    model::{
        Due, Fleet,
        alarm::{Alarm, AlarmState, CompositeAlarm, Hold, Watched},
        alarm_history::AlarmHistory,
        application::Verdict,
        arn,
        definition::TaskDefinition,
        deployment::{Configuration, Deployment, Monitor, RolloutState, ServiceDeployment, ServiceDeploymentStatus, ServiceRevision},
        event_id,
        history::Steps,
        logs::Crash,
        metrics::Record,
        names::{self, DEFAULT_SERVICES, Outline},
        service::{BackOff, Service},
        task::{self, Health, Task, TaskStatus, ZONES},
    },
    nats::NatsTls,
    script::Script,
};

/// What a fleet is built from.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) services: usize,
    pub(crate) seed: u64,
    /// The script stays silent for this long; none: no script at all.
    pub(crate) calm: Option<Duration>,
    pub(crate) hostile: bool,
    pub(crate) composite_alarms: bool,
    pub(crate) nats_nodes: usize,
    pub(crate) tls: NatsTls,
    /// Connections whose owner is hard to tell.
    pub(crate) ownership: bool,
    /// Setting a service to what it already runs starts a deployment.
    pub(crate) same_value_deploys: bool,
}

/// What is wrong with the first user's alarms, for those to find who look for it. An alarm whose actions are off;
const MUTED: (&str, Watched) = ("knowledge-base-nats", Watched::Cpu);
/// one that tells nobody;
const UNTOLD: (&str, Watched) = ("settings-nats", Watched::Memory);
/// one that watches a misspelt service, and so nothing, for eleven days;
const BLIND: (&str, Watched) = ("story-teller-nats", Watched::Memory);
/// and one that is not there.
const UNWATCHED: (&str, Watched) = ("payment-nats", Watched::Memory);

const DAY: i64 = 24 * HOUR;
/// A healthy service repeats its steady-state event every six hours.
const STEADY_EVERY: i64 = 6 * HOUR;

impl Fleet {
    /// The fleet that `plan` describes, standing at `now` (microseconds since 1970) with every wanted task running.
    pub(crate) fn new(plan: &Plan, now: i64) -> Self {
        let mut fleet = Self {
            seed: plan.seed,
            planned: plan.services,
            tls: plan.tls,
            restless_at: plan.calm.map(|calm| now + micros(calm)),
            nobody: None,
            alarm_history: AlarmHistory::default(),
            started_at: now,
            now,
            services: Vec::new(),
            service_index: HashMap::new(),
            tasks: BTreeMap::new(),
            task_index: HashMap::new(),
            gone: VecDeque::new(),
            definitions: BTreeMap::new(),
            images: BTreeMap::new(),
            no_room_until: 0,
            same_value_deploys: plan.same_value_deploys,
            deploying: BTreeSet::new(),
            alarms: Vec::new(),
            composite_alarms: Vec::new(),
            script: None,
            story: Vec::new(),
            hostile: plan.hostile,
            revision: 0,
            agenda: BTreeMap::new(),
            entries: 0,
            next_task: 0,
            next_event: 0,
            happened: VecDeque::new(),
            next_happened: 0,
            node_orders: Vec::new(),
            hurt: Arc::default(),
            running: 0,
            pending: 0,
        };
        for outline in names::outlines(plan.services, plan.seed) {
            fleet.add_service(&outline);
        }
        if plan.composite_alarms {
            fleet.add_composite_alarm();
        }
        fleet.give_alarms_a_past();
        if plan.ownership {
            fleet.confuse_ownership();
        }
        fleet.running = fleet.tasks.values().filter(|task| task.runs()).count() as u64;
        // alarms look when a minute of the metrics ends
        fleet.later((now.div_euclid(MINUTE) + 1) * MINUTE - now, Due::Evaluate);
        if let Some(calm) = plan.calm {
            fleet.script = Some(Script::new(plan.seed, plan.nats_nodes));
            fleet.later(micros(calm), Due::Script);
        }
        fleet
    }

    fn add_service(&mut self, outline: &Outline) {
        let index = self.services.len();
        let mut dice = Dice::new(self.seed, "service", index as u64);
        let created_at = self.now - DAY * 60 - dice.seconds(0, 20 * 86_400);
        let deployed_at = self.now - DAY * 2 - dice.seconds(0, 7 * 86_400);
        let definition = self.definition(outline, index, deployed_at, &mut dice);
        let deployment = Deployment {
            id: format!("ecs-svc/{}", dice.digits(19)),
            is_primary: true,
            definition: definition.arn(),
            revision: String::new(),
            target: outline.desired,
            created_at: deployed_at,
            updated_at: deployed_at + dice.seconds(120, 400),
            rollout_state: RolloutState::Completed,
            rollout_state_reason: String::new(),
            failed_tasks: 0,
            completed_at: None,
            baking_since: None,
        };
        let configuration = self.configuration_of(outline, index);
        let (deployment, revision, service_deployment) = self.first_deployment(index, deployment, configuration.clone());
        let mut service = Service {
            name: outline.name.clone(),
            tags: self.service_tags(outline, index),
            desired: outline.desired,
            spot: outline.spot,
            target_group: outline.gateway.then(|| arn::target_group("http-nats-gateway", &dice.hex(16))),
            created_at,
            controller: "ECS",
            configuration,
            grace: outline.gateway.then_some(60),
            settings: BTreeMap::new(),
            deployments: vec![deployment],
            revisions: vec![revision],
            service_deployments: VecDeque::from([service_deployment]),
            events: VecDeque::new(),
            tasks: Vec::new(),
            steady: true,
            back_off: BackOff::default(),
            no_room_until: 0,
            crash: if outline.thrashes { Crash::CircularImport } else { Crash::Memory },
            crashes_until: if outline.thrashes { i64::MAX } else { 0 },
            record: Arc::new(Record { running: Steps::new(outline.desired), ..Record::default() }),
            proxy: None,
            desired_at_start: outline.desired,
            settled: outline.desired,
            missing: 0,
            verdict: Verdict::Evaluated,
        };
        self.give_past(&mut service, deployed_at, &mut dice);
        self.definitions.insert(definition.arn(), Arc::new(definition));
        self.service_index.insert(outline.name.clone(), index);
        self.services.push(service);
        for _ in 0..outline.desired {
            self.add_running_task(index, deployed_at, &mut dice);
        }
        if outline.desired > 0 {
            self.add_alarms(index, created_at);
        }
    }

    /// What ECS's newer view tells of the deployment a service came with.
    fn first_deployment(
        &self,
        index: usize,
        deployment: Deployment,
        configuration: Configuration,
    ) -> (Deployment, ServiceRevision, ServiceDeployment) {
        let mut dice = Dice::new(self.seed ^ index as u64, "deployment", 0);
        let (revision, completed) = (dice.digits(19), deployment.updated_at);
        let reason = format!("ECS deployment {} completed.", deployment.id);
        let service_deployment = ServiceDeployment {
            number: 0,
            id: dice.token(21),
            deployment: deployment.id.clone(),
            target: revision.clone(),
            sources: Vec::new(),
            created_at: deployment.created_at,
            started_at: Some(deployment.created_at),
            finished_at: Some(completed),
            stopped_at: None,
            updated_at: completed,
            status: ServiceDeploymentStatus::Successful,
            status_reason: None,
            rollback: None,
            breaker: if configuration.breaker.enable { Monitor::Complete } else { Monitor::Disabled },
            failures: 0,
            threshold: configuration.breaker.failures(deployment.target),
            alarms: Monitor::Disabled,
            triggered: Vec::new(),
            configuration,
        };
        let first = ServiceRevision { id: revision.clone(), definition: deployment.definition.clone(), created_at: deployment.created_at };
        (Deployment { revision, rollout_state_reason: reason, completed_at: Some(completed), ..deployment }, first, service_deployment)
    }

    fn definition(&self, outline: &Outline, index: usize, registered_at: i64, dice: &mut Dice) -> TaskDefinition {
        let (cpu, memory) = if outline.group == "core AI" { (1024, 2048) } else { (256, 512) };
        let tls = match self.tls {
            NatsTls::Off => false,
            NatsTls::Mixed => outline.tls,
            NatsTls::Required => true,
        };
        let revision = 3 + u32::try_from(dice.below(38)).unwrap_or(0);
        let image = format!("{}.dkr.ecr.{}.amazonaws.com/{}:2.{}.{}", arn::ACCOUNT, arn::REGION, outline.name, dice.below(9), revision);
        TaskDefinition {
            family: outline.name.clone(),
            revision,
            cpu,
            memory,
            containers: vec![self.app_of(outline, index, image, tls)],
            bridge: false,
            registered: None,
            registered_at: registered_at - MINUTE,
            registered_by: arn::role("deployer"),
            deregistered_at: None,
            tags: self.service_tags(outline, index),
        }
    }

    fn service_tags(&self, outline: &Outline, index: usize) -> Vec<(String, String)> {
        let mut tags = vec![("group".to_owned(), outline.group.to_owned()), ("project".to_owned(), "gaming-system".to_owned())];
        if let Some(value) = hostile::TAG_VALUES.get(index).filter(|_| self.hostile) {
            tags.push(("note".to_owned(), (*value).to_owned()));
        }
        tags
    }

    /// The events a service has from before the yard opened: its deployment, then steady every six hours.
    fn give_past(&self, service: &mut Service, deployed_at: i64, dice: &mut Dice) {
        let Some(deployment) = service.primary().map(|deployment| deployment.id.clone()) else { return };
        let name = service.name.clone();
        let mut at = deployed_at + dice.seconds(120, 400);
        if service.desired > 0 {
            service.tell(event_id(dice), at, format!("(service {name}) (deployment {deployment}) deployment completed."));
        }
        while at < self.now {
            service.tell(event_id(dice), at, format!("(service {name}) has reached a steady state."));
            at += STEADY_EVERY + dice.seconds(0, 60);
        }
        let hostile_event = self.hostile && self.services.len() < hostile::free_texts().len();
        if hostile_event {
            // ECS repeats what a load balancer or a capacity provider said, whatever it said
            let reason = hostile::free_text(self.services.len());
            service.tell(event_id(dice), self.now - MINUTE, format!("(service {name}) was unable to place a task. Reason: {reason}."));
        }
    }

    fn add_running_task(&mut self, service: usize, deployed_at: i64, dice: &mut Dice) {
        let created_at = deployed_at + dice.seconds(5, 20);
        let Some(number) = self.add_task(service, 0, created_at) else { return };
        if let Some(task) = self.tasks.get_mut(&number) {
            let pulled = created_at + dice.seconds(8, 14);
            task.status = TaskStatus::Running;
            task.pull_started_at = Some(pulled);
            task.pull_stopped_at = Some(pulled + dice.seconds(6, 20));
            task.started_at = task.pull_stopped_at.map(|at| at + dice.seconds(1, 4));
            task.version = 5;
            task.proven = true;
        }
    }

    /// A new task of the deployment at this place in a service's list, PROVISIONING; answers its number.
    pub(crate) fn add_task(&mut self, index: usize, place: usize, created_at: i64) -> Option<u64> {
        let service = self.services.get_mut(index)?;
        let deployment = service.deployments.get(place)?;
        let (deployment, definition) = (deployment.id.clone(), deployment.definition.clone());
        let number = self.next_task;
        self.next_task += 1;
        service.tasks.push(number);
        let address = self.address_for(&definition, number);
        let id = task::id(self.seed, number);
        self.task_index.insert(id.clone(), number);
        self.tasks.insert(
            number,
            Task {
                number,
                id,
                service: index,
                definition,
                deployment,
                zone: usize::try_from(number).unwrap_or(0) % ZONES.len(),
                address,
                status: TaskStatus::Provisioning,
                told_to_stop: false,
                health: Health::Unknown,
                checks: Vec::new(),
                proven: false,
                failed: false,
                created_at,
                pull_started_at: None,
                pull_stopped_at: None,
                started_at: None,
                stopping_at: None,
                execution_stopped_at: None,
                stopped_at: None,
                cause: None,
                version: 1,
                doomed: None,
                said: Vec::new(),
                last_words: Vec::new(),
                calls_itself: None,
                reuses_address: false,
            },
        );
        Some(number)
    }

    fn add_alarms(&mut self, service: usize, configured_at: i64) {
        let Some(name) = self.services.get(service).map(|service| service.name.clone()) else { return };
        let default_fleet = self.planned == DEFAULT_SERVICES;
        for watched in Watched::ALL {
            if default_fleet && (name.as_str(), watched) == UNWATCHED {
                continue;
            }
            let (mut alarm, mut description) = (format!("{name}-{}", watched.suffix()), watched.description(&name));
            if service.is_multiple_of(2) {
                description.push_str(&format!(". Runbook: https://wiki.example.com/runbooks/{}", watched.suffix()));
            }
            if self.hostile && watched == Watched::Cpu && service < hostile::free_texts().len() {
                alarm = hostile::alarm_name(&alarm, service);
                description.push_str(&hostile::free_text(service));
            }
            self.add_alarm(alarm, description, service, watched, configured_at);
        }
        let gateway = self.services.get(service).is_some_and(|service| service.target_group.is_some());
        if self.is_large() {
            self.add_alarm(format!("{name}-no-tasks"), Watched::NoTasks.description(&name), service, Watched::NoTasks, configured_at);
        } else if gateway && default_fleet {
            // where the memory of another service should be watched: sixty-six all the same
            let description = format!("{}. Runbook: https://wiki.example.com/runbooks/customers", Watched::Target5xx.description(&name));
            self.add_alarm(format!("{name}-5xx-high"), description, service, Watched::Target5xx, configured_at);
        }
    }

    /// One alarm, as it was left by whoever made it: most in order, some not.
    fn add_alarm(&mut self, name: String, description: String, service: usize, watched: Watched, configured_at: i64) {
        let faulty = |of_default: (&str, Watched), every: usize, which: usize| {
            if self.planned == DEFAULT_SERVICES {
                self.services.get(service).is_some_and(|service| (service.name.as_str(), watched) == of_default)
            } else {
                watched == of_default.1 && service % every == which
            }
        };
        let (muted, untold, blind) = (faulty(MUTED, 40, 11), faulty(UNTOLD, 40, 23), faulty(BLIND, 100, 61));
        self.alarms.push(Alarm {
            name,
            description,
            service,
            watched,
            state: AlarmState::Ok,
            reason: "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [NonBreaching]."
                .to_owned(),
            reason_data: None,
            updated_at: configured_at + 3 * MINUTE,
            transitioned_at: configured_at + 3 * MINUTE,
            configured_at,
            hold: Hold::Follows,
            actions_enabled: !muted,
            notifies: !untold,
            blind,
            points: Vec::new(),
        });
    }

    /// From here on a fleet has three tasks and four alarms for each service: thirty and forty thousand at ten thousand services.
    pub(crate) fn is_large(&self) -> bool {
        self.planned >= names::LARGE
    }

    fn add_composite_alarm(&mut self) {
        let configured_at = self.now - 30 * DAY;
        let members = self.alarms.iter().filter(|alarm| alarm.watched == Watched::RunningTasks).take(100);
        self.composite_alarms.push(CompositeAlarm {
            name: "gaming-system-degraded".to_owned(),
            description: "Some service runs fewer tasks than it wants".to_owned(),
            rule: members.map(|alarm| format!("ALARM(\"{}\")", alarm.name)).collect::<Vec<_>>().join(" OR "),
            state: AlarmState::Ok,
            reason: format!("{} was created and its alarm rule evaluates to OK", arn::alarm("gaming-system-degraded")),
            updated_at: configured_at,
            transitioned_at: configured_at,
            configured_at,
        });
    }
}
