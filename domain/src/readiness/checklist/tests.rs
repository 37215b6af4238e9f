use super::*;
use crate::Timestamp;
use crate::readiness::assess::{Asked, assess};
use crate::readiness::card::{Card, CardProblem};
use crate::readiness::evidence::{Answer, State, Subject};

fn item(depth: u8, done: Option<bool>, text: &str) -> ListItem {
    ListItem { depth, done, text: text.into(), ..ListItem::default() }
}

fn section(level: u8, title: &str, items: Vec<ListItem>) -> Section {
    Section { level, title: title.into(), prose: String::new(), items }
}

fn list() -> Checklist {
    let scaling = vec![
        item(0, Some(true), "Auto-scaling is on"),
        item(1, Some(false), "tested under load"),
        item(0, None, "Limits"),
        item(1, Some(false), "[P0] memory"),
        item(1, Some(true), "Documented"),
    ];
    let secrets =
        vec![item(0, Some(true), "Rotation every 90 days"), item(0, Some(true), "Documented"), item(0, Some(false), "Documented")];
    let sections = vec![
        Section { level: 1, title: "Launch".into(), prose: "What must hold.".into(), items: Vec::new() },
        section(2, "1. Scaling (Priority: Critical)", scaling),
        section(2, "2. Secrets 🟡", secrets),
        section(3, "Details", vec![item(0, Some(false), "who may read them")]),
    ];
    Checklist { sections }.settled()
}

fn ids(list: &Checklist) -> Vec<String> {
    list.placed().map(|placed| placed.item.id.clone()).collect()
}

fn kept(checklist: Checklist) -> KeptChecklist {
    let attested = Timestamp::from_secs(1_000_000);
    KeptChecklist { id: 1, environment: "production".into(), name: "Launch list".into(), attested, by: "nina".into(), checklist }
}

#[test]
fn items_stand_where_their_headings_say() {
    let list = list();
    let placed: Vec<(String, Option<Priority>)> = list.placed().map(|placed| (placed.path.join("/"), placed.item.priority)).collect();
    assert_eq!(placed[0], ("Launch/1. Scaling".into(), Some(Priority::Critical)));
    assert_eq!(placed[5], ("Launch/2. Secrets".into(), Some(Priority::Medium)));
    assert_eq!(placed[8], ("Launch/2. Secrets/Details".into(), Some(Priority::Medium)), "from the nearest heading that has one");
    assert_eq!(list.ticked(), (8, 4));
}

#[test]
fn an_id_stays_while_anything_but_place_and_words_changes() {
    let list = list();
    let before = ids(&list);
    assert_eq!(before.iter().collect::<BTreeSet<_>>().len(), before.len(), "each has its own");
    for change in [
        (|list: &mut Checklist| list.sections[1].items[0].done = Some(false)) as fn(&mut Checklist),
        (|list| list.sections[1].items[0].notes = "min 2".into()),
        (|list| list.sections[1].title = "7. Scaling (Priority: Low)".into()),
        (|list| list.sections[1].items[0].text = "auto-scaling   is ON".into()),
        (|list| list.sections[3].prose = "see the wiki".into()),
    ] {
        let mut changed = list.clone();
        change(&mut changed);
        assert_eq!(ids(&changed.settled()), before);
    }
    let mut longer = list;
    longer.sections[2].items.insert(0, item(0, Some(false), "A new one"));
    let longer = longer.settled();
    assert_eq!(ids(&longer).into_iter().filter(|id| before.contains(id)).collect::<Vec<_>>(), before, "others keep theirs");
}

#[test]
fn an_import_is_told_before_it_is_kept() {
    let kept = list();
    assert!(changes(&kept, &kept).none());
    let mut imported = kept.clone();
    imported.sections[1].items[1].done = Some(true);
    imported.sections[1].items[0].done = Some(false);
    imported.sections[1].items[3].notes = "512 MiB".into();
    imported.sections[2].items[0].text = "Rotation every 30 days".into();
    imported.sections[2].items.push(item(0, Some(false), "Audit of who read what"));
    imported.sections[3].items.clear();
    let changes = changes(&kept, &imported.settled());
    let texts = |lines: &[compare::Line]| lines.iter().map(|line| line.text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&changes.ticked), ["tested under load"]);
    assert_eq!(texts(&changes.unticked), ["Auto-scaling is on"]);
    assert_eq!(texts(&changes.noted), ["[P0] memory"]);
    assert_eq!(texts(&changes.new), ["Audit of who read what"]);
    assert_eq!(texts(&changes.gone), ["who may read them"]);
    let reworded: Vec<(&str, &str)> = changes.reworded.iter().map(|moved| (moved.was.text.as_str(), moved.is.text.as_str())).collect();
    assert_eq!(reworded, [("Rotation every 90 days", "Rotation every 30 days")]);
    assert_eq!((changes.unchanged, changes.prose, changes.none()), (3, false, false));
}

