//! What the fleet costs, as estimates with their basis.
//!
//! Whole numbers throughout: millionths of a dollar a month, billionths of a dollar an hour. AWS's bill is not read, so every
//! amount says what it was reckoned from, and what nobody could reckon is a line without an amount and no nought. The trap is
//! a saving that is promised: a hint names the size it would be, what that saves at list price, and what may go wrong.

use serde::{Deserialize, Serialize};

use crate::service::ServiceKey;
use crate::text::{count, grouped};

/// Hours of a month, as AWS's own calculator counts them.
const HOURS: u64 = 730;
/// The part of a smaller size that the observed load may take up, in permille.
const ROOM: u64 = 700;
/// Points a hint needs at least: two days of five minutes.
const ENOUGH_POINTS: u64 = 576;

/// Sizes that Fargate offers: CPU units, least and most memory and its steps in MiB. ECS developer guide, "Task CPU and memory".
const SIZES: [(u32, u32, u32, u32); 7] = [
    (256, 512, 2_048, 512),
    (512, 1_024, 4_096, 1_024),
    (1_024, 2_048, 8_192, 1_024),
    (2_048, 4_096, 16_384, 1_024),
    (4_096, 8_192, 30_720, 1_024),
    (8_192, 16_384, 61_440, 4_096),
    (16_384, 32_768, 122_880, 8_192),
];

/// The price of one way to run a task, in billionths of a dollar an hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rate {
    /// `linux/x86_64`, `linux/arm64`.
    pub platform: String,
    /// `on demand`, `spot`.
    pub purchase: String,
    /// One vCPU.
    pub vcpu: u64,
    /// One GiB of memory.
    pub gib: u64,
    /// Whether it is an estimate: no list has it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimate: bool,
}

/// A price list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Prices {
    /// Where the prices are from.
    pub source: String,
    /// The day they were read: `2026-05-02`.
    pub dated: String,
    /// The region they are of.
    pub region: String,
    /// The prices; the first is what a task is reckoned at unless more is known.
    pub rates: Vec<Rate>,
}

/// One service's tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskCost {
    /// Which.
    pub service: ServiceKey,
    /// Tasks it wants.
    pub tasks: u32,
    /// CPU units of a task; none where its task definition was not read.
    pub cpu: Option<u32>,
    /// Memory of a task in MiB.
    pub memory: Option<u32>,
    /// Millionths of a dollar a month; none where it cannot be reckoned.
    pub micros: Option<u64>,
}

/// One component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CostLine {
    /// What it is.
    pub component: String,
    /// Millionths of a dollar a month; none where it cannot be reckoned.
    pub micros: Option<u64>,
    /// What that rests on.
    pub basis: String,
}

/// A smaller size that would do by what was observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hint {
    /// Which service.
    pub service: ServiceKey,
    /// CPU units and MiB of a task now.
    pub now: Size,
    /// What would do.
    pub then: Size,
    /// Millionths of a dollar a month that it saves at list price.
    pub saves: u64,
    /// What it rests on.
    pub basis: String,
    /// What may go wrong.
    pub risk: String,
}

/// The size of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Size {
    /// CPU units; 1,024 are a vCPU.
    pub cpu: u32,
    /// MiB.
    pub memory: u32,
}

/// What the fleet costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cost {
    /// The price list's source, day and region.
    pub prices: Prices,
    /// Whether the operator's own list was used.
    pub own_prices: bool,
    /// By component.
    pub lines: Vec<CostLine>,
    /// The services' tasks, in their order.
    pub tasks: Vec<TaskCost>,
    /// What could be smaller, the largest saving first.
    pub hints: Vec<Hint>,
    /// What must be known to read the numbers.
    pub notes: Vec<String>,
}

/// How much of what it reserved a service used over seven days, in permille: the 95th percentile of its busiest task, and of
/// how many points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// CPU.
    pub cpu: u64,
    /// Memory.
    pub memory: u64,
    /// Points it rests on.
    pub points: u64,
}

/// What a task of a size costs in a month, in millionths of a dollar.
pub fn month(rate: &Rate, size: Size) -> u64 {
    // billionths an hour of a 1,024th, times hours; the two kinds of resource are cut once, together
    let hour = rate.vcpu * u64::from(size.cpu) + rate.gib * u64::from(size.memory);
    hour * HOURS / 1_024 / 1_000
}

