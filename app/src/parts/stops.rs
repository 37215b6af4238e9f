//! Stopped tasks and why. ECS forgets them within the hour; this list does not.

use domain::text;
use domain::time::span;
use domain::view::StoppedTaskRow;
use leptos::prelude::*;

use super::age::{Age, At};
use super::timeline::last_words;
use crate::ui::lamp::Lamp;

/// The list, newest first.
pub(crate) fn stops(stops: &[StoppedTaskRow]) -> AnyView {
    view! { <ol class="stops">{stops.iter().map(line).collect::<Vec<_>>()}</ol> }.into_any()
}

fn line(stop: &StoppedTaskRow) -> AnyView {
    let lived = match stop.started {
        Some(started) => format!("ran {}", span(stop.stopped.since(started))),
        None => "never ran".to_owned(),
    };
    let words = stop.container_reason.as_deref().or(stop.reason.as_deref()).or(stop.code.as_deref());
    // what the first line does not say already
    let also =
        [stop.reason.as_deref().filter(|_| stop.container_reason.is_some()), stop.code.as_deref().filter(|code| words != Some(*code))];
    let also: Vec<String> = also.into_iter().flatten().map(text::shown).collect();
    let facts: Vec<String> = [stop.revision.as_deref(), stop.zone.as_deref()].into_iter().flatten().map(text::shown).collect();
    view! {
        <li data-key=stop.id.clone()>
            <Lamp light=stop.tone.into()/>
            <div class="what">
                <p class="why"><b>{exit(stop.exit_code)}</b><bdi>{words.map_or_else(|| "no reason given".to_owned(), text::shown)}</bdi></p>
                <p class="dim"><bdi>{also.join(" · ")}</bdi></p>
                <p class="dim">
                    {format!("{lived} · ")}
                    <bdi>{facts.join(" · ")}</bdi>
                    " · "
                    <code class="copy">{text::shown(&stop.id)}</code>
                    {stop.entry.map(|id| view! { " · "<a class="before" href=format!("/timeline?around={id}")>"what changed before"</a> })}
                </p>
                {stop.words.as_ref().map(last_words)}
            </div>
            <span class="when"><At at=stop.stopped/>" "<Age of=stop.stopped/></span>
        </li>
    }
    .into_any()
}

/// The code, and what it means where everybody would look it up.
fn exit(code: Option<i32>) -> String {
    match code {
        None => String::new(),
        Some(137) => "exit 137 (killed), ".to_owned(),
        Some(143) => "exit 143 (asked to stop), ".to_owned(),
        Some(139) => "exit 139 (crashed), ".to_owned(),
        Some(code) => format!("exit {code}, "),
    }
}
