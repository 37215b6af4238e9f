//! The control plane as the pages and the API see it: the port's implementation.
//!
//! Separate from the store because freshness is judged here, by the clock, at every answer. The Overview is read once
//! per revision and composed once per revision and state of staleness, so a hundred open pages cost one reading. The trap: of
//! ten thousand services that reading takes long, so no other page may wait for it (decision 0134).

mod attest;
mod changes;
mod lists;
mod plots;
mod readiness;
mod reports;
mod rollouts;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use axum::http::HeaderValue;
use bytes::Bytes;
use domain::account::Role;
use domain::change::HealthCheck;
use domain::cost::Allowance;
use domain::live::Topic;
use domain::port::{Actor, Clock, Observe, Operate};
use domain::rollout::decide::Command;
use domain::rollout::plan::{Draft, Wish};
use domain::series::Reach;
use domain::service::ServiceKey;
use domain::view::{
    AlarmDetail, AlarmKey, AlarmPage, AlarmQuery, CoveragePage, CoverageQuery, Facts, Foretold, Frame, History, HistoryPanel,
    MOST_CONNECTIONS_PER_PAGE, MOST_PER_PAGE, MissingAlarms, MissingQuery, NatsQuery, NatsView, Overview, ReadinessBrief, ReadinessPage,
    ReadinessQuery, RolloutPage, RolloutQuery, RolloutsPage, RolloutsQuery, ServiceDetail, ServiceNats, ServicePage, ServiceQuery,
    ServiceReadiness, SourceBrief, SourcesView, TaskPage, TimelinePage, TimelineQuery,
};
use domain::{Failure, Timestamp};
use tokio::sync::Mutex;

use crate::collect::Attention;
use crate::engine::Engine;
use crate::history::{self, Form};
use crate::live::Live;
use crate::readiness::Judging;
use crate::store::{Acknowledging, Marks, Store, StoreError};
use crate::tails::Tails;
use crate::trouble::Trouble;

pub use lists::MOST_ENTRIES;
pub use readiness::keep_score;
pub(crate) use reports::THE_SCHEDULE;
pub use reports::{Desk, Reporting, keep_printing};

/// What the plane is told at start.
pub struct Setting {
    /// The store.
    pub store: Store,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// What tells that something changed.
    pub live: Live,
    /// The services to be left alone.
    pub marks: Marks,
    /// A sentence every page must show.
    pub notice: Option<String>,
    /// What is wrong with Signalbox itself.
    pub trouble: Trouble,
    /// Told which services are looked at.
    pub attention: Attention,
    /// The environments, as `name · region`.
    pub environments: Vec<String>,
    /// What running tasks say.
    pub tails: Tails,
    /// What metrics may cost, by environment.
    pub allowances: BTreeMap<String, Allowance>,
    /// By what readiness is judged.
    pub judging: Arc<Judging>,
}

/// Implements the ports.
pub struct ControlPlane {
    setting: Setting,
    kept: Mutex<Option<Kept>>,
    plots: plots::Plots,
    newest: readiness::Newest,
}

/// The Overview as last composed, and as JSON once somebody asked for it so.
struct Kept {
    revision: u64,
    facts: Facts,
    stale: Vec<bool>,
    overview: Arc<Overview>,
    json: Option<EncodedOverview>,
}

/// The Overview as the API sends it; made once per composition.
#[derive(Clone)]
pub struct EncodedOverview {
    /// The JSON text.
    pub body: Bytes,
    /// Its entity tag.
    pub tag: HeaderValue,
}

impl ControlPlane {
    /// A plane over a store.
    pub fn new(setting: Setting) -> Self {
        Self { setting, kept: Mutex::new(None), plots: plots::Plots::default(), newest: readiness::Newest::default() }
    }

