//! Which page of a long list this is, and the way to the others.

use leptos::prelude::*;

/// `page` of `pages`, with the addresses of those around it.
#[component]
pub(crate) fn Pager(page: u32, pages: u32, previous: Option<String>, next: Option<String>) -> impl IntoView {
    (pages > 1).then(|| {
        view! {
            <nav class="pager" aria-label="Pages of the list">
                {previous.map(|to| view! { <a class="btn" rel="prev" href=to>"Previous"</a> })}
                <span>{format!("page {page} of {pages}")}</span>
                {next.map(|to| view! { <a class="btn" rel="next" href=to>"Next"</a> })}
            </nav>
        }
    })
}
