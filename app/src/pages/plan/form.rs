//! The fields of a health check and of how it is rolled out, each with what is wrong with it beside it.

use domain::text;
use domain::view::ServicePage;
use leptos::prelude::*;

use super::{Reading, services};
use crate::parts::act::LONGEST_REASON;
use crate::parts::draft_form::{DraftForm, draft_form};
use crate::ui::panel::panel;

/// One field.
struct Field {
    name: &'static str,
    label: &'static str,
    /// `text`, `numeric` or `datetime-local`.
    kind: &'static str,
    value: String,
    hint: String,
    /// Under which name what is wrong with it is told.
    problem: &'static str,
}

/// The form, which asks for the plan.
pub(super) fn form(reading: &Reading, offered: &ServicePage) -> AnyView {
    let count = text::count(reading.query.services.len() as u64, "service");
    let panels = view! {
        {panel("services", "Services", format!("{count} chosen"), services::services(reading, offered))}
        {panel("check", "The check", (), check(reading))}
        {panel("how", "How it is rolled out", (), how(reading))}
    };
    let form = DraftForm {
        class: "plan",
        action: "/rollouts/new#plan",
        legend: "What is to be planned",
        barred: reading.may_not.is_some(),
        button: ("draft", "Show the plan"),
        beside: "It reads each chosen service from AWS, which may take some seconds.",
    };
    draft_form(form, panels.into_any())
}

fn check(reading: &Reading) -> AnyView {
    let check = &reading.query.check;
    let plain = |name, label, value: &String, hint: &str| {
        let value = value.clone();
        field(reading, Field { name, label, kind: "text", value, hint: hint.to_owned(), problem: name })
    };
    let number = |name, label, value: &String, hint: &str| {
        let value = value.clone();
        field(reading, Field { name, label, kind: "numeric", value, hint: hint.to_owned(), problem: name })
    };
    let suggestion = reading.suggestion.as_ref().map(|suggestion| {
        let mut with = super::PlanQuery { draft: true, ..reading.query.clone() };
        with.check.start_period = suggestion.start_period.to_string();
        let used = check.start_period.trim() == with.check.start_period;
        let link = (!used).then(|| view! { " "<a href=format!("{}#plan", with.path())>{format!("Use {} s", suggestion.start_period)}</a> });
        view! { <p class="note">"Start period. "{text::shown(&suggestion.said)}{link}</p> }
    });
    // what a failure costs, as soon as there is a check to reckon with
    let detection = check.validated().ok().map(|check| view! { <p class="note">{check.detection(0)}</p> });
    view! {
        <div class="grid">
            <div class="wide">{plain("command", "Command", &check.command, "CMD-SHELL and a line for the image's shell, CMD and a program with its words, or a JSON list")}</div>
            {plain("container", "Container", &check.container, "empty: the only one, or the only essential one")}
            {number("interval", "Interval, in seconds", &check.interval, "5 to 300; empty: 30")}
            {number("timeout", "Timeout, in seconds", &check.timeout, "2 to 60; empty: 5")}
            {number("retries", "Retries", &check.retries, "1 to 10; empty: 3")}
            {number("start_period", "Start period, in seconds", &check.start_period, "0 to 300; empty: 0. Failures before it is over do not count")}
            <div class="wide">{plain("image", "New image", &check.image, "empty: none. By digest, where the check's endpoint only exists there: repository@sha256:…")}</div>
        </div>
        {detection}
        {suggestion}
    }
    .into_any()
}

fn how(reading: &Reading) -> AnyView {
    let query = &reading.query;
    let of = |name, label, kind, value: &String, hint: &str, problem| {
        field(reading, Field { name, label, kind, value: value.clone(), hint: hint.to_owned(), problem })
    };
    view! {
        <div class="grid">
            <div class="wide">{of("reason", "Why", "text", &query.reason, "kept with everything the rollout does", "reason")}</div>
            {of("bake", "Bake, in minutes", "numeric", &query.bake, "how long each service is watched; empty: 10, or as long as proves something", "bake")}
            {of("budget", "Failure budget", "numeric", &query.budget, "failures that are set aside; empty: 0, it halts at the first", "budget")}
            {of("from", "May begin from (UTC)", "datetime-local", &query.from, "empty: at any time", "window")}
            {of("until", "May begin until (UTC)", "datetime-local", &query.until, "taking back may always go on", "window")}
            <div class="wide">{accepted(reading)}</div>
        </div>
    }
    .into_any()
}

fn accepted(reading: &Reading) -> AnyView {
    let problem = reading.problem("accepted").map(text::shown);
    let (invalid, described) = (problem.is_some().then_some("true"), problem.is_some().then_some("problem-accepted"));
    let said = problem.map(|said| view! { <p class="problem" id="problem-accepted">{said}</p> });
    view! {
        <label class="pick">
            <input id="f-accepted" type="checkbox" name="accepted" value="1" checked=reading.query.accepted aria-invalid=invalid aria-describedby=described/>
            <span>"I accept what must be accepted: the plan says what that is"</span>
        </label>
        {said}
    }
    .into_any()
}

fn field(reading: &Reading, of: Field) -> AnyView {
    let Field { name, label, kind, value, hint, problem } = of;
    let (id, hint_id, problem_id) = (format!("f-{name}"), format!("hint-{name}"), format!("problem-{name}"));
    let wrong = reading.problem(problem).map(text::shown);
    let described = if wrong.is_some() { format!("{problem_id} {hint_id}") } else { hint_id.clone() };
    let invalid = wrong.is_some().then_some("true");
    let said = wrong.map(|said| view! { <p class="problem" id=problem_id>{said}</p> });
    // numbers are typed as text, so that what is no number can be shown with what is wrong with it
    let (kind, mode) = if kind == "numeric" { ("text", Some("numeric")) } else { (kind, None) };
    let most = (name == "reason").then_some(LONGEST_REASON);
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input id=id type=kind inputmode=mode name=name value=value maxlength=most autocomplete="off" spellcheck="false" aria-invalid=invalid aria-describedby=described/>
            {said}
            <p class="hint" id=hint_id>{hint}</p>
        </div>
    }
    .into_any()
}
