//! Once a minute: what each alarm makes of the metrics, the same that anyone can ask for.
//!
//! The trap: a service without a running task reports no CPU and no memory, which is missing data and not zero.

use crate::{
    clock::MINUTE,
    model::{
        Due, Fleet,
        alarm::{Alarm, AlarmState, Watched},
    },
};

impl Fleet {
    pub(super) fn evaluate_alarms(&mut self) {
        let mut alarms = std::mem::take(&mut self.alarms);
        for alarm in &mut alarms {
            let value = self.watched_value(alarm);
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
    fn watched_value(&self, alarm: &Alarm) -> Option<f64> {
        let sample = self.series(alarm.service, alarm.watched.measured())?.sample(self.now - MINUTE)?;
        Some((alarm.watched.value(&sample) * 100.0).round() / 100.0)
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
