//! What asking costs, and how often metrics may be asked for the money there is.
//!
//! Monitoring tools are known for bills nobody expected (grafana/alloy 5747: 763 dollars in one account), so every call is
//! counted by operation and month, priced here, and the one thing that can become expensive, metrics, is asked at a pace
//! that this module chooses so that the month ends within its budget. Alarms and ECS are never slowed.
//! The trap is GetMetricData: it is billed by the *metrics* in a request, not by request, and outside the free tier.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::text;
use crate::time::span;

/// What CloudWatch asks for its API, in US dollars.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Prices {
    /// A thousand requests beyond the free ones. aws.amazon.com/cloudwatch/pricing: $0.01 in us-east-1.
    pub usd_per_1000_requests: f64,
    /// A thousand metrics asked by GetMetricData, none of them free. Same page: $0.01 in us-east-1.
    pub usd_per_1000_metrics: f64,
    /// Requests a month that cost nothing, per account. Same page, free tier: one million.
    pub free_requests: u64,
}

impl Default for Prices {
    fn default() -> Self {
        Self { usd_per_1000_requests: 0.01, usd_per_1000_metrics: 0.01, free_requests: 1_000_000 }
    }
}

/// How much may be spent on one account in a month.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Allowance {
    /// Dollars a month for CloudWatch's API.
    pub usd_per_month: f64,
    /// Of the free requests, how many other tools in the account use.
    pub free_used_elsewhere: u64,
    /// The prices.
    pub prices: Prices,
}

impl Allowance {
    /// The part of one of so many environments of the same account: free requests and dollars are the account's.
    pub fn shared(self, environments: u32) -> Self {
        let parts = environments.max(1);
        let part = |whole: u64| whole / u64::from(parts);
        Self {
            usd_per_month: self.usd_per_month / f64::from(parts),
            free_used_elsewhere: part(self.free_used_elsewhere),
            prices: Prices { free_requests: part(self.prices.free_requests), ..self.prices },
        }
    }
}

impl Default for Allowance {
    fn default() -> Self {
        Self { usd_per_month: 5.0, free_used_elsewhere: 0, prices: Prices::default() }
    }
}

/// Calls of one operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Spent {
    /// As IAM names it: `cloudwatch:GetMetricData`.
    pub api: String,
    /// Calls made, retries included.
    pub calls: u64,
    /// Answers that we were too fast.
    pub throttled: u64,
    /// What is billed: metrics for GetMetricData, else calls.
    pub units: u64,
}

/// Requests to SQS that cost nothing, per account and month. aws.amazon.com/sqs/pricing, free tier.
pub const FREE_QUEUE_REQUESTS: u64 = 1_000_000;
/// A million requests to a standard queue beyond those. Same page: $0.40 in us-east-1.
pub const USD_PER_MILLION_QUEUE_REQUESTS: f64 = 0.40;

/// How an operation is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// Not at all: ECS, STS, and reading log events.
    Nothing,
    /// By request, beyond the free ones.
    Request,
    /// By metric.
    Metric,
    /// By request to SQS, which has prices and free requests of its own.
    Queue,
}

/// How `api` is billed.
pub fn charge(api: &str) -> Charge {
    match api {
        "cloudwatch:GetMetricData" => Charge::Metric,
        _ if api.starts_with("cloudwatch:") => Charge::Request,
        _ if api.starts_with("sqs:") => Charge::Queue,
        _ => Charge::Nothing,
    }
}

/// The month of an instant: `2026-05`, UTC as AWS bills.
pub fn month_of(at: Timestamp) -> String {
    at.to_string().get(..7).unwrap_or_default().to_owned()
}

/// The beginning of the month after the one of `at`.
pub fn next_month(at: Timestamp) -> Timestamp {
    let month = month_of(at);
    let (year, number) = month.split_once('-').unwrap_or_default();
    let (year, number) = (year.parse().unwrap_or(1970_u32), number.parse().unwrap_or(1_u32));
    let (year, number) = if number >= 12 { (year + 1, 1) } else { (year, number + 1) };
    format!("{year:04}-{number:02}-01T00:00:00Z").parse().unwrap_or(at)
}

