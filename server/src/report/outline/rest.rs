//! Everything after page one, in the order of a hand-over.

mod findings;
mod fleet;
mod money;
mod proven;

use domain::readiness::{Check, State};
use domain::report::conclude::{Control, Tally};
use domain::report::{Document, Moved, Observed, tallies};
use domain::text::count;

use super::{Cell, Part, Table, or_dash, percent, seconds, tone, when, work};

/// Rows of what changed: a report is read by people.
const MOST_MOVED: usize = 200;

pub(super) fn pages<'a>(document: &'a Document, parts: &mut Vec<Part<'a>>) {
    let mut section = |id: &'static str, title: &str, of: Vec<Part<'a>>| {
        parts.push(Part::Heading(id, title.to_owned()));
        parts.extend(of);
    };
    section("targets", "Targets", vec![Part::Table(targets(document))]);
    section("card", "Score card", vec![Part::Table(card(document))]);
    section("findings", "What does not hold", findings::findings(document));
    section("services", "Services", vec![Part::Say(document.rule.clone()), Part::Table(fleet::services(document))]);
    section("plots", "Over time", plots(document));
    section("alarms", "Alarms", fleet::alarms(document));
    section("nats", "NATS and TLS", fleet::nats(document));
    section("changes", "Changes in the period", vec![Part::Table(fleet::changes(document))]);
    section("proven", "What rollouts proved", vec![Part::Say(proven::SAID.to_owned()), Part::Table(proven::proven(document))]);
    section("incidents", "Incidents in the period", fleet::incidents(document));
    section("since", "What changed since the last report", since(document));
    section(
        "risks",
        "Risks",
        list(document.conclusions.risks.iter().map(|risk| risk.said.clone()).collect(), "None that a gate or a waiver names."),
    );
    section("waivers", "Waivers", vec![Part::Table(waivers(document))]);
    section("cost", "Cost", money::cost(document));
    section("observed", "How much was really observed", vec![Part::Table(observed(document))]);
    section("missing", "What is missing", list(document.conclusions.missing.clone(), "Nothing: every check of the card was answered."));
    section("next", "Next steps", list(document.conclusions.next_steps.clone(), "None."));
    section("controls", "Controls", vec![Part::Say(CONTROLS.to_owned()), Part::Table(controls(document))]);
}

const CONTROLS: &str = "Which checks speak to which control of SOC 2 (Trust Services Criteria) and ISO/IEC 27001:2022, Annex A. A check is evidence towards a control and not the control.";

fn list(points: Vec<String>, empty: &str) -> Vec<Part<'static>> {
    vec![if points.is_empty() { Part::Say(empty.to_owned()) } else { Part::List(points) }]
}

fn targets(document: &Document) -> Table {
    let heads = [
        ("Target", false),
        ("For", false),
        ("Accepted risk", false),
        ("Reached", false),
        ("Holds", true),
        ("Waived", true),
        ("Missing", false),
        ("Work", false),
    ];
    let rows = document.readiness.targets.iter().map(|standing| {
        let target = document.card.target(&standing.name);
        let missing: Vec<&str> = standing.missing.iter().map(|gap| gap.check.as_str()).collect();
        let reached = if standing.reached { Cell::lit("yes", tone(State::Pass)) } else { Cell::lit("no", tone(State::Fail)) };
        vec![
            standing.name.clone().into(),
            target.map_or("", |target| target.purpose.as_str()).into(),
            target.map_or("", |target| target.risk.as_str()).into(),
            reached,
            format!("{} of {}", standing.held, standing.needed).into(),
            standing.waived.to_string().into(),
            missing.join(", ").into(),
            work(standing.work_minutes).into(),
        ]
    });
    Table::of(&heads, rows, usize::MAX, "The score card has no target.")
}

fn card(document: &Document) -> Table {
    let heads = [
        ("Check", false),
        ("Weight", false),
        ("Gate", true),
        ("Fails", true),
        ("Partly", true),
        ("Unknown", true),
        ("Waived", true),
        ("Passes", true),
        ("Not applicable", true),
        ("Why it matters", false),
    ];
    let tallies = tallies(&document.readiness);
    let row = |check: &Check| -> Vec<Cell> {
        let tally = tallies.get(check.id.as_str()).copied().unwrap_or_default();
        let number = |state: State| {
            let number = tally.of(state);
            if number == 0 { Cell::from("·") } else { Cell::lit(number.to_string(), tone(state)) }
        };
        let weight = if check.preview { "preview" } else { check.weight.as_str() };
        let states = [State::Fail, State::Partial, State::Unknown, State::Waived, State::Pass, State::NotApplicable].map(number);
        [format!("{} {}", check.id, check.title).into(), weight.into(), or_dash(check.gate).into()]
            .into_iter()
            .chain(states)
            .chain([check.why.clone().into()])
            .collect()
    };
    Table::of(&heads, document.card.checks.iter().map(row), usize::MAX, "The score card has no check.")
}

