//! The questions about alarms, as URLs say them. A URL is a saved view.

use super::super::{MOST_PER_PAGE, PER_PAGE, typed};
use super::{Asked, Choice, Paging};
use crate::alarm::AlarmState;
use crate::coverage::Column;
use crate::coverage::commands::Form;
use crate::judge::Tone;
use crate::service::{ServiceKey, encoded};
use crate::text;

/// A narrower choice than a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmOnly {
    /// Those that tell nobody.
    Untold,
    /// Those without data for more than a day.
    Stuck,
    /// Those somebody knows of.
    Acknowledged,
}

impl AlarmOnly {
    /// The word in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Untold => "untold",
            Self::Stuck => "stuck",
            Self::Acknowledged => "acknowledged",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Untold => "tell nobody",
            Self::Stuck => "without data for a day",
            Self::Acknowledged => "acknowledged",
        }
    }

    const ALL: [Self; 3] = [Self::Untold, Self::Stuck, Self::Acknowledged];
}

/// What the alarms may be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlarmSort {
    /// Worst first, of these the newest first.
    #[default]
    State,
    /// By name.
    Name,
    /// By the service they watch.
    Service,
    /// By how long they have stood so, newest first.
    Since,
}

impl AlarmSort {
    /// Every order.
    pub const ALL: [Self; 4] = [Self::State, Self::Name, Self::Service, Self::Since];

    /// The word in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Name => "name",
            Self::Service => "service",
            Self::Since => "since",
        }
    }
}

/// The question for the list of alarms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmQuery {
    /// Part of the name of the alarm or of its service, in any case.
    pub q: String,
    /// Only in this state.
    pub state: Option<AlarmState>,
    /// Only such.
    pub only: Option<AlarmOnly>,
    /// Only of this service, by its whole name.
    pub service: Option<String>,
    /// Only in this environment.
    pub environment: Option<String>,
    /// In which order.
    pub sort: AlarmSort,
    /// The other way round.
    pub reverse: bool,
    /// Which page, from 1.
    pub page: u32,
    /// Rows on it.
    pub per: u32,
    /// What in the URL was not understood.
    pub ignored: Vec<String>,
}

impl Default for AlarmQuery {
    fn default() -> Self {
        Self {
            q: String::new(),
            state: None,
            only: None,
            service: None,
            environment: None,
            sort: AlarmSort::State,
            reverse: false,
            page: 1,
            per: PER_PAGE,
            ignored: Vec::new(),
        }
    }
}

pub(in crate::view) fn put<T>(place: &mut T, value: Option<T>) -> bool {
    value.map(|value| *place = value).is_some()
}

pub(in crate::view) fn page(value: &str) -> Option<u32> {
    value.parse().ok().filter(|page| *page >= 1)
}

pub(in crate::view) fn per(value: &str) -> Option<u32> {
    value.parse().ok().filter(|per| (1..=MOST_PER_PAGE).contains(per))
}

/// `/path?a=b&c=d`, percent-encoded.
pub(in crate::view) fn url(path: &str, pairs: &[(&str, String)]) -> String {
    let said: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    if said.is_empty() { path.to_owned() } else { format!("{path}?{}", said.join("&")) }
}

pub(in crate::view) fn paging(page: u32, per: u32, matching: u64, total: u64, to: impl Fn(u32) -> String) -> Paging {
    let pages = u32::try_from(matching.div_ceil(per.max(1).into())).unwrap_or(u32::MAX).max(1);
    Paging { page, pages, previous: (page > 1).then(|| to(page - 1)), next: (page < pages).then(|| to(page + 1)), matching, total }
}

fn state_word(value: &str) -> Option<AlarmState> {
    [AlarmState::Alarm, AlarmState::InsufficientData, AlarmState::Ok].into_iter().find(|state| state.as_str().eq_ignore_ascii_case(value))
}

