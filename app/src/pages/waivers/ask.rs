//! Asking for a waiver: the fields, what is known of the check, and what would be asked for.

use domain::text;
use domain::view::{AboutWaived, WaiverQuery, WaiversPage};
use leptos::prelude::*;

use super::Reading;
use crate::parts::draft_form::{DraftForm, draft_form, put_right};
use crate::parts::field::{Field, Kind, field};
use crate::ui::panel::panel;

/// The form, which asks by GET: everything typed stands in the address.
pub(super) fn form(page: &WaiversPage, reading: &Reading) -> AnyView {
    let form = DraftForm {
        class: "plan attest",
        action: "/readiness/waivers#draft",
        legend: "What is to be accepted",
        barred: reading.may_not.is_some(),
        button: ("sent", "Show what would be asked for"),
        beside: "Nothing is asked for by that.",
    };
    draft_form(form, panel("ask", "Ask for a waiver", (), fields(page, reading)))
}

fn fields(page: &WaiversPage, reading: &Reading) -> AnyView {
    let query = &reading.query;
    let of = |name: &'static str, label: &'static str, kind: Kind, value: &str, hint: &str| {
        let wrong = page.problems.iter().find(|problem| problem.field == name).map(|problem| problem.said.clone());
        field(Field { name, label, kind, value: value.to_owned(), hint: hint.to_owned(), wrong })
    };
    let checks = page.checks.iter().map(|check| (check.id.clone(), format!("{}: {}", check.id, check.title))).collect();
    let environments = page.environments.iter().map(|name| (name.clone(), text::shown(name))).collect();
    let latest = page.about.as_ref().filter(|_| query.expires.is_empty() && !query.sent).map(|about| about.latest.clone());
    let expires = latest.unwrap_or_else(|| query.expires.clone());
    let lasts = page.about.as_ref().map_or_else(
        || "mandatory: 90 days at most, 30 for a critical check".to_owned(),
        |about| format!("mandatory: {} days at most", about.days),
    );
    view! {
        <div class="grid">
            <div class="wide">{of("check", "Check", Kind::OneOf(checks), &query.check, "")}</div>
            {of("environment", "Environment", Kind::OneOf(environments), &query.environment, "")}
            {of("service", "Service", Kind::Line, &query.service, "empty: every service of the environment")}
            {of("cluster", "Cluster", Kind::Line, &query.cluster, "empty where only one has a service of that name")}
            <div class="wide">{of("reason", "Why the failure is accepted", Kind::Prose, &query.reason, "whoever reads the report will ask")}</div>
            <div class="wide">{of("compensating", "What keeps the risk small meanwhile", Kind::Prose, &query.compensating, "or that nothing does")}</div>
            {of("ticket", "Where it is tracked", Kind::Line, &query.ticket, "may be left out")}
            {of("expires", "Until (UTC)", Kind::Instant, &expires, &lasts)}
        </div>
        {page.about.as_ref().map(about)}
    }
    .into_any()
}

fn about(about: &AboutWaived) -> AnyView {
    let stands = about.stands.clone().map(|stands| view! { <dt>"Stands"</dt><dd><bdi>{text::shown(&stands)}</bdi></dd> });
    let by = if about.by_another { "somebody else than who asks" } else { "any operator" };
    view! {
        <dl class="kv">
            <dt>"Asks"</dt>
            <dd>{about.title.clone()}" ("{about.weight.as_str()}")"</dd>
            <dt>"Why it matters"</dt>
            <dd>{about.why.clone()}</dd>
            <dt>"Approved by"</dt>
            <dd>{by}</dd>
            {stands}
        </dl>
    }
    .into_any()
}

/// What would be asked for, or what stands in its way; nothing until it was sent.
pub(super) fn draft(page: &WaiversPage, reading: &Reading) -> AnyView {
    let query = &reading.query;
    if !query.sent || reading.may_not.is_some() {
        return ().into_any();
    }
    if !page.problems.is_empty() {
        return put_right(page.problems.len(), "asked for");
    }
    let place = [&query.environment, &query.cluster, &query.service].map(|part| text::shown(part.trim()));
    let place: Vec<String> = place.into_iter().filter(|part| !part.is_empty()).collect();
    let typed = WaiverQuery { sent: false, ..query.clone() }.query();
    let content = view! {
        <form class="act" action="/api/waiver_ask" method="post" data-key="waiver-ask">
            <p>
                <b><bdi>{text::shown(&query.check)}</bdi></b>" of "<bdi>{place.join("/")}</bdi>" is accepted until "
                <bdi>{text::shown(&query.expires)}</bdi>" UTC, once somebody has approved it. The score without waivers stands beside the score wherever it is shown."
            </p>
            <input type="hidden" name="typed" value=typed/>
            <button class="btn btn-primary" type="submit">"Ask for it"</button>
        </form>
    };
    panel("draft", "What would be asked for", (), content)
}
