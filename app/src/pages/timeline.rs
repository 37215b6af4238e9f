//! The Timeline: what happened, over everything, searched and filtered by the server; the URL is the whole question.

use domain::live::Topic;
use domain::text;
use domain::view::{Around, TimelinePage, TimelineQuery};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api;
use crate::live::Live;
use crate::load::{ask, load};
use crate::pages::services::ignored;
use crate::parts::record_filter::RecordFilter;
use crate::parts::timeline::{Record, Timeline as Entries};
use crate::ui::export::export;
use crate::ui::panel::Panel;
use crate::ui::title::titled;

/// The page.
#[component]
pub(crate) fn Timeline() -> impl IntoView {
    let live = Live::here();
    let map = use_query_map();
    let understood = Memo::new(move |_| {
        map.with(|map| {
            let pairs: Vec<(String, String)> = map.clone().into_iter().map(|(name, value)| (name.into_owned(), value)).collect();
            TimelineQuery::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
        })
    });
    let asked = ask(move || (understood.get().0, live.hints(&[Topic::Timeline])), |(query, _)| api::timeline(query));
    view! {
        {move || ignored(&understood.get().1)}
        {load(asked, body)}
    }
    .into_any()
}

fn body(page: RwSignal<TimelinePage>) -> AnyView {
    let entries = Memo::new(move |_| page.with(|page| page.entries.clone()));
    let around = Memo::new(move |_| page.with(|page| page.around.clone()));
    view! {
        {titled(move || page.with(title).to_owned())}
        <div class="headline"><h1>{move || page.with(title)}</h1></div>
        {move || match around.get() {
            Some(around) => before(&around),
            None => view! { <RecordFilter page/> }.into_any(),
        }}
        {move || page.with(unsearched)}
        {move || page.with(nothing)}
        <Show when=move || entries.with(|entries| !entries.is_empty())>
            <section class="panel" aria-label="Entries, newest first"><Record entries/></section>
        </Show>
        {move || page.with(ways)}
        {move || page.with(|page| (!page.entries.is_empty()).then(|| export("These entries as CSV, newest first", page.query.csv_path())))}
    }
    .into_any()
}

fn title(page: &TimelinePage) -> &'static str {
    if page.around.is_some() { "What changed in the ten minutes before this?" } else { "Timeline" }
}

/// The entry that is asked about, what may be its cause, and what the tasks that suffered share.
fn before(around: &Around) -> AnyView {
    let (entry, suspects) = (vec![around.entry.clone()], around.suspects.clone());
    let shared = match (around.affected, around.shared.as_slice()) {
        (0, _) => "No task stopped or became unhealthy in that time.".to_owned(),
        (1, _) => "One task stopped or became unhealthy in that time: there is nothing for it to share.".to_owned(),
        (many, []) => {
            format!("{many} tasks stopped or became unhealthy; zone, NATS node, image and revision do not tell them from the others.")
        }
        (many, _) => format!("{many} tasks stopped or became unhealthy in that time:"),
    };
    let shared_list = around.shared.iter().map(|said| view! { <li><bdi>{text::shown(said)}</bdi></li> }).collect::<Vec<_>>();
    let quiet = suspects.is_empty();
    view! {
        <section class="panel" aria-label="This"><Entries entries=Signal::stored(entry) subject=true/></section>
        <div class="cols">
            <Panel id="suspects" title=|| "What changed, likeliest cause first">
                {quiet.then(|| view! { <p class="empty">"No deployment, NATS node, alarm or source changed in the ten minutes before it."</p> })}
                <Entries entries=Signal::stored(suspects) subject=true/>
            </Panel>
            <Panel id="shared" title=|| "What the affected tasks share">
                <div class="shared"><p>{shared}</p><ul>{shared_list}</ul></div>
            </Panel>
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
