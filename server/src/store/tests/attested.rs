//! What people say of the fleet, and what the score was: nothing is lost, nothing is written twice.

use std::time::Duration;

use domain::Timestamp;
use domain::account::Role;
use domain::port::{Actor, SignedBy};
use domain::readiness::assess::Asked;
use domain::readiness::checklist::{ListItem, Section};
use domain::readiness::{
    Answer, Attestation, AttestationWish, Card, Check, Checklist, Evidence, Found, Readiness, State, Subject, WaiverWish, assess,
};

use super::build::*;
use crate::store::{Chain, Importing, ScoreOf, Signed, StoreError, Waiving};

const HOUR: Duration = Duration::from_secs(3_600);

fn person(name: &str) -> Actor {
    Actor { account: Some(1), name: name.into(), role: Role::Operator, by: SignedBy::Session { id: 1 } }
}

fn by(name: &str, seconds: i64) -> Signed {
    Signed::by(&person(name), at(seconds))
}

fn card() -> Card {
    let text = |id: &str, weight: &str, more: &str| {
        format!(r#"{{"id":"{id}","title":"t","category":"c","weight":"{weight}","work_minutes":30,"why":"w","remedy":"r",{more}}}"#)
    };
    let live = text("H1", "critical", r#""gate":69,"evidence":"live","ttl_minutes":600"#);
    let attested = text("runbook", "low", r#""evidence":"attested","ttl_minutes":129600"#);
    serde_json::from_str(&format!(r#"{{"name":"two","check":[{live},{attested}]}}"#)).unwrap()
}

fn check(id: &str) -> Check {
    card().check(id).unwrap().clone()
}

fn subject(service: &str) -> Subject {
    Subject::Service(key(service))
}

fn wish(check: &str) -> AttestationWish {
    let key = key("auth");
    AttestationWish {
        check: check.into(),
        environment: key.environment,
        cluster: Some(key.cluster),
        service: Some(key.service),
        note: "it is linked".into(),
        link: Some("https://wiki.example/auth".into()),
        expires: Some(at(7_200)),
        ..AttestationWish::default()
    }
}

fn said(seconds: i64) -> Attestation {
    wish("runbook").attested("nina", at(seconds), 500, None, None)
}

#[tokio::test]
async fn what_people_said_is_kept_and_taken_back() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let (first, written) = store.attest(&said(0), None, &by("nina", 0)).await.unwrap();
    assert_eq!(written.topics.iter().map(|topic| topic.as_str()).collect::<Vec<_>>(), ["readiness"]);
    let wide = Attestation { subject: Subject::Environment { environment: "production".into() }, expires: at(3_600), ..said(1) };
    let (second, _) = store.attest(&wide, None, &by("omar", 1)).await.unwrap();
    let kept = store.attestations_since(at(0)).await.unwrap();
    assert_eq!(kept, [Attestation { id: first, ..said(0) }, Attestation { id: second, by: "omar".into(), ..wide }]);
    assert_eq!(store.attestations_since(at(3_600)).await.unwrap().len(), 1, "the other one has ended");
    assert!(store.attestation_withdraw(first, &by("omar", 5)).await.unwrap().is_some());
    assert!(store.attestation_withdraw(first, &by("nina", 6)).await.unwrap().is_none(), "once");
    assert!(store.attestation_withdraw(99, &by("nina", 6)).await.unwrap().is_none());
    assert_eq!(store.attestations_since(at(0)).await.unwrap().len(), 1);
    let all = store.attestations_before("production", i64::MAX, 10).await.unwrap();
    assert_eq!((all.len(), all[1].withdrawn.clone()), (2, Some((at(5), "omar".into()))), "newest first, and all of them");
    assert!(matches!(store.audit_verify().await.unwrap(), Chain::Whole { rows: 3, .. }));
}

#[tokio::test]
async fn a_file_is_kept_once_and_nothing_deletes_it() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let file = domain::readiness::FileNamed { name: "summary.json".into(), sha256: String::new(), bytes: 0 };
    let with = Attestation { file: Some(file), said: Some("fast enough".into()), ..said(0) };
    let (first, _) = store.attest(&with, Some(b"{}"), &by("nina", 0)).await.unwrap();
    let (second, _) = store.attest(&with, Some(b"{}"), &by("nina", 1)).await.unwrap();
    let (third, _) = store.attest(&said(2), None, &by("nina", 2)).await.unwrap();
    assert_eq!(store.attestation_file(second).await.unwrap(), Some(("summary.json".into(), b"{}".to_vec())));
    assert_eq!(store.attestation_file(third).await.unwrap(), None);
    let kept = store.attestations_since(at(0)).await.unwrap();
    let file = kept[0].file.clone().unwrap();
    assert_eq!((kept[0].id, file.bytes, file.sha256.get(..8), kept[2].file.clone()), (first, 2, Some("44136fa3"), None));
    let mut tx = store.write().await.unwrap();
    let files: i64 = sqlx::query_scalar("SELECT count(*) FROM uploaded_file").fetch_one(&mut *tx).await.unwrap();
    assert_eq!(files, 1);
    for statement in [
        "DELETE FROM uploaded_file",
        "UPDATE uploaded_file SET bytes = x''",
        "DELETE FROM attestation",
        "UPDATE attestation SET value = 1000",
        "UPDATE attestation SET expires_at = 0",
        "INSERT INTO uploaded_file VALUES (9, x'00', zeroblob(5000001))",
    ] {
        assert!(sqlx::query(statement).execute(&mut *tx).await.is_err(), "{statement}");
    }
}

fn waiver() -> WaiverWish {
    let key = key("auth");
    WaiverWish {
        check: "H1".into(),
        environment: key.environment,
        cluster: Some(key.cluster),
        service: Some(key.service),
        reason: "moves next week".into(),
        compensating: "watched by hand".into(),
        ticket: Some("OPS-1".into()),
        expires: Some(at(7_200)),
    }
}

#[tokio::test]
async fn a_waiver_needs_another_person_and_an_end() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let (nina, omar) = (person("nina"), person("omar"));
    let (id, _) = store.waiver_ask(&waiver(), &nina, at(0)).await.unwrap();
    let script = Actor { by: SignedBy::Token { id: 1, name: "ci".into() }, ..nina.clone() };
    for own in [&nina, &script] {
        let Waiving::Refused(why) = store.waiver_approve(id, Some(&check("H1")), own, at(1)).await.unwrap() else { panic!("{own:?}") };
        assert!(why.contains("somebody else"), "{why}");
    }
    assert!(!store.waivers().await.unwrap()[0].holds(at(1)), "nothing holds before somebody approved it");
    assert!(matches!(store.waiver_approve(id, Some(&check("H1")), &omar, at(1)).await.unwrap(), Waiving::Done(_)));
    assert!(matches!(store.waiver_approve(id, Some(&check("H1")), &omar, at(2)).await.unwrap(), Waiving::Refused(_)));
    assert_eq!(store.waiver_approve(99, None, &omar, at(2)).await.unwrap(), Waiving::NoWaiver);
    let kept = store.waivers().await.unwrap().remove(0);
    assert_eq!((kept.wish.clone(), kept.requester.as_str(), kept.approver.as_deref()), (waiver(), "nina", Some("omar")));
    assert!(kept.holds(at(1)) && !kept.holds(at(7_200)), "and it ends without anybody's doing");
    assert!(matches!(store.waiver_end(id, "mended", &omar, at(3)).await.unwrap(), Waiving::Done(_)));
    assert!(matches!(store.waiver_end(id, "mended", &omar, at(4)).await.unwrap(), Waiving::Refused(_)));
    let ended = store.waivers().await.unwrap().remove(0);
    assert_eq!((ended.ended.clone(), ended.holds(at(3))), (Some((at(3), "omar".into())), false));
    let endless = WaiverWish { expires: None, ..waiver() };
    assert!(matches!(store.waiver_ask(&endless, &nina, at(5)).await, Err(StoreError::Sql(_))));
    assert!(matches!(store.audit_verify().await.unwrap(), Chain::Whole { rows: 3, .. }), "and no act of what was refused");
}

fn list(ticked: bool) -> Checklist {
    let item = |text: &str, done| ListItem { text: text.into(), done, notes: "as agreed".into(), ..ListItem::default() };
    let items = vec![item("Auto-scaling", Some(ticked)), item("Limits", None), item("Load test", Some(false))];
    let sections = vec![
        Section { level: 1, title: "Launch (P1)".into(), prose: "All of it.".into(), items: Vec::new() },
        Section { level: 2, title: "Scaling".into(), prose: String::new(), items },
    ];
    Checklist { sections }.settled()
}

#[tokio::test]
async fn the_same_checklist_twice_changes_nothing() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let Importing::Done { id, .. } = store.checklist_keep("production", "Launch", &list(false), &by("nina", 0)).await.unwrap() else {
        panic!("it is new")
    };
    let revision = store.revision().await.unwrap();
    assert_eq!(store.checklist_keep("production", "Launch", &list(false), &by("omar", 9)).await.unwrap(), Importing::Same { id });
    assert_eq!(store.revision().await.unwrap(), revision);
    let kept = store.checklists().await.unwrap().remove(0);
    assert_eq!((kept.id, kept.checklist, kept.attested, kept.by), (id, list(false), at(0), "nina".into()), "and old ticks stay old");
    let Importing::Done { id: same, .. } = store.checklist_keep("production", "Launch", &list(true), &by("omar", 10)).await.unwrap() else {
        panic!("it is another")
    };
    let kept = store.checklists().await.unwrap().remove(0);
    assert_eq!((same, kept.checklist.ticked(), kept.attested), (id, (2, 1), at(10)));
    assert!(store.checklist_confirm(id, &by("nina", 20)).await.unwrap().is_some());
    assert_eq!(store.checklists().await.unwrap()[0].attested, at(20));
    assert!(store.checklist_remove(id, &by("nina", 30)).await.unwrap().is_some());
    assert!(store.checklist_confirm(id, &by("nina", 31)).await.unwrap().is_none());
    assert_eq!(store.checklists().await.unwrap(), []);
    let again = store.checklist_keep("production", "Launch", &list(true), &by("nina", 40)).await.unwrap();
    assert!(matches!(again, Importing::Done { id: other, .. } if other != id), "{again:?}");
    assert!(matches!(store.audit_verify().await.unwrap(), Chain::Whole { rows: 5, .. }));
}

fn assessed(seconds: i64, answers: [Answer; 2]) -> Readiness {
    let now = at(seconds);
    let evidence: Vec<Evidence> = ["auth", "quest"]
        .into_iter()
        .zip(answers)
        .flat_map(|(name, answer)| {
            ["H1", "runbook"].map(|check| Evidence {
                check: check.into(),
                subject: subject(name),
                found: Found::seen(answer, "seen", now.minus(HOUR), 10 * HOUR, "ecs:production"),
            })
        })
        .collect();
    let asked = ["auth", "quest"].map(|name| Asked { subject: subject(name), tier: None });
    assess(&card(), now, &asked, &evidence, &[])
}

#[tokio::test]
async fn scores_are_written_on_change_only() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let fleet = ScoreOf::default();
    assert!(store.score_record(&assessed(0, [Answer::PASS, Answer::PASS]), "ab").await.unwrap().is_some());
    assert!(store.score_record(&assessed(60, [Answer::PASS, Answer::PASS]), "ab").await.unwrap().is_none(), "as it stood");
    assert!(store.score_record(&assessed(120, [Answer::PASS, Answer::FAIL]), "ab").await.unwrap().is_some());
    let rows = store.score_rows(&fleet, at(0), at(200)).await.unwrap();
    let told: Vec<(Timestamp, Option<Timestamp>, Option<u64>)> = rows.iter().map(|row| (row.from, row.to, row.score)).collect();
    assert_eq!(told, [(at(0), Some(at(120)), Some(100)), (at(120), None, Some(50))]);
    assert_eq!((rows[1].caps.as_slice(), rows[1].letter.as_deref()), ([("H1".to_owned(), 69)].as_slice(), Some("F")));
    let auth = store.score_rows(&ScoreOf::from(&subject("auth")), at(0), at(200)).await.unwrap();
    assert_eq!(auth.len(), 1, "auth is as it was");
    assert_eq!(store.score_rows(&fleet, at(130), at(200)).await.unwrap().len(), 1);
    assert!(store.score_record(&assessed(180, [Answer::PASS, Answer::FAIL]), "cd").await.unwrap().is_some());
    let rows = store.score_rows(&fleet, at(0), at(200)).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.card.as_str()).collect::<Vec<_>>(), ["ab", "ab", "cd"], "another card is a break");
}

