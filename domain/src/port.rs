//! What the pages may ask of the server, and the clock everyone is given.
//!
//! Here rather than in `server`, so that `app` can hold an `Arc<dyn Observe>` without knowing that sqlx exists, and an
//! edit of the server does not rebuild the pages. Left off in the WASM build (feature `ports`).

mod attest;
mod trend;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::account::{Reader, Role};
use crate::change::HealthCheck;
use crate::report::ReportWish;
use crate::rollout::decide::Command;
use crate::rollout::plan::{Draft, Wish};
use crate::series::Reach;
use crate::service::ServiceKey;
use crate::view::{
    AccountRow, AlarmDetail, AlarmKey, AlarmPage, AlarmQuery, CoveragePage, CoverageQuery, Foretold, Frame, History, HistoryPanel,
    MissingAlarms, MissingQuery, NatsQuery, NatsView, Overview, OwnAccess, ReadinessBrief, ReadinessPage, ReadinessQuery, ReportFile,
    ReportRow, ReportsPage, ReportsQuery, RolloutPage, RolloutQuery, RolloutsPage, RolloutsQuery, ServiceDetail, ServiceNats, ServicePage,
    ServiceQuery, ServiceReadiness, SourceBrief, SourcesView, TaskPage, TimelinePage, TimelineQuery,
};
use crate::{Failure, Timestamp};

pub use attest::{Attest, Attested};
pub use trend::Trended;

/// The only source of time below the edge. The demo runs it faster than the wall; tests move it by hand.
#[async_trait]
pub trait Clock: Send + Sync {
    /// What time it is.
    fn now(&self) -> Timestamp;

    /// Waits until `span` of this clock has passed.
    async fn sleep(&self, span: Duration);

    /// How many of this clock's seconds pass in one second of the wall. 1 outside the demo.
    fn speed(&self) -> f64 {
        1.0
    }
}

/// Reading the fleet, what people say of it and how its readiness moved. Nothing here changes anything.
#[async_trait]
pub trait Observe: Attested + Trended + Send + Sync {
    /// What stands around every page: the time, the notice, the environments.
    fn frame(&self) -> Frame;

    /// The Overview.
    async fn overview(&self) -> Result<Arc<Overview>, Failure>;

    /// Where every fact comes from and how fresh it is: a line of every page, so nothing that grows with the fleet is read for it.
    async fn source_briefs(&self) -> Result<Vec<SourceBrief>, Failure>;

    /// One page of the service list, filtered and sorted.
    async fn services(&self, query: ServiceQuery) -> Result<ServicePage, Failure>;

    /// One service with its tasks, stops and record.
    async fn service(&self, key: ServiceKey) -> Result<ServiceDetail, Failure>;

    /// One task of a service by the last part of its ARN, with the newest lines of its log while it runs.
    async fn task(&self, key: ServiceKey, task: String) -> Result<TaskPage, Failure>;

    /// A page of the record, searched and filtered by the store, or what happened before one entry.
    async fn timeline(&self, query: TimelineQuery) -> Result<TimelinePage, Failure>;

    /// A service over time, as numbers.
    async fn history(&self, key: ServiceKey, reach: Reach) -> Result<History, Failure>;

    /// The same as pictures, a piece of its page.
    async fn history_panel(&self, key: ServiceKey, reach: Reach) -> Result<HistoryPanel, Failure>;

    /// The NATS page: nodes, findings, and the connections the query asks for.
    async fn nats(&self, query: NatsQuery) -> Result<NatsView, Failure>;

    /// The NATS connections of one service, with proof; empty for one that has none or was never seen.
    async fn service_nats(&self, key: ServiceKey) -> Result<ServiceNats, Failure>;

    /// The collectors' own health.
    async fn sources(&self) -> Result<SourcesView, Failure>;

    /// One page of the alarms.
    async fn alarms(&self, query: AlarmQuery) -> Result<AlarmPage, Failure>;

    /// One alarm with its record.
    async fn alarm(&self, key: AlarmKey) -> Result<AlarmDetail, Failure>;

