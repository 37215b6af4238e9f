//! Whether the page moves by itself: the tag in the bar.
//!
//! Three truths, each in its own words: the page stands still (as rendered, or without JavaScript), it is live and so
//! many seconds behind, or the line broke and is being made again.

use domain::judge::Tone;
use domain::text;
use domain::time::span;
use domain::view::SourceBrief;
use leptos::prelude::*;

use crate::live::{Line, Live};
use crate::now::{Now, Seed};
use crate::ui::lamp::Light;
use crate::ui::tag::Tag;

/// The tag, with the sources whose newest answer says how far behind the page is.
#[component]
pub(crate) fn LiveTag(#[prop(into)] sources: Signal<Vec<SourceBrief>>) -> impl IntoView {
    let (live, now, seed) = (Live::here(), Now::here(), use_context::<Seed>());
    let state = Memo::new(move |_| live.line());
    let as_of = seed.map(|seed| seed.0.clock_time()).unwrap_or_default();
    let told = Memo::new(move |_| sources.with(|sources| told(sources)));
    let behind = move || match told.get() {
        Told::Behind(at) => format!(", {} behind", span(now.get(seed).since(at))).into_any(),
        // where the bar is short of room the sentence is read out, and the few words are seen
        Told::Silent(silent) => view! {
            <span class="meaning">{format!(", but {}", not_answering(silent))}</span>
            <span class="brief" aria-hidden="true">{format!(", {} silent", text::count(silent, "source"))}</span>
        }
        .into_any(),
        Told::Nothing => ", nothing read yet".into_any(),
    };
    let title = move || match told.get() {
        Told::Silent(silent) => Some(not_answering(silent)),
        Told::Behind(_) | Told::Nothing => None,
    };
    move || {
        match state.get() {
        Line::Still => view! {
            <span class="live">
                <span class="still">{format!("as of {as_of} UTC")}</span>
                <a href="" rel="external">"reload"</a>
            </span>
        }
        .into_any(),
        Line::Open => view! {
            <span class="live" title=title><Tag light=told.get().light()><span role="status">"live"</span>{behind}</Tag></span>
        }
        .into_any(),
        Line::Lost { since } => view! {
            <span class="live"><Tag light=Light::Bad><span role="status">{format!("reconnecting since {}", since.clock_time())}</span></Tag></span>
        }
        .into_any(),
    }
    }
}

/// What the sources say of the page's age.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// All answer, the newest answer came then.
    Behind(domain::Timestamp),
    /// So many do not answer.
    Silent(u64),
    /// None has answered yet.
    Nothing,
}

impl Told {
    fn light(self) -> Light {
        match self {
            Self::Behind(_) => Light::Good,
            Self::Silent(_) => Light::Warn,
            Self::Nothing => Light::Move,
        }
    }
}

/// `12 sources do not answer`.
fn not_answering(silent: u64) -> String {
    format!("{} {} not answer", text::count(silent, "source"), if silent == 1 { "does" } else { "do" })
}

fn told(sources: &[SourceBrief]) -> Told {
    let silent = sources.iter().filter(|source| matches!(source.tone, Tone::Bad | Tone::Unknown)).count() as u64;
    match sources.iter().filter_map(|source| source.observed).max() {
        _ if silent > 0 => Told::Silent(silent),
        Some(at) => Told::Behind(at),
        None => Told::Nothing,
    }
}
