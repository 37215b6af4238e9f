//! A CloudWatch metric alarm and how it is decided, from the datapoints of its latest periods.
//!
//! Pure: points in, state out.
//! The trap: `state_updated_at` moves with every update, `transitioned_at` only when the value changes.

use jiff::Timestamp;
use serde_json::json;

use crate::{
    clock::{MINUTE, SECOND},
    model::{alarm_history::Told, metrics::Metric, sample::Sample},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AlarmState {
    Ok,
    Alarm,
    InsufficientData,
}

impl AlarmState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }

    /// CloudWatch's `StateValue`; none for anything else.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Ok, Self::Alarm, Self::InsufficientData].into_iter().find(|state| state.as_str() == word)
    }
}

/// What an alarm looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watched {
    Cpu,
    Memory,
    RunningTasks,
    /// Answers of the gateway's targets that tell of an error of theirs.
    Target5xx,
    /// In a large fleet: no task at all.
    NoTasks,
}

impl Watched {
    /// What every service is watched for.
    pub(crate) const ALL: [Self; 3] = [Self::Cpu, Self::Memory, Self::RunningTasks];

    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Cpu => "cpu-high",
            Self::Memory => "memory-high",
            Self::RunningTasks => "running-tasks-low",
            Self::Target5xx => "5xx-high",
            Self::NoTasks => "no-tasks",
        }
    }

    pub(crate) fn measured(self) -> Metric {
        match self {
            Self::Cpu => Metric::Cpu,
            Self::Memory => Metric::Memory,
            Self::RunningTasks | Self::NoTasks => Metric::RunningTasks,
            Self::Target5xx => Metric::Target5xx,
        }
    }

    pub(crate) fn statistic(self) -> &'static str {
        match self {
            Self::Cpu | Self::Memory => "Average",
            Self::RunningTasks | Self::NoTasks => "Minimum",
            Self::Target5xx => "Sum",
        }
    }

    /// That statistic, of one minute.
    pub(crate) fn value(self, sample: &Sample) -> f64 {
        match self {
            Self::Cpu | Self::Memory => sample.average(),
            Self::RunningTasks | Self::NoTasks => sample.min,
            Self::Target5xx => sample.sum,
        }
    }

    fn is_floor(self) -> bool {
        matches!(self, Self::RunningTasks | Self::NoTasks)
    }

    pub(crate) fn comparison(self) -> &'static str {
        if self.is_floor() { "LessThanThreshold" } else { "GreaterThanThreshold" }
    }

    pub(crate) fn threshold(self) -> f64 {
        match self {
            Self::Cpu | Self::Memory => 80.0,
            Self::RunningTasks => 2.0,
            Self::Target5xx => 5.0,
            Self::NoTasks => 1.0,
        }
    }

    /// What a period without a point means. A load balancer reports no error by reporting nothing.
    pub(crate) fn treats_missing(self) -> &'static str {
        if self == Self::Target5xx { "notBreaching" } else { "missing" }
    }

    fn breaches(self, value: f64) -> bool {
        if self.is_floor() { value < self.threshold() } else { value > self.threshold() }
    }

    fn comparison_words(self) -> &'static str {
        if self.is_floor() { "less than" } else { "greater than" }
    }

    pub(crate) fn description(self, service: &str) -> String {
        match self {
            Self::Cpu => format!("CPU of {service} above 80 %"),
            Self::Memory => format!("Memory of {service} above 80 %"),
            Self::RunningTasks => format!("Fewer than 2 tasks of {service} running"),
            Self::Target5xx => format!("Customers get errors from {service}"),
            Self::NoTasks => format!("No task of {service} running"),
        }
    }
}

/// Two periods of a minute, both breaching: a task that is replaced within a minute raises nothing.
pub(crate) const EVALUATION_PERIODS: usize = 2;
/// Seconds.
pub(crate) const PERIOD: i64 = 60;

/// Where an alarm's state comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// From its metric.
    Follows,
    /// Set by hand (as by SetAlarmState) until this time; then it follows its metric again.
    Until(i64),
}

