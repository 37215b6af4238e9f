//! Entries of the record, newest first.

use domain::text;
use domain::timeline::EventKind;
use domain::view::TimelineEntry;
use leptos::prelude::*;

use super::age::At;
use crate::ui::lamp::Lamp;

/// A list of entries; `subject` says whether each names what it is about. On the page of one service they need not, but
/// for its alarms, of which there are several.
#[component]
pub(crate) fn Timeline(#[prop(into)] entries: Signal<Vec<TimelineEntry>>, #[prop(optional)] subject: bool) -> impl IntoView {
    view! {
        <ol class="timeline">
            <For each=move || entries.get() key=|entry| entry.id children=move |entry| line(&entry, subject)/>
        </ol>
    }
    .into_any()
}

fn line(entry: &TimelineEntry, subject: bool) -> AnyView {
    let name = text::shown(&entry.subject);
    let about = match (subject, entry.path.clone()) {
        (false, _) if entry.kind == EventKind::Alarm => view! { <code><bdi>{name}</bdi></code>" " }.into_any(),
        (false, _) => ().into_any(),
        (true, Some(path)) => view! { <a href=path><bdi>{name}</bdi></a>" " }.into_any(),
        (true, None) => view! { <b><bdi>{name}</bdi></b>" " }.into_any(),
    };
    view! {
        <li>
            <At at=entry.at/>
            <Lamp light=entry.tone.into()/>
            <span class="said">{about}<bdi>{text::shown(&entry.text)}</bdi></span>
        </li>
    }
    .into_any()
}
