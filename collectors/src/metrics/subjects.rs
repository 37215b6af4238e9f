//! Which services are to be measured, as the readings of ECS tell it.
//!
//! Separate because a reading tells changes only: what is neither told nor named is gone, but of a list that was cut short
//! nothing is.

use std::collections::{BTreeMap, HashSet};

use domain::Timestamp;
use domain::reading::{ClusterReading, EcsReading};
use domain::service::Service;

/// A service to be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    /// Its cluster.
    pub(super) cluster: String,
    /// Its name.
    pub(super) service: String,
    /// ARNs of its target groups.
    pub(super) target_groups: Vec<String>,
    /// When it was created: before that there is nothing to ask for.
    pub(super) created: Option<Timestamp>,
}

/// The services to be measured, by cluster and name.
#[derive(Debug, Default)]
pub(super) struct Subjects(BTreeMap<(String, String), Subject>);

impl Subjects {
    /// Takes over what a reading of ECS tells.
    pub(super) fn learn(&mut self, reading: &EcsReading) {
        if reading.clusters.whole {
            let clusters: HashSet<&str> = reading.clusters.items.iter().map(|cluster| cluster.name.as_str()).collect();
            self.0.retain(|(cluster, _), _| clusters.contains(cluster.as_str()));
        }
        reading.clusters.items.iter().for_each(|cluster| self.learn_cluster(cluster));
    }

    fn learn_cluster(&mut self, cluster: &ClusterReading) {
        if cluster.services.whole {
            let told = cluster.services.items.iter().map(|observed| observed.service.name.as_str());
            let there: HashSet<&str> = told.chain(cluster.services.rest.iter().map(String::as_str)).collect();
            self.0.retain(|(of, service), _| *of != cluster.name || there.contains(service.as_str()));
        }
        for service in cluster.services.items.iter().map(|observed| &observed.service) {
            let key = (cluster.name.clone(), service.name.clone());
            match subject(&cluster.name, service) {
                Some(subject) => drop(self.0.insert(key, subject)),
                None => drop(self.0.remove(&key)),
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// In the order of cluster and name.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Subject> {
        self.0.values()
    }
}

/// What is measured of a service; nothing where no task is wanted, for then there is no metric.
fn subject(cluster: &str, service: &Service) -> Option<Subject> {
    (service.desired > 0).then(|| Subject {
        cluster: cluster.to_owned(),
        service: service.name.clone(),
        target_groups: service.target_groups.clone(),
        created: service.created,
    })
}

#[cfg(test)]
mod tests {
    use domain::reading::{ObservedService, Seen};

    use super::*;

    fn told(services: &[(&str, u32)], rest: &[&str], whole: bool) -> EcsReading {
        let service = |name: &str, desired| Service { name: name.into(), desired, ..Service::default() };
        let observed = |(name, desired): &(&str, u32)| ObservedService { service: service(name, *desired), events: Vec::new() };
        let rest = rest.iter().map(ToString::to_string).collect();
        let services = Seen { items: services.iter().map(observed).collect(), rest, whole };
        let cluster = ClusterReading { name: "main".into(), services, ..ClusterReading::default() };
        EcsReading { clusters: Seen::whole(vec![cluster]), ..EcsReading::default() }
    }

    fn after(readings: &[EcsReading]) -> Vec<String> {
        let mut subjects = Subjects::default();
        readings.iter().for_each(|reading| subjects.learn(reading));
        subjects.iter().map(|subject| subject.service.clone()).collect()
    }

    #[test]
    fn what_is_neither_told_nor_named_is_gone_unless_the_list_was_cut_short() {
        let all = told(&[("auth", 2), ("quest", 1), ("off", 0)], &[], true);
        assert_eq!(after(std::slice::from_ref(&all)), ["auth", "quest"], "what wants no task has no metric");
        assert_eq!(after(&[all.clone(), told(&[("off", 1)], &["auth"], true)]), ["auth", "off"]);
        assert_eq!(after(&[all.clone(), told(&[("auth", 0)], &[], false)]), ["quest"]);
        assert_eq!(after(&[all.clone(), EcsReading { clusters: Seen::whole(vec![]), ..EcsReading::default() }]), [""; 0]);
        assert_eq!(after(&[all, EcsReading { clusters: Seen::partial(vec![]), ..EcsReading::default() }]), ["auth", "quest"]);
    }
}
