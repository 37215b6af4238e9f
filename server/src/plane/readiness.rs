//! The score for the pages and the API: judged at most every few seconds, and the same for everybody who asks meanwhile.
//!
//! Two things are kept. The whole judgement, for as long as it answers: of ten thousand services it is a hundred megabytes, so it
//! is let go soon. And the scores alone, for pages about something else, which must not wait for a judgement. The trap is
//! the person who has just had a waiver approved: whatever people say moves [`Topic::Readiness`], and a judgement from before
//! that answers nobody any more.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::change::HealthCheck;
use domain::judge::Tone;
use domain::live::Topic;
use domain::service::ServiceKey;
use domain::view::{Foretold, ReadinessBrief, ReadinessPage, ReadinessQuery, ServiceReadiness};
use domain::{Failure, Timestamp};

use super::{ControlPlane, internal, no_service};
use crate::readiness::Judgement;
use crate::store::StoreError;

/// How long a judgement answers everybody who asks.
const KEPT: Duration = Duration::from_secs(5);
/// How long a score is shown as it is; later nobody vouches for it.
const CURRENT: Duration = Duration::from_secs(300);
/// How often is judged and recorded while nobody asks.
const EVERY: Duration = Duration::from_secs(30);
/// The same just after the start, when each source that answers makes another score.
const EARLY: Duration = Duration::from_secs(5);
/// How many times as long as a judgement took nothing is judged after it.
const REST: u32 = 20;
/// For so long after the start nothing is recorded: most of what was read before the stop is too old by then, and a score that
/// fell only because nobody had looked yet would be a fall in every trend.
const SETTLING: Duration = Duration::from_secs(60);

/// What is kept between two judgements.
#[derive(Default)]
pub(super) struct Newest {
    /// Taken by whoever judges, so that for a hundred open pages it is done once.
    turn: tokio::sync::Mutex<()>,
    kept: Mutex<Option<Kept>>,
    briefs: Mutex<Option<Arc<Briefs>>>,
}

struct Kept {
    /// Where [`Topic::Readiness`] stood before it was judged.
    seen: u64,
    judgement: Arc<Judgement>,
}

/// The scores alone.
struct Briefs {
    fleet: ReadinessBrief,
    services: HashMap<ServiceKey, ReadinessBrief>,
}

impl Briefs {
    fn of(judgement: &Judgement) -> Self {
        let readiness = &judgement.readiness;
        let service = |judged: &domain::readiness::Judged| {
            let key = judged.asked.subject.service()?;
            Some((key.clone(), ReadinessBrief::of_service(key, judged, readiness.at)))
        };
        Self { fleet: ReadinessBrief::of_fleet(readiness), services: readiness.services.iter().filter_map(service).collect() }
    }
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ControlPlane {
    /// How everything stands, judged now or a moment ago: one answer for page, API and report that ask within that moment.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn judgement(&self) -> Result<Arc<Judgement>, Failure> {
        if let Some(kept) = self.kept_judgement() {
            return Ok(kept);
        }
        let _turn = self.newest.turn.lock().await;
        // somebody may have judged while this one waited for the turn
        match self.kept_judgement() {
            Some(kept) => Ok(kept),
            None => self.judge().await.map_err(internal),
        }
    }

    fn kept_judgement(&self) -> Option<Arc<Judgement>> {
        let guard = held(&self.newest.kept);
        let kept = guard.as_ref()?;
        let fresh = kept.seen == self.said() && younger(kept.judgement.readiness.at, self.setting.clock.now(), KEPT);
        fresh.then(|| Arc::clone(&kept.judgement))
    }

    /// Where what people said, and what was recorded of scores, stands.
    fn said(&self) -> u64 {
        self.setting.live.revision_of(Topic::Readiness)
    }

    async fn judge(&self) -> Result<Arc<Judgement>, StoreError> {
        // taken before reading: of what is said meanwhile the next who asks is told
        let (seen, now) = (self.said(), self.setting.clock.now());
        let judgement = Arc::new(self.setting.judging.judge(&self.setting.store, self.same_time(), now).await?);
        *held(&self.newest.briefs) = Some(Arc::new(Briefs::of(&judgement)));
        *held(&self.newest.kept) = Some(Kept { seen, judgement: Arc::clone(&judgement) });
        Ok(judgement)
    }

