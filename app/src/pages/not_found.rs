//! An address that leads nowhere.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;

/// Says so, with a status that says so too.
#[component]
pub(crate) fn NotFound() -> impl IntoView {
    #[cfg(feature = "ssr")]
    crate::error::set_status(http::StatusCode::NOT_FOUND);
    let path = use_location().pathname;
    view! {
        <Title text="Not found"/>
        <section class="trouble">
            <h1>"There is no such page"</h1>
            <p>"Nothing is kept at "<code class="wrap"><bdi>{move || domain::text::shown(&path.get())}</bdi></code>". An old bookmark, or a name misspelled?"</p>
            <p class="ways"><a class="btn" href="/">"Overview"</a><a href="/services">"All services"</a><a href="/sources">"Sources"</a></p>
        </section>
    }
    .into_any()
}