impl Cost {
    /// The tasks of these services and what else is known, reckoned at the first rate of the list.
    pub fn of(prices: Prices, own_prices: bool, services: &[(ServiceKey, u32, Option<Size>, Option<Used>)], other: Vec<CostLine>) -> Self {
        let rate = prices.rates.first().cloned();
        let reckoned = |size: Option<Size>, tasks: u32| Some(month(rate.as_ref()?, size?) * u64::from(tasks));
        let tasks: Vec<TaskCost> = services
            .iter()
            .map(|(service, tasks, size, _)| TaskCost {
                service: service.clone(),
                tasks: *tasks,
                cpu: size.map(|size| size.cpu),
                memory: size.map(|size| size.memory),
                micros: reckoned(*size, *tasks),
            })
            .collect();
        let known: Vec<u64> = tasks.iter().filter_map(|task| task.micros).collect();
        let running: u64 = tasks.iter().map(|task| u64::from(task.tasks)).sum();
        let unknown = tasks.len() - known.len();
        let guessed = rate.as_ref().is_some_and(|rate| rate.estimate);
        let kind = if guessed { "an estimated price" } else { "list price" };
        let way = rate.as_ref().map_or_else(|| "no price".to_owned(), |rate| format!("{}, {}", rate.platform, rate.purchase));
        let without = if unknown > 0 { format!("; without {} of unknown size", count(unknown as u64, "service")) } else { String::new() };
        let basis = format!("{} wanted × the size in the task definition × {HOURS} h at {kind} ({way}){without}", count(running, "task"));
        let own = CostLine { component: "ECS tasks".to_owned(), micros: (!known.is_empty()).then(|| known.iter().sum()), basis };
        let mut hints: Vec<Hint> =
            services.iter().filter_map(|(service, tasks, size, used)| hint(rate.as_ref()?, service, *tasks, (*size)?, (*used)?)).collect();
        hints.sort_by(|one, other| (other.saves, &one.service).cmp(&(one.saves, &other.service)));
        let notes = vec![
            "Estimates at list price: savings plans, spot, storage, addresses and data transfer of tasks are not in them.".to_owned(),
            "Every task is reckoned as if it ran on Fargate all month, and on the platform of the first price.".to_owned(),
            format!("The prices are those of {}; another region's differ.", crate::text::shown(&prices.region)),
        ];
        Self { prices, own_prices, lines: [own].into_iter().chain(other).collect(), tasks, hints, notes }
    }

    /// What is known of it in all, in millionths of a dollar a month.
    pub fn total(&self) -> u64 {
        self.lines.iter().filter_map(|line| line.micros).sum()
    }

    /// Whether a component is without an amount, so that the total is at least that much.
    pub fn open(&self) -> bool {
        self.lines.iter().any(|line| line.micros.is_none())
    }
}

/// A smaller size for a service, where one is offered in which the observed load leaves room.
fn hint(rate: &Rate, service: &ServiceKey, tasks: u32, now: Size, used: Used) -> Option<Hint> {
    if tasks == 0 || used.points < ENOUGH_POINTS {
        return None;
    }
    let then = smaller(now, used)?;
    let saves = month(rate, now).saturating_sub(month(rate, then)) * u64::from(tasks);
    let basis = format!(
        "over 7 days the busiest task used up to {} of its CPU and {} of its memory for 95 % of the time ({} points)",
        percent(used.cpu),
        percent(used.memory),
        grouped(used.points)
    );
    let risk = "What is rarer than one point in twenty is not in it: start-up, a nightly job, a failover that doubles the load of those that are left. Change one service, and watch it for a week.".to_owned();
    (saves > 0).then(|| Hint { service: service.clone(), now, then, saves, basis, risk })
}

/// The cheapest smaller size that leaves room: the least CPU, and of that the least memory.
fn smaller(now: Size, used: Used) -> Option<Size> {
    let needs = |has: u32, permille: u64| u64::from(has) * permille / ROOM + 1;
    let (cpu, memory) = (needs(now.cpu, used.cpu), needs(now.memory, used.memory));
    SIZES.iter().filter(|(units, ..)| u64::from(*units) >= cpu && *units <= now.cpu).find_map(|(units, least, most, step)| {
        let wanted = (*least..=*most).step_by(usize::try_from(*step).unwrap_or(1)).find(|offered| u64::from(*offered) >= memory)?;
        let then = Size { cpu: *units, memory: wanted };
        (then != now && wanted <= now.memory).then_some(then)
    })
}

