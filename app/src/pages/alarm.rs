//! One alarm: where it stands, who is told, who knows; what is on record of it.

use domain::live::Topic;
use domain::text;
use domain::view::AlarmKey;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::api::{self, OneAlarm};
use crate::live::Live;
use crate::load::{ask, load};
use crate::parts::age::{Age, Since};
use crate::parts::alarms::{known, light, runbook, told};
use crate::parts::stale::StaleNote;
use crate::parts::timeline::Timeline;
use crate::ui::copy::Copy;
use crate::ui::lamp::Lamp;
use crate::ui::panel::Panel;
use crate::ui::title::titled;

/// The page.
#[component]
pub(crate) fn Alarm() -> impl IntoView {
    let live = Live::here();
    let params = use_params_map();
    let key = Memo::new(move |_| {
        let part = |name: &str| params.with(|params| params.get(name).unwrap_or_default());
        AlarmKey { environment: part("environment"), name: part("name") }
    });
    let asked = ask(move || (key.get(), live.hints(&[Topic::Alarms, Topic::Timeline, Topic::Sources])), |(key, _)| api::alarm(key));
    load(asked, body)
}

fn body(one: RwSignal<OneAlarm>) -> AnyView {
    let name = move || one.with(|one| text::shown(&one.detail.row.name));
    let record = Memo::new(move |_| one.with(|one| one.detail.record.clone()));
    let stale = Signal::derive(move || one.with(|one| one.detail.stale.clone()));
    // a form must not be made anew while somebody writes into it
    let state = Memo::new(move |_| one.with(|one| (one.detail.row.calls(), one.detail.row.acknowledged.is_some(), one.detail.row.key())));
    view! {
        {titled(name)}
        <div class="headline">
            <h1>{move || one.with(|one| view! { <Lamp light=light(&one.detail.row)/> })}<bdi>{name}</bdi></h1>
            <p>{move || one.with(|one| {
                let row = &one.detail.row;
                view! { <b>{row.state.as_str()}</b>" "{row.since.map(|at| view! { <Since at/> })} }
            })}</p>
            <p class="dim">{move || one.with(|one| one.detail.observed).map(|at| view! { "as seen "<Age of=at/> })}</p>
        </div>
        <StaleNote why=stale/>
        <div class="cols">
            <div class="stack">
                <section class="panel" aria-label="What it is"><dl class="kv">{move || one.with(facts)}</dl></section>
                <Panel id="record" title=|| "On record">
                    {move || record.with(Vec::is_empty).then(|| view! { <p class="empty">"Nothing yet."</p> })}
                    <Timeline entries=record subject=false/>
                </Panel>
            </div>
            <Panel id="acknowledge" title=|| "Who knows of it">{move || state.with(|state| one.with_untracked(|one| acknowledging(one, state)))}</Panel>
        </div>
    }
    .into_any()
}

fn facts(one: &OneAlarm) -> Vec<AnyView> {
    let (detail, row) = (&one.detail, &one.detail.row);
    let plain = |words: &Option<String>| words.as_deref().map(|words| view! { <bdi>{text::shown(words)}</bdi> }.into_any());
    let service = row.service.clone().map(|(cluster, service)| {
        let name = text::shown(&service);
        let path = domain::service::ServiceKey { environment: row.environment.clone(), cluster, service }.path();
        view! { <a href=path><bdi>{name}</bdi></a> }.into_any()
    });
    [
        ("Why", plain(&row.reason)),
        ("Watches", plain(&row.condition)),
        ("Service", service),
        ("Notifies", Some(told(row))),
        ("Runbook", runbook(row)),
        ("Says", plain(&detail.description)),
        ("ARN", Some(view! { <Copy text=text::shown(&detail.arn)/> }.into_any())),
    ]
    .into_iter()
    .filter_map(|(term, words)| Some(view! { <dt>{term}</dt><dd>{words?}</dd> }.into_any()))
    .collect()
}

/// Who knows of it, or the form to say that one does.
fn acknowledging(one: &OneAlarm, (calls, acknowledged, key): &(bool, bool, AlarmKey)) -> AnyView {
    let refused = one.refused.clone().map(|why| view! { <p class="stale-note" role="alert">{why}</p> });
    if !calls && !acknowledged {
        return view! { {refused}<p class="empty">"It does not call for anybody now."</p> }.into_any();
    }
    let (action, submit, hint) = if *acknowledged {
        ("/api/withdraw", "Take it back", "Taken back, it calls for somebody again.")
    } else {
        ("/api/acknowledge", "Acknowledge", "It is then no longer counted as needing somebody, until it recovers: that ends it.")
    };
    let reason = (!acknowledged).then(|| {
        view! { <label><span>"Why it may wait"</span><textarea name="reason" rows="3" maxlength="500" required=true></textarea></label> }
    });
    view! {
        {refused}
        <form class="act" action=action method="post">
            {known(&one.detail.row)}
            <input type="hidden" name="environment" value=key.environment.clone()/>
            <input type="hidden" name="name" value=key.name.clone()/>
            <label>
                <span>"Your name (kept as given)"</span>
                <input type="text" name="by" maxlength="80" required=true autocomplete="name" value=one.by.clone()/>
            </label>
            {reason}
            <p class="dim">{hint}</p>
            <button class="btn" type="submit">{submit}</button>
        </form>
    }
    .into_any()
}
