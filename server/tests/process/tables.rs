//! Every table as CSV, read by a reader nobody here wrote (Python's `csv`) and compared with what the page shows.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::*;

/// A CSV as rows of cells, headings first.
fn rows(text: &str) -> Vec<Vec<String>> {
    const READ: &str = "import csv, io, json, sys\n\
        text = io.TextIOWrapper(sys.stdin.buffer, encoding='utf-8-sig', newline='')\n\
        json.dump(list(csv.reader(text, strict=True)), sys.stdout)";
    let mut python = Command::new(tool("SIGNALBOX_MOTO_PYTHON"));
    quiet(&mut python);
    let mut child = python.args(["-c", READ]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "no CSV: {text}");
    serde_json::from_slice(&output.stdout).unwrap()
}

struct Table {
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// The cells under a heading, without the apostrophe that keeps a spreadsheet from running them.
    fn under(&self, heading: &str) -> Vec<String> {
        let place = self.heads.iter().position(|head| head == heading).unwrap_or_else(|| panic!("no {heading} in {:?}", self.heads));
        self.rows.iter().map(|row| row[place].trim_start_matches('\'').to_owned()).collect()
    }
}

async fn table(url: &str, path: &str) -> Table {
    let (status, text) = ask("GET", &format!("{url}{path}"), &[], "").await;
    assert_eq!(status, 200, "{path}: {text}");
    let mut rows = rows(&text);
    let heads = rows.remove(0);
    for row in &rows {
        assert_eq!(row.len(), heads.len(), "{path}: {row:?}");
        for cell in row {
            let number = cell.parse::<f64>().is_ok_and(f64::is_finite);
            assert!(number || !cell.trim_start().starts_with(['=', '+', '-', '@']), "{path}: a spreadsheet would run {cell:?}");
            assert!(!cell.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\t')), "{path}: {cell:?}");
        }
    }
    Table { heads, rows }
}

/// The same values in JSON, as the API pages them: all pages of them, each `pointer` of each row.
async fn listed(url: &str, path: &str, list: &str, pointer: &str) -> Vec<String> {
    let mut all = Vec::new();
    for page in 1.. {
        let separator = if path.contains('?') { '&' } else { '?' };
        let answer = get(&format!("{url}{path}{separator}per=7&page={page}")).await;
        let rows = answer[list].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone();
        if rows.is_empty() {
            break;
        }
        let cell = |row: &Value| match row.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        all.extend(rows.iter().map(cell));
    }
    all.iter().map(|text| domain::text::plain(text).trim_start_matches('\'').to_owned()).collect()
}

/// The page without JavaScript has the link, and the link is to these very rows.
async fn linked(url: &str, page: &str, csv: &str) {
    let (status, html) = ask("GET", &format!("{url}{page}"), &[("accept", "text/html")], "").await;
    assert_eq!(status, 200, "{page}");
    let link = format!("href=\"{}\"", csv.replace('&', "&amp;"));
    assert!(html.contains(&link), "{page} has no {link}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_is_saved_as_it_is_shown() {
    let directory = tempfile::tempdir().unwrap();
    let (_yard, endpoints) = yard(&["--hostile"]);
    let nats = nats_for(&endpoints, directory.path());
    let (_server, url) = serve(&config_for(&endpoints, directory.path(), &nats));
    let control = endpoints["control"].as_str().unwrap();
    let reason = "=HYPERLINK(\"http://x\",\"y\"), größe\n\u{1b}[2J日本";
    post(&format!("{control}/tasks/stop"), json!({ "service": "auth-nats", "exit_code": 137, "reason": reason })).await;
    let (overview, record) = (format!("{url}/api/v1/overview"), format!("{url}/api/v1/timeline?kind=task_stopped"));
    let calm = |seen: &Value| seen["nodes"]["value"] == 5 && seen["connections"]["value"].as_u64() > Some(40) && seen["alarms"]["of"] != 0;
    until("the whole fleet", || get(&overview), calm).await;
    until("the stop on record", || get(&record), |page| page["entries"].as_array().is_some_and(|all| !all.is_empty())).await;
    // nothing moves any more: two readings one after the other are of one fleet
    let settled = || async {
        let first = get(&format!("{url}/api/v1/nats?per=200")).await;
        let second = get(&format!("{url}/api/v1/nats?per=200")).await;
        // by then every connection is old enough to be called plaintext
        let young = first["connections"].as_array().unwrap().iter().any(|connection| connection["wire"] == "young");
        json!(first["connections"] == second["connections"] && !young)
    };
    until("a settled fleet", settled, |same| *same == true).await;

    for (page, csv, list, cells) in [
        (
            "/services?sort=name",
            "/api/v1/services.csv?sort=name",
            "rows",
            vec![("service", "/service"), ("group", "/group"), ("running", "/running")],
        ),
        ("/services?q=nats&reverse=true", "/api/v1/services.csv?q=nats&reverse=true", "rows", vec![("service", "/service")]),
        (
            "/alarms?sort=name",
            "/api/v1/alarms.csv?sort=name",
            "rows",
            vec![("alarm", "/name"), ("state", "/state"), ("reason", "/reason"), ("watches", "/condition")],
        ),
        (
            "/alarms?state=ok&q=cpu",
            "/api/v1/alarms.csv?q=cpu&state=ok",
            "rows",
            vec![("alarm", "/name"), ("changes within an hour", "/changes")],
        ),
        (
            "/alarms/coverage",
            "/api/v1/alarms/coverage.csv",
            "rows",
            vec![("service", "/key/service"), ("CPU", "/cells/1/said"), ("Memory", "/cells/2/said")],
        ),
        ("/alarms/coverage?lacks=health", "/api/v1/alarms/coverage.csv?lacks=health", "rows", vec![("service", "/key/service")]),
        ("/readiness?sort=name", "/api/v1/readiness.csv?sort=name", "rows", vec![("service", "/service"), ("cluster", "/cluster")]),
        (
            "/nats?tls=plaintext",
            "/api/v1/nats/connections.csv?tls=plaintext",
            "connections",
            vec![
                ("name", "/name"),
                ("address", "/address"),
                ("certainty", "/certainty"),
                ("service", "/owner/service"),
                ("number", "/cid"),
            ],
        ),
    ] {
        linked(&url, page, csv).await;
        let file = table(&url, csv).await;
        assert!(!file.rows.is_empty(), "{csv} is empty");
        let api = csv.replace(".csv", "").replace("/nats/connections", "/nats");
        for (heading, pointer) in cells {
            assert_eq!(file.under(heading), listed(&url, &api, list, pointer).await, "{csv}: {heading}");
        }
    }
    the_record_and_the_rest(&url).await;
}

async fn the_record_and_the_rest(url: &str) {
    let asked = "/timeline?q=hyperlink&kind=task_stopped";
    linked(url, asked, "/api/v1/timeline.csv?q=hyperlink&kind=task_stopped").await;
    let file = table(url, "/api/v1/timeline.csv?q=hyperlink&kind=task_stopped").await;
    let page = get(&format!("{url}/api/v1{asked}")).await;
    let text = |name: &str| {
        page["entries"].as_array().unwrap().iter().map(|entry| domain::text::plain(entry[name].as_str().unwrap())).collect::<Vec<_>>()
    };
    assert_eq!((file.under("text"), file.under("subject"), file.under("at")), (text("text"), text("subject"), text("at")));
    assert!(file.under("text")[0].contains("größe") && file.under("text")[0].contains("·[2J日本"), "{:?}", file.under("text"));
    let around = page["entries"][0]["id"].as_i64().unwrap();
    linked(url, &format!("/timeline?around={around}"), &format!("/api/v1/timeline.csv?around={around}")).await;
    let (before, listed) =
        (table(url, &format!("/api/v1/timeline.csv?around={around}")).await, get(&format!("{url}/api/v1/timeline?around={around}")).await);
    assert_eq!(before.rows.len(), listed["entries"].as_array().unwrap().len());

    let nats = get(&format!("{url}/api/v1/nats")).await;
    for csv in ["nodes", "streams", "owners"] {
        linked(url, "/nats", &format!("/api/v1/nats/{csv}.csv")).await;
    }
    let names = |list: &Value, pointer: &str| -> Vec<String> {
        list.as_array()
            .unwrap()
            .iter()
            .map(|row| domain::text::plain(row.pointer(pointer).and_then(Value::as_str).unwrap_or_default()))
            .collect()
    };
    let (cluster, nodes) = (&nats["clusters"][0], table(url, "/api/v1/nats/nodes.csv").await);
    assert_eq!((nodes.under("node"), nodes.under("TLS")), (names(&cluster["nodes"], "/node/name"), names(&cluster["nodes"], "/node/tls")));
    let (leader, replicas) = (&cluster["meta"][0]["leader"], cluster["meta"][0]["replicas"].as_array().unwrap());
    assert!(leader.is_string() && replicas.len() == 4, "{:#}", cluster["meta"]);
    assert!(replicas.iter().all(|replica| replica["current"] == true && replica["heard_ms"].is_u64()), "{replicas:#?}");
    let group = nodes.under("JetStream group");
    assert_eq!(group.iter().filter(|word| *word == "current").count(), 4, "{group:?}: all but the leader");
    let flows = table(url, "/api/v1/nats/streams.csv").await;
    assert_eq!(
        (flows.under("stream"), flows.under("consumer")),
        (names(&cluster["flows"], "/stream"), names(&cluster["flows"], "/consumer"))
    );
    let owners = table(url, "/api/v1/nats/owners.csv").await;
    let plain = names(&nats["plaintext"], "/owner/service");
    assert_eq!(owners.under("service")[..plain.len()], plain, "the page's table is how the file begins");
    let connections: u64 = owners.under("connections").iter().map(|count| count.parse::<u64>().unwrap()).sum();
    assert_eq!(nats["total"], connections);

    linked(url, "/sources", "/api/v1/sources.csv").await;
    linked(url, "/sources", "/api/v1/sources/rates.csv").await;
    linked(url, "/sources", "/api/v1/sources/cost.csv").await;
    let seen = get(&format!("{url}/api/v1/sources")).await;
    assert_eq!(table(url, "/api/v1/sources.csv").await.under("scope"), names(&seen["rows"], "/id/scope"));
    let families = seen["rows"].as_array().unwrap().iter().flat_map(|row| names(&row["budgets"], "/family")).collect::<Vec<_>>();
    assert_eq!(table(url, "/api/v1/sources/rates.csv").await.under("API family"), families);
    assert_eq!(table(url, "/api/v1/sources/cost.csv").await.under("operation"), names(&seen["bills"][0]["lines"], "/api"));

    for (path, why) in [
        ("/api/v1/alarms.csv?state=sideways", "state=sideways"),
        ("/api/v1/timeline.csv?colour=red", "colour=red"),
        ("/api/v1/nats/nodes.csv?node=n1", "node=n1"),
        ("/api/v1/readiness.csv?check=Z9", "check=Z9"),
        ("/api/v1/readiness/changes.csv?direction=down", "direction=down"),
        ("/api/v1/readiness/trend.csv?period=year", "period=year"),
    ] {
        let (status, body) = ask("GET", &format!("{url}{path}"), &[], "").await;
        assert!(status == 400 && body.contains("Not understood") && body.contains(why), "{path}: {status} {body}");
    }
}
