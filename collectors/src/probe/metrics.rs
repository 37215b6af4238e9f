//! CloudWatch's metrics. One query of one metric for one hour: GetMetricData costs a thousandth of a cent so.

use aws_sdk_cloudwatch::types::{Metric, MetricDataQuery, MetricStat, Statistic};
use aws_smithy_types::DateTime;
use domain::text::count;

use super::{Trial, Tried};
use crate::aws::{AwsEnvironment, Connection};
use crate::operations::{GET_METRIC_DATA, GET_METRIC_STATISTICS, LIST_METRICS};

/// Seconds of one point, and of what is asked for.
const HOUR: i32 = 3_600;
const NAMESPACE: &str = "AWS/ECS";
const METRIC: &str = "CPUUtilization";

pub(super) async fn tried(environment: &AwsEnvironment, connection: &Connection) -> Vec<Tried> {
    let mut trial = Trial::new(connection);
    let now = environment.clock().now().as_micros().div_euclid(1_000_000);
    let (from, until) = (DateTime::from_secs(now - i64::from(HOUR)), DateTime::from_secs(now));
    let list = || connection.cloudwatch.list_metrics().namespace(NAMESPACE).metric_name(METRIC).send();
    trial.ask(LIST_METRICS, "", &[], list, |answer| count(answer.metrics().len() as u64, "metric")).await;
    let statistics = || {
        let get = connection.cloudwatch.get_metric_statistics().namespace(NAMESPACE).metric_name(METRIC).period(HOUR);
        get.statistics(Statistic::Average).start_time(from).end_time(until).send()
    };
    trial.ask(GET_METRIC_STATISTICS, "", &[], statistics, |answer| count(answer.datapoints().len() as u64, "point")).await;
    let metric = Metric::builder().namespace(NAMESPACE).metric_name(METRIC).build();
    let stat = MetricStat::builder().metric(metric).period(HOUR).stat("Average").build();
    let query = MetricDataQuery::builder().id("doctor").metric_stat(stat).build();
    let data = || {
        let get = connection.cloudwatch.get_metric_data().metric_data_queries(query.clone());
        get.start_time(from).end_time(until).send()
    };
    trial.ask(GET_METRIC_DATA, "", &[], data, |answer| format!("{} of one metric asked for", answer.metric_data_results().len())).await;
    trial.tried
}
