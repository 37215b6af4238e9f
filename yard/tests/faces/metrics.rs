//! CloudWatch's metrics: through the real SDK (CBOR) and as the AWS CLI asks (JSON).

use std::collections::HashSet;

use aws_sdk_cloudwatch::{
    primitives::DateTime,
    types::{Dimension, DimensionFilter, Metric, MetricDataQuery, MetricStat, ScanBy, StandardUnit, Statistic, StatusCode},
};
use serde_json::{Value, json};
use yard::Options;

use crate::support::{CLUSTER, START, Site, calm, code, http, open};

const NOW: i64 = START / 1_000_000;
const DAY: i64 = 86_400;

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

fn of_service(service: &str) -> Vec<Dimension> {
    vec![dimension("ClusterName", CLUSTER), dimension("ServiceName", service)]
}

fn query(id: &str, namespace: &str, metric: &str, dimensions: Vec<Dimension>, stat: &str, period: i32) -> MetricDataQuery {
    let metric = Metric::builder().namespace(namespace).metric_name(metric).set_dimensions(Some(dimensions)).build();
    MetricDataQuery::builder().id(id).metric_stat(MetricStat::builder().metric(metric).period(period).stat(stat).build()).build()
}

fn cpu(id: &str, service: &str, stat: &str) -> MetricDataQuery {
    query(id, "AWS/ECS", "CPUUtilization", of_service(service), stat, 60)
}

/// Target group and load balancer of the gateway, found as a client must find them.
async fn balancer(site: &Site) -> Vec<Dimension> {
    let filter = DimensionFilter::builder().name("TargetGroup").build();
    let listed = site.cloudwatch.list_metrics().namespace("AWS/ApplicationELB").metric_name("RequestCount").dimensions(filter);
    let listed = listed.send().await.unwrap();
    assert_eq!(listed.metrics().len(), 1);
    listed.metrics()[0].dimensions().to_vec()
}

/// One statistic of the gateway's over the last minutes, newest first.
async fn gateway(site: &Site, metric: &str, stat: &str, minutes: i64, now: i64) -> Vec<f64> {
    let dimensions = balancer(site).await;
    let ask = site.cloudwatch.get_metric_data().start_time(DateTime::from_secs(now - minutes * 60)).end_time(DateTime::from_secs(now));
    let answer = ask.metric_data_queries(query("a", "AWS/ApplicationELB", metric, dimensions, stat, 60)).send().await.unwrap();
    answer.metric_data_results()[0].values().to_vec()
}

#[tokio::test]
async fn several_metrics_come_in_one_answer_newest_first_and_in_pages() {
    let site = calm().await;
    let ask = || {
        let ask = site.cloudwatch.get_metric_data().start_time(DateTime::from_secs(NOW - 3_600)).end_time(DateTime::from_secs(NOW));
        ask.metric_data_queries(cpu("average", "auth-nats", "Average")).metric_data_queries(cpu("tasks", "auth-nats", "SampleCount"))
    };
    let whole = ask().send().await.unwrap();
    let [average, tasks] = whole.metric_data_results() else { panic!("two were asked for") };
    assert_eq!((average.values().len(), average.status_code(), whole.next_token()), (60, Some(&StatusCode::Complete), None));
    assert_eq!(average.timestamps()[0].secs(), NOW - 60);
    assert!(average.timestamps().windows(2).all(|pair| pair[0].secs() == pair[1].secs() + 60));
    assert!(average.values().iter().all(|value| (5.0..80.0).contains(value)));
    assert!(tasks.values().iter().all(|count| (count - 2.0).abs() < f64::EPSILON), "as many as ran");

    let mut pages = ask().max_datapoints(50).into_paginator().send();
    let (mut values, mut count) = (Vec::new(), 0);
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        values.extend_from_slice(page.metric_data_results()[0].values());
        count += 1;
    }
    assert_eq!((values.as_slice(), count), (average.values(), 3));
    let ascending = ask().scan_by(ScanBy::TimestampAscending).send().await.unwrap();
    assert_eq!(ascending.metric_data_results()[0].timestamps()[0].secs(), NOW - 3_600);

    let nothing = cpu("nothing", "nobody", "Average");
    let answer = site.cloudwatch.get_metric_data().start_time(DateTime::from_secs(NOW - 300)).end_time(DateTime::from_secs(NOW));
    let answer =
        answer.metric_data_queries(nothing).metric_data_queries(cpu("off", "language-system-nats", "Average")).send().await.unwrap();
    assert!(
        answer.metric_data_results().iter().all(|result| result.values().is_empty() && result.status_code() == Some(&StatusCode::Complete))
    );
}

