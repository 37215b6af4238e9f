//! The collectors' own health, rate and cost in calls.

use serde::{Deserialize, Serialize};

use super::TimelineEntry;
use crate::Timestamp;
use crate::cost::Bill;
use crate::judge::Tone;
use crate::source::{Breaker, Outcome, SourceHealth};

/// The Sources page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SourcesView {
    /// The store's revision this was read at.
    pub revision: u64,
    /// One row a source, in the order of the config.
    pub rows: Vec<SourceRow>,
    /// What asking AWS costs this month, by environment.
    pub bills: Vec<Bill>,
    /// Times in which a source could not be read, newest first.
    pub gaps: Vec<TimelineEntry>,
}

/// One source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SourceRow {
    /// Its health.
    #[serde(flatten)]
    pub health: SourceHealth,
    /// Why what it says is too old to be shown as current.
    pub stale: Option<String>,
    /// How its lamp is drawn.
    pub tone: Tone,
    /// One sentence on how it is.
    pub summary: String,
    /// What to do, where there is anything to do.
    pub remedies: Vec<String>,
}

impl SourceRow {
    /// Judges a source's health at `now`.
    pub fn judge(health: SourceHealth, now: Timestamp) -> Self {
        let stale = health.stale(now);
        let (tone, summary, remedies) = match (&health.outcome, &stale) {
            (None, _) => (Tone::Move, "first sweep under way".to_owned(), Vec::new()),
            (Some(Outcome::Failed { fault }), _) => {
                let open = if health.breaker == Breaker::Open { "; not asking for a minute" } else { "" };
                (Tone::Bad, format!("{}{open}", fault.message), vec![fault.remedy()])
            }
            (Some(Outcome::Partial { missing }), _) => {
                let what: Vec<String> = missing.iter().map(|part| format!("{}: {}", part.what, part.fault.message)).collect();
                let mut remedies: Vec<String> = missing.iter().map(|part| part.fault.remedy()).collect();
                remedies.dedup();
                (Tone::Warn, format!("partial: without {}", what.join("; ")), remedies)
            }
            (Some(Outcome::Complete), Some(stale)) => {
                (Tone::Unknown, stale.clone(), vec!["The collector itself has gone quiet: look into Signalbox's log.".to_owned()])
            }
            (Some(Outcome::Complete), None) => (Tone::Good, "answers completely".to_owned(), Vec::new()),
        };
        Self { health, stale, tone, summary, remedies }
    }
}
