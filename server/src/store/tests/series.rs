//! Numbers over time: counts by change, points in any order, rolling up, what customers feel, what was spent.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::cost::{Pace, Spent};
use domain::judge::Tone;
use domain::reading::{Asked, MetricsReading, Reading, SeriesReading};
use domain::series::{DAY, Metric, Point, Reach};
use domain::source::{Outcome, SourceKind};

use super::build::*;
use crate::history::{Form, compose};

const TARGET: &str = "targetgroup/auth/73e2";

fn read(metric: Metric, detail: &str, points: &[(i64, f64)]) -> SeriesReading {
    let points = points.iter().map(|(second, value)| Point { at: at(*second), value: *value }).collect();
    SeriesReading { cluster: "main".into(), service: "auth".into(), metric, detail: detail.into(), points }
}

fn metrics(seconds: i64, series: Vec<SeriesReading>) -> collectors::Report {
    let asked =
        vec![Asked { cluster: "main".into(), service: "auth".into(), detail: String::new(), from: at(seconds - 3_600), to: at(seconds) }];
    let spent = vec![Spent { api: "cloudwatch:GetMetricStatistics".into(), calls: 2, throttled: 1, units: 2 }];
    let pace = Pace { customers_every: Some(60), services_every: Some(900), ..Pace::default() };
    let reading =
        MetricsReading { account: "111122223333".into(), region: "us-east-1".into(), series, asked, spent, pace, p99_target: None };
    report(SourceKind::Metrics, seconds, Outcome::Complete, Some(Reading::Metrics(reading)))
}

async fn count(fixture: &Fixture, query: &'static str) -> i64 {
    let mut snapshot = fixture.store.read().await.unwrap();
    sqlx::query_scalar(query).fetch_one(&mut *snapshot).await.unwrap()
}

#[tokio::test]
async fn counts_are_one_row_a_change_and_end_when_the_service_goes() {
    let fixture = Fixture::new().await;
    for seconds in [0, 15, 30] {
        fixture.record(ecs(seconds, cluster())).await;
    }
    assert_eq!(count(&fixture, "SELECT count(*) FROM count_change").await, 3, "a quiet sweep adds no row");
    let mut fewer = cluster();
    fewer.services.items[0].service.running = 1;
    fixture.record(ecs(45, fewer)).await;
    let mut gone = cluster();
    gone.services.items.remove(0);
    fixture.record(ecs(60, gone)).await;
    let past = fixture.store.past(&key("auth"), Reach::Hour, at(120)).await.unwrap().unwrap();
    let counts: Vec<_> = past.counts.iter().map(|counts| (counts.at, counts.tasks)).collect();
    assert_eq!(counts, [(at(0), Some((2, 2, 0))), (at(45), Some((2, 1, 0))), (at(60), None)]);
    // what held at the beginning of the span is known though it began before
    let later = fixture.store.past(&key("quest"), Reach::Hour, at(2 * 3_600)).await.unwrap().unwrap();
    assert_eq!(later.counts.len(), 1);
    let plot = &compose(key("quest"), Reach::Hour, &later, Form::Numbers, at(2 * 3_600)).plots[0];
    assert!(plot.lines[0].points.iter().all(|(_, value)| *value == Some(2.0)), "{:?}", plot.lines[0]);
    assert!(fixture.store.past(&key("never"), Reach::Hour, at(0)).await.unwrap().is_none());
}

#[tokio::test]
async fn points_in_any_order_and_twice_end_the_same_and_survive_the_roll_up() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let day_of_points: Vec<(i64, f64)> =
        (0..288).filter(|slot| slot % 7 != 3).map(|slot| (slot * 300, 10.0 + (slot % 50) as f64)).collect();
    let mut shuffled = day_of_points.clone();
    shuffled.reverse();
    shuffled.rotate_left(31);
    shuffled.extend_from_slice(&day_of_points[10..40]);
    shuffled.push((900, f64::NAN));
    let now = DAY;
    fixture.record(metrics(now, vec![read(Metric::CpuAverage, "", &shuffled)])).await;
    let known = async |now: i64| {
        let past = fixture.store.past(&key("auth"), Reach::Week, at(now)).await.unwrap().unwrap();
        past.points.into_iter().find(|(metric, _)| *metric == Metric::CpuAverage).map(|(_, points)| points).unwrap_or_default()
    };
    let before = known(now).await;
    assert_eq!(before.len(), day_of_points.len());
    let written = fixture.record(metrics(now + 60, vec![read(Metric::CpuAverage, "", &day_of_points)])).await;
    assert!(!written.topics.contains(&domain::live::Topic::Metrics), "what is known already changes nothing");
    // five days later its hours are days
    let later = now + 5 * DAY;
    while fixture.store.roll_up(at(later)).await.unwrap() > 0 {}
    assert_eq!(count(&fixture, "SELECT count(*) FROM series_hour").await, 0);
    assert!(count(&fixture, "SELECT count(*) FROM series_day").await <= 2);
    assert_eq!(known(later).await, before);
    // a point that comes late joins its day
    fixture.record(metrics(later, vec![read(Metric::CpuAverage, "", &[(3 * 300, 99.0)])])).await;
    assert_eq!(known(later).await.len(), before.len() + 1);
    while fixture.store.forget_history(at(later + 500 * DAY), Duration::from_secs(400 * 86_400)).await.unwrap() > 0 {}
    assert_eq!(count(&fixture, "SELECT count(*) FROM series_day").await, 0);
    assert_eq!(count(&fixture, "SELECT count(*) FROM count_change").await, 3, "the counts that hold stay");
}

