//! Reports are kept as they were handed over, and a list does not open them.

use domain::readiness::Score;
use domain::report::{Brief, Period};
use domain::view::FileKept;

use super::build::*;
use crate::report::sample;
use crate::store::{Chain, NewReport, Packed, Signed};

const JSON: &str = "{\"document\":{}}";

fn new(number: i64, requester: &str, environment: Option<&str>) -> NewReport {
    NewReport {
        id: format!("0190a000-0000-7000-8000-{number:012}"),
        made: at(number),
        requester: requester.into(),
        environment: environment.map(str::to_owned),
        period: Period { from: at(0), to: at(number) },
        redacted: false,
        key: "key".into(),
        signature: vec![7; 64],
        brief: Brief { fleet: Score { score: Some(69), ..Score::default() }, digest: "ab01".into(), ..Brief::default() },
        document: Packed::of(sample::sealed().canonical().as_bytes()),
        files: vec![("json", Packed::of(JSON.as_bytes())), ("csv", Packed::of(b""))],
    }
}

fn nina(seconds: i64) -> Signed {
    Signed { actor: "nina".into(), at: at(seconds) }
}

#[tokio::test]
async fn a_report_is_kept_with_its_files_and_who_made_it() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let report = new(1, "nina", Some("production"));
    let written = store.report_keep(&report, &nina(1)).await.unwrap();
    assert_eq!(written.topics.iter().map(|topic| topic.as_str()).collect::<Vec<_>>(), ["reports"]);
    let kept = store.report_kept(&report.id).await.unwrap().unwrap();
    assert_eq!((kept.made, kept.requester.as_str(), kept.environment.as_deref()), (at(1), "nina", Some("production")));
    assert_eq!((&kept.period, &kept.brief, kept.redacted, kept.key.as_str()), (&report.period, &report.brief, false, "key"));
    let file = |format: &str, bytes| FileKept { format: format.into(), bytes, missing: None };
    assert_eq!(kept.files, [file("csv", 0), file("json", JSON.len() as u64)]);
    assert_eq!(store.report_file(&report.id, "json").await.unwrap(), Some(Ok(JSON.as_bytes().to_vec())));
    assert_eq!(store.report_file(&report.id, "csv").await.unwrap(), Some(Ok(Vec::new())), "an empty file is a file");
    assert_eq!(store.report_file(&report.id, "pdf").await.unwrap(), None);
    assert_eq!(store.report_kept("nothing").await.unwrap(), None);
    assert!(store.report_keep(&report, &nina(2)).await.is_err(), "an id is given once");
    assert!(matches!(store.audit_verify().await.unwrap(), Chain::Whole { rows: 1, .. }), "and what failed is no act");
}

#[tokio::test]
async fn nothing_of_it_is_changed_or_deleted() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let report = new(1, "nina", None);
    store.report_keep(&report, &nina(1)).await.unwrap();
    let mut tx = store.write().await.unwrap();
    for statement in [
        "UPDATE report SET document = x''",
        "DELETE FROM report",
        "UPDATE report_file SET bytes = x''",
        "DELETE FROM report_file",
        "INSERT INTO report_file (report, format, made_at, size) SELECT id, 'pdf', 0, 0 FROM report",
    ] {
        assert!(sqlx::query(statement).execute(&mut *tx).await.is_err(), "{statement}");
    }
    drop(tx);
    store.report_file_keep((&report.id, "json"), Ok(&Packed::of(b"other")), at(2)).await.unwrap();
    assert_eq!(store.report_file(&report.id, "json").await.unwrap(), Some(Ok(JSON.as_bytes().to_vec())), "the first stays");
}

#[tokio::test]
async fn what_is_not_printed_is_owed_until_there_is_a_pdf_or_a_reason() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let (first, second) = (new(1, "nina", None), new(2, "nina", None));
    for report in [&first, &second] {
        store.report_keep(report, &nina(1)).await.unwrap();
    }
    assert_eq!(store.report_unprinted().await.unwrap().as_ref(), Some(&first.id), "the oldest first");
    store.report_file_keep((&first.id, "pdf"), Ok(&Packed::of(b"%PDF-1.4")), at(3)).await.unwrap();
    assert_eq!(store.report_unprinted().await.unwrap().as_ref(), Some(&second.id));
    store.report_file_keep((&second.id, "pdf"), Err("There is no PDF: no Chromium was found."), at(4)).await.unwrap();
    assert_eq!(store.report_unprinted().await.unwrap(), None);
    let said = store.report_file(&second.id, "pdf").await.unwrap().unwrap().unwrap_err();
    assert!(said.starts_with("There is no PDF"), "{said}");
    assert_eq!(store.report_file(&first.id, "pdf").await.unwrap(), Some(Ok(b"%PDF-1.4".to_vec())));
}

#[tokio::test]
async fn the_shelf_is_read_page_by_page_newest_first() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    for number in 1..=5 {
        store.report_keep(&new(number, if number == 2 { "the schedule" } else { "nina" }, None), &nina(number)).await.unwrap();
    }
    let numbers = |shelf: &crate::store::Shelf| shelf.kept.iter().map(|kept| kept.made).collect::<Vec<_>>();
    let first = store.report_shelf(1, 2).await.unwrap();
    assert_eq!((first.total, numbers(&first)), (5, vec![at(5), at(4)]));
    assert!(first.kept.iter().all(|kept| kept.files.len() == 2), "{first:?}");
    assert_eq!(numbers(&store.report_shelf(3, 2).await.unwrap()), [at(1)]);
    assert_eq!(numbers(&store.report_shelf(4, 2).await.unwrap()), []);
    assert_eq!(store.report_last_of("the schedule").await.unwrap(), Some((new(2, "", None).id, at(2))));
    assert_eq!(store.report_last_of("omar").await.unwrap(), None);
}

#[tokio::test]
async fn the_report_before_is_the_newest_of_the_same_environment_with_its_names() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let redacted = NewReport { redacted: true, ..new(3, "nina", Some("production")) };
    for report in [new(1, "nina", None), new(2, "nina", Some("production")), redacted] {
        store.report_keep(&report, &nina(1)).await.unwrap();
    }
    let sealed = sample::sealed();
    assert_eq!(store.report_before(Some("production")).await.unwrap().as_ref(), Some(sealed.document()));
    assert!(store.report_before(None).await.unwrap().is_some());
    assert!(store.report_before(Some("staging")).await.unwrap().is_none());
}
