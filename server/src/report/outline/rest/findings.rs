//! What fails or is not known: a part a check, what holds the score down first, with what to do said once and its services below.
//!
//! A table a check, because a fleet fails the same check in many places and nobody reads one sentence two hundred times. Services
//! of which the same was seen, at the same time and from the same place, share a row, whichever requests told it: one tells of ten
//! services, and a row a request would say one sentence a hundred times. The trap is a fleet of thousands: rows, names and requests
//! are bounded for each check, and what is left out is counted.

use std::collections::BTreeSet;

use domain::readiness::assess::{Assessed, Judged};
use domain::readiness::{Check, Found, State};
use domain::report::Document;
use domain::text::{count, grouped, shown};

use super::super::{Cell, Part, Table, or_dash, tone, when};

/// Rows of one check: a report is read by people.
const MOST_ROWS: usize = 40;
/// Names in one row.
const MOST_NAMES: usize = 40;
/// Requests in one row; each answer names its own in what is for machines.
const MOST_REQUESTS: usize = 3;

const HEADS: [(&str, bool); 5] = [("Of", false), ("State", false), ("What was seen", false), ("When", false), ("Where from", false)];

/// One answer of one check that does not hold, and what it is about.
type Open<'a> = (&'a Judged, &'a Assessed);

/// The parts.
pub(super) fn findings(document: &Document) -> Vec<Part<'static>> {
    let open = |assessed: &&Assessed| matches!(assessed.state, State::Fail | State::Partial | State::Unknown);
    let mut by_check: Vec<(&Check, Vec<Open<'_>>)> = document.card.checks.iter().map(|check| (check, Vec::new())).collect();
    for judged in document.judged() {
        for assessed in judged.checks.iter().filter(open) {
            if let Some((_, of)) = by_check.iter_mut().find(|(check, _)| *check.id == *assessed.check) {
                of.push((judged, assessed));
            }
        }
    }
    by_check.retain(|(_, of)| !of.is_empty());
    if by_check.is_empty() {
        return vec![Part::Say("Every check holds, is waived or does not apply.".to_owned())];
    }
    // stable: what weighs the same stays in the order of the card
    by_check.sort_by_key(|(_, of)| of.iter().map(|(_, assessed)| (assessed.cap.unwrap_or(u8::MAX), assessed.state)).min());
    by_check.iter().flat_map(|(check, of)| of_check(document, check, of)).collect()
}

