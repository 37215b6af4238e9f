//! Two sealed reports: a plain one, and the same fleet with the worst names there are.

use std::time::Duration;

use domain::Timestamp;
use domain::alarm::AlarmState;
use domain::judge::{RULE, Standing, Tone};
use domain::readiness::assess::Asked;
use domain::readiness::{Answer, Card, Evidence, Found, Subject, Waiver, WaiverWish, assess};
use domain::report::{
    AlarmLine, Alarms, Change, Document, Incident, Incidents, NatsLine, NodeLine, Observed, Period, PlottedLine, PlottedTimes, SCHEMA,
    ServiceLine, conclude,
};
use domain::service::ServiceKey;
use domain::source::{SourceId, SourceKind};
use domain::timeline::EventKind;

use super::super::sign::Key;
use super::super::{Sealed, prices};

const CARD: &str = r#"
name = "three checks"

[[check]]
id = "H1"
title = "every essential container has a health check"
category = "Health checks"
weight = "critical"
gate = 69
evidence = "live"
ttl_minutes = 10
work_minutes = 30
why = "A task that hangs is never replaced."
remedy = "Roll a health check out."
soc2 = ["CC7.2"]
iso27001 = ["A.8.16"]

[[check]]
id = "H3"
title = "its settings are sane"
category = "Health checks"
weight = "low"
evidence = "live"
ttl_minutes = 10
work_minutes = 15
why = "A check that is too strict kills tasks that are well."
remedy = "Correct the settings."

[[check]]
id = "load-test"
title = "load tested"
category = "Load"
weight = "high"
evidence = "attested"
scope = "environment"
ttl_minutes = 129600
work_minutes = 480
why = "Nobody knows what it bears."
remedy = "Run the load test."

[[target]]
name = "A"
purpose = "internal"
risk = "medium"
checks = ["H1"]
"#;

