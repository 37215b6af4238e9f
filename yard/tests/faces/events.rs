//! SQS, through the real SDK: the fleet's ECS events as a queue holds them.

#![expect(clippy::disallowed_methods, reason = "a client of the yard takes messages from its queue, as a collector does")]

use aws_sdk_sqs::{
    error::ProvideErrorMetadata,
    operation::receive_message::builders::ReceiveMessageFluentBuilder,
    types::{DeleteMessageBatchRequestEntry, Message, QueueAttributeName},
};
use serde_json::{Value, json};

use crate::support::{CLUSTER, Site, calm};

fn ask(site: &Site) -> ReceiveMessageFluentBuilder {
    site.sqs.receive_message().queue_url(&site.yard.endpoints().events_queue).max_number_of_messages(10)
}

async fn messages(site: &Site) -> Vec<Message> {
    ask(site).send().await.unwrap().messages.unwrap_or_default()
}

fn body(message: &Message) -> Value {
    serde_json::from_str(message.body().unwrap()).unwrap()
}

fn entry(id: &str, receipt: &str) -> DeleteMessageBatchRequestEntry {
    DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(receipt).build().unwrap()
}

#[tokio::test]
async fn a_stop_is_told_in_the_shape_of_the_developer_guide() {
    let site = calm().await;
    assert_eq!(messages(&site).await, [], "a calm fleet tells nothing");
    let task = site.yard.stop_task("auth-nats", Some(137), None).unwrap();
    let told = messages(&site).await;
    assert_eq!(told.len(), 1);
    let event = body(&told[0]);
    for (field, value) in [
        ("version", json!("0")),
        ("source", json!("aws.ecs")),
        ("detail-type", json!("ECS Task State Change")),
        ("account", json!("111122223333")),
        ("region", json!("us-east-1")),
        ("time", json!("2026-03-01T12:00:00Z")),
        ("resources", json!([task])),
    ] {
        assert_eq!(event[field], value, "{field} of {event:#}");
    }
    let detail = &event["detail"];
    for (field, value) in [
        ("clusterArn", json!(format!("arn:aws:ecs:us-east-1:111122223333:cluster/{CLUSTER}"))),
        ("group", json!("service:auth-nats")),
        ("taskArn", json!(task)),
        ("lastStatus", json!("DEACTIVATING")),
        ("desiredStatus", json!("STOPPED")),
        ("stopCode", json!("EssentialContainerExited")),
        ("updatedAt", json!("2026-03-01T12:00:00.000Z")),
    ] {
        assert_eq!(detail[field], value, "{field} of {detail:#}");
    }
    assert!(detail["createdAt"].is_string() && detail["containers"][0]["name"] == "app", "{detail:#}");

    // the replacement comes, and then the service says that it is well
    site.advance(120);
    let mut later = Vec::new();
    loop {
        let more = messages(&site).await;
        if more.is_empty() {
            break;
        }
        later.extend(more.iter().map(body));
    }
    let of = |kind: &str, field: &str| -> Vec<Value> {
        later.iter().filter(|event| event["detail-type"] == kind).map(|event| event["detail"][field].clone()).collect()
    };
    let statuses = of("ECS Task State Change", "lastStatus");
    for status in ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "STOPPED"] {
        assert!(statuses.contains(&json!(status)), "{status} is missing in {statuses:?}");
    }
    assert_eq!(of("ECS Service Action", "eventName"), ["SERVICE_STEADY_STATE"]);
    let steady = later.iter().find(|event| event["detail-type"] == "ECS Service Action").unwrap();
    assert_eq!(steady["resources"], json!([format!("arn:aws:ecs:us-east-1:111122223333:service/{CLUSTER}/auth-nats")]));
}

