//! Every check by table, against one service that passes them all; and what happens when a source goes blind.

mod promised;
mod requests;
mod world;

use std::time::Duration;

use proptest::prelude::*;

use super::facts::{Count, Percentile, TaskTime, Window};
use super::*;
use crate::alarm::AlarmState;
use crate::nats::jetstream::Flow;
use crate::nats::{TlsMode, Wire};
use crate::owner::Certainty;
use crate::readiness::card::LIVE;
use crate::readiness::evidence::State;
use crate::source::{Fault, FaultKind, Outcome, Shortfall, SourceHealth};
use world::{World, at, now};

fn state(world: &World, id: &str) -> State {
    world.found(id).answer.state()
}

fn reason(world: &World, id: &str) -> Option<Unknown> {
    match world.found(id).answer {
        Answer::Unknown { reason } => Some(reason),
        _ => None,
    }
}

fn gates(world: &World, id: &str) -> bool {
    matches!(world.found(id).answer, Answer::Known { gates: true, .. })
}

/// What is done to the service, which check it is about, and what that comes to.
type Row = (&'static str, fn(&mut World), State);

fn table(rows: &[Row]) {
    for (number, (id, spoil, expected)) in rows.iter().enumerate() {
        let mut world = World::default();
        assert_ne!(state(&world, id), State::Fail, "{id} before");
        spoil(&mut world);
        assert_eq!(state(&world, id), *expected, "row {number}, {id}: {}", world.found(id).said);
    }
}

#[test]
fn a_service_in_order_passes_every_check() {
    let world = World::default();
    for id in LIVE {
        let expected = if id == "A5" { State::NotApplicable } else { State::Pass };
        let found = world.found(id);
        assert_eq!(found.answer.state(), expected, "{id}: {}", found.said);
        assert!(found.said.ends_with('.') && !found.source.contains("no source"), "{id}: {} by {}", found.said, found.source);
        assert!(!found.said.contains("  ") && found.valid_until > found.observed_at, "{id}: {}", found.said);
    }
    assert_eq!(&*world.found("H1").source, "ecs:production DescribeTaskDefinition auth:7");
}

#[test]
fn availability() {
    table(&[
        ("A1", |world| world.counts.push(Count { at: at(-240), tasks: Some((2, 1)) }), State::Pass),
        ("A1", |world| world.counts.push(Count { at: at(-3_600), tasks: Some((2, 1)) }), State::Partial),
        ("A1", |world| world.service.running = 0, State::Fail),
        ("A2", |world| world.service.desired = 1, State::Fail),
        ("A2", |world| world.tasks.iter_mut().for_each(|task| task.zone = Some("a".into())), State::Partial),
        ("A2", |world| world.tasks.iter_mut().for_each(|task| task.zone = None), State::Unknown),
        ("A3", |world| world.past.failures = 2, State::Pass),
        ("A3", |world| (world.past.failures, world.past.unplaced) = (2, 1), State::Fail),
        ("A3", |world| (world.service.desired, world.past.failures) = (40, 3), State::Pass),
        ("A4", |world| world.usage.as_mut().unwrap().cpu = Some(Percentile { value: 8_000, points: 2_016 }), State::Partial),
        ("A4", |world| world.usage.as_mut().unwrap().cpu = Some(Percentile { value: 10, points: 3 }), State::Unknown),
        ("A4", |world| world.usage = None, State::Unknown),
        ("A5", |world| world.marked = Some("thrashes".into()), State::Fail),
        ("A5", |world| world.service.desired = 0, State::Fail),
        ("A5", |world| (world.service.desired, world.service.running) = (0, 0), State::Fail),
    ]);
    let mut none = World::default();
    none.service.running = 0;
    assert!(gates(&none, "A1"));
    none.service.running = 1;
    none.counts = vec![Count { at: at(-90_000), tasks: Some((2, 1)) }];
    assert_eq!((state(&none, "A1"), gates(&none, "A1")), (State::Fail, false), "the gate is for none at all");
}

#[test]
fn one_that_is_off_on_purpose_is_asked_for_nothing_else() {
    let mut off = World::default();
    off.marked = Some("circular imports".into());
    (off.service.desired, off.service.running) = (0, 0);
    off.tasks.clear();
    for id in LIVE {
        let expected = if id == "A5" { State::Pass } else { State::NotApplicable };
        assert_eq!(state(&off, id), expected, "{id}");
    }
    off.ecs.as_mut().unwrap().last_success = Some(at(-86_400 * 3));
    for id in LIVE {
        assert_eq!(state(&off, id), State::Unknown, "{id}: nobody knows whether it still is");
    }
}

#[test]
fn nobody_is_asked_for_a_word_on_one_that_is_off() {
    let mut card = world::card();
    let word =
        |id: &str, scope| Check { id: id.into(), evidence: Kind::Attested, scope, ttl_minutes: Some(259_200), ..card.checks[0].clone() };
    let words = [word("runbook", Scope::Service), word("load-test", Scope::Environment)];
    card.checks.extend(words);
    let told = |world: &World| {
        let all = world.asked(|facts| live(&card, facts));
        all.into_iter().filter(|of| matches!(of.check.as_str(), "runbook" | "load-test")).collect::<Vec<_>>()
    };
    assert!(told(&World::default()).is_empty(), "of one that runs only a person can say");
    let mut off = World::default();
    (off.service.desired, off.service.running) = (0, 0);
    let [runbook]: [Evidence; 1] = told(&off).try_into().unwrap();
    assert_eq!((runbook.check.as_str(), runbook.found.answer), ("runbook", Answer::NotApplicable));
    assert!(runbook.found.said.contains("wants no task") && &*runbook.found.source == "ecs:production DescribeServices", "{runbook:?}");
    assert_eq!(runbook.found.valid_until, Some(now().plus(Duration::from_secs(600))), "it is not taken for months");
    off.ecs.as_mut().unwrap().last_success = Some(at(-601));
    assert!(told(&off).is_empty(), "nobody knows whether it still is");
}

#[test]
fn health_checks() {
    table(&[
        ("H1", |world| world.container().health_check = None, State::Fail),
        ("H1", |world| world.check().command = vec!["NONE".into()], State::Fail),
        ("H1", |world| world.another("sidecar").essential = false, State::Pass),
        ("H1", |world| world.another("sidecar").health_check = None, State::Partial),
        ("H1", |world| world.definition = None, State::Unknown),
        (
            "H2",
            |world| world.past.health = Some(TaskTime { healthy: Duration::from_secs(98), all: Duration::from_secs(100) }),
            State::Partial,
        ),
        ("H2", |world| world.past.health = Some(TaskTime { healthy: Duration::ZERO, all: Duration::from_secs(100) }), State::Fail),
        ("H2", |world| world.past.health = None, State::Unknown),
        ("H3", |world| world.check().timeout = 30, State::Partial),
        ("H3", |world| world.check().retries = 1, State::Partial),
        ("H3", |world| world.past.starts = vec![Duration::from_secs(400)], State::Partial),
        ("H3", |world| world.container().health_check = None, State::NotApplicable),
        ("H4", |world| world.past.replaced = None, State::Fail),
        ("H4", |world| world.past.replaced = Some(at(-86_400 * 181)), State::Fail),
    ]);
}

#[test]
fn deploys() {
    table(&[
        ("D1", |world| world.service.replacing.as_mut().unwrap().rollback = false, State::Partial),
        ("D1", |world| world.service.replacing.as_mut().unwrap().breaker = false, State::Fail),
        ("D1", |world| world.service.replacing = None, State::Unknown),
        ("D1", |world| world.service.controller = Some("CODE_DEPLOY".into()), State::NotApplicable),
        ("D2", |world| world.service.replacing.as_mut().unwrap().fewest_percent = Some(0), State::Fail),
        ("D2", |world| world.service.replacing.as_mut().unwrap().fewest_percent = Some(1), State::Pass),
        ("D2", |world| world.service.replacing.as_mut().unwrap().most_percent = Some(100), State::Fail),
        ("D2", |world| world.service.replacing = None, State::Unknown),
        ("D3", |world| world.past.failed_deployments = 1, State::Partial),
        ("D3", |world| world.service.deployments[0].rollout_state = Some("FAILED".into()), State::Fail),
        ("D3", |world| world.service.deployments[0].rollout_state = Some("IN_PROGRESS".into()), State::Partial),
        ("D3", |world| world.service.deployments[0].rollout_state = None, State::Unknown),
        ("D4", |world| world.container().image = "registry:5000/auth".into(), State::Fail),
        ("D4", |world| world.container().image = "auth:latest".into(), State::Fail),
        ("D4", |world| world.container().image = "registry:5000/auth:2.1.7".into(), State::Pass),
    ]);
}

#[test]
fn alarms() {
    table(&[
        ("M1", |world| world.alarms.clear(), State::Fail),
        ("M2", |world| world.alarms[0].actions_enabled = false, State::Partial),
        ("M2", |world| (world.alarms[0].actions_enabled, world.alarms[0].configured) = (false, Some(at(-86_400))), State::Pass),
        ("M2", |world| world.alarms[0].actions.clear(), State::Partial),
        ("M2", |world| world.alarms.clear(), State::NotApplicable),
        ("M3", |world| (world.alarms[0].state, world.alarms[0].since) = (AlarmState::InsufficientData, Some(at(-90_000))), State::Partial),
        ("M4", |world| (world.alarms[0].state, world.alarms[0].since) = (AlarmState::Alarm, Some(at(-90_000))), State::Partial),
        ("M4", |world| (world.alarms[0].state, world.alarms[0].since) = (AlarmState::Alarm, Some(at(-9_000))), State::Pass),
        ("M5", |world| world.alarms[0].description = None, State::Partial),
        ("M5", |world| (world.alarms.clear(), world.service.tags.insert("runbook".into(), "https://wiki/x".into()), ()).2, State::Pass),
        ("M5", |world| world.alarms.clear(), State::Fail),
        ("M6", |world| drop(world.alarms.remove(0)), State::Partial),
        ("M6", |world| world.alarms.clear(), State::Fail),
    ]);
    let mut known = World::default();
    (known.alarms[0].state, known.alarms[0].since) = (AlarmState::Alarm, Some(at(-90_000)));
    known.acknowledged = true;
    assert_eq!(state(&known, "M4"), State::Pass);
}

#[test]
fn tls() {
    table(&[
        ("T1", |world| world.held[0].plain(), State::Partial),
        ("T1", |world| world.held[0].connection.tls = Some("1.1".into()), State::Partial),
        ("T1", |world| world.held.iter_mut().for_each(|held| held.wire = Wire::Young), State::Unknown),
        ("T2", |world| world.held[0].plain(), State::Fail),
        ("T2", |world| world.past.plaintext = 1, State::Fail),
        ("T2", |world| world.forgot = Some(at(-60)), State::Unknown),
        ("T2", |world| world.forgot = Some(at(-90_000)), State::Pass),
        ("T3", |world| world.nodes[0].node.tls = Some(TlsMode::Mixed), State::Partial),
        ("T3", |world| world.nodes[0].node.tls = None, State::Unknown),
        ("T4", |world| world.certificate().until = Some(now().plus(20 * DAY)), State::Partial),
        ("T4", |world| world.certificate().until = Some(now().plus(6 * DAY)), State::Fail),
        ("T4", |world| world.nodes[0].node.certificate = None, State::Unknown),
        ("T4", |world| world.nodes.iter_mut().for_each(|of| of.node.tls = Some(TlsMode::Off)), State::NotApplicable),
        ("T5", |world| world.identity = (Some("auth".into()), 3), State::Fail),
        ("T5", |world| world.identity = (None, 1), State::Fail),
    ]);
    let mut soon = World::default();
    soon.certificate().until = Some(now().plus(20 * DAY));
    assert!(!gates(&soon, "T4"), "three weeks are no gate");
    soon.certificate().until = Some(now().minus(DAY));
    assert!(gates(&soon, "T4"));
}

#[test]
fn traffic() {
    table(&[
        ("N1", |world| drop(world.held.remove(0)), State::Partial),
        ("N1", |world| world.held.iter_mut().for_each(|held| held.task = None), State::Pass),
        ("N1", |world| world.usual = None, State::Unknown),
        ("N1", |world| world.tasks.iter_mut().for_each(|task| task.started = Some(at(-20))), State::Unknown),
        ("N2", |world| world.past.slow = 1, State::Fail),
        ("N2", |world| world.waiting = Some(100), State::Partial),
        ("N2", |world| world.waiting = None, State::Unknown),
        ("N3", |world| world.past.reconnects = 48, State::Pass),
        ("N3", |world| world.past.reconnects = 49, State::Fail),
        ("N4", |world| world.consumers[0].1 = Flow::Stuck, State::Fail),
        ("N4", |world| world.consumers.clear(), State::NotApplicable),
        ("N5", |world| world.held[0].connection.version = Some("0.9".into()), State::Partial),
        ("N5", |world| world.held.iter_mut().for_each(|held| held.connection.version = None), State::Unknown),
    ]);
}

/// What all of T and N come to.
fn says(spoil: fn(&mut World), expected: Option<Unknown>, state_of: State) {
    let mut world = World::default();
    spoil(&mut world);
    for id in ["T1", "T2", "T3", "T4", "T5", "N1", "N2", "N3", "N4", "N5"] {
        assert_eq!((reason(&world, id), state(&world, id)), (expected, state_of), "{id}: {}", world.found(id).said);
    }
}

#[test]
fn whose_a_connection_is_must_be_certain() {
    let (ambiguous, unknown) = (Some(Unknown::AmbiguousOwner), State::Unknown);
    says(|world| world.held.iter_mut().for_each(|held| held.certainty = Certainty::Attributed), ambiguous, unknown);
    says(|world| world.held.clear(), ambiguous, unknown);
    says(|world| (world.held.clear(), world.settings(&[]), ()).2, ambiguous, unknown);
    says(|world| (world.held.clear(), world.settings(&[]), world.usual = None, ()).3, None, State::NotApplicable);
    says(|world| (world.held.clear(), world.container().hardening = None, ()).2, Some(Unknown::NeverCollected), unknown);
    let young = |world: &mut World| {
        world.held.clear();
        world.settings(&[]);
        (world.usual, world.nats_since) = (None, Some(now().minus(20 * DAY)));
    };
    says(young, Some(Unknown::TooNew), unknown);
}

#[test]
fn hardened() {
    table(&[
        ("S1", |world| world.hardening().privileged = true, State::Fail),
        ("S1", |world| world.hardening().user = Some("0:0".into()), State::Fail),
        ("S1", |world| world.hardening().user = Some("root".into()), State::Fail),
        ("S1", |world| world.hardening().user = None, State::Partial),
        ("S1", |world| world.container().hardening = None, State::Unknown),
        ("S2", |world| world.hardening().read_only_root = false, State::Fail),
        ("S3", |world| world.hardening().secret_like = vec!["DB_PASSWORD".into()], State::Fail),
        ("S3", |world| world.container().hardening = None, State::Unknown),
        ("S4", |world| world.container().log_driver = None, State::Fail),
        ("S5", |world| world.definition.as_mut().unwrap().memory = None, State::Fail),
        ("S5", |world| (world.definition.as_mut().unwrap().memory = None, world.hardening().memory = Some(512), ()).2, State::Pass),
    ]);
    let mut world = World::default();
    world.hardening().user = Some("root".into());
    assert!(!gates(&world, "S1"), "the gate is for the rights of the host");
    world.hardening().privileged = true;
    assert!(gates(&world, "S1"));
}

#[test]
fn hostile_names_are_made_harmless() {
    let mut world = World::default();
    world.alarms[0].name = "\u{202E}evil\u{1b}[2J".into();
    world.container().name = "main\u{200B}".into();
    world.container().health_check = None;
    for id in LIVE {
        assert!(!world.found(id).said.contains(['\u{202E}', '\u{1b}', '\u{200B}']), "{id}");
    }
}

#[test]
fn a_window_says_what_it_saw() {
    let (start, end) = (at(-90_000), at(0));
    for (since, gaps, said) in [
        (start, vec![], "in the last 24 h"),
        (at(-600), vec![], "in the 10 min it has been watched"),
        (start, vec![(at(-7_200), at(-3_600))], "in the last 24 h, of which 23 h were seen"),
        (start, vec![(at(-100_000), at(-90_000))], "in the last 24 h"),
    ] {
        assert_eq!(Window::new(DAY, since, end, &gaps).words(), said);
    }
    let mut gap = World::default();
    gap.counts.push(Count { at: at(-7_200), tasks: Some((2, 0)) });
    gap.counts.push(Count { at: at(-3_600), tasks: Some((2, 2)) });
    gap.gaps = vec![(at(-7_200), at(-3_600))];
    assert_eq!(state(&gap, "A1"), State::Pass, "nothing is claimed of a time in which nobody looked");
}

#[test]
fn what_a_sweep_could_not_read_is_not_absent() {
    for (what, kind, hit, spared) in [
        ("tasks of main", FaultKind::AccessDenied, "A2", "D1"),
        ("services of main", FaultKind::TimedOut, "D1", "M1"),
        ("stopped tasks of main", FaultKind::Throttled, "A3", "A2"),
        ("tasks of another", FaultKind::AccessDenied, "", "A2"),
        ("task definitions of main", FaultKind::AccessDenied, "", "H1"),
    ] {
        let mut world = World::default();
        let missing = vec![Shortfall { what: what.into(), fault: Fault::new(kind, Some("ecs:X"), "refused") }];
        world.ecs.as_mut().unwrap().outcome = Some(Outcome::Partial { missing });
        let expected = if kind == FaultKind::AccessDenied { Unknown::AccessDenied } else { Unknown::CollectorError };
        assert!(hit.is_empty() || reason(&world, hit) == Some(expected), "{what}: {hit}");
        assert_eq!(state(&world, spared), State::Pass, "{what}: {spared}");
    }
    let mut silent = World::default();
    silent.nodes[1].answers = false;
    assert_eq!(reason(&silent, "T1"), Some(Unknown::CollectorError), "one of its connections is there");
    silent.held.remove(1);
    assert_eq!(reason(&silent, "T1"), None, "none is there");
}

/// Ways in which a source goes blind.
fn blinded(health: &mut Option<SourceHealth>, how: u8) {
    let failed = Some(Outcome::Failed { fault: Fault::new(FaultKind::Unreachable, None, "connection refused") });
    match (how, health.as_mut()) {
        (0, _) | (_, None) => *health = None,
        (1, Some(health)) => (health.last_success, health.outcome) = (None, failed),
        (_, Some(health)) => (health.last_success, health.outcome) = (Some(now().minus(60 * DAY)), failed),
    }
}

proptest! {
    /// Going blind never helps: what did not pass does not pass after it, whatever the service is like.
    #[test]
    fn blindness_never_makes_a_pass(source in 0_u8..4, how in 0_u8..3, spoilt in proptest::collection::vec(any::<bool>(), 16)) {
        let mut world = World::spoilt(&spoilt);
        let states = |world: &World| world.all().into_iter().map(|evidence| evidence.found.answer.state()).collect::<Vec<State>>();
        let before = states(&world);
        match source {
            0 => blinded(&mut world.ecs, how),
            1 => blinded(&mut world.watch, how),
            2 => blinded(&mut world.metrics, how),
            _ => blinded(&mut world.nats, how),
        }
        for (id, (before, after)) in LIVE.iter().zip(before.into_iter().zip(states(&world))) {
            prop_assert!(after != State::Pass || before == State::Pass, "{} became a pass", id);
            prop_assert!(after != State::NotApplicable || before == State::NotApplicable, "{} vanished", id);
        }
    }
}

#[test]
fn evidence_fades_with_its_source_and_ends_unknown() {
    let mut world = World::default();
    world.ecs.as_mut().unwrap().last_success = Some(at(-240));
    let found = world.found("A1");
    assert_eq!(found.observed_at, Some(at(-240)));
    assert_eq!(found.at(now()), (Answer::PASS, 1_000), "before half of its ten minutes");
    world.ecs.as_mut().unwrap().last_success = Some(at(-480));
    assert_eq!(world.found("A1").at(now()), (Answer::PASS, 400));
    world.ecs.as_mut().unwrap().last_success = Some(at(-600));
    assert_eq!(reason(&world, "A1"), Some(Unknown::Stale));
}
