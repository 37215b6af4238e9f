//! Finding a revision again by the tag that says which step meant it.

use collectors::ServiceReader;
use domain::rollout::INTENT_TAG;
use serde_json::{Value, json};

use crate::site::*;

fn arn(name: &str) -> String {
    format!("arn:aws:ecs:us-east-1:111122223333:task-definition/{name}")
}

/// Two families; `auth:22` carries the tag of r1/0.
fn answers(operation: &str, asked: &Value) -> Option<Value> {
    let tagged = |name: &str, intent: &str| {
        let tags = json!([{"key": "team", "value": "a"}, {"key": INTENT_TAG, "value": intent}, {"key": "aws:createdBy", "value": "x"}]);
        json!({"taskDefinition": {"taskDefinitionArn": arn(name), "family": "auth", "ofTomorrow": 1}, "tags": tags})
    };
    match operation {
        "ListTaskDefinitions" => {
            assert_eq!((&asked["familyPrefix"], &asked["sort"]), (&json!("auth"), &json!("DESC")));
            Some(json!({"taskDefinitionArns": [arn("auth-nats:99"), arn("auth:23"), arn("auth:22"), arn("auth:21")]}))
        }
        "DescribeTaskDefinition" => {
            assert_eq!(asked["include"], json!(["TAGS"]));
            let name = asked["taskDefinition"].as_str()?.rsplit('/').next()?.to_owned();
            match name.as_str() {
                "auth:22" => Some(tagged(&name, "r1/0")),
                "auth:23" => Some(tagged(&name, "r2/0")),
                "auth-nats:99" => panic!("another family was read"),
                // auth:21 cannot be read
                _ => None,
            }
        }
        _ => None,
    }
}

#[tokio::test]
async fn the_newest_with_the_tag_is_found_and_what_cannot_be_read_is_not_none() {
    let listener = Listener::start(answers).await;
    let reader = ServiceReader::new(listener.environment());
    assert_eq!(reader.find_intent("auth", "r1/0").await.unwrap(), Some(arn("auth:22")));
    assert_eq!(listener.heard("DescribeTaskDefinition").len(), 2, "the newest first, and no further than needed");
    let fault = reader.find_intent("auth", "r9/9").await.unwrap_err();
    assert_eq!(fault.operation.as_deref(), Some("ecs:DescribeTaskDefinition"), "{fault:?}");
}

#[tokio::test]
async fn a_revision_is_read_raw_and_without_the_tags_nobody_can_give() {
    let listener = Listener::start(answers).await;
    let revision = ServiceReader::new(listener.environment()).read_revision(&arn("auth:22")).await.unwrap();
    assert_eq!(revision.definition["ofTomorrow"], 1, "a field no library knows");
    assert_eq!(revision.tags.keys().map(String::as_str).collect::<Vec<_>>(), [INTENT_TAG, "team"]);
    assert!(listener.operations().contains("GetCallerIdentity"), "the account is looked at first");
}
