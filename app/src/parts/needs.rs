//! What needs a person, as sentences: what, how bad, since when, why, where to look next.

use domain::judge::Standing;
use domain::text;
use domain::view::{Need, ServiceQuery};
use leptos::prelude::*;

use super::age::Since;
use crate::ui::lamp::Lamp;

/// The list; nothing where nothing needs anybody. Not keyed: what matters is the order, worst first, and each line is one
/// glance.
pub(crate) fn needs(needs: &[Need], total: u64) -> AnyView {
    if needs.is_empty() {
        return ().into_any();
    }
    let left = total.saturating_sub(needs.len() as u64);
    let more = (left > 0).then(|| {
        let down = ServiceQuery { state: Some(Standing::Down), ..ServiceQuery::default() }.path();
        view! { <p class="note">{format!("and {left} more. ")}<a href=down>"Every service that is down"</a></p> }
    });
    view! {
        <section class="panel needs" id="needs" aria-label="What needs you">
            <ul>{needs.iter().map(need).collect::<Vec<_>>()}</ul>
            {more}
        </section>
    }
    .into_any()
}

/// One of them.
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