#[test]
fn what_moves_to_another_heading_is_not_lost() {
    let kept = list();
    let mut imported = kept.clone();
    let moved = imported.sections[3].items.remove(0);
    imported.sections[1].items.push(moved);
    let found = changes(&kept, &imported.settled());
    assert_eq!((found.reworded.len(), found.new.len(), found.gone.len()), (1, 0, 0), "{found:?}");
    let mut told = kept.clone();
    told.sections[0].prose = "What must hold, all of it.".into();
    let found = changes(&kept, &told);
    assert!(found.prose && !found.none() && found.unchanged == 8, "{found:?}");
}

#[test]
fn written_as_people_write_it() {
    let mut list = list();
    list.sections[1].items[0].notes = "min 2, max 10\n\n```yaml\nmin: 2\n```".into();
    list.sections[1].items[1].notes = "- in staging".into();
    assert_eq!(
        list.to_markdown(),
        "# Launch\n\nWhat must hold.\n\n## 1. Scaling (Priority: Critical)\n\n- [x] Auto-scaling is on\n\n  min 2, max 10\n\n  ```yaml\n  min: 2\n  ```\n\n  \
         - [ ] tested under load\n    - in staging\n\n- Limits\n  - [ ] [P0] memory\n  - [x] Documented\n\n## 2. Secrets 🟡\n\n\
         - [x] Rotation every 90 days\n- [x] Documented\n- [ ] Documented\n\n### Details\n\n- [ ] who may read them\n"
    );
}

#[test]
fn a_check_for_each_heading_with_boxes() {
    let kept = kept(list());
    let checks = kept.checks();
    let told: Vec<(&str, &str, Weight, u32)> =
        checks.iter().map(|check| (check.title.as_str(), check.category.as_str(), check.weight, check.work_minutes)).collect();
    assert_eq!(
        told,
        [
            ("Launch › 1. Scaling: every box is ticked", "Launch list", Weight::Critical, 60),
            ("Launch › 2. Secrets: every box is ticked", "Launch list", Weight::Medium, 30),
            ("Launch › 2. Secrets › Details: every box is ticked", "Launch list", Weight::Medium, 30),
        ]
    );
    let mut card = Card::for_tests();
    card.checks.extend(checks);
    assert_eq!(card.problems(), Vec::<CardProblem>::new(), "they fit into a card");
}

#[test]
fn what_it_amounts_to_ends_and_is_nobody_elses() {
    let kept = kept(list());
    let now = kept.attested.plus(std::time::Duration::from_secs(60));
    let evidence = kept.evidence(now, ["production", "staging"]);
    assert_eq!(evidence.len(), 6);
    assert_eq!(&*evidence[0].found.said, "2 of 4 items are ticked; open: \"tested under load\", \"[P0] memory\"");
    assert_eq!(evidence[0].found.answer, Answer::Known { value: 500, gates: false });
    assert_eq!(&*evidence[0].found.source, "attested by nina, checklist \"Launch list\"");
    let mut card = Card::for_tests();
    card.checks = kept.checks();
    let asked: Vec<Asked> = ["production", "staging"]
        .map(|environment| Asked { subject: Subject::Environment { environment: environment.into() }, tier: None })
        .into();
    let states = |at| {
        let readiness = assess(&card, at, &asked, &evidence, &[]);
        readiness.environments.iter().map(|of| of.checks.iter().map(|check| check.state).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let none = vec![State::NotApplicable; 3];
    assert_eq!(states(now), [vec![State::Partial, State::Partial, State::Fail], none]);
    assert_eq!(states(kept.expires())[0], [State::Unknown; 3], "nobody stands for it any more");
}

#[test]
fn many_headings_make_few_checks() {
    let mut sections = Vec::new();
    for chapter in 0..10 {
        sections.push(section(1, &format!("Chapter {chapter}"), Vec::new()));
        for part in 0..30 {
            sections.push(section(2, &format!("Part {part}"), vec![item(0, Some(part % 2 == 0), "it is done")]));
        }
    }
    let kept = kept(Checklist { sections }.settled());
    let evidence = kept.evidence(kept.attested, ["production"]);
    assert_eq!((kept.checks().len(), evidence.len()), (10, 10));
    assert!(evidence.iter().all(|of| of.found.answer == Answer::share(15, 30).mild()), "{evidence:?}");
}
