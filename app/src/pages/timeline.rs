//! The Timeline: what happened, over everything, searched and filtered by the server; the URL is the whole question.

use domain::text;
use domain::view::{Around, TimelinePage, TimelineQuery};
use leptos::prelude::*;

use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::record_filter::record_filter;
use crate::parts::timeline::{record, timeline};
use crate::ui::export::export;
use crate::ui::ignored::ignored;
use crate::ui::panel::panel;

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>) -> Answered {
    let (query, words) = TimelineQuery::from_pairs(wanted.pairs());
    let page = wanted.viewer.observe.timeline(query).await?;
    Ok(Page::new(page.revision, title(&page), move || body(&page, &words)))
}

fn body(page: &TimelinePage, words: &[String]) -> AnyView {
    let above = match &page.around {
        Some(around) => before(around),
        None => record_filter(page),
    };
    let entries = (!page.entries.is_empty())
        .then(|| view! { <section class="panel" aria-label="Entries, newest first">{record(&page.entries)}</section> });
    let csv = (!page.entries.is_empty()).then(|| export("These entries as CSV, newest first", page.query.csv_path()));
    view! {
        {ignored(words)}
        <div class="headline"><h1>{title(page)}</h1></div>
        {above}
        {unsearched(page)}
        {nothing(page)}
        {entries}
        {ways(page)}
        {csv}
    }
    .into_any()
}

fn title(page: &TimelinePage) -> &'static str {
    if page.around.is_some() { "What changed in the ten minutes before this?" } else { "Timeline" }
}

/// The entry that is asked about, what may be its cause, and what the tasks that suffered share.
fn before(around: &Around) -> AnyView {
    let shared = match (around.affected, around.shared.as_slice()) {
        (0, _) => "No task stopped or became unhealthy in that time.".to_owned(),
        (1, _) => "One task stopped or became unhealthy in that time: there is nothing for it to share.".to_owned(),
        (many, []) => {
            format!("{many} tasks stopped or became unhealthy; zone, NATS node, image and revision do not tell them from the others.")
        }
        (many, _) => format!("{many} tasks stopped or became unhealthy in that time:"),
    };
    let shared_list = around.shared.iter().map(|said| view! { <li><bdi>{text::shown(said)}</bdi></li> }).collect::<Vec<_>>();
    let shared = view! { <div class="shared"><p>{shared}</p><ul>{shared_list}</ul></div> };
    let none = around
        .suspects
        .is_empty()
        .then(|| view! { <p class="empty">"No deployment, NATS node, alarm or source changed in the ten minutes before it."</p> });
    let suspects = view! { {none}{timeline(&around.suspects, true)} };
    view! {
        <section class="panel" aria-label="This">{timeline(std::slice::from_ref(&around.entry), true)}</section>
        <div class="cols">
            {panel("suspects", "What changed, likeliest cause first", (), suspects)}
            {panel("shared", "What the affected tasks share", (), shared)}
        </div>
        <h2>"Everything in those ten minutes"{around.more.then_some(", the newest of it")}</h2>
    }
    .into_any()
}

fn unsearched(page: &TimelinePage) -> AnyView {
    let said = (page.unsearched > 0 && page.query.filters()).then(|| {
        format!(
            "The oldest {} on record cannot be searched yet and may be missing here; that ends by itself.",
            text::count(page.unsearched, "line")
        )
    });
    said.map(|said| view! { <p class="stale-note" role="status">{said}</p> }).into_any()
}

/// Why the list is empty and what to do about it.
fn nothing(page: &TimelinePage) -> AnyView {
    if !page.entries.is_empty() {
        return ().into_any();
    }
    let query = &page.query;
    let said = if page.around.is_some() {
        "Nothing else is on record for those ten minutes."
    } else if !query.q.is_empty() && !query.q.contains(char::is_alphanumeric) {
        "Nothing is found by signs alone: a search needs a letter or a digit."
    } else if query.filters() || query.before.is_some() || query.after.is_some() {
        "Nothing on record matches. Every word must occur, each as the beginning of a word; quotes and signs have no meaning."
    } else {
        "Nothing has happened since Signalbox began to look."
    };
    let clear = query.filters().then(|| view! { " "<a href="/timeline">"The whole timeline"</a> });
    view! { <p class="panel empty">{said}{clear}</p> }.into_any()
}

/// To newer and older entries.
fn ways(page: &TimelinePage) -> AnyView {
    if page.around.is_some() {
        return view! { <p><a class="btn" href="/timeline">"The whole timeline"</a></p> }.into_any();
    }
    let query = &page.query;
    let newer = page.newer.clone().map(|after| TimelineQuery { after: Some(after), ..query.newest() }.path());
    let older = page.older.clone().map(|before| TimelineQuery { before: Some(before), ..query.newest() }.path());
    let newest = (query.before.is_some() || query.after.is_some()).then(|| query.newest().path());
    view! {
        <nav class="pager" aria-label="Pages of the timeline">
            {newest.map(|to| view! { <a class="btn" href=to>"Newest"</a> })}
            {newer.map(|to| view! { <a class="btn" rel="prev" href=to>"Newer"</a> })}
            {older.map(|to| view! { <a class="btn" rel="next" href=to>"Older"</a> })}
        </nav>
    }
    .into_any()
}
