//! The questions to CloudWatch, and its answers as points.
//!
//! A point is kept under the beginning of its period, as CloudWatch gives it; what has no instant or no value is left
//! out. Points come in any order and may come again.

use aws_sdk_cloudwatch::types::{Datapoint, Dimension, DimensionFilter, Metric as WireMetric, MetricDataQuery, MetricStat, Statistic};
use aws_smithy_types::DateTime;
use domain::Timestamp;
use domain::reading::SeriesReading;
use domain::series::{Metric, Point};
use domain::source::Fault;

use super::due::Job;
use crate::aws::Connection;
use crate::call::Tally;
use crate::ecs::map::instant;
use crate::operations::{GET_METRIC_DATA, GET_METRIC_STATISTICS, LIST_METRICS};

/// Queries in one GetMetricData (API reference: 500).
const MOST_QUERIES: usize = 500;

/// One metric at a target group: its name at CloudWatch, the statistic, the metric it becomes, and by how much its unit
/// differs (seconds become milliseconds).
type AtTarget = (&'static str, &'static str, Metric, f64);

/// A kind of load balancer, and what it measures at a target group.
struct Kind {
    namespace: &'static str,
    /// In plain statistics.
    plain: &'static [AtTarget],
    /// And in a percentile, asked apart: not every endpoint that speaks CloudWatch's language can compute one, and errors
    /// and healthy targets must not be lost with it.
    percentile: &'static [AtTarget],
}

/// Reported every minute whether or not there are requests, by both kinds.
const HEALTHY: AtTarget = ("HealthyHostCount", "Minimum", Metric::Healthy, 1.0);
const UNHEALTHY: AtTarget = ("UnHealthyHostCount", "Maximum", Metric::Unhealthy, 1.0);

static APPLICATION: Kind = Kind {
    namespace: "AWS/ApplicationELB",
    plain: &[
        ("RequestCount", "Sum", Metric::Requests, 1.0),
        ("HTTPCode_Target_5XX_Count", "Sum", Metric::Errors, 1.0),
        ("TargetResponseTime", "Average", Metric::Latency, 1_000.0),
        HEALTHY,
        UNHEALTHY,
    ],
    percentile: &[("TargetResponseTime", "p99", Metric::LatencyP99, 1_000.0)],
};

/// It knows connections and no requests, so there is nothing else to ask of a target group. Its nodes tell of their own zone
/// each, where that is all they serve, so healthy is what the best of them sees (decision 0142).
static NETWORK: Kind =
    Kind { namespace: "AWS/NetworkELB", plain: &[("HealthyHostCount", "Maximum", Metric::Healthy, 1.0), UNHEALTHY], percentile: &[] };

/// Picks what is asked of a kind.
type Pick = fn(&'static Kind) -> &'static [AtTarget];

/// The kind of a load balancer, by its name as CloudWatch has it.
fn kind(balancer: &str) -> &'static Kind {
    if balancer.starts_with("net/") { &NETWORK } else { &APPLICATION }
}

/// Whether a percentile is asked at target groups of this load balancer.
pub(super) fn has_percentile(balancer: &str) -> bool {
    !kind(balancer).percentile.is_empty()
}

/// What was answered, and what kept the percentile from being so.
pub(super) type Answered = (Vec<SeriesReading>, Option<Fault>);

