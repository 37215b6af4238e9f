//! `[report]` of the config: the price list in the binary, the operator's own, what else they declare, and the schedule.
//!
//! Prices are read as texts and reckoned with as whole billionths: a price that went through floating point would make a report
//! that adds up differently elsewhere. The trap is a list that is out of date and does not look it, so it carries its source and
//! its day, and a report shows both.

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::Timestamp;
use domain::report::Assigned;
use domain::report::cost::{CostLine, Prices, Rate};
use serde::{Deserialize, Serialize};

use crate::config::Span;

/// The list in the binary.
const SHIPPED: &str = include_str!("prices.toml");
/// Digits after the point of a price, at most: billionths.
const DIGITS: usize = 9;
/// Highest amount a month that is taken for one.
const MOST_USD: f64 = 1e9;
/// How often reports may be made by themselves.
const EVERY: std::ops::RangeInclusive<Duration> = Duration::from_secs(3_600)..=Duration::from_secs(366 * 86_400);

/// `[report]` of the config.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How often one is made by itself; absent: only when somebody asks for it.
    pub schedule: Option<Span>,
    /// Where those are written to, as HTML, JSON and Markdown.
    pub directory: Option<PathBuf>,
    /// A price list of one's own, in the shape of the shipped one.
    pub prices: Option<PathBuf>,
    /// What costs money and is not seen: NATS nodes, Redis, load balancers, a private CA, transfer.
    #[serde(rename = "cost")]
    pub costs: Vec<Declared>,
    /// Who has taken which check on.
    pub assigned: Vec<Taken>,
}

/// Reports that are made by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// How often.
    pub every: Duration,
    /// Where they are written to.
    pub directory: PathBuf,
}

/// Something that costs money.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// What it is.
    pub component: String,
    /// US dollars a month.
    pub usd_per_month: f64,
    /// What that rests on: `5 × t3.small, on demand`.
    pub basis: String,
}

/// Somebody who has taken a check on.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// The check's id.
    pub check: String,
    /// Who.
    pub owner: String,
    /// The day it is due: `2026-06-01`.
    #[serde(default)]
    pub due: Option<String>,
}

/// What is wrong with a price list or with what was declared, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Wrong(String);

impl Settings {
    /// When reports are made by themselves, where somebody wants that.
    ///
    /// # Errors
    /// A sentence that names the key that is missing or out of reach.
    pub fn scheduled(&self) -> Result<Option<Schedule>, Wrong> {
        match (self.schedule, &self.directory) {
            (None, None) => Ok(None),
            (Some(Span(every)), Some(directory)) if EVERY.contains(&every) => Ok(Some(Schedule { every, directory: directory.clone() })),
            (Some(Span(every)), Some(_)) => {
                Err(Wrong(format!("report.schedule is {}; it must lie between 1h and 366days.", humantime::format_duration(every))))
            }
            (Some(_), None) => Err(Wrong("report.schedule needs report.directory: where the reports are written to.".to_owned())),
            (None, Some(_)) => Err(Wrong("report.directory needs report.schedule: how often a report is written there.".to_owned())),
        }
    }

    /// What was declared, as lines of a report.
    ///
    /// # Errors
    /// A sentence that names the line that cannot be reckoned with.
    pub fn declared(&self) -> Result<Vec<CostLine>, Wrong> {
        let line = |declared: &Declared| -> Result<CostLine, Wrong> {
            let usd = declared.usd_per_month;
            if !(0.0..=MOST_USD).contains(&usd) {
                let component = domain::text::shown(&declared.component);
                return Err(Wrong(format!(
                    "report.cost \"{component}\": usd_per_month is {usd}; it is an amount of US dollars, 0 or more."
                )));
            }
            // to the cent, which is how people write it; beyond a billion an f64 would not tell cents apart
            let micros = (usd * 100.0).round() as u64 * 10_000;
            let basis = format!("declared: {}", declared.basis);
            Ok(CostLine { component: declared.component.clone(), micros: Some(micros), basis })
        };
        self.costs.iter().map(line).collect()
    }

    /// Who has taken what on.
    ///
    /// # Errors
    /// A sentence that names a day that is none.
    pub fn assigned(&self) -> Result<Vec<Assigned>, Wrong> {
        let one = |taken: &Taken| -> Result<Assigned, Wrong> {
            let due = |day: &String| {
                let end = if day.len() == 10 { format!("{day}T23:59:59Z") } else { day.clone() };
                end.parse::<Timestamp>().map_err(|_| {
                    let (check, day) = (domain::text::shown(&taken.check), domain::text::shown(day));
                    Wrong(format!("report.assigned \"{check}\": due is \"{day}\"; write a day such as 2026-06-01."))
                })
            };
            Ok(Assigned { check: taken.check.clone(), owner: taken.owner.clone(), due: taken.due.as_ref().map(due).transpose()? })
        };
        self.assigned.iter().map(one).collect()
    }

    /// The price list, and whether it is the operator's own.
    ///
    /// # Errors
    /// A sentence that names the file and what is wrong with it.
    pub fn price_list(&self) -> Result<(Prices, bool), Wrong> {
        let Some(path) = &self.prices else { return Ok((parse(SHIPPED, Path::new("prices.toml"))?, false)) };
        let named = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| Wrong(format!("The price list {named} cannot be read: {error}.")))?;
        Ok((parse(&text, path)?, true))
    }
}