impl AlarmQuery {
    /// From the pairs of a URL's query; what is not understood is left at its default and named.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut query = Self::default();
        let ignored = typed::ignored(pairs, |name, value| match name {
            "q" => put(&mut query.q, Some(value.to_owned())),
            "state" => put(&mut query.state, state_word(value).map(Some)),
            "only" => put(&mut query.only, AlarmOnly::ALL.into_iter().find(|only| only.as_str() == value).map(Some)),
            "service" => put(&mut query.service, Some(Some(value.to_owned()))),
            "environment" => put(&mut query.environment, Some(Some(value.to_owned()))),
            "sort" => put(&mut query.sort, AlarmSort::ALL.into_iter().find(|sort| sort.as_str() == value)),
            "reverse" => put(&mut query.reverse, value.parse().ok()),
            "page" => put(&mut query.page, page(value)),
            "per" => put(&mut query.per, per(value)),
            _ => false,
        });
        Self { ignored, ..query }
    }

    /// The parts of the URL that are not at their default.
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let default = Self::default();
        let mut pairs = Vec::new();
        let mut push = |name, value: Option<String>| pairs.extend(value.map(|value| (name, value)));
        push("q", (!self.q.is_empty()).then(|| self.q.clone()));
        push("state", self.state.map(|state| state.as_str().to_ascii_lowercase()));
        push("only", self.only.map(|only| only.as_str().to_owned()));
        push("service", self.service.clone());
        push("environment", self.environment.clone());
        push("sort", (self.sort != default.sort).then(|| self.sort.as_str().to_owned()));
        push("reverse", self.reverse.then(|| "true".to_owned()));
        push("page", (self.page != default.page).then(|| self.page.to_string()));
        push("per", (self.per != default.per).then(|| self.per.to_string()));
        pairs
    }

    /// The URL of this view; what stands at its default is left out.
    pub fn path(&self) -> String {
        url("/alarms", &self.pairs())
    }

    /// The same list, on all its pages, as CSV.
    pub fn csv_path(&self) -> String {
        url("/api/v1/alarms.csv", &Self { page: 1, per: PER_PAGE, ..self.clone() }.pairs())
    }

    /// What the form shows and what it must not forget.
    pub fn asked(&self) -> Asked {
        let kept = Self { q: String::new(), page: 1, ..self.clone() }.pairs();
        let kept = kept.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Asked { q: self.q.clone(), kept, ignored: self.ignored.clone() }
    }

    /// The filters: how many stand in each state, and how many are of each narrower kind.
    pub fn choices(&self, states: &[(AlarmState, u64)], only: &[(AlarmOnly, u64)], total: u64) -> Vec<Choice> {
        let to = |state, only| Self { state, only, page: 1, ..self.clone() };
        let choice =
            |label: String, to: Self, tone| Choice { label, chosen: to.state == self.state && to.only == self.only, path: to.path(), tone };
        let mut choices = vec![choice(format!("all {total}"), to(None, None), None)];
        for (state, count) in states {
            let (words, tone) = match state {
                AlarmState::Alarm => ("on", Tone::Warn),
                AlarmState::InsufficientData => ("without data", Tone::Unknown),
                AlarmState::Ok => ("OK", Tone::Good),
            };
            choices.push(choice(format!("{count} {words}"), to(Some(*state), None), Some(tone)));
        }
        for (only, count) in only.iter().filter(|(only, count)| *count > 0 || self.only == Some(*only)) {
            choices.push(choice(format!("{count} {}", only.title()), to(None, Some(*only)), None));
        }
        if let Some(service) = &self.service {
            let all = Self { service: None, page: 1, ..self.clone() };
            choices.push(Choice { label: format!("only {} ×", text::shown(service)), path: all.path(), chosen: true, tone: None });
        }
        if let Some(environment) = &self.environment {
            let all = Self { environment: None, page: 1, ..self.clone() };
            choices.push(Choice { label: format!("only {} ×", text::shown(environment)), path: all.path(), chosen: true, tone: None });
        }
        choices
    }

    /// The orders; the one that holds turns round.
    pub fn orders(&self) -> Vec<Choice> {
        let order = |sort: AlarmSort| {
            let chosen = sort == self.sort;
            let to = Self { sort, reverse: chosen && !self.reverse, page: 1, ..self.clone() };
            let arrow = match (chosen, self.reverse) {
                (false, _) => "",
                (true, false) => " ↓",
                (true, true) => " ↑",
            };
            Choice { label: format!("{}{arrow}", sort.as_str()), path: to.path(), chosen, tone: None }
        };
        AlarmSort::ALL.map(order).into()
    }

    /// Where this page is.
    pub fn paging(&self, matching: u64, total: u64) -> Paging {
        paging(self.page, self.per, matching, total, |page| Self { page, ..self.clone() }.path())
    }
}

