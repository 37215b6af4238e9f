//! SQS: the queue that the config names for ECS's events.
//!
//! The trap: a running server reads the same queue. A message received here stays visible for it (a visibility timeout of
//! zero), and what is asked to be deleted is a receipt nobody was given.

use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, QueueAttributeName};
use domain::source::{Fault, FaultKind};
use domain::text::count;

use super::{Answer, Trial, Tried};
use crate::aws::Connection;
use crate::events::{QueueUrl, closed};
use crate::operations::{DELETE_MESSAGE, GET_QUEUE_ATTRIBUTES, Operation, RECEIVE_MESSAGE};

/// No receipt that was ever given.
const NO_RECEIPT: &str = "signalbox-doctor";
/// SQS on a receipt that is none, where it refuses the whole request for it.
const NO_SUCH_RECEIPT: [&str; 2] = ["ReceiptHandleIsInvalid", "InvalidParameterValue"];

fn untried(operation: Operation, queue: &QueueUrl, why: &str) -> Tried {
    Tried { operation, on: queue.name().to_owned(), answer: Answer::Untried(why.to_owned()) }
}

/// The trials, and why nothing can arrive in the queue.
pub(super) async fn tried(connection: &Connection, queue: &QueueUrl) -> (Vec<Tried>, Option<String>) {
    if let Some(region) = queue.region().filter(|region| *region != connection.region) {
        let message = format!("the queue is in {region}, but the environment is in {}", connection.region);
        let fault = Fault::new(FaultKind::NotFound, Some(RECEIVE_MESSAGE.name), &message);
        let first = Tried { operation: RECEIVE_MESSAGE, on: queue.name().to_owned(), answer: Answer::Fails(fault) };
        let rest = [DELETE_MESSAGE, GET_QUEUE_ATTRIBUTES].map(|operation| untried(operation, queue, "the queue is elsewhere, see above"));
        return (std::iter::once(first).chain(rest).collect(), None);
    }
    let mut trial = Trial::new(connection);
    let (sqs, url, on) = (&connection.sqs, queue.as_str(), queue.name());
    let receive = || sqs.receive_message().queue_url(url).max_number_of_messages(1).visibility_timeout(0).wait_time_seconds(0).send();
    trial
        .ask(RECEIVE_MESSAGE, on, &[], receive, |answer| match answer.messages() {
            [] => "permitted; no message waits".to_owned(),
            _ => "read a message, and left it there".to_owned(),
        })
        .await;
    let there_is_none = |tried: &Tried| matches!(&tried.answer, Answer::Fails(fault) if fault.kind == FaultKind::NotFound);
    if trial.tried.last().is_some_and(there_is_none) {
        trial
            .tried
            .extend([DELETE_MESSAGE, GET_QUEUE_ATTRIBUTES].map(|operation| untried(operation, queue, "there is no such queue, see above")));
        return (trial.tried, None);
    }
    let entry = DeleteMessageBatchRequestEntry::builder().id("0").receipt_handle(NO_RECEIPT).build().ok();
    #[expect(clippy::disallowed_methods, reason = "the receipt is of no message: tried only to learn whether it is permitted")]
    let delete = || sqs.delete_message_batch().queue_url(url).set_entries(entry.clone().map(|entry| vec![entry])).send();
    trial.ask(DELETE_MESSAGE, on, &NO_SUCH_RECEIPT, delete, |_| "permitted; nothing was deleted".to_owned()).await;
    let attributes = || {
        let get = sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::Policy);
        get.attribute_names(QueueAttributeName::ApproximateNumberOfMessages).send()
    };
    let read = trial
        .ask(GET_QUEUE_ATTRIBUTES, on, &[], attributes, |answer| {
            let waiting = answer.attributes().and_then(|all| all.get(&QueueAttributeName::ApproximateNumberOfMessages));
            let waiting = waiting.and_then(|number| number.parse().ok()).unwrap_or(0);
            format!("about {}", count(waiting, "message"))
        })
        .await;
    let policy = |attributes: &std::collections::HashMap<_, String>| attributes.get(&QueueAttributeName::Policy).cloned();
    let closed = read.and_then(|answer| closed(answer.attributes().and_then(policy).as_deref()));
    (trial.tried, closed)
}
