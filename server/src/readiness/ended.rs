//! NATS connections that ended, and whose they were: how often a service had to come in again, and what came in without TLS.
//!
//! Separate because the owner of a connection that is gone is not kept: it is worked out again from the tasks that lived then, by
//! the rule that holds for open ones ([`owner_of`]). The trap is a connection that ended during its handshake: it looks like one
//! without TLS, so only one that was seen to stand so counts.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use domain::nats::Node;
use domain::owner::{Register, owner_of};
use domain::service::ServiceKey;

use super::Place;
use crate::store::{Ended, FleetFacts};

/// Of one service, within a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Connections that ended while their task went on.
    pub(super) reconnects: u64,
    /// Connections without TLS that ended.
    pub(super) plaintext: u64,
}

pub(super) fn tally(facts: &FleetFacts, places: &[Place<'_>], same_time: bool) -> HashMap<ServiceKey, Tally> {
    let mut all: HashMap<ServiceKey, Tally> = HashMap::new();
    if facts.ended.is_empty() {
        return all;
    }
    let running: HashSet<&str> = facts.lives.iter().filter(|life| life.stopped.is_none()).map(|life| life.id.as_str()).collect();
    for place in places {
        let register = register(facts, place);
        let poll = place.health.patience() / 3;
        for ended in facts.ended.iter().filter(|ended| ended.source == place.id) {
            let owned = owner_of(&ended.connection, &register, same_time);
            let Some(owner) = owned.owner else { continue };
            let tally = all.entry(owner).or_default();
            tally.reconnects += u64::from(owned.task.is_some_and(|task| running.contains(task.as_str())));
            tally.plaintext += u64::from(was_plain(ended, facts, poll));
        }
    }
    all
}

/// Seen without TLS for longer than a handshake may take. Reckoned by our own clock: it was last seen a poll before it was missed.
fn was_plain(ended: &Ended, facts: &FleetFacts, poll: Duration) -> bool {
    let nodes = facts.nodes.get(&ended.source).into_iter().flatten();
    let node = nodes.map(|of| &of.node).find(|node| node.id == ended.connection.node);
    let patience = node.map_or_else(|| Node::default().plaintext_after(), Node::plaintext_after);
    ended.connection.tls.is_none() && ended.to.since(ended.from) > poll + patience
}

/// Who could own a connection of this NATS cluster.
fn register(facts: &FleetFacts, place: &Place<'_>) -> Register {
    let served = |key: &ServiceKey| place.serves(&key.environment);
    let services = facts.services.iter().map(|standing| &standing.key).filter(|key| served(key)).cloned();
    Register::new(services, facts.lives.iter().filter(|life| served(&life.service)).cloned())
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use domain::nats::Connection;
    use domain::owner::TaskLife;
    use domain::source::{SourceHealth, SourceId, SourceKind};

    use super::*;
    use crate::store::Standing;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_000_000 + seconds)
    }

    fn ended(address: &str, tls: bool, from: i64, to: i64) -> Ended {
        let tls = tls.then(|| "1.3".to_owned());
        let connection = Connection { address: address.into(), started: Some(at(from)), tls, ..Connection::default() };
        Ended { source: "nats:main".into(), connection, from: at(from), to: at(to) }
    }

    #[test]
    fn what_ended_is_told_by_whose_it_was() {
        let key = ServiceKey { environment: "p".into(), cluster: "c".into(), service: "auth".into() };
        let life = |id: &str, address: &str, created, stopped: Option<i64>| TaskLife {
            service: key.clone(),
            id: id.into(),
            address: Some(address.into()),
            created: Some(at(created)),
            stopped: stopped.map(at),
        };
        let mut facts = FleetFacts {
            services: vec![Standing { key: key.clone(), service: domain::service::Service::default(), since: at(-900) }],
            lives: vec![life("t1", "10.0.0.1", -500, None), life("t0", "10.0.0.9", -900, Some(50))],
            ended: vec![
                ended("10.0.0.1", true, 0, 100),
                ended("10.0.0.1", false, 0, 100),
                ended("10.0.0.1", false, 90, 105),
                ended("10.0.0.9", false, 0, 60),
                ended("192.168.0.1", false, 0, 100),
            ],
            ..FleetFacts::default()
        };
        let health = SourceHealth::untried(SourceId::new(SourceKind::Nats, "main"), Duration::from_secs(15));
        let elsewhere = ["another".to_owned()];
        let here = [Place { id: "nats:main".into(), health: &health, environments: &[] }];
        let there = [Place { id: "nats:main".into(), health: &health, environments: &elsewhere }];
        assert_eq!(tally(&facts, &here, true), HashMap::from([(key, Tally { reconnects: 3, plaintext: 2 })]));
        assert_eq!(tally(&facts, &there, true), HashMap::new(), "it serves another environment");
        facts.ended.clear();
        assert_eq!(tally(&facts, &here, true), HashMap::new());
    }
}
