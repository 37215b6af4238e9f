//! Entries of the record, newest first. Each instant is the link to what changed before it.

use domain::text;
use domain::timeline::{EventKind, left_behind};
use domain::view::{LastWords, TimelineEntry};
use leptos::prelude::*;

use super::age::{Age, At};
use crate::ui::lamp::Lamp;

/// A list of entries; `subject` says whether each names what it is about. On the page of one service they need not, but
/// for its alarms, of which there are several. What says the same several times in a row is told once: a calm service
/// says every few hours that it is steady.
pub(crate) fn timeline(entries: &[TimelineEntry], subject: bool) -> AnyView {
    let lines = entries.chunk_by(same).filter_map(|same| Some((same.first()?, same.get(1..)?.last(), same.len() - 1)));
    let line = |(newest, oldest, before): (&TimelineEntry, Option<&TimelineEntry>, usize)| {
        let again = oldest.map(|oldest| view! { " "<span class="faint">{format!("and {before} more since ")}<At at=oldest.at/></span> });
        line(newest, subject, false, again.into_any())
    };
    view! { <ol class="timeline">{lines.map(line).collect::<Vec<_>>()}</ol> }.into_any()
}

/// Whether two neighbours say the same of the same.
fn same(one: &TimelineEntry, other: &TimelineEntry) -> bool {
    (one.kind, one.tone, &one.subject, &one.text) == (other.kind, other.tone, &other.subject, &other.text) && one.words.is_none()
}

/// The record itself: by day, with the kind of each entry and what a task said last.
pub(crate) fn record(entries: &[TimelineEntry]) -> AnyView {
    let mut lines = Vec::with_capacity(entries.len());
    let mut day = String::new();
    for entry in entries {
        let its = entry.at.day();
        if its != day {
            day.clone_from(&its);
            let key = format!("day-{its}");
            lines.push(view! { <li class="day" data-key=key><h2>{its}</h2></li> }.into_any());
        }
        lines.push(line(entry, true, true, ().into_any()));
    }
    view! { <ol class="timeline record">{lines}</ol> }.into_any()
}

fn line(entry: &TimelineEntry, subject: bool, whole: bool, again: AnyView) -> AnyView {
    let name = text::shown(&entry.subject);
    let about = match (subject, entry.path.clone()) {
        (false, _) if entry.kind == EventKind::Alarm => view! { <code><bdi>{name}</bdi></code>" " }.into_any(),
        (false, _) => ().into_any(),
        (true, Some(path)) => view! { <a href=path><bdi>{name}</bdi></a>" " }.into_any(),
        (true, None) => view! { <b><bdi>{name}</bdi></b>" " }.into_any(),
    };
    view! {
        <li data-key=entry.id.to_string()>
            <a class="before" href=format!("/timeline?around={}", entry.id) title="What changed before this"><At at=entry.at/></a>
            <Lamp light=entry.tone.into()/>
            <div class="said">
                {about}
                <bdi>{text::shown(&entry.text)}</bdi>
                {again}
                {entry.back.clone().map(|to| back(to, &entry.text))}
                {whole.then(|| view! { " "<span class="faint">{entry.kind.title()}" · "</span><Age of=entry.at/> })}
                {entry.words.as_ref().map(last_words)}
            </div>
        </li>
    }
    .into_any()
}

/// To the page that puts the service back to what a deployment left.
fn back(to: String, said: &str) -> AnyView {
    let left = text::shown(left_behind(said).unwrap_or("what ran before"));
    view! { " "<a href=to>{format!("Put back to {left}")}</a> }.into_any()
}

/// What a task said last, folded; or why that is not known.
pub(crate) fn last_words(words: &LastWords) -> AnyView {
    let reason = words.reason.as_deref().map(|why| view! { <p class="faint">"Last words: "<bdi>{text::shown(why)}</bdi></p> });
    if words.lines.is_empty() {
        return reason.into_any();
    }
    let said = words.lines.last().map(|line| text::shown(&line.text)).unwrap_or_default();
    view! {
        <details class="words">
            <summary>{format!("Last {}: ", text::count(words.lines.len() as u64, "line"))}<code class="ellipsis"><bdi>{said}</bdi></code></summary>
            {log(words)}
        </details>
    }
    .into_any()
}

/// Lines of a log, oldest first.
pub(crate) fn log(words: &LastWords) -> AnyView {
    let lines = words
        .lines
        .iter()
        .map(|line| view! { <span class="at">{line.at.clock_time()}" "</span><bdi>{line.text.clone()}</bdi>"\n" })
        .collect::<Vec<_>>();
    view! { <pre class="log" tabindex="0">{lines}</pre>{words.cut.then(|| view! { <p class="faint">"Cut: what is too long is left out."</p> })} }.into_any()
}