    /// Judges anew, records what changed where that is wanted, and wakes the pages that show it.
    async fn score_anew(&self, record: bool) -> Result<(), StoreError> {
        let _turn = self.newest.turn.lock().await;
        let judgement = self.judge().await?;
        let recorded = if record { self.setting.store.score_record(&judgement.readiness, &judgement.digest).await } else { Ok(None) };
        let revision = match &recorded {
            Ok(Some(written)) => written.revision,
            _ => judgement.revision,
        };
        self.woken(revision);
        recorded.map(drop)
    }

    /// Wakes the pages that show readiness. What is kept is what they are woken for, unless somebody said something meanwhile.
    fn woken(&self, revision: u64) {
        let mut guard = held(&self.newest.kept);
        let newest = guard.as_ref().is_some_and(|kept| kept.seen == self.said());
        self.setting.live.changed(&[Topic::Readiness].into(), revision);
        if let Some(kept) = guard.as_mut().filter(|_| newest) {
            kept.seen = self.said();
        }
    }

    /// Lets go of a judgement that answers nobody any more.
    fn let_go(&self) {
        if self.kept_judgement().is_none() {
            *held(&self.newest.kept) = None;
        }
    }

    pub(super) async fn readiness_page(&self, query: &ReadinessQuery) -> Result<ReadinessPage, Failure> {
        Ok(ReadinessPage::compose(&self.judgement().await?.facts(), query))
    }

    pub(super) async fn readiness_of(&self, key: &ServiceKey) -> Result<ServiceReadiness, Failure> {
        ServiceReadiness::compose(&self.judgement().await?.facts(), key).ok_or_else(|| no_service(key))
    }

    /// What a plan would make of the score. Nothing of it is kept: the next plan asks for another check.
    pub(super) async fn promised(&self, check: HealthCheck, services: &[ServiceKey]) -> Result<Foretold, Failure> {
        let (setting, chosen) = (&self.setting, services.iter().cloned().collect::<BTreeSet<_>>());
        let judged = setting.judging.judge_planned(&setting.store, self.same_time(), setting.clock.now(), (check, chosen)).await;
        let judgement = judged.map_err(internal)?;
        Ok(Foretold::of(&judgement.facts(), &services.iter().collect::<Vec<_>>(), Vec::new()))
    }

    pub(super) fn brief(&self, of: Option<&ServiceKey>) -> Option<ReadinessBrief> {
        let briefs = held(&self.newest.briefs).clone()?;
        let mut brief = match of {
            None => briefs.fleet.clone(),
            Some(key) => briefs.services.get(key)?.clone(),
        };
        if !younger(brief.at, self.setting.clock.now(), CURRENT) {
            brief.scored.tone = Tone::Unknown;
        }
        Some(brief)
    }
}

/// Whether an instant lies within a span before now. What lies ahead does not: a clock that was set back must keep nothing.
fn younger(at: Timestamp, now: Timestamp, span: Duration) -> bool {
    at <= now && now.since(at) < span
}

