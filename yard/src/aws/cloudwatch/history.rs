//! DescribeAlarmHistory.
//!
//! The trap: as with DescribeAlarms, only metric alarms are meant unless their types are named.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    aws::{
        answer::{ApiError, seconds},
        cloudwatch::{alarms, bad_token, invalid, time},
        page,
    },
    model::{
        Fleet,
        alarm::AlarmState,
        alarm_history::{HistoryItem, Subject, Told, What},
        arn,
    },
};

/// CloudWatch's limit for MaxRecords, and what it takes without one.
const LARGEST_PAGE: i64 = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DescribeAlarmHistory {
    alarm_name: Option<String>,
    alarm_types: Option<Vec<String>>,
    history_item_type: Option<String>,
    start_date: Option<Value>,
    end_date: Option<Value>,
    max_records: Option<i64>,
    next_token: Option<String>,
    scan_by: Option<String>,
}

pub(super) fn describe_alarm_history(input: &DescribeAlarmHistory, fleet: &Fleet) -> Result<Value, ApiError> {
    let page = usize::try_from(input.validate()?).unwrap_or(1);
    let date = |value: &Option<Value>, name| value.as_ref().map(|value| time::micros(Some(value), name)).transpose();
    let (from, until) = (date(&input.start_date, "StartDate")?.unwrap_or(i64::MIN), date(&input.end_date, "EndDate")?.unwrap_or(i64::MAX));
    let ascending = input.scan_by.as_deref() == Some("TimestampAscending");
    let listing = format!(
        "DescribeAlarmHistory {:?} {:?} {:?} {from} {until} {ascending}",
        input.alarm_name, input.alarm_types, input.history_item_type
    );
    // the number of the last entry of the page before
    let last = match &input.next_token {
        None => None,
        Some(token) => Some(page::position(fleet.seed, &listing, token).ok_or_else(bad_token)?),
    };
    let items = fleet.alarm_history.items();
    let (begin, end) = (items.partition_point(|item| item.at < from), items.partition_point(|item| item.at <= until));
    let within = items.range(begin..end.max(begin));
    let wanted = |item: &&HistoryItem| input.matches(item, fleet);
    let mut matching: Vec<&HistoryItem> = if ascending {
        within.filter(|item| last.is_none_or(|last| item.number > last)).filter(wanted).take(page + 1).collect()
    } else {
        within.rev().filter(|item| last.is_none_or(|last| item.number < last)).filter(wanted).take(page + 1).collect()
    };
    let more = matching.len() > page;
    matching.truncate(page);
    let mut answer = json!({"AlarmHistoryItems": matching.iter().map(|item| shape(item, fleet)).collect::<Vec<_>>()});
    if let (true, Some(item), Some(members)) = (more, matching.last(), answer.as_object_mut()) {
        members.insert("NextToken".to_owned(), Value::from(page::token(fleet.seed, &listing, item.number)));
    }
    Ok(answer)
}

fn kind(what: &What) -> &'static str {
    match what {
        What::Created | What::Reconfigured => "ConfigurationUpdate",
        What::State { .. } => "StateUpdate",
        What::Notified(_) => "Action",
    }
}

impl DescribeAlarmHistory {
    /// Checks what CloudWatch checks; answers the page size.
    fn validate(&self) -> Result<i64, ApiError> {
        let page = self.max_records.unwrap_or(LARGEST_PAGE);
        if !(1..=LARGEST_PAGE).contains(&page) {
            return Err(invalid(&page.to_string(), "maxRecords", "Member must have value between 1 and 100"));
        }
        let known = ["ConfigurationUpdate", "StateUpdate", "Action", "AlarmContributorStateUpdate", "AlarmContributorAction"];
        if let Some(word) = self.history_item_type.as_ref().filter(|word| !known.contains(&word.as_str())) {
            return Err(invalid(word, "historyItemType", &format!("Member must satisfy enum value set: [{}]", known.join(", "))));
        }
        if let Some(word) = self.scan_by.as_ref().filter(|word| !["TimestampDescending", "TimestampAscending"].contains(&word.as_str())) {
            return Err(invalid(word, "scanBy", "Member must satisfy enum value set: [TimestampDescending, TimestampAscending]"));
        }
        alarms::known_types(self.alarm_types.as_deref())?;
        Ok(page)
    }