    /// The Overview as JSON.
    ///
    /// # Errors
    /// As [`Observe::overview`].
    pub async fn overview_json(&self) -> Result<EncodedOverview, Failure> {
        let mut kept = self.kept.lock().await;
        let kept = self.current(&mut kept).await?;
        if let Some(json) = &kept.json {
            return Ok(json.clone());
        }
        let body = serde_json::to_vec(&*kept.overview).map_err(|source| internal(StoreError::Row { what: "overview", source }))?;
        // the instant of composition tells two compositions of one revision apart
        let tag = format!("\"{}-{}\"", kept.revision, kept.overview.composed.as_micros());
        let tag = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""));
        let json = EncodedOverview { body: Bytes::from(body), tag };
        kept.json = Some(json.clone());
        Ok(json)
    }

    /// What is kept, made current: read again after a newer revision, composed again when staleness moved.
    async fn current<'a>(&self, kept: &'a mut Option<Kept>) -> Result<&'a mut Kept, Failure> {
        // taken before reading: what is committed meanwhile makes a newer revision, and the next caller reads again
        let (revision, now) = (self.setting.live.revision(), self.setting.clock.now());
        let current = match kept.take().filter(|kept| kept.revision >= revision) {
            Some(mut kept) => {
                let stale = kept.facts.staleness(now);
                if stale != kept.stale {
                    kept.overview = Arc::new(kept.facts.compose(now));
                    (kept.stale, kept.json) = (stale, None);
                }
                kept
            }
            None => {
                let facts = self.setting.store.overview_facts(now).await.map_err(internal)?;
                let overview = Arc::new(facts.compose(now));
                Kept { revision: facts.revision, stale: facts.staleness(now), facts, overview, json: None }
            }
        };
        Ok(kept.insert(current))
    }

    /// The clock everything is judged by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.setting.clock
    }

    /// What tells that something changed.
    pub fn live(&self) -> &Live {
        &self.setting.live
    }

    /// Whether NATS servers and ECS tell the same time: in a sped-up demo the real servers keep the wall's.
    fn same_time(&self) -> bool {
        (self.setting.clock.speed() - 1.0).abs() < f64::EPSILON
    }

    /// The environments of the config, by name.
    fn environment_names(&self) -> Vec<String> {
        self.setting.allowances.keys().cloned().collect()
    }

    /// The store, for `/healthz`.
    pub fn store(&self) -> &Store {
        &self.setting.store
    }
}

