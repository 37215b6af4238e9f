//! CPU and memory of a fleet, every five minutes of every service, as CloudWatch would answer.
//!
//! Older days are recorded as the whole days in which a backfill brings them, one after another; the newest four hour
//! by hour, and what of those has become old is rolled up by the server's own upkeep. So the store ends as it would
//! after thirty days: days, then hours that are still young.

use std::time::Duration;

use anyhow::Result;
use domain::Timestamp;
use domain::cost::Pace;
use domain::reading::{Asked, MetricsReading, Reading, SeriesReading};
use domain::series::{DAY, HOUR, Metric, Point};
use domain::source::SourceKind;
use signalbox::store::{Marks, Store};

use crate::draw::Draw;
use crate::fleet::{ACCOUNT, CLUSTER, GROUPING, Member, REGION, report, swept};

/// Seconds between two points.
const STEP: i64 = 300;
/// Services whose points come in one report.
const AT_ONCE: usize = 100;
/// Days that are recorded hour by hour: those the store keeps as hours, and more, so that some are rolled up.
const YOUNG_DAYS: i64 = 4;

/// Records the points of `days` days before `until`, and does the upkeep.
pub(crate) async fn record(store: &Store, fleet: &[Member], days: i64, until: i64) -> Result<u64> {
    let mut load: Vec<Load> = (0..fleet.len()).map(|number| Load::of(number as u64)).collect();
    let first = (until - days * DAY).div_euclid(DAY) * DAY;
    let young = until.div_euclid(DAY) * DAY - YOUNG_DAYS * DAY;
    let mut points = 0;
    let mut at = first;
    while at < until {
        let length = if at < young { DAY } else { HOUR };
        let to = (at + length).min(until);
        // a backfill brings a day when it is long over, an hour is read as soon as it has ended
        let now = if at < young { to + 3 * DAY } else { to };
        points += span(store, fleet, &mut load, (at.max(until - days * DAY), to), now).await?;
        at = to;
    }
    while store.roll_up(Timestamp::from_secs(until)).await? > 0 {}
    Ok(points)
}

async fn span(store: &Store, fleet: &[Member], load: &mut [Load], (from, to): (i64, i64), now: i64) -> Result<u64> {
    let mut points = 0;
    for (members, load) in fleet.chunks(AT_ONCE).zip(load.chunks_mut(AT_ONCE)) {
        let (mut series, mut asked) = (Vec::new(), Vec::new());
        for (member, load) in members.iter().zip(load) {
            series.extend(load.series(member, from, to));
            asked.push(Asked {
                cluster: CLUSTER.into(),
                service: member.service.name.clone(),
                detail: String::new(),
                from: Timestamp::from_secs(from),
                to: Timestamp::from_secs(to),
            });
        }
        points += series.iter().map(|series| series.points.len() as u64).sum::<u64>();
        let reading = MetricsReading {
            account: ACCOUNT.into(),
            region: REGION.into(),
            series,
            asked,
            spent: Vec::new(),
            pace: Pace::default(),
            p99_target: None,
        };
        let at = Timestamp::from_secs(now).plus(Duration::from_millis(2_318));
        store.record(&report(swept(SourceKind::Metrics, at, Reading::Metrics(reading))), &Marks::default(), GROUPING).await?;
    }
    Ok(points)
}

/// How busy a service is: a day's wave, and noise that lasts a while.
struct Load {
    draw: Draw,
    usual: f64,
    wave: f64,
    peak_hour: f64,
    drift: f64,
    memory: f64,
}

impl Load {
    fn of(number: u64) -> Self {
        let mut draw = Draw::of(1_000_000 + number);
        let (usual, wave) = (8.0 + 40.0 * draw.part(), 4.0 + 18.0 * draw.part());
        let (peak_hour, memory) = (24.0 * draw.part(), 30.0 + 30.0 * draw.part());
        Self { draw, usual, wave, peak_hour, drift: 0.0, memory }
    }

    fn series(&mut self, member: &Member, from: i64, to: i64) -> Vec<SeriesReading> {
        const WANTED: [Metric; 5] =
            [Metric::CpuAverage, Metric::CpuMaximum, Metric::TasksSampled, Metric::MemoryAverage, Metric::MemoryMaximum];
        let mut series = WANTED.map(|metric| SeriesReading {
            cluster: CLUSTER.into(),
            service: member.service.name.clone(),
            metric,
            detail: String::new(),
            points: Vec::new(),
        });
        for second in (from.div_euclid(STEP) * STEP..to).step_by(300) {
            let values = self.values(member, second);
            for (series, value) in series.iter_mut().zip(values) {
                series.points.push(Point { at: Timestamp::from_secs(second), value });
            }
        }
        series.into()
    }

    /// In the order of the metrics above.
    fn values(&mut self, member: &Member, second: i64) -> [f64; 5] {
        let hour = second.rem_euclid(DAY) as f64 / 3_600.0;
        let wave = self.wave * ((hour - self.peak_hour) * std::f64::consts::TAU / 24.0).cos();
        self.drift = 0.9 * self.drift + 0.8 * self.draw.around();
        let burst = if self.draw.below(400) == 0 { 40.0 * self.draw.part() } else { 0.0 };
        let cpu = (self.usual + wave + self.drift + burst).clamp(0.2, 100.0);
        let busiest = (cpu + 1.5 + 3.0 * self.draw.around().abs()).min(100.0);
        // grows until the process is started anew
        self.memory += 0.004 + 0.02 * self.draw.around();
        if self.memory > 88.0 || self.draw.below(4_000) == 0 {
            self.memory = 30.0 + 20.0 * self.draw.part();
        }
        let memory = self.memory.max(5.0);
        let fullest = (memory + 0.6 + 0.2 * self.draw.around().abs()).min(100.0);
        [cpu, busiest, f64::from(member.at(second).1), memory, fullest]
    }
}
