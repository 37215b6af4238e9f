//! What CloudWatch measures of the fleet, for any minute since a service was made: nothing is stored for a point.
//!
//! Before the yard opened, a value is a pure function of seed, series and minute: a wave over the day, a dip at the weekend, one gap of forty minutes, one bad hour. From then
//! on the model has its say: how many tasks ran, what was under load or crash-looped, what customers of the load balancer felt of it.
//! The trap: CloudWatch reports nothing where nothing reported. A service without a task has no CPU, and a load balancer without an error has no count of errors, not a zero.

use std::{f64::consts::TAU, sync::Arc};

use crate::{
    clock::{HOUR, MINUTE, SECOND},
    dice::Dice,
    model::{
        Fleet, arn,
        history::{Spans, Steps},
        sample::Sample,
        service::Service,
    },
};

pub(crate) const DAY: i64 = 24 * HOUR;

/// Everything that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Metric {
    Cpu,
    Memory,
    RunningTasks,
    Requests,
    Target4xx,
    Target5xx,
    ResponseTime,
    HealthyHosts,
    UnhealthyHosts,
    /// Of the load balancer as a whole: the errors it made itself.
    Balancer5xx,
}

impl Metric {
    pub(crate) const ALL: [Self; 10] = [
        Self::Cpu,
        Self::Memory,
        Self::RunningTasks,
        Self::Requests,
        Self::Target4xx,
        Self::Target5xx,
        Self::ResponseTime,
        Self::HealthyHosts,
        Self::UnhealthyHosts,
        Self::Balancer5xx,
    ];

    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Self::Cpu | Self::Memory => "AWS/ECS",
            Self::RunningTasks => "ECS/ContainerInsights",
            _ => "AWS/ApplicationELB",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cpu => "CPUUtilization",
            Self::Memory => "MemoryUtilization",
            Self::RunningTasks => "RunningTaskCount",
            Self::Requests => "RequestCount",
            Self::Target4xx => "HTTPCode_Target_4XX_Count",
            Self::Target5xx => "HTTPCode_Target_5XX_Count",
            Self::ResponseTime => "TargetResponseTime",
            Self::HealthyHosts => "HealthyHostCount",
            Self::UnhealthyHosts => "UnHealthyHostCount",
            Self::Balancer5xx => "HTTPCode_ELB_5XX_Count",
        }
    }

    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Cpu | Self::Memory => "Percent",
            Self::ResponseTime => "Seconds",
            _ => "Count",
        }
    }

    /// Measured at a load balancer, so only of services behind one.
    pub(crate) fn needs_target_group(self) -> bool {
        self.namespace() == "AWS/ApplicationELB"
    }
}

/// A value a test has put in place of a metric's own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Forced {
    pub(crate) metric: Metric,
    pub(crate) from: i64,
    pub(crate) until: i64,
    pub(crate) value: f64,
}

/// What the minutes of one service since the yard opened depend on.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Record {
    pub(crate) running: Steps,
    pub(crate) cpu_surges: Spans,
    pub(crate) memory_surges: Spans,
    pub(crate) crash_loops: Spans,
    pub(crate) forced: Vec<Forced>,
}

/// What customers feel of the whole fleet.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Hurt {
    /// Services that had tasks and now have none.
    pub(crate) down: Steps,
    /// Tasks that services had and have not now.
    pub(crate) short: Steps,
    /// When NATS nodes came and went.
    pub(crate) nats: Spans,
}

/// One metric of one service, with all that its values depend on: it can be asked after the fleet has been let go of.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) metric: Metric,
    seed: u64,
    service: u64,
    /// How many services the fleet has: how much of the whole one of them is.
    services: f64,
    created_at: i64,
    started_at: i64,
    desired: u32,
    usual: f64,
    bad_hour: i64,
    had_bad_hour: bool,
    record: Arc<Record>,
    hurt: Arc<Hurt>,
}