/// CPU and memory of a service, and its tasks from the number of samples: two requests.
pub(super) async fn service(connection: &Connection, tally: &Tally, job: &Job, now: Timestamp) -> Result<Vec<SeriesReading>, Fault> {
    let dimensions = [("ClusterName", job.cluster.as_str()), ("ServiceName", job.service.as_str())];
    let plain = [Statistic::Average, Statistic::Maximum];
    let cpu_statistics = [Statistic::Average, Statistic::Maximum, Statistic::SampleCount];
    let cpu = statistics(connection, tally, job, ("AWS/ECS", "CPUUtilization"), &dimensions, &cpu_statistics, None).await?;
    let memory = statistics(connection, tally, job, ("AWS/ECS", "MemoryUtilization"), &dimensions, &plain, None).await?;
    // one sample a task and minute: five minutes' samples are five times the tasks, once all five have come
    let minutes = f64::from(job.step()) / 60.0;
    let ended = |at: Timestamp| at.plus(std::time::Duration::from_secs(u64::from(job.step()) + 60)) <= now;
    let tasks = |point: &Datapoint| point.sample_count.filter(|_| instant(point.timestamp).is_some_and(ended)).map(|count| count / minutes);
    Ok(vec![
        series(job, Metric::CpuAverage, &cpu, |point| point.average),
        series(job, Metric::CpuMaximum, &cpu, |point| point.maximum),
        series(job, Metric::TasksSampled, &cpu, tasks),
        series(job, Metric::MemoryAverage, &memory, |point| point.average),
        series(job, Metric::MemoryMaximum, &memory, |point| point.maximum),
    ])
}

/// What customers feel at one target group, metric by metric: six requests at an application load balancer, two at a
/// network load balancer.
pub(super) async fn target(connection: &Connection, tally: &Tally, job: &Job, balancer: &str) -> Result<Answered, Fault> {
    let Kind { plain, percentile, .. } = kind(balancer);
    let mut all = Vec::new();
    for wanted in *plain {
        all.push(at_target(connection, tally, job, balancer, wanted).await?);
    }
    let mut fault = None;
    for wanted in *percentile {
        match at_target(connection, tally, job, balancer, wanted).await {
            Ok(series) => all.push(series),
            Err(refused) => fault = Some(refused),
        }
    }
    Ok((all, fault))
}

async fn at_target(
    connection: &Connection,
    tally: &Tally,
    job: &Job,
    balancer: &str,
    (name, statistic, metric, scale): &AtTarget,
) -> Result<SeriesReading, Fault> {
    let dimensions = [("LoadBalancer", balancer), ("TargetGroup", job.target.as_str())];
    let plain = Statistic::from(*statistic);
    let (plain, percentile) = if statistic.starts_with('p') { (None, Some(*statistic)) } else { (Some(plain), None) };
    let metric_name = (kind(balancer).namespace, *name);
    let points = statistics(connection, tally, job, metric_name, &dimensions, plain.as_slice(), percentile).await?;
    Ok(series(job, *metric, &points, |point| {
        let value = match *statistic {
            "Sum" => point.sum,
            "Average" => point.average,
            "Minimum" => point.minimum,
            "Maximum" => point.maximum,
            percentile => point.extended_statistics.as_ref().and_then(|all| all.get(percentile)).copied(),
        };
        value.map(|value| value * scale)
    }))
}

async fn statistics(
    connection: &Connection,
    tally: &Tally,
    job: &Job,
    (namespace, name): (&str, &str),
    dimensions: &[(&str, &str)],
    plain: &[Statistic],
    percentile: Option<&str>,
) -> Result<Vec<Datapoint>, Fault> {
    let call = || {
        let ask = connection.cloudwatch.get_metric_statistics().namespace(namespace).metric_name(name);
        let ask = ask.set_dimensions(Some(dimensions.iter().map(|(name, value)| dimension(name, value)).collect()));
        let ask = ask.start_time(wire(job.from)).end_time(wire(job.to)).period(i32::try_from(job.step()).unwrap_or(60));
        let ask = ask.set_statistics((!plain.is_empty()).then(|| plain.to_vec()));
        ask.set_extended_statistics(percentile.map(|percentile| vec![percentile.to_owned()])).send()
    };
    Ok(connection.caller.call(GET_METRIC_STATISTICS, tally, call).await?.datapoints.unwrap_or_default())
}

fn series(job: &Job, metric: Metric, points: &[Datapoint], value: impl Fn(&Datapoint) -> Option<f64>) -> SeriesReading {
    let point = |point: &Datapoint| Some(Point { at: instant(point.timestamp)?, value: value(point)? });
    SeriesReading {
        cluster: job.cluster.clone(),
        service: job.service.clone(),
        metric,
        detail: job.target.clone(),
        points: points.iter().filter_map(point).collect(),
    }
}

