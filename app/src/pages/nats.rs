//! NATS: what is wrong, the nodes, whose the connections are. A sheet; its URL is the whole of its state.

use domain::live::Topic;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api;
use crate::live::Live;
use crate::load::{ask, load};
use crate::parts::sheet::sheet;

/// The page.
#[component]
pub(crate) fn Nats() -> impl IntoView {
    let live = Live::here();
    let map = use_query_map();
    let pairs = Memo::new(move |_| {
        map.with(|map| map.clone().into_iter().map(|(name, value)| (name.into_owned(), value)).collect::<Vec<(String, String)>>())
    });
    // every sweep moves the numbers, so ages and sources count as well
    let asked = ask(move || (pairs.get(), live.hints(&[Topic::Nats, Topic::Sources])), |(pairs, _)| api::nats(pairs));
    load(asked, sheet)
}
