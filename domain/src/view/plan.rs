//! What somebody asks to be planned, as the URL of the plan's page says it.
//!
//! Everything typed stands in the URL, so nothing is lost by a reload, a refusal or an hour at lunch, and a plan can be sent to
//! somebody as a link. Separate from the wish, because a URL may hold what is no wish yet: half a form, a number that is none.
//! The trap is a service's name: it may hold any character, so a pair names it by three parts that are encoded each, and
//! encoded once more as a whole.

use std::time::Duration;

use super::timeline::instant;
use super::typed::{self, Typed};
use crate::Timestamp;
use crate::change::{Change, FieldProblem, HealthCheck, HealthCheckForm, PutBack};
use crate::rollout::plan::{Window, Wish};
use crate::service::{ServiceKey, decoded, encoded};
use crate::text;

/// Where plans are made.
const PATH: &str = "/rollouts/new";

/// What kind of change is planned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlanKind {
    /// A container health check.
    #[default]
    HealthCheck,
    /// Back to a revision that ran before.
    PutBack,
}

impl PlanKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::HealthCheck, Self::PutBack];

    /// The word in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HealthCheck => "health_check",
            Self::PutBack => "put_back",
        }
    }
}

/// What is asked to be planned; every field as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanQuery {
    /// What kind of change.
    pub kind: PlanKind,
    /// The chosen services, in the order they were chosen.
    pub services: Vec<ServiceKey>,
    /// Narrows the services that are offered, not those that are chosen: part of a name, in any case.
    pub q: String,
    /// The health check.
    pub check: HealthCheckForm,
    /// The revision to go back to, by full ARN.
    pub revision: String,
    /// Minutes each service is watched; empty: as long as its floor.
    pub bake: String,
    /// Failures that may be set aside; empty: none.
    pub budget: String,
    /// Why.
    pub reason: String,
    /// Whether what must be accepted is.
    pub accepted: bool,
    /// When steps may begin, in UTC; empty: at any time.
    pub from: String,
    /// Until when they may, in UTC.
    pub until: String,
    /// Whether the plan is to be shown.
    pub draft: bool,
    /// What in the URL was not understood.
    pub ignored: Vec<String>,
}

/// An instant in UTC as a form's field writes it: `2026-05-02T22:00`, with or without seconds.
pub fn typed_instant(text: &str) -> Option<Timestamp> {
    instant(text.trim(), "00:00:00")
}

impl PlanQuery {
    /// A health check for one service, with nothing typed yet.
    pub fn health_check(service: &ServiceKey) -> Self {
        Self { services: vec![service.clone()], ..Self::default() }
    }

    /// One service back to a revision.
    pub fn put_back(service: &ServiceKey, revision: &str) -> Self {
        Self { kind: PlanKind::PutBack, services: vec![service.clone()], revision: revision.to_owned(), ..Self::default() }
    }

    /// How a service is named in a pair and on the command line: `environment/cluster/name`, each part encoded.
    pub fn word(service: &ServiceKey) -> String {
        format!("{}/{}/{}", encoded(&service.environment), encoded(&service.cluster), encoded(&service.service))
    }

    /// The service of that word.
    pub fn service(word: &str) -> Option<ServiceKey> {
        let mut parts = word.split('/').map(decoded);
        let key = ServiceKey { environment: parts.next()?, cluster: parts.next()?, service: parts.next()? };
        let whole = parts.next().is_none() && ![&key.environment, &key.cluster, &key.service].iter().any(|part| part.is_empty());
        whole.then_some(key)
    }

