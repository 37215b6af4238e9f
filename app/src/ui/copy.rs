//! Text that people paste somewhere else.

use leptos::prelude::*;

/// Text in which one click selects the whole, and nothing else.
#[component]
pub(crate) fn Copy(#[prop(into)] text: String) -> impl IntoView {
    view! { <code class="copy">{text}</code> }
}