#[tokio::test]
async fn statistics_of_fifteen_days_are_there_in_no_order() {
    let site = calm().await;
    let ask = |from: i64, until: i64, period: i32| {
        let ask = site.cloudwatch.get_metric_statistics().namespace("AWS/ECS").metric_name("CPUUtilization").period(period);
        ask.set_dimensions(Some(of_service("auth-nats"))).start_time(DateTime::from_secs(from)).end_time(DateTime::from_secs(until))
    };
    let all = [Statistic::Average, Statistic::Maximum, Statistic::SampleCount];
    let mut points = 0;
    for day in 0..15 {
        let answer = ask(NOW - (day + 1) * DAY, NOW - day * DAY, 60).set_statistics(Some(all.to_vec())).send().await.unwrap();
        points += answer.datapoints().len();
        let times: Vec<i64> = answer.datapoints().iter().map(|point| point.timestamp().unwrap().secs()).collect();
        assert!(!times.is_sorted() && times.iter().collect::<HashSet<_>>().len() == times.len());
        for point in answer.datapoints() {
            assert_eq!((point.unit(), point.sum()), (Some(&StandardUnit::Percent), None));
            assert!(point.average() <= point.maximum() && point.sample_count().unwrap() <= 2.0);
        }
    }
    assert_eq!(points, 15 * 1_440 - 40, "a gap of forty minutes");
    let coarse = ask(NOW - 30 * DAY, NOW - 29 * DAY, 3_600).statistics(Statistic::Sum).send().await.unwrap();
    assert_eq!(coarse.datapoints().len(), 24);
    let fine = ask(NOW - 30 * DAY, NOW - 29 * DAY, 60).statistics(Statistic::Sum).send().await.unwrap();
    assert_eq!(fine.datapoints().len(), 0, "a minute is kept for fifteen days");
    let percentile = ask(NOW - 3_600, NOW, 300).extended_statistics("p90").send().await.unwrap();
    assert!(percentile.datapoints().iter().all(|point| point.extended_statistics().unwrap().contains_key("p90")));
}

#[tokio::test]
async fn what_cloudwatch_refuses_is_refused_with_its_code() {
    let site = calm().await;
    let at = DateTime::from_secs;
    let data = || site.cloudwatch.get_metric_data().start_time(at(NOW - 300)).end_time(at(NOW));
    let many = (0..501).map(|number| cpu(&format!("q{number}"), "auth-nats", "Sum")).collect();
    let statistics = || {
        let ask = site.cloudwatch.get_metric_statistics().namespace("AWS/ECS").metric_name("CPUUtilization");
        ask.start_time(at(NOW - 2 * DAY)).end_time(at(NOW)).period(60).set_dimensions(Some(of_service("auth-nats")))
    };
    for (refused, expected) in [
        (code(data().set_metric_data_queries(Some(many)).send().await), "ValidationError"),
        (code(data().set_metric_data_queries(Some(Vec::new())).send().await), "MissingParameter"),
        (code(data().metric_data_queries(cpu("Upper", "auth-nats", "Sum")).send().await), "ValidationError"),
        (code(data().metric_data_queries(cpu("a", "auth-nats", "Median")).send().await), "ValidationError"),
        (code(data().metric_data_queries(cpu("a", "x", "Sum")).metric_data_queries(cpu("a", "y", "Sum")).send().await), "ValidationError"),
        (code(data().metric_data_queries(MetricDataQuery::builder().id("a").expression("1+1").build()).send().await), "ValidationError"),
        (code(data().metric_data_queries(cpu("a", "x", "Sum")).end_time(at(NOW - 300)).send().await), "InvalidParameterCombination"),
        (code(data().metric_data_queries(cpu("a", "x", "Sum")).max_datapoints(100_801).send().await), "InvalidParameterValue"),
        (code(data().metric_data_queries(cpu("a", "x", "Sum")).next_token("made up").send().await), "InvalidNextToken"),
        (code(statistics().statistics(Statistic::Sum).send().await), "InvalidParameterCombination"),
        (code(statistics().send().await), "InvalidParameterCombination"),
        (code(statistics().statistics(Statistic::Sum).extended_statistics("p9").send().await), "InvalidParameterCombination"),
        (code(statistics().statistics(Statistic::from("Median")).send().await), "ValidationError"),
        (code(statistics().statistics(Statistic::Sum).period(61).send().await), "InvalidParameterValue"),
    ] {
        assert_eq!(refused, expected);
    }
    let refused = statistics().statistics(Statistic::Sum).send().await.unwrap_err();
    assert!(format!("{refused:?}").contains("You have requested up to 2880 datapoints, which exceeds the limit of 1,440."), "{refused:?}");
}

