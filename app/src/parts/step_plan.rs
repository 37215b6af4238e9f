//! Every step of a plan, to be read before anybody starts it: why it stands where it stands, what changes, what was found.

use std::time::Duration;

use domain::judge::Tone;
use domain::rollout::plan::Excluded;
use domain::text;
use domain::time::exact;
use domain::view::StepView;
use leptos::prelude::*;

use super::diff::{calls, diff};
use super::settings::settings;
use crate::ui::lamp::{Lamp, Light};

/// The steps, in order.
pub(crate) fn steps(plan: &[StepView]) -> AnyView {
    let alone = plan.len() == 1;
    let each = plan.iter().map(|one| step(one, alone)).collect::<Vec<_>>();
    view! { <ol class="plan-steps">{each}</ol> }.into_any()
}

/// The worst of what was found, which the closed step shows.
fn worst(step: &StepView) -> Light {
    let rank = |tone: Tone| match tone {
        Tone::Bad => 0,
        Tone::Warn => 1,
        Tone::Unknown => 2,
        Tone::Move => 3,
        Tone::Good => 4,
        Tone::Quiet => 5,
    };
    let warned = step.warnings.iter().any(|warning| warning.accept).then_some(Tone::Warn);
    let worst = step.findings.iter().map(|(tone, _)| *tone).chain(warned).min_by_key(|tone| rank(*tone));
    worst.unwrap_or(Tone::Quiet).into()
}

fn step(step: &StepView, open: bool) -> AnyView {
    let estimate = step.estimate.map(|seconds| format!(", about {}", exact(Duration::from_secs(seconds))));
    let warnings = step.warnings.iter().map(|warning| {
        let accept = warning.accept.then_some(" This had to be accepted.");
        (Tone::Warn, format!("{} {}.{}", step.name, warning.said, accept.unwrap_or_default()))
    });
    let found = step.findings.iter().cloned().chain(warnings).map(finding).collect::<Vec<_>>();
    let reckoning = text::shown(&step.reckoning);
    view! {
        <li data-key=format!("plan-{}", step.step)>
            <details class="plan-step" open=open>
                <summary>
                    <span class="number">{format!("{}.", step.step + 1)}</span>
                    <Lamp light=worst(step)/>
                    <b><bdi>{text::shown(&step.name)}</bdi></b>
                    <span class="dim"><bdi>{text::shown(&step.order)}</bdi>{estimate}</span>
                </summary>
                <div class="plan-step-body">
                    <p><a href=step.service.path()>"The service's own page"</a></p>
                    <h3>"What changes"</h3>
                    {diff(&step.diff)}
                    <h3>"What was found"</h3>
                    <ul class="evid">{found}</ul>
                    <h3>"How long it is watched"</h3>
                    <p>{reckoning}</p>
                    <h3>"Its deployment settings"</h3>
                    {settings(&step.settings, step.hand_back.as_deref())}
                    <h3>"The calls, in order"</h3>
                    {calls(&step.calls)}
                </div>
            </details>
        </li>
    }
    .into_any()
}

fn finding((tone, said): (Tone, String)) -> AnyView {
    view! { <li><Lamp light=tone.into()/><span><bdi>{text::shown(&said)}</bdi></span></li> }.into_any()
}

/// Services that were chosen and take no part.
pub(crate) fn left_out(excluded: &[Excluded]) -> AnyView {
    let line = |one: &Excluded| {
        // off on purpose is as it should be
        let light = if one.off { Light::Unknown } else { Light::Warn };
        view! {
            <li data-key=one.service.path()>
                <Lamp light=light worded=true/>
                <span><a href=one.service.path()><bdi>{text::shown(&one.service.service)}</bdi></a>": "<bdi>{text::shown(&one.why)}</bdi></span>
            </li>
        }
        .into_any()
    };
    view! { <ul class="evid">{excluded.iter().map(line).collect::<Vec<_>>()}</ul> }.into_any()
}