/// One metric of one target group.
struct Question<'a> {
    job: &'a Job,
    balancer: &'a str,
    wanted: &'static AtTarget,
}

/// What is picked of each target group's kind of load balancer; both kinds may be among them.
fn questions(jobs: &[(Job, String)], pick: Pick) -> Vec<Question<'_>> {
    jobs.iter().flat_map(|(job, balancer)| pick(kind(balancer)).iter().map(move |wanted| Question { job, balancer, wanted })).collect()
}

/// What customers feel at many target groups over one span: a request for every five hundred metrics, and one for every
/// five hundred percentiles. Of application load balancers that is one for a hundred target groups, and one for five hundred.
pub(super) async fn targets(connection: &Connection, tally: &Tally, jobs: &[(Job, String)]) -> Result<Answered, Fault> {
    let mut all = Vec::new();
    for batch in questions(jobs, |kind| kind.plain).chunks(MOST_QUERIES) {
        all.extend(together(connection, tally, batch).await?);
    }
    let mut fault = None;
    for batch in questions(jobs, |kind| kind.percentile).chunks(MOST_QUERIES) {
        match together(connection, tally, batch).await {
            Ok(series) => all.extend(series),
            Err(refused) => fault = Some(refused),
        }
    }
    Ok((all, fault))
}

