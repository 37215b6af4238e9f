//! What the store would know in each scene.

use std::time::Duration;

use domain::Timestamp;
use domain::alarm::AlarmState;
use domain::judge::{Standing, Tone};
use domain::service::ServiceKey;
use domain::source::{Breaker, Budget, Fault, FaultKind, Outcome, Shortfall, SourceHealth, SourceId, SourceKind};
use domain::timeline::{EventKind, left_behind};
use domain::view::{AlarmFact, AlarmRow, Facts, PlanQuery, ServiceRow, StoppedTaskRow, TimelineEntry};

use super::{Scene, before};

const GROUPS: [(&str, &[&str]); 5] = [
    ("core AI", &["ai-integration-nats", "model-management-nats", "ai-router-nats"]),
    ("game", &["state-manager-nats", "quest-system-nats", "npc-behavior-nats", "world-state-nats", "orchestration-nats", "router-nats"]),
    ("infrastructure", &["event-bus-nats", "time-manager-nats", "weather-manager-nats", "auth-nats", "settings-nats", "payment-nats"]),
    (
        "specialised",
        &[
            "performance-mode-nats",
            "capability-registry-nats",
            "knowledge-base-nats",
            "environmental-narrative-nats",
            "story-teller-nats",
            "body-broker-integration-nats",
        ],
    ),
    ("gateway", &["http-nats-gateway"]),
];

/// What escaping, wrapping and direction handling must survive.
pub(crate) const HOSTILE: [&str; 6] = [
    "</title><script>alert(4)</script>",
    "<img src=x onerror=alert(1)>",
    "invoice\u{202E}fdp.exe",
    "=cmd|' /C calc'!A0",
    "a/b?c#d&e",
    "🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦🚦",
];

pub(crate) fn facts(scene: Scene, now: Timestamp) -> Facts {
    let mut facts = calm(now);
    match scene {
        Scene::Calm | Scene::Broken => {}
        Scene::Trouble => trouble(&mut facts, now),
        Scene::Stale => stale(&mut facts, now),
        Scene::Empty => {
            let sources = facts.sources.iter().map(|health| SourceHealth::untried(health.id.clone(), Duration::from_secs(15))).collect();
            facts = Facts { revision: 1, sources, ..Facts::default() };
        }
        Scene::Hostile => hostile(&mut facts, now),
        Scene::Many => many(&mut facts, now),
    }
    facts
}

pub(crate) fn row(name: &str, group: Option<&str>, now: Timestamp) -> ServiceRow {
    ServiceRow {
        key: ServiceKey { environment: "production".into(), cluster: "gaming-system-cluster".into(), service: name.into() },
        group: group.map(str::to_owned),
        standing: Standing::Up,
        since: before(now, 93_600),
        moving: false,
        reasons: Vec::new(),
        desired: 2,
        running: 2,
        pending: 0,
        unhealthy: 0,
        revision: Some(format!("{name}:18")),
        alarms_on: 0,
        alarms: 3,
    }
}

fn calm(now: Timestamp) -> Facts {
    let mut services: Vec<ServiceRow> =
        GROUPS.iter().flat_map(|(group, names)| names.iter().map(move |name| row(name, Some(group), now))).collect();
    let mut off = row("language-system-nats", None, now);
    (off.standing, off.desired, off.running, off.alarms) = (Standing::OffOnPurpose, 0, 0, 0);
    services.push(off);
    let ago = [4, 11, 2, 5, 30, 7];
    Facts {
        revision: 412,
        services,
        alarms_total: 66,
        nodes: (1..=5).map(|node| ("main".into(), format!("nats-{node}"), true, before(now, 9_000))).collect(),
        connections: 44,
        sources: SourceKind::ALL.into_iter().zip(ago).map(|(kind, ago)| source(kind, before(now, ago))).collect(),
        recent: vec![
            entry(
                3,
                before(now, 340),
                EventKind::Deployment,
                Tone::Good,
                "world-state-nats",
                "deployment to world-state-nats:18 completed",
            ),
            entry(
                2,
                before(now, 520),
                EventKind::Deployment,
                Tone::Move,
                "world-state-nats",
                "deployment to world-state-nats:18 from world-state-nats:17 began",
            ),
            entry(1, before(now, 700), EventKind::Source, Tone::Good, "NATS of main", "answers"),
        ],
        ..Facts::default()
    }
}

