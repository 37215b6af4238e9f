use domain::Timestamp;
use domain::alarm::{AlarmKind, AlarmState};
use domain::cost::{Bill, CostLine};
use domain::coverage::{Cell, Column};
use domain::nats::jetstream::{Consumer, Flow, Meta, Replica, Stream};
use domain::nats::{Node, NodeCounters};
use domain::owner::{Certainty, Evidence, Proof};
use domain::source::{SourceHealth, SourceId, SourceKind};
use domain::timeline::EventKind;
use domain::view::{Acknowledged, CoverageRow, FlowRow, LastWords, LogLine, NatsCluster, NatsQuery, TimelineEntry};

use super::*;

/// Reads RFC 4180 as a spreadsheet does; panics at what is none.
fn read(csv: &Csv) -> Vec<Vec<String>> {
    let text = csv.text().strip_prefix('\u{feff}').expect("a mark that it is UTF-8");
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut letters) = (false, text.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => cell.push(letters.next().unwrap()),
            '"' if quoted => quoted = false,
            '"' => {
                assert!(cell.is_empty(), "a quote within an unquoted cell: {cell}");
                quoted = true;
            }
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {
                assert_eq!(letters.next(), Some('\n'));
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            '\n' if !quoted => panic!("a line that ends without a return"),
            other => cell.push(other),
        }
    }
    assert!(row.is_empty() && cell.is_empty() && !quoted, "the last line ends as every other");
    rows
}

/// Names that mean something to a reader of such files, and one that only means something to people.
const HOSTILE: [&str; 7] =
    ["=cmd|' /C calc'!A0", "a,\"b\",c", "two\r\nlines", "@SUM(1+1)", "-dash", "\u{1b}[2Jx\u{202E}y", "größe 日本 🚦"];

/// What a spreadsheet shows of them.
const SHOWN: [&str; 7] = ["'=cmd|' /C calc'!A0", "a,\"b\",c", "two·\nlines", "'@SUM(1+1)", "'-dash", "·[2Jx·y", "größe 日本 🚦"];

fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(1_777_714_800 + second)
}

fn key(name: &str) -> ServiceKey {
    ServiceKey { environment: name.to_owned(), cluster: name.to_owned(), service: name.to_owned() }
}

/// The rows of a table of which each row is made of one hostile name; every row as wide as its headings.
fn whole(csv: &Csv, rows: usize) -> Vec<Vec<String>> {
    let mut read = read(csv);
    let heads = read.remove(0);
    assert_eq!(read.len(), rows, "{read:?}");
    for row in &read {
        assert_eq!(row.len(), heads.len(), "{heads:?} and {row:?}");
        for cell in row {
            assert!(!cell.starts_with(['=', '@', '\t', '\r']), "{cell} would be run");
            assert!(!cell.contains(['\u{1b}', '\u{202E}']), "{cell:?} drives a terminal or turns the line round");
        }
    }
    read
}

/// The cells under a heading.
fn under<'a>(csv: &Csv, rows: &'a [Vec<String>], heading: &str) -> Vec<&'a str> {
    let heads = read(csv).remove(0);
    let place = heads.iter().position(|head| head == heading).unwrap_or_else(|| panic!("no {heading} among {heads:?}"));
    rows.iter().map(|row| row[place].as_str()).collect()
}

#[test]
fn hostile_alarms_stay_text_and_facts_stay_facts() {
    let row = |name: &&str| AlarmRow {
        environment: (*name).to_owned(),
        name: (*name).to_owned(),
        kind: AlarmKind::Composite,
        state: AlarmState::Alarm,
        since: Some(at(0)),
        reason: Some((*name).to_owned()),
        told: vec![(*name).to_owned(), "b".to_owned()],
        service: Some(("main".to_owned(), (*name).to_owned())),
        acknowledged: Some(Acknowledged { by: (*name).to_owned(), reason: (*name).to_owned(), at: at(1) }),
        changes: 5,
        ..AlarmRow::default()
    };
    let csv = alarms(&HOSTILE.iter().map(row).collect::<Vec<_>>());
    let rows = whole(&csv, HOSTILE.len());
    for heading in ["environment", "alarm", "service", "reason", "acknowledged by"] {
        assert_eq!(under(&csv, &rows, heading), SHOWN, "{heading}");
    }
    assert_eq!(under(&csv, &rows, "since")[0], "2026-05-02T09:40:00Z");
    assert_eq!((under(&csv, &rows, "state")[0], under(&csv, &rows, "changes within an hour")[0]), ("ALARM", "5"));
    assert_eq!(under(&csv, &rows, "notifies")[6], "größe 日本 🚦; b");
}

