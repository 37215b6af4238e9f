//! How ready the fleet is: the score and what explains it, the targets, what would help, what is not known, every service.

use domain::text;
use domain::view::{ChangesPeriod, ChangesQuery, LetterRow, LeverRow, ReadinessPage, ReadinessQuery, ReadinessTrend, UnknownRow};
use leptos::prelude::*;

use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::age::Age;
use crate::parts::answers::answers;
use crate::parts::readiness::{figure, figures, held_down, mending, names, remarks, share};
use crate::parts::section::{Section, section};
use crate::parts::trend::lately;
use crate::ui::ignored::ignored;
use crate::ui::lamp::{Lamp, Light};
use crate::ui::panel::panel;
use crate::ui::tag::Tag;

mod changes;
mod service;
mod tables;
mod targets;

pub(crate) use changes::page as changes_page;
pub(crate) use service::page as service_page;

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>) -> Answered {
    let observe = &wanted.viewer.observe;
    let page = observe.readiness(ReadinessQuery::from_pairs(wanted.pairs())).await?;
    let trend = observe.readiness_trend(None).await?;
    Ok(Page::new(page.revision, page.headline.clone(), move || body(&page, &trend)))
}

fn body(page: &ReadinessPage, trend: &ReadinessTrend) -> AnyView {
    let month = ChangesQuery { period: ChangesPeriod::Month, ..ChangesQuery::default() };
    let waivers = page.waivers.as_ref().map(|link| {
        view! { <p><Lamp light=Light::Warn worded=true/>" "<a href=link.path.clone()>{link.label.clone()}</a></p> }
    });
    let reached = page.reached.clone().unwrap_or_else(|| "none".to_owned());
    let mended = page.mending.as_ref().map(mending);
    let mended = mended.map(|mended| view! { <section class="panel" id="mending" aria-label="What a rollout can mend">{mended}</section> });
    view! {
        <div class="headline">
            <h1><Lamp light=page.fleet.tone.into() worded=true/><span role="status">{page.headline.clone()}</span></h1>
            <p class="dim">
                "judged "<Age of=page.at/>" by the card "<bdi>{page.card.clone()}</bdi>{format!(", version {} of the formula", page.model)}
            </p>
            {waivers}
        </div>
        {section(Some(Section::Readiness))}
        {ignored(&page.asked.ignored)}
        {remarks(&page.remarks)}
        {figures(&page.fleet, figure("Target reached", reached, None))}
        {held_down(&page.held_down)}
        {mended}
        {targets::targets(&page.targets)}
        {lately(trend, month.path())}
        {panel("letters", "Services by letter", (), letters(&page.letters))}
        {panel("levers", "What would raise the score most per hour of work", (), levers(&page.levers))}
        {tables::services(page)}
        {panel("unknowns", "What is not known", unknowns_aside(page), unknowns(&page.unknowns))}
        {environments(page)}
        {tables::checks(&page.checks)}
    }
    .into_any()
}

fn letters(letters: &[LetterRow]) -> AnyView {
    let all = letters.iter().map(|row| row.services).sum::<u64>();
    let line = |row: &LetterRow| {
        let words = row.letter.map_or("no score", |letter| letter.as_str());
        let count = text::count(row.services, "service");
        let count = if row.services > 0 { view! { <a href=row.path.clone()>{count}</a> }.into_any() } else { count.into_any() };
        view! {
            <li data-key=words>
                <Tag light=row.tone.into()>{words}</Tag>
                {share(row.services, all, row.tone.into())}
                <span class="count">{count}</span>
            </li>
        }
        .into_any()
    };
    view! { <ul class="letters">{letters.iter().map(line).collect::<Vec<_>>()}</ul> }.into_any()
}

