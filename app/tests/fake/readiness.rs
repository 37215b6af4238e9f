//! How ready the fleet is that exists only here: a small card, judged by the domain's own formula.

use std::time::Duration;

use domain::readiness::assess::Asked;
use domain::readiness::{Answer, Brought, Card, Evidence, Found, Promise, Promises, Readiness, Subject, Turn, Waiver, WaiverWish, assess};
use domain::service::ServiceKey;
use domain::view::{Facts, Foretold, ReadinessBrief, ReadinessFacts, ReadinessPage, ReadinessQuery, ServiceReadiness};
use domain::{Failure, Timestamp};
use serde_json::{Value, json};

use super::{Scene, before};

/// How long everything that is seen counts.
const LASTS: Duration = Duration::from_secs(600);

pub(super) struct Judgement {
    card: Card,
    readiness: Readiness,
    waivers: Vec<Waiver>,
    promises: Promises,
}

fn check(id: &str, title: &str, category: &str, weight: &str, gate: Option<u8>, work: u32) -> Value {
    let attested = id.len() > 2;
    json!({
        "id": id, "title": title, "category": category, "weight": weight, "gate": gate, "work_minutes": work, "ttl_minutes": 10,
        "evidence": if attested { "attested" } else { "live" }, "scope": if id == "load-test" { "environment" } else { "service" },
        "why": format!("Why {id} matters."), "remedy": format!("What to do about {id}."),
    })
}

fn target(name: &str, [purpose, risk]: [&str; 2], after: Option<&str>, checks: &[&str]) -> Value {
    json!({"name": name, "purpose": purpose, "risk": risk, "after": after, "checks": checks})
}

fn card() -> Card {
    let checks = [
        check("A1", "Runs at least the tasks it wants", "Availability", "high", Some(20), 60),
        check("H1", "Every essential container has a health check", "Health checks", "critical", Some(69), 30),
        check("H3", "Its health checks are set sanely", "Health checks", "low", None, 15),
        check("T1", "Every connection uses TLS", "TLS", "high", Some(79), 60),
        check("M1", "An alarm watches it", "Alarms", "medium", None, 30),
        check("runbook", "A runbook says what to do", "Documentation", "medium", None, 120),
        check("load-test", "The load of production was tried", "Load tests", "high", None, 480),
    ];
    let targets = [
        target("A", ["internal use", "Medium: what hangs is not noticed."], None, &["A1", "M1"]),
        target("B", ["staging", "Low: the load was not tried."], Some("A"), &["H1", "T1"]),
        target("C", ["production", "Very low."], Some("B"), &["runbook", "load-test"]),
    ];
    serde_json::from_value(json!({"name": "the gallery's", "check": checks, "target": targets})).expect("a card of ours is a card")
}

/// What was seen of the service at that place in the list. Every third has no health check; of some TLS was never read.
fn seen(scene: Scene, place: usize, name: &str, off: bool) -> Vec<(&'static str, Answer, String)> {
    let known = |id, answer, said: &str| (id, answer, format!("{name}: {said}"));
    if off {
        return ["A1", "H1", "H3", "T1", "M1", "runbook"].map(|id| known(id, Answer::NotApplicable, "it wants no task")).into();
    }
    let (bare, down) = (place.is_multiple_of(3), scene == Scene::Trouble && name == "story-teller-nats");
    let mut seen = vec![
        known("A1", Answer::of(!down), if down { "it ran none of 2 tasks" } else { "it ran 2 of 2 tasks" }),
        known("H1", Answer::of(!bare), if bare { "its container main has no health check" } else { "its container has a health check" }),
        known("H3", if bare { Answer::NotApplicable } else { Answer::PASS }, "its timeout is shorter than its interval"),
        known("M1", Answer::PASS, "3 alarms watch it"),
    ];
    if !matches!(place, 1 | 4 | 7) {
        seen.push(known("T1", Answer::PASS, "2 of 2 connections use TLS"));
    }
    if name == "auth-nats" {
        seen.push(known("runbook", Answer::PASS, "wiki.example/auth"));
    }
    seen
}

