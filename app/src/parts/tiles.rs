//! Every service as a tile, by group.
//!
//! Tiles are for tens. Above [`MOST_TILES`] a group becomes a line of counts and only what is not well is spelled out,
//! because nobody finds the one red tile among a thousand.

use domain::judge::{Standing, Tone};
use domain::text;
use domain::view::{GroupOfTiles, ServiceQuery, TileOfService};
use leptos::prelude::*;

use crate::ui::lamp::Lamp;

/// Most services that are all drawn.
const MOST_TILES: usize = 100;
/// Most tiles spelled out in one group of a large fleet; the rest is behind the group's link.
const MOST_UNWELL: usize = 24;

/// The groups.
#[component]
pub(crate) fn Tiles(#[prop(into)] groups: Signal<Vec<GroupOfTiles>>) -> impl IntoView {
    let all = move || {
        groups.with(|groups| {
            let many = groups.iter().map(|group| group.tiles.len()).sum::<usize>() > MOST_TILES;
            groups.iter().map(|group| if many { counted(group) } else { drawn(group) }).collect::<Vec<_>>()
        })
    };
    view! { <div class="tiles">{all}</div> }.into_any()
}

fn drawn(group: &GroupOfTiles) -> AnyView {
    view! {
        <section>
            <h3><bdi>{text::shown(&group.name)}</bdi></h3>
            <ul>{group.tiles.iter().map(tile).collect::<Vec<_>>()}</ul>
        </section>
    }
    .into_any()
}

fn counted(group: &GroupOfTiles) -> AnyView {
    let unwell: Vec<&TileOfService> = group.tiles.iter().filter(|tile| needs_spelling(tile)).collect();
    let counts = Standing::ALL.into_iter().filter_map(|standing| {
        let count = group.tiles.iter().filter(|tile| tile.standing == standing).count();
        (count > 0).then(|| view! { <span class="count"><Lamp light=standing.tone().into() worded=true/>{format!("{count} {}", standing.title())}</span> })
    });
    let path = ServiceQuery { group: Some(group.name.clone()), ..ServiceQuery::default() }.path();
    let left = unwell.len().saturating_sub(MOST_UNWELL);
    view! {
        <section>
            <h3 class="counts"><a href=path.clone()><bdi>{text::shown(&group.name)}</bdi></a>{counts.collect_view()}</h3>
            <ul>{unwell.into_iter().take(MOST_UNWELL).map(tile).collect::<Vec<_>>()}</ul>
            {(left > 0).then(|| view! { <p class="dim"><a href=path>{format!("and {left} more that are not well")}</a></p> })}
        </section>
    }
    .into_any()
}

fn needs_spelling(tile: &TileOfService) -> bool {
    matches!(tile.tone, Tone::Bad | Tone::Warn | Tone::Move)
}

fn tile(tile: &TileOfService) -> AnyView {
    let name = text::shown(&tile.name);
    let tone = if tile.standing == Standing::OffOnPurpose { "off" } else { tile.tone.as_str() };
    // the lamp's own word would say "bad"; the standing says what is
    let said = match (tile.standing, tile.tone) {
        (Standing::Up, Tone::Warn) => "up, alarm on",
        (Standing::Up, Tone::Move) => "up, being deployed",
        (standing, _) => standing.title(),
    };
    view! {
        <li>
            <a class=format!("tile tile-{tone}") href=tile.path.clone() title=format!("{name}: {said}")>
                <Lamp light=tile.tone.into() worded=true/>
                <span class="ellipsis"><bdi>{name.clone()}</bdi></span>
                <span class="sr">{format!(", {said}, ")}</span>
                <span class="count">{format!("{}/{}", tile.running, tile.desired)}</span>
            </a>
        </li>
    }
    .into_any()
}
