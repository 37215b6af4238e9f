//! Which services are worth a look between two sweeps, and the looking.
//!
//! Those an event named come first, then those on somebody's screen, then those a deployment is moving; a few at a time,
//! so that a look costs a fraction of the rate a sweep may take. Only a wish is kept here, never state: a wish that is
//! lost costs nothing but the wait for the next sweep, and a sweep that began after it was made has granted it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use collectors::{Collector, EcsCollector, Heeding, Report};
use domain::Timestamp;
use domain::port::Clock;
use domain::service::ServiceKey;
use domain::source::{Outcome, SourceKind};

use super::Recorder;
use super::measured::Measured;
use crate::config::Config;

/// How often a look is taken. A source that is swept as often needs none.
const EVERY: Duration = Duration::from_secs(5);
/// Most services of one look: with one ListTasks each it is one call a second, a sixth of the default rate.
const MOST: usize = 5;
/// Most services marked at once, of all environments. Looks would take half an hour to see as many.
const MOST_DIRTY: usize = 2_000;
/// How long a service counts as on screen after its page was answered; an open page asks again with every hint.
const ON_SCREEN: Duration = Duration::from_secs(60);

/// Which services somebody or something asks after. Cheap to clone; all clones share it.
#[derive(Clone, Default)]
pub struct Attention {
    wishes: Arc<Mutex<Wishes>>,
    pub(super) measured: Measured,
}

#[derive(Debug, Default)]
struct Wishes {
    /// Since when.
    dirty: HashMap<ServiceKey, Timestamp>,
    on_screen: HashMap<ServiceKey, Timestamp>,
}

impl Attention {
    /// A page of this service was answered at `now`. The caller knows that the service exists.
    pub fn looked_at(&self, key: &ServiceKey, now: Timestamp) {
        self.wishes().on_screen.insert(key.clone(), now);
    }

    /// The plots of this service were answered to a page. Apart from [`Self::looked_at`], because newer metrics cost
    /// money and a script that reads a service's state must not spend it.
    pub fn plots_looked_at(&self, key: &ServiceKey) {
        self.measured.look(key);
    }

    /// Something happened to this service that its state does not tell yet. Beyond [`MOST_DIRTY`] nothing more is marked:
    /// a sweep is quicker then.
    pub fn dirty(&self, key: ServiceKey, now: Timestamp) {
        let mut wishes = self.wishes();
        if wishes.dirty.len() < MOST_DIRTY || wishes.dirty.contains_key(&key) {
            wishes.dirty.insert(key, now);
        }
    }

    /// What was recorded, as far as it changes what is asked after.
    pub(super) fn learn(&self, report: &Report) {
        self.measured.learn(report);
        let whole = report.sweep.as_ref().filter(|sweep| sweep.source.kind == SourceKind::Ecs && sweep.outcome == Outcome::Complete);
        if let Some(sweep) = whole {
            self.swept(&sweep.source.scope, sweep.started);
        }
    }

    /// A sweep that began at `started` has seen everything of `environment`, and with it what was marked before.
    fn swept(&self, environment: &str, started: Timestamp) {
        self.wishes().dirty.retain(|key, since| key.environment != environment || *since >= started);
    }

    /// Takes the services of `environment` to look at now, by cluster; `moving` fill what room is left.
    fn pick(&self, environment: &str, now: Timestamp, moving: Vec<(String, String)>) -> BTreeMap<String, BTreeSet<String>> {
        let mut wishes = self.wishes();
        let mut dirty: Vec<(Timestamp, ServiceKey)> =
            wishes.dirty.iter().filter(|(key, _)| key.environment == environment).map(|(key, since)| (*since, key.clone())).collect();
        // those that wait longest first, or a busy one would keep the others waiting
        dirty.sort();
        dirty.truncate(MOST);
        for (_, key) in &dirty {
            wishes.dirty.remove(key);
        }
        wishes.on_screen.retain(|_, at| now.since(*at) <= ON_SCREEN);
        let mut watched: Vec<(&ServiceKey, &Timestamp)> =
            wishes.on_screen.iter().filter(|(key, _)| key.environment == environment).collect();
        watched.sort_by_key(|(key, at)| (Reverse(**at), (*key).clone()));
        let watched = watched.into_iter().map(|(key, _)| (key.cluster.clone(), key.service.clone()));
        let all = dirty.into_iter().map(|(_, key)| (key.cluster, key.service)).chain(watched).chain(moving);
        let mut picked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut count = 0;
        for (cluster, service) in all {
            if count < MOST && picked.entry(cluster).or_default().insert(service) {
                count += 1;
            }
        }
        picked
    }

