//! What a page or the JSON API shows.
//!
//! The same types serve both, so a page cannot know more than the API. They are composed here from stored facts by
//! pure functions: what is greyed, what needs a person and in which words is decided (and tested) without a DOM.
//! The trap: age. Views carry instants, never "4 s ago", so an answer can be kept for as long as the store's revision
//! stands and every reader still sees the true age.

mod access;
mod alarms;
mod attestations;
mod checklists;
mod groups;
mod history;
mod nats;
mod nats_sheet;
mod needs;
mod overview;
mod plan;
mod readiness;
mod reports;
mod rollout;
mod rollouts;
mod service;
mod services;
mod sheet;
mod sources;
mod task;
mod timeline;
mod typed;
mod waivers;

pub use access::{AccountRow, Fresh, OwnAccess, SessionRow, TokenRow};
pub use alarms::{
    Acknowledged, AlarmDetail, AlarmKey, AlarmOnly, AlarmPage, AlarmQuery, AlarmRow, AlarmSort, Asked, Choice, CoveragePage, CoverageQuery,
    CoverageRow, FLAPPING, MissingAlarms, MissingQuery, Paging,
};
pub use attestations::{
    ATTESTATIONS_PER_PAGE, AboutCheck, AttestDraft, AttestFacts, AttestPage, AttestQuery, AttestationRow, AttestationState, FileRead,
    held as held_said,
};
pub use checklists::{
    ChecklistKept, ChecklistPreview, ChecklistQuery, ChecklistRow, ChecklistsPage, HeadingSaid, NoticeSaid, seen as checklist_seen,
};
pub use groups::{GroupOfTiles, TileOfService};
pub use history::{History, HistoryPanel, Plot, PlotLine};
pub use nats::{
    CONNECTIONS_PER_PAGE, FlowRow, MOST_CONNECTIONS_PER_PAGE, NatsCluster, NatsQuery, NatsView, NodeRow, OwnedConnection, ServiceNats,
    Share,
};
pub use overview::{AlarmFact, Facts, Link, NATS_COUNT_RULE, Need, Overview, SourceBrief, Tally};
pub use plan::{PlanKind, PlanQuery, typed_instant};
pub use readiness::{
    BroughtSaid, ChangeWay, ChangesFacts, ChangesPeriod, ChangesQuery, CheckChanged, CheckGroup, CheckRow, CheckSaid, EnvironmentReadiness,
    Foretold, GapRow, GateSaid, Graded, HeldDown, LeftOut, LetterRow, LeverRow, Mending, ReadinessBrief, ReadinessChanges, ReadinessFacts,
    ReadinessPage, ReadinessQuery, ReadinessRow, ReadinessSort, ReadinessTrend, Scored, ServiceReadiness, StateChange, TargetRow,
    TrendBreak, TrendFacts, TrendRow, TurnRow, UnknownRow, WaiverSaid, changes_compared, readiness_path,
};
pub use reports::{
    FileKept, PreviewPart, REPORTS_PER_PAGE, ReportFile, ReportFileRow, ReportKept, ReportPeriod, ReportPreview, ReportRow, ReportSchedule,
    ReportsFacts, ReportsPage, ReportsQuery,
};
pub use rollout::{
    BakeClock, Block, BlockState, Button, RecordLine, RolloutFacts, RolloutPage, StepRow, StepTimes, StepView, compose as compose_rollout,
    compose_draft,
};
pub use rollouts::{CauseRow, Freeze, RolloutBrief, RolloutQuery, RolloutRow, RolloutsOnly, RolloutsPage, RolloutsQuery, Stopped};
pub use service::{ConnectionRow, ServiceDetail, StoppedTaskRow, TaskRow, way_back};
pub use services::{MOST_PER_PAGE, PER_PAGE, ServiceList, ServicePage, ServiceQuery, ServiceRow, ServiceSort};
pub use sheet::{Cell, Sheet, SheetField, SheetPanel, SheetRow};
pub use sources::{SourceRow, SourcesView};
pub use task::{Tail, TaskPage};
pub use timeline::{Around, ENTRIES_PER_PAGE, LastWords, LogLine, TimelinePage, TimelineQuery, suspects};
pub use typed::{CheckOffered, EndsIn, more as more_problems, placed};
pub use waivers::{AboutWaived, WaiverFacts, WaiverQuery, WaiverRow, WaiverStanding, WaiversPage};

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::judge::Tone;
use crate::timeline::EventKind;

/// What stands around every page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Frame {
    /// What time it is for the server.
    pub now: Timestamp,
    /// How many of the server's seconds pass in one of the wall's; 1 outside the demo.
    pub speed: f64,
    /// A sentence every page must show, such as that the fleet is simulated.
    pub notice: Option<String>,
    /// What is wrong with Signalbox itself, such as a disk that refuses to write.
    pub trouble: Option<String>,
    /// The environments, as `name · region`.
    pub environments: Vec<String>,
    /// The store's revision.
    pub revision: u64,
    /// Version of Signalbox.
    pub version: String,
}

/// One line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TimelineEntry {
    /// Its id in the store; later entries have greater ids.
    pub id: i64,
    /// When it happened.
    pub at: Timestamp,
    /// What it is about.
    pub kind: EventKind,
    /// How it is drawn.
    pub tone: Tone,
    /// By name: a service, an alarm, a node, a source.
    pub subject: String,
    /// The page of what it concerns: a service, a source.
    pub path: Option<String>,
    /// What happened, as the rest of a sentence after the subject.
    pub text: String,
    /// Where the service is put back to what a deployment left. Told on the timeline's own page only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<String>,
    /// What the task said last, where it is about one that stopped. Told on the timeline's own page only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<LastWords>,
}