#[tokio::test]
async fn what_changed_since_is_told_check_by_check() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    for (seconds, answers) in [(0, [Answer::PASS, Answer::PASS]), (10, [Answer::FAIL, Answer::PASS]), (20, [Answer::PASS, Answer::FAIL])] {
        store.score_record(&assessed(seconds, answers), "ab").await.unwrap();
    }
    let told = |changes: Vec<crate::store::CheckChange>| {
        changes.into_iter().map(|change| (change.of.service, change.check, change.before, change.after, change.at)).collect::<Vec<_>>()
    };
    let quest = |check: &str| ("quest".to_owned(), check.to_owned(), Some(State::Pass), Some(State::Fail), at(20));
    assert_eq!(told(store.checks_changed_since(at(0)).await.unwrap()), [quest("H1"), quest("runbook")], "auth's changed back");
    let auth = |check: &str| ("auth".to_owned(), check.to_owned(), Some(State::Fail), Some(State::Pass), at(20));
    let since = told(store.checks_changed_since(at(10)).await.unwrap());
    assert_eq!(since, [auth("H1"), auth("runbook"), quest("H1"), quest("runbook")]);
    assert_eq!(told(store.checks_changed_since(at(20)).await.unwrap()), []);
    let gone = assess(&card(), at(30), &[Asked { subject: subject("auth"), tier: None }], &[], &[]);
    store.score_record(&gone, "ab").await.unwrap();
    let since = told(store.checks_changed_since(at(20)).await.unwrap());
    assert!(since.contains(&("quest".to_owned(), "H1".to_owned(), Some(State::Fail), None, at(30))), "{since:?}");
    assert!(since.contains(&("auth".to_owned(), "H1".to_owned(), Some(State::Pass), Some(State::Unknown), at(30))), "{since:?}");
}

#[tokio::test]
async fn recording_began_with_the_first_score() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    assert_eq!(store.scores_began().await.unwrap(), None);
    store.score_record(&assessed(5, [Answer::PASS, Answer::PASS]), "ab").await.unwrap();
    store.score_record(&assessed(60, [Answer::PASS, Answer::FAIL]), "ab").await.unwrap();
    assert_eq!(store.scores_began().await.unwrap(), Some(at(5)));
    assert_eq!(store.checks_changed_since(at(5)).await.unwrap().len(), 2, "what was first on record has not changed");
}
