//! The fleet's events as EventBridge sends them, in the shapes of the Amazon ECS developer guide.
//!
//! The trap: a task is told with what is known of it when the message is made, only its statuses are those of the event. ECS's events are a snapshot of everything.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    aws::ecs::tasks,
    dice::Dice,
    model::{
        Fleet, arn, event_id,
        events::{Happened, What},
    },
};

/// The message's body; none where the fleet no longer knows what it was about.
pub(super) fn body(happened: &Happened, fleet: &Fleet) -> Option<Value> {
    let (kind, resource, detail) = match happened.what {
        What::Task { task, last, desired, version } => {
            let task = fleet.tasks.get(&task)?;
            let mut detail = tasks::shape(task, fleet, false);
            let members = detail.as_object_mut()?;
            // "the time stamps are in ISO 8601" there, seconds since 1970 in DescribeTasks
            for (name, at) in tasks::times(task).chain([("createdAt", task.created_at), ("updatedAt", happened.at)]) {
                members.insert(name.to_owned(), json!(time(at, 3)));
            }
            members.remove("tags");
            members.insert("lastStatus".to_owned(), json!(last.as_str()));
            members.insert("desiredStatus".to_owned(), json!(desired));
            members.insert("version".to_owned(), json!(version));
            ("ECS Task State Change", task.arn(), detail)
        }
        What::Service { service, name } => {
            let detail = json!({"eventType": "INFO", "eventName": name, "clusterArn": arn::cluster(), "createdAt": time(happened.at, 3)});
            ("ECS Service Action", fleet.services.get(service)?.arn(), detail)
        }
    };
    let id = event_id(&mut Dice::new(fleet.seed, "eventbridge", happened.number));
    Some(json!({
        "version": "0",
        "id": id,
        "detail-type": kind,
        "source": "aws.ecs",
        "account": arn::ACCOUNT,
        "time": time(happened.at, 0),
        "region": arn::REGION,
        "resources": [resource],
        "detail": detail,
    }))
}

/// `2026-03-01T12:00:00Z`, or with thousandths.
fn time(micros: i64, digits: u8) -> String {
    let time = Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
    if digits == 0 { format!("{time:.0}") } else { format!("{time:.3}") }
}
