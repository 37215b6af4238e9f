//! Recording what a metrics sweep read: points, which spans were asked, the month's calls, what customers feel.

use std::collections::{BTreeMap, HashMap};

use domain::Timestamp;
use domain::cost::{Allowance, Bill, Ledger, Pace, Spent, month_of};
use domain::customers::{Felt, WINDOW, usual};
use domain::live::Topic;
use domain::reading::{Asked, MetricsReading, Sweep};
use domain::series::{DAY, Metric};
use domain::service::ServiceKey;
use sqlx::SqliteConnection;

use super::counts::{self, Whose};
use super::record::Found;
use super::{Store, StoreError, json, parse, series, unsigned};

/// Past days whose same hour tells what is usual.
const PAST_DAYS: i64 = 14;

pub(super) async fn record(
    connection: &mut SqliteConnection,
    sweep: &Sweep,
    reading: &MetricsReading,
    found: &mut Found,
) -> Result<(), StoreError> {
    let environment = sweep.source.scope.as_str();
    let mut subjects: HashMap<(&str, &str), i64> = HashMap::new();
    let (mut written, mut balanced) = (0, BTreeMap::new());
    for read in &reading.series {
        let place = (read.cluster.as_str(), read.service.as_str());
        let whose = Whose { environment, account: &reading.account, region: &reading.region, cluster: place.0, service: place.1 };
        let subject = match subjects.get(&place) {
            Some(subject) => *subject,
            None => counts::subject(connection, &whose).await?,
        };
        subjects.insert(place, subject);
        if !read.points.is_empty() {
            let series = series::series(connection, subject, read.metric, &read.detail).await?;
            written += series::put(connection, series, read.metric, &read.points, sweep.finished).await?;
        }
        if !read.detail.is_empty() {
            balanced.insert(place, subject);
        }
    }
    for asked in &reading.asked {
        if let Some(subject) = subjects.get(&(asked.cluster.as_str(), asked.service.as_str())) {
            put_asked(connection, *subject, asked).await?;
        }
    }
    for ((cluster, service), subject) in balanced {
        let key = ServiceKey { environment: environment.to_owned(), cluster: cluster.to_owned(), service: service.to_owned() };
        feel(connection, key, subject, reading.p99_target, sweep.finished).await?;
        written += 1;
    }
    spend(connection, environment, &reading.spent, sweep.finished).await?;
    let pace = json("pace", &reading.pace)?;
    sqlx::query!(
        "INSERT INTO pace (environment, body) VALUES (?, ?) ON CONFLICT (environment) DO UPDATE SET body = excluded.body",
        environment,
        pace
    )
    .execute(connection)
    .await?;
    if written > 0 {
        found.changed(Topic::Metrics);
    }
    Ok(())
}

