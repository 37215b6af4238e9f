//! A tag: a state in a word or two, with its lamp.

use leptos::prelude::*;

use super::lamp::{Lamp, Light};

/// A word with its lamp, in the lamp's colour.
#[component]
pub(crate) fn Tag(light: Light, children: Children) -> impl IntoView {
    view! {
        <span class=format!("tag tag-{}", light.word())>
            <Lamp light worded=true/>
            <span>{children()}</span>
        </span>
    }
}
