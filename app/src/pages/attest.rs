//! Attesting a check: a form whose every field stands in the address, what a file says before it is kept, and what people stand
//! for, with its ends.
//!
//! The form asks by GET, as the plan's does (decision 0114). Its file goes another way, by a button that posts the same form and
//! leads back here with the file's hash in the address. The trap is a file that was chosen and not read: a form that asks by
//! GET sends its name alone, which is told beside it.
//!
//! | module | holds |
//! |---|---|
//! | `form` | the fields, the file, and what would be kept |
//! | `said` | what people stand for |

use domain::Failure;
use domain::account::Role;
use domain::view::{AttestDraft, AttestPage, AttestQuery};
use leptos::prelude::*;

use crate::access::operator;
use crate::api::form as forms;
use crate::error::AppError;
use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::act::{may_not, was_refused};
use crate::parts::section::{Section, section};
use crate::ui::ignored::ignored;

mod form;
mod said;

/// What the page is made of.
struct Reading {
    query: AttestQuery,
    /// Why whoever looks may attest nothing.
    may_not: Option<String>,
    /// Why what was sent a moment ago was refused.
    refused: Option<String>,
    /// What would be kept, and what is wrong with it.
    draft: AttestDraft,
}

impl Reading {
    /// What is wrong with a field. Of the file it is told as soon as there is one, of the others once they were sent.
    fn problem(&self, field: &str) -> Option<String> {
        let told = self.query.sent || field == "file";
        self.draft.problems.iter().find(|problem| told && problem.field == field).map(|problem| problem.said.clone())
    }
}

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>) -> Answered {
    let viewer = wanted.viewer;
    let query = AttestQuery::from_pairs(wanted.pairs());
    let may_not = viewer.actor.may(Role::Operator).err().map(|error: Failure| error.to_string());
    let page = viewer.observe.attestations(query.clone()).await?;
    let asked = may_not.is_none() && (query.sent || query.held().is_some() || !query.unread.is_empty());
    let draft = if asked { draft(&query).await? } else { AttestDraft::default() };
    let reading = Reading { query, may_not, refused: forms::refused(), draft };
    Ok(Page::new(page.revision, "Attest a check", move || body(&page, reading)))
}

/// What would be kept.
async fn draft(query: &AttestQuery) -> Result<AttestDraft, Failure> {
    match operator().await {
        Ok(operator) => operator.operate.attestation_draft(&operator.actor, query.clone()).await,
        Err(AppError::Failed(failure)) => Err(failure),
        Err(AppError::Transport(_)) => Ok(AttestDraft::default()),
    }
}

fn body(page: &AttestPage, mut reading: Reading) -> AnyView {
    let refused = reading.refused.take();
    view! {
        {ignored(&reading.query.ignored)}
        <div class="headline">
            <h1>"Attest a check"</h1>
            <p class="dim">"What no collector sees, a person stands for: by name, with something behind it, and until a day."</p>
        </div>
        {section(Some(Section::Attestations))}
        {was_refused(refused)}
        {may_not(reading.may_not.as_deref())}
        {form::form(page, &reading)}
        {form::draft(&reading)}
        {said::said(page, &reading)}
    }
    .into_any()
}
