//! Choosing among the fleet's services: those that are chosen stand first and stay, whatever the filter leaves of the others.

use domain::judge::Tone;
use domain::service::ServiceKey;
use domain::text;
use domain::view::{PlanQuery, ServicePage, ServiceRow};
use leptos::prelude::*;

use super::Reading;
use crate::keyboard::SEARCH_ID;
use crate::ui::lamp::{Lamp, Light};

/// The two lists, and the filter of the second.
pub(super) fn services(reading: &Reading, offered: &ServicePage) -> AnyView {
    let chosen = &reading.query.services;
    let seen = |key: &ServiceKey| offered.rows.iter().find(|row| row.key == *key);
    let first = chosen.iter().map(|key| pick(key, seen(key), true)).collect::<Vec<_>>();
    let others =
        offered.rows.iter().filter(|row| !chosen.contains(&row.key)).map(|row| pick(&row.key, Some(row), false)).collect::<Vec<_>>();
    let none = others.is_empty().then(|| view! { <p class="empty">{nothing(offered)}</p> });
    let left = offered.matching.saturating_sub(offered.rows.len() as u64);
    let more = (left > 0).then(|| view! { <p class="note">{format!("{left} more match: narrow them by a part of the name.")}</p> });
    let problem = reading.problem("services").map(|said| view! { <p class="problem pad" id="problem-services">{text::shown(said)}</p> });
    let described = reading.problem("services").map(|_| "problem-services");
    view! {
        {problem}
        <div role="group" aria-label="Chosen services" aria-describedby=described id="f-services">
            {(!first.is_empty()).then(|| view! { <ul class="picks">{first}</ul> })}
        </div>
        <div class="filter pad">
            <label class="grow">
                <span>"Offer only those with this in their name"</span>
                <input id=SEARCH_ID name="q" type="search" autocomplete="off" spellcheck="false" placeholder="part of a name" value=reading.query.q.clone()/>
            </label>
            <button class="btn" type="submit" formaction="/rollouts/new#services">"Narrow"</button>
        </div>
        {none}
        <div role="group" aria-label="Services to choose from"><ul class="picks">{others}</ul></div>
        {more}
    }
    .into_any()
}

fn nothing(offered: &ServicePage) -> &'static str {
    match (offered.total, offered.matching) {
        (0, _) => "No service has been seen yet: the first sweep has not come back.",
        (_, 0) => "No service has that in its name.",
        _ => "Every one of them is chosen.",
    }
}

/// One service, to be chosen or not. One that is chosen may not be among those that were read for the list.
fn pick(key: &ServiceKey, row: Option<&ServiceRow>, chosen: bool) -> AnyView {
    let (light, said): (Light, String) = match row {
        Some(row) => {
            let light = if row.moving { Tone::Move } else { row.standing.tone() }.into();
            let revision = row.revision.as_deref().map(|name| format!(", {}", text::shown(name))).unwrap_or_default();
            (light, format!("{}, {} of {}{revision}", row.standing.title(), row.running, text::count(row.desired.into(), "task")))
        }
        None => (Light::Quiet, "not in the list below".to_owned()),
    };
    let place = format!("{} · {}", text::shown(&key.environment), text::shown(&key.cluster));
    view! {
        <li data-key=key.path()>
            <label class="pick">
                <input type="checkbox" name="service" value=PlanQuery::word(key) checked=chosen/>
                <Lamp light=light worded=true/>
                <span class="what"><b><bdi>{text::shown(&key.service)}</bdi></b>" "<span class="dim">{said}" · "<bdi>{place}</bdi></span></span>
            </label>
        </li>
    }
    .into_any()
}
