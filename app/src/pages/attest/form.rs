//! The fields of an attestation with what is known of its check, its file with what that says, and what would be kept.

use domain::text;
use domain::view::{AboutCheck, AttestPage, AttestQuery, FileRead, held_said};
use leptos::prelude::*;

use super::Reading;
use crate::parts::age::Age;
use crate::parts::draft_form::{DraftForm, draft_form, put_right};
use crate::parts::field::{Field, Kind, field};
use crate::ui::panel::panel;

/// Where the file is sent.
const FILE: &str = "/readiness/attest/file";

/// The form.
pub(super) fn form(page: &AttestPage, reading: &Reading) -> AnyView {
    let panels = view! {
        {panel("check", "The check", (), check(page, reading))}
        {panel("evidence", "The evidence", (), evidence(page, reading))}
        {panel("file", "A file", (), file(reading))}
    };
    let form = DraftForm {
        class: "plan attest",
        action: "/readiness/attest#draft",
        legend: "What is attested",
        barred: reading.may_not.is_some(),
        button: ("sent", "Show what would be kept"),
        beside: "Nothing is kept by that.",
    };
    draft_form(form, panels.into_any())
}

/// A field, with what is wrong with it.
fn of(reading: &Reading, name: &'static str, label: &'static str, kind: Kind, value: &str, hint: impl Into<String>) -> AnyView {
    field(Field { name, label, kind, value: value.to_owned(), hint: hint.into(), wrong: reading.problem(name) })
}

fn check(page: &AttestPage, reading: &Reading) -> AnyView {
    let query = &reading.query;
    let checks = page.checks.iter().map(|check| (check.id.clone(), format!("{}: {}", check.id, check.title))).collect();
    let environments = page.environments.iter().map(|name| (name.clone(), text::shown(name))).collect();
    let about = page.about.as_ref().map(about);
    let known = page.about.is_some();
    // without scripts choosing a check tells nothing of it: it has to be asked for
    let more = (!known).then(|| view! { <p class="ways pad"><button class="btn" type="submit">"Tell about this check"</button></p> });
    let (cluster, service) = ("empty where only one has a service of that name", "empty: the environment as a whole");
    view! {
        <div class="grid">
            <div class="wide">{of(reading, "check", "Check", Kind::OneOf(checks), &query.check, "those that nobody but a person can answer")}</div>
            {of(reading, "environment", "Environment", Kind::OneOf(environments), &query.environment, "")}
            {of(reading, "service", "Service", Kind::Line, &query.service, service)}
            {of(reading, "cluster", "Cluster", Kind::Line, &query.cluster, cluster)}
        </div>
        {more}
        {about}
    }
    .into_any()
}

fn about(about: &AboutCheck) -> AnyView {
    let seen = about.seen.map(|at| view! { " ("<Age of=at/>")" });
    let stands = about.stands.clone().map(|stands| view! { <dt>"Stands"</dt><dd><bdi>{text::shown(&stands)}</bdi>{seen}</dd> });
    let whole = about.whole.then(|| view! { <dt>"Asked of"</dt><dd>"the environment as a whole: leave service and cluster empty"</dd> });
    view! {
        <dl class="kv">
            <dt>"Asks"</dt>
            <dd>{about.title.clone()}" ("{about.weight.as_str()}")"</dd>
            <dt>"Why it matters"</dt>
            <dd>{about.why.clone()}</dd>
            <dt>"What to do"</dt>
            <dd>{about.remedy.clone()}</dd>
            <dt>"What counts"</dt>
            <dd>{about.takes.clone()}</dd>
            {whole}
            {stands}
        </dl>
    }
    .into_any()
}

