//! The same against moto, an ECS that nobody here wrote.

use std::sync::Arc;

use collectors::ServiceReader;
use domain::rollout::decide::armed;
use domain::rollout::seen::Part;
use domain::rollout::{Effect, INTENT_TAG};
use domain::service::ServiceKey;
use serde_json::{Value, json};
use signalbox::actuator::Actuator;

use crate::moto_server;
use crate::site::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_read_copied_and_told_on_moto() {
    let (_moto, url) = moto_server::start();
    let environment = environment_at(&url, &clock());
    let (actuator, reader) = (Actuator::new(Arc::clone(&environment)), ServiceReader::new(environment));
    let service = ServiceKey { environment: "test".into(), cluster: "games".into(), service: "auth".into() };
    let alarms = ["cpu".to_owned()];
    let prior = reader.read_service("games", "auth", &[], None).await.unwrap().seen.revision;
    let whole = reader.read_service("games", "auth", &alarms, Some(&prior)).await.unwrap();
    let seen = whole.seen;
    assert_eq!((seen.status.as_str(), seen.desired, seen.steered()), ("ACTIVE", 2, prior.as_str()));
    assert_eq!(seen.configuration, Value::Null, "moto takes deployment settings and tells none; what is not told is not made up");
    assert_eq!((&seen.prior_active, seen.tasks.read().is_some()), (&Part::Read(true), true));
    assert!(matches!(seen.service_deployments, Part::Missing(_)), "it fails, which proves nothing: {:?}", seen.service_deployments);
    assert!(matches!(seen.alarms, Part::Missing(_)), "it does not speak the SDK's protocol: {:?}", seen.alarms);

    let described = reader.read_revision(&prior).await.unwrap();
    assert_eq!(described.tags.get("team").map(String::as_str), Some("identity"));
    let mut copy = described.copy().unwrap();
    copy.set("app", "healthCheck", Some(json!({"command": ["CMD-SHELL", "true"], "interval": 30, "timeout": 5, "retries": 3}))).unwrap();
    let mut tags = described.tags.clone();
    tags.insert(INTENT_TAG.to_owned(), "r1/0".to_owned());
    let register = Effect::Register { request: copy.request.clone(), tags };
    let arn = done(actuator.perform(&lease(), &service, &register).await);
    let back = reader.read_revision(&arn).await.unwrap();
    assert_eq!(copy.differences(&described, &back, &described.tags), Vec::<String>::new());
    assert_eq!(reader.find_intent("auth", "r1/0").await.unwrap(), Some(arn.clone()));
    assert_eq!(reader.find_intent("auth", "r2/0").await.unwrap(), None);

    // its only deployment stays the old one: nobody knows, and the next look finds what the service is meant to run
    let update = Effect::Update { from: prior, to: arn.clone(), configuration: armed(&seen.configuration) };
    let outcome = actuator.perform(&lease(), &service, &update).await;
    assert!(unknown(outcome).contains("without naming the deployment"));
    assert_eq!(reader.read_service("games", "auth", &[], None).await.unwrap().seen.revision, arn);
}
