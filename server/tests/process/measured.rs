//! The two ways to ask CloudWatch for what customers feel, against the yard: one statistic at a time within the free
//! million, and together by GetMetricData beyond it. They must tell the same.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use collectors::{AwsEnvironment, AwsScope, Collector, EcsCollector, Keys, MetricsCollector};
use domain::Timestamp;
use domain::cost::{Allowance, Way};
use domain::reading::{MetricsReading, Reading, Sweep};
use domain::series::Metric;
use domain::source::Outcome;
use serde_json::Value;
use signalbox::clock::SystemClock;

use crate::support::*;

/// An environment of its own: each keeps its own account of what it spent.
pub(crate) fn environment(endpoint: &str) -> Arc<AwsEnvironment> {
    let mut scope = AwsScope::new("default");
    scope.region = Some("us-east-1".to_owned());
    scope.endpoint_url = Some(endpoint.to_owned());
    Arc::new(AwsEnvironment::new(scope, Arc::new(SystemClock)).with_keys(Keys::dummy()))
}

/// A collector with the free million left, or with it used up elsewhere.
pub(crate) fn collector(endpoint: &str, used_up: bool) -> MetricsCollector {
    let free_used_elsewhere = if used_up { Allowance::default().prices.free_requests } else { 0 };
    MetricsCollector::new(environment(endpoint), Duration::from_secs(60), Allowance { free_used_elsewhere, ..Allowance::default() })
}

pub(crate) fn read(sweep: &Sweep) -> &MetricsReading {
    match &sweep.reading {
        Some(Reading::Metrics(reading)) => reading,
        other => panic!("no metrics but {other:?}: {:?}", sweep.outcome),
    }
}

/// By metric, every point of a target group's that is old enough to stay as it is.
fn settled(reading: &MetricsReading, before: Timestamp) -> BTreeMap<Metric, BTreeMap<Timestamp, f64>> {
    let mut all: BTreeMap<Metric, BTreeMap<Timestamp, f64>> = BTreeMap::new();
    for series in reading.series.iter().filter(|series| !series.detail.is_empty()) {
        let points = series.points.iter().filter(|point| point.at < before).map(|point| (point.at, point.value));
        all.entry(series.metric).or_default().extend(points);
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_ways_to_ask_for_metrics_tell_the_same() {
    let (_yard, endpoints) = yard(&["--nats-nodes", "0", "--no-throttles"]);
    let (aws, control) = (endpoints["aws"].as_str().unwrap(), endpoints["control"].as_str().unwrap());
    let sweep = EcsCollector::new(environment(aws), Duration::from_secs(15)).sweep().await;
    let Some(Reading::Ecs(ecs)) = &sweep.reading else { panic!("{:?}", sweep.outcome) };
    // of the last hours only, so that one sweep asks for all of it
    let created = Some(sweep.finished.minus(Duration::from_secs(3 * 3_600)));
    let mut fleet = ecs.clone();
    for cluster in &mut fleet.clusters.items {
        cluster.services.items.retain(|observed| !observed.service.target_groups.is_empty());
        cluster.services.items.iter_mut().for_each(|observed| observed.service.created = created);
    }
    let services = || fleet.clusters.items.iter().flat_map(|cluster| &cluster.services.items);
    assert!(services().next().is_some(), "the first user's gateway stands behind a load balancer");

    let mut known = Vec::new();
    for (used_up, way, calls) in [(false, Way::Statistics, 0), (true, Way::Data, 2)] {
        let collector = collector(aws, used_up);
        collector.watch(&fleet);
        let before = get(&format!("{control}/requests")).await;
        let sweep = collector.sweep().await;
        let after = get(&format!("{control}/requests")).await;
        assert_eq!((&sweep.outcome, read(&sweep).pace.way), (&Outcome::Complete, way));
        let count = |of: &Value| of["requests"]["cloudwatch:GetMetricData"].as_u64().unwrap_or(0);
        assert_eq!(count(&after) - count(&before), calls, "one for all plain statistics, one for the percentiles");
        let billed = read(&sweep).spent.iter().find(|spent| spent.api == "cloudwatch:GetMetricData").map_or(0, |spent| spent.units);
        let groups = services().map(|observed| observed.service.target_groups.len() as u64).sum::<u64>();
        assert_eq!(billed, if used_up { 6 * groups } else { 0 }, "by metric");
        known.push(settled(read(&sweep), sweep.finished.minus(Duration::from_secs(600))));
    }
    let (each, together) = (&known[0], &known[1]);
    assert_eq!(each.len(), 6, "{:?}", each.keys());
    for (metric, points) in each {
        let others = &together[metric];
        assert!(points.len() > 150 || *metric == Metric::Errors, "{metric:?}: {} points", points.len());
        // the second was asked a moment later, so its first and last minute may be others
        let common: Vec<(f64, f64)> = points.iter().filter_map(|(at, value)| Some((*value, *others.get(at)?))).collect();
        assert!(common.len() + 2 >= points.len().max(others.len()), "{metric:?}: {} and {}", points.len(), others.len());
        assert!(common.iter().all(|(one, other)| (one - other).abs() < 1e-6), "{metric:?}: {common:?}");
    }
}