/// What one account's month came to so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// By operation.
    pub spent: Vec<Spent>,
    /// When counting began this month.
    pub since: Option<Timestamp>,
}

impl Ledger {
    /// Adds what was spent since.
    pub fn add(&mut self, more: &[Spent], at: Timestamp) {
        if self.since.is_some_and(|since| month_of(since) != month_of(at)) {
            *self = Self::default();
        }
        if !more.is_empty() {
            self.since.get_or_insert(at);
        }
        for new in more {
            match self.spent.iter_mut().find(|known| known.api == new.api) {
                Some(known) => {
                    known.calls += new.calls;
                    known.throttled += new.throttled;
                    known.units += new.units;
                }
                None => self.spent.push(new.clone()),
            }
        }
    }

    fn units(&self, of: Charge) -> u64 {
        self.spent.iter().filter(|spent| charge(&spent.api) == of).map(|spent| spent.units).sum()
    }

    /// Requests that count against the free ones and are not for metrics: they go on whatever metrics do.
    fn other_requests(&self) -> u64 {
        let other = |spent: &&Spent| charge(&spent.api) == Charge::Request && !is_metrics(&spent.api);
        self.spent.iter().filter(other).map(|spent| spent.units).sum()
    }
}

fn is_metrics(api: &str) -> bool {
    ["cloudwatch:GetMetricStatistics", "cloudwatch:GetMetricData", "cloudwatch:ListMetrics"].contains(&api)
}

/// Which operation is asked for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// GetMetricStatistics: several statistics of one metric in a request, within the free million.
    #[default]
    Statistics,
    /// GetMetricData: five hundred statistics in a request, each of them billed.
    Data,
}

/// How often metrics are asked, and why not more often.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pace {
    /// How load balancers are asked.
    pub way: Way,
    /// Seconds between two readings of what customers feel; none: not asked this month any more.
    pub customers_every: Option<u32>,
    /// Seconds between two readings of CPU and memory of a service; none: not asked this month any more.
    pub services_every: Option<u32>,
    /// What is slower than it should be, in words.
    pub slowed: Option<String>,
    /// Dollars at the month's end if it goes on like this.
    pub forecast_usd: f64,
    /// Dollars so far.
    pub spent_usd: f64,
}

/// GetMetricStatistics requests for one service: CPU (average, maximum and sample count together) and memory.
pub const REQUESTS_PER_SERVICE: u64 = 2;
/// Requests for one target group of an application load balancer: requests, 5xx, healthy, unhealthy, latency average,
/// latency p99 (percentiles cannot be asked together with plain statistics: GetMetricStatistics, `ExtendedStatistics`).
/// An upper bound: of a network load balancer only healthy and unhealthy are asked, and the pace is chosen before it is
/// known which kind reports. What is spent is counted by what was asked.
pub const REQUESTS_PER_TARGET: u64 = 6;
/// How often CPU and memory are read when money does not matter, in seconds, and the slower steps.
const SERVICE_STEPS: [u32; 7] = [900, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400];
/// The same for what customers feel.
const CUSTOMER_STEPS: [u32; 5] = [60, 120, 300, 900, 3_600];