/// Names and values in the order in which AWS lists them.
pub(crate) type Dimensions = Vec<(&'static str, String)>;

impl Fleet {
    /// When the fleet's one gap in its metrics began: forty minutes, six days before the yard opened.
    fn gap(started_at: i64) -> std::ops::Range<i64> {
        let begun = (started_at - 6 * DAY - 3 * HOUR).div_euclid(MINUTE) * MINUTE;
        begun..begun + 40 * MINUTE
    }

    /// When the fleet's one bad hour began: four days and some hours before the yard opened.
    pub(crate) fn bad_hour(&self) -> i64 {
        (self.started_at - 4 * DAY - 5 * HOUR).div_euclid(MINUTE) * MINUTE
    }

    /// The service that had it.
    pub(crate) fn bad_hour_service(&self) -> usize {
        let wanted = self.services.len().saturating_sub(2).max(1);
        Dice::new(self.seed, "bad hour", 0).index(wanted)
    }

    /// The series of a metric of a service; none when the service is not measured so.
    pub(crate) fn series(&self, index: usize, metric: Metric) -> Option<Series> {
        let service = self.services.get(index)?;
        if metric.needs_target_group() && service.target_group.is_none() {
            return None;
        }
        let usual = match metric {
            Metric::Cpu => Dice::new(self.seed, "cpu", index as u64).amount(12.0, 44.0),
            Metric::Memory => Dice::new(self.seed, "memory", index as u64).amount(30.0, 62.0),
            _ => 1_250.0,
        };
        Some(Series {
            metric,
            seed: self.seed,
            service: index as u64,
            services: self.services.len().max(1) as f64,
            created_at: service.created_at,
            started_at: self.started_at,
            desired: service.desired_at_start,
            usual,
            bad_hour: self.bad_hour(),
            had_bad_hour: self.bad_hour_service() == index,
            record: Arc::clone(&service.record),
            hurt: Arc::clone(&self.hurt),
        })
    }

    /// The dimensions under which a metric of a service is kept.
    pub(crate) fn dimensions(&self, service: &Service, metric: Metric) -> Dimensions {
        match (&service.target_group, metric) {
            (Some(_), Metric::Balancer5xx) => vec![("LoadBalancer", self.load_balancer())],
            (Some(group), metric) if metric.needs_target_group() => {
                vec![("TargetGroup", arn::target_group_dimension(group).to_owned()), ("LoadBalancer", self.load_balancer())]
            }
            _ => vec![("ClusterName", arn::CLUSTER.to_owned()), ("ServiceName", service.name.clone())],
        }
    }

    /// The name of the load balancer as metrics know it.
    pub(crate) fn load_balancer(&self) -> String {
        format!("app/gaming-system-gateway/{}", Dice::new(self.seed, "load balancer", 0).hex(16))
    }

    /// The series kept under exactly these dimensions, in whatever order they are given.
    pub(crate) fn find_series(&self, namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> Option<Series> {
        let metric = Metric::ALL.into_iter().find(|metric| metric.namespace() == namespace && metric.name() == name)?;
        let index = if metric.needs_target_group() {
            self.services.iter().position(|service| service.target_group.is_some())?
        } else {
            let (_, service) = dimensions.iter().find(|(name, _)| *name == "ServiceName")?;
            *self.service_index.get(*service)?
        };
        let own = self.dimensions(self.services.get(index)?, metric);
        let same = own.len() == dimensions.len()
            && own.iter().all(|(name, value)| dimensions.iter().any(|(other, given)| other == name && given == value));
        if same { self.series(index, metric) } else { None }
    }
}

impl Series {
    /// What was measured in the minute that begins at `at`; none where nothing reported.
    pub(crate) fn sample(&self, at: i64) -> Option<Sample> {
        let end = at + MINUTE;
        if at < self.created_at || Fleet::gap(self.started_at).contains(&at) {
            return None;
        }
        if let Some(forced) =
            self.record.forced.iter().rev().find(|forced| forced.metric == self.metric && (forced.from..forced.until).contains(&(end - 1)))
        {
            let count = if self.metric.unit() == "Percent" { f64::from(self.running(at).max(1)) } else { 1.0 };
            return Some(Sample::even(forced.value, count));
        }
        let running = f64::from(self.running(at));
        match self.metric {
            Metric::RunningTasks => Some(Sample::total(running)),
            Metric::Cpu | Metric::Memory => (running > 0.0).then(|| self.load(at, running)),
            _ => self.customers(at, running),
        }
    }

    /// Tasks that ran as the minute ended.
    fn running(&self, at: i64) -> u32 {
        let end = at + MINUTE;
        if end > self.started_at {
            return self.record.running.before(end);
        }
        let hour = at.div_euclid(HOUR);
        let mut dice = Dice::new(self.seed ^ self.service, "lost task", hour.unsigned_abs());
        let lost = dice.below(400) == 0 && i64::try_from(dice.below(60)).is_ok_and(|minute| hour * HOUR + minute * MINUTE == at);
        self.desired.saturating_sub(u32::from(lost || (self.had_bad_hour && self.is_bad(at))))
    }

    fn is_bad(&self, at: i64) -> bool {
        (self.bad_hour..self.bad_hour + HOUR).contains(&at)
    }

    fn noise(&self, at: i64) -> Dice {
        Dice::new(self.seed ^ self.service, self.metric.name(), at.div_euclid(MINUTE).unsigned_abs())
    }

    /// CPU or memory, in percent of what is reserved.
    fn load(&self, at: i64, running: f64) -> Sample {
        let end = at + MINUTE;
        let mut noise = self.noise(at);
        let (surges, swing) = if self.metric == Metric::Cpu { (&self.record.cpu_surges, 0.30) } else { (&self.record.memory_surges, 0.08) };
        let value = if surges.touch(at, end) || (self.metric == Metric::Cpu && self.had_bad_hour && self.is_bad(at)) {
            noise.amount(86.0, 96.0)
        } else if self.record.crash_loops.touch(at, end) {
            // starting again and again: everything is loaded, nothing is ever idle
            noise.amount(62.0, 78.0)
        } else {
            self.usual * (1.0 + swing * busy(at)) + noise.amount(-3.0, 3.0)
        };
        let value = hundredths(value.clamp(0.1, 100.0));
        let spread = if running > 1.0 { hundredths(noise.amount(0.2, 3.0)) } else { 0.0 };
        Sample { count: running, sum: value * running, min: value - spread, max: (value + spread).min(100.0) }
    }

    /// What the load balancer in front of the service saw.
    fn customers(&self, at: i64, targets: f64) -> Option<Sample> {
        let mut noise = self.noise(at);
        // all of the load balancer's metrics in a minute are about the same requests
        let mut crowd = Dice::new(self.seed, "requests", at.div_euclid(MINUTE).unsigned_abs());
        let requests = (self.usual * (1.0 + 0.45 * busy(at)) * crowd.amount(0.96, 1.04)).round();
        let trouble = self.trouble(at);
        let some = |value: f64| (value >= 1.0).then(|| Sample::total(value));
        match self.metric {
            Metric::HealthyHosts => Some(Sample::even(targets, 3.0)),
            Metric::UnhealthyHosts => Some(Sample::even((f64::from(self.desired) - targets).max(0.0), 3.0)),
            Metric::Balancer5xx => {
                let (without, lost) = self.lost_targets(at, targets);
                some((requests * (without + (1.0 - without) * lost * 0.04 * noise.amount(0.5, 1.5))).floor())
            }
            _ if targets == 0.0 => None,
            Metric::Requests => some(requests),
            Metric::Target4xx => some((requests * noise.amount(0.001, 0.006)).floor()),
            Metric::Target5xx => some((requests * trouble * noise.amount(0.7, 1.3)).floor()),
            _ => {
                let slower = 1.0 + 4.0 * trouble + self.lost_targets(at, targets).1 * 0.4;
                let mean = noise.amount(0.112, 0.130) * slower;
                Some(Sample { count: requests, sum: mean * requests, min: mean * 0.35, max: mean * noise.amount(3.5, 6.0) })
            }
        }
    }

    /// For which part of the minute there was no target at all, and which part of the targets was missing over it. Two in a hundred requests break on the way to a target
    /// that has just gone, while one of two is missing.
    fn lost_targets(&self, at: i64, targets: f64) -> (f64, f64) {
        let end = at + MINUTE;
        let wanted = f64::from(self.desired).max(1.0);
        let gone = |targets: f64| (f64::from(u8::from(targets == 0.0)), (1.0 - targets / wanted).max(0.0));
        if end <= self.started_at {
            return gone(targets);
        }
        (0..4).fold((0.0, 0.0), |(without, lost), quarter| {
            let (none, less) = gone(f64::from(self.record.running.before(end - quarter * MINUTE / 4)));
            (without + none / 4.0, lost + less / 4.0)
        })
    }

    /// Which part of the requests is answered by 5xx because something behind the gateway is missing.
    fn trouble(&self, at: i64) -> f64 {
        let end = at + MINUTE;
        if end <= self.started_at {
            let mut dice = Dice::new(self.seed, "trouble", at.div_euclid(MINUTE).unsigned_abs());
            return if self.is_bad(at) { dice.amount(0.02, 0.06) } else { f64::from(u8::from(dice.below(50) == 0)) * 0.002 };
        }
        let (down, short) = (self.hurt.down.mean_before(end, MINUTE), self.hurt.short.mean_before(end, MINUTE));
        let nats = if self.hurt.nats.touch(at, end) { 0.015 } else { 0.0 };
        ((down * 1.5 + short * 0.15) / self.services + nats).min(0.9)
    }
}

/// How busy players are, from about -1 to 1: most at 20:00 UTC, less at the weekend, as the first user's logs have it.
fn busy(at: i64) -> f64 {
    let hours = (at.rem_euclid(DAY) / SECOND) as f64 / 3_600.0;
    // 1970-01-01 was a Thursday
    let weekend = (at.div_euclid(DAY) + 4).rem_euclid(7) % 6 == 0;
    ((hours - 20.0) / 24.0 * TAU).cos() - if weekend { 0.6 } else { 0.0 }
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::Plan, nats::NatsTls};

    const START: i64 = 1_772_366_400 * SECOND;

    fn fleet(seed: u64) -> Fleet {
        Fleet::new(
            &Plan {
                services: 23,
                seed,
                calm: None,
                hostile: false,
                composite_alarms: false,
                nats_nodes: 0,
                tls: NatsTls::Off,
                ownership: false,
                same_value_deploys: false,
            },
            START,
        )
    }

    fn minutes(days: i64) -> impl Iterator<Item = i64> {
        (START - days * DAY..START).step_by(usize::try_from(MINUTE).unwrap())
    }

    #[test]
    fn the_past_is_the_same_however_often_it_is_asked_and_another_for_another_seed() {
        let cpu = |fleet: &Fleet| fleet.series(12, Metric::Cpu).unwrap();
        let (one, same, other) = (cpu(&fleet(1)), cpu(&fleet(1)), cpu(&fleet(2)));
        assert!(minutes(1).all(|at| one.sample(at) == same.sample(at)));
        assert!(minutes(1).any(|at| one.sample(at) != other.sample(at)));
    }

    #[test]
    fn the_past_has_one_gap_one_bad_hour_and_no_alarm_else() {
        let fleet = fleet(1);
        let bad = fleet.bad_hour_service();
        for index in [0, 5, bad] {
            let series = fleet.series(index, Metric::Cpu).unwrap();
            assert_eq!(minutes(15).filter(|at| series.sample(*at).is_none()).count(), 40);
            let high = minutes(15).filter(|at| series.sample(*at).is_some_and(|sample| sample.average() > 80.0)).count();
            assert_eq!(high, if index == bad { 60 } else { 0 }, "{index}");
        }
        assert!(fleet.series(22, Metric::Cpu).unwrap().sample(START - HOUR).is_none(), "off: nothing reports");
    }

    #[test]
    fn evenings_are_busier_than_mornings_and_weekdays_than_weekends() {
        // 2026-03-01 was a Sunday
        let at = |day: i64, hour: i64| busy(START - 12 * HOUR + day * DAY + hour * HOUR);
        assert!(at(1, 20) > at(1, 8) && at(1, 20) > at(0, 20) && at(5, 20) > at(6, 20));
    }

    #[test]
    fn only_the_gateway_is_measured_at_the_load_balancer() {
        let fleet = fleet(1);
        assert!(fleet.series(0, Metric::Requests).is_none());
        let series = fleet.series(21, Metric::Requests).unwrap();
        assert!(minutes(2).filter_map(|at| series.sample(at)).all(|sample| (200.0..2_500.0).contains(&sample.sum)));
        let latency = fleet.series(21, Metric::ResponseTime).unwrap().sample(START - HOUR).unwrap();
        assert!((0.1..0.2).contains(&latency.average()), "{latency:?}");
    }
}
