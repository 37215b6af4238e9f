//! The load of every service over a week: the one part of the facts that is too much to read at every look.
//!
//! A week of two metrics of a thousand services is a hundred thousand packed rows. So it is read apart, some services at a
//! time, and whoever judges keeps it for an hour: its evidence counts for a day.

use std::collections::HashMap;

use domain::Timestamp;
use domain::readiness::live::{Percentile, Usage, WEEK};
use domain::series::Metric;
use domain::service::ServiceKey;

use super::{Of, key};
use crate::store::{Store, StoreError, series};

/// Series unpacked at once.
const AT_ONCE: usize = 64;

impl Store {
    /// The 95th percentiles of CPU and memory of every service that was ever measured, over the last week.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn readiness_load(&self, now: Timestamp) -> Result<Of<Usage>, StoreError> {
        let mut snapshot = self.read().await?;
        let (cpu, memory) = (Metric::CpuAverage.as_str(), Metric::MemoryAverage.as_str());
        let rows = sqlx::query!(
            r#"SELECT s.id AS "id!: i64", s.metric AS "metric!: String", j.environment AS "environment!: String", j.cluster AS "cluster!: String",
                      j.service AS "service!: String"
               FROM series s JOIN subject j ON j.id = s.subject WHERE s.metric IN (?, ?) AND s.detail = '' ORDER BY s.id"#,
            cpu,
            memory,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let mut owners: HashMap<i64, ServiceKey> = HashMap::with_capacity(rows.len());
        let mut wanted: Vec<(i64, Metric)> = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(metric) = Metric::from_word(&row.metric) else { continue };
            wanted.push((row.id, metric));
            owners.insert(row.id, key(row.environment, row.cluster, row.service));
        }
        let to = now.as_micros().div_euclid(1_000_000);
        let from = now.minus(WEEK).as_micros().div_euclid(1_000_000);
        let mut load: Of<Usage> = HashMap::new();
        for some in wanted.chunks(AT_ONCE) {
            let mut points: HashMap<(i64, Metric), Vec<(i64, i64)>> = HashMap::new();
            for stretch in series::stretches(&mut snapshot, some, from, to).await? {
                points.entry((stretch.series, stretch.metric)).or_default().extend(stretch.points());
            }
            for ((series, metric), points) in points {
                let Some(owner) = owners.get(&series) else { continue };
                let Some((percentile, newest)) = high(points) else { continue };
                let usage = load.entry(owner.clone()).or_insert(Usage { at: newest, cpu: None, memory: None });
                // of two metrics the one that was last heard of longer ago says how old both are
                usage.at = usage.at.min(newest);
                let field = if metric == Metric::CpuAverage { &mut usage.cpu } else { &mut usage.memory };
                *field = Some(percentile);
            }
        }
        Ok(load)
    }
}

/// The 95th percentile of points, and when the newest of them ended.
fn high(points: Vec<(i64, i64)>) -> Option<(Percentile, Timestamp)> {
    let newest = points.iter().map(|(second, _)| *second).max()?;
    let mut values: Vec<i64> = points.into_iter().map(|(_, value)| value).collect();
    values.sort_unstable();
    let value = *values.get((values.len() * 95).div_ceil(100).saturating_sub(1))?;
    let step = i64::from(Metric::CpuAverage.step());
    Some((Percentile { value, points: u32::try_from(values.len()).unwrap_or(u32::MAX) }, Timestamp::from_secs(newest + step)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_in_a_hundred_are_left_out() {
        let points: Vec<(i64, i64)> = (1..=100).map(|number| (number * 300, number)).collect();
        let (percentile, newest) = high(points).unwrap();
        assert_eq!((percentile, newest), (Percentile { value: 95, points: 100 }, Timestamp::from_secs(30_300)));
        assert_eq!(high(vec![(0, 7)]).unwrap().0.value, 7);
        assert_eq!(high(Vec::new()), None);
    }
}
