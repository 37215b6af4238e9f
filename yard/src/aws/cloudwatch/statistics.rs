//! GetMetricStatistics.
//!
//! The trap: the datapoints are in no order, and nothing says so but the documentation ("Data points are not returned in chronological order").

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    aws::{
        Served,
        answer::{ApiError, seconds},
        cloudwatch::{
            Dimension, bad_combination, invalid, missing, pairs,
            time::{self, Range, Statistic},
        },
    },
    dice::Dice,
    model::Fleet,
};

/// "The maximum number of data points returned from a single call is 1,440" (CloudWatch API reference).
const MOST_POINTS: usize = 1_440;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct GetMetricStatistics {
    namespace: Option<String>,
    metric_name: Option<String>,
    dimensions: Option<Vec<Dimension>>,
    start_time: Option<Value>,
    end_time: Option<Value>,
    period: Option<i64>,
    statistics: Option<Vec<String>>,
    extended_statistics: Option<Vec<String>>,
    unit: Option<String>,
}

pub(super) fn get_metric_statistics(input: GetMetricStatistics, fleet: &Fleet) -> Result<Served, ApiError> {
    let namespace = input.namespace.as_deref().ok_or_else(|| missing("Namespace"))?;
    let name = input.metric_name.clone().ok_or_else(|| missing("MetricName"))?;
    let range =
        Range::new(time::micros(input.start_time.as_ref(), "StartTime")?, time::micros(input.end_time.as_ref(), "EndTime")?, fleet.now)?;
    let period = time::period(input.period.ok_or_else(|| missing("Period"))?)?;
    let statistics = input.wanted()?;
    let slots = range.slots(period);
    if slots > MOST_POINTS {
        return Err(bad_combination(format!(
            "You have requested up to {slots} datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        )));
    }
    let series = fleet.find_series(namespace, &name, &pairs(input.dimensions.as_deref().unwrap_or_default()));
    let series = series.filter(|series| input.unit.as_ref().is_none_or(|unit| unit == series.metric.unit()));
    let seed = fleet.seed;
    Ok(Served::Later(Box::new(move || {
        let points = (0..slots).filter_map(|slot| {
            let series = series.as_ref()?;
            let (at, point) = range.point(series, period, slot)?;
            let mut shape = Map::new();
            shape.insert("Timestamp".to_owned(), json!(seconds(at)));
            shape.insert("Unit".to_owned(), json!(series.metric.unit()));
            let mut extended = Map::new();
            for (word, statistic) in &statistics {
                let members = if matches!(statistic, Statistic::Percentile(_)) { &mut extended } else { &mut shape };
                members.insert(word.clone(), json!(point.statistic(*statistic)));
            }
            if !extended.is_empty() {
                shape.insert("ExtendedStatistics".to_owned(), Value::Object(extended));
            }
            Some(Value::Object(shape))
        });
        let mut points: Vec<Value> = points.collect();
        shuffle(&mut points, seed);
        json!({"Label": name, "Datapoints": points})
    })))
}

impl GetMetricStatistics {
    /// The statistics asked for, by the words used. Either plain or extended ones, as the API has it.
    fn wanted(&self) -> Result<Vec<(String, Statistic)>, ApiError> {
        let (plain, extended) = (self.statistics.as_deref().unwrap_or_default(), self.extended_statistics.as_deref().unwrap_or_default());
        if plain.is_empty() == extended.is_empty() {
            return Err(bad_combination("Exactly one of the parameters Statistics and ExtendedStatistics must be specified."));
        }
        let plain = plain.iter().map(|word| {
            let known = "Member must satisfy enum value set: [SampleCount, Sum, Maximum, Minimum, Average]";
            Statistic::plain(word).map(|statistic| (word.clone(), statistic)).ok_or_else(|| invalid(word, "statistics", known))
        });
        let extended = extended.iter().map(|word| {
            let why = || ApiError::new("ValidationError", format!("The value {word:?} for parameter ExtendedStatistics is not supported."));
            Statistic::percentile(word).map(|statistic| (word.clone(), statistic)).ok_or_else(why)
        });
        plain.chain(extended).collect()
    }
}

/// Fisher and Yates' shuffle.
fn shuffle(points: &mut [Value], seed: u64) {
    let mut dice = Dice::new(seed, "datapoints", points.len() as u64);
    for last in (1..points.len()).rev() {
        points.swap(last, dice.index(last + 1));
    }
}