/// Judges after sweeps and records the score where it changed, for as long as it is not cancelled.
pub async fn keep_score(plane: Arc<ControlPlane>) {
    let clock = Arc::clone(plane.clock());
    let (mut told, started) = (plane.live().watch(), clock.now());
    // what tells of changes lives as long as the plane
    while told.changed().await.is_ok() {
        let began = clock.now();
        let settled = began.since(started) >= SETTLING;
        if let Err(error) = plane.score_anew(settled).await {
            tracing::error!(error = %crate::error_chain(&error), "the score could not be kept; tried again after the next sweep");
        }
        // where a judgement takes seconds, it may not take most of them
        let took = clock.now().since(began);
        // in steps, because whoever asks meanwhile keeps a judgement too
        let mut rest = if settled { EVERY } else { EARLY }.max(took.saturating_mul(REST));
        while !rest.is_zero() {
            let step = rest.min(KEPT);
            clock.sleep(step).await;
            plane.let_go();
            rest = rest.saturating_sub(step);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicI64, Ordering};

    use domain::port::Clock;

    use super::*;
    use crate::collect::Attention;
    use crate::config::Config;
    use crate::live::Live;
    use crate::plane::Setting;
    use crate::readiness::{Judging, scorecard};
    use crate::store::{Marks, ScoreOf, Store};
    use crate::tails::Tails;
    use crate::trouble::Trouble;

    /// A clock that is moved by hand.
    struct Hand(AtomicI64);

    impl Hand {
        fn pass(&self, span: Duration) {
            self.0.fetch_add(i64::try_from(span.as_micros()).unwrap(), Ordering::Relaxed);
        }
    }

    #[async_trait::async_trait]
    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0.load(Ordering::Relaxed))
        }

        async fn sleep(&self, _: Duration) {
            std::future::pending().await
        }
    }

    async fn plane() -> (tempfile::TempDir, Arc<Hand>, ControlPlane) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("signalbox.db")).await.unwrap();
        let hand = Arc::new(Hand(AtomicI64::new(1_777_714_800_000_000)));
        let clock: Arc<dyn Clock> = Arc::clone(&hand) as _;
        let live = Live::at(store.revision().await.unwrap());
        let judging = Arc::new(Judging::new(scorecard::load(None).unwrap(), &Config::from_sdk_chain()));
        let plane = ControlPlane::new(Setting {
            store,
            tails: Tails::new(Arc::clone(&clock), HashMap::new()),
            clock,
            live,
            marks: Marks::default(),
            notice: None,
            trouble: Trouble::default(),
            attention: Attention::default(),
            environments: Vec::new(),
            allowances: BTreeMap::new(),
            judging,
        });
        (directory, hand, plane)
    }

    #[tokio::test]
    async fn who_asks_within_a_moment_gets_one_answer() {
        let (_directory, clock, plane) = plane().await;
        let first = plane.judgement().await.unwrap();
        clock.pass(KEPT - Duration::from_micros(1));
        assert!(Arc::ptr_eq(&first, &plane.judgement().await.unwrap()));
        clock.pass(Duration::from_micros(1));
        let second = plane.judgement().await.unwrap();
        assert!(!Arc::ptr_eq(&first, &second) && second.readiness.at > first.readiness.at);
        plane.live().changed(&[Topic::Readiness].into(), plane.live().revision() + 1);
        assert!(!Arc::ptr_eq(&second, &plane.judgement().await.unwrap()), "somebody said something");
        plane.let_go();
        assert!(plane.kept_judgement().is_some(), "it still answers");
        clock.pass(KEPT);
        plane.let_go();
        assert!(held(&plane.newest.kept).is_none());
    }

    #[tokio::test]
    async fn what_is_recorded_is_what_pages_are_woken_for() {
        let (_directory, clock, plane) = plane().await;
        assert_eq!(plane.brief(None), None);
        let told = plane.live().watch();
        plane.score_anew(true).await.unwrap();
        assert!(told.has_changed().unwrap());
        let woken = plane.live().revision_of(Topic::Readiness);
        assert_eq!(woken, plane.store().revision().await.unwrap(), "the revision in which it was recorded");
        let kept = plane.kept_judgement().expect("its own wake must not make it old");
        assert_eq!(plane.brief(None).unwrap().at, kept.readiness.at);
        assert_eq!(plane.brief(None).unwrap().scored.tone, Tone::Unknown, "nothing was asked, so there is no score");
        let at = kept.readiness.at;
        let rows = plane.store().score_rows(&ScoreOf::default(), at.minus(KEPT), at.plus(KEPT)).await.unwrap();
        assert_eq!(rows.len(), 1);
        clock.pass(EVERY);
        plane.score_anew(true).await.unwrap();
        assert_eq!(plane.live().revision_of(Topic::Readiness), woken, "nothing changed, so nothing is written");
    }
}
