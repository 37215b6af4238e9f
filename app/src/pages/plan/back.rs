//! One service back to an earlier revision: what is wanted at 3 a.m., in two clicks.
//!
//! The link shows what would change, the button does it. Nothing has to be typed, because a reason stands there already; what
//! must be accepted is accepted by a link, and never by itself.

use domain::change::FieldProblem;
use domain::rollout::plan::Wish;
use domain::service::revision_name;
use domain::text;
use domain::view::PlanQuery;
use leptos::prelude::*;

use super::{Reading, draft};
use crate::parts::act::{LONGEST_REASON, MAY_NOT, may_not, was_refused};
use crate::ui::ignored::ignored;

/// The wish, with a reason where none was given: one is asked for at the button.
pub(super) fn wish(query: &PlanQuery) -> Result<Wish, Vec<FieldProblem>> {
    let reason = if query.reason.trim().is_empty() { "put back".to_owned() } else { query.reason.clone() };
    PlanQuery { reason, ..query.clone() }.wish()
}

/// The page.
pub(super) fn body(mut reading: Reading) -> AnyView {
    let refused = reading.refused.take();
    let name = reading.query.services.first().map_or_else(|| "a service".to_owned(), |key| text::shown(&key.service));
    let title = format!("Put {name} back to {}", text::shown(revision_name(&reading.query.revision)));
    let service = reading.query.services.first().map(|key| view! { <p><a href=key.path()>"The service's own page"</a></p> });
    view! {
        {ignored(&reading.query.ignored)}
        <div class="headline"><h1>{title}</h1>{service}</div>
        {was_refused(refused)}
        {may_not(reading.may_not.as_deref())}
        {button(&reading)}
        {what(&reading)}
    }
    .into_any()
}

/// The second click.
fn button(reading: &Reading) -> AnyView {
    let barred = reading.may_not.is_some();
    if reading.plan.is_none() && !barred {
        return ().into_any();
    }
    let query = &reading.query;
    let prior = reading.plan.as_ref().map(|drafted| text::shown(revision_name(&drafted.prior)));
    let reason = match prior {
        _ if !query.reason.is_empty() => query.reason.clone(),
        Some(prior) => format!("put back from {prior}"),
        None => "put back".to_owned(),
    };
    let (plan, described) = (query.query(), barred.then_some(MAY_NOT));
    let request = reading.plan.as_ref().map(|drafted| view! { <input type="hidden" name="request" value=drafted.page.id.clone()/> });
    view! {
        <section class="panel" id="act" aria-label="Put it back">
            <form class="act" action="/api/put_back" method="post" data-key="put-back">
                <fieldset class="fields" disabled=barred aria-describedby=described>
                    <legend class="sr">"Put it back"</legend>
                    <input type="hidden" name="plan" value=plan/>
                    {request}
                    <label><span>"Why, for the record"</span><input type="text" name="reason" required=true maxlength=LONGEST_REASON autocomplete="off" value=reason/></label>
                    <p class="ways">
                        <button class="btn btn-primary" type="submit">"Put it back now"</button>
                        <span class="dim">"It is started at once, watched as any change is, and taken back by itself where it fails."</span>
                    </p>
                </fieldset>
            </form>
        </section>
    }
    .into_any()
}

/// What would change, or why it cannot be.
fn what(reading: &Reading) -> AnyView {
    if let Some(drafted) = &reading.plan {
        return draft::shown(drafted);
    }
    if reading.problems.is_empty() {
        return ().into_any();
    }
    // the fields of the other form are not here, so there is nothing to lead to
    let each = reading.problems.iter().map(|problem| view! { <li><bdi>{text::shown(&problem.said)}</bdi></li> }).collect::<Vec<_>>();
    let accept = (reading.problem("accepted").is_some() && !reading.query.accepted).then(|| {
        let to = PlanQuery { accepted: true, ..reading.query.clone() }.path();
        view! { <p><a class="btn" href=to>"Accept it and show what changes"</a></p> }
    });
    view! {
        <section class="callout callout-bad callout-block" id="plan" aria-labelledby="plan-heading" role="alert">
            <h2 id="plan-heading">"It cannot be put back like this"</h2>
            <ul class="remarks">{each}</ul>
            {accept}
        </section>
    }
    .into_any()
}
