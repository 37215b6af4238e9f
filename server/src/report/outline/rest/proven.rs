//! Which answers a rollout brought about: the evidence that somebody asked for a change, somebody started it, and it was proven.
//!
//! Separate from the changes of the period, because what a rollout brought is evidence for as long as it runs, however long ago
//! that was.

use domain::readiness::assess::{Assessed, Judged};
use domain::readiness::{Brought, State};
use domain::report::Document;

use super::super::{Cell, Table, or_dash, tone, when};

/// Rows: a report is read by people.
const MOST_ROWS: usize = 200;

/// What the table is about.
pub(super) const SAID: &str = "Services that run a revision which a rollout of Signalbox brought and verified, and how the checks of it stand. What was deployed after that by somebody else is not here.";

/// Every answer that names its rollout, the newest rollout first.
pub(super) fn proven(document: &Document) -> Table {
    let heads = [
        ("Rollout", true),
        ("Check", false),
        ("Of", false),
        ("State", false),
        ("Verified", false),
        ("Planned by", false),
        ("Started by", false),
        ("What it was", false),
    ];
    let of = |judged: &Judged, assessed: &Assessed, brought: &Brought| -> Vec<Cell> {
        vec![
            brought.rollout.to_string().into(),
            format!("{} {}", assessed.check, document.title(&assessed.check)).into(),
            document.called(&judged.asked.subject).into(),
            Cell::lit(assessed.state.title(), tone(assessed.state)),
            when(brought.verified).into(),
            brought.requester.clone().into(),
            or_dash(brought.approver.clone()).into(),
            brought.title.clone().into(),
        ]
    };
    let mut all: Vec<(&Judged, &Assessed, &Brought)> = document
        .judged()
        .flat_map(|judged| judged.checks.iter().map(move |assessed| (judged, assessed)))
        .filter(|(_, assessed)| assessed.state != State::Unknown)
        .filter_map(|(judged, assessed)| Some((judged, assessed, assessed.found.as_ref()?.brought.as_deref()?)))
        .collect();
    // stable: within a rollout they stay in the order of services and card
    all.sort_by_key(|(_, _, brought)| std::cmp::Reverse(brought.rollout));
    let rows = all.into_iter().map(|(judged, assessed, brought)| of(judged, assessed, brought));
    Table::of(&heads, rows, MOST_ROWS, "No service runs a revision that a rollout of Signalbox brought.")
}