async fn put_asked(connection: &mut SqliteConnection, subject: i64, asked: &Asked) -> Result<(), StoreError> {
    let (from, to) = (asked.from.as_micros(), asked.to.as_micros());
    sqlx::query!(
        "INSERT INTO series_asked (subject, detail, from_at, to_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (subject, detail) DO UPDATE SET from_at = excluded.from_at, to_at = excluded.to_at",
        subject,
        asked.detail,
        from,
        to,
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn spend(connection: &mut SqliteConnection, environment: &str, spent: &[Spent], at: Timestamp) -> Result<(), StoreError> {
    let (month, first) = (month_of(at), at.as_micros());
    for spent in spent {
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let (calls, throttled, units) = (count(spent.calls), count(spent.throttled), count(spent.units));
        sqlx::query!(
            "INSERT INTO spend (environment, month, api, calls, throttled, units, first_at) VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (environment, month, api) DO UPDATE SET
                 calls = calls + excluded.calls, throttled = throttled + excluded.throttled, units = units + excluded.units",
            environment,
            month,
            spent.api,
            calls,
            throttled,
            units,
            first,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// What customers felt in the newest minutes, beside what is usual at this hour.
async fn feel(
    connection: &mut SqliteConnection,
    key: ServiceKey,
    subject: i64,
    target_p99: Option<f64>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let second = now.as_micros().div_euclid(1_000_000);
    let all = series_of(connection, subject).await?;
    let recent: Vec<(i64, Metric)> = all.iter().filter(|(_, metric)| metric.step() == 60).copied().collect();
    // CloudWatch's clock may be minutes ahead of ours: its newest minute counts, whatever ours says
    let points = series::read(connection, &recent, second - 1_800, second + 900).await?;
    let metric_of = |id: i64| recent.iter().find(|(known, _)| *known == id).map(|(_, metric)| *metric);
    let of = |wanted: Metric| points.iter().filter(move |(id, ..)| metric_of(*id) == Some(wanted));
    let newest = of(Metric::Healthy).chain(of(Metric::Unhealthy)).map(|(_, second, _)| *second).max();
    let before = sqlx::query_scalar!("SELECT body FROM customer WHERE subject = ?", subject).fetch_optional(&mut *connection).await?;
    let before: Option<Felt> = before.and_then(|body| serde_json::from_str(&body).ok());
    let within = |from: i64| move |point: &&(i64, i64, i64)| newest.is_some_and(|newest| point.1 > newest - from && point.1 <= newest);
    let sum = |metric: Metric, from: i64| of(metric).filter(within(from)).map(|point| point.2).sum::<i64>();
    let values = |metric: Metric| of(metric).filter(within(WINDOW)).map(move |point| metric.value(point.2));
    let latencies: Vec<f64> = values(Metric::Latency).collect();
    let mut felt = Felt {
        key,
        until: newest.map(|newest| Timestamp::from_secs(newest + 60)),
        requests: unsigned(sum(Metric::Requests, WINDOW)),
        // a series begins with its first point
        requests_counted: all.iter().any(|(_, metric)| *metric == Metric::Requests),
        errors: unsigned(sum(Metric::Errors, WINDOW)),
        latency: (!latencies.is_empty()).then(|| latencies.iter().sum::<f64>() / latencies.len() as f64),
        p99: values(Metric::LatencyP99).reduce(f64::max),
        // of each target group its own newest minute
        healthy: super::small(sum(Metric::Healthy, 60)),
        unhealthy: super::small(sum(Metric::Unhealthy, 60)),
        usual_p99: usual_p99(connection, &all, second).await?,
        target_p99,
        since: None,
    };
    let same = before.as_ref().filter(|before| before.judged().tone == felt.judged().tone).and_then(|before| before.since);
    felt.since = same.or(felt.until);
    let body = json("customer", &felt)?;
    sqlx::query!(
        "INSERT INTO customer (subject, body) VALUES (?, ?) ON CONFLICT (subject) DO UPDATE SET body = excluded.body",
        subject,
        body
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The 95th percentile of the p99 in this hour of the past days.
async fn usual_p99(connection: &mut SqliteConnection, all: &[(i64, Metric)], second: i64) -> Result<Option<f64>, StoreError> {
    let p99: Vec<(i64, Metric)> = all.iter().filter(|(_, metric)| *metric == Metric::LatencyP99).copied().collect();
    if p99.is_empty() {
        return Ok(None);
    }
    let points = series::read(connection, &p99, second - PAST_DAYS * DAY, second - DAY / 2).await?;
    let same_hour = |at: i64| {
        let apart = (second - at).rem_euclid(DAY);
        apart.min(DAY - apart) <= 1_800
    };
    Ok(usual(points.into_iter().filter(|(_, at, _)| same_hour(*at)).map(|(.., value)| Metric::LatencyP99.value(value)).collect()))
}

/// The series of a subject.
pub(super) async fn series_of(connection: &mut SqliteConnection, subject: i64) -> Result<Vec<(i64, Metric)>, StoreError> {
    let rows = sqlx::query!(r#"SELECT id AS "id!", metric FROM series WHERE subject = ?"#, subject).fetch_all(connection).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.id, Metric::from_word(&row.metric)?))).collect())
}

impl Store {
    /// Which spans of an environment's metrics were asked before, and what was spent this month.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn metrics_known(&self, environment: &str, now: Timestamp) -> Result<(Vec<Asked>, Ledger), StoreError> {
        let mut snapshot = self.read().await?;
        let rows = sqlx::query!(
            "SELECT s.cluster, s.service, a.detail, a.from_at, a.to_at FROM series_asked a JOIN subject s ON s.id = a.subject WHERE s.environment = ?",
            environment
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let asked = rows
            .into_iter()
            .map(|row| Asked {
                cluster: row.cluster,
                service: row.service,
                detail: row.detail,
                from: Timestamp::from_micros(row.from_at),
                to: Timestamp::from_micros(row.to_at),
            })
            .collect();
        Ok((asked, ledger(&mut snapshot, environment, now).await?))
    }

    /// This month's bill of each environment. One that is configured no longer has no allowance of its own.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn bills(&self, allowances: &BTreeMap<String, Allowance>, now: Timestamp) -> Result<Vec<Bill>, StoreError> {
        let mut snapshot = self.read().await?;
        let rows = sqlx::query!("SELECT environment, body FROM pace ORDER BY environment").fetch_all(&mut *snapshot).await?;
        let mut bills = Vec::new();
        for row in rows {
            let pace: Pace = parse("pace", &row.body)?;
            let allowance = allowances.get(&row.environment).copied().unwrap_or_default();
            bills.push(Bill::of(&row.environment, &ledger(&mut snapshot, &row.environment, now).await?, &allowance, &pace, now));
        }
        Ok(bills)
    }
}

async fn ledger(connection: &mut SqliteConnection, environment: &str, now: Timestamp) -> Result<Ledger, StoreError> {
    let month = month_of(now);
    let rows =
        sqlx::query!("SELECT api, calls, throttled, units, first_at FROM spend WHERE environment = ? AND month = ?", environment, month)
            .fetch_all(connection)
            .await?;
    let since = rows.iter().map(|row| row.first_at).min().map(Timestamp::from_micros);
    let spent = rows.into_iter().map(|row| Spent {
        api: row.api,
        calls: unsigned(row.calls),
        throttled: unsigned(row.throttled),
        units: unsigned(row.units),
    });
    Ok(Ledger { spent: spent.collect(), since })
}