fn evidence(page: &AttestPage, reading: &Reading) -> AnyView {
    let query = &reading.query;
    // what was cleared on purpose stays cleared
    let latest = page.about.as_ref().filter(|_| query.expires.is_empty() && !query.sent).map(|about| about.latest.clone());
    let expires = latest.unwrap_or_else(|| query.expires.clone());
    let percent = field(Field {
        name: "percent",
        label: "How far it holds, in percent",
        kind: Kind::Number,
        value: query.percent.clone(),
        hint: "100: it holds. 0: it does not. Between, as 97.5: in part. Empty: as the file says".to_owned(),
        // what is kept has it in permille, under this name
        wrong: reading.problem("value"),
    });
    view! {
        <div class="grid">
            <div class="wide">{of(reading, "note", "What was seen", Kind::Prose, &query.note, "in your words; 2,000 characters at most")}</div>
            <div class="wide">{of(reading, "link", "Where it can be seen", Kind::Line, &query.link, "https://…")}</div>
            {percent}
            {of(reading, "expires", "Counts until (UTC)", Kind::Instant, &expires, "then somebody has to look again")}
        </div>
    }
    .into_any()
}

/// The file: chosen and read by a button of its own, so that what it says is seen before it is kept.
fn file(reading: &Reading) -> AnyView {
    let query = &reading.query;
    let wrong = reading.problem("file");
    let (invalid, described) = (wrong.is_some().then_some("true"), if wrong.is_some() { "problem-file hint-file" } else { "hint-file" });
    let said = wrong.map(|wrong| view! { <p class="problem" id="problem-file">{text::shown(&wrong)}</p> });
    let held = query.held().map(|hash| view! { <input type="hidden" name="file" value=hash/> });
    let read = reading.draft.file.as_ref().map(|read| self::read(read, query));
    view! {
        {read}
        {held}
        <div class="grid">
            <div class="field wide">
                <label for="f-upload">"File"</label>
                <input id="f-upload" type="file" name="upload" aria-invalid=invalid aria-describedby=described/>
                {said}
                <p class="hint" id="hint-file">"5,000,000 bytes at most: k6's summary, a JUnit file, or anything else that shows it"</p>
            </div>
        </div>
        <p class="ways pad"><button class="btn" type="submit" formaction=FILE formmethod="post" formenctype="multipart/form-data">"Read the file"</button></p>
    }
    .into_any()
}

/// What the file says.
fn read(read: &FileRead, query: &AttestQuery) -> AnyView {
    let file = &read.file;
    let size = text::grouped(file.bytes);
    let without = AttestQuery { file: String::new(), ..query.clone() }.path();
    let says = match (&read.said, read.value) {
        (Some(said), Some(value)) => view! { <p role="status"><b>{held_said(value)}</b>": "<bdi>{text::shown(said)}</bdi></p> }.into_any(),
        _ if read.refused.is_some() => ().into_any(),
        _ => view! { <p role="status">"It is kept as it is; say above how far the check holds by it."</p> }.into_any(),
    };
    view! {
        <div class="read-file">
            <p><b><bdi>{text::shown(&file.name)}</bdi></b>" "<span class="dim">{format!("{size} bytes")}</span>" "<a href=without>"Leave it out"</a></p>
            {says}
        </div>
    }
    .into_any()
}

/// What would be kept, or what stands in its way; nothing until it was asked for.
pub(super) fn draft(reading: &Reading) -> AnyView {
    if !reading.query.sent || reading.may_not.is_some() {
        return ().into_any();
    }
    let problems = reading.draft.problems.len();
    if problems > 0 {
        return put_right(problems, "kept");
    }
    let held = reading.draft.value.map(held_said).unwrap_or_default();
    let of = reading.draft.subject.as_ref().map(|subject| text::shown(&subject.to_string())).unwrap_or_default();
    let typed = AttestQuery { sent: false, ..reading.query.clone() }.query();
    let content = view! {
        <form class="act" action="/api/attest" method="post" data-key="attest">
            <p>
                <b><bdi>{text::shown(&reading.query.check)}</bdi></b>" of "<bdi>{of}</bdi>" "<b>{held}</b>", until "
                <bdi>{text::shown(&reading.query.expires)}</bdi>" UTC. You stand for it by name; it stays on record, also when it is taken back."
            </p>
            <input type="hidden" name="typed" value=typed/>
            <button class="btn btn-primary" type="submit">"Attest it"</button>
        </form>
    };
    panel("draft", "What would be kept", (), content)
}
