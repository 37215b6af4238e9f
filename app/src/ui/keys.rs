//! The dialog that lists the keys.
//!
//! One element for both worlds: the link to it opens it by `:target` where there is no JavaScript, and as a true
//! dialog (focus inside, Esc closes) where there is.

use leptos::prelude::*;

/// The dialog; `open` and `close` act where JavaScript runs.
#[component]
pub(crate) fn KeysDialog(id: &'static str, keys: &'static [(&'static [&'static str], &'static str)], close: fn()) -> impl IntoView {
    let rows = keys.iter().map(|(pressed, does)| {
        let pressed = pressed.iter().map(|key| view! { <kbd>{*key}</kbd>" " }).collect_view();
        view! { <dt>{pressed}</dt><dd>{*does}</dd> }
    });
    view! {
        <dialog id=id class="keys" aria-labelledby="keys-heading">
            <h2 id="keys-heading">"Keys"</h2>
            <dl>{rows.collect_view()}</dl>
            <a
                class="btn"
                href="#"
                on:click=move |event| {
                    event.prevent_default();
                    close();
                }
            >
                "Close"
            </a>
        </dialog>
    }
}

/// The link to the dialog.
#[component]
pub(crate) fn KeysLink(href: &'static str, open: fn()) -> impl IntoView {
    view! {
        <a
            class="keys-link"
            href=href
            on:click=move |event| {
                event.prevent_default();
                open();
            }
        >
            <kbd>"?"</kbd>
            <span class="meaning">" keys"</span>
        </a>
    }
}
