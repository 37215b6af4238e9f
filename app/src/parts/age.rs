//! Instants as people read them: how long ago, since when, at what time.
//!
//! Each is a `<time>` with the exact instant in `datetime` and on the tooltip, there also in the reader's own zone. What
//! is written on the page is UTC, as in AWS's and NATS's logs: two people on one incident must read the same time.
//! The text starts from the instant of the
//! answer it came with and ticks once the page is live.

use domain::Timestamp;
use domain::time::{ago, span};
use leptos::prelude::*;

use crate::now::{Now, Seed};

fn clock() -> impl Fn() -> Timestamp + Copy {
    let (now, seed) = (Now::here(), use_context::<Seed>());
    move || now.get(seed)
}

fn exact(of: Timestamp) -> impl Fn() -> String + Copy {
    let now = Now::here();
    move || now.exact(of)
}

/// `4 s ago`
#[component]
pub(crate) fn Age(of: Timestamp) -> impl IntoView {
    let now = clock();
    let title = exact(of);
    view! { <time class="age" datetime=of.to_string() title=title>{move || ago(now(), of)}</time> }
}

/// `14 min`, without a word about direction.
#[component]
pub(crate) fn For(since: Timestamp) -> impl IntoView {
    let now = clock();
    let title = exact(since);
    view! { <time datetime=since.to_string() title=title>{move || span(now().since(since))}</time> }
}

/// `since 09:52:14 · 14 min`
#[component]
pub(crate) fn Since(at: Timestamp) -> impl IntoView {
    let now = clock();
    let title = exact(at);
    view! {
        <time class="age" datetime=at.to_string() title=title>
            {move || format!("since {} · {}", at.clock_or_date(now()), span(now().since(at)))}
        </time>
    }
}

/// `09:52:14`, or the date where that was another day.
#[component]
pub(crate) fn At(at: Timestamp) -> impl IntoView {
    let now = clock();
    let title = exact(at);
    view! { <time class="at" datetime=at.to_string() title=title>{move || at.clock_or_date(now())}</time> }
}
