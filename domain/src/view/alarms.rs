//! Alarms: the list, one alarm, the table of what is watched, the missing ones.
//!
//! Links and labels are made here and not in the page: the page is then the same few lines for every filter, and a script
//! can follow them too.

use serde::{Deserialize, Serialize};

use super::TimelineEntry;
use crate::Timestamp;
use crate::alarm::{AlarmKind, AlarmState};
use crate::coverage::Cell;
use crate::coverage::commands::Form;
use crate::judge::Tone;
use crate::service::{ServiceKey, encoded};

mod query;

pub use query::{AlarmOnly, AlarmQuery, AlarmSort, CoverageQuery, MissingQuery};
pub(super) use query::{page, paging, per, put, url};

/// Changes within an hour that make an alarm flap.
pub const FLAPPING: u32 = 4;

/// Which alarm.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlarmKey {
    /// The environment it is in.
    pub environment: String,
    /// Its name.
    pub name: String,
}

impl AlarmKey {
    /// The path of its page.
    pub fn path(&self) -> String {
        format!("/alarms/{}/{}", encoded(&self.environment), encoded(&self.name))
    }
}

/// Somebody has said that they know of an alarm. It ends by itself when the alarm does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Acknowledged {
    /// Who, by the name they gave; nobody has checked it.
    pub by: String,
    /// Why it may wait.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// One alarm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlarmRow {
    /// Its name.
    pub name: String,
    /// The environment it is in.
    pub environment: String,
    /// What it is made of.
    pub kind: AlarmKind,
    /// Where it stands.
    pub state: AlarmState,
    /// Since when.
    pub since: Option<Timestamp>,
    /// CloudWatch's words.
    pub reason: Option<String>,
    /// What it watches.
    pub condition: Option<String>,
    /// Who is told when it goes on, by the names of topics and functions.
    pub told: Vec<String>,
    /// Whether its actions are carried out.
    pub actions_enabled: bool,
    /// Whether it only scales: no call for a person.
    pub scales: bool,
    /// Cluster and service it watches.
    pub service: Option<(String, String)>,
    /// Where the runbook is.
    pub runbook: Option<String>,
    /// Who knows of it.
    pub acknowledged: Option<Acknowledged>,
    /// How often it changed within the last hour.
    pub changes: u32,
    /// Why where it stands cannot be trusted as current.
    pub stale: Option<String>,
}

impl AlarmRow {
    /// Which alarm this is.
    pub fn key(&self) -> AlarmKey {
        AlarmKey { environment: self.environment.clone(), name: self.name.clone() }
    }

    /// Whether it is on and calls for a person: neither acknowledged nor only a regulator at work.
    pub fn calls(&self) -> bool {
        self.state == AlarmState::Alarm && self.acknowledged.is_none() && !self.scales
    }
}

/// A link among others of which one is chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Choice {
    /// Its words.
    pub label: String,
    /// Where it leads, within Signalbox.
    pub path: String,
    /// Whether this is what is shown.
    pub chosen: bool,
    /// The lamp beside it.
    pub tone: Option<Tone>,
}

/// Where in a long list this page is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Paging {
    /// Which page, from 1.
    pub page: u32,
    /// How many there are.
    pub pages: u32,
    /// The page before.
    pub previous: Option<String>,
    /// The page after.
    pub next: Option<String>,
    /// Rows that match, over all pages.
    pub matching: u64,
    /// Rows in all.
    pub total: u64,
}

/// The part of a list's question its form shows and keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Asked {
    /// Part of the name.
    pub q: String,
    /// The rest of the question, name and value.
    pub kept: Vec<(String, String)>,
    /// What in the URL was not understood.
    pub ignored: Vec<String>,
}

/// One page of the alarms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlarmPage {
    /// The store's revision this was read at.
    pub revision: u64,
    /// How many are on and call for somebody, in a sentence.
    pub headline: String,
    /// The rows of this page.
    pub rows: Vec<AlarmRow>,
    /// The question, as far as the form needs it.
    pub asked: Asked,
    /// Filters, with what each would show.
    pub choices: Vec<Choice>,
    /// Orders.
    pub orders: Vec<Choice>,
    /// Which page this is.
    pub paging: Paging,
    /// Where the same list, on all its pages, is saved from as CSV.
    pub csv: String,
    /// Every acknowledgement that stands, oldest first.
    pub acknowledged: Vec<AlarmRow>,
    /// When the oldest of the alarm sources last answered.
    pub observed: Option<Timestamp>,
    /// Why some of it cannot be trusted as current.
    pub stale: Vec<String>,
}

/// One alarm, and what is on record of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlarmDetail {
    /// The store's revision this was read at.
    pub revision: u64,
    /// The alarm.
    pub row: AlarmRow,
    /// Its full ARN.
    pub arn: String,
    /// The owner's description.
    pub description: Option<String>,
    /// What is on record of it, newest first: at most 50.
    pub record: Vec<TimelineEntry>,
    /// When its source last answered.
    pub observed: Option<Timestamp>,
    /// Why it cannot be trusted as current.
    pub stale: Option<String>,
}

/// A service's row of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CoverageRow {
    /// Which service.
    pub key: ServiceKey,
    /// What watches it, column by column.
    pub cells: Vec<Cell>,
    /// Where its missing alarms are written, if any are missing.
    pub missing: Option<String>,
}

/// One page of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CoveragePage {
    /// The store's revision this was read at.
    pub revision: u64,
    /// How many services lack an alarm, in a sentence.
    pub headline: String,
    /// The rows of this page, worst first.
    pub rows: Vec<CoverageRow>,
    /// The columns: heading and rule.
    pub columns: Vec<(String, String)>,
    /// The question, as far as the form needs it.
    pub asked: Asked,
    /// Filters, with what each would show.
    pub choices: Vec<Choice>,
    /// Which page this is.
    pub paging: Paging,
    /// Where the same table, on all its pages, is saved from as CSV.
    pub csv: String,
    /// When the oldest of the sources it rests on last answered.
    pub observed: Option<Timestamp>,
    /// Why some of it cannot be trusted as current.
    pub stale: Vec<String>,
}

/// The missing alarms, written out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MissingAlarms {
    /// The store's revision this was read at.
    pub revision: u64,
    /// Whose and how many, in a sentence.
    pub headline: String,
    /// The text.
    pub text: String,
    /// The ways to write it.
    pub forms: Vec<Choice>,
    /// Where the same is saved from.
    pub download: String,
    /// The name it is saved under.
    pub file_name: String,
}

impl MissingAlarms {
    /// The text with the links around it.
    pub fn new(revision: u64, query: &MissingQuery, gaps: u64, text: String) -> Self {
        let whose = match (&query.service, query.column) {
            (Some(service), Some(column)) => format!("{} of {}", column.title(), crate::text::shown(service)),
            (Some(service), None) => crate::text::shown(service),
            (None, Some(column)) => format!("{} of every service", column.title()),
            (None, None) => "every service".to_owned(),
        };
        let choice = |form: Form, label: &str| Choice {
            label: label.to_owned(),
            path: MissingQuery { form, ..query.clone() }.path("/alarms/missing"),
            chosen: form == query.form,
            tone: None,
        };
        Self {
            revision,
            headline: format!("{} missing for {whose}", crate::text::count(gaps, "alarm")),
            text,
            forms: vec![choice(Form::Cli, "AWS CLI"), choice(Form::Terraform, "Terraform")],
            download: query.path("/api/v1/alarms/missing"),
            file_name: query.form.file_name().to_owned(),
        }
    }
}
