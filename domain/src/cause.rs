//! Alarms that have one cause, told once.
//!
//! When a node dies at night, twenty alarms go on within minutes; twenty lines hide what happened. So alarms that went on
//! together and share something are one line with a count. Looked for in this order, the rarer the stronger: a NATS node
//! that fell silent, a zone in which alone tasks fail, a target group, a service; and where nothing is shared but the time,
//! at least that. The trap: a cause is a guess. It is worded as what is shared, never as why.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::Timestamp;
use crate::service::ServiceKey;

/// Alarms that went on within this time went on together: two evaluations of five minutes, CloudWatch's usual longest.
pub const WINDOW: Duration = Duration::from_secs(10 * 60);
/// How many services with nothing in common but the time make one line. Fewer can still be read one by one.
pub const STORM: usize = 5;

/// An alarm that is on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct On {
    /// Its environment.
    pub environment: String,
    /// Its name.
    pub name: String,
    /// Cluster and service it watches.
    pub service: Option<(String, String)>,
    /// Target group it watches.
    pub target: Option<String>,
    /// Alarms it is made of, where it is a composite alarm.
    pub children: Vec<String>,
    /// Since when.
    pub since: Option<Timestamp>,
}

impl On {
    fn key(&self) -> Option<ServiceKey> {
        let (cluster, service) = self.service.clone()?;
        Some(ServiceKey { environment: self.environment.clone(), cluster, service })
    }
}

/// What else is known of the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// NATS nodes that do not answer: cluster, node, since when.
    pub silent: Vec<(String, String, Timestamp)>,
    /// Zones in which tasks of a service failed lately.
    pub zones: BTreeMap<ServiceKey, BTreeSet<String>>,
}

/// What alarms share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// They went on about when this node of this NATS cluster fell silent.
    Node {
        /// NATS cluster.
        cluster: String,
        /// Node.
        node: String,
    },
    /// Tasks of their services failed lately in this zone and in no other.
    Zone {
        /// The zone.
        zone: String,
    },
    /// They watch this target group.
    TargetGroup {
        /// Environment.
        environment: String,
        /// `targetgroup/NAME/ID`
        target: String,
    },
    /// They watch this service.
    Service {
        /// The service.
        key: ServiceKey,
    },
    /// They went on together; nothing else is known to be shared.
    Time,
    /// Nothing: one alarm that watches no service.
    Alone {
        /// Environment.
        environment: String,
        /// The alarm.
        name: String,
    },
}

/// Alarms with what they share, as positions in what was given; composite alarms come after what they are made of.
pub fn groups(alarms: &[On], around: &Around) -> Vec<(Cause, Vec<usize>)> {
    let mut left: BTreeSet<usize> = (0..alarms.len()).collect();
    let parents = take_parents(alarms, &mut left);
    let mut found = Vec::new();
    for (cluster, node, fell) in &around.silent {
        let from = fell.minus(Duration::from_secs(60));
        let near = |at: Timestamp| at >= from && at.since(*fell) <= WINDOW;
        let together = left.iter().copied().filter(|at| alarms[*at].since.is_some_and(near)).collect();
        take(alarms, &mut left, together, Cause::Node { cluster: cluster.clone(), node: node.clone() }, &mut found);
    }
    for zone in around.zones.values().filter(|zones| zones.len() == 1).flatten().collect::<BTreeSet<_>>() {
        let only_here = |at: &usize| {
            let zones = alarms[*at].key().and_then(|key| around.zones.get(&key));
            zones.is_some_and(|zones| zones.len() == 1 && zones.contains(zone))
        };
        let here: Vec<usize> = left.iter().copied().filter(only_here).collect();
        take(alarms, &mut left, together(alarms, here), Cause::Zone { zone: zone.clone() }, &mut found);
    }
    found.extend(storms(alarms, by_subject(alarms, &left)));
    for (parent, child) in parents {
        if let Some((_, members)) = found.iter_mut().find(|(_, members)| members.contains(&child)) {
            members.push(parent);
        }
    }
    found
}

