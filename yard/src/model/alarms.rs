//! Once a minute: what each alarm makes of the metrics, the same that anyone can ask for.
//!
//! The trap: a service without a running task reports no CPU and no memory, which is missing data and not zero.

use crate::{
    clock::MINUTE,
    model::{
        Due, Fleet,
        alarm::{Alarm, AlarmState, Watched},
        alarm_history::{Subject, Told},
    },
};

impl Fleet {
    pub(super) fn evaluate_alarms(&mut self) {
        let mut alarms = std::mem::take(&mut self.alarms);
        let mut changes = Vec::new();
        for (index, alarm) in alarms.iter_mut().enumerate() {
            let value = self.watched_value(alarm);
            if let Some(before) = alarm.observe(self.now, value) {
                let line = format!("alarm {} is {}", alarm.name, alarm.state.as_str());
                self.note(line);
                changes.push((index, before));
            }
        }
        self.alarms = alarms;
        for (index, before) in changes {
            self.record_transition(self.now, Subject::Metric(index), before);
            self.changed();
        }
        self.evaluate_composites();
        self.watch_deployments();
        self.later(MINUTE, Due::Evaluate);
    }

    /// The value of the minute that has just ended; none where nothing reported one.
    fn watched_value(&self, alarm: &Alarm) -> Option<f64> {
        if alarm.blind {
            return None;
        }
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
        let mut changes = Vec::new();
        for (index, composite) in self.composite_alarms.iter_mut().enumerate().filter(|(_, composite)| composite.state != state) {
            changes.push((index, Told { state: composite.state, reason: composite.reason.clone(), data: None }));
            composite.state = state;
            composite.updated_at = now;
            composite.transitioned_at = now;
            let cause = if by.is_empty() { "no child alarm is in ALARM".to_owned() } else { format!("{by} transitioned to ALARM") };
            composite.reason = format!("{}: {cause}", crate::model::arn::alarm(&composite.name));
            self.revision += 1;
        }
        for (index, before) in changes {
            self.record_transition(now, Subject::Composite(index), before);
        }
    }
}
