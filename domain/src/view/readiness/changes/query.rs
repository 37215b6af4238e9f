//! The question of what changed, as URLs say it. A URL is a saved view.
//!
//! The trap is *since when*: a period moves along with the clock and an instant stands still, so whoever sends a link chooses which
//! of the two it says. Where both are there the instant holds.

use std::time::Duration;

use super::{ChangeWay, StateChange};
use crate::readiness::Subject;
use crate::service::ServiceKey;
use crate::view::alarms::{page, paging, per, put, url};
use crate::view::timeline::instant;
use crate::view::{Choice, PER_PAGE, Paging, typed};
use crate::{Timestamp, text};

/// Where the page is.
const PATH: &str = "/readiness/changes";
const DAY: u64 = 86_400;

/// How far back is looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChangesPeriod {
    /// 24 hours.
    Day,
    /// Seven days.
    #[default]
    Week,
    /// Thirty days.
    Month,
    /// Ninety days.
    Quarter,
}

impl ChangesPeriod {
    /// Every period, the shortest first.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Quarter];

    /// The word in URLs and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Quarter => "90d",
        }
    }

    /// As the page says it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
            Self::Quarter => "90 days",
        }
    }

    /// How long it is.
    pub const fn length(self) -> Duration {
        match self {
            Self::Day => Duration::from_secs(DAY),
            Self::Week => Duration::from_secs(7 * DAY),
            Self::Month => Duration::from_secs(30 * DAY),
            Self::Quarter => Duration::from_secs(90 * DAY),
        }
    }

    /// The period of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.as_str() == word)
    }
}

/// The question of what changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangesQuery {
    /// How far back.
    pub period: ChangesPeriod,
    /// Since when, whatever the period.
    pub since: Option<Timestamp>,
    /// Part of the service's name, in any case.
    pub q: String,
    /// Only this environment.
    pub environment: Option<String>,
    /// Only this cluster.
    pub cluster: Option<String>,
    /// Only this service, by its whole name.
    pub service: Option<String>,
    /// Only this check.
    pub check: Option<String>,
    /// Only what moved this way.
    pub direction: Option<ChangeWay>,
    /// Which page, from 1.
    pub page: u32,
    /// Rows on it.
    pub per: u32,
    /// What in the URL was not understood.
    pub ignored: Vec<String>,
}

impl Default for ChangesQuery {
    fn default() -> Self {
        Self {
            period: ChangesPeriod::default(),
            since: None,
            q: String::new(),
            environment: None,
            cluster: None,
            service: None,
            check: None,
            direction: None,
            page: 1,
            per: PER_PAGE,
            ignored: Vec::new(),
        }
    }
}

impl ChangesQuery {
    /// What changed of one service.
    pub fn of_service(key: &ServiceKey) -> Self {
        Self {
            environment: Some(key.environment.clone()),
            cluster: Some(key.cluster.clone()),
            service: Some(key.service.clone()),
            ..Self::default()
        }
    }