    /// From the pairs of a URL's query; what is not understood is left at its default and named.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        typed::of_pairs(pairs)
    }

    /// From a URL's query as [`PlanQuery::query`] writes it.
    pub fn from_query(query: &str) -> Self {
        typed::of_query(query)
    }

    /// One service more. Chosen twice is chosen once: it may stand twice on the page.
    fn choose(&mut self, word: &str) -> bool {
        let Some(key) = Self::service(word) else { return false };
        if !self.services.contains(&key) {
            self.services.push(key);
        }
        true
    }

    /// The pairs that are not at their default.
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let check = &self.check;
        let mut pairs = Vec::new();
        if self.kind != PlanKind::default() {
            pairs.push(("kind", self.kind.as_str().to_owned()));
        }
        pairs.extend(self.services.iter().map(|key| ("service", Self::word(key))));
        let typed = [
            ("q", &self.q),
            ("container", &check.container),
            ("command", &check.command),
            ("interval", &check.interval),
            ("timeout", &check.timeout),
            ("retries", &check.retries),
            ("start_period", &check.start_period),
            ("image", &check.image),
            ("revision", &self.revision),
            ("bake", &self.bake),
            ("budget", &self.budget),
            ("reason", &self.reason),
            ("from", &self.from),
            ("until", &self.until),
        ];
        pairs.extend(typed.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, value.clone())));
        let switched = [("accepted", self.accepted), ("draft", self.draft)];
        pairs.extend(switched.into_iter().filter(|(_, on)| *on).map(|(name, _)| (name, "1".to_owned())));
        pairs
    }

    /// The query of its URL, without the question mark; empty where nothing was typed.
    pub fn query(&self) -> String {
        self.pairs().iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
    }

    /// The URL of this view; what stands at its default is left out.
    pub fn path(&self) -> String {
        let query = self.query();
        if query.is_empty() { PATH.to_owned() } else { format!("{PATH}?{query}") }
    }

    /// The wish, as far as it can be told without the services themselves: what else is wrong shows when it is planned.
    ///
    /// # Errors
    /// What is wrong with which field, all of it.
    pub fn wish(&self) -> Result<Wish, Vec<FieldProblem>> {
        let mut problems = Vec::new();
        let change = match self.kind {
            PlanKind::HealthCheck => self.check.validated().map(Change::HealthCheck).unwrap_or_else(|found| {
                problems.extend(found);
                stand_in()
            }),
            PlanKind::PutBack => Change::PutBack(PutBack { revision: self.revision.trim().to_owned() }),
        };
        let bake = told(self.minutes(), &mut problems).flatten();
        let budget = told(self.failures(), &mut problems).unwrap_or_default();
        let window = told(self.window(), &mut problems).flatten();
        let (services, reason, accepted) = (self.services.clone(), self.reason.trim().to_owned(), self.accepted);
        let wish = Wish { change, services, reason, bake, budget, accepted, window };
        // whether the window is over by now is said by the plan, which knows the time
        let more: Vec<FieldProblem> = wish.problems(Timestamp::default());
        let told: Vec<String> = problems.iter().map(|problem| problem.field.clone()).collect();
        problems.extend(more.into_iter().filter(|problem| !told.contains(&problem.field)));
        if problems.is_empty() { Ok(wish) } else { Err(problems) }
    }

    fn minutes(&self) -> Result<Option<Duration>, FieldProblem> {
        let typed = self.bake.trim();
        if typed.is_empty() {
            return Ok(None);
        }
        let seconds = typed.parse::<u64>().ok().and_then(|minutes| minutes.checked_mul(60));
        seconds.map(|seconds| Some(Duration::from_secs(seconds))).ok_or_else(|| {
            let said = format!("The bake must be a whole number of minutes, or be left out; it is \"{}\".", text::shown(typed));
            FieldProblem::new("bake", said)
        })
    }

    fn failures(&self) -> Result<u32, FieldProblem> {
        let typed = self.budget.trim();
        if typed.is_empty() {
            return Ok(0);
        }
        typed.parse().map_err(|_| {
            let said = format!("The failure budget must be a whole number, 0 or more; it is \"{}\".", text::shown(typed));
            FieldProblem::new("budget", said)
        })
    }

    fn window(&self) -> Result<Option<Window>, FieldProblem> {
        if self.from.trim().is_empty() && self.until.trim().is_empty() {
            return Ok(None);
        }
        match (typed_instant(&self.from), typed_instant(&self.until)) {
            (Some(from), Some(until)) => Ok(Some(Window { from, until })),
            _ => {
                let said = "Say both when the window opens and when it closes, in UTC as 2026-05-02T22:00; or leave both out.";
                Err(FieldProblem::new("window", said))
            }
        }
    }
}

impl Typed for PlanQuery {
    fn understand(&mut self, name: &str, value: &str) -> bool {
        let check = &mut self.check;
        let place = match name {
            "kind" => return PlanKind::ALL.into_iter().find(|kind| kind.as_str() == value).map(|kind| self.kind = kind).is_some(),
            "service" => return self.choose(value),
            "accepted" => return switch(&mut self.accepted, value),
            "draft" => return switch(&mut self.draft, value),
            "q" => &mut self.q,
            "container" => &mut check.container,
            "command" => &mut check.command,
            "interval" => &mut check.interval,
            "timeout" => &mut check.timeout,
            "retries" => &mut check.retries,
            "start_period" => &mut check.start_period,
            "image" => &mut check.image,
            "revision" => &mut self.revision,
            "bake" => &mut self.bake,
            "budget" => &mut self.budget,
            "reason" => &mut self.reason,
            "from" => &mut self.from,
            "until" => &mut self.until,
            _ => return false,
        };
        value.clone_into(place);
        true
    }

    fn ignored(&mut self) -> &mut Vec<String> {
        &mut self.ignored
    }
}

/// What stands for on and off.
fn switch(place: &mut bool, value: &str) -> bool {
    let on = match value {
        "1" | "on" | "true" => true,
        "0" | "off" | "false" => false,
        _ => return false,
    };
    *place = on;
    true
}

/// The value, or nothing with its problem kept.
fn told<T>(value: Result<T, FieldProblem>, problems: &mut Vec<FieldProblem>) -> Option<T> {
    value.map_err(|problem| problems.push(problem)).ok()
}

/// A change with which nothing is wrong, in place of one that was told to be wrong: the other fields are looked at all the same.
fn stand_in() -> Change {
    let command = ["CMD", "true"].map(str::to_owned).to_vec();
    Change::HealthCheck(HealthCheck { container: None, command, interval: 30, timeout: 5, retries: 3, start_period: 0, image: None })
}

#[cfg(test)]
mod tests;