fn of_check(document: &Document, check: &Check, of: &[Open<'_>]) -> [Part<'static>; 3] {
    let states =
        [State::Fail, State::Partial, State::Unknown].map(|state| (state, of.iter().filter(|(_, one)| one.state == state).count()));
    let told: Vec<String> = states
        .iter()
        .filter(|(_, number)| *number > 0)
        .map(|(state, number)| format!("{} in {}", state.title(), count(*number as u64, "place")))
        .collect();
    let cap = of.iter().filter_map(|(_, assessed)| assessed.cap).min();
    let held = cap.map(|cap| format!("; holds what it is about at {cap} at most")).unwrap_or_default();
    let weight = if check.preview { "preview" } else { check.weight.as_str() };
    [
        Part::Subheading(format!("{} {}", check.id, check.title)),
        Part::Say(format!("{} ({weight}{held}). {}", capital(&told.join(", ")), check.remedy)),
        Part::Table(table(document, of)),
    ]
}

/// The first letter of a sentence.
fn capital(said: &str) -> String {
    let mut letters = said.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn table(document: &Document, of: &[Open<'_>]) -> Table {
    let mut of: Vec<&Open<'_>> = of.iter().collect();
    of.sort_by_key(|(_, assessed)| assessed.state);
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut left_out = 0;
    for (judged, assessed) in of {
        let (name, seen) = (document.called(&judged.asked.subject), Seen::of(document, assessed));
        let request = assessed.found.as_ref().and_then(|found| found.request_id.as_deref());
        if let Some(row) = rows.iter_mut().find(|row| row.seen == seen) {
            row.names.push(name);
            row.requests.extend(request);
        } else if rows.len() < MOST_ROWS {
            rows.push(Row { seen, names: vec![name], requests: request.into_iter().collect() });
        } else {
            left_out += 1;
        }
    }
    Table { left_out, ..Table::of(&HEADS, rows.into_iter().map(Row::cells), MOST_ROWS, "") }
}

/// A row, of whom it is and which requests told it.
struct Row<'a> {
    seen: Seen,
    names: Vec<String>,
    requests: BTreeSet<&'a str>,
}

impl Row<'_> {
    fn cells(self) -> Vec<Cell> {
        let Self { seen, names, requests } = self;
        let source = asked(seen.source, &requests);
        vec![named(&names).into(), Cell::lit(seen.state.title(), tone(seen.state)), seen.said.into(), seen.when.into(), source.into()]
    }
}

/// Where something was seen, and by which requests.
fn asked(source: String, requests: &BTreeSet<&str>) -> String {
    let shown: Vec<&str> = requests.iter().copied().take(MOST_REQUESTS).collect();
    match requests.len().saturating_sub(MOST_REQUESTS) {
        _ if requests.is_empty() => source,
        0 => format!("{source}, request {}", shown.join(", ")),
        more => format!("{source}, request {} and {} more", shown.join(", "), grouped(more as u64)),
    }
}

fn named(names: &[String]) -> String {
    let more = names.len().saturating_sub(MOST_NAMES);
    let shown: Vec<&str> = names.iter().take(MOST_NAMES).map(String::as_str).collect();
    if more == 0 { shown.join(", ") } else { format!("{} and {} more", shown.join(", "), grouped(more as u64)) }
}

/// What a row says beside the names.
#[derive(PartialEq, Eq)]
struct Seen {
    state: State,
    said: String,
    when: String,
    source: String,
}

impl Seen {
    fn of(document: &Document, assessed: &Assessed) -> Self {
        let found = assessed.found.as_ref();
        let why = assessed.unknown.map(|unknown| format!("{}: ", unknown.said())).unwrap_or_default();
        let said = found.map(|found| found.said_at(document.readiness.at)).unwrap_or_default();
        Self {
            state: assessed.state,
            said: format!("{why}{said}").trim_end_matches(": ").to_owned(),
            when: or_dash(found.and_then(|found| found.observed_at).map(when)),
            source: found.map(source).unwrap_or_default(),
        }
    }
}

/// Where from. A rollout that brought it is named by its number alone: what it was, and who wanted it, is told once, in the
/// section on what rollouts proved.
fn source(found: &Found) -> String {
    let brought = found.brought.as_ref().map(|brought| format!("; brought by rollout {}", brought.rollout)).unwrap_or_default();
    format!("{}{brought}", shown(&found.source))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::Timestamp;
    use domain::readiness::{Answer, Brought};

    use super::*;
    use crate::report::tests::sample;

    #[test]
    fn what_to_do_is_said_once_for_each_check() {
        let sealed = sample::sealed();
        let parts = findings(sealed.document());
        let headings = parts.iter().filter(|part| matches!(part, Part::Subheading(_))).count();
        let tables = parts.iter().filter(|part| matches!(part, Part::Table(table) if !table.rows.is_empty())).count();
        assert!(headings > 1 && headings == tables && parts.len() == headings * 3);
        let Some(Part::Subheading(first)) = parts.first() else { unreachable!("a heading comes first") };
        assert!(first.starts_with("H1 "), "what holds the score down most: {first}");
    }

    #[test]
    fn a_rollout_is_named_by_its_number() {
        let (seen, lasts) = (Timestamp::from_secs(5), Duration::from_secs(600));
        let mut found = Found::seen(Answer::FAIL, "none has one", seen, lasts, "ecs:e DescribeX a:2");
        assert_eq!(source(&found), "ecs:e DescribeX a:2");
        let (title, requester) = ("Health check for 2 services".to_owned(), "nina".to_owned());
        found.brought = Some(Box::new(Brought { rollout: 12, title, verified: seen, requester, approver: Some("omar".to_owned()) }));
        assert_eq!(source(&found), "ecs:e DescribeX a:2; brought by rollout 12");
        assert_eq!(asked(source(&found), &["r-1"].into()), "ecs:e DescribeX a:2; brought by rollout 12, request r-1");
    }

    #[test]
    fn services_of_which_the_same_was_seen_share_a_row_whoever_told_it() {
        let sealed = sample::sealed();
        let document = sealed.document();
        let check = document.card.check("H1").unwrap();
        let seen = |judged: &&Judged| judged.check("H1").is_some_and(|assessed| assessed.found.is_some());
        let judged = document.judged().find(seen).unwrap();
        let by = |request: &str| {
            let mut assessed = judged.check("H1").unwrap().clone();
            if let Some(found) = &mut assessed.found {
                found.request_id = Some(request.into());
            }
            assessed
        };
        let told = ["r1", "r2", "r2", "r3", "r4", "r5"].map(by);
        let of: Vec<Open<'_>> = told.iter().map(|assessed| (judged, assessed)).collect();
        let [_, _, Part::Table(table)] = of_check(document, check, &of) else { unreachable!("the last part is the table") };
        assert_eq!(table.rows.len(), 1, "{:?}", table.rows);
        assert!(table.rows[0][4].text.ends_with(", request r1, r2, r3 and 2 more"), "{:?}", table.rows[0]);
        let [_, _, Part::Table(table)] = of_check(document, check, &of[..1]) else { unreachable!("the last part is the table") };
        assert!(table.rows[0][4].text.ends_with(", request r1"), "{:?}", table.rows[0]);
    }

    #[test]
    fn many_names_are_counted() {
        let names: Vec<String> = (0..MOST_NAMES + 1_200).map(|number| format!("s{number}")).collect();
        assert!(named(&names).ends_with("s39 and 1,200 more"));
        assert_eq!(named(&names[..2]), "s0, s1");
        assert_eq!(capital("fails in 1 place"), "Fails in 1 place");
    }
}
