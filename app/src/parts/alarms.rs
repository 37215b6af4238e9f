//! Alarms that watch something: where each stands, what it watches, who is told.

use domain::alarm::AlarmState;
use domain::text;
use domain::view::AlarmRow;
use leptos::prelude::*;

use super::age::Since;
use crate::ui::lamp::{Lamp, Light};
use crate::ui::rows::rows;
use crate::ui::tag::Tag;

/// A list of alarms.
#[component]
pub(crate) fn Alarms(#[prop(into)] alarms: Signal<Vec<AlarmRow>>) -> impl IntoView {
    view! { <ul class="alarms">{rows(move || alarms.get(), |alarm| (alarm.environment.clone(), alarm.name.clone()), row)}</ul> }.into_any()
}

fn row(alarm: ArcRwSignal<AlarmRow>) -> AnyView {
    view! { <li>{move || alarm.with(content)}</li> }.into_any()
}

fn content(alarm: &AlarmRow) -> AnyView {
    let state = alarm.state;
    // why an alarm is off is nobody's question
    let why = alarm.reason.as_deref().filter(|_| state != AlarmState::Ok).map(text::shown);
    view! {
        <Lamp light=state.into() worded=true/>
        <div class="what">
            <p><code class="wrap"><bdi>{text::shown(&alarm.name)}</bdi></code>" "<b>{state.as_str()}</b></p>
            {why.map(|why| view! { <p><bdi>{why}</bdi></p> })}
            <p class="dim">
                {alarm.condition.as_deref().map(|condition| view! { <bdi>{text::shown(condition)}</bdi>" · " })}
                {told(alarm)}
            </p>
        </div>
        {alarm.since.map(|at| view! { <Since at/> })}
    }
    .into_any()
}

/// Who hears of it.
fn told(alarm: &AlarmRow) -> AnyView {
    match (alarm.actions, alarm.actions_enabled) {
        (0, _) => view! { <Tag light=Light::Warn>"notifies nobody"</Tag> }.into_any(),
        (_, false) => view! { <Tag light=Light::Warn>"notifies nobody: its actions are off"</Tag> }.into_any(),
        (actions, true) => format!("notifies {}", text::count(actions.into(), "target")).into_any(),
    }
}
