use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::readiness::promise::Instead;
use crate::readiness::waiver::WaiverWish;
use crate::service::ServiceKey;

const HOUR: Duration = Duration::from_secs(3_600);

fn now() -> Timestamp {
    Timestamp::from_secs(10_000_000)
}

fn service(name: &str) -> Subject {
    Subject::Service(ServiceKey { environment: "production".into(), cluster: "main".into(), service: name.into() })
}

fn environment() -> Subject {
    Subject::Environment { environment: "production".into() }
}

fn asked(names: &[&str]) -> Vec<Asked> {
    names.iter().map(|name| Asked { subject: service(name), tier: None }).collect()
}

fn found(check: &str, subject: Subject, answer: Answer) -> Evidence {
    Evidence { check: check.into(), subject, found: Found::seen(answer, "as seen", now(), HOUR, "ecs:production") }
}

fn waiver(id: i64, check: &str, name: &str, expires: Timestamp) -> Waiver {
    let wish = WaiverWish {
        check: check.into(),
        environment: "production".into(),
        cluster: Some("main".into()),
        service: Some(name.into()),
        reason: "r".into(),
        compensating: "c".into(),
        ticket: None,
        expires: Some(expires),
    };
    let created = now().minus(HOUR);
    Waiver { id, wish, requester: "nina".into(), approver: Some("omar".into()), created, approved: Some(created), ended: None }
}

fn all_well() -> Vec<Evidence> {
    let mut all = vec![found("load-test", environment(), Answer::PASS)];
    for name in ["auth", "gate"] {
        all.extend([found("H1", service(name), Answer::PASS), found("H3", service(name), Answer::PASS)]);
    }
    all
}

#[test]
fn one_failing_gate_anywhere_holds_the_fleet() {
    let card = Card::for_tests();
    let mut evidence = all_well();
    let names = asked(&["auth", "gate"]);
    let well = assess(&card, now(), &names, &evidence, &[]);
    assert_eq!((well.fleet.score, well.fleet.grade().as_str(), well.caps.len()), (Some(100), "A", 0));
    assert!(well.targets.iter().all(|target| target.reached));

    evidence[1].found.answer = Answer::FAIL;
    let failing = assess(&card, now(), &names, &evidence, &[]);
    assert_eq!((failing.fleet.score, failing.fleet.uncapped), (Some(69), Some(75)));
    assert_eq!(failing.caps, [Cap { check: "H1".into(), at: 69, blind: false, subjects: vec!["production/main/auth".into()] }]);
    let reached: Vec<(&str, bool, usize, usize)> =
        failing.targets.iter().map(|of| (of.name.as_str(), of.reached, of.held, of.needed)).collect();
    assert_eq!(reached, [("A", false, 1, 2), ("B", false, 2, 3)], "B needs what A needs");
    assert_eq!(failing.targets[0].missing, [Gap { check: "H1".into(), failing: 1, unknown: 0, work_minutes: 30 }]);
    let lever = &failing.levers[0];
    assert_eq!((lever.check.as_str(), lever.subjects, lever.work_minutes, lever.becomes), ("H1", 1, 30, Some(100)));
}

/// What a check of a service is taken to come to.
type Taken = (ServiceKey, &'static str, Answer);

fn instead(taken: &[Taken]) -> Instead<'_> {
    taken.iter().map(|(key, check, answer)| ((key, *check), *answer)).collect()
}

fn of(name: &str, check: &'static str, answer: Answer) -> Taken {
    (service(name).service().unwrap().clone(), check, answer)
}

#[test]
fn what_a_change_promises_is_what_mending_it_makes() {
    let card = Card::for_tests();
    let names = asked(&["auth", "gate"]);
    let mut evidence = all_well();
    evidence[1].found.answer = Answer::FAIL;
    evidence[3].found.answer = Answer::FAIL;
    let before = assess(&card, now(), &names, &evidence, &[]);
    let both = [of("auth", "H1", Answer::PASS), of("gate", "H1", Answer::PASS)];
    let promised = before.promised(&card, &[], &instead(&both));
    let one = before.promised(&card, &[], &instead(&[of("auth", "H1", Answer::PASS)]));
    assert_eq!(before.promised(&card, &[], &Instead::new()), before.fleet, "nothing is promised of nothing");
    evidence[1].found.answer = Answer::PASS;
    assert_eq!(assess(&card, now(), &names, &evidence, &[]).fleet, one);
    evidence[3].found.answer = Answer::PASS;
    assert_eq!(assess(&card, now(), &names, &evidence, &[]).fleet, promised);
}

#[test]
fn a_question_that_begins_to_arise_weighs_and_a_waiver_still_holds() {
    let card = Card::for_tests();
    let names = asked(&["auth", "gate"]);
    let mut evidence = all_well();
    (evidence[1].found.answer, evidence[2].found.answer) = (Answer::FAIL, Answer::NotApplicable);
    let waivers = [waiver(1, "H3", "auth", now().plus(HOUR))];
    let before = assess(&card, now(), &names, &evidence, &waivers);
    assert_eq!(before.services[0].checks[1].state, State::NotApplicable, "there is nothing to waive");
    let then = [of("auth", "H1", Answer::PASS), of("auth", "H3", Answer::share(2, 3))];
    let promised = before.promised(&card, &waivers, &instead(&then));
    (evidence[1].found.answer, evidence[2].found.answer) = (Answer::PASS, Answer::share(2, 3));
    let after = assess(&card, now(), &names, &evidence, &waivers);
    assert_eq!((after.fleet.clone(), after.services[0].checks[1].state), (promised, State::Waived));
    assert!(after.fleet.unwaived < after.fleet.score);
}

