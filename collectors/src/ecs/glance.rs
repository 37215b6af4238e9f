//! A quick look at a few services between two sweeps: those somebody looks at, those that are changing, those an event
//! names.
//!
//! A sweep of thousands of services takes minutes at a polite rate, and a person who watches one of them should not
//! wait for it. The trap: a sweep that began before the look reports what it saw before it, and would turn the service
//! back to what it was. So what a look saw is kept until every sweep that began earlier has ended, and takes the place
//! of the older reading there. And a sweep that brings home changes only compares with the sweep before and knows nothing of
//! looks, so whoever was looked at is brought home whole by the next sweep that began after the look was recorded.

use std::collections::HashMap;

use domain::Timestamp;
use domain::reading::{ClusterReading, EcsReading, ObservedService, Reading, Seen, Sweep};
use domain::service::{ServiceEvent, Task};
use domain::source::{Fault, Outcome};

use super::cluster::{Both, Visit};
use super::find::Cluster;
use super::{EcsCollector, account_of};
use crate::Collector;
use crate::aws::Depth;
use crate::call::Tally;
use crate::sieve::Rest;

/// What looks saw since the sweep before last, by cluster and service.
#[derive(Debug, Default)]
pub(super) struct Glanced(HashMap<(String, String), (Timestamp, ObservedService, Vec<Task>)>);

impl Glanced {
    fn keep(&mut self, at: Timestamp, reading: &ClusterReading) {
        for observed in &reading.services.items {
            let name = &observed.service.name;
            let tasks = reading.tasks.items.iter().filter(|task| task.service.as_ref() == Some(name)).cloned().collect();
            self.0.insert((reading.name.clone(), name.clone()), (at, observed.clone(), tasks));
        }
    }

    /// Puts what was seen after `started` in the place of what the sweep that began then has read or passed over, and forgets
    /// the rest.
    pub(super) fn freshen(&mut self, started: Timestamp, read: Vec<(ClusterReading, Both<Vec<Rest>>)>) -> Vec<ClusterReading> {
        self.0.retain(|_, (at, ..)| *at >= started);
        read.into_iter().map(|(reading, rest)| self.freshened(reading, rest)).collect()
    }

    fn freshened(&self, mut reading: ClusterReading, mut rest: Both<Vec<Rest>>) -> ClusterReading {
        for ((cluster, service), (_, newer, tasks)) in &self.0 {
            if *cluster != reading.name {
                continue;
            }
            let (services, of) = (&mut reading.services.items, Some(service));
            services.retain(|observed| observed.service.name != *service);
            rest.services.retain(|rest| rest.name != *service);
            services.push(newer.clone());
            reading.tasks.items.retain(|task| task.service.as_ref() != of);
            rest.tasks.retain(|rest| rest.of.as_ref() != of);
            reading.tasks.items.extend(tasks.iter().cloned());
        }
        reading.services.items.sort_by(|a, b| a.service.name.cmp(&b.service.name));
        reading.services.rest = rest.services.into_iter().map(|rest| rest.name).collect();
        reading.tasks.rest = rest.tasks.into_iter().map(|rest| rest.name).collect();
        reading
    }
}

impl EcsCollector {
    /// Reads these services of a cluster and their running tasks: ⌈n/10⌉ DescribeServices, n ListTasks and one
    /// DescribeTasks per hundred tasks. The sweep it makes is of these services alone.
    ///
    /// # Errors
    /// The first fault; a look is whole or not at all, and the next sweep tells more.
    pub async fn glance(&self, cluster: &str, services: &[String]) -> Result<Sweep, Fault> {
        let started = self.environment.clock().now();
        self.memory().doubt(cluster, services, started);
        let tally = Tally::default();
        let connection = self.environment.connection().await?;
        let account = self.environment.account(connection, &tally).await?;
        let cluster = Cluster { name: cluster.to_owned(), arn: String::new() };
        let name = cluster.name.clone();
        let fresh = |service: &str, events: &mut Vec<ServiceEvent>| {
            self.memory().unheard(&name, service, events);
        };
        let visit = Visit {
            connection,
            tally: &tally,
            cluster,
            depth: Depth::Record,
            traced: false,
            fresh: &fresh,
            sieves: None,
            doubted: &|_| false,
        };
        let (mut services, tasks) = futures::try_join!(visit.services_named(services), visit.tasks_of(services))?;
        services.sort_by(|a, b| a.service.name.cmp(&b.service.name));
        let reading = ClusterReading {
            name: visit.cluster.name.clone(),
            services: Seen::partial(services),
            tasks: Seen::partial(tasks.into_iter().filter(|task| !task.has_stopped()).collect()),
            ..ClusterReading::default()
        };
        let finished = self.environment.clock().now();
        // as of when it began: what happened while it was under way is the next one's
        self.glanced().keep(started, &reading);
        let account = account.or_else(|| account_of(&reading)).unwrap_or_default();
        let clusters = Seen::partial(vec![reading]);
        Ok(Sweep {
            source: self.id().clone(),
            started,
            finished,
            calls: tally.calls(),
            outcome: Outcome::Complete,
            reading: Some(Reading::Ecs(EcsReading { account, region: connection.region.clone(), clusters })),
            requests: Vec::new(),
        })
    }

