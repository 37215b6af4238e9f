//! What customers feel, first on the Overview: one sentence a service behind a load balancer.

use domain::customers::CustomerRow;
use domain::text;
use leptos::prelude::*;

use super::age::Age;
use crate::ui::lamp::Lamp;

/// Most services spelled out; they come worst first.
const MOST: usize = 4;

/// The lines.
pub(crate) fn customers(rows: &[CustomerRow]) -> AnyView {
    if rows.is_empty() {
        return ().into_any();
    }
    let more =
        rows.len().checked_sub(MOST + 1).map(|more| view! { <li class="dim">{format!("and {} more, none of them worse", more + 1)}</li> });
    view! {
        <section class="customers" aria-label="What customers feel">
            <ul>{rows.iter().take(MOST).map(line).collect::<Vec<_>>()}{more}</ul>
        </section>
    }
    .into_any()
}

fn line(row: &CustomerRow) -> AnyView {
    let path = format!("{}?reach=hour#history", row.path);
    view! {
        <li>
            <Lamp light=row.tone.into()/>
            <span><b>"Customers: "</b><bdi>{text::shown(&row.sentence)}</bdi>" — "<a href=path><bdi>{text::shown(&row.service)}</bdi></a></span>
            {row.observed.map(|at| view! { <Age of=at/> })}
        </li>
    }
    .into_any()
}
