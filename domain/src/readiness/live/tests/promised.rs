//! What is promised is what is found: a rollout is simulated on the facts, without the code that promises, and judged.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::super::{lacking, promise};
use super::world::{World, at, card};
use crate::alarm::AlarmState;
use crate::change::HealthCheck;
use crate::readiness::assess::{Asked, assess};
use crate::readiness::evidence::{Answer, Brought, Evidence, State, Subject};
use crate::readiness::promise::{Instead, Promise};
use crate::readiness::{Readiness, Score};
use crate::service::{Replacing, ServiceKey};

/// What is promised of the check that it lacks.
fn promised(world: &World) -> Option<(HealthCheck, Result<Promise, String>)> {
    let now = world.all();
    world.asked(|facts| {
        let planned = lacking(facts)?;
        let promise = promise(&card(), facts, &planned, &now);
        Some((planned, promise))
    })
}

fn kept(world: &World) -> Promise {
    promised(world).unwrap().1.unwrap()
}

fn refused(world: &World) -> String {
    promised(world).unwrap().1.unwrap_err()
}

/// What each check comes to, by id.
fn answers(evidence: &[Evidence]) -> BTreeMap<&str, Answer> {
    evidence.iter().map(|of| (of.check.as_str(), of.found.answer)).collect()
}

/// What each check comes to if the promise is kept.
fn foretold<'a>(now: &'a [Evidence], promise: &'a Promise, settled: bool) -> BTreeMap<&'a str, Answer> {
    let mut then = answers(now);
    then.extend(promise.turns.iter().map(|turn| (turn.check.as_str(), if settled { turn.settled } else { turn.verified })));
    then
}

fn judged(worlds: &[World]) -> Readiness {
    let mut card = card();
    card.checks.iter_mut().filter(|check| check.id == "H1").for_each(|check| check.gate = Some(69));
    let asked: Vec<Asked> = worlds.iter().map(|of| Asked { subject: Subject::Service(of.key().clone()), tier: None }).collect();
    let evidence: Vec<Evidence> = worlds.iter().flat_map(World::all).collect();
    assess(&card, at(0), &asked, &evidence, &[])
}

/// The fleet's score if each of these promises is kept.
fn score(readiness: &Readiness, promises: &[(ServiceKey, Promise)], settled: bool) -> Score {
    let mut card = card();
    card.checks.iter_mut().filter(|check| check.id == "H1").for_each(|check| check.gate = Some(69));
    let turns = promises.iter().flat_map(|(key, promise)| promise.turns.iter().map(move |turn| (key, turn)));
    let instead: Instead<'_> =
        turns.map(|(key, turn)| ((key, turn.check.as_str()), if settled { turn.settled } else { turn.verified })).collect();
    readiness.promised(&card, &[], &instead)
}

#[test]
fn a_health_check_moves_what_looks_at_health_and_nothing_else() {
    let bare = World::default().bare();
    let promise = kept(&bare);
    let turns: Vec<(&str, State, State)> =
        promise.turns.iter().map(|turn| (turn.check.as_str(), turn.verified.state(), turn.settled.state())).collect();
    assert_eq!(
        turns,
        [("H1", State::Pass, State::Pass), ("H2", State::Fail, State::Pass), ("H3", State::Pass, State::Pass)],
        "of two days nobody asked about, a day is still looked back at"
    );
    assert_eq!((promise.turns[1].later(), promise.container, promise.dips), (true, None, false));
    assert!(promised(&World::default()).is_none(), "it lacks none");
}

#[test]
fn what_was_never_seen_to_work_is_not_promised_to() {
    let mut bare = World::default().bare();
    (bare.past.replaced, bare.past.failures) = (None, 9);
    bare.service.tags.clear();
    let promise = kept(&bare);
    assert!(promise.turns.iter().all(|turn| !matches!(turn.check.as_str(), "H4" | "A3")), "{promise:?}");
    bare.past.starts = vec![Duration::from_secs(400)];
    let slow = kept(&bare);
    let sane = slow.turns.iter().find(|turn| turn.check == "H3").unwrap();
    assert_eq!(sane.settled.state(), State::Partial, "its starts are slower than the check as offered has patience for");
}

#[test]
fn one_check_of_two_is_half_a_promise() {
    let mut pair = World::default();
    pair.another("sidecar");
    let pair = pair.bare();
    let (planned, promise) = promised(&pair).unwrap();
    assert_eq!(planned.container.as_deref(), Some("app"), "of two essential containers one must be named");
    let turns: Vec<(String, State)> = promise.unwrap().turns.iter().map(|turn| (turn.check.clone(), turn.settled.state())).collect();
    assert_eq!(turns, [("H1".to_owned(), State::Partial), ("H3".to_owned(), State::Pass)], "ECS goes on calling its tasks UNKNOWN");
    let mut half = World::default();
    half.another("sidecar");
    let (planned, _) = promised(&half).unwrap();
    assert_eq!(planned.container.as_deref(), Some("sidecar"));
}

