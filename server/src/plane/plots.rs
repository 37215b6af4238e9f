//! The plots of the services that are looked at, kept until there is something new to draw.
//!
//! A service's page is made anew at every sweep; drawing its history costs more than all the rest of it together and
//! changes once a minute. So what was drawn is kept for as long as no metric has moved, and no longer than a minute, because
//! task counts and the edge of the picture move without one.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use domain::series::Reach;
use domain::service::ServiceKey;
use domain::view::HistoryPanel;

/// Most pictures kept, the one used longest ago going first; each is some tens of kilobytes.
const MOST: usize = 64;
/// The longest a picture is shown after it was drawn.
const LONGEST: Duration = Duration::from_secs(60);

type Subject = (ServiceKey, Reach);

/// What was drawn lately.
#[derive(Default)]
pub(super) struct Plots(Mutex<VecDeque<(Subject, u64, Timestamp, HistoryPanel)>>);

impl Plots {
    /// The picture of `subject`, if it was drawn from `metrics` (the revision of the topic) and lately.
    pub(super) fn kept(&self, subject: &Subject, metrics: u64, now: Timestamp) -> Option<HistoryPanel> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(of, ..)| of == subject)?;
        let found = kept.remove(at)?;
        let (_, drawn_from, drawn_at, panel) = &found;
        let current = *drawn_from == metrics && *drawn_at <= now && now.since(*drawn_at) < LONGEST;
        let panel = current.then(|| panel.clone())?;
        kept.push_back(found);
        Some(panel)
    }

    /// Keeps what was drawn.
    pub(super) fn keep(&self, subject: Subject, metrics: u64, now: Timestamp, panel: HistoryPanel) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(of, ..)| *of != subject);
        kept.push_back((subject, metrics, now, panel));
        if kept.len() > MOST {
            kept.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(number: usize) -> Subject {
        (ServiceKey { environment: "production".into(), cluster: "main".into(), service: format!("service-{number}") }, Reach::default())
    }

    #[test]
    fn a_picture_lasts_until_a_metric_moves_or_a_minute_is_over() {
        let (plots, now) = (Plots::default(), Timestamp::from_secs(1_000));
        let panel = HistoryPanel { revision: 7, html: "<svg/>".to_owned() };
        plots.keep(subject(0), 3, now, panel.clone());
        let kept = |metrics, seconds| plots.kept(&subject(0), metrics, Timestamp::from_secs(seconds));
        assert_eq!(kept(3, 1_059), Some(panel.clone()));
        assert_eq!(kept(4, 1_001), None);
        plots.keep(subject(0), 3, now, panel.clone());
        assert_eq!(kept(3, 1_060), None);
        plots.keep(subject(0), 3, now, panel);
        assert_eq!(kept(3, 999), None, "a clock that was set back does not keep it for ever");
    }

    #[test]
    fn only_so_many_are_kept_and_what_is_looked_at_stays() {
        let (plots, now) = (Plots::default(), Timestamp::from_secs(1_000));
        for number in 0..MOST {
            plots.keep(subject(number), 1, now, HistoryPanel { revision: 1, html: String::new() });
        }
        assert!(plots.kept(&subject(0), 1, now).is_some());
        plots.keep(subject(MOST), 1, now, HistoryPanel { revision: 1, html: String::new() });
        assert!(plots.kept(&subject(0), 1, now).is_some());
        assert!(plots.kept(&subject(1), 1, now).is_none());
    }
}
