//! The rollouts as a list, and what holds for all of them: the stop, freezes, failures on record.

use serde::{Deserialize, Serialize};

use super::alarms::put;
use super::rollout::words;
use super::typed;
use crate::Timestamp;
use crate::judge::Tone;
use crate::rollout::cause::Kind;
use crate::rollout::{Rollout, Stage, Status};
use crate::service::encoded;
use crate::text;

/// A rollout as far as a list needs it, from the store.
#[derive(Clone, Debug, PartialEq)]
pub struct RolloutBrief {
    /// A UUIDv7.
    pub id: String,
    /// As people call it.
    pub number: u64,
    /// What it is, in a few words.
    pub title: String,
    /// Why it was planned.
    pub reason: String,
    /// Where it is.
    pub status: Status,
    /// Who planned it.
    pub planned_by: String,
    /// When.
    pub planned: Timestamp,
    /// When it was started.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Each step's service, by name, and how far it is.
    pub steps: Vec<(String, Stage)>,
}

impl RolloutBrief {
    /// Of a whole rollout, with what the store keeps beside it.
    pub fn of(rollout: &Rollout, number: u64, planned_by: &str, planned: Timestamp) -> Self {
        Self {
            id: rollout.id.clone(),
            number,
            title: rollout.title.clone(),
            reason: rollout.reason.clone(),
            status: rollout.status.clone(),
            planned_by: planned_by.to_owned(),
            planned,
            started: None,
            ended: None,
            steps: rollout.steps.iter().map(|step| (step.service.service.clone(), step.stage.clone())).collect(),
        }
    }

    /// Its row.
    pub fn row(self) -> RolloutRow {
        let count = |wanted: fn(&Stage) -> bool| self.steps.iter().filter(|(_, stage)| wanted(stage)).count() as u64;
        let verified = count(|stage| matches!(stage, Stage::Verified { .. }));
        let failed = count(|stage| matches!(stage, Stage::PutBack { why, .. } if why.counts()) || matches!(stage, Stage::Blocked { .. }));
        let flawless = failed == 0 && verified == self.steps.len() as u64;
        RolloutRow {
            path: path(self.number),
            tone: words::status_tone(&self.status, flawless),
            said: words::status_said(&self.status, self.steps.iter().map(|(name, stage)| (name.as_str(), stage))),
            status: self.status.word().to_owned(),
            verified,
            failed,
            steps: self.steps.len() as u64,
            id: self.id,
            number: self.number,
            title: text::shown(&self.title),
            reason: text::shown(&self.reason),
            planned_by: text::shown(&self.planned_by),
            planned: self.planned,
            started: self.started,
            ended: self.ended,
        }
    }
}

/// The path of a rollout's page.
pub(super) fn path(number: u64) -> String {
    format!("/rollouts/{number}")
}

/// A rollout in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RolloutRow {
    /// A UUIDv7.
    pub id: String,
    /// As people call it.
    pub number: u64,
    /// The path of its page.
    pub path: String,
    /// What it is, in a few words.
    pub title: String,
    /// Why it was planned.
    pub reason: String,
    /// Its status, in one word.
    pub status: String,
    /// How its lamp is drawn.
    pub tone: Tone,
    /// How it stands, in one sentence.
    pub said: String,
    /// Who planned it.
    pub planned_by: String,
    /// When.
    pub planned: Timestamp,
    /// When it was started.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Services verified.
    pub verified: u64,
    /// Services in all.
    pub steps: u64,
    /// Services that failed and were put back, or are blocked.
    pub failed: u64,
}

/// The one stop for everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stopped {
    /// Names it, as a freeze is named.
    pub id: i64,
    /// Why.
    pub why: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A time in which nothing forward may begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Freeze {
    /// Names it.
    pub id: i64,
    /// Why.
    pub why: String,
    /// Who.
    pub by: String,
    /// From then.
    pub from: Timestamp,
    /// Until then; nothing: until it is lifted.
    pub until: Option<Timestamp>,
}

/// A failure on record, by which other services are held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CauseRow {
    /// Names it.
    pub id: i64,
    /// The rollout in which it happened, as people call it.
    pub rollout: String,
    /// The service.
    pub service: String,
    /// What kind of thing.
    pub kind: Kind,
    /// What happened.
    pub said: String,
    /// When.
    pub at: Timestamp,
    /// Who released it and why; nothing: it holds.
    pub released: Option<String>,
}

