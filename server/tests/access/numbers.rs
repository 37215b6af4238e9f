//! One score wherever it is told: on the page, in the API, in every format of a report, on the command line.
//!
//! All of one judgement: the clock stands still, at the very instant at which the newest sweep ended, so that the command line,
//! which has a clock of its own, can be told to judge then.

use std::path::{Path, PathBuf};
use std::process::Command;

use axum::http::{Method, StatusCode};
use domain::account::Role;
use domain::port::Clock as _;
use domain::report::Document;
use domain::text;
use domain::view::{ReadinessPage, ReadinessRow};
use serde_json::Value;

use crate::handed;
use crate::site::{ORIGIN, Site};

const FORMATS: [&str; 7] = ["json", "html", "markdown", "csv", "junit", "sarif", "prometheus"];
const NAMES: [&str; 3] = ["auth-nats", "billing-nats", "router-nats"];

/// What a reader reads of HTML: no tags, no comments, no scripts, single blanks.
fn read(html: &str) -> String {
    let (mut out, mut rest) = (String::new(), html);
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        out.push(' ');
        let end = match after {
            _ if after.starts_with("!--") => "-->",
            _ if after.starts_with("script") => "</script>",
            _ if after.starts_with("style") => "</style>",
            _ => ">",
        };
        rest = after.split_once(end).map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    let plain = ["&lt;<", "&gt;>", "&quot;\"", "&#39;'", "&#x27;'", "&amp;&"].iter().fold(out, |text, pair| {
        let (entity, sign) = pair.split_at(pair.len() - 1);
        text.replace(entity, sign)
    });
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn number(value: Option<u8>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| value.to_string())
}

fn says(of: &str, text: &str, words: &str) {
    assert!(text.contains(words), "{of} does not say \"{words}\":\n{text}");
}

/// `H1 at 69`, as reports say what holds a service down.
fn gates(row: &ReadinessRow) -> String {
    row.gates.iter().map(|gate| format!("{} at {}", gate.check, gate.at)).collect::<Vec<_>>().join(", ")
}

/// What holds the fleet down, as page one of a report says it.
fn held(page: &ReadinessPage) -> Vec<String> {
    let said = |held: &domain::view::HeldDown| {
        let how = if held.blind { "is not known" } else { "does not hold" };
        format!("{} ({}) {how} in {}: at most {}", held.check, held.title, text::count(held.subjects, "place"), held.at)
    };
    page.held_down.iter().take(3).map(said).collect()
}

/// A site with a fleet on record, and somebody who may make reports.
async fn site() -> (Site, String) {
    let site = Site::new().await;
    handed::record(&site.store, site.clock.now(), NAMES).await;
    let operator = site.signed_in(Role::Operator).await;
    (site, operator)
}

/// What the API says of readiness.
async fn told(site: &Site, session: &str) -> ReadinessPage {
    let answer = site.get("/api/v1/readiness?per=200", Some(session)).await;
    let page: ReadinessPage = serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", answer.body));
    assert_eq!(page.at, site.clock.now());
    assert!(page.fleet.score.score.is_some() && !page.held_down.is_empty(), "there must be a score, held down: {}", answer.body);
    assert_eq!(page.rows.len(), NAMES.len());
    page
}

/// A report in every format, as the API hands it out.
async fn handed_out(site: &Site, session: &str) -> Vec<(&'static str, String)> {
    let headers = [("content-type", "application/json"), ("origin", ORIGIN)];
    let made = site.ask(Method::POST, "/api/v1/reports", Some(session), &headers, "{\"period\":\"7d\"}").await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let path = made.after("\"path\":\"");
    let mut files = Vec::new();
    for format in FORMATS {
        let file = site.get(&format!("{path}/files/{format}"), Some(session)).await;
        assert_eq!(file.status, StatusCode::OK, "{format}: {}", file.body);
        files.push((format, file.body));
    }
    files
}