/// The question for the table of what is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverageQuery {
    /// Part of the service's name, in any case.
    pub q: String,
    /// Only services that lack this.
    pub lacks: Option<Column>,
    /// Only this environment.
    pub environment: Option<String>,
    /// Which page, from 1.
    pub page: u32,
    /// Rows on it.
    pub per: u32,
    /// What in the URL was not understood.
    pub ignored: Vec<String>,
}

impl Default for CoverageQuery {
    fn default() -> Self {
        Self { q: String::new(), lacks: None, environment: None, page: 1, per: PER_PAGE, ignored: Vec::new() }
    }
}

impl CoverageQuery {
    /// From the pairs of a URL's query; what is not understood is left at its default and named.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut query = Self::default();
        let ignored = typed::ignored(pairs, |name, value| match name {
            "q" => put(&mut query.q, Some(value.to_owned())),
            "lacks" => put(&mut query.lacks, Column::from_word(value).filter(|of| *of != Column::Own).map(Some)),
            "environment" => put(&mut query.environment, Some(Some(value.to_owned()))),
            "page" => put(&mut query.page, page(value)),
            "per" => put(&mut query.per, per(value)),
            _ => false,
        });
        Self { ignored, ..query }
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        let mut push = |name, value: Option<String>| pairs.extend(value.map(|value| (name, value)));
        push("q", (!self.q.is_empty()).then(|| self.q.clone()));
        push("lacks", self.lacks.map(|of| of.as_str().to_owned()));
        push("environment", self.environment.clone());
        push("page", (self.page != 1).then(|| self.page.to_string()));
        push("per", (self.per != PER_PAGE).then(|| self.per.to_string()));
        pairs
    }

    /// The URL of this view.
    pub fn path(&self) -> String {
        url("/alarms/coverage", &self.pairs())
    }

    /// The same list, on all its pages, as CSV.
    pub fn csv_path(&self) -> String {
        url("/api/v1/alarms/coverage.csv", &Self { page: 1, per: PER_PAGE, ..self.clone() }.pairs())
    }

    /// What the form shows and what it must not forget.
    pub fn asked(&self) -> Asked {
        let kept = Self { q: String::new(), page: 1, ..self.clone() }.pairs();
        let kept = kept.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Asked { q: self.q.clone(), kept, ignored: self.ignored.clone() }
    }

    /// The filters: how many services lack what.
    pub fn choices(&self, lacking: &[(Column, u64)], total: u64) -> Vec<Choice> {
        let choice = |label: String, lacks, tone| Choice {
            label,
            path: Self { lacks, page: 1, ..self.clone() }.path(),
            chosen: self.lacks == lacks,
            tone,
        };
        let every = choice(format!("all {total}"), None, None);
        let lack = |(of, count): &(Column, u64)| {
            let tone = if *count > 0 { Tone::Bad } else { Tone::Good };
            choice(format!("{count} without {}", of.title().to_lowercase().replace("cpu", "CPU")), Some(*of), Some(tone))
        };
        std::iter::once(every).chain(lacking.iter().map(lack)).collect()
    }

    /// Where this page is.
    pub fn paging(&self, matching: u64, total: u64) -> Paging {
        paging(self.page, self.per, matching, total, |page| Self { page, ..self.clone() }.path())
    }
}

/// The question for the missing alarms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissingQuery {
    /// Only this environment.
    pub environment: Option<String>,
    /// Only this cluster.
    pub cluster: Option<String>,
    /// Only this service.
    pub service: Option<String>,
    /// Only this column.
    pub column: Option<Column>,
    /// How they are written.
    pub form: Form,
    /// What in the URL was not understood.
    pub ignored: Vec<String>,
}

