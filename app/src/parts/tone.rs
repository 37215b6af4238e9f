//! How a judgement is drawn.

use domain::alarm::AlarmState;
use domain::judge::Tone;
use domain::service::Health;

use crate::ui::lamp::Light;

impl From<Tone> for Light {
    fn from(tone: Tone) -> Self {
        match tone {
            Tone::Bad => Self::Bad,
            Tone::Warn => Self::Warn,
            Tone::Move => Self::Move,
            Tone::Unknown => Self::Unknown,
            Tone::Good => Self::Good,
            Tone::Quiet => Self::Quiet,
        }
    }
}

impl From<AlarmState> for Light {
    fn from(state: AlarmState) -> Self {
        domain::timeline::alarm_tone(state).into()
    }
}

impl From<Health> for Light {
    fn from(health: Health) -> Self {
        match health {
            Health::Healthy => Self::Good,
            Health::Unhealthy => Self::Bad,
            Health::Unknown => Self::Unknown,
        }
    }
}
