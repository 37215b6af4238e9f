//! Instants as people read them: how long ago, since when, at what time.
//!
//! Each is a `<time>` with the exact instant in `datetime` and on the tooltip. The text starts from the instant of the
//! answer it came with and ticks once the page is live.

use domain::Timestamp;
use domain::time::{ago, span};
use leptos::prelude::*;

use crate::now::{Now, Seed};

fn clock() -> impl Fn() -> Timestamp + Copy {
    let (now, seed) = (Now::here(), use_context::<Seed>());
    move || now.get(seed)
}

/// `4 s ago`
#[component]
pub(crate) fn Age(of: Timestamp) -> impl IntoView {
    let now = clock();
    let exact = of.to_string();
    view! { <time class="age" datetime=exact.clone() title=exact>{move || ago(now(), of)}</time> }
}

/// `14 min`, without a word about direction.
#[component]
pub(crate) fn For(since: Timestamp) -> impl IntoView {
    let now = clock();
    let exact = since.to_string();
    view! { <time datetime=exact.clone() title=exact>{move || span(now().since(since))}</time> }
}

/// `since 09:52:14 · 14 min`
#[component]
pub(crate) fn Since(at: Timestamp) -> impl IntoView {
    let now = clock();
    let exact = at.to_string();
    view! {
        <time class="age" datetime=exact.clone() title=exact>
            {move || format!("since {} · {}", at.clock_or_date(now()), span(now().since(at)))}
        </time>
    }
}

/// `09:52:14`, or the date where that was another day.
#[component]
pub(crate) fn At(at: Timestamp) -> impl IntoView {
    let now = clock();
    let exact = at.to_string();
    view! { <time class="at" datetime=exact.clone() title=exact>{move || at.clock_or_date(now())}</time> }
}