#[derive(Debug, Clone)]
pub(crate) struct Alarm {
    pub(crate) name: String,
    pub(crate) description: String,
    /// Index into the fleet's services.
    pub(crate) service: usize,
    pub(crate) watched: Watched,
    pub(crate) state: AlarmState,
    pub(crate) reason: String,
    pub(crate) reason_data: Option<String>,
    pub(crate) updated_at: i64,
    pub(crate) transitioned_at: i64,
    pub(crate) configured_at: i64,
    pub(crate) hold: Hold,
    pub(crate) actions_enabled: bool,
    /// Tells the topic when it rings.
    pub(crate) notifies: bool,
    /// Its dimensions name nothing that reports.
    pub(crate) blind: bool,
    /// The latest periods' values, oldest first; none where nothing reported.
    pub(crate) points: Vec<(i64, Option<f64>)>,
}

impl Alarm {
    /// What it says of itself now.
    pub(crate) fn told(&self) -> Told {
        Told { state: self.state, reason: self.reason.clone(), data: self.reason_data.clone() }
    }

    /// Says something else from `at` on.
    pub(crate) fn take(&mut self, at: i64, told: Told) {
        if self.state != told.state {
            self.transitioned_at = at;
        }
        (self.state, self.reason, self.reason_data, self.updated_at) = (told.state, told.reason, told.data, at);
    }

    /// What it would have said at `at` had two bad minutes gone before; of a blind one, had nothing been reported.
    pub(crate) fn told_in_the_past(&self, at: i64) -> Told {
        let beyond = if self.watched.is_floor() { self.watched.threshold() - 1.0 } else { self.watched.threshold() * 1.15 };
        self.told_after(at, if self.blind { None } else { Some(beyond) })
    }

    /// The same after two good ones.
    pub(crate) fn told_well(&self, at: i64) -> Told {
        self.told_after(at, Some(if self.watched.is_floor() { self.watched.threshold() } else { self.watched.threshold() * 0.45 }))
    }

    fn told_after(&self, at: i64, value: Option<f64>) -> Told {
        let points = [2, 1].map(|minutes| (at - minutes * MINUTE, value)).to_vec();
        let then = Self { points, ..self.clone() };
        let (state, reason) = then.decide();
        Told { state, reason, data: Some(then.data(at)) }
    }

    /// Takes in the value of the period that ended at `at` and decides. Answers what it said before, if its state changed.
    pub(crate) fn observe(&mut self, at: i64, value: Option<f64>) -> Option<Told> {
        let value = value.or_else(|| (self.watched.treats_missing() == "notBreaching").then_some(0.0));
        self.points.push((at - MINUTE, value));
        if self.points.len() > EVALUATION_PERIODS {
            self.points.remove(0);
        }
        if let Hold::Until(until) = self.hold {
            if at < until {
                return None;
            }
            self.hold = Hold::Follows;
        }
        let (state, reason) = self.decide();
        if state == self.state {
            return None;
        }
        let before = self.told();
        let data = Some(self.data(at));
        self.take(at, Told { state, reason, data });
        Some(before)
    }

    /// All breaching: ALARM. Nothing reported: INSUFFICIENT_DATA. Anything fine: OK.
    fn decide(&self) -> (AlarmState, String) {
        let values: Vec<(i64, f64)> = self.points.iter().filter_map(|(at, value)| value.map(|value| (*at, value))).collect();
        if values.is_empty() {
            return (AlarmState::InsufficientData, "Insufficient Data: no datapoints were received for the evaluation periods.".to_owned());
        }
        let breaching: Vec<_> = values.iter().filter(|(_, value)| self.watched.breaches(*value)).collect();
        if breaching.len() >= EVALUATION_PERIODS {
            let points = breaching.iter().rev().map(|(at, value)| shown(*at, *value)).collect::<Vec<_>>().join(", ");
            let reason = format!(
                "Threshold Crossed: {EVALUATION_PERIODS} out of the last {EVALUATION_PERIODS} datapoints [{points}] were {} the threshold ({:.1}) (minimum {EVALUATION_PERIODS} datapoints for OK -> ALARM transition).",
                self.watched.comparison_words(),
                self.watched.threshold(),
            );
            return (AlarmState::Alarm, reason);
        }
        let points = values
            .iter()
            .rev()
            .filter(|(_, value)| !self.watched.breaches(*value))
            .map(|(at, value)| shown(*at, *value))
            .next()
            .unwrap_or_default();
        let reason = format!(
            "Threshold Crossed: 1 out of the last {EVALUATION_PERIODS} datapoints [{points}] was not {} the threshold ({:.1}) (minimum 1 datapoint for ALARM -> OK transition).",
            self.watched.comparison_words(),
            self.watched.threshold(),
        );
        (AlarmState::Ok, reason)
    }

