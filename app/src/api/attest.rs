//! Attestations, waivers and checklists: the forms by which they are kept, each answered by the page that shows what came of it.
//!
//! What was typed comes as the query of its page's address, so that a refusal goes back to exactly that form.

#[cfg(feature = "ssr")]
use domain::Failure;
#[cfg(feature = "ssr")]
use domain::view::{AttestQuery, ChecklistQuery, WaiverQuery};
use leptos::prelude::*;
use leptos::server_fn::codec::PostUrl;

use crate::error::AppError;

/// The element of a page that says why something was refused.
#[cfg(feature = "ssr")]
const REFUSED: &str = "refused";
#[cfg(feature = "ssr")]
const WAIVERS: &str = "/readiness/waivers";
#[cfg(feature = "ssr")]
const CHECKLISTS: &str = "/readiness/checklists";

/// Attests a check; `typed` is the query of its page's address.
#[server(endpoint = "attest", input = PostUrl)]
pub(crate) async fn attest(typed: String) -> Result<(), AppError> {
    let operator = crate::access::operator().await?;
    let query = AttestQuery::from_query(&typed);
    let kept = match query.wish() {
        Ok(wish) => operator.operate.attest(operator.actor, wish, query.held()).await,
        Err(fields) => Err(Failure::Unfit { fields }),
    };
    match kept {
        Ok(_) => {
            let environment = AttestQuery { environment: query.environment, ..AttestQuery::default() };
            super::form::answer(&environment.path(), "said", Ok(()));
        }
        Err(failure) => super::form::answer(&AttestQuery { sent: true, ..query }.path(), REFUSED, Err(AppError::Failed(failure))),
    }
    Ok(())
}

/// Takes an attestation back.
#[server(endpoint = "attestation_withdraw", input = PostUrl)]
pub(crate) async fn attestation_withdraw(attestation: i64, environment: String) -> Result<(), AppError> {
    let operator = crate::access::operator().await?;
    let done = operator.operate.attestation_withdraw(operator.actor, attestation).await;
    let query = AttestQuery { environment, ..AttestQuery::default() };
    super::form::answer(&query.path(), "said", done.map_err(AppError::Failed));
    Ok(())
}

/// Asks for a waiver; `typed` is the query of its page's address.
#[server(endpoint = "waiver_ask", input = PostUrl)]
pub(crate) async fn waiver_ask(typed: String) -> Result<(), AppError> {
    let operator = crate::access::operator().await?;
    let query = WaiverQuery::from_query(&typed);
    let asked = match query.wish() {
        Ok(wish) => operator.operate.waiver_ask(operator.actor, wish).await,
        Err(fields) => Err(Failure::Unfit { fields }),
    };
    match asked {
        Ok(id) => super::form::answer(WAIVERS, &format!("waiver-{id}"), Ok(())),
        Err(failure) => super::form::answer(&WaiverQuery { sent: true, ..query }.path(), REFUSED, Err(AppError::Failed(failure))),
    }
    Ok(())
}

/// Approves a waiver.
#[server(endpoint = "waiver_approve", input = PostUrl)]
pub(crate) async fn waiver_approve(waiver: i64) -> Result<(), AppError> {
    let operator = crate::access::operator().await?;
    let done = operator.operate.waiver_approve(operator.actor, waiver).await;
    super::form::answer(WAIVERS, &format!("waiver-{waiver}"), done.map_err(AppError::Failed));
    Ok(())
}

/// Ends a waiver before its time.
#[server(endpoint = "waiver_end", input = PostUrl)]
pub(crate) async fn waiver_end(waiver: i64, reason: String) -> Result<(), AppError> {
    let operator = crate::access::operator().await?;
    let done = operator.operate.waiver_end(operator.actor, waiver, reason).await;
    super::form::answer(WAIVERS, "open", done.map_err(AppError::Failed));
    Ok(())
}

/// Imports the held file as it was shown; `typed` is the query of its page's address, `seen` the state of the list that was
/// compared with.
#[server(endpoint = "checklist_keep", input = PostUrl)]
pub(crate) async fn checklist_keep(typed: String, seen: String) -> Result<(), AppError> {
    let operator = crate::access::operator().await?;
    let query = ChecklistQuery::from_query(&typed);
    match operator.operate.checklist_keep(operator.actor, query.clone(), Some(seen)).await {
        Ok(_) => super::form::answer(CHECKLISTS, "lists", Ok(())),
        Err(failure) => super::form::answer(&query.path(), REFUSED, Err(AppError::Failed(failure))),
    }
    Ok(())
}

/// Stands for a list's ticks anew.
#[server(endpoint = "checklist_confirm", input = PostUrl)]
pub(crate) async fn checklist_confirm(checklist: i64) -> Result<(), AppError> {
    let operator = crate::access::operator().await?;
    let done = operator.operate.checklist_confirm(operator.actor, checklist).await;
    super::form::answer(CHECKLISTS, "lists", done.map_err(AppError::Failed));
    Ok(())
}

/// Takes a list out of the score.
#[server(endpoint = "checklist_remove", input = PostUrl)]
pub(crate) async fn checklist_remove(checklist: i64) -> Result<(), AppError> {
    let operator = crate::access::operator().await?;
    let done = operator.operate.checklist_remove(operator.actor, checklist).await;
    super::form::answer(CHECKLISTS, "lists", done.map_err(AppError::Failed));
    Ok(())
}
