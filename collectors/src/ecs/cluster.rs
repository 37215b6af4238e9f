//! Reading one cluster: its services, its tasks, its stopped tasks and the revisions not read before.
//!
//! Calls: ⌈N/100⌉ ListServices + ⌈N/10⌉ DescribeServices for N services, and per 100 tasks one ListTasks and one
//! DescribeTasks; tasks are listed for the whole cluster, never service by service. Each of the parts can fail alone:
//! the others are kept and the missing one is named with its reason.

use std::collections::HashSet;

use domain::reading::{ClusterReading, ObservedService, Seen};
use domain::service::{ServiceEvent, Task, TaskDefinition};
use domain::source::{Fault, FaultKind, Shortfall};

use super::find::Cluster;
use super::map;
use super::pages::{batches, pages};
use crate::aws::{Connection, Depth};
use crate::budget::Family;
use crate::call::{Tally, request_id};
use crate::operations::{DESCRIBE_SERVICES, DESCRIBE_TASK_DEFINITION, DESCRIBE_TASKS, LIST_SERVICES, LIST_TASKS};
use crate::sieve::{Rest, Sieve};

use aws_sdk_ecs::types::{DesiredStatus, ServiceField};

/// The most revisions read for the first time in one sweep; the rest follows with the next ones.
const MOST_DEFINITIONS: usize = 100;

/// What was read of one part, and what ended it early.
struct Part<T> {
    items: Vec<T>,
    /// What is as the sweep before had it.
    rest: Vec<Rest>,
    fault: Option<Fault>,
}

impl<T> Part<T> {
    /// Nothing but what is read now.
    fn of(items: Vec<T>, fault: Option<Fault>) -> Self {
        Self { items, rest: Vec::new(), fault }
    }

    fn shortfall(&self, what: &str, cluster: &Cluster) -> Option<Shortfall> {
        let fault = self.fault.clone()?;
        Some(Shortfall { what: format!("{what} of {}", cluster.name), fault })
    }

    /// Nothing was read because of a fault.
    fn nothing(&self) -> bool {
        self.items.is_empty() && self.rest.is_empty() && self.fault.is_some()
    }
}

/// What a sweep brings home from one cluster.
pub(super) struct Harvest {
    /// `None` when neither services nor tasks could be read.
    pub(super) reading: Option<ClusterReading>,
    pub(super) shortfalls: Vec<Shortfall>,
    /// Every stopped task ECS still lists, when that list was read to its end.
    pub(super) still_listed: Option<Vec<String>>,
    /// Revisions that will never be readable.
    pub(super) unreadable: Vec<String>,
    /// Revisions of what runs that were not read this time, those that matter most first.
    pub(super) left: Vec<String>,
    /// Services and tasks that are as the sweep before had them.
    pub(super) rest: Both<Vec<Rest>>,
}

/// One for the services of a cluster, one for its tasks.
#[derive(Debug, Default)]
pub(super) struct Both<T> {
    pub(super) services: T,
    pub(super) tasks: T,
}

/// Which revisions are to be read.
pub(super) struct Wanted<'a> {
    /// Whether somebody has it.
    pub(super) known: &'a (dyn Fn(&str) -> bool + Sync),
    /// Whether no other cluster of this sweep reads it; it is this one's then.
    pub(super) claim: &'a (dyn Fn(&str) -> bool + Sync),
    /// Those that earlier sweeps have left.
    pub(super) left: Vec<String>,
}

/// Revisions that were read, and those that never will be.
struct Read {
    definitions: Vec<TaskDefinition>,
    unreadable: Vec<String>,
}

/// One cluster of one sweep.
pub(super) struct Visit<'a> {
    pub(super) connection: &'a Connection,
    pub(super) tally: &'a Tally,
    pub(super) cluster: Cluster,
    pub(super) depth: Depth,
    /// Whether it is kept which request answered for what: of sweeps that go on record.
    pub(super) traced: bool,
    /// Leaves of a service's events what is worth bringing home. Called as each answer is read, so that a large fleet's
    /// events are never held all at once.
    pub(super) fresh: &'a (dyn Fn(&str, &mut Vec<ServiceEvent>) + Sync),
    /// What keeps from being brought home what is as it was.
    pub(super) sieves: Option<&'a Both<Sieve>>,
    /// Whether this service and its tasks are brought home all the same.
    pub(super) doubted: &'a (dyn Fn(&str) -> bool + Sync),
}

