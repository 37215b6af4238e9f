//! Alarms: the list, worst first, and who knows of what.

use domain::live::Topic;
use domain::view::AlarmPage;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api::{self, Pairs};
use crate::live::Live;
use crate::load::{ask, load};
use crate::parts::age::Age;
use crate::parts::alarms::Alarms as List;
use crate::parts::choices::{choices, search};
use crate::parts::stale::StaleNote;
use crate::ui::export::export;
use crate::ui::pager::Pager;
use crate::ui::title::titled;

/// The pairs of the URL's query.
pub(super) fn pairs() -> Memo<Pairs> {
    let map = use_query_map();
    Memo::new(move |_| map.with(|map| map.clone().into_iter().map(|(name, value)| (name.into_owned(), value)).collect()))
}

/// The page.
#[component]
pub(crate) fn Alarms() -> impl IntoView {
    let (live, pairs) = (Live::here(), pairs());
    let asked = ask(move || (pairs.get(), live.hints(&[Topic::Alarms, Topic::Sources])), |(pairs, _)| api::alarms(pairs));
    load(asked, body)
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

fn body(page: RwSignal<AlarmPage>) -> AnyView {
    let rows = Memo::new(move |_| page.with(|page| page.rows.clone()));
    let known = Memo::new(move |_| page.with(|page| page.acknowledged.clone()));
    let asked = Memo::new(move |_| page.with(|page| page.asked.clone()));
    let stale = Signal::derive(move || page.with(|page| (!page.stale.is_empty()).then(|| page.stale.join("; "))));
    let headline = move || page.with(|page| page.headline.clone());
    view! {
        {titled(headline)}
        <div class="headline">
            <h1><span role="status">{headline}</span></h1>
            <p class="dim">{move || page.with(|page| page.observed).map(|at| view! { "as seen "<Age of=at/> })}</p>
        </div>
        {halves(false)}
        <StaleNote why=stale/>
        <Show when=move || known.with(|known| !known.is_empty())>
            <section class="panel" id="acknowledged" aria-label="Acknowledged, oldest first">
                <p class="note">"Acknowledged, oldest first"</p>
                <List alarms=known/>
            </section>
        </Show>
        {move || asked.with(|asked| search("/alarms", asked))}
        {move || page.with(|page| choices("By state", &page.choices))}
        {move || page.with(|page| choices("Order", &page.orders))}
        <section class="panel list" aria-label="List of alarms">
            {move || rows.with(Vec::is_empty).then(|| page.with(nothing))}
            <List alarms=rows/>
        </section>
        {move || page.with(|page| {
            let at = page.paging.clone();
            view! { <Pager page=at.page pages=at.pages previous=at.previous next=at.next/> }
        })}
        {move || page.with(|page| (page.paging.matching > 0).then(|| export("This list as CSV", page.csv.clone())))}
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
