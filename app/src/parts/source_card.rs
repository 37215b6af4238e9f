//! One source: how it is, what to do about it, what it costs.

use domain::source::{Breaker, Budget, SourceHealth};
use domain::text;
use domain::time::span;
use domain::view::SourceRow;
use leptos::prelude::*;

use super::age::Age;
use crate::ui::lamp::{Lamp, Light};
use crate::ui::tag::Tag;

/// The card of a source.
pub(crate) fn source_card(row: &SourceRow) -> AnyView {
    let health = &row.health;
    let id = health.id.to_string();
    let heading = format!("{id}-heading");
    let named_by = heading.clone();
    view! {
        <section class="panel source" id=id aria-labelledby=named_by>
            <header>
                <h2 id=heading>
                    <Lamp light=row.tone.into()/>
                    <span>{health.id.kind.title()}" of "<bdi>{text::shown(&health.id.scope)}</bdi></span>
                </h2>
                <div class="aside">{answered(health)}</div>
            </header>
            <p class="summary"><bdi>{text::shown(&row.summary)}</bdi></p>
            {row.remedies.iter().map(|remedy| view! { <p class="remedy"><b>"What to do: "</b><bdi>{text::shown(remedy)}</bdi></p> }).collect::<Vec<_>>()}
            {health.notes.iter().map(|note| view! { <p class="remedy"><bdi>{text::shown(note)}</bdi></p> }).collect::<Vec<_>>()}
            <dl class="kv">{facts(health)}</dl>
            {budgets(&health.budgets)}
        </section>
    }
    .into_any()
}

fn answered(health: &SourceHealth) -> AnyView {
    match health.last_success {
        Some(at) => view! { "answered "<Age of=at/> }.into_any(),
        None => view! { "has not answered yet" }.into_any(),
    }
}

fn facts(health: &SourceHealth) -> AnyView {
    let (light, breaker) = match health.breaker {
        Breaker::Closed => (Light::Good, "closed: asking normally"),
        Breaker::Open => (Light::Bad, "open: not asking until the pause is over"),
        Breaker::HalfOpen => (Light::Warn, "half open: asking once to see"),
    };
    let errors = match (health.errors, health.failures_in_row) {
        (0, _) => "none".to_owned(),
        (errors, 0) => format!("{errors} of {}", text::count(health.sweeps, "sweep")),
        (errors, row) => format!("{errors} of {}, the last {row} in a row", text::count(health.sweeps, "sweep")),
    };
    view! {
        <dt>"Swept every"</dt>
        <dd>{format!("{} s, current for {}", health.interval_secs, span(health.patience()))}</dd>
        <dt>"Last sweep"</dt>
        <dd>
            {health.last_attempt.map(|at| view! { <Age of=at/>", " })}
            {format!("{}, {}", text::count(health.calls_last_sweep.into(), "call"), milliseconds(health.took_ms))}
        </dd>
        <dt>"Failed or partial"</dt>
        <dd>{errors}</dd>
        <dt>"Circuit breaker"</dt>
        <dd><Tag light>{breaker}</Tag></dd>
        {health.skew_ms.map(|skew| view! { <dt>"Its clock"</dt><dd>{clock(skew)}</dd> })}
    }
    .into_any()
}

fn milliseconds(took: u32) -> String {
    if took < 10_000 { format!("{took} ms") } else { format!("{} s", took / 1_000) }
}

/// How its clock compares with ours, where that matters: signatures are refused from five minutes on.
fn clock(skew_ms: i64) -> String {
    let apart = span(std::time::Duration::from_millis(skew_ms.unsigned_abs()));
    match skew_ms {
        -1_000..=1_000 => "agrees with ours within a second".to_owned(),
        ..-1_000 => format!("{apart} behind ours"),
        _ => format!("{apart} ahead of ours"),
    }
}

fn budgets(budgets: &[Budget]) -> AnyView {
    if budgets.is_empty() {
        return ().into_any();
    }
    view! {
        <table class="budgets">
            <caption class="sr">"Rates at which this source is asked"</caption>
            <thead>
                <tr>
                    <th scope="col">"API family"</th>
                    <th scope="col" class="n">"Rate allowed"</th>
                    <th scope="col" class="n">"Calls"</th>
                    <th scope="col" class="n">"Throttled"</th>
                </tr>
            </thead>
            <tbody>{budgets.iter().map(budget).collect::<Vec<_>>()}</tbody>
        </table>
    }
    .into_any()
}

fn budget(budget: &Budget) -> AnyView {
    let slowed = budget.rate < budget.full_rate * 0.99;
    let now = if slowed {
        let tag = format!("slowed to {:.1}", budget.rate);
        view! { <Tag light=Light::Warn>{tag}</Tag>{format!(" of {:.1}/s", budget.full_rate)} }.into_any()
    } else {
        format!("{:.1}/s", budget.rate).into_any()
    };
    view! {
        <tr>
            <th scope="row"><bdi>{text::shown(&budget.family)}</bdi></th>
            <td class="n">{now}</td>
            <td class="n">{budget.calls}</td>
            <td class="n">{budget.throttled}</td>
        </tr>
    }
    .into_any()
}
