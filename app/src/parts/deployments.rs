//! A service's deployments.

use domain::service::{Deployment, revision_name};
use domain::text;
use leptos::prelude::*;

use super::age::Age;
use crate::ui::lamp::Light;
use crate::ui::tag::Tag;

/// A table of deployments.
pub(crate) fn deployments(deployments: &[Deployment]) -> AnyView {
    let row = |deployment: &Deployment| view! { <tr data-key=deployment.id.clone()>{cells(deployment)}</tr> };
    view! {
        <table class="cards">
            <caption class="sr">"Deployments, newest first"</caption>
            <thead>
                <tr>
                    <th scope="col">"Revision"</th>
                    <th scope="col">"State"</th>
                    <th scope="col" class="n">"Tasks"</th>
                    <th scope="col" class="n">"Failed starts"</th>
                    <th scope="col">"Began"</th>
                </tr>
            </thead>
            <tbody>{deployments.iter().map(row).collect::<Vec<_>>()}</tbody>
        </table>
    }
    .into_any()
}

fn cells(deployment: &Deployment) -> AnyView {
    let revision = deployment.revision.as_deref().map_or("unnamed", revision_name);
    let pending = if deployment.pending > 0 { format!(", {} starting", deployment.pending) } else { String::new() };
    view! {
        <th scope="row" data-label="Revision">
            <code><bdi>{text::shown(revision)}</bdi></code>
            " "
            <span class="dim">{text::shown(&deployment.status)}</span>
        </th>
        <td data-label="State">
            {state(deployment)}
            {deployment.rollout_reason.as_deref().map(|why| view! { <p class="dim"><bdi>{text::shown(why)}</bdi></p> })}
        </td>
        <td class="n" data-label="Tasks">{format!("{} of {}{pending}", deployment.running, deployment.desired)}</td>
        <td class="n" data-label="Failed starts">{deployment.failed}</td>
        <td data-label="Began">{deployment.created.map(|at| view! { <Age of=at/> })}</td>
    }
    .into_any()
}

fn state(deployment: &Deployment) -> AnyView {
    let (light, said) = match deployment.rollout_state.as_deref() {
        Some("COMPLETED") => (Light::Good, "completed".to_owned()),
        Some("IN_PROGRESS") => (Light::Move, "in progress".to_owned()),
        Some("FAILED") => (Light::Bad, "failed".to_owned()),
        Some(other) => (Light::Unknown, text::shown(other)),
        None => (Light::Unknown, "not told".to_owned()),
    };
    view! { <Tag light>{said}</Tag> }.into_any()
}
