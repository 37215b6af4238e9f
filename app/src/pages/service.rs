//! One service: how it stands and why, its tasks, its stops, its alarms, its record.

use domain::judge::{Standing, Tone};
use domain::live::Topic;
use domain::service::ServiceKey;
use domain::text;
use domain::view::{ServiceDetail, StoppedTaskRow, TimelineQuery};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::api;
use crate::live::Live;
use crate::load::{ask, load, load_part};
use crate::parts::age::{Age, Since};
use crate::parts::alarms::Alarms;
use crate::parts::definition::definition;
use crate::parts::deployments::Deployments;
use crate::parts::history::history;
use crate::parts::sheet::panels;
use crate::parts::stale::StaleNote;
use crate::parts::stops::Stops;
use crate::parts::tasks::Tasks;
use crate::parts::timeline::Timeline;
use crate::ui::copy::Copy;
use crate::ui::lamp::Lamp;
use crate::ui::panel::Panel;
use crate::ui::title::titled;

/// The page. Built anew for another service, so that nothing of the one before can stay.
#[component]
pub(crate) fn Service() -> impl IntoView {
    let live = Live::here();
    let params = use_params_map();
    let key = Memo::new(move |_| {
        params.with(|params| {
            let part = |name| params.get(name).unwrap_or_default();
            ServiceKey { environment: part("environment"), cluster: part("cluster"), service: part("service") }
        })
    });
    move || {
        let key = key.get();
        let (of, plotted) = (key.clone(), key.clone());
        let asked = ask(move || live.hints(&Topic::ALL), move |_| api::service(key.clone()));
        let connections = ask(move || live.hints(&[Topic::Nats, Topic::Services]), move |_| api::service_nats(of.clone()));
        view! {
            {load(asked, body)}
            {history(plotted)}
            {load_part(connections, panels)}
        }
    }
}

fn body(detail: RwSignal<ServiceDetail>) -> AnyView {
    let stale = Signal::derive(move || detail.with(|detail| detail.stale.clone()));
    let name = detail.with_untracked(|detail| text::shown(&detail.row.key.service));
    view! {
        {titled(move || detail.with(|detail| format!("{} is {}", text::shown(&detail.row.key.service), standing(detail))))}
        {move || detail.with(|detail| head(&name, detail))}
        <StaleNote why=stale/>
        {move || detail.with(gone)}
        <div class="cols" class:is-stale=move || stale.get().is_some()>
            <div class="stack">
                {tasks(detail)}
                {stopped(detail)}
                {deployments(detail)}
                {record(detail)}
            </div>
            <div class="stack">
                {facts(detail)}
                {alarms(detail)}
            </div>
        </div>
    }
    .into_any()
}

fn standing(detail: &ServiceDetail) -> &'static str {
    if detail.present { detail.row.standing.title() } else { "no longer in the cluster" }
}

fn head(name: &str, detail: &ServiceDetail) -> AnyView {
    let row = &detail.row;
    let tone = match (detail.present, row.standing) {
        (false, _) => Tone::Unknown,
        (true, Standing::Up) if row.alarms_on > 0 => Tone::Warn,
        (true, Standing::Up) if row.moving => Tone::Move,
        (true, standing) => standing.tone(),
    };
    let reasons = (!row.reasons.is_empty() && detail.present).then(|| format!(": {}", text::shown(&row.reasons.join(", "))));
    let moving = (row.moving && detail.present).then_some(" · a deployment is under way");
    let alarms =
        (row.alarms_on > 0).then(|| view! { " · "<a href="#alarms">{format!("{} on", text::count(row.alarms_on.into(), "alarm"))}</a> });
    view! {
        <div class="headline headline-service">
            <h1><Lamp light=tone.into()/><span><bdi>{name.to_owned()}</bdi>" is "{standing(detail)}{reasons}</span></h1>
            <p class="dim">
                <Since at=row.since/>
                {moving}
                {alarms}
                {detail.observed.map(|at| view! { " · as seen "<Age of=at/> })}
            </p>
            {last_stop(detail)}
        </div>
    }
    .into_any()
}

/// Why it is down, as far as its newest stop tells: the first thing anybody asks.
fn last_stop(detail: &ServiceDetail) -> AnyView {
    let stop = detail.stopped.first().filter(|_| detail.row.standing == Standing::Down);
    stop.map(|stop| {
        view! {
            <p>
                <a href="#stopped">"Last stop"</a>
                " "
                <Age of=stop.stopped/>
                ": "
                <bdi>{stop.phrase()}</bdi>
                {last_line(stop).map(|said| view! { ". Its last line: "<code><bdi>{said}</bdi></code> })}
            </p>
        }
    })
    .into_any()
}

/// What it said at the very end.
fn last_line(stop: &StoppedTaskRow) -> Option<String> {
    Some(text::shown(&stop.words.as_ref()?.lines.last()?.text))
}

/// What a service that left the cluster leaves behind here.
fn gone(detail: &ServiceDetail) -> AnyView {
    if detail.present {
        return ().into_any();
    }
    view! {
        <p class="stale-note">
            "ECS lists this service no longer. Its record and its stopped tasks are kept here; the tasks, deployments and figures below are the last that were seen."
        </p>
    }
    .into_any()
}

fn facts(detail: RwSignal<ServiceDetail>) -> AnyView {
    view! {
        <Panel id="facts" title=|| "What it is">
            <dl class="kv">{move || detail.with(terms)}</dl>
        </Panel>
    }
    .into_any()
}

