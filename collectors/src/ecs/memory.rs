//! What the ECS collector remembers between sweeps, so as not to ask twice.
//!
//! Three things never change: a registered revision, a task that has finally stopped and a line of a service's events. What
//! may change is compared by the sieve ([`crate::sieve`]). The trap is marking too
//! early: a sweep that is cancelled or fails must leave no mark, so marks are made when its reading is finished; and
//! whoever could not record a reading says so, so that the marks it left are taken back.

use std::collections::{HashMap, HashSet};

use domain::Timestamp;
use domain::service::ServiceEvent;

/// Stopped tasks remembered per cluster. ECS itself forgets them after about an hour; beyond this many (a crash loop
/// gone wild) the rest is described again each time, which costs calls and loses nothing.
const MOST_STOPPED: usize = 50_000;

#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Revisions that need no reading because the caller has them, or because they cannot be read.
    told: HashSet<String>,
    /// Revisions read by a sweep of this process.
    read: HashSet<String>,
    /// By cluster: ARNs of tasks already reported as STOPPED.
    stopped: HashMap<String, HashSet<String>>,
    /// By cluster, then service: up to where its events were reported.
    heard: HashMap<String, HashMap<String, Heard>>,
    /// By cluster: revisions that were found and not read yet, those that matter most first.
    left: HashMap<String, Vec<String>>,
    /// Services somebody looked at between two sweeps, by cluster and name, and when last. The store has of them what that
    /// look saw, so that being as the sweep before had it means nothing.
    doubted: HashMap<(String, String), Timestamp>,
}

/// Up to where a service's events were reported.
#[derive(Debug)]
struct Heard {
    until: Timestamp,
    /// Those of that very instant; others of it may still come.
    at_once: Vec<String>,
}

impl Heard {
    fn of(events: &[ServiceEvent]) -> Option<Self> {
        let until = events.iter().map(|event| event.at).max()?;
        let at_once = events.iter().filter(|event| event.at == until).map(|event| event.id.clone()).collect();
        Some(Self { until, at_once })
    }

    fn has(&self, event: &ServiceEvent) -> bool {
        event.at < self.until || (event.at == self.until && self.at_once.contains(&event.id))
    }
}

impl Memory {
    pub(super) fn know(&mut self, revisions: impl IntoIterator<Item = String>) {
        self.told.extend(revisions);
    }

    pub(super) fn have_read(&mut self, revisions: impl IntoIterator<Item = String>) {
        self.read.extend(revisions);
    }

    /// Takes back every mark that sweeps of this process made.
    pub(super) fn forget(&mut self) {
        self.read.clear();
        self.stopped.clear();
        self.heard.clear();
        self.left.clear();
    }

    /// Revisions of a cluster that earlier sweeps have left.
    pub(super) fn left(&self, cluster: &str) -> Vec<String> {
        self.left.get(cluster).cloned().unwrap_or_default()
    }

    /// These revisions of a cluster are left for later sweeps.
    pub(super) fn leave(&mut self, cluster: &str, revisions: Vec<String>) {
        self.left.insert(cluster.to_owned(), revisions);
    }

    /// These services of a cluster are looked at, or what a look saw of them has been recorded.
    pub(super) fn doubt(&mut self, cluster: &str, services: &[String], at: Timestamp) {
        self.doubted.extend(services.iter().map(|service| ((cluster.to_owned(), service.clone()), at)));
    }

    /// Whether this service was looked at since the last sweep that brought it home began.
    pub(super) fn doubts(&self, cluster: &str, service: &str) -> bool {
        !self.doubted.is_empty() && self.doubted.contains_key(&(cluster.to_owned(), service.to_owned()))
    }

    /// A sweep that began at `started` has read all of a cluster: what was looked at before that, it brought home.
    pub(super) fn settle(&mut self, cluster: &str, started: Timestamp) {
        self.doubted.retain(|(of, _), at| of != cluster || *at >= started);
    }

    pub(super) fn knows(&self, revision: &str) -> bool {
        self.told.contains(revision) || self.read.contains(revision)
    }

    /// The events of a service up to this instant need no reporting, because the caller has them.
    pub(super) fn know_events(&mut self, cluster: &str, service: &str, until: Timestamp) {
        let heard = Heard { until, at_once: Vec::new() };
        self.heard.entry(cluster.to_owned()).or_default().insert(service.to_owned(), heard);
    }

    /// Leaves of a service's events those not reported yet; false for a service never heard of.
    pub(super) fn unheard(&self, cluster: &str, service: &str, events: &mut Vec<ServiceEvent>) -> bool {
        let heard = self.heard.get(cluster).and_then(|services| services.get(service));
        events.retain(|event| heard.is_none_or(|heard| !heard.has(event)));
        heard.is_some()
    }

    /// Marks a service's events as reported.
    pub(super) fn heard(&mut self, cluster: &str, service: &str, events: &[ServiceEvent]) {
        let Some(mut heard) = Heard::of(events) else { return };
        let services = self.heard.entry(cluster.to_owned()).or_default();
        if let Some(before) = services.get_mut(service).filter(|before| before.until >= heard.until) {
            if before.until == heard.until {
                before.at_once.append(&mut heard.at_once);
            }
            return;
        }
        services.insert(service.to_owned(), heard);
    }

