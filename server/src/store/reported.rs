//! What a report needs that no page reads: the whole fleet at once, over days.
//!
//! Separate because a page reads one service or one screen of them, and a report a thousand; so each of these is one query over
//! all services and none is asked per service.

use std::collections::{BTreeMap, HashMap};

use domain::Timestamp;
use domain::cost::Pace;
use domain::coverage::Column;
use domain::report::cost::{Size, Used};
use domain::report::{Covered, Document, Observed, Period};
use domain::series::Metric;
use domain::service::{ServiceKey, TaskDefinition};
use domain::source::SourceHealth;

use super::{Store, StoreError, parse, reports, series, small, sources, unsigned};

/// Series read at a time: each row is looked up among them.
const AT_ONCE: usize = 64;
/// The part of the points that may lie above, in percent.
const ABOVE: usize = 5;

/// Task counts of one service from an instant on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountsFrom {
    /// Which service, by its number in the store.
    pub subject: i64,
    /// Its environment.
    pub environment: String,
    /// From when, in seconds since 1970.
    pub second: i64,
    /// Wanted and running; none once it is gone.
    pub tasks: Option<(u32, u32)>,
}

impl Store {
    /// How much of a period each configured source was read, in the order of the config.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn observed(&self, period: Period) -> Result<Vec<Observed>, StoreError> {
        let mut snapshot = self.read().await?;
        let health: Vec<SourceHealth> = sources::health_list(&mut snapshot).await?;
        let (from, to) = (period.from.as_micros(), period.to.as_micros());
        let firsts = sqlx::query!(
            r#"SELECT source AS "source!: String", min(first_at) AS "first!: i64" FROM sweep WHERE outcome <> 'failed' GROUP BY source"#
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let gaps = sqlx::query!(
            r#"SELECT source AS "source!: String", from_at AS "from_at!: i64", to_at AS "to_at?: i64" FROM gap
               WHERE from_at < ?2 AND (to_at IS NULL OR to_at > ?1) ORDER BY from_at"#,
            from,
            to,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let observed = |health: SourceHealth| {
            let id = health.id.to_string();
            let first = firsts.iter().find(|row| row.source == id).map(|row| Timestamp::from_micros(row.first));
            let gaps: Vec<_> = gaps
                .iter()
                .filter(|gap| gap.source == id)
                .map(|gap| (Timestamp::from_micros(gap.from_at), gap.to_at.map(Timestamp::from_micros)))
                .collect();
            Observed { stale: health.stale(period.to), ..Observed::of(health.id, period, first, &gaps) }
        };
        Ok(health.into_iter().map(observed).collect())
    }

    /// Stretches of a period in which the ECS of some environment was not read, in seconds, oldest first.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn ecs_gaps(&self, period: Period) -> Result<Vec<(String, i64, i64)>, StoreError> {
        let mut snapshot = self.read().await?;
        let (from, to) = (period.from.as_micros(), period.to.as_micros());
        let rows = sqlx::query!(
            r#"SELECT substr(source, 5) AS "environment!: String", max(from_at, ?1) AS "from_at!: i64", min(COALESCE(to_at, ?2), ?2) AS "to_at!: i64"
               FROM gap WHERE source LIKE 'ecs:%' AND from_at < ?2 AND (to_at IS NULL OR to_at > ?1) ORDER BY from_at"#,
            from,
            to,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        Ok(rows.into_iter().map(|row| (row.environment, row.from_at.div_euclid(1_000_000), row.to_at.div_euclid(1_000_000))).collect())
    }

    /// The size of each present service's tasks, where its task definition was read and says one.
    ///
    /// # Errors
    /// When the statement fails or a row cannot be read.
    pub async fn task_sizes(&self) -> Result<BTreeMap<ServiceKey, Size>, StoreError> {
        let mut snapshot = self.read().await?;
        let rows = sqlx::query!(
            r#"SELECT s.environment AS "environment!: String", s.cluster AS "cluster!: String", s.name AS "name!: String", d.body AS "body!: String"
               FROM service s JOIN task_definition d ON d.arn = s.revision WHERE s.present = 1"#
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let mut sizes = BTreeMap::new();
        for row in rows {
            let definition: TaskDefinition = parse("task definition", &row.body)?;
            let number = |text: Option<String>| text.and_then(|text| text.trim().parse::<u32>().ok());
            if let (Some(cpu), Some(memory)) = (number(definition.cpu), number(definition.memory)) {
                sizes.insert(ServiceKey { environment: row.environment, cluster: row.cluster, service: row.name }, Size { cpu, memory });
            }
        }
        Ok(sizes)
    }

    /// How much each service used of what it reserved between two instants (seconds): the 95th percentile of its busiest task.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn used(&self, from: i64, to: i64) -> Result<BTreeMap<ServiceKey, Used>, StoreError> {
        let mut snapshot = self.read().await?;
        let (cpu, memory) = (Metric::CpuMaximum.as_str(), Metric::MemoryMaximum.as_str());
        let rows = sqlx::query!(
            r#"SELECT series.id AS "id!: i64", series.metric AS "metric!: String", subject.environment AS "environment!: String",
                  subject.cluster AS "cluster!: String", subject.service AS "service!: String"
               FROM series JOIN subject ON subject.id = series.subject WHERE series.metric IN (?1, ?2)"#,
            cpu,
            memory,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let mut found: BTreeMap<ServiceKey, (Option<u64>, Option<u64>, u64)> = BTreeMap::new();
        for some in rows.chunks(AT_ONCE) {
            let wanted: Vec<(i64, Metric)> = some.iter().filter_map(|row| Some((row.id, Metric::from_word(&row.metric)?))).collect();
            let mut points: HashMap<i64, Vec<i64>> = HashMap::new();
            for stretch in series::stretches(&mut snapshot, &wanted, from, to).await? {
                points.entry(stretch.series).or_default().extend(stretch.points().map(|(_, kept)| kept));
            }
            for row in some {
                let Some(values) = points.remove(&row.id).filter(|values| !values.is_empty()) else { continue };
                let key = ServiceKey { environment: row.environment.clone(), cluster: row.cluster.clone(), service: row.service.clone() };
                let (of_cpu, of_memory, points) = found.entry(key).or_insert((None, None, u64::MAX));
                // of the two metrics the one with fewer points says how much is known
                *points = (*points).min(values.len() as u64);
                let place = if row.metric == cpu { of_cpu } else { of_memory };
                *place = Some(percentile(values));
            }
        }
        let both = |(key, (cpu, memory, points)): (ServiceKey, (Option<u64>, Option<u64>, u64))| {
            Some((key, Used { cpu: cpu?, memory: memory?, points }))
        };
        Ok(found.into_iter().filter_map(both).collect())
    }

    /// Every change of task counts in a period, oldest first, beginning with those that held at its start.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn task_counts(&self, period: Period) -> Result<Vec<CountsFrom>, StoreError> {
        let mut snapshot = self.read().await?;
        let (from, to) = (period.from.as_micros(), period.to.as_micros());
        let rows = sqlx::query!(
            r#"SELECT c.subject AS "subject!: i64", s.environment AS "environment!: String", c.at AS "at!: i64",
                  c.desired AS "desired?: i64", c.running AS "running?: i64"
               FROM subject s CROSS JOIN count_change c ON c.subject = s.id AND c.at <= ?2
                AND c.at >= COALESCE((SELECT max(b.at) FROM count_change b WHERE b.subject = s.id AND b.at <= ?1), ?1)
               ORDER BY c.at, c.subject"#,
            from,
            to,
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let counts = rows.into_iter().map(|row| CountsFrom {
            subject: row.subject,
            environment: row.environment,
            second: row.at.div_euclid(1_000_000),
            tasks: row.desired.zip(row.running).map(|(desired, running)| (small(desired), small(running))),
        });
        Ok(counts.collect())
    }

    /// The newest report on an environment, or on the whole fleet where none is named, that names were not taken out of.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn report_before(&self, environment: Option<&str>) -> Result<Option<Document>, StoreError> {
        let mut snapshot = self.read().await?;
        let body = sqlx::query_scalar!(
            r#"SELECT document AS "document!: Vec<u8>" FROM report WHERE redacted = 0 AND environment IS ? ORDER BY made_at DESC, id DESC LIMIT 1"#,
            environment,
        )
        .fetch_optional(&mut *snapshot)
        .await?;
        let Some(body) = body else { return Ok(None) };
        let body = reports::unpacked("report", &body)?;
        // one of another schema is no reason to make none today
        Ok(serde_json::from_slice(&body).inspect_err(|error| tracing::warn!(%error, "the last report cannot be compared with")).ok())
    }

    /// How many services that want tasks lack an alarm, column by column.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn covered(&self, environments: &[String]) -> Result<Vec<Covered>, StoreError> {
        let mut snapshot = self.read().await?;
        let rows = sqlx::query!(
            r#"SELECT c.environment AS "environment!: String", c.lacking AS "lacking!: i64" FROM coverage c
               JOIN source ON source.id = 'ecs:' || c.environment
               JOIN service s ON s.environment = c.environment AND s.cluster = c.cluster AND s.name = c.service
               WHERE s.present = 1 AND s.desired > 0"#
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let asked: Vec<u32> = rows.iter().filter(|row| environments.contains(&row.environment)).map(|row| small(row.lacking)).collect();
        let lacking = |column: Column| asked.iter().filter(|lacking| **lacking & column.bit() != 0).count() as u64;
        // what only its owner knows may be watched and need not
        let columns = Column::ALL.into_iter().filter(|column| *column != Column::Own);
        Ok(columns.map(|column| Covered { column, services: asked.len() as u64, lacking: lacking(column) }).collect())
    }

    /// How many alarms these environments have.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn alarms_counted(&self, environments: &[String]) -> Result<u64, StoreError> {
        let mut snapshot = self.read().await?;
        let rows = sqlx::query!(
            r#"SELECT a.environment AS "environment!: String", count(*) AS "count!: i64" FROM alarm a
               JOIN source ON source.id = 'alarms:' || a.environment GROUP BY a.environment"#
        )
        .fetch_all(&mut *snapshot)
        .await?;
        Ok(rows.iter().filter(|row| environments.contains(&row.environment)).map(|row| unsigned(row.count)).sum())
    }

