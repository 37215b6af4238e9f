//! SQS, of which reading one queue is served: AWS JSON 1.0. An EventBridge rule is taken to send the fleet's ECS events there.
//!
//! Separate from the fleet because who has received which message is no fact of the fleet. Messages are taken from it when somebody asks, so a queue nobody reads costs
//! nothing. The trap: a received message is only *hidden*. It comes again when its visibility timeout is over, unless it was deleted, and every receive makes a new receipt.

mod event;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    aws::{answer::ApiError, call::Call},
    clock::SECOND,
    dice::Dice,
    model::{Fleet, arn, event_id, events::Happened},
};

const SERVED: [&str; 3] = ["sqs:ReceiveMessage", "sqs:DeleteMessageBatch", "sqs:GetQueueAttributes"];
/// How long a message is kept, as the rule of `docs/operations.md` sets it up.
const RETENTION: i64 = 300 * SECOND;
/// The queue's own visibility timeout, in seconds: SQS's default.
const VISIBILITY: i64 = 30;

/// What the one queue holds.
#[derive(Debug, Default)]
pub(crate) struct Queue(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    messages: VecDeque<Message>,
    /// The newest event taken from the fleet.
    taken: u64,
}

#[derive(Debug)]
struct Message {
    happened: Happened,
    visible_at: i64,
    received: u64,
}

impl Held {
    /// Takes over what happened since, and lets go of what is too old.
    fn settle(&mut self, fleet: &Fleet) {
        let taken = self.taken;
        let new = fleet.happened.iter().filter(|happened| happened.number > taken);
        self.messages.extend(new.map(|happened| Message { happened: happened.clone(), visible_at: happened.at, received: 0 }));
        self.taken = fleet.happened.back().map_or(taken, |newest| newest.number.max(taken));
        self.messages.retain(|message| fleet.now - message.happened.at <= RETENTION);
    }
}

pub(crate) fn serve(call: &Call, fleet: &Fleet, queue: &Queue) -> Result<Value, ApiError> {
    let mut held = queue.held();
    held.settle(fleet);
    match call.operation.as_str() {
        "ReceiveMessage" => receive(&call.input()?, fleet, &mut held),
        "DeleteMessageBatch" => delete(&call.input()?, fleet, &mut held),
        "GetQueueAttributes" => attributes(&call.input()?, fleet, &held),
        _ => Err(ApiError::unknown_operation(call, &SERVED)),
    }
}

