//! Checklists: those that count, importing one with a look at what that would change, and each as Markdown again.

use domain::Failure;
use domain::account::Role;
use domain::text;
use domain::view::{ChecklistPreview, ChecklistQuery, ChecklistRow, ChecklistsPage};
use leptos::prelude::*;

use crate::access::operator;
use crate::api::form as forms;
use crate::error::AppError;
use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::act::{Act, MAY_NOT, Refused, Weight, act, may_not, was_refused};
use crate::parts::age::{Age, At};
use crate::parts::field::{Field, Kind, field};
use crate::parts::section::{Section, section};
use crate::ui::ignored::ignored;
use crate::ui::lamp::Light;
use crate::ui::panel::panel;
use crate::ui::tag::Tag;

mod preview;

/// Where the file is sent.
const FILE: &str = "/readiness/checklists/file";

/// What the page is made of.
struct Reading {
    query: ChecklistQuery,
    /// Why whoever looks may do nothing.
    may_not: Option<String>,
    /// Why what was sent a moment ago was refused.
    refused: Option<String>,
    /// What the held file would change, or why it cannot be imported.
    preview: Option<Result<ChecklistPreview, String>>,
}

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>) -> Answered {
    let viewer = wanted.viewer;
    let query = ChecklistQuery::from_pairs(wanted.pairs());
    let may_not = viewer.actor.may(Role::Operator).err().map(|error: Failure| error.to_string());
    let page = viewer.observe.checklists().await?;
    let preview = if may_not.is_none() && !query.file.is_empty() { previewed(&query).await? } else { None };
    let reading = Reading { query, may_not, refused: forms::refused(), preview };
    Ok(Page::new(page.revision, "Checklists", move || body(&page, reading)))
}

/// What importing would change. What is wrong with the file or its name is the form's to say and no failure of the page.
async fn previewed(query: &ChecklistQuery) -> Result<Option<Result<ChecklistPreview, String>>, Failure> {
    let made = match operator().await {
        Ok(operator) => operator.operate.checklist_preview(&operator.actor, query.clone()).await,
        Err(AppError::Failed(failure)) => Err(failure),
        Err(AppError::Transport(_)) => return Ok(None),
    };
    match made {
        Ok(preview) => Ok(Some(Ok(preview))),
        Err(failure @ (Failure::Refused { .. } | Failure::Unfit { .. })) => Ok(Some(Err(failure.to_string()))),
        Err(failure) => Err(failure),
    }
}

fn body(page: &ChecklistsPage, mut reading: Reading) -> AnyView {
    let refused = reading.refused.take();
    view! {
        {ignored(&reading.query.ignored)}
        <div class="headline">
            <h1>"Checklists"</h1>
            <p class="dim">"Markdown as people write it: each heading with boxes is one check, which holds by the share that is ticked."</p>
        </div>
        {section(Some(Section::Checklists))}
        {was_refused(refused)}
        {may_not(reading.may_not.as_deref())}
        {preview::preview(&reading)}
        {panel("lists", "Lists that count", (), lists(page, &reading))}
        {panel("import", "Import a list", (), import(page, &reading))}
    }
    .into_any()
}

fn import(page: &ChecklistsPage, reading: &Reading) -> AnyView {
    let (disabled, described) = (reading.may_not.is_some(), reading.may_not.is_some().then_some(MAY_NOT));
    let query = &reading.query;
    let environments: Vec<(String, String)> = page.environments.iter().map(|name| (name.clone(), text::shown(name))).collect();
    // where there is only one, it is the one
    let only = page.environments.first().filter(|_| page.environments.len() == 1 && query.environment.is_empty());
    let environment = only.cloned().unwrap_or_else(|| query.environment.clone());
    let of = |name: &'static str, label: &'static str, kind: Kind, value: String, hint: &str| {
        field(Field { name, label, kind, value, hint: hint.to_owned(), wrong: None })
    };
    view! {
        <form class="plan attest" action=FILE method="post" enctype="multipart/form-data">
            <fieldset class="fields" disabled=disabled aria-describedby=described>
                <legend class="sr">"A list to import"</legend>
                <div class="grid">
                    {of("environment", "Environment", Kind::OneOf(environments), environment, "the one it is about")}
                    {of("name", "Name", Kind::Line, query.name.clone(), "empty: as the file is called. A list of that name is replaced")}
                    <div class="field wide">
                        <label for="f-upload">"File"</label>
                        <input id="f-upload" type="file" name="upload" accept=".md,.markdown,.txt,text/markdown,text/plain" aria-describedby="hint-upload"/>
                        <p class="hint" id="hint-upload">"Markdown with boxes, as [ ] and [x]; less than 5,000,000 bytes and 10,000 boxes"</p>
                    </div>
                </div>
                <p class="ways pad">
                    <button class="btn btn-primary" type="submit">"Show what would change"</button>
                    <span class="dim">"Nothing is kept by that."</span>
                </p>
            </fieldset>
        </form>
    }
    .into_any()
}

fn lists(page: &ChecklistsPage, reading: &Reading) -> AnyView {
    if page.rows.is_empty() {
        return view! { <p class="empty">"No list was imported yet."</p> }.into_any();
    }
    view! { <ul class="said-list">{page.rows.iter().map(|row| one(row, reading)).collect::<Vec<_>>()}</ul> }.into_any()
}

fn one(row: &ChecklistRow, reading: &Reading) -> AnyView {
    let (light, words): (Light, &'static str) = (row.ending.tone().into(), row.ending.words());
    let command = |key: &str, action: &'static str, label: String, weight: Weight| {
        act(Act {
            key: format!("{key}-{}", row.id),
            action,
            fields: vec![("checklist", row.id.to_string())],
            label,
            weight,
            reason: None,
            refused: reading.may_not.is_some().then_some(Refused::There(MAY_NOT)),
        })
    };
    let confirm = command("confirm", "/api/checklist_confirm", format!("Confirm list {}", row.id), Weight::Plain);
    let remove = command("remove", "/api/checklist_remove", format!("Remove list {}", row.id), Weight::Stop);
    view! {
        <li id=format!("checklist-{}", row.id)>
            <p class="stands"><Tag light=light>{words}</Tag></p>
            <div class="what">
                <p><b><bdi>{row.name.clone()}</bdi></b>" of "<bdi>{row.environment.clone()}</bdi></p>
                <p>{format!("{} of {} ticked; {}", row.ticked, text::count(row.items, "item"), text::count(row.checks, "check"))}</p>
                <p class="faint">"by "<bdi>{row.by.clone()}</bdi>" "<Age of=row.attested/>", counts until "<At at=row.expires/></p>
                <p><a href=row.markdown.clone() download="" rel="external">"As Markdown"</a></p>
            </div>
            <div class="commands"><div>{confirm}{remove}</div></div>
        </li>
    }
    .into_any()
}
