//! Planning: a form whose every field stands in the address, and below it the plan it makes.
//!
//! The form asks by GET, so that a reload, a refusal or an hour at lunch loses nothing and a plan can be sent as a link. What
//! is shown is read from AWS at that moment and not kept; keeping it is another form, which posts. The trap is a page that
//! asks AWS again whenever something moves: this one is moved by nothing (`made::topics`).
//!
//! | module | holds |
//! |---|---|
//! | `form` | the fields of a health check and of how it is rolled out |
//! | `services` | choosing among the fleet's services |
//! | `draft` | the plan, or what stands in its way |
//! | `back` | one service back to an earlier revision: two clicks |

use domain::account::Role;
use domain::change::health_check::Suggestion;
use domain::change::{Change, FieldProblem};
use domain::rollout::plan::Planned;
use domain::view::{Foretold, MOST_PER_PAGE, PlanKind, PlanQuery, RolloutPage, ServicePage, ServiceQuery, ServiceSort, compose_draft};
use domain::{Failure, Timestamp};
use leptos::prelude::*;

use crate::access::{Viewer, operator};
use crate::api::form as forms;
use crate::error::AppError;
use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::act::{may_not, was_refused};
use crate::ui::ignored::ignored;

mod back;
mod draft;
mod form;
mod services;

/// What the page is made of.
struct Reading {
    query: PlanQuery,
    /// Why whoever looks may plan nothing.
    may_not: Option<String>,
    /// Why what was sent a moment ago was refused.
    refused: Option<String>,
    /// What is wrong with which field; empty until the plan was asked for.
    problems: Vec<FieldProblem>,
    /// The plan.
    plan: Option<Drafted>,
    suggestion: Option<Suggestion>,
}

/// A plan as its page will show it, if it is kept.
struct Drafted {
    page: RolloutPage,
    /// What it would make of the fleet's score; none where it is no health check.
    foretold: Option<Foretold>,
    /// The revision its first service runs.
    prior: String,
}

impl Reading {
    /// What is wrong with a field.
    fn problem(&self, field: &str) -> Option<&str> {
        self.problems.iter().find(|problem| problem.field == field).map(|problem| problem.said.as_str())
    }
}

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>) -> Answered {
    let viewer = wanted.viewer;
    let query = PlanQuery::from_pairs(wanted.pairs());
    let may_not = viewer.actor.may(Role::Operator).err().map(|error: Failure| error.to_string());
    let revision = viewer.observe.frame().revision;
    let mut reading = Reading { query, may_not, refused: forms::refused(), problems: Vec::new(), plan: None, suggestion: None };
    if reading.may_not.is_none() {
        plan(&mut reading, viewer).await?;
    }
    if reading.query.kind == PlanKind::PutBack {
        return Ok(Page::new(revision, "Put a service back", move || back::body(reading)));
    }
    let asked = ServiceQuery { q: reading.query.q.clone(), sort: ServiceSort::Name, per: MOST_PER_PAGE, ..ServiceQuery::default() };
    let offered = viewer.observe.services(asked).await?;
    Ok(Page::new(revision, "Plan a health check", move || body(reading, &offered)))
}

/// Plans what is asked for, where enough is said to be worth reading AWS.
async fn plan(reading: &mut Reading, viewer: &Viewer) -> Result<(), Failure> {
    let wish = match reading.query.kind {
        PlanKind::HealthCheck if reading.query.draft => reading.query.wish(),
        PlanKind::HealthCheck => return Ok(()),
        PlanKind::PutBack => back::wish(&reading.query),
    };
    let wish = match wish {
        Ok(wish) => wish,
        Err(problems) => {
            reading.problems = problems;
            return Ok(());
        }
    };
    let operator = match operator().await {
        Ok(operator) => operator,
        Err(AppError::Failed(failure)) => return Err(failure),
        Err(AppError::Transport(_)) => return Ok(()),
    };
    let draft = operator.operate.draft(wish).await?;
    reading.suggestion = draft.suggestion;
    match draft.planned {
        Ok(planned) => {
            let drafted = drafted(&planned, &viewer.actor.shown(), viewer.observe.frame().now);
            reading.plan = Some(Drafted { foretold: foretold(&planned, viewer).await?, ..drafted });
        }
        Err(problems) => reading.problems = problems,
    }
    Ok(())
}

/// What a planned health check would make of the fleet's score.
async fn foretold(planned: &Planned, viewer: &Viewer) -> Result<Option<Foretold>, Failure> {
    let Change::HealthCheck(check) = &planned.wish.change else { return Ok(None) };
    let services = planned.rollout.steps.iter().map(|step| step.service.clone()).collect();
    Ok(Some(viewer.observe.foretold(check.clone(), services).await?))
}

/// As the page of a rollout of this plan would show it.
fn drafted(planned: &Planned, who: &str, now: Timestamp) -> Drafted {
    let prior = planned.rollout.steps.first().map(|step| step.bound.prior.clone()).unwrap_or_default();
    Drafted { page: compose_draft(planned, who, now), foretold: None, prior }
}

fn body(mut reading: Reading, offered: &ServicePage) -> AnyView {
    let refused = reading.refused.take();
    view! {
        {ignored(&reading.query.ignored)}
        <div class="headline">
            <h1>"Plan a health check"</h1>
            <p class="dim">"Nothing is changed here: a plan is read from AWS, can be kept, and waits until somebody starts it."</p>
        </div>
        {was_refused(refused)}
        {may_not(reading.may_not.as_deref())}
        {form::form(&reading, offered)}
        {draft::draft(&reading)}
    }
    .into_any()
}
