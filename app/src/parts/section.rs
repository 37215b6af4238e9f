//! The pages of the Readiness section, one beside the other: what stands below the heading of each of them.

use leptos::prelude::*;

/// A page of the section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// The score and what explains it.
    Readiness,
    /// What changed since an instant.
    Changes,
    /// What people stand for.
    Attestations,
    /// Failures that are accepted.
    Waivers,
    /// Lists people keep.
    Checklists,
    /// Documents to hand over.
    Reports,
}

impl Section {
    const ALL: [Self; 6] = [Self::Readiness, Self::Changes, Self::Attestations, Self::Waivers, Self::Checklists, Self::Reports];

    const fn words(self) -> &'static str {
        match self {
            Self::Readiness => "Readiness",
            Self::Changes => "What changed",
            Self::Attestations => "Attestations",
            Self::Waivers => "Waivers",
            Self::Checklists => "Checklists",
            Self::Reports => "Reports",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Readiness => "/readiness",
            Self::Changes => "/readiness/changes",
            Self::Attestations => "/readiness/attest",
            Self::Waivers => "/readiness/waivers",
            Self::Checklists => "/readiness/checklists",
            Self::Reports => "/reports",
        }
    }
}

/// The ways to them; `current` is the page itself, none one that stands below them, such as a service's.
pub(crate) fn section(current: Option<Section>) -> AnyView {
    let way = |page: Section| {
        let current = (current == Some(page)).then_some("page");
        view! { <a href=page.path() aria-current=current>{page.words()}</a> }
    };
    view! { <nav class="halves" aria-label="Readiness section">{Section::ALL.map(way).into_iter().collect::<Vec<_>>()}</nav> }.into_any()
}
