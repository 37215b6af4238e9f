//! What changed: the score over a time, and every check that stands otherwise since then.
//!
//! A plain form and links, so that each view has its URL and works without JavaScript. The trap is an instant nobody can look back
//! to: one that lies ahead, or from before anything was recorded, is said and what can be shown is shown.

use domain::service::encoded;
use domain::text;
use domain::view::{ChangesQuery, CheckChanged, ReadinessChanges};
use leptos::prelude::*;

use crate::keyboard::SEARCH_ID;
use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::age::{Age, At};
use crate::parts::choices::choices;
use crate::parts::readiness::remarks;
use crate::parts::section::{Section, section};
use crate::parts::trend::{numbers, picture};
use crate::ui::export::export;
use crate::ui::ignored::ignored;
use crate::ui::pager::Pager;
use crate::ui::panel::panel;
use crate::ui::tag::Tag;

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>) -> Answered {
    let query = ChangesQuery::from_pairs(wanted.pairs());
    let page = wanted.viewer.observe.readiness_changes(query.clone()).await?;
    Ok(Page::new(page.revision, "What changed in readiness", move || body(&page, &query)))
}

fn body(page: &ReadinessChanges, query: &ChangesQuery) -> AnyView {
    let instead = format!("The last {} are shown instead.", query.period.title());
    let ahead = page.problem.as_ref().map(|problem| format!("{problem} {instead}"));
    let said: Vec<String> = ahead.into_iter().chain(page.remarks.iter().cloned()).collect();
    let since = page.began.map(|_| view! { " since "<At at=page.compared/>" UTC" });
    view! {
        {ignored(&page.ignored)}
        <div class="headline">
            <h1>"What changed"</h1>
            <p class="dim"><span role="status">{page.headline.clone()}</span>{since}</p>
        </div>
        {section(Some(Section::Changes))}
        {remarks(&said)}
        {form(page, query)}
        {choices("How far back", &page.periods)}
        {panel("trend", format!("The score of {}", page.trend.of), (), score(page))}
        {list(page)}
    }
    .into_any()
}

fn score(page: &ReadinessChanges) -> AnyView {
    view! { {picture(&page.trend)}{numbers(&page.trend, page.trend_csv.clone())} }.into_any()
}

/// The form; what it does not show goes along hidden.
fn form(page: &ReadinessChanges, query: &ChangesQuery) -> AnyView {
    // the field's own form: no zone, no fractions
    let field = |at: domain::Timestamp| at.to_string().get(..19).unwrap_or_default().to_owned();
    let kept = query.kept().into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value/> }.into_any());
    view! {
        <form class="filter" action="/readiness/changes" method="get" role="search">
            <label class="grow">
                <span>"Service"</span>
                <input id=SEARCH_ID name="q" type="search" autocomplete="off" spellcheck="false" placeholder="part of a name" value=query.q.clone()/>
            </label>
            {checks(page, query)}
            {environments(page, query)}
            <label class="instant">
                <span>"Since (UTC)"</span>
                <input type="datetime-local" step="1" name="since" max=field(page.at) value=query.since.map(field)/>
            </label>
            {kept.collect::<Vec<_>>()}
            <button class="btn" type="submit">"Show"</button>
        </form>
    }
    .into_any()
}

fn checks(page: &ReadinessChanges, query: &ChangesQuery) -> AnyView {
    let known = page.checks.iter().map(|check| (check.id.clone(), format!("{} {}", check.id, check.title)));
    chosen("check", "Check", "every check", known.collect(), query.check.as_deref())
}

/// Where there is more than one, or one is asked for.
fn environments(page: &ReadinessChanges, query: &ChangesQuery) -> AnyView {
    if page.environments.len() < 2 && query.environment.is_none() {
        return ().into_any();
    }
    let known = page.environments.iter().map(|name| (name.clone(), text::shown(name)));
    chosen("environment", "Where", "everywhere", known.collect(), query.environment.as_deref())
}