/// What is changed of a service, and the words of the refusal.
type Case = (fn(&mut World), &'static str);

#[test]
fn what_cannot_be_planned_is_not_promised() {
    let cases: [Case; 8] = [
        (|world| world.service.running = 1, "it runs 1 of 2 tasks it wants"),
        (|world| world.service.pending = 1, "a deployment is under way"),
        (|world| world.service.deployments[0].rollout_state = Some("IN_PROGRESS".into()), "a deployment is under way"),
        (|world| world.service.deployments[0].rollout_state = None, "ECS does not say that the last one completed"),
        (|world| world.service.controller = Some("CODE_DEPLOY".into()), "made by CODE_DEPLOY"),
        (|world| world.service.scheduling = Some("DAEMON".into()), "it is a DAEMON"),
        (|world| world.service.status = "DRAINING".into(), "it is DRAINING"),
        (|world| world.alarms[1].state = AlarmState::Alarm, "alarm auth-CPUUtilization is on"),
    ];
    for (spoil, said) in cases {
        let mut world = World::default().bare();
        spoil(&mut world);
        assert!(refused(&world).contains(said), "{} does not contain {said}", refused(&world));
    }
    let mut tight = World::default().bare();
    tight.service.replacing = Some(Replacing { fewest_percent: Some(100), most_percent: Some(100), ..Replacing::default() });
    assert!(refused(&tight).contains("percentages"));
    tight.service.replacing = Some(Replacing { fewest_percent: Some(50), ..Replacing::default() });
    assert!(kept(&tight).dips, "A1 may count fewer for a day");
    let mut off = World::default().bare();
    off.service.desired = 0;
    assert!(promised(&off).is_none());
    let planned = HealthCheck::offered(None);
    let (has, now) = (World::default().bare().rolled_out(&planned, true), Vec::new());
    let again = has.asked(|facts| promise(&card(), facts, &planned, &now));
    assert_eq!(again, Err("already has this check".to_owned()));
}

#[test]
fn an_image_by_digest_counts_as_well() {
    let mut floating = World::default().bare();
    floating.container().image = "registry:5000/auth:latest".into();
    let now = floating.all();
    let image = Some(format!("registry:5000/auth@sha256:{}", "a".repeat(64)));
    let planned = HealthCheck { image, ..HealthCheck::offered(None) };
    let promise = floating.asked(|facts| promise(&card(), facts, &planned, &now)).unwrap();
    let named = promise.turns.iter().find(|turn| turn.check == "D4").unwrap();
    assert_eq!(named.verified, Answer::PASS, "no list of checks says that D4 moves: it was asked");
}

#[test]
fn what_a_rollout_brought_is_named_by_the_evidence_of_health_checks() {
    let mut world = World::default();
    let brought = Brought { rollout: 7, title: "t".into(), verified: at(-60), requester: "nina".into(), approver: None };
    world.brought = Some(brought.clone());
    for of in world.all() {
        let expected = matches!(of.check.as_str(), "H1" | "H2" | "H3").then(|| Box::new(brought.clone()));
        assert_eq!(of.found.brought, expected, "{}", of.check);
    }
    world.ecs = None;
    assert!(world.all().iter().all(|of| of.found.brought.is_none()), "what is not known was brought by nobody");
}

proptest! {
    /// For whatever else is wrong with a service: what is promised of each check is what it comes to.
    #[test]
    fn what_is_promised_is_what_is_found(spoilt in proptest::collection::vec(any::<bool>(), 16)) {
        let world = World::spoilt(&spoilt).bare();
        let now = world.all();
        if let Some((planned, Ok(promise))) = promised(&world) {
            for later in [false, true] {
                let after = World::spoilt(&spoilt).bare().rolled_out(&planned, later).all();
                prop_assert_eq!(foretold(&now, &promise, later), answers(&after), "{}", later);
            }
        }
    }

    /// And so for a fleet: its score is the promised one, gates, range and confidence included.
    #[test]
    fn a_fleet_comes_to_what_was_promised(
        first in proptest::collection::vec(any::<bool>(), 16),
        second in proptest::collection::vec(any::<bool>(), 16),
    ) {
        let fleet = || vec![World::spoilt(&first).bare(), World::spoilt(&second).bare().called("gate"), World::default().called("quest")];
        let before = fleet();
        let readiness = judged(&before);
        let mut promises = Vec::new();
        for later in [false, true] {
            promises.clear();
            let after: Vec<World> = fleet()
                .into_iter()
                .map(|world| match promised(&world) {
                    Some((planned, Ok(promise))) => {
                        promises.push((world.key().clone(), promise));
                        world.rolled_out(&planned, later)
                    }
                    _ => world,
                })
                .collect();
            prop_assert_eq!(score(&readiness, &promises, later), judged(&after).fleet);
        }
    }
}