/// Takes composite alarms of which a child is on out of `left`: they say nothing their children do not. Answers each
/// with the child it follows.
fn take_parents(alarms: &[On], left: &mut BTreeSet<usize>) -> Vec<(usize, usize)> {
    let child_of = |parent: &On| {
        let is_child =
            |alarm: &On| alarm.children.is_empty() && alarm.environment == parent.environment && parent.children.contains(&alarm.name);
        alarms.iter().position(is_child)
    };
    let parents: Vec<_> = alarms.iter().enumerate().filter_map(|(at, alarm)| Some((at, child_of(alarm)?))).collect();
    left.retain(|at| parents.iter().all(|(parent, _)| parent != at));
    parents
}

/// Makes a group of `members` if they are of more than one service: of one, the service is what they share.
fn take(alarms: &[On], left: &mut BTreeSet<usize>, members: Vec<usize>, cause: Cause, found: &mut Vec<(Cause, Vec<usize>)>) {
    let subjects: BTreeSet<_> = members.iter().map(|at| subject(&alarms[*at])).collect();
    if subjects.len() > 1 {
        left.retain(|at| !members.contains(at));
        found.push((cause, members));
    }
}

/// The most alarms of `members` that went on within one window.
fn together(alarms: &[On], members: Vec<usize>) -> Vec<usize> {
    let mut timed: Vec<(Timestamp, usize)> = members.into_iter().filter_map(|at| Some((alarms[at].since?, at))).collect();
    timed.sort_unstable();
    let from = |first: &(Timestamp, usize)| -> Vec<usize> {
        timed.iter().filter(|(since, _)| *since >= first.0 && since.since(first.0) <= WINDOW).map(|(_, at)| *at).collect()
    };
    timed.iter().map(from).rev().max_by_key(Vec::len).unwrap_or_default()
}

fn subject(alarm: &On) -> Cause {
    match (alarm.key(), &alarm.target) {
        (Some(key), _) => Cause::Service { key },
        (None, Some(target)) => Cause::TargetGroup { environment: alarm.environment.clone(), target: target.clone() },
        (None, None) => Cause::Alone { environment: alarm.environment.clone(), name: alarm.name.clone() },
    }
}

fn by_subject(alarms: &[On], left: &BTreeSet<usize>) -> BTreeMap<Cause, Vec<usize>> {
    let mut by_subject: BTreeMap<Cause, Vec<usize>> = BTreeMap::new();
    for at in left {
        by_subject.entry(subject(&alarms[*at])).or_default().push(*at);
    }
    by_subject
}