/// The names of a fleet.
struct Names {
    environment: &'static str,
    cluster: &'static str,
    services: [&'static str; 3],
    person: &'static str,
}

pub(crate) fn key() -> Key {
    Key::from_seed(&[42; 32]).expect("32 bytes are a seed")
}

/// A fleet as people name it: D, held at 69, one check unknown, one waived.
pub(crate) fn sealed() -> Sealed {
    let services = ["auth-nats", "billing-nats", "router-nats"];
    sealed_of(&Names { environment: "production", cluster: "gaming-system-cluster", services, person: "nina" })
}

/// The same with names that try to get out of every format.
pub(crate) fn hostile() -> Sealed {
    sealed_of(&Names {
        environment: "=cmd()",
        cluster: "@SUM(A1)",
        services: ["=cmd()", "</template><script>alert(1)</script>", "]]>\u{0} | [x](javascript:1) \n # h \u{202E}`\"'\\"],
        person: "\"><img onerror=alert(1)>",
    })
}

fn sealed_of(names: &Names) -> Sealed {
    Sealed::new(document(names), &key()).expect("a document is JSON")
}

fn document(names: &Names) -> Document {
    let now = Timestamp::from_secs(1_777_714_863);
    let seen = now.minus(Duration::from_secs(60));
    let card: Card = toml::from_str(CARD).expect("the card is TOML");
    assert_eq!(card.problems(), [], "the card is a card");
    let keys = names.services.map(|service| ServiceKey {
        environment: names.environment.to_owned(),
        cluster: names.cluster.to_owned(),
        service: service.to_owned(),
    });
    let subject = |key: &ServiceKey| Subject::Service(key.clone());
    let evidence = |check: &str, subject: Subject, answer: Answer| Evidence {
        check: check.to_owned(),
        found: Found::seen(answer, format!("seen in {subject}"), seen, Duration::from_secs(600), format!("ecs:{}", names.environment)),
        subject,
    };
    let [auth, billing, router] = &keys;
    let evidence = [
        evidence("H1", subject(auth), Answer::FAIL),
        evidence("H3", subject(auth), Answer::PASS),
        evidence("H1", subject(billing), Answer::PASS),
        evidence("H1", subject(router), Answer::PASS),
        evidence("load-test", Subject::Environment { environment: names.environment.to_owned() }, Answer::PASS),
    ];
    let waivers = vec![waiver(names, billing, now)];
    let asked: Vec<Asked> = keys.iter().map(|key| Asked { subject: subject(key), tier: None }).collect();
    let readiness = assess(&card, now, &asked, &evidence, &waivers);
    let conclusions = conclude(&card, &readiness, &waivers, &[]);
    let (prices, own_prices) = prices::Settings::default().price_list().expect("the shipped list is read");
    let sizes: Vec<_> = keys.iter().map(|key| (key.clone(), 2, Some(domain::report::cost::Size { cpu: 256, memory: 512 }), None)).collect();
    Document {
        schema: SCHEMA,
        id: "0196f0aa-0000-7000-8000-000000000001".to_owned(),
        made: now,
        requester: names.person.to_owned(),
        product: "signalbox 0.1.0".to_owned(),
        redacted: false,
        period: Period { from: now.minus(Duration::from_secs(7 * 86_400)), to: now },
        environments: vec![names.environment.to_owned()],
        conclusions,
        card,
        readiness,
        waivers,
        assigned: Vec::new(),
        since: None,
        observed: vec![Observed {
            source: SourceId::new(SourceKind::Ecs, names.environment),
            first: Some(seen),
            permille: 999,
            gaps: 1,
            longest_gap: 60,
            stale: None,
        }],
        rule: RULE.to_owned(),
        services: keys.iter().map(line).collect(),
        alarms: Alarms { total: 1, on: 1, lines: vec![alarm(names)], ..Alarms::default() },
        nats: vec![NatsLine {
            name: names.cluster.to_owned(),
            nodes: vec![NodeLine::default()],
            tls: 2,
            plaintext: 1,
            ..NatsLine::default()
        }],
        changes: vec![change(names, now)],
        incidents: Incidents { lines: vec![incident(names, now)], cut: false },
        plots: vec![plotted(now)],
        cost: Some(domain::report::cost::Cost::of(prices, own_prices, &sizes, Vec::new())),
    }
}

fn waiver(names: &Names, of: &ServiceKey, now: Timestamp) -> Waiver {
    let since = now.minus(Duration::from_secs(60));
    Waiver {
        id: 7,
        wish: WaiverWish {
            check: "H3".to_owned(),
            environment: of.environment.clone(),
            cluster: Some(of.cluster.clone()),
            service: Some(of.service.clone()),
            reason: format!("{} cannot", names.services[2]),
            compensating: "a second region".to_owned(),
            ticket: None,
            expires: Some(now.plus(Duration::from_secs(86_400))),
        },
        requester: names.person.to_owned(),
        approver: Some("omar".to_owned()),
        created: since,
        approved: Some(since),
        ended: None,
    }
}

fn line(key: &ServiceKey) -> ServiceLine {
    let revision = Some(format!("{}:19", key.service));
    ServiceLine {
        service: key.clone(),
        standing: Standing::Up,
        reasons: Vec::new(),
        desired: 2,
        running: 2,
        revision,
        alarms: 1,
        alarms_on: 1,
    }
}

fn alarm(names: &Names) -> AlarmLine {
    AlarmLine {
        environment: names.environment.to_owned(),
        name: names.services[2].to_owned(),
        state: AlarmState::Alarm,
        since: None,
        service: Some(names.services[1].to_owned()),
        reason: Some(names.services[0].to_owned()),
        acknowledged: None,
    }
}

fn change(names: &Names, now: Timestamp) -> Change {
    Change {
        number: 3,
        title: names.services[1].to_owned(),
        reason: names.services[2].to_owned(),
        status: "succeeded".to_owned(),
        said: "every service is verified".to_owned(),
        requester: names.person.to_owned(),
        approver: Some("omar".to_owned()),
        planned: now,
        started: Some(now),
        ended: Some(now),
        services: names.services.iter().map(|name| (*name).to_owned()).collect(),
        verified: 3,
        failed: 0,
    }
}

fn incident(names: &Names, now: Timestamp) -> Incident {
    Incident { at: now, kind: EventKind::Service, tone: Tone::Bad, subject: names.services[2].to_owned(), text: "is down".to_owned() }
}

fn plotted(now: Timestamp) -> PlottedTimes {
    let to = now.as_micros() / 1_000_000;
    let line =
        PlottedLine { label: "running".to_owned(), start: to - 7_200, width: 3_600, thousandths: vec![Some(4_000), None, Some(6_000)] };
    PlottedTimes {
        title: "Tasks".to_owned(),
        unit: "tasks".to_owned(),
        words: "Tasks: between 4 and 6 ran.".to_owned(),
        from: to - 7_200,
        to,
        steps: true,
        lines: vec![line],
        gaps: vec![(to - 3_600, to - 1_800)],
    }
}
