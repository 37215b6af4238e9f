//! From CloudWatch's answers to our own types. Pure; what is missing stays missing.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types as wire;
use domain::Timestamp;
use domain::alarm::{Alarm, AlarmKind, AlarmState, Happened, HistoryItem, Watch};

use crate::ecs::map::instant;

/// A metric alarm; `None` without a name, because names are what alarms are known by.
pub(super) fn metric(from: wire::MetricAlarm) -> Option<Alarm> {
    let condition = metric_condition(&from);
    let watch = watch(&from);
    let direct = from.dimensions.unwrap_or_default();
    let dimensions = if direct.is_empty() { from.metrics.as_deref().and_then(only_metric).unwrap_or_default() } else { direct };
    Some(Alarm {
        name: named(from.alarm_name)?,
        arn: from.alarm_arn.unwrap_or_default(),
        kind: AlarmKind::Metric,
        state: state(from.state_value.as_ref()),
        reason: from.state_reason,
        since: since(from.state_transitioned_timestamp.or(from.state_updated_timestamp)),
        configured: instant(from.alarm_configuration_updated_timestamp),
        description: from.alarm_description,
        actions_enabled: from.actions_enabled.unwrap_or(false),
        actions: from.alarm_actions.unwrap_or_default(),
        ok_actions: from.ok_actions.unwrap_or_default(),
        unknown_actions: from.insufficient_data_actions.unwrap_or_default(),
        condition,
        dimensions: by_name(dimensions),
        watch,
    })
}

/// A composite alarm; its condition is its rule.
pub(super) fn composite(from: wire::CompositeAlarm) -> Option<Alarm> {
    Some(Alarm {
        name: named(from.alarm_name)?,
        arn: from.alarm_arn.unwrap_or_default(),
        kind: AlarmKind::Composite,
        state: state(from.state_value.as_ref()),
        reason: from.state_reason,
        since: since(from.state_transitioned_timestamp.or(from.state_updated_timestamp)),
        configured: instant(from.alarm_configuration_updated_timestamp),
        description: from.alarm_description,
        actions_enabled: from.actions_enabled.unwrap_or(false),
        actions: from.alarm_actions.unwrap_or_default(),
        ok_actions: from.ok_actions.unwrap_or_default(),
        unknown_actions: from.insufficient_data_actions.unwrap_or_default(),
        condition: from.alarm_rule,
        dimensions: BTreeMap::new(),
        watch: None,
    })
}

/// A log alarm: a scheduled query whose results are compared.
pub(super) fn log(from: wire::LogAlarm) -> Option<Alarm> {
    let compared = comparison(from.comparison_operator.as_ref(), from.threshold);
    let condition = compared.map(|compared| {
        let counted = counts(from.query_results_to_alarm, from.query_results_to_evaluate, "results");
        format!("log query {compared}{counted}")
    });
    Some(Alarm {
        name: named(from.alarm_name)?,
        arn: from.alarm_arn.unwrap_or_default(),
        kind: AlarmKind::Log,
        state: state(from.state_value.as_ref()),
        reason: from.state_reason,
        since: since(from.state_transitioned_timestamp.or(from.state_updated_timestamp)),
        configured: instant(from.alarm_configuration_updated_timestamp),
        description: from.alarm_description,
        actions_enabled: from.actions_enabled.unwrap_or(false),
        actions: from.alarm_actions.unwrap_or_default(),
        ok_actions: from.ok_actions.unwrap_or_default(),
        unknown_actions: from.insufficient_data_actions.unwrap_or_default(),
        condition,
        dimensions: BTreeMap::new(),
        watch: None,
    })
}

/// A line of an alarm's history; `None` for what is no change of the alarm itself or cannot be placed in time.
pub(super) fn history(from: wire::AlarmHistoryItem) -> Option<HistoryItem> {
    let (summary, payload) = (from.history_summary.as_deref().unwrap_or_default(), from.history_data.as_deref());
    let what = match from.history_item_type? {
        wire::HistoryItemType::StateUpdate => Happened::state(summary, payload)?,
        wire::HistoryItemType::ConfigurationUpdate => Happened::configuration(summary, payload),
        _ => return None,
    };
    Some(HistoryItem { name: named(from.alarm_name)?, at: instant(from.timestamp)?, what })
}

