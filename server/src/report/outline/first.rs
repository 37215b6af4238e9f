//! Page one, which alone must do.

use domain::readiness::{Cap, Confidence};
use domain::report::conclude::Important;
use domain::report::{Document, Since};
use domain::text::count;

use super::{Cell, Part, Table, or_dash, when, work};

/// Gaps on page one.
const GAPS: usize = 3;
/// Caps on page one.
const CAPS: usize = 3;

pub(super) fn page(document: &Document) -> Vec<Part<'_>> {
    let mut parts = vec![Part::Title(title(document)), Part::Say(about(document)), Part::Figures(figures(document))];
    parts.extend(verdict(document));
    parts.push(Part::Say(target(document)));
    parts.push(Part::Say(document.since.as_ref().map_or_else(|| "This is the first report.".to_owned(), |since| changed(document, since))));
    parts.push(Part::Heading("gaps", "The most important gaps".to_owned()));
    parts.push(Part::Table(gaps(document)));
    parts.push(Part::Heading("accepted", "Risks that were accepted".to_owned()));
    let accepted: Vec<String> =
        document.conclusions.risks.iter().filter(|risk| risk.waiver.is_some()).map(|risk| risk.said.clone()).collect();
    parts.push(if accepted.is_empty() { Part::Say("Nobody accepted a risk.".to_owned()) } else { Part::List(accepted) });
    parts
}

fn title(document: &Document) -> String {
    let whole = if document.environments.is_empty() { "the fleet".to_owned() } else { document.environments.join(", ") };
    format!("Readiness of {whole}, {}", document.made.day())
}

fn about(document: &Document) -> String {
    let services = count(document.readiness.services.len() as u64, "service");
    let redacted = if document.redacted { " Accounts, addresses and names are replaced." } else { "" };
    format!(
        "{services}, {} to {} (UTC). Made for {} by {}, with the score card \"{}\" and version {} of the formula. Report {}.{redacted}",
        when(document.period.from),
        when(document.period.to),
        document.requester,
        document.product,
        document.card.name,
        document.readiness.model,
        document.id
    )
}

fn figures(document: &Document) -> Vec<(&'static str, String)> {
    let fleet = &document.readiness.fleet;
    vec![
        ("Grade", fleet.grade()),
        ("Score", fleet.range()),
        ("Confidence", format!("{} % ({})", fleet.percent(), fleet.trust().as_str())),
        ("Without waivers", or_dash(fleet.unwaived)),
        ("Before gates", or_dash(fleet.uncapped)),
        ("Target reached", document.conclusions.reached.clone().unwrap_or_else(|| "none".to_owned())),
    ]
}

/// Why the score is what it is, as far as a sentence can say it.
fn verdict(document: &Document) -> Option<Part<'static>> {
    let fleet = &document.readiness.fleet;
    if fleet.trust() == Confidence::Insufficient {
        let percent = fleet.percent();
        return Some(Part::Warn(format!(
            "There is no score: only {percent} % of the weight rests on evidence that still counts, and less than half is not enough."
        )));
    }
    let caps = &document.readiness.caps;
    if caps.is_empty() {
        return None;
    }
    let said = |cap: &Cap| {
        let how = if cap.blind { "is not known" } else { "does not hold" };
        format!("{} ({}) {how} in {}: at most {}", cap.check, document.title(&cap.check), count(cap.subjects.len() as u64, "place"), cap.at)
    };
    let shown: Vec<String> = caps.iter().take(CAPS).map(said).collect();
    let more = caps.len().saturating_sub(CAPS);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    Some(Part::Warn(format!("Held down by gates: {}{more}.", shown.join("; "))))
}

fn target(document: &Document) -> String {
    let conclusions = &document.conclusions;
    let named = |name: &String| {
        let target = document.card.target(name);
        let (purpose, risk) = target.map_or(("", ""), |target| (target.purpose.as_str(), target.risk.as_str()));
        format!("{name} ({purpose}; accepted risk: {risk})")
    };
    let reached = conclusions
        .reached
        .as_ref()
        .map_or_else(|| "No target is reached.".to_owned(), |name| format!("Target {} is reached.", named(name)));
    let Some(next) = &conclusions.next_target else { return reached };
    let missing = document.readiness.targets.iter().find(|target| target.name == *next).map_or(0, |target| target.missing.len());
    let (checks, work) = (count(missing as u64, "check"), work(conclusions.work_minutes));
    format!("{reached} For {} {checks} must still hold: about {work} of work.", named(next))
}

fn changed(document: &Document, since: &Since) -> String {
    let before = format!("Since the report of {} ({})", when(since.made), since.id);
    if !since.comparable {
        return format!("{before}: another formula or score card, so the scores cannot be compared.");
    }
    let scores = format!("{} → {}", since.fleet.range(), document.readiness.fleet.range());
    let moved = format!("{} better, {} worse", count(since.better as u64, "check"), since.worse);
    let gone = match (since.appeared.len(), since.vanished.len()) {
        (0, 0) => String::new(),
        (new, gone) => format!("; {new} new and {gone} gone"),
    };
    format!("{before}: score {scores}; {moved}{gone}.")
}

fn gaps(document: &Document) -> Table {
    let heads = [
        ("Gap", false),
        ("Where", false),
        ("Holds the score at", true),
        ("Without it", true),
        ("Work", false),
        ("Owner", false),
        ("Due", false),
    ];
    let row = |gap: &Important| -> Vec<Cell> {
        let place = match (gap.failing, gap.unknown) {
            (failing, 0) => format!("fails in {failing}"),
            (0, unknown) => format!("not known in {unknown}"),
            (failing, unknown) => format!("fails in {failing}, not known in {unknown}"),
        };
        vec![
            format!("{} {}", gap.check, document.title(&gap.check)).into(),
            place.into(),
            or_dash(gap.cap).into(),
            or_dash(gap.becomes).into(),
            work(gap.work_minutes).into(),
            gap.owner.clone().unwrap_or_else(|| "nobody yet".to_owned()).into(),
            gap.due.map_or_else(|| "no date".to_owned(), domain::Timestamp::day).into(),
        ]
    };
    let mut table = Table::of(&heads, document.conclusions.gaps.iter().take(GAPS).map(row), GAPS, "There is no gap.");
    table.left_out = document.conclusions.gaps.len().saturating_sub(GAPS);
    table
}
