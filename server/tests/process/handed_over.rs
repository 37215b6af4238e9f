//! Reports from the command line as whoever gets one meets them: checked in every format, edited in one byte, without names,
//! with names that try to get out, and with the exit codes that a pipeline reads.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use domain::Timestamp;
use domain::readiness::{Answer, Found, State};
use domain::report::Document;
use quick_xml::events::Event;
use serde_json::Value;
use signalbox::readiness::scorecard::SHIPPED;
use signalbox::store::Store;

use crate::handed;
use crate::support::{run, signalbox};

const NAMES: [&str; 3] = ["auth-nats", "billing-nats", "router-nats"];
/// Formats that carry the signed document, with what stands before a number that people read, and before the evidence.
const CARRYING: [(&str, &str, &str); 5] = [
    ("json", "\"confidence\":", "\"observed_at\":\""),
    ("html", "<dt>Score</dt><dd>", "<template id=\"signalbox-report\">\n"),
    ("markdown", "- Score: **", "```signalbox-report\n"),
    ("junit", "<property name=\"score\" value=\"", "name=\"signalbox-report\" value=\""),
    ("sarif", "\"score\":\"", "\"signalbox-report\":\""),
];
/// So far into the evidence nothing of its head is left.
const INSIDE: usize = 400;

/// A store with a fleet on record, which no server has, and the config that finds it.
struct Shelf {
    directory: tempfile::TempDir,
    config: PathBuf,
}

impl Shelf {
    async fn of(names: [&str; 3]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("signalbox.db")).await.unwrap();
        // 2 May 2026, 09:40 UTC: long ago or ahead, whatever this machine's clock says
        handed::record(&store, Timestamp::from_secs(1_777_714_800), names).await;
        store.close().await;
        drop(store);
        let config = directory.path().join("signalbox.toml");
        let text = "[store]\npath = \"signalbox.db\"\n[[environment]]\nname = \"production\"\nregion = \"us-east-1\"\n";
        std::fs::write(&config, text).unwrap();
        Self { directory, config }
    }

    /// `signalbox report` at the newest sweep: exit code, the report, what was said.
    fn report(&self, format: &str, more: &[&str]) -> (i32, String, String) {
        let mut command = signalbox(&["report", "--at", "newest", "--format", format, "--config"]);
        run(command.arg(&self.config).args(more))
    }

    /// The same where nothing is asked for that could be against it.
    fn made(&self, format: &str, more: &[&str]) -> String {
        let (code, report, said) = self.report(format, more);
        assert_eq!(code, 0, "{format}: {said}");
        assert!(said.contains("Judged at 2026-05-02T09:40:00Z, when the newest sweep in the store ended, and not now."), "{said}");
        report
    }

    fn key(&self) -> String {
        let (code, key, said) = run(signalbox(&["report", "key", "--config"]).arg(&self.config));
        assert_eq!(code, 0, "{said}");
        key
    }

    /// `signalbox report verify` on these bytes.
    fn verified(&self, bytes: &[u8], key: &str) -> (i32, String, String) {
        let file = self.directory.path().join("handed-over");
        std::fs::write(&file, bytes).unwrap();
        let (code, stdout, stderr) = run(signalbox(&["report", "verify"]).arg(&file).args(["--key", key]));
        assert!(!stderr.contains("panicked"), "{stderr}");
        (code, stdout, stderr)
    }
}

fn document(json: &str) -> Document {
    let envelope: Value = serde_json::from_str(json).unwrap();
    serde_json::from_str(&envelope["document"].to_string()).unwrap()
}

/// The first byte after a text.
fn after(file: &str, text: &str) -> usize {
    file.find(text).unwrap_or_else(|| panic!("no {text} in {file}")) + text.len()
}

/// A byte within the signature: the envelope's in JSON, the fifth word of what the others carry.
fn in_the_signature(format: &str, file: &str) -> usize {
    if format == "json" {
        return after(file, "\"signature\":\"") + 10;
    }
    let head = after(file, "signalbox-report 1 ");
    let blanks: Vec<usize> = file.bytes().enumerate().skip(head).filter(|(_, byte)| *byte == b' ').map(|(at, _)| at).take(2).collect();
    blanks[1] + 10
}