    fn data(&self, at: i64) -> String {
        json!({
            "version": "1.0",
            "queryDate": iso(at),
            "startDate": self.points.first().map(|(start, _)| iso(*start)),
            "statistic": self.watched.statistic(),
            "period": PERIOD,
            "recentDatapoints": self.points.iter().filter_map(|(_, value)| *value).collect::<Vec<_>>(),
            "threshold": self.watched.threshold(),
        })
        .to_string()
    }
}

/// A datapoint as CloudWatch writes it into a reason: `84.2 (21/11/26 11:23:00)`.
fn shown(at: i64, value: f64) -> String {
    let when = Timestamp::from_second(at.div_euclid(SECOND)).map(|time| time.strftime("%d/%m/%y %H:%M:%S").to_string());
    format!("{value:?} ({})", when.unwrap_or_default())
}

/// CloudWatch's date format inside `StateReasonData`.
fn iso(at: i64) -> String {
    Timestamp::from_microsecond(at).map(|time| time.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()).unwrap_or_default()
}

/// One alarm over others: ALARM while any of the running-tasks alarms is.
#[derive(Debug, Clone)]
pub(crate) struct CompositeAlarm {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) rule: String,
    pub(crate) state: AlarmState,
    pub(crate) reason: String,
    pub(crate) updated_at: i64,
    pub(crate) transitioned_at: i64,
    pub(crate) configured_at: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(watched: Watched) -> Alarm {
        Alarm {
            name: "a".to_owned(),
            description: String::new(),
            service: 0,
            watched,
            state: AlarmState::Ok,
            reason: String::new(),
            reason_data: None,
            updated_at: 0,
            transitioned_at: 0,
            configured_at: 0,
            hold: Hold::Follows,
            actions_enabled: true,
            notifies: true,
            blind: false,
            points: Vec::new(),
        }
    }

    #[test]
    fn two_breaching_periods_raise_it_and_one_good_one_lowers_it() {
        use AlarmState::{Alarm as On, InsufficientData, Ok};
        for (watched, points, expected) in [
            (Watched::Cpu, vec![Some(81.0)], Ok),
            (Watched::Cpu, vec![Some(81.0), Some(80.0)], Ok),
            (Watched::Cpu, vec![Some(81.0), Some(80.1)], On),
            (Watched::Cpu, vec![Some(81.0), Some(90.0), Some(50.0)], Ok),
            (Watched::Memory, vec![None, None], InsufficientData),
            (Watched::RunningTasks, vec![Some(1.0), Some(1.0)], On),
            (Watched::RunningTasks, vec![Some(1.0), Some(2.0)], Ok),
        ] {
            let mut alarm = alarm(watched);
            for (number, point) in points.iter().enumerate() {
                alarm.observe((i64::try_from(number).unwrap() + 1) * MINUTE, *point);
            }
            assert_eq!(alarm.state, expected, "{watched:?} {points:?}");
        }
    }

    #[test]
    fn an_alarm_set_by_hand_stays_so_until_its_time() {
        let mut alarm = alarm(Watched::Cpu);
        alarm.hold = Hold::Until(5 * MINUTE);
        alarm.state = AlarmState::Alarm;
        for minute in 1..5 {
            alarm.observe(minute * MINUTE, Some(10.0));
            assert_eq!(alarm.state, AlarmState::Alarm);
        }
        alarm.observe(5 * MINUTE, Some(10.0));
        assert_eq!(alarm.state, AlarmState::Ok);
        assert_eq!(alarm.transitioned_at, 5 * MINUTE);
    }

    #[test]
    fn the_reason_is_cloudwatchs_sentence() {
        let mut alarm = alarm(Watched::RunningTasks);
        alarm.observe(1_700_000_000 * SECOND + MINUTE, Some(1.0));
        alarm.observe(1_700_000_000 * SECOND + 2 * MINUTE, Some(1.0));
        assert_eq!(
            alarm.reason,
            "Threshold Crossed: 2 out of the last 2 datapoints [1.0 (14/11/23 22:14:20), 1.0 (14/11/23 22:13:20)] were less than the threshold (2.0) (minimum 2 datapoints for OK -> ALARM transition)."
        );
    }
}
