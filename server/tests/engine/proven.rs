//! A good check over three services: each is proven before the next one is touched, and all of it is on record.

use domain::judge::Tone;
use domain::rollout::Stage;
use domain::rollout::decide::Outcome;
use signalbox::store::Chain;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};

use crate::site::*;

const THREE: [&str; 3] = ["auth-nats", "payment-nats", "settings-nats"];

#[tokio::test]
async fn three_services_are_proven_one_after_the_other() {
    let (yard, site) = calm().await;
    let mut own = Vec::new();
    for name in THREE {
        own.push(site.seen(name).await.configuration);
    }
    let number = site.started(&wish(&THREE)).await;
    site.until(number, "baking", |kept| matches!(kept.rollout.steps[0].stage, Stage::Baking { .. })).await;
    assert_ne!(site.seen(THREE[0]).await.configuration, own[0], "for the time of the step its circuit breaker is armed");

    let kept = site.until(number, "succeeded", succeeded).await;
    assert_eq!(kept.rollout.steps.len(), THREE.len());
    for ((step, name), own) in kept.rollout.steps.iter().zip(THREE).zip(&own) {
        assert_eq!(step.service.service, name);
        let Stage::Verified { revision, .. } = &step.stage else { panic!("{name}: {:?}", step.stage) };
        let seen = site.seen(name).await;
        assert!(*revision != step.bound.prior && seen.steered() == revision && seen.settled(), "{name} runs what it was brought");
        assert_eq!(seen.configuration, *own, "{name} has its own settings again, its breaker's among them");
        let sources: Vec<&str> = step.evidence.iter().map(|line| line.source.as_str()).collect();
        assert!(sources.contains(&"DescribeServices") && sources.contains(&"DescribeTasks"), "{name}: {:?}", step.evidence);
        assert!(step.evidence.iter().all(|line| line.tone == Tone::Good), "{name}: {:?}", step.evidence);
    }

    // the record is in the order in which it was committed
    let record = site.record(number).await;
    for step in 1..THREE.len() {
        let (proven, begun) = (place(&record, step - 1, "verified: it runs").unwrap(), place(&record, step, "is sent (effect").unwrap());
        assert!(proven < begun, "step {step} was begun before the one before it had ended: {record:#?}");
    }
    for times in kept.times.windows(2) {
        assert!(times[0].ended.unwrap() <= times[1].began.unwrap(), "{times:?}");
    }
    assert_eq!((asked(&yard, "RegisterTaskDefinition"), asked(&yard, "UpdateService"), changes(&yard)), (3, 6, 9), "and nothing twice");
    on_record(&site, number).await;
}

/// A row of the audit: who, what, to what, and what else.
type Row = (String, String, String, String);

/// All of it, as whoever proves something reads it: from the file.
async fn audit(site: &Site) -> Vec<Row> {
    let mut connection: SqliteConnection = SqliteConnectOptions::new().filename(site.store.path()).connect().await.unwrap();
    sqlx::query_as("SELECT actor, act, subject, detail FROM audit ORDER BY id").fetch_all(&mut connection).await.unwrap()
}

/// Every command and every effect, begun and ended, has its row in the audit, and there is no other.
async fn on_record(site: &Site, number: u64) {
    let Chain::Whole { rows, .. } = site.store.audit_verify().await.unwrap() else { panic!("the audit is broken") };
    let audit = audit(site).await;
    let of = |(_, of, subject, _): &&Row, act: &str, ends: &str| of == act && subject.ends_with(ends);
    let effects = site.effects(number).await;
    let operations: Vec<&str> = effects.iter().map(|(operation, _)| operation.as_str()).collect();
    assert_eq!(operations, ["RegisterTaskDefinition", "UpdateService", "UpdateService"].repeat(3), "registered, told, handed back");
    for (effect, (operation, outcome)) in effects.iter().enumerate() {
        assert!(matches!(outcome, Some(Outcome::Done { .. })), "effect {effect}: {outcome:?}");
        let subject = format!("rollout {number}, {}, effect {effect}", THREE[effect / 3]);
        for act in ["began an effect", "an effect ended"] {
            let found: Vec<&Row> = audit.iter().filter(|row| of(row, act, &subject)).collect();
            assert_eq!(found.len(), 1, "{act}: {subject}: {audit:#?}");
            let right = |(actor, _, _, detail): &&Row| actor == "signalbox" && detail.starts_with(operation.as_str());
            assert!(found.iter().all(right), "{found:?}");
        }
    }
    for act in ["planned a rollout", "started a rollout"] {
        let found: Vec<&Row> = audit.iter().filter(|row| of(row, act, "")).collect();
        assert!(matches!(found.as_slice(), [row] if row.0 == "Ann"), "{act}: {found:?}");
    }
    assert_eq!(rows, 2 * 9 + 2, "{audit:#?}");
}
