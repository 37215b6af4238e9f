//! The list of services: filtered, sorted and paged by the server; the URL is the whole of its state.
//!
//! Of rows that are shown already the server sends the place alone, whatever was shown them before: an earlier state of this
//! page, or another filter. The trap is what was shown when the question left and not when its answer came, so each question
//! takes along what it will be filled up from.

use domain::live::Topic;
use domain::text;
use domain::view::{ServicePage, ServiceQuery};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::answer::Answer;
use crate::api::{self, Listed};
use crate::error::AppError;
use crate::keyboard::{SearchWanted, focus_search};
use crate::live::Live;
use crate::load::{ask, load};
use crate::parts::age::Age;
use crate::parts::filter::Filter;
use crate::parts::service_table::ServiceTable;
use crate::parts::stale::StaleNote;
use crate::ui::export::export;
use crate::ui::ignored::ignored;
use crate::ui::pager::Pager;
use crate::ui::title::titled;

const TOPICS: [Topic; 3] = [Topic::Services, Topic::Alarms, Topic::Sources];

/// Where it is.
pub(crate) const PATH: &str = "/services";

/// The page.
#[component]
pub(crate) fn Services() -> impl IntoView {
    let live = Live::here();
    let map = use_query_map();
    let understood = Memo::new(move |_| {
        map.with(|map| {
            let pairs: Vec<(String, String)> = map.clone().into_iter().map(|(name, value)| (name.into_owned(), value)).collect();
            ServiceQuery::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
        })
    });
    let shows = StoredValue::new(None::<Listed>);
    let about = move || (understood.get().0, live.hints(&TOPICS));
    let asked = ask(about, move |(query, _)| newest(query, shows.try_get_value().flatten()));
    view! {
        {move || ignored(&understood.get().1)}
        {load(asked, move |listed| shown(listed, shows))}
    }
    .into_any()
}

/// The page as it is now, where `shown` is on the page.
async fn newest(query: ServiceQuery, shown: Option<Listed>) -> Result<Answer<Listed>, AppError> {
    let since = shown.as_ref().map(|shown| shown.digests.clone()).unwrap_or_default();
    api::services(query, since).await?.whole(|update| update.whole(shown.as_ref()))
}

/// The page, and word of what it shows to the question that comes next.
fn shown(listed: RwSignal<Listed>, shows: StoredValue<Option<Listed>>) -> AnyView {
    let page = RwSignal::new(listed.with_untracked(|listed| listed.page.clone()));
    Effect::new(move |_| {
        listed.with(|listed| {
            shows.set_value(Some(listed.clone()));
            if page.with_untracked(|page| *page != listed.page) {
                page.set(listed.page.clone());
            }
        });
    });
    body(page)
}

fn body(page: RwSignal<ServicePage>) -> AnyView {
    if let Some(wanted) = use_context::<SearchWanted>() {
        Effect::new(move |_| {
            if wanted.0.get() {
                wanted.0.set(!focus_search());
            }
        });
    }
    let observed = Memo::new(move |_| page.with(|page| page.observed));
    let stale = Signal::derive(move || page.with(|page| (!page.stale.is_empty()).then(|| page.stale.join("; "))));
    let found = move || page.with(|page| page.matching > 0);
    view! {
        {titled(move || page.with(title))}
        <div class="headline">
            <h1>{move || page.with(title)}</h1>
            <p class="dim">{move || observed.get().map(|at| view! { "as seen "<Age of=at/> })}</p>
        </div>
        {move || view! { <StaleNote why=stale.get()/> }}
        <Filter page/>
        <Show when=found fallback=move || page.with(nothing)>
            <section class="panel list" aria-label="Services"><ServiceTable page/></section>
        </Show>
        {move || page.with(pager)}
        {move || page.with(saved)}
    }
    .into_any()
}

fn title(page: &ServicePage) -> String {
    let all = text::count(page.total, "service");
    if page.matching == page.total { all } else { format!("{} of {all}", page.matching) }
}

/// Why the list is empty and what to do about it.
fn nothing(page: &ServicePage) -> AnyView {
    if page.total == 0 {
        return view! { <p class="panel empty">"No service has been seen yet. "<a href="/sources">"Sources"</a>" tells whether the first sweep has come back."</p> }.into_any();
    }
    view! {
        <p class="panel empty">
            {format!("None of the {} matches this filter. ", text::count(page.total, "service"))}
            <a href="/services">"Clear the filter"</a>
        </p>
    }
    .into_any()
}

/// The same list, on all its pages, for a spreadsheet.
fn saved(page: &ServicePage) -> AnyView {
    let to = ServiceQuery { page: 1, ..page.query.clone() }.csv_path();
    (page.matching > 0).then(|| export("This list as CSV", to)).into_any()
}

fn pager(page: &ServicePage) -> AnyView {
    let (at, pages) = (page.query.page, page.pages());
    let to = |page_number: u32| ServiceQuery { page: page_number, ..page.query.clone() }.path();
    view! { <Pager page=at pages previous=(at > 1).then(|| to(at - 1)) next=(at < pages).then(|| to(at + 1))/> }.into_any()
}
