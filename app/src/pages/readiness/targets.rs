//! The targets: which is reached, what is missing for the next, what that takes, which risk is accepted.

use domain::text;
use domain::view::{GapRow, TargetRow};
use leptos::prelude::*;

use crate::parts::readiness::share;
use crate::ui::lamp::Light;
use crate::ui::panel::panel;
use crate::ui::tag::Tag;

/// All of them, side by side where there is room.
pub(super) fn targets(targets: &[TargetRow]) -> AnyView {
    if targets.is_empty() {
        return ().into_any();
    }
    panel("targets", "Targets", (), view! { <ul class="targets">{targets.iter().map(target).collect::<Vec<_>>()}</ul> })
}

fn target(target: &TargetRow) -> AnyView {
    let (light, word) = if target.reached { (Light::Good, "reached") } else { (Light::Warn, "not reached") };
    let after = target.after.clone().map(|after| view! { <p class="faint">"Everything of "<bdi>{after}</bdi>", and more."</p> });
    let missing = (!target.missing.is_empty()).then(|| {
        let summary = format!("What is missing: {}, about {}", text::count(target.missing.len() as u64, "check"), target.work);
        view! {
            <details class="why">
                <summary>{summary}</summary>
                <ul class="gaps">{target.missing.iter().map(gap).collect::<Vec<_>>()}</ul>
            </details>
        }
    });
    view! {
        <li data-key=target.name.clone()>
            <h3>
                <bdi>{target.name.clone()}</bdi>" "<span class="dim"><bdi>{target.purpose.clone()}</bdi></span>" "<Tag light>{word}</Tag>
            </h3>
            {share(target.held, target.needed, light)}
            <p>{target.said.clone()}</p>
            <p class="dim">"Risk accepted. "<bdi>{target.risk.clone()}</bdi></p>
            {after}
            {missing}
        </li>
    }
    .into_any()
}

fn gap(gap: &GapRow) -> AnyView {
    let mut parts = Vec::new();
    if gap.failing > 0 {
        parts.push(format!("{} fail", gap.failing));
    }
    if gap.unknown > 0 {
        parts.push(format!("{} unknown", gap.unknown));
    }
    parts.push(gap.work.clone());
    view! {
        <li data-key=gap.check.clone()>
            <a href=gap.path.clone()><b>{gap.check.clone()}</b>" "<bdi>{gap.title.clone()}</bdi></a>
            <span class="line dim">{parts.join(" · ")}</span>
        </li>
    }
    .into_any()
}
