//! CloudWatch Logs, of which reading one log group is served: AWS JSON 1.1.
//!
//! The trap: GetLogEvents never says "that was all". It answers with the very token it was given, and a page can be empty in between.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    aws::{answer::ApiError, call::Call, page},
    dice::Dice,
    model::{Fleet, arn, logs, task::Task},
};

const SERVED: [&str; 3] = ["logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:GetLogEvents"];

pub(crate) fn serve(call: &Call, fleet: &Fleet) -> Result<Value, ApiError> {
    match call.operation.as_str() {
        "DescribeLogGroups" => describe_groups(&call.input()?, fleet),
        "DescribeLogStreams" => describe_streams(&call.input()?, fleet),
        "GetLogEvents" => get_events(&call.input()?, fleet),
        _ => Err(ApiError::unknown_operation(call, &SERVED)),
    }
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

fn not_there(message: &str) -> ApiError {
    ApiError::new("ResourceNotFoundException", message)
}

/// Refuses any group but the fleet's own, given by name or by ARN, but not by both.
fn in_group(name: Option<&str>, identifier: Option<&str>) -> Result<(), ApiError> {
    let group = match (name, identifier) {
        (Some(name), None) => name,
        (None, Some(identifier)) => identifier.rsplit_once("log-group:").map_or(identifier, |(_, group)| group),
        _ => return Err(invalid("Exactly one of logGroupName and logGroupIdentifier must be given.")),
    };
    if group == arn::LOG_GROUP { Ok(()) } else { Err(not_there("The specified log group does not exist.")) }
}

fn limit(given: Option<i64>, default: usize, largest: i64) -> Result<usize, ApiError> {
    match given {
        None => Ok(default),
        Some(limit) if (1..=largest).contains(&limit) => Ok(usize::try_from(limit).unwrap_or(default)),
        Some(limit) => Err(invalid(format!(
            "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have value between 1 and {largest}"
        ))),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DescribeLogGroups {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    limit: Option<i64>,
}

fn describe_groups(input: &DescribeLogGroups, fleet: &Fleet) -> Result<Value, ApiError> {
    limit(input.limit, 50, 50)?;
    let prefixed = input.log_group_name_prefix.as_ref().is_none_or(|prefix| arn::LOG_GROUP.starts_with(prefix));
    let matching = input.log_group_name_pattern.as_ref().is_none_or(|pattern| arn::LOG_GROUP.contains(pattern));
    let group = json!({
        "logGroupName": arn::LOG_GROUP,
        "arn": format!("{}:*", arn::log_group()),
        "logGroupArn": arn::log_group(),
        "creationTime": (fleet.started_at - 90 * 24 * crate::clock::HOUR) / 1_000,
        "retentionInDays": 1,
        "metricFilterCount": 0,
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
    });
    Ok(json!({"logGroups": if prefixed && matching { vec![group] } else { Vec::new() }}))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DescribeLogStreams {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    descending: Option<bool>,
    limit: Option<i64>,
    next_token: Option<String>,
}

fn describe_streams(input: &DescribeLogStreams, fleet: &Fleet) -> Result<Value, ApiError> {
    in_group(input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
    let limit = limit(input.limit, 50, 50)?;
    let by_time = match input.order_by.as_deref() {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") if input.log_stream_name_prefix.is_some() => {
            return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
        }
        Some("LastEventTime") => true,
        Some(other) => return Err(invalid(format!("orderBy must be LogStreamName or LastEventTime, not {other}"))),
    };
    let listing = format!("DescribeLogStreams {:?} {by_time} {:?}", input.log_stream_name_prefix, input.descending);
    let named = fleet.all_logging().map(|task| (fleet.stream(task), task));
    let mut streams: Vec<(String, &Task)> =
        named.filter(|(name, _)| input.log_stream_name_prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix))).collect();
    if by_time {
        streams.sort_by_key(|(_, task)| (fleet.stream_times(task).1, task.number));
    } else {
        streams.sort_by(|(one, _), (other, _)| one.cmp(other));
    }
    if input.descending == Some(true) {
        streams.reverse();
    }
    let first = match &input.next_token {
        None => 0,
        Some(token) => {
            let number = page::position(fleet.seed, &listing, token).ok_or_else(|| invalid("The specified nextToken is invalid."))?;
            streams.iter().position(|(_, task)| task.number == number).unwrap_or(streams.len())
        }
    };
    let shapes: Vec<Value> = streams.iter().skip(first).take(limit).map(|(name, task)| stream_shape(name, task, fleet)).collect();
    let mut answer = json!({"logStreams": shapes});
    if let (Some((_, next)), Some(members)) = (streams.get(first + limit), answer.as_object_mut()) {
        members.insert("nextToken".to_owned(), Value::from(page::token(fleet.seed, &listing, next.number)));
    }
    Ok(answer)
}

fn stream_shape(name: &str, task: &Task, fleet: &Fleet) -> Value {
    let (first, last) = fleet.stream_times(task);
    json!({
        "logStreamName": name,
        "arn": format!("{}:log-stream:{name}", arn::log_group()),
        "creationTime": task.started_at.unwrap_or(first) / 1_000,
        "firstEventTimestamp": first / 1_000,
        "lastEventTimestamp": last / 1_000,
        "lastIngestionTime": last / 1_000,
        "uploadSequenceToken": Dice::new(fleet.seed, "upload", task.number).digits(56),
        "storedBytes": 0,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GetLogEvents {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<i64>,
    start_from_head: Option<bool>,
}

/// "as many log events as can fit in a response size of 1 MB (up to 10,000 log events)" (CloudWatch Logs API reference).
const MOST_EVENTS: usize = 10_000;
const MOST_BYTES: usize = 1 << 20;
/// What each event counts besides its text (CloudWatch Logs quotas).
const EVENT_OVERHEAD: usize = 26;

fn get_events(input: &GetLogEvents, fleet: &Fleet) -> Result<Value, ApiError> {
    in_group(input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
    let most = limit(input.limit, MOST_EVENTS, MOST_EVENTS as i64)?;
    let name = input.log_stream_name.as_deref().ok_or_else(|| invalid("logStreamName must be given."))?;
    let id = name.rsplit('/').next().unwrap_or_default();
    let task = fleet.logging(id).filter(|task| fleet.stream(task) == name);
    let task = task.ok_or_else(|| not_there("The specified log stream does not exist."))?;
    let micros = |millis: i64| millis.saturating_mul(1_000);
    let (from, until) = (input.start_time.map_or(i64::MIN, micros), input.end_time.map_or(i64::MAX, micros));
    if from > until {
        return Err(invalid("startTime must not be later than endTime."));
    }
    let place = match &input.next_token {
        None if input.start_from_head == Some(true) => Place::After(i64::MIN),
        None => Place::Before(i64::MAX),
        Some(token) => read_token(fleet.seed, name, token).ok_or_else(|| invalid("The specified nextToken is invalid."))?,
    };
    let mut lines = match place {
        Place::After(at) => fleet.lines(task, from.max(at.saturating_add(1)), until),
        Place::Before(at) => fleet.lines(task, from, until.min(at)),
    };
    let mut bytes = 0;
    let mut fits = |line: &logs::Line| {
        bytes += line.text.len() + EVENT_OVERHEAD;
        bytes <= MOST_BYTES
    };
    match place {
        Place::After(_) => {
            let count = lines.iter().take(most).take_while(|line| fits(line)).count();
            lines.truncate(count);
        }
        Place::Before(_) => {
            let count = lines.iter().rev().take(most).take_while(|line| fits(line)).count();
            lines.drain(..lines.len() - count);
        }
    }
    let tokens = tokens(fleet, name, place, &lines);
    let events: Vec<Value> = lines
        .iter()
        .map(|line| json!({"timestamp": line.at.div_euclid(1_000), "ingestionTime": line.at.div_euclid(1_000) + 90, "message": line.text}))
        .collect();
    Ok(json!({"events": events, "nextForwardToken": tokens.0, "nextBackwardToken": tokens.1}))
}

/// Where reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    After(i64),
    Before(i64),
}

/// Forward and backward: from what was read, or, where nothing was, from where reading stood.
fn tokens(fleet: &Fleet, stream: &str, place: Place, lines: &[logs::Line]) -> (String, String) {
    let stood = match place {
        Place::After(at) => at.saturating_add(1),
        Place::Before(at) => at,
    };
    // at the end of a stream to which something may still be added, "from now on" and not "for ever"
    let stood = stood.clamp(1, fleet.now + 1);
    let (last, first) = (lines.last().map_or(stood - 1, |line| line.at), lines.first().map_or(stood, |line| line.at));
    (write_token(fleet.seed, stream, Place::After(last)), write_token(fleet.seed, stream, Place::Before(first)))
}

fn write_token(seed: u64, stream: &str, place: Place) -> String {
    let (letter, at) = match place {
        Place::After(at) => ('f', at),
        Place::Before(at) => ('b', at),
    };
    let at = at.unsigned_abs();
    format!("{letter}/{at:020}{}/s", Dice::new(seed, &format!("{letter} {stream}"), at).digits(36))
}

fn read_token(seed: u64, stream: &str, token: &str) -> Option<Place> {
    let digits = token.get(2..22)?;
    let at: i64 = digits.parse().ok()?;
    let place = match token.split_once('/')?.0 {
        "f" => Place::After(at),
        "b" => Place::Before(at),
        _ => return None,
    };
    (write_token(seed, stream, place) == token).then_some(place)
}