#[async_trait]
impl Observe for ControlPlane {
    fn frame(&self) -> Frame {
        Frame {
            now: self.setting.clock.now(),
            speed: self.setting.clock.speed(),
            notice: self.setting.notice.clone(),
            trouble: self.setting.trouble.said(),
            environments: self.setting.environments.clone(),
            revision: self.setting.live.revision(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    async fn overview(&self) -> Result<Arc<Overview>, Failure> {
        let mut kept = self.kept.lock().await;
        Ok(Arc::clone(&self.current(&mut kept).await?.overview))
    }

    async fn source_briefs(&self) -> Result<Vec<SourceBrief>, Failure> {
        self.setting.store.source_briefs(self.setting.clock.now()).await.map_err(internal)
    }

    async fn services(&self, query: ServiceQuery) -> Result<ServicePage, Failure> {
        if query.page == 0 || !(1..=MOST_PER_PAGE).contains(&query.per) {
            return Err(Failure::Refused { why: format!("page counts from 1 and per lies between 1 and {MOST_PER_PAGE}") });
        }
        self.setting.store.service_page(query, self.setting.clock.now()).await.map_err(internal)
    }

    async fn service(&self, key: ServiceKey) -> Result<ServiceDetail, Failure> {
        let mark = self.setting.marks.reason(&key.environment, &key.cluster, &key.service);
        let clock = &self.setting.clock;
        let found = self.setting.store.service_detail(&key, mark, self.same_time(), clock.now()).await.map_err(internal)?;
        if found.is_some() {
            self.setting.attention.looked_at(&key, clock.now());
        }
        found.ok_or_else(|| no_service(&key))
    }

    async fn task(&self, key: ServiceKey, task: String) -> Result<TaskPage, Failure> {
        let found = self.setting.store.task_page(&key, &task, self.same_time(), self.setting.clock.now()).await.map_err(internal)?;
        let not_found = || Failure::NotFound {
            what: format!("The task {task} of the service {} in {} of {}", key.service, key.cluster, key.environment),
        };
        let (mut page, task, definition) = found.ok_or_else(not_found)?;
        if page.ended.is_none() {
            page.tail = Some(self.setting.tails.tail(&key.environment, &task, definition.as_ref()).await);
        }
        Ok(page)
    }

    async fn timeline(&self, query: TimelineQuery) -> Result<TimelinePage, Failure> {
        let store = &self.setting.store;
        match query.around {
            Some(id) => {
                let found = store.timeline_around(id).await.map_err(internal)?;
                found.ok_or_else(|| Failure::NotFound { what: format!("Entry {id} of the timeline") })
            }
            None => store.timeline_page(query).await.map_err(internal),
        }
    }

    async fn nats(&self, query: NatsQuery) -> Result<NatsView, Failure> {
        if query.page == 0 || !(1..=MOST_CONNECTIONS_PER_PAGE).contains(&query.per) {
            return Err(Failure::Refused { why: format!("page counts from 1 and per lies between 1 and {MOST_CONNECTIONS_PER_PAGE}") });
        }
        let clock = &self.setting.clock;
        self.setting.store.nats_view(query, self.same_time(), clock.now()).await.map_err(internal)
    }

    async fn service_nats(&self, key: ServiceKey) -> Result<ServiceNats, Failure> {
        self.setting.store.service_nats(&key, self.setting.clock.now()).await.map_err(internal)
    }

    async fn sources(&self) -> Result<SourcesView, Failure> {
        let (store, now) = (&self.setting.store, self.setting.clock.now());
        let mut view = store.sources_view(now).await.map_err(internal)?;
        view.bills = store.bills(&self.setting.allowances, now).await.map_err(internal)?;
        Ok(view)
    }

    async fn history(&self, key: ServiceKey, reach: Reach) -> Result<History, Failure> {
        self.past(key, reach, Form::Numbers).await
    }

    async fn history_panel(&self, key: ServiceKey, reach: Reach) -> Result<HistoryPanel, Failure> {
        // who looks at a page wants the newest minutes; a script that asks for numbers takes what is there
        self.setting.attention.plots_looked_at(&key);
        let (subject, metrics, now) = ((key, reach), self.setting.live.revision_of(Topic::Metrics), self.setting.clock.now());
        if let Some(panel) = self.plots.kept(&subject, metrics, now) {
            return Ok(panel);
        }
        let history = self.past(subject.0.clone(), reach, Form::Picture).await?;
        let panel = HistoryPanel { revision: history.revision, html: history::panel(&history) };
        self.plots.keep(subject, metrics, now, panel.clone());
        Ok(panel)
    }

    async fn alarms(&self, query: AlarmQuery) -> Result<AlarmPage, Failure> {
        self.setting.store.alarm_page(query, self.setting.clock.now()).await.map_err(internal)
    }

    async fn alarm(&self, key: AlarmKey) -> Result<AlarmDetail, Failure> {
        let found = self.setting.store.alarm_detail(&key, self.setting.clock.now()).await.map_err(internal)?;
        found.ok_or_else(|| no_alarm(&key))
    }

    async fn coverage(&self, query: CoverageQuery) -> Result<CoveragePage, Failure> {
        self.setting.store.coverage_page(query, self.setting.clock.now()).await.map_err(internal)
    }

    async fn missing_alarms(&self, query: MissingQuery) -> Result<MissingAlarms, Failure> {
        self.setting.store.missing_alarms(&query, self.setting.clock.now()).await.map_err(internal)
    }

    async fn rollouts(&self, query: RolloutsQuery) -> Result<RolloutsPage, Failure> {
        self.rollouts_page(&query).await
    }

    async fn rollout(&self, query: RolloutQuery, role: Role) -> Result<RolloutPage, Failure> {
        self.rollout_page(&query, role).await
    }

    async fn readiness(&self, query: ReadinessQuery) -> Result<ReadinessPage, Failure> {
        self.readiness_page(&query).await
    }

    async fn service_readiness(&self, key: ServiceKey) -> Result<ServiceReadiness, Failure> {
        self.readiness_of(&key).await
    }

    async fn foretold(&self, check: HealthCheck, services: Vec<ServiceKey>) -> Result<Foretold, Failure> {
        self.promised(check, &services).await
    }

    fn readiness_brief(&self, of: Option<&ServiceKey>) -> Option<ReadinessBrief> {
        self.brief(of)
    }
}

impl ControlPlane {
    async fn past(&self, key: ServiceKey, reach: Reach, form: Form) -> Result<History, Failure> {
        let now = self.setting.clock.now();
        let past = self.setting.store.past(&key, reach, now).await.map_err(internal)?;
        let Some(past) = past else { return Err(no_service(&key)) };
        Ok(history::compose(key, reach, &past, form, now))
    }
}

/// The longest reason that is kept, in characters.
const LONGEST_REASON: usize = 500;

/// Implements the port that acts. A type of its own, so that who may look at the plane does not hold what changes it.
pub struct Operations {
    plane: Arc<ControlPlane>,
    engine: Engine,
    tray: attest::Tray,
}

impl Operations {
    /// What an operator may do on a plane, and have the engine do.
    pub fn on(plane: Arc<ControlPlane>, engine: Engine) -> Self {
        Self { plane, engine, tray: attest::Tray::default() }
    }
}

#[async_trait]
impl Operate for Operations {
    async fn draft(&self, wish: Wish) -> Result<Draft, Failure> {
        self.engine.draft(&wish).await
    }

    async fn plan(&self, actor: Actor, wish: Wish, request: Option<String>) -> Result<u64, Failure> {
        self.engine.plan(&actor, wish, request.as_deref()).await
    }

    async fn steer(&self, actor: Actor, rollout: String, command: Command) -> Result<(), Failure> {
        self.engine.command(&actor, &rollout, command).await
    }

    async fn reviewed(&self, actor: Actor, rollout: String, why: String) -> Result<(), Failure> {
        self.engine.reviewed(&actor, &rollout, &why).await
    }

    async fn stop_everything(&self, actor: Actor, why: String) -> Result<(), Failure> {
        self.engine.stop_everything(&actor, &why).await
    }

    async fn freeze(&self, actor: Actor, why: String, from: Timestamp, until: Timestamp) -> Result<(), Failure> {
        self.engine.freeze(&actor, &why, from, until).await
    }

    async fn lift(&self, actor: Actor, bar: i64, why: String) -> Result<(), Failure> {
        self.engine.lift(&actor, bar, &why).await
    }

    async fn release(&self, actor: Actor, cause: i64, why: String) -> Result<(), Failure> {
        self.engine.release(&actor, cause, &why).await
    }

    async fn acknowledge(&self, actor: Actor, alarm: AlarmKey, reason: String) -> Result<(), Failure> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
            let why = format!("Say why it may wait, in 1 to {LONGEST_REASON} characters: whoever looks next needs to know.");
            return Err(Failure::Refused { why });
        }
        let plane = &self.plane.setting;
        let done = plane.store.acknowledge(&actor, &alarm, reason, plane.clock.now()).await.map_err(internal)?;
        self.plane.done(done, &alarm, "is not on, so there is nothing to acknowledge")
    }

    async fn withdraw(&self, actor: Actor, alarm: AlarmKey) -> Result<(), Failure> {
        let plane = &self.plane.setting;
        let done = plane.store.withdraw(&actor, &alarm, plane.clock.now()).await.map_err(internal)?;
        self.plane.done(done, &alarm, "is not acknowledged by anybody")
    }
}

impl ControlPlane {
    /// Hints what was written, or says why nothing was.
    fn done(&self, done: Acknowledging, alarm: &AlarmKey, not_on: &str) -> Result<(), Failure> {
        let name = domain::text::shown(&alarm.name);
        match done {
            Acknowledging::Done(written) => {
                self.setting.live.changed(&written.topics, written.revision);
                Ok(())
            }
            Acknowledging::NoAlarm => Err(no_alarm(alarm)),
            Acknowledging::NotOn => {
                Err(Failure::Refused { why: format!("The alarm {name} {not_on}. It may have changed since the page was shown.") })
            }
            Acknowledging::Already(by) => {
                Err(Failure::Refused { why: format!("{} has acknowledged {name} already.", domain::text::shown(&by)) })
            }
        }
    }
}

fn no_service(key: &ServiceKey) -> Failure {
    Failure::NotFound { what: format!("The service {} in {} of {}", key.service, key.cluster, key.environment) }
}

fn no_alarm(key: &AlarmKey) -> Failure {
    Failure::NotFound { what: format!("The alarm {} of {}", domain::text::shown(&key.name), domain::text::shown(&key.environment)) }
}

/// Logs the cause once, under a number the reader can quote.
#[expect(clippy::disallowed_methods, reason = "an incident number is identity made at the edge; nothing is decided by it")]
fn internal(error: StoreError) -> Failure {
    let incident = uuid::Uuid::now_v7().simple().to_string();
    tracing::error!(incident, error = %crate::error_chain(&error), "the store could not be read");
    Failure::Internal { incident }
}