fn percent(permille: u64) -> String {
    format!("{} %", permille.div_ceil(10))
}

/// `$1,240.50` of millionths; less than a cent is said so and not as nothing.
pub fn dollars(micros: u64) -> String {
    let cents = (micros + 5_000) / 10_000;
    if cents == 0 && micros > 0 { "less than $0.01".to_owned() } else { format!("${}.{:02}", grouped(cents / 100), cents % 100) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices() -> Prices {
        let rate = |purchase: &str, vcpu, gib| Rate {
            platform: "linux/x86_64".into(),
            purchase: purchase.into(),
            vcpu,
            gib,
            estimate: purchase == "spot",
        };
        let rates = vec![rate("on demand", 40_480_000, 4_445_000), rate("spot", 20_240_000, 2_222_500)];
        Prices { source: "aws.amazon.com/fargate/pricing".into(), dated: "2026-05-02".into(), region: "us-east-1".into(), rates }
    }

    fn key(service: &str) -> ServiceKey {
        ServiceKey { environment: "e".into(), cluster: "c".into(), service: service.into() }
    }

    #[test]
    fn a_month_of_a_task_is_what_the_calculator_says() {
        // 0.25 vCPU × 0.04048 + 0.5 GiB × 0.004445, times 730
        assert_eq!(month(&prices().rates[0], Size { cpu: 256, memory: 512 }), 9_010_025);
        assert_eq!(dollars(9_010_025), "$9.01");
        assert_eq!([dollars(0), dollars(1), dollars(1_234_567_890)], ["$0.00", "less than $0.01", "$1,234.57"]);
    }

    #[test]
    fn what_has_no_size_has_no_amount_and_is_named() {
        let size = Some(Size { cpu: 256, memory: 512 });
        let services = [(key("a"), 2, size, None), (key("b"), 1, None, None)];
        let transfer = CostLine { component: "transfer".into(), micros: None, basis: "declared".into() };
        let cost = Cost::of(prices(), false, &services, vec![transfer]);
        assert_eq!((cost.lines[0].micros, cost.total(), cost.open()), (Some(18_020_050), 18_020_050, true));
        assert!(cost.lines[0].basis.contains("without 1 service of unknown size"), "{}", cost.lines[0].basis);
        assert_eq!(cost.tasks[1].micros, None);
    }

    #[test]
    fn a_price_that_is_guessed_says_so() {
        let mut spot = prices();
        spot.rates.rotate_left(1);
        let services = [(key("a"), 2, Some(Size { cpu: 256, memory: 512 }), None)];
        let basis = |prices: Prices| Cost::of(prices, true, &services, Vec::new()).lines[0].basis.clone();
        assert!(basis(spot.clone()).contains("at an estimated price (linux/x86_64, spot)"), "{}", basis(spot));
        assert!(basis(prices()).contains("at list price (linux/x86_64, on demand)"));
        let listed = serde_json::to_string(&prices().rates[0]).unwrap();
        assert!(!listed.contains("estimate"), "{listed}");
    }

    #[test]
    fn a_smaller_size_leaves_room_and_is_one_that_is_offered() {
        let used = |cpu, memory| Used { cpu, memory, points: 2_016 };
        let now = Size { cpu: 1_024, memory: 4_096 };
        for (load, then) in [
            (used(100, 100), Some(Size { cpu: 256, memory: 1_024 })),
            (used(300, 100), Some(Size { cpu: 512, memory: 1_024 })),
            (used(100, 600), Some(Size { cpu: 512, memory: 4_096 })),
            (used(650, 100), Some(Size { cpu: 1_024, memory: 2_048 })),
            (used(650, 650), None),
            (used(990, 990), None),
        ] {
            assert_eq!(smaller(now, load), then, "{load:?}");
        }
        assert_eq!(smaller(Size { cpu: 256, memory: 512 }, used(10, 10)), None, "there is no smaller one");
        let few = [(key("a"), 2, Some(now), Some(Used { points: 10, ..used(10, 10) }))];
        assert_eq!(Cost::of(prices(), false, &few, Vec::new()).hints, [], "a few points are no basis");
    }
}