    /// From the pairs of a URL's query; what is not understood is left at its default and named.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut query = Self::default();
        let ignored = typed::ignored(pairs, |name, value| match name {
            "period" => put(&mut query.period, ChangesPeriod::from_word(value)),
            "since" => put(&mut query.since, instant(value, "00:00:00").map(Some)),
            "q" => put(&mut query.q, Some(value.to_owned())),
            "environment" => put(&mut query.environment, Some(Some(value.to_owned()))),
            "cluster" => put(&mut query.cluster, Some(Some(value.to_owned()))),
            "service" => put(&mut query.service, Some(Some(value.to_owned()))),
            "check" => put(&mut query.check, Some(Some(value.to_owned()))),
            "direction" => put(&mut query.direction, ChangeWay::from_word(value).map(Some)),
            "page" => put(&mut query.page, page(value)),
            "per" => put(&mut query.per, per(value)),
            _ => false,
        });
        Self { ignored, ..query }
    }

    /// Since when, at `now`.
    pub fn since(&self, now: Timestamp) -> Timestamp {
        self.since.unwrap_or_else(|| now.minus(self.period.length()))
    }

    /// The same question without an instant that lies ahead of `now`, and what is to be said of that.
    #[must_use]
    pub fn behind(&self, now: Timestamp) -> (Self, Option<String>) {
        match self.since.filter(|since| *since > now) {
            Some(since) => (Self { since: None, ..self.clone() }, Some(format!("{since} lies ahead of now."))),
            None => (self.clone(), None),
        }
    }

    /// What the score is shown of: the one service or environment that is asked for; none: the fleet.
    pub fn subject(&self) -> Option<Subject> {
        let environment = self.environment.clone()?;
        match self.cluster.clone().zip(self.service.clone()) {
            Some((cluster, service)) => Some(Subject::Service(ServiceKey { environment, cluster, service })),
            None => Some(Subject::Environment { environment }),
        }
    }

    /// Whether a change is asked for, whichever way it moved.
    pub(super) fn covers(&self, change: &StateChange) -> bool {
        let key = change.subject.service();
        let is = |wanted: &Option<String>, name: Option<&String>| wanted.as_ref().is_none_or(|wanted| Some(wanted) == name);
        let named = || key.is_some_and(|key| key.service.to_lowercase().contains(&self.q.to_lowercase()));
        self.environment.as_ref().is_none_or(|wanted| wanted == change.subject.environment())
            && is(&self.cluster, key.map(|key| &key.cluster))
            && is(&self.service, key.map(|key| &key.service))
            && self.check.as_ref().is_none_or(|check| *check == change.check)
            && (self.q.is_empty() || named())
    }

    /// Since when; what stands at its default is left out.
    fn when(&self) -> Option<(&'static str, String)> {
        match self.since {
            Some(since) => Some(("since", since.to_string())),
            None => (self.period != ChangesPeriod::default()).then(|| ("period", self.period.as_str().to_owned())),
        }
    }

    /// The parts of the URL that are not at their default.
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let default = Self::default();
        let mut pairs: Vec<(&'static str, String)> = self.when().into_iter().collect();
        let mut push = |name, value: Option<String>| pairs.extend(value.map(|value| (name, value)));
        push("q", (!self.q.is_empty()).then(|| self.q.clone()));
        push("environment", self.environment.clone());
        push("cluster", self.cluster.clone());
        push("service", self.service.clone());
        push("check", self.check.clone());
        push("direction", self.direction.map(|way| way.as_str().to_owned()));
        push("page", (self.page != default.page).then(|| self.page.to_string()));
        push("per", (self.per != default.per).then(|| self.per.to_string()));
        pairs
    }

    /// The URL of this view; what stands at its default is left out.
    pub fn path(&self) -> String {
        url(PATH, &self.pairs())
    }

    /// The same at the list, which stands below the plot.
    pub fn list_path(&self) -> String {
        format!("{}#changes", self.path())
    }

    /// Everything that changed, on all pages, as CSV.
    pub fn csv_path(&self) -> String {
        url("/api/v1/readiness/changes.csv", &Self { page: 1, per: PER_PAGE, ..self.clone() }.pairs())
    }

    /// The score over that time as CSV, of what [`ChangesQuery::subject`] says.
    pub fn trend_path(&self) -> String {
        let of = Self {
            period: self.period,
            since: self.since,
            environment: self.environment.clone(),
            cluster: self.cluster.clone(),
            service: self.service.clone(),
            ..Self::default()
        };
        url("/api/v1/readiness/trend.csv", &of.pairs())
    }

    /// What the form does not show but must not forget: name and value.
    pub fn kept(&self) -> Vec<(&'static str, String)> {
        let kept = Self { q: String::new(), environment: None, check: None, since: None, page: 1, ..self.clone() };
        kept.pairs()
    }

    /// The periods; out of an instant where one holds.
    pub fn periods(&self) -> Vec<Choice> {
        let to = |period| Self { period, since: None, page: 1, ..self.clone() }.path();
        let choice = |period: ChangesPeriod| Choice {
            label: period.title().to_owned(),
            path: to(period),
            chosen: self.since.is_none() && period == self.period,
            tone: None,
        };
        let since = self.since.map(|since| Choice { label: format!("since {since} ×"), path: to(self.period), chosen: true, tone: None });
        ChangesPeriod::ALL.map(choice).into_iter().chain(since).collect()
    }

    /// The ways things moved with how many did, and the way out of what is chosen elsewhere.
    pub(super) fn choices(&self, ways: &[(ChangeWay, u64)], environments: &[String]) -> Vec<Choice> {
        let to = |direction| Self { direction, page: 1, ..self.clone() };
        let all: u64 = ways.iter().map(|(_, count)| count).sum();
        let mut choices =
            vec![Choice { label: format!("all {all}"), path: to(None).list_path(), chosen: self.direction.is_none(), tone: None }];
        for (way, count) in ways.iter().filter(|(way, count)| *count > 0 || self.direction == Some(*way)) {
            let (label, tone) = (format!("{count} {}", way.title()), Some(way.tone()));
            choices.push(Choice { label, path: to(Some(*way)).list_path(), chosen: self.direction == Some(*way), tone });
        }
        let out =
            |name: &str, to: Self| Choice { label: format!("only {} ×", text::shown(name)), path: to.path(), chosen: true, tone: None };
        let all = Self { page: 1, ..self.clone() };
        choices.extend(self.check.as_ref().map(|check| out(check, Self { check: None, ..all.clone() })));
        choices.extend(self.service.as_ref().map(|service| out(service, Self { service: None, cluster: None, ..all.clone() })));
        match &self.environment {
            Some(name) => choices.push(out(name, Self { environment: None, cluster: None, service: None, ..all })),
            None if environments.len() > 1 => choices.extend(environments.iter().map(|name| {
                let path = Self { environment: Some(name.clone()), ..all.clone() }.path();
                Choice { label: format!("in {}", text::shown(name)), path, chosen: false, tone: None }
            })),
            None => {}
        }
        choices
    }

    /// Where this page is.
    pub(super) fn paging(&self, matching: u64, total: u64) -> Paging {
        paging(self.page, self.per, matching, total, |page| Self { page, ..self.clone() }.list_path())
    }
}