#[tokio::test]
async fn customers_are_well_in_the_calm_and_feel_what_breaks() {
    let site = calm().await;
    site.advance(180);
    let now = NOW + 180;
    assert_eq!(gateway(&site, "HTTPCode_Target_5XX_Count", "Sum", 3, now).await, [0.0; 0], "no error is no point, not a zero");
    assert_eq!(gateway(&site, "HealthyHostCount", "Minimum", 3, now).await, [2.0; 3]);
    let p99 = gateway(&site, "TargetResponseTime", "p99", 3, now).await;
    let average = gateway(&site, "TargetResponseTime", "Average", 3, now).await;
    assert!(average.iter().zip(&p99).all(|(average, p99)| (0.108..0.138).contains(average) && p99 > average), "{average:?} {p99:?}");
    assert!(gateway(&site, "RequestCount", "Sum", 3, now).await.iter().all(|count| *count > 100.0));

    site.yard.crash_loop("auth-nats", 240).unwrap();
    site.advance(180);
    let errors = gateway(&site, "HTTPCode_Target_5XX_Count", "Sum", 3, now + 180).await;
    assert!(errors.iter().any(|count| *count >= 5.0), "{errors:?}");

    site.advance(1_200);
    assert_eq!(gateway(&site, "HTTPCode_Target_5XX_Count", "Sum", 3, now + 1_380).await, [0.0; 0], "well again");
}

#[tokio::test]
async fn a_load_balancer_without_targets_answers_for_itself() {
    let site = calm().await;
    let group = balancer(&site).await;
    let alone: Vec<Dimension> = group.into_iter().filter(|dimension| dimension.name() == Some("LoadBalancer")).collect();
    site.yard.stop_task("http-nats-gateway", Some(1), None).unwrap();
    site.yard.stop_task("http-nats-gateway", Some(1), None).unwrap();
    site.advance(60);
    let ask = site.cloudwatch.get_metric_data().start_time(DateTime::from_secs(NOW)).end_time(DateTime::from_secs(NOW + 60));
    let ask = ask.metric_data_queries(query("a", "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", alone, "Sum", 60));
    let errors = ask.send().await.unwrap().metric_data_results()[0].values().to_vec();
    assert!(errors.len() == 1 && errors[0] > 10.0, "{errors:?}");
}

#[tokio::test]
async fn metrics_are_listed_by_what_was_asked_and_in_pages() {
    let site = open(Options { services: 400, script: false, ..Options::default() }).await;
    let mut pages = site.cloudwatch.list_metrics().namespace("AWS/ECS").into_paginator().send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().metrics().len());
    }
    assert_eq!((sizes.iter().sum::<usize>(), sizes.iter().all(|size| *size <= 500)), (798, true), "{sizes:?}");
    let one = DimensionFilter::builder().name("ServiceName").value("http-nats-gateway").build();
    let listed = site.cloudwatch.list_metrics().dimensions(one).send().await.unwrap();
    let names: HashSet<_> = listed.metrics().iter().filter_map(|metric| metric.metric_name()).collect();
    assert_eq!(names, HashSet::from(["CPUUtilization", "MemoryUtilization", "RunningTaskCount"]));
}

#[tokio::test]
async fn the_aws_clis_json_is_answered_in_json() {
    let site = calm().await;
    let signed =
        ("authorization", "AWS4-HMAC-SHA256 Credential=a/20260301/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0");
    let target = ("x-amz-target", "GraniteServiceVersion20100801.GetMetricData");
    let body = json!({"StartTime": NOW - 120, "EndTime": NOW, "MetricDataQueries": [{"Id": "a", "MetricStat": {"Stat": "Sum", "Period": 60, "Metric": {
        "Namespace": "AWS/ECS", "MetricName": "CPUUtilization",
        "Dimensions": [{"Name": "ServiceName", "Value": "auth-nats"}, {"Name": "ClusterName", "Value": CLUSTER}],
    }}}]});
    let (status, _, answer) = http(&site.yard.endpoints().aws, "POST", "/", &[target, signed], body.to_string().as_bytes()).await;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!((status, &answer["MetricDataResults"][0]["Timestamps"]), (200, &json!([(NOW - 60) as f64, (NOW - 120) as f64])));
}
