//! What the Overview says in each situation.

use std::time::Duration;

use super::*;
use crate::source::{Fault, FaultKind, Outcome, Shortfall};

fn row(name: &str, standing: Standing, running: u32, desired: u32) -> ServiceRow {
    ServiceRow {
        key: ServiceKey { environment: "production".into(), cluster: "main".into(), service: name.into() },
        group: Some("game".into()),
        standing,
        since: Timestamp::from_secs(100),
        moving: false,
        reasons: if standing == Standing::Down { vec![format!("runs {running} of {desired} tasks")] } else { vec![] },
        desired,
        running,
        pending: 0,
        unhealthy: 0,
        revision: None,
        alarms_on: 0,
        alarms: 3,
    }
}

fn answering(kind: SourceKind, at: Timestamp) -> SourceHealth {
    let mut health =
        SourceHealth::untried(SourceId::new(kind, if kind == SourceKind::Nats { "bus" } else { "production" }), Duration::from_secs(15));
    health.last_success = Some(at);
    health.outcome = Some(Outcome::Complete);
    health
}

fn calm(now: Timestamp) -> Facts {
    Facts {
        services: vec![row("auth", Standing::Up, 2, 2), row("quest", Standing::Up, 2, 2), row("language", Standing::OffOnPurpose, 0, 0)],
        alarms_total: 6,
        nodes: vec![("bus".into(), "n1".into(), true, now)],
        connections: 4,
        sources: SourceKind::ALL.into_iter().map(|kind| answering(kind, now)).collect(),
        ..Facts::default()
    }
}

#[test]
fn a_calm_fleet_needs_nobody() {
    let now = Timestamp::from_secs(1_000);
    let overview = calm(now).compose(now);
    assert_eq!(overview.needs, []);
    assert_eq!((overview.services.value, overview.services.of, overview.services.tone), (2, Some(2), Tone::Good));
    assert_eq!(overview.off_on_purpose, 1);
    assert_eq!((overview.tasks.value, overview.tasks.of), (4, Some(4)));
    assert_eq!(overview.groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["game", "off on purpose"]);
}

#[test]
fn a_service_that_is_down_says_why_and_since_when() {
    let now = Timestamp::from_secs(1_000);
    let mut facts = calm(now);
    facts.services[0] = row("auth", Standing::Down, 1, 2);
    let stop = StoppedTaskRow {
        id: "3f".into(),
        stopped: Timestamp::from_secs(990),
        started: None,
        exit_code: Some(137),
        code: None,
        reason: None,
        container_reason: Some("OutOfMemoryError".into()),
        revision: None,
        zone: None,
        tone: Tone::Bad,
        words: None,
        entry: None,
    };
    facts.stops = vec![(facts.services[0].key.clone(), stop, 3)];
    let overview = facts.compose(now);
    assert_eq!(overview.needs.len(), 1);
    let need = &overview.needs[0];
    assert_eq!((need.subject.as_str(), need.text.as_str()), ("auth", "runs 1 of 2 tasks"));
    assert_eq!(need.detail.as_deref(), Some("3 tasks failed in the last 15 minutes. Last stop at 00:16:30: exit 137, OutOfMemoryError."));
    assert_eq!(need.since, Some(Timestamp::from_secs(100)));
    assert_eq!(overview.services.tone, Tone::Bad);
}

#[test]
fn a_crash_loop_is_told_while_it_happens_to_be_up() {
    let now = Timestamp::from_secs(1_000);
    let mut facts = calm(now);
    let stop = StoppedTaskRow { stopped: Timestamp::from_secs(990), exit_code: Some(1), ..StoppedTaskRow::default() };
    facts.stops = vec![(facts.services[0].key.clone(), stop, 2)];
    assert_eq!(facts.compose(now).needs, [], "two may be chance");
    facts.stops[0].2 = 3;
    let overview = facts.compose(now);
    assert_eq!(overview.needs[0].text, "is up for the moment, but its tasks keep stopping");
    assert_eq!(overview.needs[0].tone, Tone::Warn);
    assert_eq!(overview.services.value, 2, "the count keeps to its rule");
}

