//! What asking AWS costs an environment this month.

use domain::cost::Bill;
use domain::text;
use leptos::prelude::*;

use crate::ui::export::export;
use crate::ui::panel::panel;

/// The bills, one table.
pub(crate) fn bills(bills: &[Bill]) -> AnyView {
    if bills.is_empty() {
        return ().into_any();
    }
    let all: Vec<AnyView> = bills.iter().map(bill).collect();
    panel("cost", "What asking costs this month", (), (all, export("What asking costs as CSV", "/api/v1/sources/cost.csv")))
}

fn bill(bill: &Bill) -> AnyView {
    let lines = bill.lines.iter().map(|line| {
        view! {
            <tr>
                <th scope="row"><code>{text::shown(&line.api)}</code></th>
                <td class="n">{text::grouped(line.calls)}</td>
                <td class="n">{text::grouped(line.units)}</td>
                <td class="n">{text::grouped(line.throttled)}</td>
                <td class="n">{line.price.clone()}</td>
            </tr>
        }
    });
    view! {
        <p class="bill"><b><bdi>{text::shown(&bill.environment)}</bdi>", "{bill.month.clone()}": "</b>{bill.summary.clone()}</p>
        {bill.slowed.clone().map(|slowed| view! { <p class="bill slowed">{slowed}</p> })}
        <div class="scroll">
            <table class="budgets">
                <caption class="sr">{format!("Calls of {} this month", text::shown(&bill.environment))}</caption>
                <thead>
                    <tr>
                        <th scope="col">"Operation"</th>
                        <th scope="col" class="n">"Calls"</th>
                        <th scope="col" class="n">"Billed"</th>
                        <th scope="col" class="n">"Throttled"</th>
                        <th scope="col" class="n">"Price"</th>
                    </tr>
                </thead>
                <tbody>{lines.collect::<Vec<_>>()}</tbody>
            </table>
        </div>
    }
    .into_any()
}
