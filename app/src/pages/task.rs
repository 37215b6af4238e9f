//! One task: what it is, its connections, its containers, and what it says now.
//!
//! The log is asked for anew every two seconds while the page is open and the task runs; without JavaScript a link
//! asks once more.

use std::time::Duration;

use domain::live::Topic;
use domain::service::ServiceKey;
use domain::text;
use domain::view::TaskPage;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::api;
use crate::live::Live;
use crate::load::{ask, load};
use crate::parts::age::{Age, For};
use crate::parts::stale::StaleNote;
use crate::parts::stops::Stops;
use crate::parts::tasks::connections;
use crate::parts::timeline::log;
use crate::ui::copy::Copy;
use crate::ui::lamp::Lamp;
use crate::ui::panel::Panel;
use crate::ui::title::titled;

/// How often an open page asks.
const EVERY: Duration = Duration::from_secs(2);

/// The page.
#[component]
pub(crate) fn Task() -> impl IntoView {
    let live = Live::here();
    let params = use_params_map();
    let asked = Memo::new(move |_| {
        params.with(|params| {
            let part = |name| params.get(name).unwrap_or_default();
            (ServiceKey { environment: part("environment"), cluster: part("cluster"), service: part("service") }, part("task"))
        })
    });
    let ticks = RwSignal::new(0_u64);
    Effect::new(move |_| {
        let ticking = set_interval_with_handle(move || ticks.update(|ticks| *ticks += 1), EVERY);
        on_cleanup(move || {
            if let Ok(ticking) = ticking {
                ticking.clear();
            }
        });
    });
    move || {
        let (key, id) = asked.get();
        let asked = ask(move || (live.hints(&[Topic::Services, Topic::Nats]), ticks.get()), move |_| api::task(key.clone(), id.clone()));
        load(asked, body)
    }
}

fn body(page: RwSignal<TaskPage>) -> AnyView {
    let stale = Signal::derive(move || page.with(|page| page.stale.clone()));
    let facts = Memo::new(move |_| page.with(|page| TaskPage { revision: 0, tail: None, ..page.clone() }));
    let stops = Memo::new(move |_| page.with(|page| page.stop.iter().cloned().collect::<Vec<_>>()));
    let title = move || facts.with(|page| format!("Task {} of {}", short(&page.row.id), text::shown(&page.service.service)));
    view! {
        {titled(title)}
        {move || facts.with(head)}
        <StaleNote why=stale/>
        <div class="cols">
            <div class="stack">
                <Show when=move || stops.with(|stops| !stops.is_empty())>
                    <Panel id="stopped" title=|| "How it stopped"><Stops stops/></Panel>
                </Show>
                {tail(page)}
            </div>
            <div class="stack">
                <Panel id="facts" title=|| "What it is"><dl class="kv">{move || facts.with(terms)}</dl></Panel>
                <Panel id="connections" title=|| "NATS connections"><div class="pad">{move || facts.with(|page| connections(&page.row.connections))}</div></Panel>
            </div>
        </div>
    }
    .into_any()
}

fn short(id: &str) -> String {
    text::shown(id).chars().take(8).collect()
}

fn head(page: &TaskPage) -> AnyView {
    let row = &page.row;
    let (light, state) = match page.ended {
        Some(_) => (domain::judge::Tone::Quiet, "has stopped".to_owned()),
        None => (row.tone(), format!("is {}", text::shown(&row.status))),
    };
    view! {
        <div class="headline headline-service">
            <h1><Lamp light=light.into()/><span>"Task "<code>{short(&row.id)}</code>" of "<a href=page.service.path()><bdi>{text::shown(&page.service.service)}</bdi></a>" "{state}</span></h1>
            <p class="dim">
                {match (page.ended, row.started) {
                    (Some(at), _) => view! { "ended "<Age of=at/> }.into_any(),
                    (None, Some(since)) => view! { "runs for "<For since/> }.into_any(),
                    (None, None) => "not started yet".into_any(),
                }}
            </p>
        </div>
    }
    .into_any()
}

fn terms(page: &TaskPage) -> AnyView {
    let row = &page.row;
    let term = |name: &'static str, value: Option<&str>| {
        value.map(|value| view! { <dt>{name}</dt><dd><bdi>{text::shown(value)}</bdi></dd> }.into_any())
    };
    let containers = page.containers.iter().map(|container| {
        let state = container.last_status.as_deref().map(text::shown).unwrap_or_default();
        let exit = container.exit_code.map(|code| format!(", exit {code}")).unwrap_or_default();
        let reason = container.reason.as_deref().map(|why| format!(": {}", text::shown(why))).unwrap_or_default();
        let of = container.image.as_deref().or(container.digest.as_deref()).map(text::shown);
        view! {
            <dt><bdi>{text::shown(&container.name)}</bdi></dt>
            <dd>{state}{exit}<bdi>{reason}</bdi><code class="line dim"><bdi>{of}</bdi></code></dd>
        }
    });
    view! {
        {term("Health", Some(row.health.as_str()))}
        {term("Zone", row.zone.as_deref())}
        {term("Address", row.address.as_deref())}
        {term("Revision", row.revision.as_deref())}
        {containers.collect_view()}
        <dt>"ARN"</dt>
        <dd><Copy text=text::shown(&page.arn)/></dd>
    }
    .into_any()
}

fn tail(page: RwSignal<TaskPage>) -> AnyView {
    let words = Memo::new(move |_| page.with(|page| page.tail.as_ref().map(|tail| tail.words.clone())));
    let read = Memo::new(move |_| page.with(|page| page.tail.as_ref().map(|tail| tail.read)));
    let said = move || match words.get() {
        None => view! { <p class="empty">"It no longer runs; what it said last is kept with its stop."</p> }.into_any(),
        Some(words) if words.lines.is_empty() => {
            let why = words.reason.as_deref().map(text::shown).unwrap_or_default();
            view! { <p class="empty">"No log to show: "<bdi>{why}</bdi></p> }.into_any()
        }
        Some(words) => view! { <div class="tail">{log(&words)}</div> }.into_any(),
    };
    view! {
        <Panel
            id="log"
            title=|| "What it says"
            aside=move || move || read.get().map(|at| view! { "read "<Age of=at/>" · "<a href="" rel="external">"reload"</a> })
        >
            {said}
            <p class="note">"The newest 100 lines, read while this page is open and never stored."</p>
        </Panel>
    }
    .into_any()
}
