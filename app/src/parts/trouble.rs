//! The one way in which the lack of an answer is shown.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::error::AppError;
use crate::ui::lamp::{Lamp, Light};

/// Why there is nothing here, and where to go.
#[component]
pub(crate) fn Trouble(error: AppError) -> impl IntoView {
    let title = error.title();
    view! {
        <Title text=title/>
        <section class="trouble" role="alert">
            <h1><Lamp light=Light::Bad/>" "{title}</h1>
            <p><bdi>{domain::text::shown(&error.to_string())}</bdi></p>
            <p class="ways">
                <a class="btn" href="" rel="external">"Try again"</a>
                <a href="/">"Overview"</a>
                <a href="/services">"All services"</a>
                <a href="/sources">"Sources"</a>
            </p>
        </section>
    }
    .into_any()
}
