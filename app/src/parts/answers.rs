//! Checks as they are answered: how each stands, what was seen and when, why it matters, what to do.
//!
//! What needs somebody stands open; the rest is a line until it is asked. The state is a word beside its lamp, never a colour.

use domain::readiness::State;
use domain::view::{BroughtSaid, CheckSaid, WaiverSaid};
use leptos::prelude::*;

use super::age::{Age, At};
use super::readiness::mending;
use crate::ui::tag::Tag;

/// The checks. `named`: each has an id that links lead to, which must be once on a page.
pub(crate) fn answers(checks: &[CheckSaid], named: bool) -> AnyView {
    view! { <ul class="answers">{checks.iter().map(|check| answer(check, named)).collect::<Vec<_>>()}</ul> }.into_any()
}

fn answer(check: &CheckSaid, named: bool) -> AnyView {
    let words = check.words.clone();
    let id = named.then(|| format!("check-{}", check.id));
    let open = matches!(check.state, State::Fail | State::Partial | State::Unknown);
    let preview = check.preview.then(|| view! { " "<span class="dim">"preview, does not count"</span> });
    view! {
        <li id=id data-key=check.id.clone()>
            <div class="answer">
                <p class="stands"><Tag light=check.tone.into()>{words}</Tag></p>
                <div class="what">
                    <p><b>{check.id.clone()}</b>" "<bdi>{check.title.clone()}</bdi>{preview}</p>
                    <p class="dim"><bdi>{check.said.clone()}</bdi></p>
                    {check.brought.as_ref().map(brought)}
                    {check.waiver.as_ref().map(waived)}
                    {check.mending.as_ref().map(mending)}
                    {ways(check)}
                    <details class="why" open=open>
                        <summary>"Why it matters, what to do"</summary>
                        <dl class="kv">{reasons(check)}</dl>
                    </details>
                </div>
                <p class="when">{check.seen.map(|at| view! { <Age of=at/> })}</p>
            </div>
        </li>
    }
    .into_any()
}

/// The forms in which a person does something about it; each says who may.
fn ways(check: &CheckSaid) -> AnyView {
    let links: Vec<AnyView> = [&check.evidence, &check.acceptance]
        .into_iter()
        .flatten()
        .map(|link| {
            let label = format!("{}: {}", link.label, check.id);
            view! { <a href=link.path.clone() aria-label=label>{link.label.clone()}</a> }.into_any()
        })
        .collect();
    if links.is_empty() { ().into_any() } else { view! { <p class="answer-ways">{links}</p> }.into_any() }
}

fn reasons(check: &CheckSaid) -> AnyView {
    let gate = match (check.cap, check.gate) {
        (Some(cap), _) => format!("{}; it holds the score at {cap}", check.weight.as_str()),
        (None, Some(gate)) => format!("{}; failing it would hold the score at {gate}", check.weight.as_str()),
        (None, None) => check.weight.as_str().to_owned(),
    };
    let request = check.request_id.clone().map(|id| view! { ", request "<code><bdi>{id}</bdi></code> });
    let source = check.source.clone().map(|source| view! { <dt>"Seen by"</dt><dd><bdi>{source}</bdi>{request}</dd> });
    let until = check.until.map(|at| view! { <dt>"Counts until"</dt><dd><At at/></dd> });
    view! {
        <dt>"Why it matters"</dt>
        <dd>{check.why.clone()}</dd>
        <dt>"What to do"</dt>
        <dd>{check.remedy.clone()}</dd>
        <dt>"Weighs"</dt>
        <dd>{gate}</dd>
        {source}
        {until}
    }
    .into_any()
}

/// Which rollout brought it, when that was proven, and who wanted it.
fn brought(of: &BroughtSaid) -> AnyView {
    let approver = of.approver.clone().map(|approver| view! { ", started by "<bdi>{approver}</bdi> });
    view! {
        <p class="dim">
            "Brought by "<a href=of.path.clone()>{format!("rollout {}", of.rollout)}</a>" ("<bdi>{of.title.clone()}</bdi>"), verified "
            <At at=of.verified/>", planned by "<bdi>{of.requester.clone()}</bdi>{approver}"."
        </p>
    }
    .into_any()
}

/// Who accepted the failure, why and until when.
fn waived(waiver: &WaiverSaid) -> AnyView {
    let approver = waiver.approver.clone().map(|approver| view! { ", approved by "<bdi>{approver}</bdi> });
    let ticket = waiver.ticket.clone().filter(|ticket| !ticket.is_empty()).map(|ticket| view! { " ("<bdi>{ticket}</bdi>")" });
    let until = waiver.until.map(|at| view! { " It ends "<At at/>"." });
    view! {
        <p class="dim">
            {format!("Waiver {}, asked for by ", waiver.id)}<bdi>{waiver.requester.clone()}</bdi>{approver}": "
            <bdi>{waiver.reason.clone()}</bdi>{ticket}". Meanwhile: "<bdi>{waiver.compensating.clone()}</bdi>"."{until}
        </p>
    }
    .into_any()
}
