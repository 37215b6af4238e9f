//! The rollouts that are under way, for a page about something else: each in a line, and whether everything is stopped.

use domain::text;
use domain::view::{RolloutRow, RolloutsPage};
use leptos::prelude::*;

use super::age::Age;
use super::track::strip;
use crate::ui::lamp::{Lamp, Light};
use crate::ui::panel::panel;
use crate::ui::tag::Tag;

/// What there is to say; nothing where nothing is under way.
pub(crate) fn open_rollouts(page: &RolloutsPage) -> AnyView {
    let stopped = page.stopped.as_ref().map(|stop| {
        view! {
            <p class="callout callout-bad" id="stopped" role="alert">
                <Lamp light=Light::Bad worded=true/>
                <span>
                    <a href="/rollouts#stop">"Every rollout is stopped"</a>
                    " by "<bdi>{text::shown(&stop.by)}</bdi>" "<Age of=stop.at/>": "<bdi>{text::shown(&stop.why)}</bdi>
                </span>
            </p>
        }
    });
    let open = (!page.rollouts.is_empty()).then(|| {
        let each = page.rollouts.iter().map(row).collect::<Vec<_>>();
        let all = view! { <a href="/rollouts">"all rollouts"</a> };
        panel("open-rollouts", "Under way", all, view! { <div class="open-rollouts"><ul class="rollouts">{each}</ul></div> })
    });
    view! { {stopped}{open} }.into_any()
}

fn row(row: &RolloutRow) -> AnyView {
    let failed = (row.failed > 0).then(|| format!(", {} failed", row.failed));
    let status = text::shown(&row.status);
    view! {
        <li data-key=row.id.clone()>
            <p>
                <a href=row.path.clone()><b><bdi>{text::shown(&row.title)}</bdi></b></a>
                " "
                <Tag light=row.tone.into()>{status}</Tag>
                " "
                <span class="count">{format!("{} of {} verified", row.verified, row.steps)}{failed}</span>
            </p>
            {strip(row.verified, row.failed, row.steps)}
            <p><bdi>{text::shown(&row.said)}</bdi></p>
        </li>
    }
    .into_any()
}
