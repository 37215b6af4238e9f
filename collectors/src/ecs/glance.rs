//! A quick look at a few services between two sweeps: those somebody looks at, those that are changing, those an event
//! names.
//!
//! A sweep of thousands of services takes minutes at a polite rate, and a person who watches one of them should not
//! wait for it. The trap: a sweep that began before the look reports what it saw before it, and would turn the service
//! back to what it was. So what a look saw is kept until every sweep that began earlier has ended, and takes the place
//! of the older reading there.

use std::collections::HashMap;

use domain::Timestamp;
use domain::reading::{ClusterReading, EcsReading, ObservedService, Reading, Seen, Sweep};
use domain::service::{ServiceEvent, Task};
use domain::source::{Fault, Outcome};

use super::cluster::Visit;
use super::find::Cluster;
use super::{EcsCollector, account_of};
use crate::Collector;
use crate::aws::Depth;
use crate::call::Tally;

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

    /// Puts what was seen after `started` in the place of what the sweep that began then has read, and forgets the rest.
    pub(super) fn freshen(&mut self, started: Timestamp, readings: &mut [ClusterReading]) {
        self.0.retain(|_, (at, ..)| *at >= started);
        for reading in readings {
            for observed in &mut reading.services.items {
                let key = (reading.name.clone(), observed.service.name.clone());
                let Some((_, newer, tasks)) = self.0.get(&key) else { continue };
                *observed = newer.clone();
                reading.tasks.items.retain(|task| task.service.as_ref() != Some(&key.1));
                reading.tasks.items.extend(tasks.iter().cloned());
            }
        }
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
        let tally = Tally::default();
        let connection = self.environment.connection().await?;
        let account = self.environment.account(connection, &tally).await?;
        let cluster = Cluster { name: cluster.to_owned(), arn: String::new() };
        let name = cluster.name.clone();
        let fresh = |service: &str, events: &mut Vec<ServiceEvent>| {
            self.memory().unheard(&name, service, events);
        };
        let visit = Visit { connection, tally: &tally, cluster, depth: Depth::Record, traced: false, fresh: &fresh };
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

    #[test]
    fn a_sweep_that_began_before_a_look_does_not_turn_the_service_back() {
        let mut glanced = Glanced::default();
        let mut seen = reading(1, &["a2"]);
        seen.services.items.truncate(1);
        glanced.keep(Timestamp::from_secs(50), &seen);
        let mut old = [reading(2, &["a1", "a2"])];
        glanced.freshen(Timestamp::from_secs(10), &mut old);
        assert_eq!(old[0].services.items[0].service.running, 1);
        let arns: Vec<&str> = old[0].tasks.items.iter().map(|task| task.arn.as_str()).collect();
        assert_eq!(arns, ["q1", "a2"]);
        assert_eq!(old[0].services.items[1].service.running, 1);
        let mut newer = [reading(2, &["a1", "a2"])];
        glanced.freshen(Timestamp::from_secs(60), &mut newer);
        assert_eq!(newer[0].services.items[0].service.running, 2);
        assert!(glanced.0.is_empty());
    }
}