/// How long an empty answer to this call is to be held back; none: not at all.
pub(crate) fn patience(call: &Call) -> Option<Duration> {
    let asked: Receive = (call.operation == "ReceiveMessage").then(|| call.input().ok()).flatten()?;
    asked.wait_time_seconds.and_then(|seconds| u64::try_from(seconds).ok()).filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

/// Whether a ReceiveMessage found nothing: SQS leaves the list out then.
pub(crate) fn found_nothing(answer: &Value) -> bool {
    answer.get("Messages").is_none()
}

impl Queue {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError { query_code: Some("InvalidParameterValue"), ..ApiError::new("InvalidParameterValueException", message) }
}

/// Refuses any queue but the one.
fn in_queue(url: Option<&str>) -> Result<(), ApiError> {
    let Some(url) = url else {
        return Err(ApiError {
            query_code: Some("MissingParameter"),
            ..ApiError::new("MissingParameter", "The request must contain the parameter QueueUrl.")
        });
    };
    if url.ends_with(&format!("/{}/{}", arn::ACCOUNT, arn::EVENT_QUEUE)) {
        return Ok(());
    }
    let code = Some("AWS.SimpleQueueService.NonExistentQueue");
    Err(ApiError { query_code: code, ..ApiError::new("QueueDoesNotExist", "The specified queue does not exist.") })
}

fn within(name: &str, given: Option<i64>, default: i64, allowed: std::ops::RangeInclusive<i64>) -> Result<i64, ApiError> {
    let value = given.unwrap_or(default);
    if allowed.contains(&value) {
        return Ok(value);
    }
    Err(invalid(format!(
        "Value {value} for parameter {name} is invalid. Reason: Must be between {} and {}, if provided.",
        allowed.start(),
        allowed.end()
    )))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Receive {
    queue_url: Option<String>,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
}

fn receive(input: &Receive, fleet: &Fleet, held: &mut Held) -> Result<Value, ApiError> {
    in_queue(input.queue_url.as_deref())?;
    let most = within("MaxNumberOfMessages", input.max_number_of_messages, 1, 1..=10)?;
    let hidden = within("VisibilityTimeout", input.visibility_timeout, VISIBILITY, 0..=43_200)?;
    within("WaitTimeSeconds", input.wait_time_seconds, 0, 0..=20)?;
    // ECS forgets a task after an hour, a message is gone after minutes: there is a body for each
    let visible = held.messages.iter_mut().filter(|message| message.visible_at <= fleet.now);
    let messages: Vec<Value> = visible
        .filter_map(|message| {
            let body = event::body(&message.happened, fleet)?;
            message.visible_at = fleet.now + hidden * SECOND;
            message.received += 1;
            let mut dice = Dice::new(fleet.seed, "message", message.happened.number);
            let id = event_id(&mut dice);
            Some(json!({
                "MessageId": id,
                "ReceiptHandle": format!("{}-{}-{}", message.happened.number, message.received, dice.hex(32)),
                "Body": body.to_string(),
            }))
        })
        .take(usize::try_from(most).unwrap_or(1))
        .collect();
    Ok(if messages.is_empty() { json!({}) } else { json!({"Messages": messages}) })
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct DeleteBatch {
    queue_url: Option<String>,
    entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    id: String,
    receipt_handle: String,
}

fn delete(input: &DeleteBatch, fleet: &Fleet, held: &mut Held) -> Result<Value, ApiError> {
    in_queue(input.queue_url.as_deref())?;
    let refused = |code: &'static str, query_code, message: &str| ApiError { query_code: Some(query_code), ..ApiError::new(code, message) };
    if input.entries.is_empty() {
        let code = "AWS.SimpleQueueService.EmptyBatchRequest";
        return Err(refused("EmptyBatchRequest", code, "There should be at least one DeleteMessageBatchRequestEntry in the request."));
    }
    if input.entries.len() > 10 {
        let code = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest";
        return Err(refused("TooManyEntriesInBatchRequest", code, "Maximum number of entries per request are 10."));
    }
    if input.entries.iter().map(|entry| &entry.id).collect::<BTreeSet<_>>().len() < input.entries.len() {
        return Err(refused(
            "BatchEntryIdsNotDistinct",
            "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            "Two or more batch entries have the same Id.",
        ));
    }
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for entry in &input.entries {
        match receipt(&entry.receipt_handle, fleet.seed) {
            // one that is gone already is deleted as well
            Some(number) => {
                held.messages.retain(|message| message.happened.number != number);
                done.push(json!({"Id": entry.id}));
            }
            None => failed.push(json!({
                "Id": entry.id, "SenderFault": true, "Code": "ReceiptHandleIsInvalid", "Message": "The input receipt handle is invalid.",
            })),
        }
    }
    Ok(json!({"Successful": done, "Failed": failed}))
}

/// Which message a receipt is of, if it was ever given.
fn receipt(handle: &str, seed: u64) -> Option<u64> {
    let mut parts = handle.split('-');
    let number: u64 = parts.next()?.parse().ok()?;
    let _received: u64 = parts.next()?.parse().ok()?;
    let mut dice = Dice::new(seed, "message", number);
    event_id(&mut dice);
    (parts.next()? == dice.hex(32) && parts.next().is_none()).then_some(number)
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Attributes {
    queue_url: Option<String>,
    attribute_names: Vec<String>,
}

fn attributes(input: &Attributes, fleet: &Fleet, held: &Held) -> Result<Value, ApiError> {
    in_queue(input.queue_url.as_deref())?;
    let waiting = held.messages.iter().filter(|message| message.visible_at <= fleet.now).count();
    let queue = arn::event_queue();
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "EventBridge", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": arn::event_rule()}},
    }]});
    let all = [
        ("QueueArn", queue),
        ("Policy", policy.to_string()),
        ("ApproximateNumberOfMessages", waiting.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", (held.messages.len() - waiting).to_string()),
        ("ApproximateNumberOfMessagesDelayed", "0".to_owned()),
        ("MessageRetentionPeriod", (RETENTION / SECOND).to_string()),
        ("VisibilityTimeout", VISIBILITY.to_string()),
        ("SqsManagedSseEnabled", "true".to_owned()),
    ];
    if let Some(unknown) = input.attribute_names.iter().find(|name| *name != "All" && !all.iter().any(|(known, _)| known == name)) {
        let code = Some("InvalidAttributeName");
        return Err(ApiError { query_code: code, ..ApiError::new("InvalidAttributeName", format!("Unknown Attribute {unknown}.")) });
    }
    let wanted = |name: &str| input.attribute_names.iter().any(|asked| asked == "All" || asked == name);
    let found: Map<String, Value> =
        all.into_iter().filter(|(name, _)| wanted(name)).map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    Ok(if found.is_empty() { json!({}) } else { json!({"Attributes": found}) })
}