impl MissingQuery {
    /// All that one service misses.
    pub fn of(key: &ServiceKey) -> Self {
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
            "environment" => put(&mut query.environment, Some(Some(value.to_owned()))),
            "cluster" => put(&mut query.cluster, Some(Some(value.to_owned()))),
            "service" => put(&mut query.service, Some(Some(value.to_owned()))),
            "column" => put(&mut query.column, Column::from_word(value).map(Some)),
            "form" => put(&mut query.form, Form::from_word(value)),
            _ => false,
        });
        Self { ignored, ..query }
    }

    /// The URL of this view at `path`.
    pub fn path(&self, path: &str) -> String {
        let mut pairs = Vec::new();
        let mut push = |name, value: Option<String>| pairs.extend(value.map(|value| (name, value)));
        push("environment", self.environment.clone());
        push("cluster", self.cluster.clone());
        push("service", self.service.clone());
        push("column", self.column.map(|of| of.as_str().to_owned()));
        push("form", (self.form != Form::Cli).then(|| self.form.as_str().to_owned()));
        url(path, &pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_saved_views() {
        let pairs = [
            ("q", "a & b"),
            ("state", "alarm"),
            ("only", "untold"),
            ("service", "é<"),
            ("sort", "since"),
            ("reverse", "true"),
            ("page", "3"),
            ("per", "20"),
        ];
        let query = AlarmQuery::from_pairs(pairs);
        assert_eq!(query.path(), "/alarms?q=a%20%26%20b&state=alarm&only=untold&service=%C3%A9%3C&sort=since&reverse=true&page=3&per=20");
        assert_eq!(query.csv_path(), "/api/v1/alarms.csv?q=a%20%26%20b&state=alarm&only=untold&service=%C3%A9%3C&sort=since&reverse=true");
        assert_eq!(query.ignored, [""; 0]);
        let table = CoverageQuery::from_pairs([("lacks", "cpu"), ("page", "2")]);
        assert_eq!(table.path(), "/alarms/coverage?lacks=cpu&page=2");
        assert_eq!(table.csv_path(), "/api/v1/alarms/coverage.csv?lacks=cpu");
        let missing = MissingQuery::from_pairs([("service", "a"), ("column", "memory"), ("form", "terraform")]);
        assert_eq!(missing.path("/x"), "/x?service=a&column=memory&form=terraform");
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let query = AlarmQuery::from_pairs([("state", "sideways"), ("page", "0"), ("colour", "red"), ("q", "")]);
        assert_eq!(query.ignored, ["state=sideways", "page=0", "colour=red"]);
        assert_eq!(CoverageQuery::from_pairs([("lacks", "own")]).ignored, ["lacks=own"]);
        assert_eq!(MissingQuery::from_pairs([("form", "perl")]).ignored, ["form=perl"]);
    }

    #[test]
    fn choices_lead_where_they_say() {
        let query = AlarmQuery { state: Some(AlarmState::Alarm), page: 4, q: "x".into(), ..AlarmQuery::default() };
        let choices = query.choices(&[(AlarmState::Alarm, 2), (AlarmState::Ok, 5)], &[(AlarmOnly::Stuck, 0), (AlarmOnly::Untold, 1)], 7);
        let said: Vec<_> = choices.iter().map(|choice| (choice.label.as_str(), choice.path.as_str(), choice.chosen)).collect();
        assert_eq!(
            said,
            [
                ("all 7", "/alarms?q=x", false),
                ("2 on", "/alarms?q=x&state=alarm", true),
                ("5 OK", "/alarms?q=x&state=ok", false),
                ("1 tell nobody", "/alarms?q=x&only=untold", false),
            ]
        );
        assert_eq!(
            query.paging(151, 400),
            Paging { page: 4, pages: 4, previous: Some("/alarms?q=x&state=alarm&page=3".into()), next: None, matching: 151, total: 400 }
        );
    }
}