    /// Forgets the services of a cluster that are not in its whole list.
    pub(super) fn only(&mut self, cluster: &str, services: &HashSet<&str>) {
        if let Some(heard) = self.heard.get_mut(cluster) {
            heard.retain(|service, _| services.contains(service.as_str()));
        }
    }

    /// Those of `listed` that were not reported yet.
    pub(super) fn unreported(&self, cluster: &str, listed: &[String]) -> Vec<String> {
        let reported = self.stopped.get(cluster);
        listed.iter().filter(|arn| reported.is_none_or(|reported| !reported.contains(*arn))).cloned().collect()
    }

    /// Marks tasks as reported. `listed` is the whole list of what ECS still remembers, where it was read to its end:
    /// what is not in it will never be asked for again and is forgotten here too.
    pub(super) fn reported(&mut self, cluster: &str, arns: impl IntoIterator<Item = String>, listed: Option<&[String]>) {
        let reported = self.stopped.entry(cluster.to_owned()).or_default();
        if let Some(listed) = listed {
            let listed: HashSet<&str> = listed.iter().map(String::as_str).collect();
            reported.retain(|arn| listed.contains(arn.as_str()));
        }
        for arn in arns {
            if reported.len() < MOST_STOPPED {
                reported.insert(arn);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arns(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_stopped_task_is_described_once() {
        let mut memory = Memory::default();
        assert_eq!(memory.unreported("c", &arns(&["a", "b"])), arns(&["a", "b"]));
        memory.reported("c", arns(&["a"]), Some(&arns(&["a", "b"])));
        assert_eq!(memory.unreported("c", &arns(&["a", "b"])), arns(&["b"]));
        assert_eq!(memory.unreported("other", &arns(&["a"])), arns(&["a"]));
    }

    #[test]
    fn what_ecs_forgets_is_forgotten_but_not_on_the_word_of_a_partial_list() {
        let mut memory = Memory::default();
        memory.reported("c", arns(&["a", "b"]), None);
        memory.reported("c", arns(&[]), None);
        assert_eq!(memory.unreported("c", &arns(&["a", "b"])), arns(&[]));
        memory.reported("c", arns(&[]), Some(&arns(&["b"])));
        assert_eq!(memory.unreported("c", &arns(&["a", "b"])), arns(&["a"]));
    }

    #[test]
    fn what_could_not_be_recorded_is_told_again_but_not_what_the_caller_has() {
        let mut memory = Memory::default();
        memory.know(arns(&["old:1"]));
        memory.have_read(arns(&["new:1"]));
        memory.reported("c", arns(&["a"]), None);
        memory.forget();
        assert!(memory.knows("old:1") && !memory.knows("new:1"));
        assert_eq!(memory.unreported("c", &arns(&["a"])), arns(&["a"]));
    }

    #[test]
    fn a_line_is_brought_home_once() {
        let line = |second: i64, id: &str| ServiceEvent { id: id.into(), at: Timestamp::from_secs(second), message: String::new() };
        let left = |memory: &Memory, mut events: Vec<ServiceEvent>| {
            let known = memory.unheard("c", "auth", &mut events);
            (known, events.into_iter().map(|event| event.id).collect::<Vec<_>>())
        };
        let mut memory = Memory::default();
        assert_eq!(left(&memory, vec![line(2, "b"), line(1, "a")]), (false, arns(&["b", "a"])));
        memory.heard("c", "auth", &[line(2, "b"), line(1, "a")]);
        // another of the same instant is not the one that was heard
        assert_eq!(left(&memory, vec![line(3, "d"), line(2, "c"), line(2, "b"), line(1, "a")]), (true, arns(&["d", "c"])));
        memory.heard("c", "auth", &[line(2, "c")]);
        memory.heard("c", "auth", &[]);
        assert_eq!(left(&memory, vec![line(2, "c"), line(2, "b"), line(1, "late")]), (true, arns(&[])));
        // who only knows up to when offers that instant once more
        memory.know_events("c", "auth", Timestamp::from_secs(2));
        assert_eq!(left(&memory, vec![line(2, "b"), line(1, "a")]), (true, arns(&["b"])));
        memory.only("c", &HashSet::from(["other"]));
        assert!(!left(&memory, Vec::new()).0);
    }

    #[test]
    fn a_look_is_doubted_until_a_sweep_that_began_after_it_has_ended() {
        let mut memory = Memory::default();
        memory.doubt("c", &arns(&["auth"]), Timestamp::from_secs(10));
        memory.doubt("other", &arns(&["auth"]), Timestamp::from_secs(10));
        memory.settle("c", Timestamp::from_secs(10));
        assert!(memory.doubts("c", "auth") && !memory.doubts("c", "quest"));
        memory.settle("c", Timestamp::from_secs(11));
        assert!(!memory.doubts("c", "auth") && memory.doubts("other", "auth"));
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let mut memory = Memory::default();
        memory.reported("c", (0..MOST_STOPPED + 10).map(|number| number.to_string()), None);
        assert_eq!(memory.stopped["c"].len(), MOST_STOPPED);
    }
}