/// Subjects whose first alarms went on together, as one group where there are many.
fn storms(alarms: &[On], by_subject: BTreeMap<Cause, Vec<usize>>) -> Vec<(Cause, Vec<usize>)> {
    let firsts: Vec<usize> = by_subject.values().filter_map(|members| members.iter().copied().min_by_key(|at| alarms[*at].since)).collect();
    let storm: BTreeSet<usize> = together(alarms, firsts).into_iter().collect();
    if storm.len() < STORM {
        return by_subject.into_iter().collect();
    }
    let (in_it, apart): (Vec<_>, Vec<_>) = by_subject.into_iter().partition(|(_, members)| members.iter().any(|at| storm.contains(at)));
    let mut members: Vec<usize> = in_it.into_iter().flat_map(|(_, members)| members).collect();
    members.sort_by_key(|at| (alarms[*at].since, *at));
    std::iter::once((Cause::Time, members)).chain(apart).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(name: &str, service: &str, seconds: i64) -> On {
        let service = (!service.is_empty()).then(|| ("main".to_owned(), service.to_owned()));
        On { environment: "prod".into(), name: name.into(), service, since: Some(Timestamp::from_secs(seconds)), ..On::default() }
    }

    fn key(service: &str) -> ServiceKey {
        ServiceKey { environment: "prod".into(), cluster: "main".into(), service: service.into() }
    }

    fn told(alarms: &[On], around: &Around) -> Vec<(String, Vec<usize>)> {
        let word = |cause: Cause| match cause {
            Cause::Node { node, .. } => node,
            Cause::Zone { zone } => zone,
            Cause::TargetGroup { target, .. } => target,
            Cause::Service { key } => key.service,
            Cause::Time => "time".to_owned(),
            Cause::Alone { name, .. } => name,
        };
        groups(alarms, around).into_iter().map(|(cause, members)| (word(cause), members)).collect()
    }

    fn said(groups: &[(&str, &[usize])]) -> Vec<(String, Vec<usize>)> {
        groups.iter().map(|(word, members)| ((*word).to_owned(), members.to_vec())).collect()
    }

    #[test]
    fn by_service_and_alone() {
        let alarms = [on("a-cpu", "a", 0), on("lone", "", 0), on("a-mem", "a", 90_000)];
        assert_eq!(told(&alarms, &Around::default()), said(&[("a", &[0, 2]), ("lone", &[1])]));
    }

    #[test]
    fn a_silent_node_gathers_what_went_on_with_it() {
        let silent = vec![("bus".to_owned(), "n3".to_owned(), Timestamp::from_secs(1_000))];
        let around = Around { silent, ..Around::default() };
        let alarms = [on("a", "a", 1_030), on("b", "b", 1_400), on("c", "c", 100), on("d", "d", 2_000)];
        assert_eq!(told(&alarms, &around), said(&[("n3", &[0, 1]), ("c", &[2]), ("d", &[3])]));
        assert_eq!(told(&alarms[..1], &around), said(&[("a", &[0])]), "one service is its own cause");
    }

    #[test]
    fn a_zone_gathers_services_that_fail_only_there() {
        let zones = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let zones = [(key("a"), zones(&["1a"])), (key("b"), zones(&["1a"])), (key("c"), zones(&["1a", "1b"]))].into();
        let alarms = [on("a", "a", 10), on("b", "b", 500), on("c", "c", 20)];
        assert_eq!(told(&alarms, &Around { zones, ..Around::default() }), said(&[("1a", &[0, 1]), ("c", &[2])]));
    }

    #[test]
    fn a_composite_alarm_follows_its_child() {
        let parent = On { children: vec!["a-cpu".into(), "z".into()], ..on("any", "", 5) };
        let alone = On { children: vec!["off".into()], ..on("other", "", 5) };
        assert_eq!(
            told(&[parent, on("a-cpu", "a", 4), alone], &Around::default()),
            said(&[("a", &[1, 0]), ("other", &[2])]),
            "one whose children are not on speaks for itself"
        );
    }

    #[test]
    fn a_target_group_without_a_service_is_shared() {
        let behind = |name| On { target: Some("targetgroup/x/1".into()), ..on(name, "", 1) };
        assert_eq!(told(&[behind("5xx"), behind("slow")], &Around::default()), said(&[("targetgroup/x/1", &[0, 1])]));
    }

    #[test]
    fn many_at_once_are_one_line() {
        let alarms: Vec<On> = (0..20).map(|number| on(&format!("{number}"), &format!("s{number:02}"), number * 20)).collect();
        let groups = told(&alarms, &Around::default());
        assert_eq!((groups.len(), groups[0].0.as_str(), groups[0].1.len()), (1, "time", 20));
        assert_eq!(told(&alarms[..4], &Around::default()).len(), 4);
        let slow: Vec<On> = (0..20).map(|number| on(&format!("{number}"), &format!("s{number:02}"), number * 700)).collect();
        assert_eq!(told(&slow, &Around::default()).len(), 20, "one every twelve minutes is no storm");
    }
}
