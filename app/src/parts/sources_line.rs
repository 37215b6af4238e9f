//! Where every fact on the page comes from and how old it is: the line at the foot of each page.

use domain::source::SourceId;
use domain::text;
use domain::view::SourceBrief;
use leptos::prelude::*;

use super::age::Age;
use crate::ui::lamp::Lamp;

/// The page of a source.
pub(crate) fn source_path(id: &SourceId) -> String {
    format!("/sources#{}", domain::service::encoded(&id.to_string()))
}

/// One source each: lamp, name, age, cost.
#[component]
pub(crate) fn SourcesLine(#[prop(into)] sources: Signal<Vec<SourceBrief>>) -> impl IntoView {
    view! { <ul class="sources-line">{move || sources.get().iter().map(brief).collect::<Vec<_>>()}</ul> }
}

fn brief(source: &SourceBrief) -> AnyView {
    let title = text::shown(&source.summary);
    let name = format!("{} {}", source.id.kind.title(), text::shown(&source.id.scope));
    let age = match source.observed {
        Some(at) => view! { <Age of=at/> }.into_any(),
        None => view! { <span class="age">"no answer yet"</span> }.into_any(),
    };
    let calls = text::count(source.calls.into(), "call");
    view! {
        <li>
            <a href=source_path(&source.id) title=title>
                <Lamp light=source.tone.into()/>
                <span class="ellipsis"><bdi>{name}</bdi></span>
                {age}
                <span class="faint">{format!("{calls} a sweep")}</span>
            </a>
        </li>
    }
    .into_any()
}
