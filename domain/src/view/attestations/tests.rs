use super::*;
use crate::readiness::assess::Asked;
use crate::readiness::{Answer, Evidence, Found, assess};

fn now() -> Timestamp {
    Timestamp::from_secs(1_777_714_863)
}

fn key(cluster: &str, service: &str) -> ServiceKey {
    ServiceKey { environment: "production".into(), cluster: cluster.into(), service: service.into() }
}

fn readiness(card: &Card) -> Readiness {
    let asked = [key("main", "auth"), key("other", "auth"), key("main", "quest")];
    let asked = asked.map(|key| Asked { subject: Subject::Service(key), tier: None });
    let drilled = Evidence {
        check: "load-test".into(),
        subject: Subject::Environment { environment: "production".into() },
        found: Found::seen(Answer::PASS, "9,800 requests/s", now(), Duration::from_secs(600), "attested by nina"),
    };
    assess(card, now(), &asked, &[drilled], &[])
}

fn page(query: &str, said: Vec<Attestation>) -> AttestPage {
    let card = Card::for_tests();
    let readiness = readiness(&card);
    let facts = AttestFacts { revision: 1, now: now(), card: &card, readiness: &readiness, environments: vec!["production".to_owned()] };
    AttestPage::compose(facts, &AttestQuery::from_query(query), "production".to_owned(), said)
}

#[test]
fn everything_typed_survives_the_address() {
    let query = AttestQuery {
        check: "load-test".into(),
        environment: "prod/uction".into(),
        cluster: "c".into(),
        service: "a&b=c".into(),
        percent: "most".into(),
        note: "one\ntwo %41".into(),
        link: "https://x/?a=b&c".into(),
        expires: "soon".into(),
        file: "0123456789abcdef".repeat(4),
        unread: "summary.json".into(),
        sent: true,
        before: Some(7),
        ignored: Vec::new(),
    };
    assert_eq!(AttestQuery::from_query(&query.query()), query);
    assert_eq!(AttestQuery::default().path(), "/readiness/attest");
    let about = AttestQuery::about("H1", &Subject::Service(key("main", "auth")));
    assert_eq!(about.path(), "/readiness/attest?check=H1&environment=production&cluster=main&service=auth");
    let odd = AttestQuery::from_query("file=x&sent=yes&before=old&colour=red");
    assert_eq!(odd.ignored, ["file=x", "sent=yes", "before=old", "colour=red"]);
}

#[test]
fn what_cannot_be_told_is_told_at_its_field() {
    let (wish, problems) = AttestQuery::from_query("percent=97,5&expires=soon&upload=a.json&note=%20one%0D%0Atwo%20").typed();
    assert_eq!(problems.iter().map(|problem| problem.field.as_str()).collect::<Vec<_>>(), ["value", "file", "expires"]);
    assert_eq!(wish.note, "one\ntwo");
    let wish = AttestQuery::from_query("check=a&environment=e&percent=97.5&expires=2026-05-03").wish().unwrap();
    assert_eq!((wish.value, wish.expires), (Some(975), Some(Timestamp::from_secs(1_777_766_400))));
    assert_eq!((wish.cluster, wish.service, wish.link), (None, None, None));
    assert_eq!(AttestQuery::from_query("percent=%20").wish().unwrap().value, None, "as the file says");
}

#[test]
fn the_page_tells_of_the_check_and_only_of_those_that_are_attested() {
    let told = page("check=load-test&environment=production", Vec::new());
    assert_eq!(told.checks.iter().map(|check| check.id.as_str()).collect::<Vec<_>>(), ["load-test"]);
    let about = told.about.unwrap();
    assert_eq!((about.latest.as_str(), about.whole), ("2026-07-31T09:41", true));
    assert_eq!(about.stands.as_deref(), Some("passes: 9,800 requests/s"));
    assert!(
        about.takes.contains("90 days") && about.takes.contains("10,000 requests/s") && about.takes.contains("1.0 %"),
        "{}",
        about.takes
    );
    assert_eq!(page("check=H1&environment=production", Vec::new()).about, None, "that is seen");
    assert_eq!(page("check=load-test", Vec::new()).about.unwrap().stands, None, "nobody said where");
}

#[test]
fn a_row_says_where_it_stands_and_older_ones_have_a_beginning() {
    let one = |id: i64, hours: i64, back: bool| Attestation {
        id,
        check: "load-test".into(),
        subject: Subject::Service(key("main", "auth")),
        value: 980,
        note: String::new(),
        link: None,
        file: None,
        said: None,
        by: "nina".into(),
        at: Timestamp::from_secs(1_777_000_000),
        expires: Timestamp::from_secs(1_777_714_863 + hours * 3_600),
        withdrawn: back.then(|| (now(), "omar".to_owned())),
    };
    let rows = page("", vec![one(3, 24, false), one(2, 0, false), one(1, 24, true)]).rows;
    let states: Vec<AttestationState> = rows.iter().map(|row| row.state).collect();
    assert_eq!(states, [AttestationState::Counts, AttestationState::Ended, AttestationState::Withdrawn]);
    assert_eq!((rows[0].ending, rows[0].held.as_str()), (EndsIn::Day, "holds in part, 98.0 %"));
    assert_eq!((rows[0].place.as_str(), rows[0].path.as_str()), ("production/main/auth", "/readiness/production/main/auth"));
    let many: Vec<Attestation> = (0..=50).rev().map(|id| one(id, 1, false)).collect();
    let first = page("", many);
    assert_eq!((first.rows.len(), first.older), (50, Some(1)));
}

#[test]
fn a_place_is_one_that_was_seen() {
    let card = Card::for_tests();
    let readiness = readiness(&card);
    let environments = ["production".to_owned()];
    let wrong = |environment: &str, cluster: Option<&str>, service: Option<&str>| {
        let mut cluster = cluster.map(str::to_owned);
        let problem = typed::placed(&readiness, &environments, environment, &mut cluster, service);
        (problem.map(|problem| problem.field), cluster)
    };
    assert_eq!(wrong("production", None, None), (None, None));
    assert_eq!(wrong("production", None, Some("quest")), (None, Some("main".to_owned())), "there is only one");
    assert_eq!(wrong("production", None, Some("auth")).0.as_deref(), Some("cluster"));
    assert_eq!(wrong("production", Some("other"), Some("auth")).0, None);
    assert_eq!(wrong("production", Some("other"), Some("quest")).0.as_deref(), Some("service"));
    assert_eq!(wrong("elsewhere", None, None).0.as_deref(), Some("environment"));
    assert_eq!(wrong("", None, None).0.as_deref(), Some("environment"));
}