/// Chooses the pace for the rest of the month: what customers feel first, then CPU and memory, each as often as the free
/// requests and the dollars that are left allow. `services` and `targets` are how many there are to ask for.
pub fn pace(allowance: &Allowance, ledger: &Ledger, services: u64, targets: u64, now: Timestamp) -> Pace {
    let prices = &allowance.prices;
    let left = next_month(now).since(now).as_secs();
    let others = ledger.since.map_or(0, |since| ledger.other_requests() * left / now.since(since).as_secs().max(3_600));
    let used = ledger.units(Charge::Request) + allowance.free_used_elsewhere;
    let spent_usd = usd(prices, used, ledger.units(Charge::Metric)) - usd(prices, allowance.free_used_elsewhere, 0);
    let free = prices.free_requests.saturating_sub(used + others);
    let over = (used + others).saturating_sub(prices.free_requests.max(used));
    let money = allowance.usd_per_month - spent_usd - thousand(over, prices.usd_per_1000_requests);
    let mut rest = Rest { free, money, prices };
    let per_round = |every: u32| left / u64::from(every) + 1;
    let customers = CUSTOMER_STEPS.into_iter().find(|every| rest.affords(targets * REQUESTS_PER_TARGET * per_round(*every)));
    let asked_for_customers = customers.map_or(0, |every| targets * REQUESTS_PER_TARGET * per_round(every));
    // beyond the free million both ways cost the same for these, and one request for five hundred is kinder
    let way = if rest.free == 0 { Way::Data } else { Way::Statistics };
    rest.take(asked_for_customers);
    let service_steps = SERVICE_STEPS.into_iter().find(|every| rest.affords(services * REQUESTS_PER_SERVICE * per_round(*every)));
    rest.take(service_steps.map_or(0, |every| services * REQUESTS_PER_SERVICE * per_round(every)));
    let mut pace = Pace { way, customers_every: customers, services_every: service_steps, slowed: None, forecast_usd: 0.0, spent_usd };
    pace.forecast_usd = (allowance.usd_per_month - rest.money).max(spent_usd);
    pace.slowed = pace.in_words(allowance, services, targets, now);
    pace
}

/// What is left of the month.
struct Rest<'a> {
    free: u64,
    money: f64,
    prices: &'a Prices,
}

impl Rest<'_> {
    fn affords(&self, requests: u64) -> bool {
        thousand(requests.saturating_sub(self.free), self.prices.usd_per_1000_requests) <= self.money.max(0.0)
    }

    fn take(&mut self, requests: u64) {
        self.money -= thousand(requests.saturating_sub(self.free), self.prices.usd_per_1000_requests);
        self.free = self.free.saturating_sub(requests);
    }
}

impl Pace {
    fn in_words(&self, allowance: &Allowance, services: u64, targets: u64, now: Timestamp) -> Option<String> {
        let said = |what: &str, every: Option<u32>, best: u32| match every {
            Some(every) if every == best => None,
            Some(every) => Some(format!("{what} every {} instead of every {}", short(every), short(best))),
            None => Some(format!("{what} not at all until {}", next_month(now).to_string().get(..10).unwrap_or_default())),
        };
        let customers = said("what customers feel is read", self.customers_every, CUSTOMER_STEPS[0]).filter(|_| targets > 0);
        let services = said("CPU and memory are read", self.services_every, SERVICE_STEPS[0]).filter(|_| services > 0);
        let both: Vec<String> = [customers, services].into_iter().flatten().collect();
        (!both.is_empty()).then(|| {
            format!("To stay within ${:.2} a month {}. Alarms and ECS are never slowed.", allowance.usd_per_month, both.join("; "))
        })
    }
}

fn short(seconds: u32) -> String {
    span(std::time::Duration::from_secs(seconds.into()))
}

fn usd(prices: &Prices, requests: u64, metrics: u64) -> f64 {
    thousand(requests.saturating_sub(prices.free_requests), prices.usd_per_1000_requests) + thousand(metrics, prices.usd_per_1000_metrics)
}

fn thousand(units: u64, price: f64) -> f64 {
    units as f64 / 1_000.0 * price
}

/// One operation's month as a page shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CostLine {
    /// As IAM names it.
    pub api: String,
    /// Calls made, retries included.
    pub calls: u64,
    /// Answers that we were too fast.
    pub throttled: u64,
    /// What is billed: metrics for GetMetricData, else calls.
    pub units: u64,
    /// What it costs, in words: `free`, `$0.02`, `in the free million`.
    pub price: String,
}

/// One environment's month as a page shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Bill {
    /// The environment.
    pub environment: String,
    /// `2026-05`.
    pub month: String,
    /// One sentence: so far, by the month's end, of what budget.
    pub summary: String,
    /// What is slower than it should be because of the budget.
    pub slowed: Option<String>,
    /// By operation, dearest first.
    pub lines: Vec<CostLine>,
}

