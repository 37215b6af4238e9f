//! The title of the tab.
//!
//! Separate from `leptos_meta`'s own because of when that asks for the text: on the server after the body is written,
//! when the signals the text is made from may be gone already (the page then failed, one in some hundred under load).
//! Here the server says it at once; the browser follows it.

use leptos::prelude::*;
use leptos::text_prop::TextProp;
use leptos_meta::Title;

/// Names the page.
pub(crate) fn titled(text: impl Fn() -> String + Send + Sync + 'static) -> impl IntoView {
    let text: TextProp = if cfg!(feature = "ssr") { text().into() } else { text.into() };
    view! { <Title text/> }
}
