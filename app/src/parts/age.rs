//! Instants as people read them: how long ago, since when, at what time.
//!
//! Each is a `<time>` with the exact instant in `datetime` and on the tooltip, there also in the reader's own zone. What
//! is written on the page is UTC, as in AWS's and NATS's logs: two people on one incident must read the same time.
//! The text starts from the instant of the
//! answer it came with and ticks once the page is live.

use domain::Timestamp;
use domain::time::{ago, span};
use leptos::prelude::*;

use crate::now::{Now, Seed};

/// What is told of an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// `4 s ago`
    Ago,
    /// `14 min`, without a word about direction.
    For,
    /// `since 09:52:14 · 14 min`
    Since,
    /// `09:52:14`, or the date where that was another day.
    At,
}

impl Told {
    const ALL: [Self; 4] = [Self::Ago, Self::For, Self::Since, Self::At];

    /// Its word in the document, by which [`crate::made`] finds what to write anew.
    const fn word(self) -> &'static str {
        match self {
            Self::Ago => "ago",
            Self::For => "for",
            Self::Since => "since",
            Self::At => "at",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|told| told.word() == word)
    }

    /// The text at the instant `now`.
    pub(crate) fn words(self, of: Timestamp, now: Timestamp) -> String {
        match self {
            Self::Ago => ago(now, of),
            Self::For => span(now.since(of)),
            Self::Since => format!("since {} · {}", of.clock_or_date(now), span(now.since(of))),
            Self::At => of.clock_or_date(now),
        }
    }
}

fn told(told: Told, of: Timestamp, class: &'static str) -> AnyView {
    let (now, seed) = (Now::here(), use_context::<Seed>());
    let class = (!class.is_empty()).then_some(class);
    view! {
        <time class=class data-told=told.word() datetime=of.to_string() title=move || now.exact(of)>{move || told.words(of, now.get(seed))}</time>
    }
    .into_any()
}

/// `4 s ago`
#[component]
pub(crate) fn Age(of: Timestamp) -> impl IntoView {
    told(Told::Ago, of, "age")
}

/// `14 min`, without a word about direction.
#[cfg(feature = "ssr")]
#[component]
pub(crate) fn For(since: Timestamp) -> impl IntoView {
    told(Told::For, since, "")
}

/// `since 09:52:14 · 14 min`
#[component]
pub(crate) fn Since(at: Timestamp) -> impl IntoView {
    told(Told::Since, at, "age")
}

/// `09:52:14`, or the date where that was another day.
#[cfg(feature = "ssr")]
#[component]
pub(crate) fn At(at: Timestamp) -> impl IntoView {
    told(Told::At, at, "at")
}