impl Bill {
    /// The bill of an environment whose metrics are asked at `pace`.
    pub fn of(environment: &str, ledger: &Ledger, allowance: &Allowance, pace: &Pace, now: Timestamp) -> Self {
        let prices = &allowance.prices;
        let used = ledger.units(Charge::Request) + allowance.free_used_elsewhere;
        let beyond = used > prices.free_requests;
        let queue_beyond = ledger.units(Charge::Queue) > FREE_QUEUE_REQUESTS;
        let mut spent = ledger.spent.clone();
        spent.sort_by(|a, b| (charge_order(&a.api), b.units, &a.api).cmp(&(charge_order(&b.api), a.units, &b.api)));
        let price = |spent: &Spent| match charge(&spent.api) {
            Charge::Nothing => "free".to_owned(),
            Charge::Metric => dollars(thousand(spent.units, prices.usd_per_1000_metrics)),
            Charge::Request if beyond => format!("up to {}", dollars(thousand(spent.units, prices.usd_per_1000_requests))),
            Charge::Request => "in the free million".to_owned(),
            Charge::Queue if queue_beyond => {
                format!("up to {}", dollars(thousand(spent.units, USD_PER_MILLION_QUEUE_REQUESTS / 1_000.0)))
            }
            Charge::Queue => "in SQS's own free million".to_owned(),
        };
        let line = |spent: Spent| CostLine {
            price: price(&spent),
            api: spent.api,
            calls: spent.calls,
            throttled: spent.throttled,
            units: spent.units,
        };
        let lines = spent.into_iter().map(line).collect();
        let summary = format!(
            "{} so far this month, about {} by its end, of a budget of {}. {} of {} free requests used{}.",
            dollars(pace.spent_usd),
            dollars(pace.forecast_usd),
            dollars(allowance.usd_per_month),
            text::grouped(used),
            text::grouped(prices.free_requests),
            if allowance.free_used_elsewhere > 0 {
                format!(", {} of them by other tools, as the config says", text::grouped(allowance.free_used_elsewhere))
            } else {
                String::new()
            },
        );
        Self { environment: environment.to_owned(), month: month_of(now), summary, slowed: pace.slowed.clone(), lines }
    }
}

fn charge_order(api: &str) -> u8 {
    match charge(api) {
        Charge::Metric => 0,
        Charge::Request => 1,
        Charge::Queue => 2,
        Charge::Nothing => 3,
    }
}

