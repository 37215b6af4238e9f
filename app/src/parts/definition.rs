//! The revision a service is meant to run, as far as it explains what is seen.

use domain::service::{ContainerDefinition, HealthCheck, TaskDefinition, revision_name};
use domain::text;
use leptos::prelude::*;

/// Facts of a revision, as terms of a description list.
pub(crate) fn definition(definition: &TaskDefinition) -> AnyView {
    let size = match (&definition.cpu, &definition.memory) {
        (Some(cpu), Some(memory)) => format!("{} CPU units, {} MiB", text::shown(cpu), text::shown(memory)),
        (Some(cpu), None) => format!("{} CPU units", text::shown(cpu)),
        (None, Some(memory)) => format!("{} MiB", text::shown(memory)),
        (None, None) => "not set for the task".to_owned(),
    };
    view! {
        <dt>"Revision"</dt>
        <dd><code><bdi>{text::shown(revision_name(&definition.arn))}</bdi></code></dd>
        <dt>"Size of a task"</dt>
        <dd>{size}</dd>
        {definition.containers.iter().map(container).collect::<Vec<_>>()}
    }
    .into_any()
}

fn container(container: &ContainerDefinition) -> AnyView {
    let checked = match &container.health_check {
        Some(check) => {
            view! { <code><bdi>{text::shown(&check.command.join(" "))}</bdi></code><p class="dim">{rhythm(check)}</p> }.into_any()
        }
        None => view! { <span class="dim">"none: ECS cannot tell whether it works"</span> }.into_any(),
    };
    let name = text::shown(&container.name);
    let essential = if container.essential { "" } else { ", not essential" };
    view! {
        <dt>"Container "<bdi>{name.clone()}</bdi>{essential}</dt>
        <dd><code class="wrap"><bdi>{text::shown(&container.image)}</bdi></code></dd>
        <dt>"Health check"<span class="sr">" of "{name}</span></dt>
        <dd>{checked}</dd>
        {container.log_group.as_deref().map(|group| view! { <dt>"Logs"</dt><dd><code class="wrap"><bdi>{text::shown(group)}</bdi></code></dd> })}
    }
    .into_any()
}

fn rhythm(check: &HealthCheck) -> String {
    format!(
        "every {} s, {} s each, unhealthy after {}, not counted in the first {} s",
        check.interval,
        check.timeout,
        text::count(check.retries.into(), "failure"),
        check.start_period
    )
}
