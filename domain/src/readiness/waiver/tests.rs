use super::*;
use crate::readiness::card::Card;
use crate::service::ServiceKey;

const DAY: Duration = Duration::from_secs(86_400);

fn now() -> Timestamp {
    Timestamp::from_secs(1_000_000)
}

fn wish(check: &str) -> WaiverWish {
    WaiverWish {
        check: check.into(),
        environment: "production".into(),
        cluster: Some("main".into()),
        service: Some("auth".into()),
        reason: "the next build brings the endpoint".into(),
        compensating: "its task count is alarmed".into(),
        ticket: None,
        expires: Some(now().plus(20 * DAY)),
    }
}

fn service(name: &str) -> Subject {
    Subject::Service(ServiceKey { environment: "production".into(), cluster: "main".into(), service: name.into() })
}

fn waiver(check: &str) -> Waiver {
    Waiver { id: 1, wish: wish(check), requester: "nina".into(), approver: None, created: now(), approved: None, ended: None }
}

#[test]
fn each_mistake_names_its_field() {
    let card = Card::for_tests();
    for (spoil, field, said) in [
        ((|wish| wish.expires = None) as fn(&mut WaiverWish), "expires", "without an end is refused"),
        (|wish| wish.expires = Some(now()), "expires", "past already"),
        (|wish| wish.expires = Some(now().plus(31 * DAY)), "expires", "a critical check lasts 30 days at most"),
        (|wish| wish.reason = " ".into(), "reason", "Say why"),
        (|wish| wish.compensating.clear(), "compensating", "keeps the risk small"),
        (|wish| wish.reason = "x".repeat(2_001), "reason", "2001 characters are too many"),
        (|wish| wish.check = "Z9".into(), "check", "\"Z9\" is no check"),
        (|wish| wish.cluster = None, "service", "with its cluster"),
    ] {
        let mut wish = wish("H1");
        spoil(&mut wish);
        let problems = wish.problems(now(), card.check(&wish.check));
        assert!(problems.iter().any(|problem| problem.field == field && problem.said.contains(said)), "{problems:?}");
    }
    assert_eq!(wish("H1").problems(now(), card.check("H1")), []);
}

#[test]
fn the_requester_of_a_heavy_one_does_not_approve_it() {
    let card = Card::for_tests();
    let (critical, low) = (waiver("H1"), waiver("H3"));
    assert!(critical.approvable(now(), "nina", card.check("H1")).unwrap_err().contains("somebody else"));
    assert_eq!(critical.approvable(now(), "omar", card.check("H1")), Ok(()));
    assert_eq!(low.approvable(now(), "nina", card.check("H3")), Ok(()));
    assert!(critical.approvable(now().plus(20 * DAY), "omar", card.check("H1")).unwrap_err().contains("over"));
    let approved = Waiver { approver: Some("omar".into()), approved: Some(now()), ..critical };
    assert!(approved.approvable(now(), "eva", card.check("H1")).unwrap_err().contains("omar approved it already"));
}

#[test]
fn it_counts_from_its_approval_to_its_end() {
    let asked = waiver("H1");
    let approved = Waiver { approver: Some("omar".into()), approved: Some(now().plus(DAY)), ..asked.clone() };
    let ended = Waiver { ended: Some((now().plus(2 * DAY), "omar".into())), ..approved.clone() };
    let at = |waiver: &Waiver, days| waiver.holds(now().plus(days * DAY));
    assert_eq!([0, 1, 19, 20].map(|days| at(&approved, days)), [false, true, true, false]);
    assert_eq!([1, 2].map(|days| at(&ended, days)), [true, false]);
    assert!(!at(&asked, 1), "nobody approved it");
    assert_eq!(approved.days_left(now().plus(DAY)), Some(19));
}

#[test]
fn it_covers_its_service_or_the_whole_environment() {
    let one = wish("H1");
    assert!(one.covers("H1", &service("auth")) && !one.covers("H1", &service("gate")) && !one.covers("H2", &service("auth")));
    let all = WaiverWish { cluster: None, service: None, ..one.clone() };
    let environment = Subject::Environment { environment: "production".into() };
    assert!(all.covers("H1", &service("gate")) && all.covers("H1", &environment) && !one.covers("H1", &environment));
}
