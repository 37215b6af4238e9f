//! Alarms that watch something: where each stands, what it watches, who is told, who knows.

use domain::alarm::AlarmState;
use domain::judge::Tone;
use domain::service::ServiceKey;
use domain::text;
use domain::view::{AlarmRow, FLAPPING};
use leptos::prelude::*;

use super::age::Since;
use crate::ui::lamp::{Lamp, Light};
use crate::ui::tag::Tag;

/// A list of alarms.
pub(crate) fn alarms(alarms: &[AlarmRow]) -> AnyView {
    view! { <ul class="alarms">{alarms.iter().map(row).collect::<Vec<_>>()}</ul> }.into_any()
}

/// How an alarm's lamp is drawn: nothing stale stays green, and what somebody knows of calls nobody.
pub(crate) fn light(alarm: &AlarmRow) -> Light {
    match (&alarm.stale, alarm.state) {
        (Some(_), _) => Light::Unknown,
        (None, AlarmState::Alarm) if !alarm.calls() => Light::Quiet,
        (None, state) => state.into(),
    }
}

fn row(alarm: &AlarmRow) -> AnyView {
    let state = alarm.state;
    // why an alarm is off is nobody's question
    let why = alarm.reason.as_deref().filter(|_| state != AlarmState::Ok).map(text::shown);
    let act = alarm.calls().then(|| view! { " "<a href=format!("{}#acknowledge", alarm.key().path())>"acknowledge"</a> });
    view! {
        <li data-key=alarm.key().path()>
        <Lamp light=light(alarm) worded=true/>
        <div class="what">
            <p><a href=alarm.key().path()><code class="wrap"><bdi>{text::shown(&alarm.name)}</bdi></code></a>" "<b>{state.as_str()}</b>{act}</p>
            {why.map(|why| view! { <p><bdi>{why}</bdi></p> })}
            {known(alarm)}
            <p class="dim">
                {service(alarm)}
                {alarm.condition.as_deref().map(|condition| view! { <bdi>{text::shown(condition)}</bdi>" · " })}
                {told(alarm)}
                {flapping(alarm)}
                {runbook(alarm)}
            </p>
        </div>
        {alarm.since.map(|at| view! { <Since at/> })}
        </li>
    }
    .into_any()
}

/// Which service it watches; hidden where the page is that service's own.
fn service(alarm: &AlarmRow) -> Option<AnyView> {
    let (cluster, service) = alarm.service.clone()?;
    let name = text::shown(&service);
    let path = ServiceKey { environment: alarm.environment.clone(), cluster, service }.path();
    Some(view! { <span class="of-service"><a href=path><bdi>{name}</bdi></a>" · "</span> }.into_any())
}

/// Who knows of it.
pub(crate) fn known(alarm: &AlarmRow) -> Option<AnyView> {
    let known = alarm.acknowledged.as_ref()?;
    let said = format!("{}: {}", text::shown(&known.by), text::shown(&known.reason));
    Some(view! { <p>"Acknowledged by "<bdi>{said}</bdi>" "<Since at=known.at/></p> }.into_any())
}

/// Who hears of it.
pub(crate) fn told(alarm: &AlarmRow) -> AnyView {
    let warned = |words: &'static str| view! { <Tag light=Light::Warn>{words}</Tag> }.into_any();
    match alarm.told.as_slice() {
        _ if alarm.scales => "only scales".into_any(),
        _ if !alarm.actions_enabled => warned("notifies nobody: its actions are off"),
        [] => warned("notifies nobody"),
        names => format!("notifies {}", text::shown(&names.join(", "))).into_any(),
    }
}

fn flapping(alarm: &AlarmRow) -> Option<AnyView> {
    let words = format!("flapping: {} changes within an hour", alarm.changes);
    (alarm.changes >= FLAPPING).then(|| view! { " "<Tag light=Tone::Warn.into()>{words}</Tag> }.into_any())
}

/// Where to read what to do.
pub(crate) fn runbook(alarm: &AlarmRow) -> Option<AnyView> {
    let address = alarm.runbook.clone()?;
    Some(view! { " "<a href=address rel="noreferrer noopener external">"runbook"</a> }.into_any())
}
