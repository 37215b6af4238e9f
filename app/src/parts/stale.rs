//! Why something cannot be trusted as current, said where it is shown.

use leptos::prelude::*;

use crate::ui::lamp::{Lamp, Light};

/// A sentence above what is greyed; nothing while it is current.
#[component]
pub(crate) fn StaleNote(why: Option<String>) -> impl IntoView {
    why.map(|why| {
        view! {
            <p class="stale-note" role="status">
                <Lamp light=Light::Unknown worded=true/>
                <span>"Not current: "<bdi>{domain::text::shown(&why)}</bdi>"."</span>
            </p>
        }
    })
}
