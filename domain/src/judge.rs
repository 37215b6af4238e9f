//! The one counting rule.
//!
//! The first user's reports said 21/22, 22/22 and "22 + gateway" on the same day, because everybody counted by another
//! rule. Here is the only one; pages, API, `verify` and reports use it and show [`RULE`] next to the number.
//! The trap: a fact too old to trust. It is never judged, it is [`Standing::Unknown`], so nothing stale stays green.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::service::{Health, Service, Task};
use crate::text;

/// The rule in words, shown wherever a count of services is shown.
pub const RULE: &str = "Up: active, wants at least one task, runs at least as many as it wants, no unhealthy task, no failed \
                        primary deployment, seen within three polls. Counted out of the services that want at least one task; \
                        those off on purpose (marked do not touch, wanting none) are counted apart.";

/// Where a service stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It should be up and is not.
    Down,
    /// Marked do not touch, but it wants or runs tasks.
    Contradiction,
    /// Not seen within three polls.
    Unknown,
    /// Up, by the rule.
    Up,
    /// Wants no task, and nobody said that this is on purpose.
    Off,
    /// Wants no task and is marked do not touch.
    OffOnPurpose,
}

impl Standing {
    /// Every standing, worst first: the order in which pages sort.
    pub const ALL: [Self; 6] = [Self::Down, Self::Contradiction, Self::Unknown, Self::Up, Self::Off, Self::OffOnPurpose];

    /// The word in URLs, the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Contradiction => "contradiction",
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Off => "off",
            Self::OffOnPurpose => "off_on_purpose",
        }
    }

    /// The words on pages.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Contradiction => "marked but running",
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Off => "off",
            Self::OffOnPurpose => "off on purpose",
        }
    }

    /// How it is drawn.
    pub const fn tone(self) -> Tone {
        match self {
            Self::Down => Tone::Bad,
            Self::Contradiction => Tone::Warn,
            Self::Unknown | Self::OffOnPurpose => Tone::Unknown,
            Self::Up => Tone::Good,
            Self::Off => Tone::Quiet,
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text named no standing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no state of a service; the states are down, contradiction, unknown, up, off and off_on_purpose")]
pub struct NoSuchStanding(String);

impl FromStr for Standing {
    type Err = NoSuchStanding;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|standing| standing.as_str() == text).ok_or_else(|| NoSuchStanding(text.to_owned()))
    }
}

/// What a lamp shows. Each tone has a shape and a word of its own as well as a colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Square: bad.
    Bad,
    /// Triangle: caution.
    Warn,
    /// Ring: changing.
    Move,
    /// Hatching: unknown, or off on purpose.
    Unknown,
    /// Disc: good.
    Good,
    /// Empty disc: neither good nor bad.
    #[default]
    Quiet,
}

impl Tone {
    /// The word in the store and in class names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Warn => "warn",
            Self::Move => "move",
            Self::Unknown => "unknown",
            Self::Good => "good",
            Self::Quiet => "quiet",
        }
    }

    /// From the stored word; an unknown word is quiet.
    pub fn from_word(word: &str) -> Self {
        match word {
            "bad" => Self::Bad,
            "warn" => Self::Warn,
            "move" => Self::Move,
            "unknown" => Self::Unknown,
            "good" => Self::Good,
            _ => Self::Quiet,
        }
    }
}

/// A service judged from one reading, apart from how old that reading is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Judgement {
    /// Where it stands.
    pub standing: Standing,
    /// Whether a deployment is under way.
    pub moving: bool,
    /// Why it is not up, in words, worst first. Empty when it is.
    pub reasons: Vec<String>,
    /// Tasks of it that ECS calls UNHEALTHY.
    pub unhealthy: u32,
}