fn plots(document: &Document) -> Vec<Part<'_>> {
    if document.plots.is_empty() {
        return vec![Part::Say("Nothing was measured in this time.".to_owned())];
    }
    document.plots.iter().map(Part::Plot).collect()
}

fn since(document: &Document) -> Vec<Part<'static>> {
    let Some(since) = &document.since else { return vec![Part::Say("This is the first report.".to_owned())] };
    let heads = [("Check", false), ("Of", false), ("Before", false), ("Now", false)];
    let row = |moved: &Moved| -> Vec<Cell> {
        vec![
            format!("{} {}", moved.check, document.title(&moved.check)).into(),
            document.called(&moved.subject).into(),
            Cell::lit(moved.before.title(), tone(moved.before)),
            Cell::lit(moved.now.title(), tone(moved.now)),
        ]
    };
    let table = Table::of(&heads, since.moved.iter().map(row), MOST_MOVED, "No check stands otherwise.");
    let named = |what: &str, names: &[String]| (!names.is_empty()).then(|| Part::Say(format!("{what}: {}.", names.join(", "))));
    [Part::Table(table)].into_iter().chain(named("New", &since.appeared)).chain(named("Gone", &since.vanished)).collect()
}

fn waivers(document: &Document) -> Table {
    let heads = [
        ("Number", true),
        ("Check", false),
        ("Of", false),
        ("State", false),
        ("Reason", false),
        ("Meanwhile", false),
        ("Asked by", false),
        ("Approved by", false),
        ("Ends", false),
        ("Ticket", false),
    ];
    let at = document.readiness.at;
    let rows = document.waivers.iter().map(|waiver| {
        let wish = &waiver.wish;
        let state = match waiver.days_left(at) {
            Some(days) => Cell::lit(format!("holds, {} left", count(days, "day")), tone(State::Waived)),
            None if waiver.approver.is_none() => Cell::lit("nobody approved it", tone(State::Unknown)),
            None => Cell::from("over"),
        };
        vec![
            waiver.id.to_string().into(),
            format!("{} {}", wish.check, document.title(&wish.check)).into(),
            wish.service.clone().unwrap_or_else(|| wish.environment.clone()).into(),
            state,
            wish.reason.clone().into(),
            wish.compensating.clone().into(),
            waiver.requester.clone().into(),
            or_dash(waiver.approver.clone()).into(),
            or_dash(wish.expires.map(when)).into(),
            or_dash(wish.ticket.clone()).into(),
        ]
    });
    Table::of(&heads, rows, usize::MAX, "There is no waiver.")
}

fn observed(document: &Document) -> Table {
    let heads = [("Source", false), ("Of the period", true), ("First read", false), ("Gaps", true), ("Longest gap", false), ("Now", false)];
    let row = |observed: &Observed| -> Vec<Cell> {
        let now = observed
            .stale
            .as_ref()
            .map_or_else(|| Cell::lit("current", tone(State::Pass)), |why| Cell::lit(why.clone(), tone(State::Unknown)));
        vec![
            observed.source.to_string().into(),
            percent(observed.permille.into()).into(),
            observed.first.map_or_else(|| "never".to_owned(), when).into(),
            observed.gaps.to_string().into(),
            if observed.gaps == 0 { "–".into() } else { seconds(observed.longest_gap).into() },
            now,
        ]
    };
    Table::of(&heads, document.observed.iter().map(row), usize::MAX, "No source is configured.")
}

fn controls(document: &Document) -> Table {
    let heads = [("Framework", false), ("Control", false), ("State", false), ("Checks", false)];
    let tallies = tallies(&document.readiness);
    let row = |control: &Control| -> Vec<Cell> {
        let check = |id: &String| {
            let worst = tallies.get(id.as_str()).and_then(Tally::worst);
            format!("{id} {}", worst.map_or("does not arise", State::title))
        };
        let checks: Vec<String> = control.checks.iter().map(check).collect();
        vec![
            control.framework.clone().into(),
            control.control.clone().into(),
            control.worst.map_or_else(|| "does not arise".into(), |worst| Cell::lit(worst.title(), tone(worst))),
            checks.join("; ").into(),
        ]
    };
    Table::of(&heads, document.conclusions.controls.iter().map(row), usize::MAX, "The score card maps no check to a control.")
}