#[test]
fn a_silent_node_is_told_once() {
    let now = Timestamp::from_secs(1_000);
    let mut facts = calm(now);
    facts.nodes.push(("bus".into(), "n2".into(), false, now));
    let fault = Fault::new(FaultKind::Unreachable, None, "n2 did not answer");
    facts.sources[2].outcome = Some(Outcome::Partial { missing: vec![Shortfall { what: "node n2".into(), fault }] });
    let overview = facts.compose(now);
    assert_eq!(overview.needs.iter().map(|need| need.subject.as_str()).collect::<Vec<_>>(), ["n2"]);
    assert_eq!(overview.needs[0].detail.as_deref(), Some("Still answering: 1 node, holding 4 client connections."));
}

#[test]
fn nothing_stale_stays_green() {
    let seen = Timestamp::from_secs(1_000);
    let mut facts = calm(seen);
    facts.sources[0].outcome = Some(Outcome::Failed { fault: Fault::new(FaultKind::Unreachable, None, "connection refused") });
    let overview = facts.compose(seen.plus(Duration::from_secs(46)));
    assert_eq!((overview.services.value, overview.services.tone), (0, Tone::Unknown));
    assert!(overview.services.stale.as_deref().is_some_and(|why| why.contains("connection refused")));
    assert!(overview.groups.iter().flat_map(|group| &group.tiles).all(|tile| tile.standing == Standing::Unknown));
    // the other sources went silent too, so each is named; the services themselves are not reported as down
    assert!(overview.needs.iter().all(|need| need.text.starts_with("cannot be read")));
}

#[test]
fn only_what_depends_on_a_stale_source_is_greyed() {
    let now = Timestamp::from_secs(1_000);
    let mut facts = calm(now);
    facts.sources[2].last_success = Some(now.minus(Duration::from_secs(60)));
    let overview = facts.compose(now);
    assert_eq!(overview.services.tone, Tone::Good);
    assert_eq!((overview.nodes.tone, overview.connections.tone), (Tone::Unknown, Tone::Unknown));
    assert_eq!(overview.needs.len(), 1);
}

#[test]
fn alarms_are_told_once_per_service() {
    let now = Timestamp::from_secs(1_000);
    let mut facts = calm(now);
    facts.alarms =
        vec![on("auth-cpu", "auth"), AlarmFact { row: AlarmRow { told: vec![], ..on("auth-memory", "auth").row }, ..AlarmFact::default() }];
    let overview = facts.compose(now);
    assert_eq!(overview.needs.len(), 1);
    assert_eq!(overview.needs[0].text, "has 2 alarms on: auth-cpu, auth-memory");
    assert_eq!(overview.needs[0].detail.as_deref(), Some("Threshold crossed. One of them notifies nobody."));
    assert_eq!((overview.alarms.value, overview.alarms.of), (2, Some(6)));
}

fn on(name: &str, service: &str) -> AlarmFact {
    let row = AlarmRow {
        name: name.into(),
        environment: "production".into(),
        state: AlarmState::Alarm,
        since: Some(Timestamp::from_secs(900)),
        reason: Some("Threshold crossed.".into()),
        told: vec!["alerts".into()],
        actions_enabled: true,
        service: Some(("main".into(), service.into())),
        ..AlarmRow::default()
    };
    AlarmFact { row, ..AlarmFact::default() }
}

#[test]
fn an_alarm_of_a_service_that_is_down_is_told_with_it() {
    let now = Timestamp::from_secs(1_000);
    let mut facts = calm(now);
    facts.services[0] = row("auth", Standing::Down, 1, 2);
    facts.alarms = vec![on("auth-tasks", "auth")];
    let overview = facts.compose(now);
    assert_eq!(overview.needs.len(), 1);
    assert_eq!(overview.needs[0].detail.as_deref(), Some("1 alarm of 1 service on: auth-tasks."));
    assert!(overview.needs[0].links.iter().any(|link| link.label == "acknowledge"));
}

