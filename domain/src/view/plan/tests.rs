//! What a URL says, what of it is a wish, and what is told of the rest.

use super::*;
use crate::change::Proposal;

fn key(service: &str) -> ServiceKey {
    ServiceKey { environment: "production".into(), cluster: "main".into(), service: service.into() }
}

const ARN: &str = "arn:aws:ecs:us-east-1:111122223333:task-definition/auth:22";

/// A form in which everything is right.
fn right() -> PlanQuery {
    PlanQuery {
        services: vec![key("auth"), key("payment")],
        check: HealthCheckForm { command: "CMD-SHELL curl -f localhost:8080/health".into(), ..HealthCheckForm::default() },
        reason: "so that ECS sees it".into(),
        ..PlanQuery::default()
    }
}

#[test]
fn a_url_is_a_saved_plan() {
    let odd = ServiceKey { environment: "prod eu".into(), cluster: "a/b".into(), service: "é&<=%2F".into() };
    for query in [
        PlanQuery::default(),
        right(),
        PlanQuery::health_check(&odd),
        PlanQuery::put_back(&odd, ARN),
        PlanQuery {
            q: "au & th".into(),
            check: HealthCheckForm {
                container: "main".into(),
                command: "[\"CMD\", \"a=b&c\"]".into(),
                interval: "soon".into(),
                timeout: "5".into(),
                retries: "3".into(),
                start_period: "60".into(),
                image: "auth@sha256:ab".into(),
            },
            bake: "12".into(),
            budget: "1".into(),
            accepted: true,
            from: "2026-05-02T22:00".into(),
            until: "2026-05-03T04:00".into(),
            draft: true,
            ..right()
        },
    ] {
        assert_eq!(PlanQuery::from_query(&query.query()), query, "{}", query.path());
        assert!(query.path().starts_with("/rollouts/new"));
    }
    assert_eq!(PlanQuery::default().path(), "/rollouts/new");
    assert_eq!(
        PlanQuery::put_back(&odd, ARN).path(),
        "/rollouts/new?kind=put_back&service=prod%2520eu%2Fa%252Fb%2F%25C3%25A9%2526%253C%253D%25252F\
         &revision=arn%3Aaws%3Aecs%3Aus-east-1%3A111122223333%3Atask-definition%2Fauth%3A22"
    );
}

#[test]
fn a_service_is_chosen_once_and_named_whole() {
    let pairs = [("service", "production/main/auth"), ("service", "production/main/auth"), ("service", "production/main/a%2Fb")];
    let query = PlanQuery::from_pairs(pairs);
    assert_eq!((query.services.as_slice(), query.ignored.len()), (&[key("auth"), key("a/b")][..], 0));
    for word in ["auth", "production/main", "production/main/", "/main/auth", "production/main/auth/x", "production//auth"] {
        assert_eq!(PlanQuery::service(word), None, "{word}");
    }
}

#[test]
fn what_means_nothing_is_named() {
    let pairs = [("kind", "sideways"), ("service", "auth"), ("accepted", "perhaps"), ("draft", "0"), ("colour", "red"), ("bake", "")];
    let query = PlanQuery::from_pairs(pairs);
    assert_eq!(query.ignored, ["kind=sideways", "service=auth", "accepted=perhaps", "colour=red"]);
    assert_eq!(PlanQuery { ignored: Vec::new(), ..query }, PlanQuery::default());
}

#[test]
fn what_is_right_is_a_wish() {
    let query = PlanQuery {
        bake: " 12 ".into(),
        budget: "2".into(),
        accepted: true,
        from: "2026-05-02T22:00".into(),
        until: "2026-05-03T04:00:30".into(),
        ..right()
    };
    let wish = query.wish().unwrap();
    assert_eq!((wish.bake, wish.budget, wish.accepted), (Some(Duration::from_secs(720)), 2, true));
    let window = wish.window.unwrap();
    assert_eq!((window.from.to_string(), window.until.to_string()), ("2026-05-02T22:00:00Z".into(), "2026-05-03T04:00:30Z".into()));
    assert_eq!(wish.change.title(&wish.services.iter().collect::<Vec<_>>()), "Health check for 2 services");
    let wish = right().wish().unwrap();
    assert_eq!((wish.bake, wish.budget, wish.accepted, wish.window), (None, 0, false, None));
    let back = PlanQuery { reason: "worse".into(), ..PlanQuery::put_back(&key("auth"), ARN) }.wish().unwrap();
    assert_eq!(back.change, Change::PutBack(PutBack { revision: ARN.into() }));
}

#[test]
fn what_is_wrong_is_told_at_its_field_and_all_at_once() {
    let check = |check: HealthCheckForm| PlanQuery { check, ..right() };
    for (query, fields) in [
        (PlanQuery::default(), &["command", "services", "reason"][..]),
        (PlanQuery { services: Vec::new(), ..right() }, &["services"]),
        (PlanQuery { reason: "  ".into(), ..right() }, &["reason"]),
        (PlanQuery { bake: "1.5".into(), ..right() }, &["bake"]),
        (PlanQuery { bake: u64::MAX.to_string(), ..right() }, &["bake"]),
        (PlanQuery { bake: "1441".into(), ..right() }, &["bake"]),
        (PlanQuery { budget: "-1".into(), ..right() }, &["budget"]),
        (PlanQuery { budget: "3".into(), ..right() }, &["budget"]),
        (PlanQuery { from: "2026-05-02T22:00".into(), ..right() }, &["window"]),
        (PlanQuery { from: "tonight".into(), until: "2026-05-02T22:00".into(), ..right() }, &["window"]),
        (PlanQuery { from: "2026-05-02T22:00".into(), until: "2026-05-02T21:00".into(), ..right() }, &["window"]),
        (check(HealthCheckForm { interval: "soon".into(), ..right().check }), &["interval"]),
        (PlanQuery { bake: "x".into(), ..check(HealthCheckForm::default()) }, &["command", "bake"]),
        (PlanQuery { reason: "worse".into(), ..PlanQuery::put_back(&key("auth"), "auth:22") }, &["revision"]),
        (PlanQuery { kind: PlanKind::PutBack, revision: ARN.into(), ..right() }, &["services"]),
    ] {
        let problems = query.wish().unwrap_err();
        let told: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(told, fields, "{problems:?}");
    }
}