/// Judges a service that was just read, with the tasks read beside it. `marked` says that it is to be left alone.
pub fn judge<'a>(service: &Service, tasks: impl IntoIterator<Item = &'a Task>, marked: bool) -> Judgement {
    let unhealthy = tasks.into_iter().filter(|task| !task.has_stopped() && task.health == Health::Unhealthy).count();
    let unhealthy = u32::try_from(unhealthy).unwrap_or(u32::MAX);
    let primary_state = service.primary().and_then(|primary| primary.rollout_state.as_deref());
    let moving = service.deployments.len() > 1 || primary_state == Some("IN_PROGRESS");
    let judged = |standing, reasons| Judgement { standing, moving, reasons, unhealthy };

    if service.desired == 0 {
        let idle = service.running == 0 && service.pending == 0;
        return match (marked, idle) {
            (true, true) => judged(Standing::OffOnPurpose, Vec::new()),
            (true, false) => judged(
                Standing::Contradiction,
                vec![format!("marked do not touch and wants none, but runs {}", text::count(service.running.into(), "task"))],
            ),
            (false, _) => judged(Standing::Off, Vec::new()),
        };
    }
    if marked {
        let reason = format!("marked do not touch, but wants {} and runs {}", text::count(service.desired.into(), "task"), service.running);
        return judged(Standing::Contradiction, vec![reason]);
    }
    let reasons = shortcomings(service, unhealthy);
    judged(if reasons.is_empty() { Standing::Up } else { Standing::Down }, reasons)
}

/// What keeps a service that wants tasks from being up.
fn shortcomings(service: &Service, unhealthy: u32) -> Vec<String> {
    let mut reasons = Vec::new();
    if service.running < service.desired {
        reasons.push(format!("runs {} of {}", service.running, text::count(service.desired.into(), "task")));
    }
    if unhealthy > 0 {
        reasons.push(format!("{} unhealthy", text::count(unhealthy.into(), "task")));
    }
    if let Some(primary) = service.primary().filter(|primary| primary.rollout_state.as_deref() == Some("FAILED")) {
        let why = primary.rollout_reason.as_deref().map(|why| format!(": {}", text::shown(why))).unwrap_or_default();
        reasons.push(format!("its deployment failed{why}"));
    }
    if service.status != "ACTIVE" {
        reasons.push(format!("its status is {}", text::shown(&service.status)));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Deployment;

    fn service(desired: u32, running: u32) -> Service {
        let primary = Deployment { status: "PRIMARY".into(), rollout_state: Some("COMPLETED".into()), ..Deployment::default() };
        Service { status: "ACTIVE".into(), desired, running, deployments: vec![primary], ..Service::default() }
    }

    #[test]
    fn the_rule() {
        for (desired, running, marked, standing) in [
            (2, 2, false, Standing::Up),
            (2, 3, false, Standing::Up),
            (2, 1, false, Standing::Down),
            (2, 0, false, Standing::Down),
            (0, 0, false, Standing::Off),
            (0, 0, true, Standing::OffOnPurpose),
            (0, 1, true, Standing::Contradiction),
            (2, 2, true, Standing::Contradiction),
        ] {
            assert_eq!(judge(&service(desired, running), [], marked).standing, standing, "{desired} {running} {marked}");
        }
    }

    #[test]
    fn every_shortcoming_is_named() {
        let mut bad = service(2, 1);
        bad.status = "DRAINING".into();
        bad.deployments[0].rollout_state = Some("FAILED".into());
        bad.deployments[0].rollout_reason = Some("tasks failed to start".into());
        let sick = Task { health: Health::Unhealthy, last_status: "RUNNING".into(), ..Task::default() };
        let judged = judge(&bad, [&sick], false);
        assert_eq!(judged.standing, Standing::Down);
        assert_eq!(
            judged.reasons,
            ["runs 1 of 2 tasks", "1 task unhealthy", "its deployment failed: tasks failed to start", "its status is DRAINING"]
        );
    }

    #[test]
    fn an_absent_rollout_state_is_neither_failed_nor_moving() {
        let mut classic = service(2, 2);
        classic.deployments[0].rollout_state = None;
        let judged = judge(&classic, [], false);
        assert_eq!((judged.standing, judged.moving), (Standing::Up, false));
    }

    #[test]
    fn words_survive() {
        for standing in Standing::ALL {
            assert_eq!(standing.as_str().parse::<Standing>().unwrap(), standing);
        }
    }
}
