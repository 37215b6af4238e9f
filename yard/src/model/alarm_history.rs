//! What happened to alarms: every change of state and of configuration, and every notification, as CloudWatch keeps it.
//!
//! Separate from the alarms because an alarm only knows its present: one that rang and fell silent between two looks is found here alone.
//! The trap: it begins before the yard does. What an alarm says of itself must agree with the latest entry about it.

use std::collections::VecDeque;

use crate::{
    clock::{HOUR, MINUTE},
    dice::Dice,
    model::{
        Fleet,
        alarm::{Alarm, AlarmState, Watched},
        metrics::DAY,
    },
};

/// Entries kept in all; CloudWatch keeps them for some weeks.
const KEPT: usize = 100_000;

/// A state with CloudWatch's words for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) state: AlarmState,
    pub(crate) reason: String,
    pub(crate) data: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Metric(usize),
    Composite(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Created,
    Reconfigured,
    State { from: Told, to: Told },
    Notified(AlarmState),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistoryItem {
    /// Counts all entries, so that a listing can go on after it.
    pub(crate) number: u64,
    pub(crate) at: i64,
    pub(crate) subject: Subject,
    pub(crate) what: What,
}

/// In order of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AlarmHistory {
    items: VecDeque<HistoryItem>,
    count: u64,
}

impl AlarmHistory {
    fn add(&mut self, at: i64, subject: Subject, what: What) {
        // numbers begin at 1: a listing's first position is 0
        self.count += 1;
        self.items.push_back(HistoryItem { number: self.count, at, subject, what });
        if self.items.len() > KEPT {
            self.items.pop_front();
        }
    }

    pub(crate) fn items(&self) -> &VecDeque<HistoryItem> {
        &self.items
    }
}

impl Fleet {
    /// Records that an alarm went from one state to the one it is in, and that somebody was told, if that is so.
    pub(super) fn record_transition(&mut self, at: i64, subject: Subject, from: Told) {
        let (to, notifies) = match subject {
            Subject::Metric(index) => {
                let Some(alarm) = self.alarms.get(index) else { return };
                (alarm.told(), alarm.notifies && alarm.actions_enabled)
            }
            Subject::Composite(index) => {
                let Some(alarm) = self.composite_alarms.get(index) else { return };
                (Told { state: alarm.state, reason: alarm.reason.clone(), data: None }, true)
            }
        };
        let rings = to.state == AlarmState::Alarm && notifies;
        let state = to.state;
        self.alarm_history.add(at, subject, What::State { from, to });
        if rings {
            self.alarm_history.add(at, subject, What::Notified(state));
        }
    }

    /// What happened to the alarms in the days before the yard opened.
    pub(super) fn give_alarms_a_past(&mut self) {
        let mut past: Vec<(i64, Subject, What)> = Vec::new();
        let mut alarms = std::mem::take(&mut self.alarms);
        for (index, alarm) in alarms.iter_mut().enumerate() {
            let mut dice = Dice::new(self.seed, "alarm past", index as u64);
            let subject = Subject::Metric(index);
            if alarm.configured_at > self.now - 30 * DAY {
                past.push((alarm.configured_at, subject, What::Created));
            } else if dice.below(9) == 0 {
                alarm.configured_at = self.now - DAY - dice.seconds(0, 9 * 86_400);
                past.push((alarm.configured_at, subject, What::Reconfigured));
            }
            for (begun, ended) in self.past_episodes(alarm, &mut dice) {
                let calm = alarm.told();
                let rang = alarm.told_in_the_past(begun);
                past.push((begun, subject, What::State { from: calm, to: rang.clone() }));
                if alarm.notifies && alarm.actions_enabled && rang.state == AlarmState::Alarm {
                    past.push((begun, subject, What::Notified(AlarmState::Alarm)));
                }
                alarm.take(begun, rang);
                if let Some(ended) = ended {
                    let rang = alarm.told();
                    let well = alarm.told_well(ended);
                    past.push((ended, subject, What::State { from: rang, to: well.clone() }));
                    alarm.take(ended, well);
                }
            }
        }
        self.alarms = alarms;
        past.sort_by_key(|(at, _, _)| *at);
        for (at, subject, what) in past {
            self.alarm_history.add(at, subject, what);
        }
    }

    /// When an alarm rang before the yard opened, in order, and when it fell silent.
    fn past_episodes(&self, alarm: &Alarm, dice: &mut Dice) -> Vec<(i64, Option<i64>)> {
        let bad = self.bad_hour();
        if alarm.blind {
            return vec![(self.now - 11 * DAY - dice.seconds(0, 40_000), None)];
        }
        let felt = match alarm.watched {
            Watched::Cpu | Watched::RunningTasks => alarm.service == self.bad_hour_service(),
            Watched::Target5xx => true,
            Watched::Memory | Watched::NoTasks => false,
        };
        if felt {
            return vec![(bad + 2 * MINUTE, Some(bad + HOUR + MINUTE))];
        }
        if alarm.watched == Watched::NoTasks || dice.below(10) != 0 {
            return Vec::new();
        }
        let mut ago = 10 * DAY;
        let mut episodes = Vec::new();
        for _ in 0..=dice.below(2) {
            ago -= DAY + dice.seconds(0, 3 * 86_400);
            let begun = (self.now - ago).div_euclid(MINUTE) * MINUTE;
            episodes.push((begun, Some(begun + dice.seconds(3, 26) / 60 * 60 + 2 * MINUTE)));
        }
        episodes
    }

    /// An alarm that rings and falls silent between two looks.
    pub(crate) fn flap(&mut self, name: &str) -> Result<(), super::NoSuch> {
        let now = self.now;
        let index = self.alarm_index(name)?;
        for (after, state, reason) in [
            (0, AlarmState::Alarm, "Threshold Crossed: 2 out of the last 2 datapoints were over the threshold."),
            (1_000, AlarmState::Ok, "Threshold Crossed: 1 out of the last 2 datapoints was not over the threshold."),
        ] {
            let Some(alarm) = self.alarms.get_mut(index) else { break };
            let from = alarm.told();
            alarm.take(now + after, Told { state, reason: reason.to_owned(), data: None });
            self.record_transition(now + after, Subject::Metric(index), from);
        }
        self.note(format!("alarm {name} flaps"));
        self.changed();
        Ok(())
    }
}