/// What a metric alarm compares, where that is one metric or one expression of some.
fn watch(from: &wire::MetricAlarm) -> Option<Watch> {
    let metrics = || from.metrics().iter().filter_map(|query| query.metric_stat.as_ref());
    let first = metrics().next();
    let inner = first.and_then(|stat| stat.metric.as_ref());
    let seconds = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok()).unwrap_or(0);
    let evaluated = seconds(from.evaluation_periods);
    Some(Watch {
        namespace: from.namespace.clone().or_else(|| inner?.namespace.clone()).unwrap_or_default(),
        metric: from.metric_name.clone().or_else(|| inner?.metric_name.clone())?,
        others: metrics().skip(1).filter_map(|stat| stat.metric.as_ref()?.metric_name.clone()).collect(),
        math: from.metrics().iter().any(|query| query.expression.is_some()),
        statistic: from
            .statistic
            .as_ref()
            .map(|statistic| statistic.as_str().to_owned())
            .or_else(|| from.extended_statistic.clone())
            .or_else(|| first?.stat.clone())
            .unwrap_or_default(),
        comparison: from.comparison_operator.as_ref().map(|operator| operator.as_str().to_owned()).unwrap_or_default(),
        threshold: from.threshold,
        period: seconds(from.period.or_else(|| first?.period)),
        evaluated,
        to_alarm: from.datapoints_to_alarm.map_or(evaluated, |points| seconds(Some(points))),
        missing: from.treat_missing_data.clone().unwrap_or_default(),
    })
}

fn named(name: Option<String>) -> Option<String> {
    name.filter(|name| !name.is_empty())
}

fn state(word: Option<&wire::StateValue>) -> AlarmState {
    AlarmState::from_word(word.map_or("", wire::StateValue::as_str))
}

/// StateTransitionedTimestamp where there is one: StateUpdatedTimestamp also moves when only the reason changes.
fn since(at: Option<aws_smithy_types::DateTime>) -> Option<Timestamp> {
    instant(at)
}

/// `AWS/ECS CPUUtilization > 80 for 3 of 3 × 60 s`
fn metric_condition(from: &wire::MetricAlarm) -> Option<String> {
    let watched = match (&from.namespace, &from.metric_name) {
        (Some(namespace), Some(metric)) => format!("{namespace} {metric}"),
        (None, Some(metric)) => metric.clone(),
        _ => expression(from.metrics(), from.threshold_metric_id.as_deref())?,
    };
    let compared = comparison(from.comparison_operator.as_ref(), from.threshold).or_else(|| band(from.comparison_operator.as_ref()))?;
    let to_alarm = from.datapoints_to_alarm.or(from.evaluation_periods);
    let counted = counts(to_alarm, from.evaluation_periods, "");
    let period = match (from.period, counted.is_empty()) {
        (Some(period), false) => format!(" × {period} s"),
        _ => String::new(),
    };
    Some(format!("{watched} {compared}{counted}{period}"))
}

/// The expression a metric-math alarm watches, or the one metric it wraps.
fn expression(queries: &[wire::MetricDataQuery], band: Option<&str>) -> Option<String> {
    let watched = |query: &&wire::MetricDataQuery| query.return_data != Some(false) && query.id.as_deref() != band;
    let query = queries.iter().find(watched)?;
    if let Some(expression) = &query.expression {
        return Some(expression.clone());
    }
    let metric = query.metric_stat.as_ref()?.metric.as_ref()?;
    Some(format!("{} {}", metric.namespace.as_deref()?, metric.metric_name.as_deref()?))
}

/// Dimensions of a metric-math alarm that reads exactly one metric; of several nothing can be said.
fn only_metric(queries: &[wire::MetricDataQuery]) -> Option<Vec<wire::Dimension>> {
    let mut metrics = queries.iter().filter_map(|query| query.metric_stat.as_ref()?.metric.as_ref());
    let first = metrics.next()?.dimensions().to_vec();
    metrics.all(|other| other.dimensions() == first).then_some(first)
}

fn comparison(operator: Option<&wire::ComparisonOperator>, threshold: Option<f64>) -> Option<String> {
    let sign = match operator? {
        wire::ComparisonOperator::GreaterThanThreshold => ">",
        wire::ComparisonOperator::GreaterThanOrEqualToThreshold => "≥",
        wire::ComparisonOperator::LessThanThreshold => "<",
        wire::ComparisonOperator::LessThanOrEqualToThreshold => "≤",
        other => other.as_str(),
    };
    Some(format!("{sign} {}", threshold?))
}

/// Anomaly detection compares with a band, not with a number.
fn band(operator: Option<&wire::ComparisonOperator>) -> Option<String> {
    let words = match operator? {
        wire::ComparisonOperator::GreaterThanUpperThreshold => "above its expected band",
        wire::ComparisonOperator::LessThanLowerThreshold => "below its expected band",
        wire::ComparisonOperator::LessThanLowerOrGreaterThanUpperThreshold => "outside its expected band",
        _ => return None,
    };
    Some(words.to_owned())
}

/// ` for 3 of 5`, or nothing when it is not said.
fn counts(to_alarm: Option<i32>, evaluated: Option<i32>, unit: &str) -> String {
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    match (to_alarm, evaluated) {
        (Some(to_alarm), Some(evaluated)) => format!(" for {to_alarm} of {evaluated}{unit}"),
        _ => String::new(),
    }
}

