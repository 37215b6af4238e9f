//! What came of planning: the plan, which can be kept, or what stands in its way.

use domain::change::FieldProblem;
use domain::text;
use leptos::prelude::*;

use super::{Drafted, Reading};
use crate::parts::act::{Act, Weight, act};
use crate::parts::readiness::foretold;
use crate::parts::step_plan::{left_out, steps};
use crate::ui::panel::panel;

/// The plan, what stands in its way, or nothing where none was asked for.
pub(super) fn draft(reading: &Reading) -> AnyView {
    match &reading.plan {
        Some(drafted) => plan(drafted, &reading.query.query()),
        None if !reading.problems.is_empty() => in_the_way(&reading.problems),
        None => ().into_any(),
    }
}

/// Every problem with a link to its field.
fn in_the_way(problems: &[FieldProblem]) -> AnyView {
    let each = problems.iter().map(|problem| {
        let to = format!("#f-{}", if problem.field == "window" { "from" } else { problem.field.as_str() });
        view! { <li><a href=to>{text::shown(&problem.field)}</a>": "<bdi>{text::shown(&problem.said)}</bdi></li> }
    });
    let count = text::count(problems.len() as u64, "thing");
    view! {
        <section class="callout callout-bad callout-block" id="plan" aria-labelledby="plan-heading" role="alert">
            <h2 id="plan-heading">{format!("{count} to put right before there is a plan")}</h2>
            <ul class="remarks">{each.collect::<Vec<_>>()}</ul>
        </section>
    }
    .into_any()
}

fn plan(drafted: &Drafted, query: &str) -> AnyView {
    let page = &drafted.page;
    let keep = Act {
        key: "keep".to_owned(),
        action: "/api/plan_keep",
        fields: vec![("plan", query.to_owned()), ("request", page.id.clone())],
        label: "Keep this plan".to_owned(),
        weight: Weight::Primary,
        reason: None,
        refused: None,
    };
    let excluded = (!page.excluded.is_empty())
        .then(|| panel("excluded", "Chosen, and left out", page.excluded.len().to_string(), left_out(&page.excluded)));
    view! {
        {shown(drafted)}
        {drafted.foretold.as_ref().map(foretold)}
        {excluded}
        <div class="ways">{act(keep)}<span class="dim">"Keeping it reads AWS once more. Kept, it changes nothing until somebody starts it."</span></div>
    }
    .into_any()
}

/// The plan itself: what is to be known of the whole, and every step in its order.
pub(super) fn shown(drafted: &Drafted) -> AnyView {
    let page = &drafted.page;
    let remarks = page.remarks.iter().map(|remark| view! { <li>{text::shown(remark)}</li> }).collect::<Vec<_>>();
    let content = view! {
        <ul class="remarks">{remarks}</ul>
        {steps(&page.plan)}
    };
    panel("plan", format!("The plan: {}", text::shown(&page.title)), text::count(page.plan.len() as u64, "service"), content)
}