pub(crate) fn entry(id: i64, at: Timestamp, kind: EventKind, tone: Tone, subject: &str, text: &str) -> TimelineEntry {
    let key = ServiceKey { environment: "production".into(), cluster: "gaming-system-cluster".into(), service: subject.into() };
    let path = matches!(kind, EventKind::Deployment | EventKind::TaskStopped | EventKind::Service).then(|| key.path());
    let arn = |left| format!("arn:aws:ecs:us-east-1:111122223333:task-definition/{left}");
    let back = left_behind(text).map(|left| PlanQuery::put_back(&key, &arn(left)).path());
    TimelineEntry { id, at, kind, tone, subject: subject.into(), path, text: text.into(), back, words: None }
}

fn source(kind: SourceKind, at: Timestamp) -> SourceHealth {
    let scope = if kind == SourceKind::Nats { "main" } else { "production" };
    let mut health = SourceHealth::untried(SourceId::new(kind, scope), Duration::from_secs(15));
    health.last_attempt = Some(at);
    health.last_success = Some(at);
    health.outcome = Some(Outcome::Complete);
    (health.calls_last_sweep, health.took_ms, health.sweeps) = (7, 84, 611);
    let family = |family: &str, full: f64| Budget { family: family.into(), rate: full, full_rate: full, calls: 4_277, throttled: 0 };
    health.budgets = match kind {
        SourceKind::Ecs => vec![family("ecs service reads", 6.0), family("ecs cluster reads", 6.0)],
        SourceKind::Alarms => vec![family("cloudwatch DescribeAlarms", 2.7)],
        SourceKind::Logs => vec![family("logs GetLogEvents", 7.5)],
        SourceKind::Nats => Vec::new(),
        SourceKind::Metrics => vec![family("cloudwatch GetMetricStatistics", 120.0)],
        SourceKind::Events => vec![family("sqs queue", 6.0)],
    };
    if kind == SourceKind::Events {
        health.notes = vec!["Since the start it held 1,204 messages, of which 1,200 told of a service here.".into()];
    }
    health.skew_ms = (kind != SourceKind::Nats).then_some(120);
    health
}

pub(crate) fn stop(now: Timestamp, ago: u64, id: &str) -> StoppedTaskRow {
    StoppedTaskRow {
        id: id.into(),
        stopped: before(now, ago),
        started: Some(before(now, ago + 268)),
        exit_code: Some(137),
        code: Some("EssentialContainerExited".into()),
        reason: Some("Essential container in task exited".into()),
        container_reason: Some("OutOfMemoryError: Container killed due to memory usage".into()),
        revision: Some("story-teller-nats:19".into()),
        zone: Some("us-east-1b".into()),
        tone: Tone::Bad,
        words: None,
        entry: Some(100),
    }
}

pub(crate) fn alarm(name: &str, service: &str, state: AlarmState, now: Timestamp) -> AlarmRow {
    AlarmRow {
        name: name.into(),
        environment: "production".into(),
        state,
        since: Some(before(now, 480)),
        reason: Some(
            "Threshold Crossed: 3 datapoints were greater than the threshold (80.0). The most recent datapoints: [83.1, 84.0, 86.7]."
                .into(),
        ),
        condition: Some("AWS/ECS MemoryUtilization > 80".into()),
        actions_enabled: true,
        service: Some(("gaming-system-cluster".into(), service.into())),
        ..AlarmRow::default()
    }
}

fn fact(row: AlarmRow) -> AlarmFact {
    AlarmFact { row, ..AlarmFact::default() }
}

