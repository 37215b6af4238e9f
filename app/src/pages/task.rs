//! One task: what it is, its connections, its containers, and what it says now.
//!
//! The log is asked for anew every two seconds while the page is open and the task runs; without JavaScript a link
//! asks once more.

use domain::service::ServiceKey;
use domain::text;
use domain::view::{LastWords, TaskPage};
use leptos::prelude::*;

use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::age::{Age, For};
use crate::parts::stale::StaleNote;
use crate::parts::stops::stops;
use crate::parts::tasks::connections;
use crate::parts::timeline::log;
use crate::ui::copy::copy;
use crate::ui::lamp::Lamp;
use crate::ui::panel::panel;

/// How often an open page asks, in seconds.
const EVERY: u32 = 2;

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>, [environment, cluster, service]: [&str; 3], task: &str) -> Answered {
    let key = ServiceKey { environment: environment.to_owned(), cluster: cluster.to_owned(), service: service.to_owned() };
    let page = wanted.viewer.observe.task(key, task.to_owned()).await?;
    let title = format!("Task {} of {}", short(&page.row.id), text::shown(&page.service.service));
    let runs = page.tail.is_some();
    let made = Page::new(page.revision, title, move || body(&page));
    Ok(if runs { made.every(EVERY) } else { made })
}

fn body(page: &TaskPage) -> AnyView {
    let stopped = page.stop.as_ref().map(|stop| panel("stopped", "How it stopped", (), stops(std::slice::from_ref(stop))));
    view! {
        {head(page)}
        <StaleNote why=page.stale.clone()/>
        <div class="cols">
            <div class="stack">{stopped}{tail(page)}</div>
            <div class="stack">
                {panel("facts", "What it is", (), view! { <dl class="kv">{terms(page)}</dl> })}
                {panel("connections", "NATS connections", (), view! { <div class="pad">{connections(&page.row.connections)}</div> })}
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
        <dd>{copy(text::shown(&page.arn))}</dd>
    }
    .into_any()
}

fn tail(page: &TaskPage) -> AnyView {
    let read = page.tail.as_ref().map(|tail| tail.read);
    let aside = read.map(|at| view! { "read "<Age of=at/>" · "<a href="" rel="external">"reload"</a> });
    let lines = view! {
        {said(page.tail.as_ref().map(|tail| &tail.words))}
        <p class="note">"The newest 100 lines, read while this page is open and never stored."</p>
    };
    panel("log", "What it says", aside, lines)
}

fn said(words: Option<&LastWords>) -> AnyView {
    match words {
        None => view! { <p class="empty">"It no longer runs; what it said last is kept with its stop."</p> }.into_any(),
        Some(words) if words.lines.is_empty() => {
            let why = words.reason.as_deref().map(text::shown).unwrap_or_default();
            view! { <p class="empty">"No log to show: "<bdi>{why}</bdi></p> }.into_any()
        }
        Some(words) => view! { <div class="tail">{log(words)}</div> }.into_any(),
    }
}