fn dollars(usd: f64) -> String {
    if usd > 0.0 && usd < 0.01 { "less than $0.01".to_owned() } else { format!("${usd:.2}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first() -> Timestamp {
        "2026-04-01T00:00:00Z".parse().unwrap()
    }

    fn spent(api: &str, units: u64) -> Spent {
        Spent { api: api.into(), calls: units, throttled: 0, units }
    }

    fn ledger(all: &[Spent]) -> Ledger {
        let mut ledger = Ledger::default();
        ledger.add(all, first());
        ledger
    }

    #[test]
    fn months_follow_each_other() {
        for (at, month, next) in [
            ("2026-05-02T09:41:03Z", "2026-05", "2026-06-01T00:00:00Z"),
            ("2026-12-31T23:59:59Z", "2026-12", "2027-01-01T00:00:00Z"),
            ("2028-02-29T00:00:00Z", "2028-02", "2028-03-01T00:00:00Z"),
        ] {
            let at = at.parse().unwrap();
            assert_eq!((month_of(at).as_str(), next_month(at).to_string().as_str()), (month, next));
        }
    }

    /// The table of the reference: 22 services are free at 15 minutes, 1,000 are slower within five dollars.
    #[test]
    fn the_pace_follows_the_money() {
        let asked = |services, targets| pace(&Allowance::default(), &Ledger::default(), services, targets, first());
        let small = asked(22, 1);
        assert_eq!((small.customers_every, small.services_every, small.slowed, small.forecast_usd), (Some(60), Some(900), None, 0.0));
        let middle = asked(1_000, 0);
        assert_eq!(middle.services_every, Some(3_600));
        assert!(
            middle.forecast_usd < 5.0 && middle.slowed.unwrap().contains("CPU and memory are read every 60 min instead of every 15 min")
        );
        let large = asked(10_000, 0);
        assert_eq!(large.services_every, Some(43_200));
    }

    #[test]
    fn what_customers_feel_comes_before_cpu() {
        let pace = pace(&Allowance { usd_per_month: 0.0, ..Allowance::default() }, &Ledger::default(), 400, 4, first());
        assert_eq!((pace.customers_every, pace.services_every), (Some(120), Some(10_800)));
        assert_eq!(pace.forecast_usd, 0.0);
    }

    #[test]
    fn nothing_left_stops_metrics_and_says_until_when() {
        let ledger = ledger(&[spent("cloudwatch:GetMetricData", 600_000), spent("cloudwatch:DescribeAlarms", 1_000_001)]);
        let pace = pace(&Allowance::default(), &ledger, 22, 1, first());
        assert_eq!((pace.customers_every, pace.services_every), (None, None));
        assert!(pace.slowed.unwrap().contains("not at all until 2026-05-01"));
    }

    #[test]
    fn what_others_use_is_not_ours_to_pay() {
        let allowance = Allowance { free_used_elsewhere: 1_000_000, ..Allowance::default() };
        let ledger = ledger(&[spent("cloudwatch:GetMetricStatistics", 10_000)]);
        let pace = pace(&allowance, &ledger, 0, 0, first());
        assert!((pace.spent_usd - 0.10).abs() < 1e-9);
        let bill = Bill::of("production", &ledger, &allowance, &pace, first());
        assert!(bill.summary.contains("$0.10 so far") && bill.summary.contains("1,010,000 of 1,000,000"), "{}", bill.summary);
        assert_eq!(bill.lines[0].price, "up to $0.10");
    }

    #[test]
    fn a_queue_has_a_free_million_of_its_own() {
        let line = |polls: u64| {
            let ledger = ledger(&[spent("ecs:ListTasks", 9), spent("sqs:ReceiveMessage", polls), spent("cloudwatch:ListMetrics", 1)]);
            let pace = pace(&Allowance::default(), &ledger, 0, 0, first());
            let bill = Bill::of("production", &ledger, &Allowance::default(), &pace, first());
            assert!(bill.summary.contains(" 1 of 1,000,000 free requests"), "CloudWatch's are not touched: {}", bill.summary);
            (bill.lines[1].api.clone(), bill.lines[1].price.clone())
        };
        assert_eq!(line(288_000), ("sqs:ReceiveMessage".to_owned(), "in SQS's own free million".to_owned()));
        assert_eq!(line(1_750_000).1, "up to $0.70");
    }

    #[test]
    fn a_new_month_begins_at_nothing() {
        let mut ledger = ledger(&[spent("cloudwatch:GetMetricData", 5)]);
        ledger.add(&[spent("ecs:ListTasks", 2)], next_month(first()));
        assert_eq!(ledger.spent, [spent("ecs:ListTasks", 2)]);
    }

    proptest! {
        /// Whatever has been spent and however many there are: the forecast never passes the budget unless what is
        /// already spent, or what is never slowed, has.
        #[test]
        fn the_forecast_keeps_the_budget(services in 0_u64..50_000, targets in 0_u64..500, metrics in 0_u64..400_000, budget in 0.0_f64..50.0, day in 0_i64..30) {
            let now = first().plus(std::time::Duration::from_secs(86_400 * day.unsigned_abs()));
            let allowance = Allowance { usd_per_month: budget, ..Allowance::default() };
            let pace = pace(&allowance, &ledger(&[spent("cloudwatch:GetMetricData", metrics)]), services, targets, now);
            prop_assert!(pace.forecast_usd <= budget.max(pace.spent_usd) + 1e-6, "{pace:?}");
        }
    }
}
