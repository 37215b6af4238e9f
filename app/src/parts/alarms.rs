//! Alarms that watch something.

use domain::text;
use domain::view::AlarmRow;
use leptos::prelude::*;

use super::age::Since;
use crate::ui::lamp::Light;
use crate::ui::rows::rows;
use crate::ui::tag::Tag;

/// A table of alarms.
#[component]
pub(crate) fn Alarms(#[prop(into)] alarms: Signal<Vec<AlarmRow>>) -> impl IntoView {
    view! {
        <table class="cards">
            <caption class="sr">"Alarms that watch this service"</caption>
            <thead>
                <tr>
                    <th scope="col">"State"</th>
                    <th scope="col">"Alarm"</th>
                    <th scope="col">"Watches"</th>
                    <th scope="col">"Tells"</th>
                    <th scope="col">"Since"</th>
                </tr>
            </thead>
            <tbody>{rows(move || alarms.get(), |alarm| (alarm.environment.clone(), alarm.name.clone()), row)}</tbody>
        </table>
    }
    .into_any()
}

fn row(alarm: ArcRwSignal<AlarmRow>) -> AnyView {
    view! { <tr>{move || alarm.with(cells)}</tr> }.into_any()
}

fn cells(alarm: &AlarmRow) -> AnyView {
    let told = match (alarm.actions, alarm.actions_enabled) {
        (0, _) => view! { <Tag light=Light::Warn>"nobody"</Tag> }.into_any(),
        (_, false) => view! { <Tag light=Light::Warn>"nobody: its actions are off"</Tag> }.into_any(),
        (actions, true) => text::count(actions.into(), "action").into_any(),
    };
    let state = alarm.state;
    view! {
        <td data-label="State"><Tag light=state.into()>{state.as_str()}</Tag></td>
        <th scope="row" data-label="Alarm">
            <code><bdi>{text::shown(&alarm.name)}</bdi></code>
            {alarm.reason.as_deref().map(|reason| view! { <p class="dim"><bdi>{text::shown(reason)}</bdi></p> })}
        </th>
        <td data-label="Watches"><bdi>{alarm.condition.as_deref().map_or_else(|| "—".to_owned(), text::shown)}</bdi></td>
        <td data-label="Tells">{told}</td>
        <td data-label="Since">{alarm.since.map(|at| view! { <Since at/> })}</td>
    }
    .into_any()
}
