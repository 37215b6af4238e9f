//! Text that people paste somewhere else.

use leptos::prelude::*;

/// Text in which one click selects the whole, and nothing else; beside it a button that copies it, shown where the browser
/// has a clipboard to offer (`made::lay`).
pub(crate) fn copy(text: String) -> AnyView {
    view! { <code class="copy">{text}</code>" "<button type="button" class="btn copy-it" aria-live="polite">"copy"</button> }.into_any()
}
