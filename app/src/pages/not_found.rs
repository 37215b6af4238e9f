//! An address that leads nowhere.

use domain::text;
use leptos::prelude::*;

use crate::error::set_status;
use crate::made::compose::Page;

/// Says so, with a status that says so too.
pub(crate) fn page(path: &str) -> Page {
    set_status(http::StatusCode::NOT_FOUND);
    let path = text::shown(path);
    Page::new(0, "Not found", move || {
        view! {
            <section class="trouble">
                <h1>"There is no such page"</h1>
                <p>"Nothing is kept at "<code class="wrap"><bdi>{path}</bdi></code>". An old bookmark, or a name misspelled?"</p>
                <p class="ways"><a class="btn" href="/">"Overview"</a><a href="/services">"All services"</a><a href="/sources">"Sources"</a></p>
            </section>
        }
        .into_any()
    })
}
