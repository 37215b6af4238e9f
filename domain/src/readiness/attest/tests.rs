use super::*;
use crate::readiness::card::Card;
use crate::readiness::evidence::{State, Unknown};

const DAY: Duration = Duration::from_secs(86_400);

fn now() -> Timestamp {
    Timestamp::from_secs(10_000_000)
}

/// The card's attested check, which is asked of the environment, with a year for its word.
fn check() -> Check {
    let mut check = Card::for_tests().checks.into_iter().find(|check| check.evidence == Kind::Attested).unwrap();
    check.ttl_minutes = Some(90 * 24 * 60);
    check.scope = Scope::Environment;
    check
}

fn wish() -> AttestationWish {
    AttestationWish {
        check: check().id,
        environment: "production".into(),
        value: Some(1_000),
        note: "10,412 requests a second for an hour".into(),
        expires: Some(now().plus(30 * DAY)),
        ..AttestationWish::default()
    }
}

fn file() -> FileNamed {
    FileNamed { name: "summary.json".into(), sha256: "ab".repeat(32), bytes: 7 }
}

#[test]
fn every_mistake_is_told_at_its_field() {
    let check = check();
    assert_eq!(wish().problems(now(), Some(&check), None, None), []);
    for (spoil, field, said) in [
        ((|wish: &mut AttestationWish| wish.environment.clear()) as fn(&mut AttestationWish), "environment", "which environment"),
        (|wish| wish.service = Some("auth".into()), "service", "with its cluster"),
        (|wish| (wish.service, wish.cluster) = (Some("auth".into()), Some(" ".into())), "service", "with its cluster"),
        (|wish| (wish.service, wish.cluster) = (Some("auth".into()), Some("main".into())), "service", "environment as a whole"),
        (|wish| wish.value = None, "value", "how far it holds"),
        (|wish| wish.value = Some(1_001), "value", "1000 permille is the most"),
        (|wish| wish.note = " ".into(), "note", "proves nothing"),
        (|wish| wish.note = "x".repeat(2_001), "note", "2001 characters are too many"),
        (|wish| wish.expires = None, "expires", "within 90 days"),
        (|wish| wish.expires = Some(now()), "expires", "past already"),
        (|wish| wish.expires = Some(now().plus(91 * DAY)), "expires", "90 days at most"),
        (|wish| wish.link = Some("javascript:alert(1)".into()), "link", "begins with https://"),
        (|wish| wish.link = Some("https://".into()), "link", "names no host"),
        (|wish| wish.link = Some("https:///run".into()), "link", "names no host"),
        (|wish| wish.link = Some("https://nina:secret@ci.example/7".into()), "link", "password out"),
        (|wish| wish.link = Some("https://ci.example/a b".into()), "link", "hidden characters"),
        (|wish| wish.link = Some("https://ci.example/\u{202E}gpj.exe".into()), "link", "hidden characters"),
        (|wish| wish.link = Some("https://ci.example/\"onclick=".into()), "link", "hidden characters"),
        (|wish| wish.link = Some(format!("https://ci.example/{}", "x".repeat(1_000))), "link", "1,000 characters"),
    ] {
        let mut spoilt = wish();
        spoil(&mut spoilt);
        let problems = spoilt.problems(now(), Some(&check), None, None);
        let found = problems.iter().any(|problem| problem.field == field && problem.said.contains(said));
        assert!(found && problems.len() == 1, "{said}: {problems:?}");
    }
}

#[test]
fn a_live_check_takes_nobodys_word_and_an_unknown_one_neither() {
    let card = Card::for_tests();
    let live = card.checks.iter().find(|check| check.evidence == Kind::Live).unwrap();
    let said = |check| wish().problems(now(), check, None, None).into_iter().map(|problem| problem.said).collect::<String>();
    assert!(said(Some(live)).contains("nobody's word counts"));
    assert!(said(None).contains("no check of the score card"));
}

#[test]
fn a_file_speaks_for_itself_and_cannot_be_bettered() {
    let check = check();
    let mut wish = AttestationWish { value: None, note: String::new(), ..wish() };
    assert_eq!(wish.problems(now(), Some(&check), Some(&file()), Some(600)), []);
    wish.value = Some(500);
    assert_eq!(wish.problems(now(), Some(&check), Some(&file()), Some(600)), [], "worse than it says");
    wish.value = Some(601);
    let problems = wish.problems(now(), Some(&check), Some(&file()), Some(600));
    assert!(problems.len() == 1 && problems[0].said.contains("not better"), "{problems:?}");
    wish.link = Some("  ".into());
    let problems = wish.problems(now(), Some(&check), None, None);
    assert!(problems.iter().any(|problem| problem.said.contains("proves nothing")), "a link of spaces is none: {problems:?}");
}

#[test]
fn what_it_amounts_to() {
    let mut attested =
        AttestationWish { link: Some(" HTTPS://ci.example/load/7 ".into()), ..wish() }.attested("nina", now(), 666, Some(file()), None);
    let evidence = attested.evidence(now()).unwrap();
    assert_eq!((evidence.check, evidence.subject.to_string()), (check().id, "production".to_owned()));
    assert_eq!(evidence.found.answer, Answer::Known { value: 666, gates: true });
    assert_eq!(&*evidence.found.said, "it holds in part, 66.6 %: 10,412 requests a second for an hour");
    assert_eq!(&*evidence.found.source, "attested by nina, HTTPS://ci.example/load/7, file summary.json (sha256 abababababab…)");
    attested.value = 1_000;
    attested.said = Some("10,412 requests a second, 95 % within 140 ms".into());
    let found = attested.evidence(now()).unwrap().found;
    assert_eq!(found.answer.state(), State::Pass);
    assert!(found.said.starts_with("it holds: 10,412 requests a second, 95 % within 140 ms; 10,412"), "{}", found.said);
    assert_eq!(found.at(now().plus(30 * DAY)).0, Answer::Unknown { reason: Unknown::Stale }, "it ends by itself");
    (attested.said, attested.value) = (None, 0);
    attested.note.clear();
    assert_eq!(&*attested.evidence(now()).unwrap().found.said, "nina says it does not hold");
}

#[test]
fn what_was_taken_back_is_no_evidence() {
    let mut attested = wish().attested("nina", now(), 1_000, None, None);
    assert!(attested.holds(now()) && !attested.holds(now().plus(30 * DAY)));
    attested.withdrawn = Some((now().plus(DAY), "omar".into()));
    assert!(attested.holds(now()) && attested.evidence(now()).is_some());
    assert!(!attested.holds(now().plus(DAY)) && attested.evidence(now().plus(DAY)).is_none());
}

#[test]
fn hostile_text_is_shown_harmless_and_survives_as_it_came() {
    let hostile = AttestationWish { note: "\u{1b}[2J\u{202E}fdp <b>".into(), ..wish() };
    assert_eq!(hostile.problems(now(), Some(&check()), None, None), []);
    let attested = hostile.attested("ni\u{200B}na", now(), 1_000, None, None);
    let evidence = attested.evidence(now()).unwrap();
    assert_eq!(&*evidence.found.said, "it holds: ·[2J·fdp <b>");
    assert_eq!(&*evidence.found.source, "attested by ni·na");
    let text = serde_json::to_string(&attested).unwrap();
    assert_eq!(serde_json::from_str::<Attestation>(&text).unwrap(), attested, "{text}");
}
