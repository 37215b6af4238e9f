//! The Overview: what needs a person now, the fleet at a glance, what just happened.

use domain::Timestamp;
use domain::judge::Tone;
use domain::text;
use domain::view;
use domain::view::{ReadinessBrief, RolloutsOnly, RolloutsPage, RolloutsQuery};
use leptos::prelude::*;

use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::age::{Age, For};
use crate::parts::customers::customers;
use crate::parts::facts::facts;
use crate::parts::needs::{need, needs};
use crate::parts::open_rollouts::open_rollouts;
use crate::parts::tiles::tiles;
use crate::parts::timeline::timeline;
use crate::ui::lamp::{Lamp, Light};
use crate::ui::panel::panel;

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>) -> Answered {
    let observe = &wanted.viewer.observe;
    let overview = observe.overview().await?;
    let open = observe.rollouts(RolloutsQuery { only: Some(RolloutsOnly::Open), ..RolloutsQuery::default() }).await?;
    let score = observe.readiness_brief(None);
    Ok(Page::new(overview.revision, verdict(&overview).1, move || body(&overview, &open, score.as_ref())))
}

fn body(overview: &view::Overview, open: &RolloutsPage, score: Option<&ReadinessBrief>) -> AnyView {
    let observed = overview.services.observed;
    let known = (!overview.acknowledged.is_empty()).then(|| {
        view! {
            <section class="panel" id="acknowledged" aria-label="Acknowledged, oldest first">
                <p class="note">"Acknowledged, oldest first"</p>
                <ul class="needs known-list">{overview.acknowledged.iter().map(need).collect::<Vec<_>>()}</ul>
            </section>
        }
    });
    let none_yet = overview.groups.is_empty().then(|| view! { <p class="empty">{nothing_swept(observed)}</p> });
    let quiet = overview.recent.is_empty().then(|| view! { <p class="empty">"Nothing has happened since Signalbox began to look."</p> });
    let just_now = view! {
        {quiet}
        {timeline(&overview.recent, true)}
        <p class="note"><a href="/timeline">"The whole timeline"</a></p>
    };
    view! {
        {heading(overview)}
        {customers(&overview.customers)}
        {needs(&overview.needs, overview.needs_total)}
        {known}
        {open_rollouts(open)}
        {facts(overview, score)}
        <div class="cols">
            {panel("services", "Services", observed.map(|at| view! { <Age of=at/> }), (none_yet, tiles(&overview.groups)))}
            {panel("now", "Just now", (), just_now)}
        </div>
    }
    .into_any()
}

/// The page's first sentence, and how its lamp shows.
fn verdict(overview: &view::Overview) -> (Light, String) {
    match overview.needs_total {
        0 if overview.sources.iter().any(|source| source.observed.is_none()) => {
            (Light::Move, "First look at the fleet under way".to_owned())
        }
        0 => (Light::Good, "Nothing needs you".to_owned()),
        1 => (overview.needs[0].tone.into(), "1 thing needs you".to_owned()),
        many => (overview.needs[0].tone.into(), format!("{} need you", text::count(many, "thing"))),
    }
}

/// How fresh the whole page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Freshness {
    /// Every source answers; the one that answered longest ago did so then.
    Whole(Timestamp),
    /// So many sources do not answer, and what depends on them is grey.
    Grey(u64),
    /// Nothing was read yet.
    None,
}

fn freshness(overview: &view::Overview) -> Freshness {
    let grey = overview.sources.iter().filter(|source| matches!(source.tone, Tone::Bad | Tone::Unknown)).count() as u64;
    match overview.sources.iter().map(|source| source.observed).min().flatten() {
        _ if grey > 0 => Freshness::Grey(grey),
        Some(oldest) => Freshness::Whole(oldest),
        None => Freshness::None,
    }
}

fn heading(overview: &view::Overview) -> AnyView {
    let (light, said) = verdict(overview);
    let fresh = match freshness(overview) {
        Freshness::Whole(oldest) => view! { "every source answered within the last "<For since=oldest/> }.into_any(),
        Freshness::Grey(grey) => {
            let does = if grey == 1 { "does" } else { "do" };
            format!("{} {does} not answer; what depends on that is grey", text::count(grey, "source")).into_any()
        }
        Freshness::None => ().into_any(),
    };
    view! {
        <div class="headline">
            <h1><Lamp light worded=true/><span role="status">{said}</span></h1>
            <p class="dim">{fresh}</p>
        </div>
    }
    .into_any()
}

fn nothing_swept(observed: Option<Timestamp>) -> &'static str {
    match observed {
        Some(_) => "The clusters that are watched hold no service. Is the right cluster named in the config?",
        None => "No service has been seen yet: the first sweep has not come back.",
    }
}
