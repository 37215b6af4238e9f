//! Rollouts: the forms by which they are planned and steered, and by which everything is stopped. Each is answered by the page
//! that shows what came of it.

#[cfg(feature = "ssr")]
use domain::Failure;
#[cfg(feature = "ssr")]
use domain::rollout::decide::Command;
#[cfg(feature = "ssr")]
use domain::view::{PlanQuery, RolloutQuery, typed_instant};
use leptos::prelude::*;
use leptos::server_fn::codec::PostUrl;

use crate::error::AppError;

/// Where the list is, and what holds for all of them.
#[cfg(feature = "ssr")]
const LIST: &str = "/rollouts";
/// The element of a plan's page that says why it was refused.
#[cfg(feature = "ssr")]
const REFUSED: &str = "refused";

/// Keeps a plan, `plan` being the query of its page's address; where it is refused that page says why, and nothing is lost.
/// `request` is the id of the draft that was shown: a double click sends it twice, and it is kept once.
#[server(endpoint = "plan_keep", input = PostUrl)]
pub(crate) async fn plan_keep(plan: String, request: Option<String>) -> Result<(), AppError> {
    let operator = crate::access::operator().await?;
    let query = PlanQuery::from_query(&plan);
    let kept = match query.wish() {
        Ok(wish) => operator.operate.plan(operator.actor, wish, request).await,
        Err(fields) => Err(Failure::Unfit { fields }),
    };
    match kept {
        Ok(number) => super::form::answer(&page_of(&number.to_string(), None), "", Ok(())),
        Err(failure) => super::form::answer(&query.path(), REFUSED, Err(AppError::Failed(failure))),
    }
    Ok(())
}

/// Puts a service back to an earlier revision: plans it and starts it.
#[server(endpoint = "put_back", input = PostUrl)]
pub(crate) async fn put_back(plan: String, reason: String, request: Option<String>) -> Result<(), AppError> {
    let operator = crate::access::operator().await?;
    let query = PlanQuery { reason, ..PlanQuery::from_query(&plan) };
    let kept = match query.wish() {
        Ok(wish) => operator.operate.plan(operator.actor.clone(), wish, request).await,
        Err(fields) => Err(Failure::Unfit { fields }),
    };
    match kept {
        Ok(number) => {
            let number = number.to_string();
            let started = operator.operate.steer(operator.actor, number.clone(), Command::Start).await;
            super::form::answer(&page_of(&number, None), "", started.map_err(AppError::Failed));
        }
        Err(failure) => super::form::answer(&query.path(), REFUSED, Err(AppError::Failed(failure))),
    }
    Ok(())
}

/// Gives a rollout a command.
#[server(endpoint = "steer", input = PostUrl)]
pub(crate) async fn steer(rollout: String, command: String, step: Option<usize>, reason: Option<String>) -> Result<(), AppError> {
    let operator = crate::access::operator().await?;
    let done = match wanted(&command, step, reason.as_deref().unwrap_or_default().trim()) {
        Ok(command) => operator.operate.steer(operator.actor, rollout.clone(), command).await,
        Err(refused) => Err(refused),
    };
    super::form::answer(&page_of(&rollout, step), "act", done.map_err(AppError::Failed));
    Ok(())
}

/// Says that somebody has looked at a rollout of a restored store.
#[server(endpoint = "reviewed", input = PostUrl)]
pub(crate) async fn reviewed(rollout: String, reason: String) -> Result<(), AppError> {
    let operator = crate::access::operator().await?;
    let done = operator.operate.reviewed(operator.actor, rollout.clone(), reason).await;
    super::form::answer(&page_of(&rollout, None), "act", done.map_err(AppError::Failed));
    Ok(())
}

/// Stops everything forward, in every rollout.
#[server(endpoint = "stop_everything", input = PostUrl)]
pub(crate) async fn stop_everything(reason: String) -> Result<(), AppError> {
    let operator = crate::access::operator().await?;
    let done = operator.operate.stop_everything(operator.actor, reason).await;
    super::form::answer(LIST, "stop", done.map_err(AppError::Failed));
    Ok(())
}

/// Lets nothing forward begin from one instant to another, both in UTC as a form's field writes them.
#[server(endpoint = "freeze", input = PostUrl)]
pub(crate) async fn freeze(reason: String, from: String, until: String) -> Result<(), AppError> {
    let operator = crate::access::operator().await?;
    let done = match typed_instant(&from).zip(typed_instant(&until)) {
        Some((from, until)) => operator.operate.freeze(operator.actor, reason, from, until).await,
        None => Err(Failure::Refused { why: "Say from when and until when, in UTC as 2026-05-02T22:00.".to_owned() }),
    };
    super::form::answer(LIST, "freezes", done.map_err(AppError::Failed));
    Ok(())
}

/// Lifts the stop or a freeze.
#[server(endpoint = "lift", input = PostUrl)]
pub(crate) async fn lift(bar: i64, reason: String) -> Result<(), AppError> {
    let operator = crate::access::operator().await?;
    let done = operator.operate.lift(operator.actor, bar, reason).await;
    super::form::answer(LIST, "stop", done.map_err(AppError::Failed));
    Ok(())
}

/// Lets other services no longer expect a failure.
#[server(endpoint = "release", input = PostUrl)]
pub(crate) async fn release(cause: i64, reason: String) -> Result<(), AppError> {
    let operator = crate::access::operator().await?;
    let done = operator.operate.release(operator.actor, cause, reason).await;
    super::form::answer(LIST, "causes", done.map_err(AppError::Failed));
    Ok(())
}

/// The page of a rollout, at the step a command was about.
#[cfg(feature = "ssr")]
fn page_of(rollout: &str, step: Option<usize>) -> String {
    RolloutQuery { id: rollout.to_owned(), step: step.map(|step| step.saturating_add(1)), ignored: Vec::new() }.path()
}

/// A command by its word, which is the one it has in the API.
#[cfg(feature = "ssr")]
fn wanted(word: &str, step: Option<usize>, why: &str) -> Result<Command, Failure> {
    let refused = |why: &str| Err(Failure::Refused { why: why.to_owned() });
    if why.is_empty() && word != "start" {
        return refused("Say why: it stays on record.");
    }
    let why = why.to_owned();
    Ok(match (word, step) {
        ("start", _) => Command::Start,
        ("pause", _) => Command::Pause { why },
        ("resume", _) => Command::Resume { why },
        ("abort", _) => Command::Abort { why },
        ("undo", _) => Command::Undo { why },
        ("skip", Some(step)) => Command::Skip { step, why },
        ("undo_step", Some(step)) => Command::UndoStep { step, why },
        _ => return refused("There is no such command. Load the page again: it may be of an older Signalbox."),
    })
}
