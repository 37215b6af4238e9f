//! A lamp: a state as a shape and a colour, never as a colour alone.

use leptos::prelude::*;

/// What a lamp shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Light {
    /// A square.
    Bad,
    /// A triangle.
    Warn,
    /// A ring.
    Move,
    /// Hatching.
    Unknown,
    /// A disc.
    Good,
    /// An empty disc.
    Quiet,
}

impl Light {
    /// The word of its class, after `lamp-`, `tag-` or `tile-`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Warn => "warn",
            Self::Move => "move",
            Self::Unknown => "unknown",
            Self::Good => "good",
            Self::Quiet => "quiet",
        }
    }

    /// What it means, for those who cannot see it.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Warn => "caution",
            Self::Move => "changing",
            Self::Unknown => "unknown",
            Self::Good => "good",
            Self::Quiet => "quiet",
        }
    }
}

/// A lamp. It says what it shows unless a word beside it (`worded`) does so already.
#[component]
pub(crate) fn Lamp(light: Light, #[prop(optional)] worded: bool) -> impl IntoView {
    let class = format!("lamp lamp-{}", light.word());
    if worded {
        view! { <i class=class aria-hidden="true"></i> }.into_any()
    } else {
        view! { <i class=class role="img" aria-label=light.meaning()></i> }.into_any()
    }
}
