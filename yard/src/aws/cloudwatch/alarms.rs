//! DescribeAlarms.
//!
//! The trap: without `AlarmTypes` only metric alarms are returned, however many composite ones there are.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    aws::{
        answer::{ApiError, seconds},
        page,
    },
    model::{
        Fleet,
        alarm::{Alarm, AlarmState, CompositeAlarm, EVALUATION_PERIODS, PERIOD},
        arn,
    },
};

/// CloudWatch's limits for MaxRecords and for the number of names; the default is 50.
const LARGEST_PAGE: i64 = 100;
const DEFAULT_PAGE: i64 = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DescribeAlarms {
    alarm_names: Option<Vec<String>>,
    alarm_name_prefix: Option<String>,
    alarm_types: Option<Vec<String>>,
    state_value: Option<String>,
    max_records: Option<i64>,
    next_token: Option<String>,
    action_prefix: Option<String>,
    children_of_alarm_name: Option<String>,
    parents_of_alarm_name: Option<String>,
}

/// A metric or a composite alarm, in the order in which pages go through them.
enum Either<'a> {
    Composite(&'a CompositeAlarm),
    Metric(&'a Alarm),
}

impl Either<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Composite(alarm) => &alarm.name,
            Self::Metric(alarm) => &alarm.name,
        }
    }

    fn notifies(&self) -> bool {
        match self {
            Self::Composite(_) => true,
            Self::Metric(alarm) => alarm.notifies,
        }
    }

    fn state(&self) -> AlarmState {
        match self {
            Self::Composite(alarm) => alarm.state,
            Self::Metric(alarm) => alarm.state,
        }
    }
}

pub(super) fn describe_alarms(input: &DescribeAlarms, fleet: &Fleet) -> Result<Value, ApiError> {
    let page = input.validate()?;
    let listing = format!(
        "DescribeAlarms {:?} {:?} {:?} {:?} {:?}",
        input.action_prefix, input.alarm_names, input.alarm_name_prefix, input.alarm_types, input.state_value
    );
    let start = match &input.next_token {
        None => 0,
        Some(token) => page::position(fleet.seed, &listing, token)
            .ok_or_else(|| ApiError::new("InvalidNextToken", "The next token specified is invalid."))?,
    };
    let all_composites = fleet.composite_alarms.iter().filter(|_| input.wants("CompositeAlarm")).count();
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let composites = fleet.composite_alarms.iter().take(all_composites).map(Either::Composite).skip(start);
    let metrics = fleet.alarms.iter().filter(|_| input.wants("MetricAlarm")).map(Either::Metric).skip(start.saturating_sub(all_composites));
    let mut matching = composites.chain(metrics).zip(start as u64..).filter(|(alarm, _)| input.matches(alarm));
    let (mut composite, mut metric) = (Vec::new(), Vec::new());
    for (alarm, _) in matching.by_ref().take(page) {
        match alarm {
            Either::Composite(alarm) => composite.push(composite_shape(alarm)),
            Either::Metric(alarm) => metric.push(metric_shape(alarm, fleet)),
        }
    }
    let mut answer = json!({"CompositeAlarms": composite, "MetricAlarms": metric});
    if let Some(members) = answer.as_object_mut().filter(|_| input.wants("LogAlarm")) {
        members.insert("LogAlarms".to_owned(), json!([]));
    }
    if let (Some((_, next)), Some(members)) = (matching.next(), answer.as_object_mut()) {
        members.insert("NextToken".to_owned(), Value::from(page::token(fleet.seed, &listing, next)));
    }
    Ok(answer)
}

impl DescribeAlarms {
    /// Checks everything CloudWatch checks; answers the page size.
    fn validate(&self) -> Result<usize, ApiError> {
        let invalid = |value: &str, field: &str, constraint: &str| Err(super::invalid(value, field, constraint));
        let page = self.max_records.unwrap_or(DEFAULT_PAGE);
        if page < 1 {
            return invalid(&page.to_string(), "maxRecords", "Member must have value greater than or equal to 1");
        }
        if page > LARGEST_PAGE {
            return invalid(&page.to_string(), "maxRecords", "Member must have value less than or equal to 100");
        }
        if self.alarm_names.as_ref().is_some_and(|names| names.len() > 100) {
            return invalid("[...]", "alarmNames", "Member must have length less than or equal to 100");
        }
        if let Some(state) = self.state_value.as_ref().filter(|state| AlarmState::parse(state).is_none()) {
            return invalid(state, "stateValue", "Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]");
        }
        known_types(self.alarm_types.as_deref())?;
        if self.alarm_names.as_ref().is_some_and(|names| !names.is_empty()) && self.alarm_name_prefix.is_some() {
            return Err(ApiError::new("InvalidParameterCombination", "AlarmNamePrefix cannot be specified together with AlarmNames"));
        }
        if self.children_of_alarm_name.is_some() || self.parents_of_alarm_name.is_some() {
            // better refused than ignored: an answer to another question would look right
            return Err(ApiError::new("ValidationError", "the yard does not serve ChildrenOfAlarmName and ParentsOfAlarmName"));
        }
        Ok(usize::try_from(page).unwrap_or(1))
    }