pub(super) fn judged(scene: Scene, facts: &Facts, now: Timestamp) -> Judgement {
    // in the stale scene nothing was seen for longer than it counts
    let at = before(now, if scene == Scene::Stale { 700 } else { 12 });
    let found = |answer, said: String| Found::seen(answer, said, at, LASTS, "ecs:production DescribeServices");
    let asked: Vec<Asked> = facts.services.iter().map(|row| Asked { subject: Subject::Service(row.key.clone()), tier: None }).collect();
    let services = facts.services.iter().enumerate().flat_map(|(place, row)| {
        let of = seen(scene, place, &domain::text::shown(&row.key.service), row.desired == 0);
        of.into_iter().map(move |(check, answer, said)| (check, row.key.clone(), answer, said))
    });
    let mut evidence: Vec<Evidence> = services
        .map(|(check, key, answer, said)| Evidence { check: check.into(), subject: Subject::Service(key), found: found(answer, said) })
        .collect();
    for of in evidence.iter_mut().filter(|of| of.check == "H1" && of.found.answer == Answer::PASS) {
        of.found.brought = Some(Box::new(brought(at)));
    }
    let subject = Subject::Environment { environment: "production".into() };
    evidence.push(Evidence { check: "load-test".into(), subject, found: found(Answer::PASS, "10,200 requests a second".into()) });
    let (card, waivers) = (card(), waivers(scene, now));
    let promises: Promises = asked.iter().filter_map(|asked| Some((asked.subject.service()?.clone(), Ok(promise())))).collect();
    Judgement { readiness: assess(&card, now, &asked, &evidence, &waivers), card, waivers, promises }
}

/// The rollout that brought the health checks there are.
fn brought(at: Timestamp) -> Brought {
    Brought {
        rollout: 2,
        title: "Health check for 14 services".into(),
        verified: before(at, 86_400),
        requester: "Ann".into(),
        approver: Some("Ben".into()),
    }
}

/// What a health check would make of any service: that it has one.
fn promise() -> Promise {
    let turn = Turn { check: "H1".into(), verified: Answer::PASS, settled: Answer::PASS };
    Promise { container: None, dips: false, turns: vec![turn] }
}

fn waivers(scene: Scene, now: Timestamp) -> Vec<Waiver> {
    if scene != Scene::Trouble {
        return Vec::new();
    }
    let wish = WaiverWish {
        check: "H1".into(),
        environment: "production".into(),
        cluster: Some("gaming-system-cluster".into()),
        service: Some("world-state-nats".into()),
        reason: "it is replaced next week".into(),
        compensating: "Ann looks twice a day".into(),
        ticket: Some("OPS-12".into()),
        expires: Some(now.plus(Duration::from_secs(86_400))),
    };
    let (created, approved) = (before(now, 900), Some(before(now, 600)));
    vec![Waiver { id: 7, wish, requester: "Ben".into(), approver: Some("Cleo".into()), created, approved, ended: None }]
}

impl Judgement {
    pub(super) fn facts(&self) -> ReadinessFacts<'_> {
        let Self { card, readiness, waivers, promises } = self;
        ReadinessFacts { revision: 412, card, readiness, waivers, promises }
    }
}

pub(crate) fn page(scene: Scene, query: &ReadinessQuery, facts: &Facts, now: Timestamp) -> ReadinessPage {
    ReadinessPage::compose(&judged(scene, facts, now).facts(), query)
}

pub(crate) fn of_service(scene: Scene, key: &ServiceKey, facts: &Facts, now: Timestamp) -> Result<ServiceReadiness, Failure> {
    let found = ServiceReadiness::compose(&judged(scene, facts, now).facts(), key);
    found.ok_or_else(|| Failure::NotFound { what: format!("Service {}", domain::text::shown(&key.service)) })
}

pub(crate) fn foretold(scene: Scene, services: &[ServiceKey], facts: &Facts, now: Timestamp) -> Foretold {
    Foretold::of(&judged(scene, facts, now).facts(), &services.iter().collect::<Vec<_>>(), Vec::new())
}

/// None before the first sweep has come back.
pub(crate) fn brief(scene: Scene, of: Option<&ServiceKey>, facts: &Facts, now: Timestamp) -> Option<ReadinessBrief> {
    let readiness = (scene != Scene::Empty).then(|| judged(scene, facts, now).readiness)?;
    match of {
        None => Some(ReadinessBrief::of_fleet(&readiness)),
        Some(key) => Some(ReadinessBrief::of_service(key, readiness.judged(&Subject::Service(key.clone()))?, readiness.at)),
    }
}