#[test]
fn what_nobody_looked_at_is_unknown_and_says_so() {
    let card = Card::for_tests();
    let nothing = assess(&card, now(), &asked(&["auth"]), &[], &[]);
    assert_eq!((nothing.fleet.score, nothing.fleet.range().as_str()), (None, "insufficient evidence"));
    let check = nothing.judged(&service("auth")).unwrap().check("H1").unwrap();
    assert_eq!((check.state, check.unknown, check.cap), (State::Unknown, Some(Unknown::NeverCollected), Some(69)));
}

#[test]
fn evidence_ends_by_itself() {
    let card = Card::for_tests();
    let names = asked(&["auth", "gate"]);
    let later = assess(&card, now().plus(HOUR), &names, &all_well(), &[]);
    assert_eq!(later.states.get(&State::Unknown), Some(&5));
    assert_eq!(later.services[0].checks[0].unknown, Some(Unknown::Stale));
}

#[test]
fn a_word_for_the_environment_counts_for_its_services_and_their_own_goes_first() {
    let mut card = Card::for_tests();
    card.checks[2].scope = Scope::Service;
    let mut evidence = all_well();
    let names = asked(&["auth", "gate"]);
    let state = |evidence: &[Evidence]| {
        assess(&card, now(), &names, evidence, &[]).services.into_iter().map(|of| of.checks[2].state).collect::<Vec<_>>()
    };
    assert_eq!(state(&evidence), [State::Pass, State::Pass]);
    evidence.push(found("load-test", service("gate"), Answer::FAIL));
    assert_eq!(state(&evidence), [State::Pass, State::Fail]);
    evidence.push(found("load-test", service("auth"), Answer::NotApplicable));
    assert_eq!(state(&evidence), [State::NotApplicable, State::Fail], "of one that is off nobody's word is asked");
}

#[test]
fn a_heavy_tier_weighs_more() {
    let card = Card::for_tests();
    let mut names = asked(&["auth", "gate"]);
    let mut evidence = all_well();
    evidence[2].found.answer = Answer::FAIL; // H3 of auth, without a gate
    let even = assess(&card, now(), &names, &evidence, &[]).fleet.score;
    names[0].tier = Some("A".into());
    let heavy = assess(&card, now(), &names, &evidence, &[]).fleet.score;
    assert!(heavy < even, "{heavy:?} {even:?}");
}

fn answers() -> impl Strategy<Value = Answer> {
    prop_oneof![
        3 => Just(Answer::PASS),
        2 => Just(Answer::FAIL),
        2 => (0..=1_000_u64).prop_map(|part| Answer::share(part, 1_000)),
        1 => Just(Answer::Unknown { reason: Unknown::AccessDenied }),
        1 => Just(Answer::NotApplicable),
    ]
}

fn some_evidence() -> impl Strategy<Value = Vec<Evidence>> {
    let names = ["auth", "gate", "router"];
    let cell = (prop::sample::select(vec!["H1", "H3"]), prop::sample::select(names.to_vec()), answers(), 0..7_200_u64);
    proptest::collection::vec(cell, 0..12).prop_map(|cells| {
        cells
            .into_iter()
            .map(|(check, name, answer, age)| {
                let mut evidence = found(check, service(name), answer);
                evidence.found.observed_at = Some(now().minus(Duration::from_secs(age)));
                evidence.found.valid_until = Some(now().minus(Duration::from_secs(age)).plus(HOUR));
                evidence
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn an_expired_waiver_is_as_if_it_had_never_been(evidence in some_evidence(), ago in 0..100_u64) {
        let card = Card::for_tests();
        let names = asked(&["auth", "gate", "router"]);
        let over = waiver(1, "H1", "auth", now().minus(Duration::from_secs(ago)));
        prop_assert_eq!(assess(&card, now(), &names, &evidence, &[over]), assess(&card, now(), &names, &evidence, &[]));
    }

    #[test]
    fn the_order_of_what_is_given_does_not_matter(evidence in some_evidence(), by in 0..12_usize) {
        let card = Card::for_tests();
        let waivers = [waiver(2, "H1", "auth", now().plus(HOUR)), waiver(1, "H1", "auth", now().plus(HOUR))];
        // of two records of one instant either may be taken; the newest alone is asked here
        let mut newest: BTreeMap<(String, Subject), Evidence> = BTreeMap::new();
        for of in evidence {
            newest.insert((of.check.clone(), of.subject.clone()), of);
        }
        let mut evidence: Vec<Evidence> = newest.into_values().collect();
        let names = asked(&["auth", "gate", "router"]);
        let straight = assess(&card, now(), &names, &evidence, &waivers);
        let turn = by % evidence.len().max(1);
        evidence.rotate_left(turn);
        let mut backwards = names;
        backwards.reverse();
        let turned = assess(&card, now(), &backwards, &evidence, &[waivers[1].clone(), waivers[0].clone()]);
        prop_assert_eq!(straight, turned);
    }

    #[test]
    fn a_waiver_never_raises_what_is_unwaived(evidence in some_evidence(), check in prop::sample::select(vec!["H1", "H3"])) {
        let card = Card::for_tests();
        let names = asked(&["auth", "gate", "router"]);
        let before = assess(&card, now(), &names, &evidence, &[]).fleet;
        let with = assess(&card, now(), &names, &evidence, &[waiver(1, check, "auth", now().plus(HOUR))]).fleet;
        prop_assert!(with.unwaived <= before.unwaived, "{before:?} {with:?}");
    }

    #[test]
    fn a_readiness_survives_text(evidence in some_evidence()) {
        let card = Card::for_tests();
        let before = assess(&card, now(), &asked(&["auth"]), &evidence, &[]);
        let text = serde_json::to_string(&before).unwrap();
        prop_assert_eq!(serde_json::from_str::<Readiness>(&text).unwrap(), before);
    }
}