/// These metrics of these target groups, page by page.
async fn together(connection: &Connection, tally: &Tally, batch: &[Question<'_>]) -> Result<Vec<SeriesReading>, Fault> {
    let (from, to) = (batch.iter().map(|question| question.job.from).min(), batch.iter().map(|question| question.job.to).max());
    let Some((from, to)) = from.zip(to) else { return Ok(Vec::new()) };
    let queries: Vec<MetricDataQuery> = batch.iter().enumerate().map(|(number, question)| query(number, question)).collect();
    let mut found: Vec<SeriesReading> = batch.iter().map(|question| series(question.job, question.wanted.2, &[], |_| None)).collect();
    let mut token: Option<String> = None;
    loop {
        connection.caller.bill(GET_METRIC_DATA, queries.len() as u64);
        let call = || {
            let ask = connection.cloudwatch.get_metric_data().start_time(wire(from)).end_time(wire(to));
            ask.set_metric_data_queries(Some(queries.clone())).set_next_token(token.clone()).send()
        };
        let answer = connection.caller.call(GET_METRIC_DATA, tally, call).await?;
        for result in answer.metric_data_results.unwrap_or_default() {
            let index = result.id.as_deref().and_then(|id| id.strip_prefix('m')).and_then(|number| number.parse::<usize>().ok());
            let place = index.and_then(|index| found.get_mut(index).zip(batch.get(index)));
            let Some((series, question)) = place else { continue };
            let scale = question.wanted.3;
            let points = result.timestamps.unwrap_or_default().into_iter().zip(result.values.unwrap_or_default());
            series.points.extend(points.filter_map(|(at, value)| Some(Point { at: instant(Some(at))?, value: value * scale })));
        }
        let next = answer.next_token.filter(|next| !next.is_empty() && token.as_ref() != Some(next));
        if next.is_none() {
            return Ok(found);
        }
        token = next;
    }
}

fn query(number: usize, question: &Question<'_>) -> MetricDataQuery {
    let Question { job, balancer, wanted: (name, statistic, ..) } = question;
    let metric = WireMetric::builder().namespace(kind(balancer).namespace).metric_name(*name);
    let metric = metric.dimensions(dimension("LoadBalancer", balancer)).dimensions(dimension("TargetGroup", &job.target)).build();
    let stat = MetricStat::builder().metric(metric).period(i32::try_from(job.step()).unwrap_or(60)).stat(*statistic).build();
    MetricDataQuery::builder().id(format!("m{number}")).metric_stat(stat).build()
}

/// The load balancer before a target group, as CloudWatch names it; nothing where none reports. One request, and one more
/// where it is no application load balancer.
pub(super) async fn balancer(connection: &Connection, tally: &Tally, target: &str) -> Result<Option<String>, Fault> {
    for kind in [&APPLICATION, &NETWORK] {
        let found = balancer_of(connection, tally, kind, target).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

async fn balancer_of(connection: &Connection, tally: &Tally, kind: &Kind, target: &str) -> Result<Option<String>, Fault> {
    let call = || {
        let filter = DimensionFilter::builder().name("TargetGroup").value(target).build();
        connection.cloudwatch.list_metrics().namespace(kind.namespace).metric_name(HEALTHY.0).dimensions(filter).send()
    };
    let answer = connection.caller.call(LIST_METRICS, tally, call).await?;
    let named = |metric: &WireMetric, name: &str| {
        let all = metric.dimensions.as_deref().unwrap_or_default();
        all.iter().find(|dimension| dimension.name.as_deref() == Some(name)).and_then(|dimension| dimension.value.clone())
    };
    // the same metric is reported once more by availability zone: those have three dimensions
    let whole = |metric: &&WireMetric| {
        metric.dimensions.as_deref().unwrap_or_default().len() == 2 && named(metric, "TargetGroup").as_deref() == Some(target)
    };
    Ok(answer.metrics.unwrap_or_default().iter().filter(whole).find_map(|metric| named(metric, "LoadBalancer")))
}

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

fn wire(at: Timestamp) -> DateTime {
    DateTime::from_secs(at.as_micros().div_euclid(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(target: &str, balancer: &str) -> (Job, String) {
        let (cluster, service) = ("main".to_owned(), "gateway".to_owned());
        let job = Job { cluster, service, target: target.to_owned(), from: Timestamp::from_secs(0), to: Timestamp::from_secs(60) };
        (job, balancer.to_owned())
    }

    fn told(number: usize, question: &Question<'_>) -> String {
        let query = query(number, question);
        let stat = query.metric_stat.unwrap();
        let metric = stat.metric.unwrap();
        let dimensions: Vec<String> = metric.dimensions.unwrap().into_iter().map(|dimension| dimension.value.unwrap()).collect();
        let (id, namespace, name) = (query.id.unwrap(), metric.namespace.unwrap(), metric.metric_name.unwrap());
        format!("{id} {namespace} {name} {} {}", stat.stat.unwrap(), dimensions.join(" "))
    }

    fn all(jobs: &[(Job, String)], pick: Pick) -> Vec<String> {
        questions(jobs, pick).iter().enumerate().map(|(number, question)| told(number, question)).collect()
    }

    #[test]
    fn what_is_asked_follows_from_the_load_balancers_name() {
        let (application, network) = (job("targetgroup/a/1", "app/a/1"), job("targetgroup/n/2", "net/n/2"));
        let both = [network.clone(), application];
        let (a, n) = ("app/a/1 targetgroup/a/1", "net/n/2 targetgroup/n/2");
        assert_eq!(
            all(&both, |kind| kind.plain),
            [
                format!("m0 AWS/NetworkELB HealthyHostCount Maximum {n}"),
                format!("m1 AWS/NetworkELB UnHealthyHostCount Maximum {n}"),
                format!("m2 AWS/ApplicationELB RequestCount Sum {a}"),
                format!("m3 AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum {a}"),
                format!("m4 AWS/ApplicationELB TargetResponseTime Average {a}"),
                format!("m5 AWS/ApplicationELB HealthyHostCount Minimum {a}"),
                format!("m6 AWS/ApplicationELB UnHealthyHostCount Maximum {a}"),
            ]
        );
        assert_eq!(all(&both, |kind| kind.percentile), [format!("m0 AWS/ApplicationELB TargetResponseTime p99 {a}")]);
        assert!(all(&[network], |kind| kind.percentile).is_empty(), "no percentile, no request");
        assert!(has_percentile("app/a/1") && !has_percentile("net/n/2"));
    }

    #[test]
    fn the_pace_reckons_with_the_kind_that_asks_most() {
        let requests = |kind: &Kind| (kind.plain.len() + kind.percentile.len()) as u64;
        assert_eq!(requests(&APPLICATION), domain::cost::REQUESTS_PER_TARGET);
        assert!(requests(&NETWORK) < domain::cost::REQUESTS_PER_TARGET);
    }
}