    /// One page of the table of what is watched.
    async fn coverage(&self, query: CoverageQuery) -> Result<CoveragePage, Failure>;

    /// The missing alarms, written out for somebody to make them elsewhere.
    async fn missing_alarms(&self, query: MissingQuery) -> Result<MissingAlarms, Failure>;

    /// The rollouts, and what holds for all of them.
    async fn rollouts(&self, query: RolloutsQuery) -> Result<RolloutsPage, Failure>;

    /// One rollout, with what somebody of this role may do about it.
    async fn rollout(&self, query: RolloutQuery, role: Role) -> Result<RolloutPage, Failure>;

    /// How ready the fleet is, with one page of its services.
    async fn readiness(&self, query: ReadinessQuery) -> Result<ReadinessPage, Failure>;

    /// How ready one service is, each check answered.
    async fn service_readiness(&self, key: ServiceKey) -> Result<ServiceReadiness, Failure>;

    /// What this health check would make of the fleet's score if these services had it: everything is read and judged anew, so
    /// that a plan which was read a moment ago is told for the same facts.
    async fn foretold(&self, check: HealthCheck, services: Vec<ServiceKey>) -> Result<Foretold, Failure>;

    /// The newest score that is at hand, of the fleet or of one service; none before there was a first. Nothing is judged for
    /// it: pages about something else must not wait for a thousand services.
    fn readiness_brief(&self, of: Option<&ServiceKey>) -> Option<ReadinessBrief>;
}

/// Who does something: what every act is told under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The account; none for the command line, which whoever owns the store may use.
    pub account: Option<i64>,
    /// Its name.
    pub name: String,
    /// What may be done: the account's role, or the token's where that is less.
    pub role: Role,
    /// How it is known who that is.
    pub by: SignedBy,
}

/// How somebody showed who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedBy {
    /// Signed in at the login page.
    Session {
        /// The session.
        id: i64,
    },
    /// A script with a token of the account.
    Token {
        /// The token.
        id: i64,
        /// What its maker called it.
        name: String,
    },
    /// `signalbox account`, beside the store.
    CommandLine,
}

impl Actor {
    /// The name that is kept with what was done: the account's, and the token's where a script acted.
    pub fn shown(&self) -> String {
        match &self.by {
            SignedBy::Token { name, .. } => format!("{} (token {name})", self.name),
            SignedBy::Session { .. } | SignedBy::CommandLine => self.name.clone(),
        }
    }

    /// As the bar of every page says it.
    pub fn reader(&self) -> Reader {
        Reader { name: self.shown(), role: self.role }
    }

    /// Whether what needs this role may be done.
    ///
    /// # Errors
    /// [`Failure::Forbidden`], which says who may.
    pub fn may(&self, needed: Role) -> Result<(), Failure> {
        if self.role >= needed {
            return Ok(());
        }
        let who = crate::text::shown(&self.shown());
        let why = format!("That needs the role {needed}; {who} is {}. An admin gives roles on the Access page.", self.role);
        Err(Failure::Forbidden { why })
    }
}

/// Doing what an operator may: keeping notes, standing for checks, and planning and steering rollouts. What changes a fleet is
/// done by the engine, later, by what stands committed; nothing here calls AWS but to look.
#[async_trait]
pub trait Operate: Attest + Send + Sync {
    /// What a plan of this wish would be, read from AWS now and not kept.
    async fn draft(&self, wish: Wish) -> Result<Draft, Failure>;

    /// Keeps the plan of a wish as a rollout that nobody has started. Answers the number people call it by. `request` is the id
    /// it is to have, such as a draft's: asked twice under one id, it is kept once.
    async fn plan(&self, actor: Actor, wish: Wish, request: Option<String>) -> Result<u64, Failure>;

    /// Gives a rollout, named by id or number, a command.
    async fn steer(&self, actor: Actor, rollout: String, command: Command) -> Result<(), Failure>;

