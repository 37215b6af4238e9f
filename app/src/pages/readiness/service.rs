//! How ready one service is: each check answered.

use domain::readiness::State;
use domain::service::ServiceKey;
use domain::text;
use domain::view::{ChangesPeriod, ChangesQuery, CheckGroup, ReadinessTrend, ServiceReadiness};
use leptos::prelude::*;

use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::age::Age;
use crate::parts::answers::answers;
use crate::parts::readiness::{figure, figures, held_down, remarks};
use crate::parts::section::section;
use crate::parts::trend::lately;
use crate::ui::lamp::Lamp;

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>, [environment, cluster, service]: [&str; 3]) -> Answered {
    let key = ServiceKey { environment: environment.to_owned(), cluster: cluster.to_owned(), service: service.to_owned() };
    let observe = &wanted.viewer.observe;
    let found = observe.service_readiness(key.clone()).await?;
    let trend = observe.readiness_trend(Some(key)).await?;
    let title = format!("{}: {}", text::shown(&found.key.service), found.headline);
    Ok(Page::new(found.revision, title, move || body(&found, &trend)))
}

fn body(found: &ServiceReadiness, trend: &ReadinessTrend) -> AnyView {
    let month = ChangesQuery { period: ChangesPeriod::Month, ..ChangesQuery::of_service(&found.key) };
    let place = format!("{} · {}", text::shown(&found.key.environment), text::shown(&found.key.cluster));
    let tier = found.tier.as_deref().map(|tier| format!(" · tier {tier}"));
    view! {
        <div class="headline">
            <h1>
                <Lamp light=found.scored.tone.into() worded=true/>
                <span role="status"><bdi>{text::shown(&found.key.service)}</bdi>": "{found.headline.clone()}</span>
            </h1>
            <p class="dim">"judged "<Age of=found.at/>" · "<bdi>{place}</bdi>{tier}</p>
            <p><a href=found.key.path()>"The service's own page"</a>" · "<a href="/readiness">"The fleet's readiness"</a></p>
        </div>
        {section(None)}
        {remarks(&found.remarks)}
        {figures(&found.scored, figure("The fleet", found.fleet.range.clone(), None))}
        {held_down(&found.held_down)}
        <p class="dim">{counts(&found.states)}</p>
        {lately(trend, month.path())}
        {found.groups.iter().enumerate().map(|(index, of)| group(index, of)).collect::<Vec<_>>()}
    }
    .into_any()
}

/// `3 fail · 2 unknown · 20 pass`
fn counts(states: &[(State, u64)]) -> String {
    let said = |(state, count): &(State, u64)| {
        let words = match state {
            State::Fail => "fail",
            State::Pass => "pass",
            other => other.title(),
        };
        format!("{count} {words}")
    };
    states.iter().map(said).collect::<Vec<_>>().join(" · ")
}

/// The category's name may hold anything, so the place of its panel is its number.
fn group(index: usize, group: &CheckGroup) -> AnyView {
    let heading = format!("group-{index}");
    let named_by = heading.clone();
    let open = group.checks.iter().filter(|check| matches!(check.state, State::Fail | State::Partial | State::Unknown)).count();
    let aside = if open > 0 { format!("{open} open") } else { String::new() };
    view! {
        <section class="panel" aria-labelledby=named_by data-key=group.category.clone()>
            <header>
                <h2 id=heading><bdi>{group.category.clone()}</bdi></h2>
                <div class="aside">{aside}</div>
            </header>
            {answers(&group.checks, true)}
        </section>
    }
    .into_any()
}
