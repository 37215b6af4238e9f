use std::time::Duration;

use super::*;
use crate::readiness::assess::Asked;
use crate::readiness::{Answer, Evidence, Found, assess};

fn now() -> Timestamp {
    Timestamp::from_secs(1_777_714_863)
}

fn days(days: i64) -> Timestamp {
    Timestamp::from_secs(1_777_714_863 + days * 86_400)
}

fn key(service: &str) -> ServiceKey {
    ServiceKey { environment: "production".into(), cluster: "main".into(), service: service.into() }
}

fn waiver(id: i64, check: &str, end: i64, approved: bool) -> Waiver {
    let wish = WaiverWish {
        check: check.into(),
        environment: "production".into(),
        cluster: Some("main".into()),
        service: Some("auth".into()),
        reason: "r".into(),
        compensating: "c".into(),
        ticket: None,
        expires: Some(days(end)),
    };
    Waiver {
        id,
        wish,
        requester: "nina".into(),
        approver: approved.then(|| "omar".to_owned()),
        created: days(-id),
        approved: approved.then(|| days(-1)),
        ended: None,
    }
}

fn page(query: &str, waivers: &[Waiver], passes: bool) -> WaiversPage {
    let card = Card::for_tests();
    let asked = ["auth", "quest"].map(|service| Asked { subject: Subject::Service(key(service)), tier: None });
    let evidence = asked.clone().map(|asked| Evidence {
        check: "H1".into(),
        found: Found::seen(
            Answer::of(passes || asked.subject != Subject::Service(key("quest"))),
            "seen",
            now(),
            Duration::from_secs(600),
            "ecs",
        ),
        subject: asked.subject,
    });
    let readiness = assess(&card, now(), &asked, &evidence, waivers);
    let environments = vec!["production".to_owned()];
    let facts = WaiverFacts { revision: 1, now: now(), card: &card, readiness: &readiness, waivers, environments };
    WaiversPage::compose(facts, &WaiverQuery::from_query(query))
}

#[test]
fn what_needs_somebody_stands_first() {
    let ended = Waiver { ended: Some((now(), "omar".into())), ..waiver(6, "H3", 9, true) };
    let all = [
        waiver(1, "H3", 60, true),
        waiver(2, "H1", 20, false),
        waiver(3, "H1", 2, true),
        waiver(4, "H3", 5, false),
        waiver(5, "H3", -1, true),
        ended,
    ];
    let page = page("", &all, true);
    assert_eq!(page.open.iter().map(|row| row.waiver.id).collect::<Vec<_>>(), [4, 2, 3, 1], "asked for first, then what ends first");
    assert_eq!(page.over.iter().map(|row| row.waiver.id).collect::<Vec<_>>(), [6, 5]);
    let row = &page.open[2];
    assert_eq!((row.ending, row.by_another, row.place.as_str()), (EndsIn::ThreeDays, true, "production/main/auth"));
    assert!(!page.open[3].by_another, "a low check may be approved by who asked");
}

#[test]
fn a_waiver_nobody_needs_is_named() {
    let of_all = |mut waiver: Waiver| {
        (waiver.wish.cluster, waiver.wish.service) = (None, None);
        waiver
    };
    let passes = |passes: bool, waiver: Waiver| page("", &[waiver], passes).open[0].passes;
    assert!(passes(false, waiver(1, "H1", 9, true)), "its service passes");
    assert!(!passes(false, of_all(waiver(1, "H1", 9, true))), "one of those it covers does not");
    assert!(passes(true, of_all(waiver(1, "H1", 9, true))));
    assert!(!passes(true, waiver(1, "H3", 9, true)), "what is not known does not pass");
}

#[test]
fn what_is_wrong_is_told_once_it_was_sent() {
    let typed = "check=H1&environment=production&service=auth&reason=r&compensating=c";
    let form = page(typed, &[], true);
    assert_eq!((form.problems.len(), form.about.as_ref().map(|about| (about.days, about.by_another))), (0, Some((30, true))));
    assert_eq!(form.about.unwrap().stands.as_deref(), Some("passes: seen"));
    let fields = |query: &str| page(query, &[], true).problems.into_iter().map(|problem| problem.field).collect::<Vec<_>>();
    assert_eq!(fields(&format!("{typed}&sent=1")), ["expires"], "no waiver without an end");
    assert_eq!(fields(&format!("{typed}&expires=2026-05-20&sent=1")), [""; 0]);
    assert_eq!(fields("check=Q&environment=elsewhere&expires=soon&sent=1"), ["expires", "environment", "check"]);
    let query = WaiverQuery::from_query(&format!("{typed}&expires=2026-05-20&ticket=a%26b&sent=1"));
    assert_eq!(WaiverQuery::from_query(&query.query()), query);
}

#[test]
fn the_same_wish_is_not_asked_for_twice() {
    let card = Card::for_tests();
    let readiness = assess(&card, now(), &[], &[], &[]);
    let waiting = |waivers: &[Waiver], wish: &WaiverWish| {
        WaiverFacts { revision: 1, now: now(), card: &card, readiness: &readiness, waivers, environments: Vec::new() }.waiting(wish)
    };
    let asked = waiver(4, "H1", 9, false);
    assert_eq!(waiting(std::slice::from_ref(&asked), &asked.wish), Some(4));
    assert_eq!(waiting(&[waiver(4, "H1", 9, true)], &asked.wish), None, "one that holds may be asked for anew");
}
