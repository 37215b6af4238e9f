//! CloudWatch.

use aws_sdk_cloudwatch::types::AlarmType;

use super::{Trial, Tried};
use crate::aws::Connection;
use crate::operations::{DESCRIBE_ALARM_HISTORY, DESCRIBE_ALARMS};

pub(super) async fn tried(connection: &Connection) -> Vec<Tried> {
    let mut trial = Trial::new(connection);
    // the types every endpoint knows; composite alarms need the permission on `*`
    let types = vec![AlarmType::MetricAlarm, AlarmType::CompositeAlarm];
    let describe = || connection.cloudwatch.describe_alarms().set_alarm_types(Some(types.clone())).max_records(100).send();
    trial
        .ask(DESCRIBE_ALARMS, "", &[], describe, |answer| {
            let found = answer.metric_alarms().len() + answer.composite_alarms().len();
            let more = if answer.next_token().is_some() { " and more" } else { "" };
            format!("{}{more}", domain::text::count(found as u64, "alarm"))
        })
        .await;
    let history = || connection.cloudwatch.describe_alarm_history().set_alarm_types(Some(types.clone())).max_records(1).send();
    trial
        .ask(DESCRIBE_ALARM_HISTORY, "", &[], history, |answer| match answer.alarm_history_items().len() {
            0 => "permitted; nothing happened yet".to_owned(),
            _ => "read the newest change".to_owned(),
        })
        .await;
    trial.tried
}
