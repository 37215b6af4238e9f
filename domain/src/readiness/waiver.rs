//! An accepted failure with an end.
//!
//! A waiver takes a check out of the score until an instant, and says who accepted what and why. It does not stop the check: it
//! goes on being evaluated, so that a waiver nobody needs any more is seen. The trap is the one that lasts for ever: the end is
//! mandatory, and what has ended counts again at that second without a sweep ([`Waiver::holds`]).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::card::{Check, Weight};
use super::evidence::Subject;
use crate::change::FieldProblem;
use crate::{Timestamp, text};

/// Longest a waiver may last, and that of a check of the heaviest class (reference §5.6).
pub const LONGEST: Duration = Duration::from_secs(90 * 86_400);
pub const LONGEST_CRITICAL: Duration = Duration::from_secs(30 * 86_400);
/// Most characters of a reason, a compensating control, a ticket.
const MOST_TEXT: usize = 2_000;

/// What somebody asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WaiverWish {
    /// The check's id.
    pub check: String,
    /// The environment.
    pub environment: String,
    /// The cluster; none for the whole environment.
    #[serde(default)]
    pub cluster: Option<String>,
    /// The service; none for the whole environment.
    #[serde(default)]
    pub service: Option<String>,
    /// Why the failure is accepted.
    pub reason: String,
    /// What keeps the risk small meanwhile.
    pub compensating: String,
    /// Where it is tracked.
    #[serde(default)]
    pub ticket: Option<String>,
    /// Until when. Mandatory.
    pub expires: Option<Timestamp>,
}

/// An accepted failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Waiver {
    /// The number people call it by.
    pub id: i64,
    /// What was asked for.
    #[serde(flatten)]
    pub wish: WaiverWish,
    /// Who asked.
    pub requester: String,
    /// Who approved it; none while nobody has.
    pub approver: Option<String>,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it was approved.
    pub approved: Option<Timestamp>,
    /// When it was ended before its time, and by whom.
    pub ended: Option<(Timestamp, String)>,
}

impl WaiverWish {
    /// What it covers.
    pub fn covers(&self, check: &str, subject: &Subject) -> bool {
        let service = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        self.check == check
            && self.environment == subject.environment()
            && match subject {
                Subject::Service(key) => service(&self.cluster, &key.cluster) && service(&self.service, &key.service),
                Subject::Environment { .. } => self.cluster.is_none() && self.service.is_none(),
            }
    }

    /// Everything that is wrong with it; `check` is the card's check of that id.
    pub fn problems(&self, now: Timestamp, check: Option<&Check>) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut say = |field: &str, said: String| problems.push(FieldProblem::new(field, said));
        let Some(check) = check else {
            say("check", format!("\"{}\" is no check of the score card; nothing was kept.", text::shown(&self.check)));
            return problems;
        };
        for (field, value, what) in [
            ("reason", &self.reason, "Say why the failure is accepted"),
            ("compensating", &self.compensating, "Say what keeps the risk small meanwhile, or that nothing does"),
        ] {
            if value.trim().is_empty() {
                say(field, format!("{what}: whoever reads the report will ask."));
            } else if value.chars().count() > MOST_TEXT {
                say(field, format!("{} characters are too many; {MOST_TEXT} are kept at most.", value.chars().count()));
            }
        }
        if self.ticket.as_ref().is_some_and(|ticket| ticket.chars().count() > MOST_TEXT) {
            say("ticket", format!("A ticket is named in {MOST_TEXT} characters at most."));
        }
        if self.service.is_some() != self.cluster.is_some() {
            say("service", "A service is named with its cluster; leave both empty for the whole environment.".to_owned());
        }
        let longest = if check.weight == Weight::Critical { LONGEST_CRITICAL } else { LONGEST };
        let days = longest.as_secs() / 86_400;
        match self.expires {
            None => say("expires", format!("A waiver without an end is refused: choose a day within {days} days.")),
            Some(end) if end <= now => say("expires", "That end is past already: choose a later day.".to_owned()),
            Some(end) if end.since(now) > longest => {
                let class = check.weight.as_str();
                say(
                    "expires",
                    format!("A waiver of a {class} check lasts {days} days at most: choose an earlier day, and ask again then."),
                );
            }
            Some(_) => {}
        }
        problems
    }
}

impl Waiver {
    /// Whether it counts at `now`: approved, not ended, not past its end.
    pub fn holds(&self, now: Timestamp) -> bool {
        let since = self.approved.is_some_and(|approved| approved <= now);
        let ended = self.ended.as_ref().is_some_and(|(at, _)| *at <= now);
        since && !ended && self.wish.expires.is_some_and(|end| now < end)
    }

    /// Why `approver` may not approve it.
    ///
    /// # Errors
    /// It is approved or over already, or a heavy check's requester would approve their own wish.
    pub fn approvable(&self, now: Timestamp, approver: &str, check: Option<&Check>) -> Result<(), String> {
        let Some(check) = check else {
            return Err(format!("\"{}\" is no check of the score card any more; end this waiver.", text::shown(&self.wish.check)));
        };
        if let Some(by) = &self.approver {
            return Err(format!("{} approved it already.", text::shown(by)));
        }
        if self.ended.is_some() || self.wish.expires.is_none_or(|end| end <= now) {
            return Err("It is over: ask for a new one.".to_owned());
        }
        let heavy = matches!(check.weight, Weight::Critical | Weight::High);
        if heavy && approver == self.requester {
            let class = check.weight.as_str();
            return Err(format!(
                "A waiver of a {class} check is approved by somebody else than who asked for it: send another operator the link to this page."
            ));
        }
        Ok(())
    }

    /// Whole days until it ends, rounded down; none once it is over.
    pub fn days_left(&self, now: Timestamp) -> Option<u64> {
        self.wish.expires.filter(|_| self.holds(now)).map(|end| end.since(now).as_secs() / 86_400)
    }
}

#[cfg(test)]
mod tests;
