//! A small document for tests: two services, one of which fails a gated check and one of which has a waiver.

use std::time::Duration;

use super::{Alarms, Assigned, Document, Incidents, Period, SCHEMA, ServiceLine, conclude};
use crate::Timestamp;
use crate::judge::{RULE, Standing};
use crate::readiness::assess::Asked;
use crate::readiness::{Answer, Brought, Card, Evidence, Found, Subject, Waiver, WaiverWish, assess};
use crate::service::ServiceKey;

pub(crate) fn key(service: &str) -> ServiceKey {
    ServiceKey { environment: "production".into(), cluster: "gaming-system-cluster".into(), service: service.into() }
}

/// `auth-nats` fails H1 and passes H3; `billing-nats` passes H1, which a rollout brought, and its H3, of which nothing is known, is
/// waived.
pub(crate) fn document() -> Document {
    let now = Timestamp::from_secs(1_777_714_863);
    let seen = now.minus(Duration::from_secs(60));
    let lasts = Duration::from_secs(600);
    let mut card = Card::for_tests();
    card.checks[0].soc2 = vec!["CC7.2".into()];
    card.checks[0].iso27001 = vec!["A.8.16".into()];
    let services = ["auth-nats", "billing-nats"].map(key);
    let asked: Vec<Asked> = services.iter().map(|key| Asked { subject: Subject::Service(key.clone()), tier: None }).collect();
    let evidence = |check: &str, service: &str, answer, said: &str| Evidence {
        check: check.to_owned(),
        subject: Subject::Service(key(service)),
        found: Found::seen(
            answer,
            said,
            seen,
            lasts,
            "ecs:production DescribeTaskDefinition arn:aws:ecs:us-east-1:111122223333:task-definition/x:1",
        ),
    };
    let drill = Evidence {
        check: "load-test".into(),
        subject: Subject::Environment { environment: "production".into() },
        found: Found::seen(
            Answer::PASS,
            "10,400 requests a second from 10.0.1.10",
            seen,
            Duration::from_secs(86_400),
            "attested by nina, https://wiki.example.com/load",
        ),
    };
    let mut evidence = [
        evidence("H1", "auth-nats", Answer::FAIL, "no health check in container app of auth-nats"),
        evidence("H3", "auth-nats", Answer::PASS, "timeout 5 s, interval 30 s"),
        evidence("H1", "billing-nats", Answer::PASS, "CMD-SHELL curl -f localhost:8080"),
        drill,
    ];
    let title = "Health check for billing-nats".to_owned();
    let brought = Brought { rollout: 12, title, verified: seen, requester: "petra".into(), approver: Some("quinn".into()) };
    evidence[2].found.brought = Some(Box::new(brought));
    let waiver = Waiver {
        id: 7,
        wish: WaiverWish {
            check: "H3".into(),
            environment: "production".into(),
            cluster: Some("gaming-system-cluster".into()),
            service: Some("billing-nats".into()),
            reason: "the SDK cannot".into(),
            compensating: "a second region".into(),
            ticket: None,
            expires: Some(now.plus(Duration::from_secs(86_400))),
        },
        requester: "nina".into(),
        approver: Some("omar".into()),
        created: seen,
        approved: Some(seen),
        ended: None,
    };
    let assigned = vec![Assigned { check: "H1".into(), owner: "nina".into(), due: Some(now.plus(Duration::from_secs(86_400))) }];
    let waivers = vec![waiver];
    let readiness = assess(&card, now, &asked, &evidence, &waivers);
    let conclusions = conclude(&card, &readiness, &waivers, &assigned);
    let line = |key: &ServiceKey| ServiceLine {
        service: key.clone(),
        standing: Standing::Up,
        reasons: Vec::new(),
        desired: 2,
        running: 2,
        revision: Some(format!("{}:19", key.service)),
        alarms: 3,
        alarms_on: 0,
    };
    Document {
        schema: SCHEMA,
        id: "0196f0aa-0000-7000-8000-000000000001".into(),
        made: now,
        requester: "nina".into(),
        product: "signalbox 0.1.0".into(),
        redacted: false,
        period: Period { from: now.minus(Duration::from_secs(7 * 86_400)), to: now },
        environments: vec!["production".into()],
        card,
        readiness,
        waivers,
        assigned,
        conclusions,
        since: None,
        observed: Vec::new(),
        rule: RULE.to_owned(),
        services: services.iter().map(line).collect(),
        alarms: Alarms::default(),
        nats: Vec::new(),
        changes: Vec::new(),
        incidents: Incidents::default(),
        plots: Vec::new(),
        cost: None,
    }
}