/// One of these, or any. What the URL names and is none of them stays to be seen, so that it can be undone.
fn chosen(name: &'static str, label: &'static str, any: &'static str, known: Vec<(String, String)>, asked: Option<&str>) -> AnyView {
    let asked = asked.unwrap_or_default().to_owned();
    let strange = (!asked.is_empty() && !known.iter().any(|(value, _)| *value == asked)).then(|| (asked.clone(), text::shown(&asked)));
    let options: Vec<AnyView> = std::iter::once((String::new(), any.to_owned()))
        .chain(strange)
        .chain(known)
        .map(|(value, words)| {
            let selected = value == asked;
            view! { <option value=value selected=selected>{words}</option> }.into_any()
        })
        .collect();
    view! { <label><span>{label}</span><select name=name>{options}</select></label> }.into_any()
}

fn list(page: &ReadinessChanges) -> AnyView {
    let at = page.paging.clone();
    let count = if at.matching < at.total { format!("{} of {}", at.matching, at.total) } else { text::count(at.total, "answer") };
    let table = if page.changes.is_empty() { nothing(page) } else { table(&page.changes) };
    let content = view! {
        <div class="list-tools">{choices("Which", &page.choices)}</div>
        {table}
        <Pager page=at.page pages=at.pages previous=at.previous next=at.next/>
        {(at.matching > 0).then(|| export("All of it as CSV", page.csv.clone()))}
    };
    panel("changes", "Check by check, the newest first", count, content)
}

/// Why the list is empty.
fn nothing(page: &ReadinessChanges) -> AnyView {
    if page.paging.total > 0 {
        return view! { <p class="empty">"Nothing that changed matches this filter. "<a href="/readiness/changes">"Clear the filter"</a></p> }
            .into_any();
    }
    match page.began {
        None => view! {
            <p class="empty">"Nothing is on record yet: the first score is recorded a minute after the start, once every source could answer."</p>
        }
        .into_any(),
        Some(began) if began >= page.compared => {
            view! { <p class="empty">"Nothing changed since recording began, "<Age of=began/>"."</p> }.into_any()
        }
        Some(_) => view! { <p class="empty">"Nothing changed since "<At at=page.compared/>" UTC."</p> }.into_any(),
    }
}

fn table(rows: &[CheckChanged]) -> AnyView {
    view! {
        <table class="cards changed-checks">
            <caption class="sr">"Checks that stand otherwise than they stood, the newest first"</caption>
            <thead>
                <tr>
                    <th scope="col">"Check"</th><th scope="col">"Of"</th><th scope="col">"Was"</th><th scope="col">"Is"</th>
                    <th scope="col">"Since"</th><th scope="col">"Why"</th>
                </tr>
            </thead>
            <tbody>{rows.iter().map(row).collect::<Vec<_>>()}</tbody>
        </table>
    }
    .into_any()
}

fn row(row: &CheckChanged) -> AnyView {
    let title = row.title.clone().unwrap_or_else(|| "no check of the card any more".to_owned());
    let preview = row.preview.then(|| view! { " "<span class="dim">"preview, does not count"</span> });
    let place = row.subject.service().map(|key| format!("{} · {}", text::shown(&key.environment), text::shown(&key.cluster)));
    let place = place.map(|place| view! { <span class="line faint"><bdi>{place}</bdi></span> });
    let (was, is) = (row.was.clone(), row.is.clone());
    view! {
        <tr data-key=encoded(&format!("{} {}", row.subject, row.check))>
            <th scope="row" data-label="Check"><span><b>{row.check.clone()}</b>" "<bdi>{title}</bdi>{preview}</span></th>
            <td data-label="Of"><span><a href=row.path.clone()><bdi>{row.name.clone()}</bdi></a>{place}</span></td>
            <td data-label="Was"><Tag light=row.was_tone.into()>{was}</Tag></td>
            <td data-label="Is"><Tag light=row.is_tone.into()>{is}</Tag></td>
            <td data-label="Since"><span><Age of=row.at/><span class="line"><At at=row.at/></span></span></td>
            <td data-label="Why"><span><bdi>{row.reason.clone()}</bdi></span></td>
        </tr>
    }
    .into_any()
}