    fn matches(&self, item: &HistoryItem, fleet: &Fleet) -> bool {
        let (name, kind_of_alarm) = subject(item, fleet);
        alarms::wants(self.alarm_types.as_deref(), kind_of_alarm)
            && self.alarm_name.as_ref().is_none_or(|wanted| wanted == name)
            && self.history_item_type.as_ref().is_none_or(|wanted| wanted == kind(&item.what))
    }
}

fn subject<'a>(item: &HistoryItem, fleet: &'a Fleet) -> (&'a str, &'static str) {
    match item.subject {
        Subject::Metric(index) => (fleet.alarms.get(index).map(|alarm| alarm.name.as_str()).unwrap_or_default(), "MetricAlarm"),
        Subject::Composite(index) => {
            (fleet.composite_alarms.get(index).map(|alarm| alarm.name.as_str()).unwrap_or_default(), "CompositeAlarm")
        }
    }
}

fn shape(item: &HistoryItem, fleet: &Fleet) -> Value {
    let (name, kind_of_alarm) = subject(item, fleet);
    let (summary, data) = match &item.what {
        What::Created => (format!("Alarm \"{name}\" created"), configuration("Create", "createdAlarm", item, fleet)),
        What::Reconfigured => (format!("Alarm \"{name}\" updated"), configuration("Update", "updatedAlarm", item, fleet)),
        What::State { from, to } => (
            format!("Alarm updated from {} to {}", from.state.as_str(), to.state.as_str()),
            json!({"version": "1.0", "oldState": told(from), "newState": told(to)}),
        ),
        What::Notified(state) => (format!("Successfully executed action {}", arn::alert_topic()), notified(name, *state, item, fleet)),
    };
    json!({
        "AlarmName": name,
        "AlarmType": kind_of_alarm,
        "Timestamp": seconds(item.at),
        "HistoryItemType": kind(&item.what),
        "HistorySummary": summary,
        "HistoryData": data.to_string(),
    })
}

fn told(told: &Told) -> Value {
    let mut shape = json!({"stateValue": told.state.as_str(), "stateReason": told.reason});
    let data = told.data.as_ref().and_then(|data| serde_json::from_str::<Value>(data).ok());
    if let (Some(data), Some(members)) = (data, shape.as_object_mut()) {
        members.insert("stateReasonData".to_owned(), data);
    }
    shape
}

fn configuration(kind: &str, member: &str, item: &HistoryItem, fleet: &Fleet) -> Value {
    let Subject::Metric(index) = item.subject else { return json!({"version": "1.0", "type": kind}) };
    let Some(alarm) = fleet.alarms.get(index) else { return json!({"version": "1.0", "type": kind}) };
    json!({"version": "1.0", "type": kind, member: {
        "alarmName": alarm.name,
        "alarmArn": arn::alarm(&alarm.name),
        "alarmDescription": alarm.description,
        "actionsEnabled": alarm.actions_enabled,
        "alarmActions": if alarm.notifies { vec![arn::alert_topic()] } else { Vec::new() },
        "metricName": alarm.watched.measured().name(),
        "namespace": alarm.watched.measured().namespace(),
        "statistic": alarm.watched.statistic().to_uppercase(),
        "period": crate::model::alarm::PERIOD,
        "evaluationPeriods": crate::model::alarm::EVALUATION_PERIODS,
        "threshold": alarm.watched.threshold(),
        "comparisonOperator": alarm.watched.comparison(),
        "treatMissingData": alarm.watched.treats_missing(),
    }})
}

fn notified(name: &str, state: AlarmState, item: &HistoryItem, fleet: &Fleet) -> Value {
    let description = match item.subject {
        Subject::Metric(index) => fleet.alarms.get(index).map(|alarm| alarm.description.clone()),
        Subject::Composite(index) => fleet.composite_alarms.get(index).map(|alarm| alarm.description.clone()),
    };
    let when = Timestamp::from_microsecond(item.at).map(|time| time.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()).unwrap_or_default();
    let message = json!({
        "AlarmName": name,
        "AlarmDescription": description,
        "AWSAccountId": arn::ACCOUNT,
        "NewStateValue": state.as_str(),
        "StateChangeTime": when,
        "AlarmArn": arn::alarm(name),
    });
    json!({
        "actionState": "Succeeded",
        "notificationResource": arn::alert_topic(),
        "publishedMessage": json!({"default": message.to_string()}).to_string(),
        "stateUpdateTimestamp": item.at.div_euclid(1_000),
        "error": null,
    })
}