    /// What asking AWS will have cost by the end of the month, by environment.
    ///
    /// # Errors
    /// When the statement fails or a row cannot be read.
    pub async fn own_cost(&self) -> Result<Vec<(String, Pace)>, StoreError> {
        let mut snapshot = self.read().await?;
        let rows = sqlx::query!("SELECT environment, body FROM pace ORDER BY environment").fetch_all(&mut *snapshot).await?;
        rows.into_iter().map(|row| Ok((row.environment, parse("pace", &row.body)?))).collect()
    }
}

/// The value that 95 % of the points do not exceed (nearest rank), in permille. Points are kept as hundredths of a percent.
fn percentile(mut values: Vec<i64>) -> u64 {
    values.sort_unstable();
    let above = values.len() * ABOVE / 100;
    let high = values.iter().rev().nth(above).copied().unwrap_or(0);
    // rounded up: a hint that is a little too careful costs less than one that is not
    u64::try_from(high.max(0)).unwrap_or(0).div_ceil(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_point_in_twenty_may_lie_above() {
        // 1.00 % to 100.00 %
        let values: Vec<i64> = (1..=100).map(|percent| percent * 100).collect();
        assert_eq!(percentile(values), 950);
        assert_eq!([percentile(vec![1]), percentile(vec![]), percentile(vec![8_000; 3])], [1, 0, 800]);
    }
}