fn levers(levers: &[LeverRow]) -> AnyView {
    if levers.is_empty() {
        return view! { <p class="empty">"Nothing that was asked is open."</p> }.into_any();
    }
    let line = |row: &LeverRow| {
        view! {
            <tr data-key=row.check.clone()>
                <th scope="row" data-label="Check"><span><b>{row.check.clone()}</b>" "<bdi>{row.title.clone()}</bdi></span></th>
                <td class="n" data-label="Open in"><a href=row.path.clone()>{row.subjects.to_string()}</a></td>
                <td class="n" data-label="Work"><span>{row.work.clone()}</span></td>
                <td data-label="The score"><span>{row.said.clone()}</span></td>
            </tr>
        }
        .into_any()
    };
    view! {
        <table class="cards levers">
            <caption class="sr">"What would raise the score, the most for an hour of work first"</caption>
            <thead>
                <tr>
                    <th scope="col">"Check"</th>
                    <th scope="col" class="n">"Open in"</th>
                    <th scope="col" class="n">"Work"</th>
                    <th scope="col">"The score"</th>
                </tr>
            </thead>
            <tbody>{levers.iter().map(line).collect::<Vec<_>>()}</tbody>
        </table>
        <p class="note">"Work is the score card's estimate for all of them. Each line is reckoned alone, after every gate."</p>
    }
    .into_any()
}

fn unknowns_aside(page: &ReadinessPage) -> String {
    let (shown, all) = (page.unknowns.len() as u64, page.unknowns_total);
    if shown < all { format!("{shown} of {all}, longest ago first") } else { "longest ago first".to_owned() }
}

fn unknowns(unknowns: &[UnknownRow]) -> AnyView {
    if unknowns.is_empty() {
        return view! { <p class="empty">"Everything that was asked is known."</p> }.into_any();
    }
    let line = |row: &UnknownRow| {
        let seen = row.seen.map_or_else(|| "never".into_any(), |at| view! { <Age of=at/> }.into_any());
        let more = row.subjects.saturating_sub(row.named.len() as u64);
        let more = (more > 0).then(|| view! { " and "<a href=row.path.clone()>{format!("{more} more")}</a> });
        view! {
            <tr data-key=format!("{}-{}", row.check, row.reason.as_str())>
                <th scope="row" data-label="Check">
                    <span>
                        <b>{row.check.clone()}</b>" "<bdi>{row.title.clone()}</bdi><span class="line dim"><bdi>{row.said.clone()}</bdi></span>
                    </span>
                </th>
                <td data-label="Why"><span>{row.words.clone()}</span></td>
                <td data-label="Seen last"><span>{seen}</span></td>
                <td data-label="Of"><span>{names(&row.named)}{more}</span></td>
            </tr>
        }
        .into_any()
    };
    view! {
        <table class="cards unknowns">
            <caption class="sr">"What is not known, what was seen longest ago first"</caption>
            <thead>
                <tr><th scope="col">"Check"</th><th scope="col">"Why"</th><th scope="col">"Seen last"</th><th scope="col">"Of"</th></tr>
            </thead>
            <tbody>{unknowns.iter().map(line).collect::<Vec<_>>()}</tbody>
        </table>
        <p class="note">"What is not known earns nothing and stays in the score: going blind never helps."</p>
    }
    .into_any()
}

/// What is asked of each environment as a whole.
fn environments(page: &ReadinessPage) -> AnyView {
    let asked = page.environments.iter().filter(|environment| !environment.checks.is_empty());
    let each: Vec<AnyView> = asked
        .map(|of| {
            let services = text::count(of.services, "service");
            let grade = of.scored.grade.clone();
            view! {
                <li data-key=of.name.clone()>
                    <details class="environment">
                        <summary>
                            <b><bdi>{of.name.clone()}</bdi></b>
                            <Tag light=of.scored.tone.into()>{grade}</Tag>
                            <span class="dim">{format!("{}, {services}", of.scored.range)}</span>
                        </summary>
                        {answers(&of.checks, false)}
                    </details>
                </li>
            }
            .into_any()
        })
        .collect();
    if each.is_empty() {
        return ().into_any();
    }
    let content = view! {
        <ul class="environments-asked">{each}</ul>
        <p class="note">"These are asked once for the whole environment, and weigh as if each of its services had been asked."</p>
    };
    panel("environments", "Asked of the environment as a whole", (), content)
}
