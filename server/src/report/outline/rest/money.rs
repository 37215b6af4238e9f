//! What it costs, always as estimates with their basis.

use domain::report::Document;
use domain::report::cost::{CostLine, Hint, Size, dollars};

use super::super::{Cell, Part, Table};

/// Hints that are told.
const MOST_HINTS: usize = 40;

pub(super) fn cost(document: &Document) -> Vec<Part<'static>> {
    let Some(cost) = &document.cost else { return vec![Part::Say("The cost was not reckoned.".to_owned())] };
    let at_least = if cost.open() { "at least " } else { "about " };
    let whose = if cost.own_prices { "the operator's own list" } else { "the list in the product" };
    let said = format!(
        "Estimate: {at_least}{} a month. Prices of {} as of {}, {whose} ({}).",
        dollars(cost.total()),
        cost.prices.region,
        cost.prices.dated,
        cost.prices.source
    );
    let heads = [("Component", false), ("A month", true), ("Basis", false)];
    let line = |line: &CostLine| -> Vec<Cell> {
        let amount = line.micros.map_or_else(|| "not known".to_owned(), dollars);
        vec![line.component.clone().into(), amount.into(), line.basis.clone().into()]
    };
    let lines = Table::of(&heads, cost.lines.iter().map(line), usize::MAX, "Nothing is known of it.");
    let heads = [
        ("Service", false),
        ("Size now", false),
        ("Size that would do", false),
        ("Saves a month", true),
        ("Basis", false),
        ("Risk", false),
    ];
    let size = |size: Size| format!("{} vCPU, {} MiB", vcpu(size.cpu), size.memory);
    let hint = |hint: &Hint| -> Vec<Cell> {
        vec![
            hint.service.service.clone().into(),
            size(hint.now).into(),
            size(hint.then).into(),
            dollars(hint.saves).into(),
            hint.basis.clone().into(),
            hint.risk.clone().into(),
        ]
    };
    let hints =
        Table::of(&heads, cost.hints.iter().map(hint), MOST_HINTS, "No smaller size would do by what was observed, or too little was.");
    vec![Part::Say(said), Part::Table(lines), Part::Table(hints), Part::List(cost.notes.clone())]
}

/// CPU units as vCPU: `0.25`, `2`.
fn vcpu(units: u32) -> String {
    let hundredths = u64::from(units) * 100 / 1_024;
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_said_as_vcpu() {
        assert_eq!([256, 512, 1_024, 4_096].map(vcpu), ["0.25", "0.5", "1", "4"]);
    }
}
