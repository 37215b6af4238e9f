//! A panel: one subject with its heading and, at the end of that line, how fresh it is.

use leptos::prelude::*;

/// One subject. Links to it point at `id`; `aside` stands at the end of the heading's line.
pub(crate) fn panel(id: &'static str, title: impl Into<String>, aside: impl IntoAny, content: impl IntoAny) -> AnyView {
    let heading = format!("{id}-heading");
    let named_by = heading.clone();
    let title: String = title.into();
    view! {
        <section class="panel" id=id aria-labelledby=named_by>
            <header>
                <h2 id=heading>{title}</h2>
                <div class="aside">{aside.into_any()}</div>
            </header>
            {content.into_any()}
        </section>
    }
    .into_any()
}
