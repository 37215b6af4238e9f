//! The list of services: what is asked of it, its rows, and one page of it.

mod list;

use serde::{Deserialize, Serialize};

use super::typed;
use crate::Timestamp;
use crate::judge::Standing;
use crate::service::{ServiceKey, encoded};

pub use list::ServiceList;

/// Rows on a page unless the reader asks for another number.
pub const PER_PAGE: u32 = 50;
/// Most rows on a page: what still renders at once on a phone.
pub const MOST_PER_PAGE: u32 = 200;

/// One service as a row or a tile.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceRow {
    /// Where it lives.
    #[serde(flatten)]
    pub key: ServiceKey,
    /// Its `group` tag (or whichever tag the config names).
    pub group: Option<String>,
    /// Where it stands now; unknown while its source is stale.
    pub standing: Standing,
    /// Since when.
    pub since: Timestamp,
    /// Whether a deployment is under way.
    pub moving: bool,
    /// Why it is not up.
    pub reasons: Vec<String>,
    /// Tasks it wants.
    pub desired: u32,
    /// Tasks in RUNNING.
    pub running: u32,
    /// Tasks in PENDING.
    pub pending: u32,
    /// Tasks ECS calls unhealthy.
    pub unhealthy: u32,
    /// Revision it is meant to run, as `family:number`.
    pub revision: Option<String>,
    /// Its alarms that are on.
    pub alarms_on: u32,
    /// Its alarms.
    pub alarms: u32,
}

/// What the list may be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ServiceSort {
    /// Worst first, then by name.
    #[default]
    State,
    /// By name.
    Name,
    /// By group, then by name.
    Group,
    /// By tasks running.
    Running,
    /// By how long it has stood as it does, newest first.
    Since,
}

impl ServiceSort {
    /// Every order.
    pub const ALL: [Self; 5] = [Self::State, Self::Name, Self::Group, Self::Running, Self::Since];

    /// The word in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Name => "name",
            Self::Group => "group",
            Self::Running => "running",
            Self::Since => "since",
        }
    }
}

/// Which page of the list, as the URL says it. A URL is a saved view.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ServiceQuery {
    /// Part of the name, in any case.
    pub q: String,
    /// Only services standing so.
    pub state: Option<Standing>,
    /// Only this group.
    pub group: Option<String>,
    /// Only this environment.
    pub environment: Option<String>,
    /// In which order.
    pub sort: ServiceSort,
    /// The other way round.
    pub reverse: bool,
    /// Which page, from 1.
    pub page: u32,
    /// Rows on it, 1 to [`MOST_PER_PAGE`].
    pub per: u32,
}

impl Default for ServiceQuery {
    fn default() -> Self {
        Self {
            q: String::new(),
            state: None,
            group: None,
            environment: None,
            sort: ServiceSort::State,
            reverse: false,
            page: 1,
            per: PER_PAGE,
        }
    }
}

impl ServiceQuery {
    /// From the pairs of a URL's query. What cannot be understood is left at its default and named in the second part,
    /// so that a mistyped URL shows a list and says what it ignored.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Self, Vec<String>) {
        let mut query = Self::default();
        let ignored = typed::ignored(pairs, |name, value| query.understand(name, value));
        (query, ignored)
    }

    /// Takes one pair of a URL's query; answers whether it meant anything.
    fn understand(&mut self, name: &str, value: &str) -> bool {
        fn put<T>(place: &mut T, value: Option<T>) -> bool {
            value.map(|value| *place = value).is_some()
        }
        match name {
            "q" => put(&mut self.q, Some(value.to_owned())),
            "state" => put(&mut self.state, value.parse().ok().map(Some)),
            "group" => put(&mut self.group, Some(Some(value.to_owned()))),
            "environment" => put(&mut self.environment, Some(Some(value.to_owned()))),
            "sort" => put(&mut self.sort, ServiceSort::ALL.into_iter().find(|sort| sort.as_str() == value)),
            "reverse" => put(&mut self.reverse, value.parse().ok()),
            "page" => put(&mut self.page, value.parse().ok().filter(|page| *page >= 1)),
            "per" => put(&mut self.per, value.parse().ok().filter(|per| (1..=MOST_PER_PAGE).contains(per))),
            _ => false,
        }
    }

    /// The URL of this view; what stands at its default is left out.
    pub fn path(&self) -> String {
        format!("/services{}", self.in_url())
    }

    /// The address of the same list as CSV.
    pub fn csv_path(&self) -> String {
        format!("/api/v1/services.csv{}", self.in_url())
    }

    fn in_url(&self) -> String {
        let default = Self::default();
        let mut pairs: Vec<String> = Vec::new();
        let mut push = |name: &str, value: &str| pairs.push(format!("{name}={}", encoded(value)));
        if !self.q.is_empty() {
            push("q", &self.q);
        }
        if let Some(state) = self.state {
            push("state", state.as_str());
        }
        if let Some(group) = &self.group {
            push("group", group);
        }
        if let Some(environment) = &self.environment {
            push("environment", environment);
        }
        if self.sort != default.sort {
            push("sort", self.sort.as_str());
        }
        if self.reverse {
            push("reverse", "true");
        }
        if self.page != default.page {
            push("page", &self.page.to_string());
        }
        if self.per != default.per {
            push("per", &self.per.to_string());
        }
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    }
}

/// One page of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServicePage {
    /// The store's revision this was read at.
    pub revision: u64,
    /// The question, as it was understood.
    pub query: ServiceQuery,
    /// The rows of this page.
    pub rows: Vec<ServiceRow>,
    /// Services that match, over all pages.
    pub matching: u64,
    /// Services in all.
    pub total: u64,
    /// How many stand how, over the whole fleet, worst first; standings nobody has are left out.
    pub standings: Vec<(Standing, u64)>,
    /// The groups there are.
    pub groups: Vec<String>,
    /// The environments there are.
    pub environments: Vec<String>,
    /// When the oldest of the ECS sources these rows came from last answered.
    pub observed: Option<Timestamp>,
    /// Why some of it cannot be trusted as current.
    pub stale: Vec<String>,
}

impl ServicePage {
    /// How many pages match.
    pub fn pages(&self) -> u32 {
        let per = u64::from(self.query.per.max(1));
        u32::try_from(self.matching.div_ceil(per)).unwrap_or(u32::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_saved_view() {
        let query = ServiceQuery {
            q: "auth & pay".into(),
            state: Some(Standing::Down),
            group: Some("core AI".into()),
            environment: None,
            sort: ServiceSort::Since,
            reverse: true,
            page: 3,
            per: 20,
        };
        let path = query.path();
        assert_eq!(path, "/services?q=auth%20%26%20pay&state=down&group=core%20AI&sort=since&reverse=true&page=3&per=20");
        let pairs = [
            ("q", "auth & pay"),
            ("state", "down"),
            ("group", "core AI"),
            ("sort", "since"),
            ("reverse", "true"),
            ("page", "3"),
            ("per", "20"),
        ];
        assert_eq!(ServiceQuery::from_pairs(pairs), (query, vec![]));
    }

    #[test]
    fn what_is_not_understood_is_named_and_ignored() {
        let (query, ignored) =
            ServiceQuery::from_pairs([("state", "sideways"), ("page", "0"), ("per", "9999"), ("colour", "red"), ("group", "")]);
        assert_eq!(query, ServiceQuery::default());
        assert_eq!(ignored, ["state=sideways", "page=0", "per=9999", "colour=red"]);
    }
}