fn trouble(facts: &mut Facts, now: Timestamp) {
    for row in &mut facts.services {
        match row.key.service.as_str() {
            "story-teller-nats" => {
                (row.standing, row.running, row.pending, row.since) = (Standing::Down, 1, 1, before(now, 840));
                row.reasons = vec!["runs 1 of 2 tasks".into()];
                row.revision = Some("story-teller-nats:19".into());
            }
            "knowledge-base-nats" => row.alarms_on = 1,
            "world-state-nats" => row.moving = true,
            "language-system-nats" => {
                (row.standing, row.running, row.since) = (Standing::Contradiction, 1, before(now, 60));
                row.reasons = vec!["marked do not touch and wants none, but runs 1 task".into()];
            }
            _ => {}
        }
    }
    let down = facts.services.iter().find(|row| row.standing == Standing::Down).map(|row| row.key.clone());
    facts.stops = down.into_iter().map(|key| (key, stop(now, 35, "3f9c1a77d0be4e0fa2b6cb3f6d1f0c11"), 3)).collect();
    facts.alarms = vec![
        fact(alarm("knowledge-base-nats-memory", "knowledge-base-nats", AlarmState::Alarm, now)),
        fact(alarm("payment-nats-cpu", "payment-nats", AlarmState::InsufficientData, now)),
        fact(super::alarms::known(now)),
    ];
    facts.nodes[2] = ("main".into(), "nats-3".into(), false, before(now, 22));
    (facts.connections, facts.connections_tls) = (34, 16);
    let denied = Fault::new(
        FaultKind::AccessDenied,
        Some("cloudwatch:DescribeAlarms"),
        "User: arn:aws:sts::111122223333:assumed-role/signalbox is not authorized to perform: cloudwatch:DescribeAlarms",
    );
    let alarms = &mut facts.sources[1];
    alarms.outcome = Some(Outcome::Partial { missing: vec![Shortfall { what: "composite alarms".into(), fault: denied }] });
    (alarms.errors, alarms.failures_in_row) = (4, 4);
    alarms.budgets[0].rate = 1.35;
    alarms.budgets[0].throttled = 2;
    let told = [
        (
            EventKind::TaskStopped,
            Tone::Bad,
            "story-teller-nats",
            "task 3f9c1a77 stopped: exit 137, OutOfMemoryError: Container killed due to memory usage",
            35,
        ),
        (EventKind::Node, Tone::Bad, "nats-3", "does not answer", 22),
        (EventKind::Service, Tone::Warn, "language-system-nats", "marked do not touch and wants none, but runs 1 task", 60),
        (EventKind::Alarm, Tone::Warn, "knowledge-base-nats-memory", "OK → ALARM: Threshold Crossed", 480),
        (EventKind::Service, Tone::Bad, "story-teller-nats", "is down: runs 1 of 2 tasks", 840),
        (
            EventKind::Deployment,
            Tone::Move,
            "story-teller-nats",
            "deployment to story-teller-nats:19 from story-teller-nats:18 began",
            1_500,
        ),
        (EventKind::Source, Tone::Good, "NATS of main", "answers again; nothing was seen for 9 s", 90_000),
    ];
    facts.recent = told
        .into_iter()
        .enumerate()
        .map(|(place, (kind, tone, subject, text, ago))| entry(100 - place as i64, before(now, ago), kind, tone, subject, text))
        .collect();
}

fn stale(facts: &mut Facts, now: Timestamp) {
    let ecs = &mut facts.sources[0];
    ecs.last_success = Some(before(now, 191));
    ecs.outcome =
        Some(Outcome::Failed { fault: Fault::new(FaultKind::Unreachable, None, "connection refused by ecs.us-east-1.amazonaws.com:443") });
    (ecs.failures_in_row, ecs.errors, ecs.breaker) = (12, 12, Breaker::Open);
    facts.recent.insert(
        0,
        entry(
            9,
            before(now, 176),
            EventKind::Source,
            Tone::Unknown,
            "ECS of production",
            "cannot be read: connection refused by ecs.us-east-1.amazonaws.com:443",
        ),
    );
}

fn hostile(facts: &mut Facts, now: Timestamp) {
    trouble(facts, now);
    for (place, name) in HOSTILE.into_iter().enumerate() {
        let mut row = row(name, Some(if place % 2 == 0 { "</h3><script>alert(2)</script>" } else { "game" }), now);
        (row.standing, row.running) = (Standing::Down, 0);
        row.reasons = vec![format!("its deployment failed: {name} {}", "unbroken".repeat(30))];
        facts.recent.insert(0, entry(200 + place as i64, now, EventKind::TaskStopped, Tone::Bad, name, &"word\u{7}".repeat(40)));
        facts.services.push(row);
    }
}

fn many(facts: &mut Facts, now: Timestamp) {
    trouble(facts, now);
    for number in 0..1_177_u32 {
        let mut row = row(&format!("service-{number:04}"), Some(["billing", "catalogue", "delivery", "search"][number as usize % 4]), now);
        if number % 97 == 0 {
            (row.standing, row.running, row.reasons) = (Standing::Down, 1, vec!["runs 1 of 2 tasks".into()]);
        }
        facts.services.push(row);
    }
}
