//! What needs a person, as sentences: what, how bad, since when, why, where to look next.

use domain::judge::Standing;
use domain::text;
use domain::view::{Need, ServiceQuery};
use leptos::prelude::*;

use super::age::Since;
use crate::ui::lamp::Lamp;

/// The list. Not keyed: what matters is the order, worst first, and each line is one glance.
#[component]
pub(crate) fn Needs(#[prop(into)] needs: Signal<Vec<Need>>, #[prop(into)] total: Signal<u64>) -> impl IntoView {
    let left = move || needs.with(|needs| total.get().saturating_sub(needs.len() as u64));
    view! {
        <section class="panel needs" id="needs" aria-label="What needs you">
            <ul>{move || needs.with(|needs| needs.iter().map(need).collect::<Vec<_>>())}</ul>
            {move || Some(left()).filter(|left| *left > 0).map(|more| {
                let down = ServiceQuery { state: Some(Standing::Down), ..ServiceQuery::default() }.path();
                view! { <p class="note">{format!("and {more} more. ")}<a href=down>"Every service that is down"</a></p> }
            })}
        </section>
    }
    .into_any()
}

pub(crate) fn need(need: &Need) -> AnyView {
    let name = text::shown(&need.subject);
    let subject = match need.path.clone() {
        Some(path) => view! { <a href=path><bdi>{name}</bdi></a> }.into_any(),
        None => view! { <bdi>{name}</bdi> }.into_any(),
    };
    let links: Vec<AnyView> =
        need.links.iter().map(|link| view! { <a href=link.path.clone()>{link.label.clone()}</a>" " }.into_any()).collect();
    let said = need.detail.as_deref().map(|detail| view! { <bdi>{text::shown(detail)}</bdi>" " });
    view! {
        <li>
            <Lamp light=need.tone.into()/>
            <div class="what">
                <h2>{subject}" "<bdi>{text::shown(&need.text)}</bdi></h2>
                <p class="known">{said}{links}</p>
            </div>
            {need.since.map(|at| view! { <Since at/> })}
        </li>
    }
    .into_any()
}