/// The page of the rollouts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RolloutsPage {
    /// The store's revision this was read at.
    pub revision: u64,
    /// The rollouts that match, newest first.
    pub rollouts: Vec<RolloutRow>,
    /// The stop, while everything is stopped.
    pub stopped: Option<Stopped>,
    /// Freezes that hold or are to come.
    pub freezes: Vec<Freeze>,
    /// Failures on record.
    pub causes: Vec<CauseRow>,
}

impl RolloutsPage {
    /// Of everything the store keeps, as far as it was asked for.
    pub fn compose(
        revision: u64,
        briefs: Vec<RolloutBrief>,
        query: &RolloutsQuery,
        stopped: Option<Stopped>,
        freezes: Vec<Freeze>,
        causes: Vec<CauseRow>,
    ) -> Self {
        let rollouts = briefs.into_iter().filter(|brief| query.wants(brief)).map(RolloutBrief::row).collect();
        Self { revision, rollouts, stopped, freezes, causes }
    }
}

/// A narrower choice of rollouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolloutsOnly {
    /// Those nobody has started.
    Planned,
    /// Those that were started and have not ended.
    Open,
    /// Those that ended.
    Ended,
}

impl RolloutsOnly {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Planned, Self::Open, Self::Ended];

    /// The word in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Open => "open",
            Self::Ended => "ended",
        }
    }

    fn holds(self, status: &Status) -> bool {
        match self {
            Self::Planned => *status == Status::Planned,
            Self::Open => *status != Status::Planned && !status.ended(),
            Self::Ended => status.ended(),
        }
    }
}

/// The question for the list of rollouts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RolloutsQuery {
    /// Part of the title or the reason, or of a service's name, in any case.
    pub q: String,
    /// Only such.
    pub only: Option<RolloutsOnly>,
    /// What in the URL was not understood.
    pub ignored: Vec<String>,
}

impl RolloutsQuery {
    /// From the pairs of a URL's query; what is not understood is left at its default and named.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut query = Self::default();
        let ignored = typed::ignored(pairs, |name, value| match name {
            "q" => put(&mut query.q, Some(value.to_owned())),
            "only" => put(&mut query.only, RolloutsOnly::ALL.into_iter().find(|only| only.as_str() == value).map(Some)),
            _ => false,
        });
        Self { ignored, ..query }
    }

    /// The URL of this view; what stands at its default is left out.
    pub fn path(&self) -> String {
        let mut pairs = Vec::new();
        if !self.q.is_empty() {
            pairs.push(format!("q={}", encoded(&self.q)));
        }
        pairs.extend(self.only.map(|only| format!("only={}", only.as_str())));
        if pairs.is_empty() { "/rollouts".to_owned() } else { format!("/rollouts?{}", pairs.join("&")) }
    }

    /// Whether this rollout is asked for.
    pub fn wants(&self, brief: &RolloutBrief) -> bool {
        let q = self.q.to_lowercase();
        let says = |text: &str| text.to_lowercase().contains(&q);
        self.only.is_none_or(|only| only.holds(&brief.status))
            && (q.is_empty() || says(&brief.title) || says(&brief.reason) || brief.steps.iter().any(|(name, _)| says(name)))
    }
}

/// The question for one rollout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RolloutQuery {
    /// Its id, or the number people call it by.
    pub id: String,
    /// The step to be shown, counted from 1 as on the page; none: the one whose turn it is.
    pub step: Option<usize>,
    /// What in the URL was not understood.
    pub ignored: Vec<String>,
}

impl RolloutQuery {
    /// From the pairs of a URL's query; what is not understood is left at its default and named.
    pub fn from_pairs<'a>(id: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut query = Self { id: id.to_owned(), ..Self::default() };
        let ignored = typed::ignored(pairs, |name, value| match name {
            "step" => put(&mut query.step, value.parse::<usize>().ok().filter(|step| *step >= 1).map(Some)),
            _ => false,
        });
        Self { ignored, ..query }
    }

    /// The URL of this view.
    pub fn path(&self) -> String {
        let id = encoded(&self.id);
        self.step.map_or_else(|| format!("/rollouts/{id}"), |step| format!("/rollouts/{id}?step={step}"))
    }
}

#[cfg(test)]
mod tests;