#[tokio::test]
async fn every_format_with_evidence_is_accepted_and_refused_with_a_byte_turned() {
    let shelf = Shelf::of(NAMES).await;
    let key = shelf.key();
    for (format, visible, evidence) in CARRYING {
        let file = shelf.made(format, &[]);
        let (code, said, _) = shelf.verified(file.as_bytes(), &key);
        assert!(code == 0 && said.contains("It is what was handed over"), "{format}: {said}");
        let places = [
            ("what is shown", after(&file, visible)),
            ("the evidence", after(&file, evidence) + if format == "json" { 1 } else { INSIDE }),
            ("the end of it", file.trim_end().len() - 1),
            ("the middle", file.len() / 2),
            ("the signature", in_the_signature(format, &file)),
        ];
        for (what, place) in places {
            let mut bytes = file.clone().into_bytes();
            // letters stay letters, so that what is turned is what is found, and not that it is no text any more
            let at = (0..=place).rev().find(|at| bytes[*at].is_ascii_alphanumeric()).unwrap();
            bytes[at] ^= 1;
            let (code, said, _) = shelf.verified(&bytes, &key);
            assert_eq!(code, 1, "{format}, {what}, byte {at}: {said}");
            let fault = said.lines().find(|line| line.starts_with("- ")).unwrap_or_else(|| panic!("{format}, {what}: {said}"));
            assert!(said.contains("It is NOT what was handed over") && fault.ends_with('.'), "{format}, {what}: {said}");
        }
    }
    let other = format!("signalbox-report-key ed25519 {}", "ab".repeat(32));
    let (code, said, _) = shelf.verified(shelf.made("html", &[]).as_bytes(), &other);
    assert!(code == 1 && said.contains("not with the one you trust"), "{said}");
}

#[tokio::test]
async fn what_carries_no_evidence_or_is_no_report_says_so() {
    let shelf = Shelf::of(NAMES).await;
    let key = shelf.key();
    for format in ["csv", "prometheus"] {
        let (code, stdout, said) = shelf.verified(shelf.made(format, &[]).as_bytes(), &key);
        assert_eq!((code, stdout.as_str()), (2, ""), "{format}: {said}");
        assert!(said.contains(&format!("A report as {format} carries no evidence")), "{said}");
    }
    let others: [(&[u8], &str); 3] =
        [(b"%PDF-1.7", "It is no report of Signalbox"), (b"\x89PNG\xFF", "It is no text"), (b"", "It is no report of Signalbox")];
    for (bytes, words) in others {
        let (code, _, said) = shelf.verified(bytes, &key);
        assert!(code == 2 && said.contains(words), "{said}");
    }
    let (code, _, said) = shelf.verified(b"{}", "nobody's");
    assert!(code == 2 && said.contains("--key is neither a public key"), "{said}");
}

#[tokio::test]
async fn a_pipeline_reads_the_exit_code_and_a_person_why() {
    let shelf = Shelf::of(NAMES).await;
    let score = document(&shelf.made("json", &[])).readiness.fleet.score.expect("there is evidence enough for a score");
    let (same, more) = (score.to_string(), (score + 1).to_string());
    for (args, code, words) in [
        (["--min-score", same.as_str()], 0, "Judged at"),
        (["--min-score", more.as_str()], 4, "The score is "),
        (["--fail-on", "gate"], 3, "Gates hold the score down: "),
        (["--fail-on", "unknown"], 3, " not known."),
        (["--fail-on", "expired-waiver"], 3, "Waivers that ended while their check does not hold: 2 (H4)."),
        (["--environment", "nowhere"], 2, "There is no environment \"nowhere\""),
    ] {
        let (is, report, said) = shelf.report("md", &args);
        assert_eq!(is, code, "{args:?}: {said}");
        assert!(said.contains(words), "{args:?}: {said}");
        assert_eq!(report.starts_with("# Readiness of production"), code != 2, "it is written in every case but 2: {report}");
    }
    let (code, _, said) = shelf.report("md", &["--min-score", "0", "--fail-on", "gate,unknown"]);
    assert!(code == 3 && said.contains("Gates hold") && said.contains(" not known."), "{said}");
    let file = shelf.directory.path().join("report.html");
    let (code, printed, _) = shelf.report("html", &["--output", file.to_str().unwrap()]);
    assert_eq!((code, printed.as_str()), (0, ""));
    assert_eq!(shelf.verified(&std::fs::read(&file).unwrap(), &shelf.key()).0, 0);
}

