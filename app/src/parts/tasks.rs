//! A service's tasks and the NATS connections of each.

use domain::service::{Health, encoded};
use domain::text;
use domain::view::{ConnectionRow, TaskRow};
use leptos::prelude::*;

use super::age::{Age, For};
use crate::ui::lamp::{Lamp, Light};
use crate::ui::tag::Tag;

/// A table of tasks; `of` is the path of their service, where the links to them begin.
pub(crate) fn tasks(tasks: &[TaskRow], of: &str) -> AnyView {
    view! {
        <table class="cards">
            <caption class="sr">"Tasks that are not stopped, oldest first"</caption>
            <thead>
                <tr>
                    <th scope="col">"Task"</th>
                    <th scope="col">"State"</th>
                    <th scope="col">"Where"</th>
                    <th scope="col">"Runs for"</th>
                    <th scope="col">"NATS connections"</th>
                </tr>
            </thead>
            <tbody>{tasks.iter().map(|task| view! { <tr data-key=task.id.clone()>{cells(task, of)}</tr> }).collect::<Vec<_>>()}</tbody>
        </table>
    }
    .into_any()
}

fn cells(task: &TaskRow, of: &str) -> AnyView {
    let health = match task.health {
        Health::Healthy => "healthy",
        Health::Unhealthy => "unhealthy",
        Health::Unknown => "health not told",
    };
    let health_light = if task.health == Health::Unknown { Light::Quiet } else { task.health.into() };
    let place = [task.address.as_deref(), task.zone.as_deref()];
    view! {
        <th scope="row" data-label="Task">
            <a href=format!("{of}/tasks/{}", encoded(&task.id))><code class="copy short" title=text::shown(&task.id)>{text::shown(&task.id)}</code></a>
            <span class="line dim ellipsis" title=task.revision.as_deref().map(text::shown)><bdi>{task.revision.as_deref().map(text::shown)}</bdi></span>
        </th>
        <td data-label="State">
            <span class="state"><Lamp light=task.tone().into() worded=true/>{text::shown(&task.status)}</span>
            <span class="line"><Tag light=health_light>{health}</Tag></span>
        </td>
        <td data-label="Where">
            {place.into_iter().flatten().map(|part| view! { <span class="line ellipsis"><bdi>{text::shown(part)}</bdi></span> }).collect::<Vec<_>>()}
        </td>
        <td data-label="Runs for">
            {match task.started {
                Some(since) => view! { <For since/> }.into_any(),
                None => "not yet".into_any(),
            }}
        </td>
        <td data-label="NATS connections">{connections(&task.connections)}</td>
    }
    .into_any()
}

/// The NATS connections of one task.
pub(crate) fn connections(connections: &[ConnectionRow]) -> AnyView {
    if connections.is_empty() {
        return view! { <span class="dim">"none seen"</span> }.into_any();
    }
    view! { <ul class="connections">{connections.iter().map(connection).collect::<Vec<_>>()}</ul> }.into_any()
}

fn connection(connection: &ConnectionRow) -> AnyView {
    let (light, tls) = match connection.tls.as_deref() {
        Some(version) => (Light::Good, format!("TLS {}", text::shown(version.trim_start_matches("TLS").trim_start()))),
        None => (Light::Quiet, "plaintext".to_owned()),
    };
    let named: Vec<String> =
        [&connection.name, &connection.user, &connection.client].into_iter().flatten().map(|part| text::shown(part)).collect();
    view! {
        <li>
            <b><bdi>{text::shown(&connection.node)}</bdi></b>
            <span class="faint">{format!("#{}", connection.cid)}</span>
            <span class="state"><Lamp light worded=true/>{tls}</span>
            {connection.started.map(|at| view! { <Age of=at/> })}
            <span class="line dim"><bdi>{named.join(" · ")}</bdi></span>
        </li>
    }
    .into_any()
}