#[test]
fn the_table_of_what_is_watched_names_the_alarms_and_what_is_missing() {
    let cell = |column, mark, name: &str| Cell { column, mark, said: name.to_owned(), alarms: vec![name.to_owned()] };
    let row = |name: &&str| CoverageRow {
        key: key(name),
        cells: vec![cell(Column::Cpu, Mark::Covered, name), cell(Column::Memory, Mark::Missing, "none")],
        missing: None,
    };
    let page = CoveragePage {
        revision: 1,
        headline: String::new(),
        rows: HOSTILE.iter().map(row).collect(),
        columns: [Column::Cpu, Column::Memory].map(|column| (column.title().to_owned(), String::new())).into(),
        asked: Default::default(),
        choices: Vec::new(),
        paging: Default::default(),
        csv: String::new(),
        observed: None,
        stale: Vec::new(),
    };
    let csv = coverage(&page);
    let rows = whole(&csv, HOSTILE.len());
    assert_eq!((under(&csv, &rows, "service"), under(&csv, &rows, "CPU: alarms")), (SHOWN.to_vec(), SHOWN.to_vec()));
    assert_eq!(under(&csv, &rows, "missing")[0], "Memory");
}

fn entry(id: i64, name: &str) -> TimelineEntry {
    let lines = vec![LogLine { at: at(0), text: "first".to_owned() }, LogLine { at: at(1), text: name.to_owned() }];
    TimelineEntry {
        id,
        at: at(id),
        kind: EventKind::TaskStopped,
        tone: Tone::Bad,
        subject: name.to_owned(),
        path: Some(key(name).path()),
        text: name.to_owned(),
        back: None,
        words: Some(LastWords { lines, ..LastWords::default() }),
    }
}

#[test]
fn a_record_that_was_cut_says_so_where_it_ends() {
    let all = |cut| Entries {
        entries: (0..).zip(HOSTILE).map(|(id, name)| entry(id, name)).collect(),
        cut,
        cut_at: Some(7).filter(|_| cut),
        unsearched: if cut { 12 } else { 0 },
    };
    let csv = timeline(&all(false), None);
    let rows = whole(&csv, HOSTILE.len());
    for heading in ["subject", "text", "last line of its log"] {
        assert_eq!(under(&csv, &rows, heading), SHOWN, "{heading}");
    }
    let csv = timeline(&all(true), Some("/api/v1/timeline.csv?before=7"));
    let rows = whole(&csv, HOSTILE.len() + 2);
    let said = under(&csv, &rows, "text");
    assert_eq!(
        said[7],
        "is cut here: it holds the newest 7 entries that match, and there are more. The older ones are at /api/v1/timeline.csv?before=7."
    );
    assert!(said[8].starts_with("may lack some: the oldest 12 entries"), "{}", said[8]);
}

#[test]
fn nats_keeps_its_numbers_and_its_proof() {
    let connection = |name: &&str| OwnedConnection {
        cluster: "main".to_owned(),
        node: (*name).to_owned(),
        cid: 7,
        name: Some((*name).to_owned()),
        user: Some((*name).to_owned()),
        address: "10.0.0.1:4711".to_owned(),
        client: None,
        started: Some(at(0)),
        wire: Wire::Plaintext,
        tls: None,
        certainty: Certainty::Conflicting,
        owner: Some(key(name)),
        task: None,
        proof: vec![
            Proof { by: Evidence::User, says: "its user is auth".to_owned(), agrees: true },
            Proof { by: Evidence::Name, says: "it calls itself quest".to_owned(), agrees: false },
        ],
    };
    let csv = connections(&HOSTILE.iter().map(connection).collect::<Vec<_>>());
    let rows = whole(&csv, HOSTILE.len());
    assert_eq!((under(&csv, &rows, "name"), under(&csv, &rows, "service")), (SHOWN.to_vec(), SHOWN.to_vec()));
    assert_eq!(under(&csv, &rows, "proof")[0], "its user is auth; but it calls itself quest");
    assert_eq!(under(&csv, &rows, "wire")[0], "plaintext");

    let share = |name: &&str| Share { owner: Some(key(name)), tls: 1, plaintext: 2, young: 3, clients: vec![(*name).to_owned()] };
    let csv = owners(&HOSTILE.iter().map(share).chain([Share::default()]).collect::<Vec<_>>());
    let rows = whole(&csv, HOSTILE.len() + 1);
    assert_eq!((under(&csv, &rows, "clients")[3], under(&csv, &rows, "connections")[3]), (SHOWN[3], "6"));
    assert_eq!(rows[7][..3], ["", "", ""], "those nobody owns have an empty place");
}