fn terms(detail: &ServiceDetail) -> AnyView {
    let row = &detail.row;
    let said = |words: &Option<String>| words.as_deref().map_or_else(|| "not told".to_owned(), text::shown);
    let place = format!("{} · {}", text::shown(&row.key.environment), text::shown(&row.key.cluster));
    let fallback = || {
        row.revision
            .as_deref()
            .map(|revision| view! { <dt>"Revision"</dt><dd><code><bdi>{text::shown(revision)}</bdi></code></dd> }.into_any())
    };
    view! {
        {detail.do_not_touch.as_deref().map(|why| view! { <dt>"Do not touch"</dt><dd class="mark"><bdi>{text::shown(why)}</bdi></dd> })}
        <dt>"Tasks"</dt>
        <dd>{format!("wants {}, runs {}, {} starting, {} unhealthy", row.desired, row.running, row.pending, row.unhealthy)}</dd>
        <dt>"Where"</dt>
        <dd><bdi>{place}</bdi></dd>
        {row.group.as_deref().map(|group| view! { <dt>"Group"</dt><dd><bdi>{text::shown(group)}</bdi></dd> })}
        {detail.definition.as_ref().map(definition).or_else(fallback)}
        <dt>"Launch type"</dt>
        <dd>{said(&detail.launch_type)}</dd>
        <dt>"Controller"</dt>
        <dd>{said(&detail.controller)}</dd>
        <dt>"ARN"</dt>
        <dd><Copy text=text::shown(&detail.arn)/>" "{console(&detail.arn)}</dd>
    }
    .into_any()
}

/// The way to the AWS console, where there is one.
fn console(arn: &str) -> AnyView {
    let to = domain::console::link(arn);
    to.map(|to| view! { <a class="out" href=to target="_blank" rel="noopener noreferrer">"AWS console"</a> }).into_any()
}

fn tasks(detail: RwSignal<ServiceDetail>) -> AnyView {
    let tasks = Memo::new(move |_| detail.with(|detail| detail.tasks.clone()));
    let of = detail.with_untracked(|detail| detail.row.key.path());
    let stale = Signal::derive(move || detail.with(|detail| detail.connections_stale.clone()));
    let none = move || {
        tasks.with(Vec::is_empty).then(|| {
            let said = detail
                .with(|detail| if detail.row.desired == 0 { "It wants no task and runs none." } else { "No task runs or is starting." });
            view! { <p class="empty">{said}</p> }
        })
    };
    let count = move || tasks.with(|tasks| text::count(tasks.len() as u64, "task"));
    view! {
        <Panel id="tasks" title=|| "Tasks" aside=move || count>
            <StaleNote why=stale/>
            {none}
            <Show when=move || tasks.with(|tasks| !tasks.is_empty())><Tasks tasks of=of.clone()/></Show>
        </Panel>
    }
    .into_any()
}

fn stopped(detail: RwSignal<ServiceDetail>) -> AnyView {
    let stops = Memo::new(move |_| detail.with(|detail| detail.stopped.clone()));
    let on_record = move || {
        detail.with(|detail| match (detail.stopped.len() as u64, detail.stopped_on_record) {
            (shown, all) if shown < all => format!("newest {shown} of {all} on record"),
            (_, all) => format!("{all} on record"),
        })
    };
    view! {
        <Panel id="stopped" title=|| "Stopped tasks and why" aside=move || on_record>
            {move || stops.with(Vec::is_empty).then(|| view! { <p class="empty">"No stop is on record."</p> })}
            <Stops stops/>
            <p class="note">"ECS forgets a stopped task within about an hour. Here every stop is kept for ever."</p>
        </Panel>
    }
    .into_any()
}

fn deployments(detail: RwSignal<ServiceDetail>) -> AnyView {
    let deployments = Memo::new(move |_| detail.with(|detail| detail.deployments.clone()));
    view! {
        <Panel id="deployments" title=|| "Deployments">
            {move || deployments.with(Vec::is_empty).then(|| view! { <p class="empty">"ECS names no deployment of it."</p> })}
            <Show when=move || deployments.with(|all| !all.is_empty())><Deployments deployments/></Show>
        </Panel>
    }
    .into_any()
}

fn alarms(detail: RwSignal<ServiceDetail>) -> AnyView {
    let alarms = Memo::new(move |_| detail.with(|detail| detail.alarms.clone()));
    let unwatched = Memo::new(move |_| detail.with(|detail| detail.unwatched.clone()));
    let stale = Signal::derive(move || detail.with(|detail| detail.alarms_stale.clone()));
    view! {
        <Panel id="alarms" title=|| "Alarms" aside=move || move || detail.with(|detail| format!("{} of {} on", detail.row.alarms_on, detail.alarms.len()))>
            <StaleNote why=stale/>
            {move || alarms.with(Vec::is_empty).then(|| view! { <p class="empty">"No alarm watches it: nobody is told when it breaks."</p> })}
            <div class="own"><Alarms alarms/></div>
            {move || unwatched.with(|unwatched| (!unwatched.is_empty()).then(|| view! {
                <p class="note">"Not watched. "{unwatched.join("; ")}". "<a href=format!("/alarms/coverage?q={}", detail.with_untracked(|detail| domain::service::encoded(&detail.row.key.service)))>"What counts, and commands"</a></p>
            }))}
        </Panel>
    }
    .into_any()
}

fn record(detail: RwSignal<ServiceDetail>) -> AnyView {
    let record = Memo::new(move |_| detail.with(|detail| detail.record.clone()));
    let whole = detail.with_untracked(|detail| TimelineQuery::of_service(&detail.row.key).path());
    view! {
        <Panel id="record" title=|| "What happened">
            {move || record.with(Vec::is_empty).then(|| view! { <p class="empty">"Nothing is on record of it yet."</p> })}
            <Timeline entries=record/>
            <p class="note"><a href=whole>"The whole record of it"</a>", searchable"</p>
        </Panel>
    }
    .into_any()
}
