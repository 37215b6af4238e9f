//! Once a minute: every service's metrics, and what each alarm makes of them.
//!
//! A metric is a pure function of seed, service and minute, plus the surge the script may have laid on the service.
//! The trap: a service without a running task reports no CPU and no memory, which is missing data and not zero.

use crate::{
    clock::MINUTE,
    dice::Dice,
    model::{
        Due, Fleet,
        alarm::{Alarm, AlarmState, Watched},
        service::Service,
    },
};

impl Fleet {
    pub(super) fn evaluate_alarms(&mut self) {
        let mut alarms = std::mem::take(&mut self.alarms);
        for alarm in &mut alarms {
            let Some(service) = self.services.get(alarm.service) else { continue };
            let value = self.metric(alarm.service, service, alarm.watched);
            if alarm.observe(self.now, value) {
                let line = format!("alarm {} is {}", alarm.name, alarm.state.as_str());
                self.note(line);
                self.changed();
            }
        }
        self.alarms = alarms;
        self.evaluate_composites();
        self.later(MINUTE, Due::Evaluate);
    }

    /// The value of the minute that has just ended; none where nothing reported one.
    fn metric(&self, index: usize, service: &Service, watched: Watched) -> Option<f64> {
        let (running, _) = self.counts(service);
        if watched == Watched::RunningTasks {
            return Some(f64::from(running));
        }
        if running == 0 {
            return None;
        }
        let (purpose, low, high, surge_until) = match watched {
            Watched::Cpu => ("cpu", 12.0, 48.0, service.surge.cpu_until),
            _ => ("memory", 30.0, 64.0, service.surge.memory_until),
        };
        let usual = Dice::new(self.seed, purpose, index as u64).amount(low, high);
        let minute = u64::try_from((self.now - self.started_at) / MINUTE).unwrap_or(0);
        let mut noise = Dice::new(self.seed ^ index as u64, purpose, minute + 1);
        let value = if self.now < surge_until { noise.amount(84.0, 98.0) } else { usual + noise.amount(-5.0, 5.0) };
        Some((value * 100.0).round() / 100.0)
    }

    pub(super) fn evaluate_composites(&mut self) {
        let on: Vec<&Alarm> =
            self.alarms.iter().filter(|alarm| alarm.watched == Watched::RunningTasks && alarm.state == AlarmState::Alarm).collect();
        let (state, by) = match on.first() {
            Some(alarm) => (AlarmState::Alarm, crate::model::arn::alarm(&alarm.name)),
            None => (AlarmState::Ok, String::new()),
        };
        let now = self.now;
        for composite in self.composite_alarms.iter_mut().filter(|composite| composite.state != state) {
            composite.state = state;
            composite.updated_at = now;
            composite.transitioned_at = now;
            let cause = if by.is_empty() { "no child alarm is in ALARM".to_owned() } else { format!("{by} transitioned to ALARM") };
            composite.reason = format!("{}: {cause}", crate::model::arn::alarm(&composite.name));
            self.revision += 1;
        }
    }
}
