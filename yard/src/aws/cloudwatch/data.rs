//! GetMetricData.
//!
//! The trap: a page goes through all queries at once, from the newest time to the oldest, so each metric comes in pieces, and a metric without a point is there too, empty.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    aws::{
        Served,
        answer::{ApiError, seconds},
        cloudwatch::{
            Dimension, bad_token, bad_value, invalid, missing, pairs,
            time::{self, Range, Statistic},
        },
        page,
    },
    model::{Fleet, metrics::Series},
};

/// "A single GetMetricData call can include as many as 500 MetricDataQuery structures" (CloudWatch API reference).
const MOST_QUERIES: usize = 500;
/// "The maximum number of data points the request should return before paginating. If you omit this, the default of 100,800 is used" (ditto).
const MOST_POINTS: i64 = 100_800;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct GetMetricData {
    metric_data_queries: Option<Vec<Query>>,
    start_time: Option<Value>,
    end_time: Option<Value>,
    next_token: Option<String>,
    scan_by: Option<String>,
    max_datapoints: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Query {
    id: Option<String>,
    metric_stat: Option<MetricStat>,
    expression: Option<String>,
    label: Option<String>,
    return_data: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct MetricStat {
    metric: Named,
    period: i64,
    stat: String,
    unit: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Named {
    namespace: String,
    metric_name: String,
    dimensions: Vec<Dimension>,
}

/// A query that was understood.
struct Wanted {
    id: String,
    label: String,
    period: i64,
    statistic: Statistic,
    /// None: nobody ever reported such a metric.
    series: Option<Series>,
}

pub(super) fn get_metric_data(input: GetMetricData, fleet: &Fleet) -> Result<Served, ApiError> {
    let queries = input.metric_data_queries.filter(|queries| !queries.is_empty()).ok_or_else(|| missing("MetricDataQueries"))?;
    if queries.len() > MOST_QUERIES {
        return Err(ApiError::new("ValidationError", "The collection MetricDataQueries must not have a size greater than 500."));
    }
    let now = fleet.now;
    let range = Range::new(time::micros(input.start_time.as_ref(), "StartTime")?, time::micros(input.end_time.as_ref(), "EndTime")?, now)?;
    let newest_first = match input.scan_by.as_deref() {
        None | Some("TimestampDescending") => true,
        Some("TimestampAscending") => false,
        Some(other) => {
            return Err(invalid(other, "scanBy", "Member must satisfy enum value set: [TimestampDescending, TimestampAscending]"));
        }
    };
    let most = input.max_datapoints.unwrap_or(MOST_POINTS);
    if !(1..=MOST_POINTS).contains(&most) {
        return Err(bad_value(format!("The parameter MaxDatapoints must be between 1 and 100800, not {most}.")));
    }
    // the range moves when its start is rounded against a later now; what it was asked as does not
    let listing = format!("GetMetricData {queries:?} {:?} {:?} {newest_first}", input.start_time, input.end_time);
    let first = match &input.next_token {
        None => 0,
        Some(token) => page::position(fleet.seed, &listing, token).ok_or_else(bad_token)?,
    };
    let mut wanted: Vec<Wanted> = Vec::new();
    for query in queries {
        let returned = query.return_data.unwrap_or(true);
        let one = query.understood(fleet)?;
        if wanted.iter().any(|other| other.id == one.id) {
            return Err(ApiError::new("ValidationError", format!("The id {} is used by more than one query.", one.id)));
        }
        if returned {
            wanted.push(one);
        }
    }
    if wanted.is_empty() {
        return Err(ApiError::new("ValidationError", "At least one query must have ReturnData set to true."));
    }
    let seed = fleet.seed;
    Ok(Served::Later(Box::new(move || {
        let page = usize::try_from(most).unwrap_or(1) / wanted.len();
        let first = usize::try_from(first).unwrap_or(usize::MAX);
        let (results, more) = read(&wanted, range, newest_first, first, page.max(1));
        let mut answer = json!({"MetricDataResults": results, "Messages": []});
        if let (true, Some(members)) = (more, answer.as_object_mut()) {
            let next = first.saturating_add(page.max(1)) as u64;
            members.insert("NextToken".to_owned(), Value::from(page::token(seed, &listing, next)));
        }
        answer
    })))
}

/// One page: periods `first` to below `first + page` of every query, counted from the end at which reading begins. Answers whether there are more.
fn read(wanted: &[Wanted], range: Range, newest_first: bool, first: usize, page: usize) -> (Vec<Value>, bool) {
    let more = wanted.iter().any(|one| range.slots(one.period) > first.saturating_add(page));
    let results = wanted.iter().map(|one| {
        let slots = range.slots(one.period);
        let (mut times, mut values) = (Vec::new(), Vec::new());
        for turn in first..slots.min(first.saturating_add(page)) {
            let slot = if newest_first { slots - 1 - turn } else { turn };
            if let Some((at, point)) = one.series.as_ref().and_then(|series| range.point(series, one.period, slot)) {
                times.push(seconds(at));
                values.push(point.statistic(one.statistic));
            }
        }
        let status = if more { "PartialData" } else { "Complete" };
        json!({"Id": one.id, "Label": one.label, "Timestamps": times, "Values": values, "StatusCode": status})
    });
    (results.collect(), more)
}

impl Query {
    fn understood(self, fleet: &Fleet) -> Result<Wanted, ApiError> {
        let id = self.id.unwrap_or_default();
        let mut letters = id.bytes();
        let well_formed = letters.next().is_some_and(|first| first.is_ascii_lowercase())
            && letters.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && id.len() <= 255;
        if !well_formed {
            return Err(ApiError::new(
                "ValidationError",
                format!("The value {id:?} for parameter MetricDataQueries.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."),
            ));
        }
        if self.expression.is_some() {
            // better refused than ignored: an answer to another question would look right
            return Err(ApiError::new("ValidationError", format!("the yard serves no expressions; the query {id} has one")));
        }
        let stat = self.metric_stat.ok_or_else(|| {
            ApiError::new("ValidationError", format!("The query {id} must have either MetricStat or Expression, and has none."))
        })?;
        let statistic = Statistic::plain(&stat.stat)
            .or_else(|| Statistic::percentile(&stat.stat))
            .ok_or_else(|| ApiError::new("ValidationError", format!("The value {:?} for parameter Stat is not supported.", stat.stat)))?;
        let series = fleet.find_series(&stat.metric.namespace, &stat.metric.metric_name, &pairs(&stat.metric.dimensions));
        Ok(Wanted {
            id,
            label: self.label.unwrap_or_else(|| stat.metric.metric_name.clone()),
            period: time::period(stat.period)?,
            statistic,
            // asked for in another unit than it was reported in, there is nothing
            series: series.filter(|series| stat.unit.as_ref().is_none_or(|unit| unit == series.metric.unit())),
        })
    }
}
