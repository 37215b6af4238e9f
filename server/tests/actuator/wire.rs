//! What really goes over the wire.

use domain::rollout::Effect;
use serde_json::{Value, json};
use signalbox::actuator::Actuator;

use crate::signature;
use crate::site::*;

const ARN: &str = "arn:aws:ecs:us-east-1:111122223333:task-definition/auth:23";
const PRIOR: &str = "arn:aws:ecs:us-east-1:111122223333:task-definition/auth:22";

fn answers(operation: &str, _: &Value) -> Option<Value> {
    let service = |revision: &str, id: &str| {
        let deployment = json!({"id": id, "status": "PRIMARY", "taskDefinition": revision});
        json!({"serviceName": SERVICE, "taskDefinition": revision, "deployments": [deployment]})
    };
    match operation {
        "RegisterTaskDefinition" => Some(json!({"taskDefinition": {"taskDefinitionArn": ARN, "ofTomorrow": [{}]}})),
        "DescribeServices" => Some(json!({"services": [service(PRIOR, "ecs-svc/1")]})),
        "UpdateService" => Some(json!({"service": service(ARN, "ecs-svc/2")})),
        _ => None,
    }
}

#[tokio::test]
async fn a_field_no_library_knows_reaches_aws_and_is_signed() {
    let listener = Listener::start(answers).await;
    let actuator = Actuator::new(listener.environment());
    let request = json!({
        "family": "auth", "ofTomorrow": {"deep": [1, {"er": null}]},
        "containerDefinitions": [{
            "name": "main", "image": "auth:1", "gpuSharing": true, "environment": [{"name": "SIGN", "value": "ü – \u{1F6A6}"}],
        }],
    });
    let tags = [("team".to_owned(), "identity".to_owned()), ("signalbox:intent".to_owned(), "r1/0".to_owned())].into();
    assert_eq!(done(actuator.perform(&lease(), &key(), &Effect::Register { request: request.clone(), tags }).await), ARN);
    let sent = listener.heard("RegisterTaskDefinition");
    assert_eq!(sent.len(), 1);
    let mut expected = request;
    expected["tags"] = json!([{"key": "signalbox:intent", "value": "r1/0"}, {"key": "team", "value": "identity"}]);
    assert_eq!(sent[0].json(), expected);
    assert_eq!(sent[0].headers["content-length"], sent[0].body.len().to_string());
    signature::assert_signed(&sent[0]);
}

#[tokio::test]
async fn an_update_says_what_is_meant_and_nothing_more() {
    let listener = Listener::start(answers).await;
    let actuator = Actuator::new(listener.environment());
    let configuration = json!({"maximumPercent": 150, "minimumHealthyPercent": 50, "ofTomorrow": {"x": 1}});
    let update = Effect::Update { from: PRIOR.to_owned(), to: ARN.to_owned(), configuration: configuration.clone() };
    assert_eq!(done(actuator.perform(&lease(), &key(), &update).await), "ecs-svc/2");
    assert_eq!(done(actuator.perform(&lease(), &key(), &Effect::Restore { configuration: configuration.clone() }).await), "");
    let sent = listener.heard("UpdateService");
    let own = json!({"cluster": CLUSTER, "service": SERVICE, "deploymentConfiguration": configuration});
    let mut told = own.clone();
    told["taskDefinition"] = json!(ARN);
    assert_eq!(sent.iter().map(Heard::json).collect::<Vec<_>>(), [told, own]);
    sent.iter().for_each(signature::assert_signed);
    // what cannot be handed back is not sent
    let nothing = actuator.perform(&lease(), &key(), &Effect::Restore { configuration: Value::Null }).await;
    assert!(!refused(nothing).passes);
    assert_eq!(listener.heard("UpdateService").len(), 2);
}

#[tokio::test]
async fn an_answer_that_names_nothing_is_no_success() {
    let listener = Listener::start(|operation, asked| match operation {
        "RegisterTaskDefinition" => Some(json!({"taskDefinition": {}})),
        // as moto does: the primary deployment is the old one still
        "UpdateService" => answers("DescribeServices", asked).map(|answer| json!({"service": answer["services"][0]})),
        _ => answers(operation, asked),
    })
    .await;
    let actuator = Actuator::new(listener.environment());
    let register = Effect::Register { request: json!({"family": "auth"}), tags: Default::default() };
    assert!(unknown(actuator.perform(&lease(), &key(), &register).await).contains("without naming a revision"));
    let update = Effect::Update { from: PRIOR.to_owned(), to: ARN.to_owned(), configuration: json!({}) };
    assert!(unknown(actuator.perform(&lease(), &key(), &update).await).contains("without naming the deployment"));
}