/// A price list as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    source: String,
    dated: String,
    region: String,
    #[serde(rename = "rate")]
    rates: Vec<WrittenRate>,
}

/// One price of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRate {
    platform: String,
    purchase: String,
    vcpu_hour: String,
    gib_hour: String,
    #[serde(default)]
    estimate: bool,
}

fn parse(text: &str, path: &Path) -> Result<Prices, Wrong> {
    let named = path.display();
    let wrong = |why: String| Wrong(format!("The price list {named} cannot be used: {why}."));
    let written: Written = toml::from_str(text).map_err(|error| wrong(error.message().to_owned()))?;
    if written.rates.is_empty() {
        return Err(wrong("it has no [[rate]]".to_owned()));
    }
    let price =
        |text: &str| billionths(text).ok_or_else(|| wrong(format!("\"{}\" is no price such as \"0.04048\"", domain::text::shown(text))));
    let rate = |rate: WrittenRate| -> Result<Rate, Wrong> {
        let (vcpu, gib) = (price(&rate.vcpu_hour)?, price(&rate.gib_hour)?);
        Ok(Rate { platform: rate.platform, purchase: rate.purchase, vcpu, gib, estimate: rate.estimate })
    };
    let rates = written.rates.into_iter().map(rate).collect::<Result<_, Wrong>>()?;
    Ok(Prices { source: written.source, dated: written.dated, region: written.region, rates })
}

/// A decimal number of at most nine digits after the point, in billionths.
fn billionths(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 6 || part.len() > DIGITS || !digits(whole) || !digits(part) {
        return None;
    }
    format!("{whole}{part:0<DIGITS$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_list_is_read() {
        let (prices, own) = Settings::default().price_list().unwrap();
        assert!(!own && prices.rates.len() == 4);
        assert_eq!((prices.rates[0].vcpu, prices.rates[0].gib), (40_480_000, 4_445_000));
        assert!(prices.rates.iter().all(|rate| rate.vcpu > rate.gib));
        assert!(prices.rates.iter().all(|rate| rate.estimate == (rate.purchase == "spot")), "what no list has is an estimate");
        assert!(format!("{}T00:00:00Z", prices.dated).parse::<Timestamp>().is_ok() && !prices.source.is_empty(), "{prices:?}");
    }

    #[test]
    fn a_price_is_a_number_and_nothing_else() {
        assert_eq!([billionths("0.04048"), billionths("1"), billionths("0.000000001")], [Some(40_480_000), Some(1_000_000_000), Some(1)]);
        for text in ["", ".5", "-1", "1e3", "0.0000000001", "1.2.3", "12345678"] {
            assert_eq!(billionths(text), None, "{text}");
        }
        for (text, said) in [
            ("source = \"s\"\ndated = \"d\"\nregion = \"r\"\nrate = []", "it has no [[rate]]"),
            ("sauce = 1", "unknown field"),
            (
                "source = \"s\"\ndated = \"d\"\nregion = \"r\"\n[[rate]]\nplatform = \"p\"\npurchase = \"q\"\nvcpu_hour = \"x\"\ngib_hour = \"1\"",
                "\"x\" is no price",
            ),
        ] {
            let error = parse(text, Path::new("own.toml")).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("own.toml"), "{error}");
        }
    }

    #[test]
    fn a_schedule_needs_a_directory_and_a_directory_a_schedule() {
        let scheduled = |text: &str| toml::from_str::<Settings>(text).unwrap().scheduled().map_err(|wrong| wrong.to_string());
        let daily = Schedule { every: Duration::from_secs(86_400), directory: PathBuf::from("reports") };
        assert_eq!(scheduled("schedule = \"1day\"\ndirectory = \"reports\""), Ok(Some(daily)));
        assert_eq!(scheduled(""), Ok(None));
        for (text, said) in [
            ("schedule = \"1day\"", "needs report.directory"),
            ("directory = \"reports\"", "needs report.schedule"),
            ("schedule = \"1m\"\ndirectory = \"reports\"", "report.schedule is 1m; it must lie between 1h and 366days."),
        ] {
            assert!(scheduled(text).unwrap_err().contains(said), "{text}");
        }
    }

    #[test]
    fn what_is_declared_is_money_and_days() {
        let settings: Settings = toml::from_str(
            "[[cost]]\ncomponent = \"NATS\"\nusd_per_month = 420.5\nbasis = \"5 × t3.small\"\n[[assigned]]\ncheck = \"H1\"\nowner = \"nina\"\ndue = \"2026-06-01\"",
        )
        .unwrap();
        assert_eq!(settings.declared().unwrap()[0].micros, Some(420_500_000));
        assert_eq!(settings.assigned().unwrap()[0].due.unwrap().to_string(), "2026-06-01T23:59:59Z");
        let wrong = Settings {
            assigned: vec![Taken { due: Some("soon".into()), check: "H1".into(), owner: "nina".into() }],
            ..Settings::default()
        };
        assert!(wrong.assigned().unwrap_err().to_string().contains("write a day"));
        let costs = vec![Declared { component: "NATS".into(), usd_per_month: f64::NAN, basis: String::new() }];
        assert!(Settings { costs, ..Settings::default() }.declared().is_err());
    }
}