    /// What a look saw of these services is recorded, or will never be: the sweeps that began before now cannot know what the
    /// store has of them.
    pub fn glance_recorded(&self, cluster: &str, services: &[String]) {
        self.memory().doubt(cluster, services, self.environment.clock().now());
    }
}

#[cfg(test)]
mod tests {
    use domain::service::Service;

    use super::*;

    fn reading(running: u32, tasks: &[&str]) -> ClusterReading {
        let service = Service { name: "auth".into(), running, ..Service::default() };
        let other = Service { name: "quest".into(), running: 1, ..Service::default() };
        let task = |arn: &str, service: &str| Task { arn: arn.into(), service: Some(service.into()), ..Task::default() };
        let observed = |service| ObservedService { service, events: Vec::new() };
        let mut all: Vec<Task> = tasks.iter().map(|arn| task(arn, "auth")).collect();
        all.push(task("q1", "quest"));
        ClusterReading {
            name: "main".into(),
            services: Seen::whole(vec![observed(service), observed(other)]),
            tasks: Seen::whole(all),
            ..ClusterReading::default()
        }
    }

    /// How many tasks run of the first service, and every task that is told.
    fn of_auth(readings: &[ClusterReading]) -> (u32, Vec<&str>) {
        let tasks = readings[0].tasks.items.iter().map(|task| task.arn.as_str());
        (readings[0].services.items[0].service.running, tasks.collect())
    }

    #[test]
    fn what_a_sweep_passed_over_and_a_look_saw_later_is_told() {
        let mut glanced = Glanced::default();
        let mut seen = reading(1, &["a2"]);
        seen.services.items.truncate(1);
        glanced.keep(Timestamp::from_secs(50), &seen);
        let mut quiet = reading(2, &[]);
        quiet.services.items.clear();
        quiet.tasks.items.clear();
        let rest = |name: &str, of: &str| Rest { name: name.into(), of: Some(of.into()) };
        let service = |name: &str| Rest { name: name.into(), of: None };
        let passed_over = Both {
            services: vec![service("auth"), service("quest")],
            tasks: vec![rest("a1", "auth"), rest("a2", "auth"), rest("q1", "quest")],
        };
        let told = glanced.freshen(Timestamp::from_secs(10), vec![(quiet, passed_over)]);
        assert_eq!(of_auth(&told), (1, vec!["a2"]));
        assert_eq!((&told[0].services.rest[..], &told[0].tasks.rest[..]), (&["quest".to_owned()][..], &["q1".to_owned()][..]));
    }

    #[test]
    fn a_sweep_that_began_before_a_look_does_not_turn_the_service_back() {
        let mut glanced = Glanced::default();
        let mut seen = reading(1, &["a2"]);
        seen.services.items.truncate(1);
        glanced.keep(Timestamp::from_secs(50), &seen);
        let old = glanced.freshen(Timestamp::from_secs(10), vec![(reading(2, &["a1", "a2"]), Both::default())]);
        assert_eq!(of_auth(&old), (1, vec!["q1", "a2"]));
        assert_eq!(old[0].services.items[1].service.running, 1);
        let newer = glanced.freshen(Timestamp::from_secs(60), vec![(reading(2, &["a1", "a2"]), Both::default())]);
        assert_eq!(of_auth(&newer), (2, vec!["a1", "a2", "q1"]));
        assert!(glanced.0.is_empty());
    }
}
