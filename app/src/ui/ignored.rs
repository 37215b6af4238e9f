//! What of a URL no filter understood.

use leptos::prelude::*;

/// Names it, so that nobody takes a list for filtered that is not.
pub(crate) fn ignored(words: &[String]) -> AnyView {
    if words.is_empty() {
        return ().into_any();
    }
    view! { <p class="stale-note" role="status">"Ignored, because it is no filter of this list: "<code><bdi>{words.join(" ")}</bdi></code></p> }.into_any()
}
