use super::*;
use crate::readiness::checklist::{ListItem, Section};

fn now() -> Timestamp {
    Timestamp::from_secs(1_777_714_863)
}

fn list(done: bool) -> Checklist {
    let item = |text: &str, done| ListItem { text: text.into(), done: Some(done), ..ListItem::default() };
    let items = vec![item("restore a backup", true), item("fail over", done)];
    Checklist { sections: vec![Section { level: 2, title: "P0 – Recovery".into(), items, ..Section::default() }] }.settled()
}

fn kept(done: bool) -> KeptChecklist {
    KeptChecklist {
        id: 4,
        environment: "production".into(),
        name: "Launch".into(),
        attested: now(),
        by: "nina".into(),
        checklist: list(done),
    }
}

#[test]
fn a_preview_says_what_would_change_and_with_what_it_compared() {
    let query = ChecklistQuery::from_query("environment=production&name=%20Launch%20&file=ab");
    let first = ChecklistPreview::compose(&query, list(false), None, now());
    assert_eq!((first.name.as_str(), first.items, first.ticked, first.checks.len()), ("Launch", 2, 1, 1));
    assert_eq!((first.changes.new.len(), first.same, first.seen.as_str()), (2, false, "none"));
    assert_eq!(first.checks[0].weight, "critical");
    let next = ChecklistPreview::compose(&query, list(true), Some(&kept(false)), now());
    assert_eq!((next.changes.ticked.len(), next.seen.as_str()), (1, "2026-05-02T09:41:03Z"));
    assert_eq!(next.checks[0].check, kept(false).checks()[0].id, "the same check as is kept");
    assert!(ChecklistPreview::compose(&query, list(true), Some(&kept(true)), now()).same);
}

#[test]
fn a_name_and_an_environment_are_asked_for() {
    let environments = ["production".to_owned()];
    let fields = |environment: &str, name: &str| {
        let query = ChecklistQuery { environment: environment.into(), name: name.into(), ..ChecklistQuery::default() };
        query.problems(&environments).into_iter().map(|problem| problem.field).collect::<Vec<_>>()
    };
    assert_eq!(fields("production", "Launch"), [""; 0]);
    assert_eq!(fields("", " "), ["environment", "name"]);
    assert_eq!(fields("production", &"x".repeat(101)), ["name"]);
    assert_eq!(fields("production", "a\u{202E}b"), ["name"]);
}

#[test]
fn a_list_says_until_when_its_ticks_count() {
    let page = ChecklistsPage::compose(1, vec!["production".into()], &[kept(true)], now());
    let row = &page.rows[0];
    assert_eq!((row.items, row.ticked, row.checks, row.ending), (2, 2, 1, EndsIn::Later));
    assert_eq!((row.expires, row.markdown.as_str()), (now().plus(crate::readiness::checklist::LASTS), "/api/v1/checklists/4/markdown"));
}