#[tokio::test]
async fn hurt_customers_are_the_first_need_and_the_month_is_counted() {
    let fixture = Fixture::new().await;
    let mut down = cluster();
    down.services.items[1].service.running = 0;
    fixture.record(ecs(0, down)).await;
    let minutes = |value: f64| -> Vec<(i64, f64)> { (1..=5).map(|minute| (minute * 60, value)).collect() };
    let feel = |errors: f64| {
        vec![
            read(Metric::Requests, TARGET, &minutes(100.0)),
            read(Metric::Errors, TARGET, &minutes(errors)),
            read(Metric::LatencyP99, TARGET, &minutes(118.0)),
            read(Metric::Healthy, TARGET, &minutes(2.0)),
            read(Metric::Unhealthy, TARGET, &minutes(0.0)),
        ]
    };
    fixture.record(metrics(360, feel(0.0))).await;
    let calm = fixture.store.overview_facts(at(360)).await.unwrap().compose(at(360));
    assert_eq!(calm.customers.len(), 1);
    assert_eq!(calm.customers[0].sentence, "0 of 500 requests failed in the last 5 min, p99 118 ms, 2 of 2 targets healthy");
    fixture.record(metrics(361, feel(50.0))).await;
    let hurt = fixture.store.overview_facts(at(361)).await.unwrap().compose(at(361));
    assert_eq!((hurt.customers[0].tone, hurt.needs[0].tone), (Tone::Bad, Tone::Bad));
    assert!(hurt.needs[0].text.starts_with("fails its customers: 250 of 500 requests failed (50.0 %)"), "{}", hurt.needs[0].text);
    assert!(hurt.needs.len() > 1, "the service that is down is told after them");
    // nothing stale stays red or green
    let stale = fixture.store.overview_facts(at(3_600)).await.unwrap().compose(at(3_600));
    assert_eq!(stale.customers[0].tone, Tone::Unknown);
    assert!(!stale.needs.iter().any(|need| need.text.contains("customers")));
    let (asked, ledger) = fixture.store.metrics_known("production", at(400)).await.unwrap();
    assert_eq!((asked.len(), ledger.spent[0].calls, ledger.spent[0].throttled), (1, 4, 2));
    let bills = fixture.store.bills(&BTreeMap::new(), at(400)).await.unwrap();
    assert_eq!((bills.len(), bills[0].lines[0].price.as_str()), (1, "in the free million"));
    let past = fixture.store.past(&key("auth"), Reach::Hour, at(400)).await.unwrap().unwrap();
    let history = compose(key("auth"), Reach::Hour, &past, Form::Picture, at(400));
    assert_eq!(
        history.plots.iter().map(|plot| plot.id.as_str()).collect::<Vec<_>>(),
        ["requests", "latency", "targets", "tasks", "cpu", "memory"]
    );
    assert!(history.plots[0].svg.is_some() && history.plots[4].svg.is_none());
    let html = crate::history::panel(&history);
    assert!(html.contains("id=\"customers\"") && html.contains("Nothing is known of it in this time."), "{html}");
}

#[tokio::test]
async fn where_no_request_was_ever_counted_the_targets_are_told_alone() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let minutes = |from: i64, value: f64| -> Vec<(i64, f64)> { (from..from + 5).map(|minute| (minute * 60, value)).collect() };
    // an application load balancer that nobody has called answers with no point, a network load balancer is not asked
    let feel = |from: i64, unhealthy: f64| {
        vec![
            read(Metric::Requests, TARGET, &[]),
            read(Metric::Healthy, TARGET, &minutes(from, 2.0 - unhealthy)),
            read(Metric::Unhealthy, TARGET, &minutes(from, unhealthy)),
        ]
    };
    let seen = async |now: i64| fixture.store.overview_facts(at(now)).await.unwrap().compose(at(now));
    let plots = async |now: i64| -> Vec<String> {
        let past = fixture.store.past(&key("auth"), Reach::Hour, at(now)).await.unwrap().unwrap();
        compose(key("auth"), Reach::Hour, &past, Form::Picture, at(now)).plots.into_iter().map(|plot| plot.id).collect()
    };
    fixture.record(metrics(360, feel(1, 0.0))).await;
    let calm = seen(360).await;
    assert_eq!(calm.customers[0].sentence, "2 of 2 targets healthy; its load balancer has counted no request");
    assert_eq!(calm.customers[0].tone, Tone::Good);
    assert_eq!(plots(360).await, ["targets", "tasks", "cpu", "memory"], "none that would stay empty");
    fixture.record(metrics(361, feel(1, 1.0))).await;
    let hurt = seen(361).await;
    assert_eq!(hurt.needs[0].text, "serves its customers badly: 1 of 2 targets are healthy");
    assert_eq!(hurt.needs[0].detail.as_deref(), Some("1 of 2 targets healthy; its load balancer has counted no request."));
    // with the first request that is counted it is known to count, and later silence is quiet
    fixture.record(metrics(362, vec![read(Metric::Requests, TARGET, &minutes(1, 100.0))])).await;
    assert_eq!(seen(362).await.customers[0].sentence, "0 of 500 requests failed in the last 5 min, 1 of 2 targets healthy");
    fixture.record(metrics(960, feel(11, 0.0))).await;
    assert_eq!(seen(960).await.customers[0].sentence, "no request in the last 5 min, 2 of 2 targets healthy");
    assert_eq!(plots(960).await, ["requests", "targets", "tasks", "cpu", "memory"]);
}