/// A config by which the command line finds the site's store.
fn config(site: &Site, directory: &Path) -> PathBuf {
    let path = directory.join("signalbox.toml");
    let text =
        format!("[store]\npath = \"{}\"\n[[environment]]\nname = \"production\"\nregion = \"us-east-1\"\n", site.store.path().display());
    std::fs::write(&path, text).unwrap();
    path
}

/// The same from the command line, at the newest sweep.
fn commanded(config: &Path, format: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signalbox"));
    command.args(["report", "--at", "newest", "--period", "7d", "--format", format, "--config"]).arg(config);
    let output = command.env_remove("SIGNALBOX_CONFIG").output().unwrap();
    assert!(output.status.success(), "{format}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn document(json: &str) -> Document {
    let envelope: Value = serde_json::from_str(json).unwrap();
    serde_json::from_str(&envelope["document"].to_string()).unwrap()
}

#[tokio::test]
async fn the_page_and_the_api_say_one_score() {
    let (site, operator) = site().await;
    let page = told(&site, &operator).await;
    let html = site.get("/readiness", Some(&operator)).await.body;
    let (text, fleet) = (read(&html), &page.fleet);
    let upper = fleet.score.upper.filter(|upper| Some(*upper) > fleet.score.score);
    let upper = upper.map(|upper| format!(" up to {upper}")).unwrap_or_default();
    for words in [
        page.headline.clone(),
        format!("Score {}{upper}", number(fleet.score.score)),
        format!("Grade {}", fleet.grade),
        format!("Confidence {} % {}", fleet.percent, fleet.trust.as_str()),
        format!("Without waivers {}", number(fleet.score.unwaived)),
        format!("Before gates {}", number(fleet.score.uncapped)),
    ] {
        says("the page", &text, &words);
    }
    page.held_down.iter().for_each(|held| says("the page", &text, &held.said));
    for row in &page.rows {
        let (_, after) = html.split_once(&format!("data-key=\"{}\"", row.key.path())).unwrap();
        let line = read(after.split_once("</tr>").unwrap().0);
        let scored = &row.scored;
        says("the page's row", &line, &format!("{} {} {} %", scored.grade, scored.range, scored.percent));
        row.gates.iter().for_each(|gate| says("the page's row", &line, &format!("{} at {}", gate.check, gate.at)));
    }
    // each service's own page as well
    let row = &page.rows[0];
    let own = read(&site.get(&domain::view::readiness_path(&row.key), Some(&operator)).await.body);
    says("the service's page", &own, &format!("Grade {}", row.scored.grade));
    says("the service's page", &own, &format!("Confidence {} %", row.scored.percent));
}

#[tokio::test]
async fn every_format_says_the_score_of_the_page() {
    let (site, operator) = site().await;
    let page = told(&site, &operator).await;
    for (format, file) in handed_out(&site, &operator).await {
        the_same(format, &file, &page);
    }
}

#[tokio::test]
async fn the_command_line_says_the_score_of_the_page() {
    let (site, operator) = site().await;
    let page = told(&site, &operator).await;
    let directory = tempfile::tempdir().unwrap();
    // beside the store that the site holds open
    let config = config(&site, directory.path());
    for format in FORMATS {
        the_same(format, &commanded(&config, format), &page);
    }
    let files = handed_out(&site, &operator).await;
    let (served, commanded) = (document(&files[0].1), document(&commanded(&config, "json")));
    assert_eq!((&served.readiness, &served.card), (&commanded.readiness, &commanded.card));
    assert_eq!((&served.conclusions, &served.services), (&commanded.conclusions, &commanded.services));
}

/// A report in this format says what the page says.
fn the_same(format: &str, file: &str, page: &ReadinessPage) {
    let fleet = &page.fleet;
    let figures = [
        ("Grade", fleet.grade.clone()),
        ("Score", fleet.range.clone()),
        ("Confidence", format!("{} % ({})", fleet.percent, fleet.trust.as_str())),
        ("Without waivers", number(fleet.score.unwaived)),
        ("Before gates", number(fleet.score.uncapped)),
    ];
    match format {
        "json" => in_the_document(&document(file), page),
        "html" => {
            figures.iter().for_each(|(what, is)| says(format, file, &format!("<div><dt>{what}</dt><dd>{is}</dd></div>")));
            let text = read(file);
            held(page).iter().for_each(|held| says(format, &text, held));
            let rows: Vec<String> = file.split("<tr>").map(read).collect();
            for row in &page.rows {
                let scored = &row.scored;
                let words = format!("{} {} {} % {}", scored.grade, scored.range, scored.percent, gates(row));
                let told = rows.iter().any(|line| line.starts_with(&row.key.service) && line.contains(words.trim_end()));
                assert!(told, "no row says {words} of {}: {rows:#?}", row.key.service);
            }
        }
        "markdown" => {
            figures.iter().for_each(|(what, is)| says(format, file, &format!("- {what}: **{is}**\n")));
            let text = read(&file.replace('\\', ""));
            held(page).iter().for_each(|held| says(format, &text, held));
            for row in &page.rows {
                let scored = &row.scored;
                let words = format!("| {} | {} | {} % | {} |", scored.grade, scored.range, scored.percent, gates(row));
                let told = file.lines().any(|line| line.starts_with(&format!("| {} |", row.key.service)) && line.ends_with(&words));
                assert!(told, "no row says {words} of {}: {file}", row.key.service);
            }
        }
        "csv" => {
            for (row, gate) in page.rows.iter().flat_map(|row| row.gates.iter().map(move |gate| (row, gate))) {
                let (of, at) = (format!(",{},{},", row.key.service, gate.check), format!(",{},", gate.at));
                assert!(file.lines().any(|line| line.contains(&of) && line.contains(&at)), "no row of {of} says {at}: {file}");
            }
        }
        "junit" => {
            says(format, file, &format!("<property name=\"score\" value=\"{}\"/>", fleet.range));
            says(format, file, &format!("<property name=\"grade\" value=\"{}\"/>", fleet.grade));
        }
        "sarif" => says(format, file, &format!("\"score\":\"{}\"", fleet.range)),
        _ => {
            let numbers = [("score", fleet.score.score), ("upper", fleet.score.upper), ("unwaived", fleet.score.unwaived)];
            for (name, value) in numbers {
                says(format, file, &format!("\nsignalbox_readiness_{name} {}\n", number(value)));
            }
            for row in &page.rows {
                let series = format!("signalbox_readiness_service_score{{service=\"{}\"}}", row.key.service);
                says(format, file, &format!("\n{series} {}\n", number(row.scored.score.score)));
            }
        }
    }
}

/// The document itself: the numbers and not their words.
fn in_the_document(document: &Document, page: &ReadinessPage) {
    let readiness = &document.readiness;
    assert_eq!((readiness.at, &readiness.fleet), (page.at, &page.fleet.score));
    let caps: Vec<_> = readiness.caps.iter().map(|cap| (cap.check.as_str(), cap.at, cap.blind, cap.subjects.len() as u64)).collect();
    let held: Vec<_> = page.held_down.iter().map(|held| (held.check.as_str(), held.at, held.blind, held.subjects)).collect();
    assert_eq!(caps, held);
    for letters in &page.letters {
        let services = readiness.services.iter().filter(|judged| judged.score.letter == letters.letter).count() as u64;
        assert_eq!(services, letters.services, "{:?}", letters.letter);
    }
    for row in &page.rows {
        let judged = readiness.services.iter().find(|judged| judged.asked.subject.service() == Some(&row.key)).unwrap();
        assert_eq!(judged.score, row.scored.score, "{}", row.key.service);
        let caps: Vec<_> = judged.caps().iter().map(|assessed| (&*assessed.check, assessed.cap.unwrap())).collect();
        let gates: Vec<_> = row.gates.iter().map(|gate| (gate.check.as_str(), gate.at)).collect();
        assert_eq!(caps, gates, "{}", row.key.service);
    }
}
