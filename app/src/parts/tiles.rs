//! Every service as a tile, by group; of a large fleet counts, and tiles of what is not well.

use domain::judge::{Standing, Tone};
use domain::text;
use domain::view::{GroupOfTiles, ServiceQuery, TileOfService};
use leptos::prelude::*;

use crate::ui::lamp::Lamp;

/// The groups.
pub(crate) fn tiles(groups: &[GroupOfTiles]) -> AnyView {
    let all = groups.iter().map(|group| if group.folded { counted(group) } else { drawn(group) });
    view! { <div class="tiles">{all.collect::<Vec<_>>()}</div> }.into_any()
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
    let counts = group.standings.iter().map(|(standing, count)| {
        view! { <span class="count"><Lamp light=standing.tone().into() worded=true/>{format!("{count} {}", standing.title())}</span> }
    });
    let path = ServiceQuery { group: Some(group.name.clone()), ..ServiceQuery::default() }.path();
    let more = group.more;
    view! {
        <section>
            <h3 class="counts"><a href=path.clone()><bdi>{text::shown(&group.name)}</bdi></a>{counts.collect_view()}</h3>
            <ul>{group.tiles.iter().map(tile).collect::<Vec<_>>()}</ul>
            {(more > 0).then(|| view! { <p class="dim"><a href=path>{format!("and {more} more that are not well")}</a></p> })}
        </section>
    }
    .into_any()
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
        <li data-key=tile.path.clone()>
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