fn by_name(dimensions: Vec<wire::Dimension>) -> BTreeMap<String, String> {
    dimensions.into_iter().filter_map(|dimension| Some((dimension.name?, dimension.value.unwrap_or_default()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::DateTime;

    fn dimension(name: &str, value: &str) -> wire::Dimension {
        wire::Dimension::builder().name(name).value(value).build()
    }

    #[test]
    fn a_condition_reads_as_a_sentence() {
        let from = wire::MetricAlarm::builder()
            .alarm_name("router-cpu")
            .namespace("AWS/ECS")
            .metric_name("CPUUtilization")
            .comparison_operator(wire::ComparisonOperator::GreaterThanThreshold)
            .threshold(80.0)
            .evaluation_periods(3)
            .period(60)
            .dimensions(dimension("ClusterName", "c"))
            .dimensions(dimension("ServiceName", "router-nats"))
            .state_value(wire::StateValue::Alarm)
            .state_updated_timestamp(DateTime::from_secs(20))
            .state_transitioned_timestamp(DateTime::from_secs(10))
            .actions_enabled(true)
            .build();
        let alarm = metric(from).unwrap();
        assert_eq!(alarm.condition.as_deref(), Some("AWS/ECS CPUUtilization > 80 for 3 of 3 × 60 s"));
        let watch = alarm.watch.clone().unwrap();
        assert_eq!(
            (watch.namespace.as_str(), watch.metric.as_str(), watch.threshold, watch.math),
            ("AWS/ECS", "CPUUtilization", Some(80.0), false)
        );
        assert_eq!((watch.period, watch.evaluated, watch.to_alarm), (60, 3, 3));
        assert_eq!(alarm.service(), Some(("c", "router-nats")));
        assert_eq!(alarm.since, Some(Timestamp::from_secs(10)));
        assert_eq!(alarm.state, AlarmState::Alarm);
        assert!(alarm.actions_enabled);
    }

    #[test]
    fn since_falls_back_to_the_update() {
        let from = wire::MetricAlarm::builder().alarm_name("a").state_updated_timestamp(DateTime::from_secs(20)).build();
        assert_eq!(metric(from).unwrap().since, Some(Timestamp::from_secs(20)));
    }

    #[test]
    fn unknown_words_are_unknown_and_nothing_is_invented() {
        let from = wire::MetricAlarm::builder().alarm_name("a").state_value("SLEEPING".into()).build();
        assert_eq!(metric(from).unwrap(), Alarm { name: "a".into(), ..Alarm::default() });
        assert!(metric(wire::MetricAlarm::builder().build()).is_none());
    }

    #[test]
    fn metric_math_names_its_expression_and_its_only_metric() {
        let stat = |value: &str| {
            let metric = wire::Metric::builder()
                .namespace("AWS/ECS")
                .metric_name("CPUUtilization")
                .dimensions(dimension("ServiceName", value))
                .build();
            wire::MetricStat::builder().metric(metric).period(60).stat("Average").build()
        };
        let plain = wire::MetricDataQuery::builder().id("m1").metric_stat(stat("a")).return_data(false).build();
        let math = wire::MetricDataQuery::builder().id("e1").expression("100 - m1").build();
        let from = wire::MetricAlarm::builder()
            .alarm_name("a")
            .metrics(plain.clone())
            .metrics(math)
            .comparison_operator(wire::ComparisonOperator::LessThanOrEqualToThreshold)
            .threshold(0.5)
            .build();
        let alarm = metric(from).unwrap();
        assert_eq!(alarm.condition.as_deref(), Some("100 - m1 ≤ 0.5"));
        let watch = alarm.watch.clone().unwrap();
        assert_eq!((watch.metric.as_str(), watch.statistic.as_str(), watch.math), ("CPUUtilization", "Average", true));
        assert_eq!(alarm.dimensions.get("ServiceName").map(String::as_str), Some("a"));
        let other = wire::MetricDataQuery::builder().id("m2").metric_stat(stat("b")).build();
        assert_eq!(only_metric(&[plain, other]), None);
    }

    #[test]
    fn composite_and_log_alarms() {
        let rule = wire::CompositeAlarm::builder().alarm_name("any").alarm_rule("ALARM(a) OR ALARM(b)").build();
        let alarm = composite(rule).unwrap();
        assert_eq!((alarm.kind, alarm.condition.as_deref()), (AlarmKind::Composite, Some("ALARM(a) OR ALARM(b)")));
        let query = wire::LogAlarm::builder()
            .alarm_name("errors")
            .comparison_operator(wire::ComparisonOperator::GreaterThanThreshold)
            .threshold(10.0)
            .query_results_to_alarm(1)
            .query_results_to_evaluate(2)
            .build();
        assert_eq!(log(query).unwrap().condition.as_deref(), Some("log query > 10 for 1 of 2 results"));
    }
}
