//! The fleet as it stood and what happened to it: services, alarms, NATS, changes, incidents.

use domain::alarm::AlarmState;
use domain::judge::Tone;
use domain::readiness::Letter;
use domain::report::{AlarmLine, Change, Covered, Document, Incident, NatsLine, NodeLine, Row};
use domain::text::{count, grouped};

use super::super::{Cell, Part, Table, or_dash, percent, when};

/// Rows of alarms and incidents.
const MOST: usize = 200;

pub(super) fn services(document: &Document) -> Table {
    let heads = [
        ("Service", false),
        ("Tier", false),
        ("State", false),
        ("Tasks", true),
        ("Revision", false),
        ("Grade", false),
        ("Score", true),
        ("Confidence", true),
        ("Gates", false),
    ];
    let row = |row: Row<'_>| -> Vec<Cell> {
        let (score, line) = (&row.judged.score, row.line);
        let grade = match score.letter {
            Some(Letter::A | Letter::B) => Tone::Good,
            Some(Letter::C | Letter::D) => Tone::Warn,
            Some(Letter::F) => Tone::Bad,
            None => Tone::Unknown,
        };
        let gates: Vec<String> = row.judged.caps().iter().map(|cap| format!("{} at {}", cap.check, or_dash(cap.cap))).collect();
        let state = line.map_or_else(|| Cell::lit("gone", Tone::Unknown), |line| Cell::lit(line.standing.title(), line.standing.tone()));
        vec![
            document.called(&row.judged.asked.subject).into(),
            or_dash(row.judged.asked.tier.clone()).into(),
            state,
            line.map_or_else(|| "–".to_owned(), |line| format!("{}/{}", line.running, line.desired)).into(),
            or_dash(line.and_then(|line| line.revision.clone())).into(),
            Cell::lit(score.grade(), grade),
            score.range().into(),
            format!("{} %", score.percent()).into(),
            gates.join(", ").into(),
        ]
    };
    Table::of(&heads, document.rows().into_iter().map(row), usize::MAX, "No service was found.")
}

pub(super) fn alarms(document: &Document) -> Vec<Part<'static>> {
    let alarms = &document.alarms;
    let said = format!("{}, {} on, {} without enough data.", count(alarms.total, "alarm"), alarms.on, alarms.unknown);
    let heads = [("Watched", false), ("Services that need it", true), ("Lacking", true), ("What counts", false)];
    let covered = |covered: &Covered| -> Vec<Cell> {
        let lacking = if covered.lacking == 0 { Tone::Good } else { Tone::Bad };
        vec![
            covered.column.title().into(),
            covered.services.to_string().into(),
            Cell::lit(covered.lacking.to_string(), lacking),
            covered.column.rule().into(),
        ]
    };
    let coverage = Table::of(&heads, alarms.coverage.iter().map(covered), usize::MAX, "The coverage was not read.");
    let heads =
        [("Alarm", false), ("State", false), ("Since", false), ("Service", false), ("CloudWatch's words", false), ("Acknowledged", false)];
    let line = |alarm: &AlarmLine| -> Vec<Cell> {
        let state = match alarm.state {
            AlarmState::Alarm => Cell::lit("on", Tone::Bad),
            AlarmState::InsufficientData => Cell::lit("not enough data", Tone::Unknown),
            AlarmState::Ok => Cell::lit("OK", Tone::Good),
        };
        vec![
            alarm.name.clone().into(),
            state,
            or_dash(alarm.since.map(when)).into(),
            or_dash(alarm.service.clone()).into(),
            alarm.reason.clone().unwrap_or_default().into(),
            or_dash(alarm.acknowledged.clone()).into(),
        ]
    };
    let lines = Table::of(&heads, alarms.lines.iter().map(line), MOST, "Every alarm is OK.");
    let stale = alarms.stale.iter().map(|why| Part::Warn(why.clone()));
    [Part::Say(said)].into_iter().chain(stale).chain([Part::Table(coverage), Part::Table(lines)]).collect()
}

pub(super) fn nats(document: &Document) -> Vec<Part<'static>> {
    if document.nats.is_empty() {
        return vec![Part::Say("No NATS cluster is configured.".to_owned())];
    }
    document.nats.iter().flat_map(cluster).collect()
}

fn cluster(cluster: &NatsLine) -> Vec<Part<'static>> {
    let answering = cluster.nodes.iter().filter(|node| node.answers).count();
    let share = cluster.share().map_or_else(|| "none can be told".to_owned(), percent);
    let said = format!(
        "{}: {answering} of {} answer; {}, of which {} use TLS ({share}), {} do not and {} are too young to tell.",
        cluster.name,
        count(cluster.nodes.len() as u64, "node"),
        count(cluster.connections(), "client connection"),
        grouped(cluster.tls),
        grouped(cluster.plaintext),
        grouped(cluster.young)
    );
    let heads = [
        ("Node", false),
        ("Answers", false),
        ("Version", false),
        ("TLS", false),
        ("Certificate until", false),
        ("Connections", true),
        ("Restarts in 7 days", true),
    ];
    let node = |node: &NodeLine| -> Vec<Cell> {
        let answers = if node.answers { Cell::lit("yes", Tone::Good) } else { Cell::lit("no", Tone::Bad) };
        vec![
            node.name.clone().into(),
            answers,
            node.version.clone().into(),
            node.tls.clone().into(),
            or_dash(node.certificate_until.map(when)).into(),
            grouped(node.connections).into(),
            node.restarts.to_string().into(),
        ]
    };
    let mut parts = vec![Part::Say(said)];
    parts.extend(cluster.stale.iter().map(|why| Part::Warn(why.clone())));
    parts.push(Part::Table(Table::of(&heads, cluster.nodes.iter().map(node), usize::MAX, "No node ever answered.")));
    if !cluster.findings.is_empty() {
        parts.push(Part::List(cluster.findings.clone()));
    }
    parts
}

pub(super) fn changes(document: &Document) -> Table {
    let heads = [
        ("Rollout", false),
        ("Why", false),
        ("Asked by", false),
        ("Started by", false),
        ("Started", false),
        ("Ended", false),
        ("Verified", true),
        ("Failed", true),
        ("How it stands", false),
    ];
    let row = |change: &Change| -> Vec<Cell> {
        let failed = if change.failed > 0 { Tone::Bad } else { Tone::Quiet };
        vec![
            format!("{} {}", change.number, change.title).into(),
            change.reason.clone().into(),
            change.requester.clone().into(),
            or_dash(change.approver.clone()).into(),
            or_dash(change.started.map(when)).into(),
            or_dash(change.ended.map(when)).into(),
            format!("{} of {}", change.verified, change.services.len()).into(),
            Cell::lit(change.failed.to_string(), failed),
            change.said.clone().into(),
        ]
    };
    Table::of(&heads, document.changes.iter().map(row), usize::MAX, "Nothing was rolled out in this time.")
}

pub(super) fn incidents(document: &Document) -> Vec<Part<'static>> {
    let heads = [("When", false), ("What", false), ("What happened", false)];
    let row = |incident: &Incident| -> Vec<Cell> {
        vec![when(incident.at).into(), Cell::lit(incident.subject.clone(), incident.tone), incident.text.clone().into()]
    };
    let table =
        Table::of(&heads, document.incidents.lines.iter().map(row), MOST, "Nothing went wrong in this time, as far as it was observed.");
    let cut = document.incidents.cut.then(|| Part::Say("There were more than are kept in a report; the timeline has them all.".to_owned()));
    [Part::Table(table)].into_iter().chain(cut).collect()
}