#[test]
fn alarms_that_went_on_with_a_silent_node_are_told_with_it() {
    let now = Timestamp::from_secs(1_000);
    let mut facts = calm(now);
    facts.nodes.push(("bus".into(), "n2".into(), false, Timestamp::from_secs(890)));
    facts.alarms = vec![on("auth-cpu", "auth"), on("quest-cpu", "quest")];
    let overview = facts.compose(now);
    assert_eq!(overview.needs.len(), 1, "{:?}", overview.needs);
    assert!(overview.needs[0].detail.as_deref().unwrap().ends_with("2 alarms of 2 services on: auth-cpu, quest-cpu."));
}

#[test]
fn twenty_alarms_at_once_are_one_line() {
    let now = Timestamp::from_secs(1_000);
    let facts = Facts { alarms: (0..20).map(|number| on(&format!("a{number:02}"), &format!("s{number:02}"))).collect(), ..calm(now) };
    let overview = facts.compose(now);
    let said: Vec<_> = overview.needs.iter().map(|need| format!("{} {}", need.subject, need.text)).collect();
    assert_eq!(said, ["20 alarms of 20 services went on within 0 s"]);
}

#[test]
fn who_knows_of_an_alarm_is_not_called_again_but_seen() {
    let now = Timestamp::from_secs(1_000);
    let mut facts = calm(now);
    let known = |name: &str, at| {
        let mut fact = on(name, "auth");
        fact.row.acknowledged =
            Some(crate::view::Acknowledged { by: "Ann".into(), reason: "restarting".into(), at: Timestamp::from_secs(at) });
        fact
    };
    let scaling = AlarmFact { row: AlarmRow { scales: true, ..on("scale-in", "quest").row }, ..AlarmFact::default() };
    facts.alarms = vec![known("later", 950), known("first", 940), scaling];
    let overview = facts.compose(now);
    assert_eq!(overview.needs, []);
    let said: Vec<_> = overview.acknowledged.iter().map(|need| format!("{} {}", need.subject, need.text)).collect();
    assert_eq!(said, ["first acknowledged by Ann", "later acknowledged by Ann"]);
    assert_eq!(overview.acknowledged[0].detail.as_deref(), Some("restarting"));
}

#[test]
fn what_was_on_when_a_source_went_blind_is_unknown() {
    let now = Timestamp::from_secs(1_000);
    let mut facts = calm(now);
    facts
        .sources
        .iter_mut()
        .filter(|source| source.id.kind == SourceKind::Alarms)
        .for_each(|source| source.last_success = Some(Timestamp::from_secs(800)));
    facts.alarms = vec![on("auth-cpu", "auth")];
    let overview = facts.compose(now);
    assert_eq!(overview.needs.len(), 1);
    assert!(overview.needs[0].detail.as_deref().unwrap().ends_with("1 alarm was on when it last answered; whether it is now is unknown."));
}

#[test]
fn unconfigured_is_not_zero() {
    let now = Timestamp::from_secs(1_000);
    let facts = Facts { sources: vec![answering(SourceKind::Ecs, now)], ..Facts::default() };
    let overview = facts.compose(now);
    assert_eq!(overview.nodes.tone, Tone::Unknown);
    assert_eq!(overview.nodes.stale.as_deref(), Some("no source of NATS is configured"));
}

#[test]
fn events_that_do_not_come_grey_nothing() {
    let now = Timestamp::from_secs(1_000);
    let mut facts = calm(now);
    let gone = Fault::new(FaultKind::NotFound, Some("sqs:ReceiveMessage"), "there is no queue signalbox-events here");
    for source in facts.sources.iter_mut().filter(|source| source.id.kind == SourceKind::Events) {
        (source.last_success, source.outcome) = (Some(Timestamp::from_secs(800)), Some(Outcome::Failed { fault: gone.clone() }));
    }
    let overview = facts.compose(now);
    let said: Vec<_> = overview.needs.iter().map(|need| (need.tone, format!("{} {}", need.subject, need.text))).collect();
    let text = "ECS events of production cannot be read; the services are swept all the same, what happens to them is only seen later";
    assert_eq!(said, [(Tone::Warn, text.to_owned())]);
    assert_eq!((overview.services.value, &overview.services.stale, overview.services.tone), (2, &None, Tone::Good));
}
