//! The way to a table as CSV, beside the table.

use leptos::prelude::*;

/// A link that saves what is at `to`; it works without JavaScript, and keeps what the page was asked.
pub(crate) fn export(label: impl Into<String>, to: impl Into<String>) -> AnyView {
    view! { <p class="export"><a href=to.into() download="" rel="external">{label.into()}</a></p> }.into_any()
}