/// A file without the compressed document in it: letters of base64 may spell anything.
fn visible(file: &str) -> String {
    let packed =
        |word: &&str| word.len() > 100 && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
    file.split([' ', '\n', '"']).filter(|word| !packed(word)).collect::<Vec<_>>().join(" ").to_lowercase()
}

#[tokio::test]
async fn a_redacted_report_names_no_account_address_or_person_in_any_format() {
    const SECRETS: [&str; 8] =
        ["111122223333", "10.0.3.7", "wiki.example.com", "nina", "omar", "auth-nats", "billing-nats", "gaming-system"];
    let shelf = Shelf::of(NAMES).await;
    let key = shelf.key();
    let whole = visible(&shelf.made("json", &[]));
    for secret in SECRETS {
        assert!(whole.contains(secret), "{secret} is not in the report at all, so its absence would prove nothing");
    }
    for format in ["json", "html", "markdown", "csv", "junit", "sarif", "prometheus"] {
        let file = shelf.made(format, &["--redact"]);
        let text = visible(&file);
        for secret in SECRETS {
            assert!(!text.contains(secret), "{secret} in {format}: {text}");
        }
        if CARRYING.iter().any(|(carrying, ..)| *carrying == format) {
            let (code, said, _) = shelf.verified(file.as_bytes(), &key);
            assert_eq!(code, 0, "{format}: {said}");
        }
    }
    let (named, redacted) = (document(&shelf.made("json", &[])), document(&shelf.made("json", &["--redact"])));
    assert!(redacted.redacted && !named.redacted);
    assert_eq!(redacted.readiness.fleet, named.readiness.fleet, "the score needs no names");
}

/// What was found of the services, with the check it answers.
fn found(document: &Document) -> impl Iterator<Item = (&str, &Found)> {
    let checks = document.readiness.services.iter().flat_map(|judged| &judged.checks);
    checks.filter_map(|assessed| Some((&*assessed.check, assessed.found.as_ref()?)))
}

fn requests(document: &Document) -> BTreeSet<String> {
    found(document).filter_map(|(_, found)| found.request_id.as_deref().map(str::to_owned)).collect()
}

#[tokio::test]
async fn every_answer_of_aws_names_the_request_that_gave_it() {
    let shelf = Shelf::of(NAMES).await;
    let whole = document(&shelf.made("json", &[]));
    for (check, found) in found(&whole) {
        let of_aws = ["ecs:", "alarms:"].iter().any(|source| found.source.starts_with(source));
        // two look back over tasks that stopped, each of which another request told of
        let told = of_aws && !matches!(found.answer, Answer::Unknown { .. }) && !matches!(check, "A3" | "H4");
        assert_eq!(found.request_id.is_some(), told, "{check}: {found:?}");
    }
    let ids = requests(&whole);
    assert_eq!(ids.len(), 6, "of the services, the tasks, three revisions and the alarms: {ids:?}");
    let (csv, html) = (shelf.made("csv", &[]), visible(&shelf.made("html", &[])));
    for id in &ids {
        assert!(csv.contains(&format!(",{id},")), "{id} in {csv}");
    }
    let bare = found(&whole).find(|(check, found)| *check == "H1" && found.answer.state() == State::Fail).unwrap().1;
    let said = format!("request {}", bare.request_id.as_deref().unwrap());
    assert!(html.contains(&said), "{said} in {html}");
    assert_eq!(requests(&document(&shelf.made("json", &["--redact"]))), ids, "they name nobody");
}

