//! The report: one document of which every format is drawn, and which can be checked without Signalbox.
//!
//! The document holds the card, the evidence, the waivers and what was made of them, so that whoever has the file can add it up
//! again ([`recomputed`]). Pure, because the same document must give the same bytes years later: no floating point, no map
//! whose keys are names, no clock. The trap is a second truth: a number that stands in the readiness is never copied into
//! another section; whoever draws a table looks it up there ([`Document::rows`]).
//!
//! | module | holds |
//! |---|---|
//! | [`section`] | what is told beside the score: services, alarms, NATS, changes, incidents, plots |
//! | [`mod@conclude`] | what follows: the target, the most important gaps, risks, controls, what is missing, next steps |
//! | [`compare`] | what changed since the report before, check by check |
//! | [`cost`] | what the fleet costs, as estimates with their basis |
//! | [`observe`] | how much of the period each source was really read |
//! | [`mod@canonical`] | the one way a document is written: sorted, without blanks |
//! | [`recompute`] | adding it up again from the evidence inside |
//! | [`mod@redact`] | the same document without accounts, addresses and names |
//! | [`wish`] | what somebody wants reported, before there is a document |
//! | [`brief`] | what a list tells of a report without opening it |

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::readiness::assess::Judged;
use crate::readiness::{Card, Readiness, Subject, Waiver};

pub mod brief;
pub mod canonical;
pub mod compare;
pub mod conclude;
pub mod cost;
pub mod observe;
pub mod recompute;
pub mod redact;
pub mod section;
pub mod wish;

#[cfg(test)]
pub(crate) mod sample;

pub use brief::Brief;
pub use canonical::canonical;
pub use compare::{Moved, Since, since};
pub use conclude::{Assigned, Conclusions, Tally, conclude, tallies};
pub use observe::Observed;
pub use recompute::{Difference, recomputed};
pub use redact::redact;
pub use section::{AlarmLine, Alarms, Change, Covered, Incident, Incidents, NatsLine, NodeLine, PlottedLine, PlottedTimes, ServiceLine};
pub use wish::{Reaching, ReportWish};

/// The version of the document's schema. A reader that knows only older ones must say so and not guess.
pub const SCHEMA: u32 = 1;

/// The time a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Period {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end: when the report was made, unless an earlier one was asked for.
    pub to: Timestamp,
}

/// A report, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Document {
    /// The version of this shape: [`SCHEMA`].
    pub schema: u32,
    /// A UUIDv7; the same id is the same bytes for ever.
    pub id: String,
    /// When it was made.
    pub made: Timestamp,
    /// Who asked for it.
    pub requester: String,
    /// The product and its version: `signalbox 0.1.0`.
    pub product: String,
    /// Whether accounts, addresses and names were replaced.
    pub redacted: bool,
    /// The time it is about.
    pub period: Period,
    /// The environments it is about, by name.
    pub environments: Vec<String>,
    /// The score card, whole.
    pub card: Card,
    /// The score with all evidence it rests on.
    pub readiness: Readiness,
    /// Waivers that hold or held within the period.
    pub waivers: Vec<Waiver>,
    /// Who has taken which check on, and until when.
    pub assigned: Vec<Assigned>,
    /// What follows from all that.
    pub conclusions: Conclusions,
    /// What changed since the report before; none where this is the first.
    pub since: Option<Since>,
    /// How much of the period each source was really read.
    pub observed: Vec<Observed>,
    /// The rule by which services are counted.
    pub rule: String,
    /// The services, by environment, cluster and name.
    pub services: Vec<ServiceLine>,
    /// The alarms.
    pub alarms: Alarms,
    /// The NATS clusters.
    pub nats: Vec<NatsLine>,
    /// Rollouts of the period, the newest first.
    pub changes: Vec<Change>,
    /// What went wrong in the period.
    pub incidents: Incidents,
    /// What is drawn.
    pub plots: Vec<PlottedTimes>,
    /// What it costs; none where nothing is known of it.
    pub cost: Option<cost::Cost>,
}

/// One service or environment with what is known of it beside its score.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Its score and its checks.
    pub judged: &'a Judged,
    /// What it runs; none for an environment, and for a service that is gone.
    pub line: Option<&'a ServiceLine>,
}

impl Document {
    /// Every service that was judged, with what it runs.
    pub fn rows(&self) -> Vec<Row<'_>> {
        let lines: BTreeMap<_, &ServiceLine> = self.services.iter().map(|line| (&line.service, line)).collect();
        let line = |judged: &Judged| judged.asked.subject.service().and_then(|key| lines.get(key).copied());
        self.readiness.services.iter().map(|judged| Row { judged, line: line(judged) }).collect()
    }

    /// Everything that was judged: the environments first, then the services.
    pub fn judged(&self) -> impl Iterator<Item = &Judged> {
        self.readiness.environments.iter().chain(&self.readiness.services)
    }

    /// The title of a check, or its id where the card has none of that id.
    pub fn title<'a>(&'a self, check: &'a str) -> &'a str {
        self.card.check(check).map_or(check, |check| check.title.as_str())
    }

    /// How a subject is called here: a service by its name, with environment and cluster only where the report has several.
    pub fn called(&self, subject: &Subject) -> String {
        match subject.service() {
            Some(key) if self.one_place() => key.service.clone(),
            _ => subject.to_string(),
        }
    }

    /// Whether all services are of one cluster, so that their names alone tell them apart.
    fn one_place(&self) -> bool {
        let mut places = self.readiness.services.iter().filter_map(|judged| judged.asked.subject.service());
        let Some(first) = places.next() else { return true };
        places.all(|key| key.environment == first.environment && key.cluster == first.cluster)
    }

    /// Waivers that hold at the instant of the assessment.
    pub fn accepted(&self) -> impl Iterator<Item = &Waiver> {
        self.waivers.iter().filter(|waiver| waiver.holds(self.readiness.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_survives_text_to_the_byte() {
        let document = sample::document();
        let text = canonical(&document).unwrap();
        let again: Document = serde_json::from_str(&text).unwrap();
        assert_eq!(again, document);
        assert_eq!(canonical(&again).unwrap(), text);
    }

    #[test]
    fn a_row_has_its_score_and_what_it_runs() {
        let document = sample::document();
        let rows = document.rows();
        assert_eq!(rows.len(), document.readiness.services.len());
        assert!(rows.iter().any(|row| row.line.is_some_and(|line| line.running == 2)));
        assert_eq!(document.called(&rows[0].judged.asked.subject), rows[0].judged.asked.subject.service().unwrap().service);
    }
}
