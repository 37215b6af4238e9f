//! The missing alarms, written out to be copied or saved.

use domain::view::MissingAlarms;
use leptos::prelude::*;

use super::alarms::{halves, pairs};
use crate::api;
use crate::load::{ask, load};
use crate::parts::choices::choices;
use crate::ui::title::titled;

/// The page. Not live: a text must not change under somebody who is copying it.
#[component]
pub(crate) fn Missing() -> impl IntoView {
    let pairs = pairs();
    load(ask(move || pairs.get(), api::missing), body)
}

fn body(page: RwSignal<MissingAlarms>) -> AnyView {
    let headline = move || page.with(|page| page.headline.clone());
    view! {
        {titled(headline)}
        <div class="headline"><h1><bdi>{headline}</bdi></h1></div>
        {halves(true)}
        <p class="dim">"Signalbox makes no alarm itself. Read this, then run it where you may."</p>
        {move || page.with(|page| choices("Written as", &page.forms))}
        {move || page.with(|page| view! {
            <p><a class="btn" href=page.download.clone() download=page.file_name.clone() rel="external">{format!("Save as {}", page.file_name)}</a></p>
            <section class="panel" aria-label="The missing alarms"><pre class="script" tabindex="0"><code>{page.text.clone()}</code></pre></section>
        })}
    }
    .into_any()
}