    fn wishes(&self) -> MutexGuard<'_, Wishes> {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks what events name. The collector that reads them knows neither wishes nor what comes of them.
pub(super) struct Heed {
    pub(super) attention: Attention,
    pub(super) clock: Arc<dyn Clock>,
}

impl Heeding for Heed {
    fn heed(&self, key: ServiceKey) {
        self.attention.dirty(key, self.clock.now());
    }
}

/// Looks for ever at what wants it, where sweeps are rarer than looks.
pub(super) async fn look(ecs: Arc<EcsCollector>, recorder: Arc<Recorder>, config: Config, clock: Arc<dyn Clock>) {
    if ecs.interval() <= EVERY {
        return;
    }
    let environment = ecs.id().scope.clone();
    let marks = config.marks();
    let of_config = config.environments.iter().find(|known| known.name == environment);
    let grouping = of_config.map_or("group", |known| known.group_tag.as_str());
    loop {
        clock.sleep(EVERY).await;
        let moving = recorder.store.moving_services(&environment, MOST as u32).await.unwrap_or_default();
        for (cluster, services) in recorder.attention.pick(&environment, clock.now(), moving) {
            let services: Vec<String> = services.into_iter().collect();
            let seen = match ecs.glance(&cluster, &services).await {
                Ok(seen) => seen,
                Err(fault) => {
                    tracing::debug!(source = %ecs.id(), kind = ?fault.kind, "a look between sweeps failed: {}", fault.message);
                    continue;
                }
            };
            match recorder.store.record_glance(&seen, &services, &marks, grouping).await {
                Ok(Some(written)) => recorder.live.changed(&written.topics, written.revision),
                Ok(None) => {}
                Err(error) => tracing::warn!(error = %crate::error_chain(&error), "a look between sweeps could not be recorded"),
            }
            ecs.glance_recorded(&cluster, &services);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(environment: &str, service: &str) -> ServiceKey {
        ServiceKey { environment: environment.into(), cluster: "main".into(), service: service.into() }
    }

    #[test]
    fn dirty_before_on_screen_before_moving_and_never_too_many() {
        let attention = Attention::default();
        let now = Timestamp::from_secs(1_000);
        attention.looked_at(&key("production", "watched"), now);
        attention.looked_at(&key("production", "left"), now.minus(ON_SCREEN + Duration::from_secs(1)));
        attention.looked_at(&key("staging", "elsewhere"), now);
        attention.dirty(key("production", "dirty"), now);
        let moving = (0..9).map(|number| ("main".to_owned(), format!("moving-{number}"))).collect();
        let picked = attention.pick("production", now, moving);
        let names: Vec<&str> = picked["main"].iter().map(String::as_str).collect();
        assert_eq!(names, ["dirty", "moving-0", "moving-1", "moving-2", "watched"]);
        // a wish of an event is taken once, a page on screen stays
        assert_eq!(attention.pick("production", now, Vec::new())["main"], BTreeSet::from(["watched".to_owned()]));
    }

    #[test]
    fn those_marked_first_are_looked_at_first_and_a_whole_sweep_takes_the_marks_away() {
        let attention = Attention::default();
        let at = Timestamp::from_secs;
        // the alphabet has no say: the ninth to be named was marked first
        for number in 0..9 {
            attention.dirty(key("production", &format!("service-{number}")), at(100 - number));
        }
        attention.dirty(key("staging", "elsewhere"), at(10));
        let picked = attention.pick("production", at(100), Vec::new());
        let names: Vec<&str> = picked["main"].iter().map(String::as_str).collect();
        assert_eq!(names, ["service-4", "service-5", "service-6", "service-7", "service-8"]);
        attention.swept("production", at(99));
        let left = attention.pick("production", at(100), Vec::new());
        assert_eq!(left["main"], BTreeSet::from(["service-0".to_owned(), "service-1".to_owned()]), "marked while the sweep was under way");
        assert_eq!(attention.pick("staging", at(100), Vec::new()).len(), 1, "a sweep vouches for its own environment");
    }

    #[test]
    fn a_flood_of_names_is_bounded() {
        let attention = Attention::default();
        for number in 0..MOST_DIRTY + 500 {
            attention.dirty(key("production", &format!("made-up-{number}")), Timestamp::from_secs(1));
        }
        assert_eq!(attention.wishes().dirty.len(), MOST_DIRTY);
    }
}
