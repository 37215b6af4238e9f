//! Alarms: the list, worst first, and who knows of what.

use domain::Timestamp;
use domain::view::{AlarmPage, AlarmQuery};
use leptos::prelude::*;

use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::age::Age;
use crate::parts::alarms::alarms;
use crate::parts::choices::{choices, search};
use crate::parts::stale::StaleNote;
use crate::ui::export::export;
use crate::ui::pager::Pager;

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>) -> Answered {
    let page = wanted.viewer.observe.alarms(AlarmQuery::from_pairs(wanted.pairs())).await?;
    Ok(Page::new(page.revision, page.headline.clone(), move || body(&page)))
}

/// What the page says first, and how old it is.
pub(super) fn headline(said: &str, observed: Option<Timestamp>) -> AnyView {
    view! {
        <div class="headline">
            <h1><span role="status">{said.to_owned()}</span></h1>
            <p class="dim">{observed.map(|at| view! { "as seen "<Age of=at/> })}</p>
        </div>
    }
    .into_any()
}

/// Why it is not current, in one sentence.
pub(super) fn stale(why: &[String]) -> Option<String> {
    (!why.is_empty()).then(|| why.join("; "))
}

/// The two halves of the subject.
pub(super) fn halves(coverage: bool) -> AnyView {
    let current = |this: bool| this.then_some("page");
    view! {
        <nav class="halves" aria-label="Alarms">
            <a href="/alarms" aria-current=current(!coverage)>"Alarms"</a>
            <a href="/alarms/coverage" aria-current=current(coverage)>"What is watched"</a>
        </nav>
    }
    .into_any()
}

fn body(page: &AlarmPage) -> AnyView {
    let known = (!page.acknowledged.is_empty()).then(|| {
        view! {
            <section class="panel" id="acknowledged" aria-label="Acknowledged, oldest first">
                <p class="note">"Acknowledged, oldest first"</p>
                {alarms(&page.acknowledged)}
            </section>
        }
    });
    let at = page.paging.clone();
    view! {
        {headline(&page.headline, page.observed)}
        {halves(false)}
        <StaleNote why=stale(&page.stale)/>
        {known}
        {search("/alarms", &page.asked)}
        {choices("By state", &page.choices)}
        {choices("Order", &page.orders)}
        <section class="panel list" aria-label="List of alarms">
            {page.rows.is_empty().then(|| nothing(page))}
            {alarms(&page.rows)}
        </section>
        <Pager page=at.page pages=at.pages previous=at.previous next=at.next/>
        {(at.matching > 0).then(|| export("This list as CSV", page.csv.clone()))}
    }
    .into_any()
}

/// Why the list is empty and what to do about it.
fn nothing(page: &AlarmPage) -> AnyView {
    if page.paging.total > 0 {
        return view! { <p class="empty">"None matches this filter. "<a href="/alarms">"Clear the filter"</a></p> }.into_any();
    }
    view! {
        <p class="empty">
            "No alarm has been seen. "<a href="/sources">"Sources"</a>" tells whether CloudWatch was read; "
            <a href="/alarms/missing">"these commands"</a>" make the alarms every service should have."
        </p>
    }
    .into_any()
}
