//! A panel: one subject with its heading and, at the end of that line, how fresh it is.

use leptos::prelude::*;

/// One subject.
#[component]
pub(crate) fn Panel(
    /// Where links to it point.
    id: &'static str,
    #[prop(into)] title: ViewFn,
    /// What stands at the end of the heading's line.
    #[prop(optional, into)]
    aside: ViewFn,
    children: Children,
) -> impl IntoView {
    let heading = format!("{id}-heading");
    let named_by = heading.clone();
    view! {
        <section class="panel" id=id aria-labelledby=named_by>
            <header>
                <h2 id=heading>{title.run()}</h2>
                <div class="aside">{aside.run()}</div>
            </header>
            {children()}
        </section>
    }
    .into_any()
}