    /// Says that somebody has looked at a rollout of a restored store, and that it may go on.
    async fn reviewed(&self, actor: Actor, rollout: String, why: String) -> Result<(), Failure>;

    /// Stops everything forward, in every rollout, until it is lifted.
    async fn stop_everything(&self, actor: Actor, why: String) -> Result<(), Failure>;

    /// Lets nothing forward begin from one instant to another.
    async fn freeze(&self, actor: Actor, why: String, from: Timestamp, until: Timestamp) -> Result<(), Failure>;

    /// Lifts the stop or a freeze.
    async fn lift(&self, actor: Actor, bar: i64, why: String) -> Result<(), Failure>;

    /// Lets other services no longer expect a failure.
    async fn release(&self, actor: Actor, cause: i64, why: String) -> Result<(), Failure>;

    /// Says that `actor` knows of an alarm that is on and why it may wait. Ends by itself when the alarm does.
    async fn acknowledge(&self, actor: Actor, alarm: AlarmKey, reason: String) -> Result<(), Failure>;

    /// Takes an acknowledgement back, so that the alarm calls again.
    async fn withdraw(&self, actor: Actor, alarm: AlarmKey) -> Result<(), Failure>;
}

/// Reading the reports that were made, and what one would say. Nothing here makes one that stays.
#[async_trait]
pub trait ReadReports: Send + Sync {
    /// One page of the reports, newest first, and where the question asks for it the first page of a new one.
    async fn reports(&self, query: ReportsQuery) -> Result<ReportsPage, Failure>;

    /// One report, by its id.
    async fn report(&self, id: String) -> Result<ReportRow, Failure>;

    /// A report in a format, byte for byte as it was when it was made.
    async fn report_file(&self, id: String, format: String) -> Result<ReportFile, Failure>;
}

/// Making reports, which are signed and kept for ever.
#[async_trait]
pub trait Report: ReadReports {
    /// Makes one of how everything stands now; answers its id.
    async fn make(&self, actor: Actor, wish: ReportWish) -> Result<String, Failure>;
}

/// What everybody who is signed in may do with their own account. A token may not: it stands for its account, it does not
/// own it.
#[async_trait]
pub trait OwnAccount: Send + Sync {
    /// One's own account. Takes along what is shown once.
    async fn own(&self, actor: &Actor) -> Result<OwnAccess, Failure>;

    /// Another password; every session of the account ends.
    async fn password_change(&self, actor: Actor, current: String, new: String) -> Result<(), Failure>;

    /// Makes a token that lasts so many days. Its secret is shown with the next answer of [`OwnAccount::own`], and never again.
    async fn token_make(&self, actor: Actor, name: String, role: Role, days: u32) -> Result<(), Failure>;

    /// Ends a token of one's own.
    async fn token_withdraw(&self, actor: Actor, token: i64) -> Result<(), Failure>;

    /// Ends a session of one's own.
    async fn session_end(&self, actor: Actor, session: i64) -> Result<(), Failure>;

    /// Ends the session that asks.
    async fn sign_out(&self, actor: Actor) -> Result<(), Failure>;
}

/// Deciding who may do what.
#[async_trait]
pub trait Administer: Send + Sync {
    /// Every account, by name.
    async fn accounts(&self) -> Result<Vec<AccountRow>, Failure>;

    /// Makes an account. Its first link is shown with the next answer of [`OwnAccount::own`].
    async fn account_add(&self, actor: Actor, name: String, role: Role) -> Result<(), Failure>;

    /// Another role; every session of the account ends.
    async fn account_role(&self, actor: Actor, account: i64, role: Role) -> Result<(), Failure>;

    /// Keeps an account out, or lets it in again; every session of it ends.
    async fn account_disable(&self, actor: Actor, account: i64, disabled: bool) -> Result<(), Failure>;

    /// Makes a link by which whoever has it sets the account's password; shown as after [`Administer::account_add`].
    async fn account_reset(&self, actor: Actor, account: i64) -> Result<(), Failure>;
}