#[tokio::test]
async fn a_message_is_hidden_comes_again_and_is_gone_when_deleted() {
    let site = calm().await;
    site.yard.stop_task("auth-nats", Some(1), None).unwrap();
    let queue = &site.yard.endpoints().events_queue;
    let seen = ask(&site).visibility_timeout(0).send().await.unwrap().messages.unwrap();
    let first = messages(&site).await;
    assert_eq!(seen[0].message_id(), first[0].message_id(), "one that was not hidden is there for the next");
    assert!(messages(&site).await.iter().all(|message| message.message_id() != first[0].message_id()), "now it is hidden");
    let counts = || async {
        let names = [QueueAttributeName::ApproximateNumberOfMessages, QueueAttributeName::ApproximateNumberOfMessagesNotVisible];
        let answer = site.sqs.get_queue_attributes().queue_url(queue).set_attribute_names(Some(names.to_vec())).send().await.unwrap();
        names.map(|name| answer.attributes().unwrap()[&name].clone())
    };
    assert_eq!(counts().await, ["0", "1"]);
    site.advance(31);
    let again = messages(&site).await;
    assert_eq!(again[0].message_id(), first[0].message_id());
    assert_ne!(again[0].receipt_handle(), first[0].receipt_handle(), "every receive has a receipt of its own");

    let entries = vec![entry("a", again[0].receipt_handle().unwrap()), entry("b", "made-up"), entry("c", "1-1-made-up")];
    let done = site.sqs.delete_message_batch().queue_url(queue).set_entries(Some(entries)).send().await.unwrap();
    assert_eq!(done.successful().iter().map(|done| done.id()).collect::<Vec<_>>(), ["a"]);
    assert_eq!(done.failed().iter().map(|failed| failed.code()).collect::<Vec<_>>(), ["ReceiptHandleIsInvalid"; 2]);
    site.advance(31);
    assert!(messages(&site).await.iter().all(|message| message.message_id() != first[0].message_id()));
    assert_eq!(site.yard.requests()["sqs:DeleteMessage"], 1, "counted as IAM names it");
    // the service told of its steady state meanwhile
    site.advance(301);
    site.advance(301);
    assert_eq!(messages(&site).await, [], "what is older than the retention is gone");
}

#[tokio::test]
async fn an_answer_is_held_back_until_there_is_something_or_the_time_is_over() {
    let site = calm().await;
    let waits = || tokio::spawn(ask(&site).wait_time_seconds(20).send());
    let asked = |times: u64| {
        let yard = &site.yard;
        async move {
            while yard.requests().get("sqs:ReceiveMessage").copied().unwrap_or(0) < times {
                tokio::task::yield_now().await;
            }
        }
    };
    let waiting = waits();
    asked(1).await;
    assert!(!waiting.is_finished());
    site.yard.stop_task("auth-nats", Some(1), None).unwrap();
    let told = waiting.await.unwrap().unwrap();
    assert_eq!(body(&told.messages()[0])["detail"]["group"], "service:auth-nats");

    let site = calm().await;
    let waiting = tokio::spawn(ask(&site).wait_time_seconds(20).send());
    while !site.yard.requests().contains_key("sqs:ReceiveMessage") {
        tokio::task::yield_now().await;
    }
    // until the answer is there: whether it sleeps already cannot be seen from here
    while !waiting.is_finished() {
        site.advance(1);
        tokio::task::yield_now().await;
    }
    assert_eq!(waiting.await.unwrap().unwrap().messages(), []);
}

#[tokio::test]
async fn what_sqs_refuses_is_refused_in_its_codes() {
    let site = calm().await;
    let queue = &site.yard.endpoints().events_queue;
    let other = site.sqs.receive_message().queue_url(queue.replace("signalbox-events", "other")).send().await.unwrap_err();
    assert!(other.as_service_error().unwrap().is_queue_does_not_exist());
    assert_eq!(other.code(), Some("AWS.SimpleQueueService.NonExistentQueue"), "the code of the older protocol, as the SDK asks for it");
    for (asked, what) in [(ask(&site).max_number_of_messages(11), "number"), (ask(&site).wait_time_seconds(21), "wait")] {
        assert_eq!(asked.send().await.unwrap_err().code(), Some("InvalidParameterValue"), "{what}");
    }
    let twice = vec![entry("a", "x"), entry("a", "y")];
    let twice = site.sqs.delete_message_batch().queue_url(queue).set_entries(Some(twice)).send().await.unwrap_err();
    assert!(twice.as_service_error().unwrap().is_batch_entry_ids_not_distinct());
    let policy = site.sqs.get_queue_attributes().queue_url(queue).attribute_names(QueueAttributeName::Policy).send().await.unwrap();
    assert!(policy.attributes().unwrap()[&QueueAttributeName::Policy].contains("events.amazonaws.com"));
    assert_eq!(policy.attributes().unwrap().len(), 1);
}
