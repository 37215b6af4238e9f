//! The Overview: what needs a person now, the fleet at a glance, what just happened.

use domain::Timestamp;
use domain::judge::Tone;
use domain::live::Topic;
use domain::text;
use domain::view;
use leptos::prelude::*;

use crate::api;
use crate::live::Live;
use crate::load::{ask, load};
use crate::parts::age::{Age, For};
use crate::parts::customers::customers;
use crate::parts::facts::Facts;
use crate::parts::needs::{Needs, need};
use crate::parts::tiles::Tiles;
use crate::parts::timeline::Timeline;
use crate::ui::lamp::{Lamp, Light};
use crate::ui::panel::Panel;
use crate::ui::title::titled;

/// The page.
#[component]
pub(crate) fn Overview() -> impl IntoView {
    let live = Live::here();
    let asked = ask(move || live.hints(&Topic::ALL), |_| api::overview());
    load(asked, body)
}

fn body(overview: RwSignal<view::Overview>) -> AnyView {
    let needs = Memo::new(move |_| overview.with(|overview| overview.needs.clone()));
    let total = Memo::new(move |_| overview.with(|overview| overview.needs_total));
    let known = Memo::new(move |_| overview.with(|overview| overview.acknowledged.clone()));
    let rows = Memo::new(move |_| overview.with(|overview| overview.customers.clone()));
    let groups = Memo::new(move |_| overview.with(|overview| overview.groups.clone()));
    let recent = Memo::new(move |_| overview.with(|overview| overview.recent.clone()));
    let verdict = Memo::new(move |_| overview.with(verdict));
    let observed = Memo::new(move |_| overview.with(|overview| overview.services.observed));
    view! {
        {titled(move || verdict.get().1)}
        {heading(verdict, Memo::new(move |_| overview.with(freshness)))}
        {move || rows.with(|rows| customers(rows))}
        <Show when=move || needs.with(|needs| !needs.is_empty())>
            <Needs needs total/>
        </Show>
        <Show when=move || known.with(|known| !known.is_empty())>
            <section class="panel" id="acknowledged" aria-label="Acknowledged, oldest first">
                <p class="note">"Acknowledged, oldest first"</p>
                <ul class="needs known-list">{move || known.with(|known| known.iter().map(need).collect::<Vec<_>>())}</ul>
            </section>
        </Show>
        <Facts overview/>
        <div class="cols">
            <Panel id="services" title=|| "Services" aside=move || move || observed.get().map(|at| view! { <Age of=at/> })>
                {move || groups.with(Vec::is_empty).then(|| view! { <p class="empty">{move || nothing_swept(observed.get())}</p> })}
                <Tiles groups/>
            </Panel>
            <Panel id="now" title=|| "Just now">
                {move || recent.with(Vec::is_empty).then(|| view! { <p class="empty">"Nothing has happened since Signalbox began to look."</p> })}
                <Timeline entries=recent subject=true/>
                <p class="note"><a href="/timeline">"The whole timeline"</a></p>
            </Panel>
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

fn heading(verdict: Memo<(Light, String)>, freshness: Memo<Freshness>) -> AnyView {
    view! {
        <div class="headline">
            <h1>{move || { let (light, said) = verdict.get(); view! { <Lamp light worded=true/><span role="status">{said}</span> } }}</h1>
            <p class="dim">
                {move || match freshness.get() {
                    Freshness::Whole(oldest) => view! { "every source answered within the last "<For since=oldest/> }.into_any(),
                    Freshness::Grey(grey) => {
                        let does = if grey == 1 { "does" } else { "do" };
                        format!("{} {does} not answer; what depends on that is grey", text::count(grey, "source")).into_any()
                    }
                    Freshness::None => ().into_any(),
                }}
            </p>
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
