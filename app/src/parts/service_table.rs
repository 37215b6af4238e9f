//! The list of services as a table whose headings sort.

use domain::judge::{Standing, Tone};
use domain::text;
use domain::view::{ServicePage, ServiceQuery, ServiceRow, ServiceSort};
use leptos::prelude::*;

use super::age::Since;
use crate::ui::lamp::{Lamp, Light};
use crate::ui::rows::rows;
use crate::ui::tag::Tag;

/// The table.
#[component]
pub(crate) fn ServiceTable(page: RwSignal<ServicePage>) -> impl IntoView {
    let query = Memo::new(move |_| page.with(|page| page.query.clone()));
    let heads = move || {
        query.with(|query| {
            [("State", ServiceSort::State), ("Service", ServiceSort::Name), ("Group", ServiceSort::Group), ("Tasks", ServiceSort::Running)]
                .map(|(words, sort)| head(query, words, sort))
                .into_iter()
                .chain([view! { <th scope="col">"Revision"</th> }.into_any(), view! { <th scope="col">"Alarms"</th> }.into_any()])
                .chain([head(query, "Stands so", ServiceSort::Since)])
                .collect::<Vec<_>>()
        })
    };
    view! {
        <table class="services" class:one-place=move || page.with(one_place)>
            <caption class="sr">"Services that match; the headings sort"</caption>
            <thead><tr>{heads}</tr></thead>
            <tbody>{rows(move || page.with(|page| page.rows.clone()), |row| row.key.path(), row)}</tbody>
        </table>
    }
    .into_any()
}

/// Whether all rows live in one place, so that naming it in each would say nothing.
fn one_place(page: &ServicePage) -> bool {
    let place = |row: &ServiceRow| (row.key.environment.clone(), row.key.cluster.clone());
    page.environments.len() < 2 && page.rows.windows(2).all(|pair| place(&pair[0]) == place(&pair[1]))
}

/// A heading that sorts by its column, the other way round when it does so already.
fn head(query: &ServiceQuery, words: &'static str, sort: ServiceSort) -> AnyView {
    let by_this = query.sort == sort;
    let to = ServiceQuery { sort, reverse: by_this && !query.reverse, page: 1, ..query.clone() };
    let sorted = match (by_this, query.reverse) {
        (false, _) => None,
        (true, false) => Some("ascending"),
        (true, true) => Some("descending"),
    };
    view! { <th scope="col" aria-sort=sorted><a class="sort" href=to.path() data-noscroll="true">{words}</a></th> }.into_any()
}

fn row(row: ArcRwSignal<ServiceRow>) -> AnyView {
    let tone = {
        let row = row.clone();
        move || row.with(|row| format!("row-{}", row.standing.tone().as_str()))
    };
    view! { <tr class=tone>{move || row.with(cells)}</tr> }.into_any()
}

fn cells(row: &ServiceRow) -> AnyView {
    let light: Light = if row.moving && row.standing == Standing::Up { Tone::Move } else { row.standing.tone() }.into();
    let standing = row.standing;
    let quiet = row.alarms_on == 0;
    let name = text::shown(&row.key.service);
    let whole = name.clone();
    let reasons = (!row.reasons.is_empty()).then(|| text::shown(&row.reasons.join(", ")));
    let place = format!("{} · {}", text::shown(&row.key.environment), text::shown(&row.key.cluster));
    view! {
        <td class="c-state">
            <Tag light>{standing.title()}</Tag>
            {row.moving.then(|| view! { <span class="dim">" deploying"</span> })}
        </td>
        <th scope="row" class="c-name">
            <a class="ellipsis" href=row.key.path() title=whole><bdi>{name}</bdi></a>
            {reasons.map(|reasons| view! { <p class="reasons"><bdi>{reasons}</bdi></p> })}
            <p class="place"><bdi>{place}</bdi></p>
        </th>
        <td class="c-group"><bdi class="ellipsis">{row.group.as_deref().map_or_else(|| "—".to_owned(), text::shown)}</bdi></td>
        <td class="c-tasks">{tasks(row)}</td>
        <td class="c-revision"><code class="ellipsis" title=row.revision.as_deref().map(text::shown)><bdi>{revision(row)}</bdi></code></td>
        <td class="c-alarms" class:quiet=quiet>{alarms(row)}</td>
        <td class="c-since"><Since at=row.since/></td>
    }
    .into_any()
}

/// The number alone where the family is the service's own name.
fn revision(row: &ServiceRow) -> String {
    let Some(revision) = row.revision.as_deref() else { return "—".to_owned() };
    let own = revision.strip_prefix(row.key.service.as_str()).and_then(|rest| rest.strip_prefix(':'));
    text::shown(own.unwrap_or(revision))
}

fn tasks(row: &ServiceRow) -> String {
    let pending = if row.pending > 0 { format!(", {} starting", row.pending) } else { String::new() };
    let unhealthy = if row.unhealthy > 0 { format!(", {} unhealthy", row.unhealthy) } else { String::new() };
    format!("{} of {}{pending}{unhealthy}", row.running, row.desired)
}

fn alarms(row: &ServiceRow) -> AnyView {
    match (row.alarms, row.alarms_on) {
        (0, _) => view! { <span class="dim">"none"</span> }.into_any(),
        (all, 0) => format!("0 of {all} on").into_any(),
        (all, on) => view! { <span class="state"><Lamp light=Light::Warn worded=true/>{format!("{on} of {all} on")}</span> }.into_any(),
    }
}