#[test]
fn of_a_silent_node_only_who_it_is_and_when_it_spoke_is_told() {
    let row = |name: &&str, answers| NodeRow {
        node: Node { name: (*name).to_owned(), version: (*name).to_owned(), jetstream: true, ..Node::default() },
        answers,
        counters: NodeCounters { connections: 9, cpu: 4.0, memory: 1 << 20, ..NodeCounters::default() },
        read: Some(at(3)),
        ..NodeRow::default()
    };
    let flow = |consumer: &str| FlowRow {
        account: "APP".to_owned(),
        stream: "=QUESTS".to_owned(),
        consumer: consumer.to_owned(),
        flow: Flow::Stuck,
        since: at(0),
        why: "7 messages wait".to_owned(),
        owner: None,
        dependents: vec![key("a,b"), key("c")],
        numbers: String::new(),
    };
    let cluster = NatsCluster {
        name: "main".to_owned(),
        observed: None,
        stale: None,
        findings: Vec::new(),
        nodes: HOSTILE.iter().map(|name| row(name, true)).chain([row(&"n9", false)]).collect(),
        meta: Some((
            Meta { replicas: vec![Replica { node: "n9".to_owned(), offline: true, lag: 7, ..Replica::default() }], ..Meta::default() },
            at(3),
        )),
        flows: Vec::new(),
    };
    let view = NatsView {
        revision: 1,
        clusters: vec![cluster],
        query: NatsQuery::default(),
        connections: Vec::new(),
        matching: 0,
        total: 0,
        certainties: Vec::new(),
        plaintext: Vec::new(),
        plaintext_owners: 0,
        ended: Vec::new(),
        same_time: true,
    };
    let csv = nodes(&view);
    let rows = whole(&csv, HOSTILE.len() + 1);
    assert_eq!((under(&csv, &rows, "node")[..7].to_vec(), under(&csv, &rows, "node")[7]), (SHOWN.to_vec(), "n9"));
    assert_eq!((under(&csv, &rows, "memory bytes")[0], under(&csv, &rows, "memory bytes")[7]), ("1048576", ""));
    assert_eq!((under(&csv, &rows, "answers")[7], under(&csv, &rows, "read at")[7]), ("no", "2026-05-02T09:40:03Z"));
    assert_eq!((under(&csv, &rows, "JetStream group")[7], under(&csv, &rows, "operations it lacks")[7]), ("offline", "7"));

    let body = |row: FlowRow, body| FlowBody { cluster: "main".to_owned(), row, body };
    let stream = Stream { messages: 12, max_bytes: Some(99), leader: Some("n1".to_owned()), ..Stream::default() };
    let consumer = Consumer { pending: 7, ack_pending: 3, pull: true, waiting: 2, ..Consumer::default() };
    let csv = streams(&[body(flow(""), Flowing::Stream(stream.into())), body(flow("work"), Flowing::Consumer(consumer.into()))]);
    let rows = whole(&csv, 2);
    assert_eq!(under(&csv, &rows, "stream"), ["'=QUESTS", "'=QUESTS"]);
    assert_eq!((under(&csv, &rows, "messages"), under(&csv, &rows, "waiting")), (vec!["12", ""], vec!["", "7"]));
    assert_eq!((under(&csv, &rows, "most bytes")[0], under(&csv, &rows, "asking")[1], under(&csv, &rows, "copies")[0]), ("99", "2", "1"));
    assert_eq!(under(&csv, &rows, "who depends on it")[0], "a,b; c");
}

#[test]
fn sources_say_what_their_cards_say() {
    let health = |name: &&str| SourceHealth::untried(SourceId::new(SourceKind::Ecs, *name), std::time::Duration::from_secs(15));
    let line = |name: &&str| CostLine { api: (*name).to_owned(), calls: 1_000_000, throttled: 2, units: 3, price: "$0.02".to_owned() };
    let bill = Bill {
        environment: "production".to_owned(),
        month: "2026-05".to_owned(),
        summary: String::new(),
        slowed: None,
        lines: HOSTILE.iter().map(line).collect(),
    };
    let budget = |name: &&str| domain::source::Budget { family: (*name).to_owned(), rate: 1.4, full_rate: 2.7, calls: 9, throttled: 1 };
    let mut first = health(&"production");
    first.budgets = HOSTILE.iter().map(budget).collect();
    let rows_of = HOSTILE.iter().map(health).chain([first]).map(|health| SourceRow::judge(health, at(0)));
    let view = SourcesView { revision: 1, rows: rows_of.collect(), bills: vec![bill], gaps: Vec::new() };
    let csv = sources(&view);
    let rows = whole(&csv, HOSTILE.len() + 1);
    assert_eq!(under(&csv, &rows, "scope")[..7], SHOWN);
    assert_eq!((under(&csv, &rows, "state")[0], under(&csv, &rows, "swept every s")[0]), ("beginning", "15"));
    let csv = rates(&view);
    let rows = whole(&csv, HOSTILE.len());
    assert_eq!((under(&csv, &rows, "API family"), under(&csv, &rows, "rate allowed a second")[0]), (SHOWN.to_vec(), "1.40"));
    let csv = cost(&view);
    let rows = whole(&csv, HOSTILE.len());
    assert_eq!((under(&csv, &rows, "operation"), under(&csv, &rows, "calls")[0]), (SHOWN.to_vec(), "1000000"));
}
