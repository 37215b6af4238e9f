//! Reports: making one, with a look at its first page before; those that were made, in every format; how one is checked.
//!
//! One form asks and makes: by GET it shows what a report would say, with everything typed in the address; its other button sends
//! the same fields by POST. The trap is a preview that takes the page down with it: what is wrong with a wish is told in place
//! of the preview, and the list stands all the same.
//!
//! | module | holds |
//! |---|---|
//! | `preview` | the first page of a report that was not made |
//! | `shelf` | those that were |

use domain::account::Role;
use domain::change::FieldProblem;
use domain::text;
use domain::view::{ReportPeriod, ReportsPage, ReportsQuery};
use domain::{Failure, Timestamp};
use leptos::prelude::*;

use crate::access::Viewer;
use crate::api::form as forms;
use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::act::{MAY_NOT, may_not, was_refused};
use crate::parts::section::{Section, section};
use crate::ui::copy::copy;
use crate::ui::ignored::ignored;
use crate::ui::panel::panel;

mod preview;
mod shelf;

/// Who looks, at what, and what was wrong with what they asked.
struct Reading {
    query: ReportsQuery,
    may_not: Option<String>,
    refused: Option<String>,
    problems: Vec<FieldProblem>,
    now: Timestamp,
}

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>) -> Answered {
    let viewer = wanted.viewer;
    let query = ReportsQuery::from_pairs(wanted.pairs());
    let may_not = viewer.actor.may(Role::Operator).err().map(|error: Failure| error.to_string());
    let (page, problems) = asked(viewer, &query).await?;
    let reading = Reading { query, may_not, refused: forms::refused(), problems, now: viewer.observe.frame().now };
    Ok(Page::new(page.revision, "Reports", move || body(&page, reading)))
}

/// The page, and what stands in the way of its preview.
async fn asked(viewer: &Viewer, query: &ReportsQuery) -> Result<(ReportsPage, Vec<FieldProblem>), Failure> {
    let problems = match viewer.reports.reports(query.clone()).await {
        Err(Failure::Unfit { fields }) if query.preview => fields,
        Err(Failure::Refused { why }) if query.preview => vec![FieldProblem::new("report", why)],
        other => return Ok((other?, Vec::new())),
    };
    let without = ReportsQuery { preview: false, ..query.clone() };
    Ok((viewer.reports.reports(without).await?, problems))
}

fn body(page: &ReportsPage, mut reading: Reading) -> AnyView {
    let refused = reading.refused.take();
    view! {
        {ignored(&reading.query.ignored)}
        <div class="headline">
            <h1>"Reports"</h1>
            <p class="dim">"How ready the fleet is, as a document to hand over: with its evidence, signed, the same for ever."</p>
        </div>
        {section(Some(Section::Reports))}
        {was_refused(refused)}
        {may_not(reading.may_not.as_deref())}
        {panel("make", "A new report", (), form(page, &reading))}
        {preview::preview(page.preview.as_ref(), &reading.problems)}
        {panel("shelf", "Made so far", text::count(page.paging.total, "report"), shelf::shelf(page))}
        {panel("check", "How a report is checked", (), check(&page.key))}
    }
    .into_any()
}

fn form(page: &ReportsPage, reading: &Reading) -> AnyView {
    let query = &reading.query;
    let periods = ReportPeriod::ALL.into_iter().map(|period| {
        view! {
            <li>
                <label class="pick">
                    <input type="radio" name="period" value=period.as_str() checked={period == query.period}/>
                    <span>{period.title()}</span>
                </label>
            </li>
        }
        .into_any()
    });
    let environments = page.environments.iter().map(|name| {
        let shown = text::shown(name);
        view! { <option value=name.clone() selected={*name == query.environment}>{shown}</option> }.into_any()
    });
    let (barred, described) = (reading.may_not.is_some(), reading.may_not.is_some().then_some(MAY_NOT));
    // the field's own form: no zone, no seconds
    let latest = reading.now.to_string().get(..16).unwrap_or_default().to_owned();
    let schedule = page.schedule.as_ref().map(|schedule| {
        let failing = schedule.failing.as_ref().map(|why| view! { <p class="stale-note" role="status">{text::shown(why)}" It is tried again."</p> });
        view! {
            <p class="note">
                {format!("One is made by itself every {} and written to ", schedule.every)}<code><bdi>{schedule.directory.clone()}</bdi></code>"."
            </p>
            {failing}
        }
    });
    view! {
        <form class="act report-form" action="/reports#preview" method="get">
            <fieldset>
                <legend>"What it tells of"</legend>
                <ul class="periods">{periods.collect::<Vec<_>>()}</ul>
                <div class="row">
                    <label class="instant"><span>"From (UTC)"</span><input type="datetime-local" name="from" max=latest.clone() value=query.from.clone()/></label>
                    <label class="instant"><span>"To (UTC)"</span><input type="datetime-local" name="to" max=latest value=query.to.clone()/></label>
                    <label>
                        <span>"Environment"</span>
                        <select name="environment"><option value="">"all of them"</option>{environments.collect::<Vec<_>>()}</select>
                    </label>
                </div>
            </fieldset>
            <label class="pick">
                <input type="checkbox" name="redact" value="1" checked=query.redact/>
                <span>"Replace accounts, addresses and names: for readers outside"</span>
            </label>
            <p class="ways">
                <button class="btn" type="submit" name="preview" value="1">"Preview"</button>
                <button class="btn btn-primary" type="submit" formaction="/api/report_make" formmethod="post" disabled=barred aria-describedby=described>
                    "Make the report"
                </button>
                <span class="dim">"The score is of now, whatever the period; changes and incidents are of the period. A report is kept for ever."</span>
            </p>
        </form>
        {schedule}
    }
    .into_any()
}

/// What whoever has a file needs.
fn check(key: &str) -> AnyView {
    view! {
        <p class="note">
            "HTML, JSON, Markdown, JUnit and SARIF hold the whole report, signed. Whoever has such a file and this key, from somewhere "
            "else than the file, can check it without Signalbox: the signature, the score from the evidence inside, and every word that is shown."
        </p>
        <dl class="kv">
            <dt>"Public key"</dt>
            <dd>{copy(key.to_owned())}</dd>
            <dt>"Published at"</dt>
            <dd><a href="/.well-known/signalbox-report-key" rel="external"><code>"/.well-known/signalbox-report-key"</code></a></dd>
            <dt>"Command"</dt>
            <dd>{copy(format!("signalbox report verify FILE --key {key}"))}</dd>
        </dl>
    }
    .into_any()
}
