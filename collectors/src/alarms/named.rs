//! The states of a few alarms by name, for whoever watches one service while it is changed.
//!
//! Separate from the sweep because a sweep of thousands of alarms takes longer than such a look may. The trap: an alarm that
//! was deleted is simply not in the answer, and what is not there must not read as quiet.

use std::collections::BTreeMap;

use domain::source::{Fault, FaultKind};

use super::{EVERY_TYPE, OLDER_TYPES, refuses_a_type};
use crate::aws::Connection;
use crate::call::Tally;
use crate::ecs::pages::batches;
use crate::operations::DESCRIBE_ALARMS;

use aws_sdk_cloudwatch::types::{AlarmType, StateValue};

/// "You can specify up to 100 alarm names" (DescribeAlarms), and as many come in one answer.
const AT_ONCE: usize = 100;
/// In place of a state, of an alarm that CloudWatch does not know.
const NOT_FOUND: &str = "NOT FOUND";

/// Each of these alarms with its state in CloudWatch's word: one call for every hundred.
///
/// # Errors
/// The first fault: some of the states would not be known.
pub(crate) async fn states(connection: &Connection, tally: &Tally, names: &[String]) -> Result<Vec<(String, String)>, Fault> {
    let (told, fault) = batches(names.to_vec(), AT_ONCE, |hundred| async move {
        match ask(connection, tally, &hundred, &EVERY_TYPE).await {
            Err(fault) if refuses_a_type(&fault) => ask(connection, tally, &hundred, &OLDER_TYPES).await,
            answer => answer,
        }
    })
    .await;
    if let Some(fault) = fault {
        return Err(fault);
    }
    let told: BTreeMap<String, String> = told.into_iter().collect();
    let state = |name: &String| told.get(name).cloned().unwrap_or_else(|| NOT_FOUND.to_owned());
    Ok(names.iter().map(|name| (name.clone(), state(name))).collect())
}

async fn ask(connection: &Connection, tally: &Tally, names: &[String], types: &[AlarmType]) -> Result<Vec<(String, String)>, Fault> {
    let call = || {
        let describe = connection.cloudwatch.describe_alarms().set_alarm_names(Some(names.to_vec()));
        describe.set_alarm_types(Some(types.to_vec())).max_records(100).send()
    };
    let answer = connection.caller.call(DESCRIBE_ALARMS, tally, call).await?;
    if answer.next_token.is_some_and(|token| !token.is_empty()) {
        let message = "CloudWatch tells of more alarms than were asked for by name";
        return Err(Fault::new(FaultKind::Malformed, Some(DESCRIBE_ALARMS.name), message));
    }
    let pair = |name: Option<String>, state: Option<StateValue>| Some((name?, state?.as_str().to_owned()));
    let metric = answer.metric_alarms.unwrap_or_default().into_iter().filter_map(|alarm| pair(alarm.alarm_name, alarm.state_value));
    let composite = answer.composite_alarms.unwrap_or_default().into_iter().filter_map(|alarm| pair(alarm.alarm_name, alarm.state_value));
    let log = answer.log_alarms.unwrap_or_default().into_iter().filter_map(|alarm| pair(alarm.alarm_name, alarm.state_value));
    Ok(metric.chain(composite).chain(log).collect())
}