impl Visit<'_> {
    /// Reads the cluster. `unreported` picks the stopped tasks worth describing.
    pub(super) async fn read(&self, unreported: impl Fn(&[String]) -> Vec<String>, wanted: Wanted<'_>) -> Harvest {
        let (services, running, (listed, mut stopped)) = futures::join!(self.services(), self.running(), self.stopped(unreported));
        let mut shortfalls: Vec<Shortfall> = [
            services.shortfall("services", &self.cluster),
            running.shortfall("tasks", &self.cluster),
            stopped.shortfall("stopped tasks", &self.cluster),
        ]
        .into_iter()
        .flatten()
        .collect();
        let still_listed = listed.fault.is_none().then_some(listed.items);
        if services.nothing() && running.nothing() {
            let (left, rest) = (wanted.left, Both::default());
            return Harvest { reading: None, shortfalls, still_listed, unreadable: Vec::new(), left, rest };
        }
        // a task may stop between the list and its description
        let (ended, alive): (Vec<Task>, Vec<Task>) = running.items.into_iter().partition(Task::has_stopped);
        merge(&mut stopped.items, ended);
        let mut observed = services.items;
        observed.sort_by(|a, b| a.service.name.cmp(&b.service.name));
        let revisions = self.revisions(&observed, &alive, &wanted);
        let Read { definitions, unreadable } = self.read_definitions(self.chosen(&revisions, &wanted), &mut shortfalls).await;
        let read: HashSet<&str> = definitions.iter().map(|one| one.arn.as_str()).chain(unreadable.iter().map(String::as_str)).collect();
        let left = revisions.iter().filter(|arn| !read.contains(arn.as_str())).cloned().collect();
        let reading = ClusterReading {
            name: self.cluster.name.clone(),
            arn: self.arn(&alive, &stopped.items, &running.rest),
            services: Seen::all(observed, services.fault.is_none()),
            tasks: Seen::all(alive, running.fault.is_none()),
            stopped: stopped.items,
            definitions,
        };
        let rest = Both { services: services.rest, tasks: running.rest };
        Harvest { reading: Some(reading), shortfalls, still_listed, unreadable, left, rest }
    }

    async fn services(&self) -> Part<ObservedService> {
        let Self { connection, tally, cluster, .. } = self;
        let (arns, listing) = pages(|token| async move {
            let call = || connection.ecs.list_services().cluster(cluster.id()).max_results(100).set_next_token(token.clone()).send();
            let answer = connection.caller.call(LIST_SERVICES, tally, call).await?;
            Ok((answer.service_arns.unwrap_or_default(), answer.next_token))
        })
        .await;
        let sieve = self.sieves.map(|sieves| &sieves.services);
        let (items, describing) = self.describe_services(arns, sieve).await;
        Part { items, rest: sieve.map(Sieve::take_rest).unwrap_or_default(), fault: listing.or(describing) }
    }

    /// These services, by name or ARN. Asked for in the order of their names, so that no two requests answer for one stretch of it.
    async fn describe_services(&self, mut names: Vec<String>, sieve: Option<&Sieve>) -> (Vec<ObservedService>, Option<Fault>) {
        let Self { connection, tally, cluster, depth, traced, fresh, doubted, .. } = self;
        names.sort_by(|one, other| named(one).cmp(named(other)));
        names.dedup();
        batches(names, 10, |ten| async move {
            let call = || {
                let describe = connection.ecs.describe_services().cluster(cluster.id());
                let tags = (*depth == Depth::Record).then(|| vec![ServiceField::Tags]);
                describe.set_include(tags).set_services(Some(ten.clone())).send()
            };
            // `failures` of reason MISSING are services deleted since the list: they are simply gone
            let answer = connection.caller.call(DESCRIBE_SERVICES, tally, call).await?;
            if *traced {
                tally.answered(DESCRIBE_SERVICES, &cluster.name, ten.iter().map(|arn| named(arn)), request_id(&answer));
            }
            let mut services: Vec<_> =
                answer.services.unwrap_or_default().into_iter().filter_map(|service| map::service(service, *depth)).collect();
            services.iter_mut().for_each(|observed: &mut ObservedService| fresh(&observed.service.name, &mut observed.events));
            if let Some(sieve) = sieve {
                services.retain(|ObservedService { service, events }| {
                    let anyway = !events.is_empty() || doubted(&service.name);
                    sieve.carries(&service.name, None, service, anyway)
                });
            }
            Ok(services)
        })
        .await
    }

    /// These services, or the first fault.
    pub(super) async fn services_named(&self, names: &[String]) -> Result<Vec<ObservedService>, Fault> {
        match self.describe_services(names.to_vec(), None).await {
            (items, None) => Ok(items),
            (_, Some(fault)) => Err(fault),
        }
    }

    /// The running tasks of these services, or the first fault. A service that is gone has none: it must not hide the
    /// others, of which an event or a page told just as well.
    pub(super) async fn tasks_of(&self, names: &[String]) -> Result<Vec<Task>, Fault> {
        let mut arns = Vec::new();
        for name in names {
            let listed = self.list_tasks(DesiredStatus::Running, Some(name)).await;
            if let Some(fault) = listed.fault.filter(|fault| fault.kind != FaultKind::NotFound) {
                return Err(fault);
            }
            arns.extend(listed.items);
        }
        match self.describe_tasks(arns, self.traced, None).await {
            (items, None) => Ok(items),
            (_, Some(fault)) => Err(fault),
        }
    }

    async fn running(&self) -> Part<Task> {
        let listed = self.list_tasks(DesiredStatus::Running, None).await;
        let sieve = self.sieves.map(|sieves| &sieves.tasks);
        let (items, describing) = self.describe_tasks(listed.items, self.traced, sieve).await;
        Part { items, rest: sieve.map(Sieve::take_rest).unwrap_or_default(), fault: listed.fault.or(describing) }
    }

    /// What ECS still lists as stopped, and those of them that are finally stopped and were not reported before.
    async fn stopped(&self, unreported: impl Fn(&[String]) -> Vec<String>) -> (Part<String>, Part<Task>) {
        if self.depth != Depth::Record {
            return (Part::of(Vec::new(), None), Part::of(Vec::new(), None));
        }
        let listed = self.list_tasks(DesiredStatus::Stopped, None).await;
        // each is described once and looked back at for a day: what answered for it is no request of the newest sweep
        let (mut items, describing) = self.describe_tasks(unreported(&listed.items), false, None).await;
        // one that is still stopping has no final reason yet; it is described again next time
        items.retain(Task::has_stopped);
        let fault = listed.fault.clone().or(describing);
        (listed, Part::of(items, fault))
    }

    async fn list_tasks(&self, status: DesiredStatus, service: Option<&str>) -> Part<String> {
        let Self { connection, tally, cluster, .. } = self;
        let status = &status;
        let (items, fault) = pages(|token| async move {
            let call = || {
                let list = connection.ecs.list_tasks().cluster(cluster.id()).desired_status(status.clone());
                let list = list.set_service_name(service.map(str::to_owned));
                list.max_results(100).set_next_token(token.clone()).send()
            };
            let answer = connection.caller.call(LIST_TASKS, tally, call).await?;
            Ok((answer.task_arns.unwrap_or_default(), answer.next_token))
        })
        .await;
        Part::of(items, fault)
    }

    /// These tasks, asked for in the order of their ARNs, as services are.
    async fn describe_tasks(&self, mut arns: Vec<String>, traced: bool, sieve: Option<&Sieve>) -> (Vec<Task>, Option<Fault>) {
        let Self { connection, tally, cluster, doubted, .. } = self;
        arns.sort_unstable();
        arns.dedup();
        batches(arns, 100, |hundred| async move {
            let call = || connection.ecs.describe_tasks().cluster(cluster.id()).set_tasks(Some(hundred.clone())).send();
            let answer = connection.caller.call(DESCRIBE_TASKS, tally, call).await?;
            if traced {
                tally.answered(DESCRIBE_TASKS, &cluster.name, hundred.iter().map(String::as_str), request_id(&answer));
            }
            let mut tasks: Vec<Task> = answer.tasks.unwrap_or_default().into_iter().filter_map(map::task).collect();
            if let Some(sieve) = sieve {
                tasks.retain(|task| {
                    let of = task.service.as_deref();
                    sieve.carries(&task.arn, of, task, task.has_stopped() || of.is_some_and(doubted))
                });
            }
            Ok(tasks)
        })
        .await
    }

    /// Revisions that nobody has, each once, those of running services first.
    fn revisions(&self, services: &[ObservedService], tasks: &[Task], wanted: &Wanted<'_>) -> Vec<String> {
        if self.depth != Depth::Record {
            return Vec::new();
        }
        let (busy, idle): (Vec<_>, Vec<_>) = services.iter().map(|observed| &observed.service).partition(|service| service.running > 0);
        let current = busy.iter().filter_map(|service| service.revision.as_ref());
        let deployed = busy.iter().flat_map(|service| &service.deployments).filter_map(|deployment| deployment.revision.as_ref());
        let running = tasks.iter().filter_map(|task| task.revision.as_ref());
        let rest = idle.iter().filter_map(|service| service.revision.as_ref());
        let mut once = HashSet::new();
        let all = current.chain(deployed).chain(running).chain(&wanted.left).chain(rest);
        all.filter(|arn| !(wanted.known)(arn) && once.insert(arn.as_str())).cloned().collect()
    }

    /// Of these the first that no other cluster reads, no more than can be read without waiting.
    fn chosen(&self, revisions: &[String], wanted: &Wanted<'_>) -> Vec<String> {
        let limit = self.connection.caller.ready(Family::EcsDefinitions).clamp(1, MOST_DEFINITIONS);
        // claimed only as far as they are taken: the rest is left for the next sweep
        revisions.iter().filter(|arn| (wanted.claim)(arn)).take(limit).cloned().collect()
    }

    async fn read_definitions(&self, wanted: Vec<String>, shortfalls: &mut Vec<Shortfall>) -> Read {
        let Self { connection, tally, traced, .. } = self;
        let (answers, fault) = batches(wanted, 1, |arns| async move {
            let Some(arn) = arns.into_iter().next() else { return Ok(Vec::new()) };
            let call = || connection.ecs.describe_task_definition().task_definition(&arn).send();
            match connection.caller.call(DESCRIBE_TASK_DEFINITION, tally, call).await {
                Ok(answer) => {
                    if *traced {
                        // a revision is of no cluster
                        tally.answered(DESCRIBE_TASK_DEFINITION, "", std::iter::once(arn.as_str()), request_id(&answer));
                    }
                    Ok(vec![(answer.task_definition.and_then(map::definition), arn)])
                }
                // ECS answers ClientException for a revision that was deleted
                Err(fault) if fault.message.starts_with("ClientException") => Ok(vec![(None, arn)]),
                Err(fault) => Err(fault),
            }
        })
        .await;
        if let Some(fault) = fault {
            shortfalls.push(Shortfall { what: format!("task definitions of {}", self.cluster.name), fault });
        }
        let (read, unreadable): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(definition, _)| definition.is_some());
        Read {
            definitions: read.into_iter().filter_map(|(definition, _)| definition).collect(),
            unreadable: unreadable.into_iter().map(|(_, arn)| arn).collect(),
        }
    }

    /// The cluster's ARN; from a task's where DescribeClusters could not be asked.
    fn arn(&self, tasks: &[Task], stopped: &[Task], rest: &[Rest]) -> String {
        if !self.cluster.arn.is_empty() {
            return self.cluster.arn.clone();
        }
        let mut arns = tasks.iter().chain(stopped).map(|task| task.arn.as_str()).chain(rest.iter().map(|rest| rest.name.as_str()));
        let task = arns.find_map(|arn| arn.split_once(":task/"));
        task.map(|(prefix, _)| format!("{prefix}:cluster/{}", self.cluster.name)).unwrap_or_default()
    }
}

impl Cluster {
    fn id(&self) -> &str {
        if self.arn.is_empty() { &self.name } else { &self.arn }
    }
}

/// The name at the end of an ARN; whatever is none is a name.
fn named(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Adds `ended` to `stopped`, each task once.
fn merge(stopped: &mut Vec<Task>, ended: Vec<Task>) {
    for task in ended {
        if !stopped.iter().any(|known| known.arn == task.arn) {
            stopped.push(task);
        }
    }
}
