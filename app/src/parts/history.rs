//! A service over time: plots made by the server, set as they come. How far back stands in the URL.

use domain::live::Topic;
use domain::series::Reach;
use domain::service::ServiceKey;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api;
use crate::live::Live;
use crate::load::{ask, load_part};
use crate::ui::panel::Panel;

/// The panel of one service. Asked apart from the rest of the page: it is larger, and moves less often.
pub(crate) fn history(key: ServiceKey) -> AnyView {
    let (live, query) = (Live::here(), use_query_map());
    let reach = Memo::new(move |_| query.with(|query| query.get("reach").as_deref().and_then(Reach::from_word)).unwrap_or_default());
    let asked = ask(move || (reach.get(), live.hints(&[Topic::Metrics])), move |(reach, _)| api::history(key.clone(), reach));
    view! {
        <Panel id="history" title=|| "History">
            {load_part(asked, |panel| view! { <div inner_html=move || panel.with(|panel| panel.html.clone())></div> }.into_any())}
        </Panel>
    }
    .into_any()
}
