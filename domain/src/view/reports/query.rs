//! What somebody asks of the reports' page, as its URL and its form say it.
//!
//! The form of a new report and the list are one page, so they are one question: a preview is a link, and a reload or a refusal
//! loses nothing. The trap is an instant that is none: it is told at its field and never taken for now.

use std::time::Duration;

use super::super::alarms::{page, paging, put, url};
use super::super::plan::typed_instant;
use super::super::{Paging, typed};
use crate::change::FieldProblem;
use crate::report::{Period, Reaching, ReportWish};
use crate::service::decoded;

/// Where the page is.
const PATH: &str = "/reports";
/// Reports on a page.
pub const REPORTS_PER_PAGE: u32 = 20;
const DAY: Duration = Duration::from_secs(86_400);

/// The time a report is to be about, as it is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReportPeriod {
    /// From the last report until now.
    #[default]
    Last,
    /// 24 hours.
    Day,
    /// Seven days.
    Week,
    /// Thirty days.
    Month,
    /// From one typed instant to another.
    Between,
}

impl ReportPeriod {
    /// Every choice.
    pub const ALL: [Self; 5] = [Self::Last, Self::Day, Self::Week, Self::Month, Self::Between];

    /// The word in URLs and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Between => "between",
        }
    }

    /// As the form says it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Last => "since the last report",
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
            Self::Between => "from … to …",
        }
    }

    /// The choice of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.as_str() == word)
    }
}

/// The question for the page; what is typed as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportsQuery {
    /// The time a new report is to be about.
    pub period: ReportPeriod,
    /// Its beginning in UTC, where it is typed.
    pub from: String,
    /// Its end, likewise.
    pub to: String,
    /// Only this environment; empty: all.
    pub environment: String,
    /// Without accounts, addresses and names.
    pub redact: bool,
    /// Whether its first page is to be shown.
    pub preview: bool,
    /// Which page of the list, from 1.
    pub page: u32,
    /// What in the URL was not understood.
    pub ignored: Vec<String>,
}

impl Default for ReportsQuery {
    fn default() -> Self {
        Self {
            period: ReportPeriod::default(),
            from: String::new(),
            to: String::new(),
            environment: String::new(),
            redact: false,
            preview: false,
            page: 1,
            ignored: Vec::new(),
        }
    }
}

impl ReportsQuery {
    /// From the pairs of a URL's query; what is not understood is left at its default and named.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut query = Self::default();
        let ignored = typed::ignored(pairs, |name, value| match name {
            "period" => put(&mut query.period, ReportPeriod::from_word(value)),
            "from" => put(&mut query.from, Some(value.to_owned())),
            "to" => put(&mut query.to, Some(value.to_owned())),
            "environment" => put(&mut query.environment, Some(value.to_owned())),
            "redact" => put(&mut query.redact, switched(value)),
            "preview" => put(&mut query.preview, switched(value)),
            "page" => put(&mut query.page, page(value)),
            _ => false,
        });
        Self { ignored, ..query }
    }

    /// From a URL's query as it stands in an address.
    pub fn from_query(query: &str) -> Self {
        let pairs: Vec<(String, String)> =
            query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (decoded(name), decoded(value))).collect();
        Self::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }

    /// The URL of this view; what stands at its default is left out.
    pub fn path(&self) -> String {
        let default = Self::default();
        let mut pairs: Vec<(&str, String)> = Vec::new();
        let mut push = |name, said: bool, value: &str| pairs.extend(said.then(|| (name, value.to_owned())));
        push("period", self.period != default.period, self.period.as_str());
        push("from", !self.from.is_empty(), &self.from);
        push("to", !self.to.is_empty(), &self.to);
        push("environment", !self.environment.is_empty(), &self.environment);
        push("redact", self.redact, "1");
        push("preview", self.preview, "1");
        push("page", self.page != default.page, &self.page.to_string());
        url(PATH, &pairs)
    }

    /// The wish, as far as it can be told without knowing the time.
    ///
    /// # Errors
    /// What is wrong with which field.
    pub fn wish(&self) -> Result<ReportWish, Vec<FieldProblem>> {
        let reaching = match self.period {
            ReportPeriod::Last => Reaching::SinceLast,
            ReportPeriod::Day => Reaching::Back(DAY),
            ReportPeriod::Week => Reaching::Back(7 * DAY),
            ReportPeriod::Month => Reaching::Back(30 * DAY),
            ReportPeriod::Between => self.between()?,
        };
        let environment = Some(self.environment.clone()).filter(|name| !name.is_empty());
        Ok(ReportWish { reaching, environment, redact: self.redact })
    }

    fn between(&self) -> Result<Reaching, Vec<FieldProblem>> {
        let told = |field: &str, typed: &str| {
            typed_instant(typed).ok_or_else(|| FieldProblem::new(field, "Say it in UTC, as 2026-05-02T22:00; a day alone will do."))
        };
        match (told("from", &self.from), told("to", &self.to)) {
            (Ok(from), Ok(to)) => Ok(Reaching::Between(Period { from, to })),
            (from, to) => Err([from.err(), to.err()].into_iter().flatten().collect()),
        }
    }

    /// Where this page of the list is.
    pub fn paging(&self, total: u64) -> Paging {
        paging(self.page, REPORTS_PER_PAGE, total, total, |page| Self { page, preview: false, ..self.clone() }.path())
    }
}

/// What stands for on and off.
fn switched(value: &str) -> Option<bool> {
    match value {
        "1" | "on" | "true" => Some(true),
        "0" | "off" | "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_what_was_typed() {
        let path = "/reports?period=between&from=2026-05-01&to=2026-05-02T22%3A00&environment=a%26b&redact=1&preview=1&page=3";
        let query = ReportsQuery::from_query(path.split_once('?').unwrap().1);
        assert_eq!((query.path().as_str(), query.environment.as_str(), query.ignored.len()), (path, "a&b", 0));
        assert_eq!(ReportsQuery::default().path(), "/reports");
        let strange = ReportsQuery::from_query("period=decade&colour=red&redact=maybe&page=0");
        assert_eq!(strange.ignored, ["period=decade", "colour=red", "redact=maybe", "page=0"]);
    }

    #[test]
    fn a_wish_is_made_of_it_or_the_field_is_named() {
        let wish = |query: &str| ReportsQuery::from_query(query).wish();
        assert_eq!(wish("").unwrap(), ReportWish { reaching: Reaching::SinceLast, environment: None, redact: false });
        assert_eq!(wish("period=7d&redact=on").unwrap().reaching, Reaching::Back(7 * DAY));
        let period = Period { from: "2026-05-01T00:00:00Z".parse().unwrap(), to: "2026-05-02T22:00:00Z".parse().unwrap() };
        let between = wish("period=between&from=2026-05-01&to=2026-05-02T22:00&environment=production").unwrap();
        assert_eq!((between.reaching, between.environment.as_deref()), (Reaching::Between(period), Some("production")));
        let fields: Vec<String> = wish("period=between&from=soon").unwrap_err().into_iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["from", "to"]);
    }

    #[test]
    fn the_other_pages_keep_the_form_and_leave_the_preview() {
        let query = ReportsQuery { page: 2, preview: true, environment: "production".into(), ..ReportsQuery::default() };
        let at = query.paging(45);
        assert_eq!((at.pages, at.previous.as_deref()), (3, Some("/reports?environment=production")));
        assert_eq!(at.next.as_deref(), Some("/reports?environment=production&page=3"));
    }
}