    fn wants(&self, kind: &str) -> bool {
        wants(self.alarm_types.as_deref(), kind)
    }

    fn matches(&self, alarm: &Either<'_>) -> bool {
        let named = self.alarm_names.as_ref().is_none_or(|names| names.is_empty() || names.iter().any(|name| name == alarm.name()));
        let prefixed = self.alarm_name_prefix.as_ref().is_none_or(|prefix| alarm.name().starts_with(prefix));
        let in_state = self.state_value.as_ref().is_none_or(|state| alarm.state().as_str() == state);
        let notifies = self.action_prefix.as_ref().is_none_or(|prefix| alarm.notifies() && arn::alert_topic().starts_with(prefix));
        named && prefixed && in_state && notifies
    }
}

/// Refuses a kind of alarm that CloudWatch does not know.
pub(super) fn known_types(types: Option<&[String]>) -> Result<(), ApiError> {
    let known = ["CompositeAlarm", "LogAlarm", "MetricAlarm"];
    match types.into_iter().flatten().find(|kind| !known.contains(&kind.as_str())) {
        Some(kind) => {
            Err(super::invalid(kind, "alarmTypes", "Member must satisfy enum value set: [CompositeAlarm, LogAlarm, MetricAlarm]"))
        }
        None => Ok(()),
    }
}

/// Whether a kind of alarm is asked for: without types only metric alarms are.
pub(super) fn wants(types: Option<&[String]>, kind: &str) -> bool {
    match types {
        Some(types) if !types.is_empty() => types.iter().any(|wanted| wanted == kind),
        _ => kind == "MetricAlarm",
    }
}

fn metric_shape(alarm: &Alarm, fleet: &Fleet) -> Value {
    let own = fleet.services.get(alarm.service).map(|service| fleet.dimensions(service, alarm.watched.measured())).unwrap_or_default();
    let dimensions: Vec<Value> = own
        .into_iter()
        // whoever wrote it misspelt the service: it watches what nobody reports
        .map(|(name, value)| json!({"Name": name, "Value": if alarm.blind && name == "ServiceName" { value.replace('-', "_") } else { value }}))
        .collect();
    let mut shape = json!({
        "AlarmName": alarm.name,
        "AlarmArn": arn::alarm(&alarm.name),
        "AlarmDescription": alarm.description,
        "AlarmConfigurationUpdatedTimestamp": seconds(alarm.configured_at),
        "ActionsEnabled": alarm.actions_enabled,
        "OKActions": [],
        "AlarmActions": if alarm.notifies { vec![arn::alert_topic()] } else { Vec::new() },
        "InsufficientDataActions": [],
        "StateValue": alarm.state.as_str(),
        "StateReason": alarm.reason,
        "StateUpdatedTimestamp": seconds(alarm.updated_at),
        "StateTransitionedTimestamp": seconds(alarm.transitioned_at),
        "MetricName": alarm.watched.measured().name(),
        "Namespace": alarm.watched.measured().namespace(),
        "Statistic": alarm.watched.statistic(),
        "Dimensions": dimensions,
        "Period": PERIOD,
        "EvaluationPeriods": EVALUATION_PERIODS,
        "DatapointsToAlarm": EVALUATION_PERIODS,
        "Threshold": alarm.watched.threshold(),
        "ComparisonOperator": alarm.watched.comparison(),
        "TreatMissingData": alarm.watched.treats_missing(),
    });
    if let (Some(data), Some(members)) = (&alarm.reason_data, shape.as_object_mut()) {
        members.insert("StateReasonData".to_owned(), Value::from(data.as_str()));
    }
    shape
}

fn composite_shape(alarm: &CompositeAlarm) -> Value {
    json!({
        "AlarmName": alarm.name,
        "AlarmArn": arn::alarm(&alarm.name),
        "AlarmDescription": alarm.description,
        "AlarmConfigurationUpdatedTimestamp": seconds(alarm.configured_at),
        "AlarmRule": alarm.rule,
        "ActionsEnabled": true,
        "OKActions": [],
        "AlarmActions": [arn::alert_topic()],
        "InsufficientDataActions": [],
        "StateValue": alarm.state.as_str(),
        "StateReason": alarm.reason,
        "StateUpdatedTimestamp": seconds(alarm.updated_at),
        "StateTransitionedTimestamp": seconds(alarm.transitioned_at),
    })
}