#[tokio::test]
async fn hostile_names_get_out_of_no_format() {
    let shelf = Shelf::of(["=cmd()", "</template><script>alert(1)</script>", "]]> | [x](javascript:1) # h \u{202E}`\"'\\"]).await;
    let key = shelf.key();
    for format in ["json", "html", "markdown", "csv", "junit", "sarif", "prometheus"] {
        let file = shelf.made(format, &[]);
        // the document says names as they came, to whoever reads JSON
        assert!(format == "json" || !file.contains('\u{202E}'), "{format}");
        assert!(matches!(format, "json" | "csv" | "sarif" | "prometheus") || !file.contains("<script"), "{format}: {file}");
        match format {
            "json" | "sarif" => assert!(serde_json::from_str::<Value>(&file).is_ok(), "{format}"),
            "csv" => assert!(![",=", ",\"=", ",@", ",\"@"].iter().any(|begins| file.contains(begins)), "a cell is a formula: {file}"),
            "junit" => well_formed(&file),
            _ => {}
        }
        if CARRYING.iter().any(|(carrying, ..)| *carrying == format) {
            let (code, said, _) = shelf.verified(file.as_bytes(), &key);
            assert_eq!(code, 0, "{format}: {said}");
        }
    }
}

/// Read to its end by a reader of XML, which refuses what is not closed.
fn well_formed(xml: &str) {
    let mut reader = quick_xml::Reader::from_str(xml);
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => return,
            Ok(_) => {}
            Err(error) => panic!("no XML, at {}: {error}", reader.error_position()),
        }
    }
}

/// What is wrong with a card, made of the shipped one.
fn refused(directory: &Path, from: &str, to: &str) -> Vec<(String, i32, String)> {
    assert!(SHIPPED.contains(from), "{from} is not in the shipped card");
    std::fs::write(directory.join("card.toml"), SHIPPED.replacen(from, to, 1)).unwrap();
    let config = directory.join("signalbox.toml");
    let asked: [&[&str]; 3] = [&["check-config"], &["serve", "--listen", "127.0.0.1:0"], &["report"]];
    let told = |words: &[&str]| {
        let (code, _, said) = run(signalbox(words).arg("--config").arg(&config));
        (words.join(" "), code, said)
    };
    asked.into_iter().map(told).collect()
}

#[test]
fn a_score_card_that_is_wrong_is_refused_by_every_command_that_reads_it() {
    let directory = tempfile::tempdir().unwrap();
    let config = "[readiness]\nscorecard = \"card.toml\"\n[[environment]]\nname = \"p\"\nregion = \"us-east-1\"\nendpoint_url = \"http://127.0.0.1:9\"\n";
    std::fs::write(directory.path().join("signalbox.toml"), config).unwrap();
    for (what, from, to, words) in [
        ("an unknown key", "gate = 20  ", "gates = 20", "there is no key \"gates\" here; did you mean \"gate\"?"),
        ("a weight of nought", "weight = \"critical\"", "weight = 0", "a weight: \"critical\" (10)"),
        ("the same, written otherwise", "weight = \"critical\"", "weight = 0.0", "a weight: \"critical\" (10)"),
        ("a gate on a missing check", "[[target]]", "[[gate]]\ncheck = \"Z9\"\nat = 20\n\n[[target]]", "there is no key \"gate\" here"),
        ("a live check that is none", "id = \"A2\"", "id = \"A9\"", "Signalbox has no live check of that id"),
        ("a target on a missing check", "checks = [\"A1\", ", "checks = [\"Z9\", ", "it needs check \"Z9\", which the card does not have"),
        ("targets in a circle", "after = \"A\"", "after = \"C\"", "it builds on itself by way of"),
    ] {
        for (command, code, said) in refused(directory.path(), from, to) {
            assert_eq!(code, 2, "{what}, {command}: {said}");
            assert!(said.contains("The score card") && said.contains(words), "{what}, {command} said\n{said}\nnot\n{words}");
            assert!(!said.contains("panicked"), "{said}");
        }
    }
    assert!(!directory.path().join("signalbox.db").exists(), "nothing was written");
}
