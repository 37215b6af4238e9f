//! Whether the page moves by itself: the tag in the bar.
//!
//! Three truths, each in its own words: the page stands still (as rendered, or without JavaScript), it is live and so
//! many seconds behind, or the line broke and is being made again.

use domain::Timestamp;
use domain::time::span;
use leptos::prelude::*;

use crate::live::{Line, Live};
use crate::now::{Now, Seed};
use crate::ui::lamp::Light;
use crate::ui::tag::Tag;

/// The tag; `newest` is when a source last answered.
#[component]
pub(crate) fn LiveTag(#[prop(into)] newest: Signal<Option<Timestamp>>) -> impl IntoView {
    let (live, now, seed) = (Live::here(), Now::here(), use_context::<Seed>());
    let state = Memo::new(move |_| live.line());
    let as_of = seed.map(|seed| seed.0.clock_time()).unwrap_or_default();
    let behind = move || match newest.get() {
        Some(at) => format!(", {} behind", span(now.get(seed).since(at))),
        None => ", nothing read yet".to_owned(),
    };
    move || {
        match state.get() {
        Line::Still => view! {
            <span class="live">
                <span class="still">{format!("as of {as_of} UTC")}</span>
                <a href="" rel="external">"reload"</a>
            </span>
        }
        .into_any(),
        Line::Open => view! {
            <span class="live"><Tag light=Light::Good><span role="status">"live"</span>{behind}</Tag></span>
        }
        .into_any(),
        Line::Lost { since } => view! {
            <span class="live"><Tag light=Light::Bad><span role="status">{format!("reconnecting since {}", since.clock_time())}</span></Tag></span>
        }
        .into_any(),
    }
    }
}
